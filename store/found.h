/* found.h - which positions of the store were found: one bit each. */
#ifndef KITH_STORE_FOUND_H
#define KITH_STORE_FOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"

/* Start it zeroed: nothing is found. */
struct found {
    uint64_t *bits; /* positions below end */
    uint64_t end;
    bool all; /* every position, whatever the bits say */
};

/* Nothing found, with room for positions below end.
 *   ERR_NO_MEMORY  nothing changed */
MUST_USE enum err_code found_clear(struct found *found, uint64_t end);
void found_close(struct found *found);
/* Keep what both have found; neither is all. */
void found_keep(struct found *found, const struct found *other);

/* position is below end (not checked). */
static inline void found_add(struct found *found, uint64_t position)
{
    found->bits[position / 64] |= UINT64_C(1) << (position % 64);
}

static inline bool found_has(const struct found *found, uint64_t position)
{
    return found->all ||
           (position < found->end && (found->bits[position / 64] >> (position % 64) & 1) != 0);
}

#endif
