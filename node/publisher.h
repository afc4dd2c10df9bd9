/* publisher.h - own posts on their way through the engine, a few at a time, in order.
 *
 * Everything runs on the loop thread. */
#ifndef KITH_NODE_PUBLISHER_H
#define KITH_NODE_PUBLISHER_H

#include "node/driver.h"
#include "proto/engine.h"

#define PUBLISHER_UNDER_WAY_MAX 8
#define PUBLISHER_AGAIN_MS      10   /* after the engine had no room */
#define PUBLISHER_AGAIN_MAX     1000 /* so many times, then it is the answer */

/* What a post was published for. */
struct publisher_cause {
    uint64_t command_token; /* the command that waits for it, or 0 */
    uint64_t join_token;    /* the claim that it answers, or 0 */
};

struct publisher;

/* The driver is borrowed.  Never fails. */
struct publisher *publisher_new(uv_loop_t *loop, struct driver *driver);
/* Publish nothing more; closed is called when its timer is gone. */
void publisher_stop(struct publisher *publisher, void (*closed)(void *context), void *context);
/* After that. */
void publisher_free(struct publisher *publisher);

/* Not from within an event of the driver.  octets, a signed post, is taken. */
void publisher_add(struct publisher *publisher, const struct publisher_cause *cause,
                   uint8_t *octets, size_t len);

/* The driver says published: what for, and which post.  False when nobody asked for it, and when
 * the engine was too busy to take it: a busy network only delays a person, so it goes again. */
bool publisher_on_published(struct publisher *publisher, struct publisher_cause *cause,
                            struct post_id *id, const struct engine_published *published);
/* What followed from one answer is worked off: the next may go.  Not from within an event. */
void publisher_next(struct publisher *publisher);

#endif
