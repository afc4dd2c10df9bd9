/* view_intern.h - octets of one fixed length, each kept once and known by a dense number.
 *
 * Numbers follow order of arrival, so they never leave the view.  The hash is keyed with a secret
 * of this process: whoever chooses the octets cannot make them collide. */
#ifndef KITH_STORE_VIEW_INTERN_H
#define KITH_STORE_VIEW_INTERN_H

#include "proto/err.h"

#include <stddef.h>
#include <stdint.h>

#define VIEW_NONE UINT32_MAX /* no such number */

struct view_intern {
    uint8_t *items; /* count of item_len octets */
    size_t item_len;
    uint32_t count;
    uint32_t cap;
    uint32_t *slots; /* open addressing; VIEW_NONE is free */
    uint32_t slots_count;
    uint8_t secret[16];
};

void view_intern_init(struct view_intern *intern, size_t item_len);
void view_intern_close(struct view_intern *intern);

/* Make room for that many more.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_intern_reserve(struct view_intern *intern, uint32_t more_count);
/* The number of these item_len octets, new or not; room was reserved. */
uint32_t view_intern_add(struct view_intern *intern, const uint8_t *item);
/* VIEW_NONE when they were never added. */
uint32_t view_intern_find(const struct view_intern *intern, const uint8_t *item);
/* The same with the item's hash, for who needs it more than once. */
uint32_t view_intern_hash(const struct view_intern *intern, const uint8_t *item);
uint32_t view_intern_add_hashed(struct view_intern *intern, const uint8_t *item, uint32_t hash);
uint32_t view_intern_find_hashed(const struct view_intern *intern, const uint8_t *item,
                                 uint32_t hash);
/* An item of this hash is asked for soon, only faster for being told so: first its slot, and once
 * that is near, which number it mostly has; or VIEW_NONE. */
void view_intern_expect(const struct view_intern *intern, uint32_t hash);
uint32_t view_intern_guess(const struct view_intern *intern, uint32_t hash);
/* Lives until the next reserve. */
const uint8_t *view_intern_at(const struct view_intern *intern, uint32_t number);

/* The array at, or where it moved to, with room for needed items; *cap is updated.  NULL when there
 * is no memory; at and *cap are as before then. */
MUST_USE void *view_grown(void *at, uint32_t *cap, uint64_t needed, size_t item_len);

#endif
