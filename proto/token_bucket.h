/* token_bucket.h - how much somebody may cost, over time.
 *
 * What is done is taken afterwards, so that a bucket may fall into debt: then its owner waits, and
 * nothing is dropped.  Pure; times are of one monotonic clock. */
#ifndef KITH_PROTO_TOKEN_BUCKET_H
#define KITH_PROTO_TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct token_rate {
    uint32_t per_s; /* at least 1 */
    uint32_t burst; /* what may be saved up */
};

struct token_bucket {
    int64_t level_milli; /* thousandths of a token; below 0: debt */
    uint64_t at_ms;
};

/* Full. */
void token_bucket_init(struct token_bucket *bucket, const struct token_rate *rate, uint64_t now_ms);
void token_bucket_take(struct token_bucket *bucket, const struct token_rate *rate, uint32_t count,
                       uint64_t now_ms);
/* Until it is out of debt; 0 if it is in none. */
uint64_t token_bucket_wait_ms(const struct token_bucket *bucket, const struct token_rate *rate,
                              uint64_t now_ms);
/* Whether it says nothing about the past any more. */
bool token_bucket_is_full(const struct token_bucket *bucket, const struct token_rate *rate,
                          uint64_t now_ms);

#endif
