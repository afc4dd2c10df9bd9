/* daemon_state.h - a running node's parts; for daemon*.c alone. */
#ifndef KITH_NODE_DAEMON_STATE_H
#define KITH_NODE_DAEMON_STATE_H

#include <uv.h>

#include "node/addresses.h"
#include "node/contacts.h"
#include "node/control_server.h"
#include "node/crew.h"
#include "node/daemon.h"
#include "node/driver.h"
#include "node/mailbox.h"
#include "node/network.h"
#include "node/publisher.h"
#include "node/writer.h"

#define DAEMON_SIGNALS_COUNT 2

struct daemon {
    struct home *home;
    const struct options *options;
    uv_loop_t loop;
    struct mailbox mailbox;
    struct crew workers;
    struct writer *writer;
    struct person *person;
    struct network *network;
    struct driver *driver;
    struct publisher *publisher;
    struct contacts *contacts;
    struct addresses *addresses;
    struct control_server *control;
    uv_signal_t signals[DAEMON_SIGNALS_COUNT];
    uv_timer_t ticker;
    uv_timer_t guard;
    char address[ADDRESS_TEXT_MAX + 1];
    bool person_runs;
    bool stopping;
    bool locks;
    unsigned open_count; /* parts that are not closed yet */
};

/* daemon.c: everything is told to close, once; the loop ends with the last of it. */
void daemon_stop(struct daemon *daemon);

/* daemon_events.c: what each part tells, and who hears of it. */
struct network_events daemon_network_events(struct daemon *daemon);
struct driver_events daemon_driver_events(struct daemon *daemon);
struct control_events daemon_control_events(struct daemon *daemon);
struct person_events daemon_person_events(struct daemon *daemon);
/* The person's thread learns what `status` says of the network. */
void daemon_tell_status(struct daemon *daemon);

#endif
