#include "tests/support/cluster.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/cluster_inner.h"

static void (*on_violation)(void);

void cluster_on_violation(void (*tell)(void))
{
    on_violation = tell;
}

void cluster_must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "cluster: %s\n", what);
        if (on_violation != NULL) {
            on_violation();
        }
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
    uint64_t figures[4] = {c->now_ms, node, a, b};
    (void)crypto_generichash_update(&c->trace, (const uint8_t *)figures, sizeof figures);
    (void)crypto_generichash_update(&c->trace, (const uint8_t *)what, strlen(what) + 1);
    if (c->tells) {
        (void)fprintf(stderr, "%llu %u %s %llu %llu\n", (unsigned long long)c->now_ms, node, what,
                      (unsigned long long)a, (unsigned long long)b);
    }
}

void cluster_schedule(struct cluster *c, struct event *event, uint64_t after_ms)
{
    event->at_ms = c->now_ms + after_ms;
    event->life = c->nodes[event->node].life;
    events_add(&c->events, event);
}

/* ---- Construction ------------------------------------------------------------------------- */

static void make_node(struct cluster *c, uint32_t n)
{
    struct cluster_node *node = &c->nodes[n];
    char name[24];
    (void)snprintf(name, sizeof name, "person%u", n);
    node->person = person_of(name);
    node->static_key = node->person.key;
    if (c->plan.stores == CLUSTER_STORES_REAL) {
        node->files = file_memory_new(cluster_random(c, UINT32_MAX));
    }
    node_open(c, n);
}

struct cluster *cluster_new_planned(const struct cluster_plan *plan)
{
    cluster_must(sodium_init() >= 0, "libsodium does not start");
    uint32_t max = plan->stores == CLUSTER_STORES_REAL ? CLUSTER_REAL_MAX : CLUSTER_NODES_MAX;
    cluster_must(plan->nodes_count <= max, "too many nodes");
    struct cluster *c = calloc(1, sizeof *c);
    cluster_must(c != NULL, "no memory");
    (void)crypto_generichash_init(&c->trace, NULL, 0, CLUSTER_TRACE_LEN);
    c->tells = getenv("KITH_SIM_TRACE") != NULL;
    c->plan = *plan;
    c->plan.start_s = plan->start_s == 0 ? CLUSTER_START_S : plan->start_s;
    c->seed = plan->seed;
    c->random = plan->seed * 2 + 1;
    c->nodes_count = plan->nodes_count;
    c->faults.answer_max_ms = 5;
    c->weather = (struct cluster_weather){.delay_min_ms = 5, .delay_max_ms = 5, .jitter_ms = 60};
    struct engine_limits limits = engine_limits_relay();
    cluster_must(engine_scratch_new(&c->scratch, &limits) == ERR_OK, "no memory");
    c->nodes = calloc(c->nodes_count, sizeof *c->nodes);
    cluster_must(c->nodes != NULL, "no memory");
    for (uint32_t n = 0; n < c->nodes_count; n++) {
        make_node(c, n);
    }
    return c;
}

struct cluster *cluster_new(uint64_t seed, uint32_t nodes_count)
{
    struct cluster_plan plan = {.seed = seed, .nodes_count = nodes_count};
    return cluster_new_planned(&plan);
}

static void free_node(struct cluster *c, uint32_t n)
{
    struct cluster_node *node = &c->nodes[n];
    if (node->engine != NULL) {
        node_close(c, n);
    }
    book_free(node);
    file_memory_free(node->files);
    light_store_free(&node->light);
    if (node->phantoms != NULL) {
        sorted_set_close(node->phantoms);
        free(node->phantoms);
    }
    free(node->slots);
    free(node->dials);
}

void cluster_free(struct cluster *c)
{
    if (c == NULL) {
        return;
    }
    for (uint32_t n = 0; n < c->nodes_count; n++) {
        free_node(c, n);
    }
    events_free(&c->events);
    links_free(c);
    net_free(c);
    light_posts_free(&c->light_posts);
    posts_free(&c->posts);
    engine_scratch_free(c->scratch);
    free(c->said);
    free(c->nodes);
    free(c);
}

/* ---- What is done with it ----------------------------------------------------------------- */

void cluster_set_faults(struct cluster *c, const struct cluster_faults *faults)
{
    c->faults = *faults;
}

void cluster_dials(struct cluster *c, uint32_t node, uint32_t other)
{
    uint32_t address = node_dials(c, node, other);
    if (c->nodes[node].engine != NULL) {
        node_step(c, node,
                  &(struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = address});
    }
}

static struct said *new_said(struct cluster *c)
{
    if (c->said_count == c->said_cap) {
        c->said_cap = c->said_cap == 0 ? 64 : 2 * c->said_cap;
        c->said = realloc(c->said, c->said_cap * sizeof *c->said);
        cluster_must(c->said != NULL, "no memory");
    }
    return &c->said[c->said_count++];
}

size_t cluster_says(struct cluster *c, uint32_t node, const struct post_draft *draft)
{
    struct cluster_node *author = &c->nodes[node];
    cluster_must(author->engine != NULL, "nobody can publish here");
    size_t number = c->said_count;
    struct post_draft dated = *draft;
    dated.created_s = cluster_node_clock_s(c, node);
    struct post_id id = person_draft(&c->posts, &author->person, &dated);
    struct post post = posts_decoded(&c->posts, number);
    const struct post_id *subject = post_ref_of(&post, POST_SUBJECT);
    for (size_t i = 0; i < number && post.kind == POST_RETRACT; i++) {
        c->said[i].taken_back = c->said[i].taken_back || post_id_equal(&c->said[i].id, subject);
    }
    *new_said(c) = (struct said){.id = id,
                                 .node = node,
                                 .life = author->life,
                                 .created_s = dated.created_s,
                                 .expires_s = dated.expires_s,
                                 .stands = post_stands(&post),
                                 .shown = dated.tags_count > 0};
    node_step(
        c, node,
        &(struct engine_input){.type = ENGINE_PUBLISH,
                               .as.publish = {.token = number, .wire = c->posts.wires[number]}});
    return number;
}

