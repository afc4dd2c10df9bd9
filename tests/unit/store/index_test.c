#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/file_memory.h"
#include "tests/support/index_rig.h"
#include "tests/support/sorted_set.h"

#define ITEMS_MAX 512
#define DAY_S     86400

static uint64_t random_state;

static uint64_t draw(uint64_t below)
{
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

/* What the index should hold, kept the slow way. */
struct expected {
    struct post post;
    bool kept;
};

static struct expected expected[6000];
static size_t expected_count;

static struct post post_at(uint64_t created_s, uint64_t expires_s)
{
    struct post post = {.created_s = created_s, .expires_s = expires_s};
    for (size_t i = 0; i < POST_ID_LEN; i++) {
        post.id.octets[i] = (uint8_t)draw(256);
    }
    return post;
}

static void add(struct index *index, struct post post)
{
    index_rig_add(index, &post, expected_count);
    expected[expected_count++] = (struct expected){.post = post, .kept = true};
}

static struct negentropy_bound random_bound(void)
{
    if (draw(10) == 0) {
        return negentropy_bound_infinity();
    }
    if (draw(10) == 0) {
        return negentropy_bound_zero();
    }
    const struct post *post = &expected[draw(expected_count)].post;
    struct negentropy_item item = {.created_s = post->created_s, .id = post->id};
    return negentropy_bound_at(&item);
}

static void random_batch(struct negentropy_batch *batch)
{
    memset(batch, 0, sizeof *batch);
    batch->queries_count = 1 + draw(8);
    for (size_t i = 0; i < batch->queries_count; i++) {
        struct negentropy_query *query = &batch->queries[i];
        query->kind = (enum negentropy_query_kind)draw(3);
        query->lower = random_bound();
        query->upper = random_bound();
        if (negentropy_bound_compare(&query->lower, &query->upper) > 0) {
            struct negentropy_bound lower = query->upper;
            query->upper = query->lower;
            query->lower = lower;
        }
    }
}

static void assert_same_fold(const struct fold *a, const struct fold *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->sum, b->sum, sizeof a->sum);
}

static void assert_same_answer(const struct negentropy_answer *a, const struct negentropy_answer *b,
                               enum negentropy_query_kind kind)
{
    assert_int_equal(a->shape, b->shape);
    if (kind != NEGENTROPY_LIST) {
        assert_same_fold(&a->fold, &b->fold);
    }
    assert_int_equal(a->items_count, b->items_count);
    assert_int_equal(a->more, b->more);
    for (size_t i = 0; i < a->items_count; i++) {
        assert_int_equal(negentropy_item_compare(&a->items[i], &b->items[i]), 0);
    }
    for (size_t i = 0; a->shape == NEGENTROPY_BUCKETED && i < NEGENTROPY_BUCKETS; i++) {
        assert_same_fold(&a->buckets[i].fold, &b->buckets[i].fold);
        assert_int_equal(negentropy_bound_compare(&a->buckets[i].upper, &b->buckets[i].upper), 0);
        assert_int_equal(a->buckets[i].upper.prefix_len, b->buckets[i].upper.prefix_len);
    }
}

static struct negentropy_results ours, theirs;
static struct negentropy_item our_items[ITEMS_MAX], their_items[ITEMS_MAX];

static void compare_with_slow(struct index *index, size_t batches_count)
{
    struct sorted_set slow;
    sorted_set_init(&slow);
    uint64_t kept_count = 0;
    for (size_t i = 0; i < expected_count; i++) {
        if (expected[i].kept) {
            sorted_set_add(&slow, expected[i].post.created_s, &expected[i].post.id);
            kept_count++;
        }
    }
    sorted_set_seal(&slow);
    assert_int_equal(index_kept_count(index), kept_count);
    for (size_t i = 0; i < batches_count; i++) {
        struct negentropy_batch batch;
        random_batch(&batch);
        ours = (struct negentropy_results){.items = our_items};
        theirs = (struct negentropy_results){.items = their_items};
        ours.items_cap = theirs.items_cap = 32 + draw(ITEMS_MAX - 32);
        index_rig_answer(index, &ours, &batch);
        sorted_set_answer(&slow, &theirs, &batch);
        assert_true(ours.answers_count >= 1);
        size_t both =
            ours.answers_count < theirs.answers_count ? ours.answers_count : theirs.answers_count;
        assert_true(both >= 1);
        for (size_t j = 0; j < both; j++) {
            assert_same_answer(&ours.answers[j], &theirs.answers[j], batch.queries[j].kind);
        }
    }
    sorted_set_close(&slow);
}

static struct files *files;
static struct err_note note;

/* Small tables, so that most of what is asked lies in runs. */
static struct index *fresh_index(uint64_t seed)
{
    random_state = seed;
    expected_count = 0;
    files = file_memory_new(seed);
    return index_rig_open(files, 100);
}

static void close_index(struct index *index)
{
    index_close(index);
    file_memory_free(files);
}

static void tend_some(struct index *index)
{
    for (uint64_t i = draw(12); i > 0; i--) {
        bool more;
        assert_int_equal(index_tend(index, &more, 0, draw(4) == 0, &note), ERR_OK);
    }
}

static void ranges_fold_as_the_slow_set_does(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct index *index = fresh_index(seed);
        uint64_t now_s = 1000000;
        for (size_t round = 0; round < 12; round++) {
            for (size_t i = 0; i < 100 + draw(300); i++) {
                now_s += draw(3);
                bool late = seed % 2 == 0 && draw(3) == 0;
                add(index, post_at(late ? draw(now_s) : now_s, 0));
            }
            tend_some(index);
            compare_with_slow(index, 20);
        }
        close_index(index);
    }
}

