#include "tests/support/sorted_set.h"

#include <assert.h>
#include <stdlib.h>

/* items[first .. end). */
struct span {
    size_t first;
    size_t end;
};

static void *must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

void sorted_set_init(struct sorted_set *set)
{
    *set = (struct sorted_set){.items = NULL};
}

void sorted_set_close(struct sorted_set *set)
{
    free(set->items);
    free(set->running);
    sorted_set_init(set);
}

void sorted_set_add(struct sorted_set *set, uint64_t created_s, const struct post_id *id)
{
    assert(set->running == NULL && created_s < NEGENTROPY_INFINITY_S);
    if (set->items_count == set->items_cap) {
        set->items_cap = set->items_cap == 0 ? 64 : 2 * set->items_cap;
        set->items = must(realloc(set->items, set->items_cap * sizeof *set->items));
    }
    set->items[set->items_count++] = (struct negentropy_item){.created_s = created_s, .id = *id};
}

static int compare_items(const void *a, const void *b)
{
    return negentropy_item_compare((const struct negentropy_item *)a,
                                   (const struct negentropy_item *)b);
}

void sorted_set_seal(struct sorted_set *set)
{
    assert(set->running == NULL);
    if (set->items_count > 0) {
        qsort(set->items, set->items_count, sizeof *set->items, compare_items);
    }
    set->running = must(calloc(set->items_count + 1, sizeof *set->running));
    for (size_t i = 0; i < set->items_count; i++) {
        set->running[i + 1] = set->running[i];
        fold_add_id(&set->running[i + 1], &set->items[i].id);
    }
}

/* How many items are below bound. */
static size_t rank(const struct sorted_set *set, const struct negentropy_bound *bound)
{
    size_t low = 0;
    size_t high = set->items_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (negentropy_item_compare_bound(&set->items[middle], bound) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool sorted_set_has(const struct sorted_set *set, const struct negentropy_item *item)
{
    struct negentropy_bound bound = negentropy_bound_at(item);
    size_t place = rank(set, &bound);
    return place < set->items_count && negentropy_item_compare(&set->items[place], item) == 0;
}

static struct fold fold_of(const struct sorted_set *set, struct span span)
{
    struct fold fold = set->running[span.end];
    fold_subtract(&fold, &set->running[span.first]);
    return fold;
}

static void list(const struct sorted_set *set, struct negentropy_results *results,
                 struct negentropy_answer *answer, struct span span)
{
    size_t room_count = results->items_cap - results->items_count;
    answer->shape = NEGENTROPY_LISTED;
    answer->items = results->items + results->items_count;
    answer->items_count = span.end - span.first;
    if (answer->items_count > room_count) {
        answer->items_count = room_count;
        answer->more = true;
    }
    for (size_t i = 0; i < answer->items_count; i++) {
        results->items[results->items_count++] = set->items[span.first + i];
    }
}

static void buckets(const struct sorted_set *set, struct negentropy_answer *answer,
                    struct span span, const struct negentropy_query *query)
{
    uint64_t ends[NEGENTROPY_BUCKETS];
    answer->shape = NEGENTROPY_BUCKETED;
    answer->buckets_count = negentropy_bucket_ends(ends, query, answer->fold.count);
    size_t first = span.first;
    for (unsigned i = 0; i < answer->buckets_count; i++) {
        size_t end = span.first + (size_t)ends[i];
        answer->buckets[i].fold = fold_of(set, (struct span){first, end});
        answer->buckets[i].upper =
            end == span.end ? query->upper
                            : negentropy_bound_between(&set->items[end - 1], &set->items[end]);
        first = end;
    }
}

static bool equals_theirs(const struct negentropy_query *query, const struct fold *fold)
{
    struct fingerprint ours;
    fingerprint_of(&ours, fold);
    return query->unless_equal && fingerprint_equal(&ours, &query->theirs);
}

/* False where its items do not fit any more. */
static bool answer_one(const struct sorted_set *set, struct negentropy_results *results,
                       struct negentropy_answer *answer, const struct negentropy_query *query)
{
    struct span span = {rank(set, &query->lower), rank(set, &query->upper)};
    *answer = (struct negentropy_answer){.fold = fold_of(set, span)};
    if (query->kind == NEGENTROPY_FOLD ||
        (query->kind == NEGENTROPY_SPLIT && equals_theirs(query, &answer->fold))) {
        answer->shape = NEGENTROPY_FOLDED;
    } else if (query->kind == NEGENTROPY_SPLIT && answer->fold.count >= NEGENTROPY_SPLIT_MIN) {
        buckets(set, answer, span, query);
    } else if (query->kind == NEGENTROPY_SPLIT &&
               answer->fold.count > results->items_cap - results->items_count) {
        return false;
    } else {
        list(set, results, answer, span);
    }
    return true;
}

void sorted_set_answer(const struct sorted_set *set, struct negentropy_results *results,
                       const struct negentropy_batch *batch)
{
    results->answers_count = 0;
    results->items_count = 0;
    for (size_t i = 0; i < batch->queries_count; i++) {
        struct negentropy_answer *answer = &results->answers[i];
        if (!answer_one(set, results, answer, &batch->queries[i])) {
            return;
        }
        results->answers_count++;
        if (answer->more) {
            return;
        }
    }
}
