/* run_format.h - how a run lies in its file (SPEC 10.9): what its writers and readers share.
 *
 *     file   = blocks of 4096 octets: for each family its data, then its directory; the tail last
 *     block  = ChaCha20-Poly1305-IETF(plain(4080), nonce, ad)
 *     nonce  = 0(4) u64 block number      ad = "kith/run/1" u64 run number, u8 family
 *
 * A directory names the first entry of each data block, and holds the family's filter. */
#ifndef KITH_STORE_RUN_FORMAT_H
#define KITH_STORE_RUN_FORMAT_H

#include "proto/fingerprint.h"
#include "store/block_cache.h"
#include "store/run_hash.h"

#define RUN_BLOCK_LEN 4096u
#define RUN_PLAIN_LEN BLOCK_CACHE_PLAIN_LEN
#define RUN_GROUP_MAX 64 /* entries of a set that share a running sum */

enum run_family {
    RUN_RECORDS,
    RUN_IDS,
    RUN_SETS,
    RUN_REFS,
    RUN_WORDS,
    RUN_EXPIRIES,
    RUN_FAMILIES_COUNT,
    RUN_DIRECTORY = 16, /* added to a family: its directory */
    RUN_TAIL = 255,
};

/* A group of a set's entries, decoded. */
struct run_set_group {
    struct run_set_name set;
    uint64_t rank;    /* entries of the set before this group */
    struct fold fold; /* of those */
    uint32_t count;   /* 1 to RUN_GROUP_MAX */
    uint64_t created_s[RUN_GROUP_MAX];
    uint32_t positions[RUN_GROUP_MAX];
};

#endif
