/* negentropy_ids.h - the ids of one received list, to be struck off (SPEC 7).
 *
 * Pure; bounded work: sorting and finding take O(log count) per id whatever the peer sends. */
#ifndef KITH_PROTO_NEGENTROPY_IDS_H
#define KITH_PROTO_NEGENTROPY_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/key.h"

#define NEGENTROPY_IDS_MAX 4096 /* ids in a message, and ids reported by one step */

struct negentropy_ids {
    const uint8_t *wire; /* count ids of 32 octets, borrowed */
    size_t count;
    uint16_t order[NEGENTROPY_IDS_MAX];     /* indices, by id */
    uint8_t struck[NEGENTROPY_IDS_MAX / 8]; /* by place in order */
};

/* Take count (<= NEGENTROPY_IDS_MAX, asserted) ids from wire, which outlives *ids. */
void negentropy_ids_init(struct negentropy_ids *ids, const uint8_t *wire, size_t count);

/* Strike id off.  Says whether it is in the list. */
bool negentropy_ids_strike(struct negentropy_ids *ids, const struct post_id *id);

/* Write the ids never struck off, each once, in octet order, and (unless places is NULL) where each
 * stands in the list; both have room for count.  Gives how many. */
size_t negentropy_ids_left(const struct negentropy_ids *ids, struct post_id *out, uint16_t *places);

#endif
