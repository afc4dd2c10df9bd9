/* membership_rig.h - a membership machine by itself, and words for what happens at it: for the unit
 * tests of proto/membership.h alone. */
#ifndef KITH_TESTS_SUPPORT_MEMBERSHIP_RIG_H
#define KITH_TESTS_SUPPORT_MEMBERSHIP_RIG_H

#include "proto/membership.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define NOW_MS 100000

static struct membership_output out; /* of the latest call */

/* Names that are public, keys that begin with the number. */
static inline struct address relay(uint32_t n)
{
    struct address address = {.port = 1};
    (void)snprintf(address.host, sizeof address.host, "r%u.example.org", n);
    octets_put_u32be(address.static_key.octets, n * 0x01000000U + n);
    return address;
}

static inline struct membership *views(void)
{
    struct membership *m;
    struct membership_config config = {.self = relay(100), .seed = {3}};
    assert_int_equal(membership_new(&m, &config, NOW_MS), ERR_OK);
    return m;
}

static inline const struct membership_action *did(enum membership_do what, uint32_t link)
{
    for (size_t i = 0; i < out.actions_count; i++) {
        if (out.actions[i].what == what &&
            (what == MEMBERSHIP_DIAL || out.actions[i].links[0] == link)) {
            return &out.actions[i];
        }
    }
    return NULL;
}

static inline bool sent(uint32_t link, enum frame_type frame)
{
    for (size_t i = 0; i < out.actions_count; i++) {
        for (size_t l = 0; out.actions[i].what == MEMBERSHIP_SEND && l < out.actions[i].links_count;
             l++) {
            if (out.actions[i].links[l] == link && out.actions[i].frame == frame) {
                return true;
            }
        }
    }
    return false;
}

static inline void up(struct membership *m, uint32_t n, enum membership_side side, uint32_t place)
{
    struct membership_up at = {
        .link = n, .side = side, .place = place, .static_key = relay(n).static_key};
    membership_on_up(m, &out, &at, NOW_MS);
    membership_check(m);
}

static inline enum err_code hears(struct membership *m, uint32_t link, enum frame_type type,
                                  const uint8_t *payload, size_t len, uint64_t now_ms)
{
    struct frame frame = {.type = (uint8_t)type, .payload = octets_of(payload, len)};
    enum err_code rc = membership_on_frame(m, &out, link, &frame, now_ms);
    membership_check(m);
    return rc;
}

static inline enum err_code asks_over(struct membership *m, uint32_t link, uint32_t n,
                                      enum message_ask ask, uint64_t now_ms)
{
    uint8_t wire[MESSAGE_NEIGHBOUR_CAP];
    struct message_neighbour neighbour = {.ask = ask, .contact = relay(n)};
    return hears(m, link, FRAME_NEIGHBOUR, wire, message_neighbour_encode(wire, &neighbour),
                 now_ms);
}

static inline enum err_code asks(struct membership *m, uint32_t n, enum message_ask ask,
                                 uint64_t now_ms)
{
    return asks_over(m, n, n, ask, now_ms);
}

static inline void tells(struct membership *m, uint32_t n, enum frame_type type, uint32_t first,
                         uint64_t now_ms)
{
    uint8_t wire[MESSAGE_CONTACTS_CAP];
    struct message_contacts contacts = {.ttl = 1, .count = MESSAGE_CONTACTS_MAX};
    for (uint32_t i = 0; i < MESSAGE_CONTACTS_MAX; i++) {
        contacts.at[i] = relay(first + i);
    }
    assert_int_equal(
        hears(m, n, type, wire, message_contacts_encode(wire, type, &contacts), now_ms), ERR_OK);
}

static inline void neighbour_in(struct membership *m, uint32_t n)
{
    up(m, n, MEMBERSHIP_INBOUND, 0);
    assert_int_equal(asks(m, n, MESSAGE_ASK_LOW, NOW_MS), ERR_OK);
}

#endif
