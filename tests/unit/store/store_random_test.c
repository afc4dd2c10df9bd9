#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/store.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"
#include "tests/support/sorted_set.h"

#define NOW_S     UINT64_C(1700000000)
#define DAY_S     86400
#define POSTS_MAX 400
#define BATCH_MAX 24

static const uint8_t key[32] = {4};
static const struct store_options options = {.kind = STORE_READ, .table_max = 16};
static struct err_note note;
static struct posts posts;
static struct post decoded[POSTS_MAX];
static struct files *files;
static struct store *store;
static uint64_t now_s;
static uint64_t random_state;

/* What a store should hold, kept the slow way. */
static struct {
    bool stored;
    bool gone;
    bool bare; /* expired: in its sets until midnight, and not handed out */
    uint64_t position;
} model[POSTS_MAX];
static uint64_t model_end;

static size_t draw(size_t below)
{
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (size_t)((z ^ (z >> 31)) % below);
}

/* Texts of three people, some that expire, and retracts of what comes before or after them, by
 * their author or somebody else. */
static int make_posts(void **state)
{
    (void)state;
    static const char *const names[] = {"ana", "bea", "eva"};
    random_state = 77;
    for (size_t i = 0; i < POSTS_MAX; i++) {
        struct person who = person_of(names[draw(3)]);
        char text[32];
        struct octets tag = octets_of_text("metoo");
        (void)snprintf(text, sizeof text, "me too %zu", i);
        if (i > 0 && draw(4) == 0) {
            (void)person_retract(&posts, &who, NOW_S - i, posts.ids[draw(i)]);
        } else {
            struct post_draft draft = {.kind = POST_TEXT,
                                       .created_s = NOW_S - draw(3000),
                                       .expires_s =
                                           draw(5) == 0 ? NOW_S + 1 + draw((size_t)4 * DAY_S) : 0,
                                       .tags = &tag,
                                       .tags_count = draw(2),
                                       .text = octets_of_text(text)};
            (void)person_draft(&posts, &who, &draft);
        }
    }
    for (size_t i = 0; i < POSTS_MAX; i++) {
        decoded[i] = posts_decoded(&posts, i);
    }
    return 0;
}

static int free_posts(void **state)
{
    (void)state;
    posts_free(&posts);
    return 0;
}

static const struct post_id *subject_of(size_t i)
{
    return decoded[i].kind == POST_RETRACT ? post_ref_of(&decoded[i], POST_SUBJECT) : NULL;
}

static bool takes_back(size_t retract, size_t post)
{
    return subject_of(retract) != NULL && subject_of(post) == NULL &&
           post_id_equal(subject_of(retract), &decoded[post].id) &&
           key_equal(&decoded[retract].author, &decoded[post].author);
}

static enum store_put_result model_put(size_t i)
{
    if (model[i].stored) {
        return model[i].gone || model[i].bare ? STORE_REFUSED : STORE_THERE;
    }
    if (decoded[i].expires_s != 0 && now_s >= decoded[i].expires_s) {
        return STORE_REFUSED;
    }
    for (size_t k = 0; k < POSTS_MAX; k++) {
        if (model[k].stored && takes_back(k, i)) {
            return STORE_REFUSED;
        }
    }
    model[i].stored = true;
    model[i].position = model_end++;
    for (size_t k = 0; k < POSTS_MAX; k++) {
        model[k].gone = model[k].gone || (model[k].stored && takes_back(i, k));
    }
    return STORE_NEW;
}

