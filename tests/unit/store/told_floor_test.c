/* What peers are told and get of a home goes by the floor alone: of two homes with the same posts,
 * one whose archive was done long ago and one whose archive is not, none can be told from the other
 * (SPEC 7.5, 7.6, promise 3). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "proto/set.h"
#include "store/store.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define DAY_S      86400
#define TODAY      1000
#define NOW_S      (TODAY * (uint64_t)DAY_S + 3600)
#define KEEP_DAYS  10
#define POSTS      160
#define LATER      40 /* of them come after a floor rose */
#define DIGEST_LEN 32
#define ITEMS_MAX  1024

/* One home is done with its archive as soon as it is asked to be, the other never. */
enum { DONE, WAITING, HOMES };

static const uint8_t key[32] = {1, 2, 3};
static struct err_note note;
static struct files *files[HOMES];
static struct store *stores[HOMES];
static struct posts posts;
static uint64_t now_s;

static void open_both(void)
{
    const struct store_retention_rules rules = {.keep_s = KEEP_DAYS * DAY_S, .held = true};
    const struct store_options options = {.kind = STORE_READ, .table_max = 16};
    for (size_t h = 0; h < HOMES; h++) {
        assert_int_equal(store_open_with(&stores[h], files[h], key, &options, &note), ERR_OK);
        store_retain(stores[h], &rules);
        if (h == DONE) {
            store_release(stores[h], &(struct store_left){.floor_s = UINT64_MAX, .generation = 1});
        }
    }
}

static void close_both(void)
{
    for (size_t h = 0; h < HOMES; h++) {
        store_close(stores[h]);
        stores[h] = NULL;
    }
}

/* Names and texts of the last twenty days and of today, some answered, some taken back. */
static void write_posts(void)
{
    struct person people[] = {person_of("ana"), person_of("bea"), person_of("cem")};
    for (size_t i = 0; posts.count < POSTS; i++) {
        const struct person *who = &people[i % 3];
        uint64_t at_s = NOW_S - i % 20 * DAY_S - i;
        if (i % 9 == 0) {
            (void)person_profile(&posts, who, at_s, "a name", "");
        } else if (i % 11 == 0) {
            (void)person_vouch(&posts, who, at_s, &people[(i + 1) % 3].key, NULL);
        } else if (i % 13 == 0) {
            (void)person_retract(&posts, who, at_s, posts.ids[posts.count - 3]);
        } else {
            (void)person_text(&posts, who, at_s, "me too", i % 2 == 0 ? "metoo" : "cats");
        }
    }
}

static int set_up(void **state)
{
    (void)state;
    posts = (struct posts){0};
    now_s = NOW_S;
    write_posts();
    for (size_t h = 0; h < HOMES; h++) {
        files[h] = file_memory_new(1);
    }
    open_both();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_both();
    posts_free(&posts);
    for (size_t h = 0; h < HOMES; h++) {
        file_memory_free(files[h]);
    }
    return 0;
}

/* ---- All that a peer can ask ----------------------------------------------------------------- */

struct digest {
    uint8_t octets[DIGEST_LEN];
};

static void add(crypto_generichash_state *hash, const void *at, size_t len)
{
    assert_int_equal(crypto_generichash_update(hash, at, len), 0);
}

static void add_number(crypto_generichash_state *hash, uint64_t number)
{
    uint8_t octets[8];
    octets_put_u64be(octets, number);
    add(hash, octets, sizeof octets);
}

static void ask_for(crypto_generichash_state *hash, struct store *store, size_t i)
{
    static uint8_t room[POST_WIRE_MAX];
    struct octets_room wire = {.at = room, .cap = sizeof room};
    bool known = false;
    bool refused = false;
    bool any = false;
    enum err_code rc = store_serve(store, &wire, &posts.ids[i], &note);
    assert_true(rc == ERR_OK || rc == ERR_NOT_FOUND);
    add_number(hash, rc == ERR_OK ? wire.len : 0);
    if (rc == ERR_OK) {
        add(hash, wire.at, wire.len);
    }
    assert_int_equal(store_known(store, &known, &posts.ids[i], 1, &note), ERR_OK);
    assert_int_equal(store_refuses(store, &refused, posts.wires[i], &posts.ids[i], now_s, &note),
                     ERR_OK);
    /* Whether the clock is right is judged by it as a home is opened. */
    uint64_t at_s = posts_decoded(&posts, i).created_s;
    assert_int_equal(store_dated(store, &any, at_s, at_s + 1, &note), ERR_OK);
    add_number(hash, known * 4u + refused * 2u + any);
}

static void add_answer(crypto_generichash_state *hash, const struct negentropy_answer *answer)
{
    add_number(hash, answer->shape);
    add_number(hash, answer->fold.count);
    add(hash, &answer->fold, answer->shape == NEGENTROPY_FOLDED ? sizeof answer->fold : 0);
    for (size_t i = 0; answer->shape == NEGENTROPY_LISTED && i < answer->items_count; i++) {
        add_number(hash, answer->items[i].created_s);
        add(hash, answer->items[i].id.octets, POST_ID_LEN);
    }
    for (unsigned i = 0; answer->shape == NEGENTROPY_BUCKETED && i < answer->buckets_count; i++) {
        add_number(hash, answer->buckets[i].upper.created_s);
        add(hash, answer->buckets[i].upper.id.octets, answer->buckets[i].upper.prefix_len);
        add(hash, &answer->buckets[i].fold, sizeof answer->buckets[i].fold);
    }
}

