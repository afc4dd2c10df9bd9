#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/file_memory.h"
#include "tests/support/index_rig.h"
#include "tests/support/negentropy_sets.h"

#define POSTS_COUNT 3000
#define ITEMS_CAP   64

/* The same posts in the index and in the plainest set there is. */
struct twins {
    struct files *files;
    struct index *index;
    struct sorted_set set;
    struct negentropy_results ours;
    struct negentropy_results plain;
    struct negentropy_item ours_items[ITEMS_CAP];
    struct negentropy_item plain_items[ITEMS_CAP];
};

static const struct negentropy_sets_shape shape = {
    .seed = "twins", .shared = POSTS_COUNT, .step = 7919, .span = 900};

static struct twins *twins_new(uint32_t table_max)
{
    struct twins *t = calloc(1, sizeof *t);
    assert_non_null(t);
    struct sorted_set same;
    sorted_set_init(&t->set);
    sorted_set_init(&same);
    negentropy_sets_make(&t->set, &same, &shape);
    sorted_set_close(&same);

    t->files = file_memory_new(1);
    t->index = index_rig_open(t->files, table_max);
    for (size_t i = 0; i < POSTS_COUNT; i++) {
        /* not in order, as posts arrive */
        const struct negentropy_item *item = &t->set.items[(i * 1009) % POSTS_COUNT];
        struct post post = {.id = item->id, .created_s = item->created_s};
        index_rig_add(t->index, &post, i);
    }
    index_rig_tend(t->index, 0, false);
    t->ours.items = t->ours_items;
    t->plain.items = t->plain_items;
    t->ours.items_cap = t->plain.items_cap = ITEMS_CAP;
    return t;
}

static void twins_free(struct twins *t)
{
    index_close(t->index);
    file_memory_free(t->files);
    sorted_set_close(&t->set);
    free(t);
}

static void assert_same_bound(const struct negentropy_bound *a, const struct negentropy_bound *b)
{
    assert_int_equal(negentropy_bound_compare(a, b), 0);
    assert_int_equal(a->prefix_len, b->prefix_len);
}

static void assert_same_answer(const struct negentropy_answer *a, const struct negentropy_answer *b,
                               enum negentropy_query_kind kind)
{
    assert_int_equal(a->shape, b->shape);
    if (kind != NEGENTROPY_LIST) {
        assert_memory_equal(&a->fold, &b->fold, sizeof a->fold);
    }
    if (a->shape == NEGENTROPY_LISTED) {
        assert_int_equal(a->items_count, b->items_count);
        assert_int_equal(a->more, b->more);
        for (size_t i = 0; i < a->items_count; i++) {
            assert_int_equal(negentropy_item_compare(&a->items[i], &b->items[i]), 0);
        }
    }
    for (size_t i = 0; a->shape == NEGENTROPY_BUCKETED && i < NEGENTROPY_BUCKETS; i++) {
        assert_memory_equal(&a->buckets[i].fold, &b->buckets[i].fold, sizeof a->buckets[i].fold);
        assert_same_bound(&a->buckets[i].upper, &b->buckets[i].upper);
    }
}

static void assert_answer_alike(struct twins *t, const struct negentropy_query *query)
{
    struct negentropy_batch batch = {.queries_count = 1, .queries = {*query}};
    index_rig_answer(t->index, &t->ours, &batch);
    assert_int_equal(t->ours.answers_count, 1);
    sorted_set_answer(&t->set, &t->plain, &batch);
    assert_int_equal(t->plain.answers_count, 1);
    assert_same_answer(&t->ours.answers[0], &t->plain.answers[0], query->kind);
}

/* Bounds between posts, at posts, and at both ends. */
static struct negentropy_bound bound_number(const struct twins *t, size_t k)
{
    size_t place = (k * 7919) % POSTS_COUNT;
    if (k % 11 == 0) {
        return negentropy_bound_zero();
    }
    if (k % 13 == 0) {
        return negentropy_bound_infinity();
    }
    return k % 2 == 0 || place == 0
               ? negentropy_bound_at(&t->set.items[place])
               : negentropy_bound_between(&t->set.items[place - 1], &t->set.items[place]);
}

static void ask_everything(uint32_t table_max, size_t queries_count)
{
    struct twins *t = twins_new(table_max);
    for (size_t k = 0; k < queries_count; k++) {
        struct negentropy_query query = {.lower = bound_number(t, k),
                                         .upper = bound_number(t, k / 3 + 5)};
        if (negentropy_bound_compare(&query.lower, &query.upper) > 0) {
            struct negentropy_bound lower = query.upper;
            query.upper = query.lower;
            query.lower = lower;
        }
        query.kind = NEGENTROPY_FOLD;
        assert_answer_alike(t, &query);
        fingerprint_of(&query.theirs, &t->ours.answers[0].fold);
        query.kind = NEGENTROPY_LIST;
        assert_answer_alike(t, &query);
        query.kind = NEGENTROPY_SPLIT;
        assert_answer_alike(t, &query);
        query.unless_equal = true;
        assert_answer_alike(t, &query);
        assert_int_equal(t->ours.answers[0].shape, NEGENTROPY_FOLDED);
    }
    twins_free(t);
}

static void every_query_is_answered_as_by_a_plain_sorted_array(void **state)
{
    (void)state;
    ask_everything(0, 2000);
}

static void runs_answer_as_a_table_does(void **state)
{
    (void)state;
    ask_everything(1000, 300);
    ask_everything(70, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_query_is_answered_as_by_a_plain_sorted_array),
        cmocka_unit_test(runs_answer_as_a_table_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
