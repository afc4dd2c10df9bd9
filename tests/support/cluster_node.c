#include <stdlib.h>

#include "tests/support/cluster_inner.h"

#define ITEMS_MAX 512
#define TABLE_MAX 64 /* small, so that nodes write and merge runs */

static const uint8_t store_key[32] = {7};

/* As the keeper does behind the scenes: all there is to do.  A machine that fails may fail here. */
static void tend(struct cluster *c, uint32_t n)
{
    enum err_code rc = ERR_OK;
    for (bool more = true; more && rc == ERR_OK;) {
        rc = store_tend(c->nodes[n].store, &more, CLUSTER_START_S + c->now_ms / 1000, NULL);
    }
}

void node_open(struct cluster *c, uint32_t n)
{
    struct cluster_node *node = &c->nodes[n];
    struct engine_config config = {.limits = engine_limits_personal(), .now_ms = c->now_ms};
    for (size_t i = 0; i < ENGINE_SEED_LEN; i++) {
        config.seed[i] = (uint8_t)cluster_random(c, 256);
    }
    struct err_note note = {.text = ""};
    struct store_options options = {.kind = STORE_READ, .table_max = TABLE_MAX};
    cluster_must(store_open_with(&node->store, node->files, store_key, &options, &note) == ERR_OK,
                 note.text);
    tend(c, n);
    cluster_must(engine_new(&node->engine, &config) == ERR_OK, "no memory");
    node->life++;
    node->tick_at_ms = UINT64_MAX;
    for (uint32_t other = 0; other < c->nodes_count; other++) {
        if (node->dials[other]) {
            node_step(c, n,
                      &(struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = other});
        }
    }
}

void node_close(struct cluster *c, uint32_t n)
{
    struct cluster_node *node = &c->nodes[n];
    engine_free(node->engine);
    store_close(node->store);
    node->engine = NULL;
    node->store = NULL;
    node->life++;
    for (uint32_t s = 0; s < SLOTS_MAX; s++) {
        if (node->slots[s] != NO_LINK) {
            struct link *link = &c->links[node->slots[s]];
            link->ends[link->ends[0].node == n ? 0 : 1].up = false;
            node->slots[s] = NO_LINK;
        }
    }
}

/* ---- Effects ------------------------------------------------------------------------------ */

static bool is_blame(enum err_code reason)
{
    return reason != ERR_OK && reason != ERR_CANCELLED;
}

static void ask(struct cluster *c, struct event *event)
{
    bool twice = cluster_random(c, 1000) < c->faults.answers_twice;
    cluster_schedule(c, event, cluster_random(c, c->faults.answer_max_ms + 1));
    if (twice && event->type == EVENT_READ) {
        /* Long after the first; what was asked about may be gone, so only the token is kept. */
        event->read.ids_count = 0;
        event->read.batch = NULL;
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
        c->said[published->token].acknowledged = published->status == ERR_OK;
    }
}

static void carry_out(struct cluster *c, uint32_t n, const struct engine_effect *effect)
{
    struct event event = {.node = n};
    switch (effect->type) {
    case ENGINE_SEND:
        links_send(c, n, &effect->as.send);
        break;
    case ENGINE_CLOSE:
        cluster_note(c, n, "closes", effect->as.close.peer, (uint64_t)effect->as.close.reason);
        c->nodes[links_other(c, n, effect->as.close.peer)].blamed_count +=
            is_blame(effect->as.close.reason);
        links_close(c, n, effect->as.close.peer);
        break;
    case ENGINE_PAUSE:
        links_pause(c, n, effect->as.peer);
        break;
    case ENGINE_RESUME:
        links_resume(c, n, effect->as.peer);
        break;
    case ENGINE_DIAL:
        event.type = EVENT_DIAL;
        event.address = effect->as.address;
        cluster_schedule(c, &event, 1 + cluster_random(c, 20));
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
        if (c->nodes[n].inhabitant != NULL) {
            c->nodes[n].inhabitant->on_accepted(c->nodes[n].inhabitant->context);
        }
        break;
    case ENGINE_READY:
        break;
    case ENGINE_JOIN:
    case ENGINE_JOINED:
        cluster_must(false, "nobody joins here");
    }
}

