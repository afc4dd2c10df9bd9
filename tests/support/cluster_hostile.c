#include <stdio.h>
#include <stdlib.h>

#include "proto/message_addresses.h"
#include "proto/message_overlay.h"
#include "tests/support/cluster_inner.h"
#include "tests/support/sorted_set.h"

#define PHANTOMS     200
#define BABBLE_MAX   4000
#define ANNOUNCED    20
#define ACT_EVERY_MS 400
#define FLOOD_FACTOR 10
#define FRAME_TYPES  32

bool hostile_is_machine(const struct cluster *c, uint32_t n)
{
    enum cluster_hostility hostility = c->nodes[n].hostility;
    return hostility >= CLUSTER_BABBLES;
}

static void fill(struct cluster *c, uint8_t *octets, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        octets[i] = (uint8_t)cluster_random(c, 256);
    }
}

/* Ids that no post has, dated now, so that they are looked at. */
static struct sorted_set *phantoms_new(struct cluster *c, size_t count)
{
    struct sorted_set *set = malloc(sizeof *set);
    cluster_must(set != NULL, "no memory");
    sorted_set_init(set);
    for (size_t i = 0; i < count; i++) {
        struct post_id id;
        fill(c, id.octets, sizeof id.octets);
        sorted_set_add(set, cluster_now_s(c), &id);
    }
    sorted_set_seal(set);
    return set;
}

static void wait(struct cluster *c, uint32_t n)
{
    struct event event = {.type = EVENT_HOSTILE, .node = n};
    cluster_schedule(c, &event, ACT_EVERY_MS / 2 + cluster_random(c, ACT_EVERY_MS));
}

void cluster_corrupts(struct cluster *c, uint32_t node, enum cluster_hostility hostility)
{
    struct cluster_node *bad = &c->nodes[node];
    bool machine = hostility >= CLUSTER_BABBLES;
    if (machine && bad->engine != NULL) {
        cluster_crashes(c, node);
    }
    bad->hostility = hostility;
    if (hostility == CLUSTER_PROMISES || hostility == CLUSTER_OMITS) {
        bad->phantoms = phantoms_new(c, hostility == CLUSTER_PROMISES ? PHANTOMS : 0);
    }
    if (machine) {
        wait(c, node);
    }
}

/* ---- Nodes that are tampered with --------------------------------------------------------- */

static struct payload *garbled(struct cluster *c, struct payload *frame)
{
    struct payload *copy = payload_new(octets_of(frame->octets, frame->len));
    for (uint64_t flips = cluster_random(c, 4); flips > 0 && copy->len > 0; flips--) {
        copy->octets[cluster_random(c, copy->len)] ^= (uint8_t)(1 + cluster_random(c, 255));
    }
    return copy;
}

struct payload *hostile_tampers(struct cluster *c, uint32_t n, uint8_t type, struct payload *frame)
{
    enum cluster_hostility hostility = c->nodes[n].hostility;
    struct payload *copy;
    if (hostility == CLUSTER_FORGES && type == FRAME_POSTS) {
        copy = payload_new(octets_of(frame->octets, frame->len));
        copy->octets[copy->len - 1] ^= 1; /* the last post's proof is at the end */
        return copy;
    }
    if (hostility == CLUSTER_GARBLES && type != FRAME_HELLO && cluster_random(c, 3) == 0) {
        return garbled(c, frame);
    }
    bool silent = (hostility == CLUSTER_OMITS && type == FRAME_POSTS) ||
                  (hostility == CLUSTER_PROMISES && type == FRAME_NONE_YET);
    return silent ? NULL : payload_keep(frame);
}

/* ---- Machines of their own ---------------------------------------------------------------- */

uint32_t hostile_links_count(const struct cluster *c, uint32_t n, uint32_t other)
{
    uint32_t count = 0;
    for (uint32_t s = 0; s < c->nodes[n].slots_count; s++) {
        count += c->nodes[n].slots[s] != NO_LINK && links_other(c, n, s) == other;
    }
    return count;
}

void hostile_on_up(struct cluster *c, uint32_t n, uint32_t slot)
{
    uint8_t hello[MESSAGE_HELLO_CAP];
    struct message_hello says = {.role = MESSAGE_PERSONAL};
    if (c->nodes[n].hostility == CLUSTER_RECRUITS) {
        says.role = MESSAGE_RELAY;
        says.identity = c->nodes[n].person.key;
        message_hello_sign(&says, &c->nodes[n].static_key, c->nodes[n].person.seed);
    }
    links_send_raw(c, n, slot, FRAME_HELLO, octets_of(hello, message_hello_encode(hello, &says)));
}

/* Itself now and then, others under a wrong key, people and those who mean harm as if they were
 * relays, and who is not; never a relay that is one. */
static void make_up(struct cluster *c, uint32_t n, struct address *contact)
{
    uint64_t what = cluster_random(c, 16);
    uint32_t relays = c->plan.relays_count;
    if (what == 0) {
        *contact = node_contact(c, n);
        return;
    }
    if (what == 1) {
        *contact = node_contact(c, (uint32_t)cluster_random(c, c->nodes_count));
        contact->static_key.octets[0] ^= 1;
        return;
    }
    if (what < 4) {
        uint32_t other = relays + (uint32_t)cluster_random(c, c->nodes_count - relays);
        *contact = node_contact(c, other);
        return;
    }
    *contact = (struct address){.port = 1};
    (void)snprintf(contact->host, sizeof contact->host, "x%u", (unsigned)cluster_random(c, 1000));
    fill(c, contact->static_key.octets, sizeof contact->static_key.octets);
}

