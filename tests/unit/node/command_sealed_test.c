/* Evidence kept before a block, its report, and lists of blocks that travel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "store/evidence.h"
#include "store/sealed_file.h"
#include "store/vault_list.h"
#include "tests/interference/world.h"
#include "tests/support/outside.h"

#define FILE_LEN_MAX (1024 * 1024)

static struct world *world;
static struct history *said; /* only its posts are used */
static char folder[OUTSIDE_PATH_MAX];
static char file[96];
static char hex[65];
static char own_hex[65];
static struct person carl;

static void hex_of(char out[65], struct key key)
{
    (void)sodium_bin2hex(out, 65, key.octets, KEY_LEN);
}

static int set_up(void **state)
{
    (void)state;
    world = world_new();
    said = calloc(1, sizeof *said);
    assert_non_null(said);
    assert_true(outside_make(folder));
    (void)snprintf(file, sizeof file, "%s/file", folder);
    carl = person_of("carl");
    hex_of(hex, carl.key);
    hex_of(own_hex, world_owner(world).key);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)unlink(file);
    assert_int_equal(rmdir(folder), 0);
    world_free(world);
    history_free(said);
    free(said);
    return 0;
}

#define ASK(...)                                                                                   \
    world_ask(world, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *),            \
              (const char *const[]){__VA_ARGS__})

static void ends_with(int status, struct answer answer)
{
    if (answer.status != status) {
        (void)fprintf(stderr, "%d: %s%s", answer.status, answer.out, answer.err);
    }
    assert_int_equal(answer.status, status);
    answer_free(&answer);
}

static void says(const char *expected, struct answer answer)
{
    if (strstr(answer.out, expected) == NULL && strstr(answer.err, expected) == NULL) {
        fail_msg("not '%s' but: %s%s", expected, answer.out, answer.err);
    }
    answer_free(&answer);
}

static struct post_id arrives(struct post_id id)
{
    struct step step = {
        .kind = STEP_SAY, .fact = (int)said->posts.count - 1, .now_s = HISTORY_START_S + 100};
    world_step(world, said, &step, false);
    return id;
}

static struct post_id writes(const char *name, uint64_t after_s, const char *text)
{
    struct person who = person_of(name);
    return arrives(person_text(&said->posts, &who, HISTORY_START_S + after_s, text, "metoo"));
}

static struct post_id replies(const char *name, uint64_t after_s, struct post_id to)
{
    struct person who = person_of(name);
    return arrives(person_reply(&said->posts, &who, HISTORY_START_S + after_s, to, to, "well"));
}

static enum err_code read_file(uint8_t **plain, size_t *len, const uint8_t seed[32],
                               enum sealed_purpose purpose)
{
    static uint8_t octets[FILE_LEN_MAX];
    FILE *opened = fopen(file, "rb");
    assert_non_null(opened);
    size_t got = fread(octets, 1, sizeof octets, opened);
    assert_int_equal(fclose(opened), 0);
    struct sealed_opener opener = {.identity_seed = seed};
    return sealed_decode(plain, len, purpose, octets_of(octets, got), &opener);
}

static void seal_file(enum sealed_purpose purpose, struct octets plain)
{
    struct sealed_recipient owner = {.mode = SEALED_TO_KEY, .key = world_owner(world).key};
    uint8_t *sealed = NULL;
    size_t len = 0;
    assert_int_equal(sealed_encode(&sealed, &len, purpose, &owner, plain), ERR_OK);
    FILE *opened = fopen(file, "wb");
    assert_non_null(opened);
    assert_int_equal(fwrite(sealed, 1, len, opened), len);
    assert_int_equal(fclose(opened), 0);
    free(sealed);
}

/* Whether the posts of the evidence have this one. */
static bool has(struct octets posts, const struct post_id *id)
{
    struct post post;
    size_t len = 0;
    while (posts.len > 0) {
        assert_int_equal(post_decode_prefix(&post, &len, posts), ERR_OK);
        assert_int_equal(post_verify(&post), ERR_OK);
        if (post_id_equal(&post.id, id)) {
            return true;
        }
        posts = octets_of(posts.at + len, posts.len - len);
    }
    return false;
}

static size_t in_force(void)
{
    const struct vault_contents *c = world_vault(world);
    size_t count = 0;
    for (size_t i = 0; i < c->blocks_count; i++) {
        count += c->blocks[i].in_force ? 1 : 0;
    }
    return count;
}

