#include "store/index_sorted.h"

#include <assert.h>
#include <stdlib.h>

enum err_code index_sorted_new(struct index_sorted **sorted, const struct index_records *records,
                               size_t places_max, size_t groups_max)
{
    struct index_sorted *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return ERR_NO_MEMORY;
    }
    made->places = calloc(places_max + 1, sizeof *made->places);
    made->groups = calloc(groups_max + 1, sizeof *made->groups);
    made->records = records;
    made->refs_count = 1;
    if (made->places == NULL || made->groups == NULL) {
        index_sorted_free(made);
        return ERR_NO_MEMORY;
    }
    *sorted = made;
    return ERR_OK;
}

struct sorting {
    const struct index_record *record;
    uint32_t place;
};

static int compare(const void *a, const void *b)
{
    struct negentropy_item left = index_record_item(((const struct sorting *)a)->record);
    struct negentropy_item right = index_record_item(((const struct sorting *)b)->record);
    return negentropy_item_compare(&left, &right);
}

static void fill(struct index_sorted *sorted, const struct sorting *items, size_t count)
{
    struct fold fold = {0};
    for (size_t i = 0; i < count; i++) {
        if (i % INDEX_GROUP_MAX == 0) {
            sorted->groups[sorted->groups_count++] =
                (struct index_group){.before = fold, .begin = (uint32_t)i};
        }
        sorted->places[i] = items[i].place;
        fold_add_id(&fold, &items[i].record->id);
    }
    sorted->groups[sorted->groups_count] =
        (struct index_group){.before = fold, .begin = (uint32_t)count};
}

enum err_code index_sorted_from(struct index_sorted **sorted, const struct index_records *records,
                                const uint32_t *places, size_t places_count)
{
    struct sorting *items = calloc(places_count + 1, sizeof *items);
    if (items == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < places_count; i++) {
        items[i] =
            (struct sorting){.record = index_records_at(records, places[i]), .place = places[i]};
    }
    qsort(items, places_count, sizeof *items, compare);
    size_t groups_max = (places_count + INDEX_GROUP_MAX - 1) / INDEX_GROUP_MAX;
    enum err_code rc = index_sorted_new(sorted, records, places_count, groups_max);
    if (rc == ERR_OK) {
        fill(*sorted, items, places_count);
    }
    free(items);
    return rc;
}

void index_sorted_free(struct index_sorted *sorted)
{
    if (sorted == NULL) {
        return;
    }
    assert(sorted->refs_count > 0);
    sorted->refs_count--;
    if (sorted->refs_count == 0) {
        free(sorted->places);
        free(sorted->groups);
        free(sorted);
    }
}

uint64_t index_sorted_count(const struct index_sorted *sorted)
{
    return sorted->groups[sorted->groups_count].begin;
}

struct negentropy_item index_sorted_at(const struct index_sorted *sorted, uint64_t rank)
{
    assert(rank < index_sorted_count(sorted));
    return index_record_item(index_records_at(sorted->records, sorted->places[rank]));
}

uint64_t index_sorted_rank(const struct index_sorted *sorted, const struct negentropy_bound *bound)
{
    uint64_t low = 0;
    uint64_t high = index_sorted_count(sorted);
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct negentropy_item item = index_sorted_at(sorted, middle);
        if (negentropy_item_compare_bound(&item, bound) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The group that holds the item at a rank below the count. */
static size_t group_of(const struct index_sorted *sorted, uint64_t rank)
{
    size_t low = 0;
    size_t high = sorted->groups_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (sorted->groups[middle].begin <= rank) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

void index_sorted_fold(const struct index_sorted *sorted, struct fold *fold, uint64_t rank)
{
    uint64_t count = index_sorted_count(sorted);
    assert(rank <= count);
    if (rank == count) {
        *fold = sorted->groups[sorted->groups_count].before;
        return;
    }
    const struct index_group *group = &sorted->groups[group_of(sorted, rank)];
    *fold = group->before;
    for (uint64_t i = group->begin; i < rank; i++) {
        fold_add_id(fold, &index_records_at(sorted->records, sorted->places[i])->id);
    }
}
