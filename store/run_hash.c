#include "store/run_hash.h"

#include <sodium.h>

#define CONTEXT "kithruns"

_Static_assert(crypto_shorthash_KEYBYTES == 16, "the keys in run_hash.h");
_Static_assert(crypto_shorthash_BYTES == 8, "a hash has 64 bits");
_Static_assert(crypto_shorthash_siphashx24_KEYBYTES == 16, "the key of names in run_hash.h");
_Static_assert(crypto_shorthash_siphashx24_BYTES == RUN_SET_NAME_LEN, "a name in run_hash.h");

enum set_kind { KIND_SHARED = 0, KIND_AUTHOR = 1, KIND_PROFILES = 2, KIND_STANDS = 3 };

void run_hash_init(struct run_hash *hash, const uint8_t store_key[SEAL_KEY_LEN])
{
    uint8_t key[SEAL_KEY_LEN];
    seal_derive(key, store_key, CONTEXT, 1);
    memcpy(hash->id_key, key, sizeof hash->id_key);
    memcpy(hash->word_key, key + sizeof hash->id_key, sizeof hash->word_key);
    seal_derive(key, store_key, CONTEXT, 2);
    memcpy(hash->set_key, key, sizeof hash->set_key);
    sodium_memzero(key, sizeof key);
}

void run_hash_close(struct run_hash *hash)
{
    sodium_memzero(hash, sizeof *hash);
}

static uint64_t short_hash(struct octets octets, const uint8_t key[16])
{
    uint8_t out[crypto_shorthash_BYTES];
    (void)crypto_shorthash(out, octets.at, octets.len, key);
    return octets_get_u64be(out);
}

uint64_t run_hash_id(const struct run_hash *hash, const struct post_id *id)
{
    return short_hash(octets_of(id->octets, POST_ID_LEN), hash->id_key);
}

uint64_t run_hash_word(const struct run_hash *hash, struct octets word)
{
    return short_hash(word, hash->word_key);
}

/* Most posts are by somebody else than the ones before, so this is made for nearly each. */
static struct run_set_name name_of(const struct run_hash *hash, enum set_kind kind,
                                   struct octets what)
{
    struct run_set_name name;
    uint8_t octets[1 + KEY_LEN];
    assert(what.len <= KEY_LEN);
    octets[0] = (uint8_t)kind;
    memcpy(octets + 1, what.at, what.len);
    (void)crypto_shorthash_siphashx24(name.octets, octets, 1 + what.len, hash->set_key);
    return name;
}

struct run_set_name run_set_of(const struct run_hash *hash, uint32_t set)
{
    uint8_t number[2] = {(uint8_t)(set >> 8), (uint8_t)set};
    return name_of(hash, KIND_SHARED, octets_of(number, sizeof number));
}

struct run_set_name run_set_author(const struct run_hash *hash, const struct key *author)
{
    return name_of(hash, KIND_AUTHOR, octets_of(author->octets, KEY_LEN));
}

struct run_set_name run_set_profiles(const struct run_hash *hash, const struct key *author)
{
    return name_of(hash, KIND_PROFILES, octets_of(author->octets, KEY_LEN));
}

struct run_set_name run_set_stands(const struct run_hash *hash, const struct key *author)
{
    return name_of(hash, KIND_STANDS, octets_of(author->octets, KEY_LEN));
}
