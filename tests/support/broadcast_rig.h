/* broadcast_rig.h - a broadcast machine by itself, and words for what happens at it: for the unit
 * tests of proto/broadcast.h alone. */
#ifndef KITH_TESTS_SUPPORT_BROADCAST_RIG_H
#define KITH_TESTS_SUPPORT_BROADCAST_RIG_H

#include "proto/broadcast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW_MS   100000
#define APART_MS 100    /* posts of which BROADCAST_SWAP_COUNT are weighed */
#define PLAIN    100000 /* posts from here on do not shape the tree, where they are many */

static inline struct broadcast *tree(void)
{
    struct broadcast *b;
    struct broadcast_config config = {
        .links_max = 100, .seen_max = 64, .missing_max = 4096, .now_ms = NOW_MS};
    assert_int_equal(broadcast_new(&b, &config), ERR_OK);
    return b;
}

static inline void up(struct broadcast *b, uint32_t link, enum broadcast_kind kind)
{
    assert_int_equal(broadcast_on_up(b, link, kind), ERR_OK);
}

/* Below PLAIN, ids whose posts may shape the tree, however many there are. */
static inline struct post_id id_of(uint32_t n)
{
    struct post_id id = {.octets = {0}};
    octets_put_u32be(id.octets, n);
    octets_put_u32be(id.octets + 4, n < PLAIN ? 0 : UINT32_MAX);
    return id;
}

static inline bool is_eager(const struct broadcast *b, uint32_t link)
{
    return (broadcast_eager(b)[link / 64] >> (link % 64)) & 1;
}

static inline bool is_eager_own(const struct broadcast *b, uint32_t link)
{
    return (broadcast_eager_own(b)[link / 64] >> (link % 64)) & 1;
}

static inline void announces(struct broadcast *b, uint32_t link, uint32_t n, uint8_t hops,
                             uint64_t now_ms)
{
    struct post_id id = id_of(n);
    broadcast_on_ihave(b, link, &(struct message_ihave){.hops = &hops, .ids = &id, .count = 1},
                       now_ms);
}

static inline void comes(struct broadcast *b, uint32_t link, uint32_t n, uint8_t hops,
                         uint64_t now_ms)
{
    struct post_id id = id_of(n);
    broadcast_on_post(b, &id, link, hops, now_ms);
}

static inline void comes_again(struct broadcast *b, uint32_t link, uint32_t n, uint8_t hops,
                               uint64_t now_ms)
{
    struct post_id id = id_of(n);
    broadcast_on_again(b, &id, link, hops, now_ms);
}

static struct broadcast_action action; /* the latest */

static inline bool does(struct broadcast *b, enum broadcast_do what, uint32_t link, uint64_t now_ms)
{
    broadcast_on_time(b, now_ms);
    broadcast_check(b);
    return broadcast_next(b, &action, true, now_ms) && action.what == what &&
           (what == BROADCAST_CHECK || action.link == link);
}

static inline bool does_nothing(struct broadcast *b, uint64_t now_ms)
{
    broadcast_on_time(b, now_ms);
    return !broadcast_next(b, &action, true, now_ms);
}

/* Time passes until the store is asked, and does not know. */
static inline uint64_t until_asked(struct broadcast *b, uint64_t now_ms)
{
    bool unknown[MESSAGE_IDS_MAX] = {false};
    uint64_t at_ms = broadcast_deadline_ms(b);
    assert_true(at_ms > now_ms && at_ms != UINT64_MAX);
    assert_true(does(b, BROADCAST_CHECK, 0, at_ms));
    broadcast_on_checked(b, action.ids, unknown, action.count);
    return at_ms;
}

#endif
