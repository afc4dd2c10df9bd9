#include "proto/token_bucket.h"

#include <assert.h>

#define MILLI 1000

static int64_t level_at(const struct token_bucket *bucket, const struct token_rate *rate,
                        uint64_t now_ms)
{
    int64_t full = (int64_t)rate->burst * MILLI;
    uint64_t passed_ms = now_ms > bucket->at_ms ? now_ms - bucket->at_ms : 0;
    int64_t missing = full - bucket->level_milli;
    /* A token a second is a thousandth a millisecond; compared so that nothing overflows. */
    if (passed_ms >= (uint64_t)missing / rate->per_s + 1) {
        return full;
    }
    int64_t level = bucket->level_milli + (int64_t)(passed_ms * rate->per_s);
    return level < full ? level : full;
}

void token_bucket_init(struct token_bucket *bucket, const struct token_rate *rate, uint64_t now_ms)
{
    assert(rate->per_s > 0);
    *bucket = (struct token_bucket){.level_milli = (int64_t)rate->burst * MILLI, .at_ms = now_ms};
}

void token_bucket_take(struct token_bucket *bucket, const struct token_rate *rate, uint32_t count,
                       uint64_t now_ms)
{
    bucket->level_milli = level_at(bucket, rate, now_ms) - (int64_t)count * MILLI;
    bucket->at_ms = now_ms;
}

uint64_t token_bucket_wait_ms(const struct token_bucket *bucket, const struct token_rate *rate,
                              uint64_t now_ms)
{
    int64_t level = level_at(bucket, rate, now_ms);
    return level >= 0 ? 0 : ((uint64_t)-level + rate->per_s - 1) / rate->per_s;
}

bool token_bucket_is_full(const struct token_bucket *bucket, const struct token_rate *rate,
                          uint64_t now_ms)
{
    return level_at(bucket, rate, now_ms) == (int64_t)rate->burst * MILLI;
}
