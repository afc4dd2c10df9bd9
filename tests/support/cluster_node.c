#include <stdio.h>
#include <stdlib.h>

#include "tests/support/cluster_inner.h"

#define ITEMS_MAX 512

/* ---- Up and down -------------------------------------------------------------------------- */

static bool is_relay(const struct cluster *c, uint32_t n)
{
    return n < c->plan.relays_count;
}

struct engine_limits node_limits(const struct cluster *c, uint32_t n)
{
    struct engine_limits limits = is_relay(c, n) ? engine_limits_relay() : engine_limits_personal();
    if (c->plan.narrow) {
        limits.initiators_max = 1;
        limits.responders_max = 1;
        limits.verify_batches_max = 1;
    }
    return limits;
}

static struct message_hello hello_of(const struct cluster *c, uint32_t n)
{
    const struct cluster_node *node = &c->nodes[n];
    struct message_hello hello = {.role = MESSAGE_PERSONAL};
    if (is_relay(c, n)) {
        hello.role = MESSAGE_RELAY;
        hello.identity = node->person.key;
        message_hello_sign(&hello, &node->static_key, node->person.seed);
    }
    return hello;
}

/* Relays are told of each other by a name that is their number. */
struct address node_contact(const struct cluster *c, uint32_t n)
{
    struct address contact = {.static_key = c->nodes[n].static_key, .port = 1};
    (void)snprintf(contact.host, sizeof contact.host, "n%u", n);
    return contact;
}

static struct address self_of(const struct cluster *c, uint32_t n)
{
    struct address self = {.static_key = c->nodes[n].static_key};
    return is_relay(c, n) ? node_contact(c, n) : self;
}

/* Under another key nobody shakes hands. */
static uint32_t dialled(const struct cluster *c, uint32_t n, const struct engine_dial *dial)
{
    if (dial->contact == NULL) {
        return c->nodes[n].dials[dial->address];
    }
    char *end;
    unsigned long other = strtoul(dial->contact->host + 1, &end, 10);
    bool exists = dial->contact->host[0] == 'n' && *end == '\0' && other < c->nodes_count &&
                  key_equal(&dial->contact->static_key, &c->nodes[other].static_key);
    return exists ? (uint32_t)other : NOBODY;
}

void node_open(struct cluster *c, uint32_t n)
{
    struct cluster_node *node = &c->nodes[n];
    struct engine_config config = {.limits = node_limits(c, n),
                                   .hello = hello_of(c, n),
                                   .sets = node->sets,
                                   .self = self_of(c, n),
                                   .scratch = c->scratch,
                                   .only_named = !is_relay(c, n) && n % 2 == 0,
                                   .now_ms = c->now_ms};
    book_open(c, n);
    config.book = node->book;
    config.scores = node->scores;
    for (size_t i = 0; i < ENGINE_SEED_LEN; i++) {
        config.seed[i] = (uint8_t)cluster_random(c, 256);
    }
    keep_open(c, n);
    watch_open(c, n);
    cluster_must(engine_new(&node->engine, &config) == ERR_OK, "no memory");
    node->life++;
    node->tick_at_ms = UINT64_MAX;
    for (uint32_t a = 0; a < node->dials_count; a++) {
        node_step(c, n, &(struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = a});
    }
}

void node_close(struct cluster *c, uint32_t n)
{
    struct cluster_node *node = &c->nodes[n];
    book_close(c, n);
    engine_free(node->engine);
    watch_close(c, n);
    keep_close(c, n);
    node->engine = NULL;
    node->life++;
    node->frozen_until_ms = 0;
    for (uint32_t s = 0; s < node->slots_count; s++) {
        if (node->slots[s] != NO_LINK) {
            struct link *link = &c->links[node->slots[s]];
            link->ends[link->ends[0].node == n ? 0 : 1].up = false;
            node->slots[s] = NO_LINK;
        }
    }
}

bool node_is_up(const struct cluster *c, uint32_t n)
{
    return c->nodes[n].engine != NULL || hostile_is_machine(c, n);
}

uint32_t node_dials(struct cluster *c, uint32_t n, uint32_t other)
{
    struct cluster_node *node = &c->nodes[n];
    for (uint32_t a = 0; a < node->dials_count; a++) {
        if (node->dials[a] == other) {
            return a;
        }
    }
    uint32_t *dials = realloc(node->dials, (node->dials_count + 1) * sizeof *dials);
    cluster_must(dials != NULL, "no memory");
    node->dials = dials;
    node->dials[node->dials_count] = other;
    return node->dials_count++;
}

/* ---- Effects ------------------------------------------------------------------------------ */

static bool is_blame(enum err_code reason)
{
    return reason != ERR_OK && reason != ERR_CANCELLED;
}

