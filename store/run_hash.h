/* run_hash.h - what stands in a run for ids, tags, authors and words (SPEC 10.13).
 *
 * All under keys derived from the store's key: whoever lacks it can neither craft two that collide
 * nor tell what a name stands for.  Pure: no I/O, no allocation. */
#ifndef KITH_STORE_RUN_HASH_H
#define KITH_STORE_RUN_HASH_H

#include "proto/key.h"
#include "proto/octets.h"
#include "proto/set.h"
#include "store/seal.h"

#define RUN_SET_NAME_LEN 16

/* Secret.  run_hash_close() wipes it. */
struct run_hash {
    uint8_t id_key[16];   /* SipHash-2-4 */
    uint8_t word_key[16]; /* SipHash-2-4 */
    uint8_t set_key[16];  /* SipHash-2-4 with 128 bits */
};

/* The name of a set of posts: one that nodes reconcile (proto/set.h), or, for this node alone, an
 * author's posts and an author's profiles. */
struct run_set_name {
    uint8_t octets[RUN_SET_NAME_LEN];
};

void run_hash_init(struct run_hash *hash, const uint8_t store_key[SEAL_KEY_LEN]);
void run_hash_close(struct run_hash *hash);

/* For looking an id up, as a post's own or as what others refer to.  Made once, it serves every
 * run of a store. */
uint64_t run_hash_id(const struct run_hash *hash, const struct post_id *id);
/* word is in whatever normal form the search has; it may be empty. */
uint64_t run_hash_word(const struct run_hash *hash, struct octets word);

/* set is a number of proto/set.h. */
struct run_set_name run_set_of(const struct run_hash *hash, uint32_t set);
struct run_set_name run_set_author(const struct run_hash *hash, const struct key *author);
struct run_set_name run_set_profiles(const struct run_hash *hash, const struct key *author);
/* What of an author's stands (post_stands()). */
struct run_set_name run_set_stands(const struct run_hash *hash, const struct key *author);

#endif