static void what_is_dropped_or_forgotten_leaves_the_ranges(void **state)
{
    (void)state;
    struct index *index = fresh_index(9);
    for (size_t i = 0; i < 3000; i++) {
        add(index, post_at(draw(5000), 0));
    }
    for (size_t round = 0; round < 20; round++) {
        for (size_t i = 0; i < 140; i++) {
            size_t at = draw(expected_count);
            struct index_place place;
            bool drop = draw(2) == 0;
            bool was_there = index_rig_find(index, &place, &expected[at].post.id);
            assert_true(was_there || !expected[at].kept);
            if (!was_there) {
                continue;
            }
            assert_int_equal(place.position, at);
            assert_int_equal(drop ? index_drop(index, &place, &note)
                                  : index_forget(index, &place, &note),
                             ERR_OK);
            bool was_kept = expected[at].kept;
            expected[at].kept = false;
            bool known = index_rig_find(index, &place, &expected[at].post.id);
            assert_true(!was_kept || known == drop);
            assert_true(!known || place.state == INDEX_GONE);
        }
        tend_some(index);
        compare_with_slow(index, 10);
    }
    close_index(index);
}

/* With so many posts behind the first three: none leaves these in a table, many in a run. */
static void leave_at_midnight(size_t posts_behind_count)
{
    struct index *index = fresh_index(11);
    add(index, post_at(1000, DAY_S + 5));
    add(index, post_at(1001, 2 * DAY_S));
    add(index, post_at(1002, 0));
    for (size_t i = 0; i < posts_behind_count; i++) {
        add(index, post_at(1003, 0));
    }
    index_rig_tend(index, 2 * DAY_S - 1, false);
    assert_int_equal(index_kept_count(index), 3 + posts_behind_count);
    index_rig_tend(index, 2 * DAY_S, false);
    assert_int_equal(index_kept_count(index), 2 + posts_behind_count);
    index_rig_tend(index, 3 * DAY_S + 77, true);
    assert_int_equal(index_kept_count(index), 1 + posts_behind_count);
    struct index_place place;
    assert_true(index_rig_find(index, &place, &expected[0].post.id));
    assert_int_equal(place.state, INDEX_GONE);
    expected[0].kept = false;
    expected[1].kept = false;
    compare_with_slow(index, 20);
    close_index(index);
}

static void a_post_leaves_at_the_first_midnight_after_it_expires(void **state)
{
    (void)state;
    leave_at_midnight(0);
    leave_at_midnight(150);
    leave_at_midnight(1000);
}

static void ids_are_found_where_they_lie(void **state)
{
    (void)state;
    struct index *index = fresh_index(13);
    for (size_t i = 0; i < 5000; i++) {
        add(index, post_at(draw(100), 0));
    }
    struct index_place place;
    for (size_t i = 0; i < expected_count; i++) {
        assert_true(index_rig_find(index, &place, &expected[i].post.id));
        assert_int_equal(place.position, i);
    }
    struct post absent = post_at(1, 0);
    assert_false(index_rig_find(index, &place, &absent.id));
    assert_true(index_rig_find(index, &place, &expected[10].post.id));
    assert_int_equal(index_drop(index, &place, &note), ERR_OK);
    assert_int_equal(index_next(index, &place, 10, 5000, &note), ERR_OK);
    assert_int_equal(place.position, 11);
    assert_int_equal(index_next(index, &place, 5000, 5000, &note), ERR_NOT_FOUND);
    close_index(index);
}

static void refused_ids_are_remembered_within_a_bound(void **state)
{
    (void)state;
    struct index *index = fresh_index(17);
    struct post first = post_at(1, 0);
    assert_false(index_refused_has(index, &first.id));
    assert_int_equal(index_refused_add(index, &first.id), ERR_OK);
    assert_true(index_refused_has(index, &first.id));
    for (size_t i = 0; i < 70000; i++) {
        struct post other = post_at(1, 0);
        assert_int_equal(index_refused_add(index, &other.id), ERR_OK);
    }
    assert_false(index_refused_has(index, &first.id));
    close_index(index);
}

/* What four posts of very many words make is more than a table takes. */
static void a_batch_of_more_words_than_a_table_takes_goes_into_several(void **state)
{
    (void)state;
    enum { ROWS = 4, WORDS = 400000 };
    struct index *index = fresh_index(19);
    struct index_row rows[ROWS];
    uint64_t positions[ROWS];
    uint64_t *words = calloc(WORDS, sizeof *words);
    assert_non_null(words);
    for (uint64_t i = 0; i < WORDS; i++) {
        words[i] = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    }
    for (size_t i = 0; i < ROWS; i++) {
        struct post post = post_at(1000 + i, 0);
        index_row_of(&rows[i], index_hash(index), NULL, &post);
        rows[i].words = words;
        rows[i].words_count = WORDS;
        positions[i] = i;
        expected[expected_count++] = (struct expected){.post = post, .kept = true};
    }
    assert_int_equal(index_add(index, rows, positions, ROWS, NULL, &note), ERR_OK);
    free(words);
    assert_int_equal(index_kept_count(index), ROWS);
    compare_with_slow(index, 5);
    close_index(index);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_fold_as_the_slow_set_does),
        cmocka_unit_test(what_is_dropped_or_forgotten_leaves_the_ranges),
        cmocka_unit_test(a_post_leaves_at_the_first_midnight_after_it_expires),
        cmocka_unit_test(ids_are_found_where_they_lie),
        cmocka_unit_test(refused_ids_are_remembered_within_a_bound),
        cmocka_unit_test(a_batch_of_more_words_than_a_table_takes_goes_into_several),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
