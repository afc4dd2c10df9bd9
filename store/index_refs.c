#include "store/index_refs.h"

#include <assert.h>
#include <stdlib.h>

#define ENTRIES_MIN 64

void index_refs_close(struct index_refs *refs)
{
    free(refs->entries);
    free(refs->slots);
    *refs = (struct index_refs){0};
}

/* The slot of this subject, or the empty one where it would stand.  There is always an empty one.
 */
static size_t probe(const struct index_refs *refs, uint64_t subject_hash)
{
    size_t mask = refs->slots_cap - 1;
    size_t at = (size_t)subject_hash & mask;
    while (refs->slots[at] != 0 &&
           refs->entries[refs->slots[at] - 1].ref.subject_hash != subject_hash) {
        at = (at + 1) & mask;
    }
    return at;
}

enum err_code index_refs_reserve(struct index_refs *refs, size_t more_count)
{
    size_t cap = refs->cap == 0 ? ENTRIES_MIN : refs->cap;
    while (cap < refs->count + more_count) {
        cap *= 2;
    }
    if (cap == refs->cap) {
        return ERR_OK;
    }
    struct index_refs_entry *entries = calloc(cap, sizeof *entries);
    uint32_t *slots = calloc(cap * 2, sizeof *slots);
    if (entries == NULL || slots == NULL) {
        free(entries);
        free(slots);
        return ERR_NO_MEMORY;
    }
    struct index_refs grown = {
        .entries = entries, .cap = cap, .slots = slots, .slots_cap = cap * 2};
    for (size_t i = 0; i < refs->count; i++) {
        index_refs_add(&grown, &refs->entries[i].ref, refs->entries[i].place);
    }
    index_refs_close(refs);
    *refs = grown;
    return ERR_OK;
}

void index_refs_add(struct index_refs *refs, const struct index_ref *ref, uint32_t place)
{
    assert(refs->count < refs->cap);
    uint32_t *slot = &refs->slots[probe(refs, ref->subject_hash)];
    refs->entries[refs->count++] =
        (struct index_refs_entry){.ref = *ref, .place = place, .before_above = *slot};
    *slot = (uint32_t)refs->count;
}

const struct index_refs_entry *index_refs_next(const struct index_refs *refs,
                                               const struct index_refs_entry *entry,
                                               uint64_t subject_hash)
{
    if (refs->count == 0) {
        return NULL;
    }
    uint32_t above = entry == NULL ? refs->slots[probe(refs, subject_hash)] : entry->before_above;
    return above == 0 ? NULL : &refs->entries[above - 1];
}
