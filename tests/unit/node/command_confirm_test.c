/* Nothing is shown while posts signed with her key, which her home did not write, wait for her to
 * look through her list of blocks (SPEC 10.11); and backups in slices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/interference/world.h"

#define T0 HISTORY_START_S

static struct world *world;
static struct posts posts;
static struct person owner;

static int set_up(void **state)
{
    (void)state;
    world = world_new();
    world_set_clock(world, T0 + 1000);
    owner = world_owner(world);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_free(world);
    posts_free(&posts);
    posts = (struct posts){.count = 0};
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

static void prints(const char *text, struct answer answer)
{
    if (strstr(answer.out, text) == NULL) {
        (void)fprintf(stderr, "%s%s", answer.out, answer.err);
    }
    assert_non_null(strstr(answer.out, text));
    answer_free(&answer);
}

static void arrives(void)
{
    world_arrive(world, posts.wires[posts.count - 1]);
}

static void arrives_of_hers(uint64_t created_s, const char *text)
{
    (void)person_text(&posts, &owner, created_s, text, "metoo");
    arrives();
}

static void writes_herself(uint64_t created_s, const char *text)
{
    struct post_id id = person_text(&posts, &owner, created_s, text, "metoo");
    world_say(world, &id, posts.wires[posts.count - 1]);
}

static bool waits(void)
{
    struct answer answer = ASK("--json", "status");
    bool found = strstr(answer.out, "\"state\":\"unconfirmed\"") != NULL;
    assert_int_equal(answer.status, 0);
    answer_free(&answer);
    return found;
}

static void what_her_home_wrote_is_no_reason(void **state)
{
    (void)state;
    writes_herself(T0 + 1, "hers");
    assert_false(waits());
    world_restart(world);
    assert_false(waits());
    prints("hers", ASK("mine"));
}

static void an_own_post_that_the_home_did_not_write_shows_nothing(void **state)
{
    (void)state;
    static const char *const commands[] = {"timeline", "tags", "people",  "inbox",
                                           "mine",     "post", "shields", "outbox"};
    writes_herself(T0 + 1, "hers");
    arrives_of_hers(T0 + 2, "not from here");
    assert_true(waits());
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        ends_with(5, ASK(commands[i]));
    }
    ends_with(5, ASK("tag", "metoo", "--strangers"));
    ends_with(5, ASK("search", "hers"));
    ends_with(5, ASK("complete", "tag", "m"));
    ends_with(0, ASK("blocks"));
    ends_with(0, ASK("peer", "list"));
    world_restart(world);
    assert_true(waits());
    ends_with(5, ASK("timeline"));
}

static void what_gave_it_away_may_expire(void **state)
{
    (void)state;
    struct post_draft draft = {.kind = POST_TEXT,
                               .created_s = T0 + 2,
                               .expires_s = T0 + 2000,
                               .text = octets_of_text("not from here")};
    static uint8_t wire[POST_WIRE_MAX];
    size_t len = 0;
    struct post_id id;
    assert_int_equal(post_sign(wire, &len, &id, &draft, owner.seed), ERR_OK);
    world_arrive(world, octets_of(wire, len));
    assert_true(waits());
    world_set_clock(world, T0 + 3 * 86400);
    world_restart(world);
    assert_true(waits());
    prints("\"waits\":true,\"restored\":false,\"posts\":0,", ASK("--json", "blocks", "confirm"));
    prints("Confirmed", ASK("blocks", "confirm", "--yes"));
    world_restart(world);
    assert_false(waits());
}

static void a_post_by_a_device_is_no_reason(void **state)
{
    (void)state;
    struct person device = person_of("device");
    (void)person_text_by_device(&posts, &owner, &device, T0 + 5, T0, T0 + 1000, "by a device");
    arrives();
    assert_false(waits());
}

static void somebody_elses_post_is_no_reason(void **state)
{
    (void)state;
    struct person bea = person_of("bea");
    (void)person_text(&posts, &bea, T0 + 5, "by bea", "metoo");
    arrives();
    assert_false(waits());
}

static void an_open_stream_ends(void **state)
{
    (void)state;
    world_send(world, CONTROL_WATCH, 0, NULL);
    arrives_of_hers(T0 + 2, "not from here");
    writes_herself(T0 + 3, "nobody sees this now");
    struct answer answer = world_received(world);
    bool told = false;
    for (size_t i = 0; i + 12 <= answer.out_len; i++) {
        told = told || memcmp(answer.out + i, "older copy o", 12) == 0;
        assert_memory_not_equal(answer.out + i, "not from her", 12);
        assert_memory_not_equal(answer.out + i, "nobody sees ", 12);
    }
    assert_true(told);
    answer_free(&answer);
}

static void confirming_adopts_them_and_shows_everything(void **state)
{
    (void)state;
    arrives_of_hers(T0 + 2, "not from here");
    arrives_of_hers(T0 + 3, "nor this");
    prints("\"waits\":true,\"restored\":false,\"posts\":2,", ASK("--json", "blocks", "confirm"));
    assert_true(waits()); /* looking is not confirming */
    prints("Confirmed", ASK("blocks", "--confirm", "--yes"));
    assert_false(waits());
    prints("nor this", ASK("mine"));
    world_restart(world);
    assert_false(waits());
    /* What is dated before she looked is covered; what comes after is not. */
    arrives_of_hers(T0 + 900, "dated before she looked");
    assert_false(waits());
    arrives_of_hers(T0 + 1100, "dated after it");
    assert_true(waits());
}

