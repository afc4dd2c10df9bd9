/* session_pool.h - buffers that the sessions of one thread share.
 *
 * A session at rest has no buffer: it takes one when octets come or are to leave, and gives it back
 * when it is empty.  So a thousand connections that say nothing cost nothing here, and those that
 * are served one after another use the same memory.
 *
 * The pool counts what is lent, by the octets of it that were ever written (pages never reached
 * cost nothing); its owner looks at that and decides who has to go.  It keeps some of what comes
 * back. Wherever a pool may be given, NULL stands for one that keeps nothing. */
#ifndef KITH_PROTO_SESSION_POOL_H
#define KITH_PROTO_SESSION_POOL_H

#include <stddef.h>
#include <stdint.h>

enum session_buffer_kind { SESSION_BUFFER_INPUT, SESSION_BUFFER_OUTPUT, SESSION_BUFFER_KINDS };

struct session_buffer {
    struct session_buffer *next;
    size_t touched_len; /* nothing was ever written behind it */
    uint8_t octets[];
};

struct session_pool {
    size_t kept_max; /* octets to keep for the next who asks */
    size_t kept_len;
    size_t lent_len;
    struct session_buffer *kept[SESSION_BUFFER_KINDS];
};

/* Start with {.kept_max = ...}; this frees what is kept.  Nothing is lent any more (asserted). */
void session_pool_close(struct session_pool *pool);

/* A buffer of cap octets, always the same for one kind; NULL without memory. */
struct session_buffer *session_pool_take(struct session_pool *pool, enum session_buffer_kind kind,
                                         size_t cap);
/* NULL does nothing. */
void session_pool_give(struct session_pool *pool, enum session_buffer_kind kind,
                       struct session_buffer *buffer);

/* The buffer has been written up to there. */
void session_pool_touch(struct session_pool *pool, struct session_buffer *buffer, size_t len);

/* Wipe all that was ever written, before giving it back. */
void session_buffer_wipe(struct session_buffer *buffer);

#endif