/* From every third day on, up to everything or a week: below the floor, across it and above. */
static void ask_set(crypto_generichash_state *hash, struct store *store, uint32_t set)
{
    static struct negentropy_batch batch;
    static struct negentropy_results results;
    static struct negentropy_item items[ITEMS_MAX];
    static const enum negentropy_query_kind kinds[] = {NEGENTROPY_FOLD, NEGENTROPY_SPLIT,
                                                       NEGENTROPY_LIST};
    for (uint64_t day = TODAY - 21; day <= TODAY + 1; day += 3) {
        for (size_t k = 0; k < 6; k++) {
            struct negentropy_bound upper = {.created_s = (day + 7) * DAY_S};
            batch.queries_count = 1;
            batch.queries[0] = (struct negentropy_query){
                .kind = kinds[k / 2],
                .lower = {.created_s = day * DAY_S},
                .upper = k % 2 == 0 ? negentropy_bound_infinity() : upper};
            results.items = items;
            results.items_cap = ITEMS_MAX;
            assert_int_equal(store_answer_set(store, &results, set, &batch, &note), ERR_OK);
            assert_int_equal(results.answers_count, 1);
            add_answer(hash, &results.answers[0]);
        }
    }
}

static struct digest asked(struct store *store)
{
    struct digest digest;
    crypto_generichash_state hash;
    assert_int_equal(crypto_generichash_init(&hash, NULL, 0, DIGEST_LEN), 0);
    add_number(&hash, store_floor(store));
    for (size_t i = 0; i < posts.count; i++) {
        ask_for(&hash, store, i);
    }
    ask_set(&hash, store, SET_ALL);
    ask_set(&hash, store, SET_STANDING);
    ask_set(&hash, store, set_of_tag(octets_of_text("metoo")));
    struct post post = posts_decoded(&posts, 0);
    ask_set(&hash, store, set_of_author(&post.author));
    assert_int_equal(crypto_generichash_final(&hash, digest.octets, DIGEST_LEN), 0);
    return digest;
}

/* A peer sends these, and what comes of each. */
static struct digest given(struct store *store, size_t first, size_t end)
{
    struct digest digest;
    crypto_generichash_state hash;
    assert_int_equal(crypto_generichash_init(&hash, NULL, 0, DIGEST_LEN), 0);
    for (size_t i = first; i < end; i++) {
        struct post post = posts_decoded(&posts, i);
        enum store_put_result result;
        assert_int_equal(store_put(store, &result, &post, &posts.wires[i], 1, now_s, &note),
                         ERR_OK);
        add_number(&hash, result);
    }
    assert_int_equal(crypto_generichash_final(&hash, digest.octets, DIGEST_LEN), 0);
    return digest;
}

static void same(const struct digest *digests)
{
    assert_memory_equal(digests[DONE].octets, digests[WAITING].octets, DIGEST_LEN);
}

static void are_asked_alike(void)
{
    struct digest digests[HOMES];
    for (size_t h = 0; h < HOMES; h++) {
        digests[h] = asked(stores[h]);
    }
    same(digests);
}

static void are_given_alike(size_t first, size_t end)
{
    struct digest digests[HOMES];
    for (size_t h = 0; h < HOMES; h++) {
        digests[h] = given(stores[h], first, end);
    }
    same(digests);
}

/* Slice after slice, asked in between. */
static void are_tended_alike(void)
{
    bool more[HOMES] = {true, true};
    while (more[DONE] || more[WAITING]) {
        for (size_t h = 0; h < HOMES; h++) {
            if (more[h]) {
                assert_int_equal(store_tend(stores[h], &more[h], now_s, &note), ERR_OK);
            }
        }
        are_asked_alike();
    }
}

/* In the files they are as different as can be. */
static void differ(void)
{
    assert_int_equal(store_left(stores[WAITING]).floor_s, 0);
    assert_true(store_left(stores[DONE]).floor_s > 0);
    assert_true(store_stats(stores[WAITING]).posts_count >
                store_stats(stores[DONE]).posts_count + POSTS / 8);
}

/* ---- Over midnights -------------------------------------------------------------------------- */

static void how_far_the_archive_is_shows_nowhere(void **state)
{
    (void)state;
    are_given_alike(0, POSTS - LATER);
    for (unsigned night = 0; night < 3; night++) {
        uint64_t floor_s = store_floor(stores[WAITING]);
        are_tended_alike();
        assert_true(store_floor(stores[WAITING]) > floor_s);
        assert_int_equal(store_floor(stores[WAITING]), (TODAY + night - KEEP_DAYS) * DAY_S);
        differ();
        are_given_alike(0, POSTS - LATER + (night + 1) * 8); /* most for the second time */
        are_asked_alike();
        now_s += DAY_S;
    }
}

/* The clock may be put back meanwhile. */
static void nor_does_a_restart_in_the_middle_of_it(void **state)
{
    (void)state;
    are_given_alike(0, POSTS - LATER);
    are_tended_alike();
    uint64_t floor_s = store_floor(stores[WAITING]);
    now_s += DAY_S;
    for (size_t h = 0; h < HOMES; h++) {
        bool more;
        assert_int_equal(store_tend(stores[h], &more, now_s, &note), ERR_OK);
    }
    for (unsigned times = 0; times < 3; times++) {
        close_both();
        open_both();
        are_asked_alike();
        assert_int_equal(store_floor(stores[WAITING]), floor_s + DAY_S);
        now_s = times == 1 ? NOW_S - 5 * DAY_S : now_s;
        are_tended_alike();
        differ();
        are_given_alike(0, POSTS);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(how_far_the_archive_is_shows_nowhere),
        TEST(nor_does_a_restart_in_the_middle_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
