/* store_recent.h - the octets of the newest posts, for whoever reads them right after they were
 * put: a view takes in what it would have to read and open again otherwise.
 *
 * Never the answer to whether a post is kept: the index is asked first.  Any thread; it locks
 * inside.  Takes about 1 MiB from the first post on until store_recent_drop(). */
#ifndef KITH_STORE_STORE_RECENT_H
#define KITH_STORE_STORE_RECENT_H

#include <pthread.h>

#include "proto/err.h"
#include "proto/key.h"
#include "proto/octets.h"

struct store_recent_held;

struct store_recent {
    pthread_mutex_t lock;
    bool kept; /* else nothing is */
    struct store_recent_held *held;
};

/*   ERR_NO_MEMORY */
MUST_USE enum err_code store_recent_init(struct store_recent *recent, bool kept);
void store_recent_close(struct store_recent *recent);

/* The post at a position, once it is committed; where memory lacks it is not kept. */
void store_recent_add(struct store_recent *recent, uint64_t position, const struct post_id *id,
                      struct octets wire);
/* False, and nothing written, where it is not here, or longer than the room. */
bool store_recent_get(struct store_recent *recent, struct octets_room *wire, uint64_t position,
                      const struct post_id *id);
/* The id of the post there; false where it is not here. */
bool store_recent_id(struct store_recent *recent, struct post_id *id, uint64_t position);
/* Wipe all of it and give it back. */
void store_recent_drop(struct store_recent *recent);

#endif
