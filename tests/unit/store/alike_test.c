/* Promise 7: the log and the index are a function of the posts that were accepted, their order,
 * batches and restarts, and of keys.  Two homes of two people, who follow, block, name and shield
 * differently and read as they like, under the same keys and the same random octets: the files are
 * the same, octet for octet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "store/home_key.h"
#include "store/store.h"
#include "store/vault.h"
#include "store/view.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define START_S     UINT64_C(1790000000)
#define PEOPLE      12
#define POSTS_COUNT 1500
#define BATCH       40

static const uint8_t store_key[32] = "one key for the stores of two...";
static struct err_note note;

/* --- random octets: one stream for the store, which both homes share, and one for the rest -----
 */

struct stream {
    uint8_t seed[randombytes_SEEDBYTES];
    uint64_t drawn;
};

static struct stream of_start;
static struct stream *stream = &of_start;

static const char *stream_name(void)
{
    return "streams of a test";
}

static void stream_buf(void *const at, const size_t len)
{
    uint8_t seed[randombytes_SEEDBYTES];
    memcpy(seed, stream->seed, sizeof seed);
    stream->drawn++;
    octets_put_u64be(seed, stream->drawn);
    randombytes_buf_deterministic(at, len, seed);
}

static uint32_t stream_random(void)
{
    uint32_t value = 0;
    stream_buf(&value, sizeof value);
    return value;
}

static struct randombytes_implementation streams = {
    .implementation_name = stream_name, .random = stream_random, .buf = stream_buf};

/* --- a home ------------------------------------------------------------------------------------
 */

struct home {
    struct files *files;
    struct person owner;
    uint8_t key[HOME_KEY_LEN];
    struct stream of_store;
    struct stream of_owner;
    struct store *store;
    struct journal *journal;
    struct vault *vault;
    struct view *view;
};

static void home_opens(struct home *h)
{
    uint8_t key[32];
    stream = &h->of_store;
    struct store_options options = {.kind = STORE_READ, .table_max = 64};
    assert_int_equal(store_open_with(&h->store, h->files, store_key, &options, &note), ERR_OK);
    stream = &h->of_owner;
    home_key_derive(key, h->key, HOME_KEY_JOURNAL);
    assert_int_equal(journal_open(&h->journal, h->files, key, &note), ERR_OK);
    assert_int_equal(vault_open(&h->vault, h->files, h->key, h->journal, &note), ERR_OK);
    struct key own = vault_identity(h->vault);
    assert_int_equal(view_new(&h->view, h->store, &own, &note), ERR_OK);
    assert_int_equal(view_catch_up(h->view, NULL, &note), ERR_OK);
    assert_int_equal(view_load(h->view, vault_contents(h->vault), &note), ERR_OK);
}

static void home_closes(struct home *h)
{
    view_free(h->view);
    vault_close(h->vault);
    journal_close(h->journal);
    stream = &h->of_store;
    store_close(h->store);
}

static struct home home_of(const char *owner, uint8_t store_seed)
{
    struct home h = {.files = file_memory_new(9), .owner = person_of(owner)};
    memset(h.of_store.seed, store_seed, sizeof h.of_store.seed);
    memcpy(h.of_owner.seed, h.owner.key.octets, sizeof h.of_owner.seed);
    memcpy(h.key, h.owner.seed, sizeof h.key);
    stream = &h.of_owner;
    assert_int_equal(vault_create(h.files, h.key, VAULT_PERSONAL, h.owner.seed, &note), ERR_OK);
    home_opens(&h);
    return h;
}

static void home_ends(struct home *h)
{
    home_closes(h);
    file_memory_free(h->files);
}

/* What the owner does between two batches, which is nobody else's business. */
static void owner_lives(struct home *h, const struct posts *posts, size_t at, bool is_busy)
{
    bool changed = false;
    char petname[32];
    struct view_page page = {0};
    struct view_query query = {
        .what = VIEW_TIMELINE, .reach = VIEW_STRANGERS, .limit = 50, .now_s = START_S};
    struct post met = posts_decoded(posts, at);
    (void)snprintf(petname, sizeof petname, "friend %zu", at);
    stream = &h->of_owner;
    if (is_busy && at % 3 == 0) {
        assert_int_equal(vault_follow(h->vault, &changed, &met.author), ERR_OK);
        assert_int_equal(vault_petname_set(h->vault, &changed, &met.author, petname), ERR_OK);
    } else if (is_busy && at % 5 == 0) {
        assert_int_equal(
            vault_block(h->vault, &changed, &met.author, "him", START_S, store_end(h->store)),
            ERR_OK);
        assert_int_equal(
            vault_shield(h->vault, &changed, VAULT_SHIELD_WORD, octets_of_text("court")), ERR_OK);
    }
    if (changed) {
        assert_int_equal(vault_commit(h->vault, &note), ERR_OK);
        assert_int_equal(view_load(h->view, vault_contents(h->vault), &note), ERR_OK);
    }
    assert_int_equal(view_catch_up(h->view, NULL, &note), ERR_OK);
    if (is_busy) {
        assert_int_equal(view_query(h->view, &page, &query, &note), ERR_OK);
    }
    if (key_equal(&met.author, &h->owner.key)) {
        assert_int_equal(journal_own_post(h->journal, &met.id, posts->wires[at], &note), ERR_OK);
    }
}

static void takes_in(struct home *h, const struct posts *posts, size_t from, size_t count)
{
    static struct post decoded[BATCH];
    static enum store_put_result results[BATCH];
    for (size_t i = 0; i < count; i++) {
        decoded[i] = posts_decoded(posts, from + i);
    }
    stream = &h->of_store;
    assert_int_equal(
        store_put(h->store, results, decoded, posts->wires + from, count, START_S + from, &note),
        ERR_OK);
}