static void posts_dated_ahead_are_covered_too(void **state)
{
    (void)state;
    arrives_of_hers(T0 + 1500, "ahead of the clock");
    assert_true(waits());
    ends_with(0, ASK("blocks", "confirm", "--yes"));
    world_restart(world);
    assert_false(waits());
}

static void elsewhere_ends_the_asking_until_it_is_taken_back(void **state)
{
    (void)state;
    arrives_of_hers(T0 + 2, "not from here");
    ends_with(0, ASK("blocks", "confirm", "--elsewhere", "--yes"));
    arrives_of_hers(T0 + 2000, "from the other place");
    assert_false(waits());
    prints("from the other place", ASK("mine"));
    ends_with(0, ASK("blocks", "confirm", "--yes"));
    arrives_of_hers(T0 + 2001, "once more");
    assert_true(waits());
}

/* She adds to the list before she says that it is whole. */
static void blocking_works_meanwhile(void **state)
{
    (void)state;
    struct person bea = person_of("bea");
    char hex[65];
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", bea.key.octets[i]);
    }
    ends_with(0, ASK("people", "name", hex, "@bea"));
    (void)person_text(&posts, &bea, T0 + 1, "by bea", "metoo");
    arrives();
    arrives_of_hers(T0 + 2, "not from here");
    ends_with(1, ASK("block", "3f2a"));
    ends_with(1, ASK("block", "@nobody"));
    ends_with(0, ASK("block", "@bea"));
    assert_true(waits());
    ends_with(0, ASK("blocks", "confirm", "--yes"));
    struct answer answer = ASK("tag", "metoo", "--strangers");
    assert_int_equal(answer.status, 0);
    assert_null(strstr(answer.out, "by bea"));
    assert_non_null(strstr(answer.out, "not from here"));
    answer_free(&answer);
}

/* Were the posts adopted first, a crash between the two would show everything unconfirmed. */
static void a_crash_while_confirming_confirms_or_does_not(void **state)
{
    (void)state;
    bool crashed = true;
    for (uint64_t at = 1; crashed; at++) {
        world_free(world);
        world = world_new();
        world_set_clock(world, T0 + 1000);
        arrives_of_hers(T0 + 2 + at, "not from here");
        world_crash_at(world, at);
        struct answer answer = ASK("blocks", "confirm", "--yes");
        int status = answer.status;
        answer_free(&answer);
        crashed = world_recover(world, at % 2 == 0 ? FILE_MEMORY_DROP : FILE_MEMORY_TEAR);
        bool confirmed = world_vault(world)->confirmed_s > 1; /* 1 is the doubt written down */
        assert_int_equal(waits(), !confirmed);
        assert_true(confirmed || status != 0 || crashed);
    }
}

static void the_options_of_confirm_belong_to_it(void **state)
{
    (void)state;
    ends_with(2, ASK("blocks", "--yes"));
    ends_with(2, ASK("blocks", "--elsewhere"));
    prints("", ASK("blocks", "confirm"));
}

static void a_backup_is_made_in_slices_and_only_of_what_it_says(void **state)
{
    (void)state;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/backup", world_outside(world));
    writes_herself(T0 + 1, "hers");
    struct person bea = person_of("bea");
    for (uint64_t i = 0; i < 700; i++) { /* several slices */
        (void)person_text(&posts, &bea, T0 + i, "by bea", "metoo");
        world_stores(world, posts.wires[posts.count - 1]);
    }
    prints("{\"own\":1,\"all\":false}", ASK("--json", "backup", path));
    ends_with(5, ASK("backup", path));
    prints("{\"own\":1,\"all\":true}", ASK("--json", "backup", path, "--all", "--replace"));
    assert_int_equal(unlink(path), 0);
    ends_with(1, ASK("backup", "/nowhere/at/all"));
    ends_with(2, ASK("backup"));
    /* Whoever goes away leaves nothing. */
    const char *typed[] = {"file", path};
    world_send(world, CONTROL_BACKUP, 1, typed);
    struct answer answer = world_received(world);
    answer_free(&answer);
    (void)unlink(path);
}

static void words_are_not_shown_just_so(void **state)
{
    (void)state;
    ends_with(2, ASK("words"));
    ends_with(2, ASK("--json", "words", "--show"));
    ends_with(2, ASK("words", "--show")); /* this home has a passphrase */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_her_home_wrote_is_no_reason),
        TEST(an_own_post_that_the_home_did_not_write_shows_nothing),
        TEST(a_post_by_a_device_is_no_reason),
        TEST(what_gave_it_away_may_expire),
        TEST(somebody_elses_post_is_no_reason),
        TEST(an_open_stream_ends),
        TEST(confirming_adopts_them_and_shows_everything),
        TEST(posts_dated_ahead_are_covered_too),
        TEST(elsewhere_ends_the_asking_until_it_is_taken_back),
        TEST(blocking_works_meanwhile),
        TEST(a_crash_while_confirming_confirms_or_does_not),
        TEST(the_options_of_confirm_belong_to_it),
        TEST(a_backup_is_made_in_slices_and_only_of_what_it_says),
        TEST(words_are_not_shown_just_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
