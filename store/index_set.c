#include "store/index_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void index_set_init(struct index_set *set, const struct index_records *records)
{
    *set = (struct index_set){.records = records};
}

void index_set_close(struct index_set *set)
{
    for (size_t i = 0; i < set->slots_count; i++) {
        free(set->slots[i].block);
    }
    free(set->slots);
    *set = (struct index_set){0};
}

static const struct index_record *record_at(const struct index_set *set, uint32_t position)
{
    return index_records_at(set->records, position);
}

static int compare(const struct index_record *record, uint64_t created_s, const struct post_id *id)
{
    uint64_t own_s = index_record_created_s(record);
    if (own_s != created_s) {
        return own_s < created_s ? -1 : 1;
    }
    return post_id_compare(&record->id, id);
}

static bool slot_below(const struct index_set *set, size_t slot, uint64_t created_s,
                       const struct post_id *id)
{
    uint32_t first = set->slots[slot].block->positions[0];
    return compare(record_at(set, first), created_s, id) < 0;
}

/* The last slot whose first item is below (created_s, id), or the first slot. */
static size_t slot_for(const struct index_set *set, uint64_t created_s, const struct post_id *id)
{
    /* Most arrivals are the newest. */
    if (slot_below(set, set->slots_count - 1, created_s, id)) {
        return set->slots_count - 1;
    }
    size_t low = 0;
    size_t high = set->slots_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (slot_below(set, middle, created_s, id)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* How many items of the block are below (created_s, id). */
static size_t rank_in_block(const struct index_set *set, const struct index_set_slot *slot,
                            uint64_t created_s, const struct post_id *id)
{
    const struct index_set_block *block = slot->block;
    size_t low = 0;
    size_t high = (size_t)slot->fold.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(record_at(set, block->positions[middle]), created_s, id) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct index_set_block *insert_block(struct index_set *set, size_t slot)
{
    if (set->slots_count == set->slots_cap) {
        size_t cap = set->slots_cap == 0 ? 16 : set->slots_cap * 2;
        struct index_set_slot *grown = realloc(set->slots, cap * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        set->slots = grown;
        set->slots_cap = cap;
    }
    struct index_set_block *block = calloc(1, sizeof *block);
    if (block == NULL) {
        return NULL;
    }
    memmove(set->slots + slot + 1, set->slots + slot,
            (set->slots_count - slot) * sizeof *set->slots);
    set->slots[slot] = (struct index_set_slot){.block = block};
    set->slots_count++;
    return block;
}

static void refold(const struct index_set *set, struct index_set_slot *slot, size_t count)
{
    slot->fold = (struct fold){0};
    for (size_t i = 0; i < count; i++) {
        fold_add_id(&slot->fold, &record_at(set, slot->block->positions[i])->id);
    }
}

/* Make room for an item behind `at` others of a full block; may move both to the next block. */
static enum err_code split(struct index_set *set, size_t *slot, size_t *at)
{
    struct index_set_block *fresh = insert_block(set, *slot + 1);
    if (fresh == NULL) {
        return ERR_NO_MEMORY;
    }
    struct index_set_block *full = set->slots[*slot].block;
    bool newest = *slot + 2 == set->slots_count && *at == INDEX_SET_BLOCK_MAX;
    /* What arrives in order leaves full blocks behind. */
    size_t kept = newest ? INDEX_SET_BLOCK_MAX : INDEX_SET_BLOCK_MAX / 2;
    size_t moved = INDEX_SET_BLOCK_MAX - kept;
    memcpy(fresh->positions, full->positions + kept, moved * sizeof full->positions[0]);
    if (moved > 0) {
        refold(set, &set->slots[*slot + 1], moved);
        fold_subtract(&set->slots[*slot].fold, &set->slots[*slot + 1].fold);
    }
    if (*at > kept || newest) {
        *slot += 1;
        *at -= kept;
    }
    return ERR_OK;
}

static void invalidate_behind(struct index_set *set, size_t slot)
{
    if (set->valid_count > slot + 1) {
        set->valid_count = slot + 1;
    }
}

enum err_code index_set_add(struct index_set *set, uint32_t position)
{
    const struct index_record *record = record_at(set, position);
    uint64_t created_s = index_record_created_s(record);
    size_t slot = 0;
    size_t at = 0;
    if (set->slots_count == 0) {
        if (insert_block(set, 0) == NULL) {
            return ERR_NO_MEMORY;
        }
    } else {
        slot = slot_for(set, created_s, &record->id);
        at = rank_in_block(set, &set->slots[slot], created_s, &record->id);
    }
    invalidate_behind(set, slot);
    if (set->slots[slot].fold.count == INDEX_SET_BLOCK_MAX) {
        enum err_code rc = split(set, &slot, &at);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    struct index_set_block *block = set->slots[slot].block;
    memmove(block->positions + at + 1, block->positions + at,
            ((size_t)set->slots[slot].fold.count - at) * sizeof block->positions[0]);
    block->positions[at] = position;
    fold_add_id(&set->slots[slot].fold, &record->id);
    set->count++;
    return ERR_OK;
}

static void remove_block(struct index_set *set, size_t slot)
{
    free(set->slots[slot].block);
    memmove(set->slots + slot, set->slots + slot + 1,
            (set->slots_count - slot - 1) * sizeof *set->slots);
    set->slots_count--;
    if (set->valid_count > slot) {
        set->valid_count = slot;
    }
}

void index_set_remove(struct index_set *set, uint32_t position)
{
    const struct index_record *record = record_at(set, position);
    uint64_t created_s = index_record_created_s(record);
    assert(set->slots_count > 0);
    size_t slot = slot_for(set, created_s, &record->id);
    size_t at = rank_in_block(set, &set->slots[slot], created_s, &record->id);
    if (at == set->slots[slot].fold.count) {
        /* It is the first of the next block: slot_for() looks for what is below it. */
        slot++;
        at = 0;
    }
    assert(slot < set->slots_count);
    struct index_set_block *block = set->slots[slot].block;
    assert(block->positions[at] == position);

    struct fold one = {0};
    fold_add_id(&one, &record->id);
    fold_subtract(&set->slots[slot].fold, &one);
    memmove(block->positions + at, block->positions + at + 1,
            ((size_t)set->slots[slot].fold.count - at) * sizeof block->positions[0]);
    set->count--;
    invalidate_behind(set, slot);
    if (set->slots[slot].fold.count == 0) {
        remove_block(set, slot);
    }
}

static void make_valid(struct index_set *set)
{
    if (set->valid_count == 0 && set->slots_count > 0) {
        set->slots[0].before = (struct fold){0};
        set->valid_count = 1;
    }
    for (size_t i = set->valid_count; i < set->slots_count; i++) {
        set->slots[i].before = set->slots[i - 1].before;
        fold_add(&set->slots[i].before, &set->slots[i - 1].fold);
    }
    set->valid_count = set->slots_count;
}

uint64_t index_set_rank(struct index_set *set, const struct negentropy_bound *bound)
{
    if (set->slots_count == 0) {
        return 0;
    }
    make_valid(set);
    size_t slot = slot_for(set, bound->created_s, &bound->id);
    return set->slots[slot].before.count +
           rank_in_block(set, &set->slots[slot], bound->created_s, &bound->id);
}

/* The slot that holds the item at rank < count. */
static size_t slot_of_rank(const struct index_set *set, uint64_t rank)
{
    size_t low = 0;
    size_t high = set->slots_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (set->slots[middle].before.count <= rank) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

void index_set_fold(struct index_set *set, struct fold *fold, uint64_t rank)
{
    assert(rank <= set->count);
    *fold = (struct fold){0};
    if (rank == 0) {
        return;
    }
    make_valid(set);
    const struct index_set_slot *slot = &set->slots[slot_of_rank(set, rank - 1)];
    *fold = slot->before;
    size_t partial = (size_t)(rank - slot->before.count);
    if (partial == slot->fold.count) {
        fold_add(fold, &slot->fold);
        return;
    }
    for (size_t i = 0; i < partial; i++) {
        fold_add_id(fold, &record_at(set, slot->block->positions[i])->id);
    }
}

struct negentropy_item index_set_at(struct index_set *set, uint64_t rank)
{
    assert(rank < set->count);
    make_valid(set);
    const struct index_set_slot *slot = &set->slots[slot_of_rank(set, rank)];
    return index_record_item(record_at(set, slot->block->positions[rank - slot->before.count]));
}

enum err_code index_set_copy(struct index_set *set, struct index_sorted **copy)
{
    struct index_sorted *made = NULL;
    enum err_code rc = index_sorted_new(&made, set->records, (size_t)set->count, set->slots_count);
    if (rc != ERR_OK) {
        return rc;
    }
    make_valid(set);
    uint32_t begin = 0;
    struct index_group *group = made->groups;
    for (size_t i = 0; i < set->slots_count; i++, group++) {
        const struct index_set_slot *slot = &set->slots[i];
        size_t count = (size_t)slot->fold.count;
        *group = (struct index_group){.before = slot->before, .begin = begin};
        memcpy(made->places + begin, slot->block->positions, count * sizeof *made->places);
        begin += (uint32_t)count;
        group[1].before = slot->before;
        fold_add(&group[1].before, &slot->fold);
    }
    made->groups_count = set->slots_count;
    made->groups[made->groups_count].begin = begin;
    *copy = made;
    return ERR_OK;
}