/* Everything that was ever accepted, with restarts and a midnight on the way. */
static void lives_through(struct home *h, const struct posts *posts, bool is_busy)
{
    size_t batch = 0;
    for (size_t from = 0; from < posts->count; from += BATCH, batch++) {
        size_t left = posts->count - from;
        takes_in(h, posts, from, left < BATCH ? left : BATCH);
        owner_lives(h, posts, from, is_busy);
        if (batch % 7 == 6) {
            home_closes(h);
            home_opens(h);
        }
        stream = &h->of_store;
        for (bool more = true; more;) {
            assert_int_equal(store_tend(h->store, &more, START_S + 86400 * (batch / 11), &note),
                             ERR_OK);
        }
    }
}

/* --- what was written --------------------------------------------------------------------------
 */

struct comparison {
    struct files *files;
    struct files *other;
    size_t files_count;
    size_t same_count;
    size_t octets_count;
};

static bool is_public(const char *path)
{
    return strncmp(path, "log/", 4) == 0 || strncmp(path, "index/", 6) == 0;
}

static void compare_file(void *context, const char *path)
{
    struct comparison *c = context;
    uint8_t *ours = NULL;
    uint8_t *theirs = NULL;
    size_t ours_len = 0;
    size_t theirs_len = 0;
    if (!is_public(path)) {
        return;
    }
    c->files_count++;
    assert_int_equal(file_read_all(c->files, &ours, &ours_len, path, SIZE_MAX / 2, &note), ERR_OK);
    if (file_read_all(c->other, &theirs, &theirs_len, path, SIZE_MAX / 2, &note) == ERR_OK &&
        ours_len == theirs_len && memcmp(ours, theirs, ours_len) == 0) {
        c->same_count++;
        c->octets_count += ours_len;
    }
    free(ours);
    free(theirs);
}

static struct comparison compare(const struct home *a, const struct home *b)
{
    struct comparison c = {.files = a->files, .other = b->files};
    file_memory_each(a->files, compare_file, &c);
    return c;
}

/* --- posts -------------------------------------------------------------------------------------
 */

static struct posts story(bool swapped)
{
    struct posts posts = {0};
    struct person people[PEOPLE];
    for (size_t i = 0; i < PEOPLE; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "person %zu", i);
        people[i] = i == 0 ? person_of("ana") : i == 1 ? person_of("bea") : person_of(name);
    }
    for (size_t i = 0; posts.count < POSTS_COUNT; i++) {
        const struct person *author = &people[(i * 7) % PEOPLE];
        char text[64];
        (void)snprintf(text, sizeof text, "what person %zu saw in court, %zu", i % PEOPLE, i);
        if (i > 20 && i % 13 == 0) {
            (void)person_reply(&posts, author, START_S + i, posts.ids[3], posts.ids[3], text);
        } else if (i % 17 == 0) {
            (void)person_vouch(&posts, author, START_S + i, &people[(i + 1) % PEOPLE].key, NULL);
        } else if (i % 19 == 0) {
            struct post_id id = person_text(&posts, author, START_S + i, "taken back", "metoo");
            (void)person_retract(&posts, author, START_S + i + 1, id);
        } else {
            struct post_draft draft = {.kind = POST_TEXT,
                                       .created_s = START_S + i,
                                       .expires_s = i % 11 == 0 ? START_S + 86400 * (i % 9 + 1) : 0,
                                       .text = octets_of_text(text)};
            (void)person_draft(&posts, author, &draft);
        }
    }
    if (swapped) {
        struct octets wire = posts.wires[100];
        struct post_id id = posts.ids[100];
        posts.wires[100] = posts.wires[101];
        posts.ids[100] = posts.ids[101];
        posts.wires[101] = wire;
        posts.ids[101] = id;
    }
    return posts;
}

/* --- what it promises --------------------------------------------------------------------------
 */

static void whose_home_it_is_cannot_be_read_from_log_and_index(void **state)
{
    (void)state;
    struct posts posts = story(false);
    struct home ana = home_of("ana", 1);
    struct home bea = home_of("bea", 1);
    lives_through(&ana, &posts, true);
    lives_through(&bea, &posts, false);
    struct comparison there = compare(&ana, &bea);
    struct comparison back = compare(&bea, &ana);
    assert_true(there.files_count >= 5 && there.octets_count > 200000);
    assert_int_equal(there.same_count, there.files_count);
    assert_int_equal(back.same_count, back.files_count);
    home_ends(&ana);
    home_ends(&bea);
    posts_free(&posts);
}

/* The comparison can tell: another order of two posts, or other random octets, are other files. */
static void another_order_or_other_keys_are_other_files(void **state)
{
    (void)state;
    struct posts posts = story(false);
    struct posts swapped = story(true);
    struct home ana = home_of("ana", 1);
    struct home bea = home_of("bea", 1);
    struct home other = home_of("ana", 2);
    lives_through(&ana, &posts, false);
    lives_through(&bea, &swapped, false);
    lives_through(&other, &posts, false);
    struct comparison order = compare(&ana, &bea);
    struct comparison keys = compare(&ana, &other);
    assert_true(order.same_count < order.files_count);
    assert_int_equal(keys.same_count, 0);
    home_ends(&ana);
    home_ends(&bea);
    home_ends(&other);
    posts_free(&posts);
    posts_free(&swapped);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whose_home_it_is_cannot_be_read_from_log_and_index),
        cmocka_unit_test(another_order_or_other_keys_are_other_files),
    };
    (void)randombytes_set_implementation(&streams);
    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
