/* engine_book_scene.h - an engine with known addresses and scores, relays that come and go, and
 * what it did about them. */
#ifndef KITH_TESTS_UNIT_PROTO_ENGINE_BOOK_SCENE_H
#define KITH_TESTS_UNIT_PROTO_ENGINE_BOOK_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "proto/address_group.h"
#include "proto/engine.h"
#include "proto/message_addresses.h"
#include "proto/message_overlay.h"
#include "tests/support/posts.h"

#define NOW_S     UINT64_C(1800000000)
#define PEERS_MAX 16
#define DIALS_MAX 64
#define NOT       (-1)

enum role { LEAF, LEAF_OF_NAMED, RELAY, RELAY_OF_NAMED };

struct bench {
    struct engine *engine;
    struct address_book *book;
    struct peer_scores *scores;
    struct engine_output out;
    uint64_t now_ms;
    uint32_t addresses_max;
    struct {
        uint32_t number;
        struct address contact;
    } dials[DIALS_MAX];
    size_t dials_count;
    int closed[PEERS_MAX];      /* the reason, or NOT */
    size_t asked[PEERS_MAX];    /* ADDRESSES_WANTED sent to it */
    size_t answered[PEERS_MAX]; /* ADDRESSES sent to it */
    struct address told[MESSAGE_ADDRESSES_MAX];
    size_t told_count;
};

/* Each test begins one, and tears it down when it ends. */
extern struct bench *bench;
void begin(enum role role);
int engine_book_tear_down(void **state);

/* An address by number: a host of a group. */
struct address somewhere(unsigned group, unsigned host);
/* The book knows one host of each of so many groups. */
void knows(unsigned groups_count);
struct address_book_stats stats(void);

void step(struct engine_input in);
void waits(uint64_t for_ms);
void frame(uint32_t peer, enum frame_type type, const void *payload, size_t len);

/* Somebody is connected: dialled as number, or ENGINE_NO_ADDRESS. */
void comes_up(uint32_t peer, uint32_t number, const struct address *address);
void says_hello(uint32_t peer, const struct address *address, enum message_role role);
void is_relay(uint32_t peer, uint32_t number, const struct address *address); /* both */
void named(uint32_t peer); /* a relay that somebody named */
void goes(uint32_t peer);

#endif
