/* What is hidden takes the same path, and so the same time, as what does not exist: medians over
 * many, asked in turns, on a node that holds a thread of his 100,000 deep. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "store/store.h"
#include "tests/surfaces/rows.h"
#include "tests/surfaces/story.h"

#define DEPTH     100000
#define BATCH     500
#define ROUNDS    401
#define SEARCHES  31
#define RATIO_MAX 2 /* of the slowest median to the fastest */

/* A thread under a post of his, with only FRIEND answering; and as many lines of hers beside it. */
struct deep {
    struct story *s;
    struct post_id his, middle, deepest, unknown;
};

static struct deep deep;

static void store_batch(struct world *world, const struct posts *posts)
{
    static struct post decoded[BATCH];
    static enum store_put_result results[BATCH];
    struct err_note note = {{0}};
    for (size_t i = 0; i < posts->count; i++) {
        decoded[i] = posts_decoded(posts, i);
    }
    assert_int_equal(store_put(world_store(world), results, decoded, posts->wires, posts->count,
                               HISTORY_START_S + DEPTH, &note),
                     ERR_OK);
    world_on_accepted(world);
}

static void make_thread(void)
{
    struct person friend = person_of(FRIEND);
    struct post_id parent = deep.his;
    for (uint64_t i = 0; i < DEPTH;) {
        struct posts batch = {0};
        for (size_t b = 0; b < BATCH; b++, i++) {
            parent = person_reply(&batch, &friend, HISTORY_START_S + i, deep.his, parent,
                                  "an answerword");
            if (i == DEPTH / 2) {
                deep.middle = parent;
            }
        }
        store_batch(deep.s->with, &batch);
        posts_free(&batch);
    }
    deep.deepest = parent;
}

static void make_deep(void)
{
    if (deep.s != NULL) {
        return;
    }
    deep.s = story_new();
    deep.his = says_at(deep.s, HIM, HISTORY_START_S - 1, "onlyhisword", "metoo");
    deep.unknown = (struct post_id){.octets = {0xab, 0xcd, 0x12}};
    story_passes(deep.s, DEPTH);
    make_thread();
    showed(deep.s, "an answerword", WORDS("show", ID(deep.deepest)));
    blocks(deep.s);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static uint64_t asked_ns(enum control_command command, size_t pairs_count, const char *const *pairs)
{
    uint64_t begun_ns = now_ns();
    struct answer answer = world_request(deep.s->with, command, pairs_count, pairs);
    uint64_t took_ns = now_ns() - begun_ns;
    answer_free(&answer);
    return took_ns;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The same command about each subject in turn. */
static void expect_same_class(enum control_command command, const char *name,
                              const char *const subjects[], size_t count, size_t rounds)
{
    static uint64_t took[4][ROUNDS];
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    assert_true(count <= 4 && rounds <= ROUNDS);
    for (size_t r = 0; r < rounds; r++) {
        for (size_t i = 0; i < count; i++) {
            const char *pairs[] = {name, subjects[i], "text", "words"};
            took[i][r] = asked_ns(command, command == CONTROL_REPLY ? 2 : 1, pairs);
        }
    }
    for (size_t i = 0; i < count; i++) {
        qsort(took[i], rounds, sizeof took[i][0], by_size);
        least = took[i][rounds / 2] < least ? took[i][rounds / 2] : least;
        most = took[i][rounds / 2] > most ? took[i][rounds / 2] : most;
    }
    print_message("%s: medians from %llu to %llu ns\n", control_command_name(command),
                  (unsigned long long)least, (unsigned long long)most);
    if (most > least * RATIO_MAX) {
        fail();
    }
}

static void row_18_what_is_his_takes_as_long_as_what_does_not_exist(void **state)
{
    (void)state;
    static const enum control_command commands[] = {CONTROL_SHOW, CONTROL_THREAD, CONTROL_REPLY,
                                                    CONTROL_ECHO, CONTROL_RETRACT};
    make_deep();
    char hex[4][65];
    const struct post_id ids[] = {deep.his, deep.middle, deep.deepest, deep.unknown};
    const char *subjects[4];
    for (size_t i = 0; i < 4; i++) {
        subjects[i] = sodium_bin2hex(hex[i], sizeof hex[i], ids[i].octets, POST_ID_LEN);
    }
    for (size_t c = 0; c < sizeof commands / sizeof commands[0]; c++) {
        expect_same_class(commands[c], "id", subjects, 4, ROUNDS);
    }
    for (size_t i = 0; i < 4; i++) {
        hex[i][10] = '\0'; /* `block` takes a whole one for a key */
    }
    expect_same_class(CONTROL_SHOW, "id", subjects, 4, ROUNDS);
    expect_same_class(CONTROL_BLOCK, "who", subjects, 4, ROUNDS);
}

/* As keys, all are blocked at the first round; the others change nothing. */
static void row_18_blocking_by_a_hidden_id_takes_as_long_as_by_an_unknown_one(void **state)
{
    (void)state;
    make_deep();
    char hex[3][65];
    const struct post_id ids[] = {deep.his, deep.deepest, deep.unknown};
    const char *subjects[3];
    for (size_t i = 0; i < 3; i++) {
        subjects[i] = sodium_bin2hex(hex[i], sizeof hex[i], ids[i].octets, POST_ID_LEN);
    }
    expect_same_class(CONTROL_BLOCK, "who", subjects, 3, ROUNDS);
}

static void row_20_words_of_the_blocked_take_as_long_as_words_nowhere(void **state)
{
    (void)state;
    static const char *const words[] = {"onlyhisword", "answerword", "nowhereword"};
    make_deep();
    for (size_t i = 0; i < 20; i++) {
        says(deep.s, FRIEND, "she is seen", "metoo");
    }
    expect_same_class(CONTROL_SEARCH, "words", words, 3, SEARCHES);
}

/* The measure itself: a page that is there takes another class of time. */
static void row_20_a_difference_would_be_seen(void **state)
{
    (void)state;
    make_deep();
    const char *const there[] = {"words", "she is seen", "strangers"};
    const char *const nowhere[] = {"id", "abcd123456"};
    uint64_t found_ns = UINT64_MAX;
    uint64_t unknown_ns = UINT64_MAX;
    for (size_t i = 0; i < SEARCHES; i++) {
        uint64_t a = asked_ns(CONTROL_SEARCH, 1, there);
        uint64_t b = asked_ns(CONTROL_SHOW, 1, nowhere);
        found_ns = a < found_ns ? a : found_ns;
        unknown_ns = b < unknown_ns ? b : unknown_ns;
    }
    assert_true(found_ns > unknown_ns * RATIO_MAX);
    story_free(deep.s);
    deep.s = NULL;
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(row_18_what_is_his_takes_as_long_as_what_does_not_exist),
    cmocka_unit_test(row_18_blocking_by_a_hidden_id_takes_as_long_as_by_an_unknown_one),
    cmocka_unit_test(row_20_words_of_the_blocked_take_as_long_as_words_nowhere),
    cmocka_unit_test(row_20_a_difference_would_be_seen),
};
ROWS(rows_speed);
