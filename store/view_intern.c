#include "store/view_intern.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS_MAX (UINT32_C(1) << 29)

void *view_grown(void *at, uint32_t *cap, uint64_t needed, size_t item_len)
{
    if (needed <= *cap) {
        return at;
    }
    /* By halves and not by doubling, and from little: columns are most of the memory of a small
     * node, and a stranger can make up eight new tags with each post. */
    uint64_t wanted = (uint64_t)*cap + *cap / 2 + 4;
    if (wanted < needed) {
        wanted = needed;
    }
    if (wanted > UINT32_MAX || wanted > SIZE_MAX / item_len) {
        return NULL;
    }
    void *moved = realloc(at, (size_t)wanted * item_len);
    if (moved != NULL) {
        *cap = (uint32_t)wanted;
    }
    return moved;
}

void view_intern_init(struct view_intern *intern, size_t item_len)
{
    *intern = (struct view_intern){.item_len = item_len};
    randombytes_buf(intern->secret, sizeof intern->secret);
}

void view_intern_close(struct view_intern *intern)
{
    free(intern->items);
    free(intern->slots);
    *intern = (struct view_intern){0};
}

uint32_t view_intern_hash(const struct view_intern *intern, const uint8_t *item)
{
    uint8_t hash[crypto_shorthash_BYTES];
    uint32_t begin;
    (void)crypto_shorthash(hash, item, intern->item_len, intern->secret);
    memcpy(&begin, hash, sizeof begin);
    return begin;
}

/* The slot that holds item, or the free one where it belongs. */
static uint32_t slot_of(const struct view_intern *intern, const uint8_t *item, uint32_t hash)
{
    uint32_t mask = intern->slots_count - 1;
    for (uint32_t slot = hash & mask;; slot = (slot + 1) & mask) {
        uint32_t number = intern->slots[slot];
        if (number == VIEW_NONE ||
            memcmp(view_intern_at(intern, number), item, intern->item_len) == 0) {
            return slot;
        }
    }
}

static enum err_code slots_grow(struct view_intern *intern, uint64_t items_count)
{
    uint64_t wanted = intern->slots_count == 0 ? 256 : intern->slots_count;
    while (wanted * 3 < items_count * 4) {
        wanted *= 2;
    }
    if (wanted == intern->slots_count) {
        return ERR_OK;
    }
    uint32_t *slots = malloc((size_t)wanted * sizeof *slots);
    if (slots == NULL) {
        return ERR_NO_MEMORY;
    }
    memset(slots, 0xff, (size_t)wanted * sizeof *slots);
    free(intern->slots);
    intern->slots = slots;
    intern->slots_count = (uint32_t)wanted;
    for (uint32_t i = 0; i < intern->count; i++) {
        const uint8_t *item = view_intern_at(intern, i);
        slots[slot_of(intern, item, view_intern_hash(intern, item))] = i;
    }
    return ERR_OK;
}

enum err_code view_intern_reserve(struct view_intern *intern, uint32_t more_count)
{
    uint64_t needed = (uint64_t)intern->count + more_count;
    if (needed > NUMBERS_MAX) {
        return ERR_NO_MEMORY;
    }
    uint8_t *items = view_grown(intern->items, &intern->cap, needed, intern->item_len);
    if (items == NULL) {
        return ERR_NO_MEMORY;
    }
    intern->items = items;
    return slots_grow(intern, needed);
}

uint32_t view_intern_add_hashed(struct view_intern *intern, const uint8_t *item, uint32_t hash)
{
    uint32_t slot = slot_of(intern, item, hash);
    if (intern->slots[slot] != VIEW_NONE) {
        return intern->slots[slot];
    }
    assert(intern->count < intern->cap);
    memcpy(intern->items + intern->count * intern->item_len, item, intern->item_len);
    intern->slots[slot] = intern->count;
    return intern->count++;
}

uint32_t view_intern_add(struct view_intern *intern, const uint8_t *item)
{
    return view_intern_add_hashed(intern, item, view_intern_hash(intern, item));
}

uint32_t view_intern_find_hashed(const struct view_intern *intern, const uint8_t *item,
                                 uint32_t hash)
{
    return intern->slots_count == 0 ? VIEW_NONE : intern->slots[slot_of(intern, item, hash)];
}

uint32_t view_intern_find(const struct view_intern *intern, const uint8_t *item)
{
    return intern->slots_count == 0
               ? VIEW_NONE
               : view_intern_find_hashed(intern, item, view_intern_hash(intern, item));
}

void view_intern_expect(const struct view_intern *intern, uint32_t hash)
{
    if (intern->slots_count > 0) {
        __builtin_prefetch(&intern->slots[hash & (intern->slots_count - 1)]);
    }
}

uint32_t view_intern_guess(const struct view_intern *intern, uint32_t hash)
{
    uint32_t number =
        intern->slots_count == 0 ? VIEW_NONE : intern->slots[hash & (intern->slots_count - 1)];
    if (number != VIEW_NONE) {
        __builtin_prefetch(view_intern_at(intern, number));
    }
    return number;
}

const uint8_t *view_intern_at(const struct view_intern *intern, uint32_t number)
{
    assert(number < intern->count);
    return intern->items + number * intern->item_len;
}
