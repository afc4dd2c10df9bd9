#include <sodium.h>
#include <stdlib.h>

#include "proto/broadcast_inner.h"

uint64_t broadcast_hash(const struct broadcast *b, const struct post_id *id)
{
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, id->octets, POST_ID_LEN, b->config.seed);
    return octets_get_u64be(hash);
}

static struct seen *set_of(const struct broadcast *b, uint64_t hash)
{
    uint32_t sets_count = b->config.seen_max / SEEN_WAYS;
    return &b->seen[(hash & (sets_count - 1)) * SEEN_WAYS];
}

struct seen *seen_find(const struct broadcast *b, const struct post_id *id)
{
    if (b->seen == NULL) {
        return NULL;
    }
    uint64_t hash = broadcast_hash(b, id);
    struct seen *set = set_of(b, hash);
    for (uint32_t way = 0; way < SEEN_WAYS; way++) {
        if (set[way].used && set[way].hash == hash) {
            return &set[way];
        }
    }
    return NULL;
}

static struct seen *oldest_of(const struct broadcast *b, struct seen *set)
{
    struct seen *oldest = &set[0];
    for (uint32_t way = 0; way < SEEN_WAYS; way++) {
        if (!set[way].used) {
            return &set[way];
        }
        if ((uint16_t)(b->stamp - set[way].stamp) > (uint16_t)(b->stamp - oldest->stamp)) {
            oldest = &set[way];
        }
    }
    return oldest;
}

void seen_add(struct broadcast *b, const struct post_id *id, uint32_t from, uint8_t hops)
{
    if (b->seen == NULL) {
        b->seen = calloc(b->config.seen_max, sizeof *b->seen);
    }
    if (b->seen == NULL || seen_find(b, id) != NULL) {
        return;
    }
    uint64_t hash = broadcast_hash(b, id);
    *oldest_of(b, set_of(b, hash)) =
        (struct seen){.hash = hash, .from = from, .stamp = b->stamp++, .hops = hops, .used = true};
}

void seen_forget_link(struct broadcast *b, uint32_t link)
{
    for (uint32_t i = 0; b->seen != NULL && i < b->config.seen_max; i++) {
        if (b->seen[i].from == link) {
            b->seen[i].from = BROADCAST_NOBODY;
        }
    }
}