static void put_some(void)
{
    static struct post batch[BATCH_MAX];
    static struct octets wires[BATCH_MAX];
    static enum store_put_result results[BATCH_MAX];
    static enum store_put_result expected[BATCH_MAX];
    static bool gone_before[POSTS_MAX];
    size_t count = 1 + draw(BATCH_MAX);
    uint64_t end_before = model_end;
    for (size_t i = 0; i < POSTS_MAX; i++) {
        gone_before[i] = model[i].gone || model[i].bare;
    }
    for (size_t i = 0; i < count; i++) {
        size_t which = draw(POSTS_MAX);
        batch[i] = decoded[which];
        wires[i] = posts.wires[which];
        /* What was there is judged as it was before the batch, its own posts are there. */
        bool was_there = model[which].stored && model[which].position < end_before;
        bool is_new = model[which].stored && model[which].position >= end_before;
        enum store_put_result put = is_new ? STORE_THERE : model_put(which);
        expected[i] = was_there ? (gone_before[which] ? STORE_REFUSED : STORE_THERE) : put;
    }
    assert_int_equal(store_put(store, results, batch, wires, count, now_s, &note), ERR_OK);
    assert_memory_equal(results, expected, count * sizeof results[0]);
}

static void tend(bool to_the_end)
{
    bool more = true;
    for (size_t left = to_the_end ? SIZE_MAX : draw(6); left > 0 && more; left--) {
        assert_int_equal(store_tend(store, &more, now_s, &note), ERR_OK);
    }
}

static void pass_time(void)
{
    now_s += 20 + draw(DAY_S);
    tend(true);
    for (size_t i = 0; i < POSTS_MAX; i++) {
        model[i].bare =
            model[i].stored && decoded[i].expires_s != 0 && decoded[i].expires_s <= now_s;
        model[i].gone = model[i].gone || (model[i].stored && decoded[i].expires_s != 0 &&
                                          decoded[i].expires_s < now_s - now_s % DAY_S);
    }
}

static void reopen(void)
{
    store_close(store);
    store = NULL;
    assert_int_equal(store_open_with(&store, files, key, &options, &note), ERR_OK);
    tend(true);
}

static void check_post(size_t i)
{
    uint8_t octets[POST_WIRE_MAX];
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    bool kept = model[i].stored && !model[i].gone && !model[i].bare;
    bool known = false;
    assert_int_equal(store_known(store, &known, &decoded[i].id, 1, &note), ERR_OK);
    assert_true(known || !model[i].stored);
    assert_int_equal(store_body(store, &wire, &decoded[i].id, &note),
                     kept ? ERR_OK : ERR_NOT_FOUND);
    assert_true(!kept || octets_equal(octets_of(wire.at, wire.len), posts.wires[i]));
    if (model[i].stored) {
        assert_int_equal(store_at(store, &wire, model[i].position, &note),
                         kept ? ERR_OK : ERR_NOT_FOUND);
    }
}

static struct negentropy_bound random_bound(void)
{
    struct negentropy_item item = {.created_s = NOW_S - draw(3100),
                                   .id = decoded[draw(POSTS_MAX)].id};
    size_t lot = draw(8);
    return lot == 0   ? negentropy_bound_zero()
           : lot == 1 ? negentropy_bound_infinity()
                      : negentropy_bound_at(&item);
}

static bool is_in(const struct post *post, uint32_t set)
{
    uint32_t sets[SET_OF_POST_MAX];
    size_t count = set_of_post(sets, post);
    for (size_t i = 0; i < count; i++) {
        if (sets[i] == set) {
            return true;
        }
    }
    return false;
}

static uint32_t random_set(void)
{
    uint32_t sets[SET_OF_POST_MAX];
    size_t count = set_of_post(sets, &decoded[draw(POSTS_MAX)]);
    return draw(6) == 0 ? SET_STANDING : sets[draw(count)];
}

