#include "store/index_digests.h"

#include <sodium.h>
#include <stdlib.h>

#define SLOTS_MIN 64

_Static_assert(crypto_shorthash_siphashx24_BYTES == 16, "struct index_digest");
_Static_assert(crypto_shorthash_siphashx24_KEYBYTES == 16, "the key in index_digests.h");

static const struct index_digest empty;

void index_digests_init(struct index_digests *digests)
{
    *digests = (struct index_digests){0};
    randombytes_buf(digests->key, sizeof digests->key);
}

void index_digests_close(struct index_digests *digests)
{
    free(digests->slots);
    digests->slots = NULL;
    digests->slots_cap = 0;
    digests->count = 0;
}

static bool same(const struct index_digest *a, const struct index_digest *b)
{
    return memcmp(a->octets, b->octets, sizeof a->octets) == 0;
}

static struct index_digest digest_of(const struct index_digests *digests, struct octets what)
{
    struct index_digest digest;
    (void)crypto_shorthash_siphashx24(digest.octets, what.at, what.len, digests->key);
    return digest;
}

static size_t probe(const struct index_digest *slots, size_t cap, const struct index_digest *digest)
{
    uint64_t hash;
    memcpy(&hash, digest->octets, sizeof hash);
    size_t at = (size_t)hash & (cap - 1);
    while (!same(&slots[at], &empty) && !same(&slots[at], digest)) {
        at = (at + 1) & (cap - 1);
    }
    return at;
}

bool index_digests_has(const struct index_digests *digests, struct octets what)
{
    if (digests->count == 0) {
        return false;
    }
    struct index_digest digest = digest_of(digests, what);
    return !same(&digests->slots[probe(digests->slots, digests->slots_cap, &digest)], &empty);
}

static enum err_code grow(struct index_digests *digests)
{
    size_t cap = digests->slots_cap == 0 ? SLOTS_MIN : digests->slots_cap * 2;
    struct index_digest *slots = calloc(cap, sizeof *slots);
    if (slots == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < digests->slots_cap; i++) {
        if (!same(&digests->slots[i], &empty)) {
            slots[probe(slots, cap, &digests->slots[i])] = digests->slots[i];
        }
    }
    free(digests->slots);
    digests->slots = slots;
    digests->slots_cap = cap;
    return ERR_OK;
}

enum err_code index_digests_add(struct index_digests *digests, struct octets what)
{
    if ((digests->count + 1) * 4 > digests->slots_cap * 3) {
        enum err_code rc = grow(digests);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    struct index_digest digest = digest_of(digests, what);
    size_t at = probe(digests->slots, digests->slots_cap, &digest);
    if (same(&digests->slots[at], &empty)) {
        digests->slots[at] = digest;
        digests->count++;
    }
    return ERR_OK;
}