void node_step(struct cluster *c, uint32_t n, struct engine_input *in)
{
    struct cluster_node *node = &c->nodes[n];
    in->now_ms = c->now_ms;
    in->now_s = CLUSTER_START_S + c->now_ms / 1000;
    engine_step(node->engine, &c->out, in);
    for (size_t i = 0; i < c->out.effects_count; i++) {
        carry_out(c, n, &c->out.effects[i]);
    }
    uint64_t at_ms = c->out.tick_at_ms > c->now_ms ? c->out.tick_at_ms : c->now_ms;
    if (at_ms != UINT64_MAX && at_ms != node->tick_at_ms) {
        node->tick_at_ms = at_ms;
        struct event event = {.type = EVENT_TICK, .node = n};
        cluster_schedule(c, &event, at_ms - c->now_ms);
    }
}

void node_on_tick(struct cluster *c, const struct event *event)
{
    if (event->at_ms == c->nodes[event->node].tick_at_ms) {
        c->nodes[event->node].tick_at_ms = UINT64_MAX;
        node_step(c, event->node, &(struct engine_input){.type = ENGINE_TICK});
    }
}

/* ---- Answers ------------------------------------------------------------------------------ */

void node_on_verify(struct cluster *c, const struct event *event)
{
    bool ok[ENGINE_VERIFY_MAX];
    for (size_t i = 0; i < event->posts.count; i++) {
        struct post post;
        cluster_must(post_decode(&post, event->posts.wires[i]) == ERR_OK, "not a post");
        ok[i] = post_verify(&post) == ERR_OK;
    }
    node_step(c, event->node,
              &(struct engine_input){.type = ENGINE_VERIFIED,
                                     .as.verified = {.token = event->posts.token, .ok = ok}});
}

static void put(struct cluster *c, uint32_t n, const struct engine_posts *posts,
                enum engine_put *results)
{
    static struct post decoded[ENGINE_STORE_MAX];
    static enum store_put_result put_results[ENGINE_STORE_MAX];
    for (size_t i = 0; i < posts->count; i++) {
        cluster_must(post_decode(&decoded[i], posts->wires[i]) == ERR_OK, "not a post");
    }
    struct err_note note = {.text = ""};
    enum err_code rc = store_put(c->nodes[n].store, put_results, decoded, posts->wires,
                                 posts->count, CLUSTER_START_S + c->now_ms / 1000, &note);
    cluster_must(rc == ERR_OK, note.text);
    tend(c, n);
    for (size_t i = 0; i < posts->count; i++) {
        results[i] = put_results[i] == STORE_NEW     ? ENGINE_PUT_NEW
                     : put_results[i] == STORE_THERE ? ENGINE_PUT_THERE
                                                     : ENGINE_PUT_REFUSED;
    }
}

/* A failure may come before or after the posts were put: nobody can tell. */
void node_on_store(struct cluster *c, const struct event *event)
{
    enum engine_put results[ENGINE_STORE_MAX];
    bool fails = cluster_random(c, 1000) < c->faults.store_fails;
    bool done = !fails || cluster_random(c, 2) == 0;
    if (done) {
        put(c, event->node, &event->posts, results);
    }
    node_step(c, event->node,
              &(struct engine_input){.type = ENGINE_STORED,
                                     .as.stored = {.token = event->posts.token,
                                                   .status = fails ? ERR_IO : ERR_OK,
                                                   .results = results}});
}

static size_t read_bodies(struct cluster *c, const struct event *event, struct octets *wires,
                          uint8_t *room)
{
    size_t used = 0;
    size_t count = 0;
    while (count < event->read.ids_count) {
        static uint8_t one[POST_WIRE_MAX];
        struct octets_room wire = {.at = one, .cap = sizeof one};
        struct err_note note = {.text = ""};
        enum err_code rc =
            store_body(c->nodes[event->node].store, &wire, &event->read.ids[count], &note);
        size_t len = rc == ERR_OK ? wire.len : 0;
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
    struct store *store = c->nodes[event->node].store;
    bool again = event->read.ids_count == 0 && event->read.batch == NULL;
    if (again || cluster_random(c, 1000) < c->faults.read_fails) {
        in.as.read.status = ERR_IO;
    } else if (event->read.query == ENGINE_READ_KNOWN) {
        in.as.read.status = store_known(store, known, event->read.ids, event->read.ids_count, NULL);
        in.as.read.as.known = known;
    } else if (event->read.query == ENGINE_READ_BODIES) {
        in.as.read.as.bodies.wires_count = read_bodies(c, event, wires, room);
        in.as.read.as.bodies.wires = wires;
    } else {
        results = (struct negentropy_results){.items = items, .items_cap = ITEMS_MAX};
        in.as.read.status = store_answer(store, &results, event->read.batch, NULL);
        in.as.read.as.recon = &results;
    }
    node_step(c, event->node, &in);
}