static void lie(struct cluster *c, uint32_t n, uint32_t slot)
{
    static uint8_t octets[MESSAGE_ADDRESSES_CAP];
    static struct address told[MESSAGE_ADDRESSES_MAX];
    for (size_t i = 0; i < MESSAGE_ADDRESSES_MAX; i++) {
        make_up(c, n, &told[i]);
    }
    links_send_raw(
        c, n, slot, FRAME_ADDRESSES,
        octets_of(octets, message_addresses_encode(octets, told, MESSAGE_ADDRESSES_MAX)));
}

void hostile_on_frame(struct cluster *c, uint32_t n, uint32_t slot, uint8_t type,
                      struct octets payload)
{
    if (c->nodes[n].hostility == CLUSTER_RECRUITS && type == FRAME_ADDRESSES_WANTED) {
        lie(c, n, slot);
    }
    if (c->nodes[n].hostility != CLUSTER_FLOODS || type == FRAME_HELLO || type == FRAME_BYE) {
        return;
    }
    for (int i = 0; i < FLOOD_FACTOR; i++) {
        links_send_raw(c, n, slot, type, payload);
    }
}

static void babble(struct cluster *c, uint32_t n, uint32_t slot)
{
    uint8_t octets[BABBLE_MAX];
    size_t len = cluster_random(c, BABBLE_MAX);
    fill(c, octets, len);
    links_send_raw(c, n, slot, (uint8_t)(1 + cluster_random(c, FRAME_TYPES)),
                   octets_of(octets, len));
}

static void announce(struct cluster *c, uint32_t n, uint32_t slot)
{
    struct post_id ids[ANNOUNCED];
    uint8_t hops[ANNOUNCED];
    uint8_t octets[MESSAGE_IHAVE_CAP];
    for (size_t i = 0; i < ANNOUNCED; i++) {
        fill(c, ids[i].octets, sizeof ids[i].octets);
        hops[i] = cluster_random(c, 2) == 0 ? MESSAGE_HOPS_OLD : 0;
    }
    struct message_ihave ihave = {.hops = hops, .ids = ids, .count = ANNOUNCED};
    links_send_raw(c, n, slot, FRAME_IHAVE,
                   octets_of(octets, message_ihave_encode(octets, &ihave)));
}

static void recruit(struct cluster *c, uint32_t n, uint32_t slot)
{
    static struct message_contacts contacts;
    uint8_t octets[MESSAGE_CONTACTS_CAP];
    struct message_neighbour neighbour = {
        .ask = (enum message_ask)cluster_random(c, MESSAGE_ASKS_COUNT),
        .contact = node_contact(c, n)};
    if (cluster_random(c, 20) == 0) { /* more often than anybody may */
        links_send_raw(c, n, slot, FRAME_ADDRESSES_WANTED, octets_of(NULL, 0));
    }
    links_send_raw(c, n, slot, FRAME_NEIGHBOUR,
                   octets_of(octets, message_neighbour_encode(octets, &neighbour)));
    for (uint64_t i = cluster_random(c, 40); i > 0; i--) {
        contacts = (struct message_contacts){.number = (uint32_t)i, .ttl = MESSAGE_WALK_MAX};
        for (contacts.count = 0; contacts.count < MESSAGE_CONTACTS_MAX; contacts.count++) {
            make_up(c, n, &contacts.at[contacts.count]);
        }
        enum frame_type type = cluster_random(c, 2) == 0 ? FRAME_SHUFFLE : FRAME_SHUFFLED;
        links_send_raw(c, n, slot, (uint8_t)type,
                       octets_of(octets, message_contacts_encode(octets, type, &contacts)));
        struct message_forward forward = {.ttl = MESSAGE_WALK_MAX};
        make_up(c, n, &forward.contact);
        links_send_raw(c, n, slot, FRAME_FORWARD,
                       octets_of(octets, message_forward_encode(octets, &forward)));
    }
}

static void do_harm(struct cluster *c, uint32_t n, uint32_t slot)
{
    if (c->nodes[n].hostility == CLUSTER_BABBLES) {
        babble(c, n, slot);
    } else if (c->nodes[n].hostility == CLUSTER_ANNOUNCES) {
        announce(c, n, slot);
    } else if (c->nodes[n].hostility == CLUSTER_RECRUITS) {
        recruit(c, n, slot);
    }
}

/* Connections come back as often as they are closed. */
static void meet(struct cluster *c, uint32_t n)
{
    const struct cluster_node *bad = &c->nodes[n];
    uint32_t each = bad->hostility == CLUSTER_CROWDS ? CROWD_MAX : 1;
    for (uint32_t a = 0; a < bad->dials_count; a++) {
        if (hostile_links_count(c, n, bad->dials[a]) < each) {
            links_dial(c, n, bad->dials[a], ENGINE_NO_ADDRESS);
        }
    }
}

void hostile_on_event(struct cluster *c, const struct event *event)
{
    uint32_t n = event->node;
    meet(c, n);
    for (uint32_t s = 0; s < c->nodes[n].slots_count; s++) {
        if (c->nodes[n].slots[s] != NO_LINK) {
            do_harm(c, n, s);
        }
    }
    wait(c, n);
}
