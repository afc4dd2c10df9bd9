#include "tests/support/cluster.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/cluster_inner.h"

void cluster_must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "cluster: %s\n", what);
        abort();
    }
}

uint64_t cluster_random(struct cluster *c, uint64_t below)
{
    c->random ^= c->random >> 12;
    c->random ^= c->random << 25;
    c->random ^= c->random >> 27;
    return (c->random * UINT64_C(2685821657736338717) >> 16) % below;
}

void cluster_note(struct cluster *c, uint32_t node, const char *what, uint64_t a, uint64_t b)
{
    char line[160];
    int len = snprintf(line, sizeof line, "%llu %u %s %llu %llu\n", (unsigned long long)c->now_ms,
                       node, what, (unsigned long long)a, (unsigned long long)b);
    (void)crypto_generichash_update(&c->trace, (const uint8_t *)line, (unsigned long long)len);
    if (getenv("KITH_SIM_TRACE") != NULL) {
        (void)fputs(line, stderr);
    }
}

void cluster_schedule(struct cluster *c, struct event *event, uint64_t after_ms)
{
    event->at_ms = c->now_ms + after_ms;
    event->life = c->nodes[event->node].life;
    events_add(&c->events, event);
}

struct cluster *cluster_new(uint64_t seed, uint32_t nodes_count)
{
    cluster_must(sodium_init() >= 0, "libsodium does not start");
    cluster_must(nodes_count <= CLUSTER_NODES_MAX, "too many nodes");
    struct cluster *c = calloc(1, sizeof *c);
    cluster_must(c != NULL, "no memory");
    (void)crypto_generichash_init(&c->trace, NULL, 0, CLUSTER_TRACE_LEN);
    c->random = seed * 2 + 1;
    c->nodes_count = nodes_count;
    c->faults.answer_max_ms = 5;
    for (uint32_t n = 0; n < nodes_count; n++) {
        struct cluster_node *node = &c->nodes[n];
        char name[16];
        (void)snprintf(name, sizeof name, "person%u", n);
        node->person = person_of(name);
        node->static_key = node->person.key;
        node->files = file_memory_new(cluster_random(c, UINT32_MAX));
        for (uint32_t s = 0; s < SLOTS_MAX; s++) {
            node->slots[s] = NO_LINK;
        }
        node_open(c, n);
    }
    return c;
}

void cluster_free(struct cluster *c)
{
    if (c == NULL) {
        return;
    }
    for (uint32_t n = 0; n < c->nodes_count; n++) {
        if (c->nodes[n].engine != NULL) {
            node_close(c, n);
        }
        file_memory_free(c->nodes[n].files);
    }
    events_free(&c->events);
    links_free(c);
    posts_free(&c->posts);
    free(c->said);
    free(c);
}

void cluster_set_faults(struct cluster *c, const struct cluster_faults *faults)
{
    c->faults = *faults;
}

void cluster_dials(struct cluster *c, uint32_t node, uint32_t other)
{
    c->nodes[node].dials[other] = true;
    if (c->nodes[node].engine != NULL) {
        node_step(c, node, &(struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = other});
    }
}

size_t cluster_publishes(struct cluster *c, uint32_t node, const char *text)
{
    struct cluster_node *author = &c->nodes[node];
    size_t number = c->said_count++;
    c->said = realloc(c->said, c->said_count * sizeof *c->said);
    cluster_must(c->said != NULL && author->engine != NULL, "nobody can publish here");
    char numbered[200]; /* no two posts are the same */
    (void)snprintf(numbered, sizeof numbered, "%s (%zu)", text, number);
    struct post_id id = person_text(&c->posts, &author->person, CLUSTER_START_S + c->now_ms / 1000,
                                    numbered, "metoo");
    c->said[number] = (struct said){.id = id, .node = node};
    node_step(
        c, node,
        &(struct engine_input){.type = ENGINE_PUBLISH,
                               .as.publish = {.token = number, .wire = c->posts.wires[number]}});
    return number;
}

void cluster_inhabit(struct cluster *c, uint32_t node, const struct cluster_inhabitant *inhabitant)
{
    c->nodes[node].inhabitant = inhabitant;
}

void cluster_publishes_wire(struct cluster *c, uint32_t node, uint64_t token, struct octets wire)
{
    node_step(c, node,
              &(struct engine_input){.type = ENGINE_PUBLISH,
                                     .as.publish = {.token = token, .wire = wire}});
}

struct store *cluster_store(struct cluster *c, uint32_t node)
{
    return c->nodes[node].store;
}

struct key cluster_key(const struct cluster *c, uint32_t node)
{
    return c->nodes[node].person.key;
}

struct post_id cluster_post_id(const struct cluster *c, size_t post)
{
    return c->said[post].id;
}

uint64_t cluster_now_s(const struct cluster *c)
{
    return CLUSTER_START_S + c->now_ms / 1000;
}

void cluster_breaks(struct cluster *c, uint32_t node, uint32_t other)
{
    for (size_t l = 0; l < c->links_count; l++) {
        const struct end *ends = c->links[l].ends;
        if ((ends[0].node == node && ends[1].node == other) ||
            (ends[0].node == other && ends[1].node == node)) {
            links_break(c, l);
        }
    }
}