size_t cluster_publishes(struct cluster *c, uint32_t node, const char *text)
{
    struct octets tag = octets_of_text("metoo");
    char numbered[200]; /* no two posts are the same */
    (void)snprintf(numbered, sizeof numbered, "%s (%zu)", text, c->said_count);
    return cluster_says(
        c, node,
        &(struct post_draft){
            .kind = POST_TEXT, .tags = &tag, .tags_count = 1, .text = octets_of_text(numbered)});
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

void cluster_raises_floor(struct cluster *c, uint32_t node, uint64_t floor_s)
{
    c->nodes[node].floor_s = floor_s;
}

void cluster_chooses(struct cluster *c, uint32_t node, const struct set_choice *sets)
{
    c->nodes[node].sets = *sets;
    set_choose_author(&c->nodes[node].sets, &c->nodes[node].person.key);
}

struct store *cluster_store(struct cluster *c, uint32_t node)
{
    return c->nodes[node].store;
}

struct key cluster_key(const struct cluster *c, uint32_t node)
{
    return c->nodes[node].person.key;
}

uint32_t cluster_author(const struct cluster *c, size_t post)
{
    return c->said[post].node;
}

struct post_id cluster_post_id(const struct cluster *c, size_t post)
{
    return c->said[post].id;
}

uint64_t cluster_now_s(const struct cluster *c)
{
    return c->plan.start_s + c->now_ms / 1000;
}

uint64_t cluster_node_clock_s(const struct cluster *c, uint32_t node)
{
    return (uint64_t)((int64_t)cluster_now_s(c) + c->nodes[node].skew_s);
}

/* How the node's process ends decides who learns of it. */
static void ends(struct cluster *c, uint32_t node, bool told)
{
    struct cluster_node *gone = &c->nodes[node];
    for (uint32_t slot = 0; slot < gone->slots_count; slot++) {
        size_t l = gone->slots[slot];
        if (l != NO_LINK && c->links[l].open) {
            links_break(c, l, told ? 2 : c->links[l].ends[0].node == node ? 0 : 1);
        }
    }
    if (gone->files != NULL) {
        file_memory_crash(gone->files);
    }
    node_close(c, node);
    if (gone->files != NULL) {
        file_memory_restart(gone->files,
                            (enum file_memory_outcome)cluster_random(c, FILE_MEMORY_TEAR + 1));
    }
}

void cluster_crashes(struct cluster *c, uint32_t node)
{
    cluster_note(c, node, "crashes", 0, 0);
    ends(c, node, true);
}

void cluster_loses_power(struct cluster *c, uint32_t node)
{
    cluster_note(c, node, "loses power", 0, 0);
    ends(c, node, false);
}

void cluster_restarts(struct cluster *c, uint32_t node)
{
    cluster_note(c, node, "restarts", 0, 0);
    node_open(c, node);
    for (size_t post = 0; post < c->said_count; post++) {
        if (c->said[post].node == node && c->said[post].acknowledged && !is_passed(c, post)) {
            check_acknowledged(c, post);
        }
    }
}

bool cluster_is_up(const struct cluster *c, uint32_t node)
{
    return c->nodes[node].engine != NULL;
}

void cluster_freezes(struct cluster *c, uint32_t node, uint64_t for_ms)
{
    cluster_note(c, node, "freezes", for_ms, 0);
    uint64_t until_ms = c->now_ms + for_ms;
    if (until_ms > c->nodes[node].frozen_until_ms) {
        c->nodes[node].frozen_until_ms = until_ms;
    }
}

uint64_t cluster_frozen_ms(const struct cluster *c)
{
    uint64_t until_ms = c->now_ms;
    for (uint32_t n = 0; n < c->nodes_count; n++) {
        uint64_t node_ms = c->nodes[n].frozen_until_ms;
        until_ms = node_ms > until_ms ? node_ms : until_ms;
    }
    return until_ms - c->now_ms;
}

void cluster_shifts(struct cluster *c, uint32_t node, int64_t skew_s)
{
    cluster_note(c, node, "shifts", (uint64_t)skew_s, 0);
    c->nodes[node].skew_s = skew_s;
}

/* ---- Running ------------------------------------------------------------------------------ */

/* Whether it was put back for when the node goes on. */
static bool is_frozen(struct cluster *c, struct event *event)
{
    uint64_t until_ms = c->nodes[event->node].frozen_until_ms;
    if (until_ms <= c->now_ms) {
        return false;
    }
    event->at_ms = until_ms;
    events_put_back(&c->events, event);
    return true;
}

static void dispatch(struct cluster *c, struct event *event)
{
    bool late = event->life != c->nodes[event->node].life;
    if ((late && event->type != EVENT_ARRIVE) || is_frozen(c, event)) {
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
    case EVENT_SILENT:
        links_on_silent(c, event);
        break;
    case EVENT_DIAL:
        links_dial(c, event->node, (uint32_t)event->link, event->address);
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
    case EVENT_JOIN:
        node_on_join(c, event);
        break;
    case EVENT_HOSTILE:
        hostile_on_event(c, event);
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

void cluster_listens_at_ends(struct cluster *c,
                             void (*on_frame)(void *context, const struct cluster_frame *frame),
                             void *context)
{
    c->on_arrival = on_frame;
    c->on_arrival_context = context;
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
