/* index_digests.h - a set that only answers "was exactly this added", 16 octets each, under a
 * random key. */
#ifndef KITH_STORE_INDEX_DIGESTS_H
#define KITH_STORE_INDEX_DIGESTS_H

#include "proto/err.h"
#include "proto/octets.h"

struct index_digest {
    uint8_t octets[16]; /* all zero: empty */
};

struct index_digests {
    struct index_digest *slots;
    size_t slots_cap; /* a power of two, or 0 */
    size_t count;
    uint8_t key[16];
};

void index_digests_init(struct index_digests *digests);
void index_digests_close(struct index_digests *digests);
bool index_digests_has(const struct index_digests *digests, struct octets what);
/*   ERR_NO_MEMORY  nothing changed */
MUST_USE enum err_code index_digests_add(struct index_digests *digests, struct octets what);

#endif
