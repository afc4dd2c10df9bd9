/* driver.h - the engine's hands: gives it what happens, carries out what it wants.
 *
 * Everything runs on the loop thread.  Events are told from within a step: what they lead to goes
 * back to the engine later, never from within the event. */
#ifndef KITH_NODE_DRIVER_H
#define KITH_NODE_DRIVER_H

#include <uv.h>

#include "node/crew.h"
#include "node/network.h"
#include "node/writer.h"
#include "proto/engine.h"
#include "store/store.h"

struct driver_events {
    void *context;
    void (*ready)(void *context, const struct engine_ready *ready);
    void (*accepted)(void *context);
    void (*published)(void *context, const struct engine_published *published);
    void (*join)(void *context, const struct engine_join *join);
    void (*joined)(void *context, const struct engine_joined *joined);
    /* The number of peers, or which addresses are connected, changed. */
    void (*peers_changed)(void *context);
};

/* Everything is borrowed and outlives the driver. */
struct driver_config {
    uv_loop_t *loop;
    struct crew *workers;
    struct writer *writer;
    struct store *store;
    struct network *network;
    struct driver_events events;
    struct engine_config engine;
};

struct driver;

/*   ERR_NO_MEMORY */
MUST_USE enum err_code driver_new(struct driver **driver, const struct driver_config *config);
/* No input reaches the engine from now on; closed is called when its timer is gone. */
void driver_stop(struct driver *driver, void (*closed)(void *context), void *context);
/* After that, and once no worker and no writer has anything of it. */
void driver_free(struct driver *driver);

/* What the network tells (context is the driver). */
void driver_on_up(struct driver *driver, uint32_t peer, uint32_t address,
                  const struct key *static_key);
void driver_on_down(struct driver *driver, uint32_t peer);
bool driver_on_frame(struct driver *driver, uint32_t peer, const struct frame *frame);
void driver_on_pressure(struct driver *driver, uint32_t peer, bool full);
uint64_t driver_brought_count(const struct driver *driver, uint32_t peer);
int driver_score(const struct driver *driver, uint32_t peer);
void driver_on_dial_failed(struct driver *driver, uint32_t address);

/* What the person wants.  See the inputs of the same names in engine.h. */
void driver_publish(struct driver *driver, uint64_t token, struct octets wire);
void driver_address_add(struct driver *driver, uint32_t address);
void driver_address_remove(struct driver *driver, uint32_t address);
void driver_join_send(struct driver *driver, uint64_t token, uint32_t address, struct octets claim);
void driver_join_result(struct driver *driver, uint64_t token, enum err_code status,
                        struct octets text);

/* See engine_note_anchors(). */
void driver_note_anchors(struct driver *driver);

/* How many peers are connected, and whether one of them was dialled at this address. */
size_t driver_peers_count(const struct driver *driver);
bool driver_is_connected(const struct driver *driver, uint32_t address);

#endif