void cluster_breaks_any(struct cluster *c)
{
    size_t start = c->links_count == 0 ? 0 : cluster_random(c, c->links_count);
    for (size_t k = 0; k < c->links_count; k++) {
        size_t l = (start + k) % c->links_count;
        if (c->links[l].open) {
            links_break(c, l);
            return;
        }
    }
}

void cluster_lies(struct cluster *c, uint32_t node)
{
    c->nodes[node].lies = true;
}

void cluster_crashes(struct cluster *c, uint32_t node)
{
    cluster_note(c, node, "crashes", 0, 0);
    for (size_t l = 0; l < c->links_count; l++) {
        struct link *link = &c->links[l];
        if (link->open && (link->ends[0].node == node || link->ends[1].node == node)) {
            links_break(c, l);
        }
    }
    file_memory_crash(c->nodes[node].files);
    node_close(c, node);
    file_memory_restart(c->nodes[node].files,
                        (enum file_memory_outcome)cluster_random(c, FILE_MEMORY_TEAR + 1));
}

void cluster_restarts(struct cluster *c, uint32_t node)
{
    cluster_note(c, node, "restarts", 0, 0);
    node_open(c, node);
}

bool cluster_is_up(const struct cluster *c, uint32_t node)
{
    return c->nodes[node].engine != NULL;
}

static void dispatch(struct cluster *c, struct event *event)
{
    bool late = event->life != c->nodes[event->node].life;
    if (late && event->type != EVENT_ARRIVE) {
        return;
    }
    switch (event->type) {
    case EVENT_TICK:
        node_on_tick(c, event);
        break;
    case EVENT_ARRIVE:
        links_on_arrive(c, event);
        break;
    case EVENT_DRAIN:
        links_on_drain(c, event);
        break;
    case EVENT_FULL:
        links_on_full(c, event);
        break;
    case EVENT_DOWN:
        links_on_down(c, event);
        break;
    case EVENT_DIAL:
        links_dial(c, event);
        break;
    case EVENT_VERIFY:
        node_on_verify(c, event);
        break;
    case EVENT_STORE:
        node_on_store(c, event);
        break;
    case EVENT_READ:
        node_on_read(c, event);
        break;
    }
}

void cluster_listens(struct cluster *c,
                     void (*on_frame)(void *context, const struct cluster_frame *frame),
                     void *context)
{
    c->on_frame = on_frame;
    c->on_frame_context = context;
}

void cluster_run(struct cluster *c, uint64_t for_ms)
{
    uint64_t until_ms = c->now_ms + for_ms;
    struct event event;
    while (events_take(&c->events, &event, until_ms)) {
        c->now_ms = event.at_ms;
        dispatch(c, &event);
    }
    c->now_ms = until_ms;
}

uint64_t cluster_now_ms(const struct cluster *c)
{
    return c->now_ms;
}

bool cluster_has(const struct cluster *c, uint32_t node, size_t post)
{
    bool known = false;
    cluster_must(store_known(c->nodes[node].store, &known, &c->said[post].id, 1, NULL) == ERR_OK,
                 "the store does not read");
    return known;
}

bool cluster_acknowledged(const struct cluster *c, size_t post)
{
    return c->said[post].acknowledged;
}

size_t cluster_posts_count(const struct cluster *c)
{
    return c->said_count;
}

bool cluster_converged(const struct cluster *c)
{
    for (size_t post = 0; post < c->said_count; post++) {
        uint32_t up = 0;
        uint32_t have = 0;
        for (uint32_t n = 0; n < c->nodes_count; n++) {
            up += cluster_is_up(c, n);
            have += cluster_is_up(c, n) && cluster_has(c, n, post);
        }
        if (have != up && (c->said[post].acknowledged || have > 0)) {
            return false;
        }
    }
    return true;
}

bool cluster_kept_promises(const struct cluster *c)
{
    for (size_t post = 0; post < c->said_count; post++) {
        uint32_t author = c->said[post].node;
        if (c->said[post].acknowledged && cluster_is_up(c, author) &&
            !cluster_has(c, author, post)) {
            return false;
        }
    }
    return true;
}

struct engine_stats cluster_stats(const struct cluster *c, uint32_t node)
{
    return engine_stats(c->nodes[node].engine);
}

size_t cluster_blamed_count(const struct cluster *c, uint32_t node)
{
    return c->nodes[node].blamed_count;
}

size_t cluster_blames_count(const struct cluster *c)
{
    size_t count = 0;
    for (uint32_t n = 0; n < c->nodes_count; n++) {
        count += c->nodes[n].blamed_count;
    }
    return count;
}

size_t cluster_handed_count(const struct cluster *c)
{
    return c->handed_count;
}

void cluster_trace(const struct cluster *c, uint8_t out[CLUSTER_TRACE_LEN])
{
    crypto_generichash_state trace = c->trace;
    (void)crypto_generichash_final(&trace, out, CLUSTER_TRACE_LEN);
}