/* What only a liar does. */
static bool is_wrong(enum err_code reason)
{
    return is_blame(reason) && reason != ERR_TIMEOUT && reason != ERR_UNDELIVERED &&
           reason != ERR_FUTURE && reason != ERR_NO_MEMORY;
}

static void on_close(struct cluster *c, uint32_t n, const struct engine_close *close)
{
    uint32_t other = links_other(c, n, close->peer);
    cluster_note(c, n, "closes", close->peer, (uint64_t)close->reason);
    /* Somebody said that a person's node is a relay, or told of one that keeps a part: neither of
     * the two is to blame. */
    bool whole = is_relay(c, other) && !c->nodes[other].sets.buckets;
    bool misled = close->reason == ERR_REFUSED && !whole && c->nodes[n].book != NULL &&
                  links_dialled(c, n, close->peer);
    if (misled) {
        links_close(c, n, close->peer);
        return;
    }
    c->nodes[other].blamed_count += is_blame(close->reason);
    bool honest = cluster_is_honest(c, n) && cluster_is_honest(c, other);
    c->wronged_count += honest && is_wrong(close->reason);
    c->suspected_count += honest && is_blame(close->reason);
    links_close(c, n, close->peer);
}

static void ask(struct cluster *c, struct event *event)
{
    bool twice = cluster_random(c, 1000) < c->faults.answers_twice;
    cluster_schedule(c, event, cluster_random(c, c->faults.answer_max_ms + 1));
    if (twice) {
        event->again = true; /* long after the first */
        cluster_schedule(c, event, 2 * c->faults.answer_max_ms + 1);
    }
}

static void on_published(struct cluster *c, uint32_t n, const struct engine_published *published)
{
    const struct cluster_inhabitant *inhabitant = c->nodes[n].inhabitant;
    if (inhabitant != NULL) {
        inhabitant->on_published(inhabitant->context, published->token, published->status,
                                 published->sent_to);
    } else {
        c->said[published->token].answered = true;
        c->said[published->token].acknowledged = published->status == ERR_OK;
        if (published->status == ERR_OK) {
            check_acknowledged(c, published->token);
        }
    }
}

/* How long it takes to reach an address, or to give up. */
static uint64_t dial_ms(struct cluster *c, uint32_t n, uint32_t other)
{
    bool carried = other != NOBODY && net_carries(c, n, other) && net_carries(c, other, n);
    return carried ? 1 + 2 * net_delay_ms(c, n, other) + cluster_random(c, 20) : UNREACHED_MS;
}

static void carry_out(struct cluster *c, uint32_t n, const struct engine_effect *effect)
{
    struct event event = {.node = n};
    switch (effect->type) {
    case ENGINE_SEND:
        links_send(c, n, &effect->as.send);
        break;
    case ENGINE_CLOSE:
        on_close(c, n, &effect->as.close);
        break;
    case ENGINE_PAUSE:
        links_pause(c, n, effect->as.peer);
        break;
    case ENGINE_RESUME:
        links_resume(c, n, effect->as.peer);
        break;
    case ENGINE_DIAL:
        event.type = EVENT_DIAL;
        event.address = effect->as.dial.address;
        event.link = dialled(c, n, &effect->as.dial); /* a node, here */
        cluster_schedule(c, &event, dial_ms(c, n, (uint32_t)event.link));
        break;
    case ENGINE_VERIFY:
    case ENGINE_STORE:
        event.type = effect->type == ENGINE_VERIFY ? EVENT_VERIFY : EVENT_STORE;
        event.posts = effect->as.posts;
        ask(c, &event);
        break;
    case ENGINE_READ:
        event.type = EVENT_READ;
        event.read = effect->as.read;
        ask(c, &event);
        break;
    case ENGINE_PUBLISHED:
        cluster_note(c, n, "published", effect->as.published.token,
                     (uint64_t)effect->as.published.status);
        on_published(c, n, &effect->as.published);
        break;
    case ENGINE_ACCEPTED:
        watch_accepted(c, n);
        if (c->nodes[n].inhabitant != NULL) {
            c->nodes[n].inhabitant->on_accepted(c->nodes[n].inhabitant->context);
        }
        break;
    case ENGINE_READY:
        break;
    case ENGINE_JOIN: /* a hostile peer's: nobody is invited */
        event.type = EVENT_JOIN;
        event.token = effect->as.join.token;
        cluster_schedule(c, &event, cluster_random(c, c->faults.answer_max_ms + 1));
        break;
    case ENGINE_JOINED:
        cluster_must(false, "nobody joins here");
    }
}

