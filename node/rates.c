#include "node/rates.h"

#include <assert.h>

#include "proto/message.h"

void rates_init(struct rates *rates, const struct token_rate limits[RATE_KINDS], uint64_t now_ms)
{
    for (int kind = 0; kind < RATE_KINDS; kind++) {
        token_bucket_init(&rates->buckets[kind], &limits[kind], now_ms);
    }
}

void rates_take(struct rates *rates, const struct token_rate limits[RATE_KINDS],
                enum rate_kind kind, uint32_t count, uint64_t now_ms)
{
    token_bucket_take(&rates->buckets[kind], &limits[kind], count, now_ms);
}

uint32_t rates_posts_in(const struct frame *frame)
{
    struct message_posts posts;
    bool holds_posts =
        frame->type == FRAME_POSTS && message_posts_begin(&posts, frame->payload) == ERR_OK;
    return holds_posts ? posts.left_count : 0;
}

uint64_t rates_wait_ms(const struct rates *rates, const struct token_rate limits[RATE_KINDS],
                       uint64_t now_ms)
{
    uint64_t longest_ms = 0;
    for (int kind = 0; kind < RATE_KINDS; kind++) {
        uint64_t wait_ms = token_bucket_wait_ms(&rates->buckets[kind], &limits[kind], now_ms);
        longest_ms = wait_ms > longest_ms ? wait_ms : longest_ms;
    }
    return longest_ms;
}

static bool is_at_rest(const struct rates_group *group, uint64_t now_ms)
{
    bool full = true;
    for (int kind = 0; kind < RATE_KINDS; kind++) {
        full = full &&
               token_bucket_is_full(&group->rates.buckets[kind], &rates_of_group[kind], now_ms);
    }
    return full;
}

/* 0 cannot be had, else the better the higher. */
static int worth(const struct rates_group *group, uint64_t now_ms)
{
    if (!group->in_use) {
        return 3;
    }
    if (group->conns_count > 0) {
        return 0;
    }
    return is_at_rest(group, now_ms) ? 2 : 1;
}

struct rates_group *rates_join(struct rates_table *table, uint64_t group, uint64_t now_ms)
{
    struct rates_group *place = NULL;
    int place_worth = 0;
    for (size_t i = 0; i < table->groups_max; i++) {
        struct rates_group *at = &table->groups[i];
        if (at->in_use && at->group == group) {
            at->conns_count++;
            return at;
        }
        if (place_worth < 2 && worth(at, now_ms) > place_worth) {
            place = at;
            place_worth = worth(at, now_ms);
        }
    }
    if (place != NULL) {
        *place = (struct rates_group){.group = group, .conns_count = 1, .in_use = true};
        rates_init(&place->rates, rates_of_group, now_ms);
    }
    return place;
}

void rates_leave(struct rates_group *group)
{
    if (group != NULL) {
        assert(group->conns_count > 0);
        group->conns_count--;
    }
}
