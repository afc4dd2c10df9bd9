/* run_format.h - how a run lies in its file (SPEC 10.13): what its writers and readers share.
 *
 *     file   = blocks of 4096 octets: for each family its data, then its directory; the tail last
 *     block  = ChaCha20-Poly1305-IETF(plain(4080), nonce, ad)
 *     nonce  = 0(4) u64 block number      ad = "kith/run/1" u64 run number, u8 family
 *
 * A directory holds lines (the filter of ids and of refs, the totals of large sets), and names the
 * first entry of each data block. */
#ifndef KITH_STORE_RUN_FORMAT_H
#define KITH_STORE_RUN_FORMAT_H

#include "proto/fingerprint.h"
#include "proto/octets.h"
#include "store/block_cache.h"
#include "store/run_hash.h"

#define RUN_BLOCK_LEN  4096u
#define RUN_PLAIN_LEN  BLOCK_CACHE_PLAIN_LEN
#define RUN_NONCE_LEN  12
#define RUN_AD_LEN     19
#define RUN_GROUP_MAX  32 /* entries of a set that share a running sum */
#define RUN_RECORD_LEN 38 /* id, created_s in 5 octets, state and flags in one */
#define RUN_HASH32_LEN 4
#define RUN_TIME_LEN   5
#define RUN_HASH_LEN   8

enum run_family {
    RUN_RECORDS,
    RUN_IDS,
    RUN_SETS,
    RUN_REFS,
    RUN_WORDS,
    RUN_EXPIRIES,
    RUN_FAMILIES_COUNT,
};
#define RUN_DIRECTORY 16u /* added to a family: its directory */
#define RUN_TAIL      255u

/* The octets of a family's fence: what its first entry in a block is sorted by. */
#define RUN_IDS_FENCE_LEN      RUN_HASH32_LEN
#define RUN_SETS_FENCE_LEN     (RUN_SET_NAME_LEN + RUN_TIME_LEN + 4 + 4) /* ... rank, position */
#define RUN_POSTINGS_FENCE_LEN (RUN_HASH_LEN + 4)
#define RUN_EXPIRIES_FENCE_LEN (RUN_TIME_LEN + 4)
#define RUN_FENCE_MAX          RUN_SETS_FENCE_LEN

/* The tail's plain octets. */
#define RUN_TAIL_MAGIC     "kithrun\x01"
#define RUN_TAIL_MAGIC_LEN 8
#define RUN_TAIL_PART_LEN  16 /* u32 blocks, u64 entries, u32 lines of the directory */
#define RUN_TAIL_PARTS     (RUN_TAIL_MAGIC_LEN + 8 + 4 + 4 + 8 + 8 + 4 + 4)
#define RUN_TAIL_LEN       (RUN_TAIL_PARTS + RUN_FAMILIES_COUNT * RUN_TAIL_PART_LEN)

/* A set of so many entries has a line in the directory: its name, u32 count, sum, zeros. */
#define RUN_TOTAL_MIN      512
#define RUN_LINE_LEN       64
#define RUN_SUM_LEN        32
#define RUN_TOTAL_COUNT_AT RUN_SET_NAME_LEN
#define RUN_TOTAL_SUM_AT   (RUN_SET_NAME_LEN + 4)

/* The first octet of a set's group: its count less one, and these. */
#define RUN_GROUP_NAMED  0x40u /* the set's name follows */
#define RUN_GROUP_RANKED 0x80u /* rank and sum of what comes before follow */

/* A group of a set's entries, decoded. */
struct run_set_group {
    struct run_set_name set;
    struct fold fold; /* of the set's entries before this group; fold.count is its rank */
    uint32_t count;   /* 1 to RUN_GROUP_MAX */
    uint64_t created_s[RUN_GROUP_MAX];
    uint32_t positions[RUN_GROUP_MAX]; /* relative to the run's first, as everywhere in the file */
};

size_t run_fence_len(enum run_family family);
/* How many octets a relative position has in the rows of ids, of a run of so many positions. */
size_t run_position_len(uint32_t positions_count);
uint32_t run_blocks_for(uint64_t rows_count, size_t row_len);

void run_nonce(uint8_t out[RUN_NONCE_LEN], uint32_t block);
void run_ad(uint8_t out[RUN_AD_LEN], uint64_t number, uint8_t family);

/* The sum of a fold as a big-endian number. */
void run_put_sum(uint8_t out[RUN_SUM_LEN], const struct fold *fold);
void run_get_sum(struct fold *fold, const uint8_t in[RUN_SUM_LEN]);

/* Numbers of at most 5 octets, big-endian. */
void run_put_number(uint8_t *out, uint64_t value, size_t len);
uint64_t run_get_number(const uint8_t *in, size_t len);

#define RUN_VARINT_MAX 6 /* octets: 42 bits */

/* base 128, least significant digit first, the top bit set on all digits but the last. */
static inline size_t run_put_varint(uint8_t *out, uint64_t value)
{
    size_t len = 0;
    while (value >= 0x80) {
        out[len++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[len++] = (uint8_t)value;
    return len;
}

/* False where it does not end within RUN_VARINT_MAX octets or before end. */
static inline bool run_get_varint(uint64_t *value, const uint8_t *in, size_t *at, size_t end)
{
    uint64_t got = 0;
    for (unsigned shift = 0; shift < 7 * RUN_VARINT_MAX && *at < end; shift += 7) {
        uint8_t digit = in[(*at)++];
        got |= (uint64_t)(digit & 0x7f) << shift;
        if (digit < 0x80) {
            *value = got;
            return true;
        }
    }
    return false;
}

/* 0, -1, 1, -2 ... as 0, 1, 2, 3 ... */
static inline uint64_t run_zigzag(int64_t value)
{
    return value < 0 ? ((uint64_t)(-(value + 1)) << 1) | 1 : (uint64_t)value << 1;
}

static inline int64_t run_unzigzag(uint64_t value)
{
    return (value & 1) != 0 ? -(int64_t)(value >> 1) - 1 : (int64_t)(value >> 1);
}

#endif
