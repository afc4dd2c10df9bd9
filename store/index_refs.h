/* index_refs.h - from what is referred to, to the places that refer to it, in memory.
 *
 * Under keyed hashes (store/run_hash.h), so that nobody can choose what collides. */
#ifndef KITH_STORE_INDEX_REFS_H
#define KITH_STORE_INDEX_REFS_H

#include <stddef.h>

#include "store/index_row.h"

struct index_refs_entry {
    struct index_ref ref;
    uint32_t place;
    uint32_t before_above; /* the entry before with the same subject, + 1; 0: none */
};

/* Zeroed, it is empty. */
struct index_refs {
    struct index_refs_entry *entries;
    size_t count;
    size_t cap;
    uint32_t *slots;  /* the last entry of each subject, + 1; 0: empty */
    size_t slots_cap; /* a power of two, or 0 */
};

void index_refs_close(struct index_refs *refs);
/* Room for more entries.
 *   ERR_NO_MEMORY  nothing changed */
MUST_USE enum err_code index_refs_reserve(struct index_refs *refs, size_t more_count);
/* Its room was reserved (asserted). */
void index_refs_add(struct index_refs *refs, const struct index_ref *ref, uint32_t place);

/* Walk what refers to a subject, the latest first: begin with NULL; NULL at the end. */
const struct index_refs_entry *index_refs_next(const struct index_refs *refs,
                                               const struct index_refs_entry *entry,
                                               uint64_t subject_hash);

#endif