static void evidence_is_what_they_wrote_and_she_could_see(void **state)
{
    (void)state;
    struct person eve = person_of("eve");
    char eve_hex[65];
    hex_of(eve_hex, eve.key);
    struct post_id hers = writes("ana", 1, "me too");
    struct post_id threat = writes("carl", 2, "watch out");
    struct post_id answer = replies("carl", 3, hers);
    struct post_id shielded = writes("carl", 4, "see you in court");
    struct post_id by_eve = writes("eve", 5, "hello");
    struct post_id to_eve = replies("carl", 6, by_eve);
    struct post_id to_carl = replies("ana", 7, threat);
    ends_with(0, ASK("shield", "--word", "court"));
    ends_with(0, ASK("block", eve_hex));
    says("\"kept\":3", ASK("block", hex, "--keep-evidence", file, "--for", own_hex, "--json"));

    struct stat about;
    assert_int_equal(stat(file, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    uint8_t *plain = NULL;
    size_t len = 0;
    struct evidence evidence;
    struct person owner = world_owner(world);
    assert_int_equal(read_file(&plain, &len, owner.seed, SEALED_EVIDENCE), ERR_OK);
    assert_int_equal(evidence_decode(&evidence, octets_of(plain, len)), ERR_OK);
    assert_true(evidence.is_signed);
    assert_true(key_equal(&evidence.sealer, &owner.key));
    assert_true(key_equal(&evidence.about, &carl.key));
    assert_true(has(evidence.posts, &threat));
    assert_true(has(evidence.posts, &answer));
    assert_true(has(evidence.posts, &shielded));
    assert_false(has(evidence.posts, &to_eve));
    assert_false(has(evidence.posts, &to_carl));
    assert_false(has(evidence.posts, &hers));
    sodium_free(plain);
    assert_int_equal(in_force(), 2);
}

/* A second look at somebody who is blocked shows nothing, and says so in the same words. */
static void of_somebody_blocked_there_is_nothing_to_keep(void **state)
{
    (void)state;
    (void)writes("carl", 2, "watch out");
    ends_with(0, ASK("block", hex));
    says("\"kept\":0", ASK("block", hex, "--keep-evidence", file, "--for", own_hex, "--json"));
}

static void without_the_evidence_nobody_is_blocked(void **state)
{
    (void)state;
    (void)writes("carl", 2, "watch out");
    char nowhere[128];
    (void)snprintf(nowhere, sizeof nowhere, "%s/none/file", folder);
    says("nobody was blocked", ASK("block", hex, "--keep-evidence", nowhere, "--for", own_hex));
    ends_with(5, ASK("block", hex, "--keep-evidence", nowhere, "--for", own_hex));
    FILE *there = fopen(file, "wb");
    assert_non_null(there);
    (void)fputs("hers", there);
    assert_int_equal(fclose(there), 0);
    ends_with(5, ASK("block", hex, "--keep-evidence", file, "--for", own_hex));
    struct stat about;
    assert_int_equal(stat(file, &about), 0);
    assert_int_equal(about.st_size, 4);
    (void)unlink(file);
    /* Nor to the one it is about, nor to what is no key, nor in the clear. */
    ends_with(5, ASK("block", hex, "--keep-evidence", file, "--for", hex));
    char nobody[65];
    memset(nobody, 'f', 64);
    nobody[64] = '\0';
    ends_with(5, ASK("block", hex, "--keep-evidence", file, "--for", nobody));
    ends_with(2, ASK("block", hex, "--keep-evidence", file));
    ends_with(2, ASK("block", hex, "--for", own_hex));
    ends_with(
        2, ASK("block", hex, "--keep-evidence", file, "--for", own_hex, "--passphrase-file", file));
    assert_int_equal(in_force(), 0);
    assert_int_equal(access(file, F_OK), -1);
}

static void where_the_list_is_full_no_evidence_is_left_behind(void **state)
{
    (void)state;
    (void)writes("carl", 2, "watch out");
    struct vault_block *blocks = calloc(VAULT_BLOCKS_MAX, sizeof *blocks);
    assert_non_null(blocks);
    for (uint32_t i = 0; i < VAULT_BLOCKS_MAX; i++) {
        octets_put_u32be(blocks[i].key.octets, i);
        blocks[i].in_force = true;
    }
    struct vault_list list = {.blocks = blocks, .blocks_count = VAULT_BLOCKS_MAX};
    uint8_t *plain = NULL;
    size_t len = 0;
    assert_int_equal(vault_list_encode(&plain, &len, &list), ERR_OK);
    seal_file(SEALED_BLOCKS, octets_of(plain, len));
    free(plain);
    free(blocks);
    ends_with(0, ASK("blocks", "import", file, "--yes"));
    assert_int_equal(unlink(file), 0);
    says("the list of blocks is full",
         ASK("block", hex, "--keep-evidence", file, "--for", own_hex));
    assert_int_equal(access(file, F_OK), -1);
    assert_int_equal(in_force(), VAULT_BLOCKS_MAX);
}

/* The one case in which evidence stands there and the block does not: it says so. */
static void a_block_that_fails_after_the_evidence_says_both(void **state)
{
    (void)state;
    (void)writes("carl", 2, "watch out");
    world_crash_at(world, 1);
    says("the evidence was kept, but the block is not in force",
         ASK("block", hex, "--keep-evidence", file, "--for", own_hex));
    assert_true(world_recover(world, FILE_MEMORY_DROP));
    assert_int_equal(in_force(), 0);
    assert_int_equal(access(file, F_OK), 0);
}

static void evidence_for_a_friend_is_for_them_alone(void **state)
{
    (void)state;
    struct person ana = person_of("ana");
    char ana_hex[65];
    hex_of(ana_hex, ana.key);
    (void)writes("carl", 2, "watch out");
    ends_with(0, ASK("people", "name", ana_hex, "@ana"));
    ends_with(0, ASK("block", hex, "--keep-evidence", file, "--for", "@ana"));
    uint8_t *plain = NULL;
    size_t len = 0;
    assert_int_equal(read_file(&plain, &len, world_owner(world).seed, SEALED_EVIDENCE),
                     ERR_DECRYPT);
    assert_int_equal(read_file(&plain, &len, ana.seed, SEALED_EVIDENCE), ERR_OK);
    sodium_free(plain);
    says("somebody else's key", ASK("verify", file));
}

static void a_passphrase_comes_from_a_file_and_opens_it_again(void **state)
{
    (void)state;
    char passphrase[96];
    (void)snprintf(passphrase, sizeof passphrase, "%s/pass", folder);
    FILE *written = fopen(passphrase, "wb");
    assert_non_null(written);
    (void)fputs("correct horse\nsecond line\n", written);
    assert_int_equal(fclose(written), 0);
    (void)writes("carl", 2, "watch out");
    ends_with(0, ASK("block", hex, "--keep-evidence", file, "--passphrase-file", passphrase));
    ends_with(2, ASK("verify", file));
    says("1 of 1 signatures verify", ASK("verify", file, "--passphrase-file", passphrase));
    written = fopen(passphrase, "wb");
    assert_non_null(written);
    (void)fputs("another\n", written);
    assert_int_equal(fclose(written), 0);
    says("this passphrase does not open", ASK("verify", file, "--passphrase-file", passphrase));
    (void)unlink(passphrase);
    ends_with(2, ASK("verify", file, "--passphrase-file", passphrase));
}

static void a_report_says_what_verifies_and_nothing_of_what_was_said(void **state)
{
    (void)state;
    (void)writes("carl", 2, "watch out");
    (void)writes("carl", 9, "i know where you live");
    uint8_t posts[2 * POST_WIRE_MAX];
    size_t len = 0;
    for (size_t i = 0; i < 2; i++) {
        struct octets wire = said->posts.wires[i];
        memcpy(posts + len, wire.at, wire.len);
        len += wire.len;
    }
    posts[len - 1] ^= 1; /* the last octet of the second's signature */
    posts[len] = 0xc0;
    struct person owner = world_owner(world);
    for (size_t tail = 0; tail < 2; tail++) {
        struct evidence evidence = {.sealer = owner.key,
                                    .about = carl.key,
                                    .sealed_s = HISTORY_START_S,
                                    .posts = octets_of(posts, len + tail)};
        uint8_t *plain = NULL;
        size_t plain_len = 0;
        assert_int_equal(evidence_encode(&plain, &plain_len, &evidence, owner.seed), ERR_OK);
        seal_file(SEALED_EVIDENCE, octets_of(plain, plain_len));
        free(plain);
        says("\"valid\":true", ASK("verify", file, "--json"));
        says("\"valid\":false", ASK("verify", file, "--json"));
        says("\"posts\":2,\"verified\":1", ASK("verify", file, "--json"));
        says(tail == 0 ? "\"whole\":true" : "\"whole\":false", ASK("verify", file, "--json"));
        says("does not verify", ASK("verify", file));
        struct answer answer = ASK("verify", file);
        assert_null(strstr(answer.out, "watch out"));
        assert_null(strstr(answer.out, "know"));
        answer_free(&answer);
    }
}

static void what_is_no_sealed_file_is_refused_in_words(void **state)
{
    (void)state;
    ends_with(1, ASK("verify", file));
    ends_with(5, ASK("verify", folder));
    ends_with(2, ASK("verify", "-"));
    FILE *written = fopen(file, "wb");
    assert_non_null(written);
    (void)fputs("a letter", written);
    assert_int_equal(fclose(written), 0);
    says("no file that kith sealed", ASK("verify", file));
    seal_file(SEALED_EVIDENCE, octets_of_text("a letter"));
    says("no evidence", ASK("verify", file));
    seal_file(SEALED_BLOCKS, octets_of_text("a letter"));
    says("sealed for something else", ASK("verify", file));
    says("no list of blocks", ASK("blocks", "import", file));
    assert_int_equal(truncate(file, 150), 0);
    says("the end of this file is missing", ASK("blocks", "import", file));
}

static void a_list_comes_back_as_a_union_and_goes_as_one_step(void **state)
{
    (void)state;
    char eve_hex[65];
    hex_of(eve_hex, person_of("eve").key);
    (void)writes("carl", 2, "watch out");
    ends_with(0, ASK("block", hex, "--label", "him"));
    ends_with(0, ASK("block", eve_hex));
    says("\"exported\":2", ASK("blocks", "export", file, "--json"));
    ends_with(5, ASK("blocks", "export", file));
    ends_with(0, ASK("unblock", "him"));
    ends_with(0, ASK("block", eve_hex, "--label", "mine"));

    says("\"own\":true", ASK("blocks", "import", file, "--json"));
    says("\"people\":2,\"new\":1", ASK("blocks", "import", file, "--json"));
    says("Nothing was changed", ASK("blocks", "import", file));
    assert_int_equal(in_force(), 1);
    says("watch out", ASK("tag", "metoo", "--strangers", "--json"));
    says("\"blocked\":1", ASK("blocks", "import", file, "--yes", "--json"));
    assert_int_equal(in_force(), 2);
    says("\"label\":\"him\"", ASK("blocks", "--json"));
    says("\"label\":\"mine\"", ASK("blocks", "--json"));
    struct answer answer = ASK("tag", "metoo", "--strangers", "--json");
    assert_string_equal(answer.out, "");
    answer_free(&answer);

    world_restart(world);
    says("\"unblocked\":1", ASK("blocks", "undo", "--json"));
    says("watch out", ASK("tag", "metoo", "--strangers", "--json"));
    assert_int_equal(in_force(), 1);
    ends_with(1, ASK("blocks", "undo"));
    ends_with(0, ASK("blocks", "import", file, "--yes"));
    ends_with(0, ASK("unblock", "him"));
    ends_with(1, ASK("blocks", "undo"));
}

static void a_list_that_names_herself_does_not_block_her(void **state)
{
    (void)state;
    struct vault_block blocks[2] = {{.key = world_owner(world).key, .in_force = true},
                                    {.key = carl.key, .in_force = true, .label = "c"}};
    struct vault_list list = {
        .exporter = person_of("ana").key, .exported_s = 5, .blocks = blocks, .blocks_count = 2};
    uint8_t *plain = NULL;
    size_t len = 0;
    assert_int_equal(vault_list_encode(&plain, &len, &list), ERR_OK);
    seal_file(SEALED_BLOCKS, octets_of(plain, len));
    free(plain);
    says("nothing proves that", ASK("blocks", "import", file));
    says("\"own\":false,\"exported_s\":5,\"people\":1,\"blocked\":1",
         ASK("blocks", "import", file, "--yes", "--json"));
    assert_int_equal(in_force(), 1);
    assert_true(key_equal(&world_vault(world)->blocks[0].key, &carl.key));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(evidence_is_what_they_wrote_and_she_could_see),
        TEST(of_somebody_blocked_there_is_nothing_to_keep),
        TEST(without_the_evidence_nobody_is_blocked),
        TEST(where_the_list_is_full_no_evidence_is_left_behind),
        TEST(a_block_that_fails_after_the_evidence_says_both),
        TEST(evidence_for_a_friend_is_for_them_alone),
        TEST(a_passphrase_comes_from_a_file_and_opens_it_again),
        TEST(a_report_says_what_verifies_and_nothing_of_what_was_said),
        TEST(what_is_no_sealed_file_is_refused_in_words),
        TEST(a_list_comes_back_as_a_union_and_goes_as_one_step),
        TEST(a_list_that_names_herself_does_not_block_her),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
