#include "store/block_cache.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS_MAX 65536
#define NONE       UINT32_MAX

struct slot {
    uint64_t owner; /* 0: empty */
    uint32_t block;
    uint32_t chain; /* the next slot of its bucket */
    uint32_t newer; /* the list by use, from the oldest to the newest */
    uint32_t older;
    uint8_t *plain;
};

struct block_cache {
    pthread_mutex_t lock; /* all below; never held over a file call */
    uint64_t owners_count;
    uint32_t slots_cap;
    uint32_t slots_count; /* the first slots_count have a block's room */
    uint32_t oldest;
    uint32_t newest;
    uint32_t buckets_mask;
    struct slot *slots; /* NULL until the first block */
    uint32_t *buckets;
};

enum err_code block_cache_new(struct block_cache **cache, uint32_t blocks_max)
{
    assert(blocks_max >= 1 && blocks_max <= BLOCKS_MAX);
    struct block_cache *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return ERR_NO_MEMORY;
    }
    if (pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        return ERR_NO_MEMORY;
    }
    made->slots_cap = blocks_max;
    uint32_t buckets = 1;
    while (buckets < blocks_max) {
        buckets *= 2;
    }
    made->buckets_mask = buckets - 1;
    made->oldest = NONE;
    made->newest = NONE;
    *cache = made;
    return ERR_OK;
}

static void drop(struct block_cache *cache)
{
    for (uint32_t i = 0; i < cache->slots_count; i++) {
        sodium_memzero(cache->slots[i].plain, BLOCK_CACHE_PLAIN_LEN);
        free(cache->slots[i].plain);
    }
    free(cache->slots);
    free(cache->buckets);
    cache->slots = NULL;
    cache->buckets = NULL;
    cache->slots_count = 0;
    cache->oldest = NONE;
    cache->newest = NONE;
}

void block_cache_free(struct block_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    drop(cache);
    (void)pthread_mutex_destroy(&cache->lock);
    free(cache);
}

uint64_t block_cache_owner(struct block_cache *cache)
{
    (void)pthread_mutex_lock(&cache->lock);
    uint64_t owner = ++cache->owners_count;
    (void)pthread_mutex_unlock(&cache->lock);
    return owner;
}

static uint32_t *bucket_of(const struct block_cache *cache, uint64_t owner, uint32_t block)
{
    uint64_t mixed = (owner * UINT64_C(0x9e3779b97f4a7c15)) ^ block;
    mixed *= UINT64_C(0xd6e8feb86659fd93);
    return &cache->buckets[(uint32_t)(mixed >> 40) & cache->buckets_mask];
}

static uint32_t find(const struct block_cache *cache, uint64_t owner, uint32_t block)
{
    if (cache->slots == NULL) {
        return NONE;
    }
    uint32_t at = *bucket_of(cache, owner, block);
    while (at != NONE && (cache->slots[at].owner != owner || cache->slots[at].block != block)) {
        at = cache->slots[at].chain;
    }
    return at;
}

static void unlink_use(struct block_cache *cache, uint32_t at)
{
    struct slot *slot = &cache->slots[at];
    *(slot->older == NONE ? &cache->oldest : &cache->slots[slot->older].newer) = slot->newer;
    *(slot->newer == NONE ? &cache->newest : &cache->slots[slot->newer].older) = slot->older;
}

static void link_newest(struct block_cache *cache, uint32_t at)
{
    struct slot *slot = &cache->slots[at];
    slot->newer = NONE;
    slot->older = cache->newest;
    *(cache->newest == NONE ? &cache->oldest : &cache->slots[cache->newest].newer) = at;
    cache->newest = at;
}

static void unlink_bucket(struct block_cache *cache, uint32_t at)
{
    struct slot *slot = &cache->slots[at];
    if (slot->owner == 0) {
        return;
    }
    uint32_t *link = bucket_of(cache, slot->owner, slot->block);
    while (*link != at) {
        link = &cache->slots[*link].chain;
    }
    *link = slot->chain;
    slot->owner = 0;
}

bool block_cache_get(struct block_cache *cache, uint8_t *out, uint64_t owner, uint32_t block,
                     size_t offset, size_t len)
{
    assert(offset <= BLOCK_CACHE_PLAIN_LEN && len <= BLOCK_CACHE_PLAIN_LEN - offset);
    (void)pthread_mutex_lock(&cache->lock);
    uint32_t at = find(cache, owner, block);
    if (at != NONE) {
        if (at != cache->newest) {
            unlink_use(cache, at);
            link_newest(cache, at);
        }
        memcpy(out, cache->slots[at].plain + offset, len);
    }
    (void)pthread_mutex_unlock(&cache->lock);
    return at != NONE;
}

static bool begin(struct block_cache *cache)
{
    if (cache->slots != NULL) {
        return true;
    }
    cache->slots = calloc(cache->slots_cap, sizeof *cache->slots);
    cache->buckets = malloc(((size_t)cache->buckets_mask + 1) * sizeof *cache->buckets);
    if (cache->slots == NULL || cache->buckets == NULL) {
        drop(cache);
        return false;
    }
    memset(cache->buckets, 0xff, ((size_t)cache->buckets_mask + 1) * sizeof *cache->buckets);
    return true;
}

/* A slot in no bucket and not in the list by use, with room for a block; or NONE. */
static uint32_t free_slot(struct block_cache *cache)
{
    if (cache->slots_count < cache->slots_cap) {
        uint8_t *plain = malloc(BLOCK_CACHE_PLAIN_LEN);
        if (plain != NULL) {
            cache->slots[cache->slots_count].plain = plain;
            return cache->slots_count++;
        }
    }
    uint32_t at = cache->oldest;
    if (at != NONE) {
        unlink_bucket(cache, at);
        unlink_use(cache, at);
    }
    return at;
}

static void put(struct block_cache *cache, uint64_t owner, uint32_t block, const uint8_t *plain)
{
    if (!begin(cache) || find(cache, owner, block) != NONE) {
        return;
    }
    uint32_t at = free_slot(cache);
    if (at == NONE) {
        return;
    }
    struct slot *slot = &cache->slots[at];
    uint32_t *bucket = bucket_of(cache, owner, block);
    slot->owner = owner;
    slot->block = block;
    slot->chain = *bucket;
    *bucket = at;
    link_newest(cache, at);
    memcpy(slot->plain, plain, BLOCK_CACHE_PLAIN_LEN);
}

void block_cache_put(struct block_cache *cache, uint64_t owner, uint32_t block,
                     const uint8_t *plain)
{
    assert(owner != 0);
    (void)pthread_mutex_lock(&cache->lock);
    put(cache, owner, block, plain);
    (void)pthread_mutex_unlock(&cache->lock);
}

void block_cache_forget(struct block_cache *cache, uint64_t owner)
{
    (void)pthread_mutex_lock(&cache->lock);
    for (uint32_t i = 0; i < cache->slots_count; i++) {
        if (cache->slots[i].owner == owner) {
            unlink_bucket(cache, i); /* stays in the list by use, empty */
            sodium_memzero(cache->slots[i].plain, BLOCK_CACHE_PLAIN_LEN);
        }
    }
    (void)pthread_mutex_unlock(&cache->lock);
}

void block_cache_drop(struct block_cache *cache)
{
    (void)pthread_mutex_lock(&cache->lock);
    drop(cache);
    (void)pthread_mutex_unlock(&cache->lock);
}
