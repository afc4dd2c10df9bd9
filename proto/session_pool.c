#include "proto/session_pool.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

void session_buffer_wipe(struct session_buffer *buffer)
{
    if (buffer != NULL) {
        sodium_memzero(buffer->octets, buffer->touched_len);
    }
}

static void drop(struct session_buffer *buffer)
{
    session_buffer_wipe(buffer);
    free(buffer);
}

void session_pool_close(struct session_pool *pool)
{
    assert(pool->lent_len == 0);
    for (int kind = 0; kind < SESSION_BUFFER_KINDS; kind++) {
        while (pool->kept[kind] != NULL) {
            struct session_buffer *buffer = pool->kept[kind];
            pool->kept[kind] = buffer->next;
            drop(buffer);
        }
    }
    pool->kept_len = 0;
}

struct session_buffer *session_pool_take(struct session_pool *pool, enum session_buffer_kind kind,
                                         size_t cap)
{
    struct session_buffer *buffer = pool != NULL ? pool->kept[kind] : NULL;
    if (buffer != NULL) {
        pool->kept[kind] = buffer->next;
        pool->kept_len -= buffer->touched_len;
        pool->lent_len += buffer->touched_len;
    } else {
        buffer = malloc(sizeof *buffer + cap);
        if (buffer != NULL) {
            buffer->touched_len = 0;
        }
    }
    return buffer;
}

void session_pool_give(struct session_pool *pool, enum session_buffer_kind kind,
                       struct session_buffer *buffer)
{
    if (buffer == NULL) {
        return;
    }
    if (pool != NULL) {
        assert(pool->lent_len >= buffer->touched_len);
        pool->lent_len -= buffer->touched_len;
    }
    if (pool == NULL || pool->kept_len + buffer->touched_len > pool->kept_max) {
        drop(buffer);
        return;
    }
    pool->kept_len += buffer->touched_len;
    buffer->next = pool->kept[kind];
    pool->kept[kind] = buffer;
}

void session_pool_touch(struct session_pool *pool, struct session_buffer *buffer, size_t len)
{
    if (len <= buffer->touched_len) {
        return;
    }
    if (pool != NULL) {
        pool->lent_len += len - buffer->touched_len;
    }
    buffer->touched_len = len;
}
