/* negentropy_query.h - what reconciliation asks of a set of posts, and the answers (SPEC 7).
 *
 * The words between proto/negentropy.h, which decides what to read, and whoever holds the
 * sorted set.  Posts are ordered by (created_s, id), ids in octet order.  A range holds what is
 * >= lower and < upper.  Pure: no I/O, no allocation, no clock. */
#ifndef KITH_PROTO_NEGENTROPY_QUERY_H
#define KITH_PROTO_NEGENTROPY_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/fingerprint.h"
#include "proto/key.h"

#define NEGENTROPY_BUCKETS     16         /* a range is split into so many */
#define NEGENTROPY_SPLIT_MIN   32         /* fewer posts than this are listed instead */
#define NEGENTROPY_INFINITY_S  UINT64_MAX /* after every post; never a post's created_s */
#define NEGENTROPY_QUERIES_MAX 32         /* queries in a batch */

struct negentropy_item {
    uint64_t created_s; /* < NEGENTROPY_INFINITY_S */
    struct post_id id;
};

/* A place between posts.  The octets of id from prefix_len on are zero, so that a bound compares
 * like a post; prefix_len itself only says how much of it is sent. */
struct negentropy_bound {
    uint64_t created_s;
    struct post_id id;
    uint8_t prefix_len; /* 0 to 32 */
};

enum negentropy_query_kind {
    NEGENTROPY_FOLD,  /* the fold of the range */
    NEGENTROPY_SPLIT, /* the fold, and how the range splits, unless the other side has the same */
    NEGENTROPY_LIST   /* the posts of the range, first ones first */
};

struct negentropy_query {
    enum negentropy_query_kind kind;
    struct negentropy_bound lower; /* lower <= upper; equal bounds are an empty range */
    struct negentropy_bound upper;
    bool unless_equal;         /* SPLIT: if the fold's fingerprint is theirs, the fold is enough */
    struct fingerprint theirs; /* read only where unless_equal */
    bool opening;              /* SPLIT: as an opening, see negentropy_bucket_ends() */
    uint64_t salt;             /* of the opening: moves its bounds */
};

/* Queries about one set; they are answered in order. */
struct negentropy_batch {
    size_t queries_count;
    struct negentropy_query queries[NEGENTROPY_QUERIES_MAX];
};

enum negentropy_shape {
    NEGENTROPY_FOLDED,  /* FOLD; or SPLIT whose fingerprint equals theirs: fold alone is set */
    NEGENTROPY_LISTED,  /* LIST; or SPLIT with fewer than NEGENTROPY_SPLIT_MIN posts: items */
    NEGENTROPY_BUCKETED /* SPLIT with NEGENTROPY_SPLIT_MIN posts or more: buckets */
};

struct negentropy_bucket {
    struct fold fold;
    /* negentropy_bound_between() the bucket's last post and the next bucket's first; for the last
     * bucket the query's upper. */
    struct negentropy_bound upper;
};

struct negentropy_answer {
    enum negentropy_shape shape;
    struct fold fold;                    /* FOLD and SPLIT: of the whole range */
    const struct negentropy_item *items; /* LISTED: in order, inside the results' items */
    size_t items_count;
    bool more;              /* LIST: the range holds posts after these */
    unsigned buckets_count; /* BUCKETED */
    struct negentropy_bucket buckets[NEGENTROPY_BUCKETS]; /* as negentropy_bucket_ends() has them */
};

/* Answers to the first answers_count queries of a batch.  Whoever answers stops early, and sets
 * `more` in the last answer if that is a LIST, when items would not fit any more; the rest is
 * asked again.  Only progress is owed: the first query of a batch is always answered, a first
 * LIST with at least one post if the range has any.  items_cap is 32 to 4096. */
struct negentropy_results {
    size_t answers_count;
    struct negentropy_answer answers[NEGENTROPY_QUERIES_MAX];
    struct negentropy_item *items; /* room for listed posts, owned by the caller */
    size_t items_count;
    size_t items_cap;
};

/* How much it was to find these answers, whoever found them: a step for the batch's beginning (4),
 * each range (1), each bucket (1) and 32 posts listed (1).  It depends on the questions and the set
 * alone. */
uint32_t negentropy_results_steps(const struct negentropy_results *results);

/* The place before every post, and the place after every post. */
struct negentropy_bound negentropy_bound_zero(void);
struct negentropy_bound negentropy_bound_infinity(void);

/* The bound exactly at item, which item is not below. */
struct negentropy_bound negentropy_bound_at(const struct negentropy_item *item);

/* The shortest bound that is above before and not above first.  before < first. */
struct negentropy_bound negentropy_bound_between(const struct negentropy_item *before,
                                                 const struct negentropy_item *first);

/* < 0, 0 or > 0 as a is below, at or above b. */
int negentropy_bound_compare(const struct negentropy_bound *a, const struct negentropy_bound *b);
int negentropy_item_compare(const struct negentropy_item *a, const struct negentropy_item *b);
/* < 0 where item is below bound, else >= 0. */
int negentropy_item_compare_bound(const struct negentropy_item *item,
                                  const struct negentropy_bound *bound);

/* Where the buckets of a range of count posts end (count >= NEGENTROPY_SPLIT_MIN, asserted), each
 * at least one post behind the one before, the last at count.  Gives how many there are.
 *
 * As the reference has it: NEGENTROPY_BUCKETS, as even as can be, the first ones taking one more.
 * An opening: fewer, finer towards the newest posts, since that is where two nodes that were apart
 * differ; each end is moved a little by the salt, so that nobody knows beforehand where the bounds
 * are going to be (SPEC 7.3). */
unsigned negentropy_bucket_ends(uint64_t ends[NEGENTROPY_BUCKETS],
                                const struct negentropy_query *query, uint64_t count);

#endif
