#include "store/store_recent.h"

#include <sodium.h>
#include <stdlib.h>

#define OCTETS_MAX ((size_t)1 << 20)
#define POSTS_MAX  2048

/* One that is of the same place among POSTS_MAX, or whose octets are written over, is forgotten. */
struct recent_post {
    uint64_t position;
    uint64_t begin; /* of all octets there ever were */
    size_t len;     /* 0: none */
    struct post_id id;
};

struct store_recent_held {
    struct recent_post posts[POSTS_MAX];
    uint64_t end; /* of all octets there ever were */
    uint8_t octets[OCTETS_MAX];
};

enum err_code store_recent_init(struct store_recent *recent, bool kept)
{
    *recent = (struct store_recent){.kept = kept};
    return pthread_mutex_init(&recent->lock, NULL) == 0 ? ERR_OK : ERR_NO_MEMORY;
}

void store_recent_close(struct store_recent *recent)
{
    store_recent_drop(recent);
    (void)pthread_mutex_destroy(&recent->lock);
}

/* A post's octets stand together: what would go over the end begins at the front. */
static void hold(struct store_recent_held *held, uint64_t position, const struct post_id *id,
                 struct octets wire)
{
    size_t at = (size_t)(held->end % OCTETS_MAX);
    uint64_t begin = OCTETS_MAX - at < wire.len ? held->end + (OCTETS_MAX - at) : held->end;
    memcpy(held->octets + begin % OCTETS_MAX, wire.at, wire.len);
    held->end = begin + wire.len;
    held->posts[position % POSTS_MAX] =
        (struct recent_post){.position = position, .begin = begin, .len = wire.len, .id = *id};
}

void store_recent_add(struct store_recent *recent, uint64_t position, const struct post_id *id,
                      struct octets wire)
{
    if (!recent->kept || wire.len == 0 || wire.len > OCTETS_MAX) {
        return;
    }
    (void)pthread_mutex_lock(&recent->lock);
    if (recent->held == NULL) {
        recent->held = calloc(1, sizeof *recent->held);
    }
    if (recent->held != NULL) {
        hold(recent->held, position, id, wire);
    }
    (void)pthread_mutex_unlock(&recent->lock);
}

static bool give(const struct store_recent_held *held, struct octets_room *wire, uint64_t position,
                 const struct post_id *id)
{
    const struct recent_post *post = &held->posts[position % POSTS_MAX];
    if (post->len == 0 || post->position != position || post->begin + OCTETS_MAX < held->end ||
        post->len > wire->cap || !post_id_equal(&post->id, id)) {
        return false;
    }
    memcpy(wire->at, held->octets + post->begin % OCTETS_MAX, post->len);
    wire->len = post->len;
    return true;
}

bool store_recent_get(struct store_recent *recent, struct octets_room *wire, uint64_t position,
                      const struct post_id *id)
{
    if (!recent->kept) {
        return false;
    }
    (void)pthread_mutex_lock(&recent->lock);
    bool given = recent->held != NULL && give(recent->held, wire, position, id);
    (void)pthread_mutex_unlock(&recent->lock);
    return given;
}

bool store_recent_id(struct store_recent *recent, struct post_id *id, uint64_t position)
{
    if (!recent->kept) {
        return false;
    }
    (void)pthread_mutex_lock(&recent->lock);
    const struct store_recent_held *held = recent->held;
    bool found = held != NULL && held->posts[position % POSTS_MAX].len > 0 &&
                 held->posts[position % POSTS_MAX].position == position;
    if (found) {
        *id = held->posts[position % POSTS_MAX].id;
    }
    (void)pthread_mutex_unlock(&recent->lock);
    return found;
}

void store_recent_drop(struct store_recent *recent)
{
    (void)pthread_mutex_lock(&recent->lock);
    if (recent->held != NULL) {
        uint64_t end = recent->held->end; /* what was never touched takes no memory yet */
        sodium_memzero(recent->held->octets, end < OCTETS_MAX ? (size_t)end : OCTETS_MAX);
        sodium_memzero(recent->held->posts, sizeof recent->held->posts);
    }
    free(recent->held);
    recent->held = NULL;
    (void)pthread_mutex_unlock(&recent->lock);
}