static void check_ranges(uint32_t set)
{
    struct sorted_set slow;
    static struct negentropy_batch batch;
    static struct negentropy_results ours, theirs;
    static struct negentropy_item our_items[POSTS_MAX], their_items[POSTS_MAX];
    sorted_set_init(&slow);
    for (size_t i = 0; i < POSTS_MAX; i++) {
        if (model[i].stored && !model[i].gone && is_in(&decoded[i], set)) {
            sorted_set_add(&slow, decoded[i].created_s, &decoded[i].id);
        }
    }
    sorted_set_seal(&slow);
    assert_true(set != SET_ALL || store_stats(store).posts_count == slow.items_count);
    for (size_t i = 0; i < 12; i++) {
        struct negentropy_query *query = &batch.queries[0];
        *query = (struct negentropy_query){.kind = (enum negentropy_query_kind)(i % 3),
                                           .lower = random_bound(),
                                           .upper = random_bound()};
        if (negentropy_bound_compare(&query->lower, &query->upper) > 0) {
            struct negentropy_bound lower = query->upper;
            query->upper = query->lower;
            query->lower = lower;
        }
        batch.queries_count = 1;
        ours = (struct negentropy_results){.items = our_items, .items_cap = POSTS_MAX};
        theirs = (struct negentropy_results){.items = their_items, .items_cap = POSTS_MAX};
        assert_int_equal(store_answer_set(store, &ours, set, &batch, &note), ERR_OK);
        sorted_set_answer(&slow, &theirs, &batch);
        const struct negentropy_answer *a = &ours.answers[0];
        const struct negentropy_answer *b = &theirs.answers[0];
        assert_int_equal(a->shape, b->shape);
        assert_true(query->kind == NEGENTROPY_LIST ||
                    memcmp(&a->fold, &b->fold, sizeof a->fold) == 0);
        assert_int_equal(a->items_count, b->items_count);
        for (size_t k = 0; k < a->items_count; k++) {
            assert_int_equal(negentropy_item_compare(&a->items[k], &b->items[k]), 0);
        }
        for (size_t k = 0; a->shape == NEGENTROPY_BUCKETED && k < NEGENTROPY_BUCKETS; k++) {
            assert_memory_equal(&a->buckets[k].fold, &b->buckets[k].fold,
                                sizeof a->buckets[k].fold);
        }
    }
    sorted_set_close(&slow);
}

static void check(void)
{
    for (size_t i = 0; i < POSTS_MAX; i++) {
        check_post(i);
    }
    check_ranges(SET_ALL);
    check_ranges(random_set());
    assert_int_equal(store_end(store), model_end);
    assert_int_equal(store_stats(store).quarantined_count, 0);
}

static void begin(uint64_t seed)
{
    memset(model, 0, sizeof model);
    model_end = 0;
    now_s = NOW_S;
    random_state = seed;
    files = file_memory_new(seed);
    store = NULL;
    reopen();
}

static void end(void)
{
    store_close(store);
    store = NULL;
    file_memory_free(files);
}

static void a_random_life_is_as_the_slow_model_has_it(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        begin(seed);
        for (size_t step = 0; step < 120; step++) {
            size_t lot = draw(20);
            if (lot < 13) {
                put_some();
            } else if (lot < 17) {
                tend(false);
            } else if (lot < 19) {
                reopen();
            } else {
                pass_time();
            }
            if (step % 10 == 9) {
                check();
            }
        }
        end();
    }
}

/* The index is made again from the log, with what was taken back and what has expired. */
static void a_lost_index_is_made_again(void **state)
{
    (void)state;
    static const char *const lost[] = {"index/runs", "index/00000001.run", "index/00000002.run"};
    for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
        begin(100 + i);
        for (size_t step = 0; step < 8; step++) {
            put_some();
        }
        now_s += 3; /* not idle: runs as they were written first */
        bool more = true;
        while (more) {
            assert_int_equal(store_tend(store, &more, now_s, &note), ERR_OK);
        }
        store_close(store);
        store = NULL;
        (void)files->remove(files, lost[i], &note);
        assert_int_equal(store_open_with(&store, files, key, &options, &note), ERR_OK);
        check();
        for (size_t step = 0; step < 8; step++) {
            put_some();
        }
        tend(true);
        check();
        end();
    }
}