void node_step(struct cluster *c, uint32_t n, struct engine_input *in)
{
    struct cluster_node *node = &c->nodes[n];
    in->now_ms = c->now_ms;
    in->now_s = cluster_node_clock_s(c, n);
    if (node->store != NULL && store_floor(node->store) > node->floor_s) {
        node->floor_s = store_floor(node->store);
    }
    in->floor_s = node->floor_s;
    engine_step(node->engine, &c->out, in);
    for (size_t i = 0; i < c->out.effects_count; i++) {
        carry_out(c, n, &c->out.effects[i]);
    }
    check_step(c, n);
    uint64_t at_ms = c->out.tick_at_ms > c->now_ms ? c->out.tick_at_ms : c->now_ms;
    if (at_ms != UINT64_MAX && at_ms != node->tick_at_ms) {
        node->tick_at_ms = at_ms;
        struct event event = {.type = EVENT_TICK, .node = n, .token = at_ms};
        cluster_schedule(c, &event, at_ms - c->now_ms);
    }
}

void node_on_tick(struct cluster *c, const struct event *event)
{
    if (event->token == c->nodes[event->node].tick_at_ms) {
        c->nodes[event->node].tick_at_ms = UINT64_MAX;
        node_step(c, event->node, &(struct engine_input){.type = ENGINE_TICK});
    }
}

/* ---- Answers ------------------------------------------------------------------------------ */

void node_on_verify(struct cluster *c, const struct event *event)
{
    bool ok[ENGINE_VERIFY_MAX];
    for (size_t i = 0; i < ENGINE_VERIFY_MAX; i++) {
        ok[i] = true; /* whoever believes this again stores what nobody checked */
    }
    for (size_t i = 0; !event->again && i < event->posts.count; i++) {
        struct post post;
        cluster_must(post_decode(&post, event->posts.wires[i]) == ERR_OK, "not a post");
        ok[i] = post_verify(&post) == ERR_OK;
    }
    node_step(c, event->node,
              &(struct engine_input){.type = ENGINE_VERIFIED,
                                     .as.verified = {.token = event->posts.token, .ok = ok}});
}

/* A failure may come before or after the posts were put: nobody can tell. */
void node_on_store(struct cluster *c, const struct event *event)
{
    enum engine_put results[ENGINE_STORE_MAX] = {ENGINE_PUT_NEW};
    if (event->again) {
        node_step(
            c, event->node,
            &(struct engine_input){.type = ENGINE_STORED,
                                   .as.stored = {.token = event->posts.token, .results = results}});
        return;
    }
    bool fails = cluster_random(c, 1000) < c->faults.store_fails;
    bool done = !fails || cluster_random(c, 2) == 0;
    enum err_code rc = done ? keep_put(c, event->node, &event->posts, results) : ERR_IO;
    for (size_t i = 0; done && rc == ERR_OK && i < event->posts.count; i++) {
        c->there_count += results[i] == ENGINE_PUT_THERE;
    }
    node_step(c, event->node,
              &(struct engine_input){.type = ENGINE_STORED,
                                     .as.stored = {.token = event->posts.token,
                                                   .status = fails ? ERR_IO : rc,
                                                   .results = results}});
}

static size_t read_bodies(struct cluster *c, const struct event *event, struct octets *wires,
                          uint8_t *room)
{
    size_t used = 0;
    size_t count = 0;
    while (count < event->read.ids_count) {
        static uint8_t one[POST_WIRE_MAX];
        size_t len = keep_body(c, event->node, one, &event->read.ids[count]);
        if (count > 0 && used + len > event->read.octets_max) {
            break;
        }
        if (len > 0) {
            memcpy(room + used, one, len);
        }
        wires[count++] = octets_of(room + used, len);
        used += len;
    }
    return count;
}

void node_on_read(struct cluster *c, const struct event *event)
{
    static bool known[ENGINE_KNOWN_MAX];
    static struct octets wires[ENGINE_BODIES_MAX];
    static uint8_t room[FRAME_MAX];
    static struct negentropy_item items[ITEMS_MAX];
    static struct negentropy_results results;
    struct engine_input in = {.type = ENGINE_READ_DONE, .as.read = {.token = event->read.token}};
    if (event->again || cluster_random(c, 1000) < c->faults.read_fails) {
        in.as.read.status = ERR_IO;
    } else if (event->read.query == ENGINE_READ_KNOWN) {
        in.as.read.status =
            keep_known(c, event->node, known, event->read.ids, event->read.ids_count);
        in.as.read.as.known = known;
    } else if (event->read.query == ENGINE_READ_BODIES) {
        in.as.read.as.bodies.wires_count = read_bodies(c, event, wires, room);
        in.as.read.as.bodies.wires = wires;
    } else {
        results = (struct negentropy_results){.items = items, .items_cap = ITEMS_MAX};
        in.as.read.status = keep_answer(c, event->node, &results, &event->read);
        in.as.read.as.recon = &results;
    }
    node_step(c, event->node, &in);
}

void node_on_join(struct cluster *c, const struct event *event)
{
    node_step(
        c, event->node,
        &(struct engine_input){.type = ENGINE_JOIN_RESULT,
                               .as.join_result = {.token = event->token, .status = ERR_REFUSED}});
}
