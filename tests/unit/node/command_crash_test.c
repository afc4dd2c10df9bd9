/* Promises 4 and 5 through the commands: whatever was answered as done is there after the machine
 * stopped at any call of a file, with nothing, everything or a part of the unsynced left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/interference/world.h"

#define CALLS_MAX 100 /* far more than one command makes */

static const enum file_memory_outcome outcomes[] = {FILE_MEMORY_DROP, FILE_MEMORY_KEEP,
                                                    FILE_MEMORY_TEAR};
#define OUTCOMES_COUNT (sizeof outcomes / sizeof outcomes[0])

#define ASK(world, ...)                                                                            \
    world_ask(world, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *),            \
              (const char *const[]){__VA_ARGS__})

static void hex_of(char out[65], const char *who)
{
    struct key key = person_of(who).key;
    (void)sodium_bin2hex(out, 65, key.octets, KEY_LEN);
}

static bool blocked(const struct world *world, const char *who)
{
    const struct vault_contents *contents = world_vault(world);
    struct key key = person_of(who).key;
    for (size_t i = 0; i < contents->blocks_count; i++) {
        if (contents->blocks[i].in_force && key_equal(&contents->blocks[i].key, &key)) {
            return true;
        }
    }
    return false;
}

static int status_of(struct answer answer)
{
    int status = answer.status;
    answer_free(&answer);
    return status;
}

/* Returns whether the machine stopped before the command was through. */
static bool blocks_and_crashes(uint64_t nth, enum file_memory_outcome outcome)
{
    struct world *world = world_new();
    char carl[65];
    char dirk[65];
    hex_of(carl, "carl");
    hex_of(dirk, "dirk");
    assert_int_equal(status_of(ASK(world, "block", dirk)), 0);
    world_crash_at(world, nth);
    int status = status_of(ASK(world, "block", carl, "--label", "him"));
    bool crashed = world_recover(world, outcome);
    assert_true(blocked(world, "dirk"));
    assert_true(status != 0 || blocked(world, "carl"));
    assert_true(status == 0 || crashed);
    /* The home is as good as before. */
    assert_int_equal(status_of(ASK(world, "block", carl)), 0);
    assert_true(blocked(world, "carl"));
    world_free(world);
    return crashed;
}

static void a_block_that_was_answered_is_there_after_any_crash(void **state)
{
    (void)state;
    for (size_t i = 0; i < OUTCOMES_COUNT; i++) {
        uint64_t nth = 1;
        while (blocks_and_crashes(nth, outcomes[i])) {
            nth++;
            assert_true(nth < CALLS_MAX);
        }
        assert_true(nth > 5); /* vault and journal, each written and synced */
    }
}

/* The id that an answer of `post --json` begins with. */
static bool id_of(char id[65], const struct answer *answer)
{
    const char *at = strstr(answer->out, "{\"id\":\"");
    if (at == NULL) {
        return false;
    }
    memcpy(id, at + 7, 64);
    id[64] = '\0';
    return true;
}

static bool mine_holds(struct world *world, const char *id)
{
    struct answer answer = ASK(world, "mine", "--json");
    assert_int_equal(answer.status, 0);
    bool holds = strstr(answer.out, id) != NULL;
    answer_free(&answer);
    return holds;
}

static bool posts_and_crashes(uint64_t nth, enum file_memory_outcome outcome)
{
    struct world *world = world_new();
    char first[65];
    char second[65];
    struct answer answer = ASK(world, "post", "me too", "--tag", "metoo", "--json");
    assert_int_equal(answer.status, 0);
    assert_true(id_of(first, &answer));
    answer_free(&answer);
    world_crash_at(world, nth);
    answer = ASK(world, "post", "and more", "--json");
    bool acknowledged = answer.status == 0;
    assert_int_equal(id_of(second, &answer), acknowledged);
    answer_free(&answer);
    bool crashed = world_recover(world, outcome);
    assert_true(mine_holds(world, first));
    assert_true(!acknowledged || mine_holds(world, second));
    assert_true(acknowledged || crashed);
    assert_int_equal(status_of(ASK(world, "post", "again")), 0);
    world_free(world);
    return crashed;
}

static void a_post_that_was_acknowledged_is_there_after_any_crash(void **state)
{
    (void)state;
    for (size_t i = 0; i < OUTCOMES_COUNT; i++) {
        uint64_t nth = 1;
        while (posts_and_crashes(nth, outcomes[i])) {
            nth++;
            assert_true(nth < CALLS_MAX);
        }
        assert_true(nth > 3); /* journal and log, each appended to and synced */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_that_was_answered_is_there_after_any_crash),
        cmocka_unit_test(a_post_that_was_acknowledged_is_there_after_any_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