static void what_is_gone_leaves_the_files_and_gives_its_space_back(void **state)
{
    (void)state;
    begin(9);
    static enum store_put_result results[POSTS_MAX];
    for (size_t i = 0; i < POSTS_MAX; i++) {
        (void)model_put(i);
        assert_int_equal(store_put(store, results, &decoded[i], &posts.wires[i], 1, now_s, &note),
                         ERR_OK);
    }
    bool more = true;
    while (more) {
        assert_int_equal(store_tend(store, &more, now_s, &note), ERR_OK);
    }
    uint64_t busy_len = store_stats(store).disk_len;
    uint64_t gone_len = 0;
    for (size_t i = 0; i < POSTS_MAX; i++) {
        gone_len += model[i].gone ? posts.wires[i].len : 0;
    }
    assert_true(gone_len > 0);
    now_s += STORE_IDLE_S;
    tend(true);
    assert_true(store_stats(store).disk_len <= busy_len - gone_len);
    check();
    reopen();
    check();
    now_s += (uint64_t)9 * DAY_S;
    tend(true);
    for (size_t i = 0; i < POSTS_MAX; i++) {
        model[i].gone = model[i].gone || (model[i].stored && decoded[i].expires_s != 0);
    }
    check();
    end();
}

/* A write that fails costs the batch, and nothing else: soon it goes on. */
static void puts_go_on_after_an_error(void **state)
{
    (void)state;
    static const enum file_memory_call calls[] = {FILE_MEMORY_APPEND, FILE_MEMORY_SYNC};
    static enum store_put_result results[POSTS_MAX];
    for (size_t i = 0; i < 2; i++) {
        begin(40 + i);
        for (size_t k = 0; k < 10; k++) {
            (void)model_put(k);
        }
        assert_int_equal(store_put(store, results, decoded, posts.wires, 10, now_s, &note), ERR_OK);
        file_memory_fail(files, calls[i], 1, ERR_NO_SPACE);
        assert_int_equal(
            store_put(store, results, decoded + 10, posts.wires + 10, 10, now_s, &note),
            ERR_NO_SPACE);
        assert_int_equal(
            store_put(store, results, decoded + 10, posts.wires + 10, 10, now_s, &note),
            ERR_NO_SPACE);
        check();
        now_s += STORE_RETRY_S;
        for (size_t k = 10; k < 20; k++) {
            (void)model_put(k);
        }
        assert_int_equal(
            store_put(store, results, decoded + 10, posts.wires + 10, 10, now_s, &note), ERR_OK);
        check();
        reopen();
        check();
        end();
    }
}

/* Crash at each call while what is gone leaves the files: what is kept is whole, what is gone stays
 * gone, and it goes on. */
static void leaving_the_files_survives_a_crash_at_any_call(void **state)
{
    (void)state;
    bool crashed = true;
    for (uint64_t nth = 1; crashed; nth++) {
        begin(1000 + nth);
        random_state = 5;
        for (size_t step = 0; step < 6; step++) {
            put_some();
        }
        now_s += STORE_IDLE_S;
        file_memory_crash_at(files, nth);
        bool more = true;
        enum err_code rc = ERR_OK;
        while (more && rc == ERR_OK) {
            rc = store_tend(store, &more, now_s, &note);
        }
        crashed = file_memory_crashed(files);
        store_close(store);
        store = NULL;
        file_memory_restart(files, (enum file_memory_outcome)(nth % 3));
        assert_int_equal(store_open_with(&store, files, key, &options, &note), ERR_OK);
        check();
        tend(true);
        check();
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_random_life_is_as_the_slow_model_has_it),
        cmocka_unit_test(a_lost_index_is_made_again),
        cmocka_unit_test(what_is_gone_leaves_the_files_and_gives_its_space_back),
        cmocka_unit_test(puts_go_on_after_an_error),
        cmocka_unit_test(leaving_the_files_survives_a_crash_at_any_call),
    };
    return cmocka_run_group_tests(tests, make_posts, free_posts);
}
