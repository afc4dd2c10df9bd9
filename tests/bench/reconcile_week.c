/* reconcile-week - somebody who was away for a week lacks the newest 1,000 posts of 1,000,000: two
 * engines, every frame between them counted, on a link that takes a while. */
#include <sodium.h>
#include <stdlib.h>

#include "proto/engine.h"
#include "proto/message.h"
#include "tests/bench/data.h"
#include "tests/bench/measure.h"
#include "tests/support/sorted_set.h"

#define POSTS_COUNT   1000000
#define MISSING_COUNT 1000
#define RUNS          5
#define ITEMS_CAP     4096
#define LINK_MS       50
#define LAST_MS       60000
#define NOW_S         UINT64_C(1710000000)
#define WEEK_S        604800
#define EVENTS_MAX    4096

/* A frame on its way, or an answer; taken in the order of at_ms. */
struct event {
    uint64_t at_ms;
    uint32_t to;
    uint8_t type;
    uint8_t *payload;
    size_t len;
};

struct node {
    struct engine *engine;
    struct engine_output out;
    struct sorted_set set;
};

struct week {
    struct node nodes[2]; /* who was away, and a relay */
    struct event events[EVENTS_MAX];
    size_t events_first;
    size_t events_end;
    uint64_t now_ms;
    struct data missing; /* what the relay alone has */
    size_t stored_count; /* of them by who was away */
    uint64_t first_ms;   /* the first RECON leaves */
    uint64_t id_ms;      /* the last id comes */
    uint64_t post_ms;    /* the last post comes */
    size_t frames_len;   /* payloads and headers, both ways, but HELLO */
    size_t payload_len;  /* payloads alone */
    size_t posts_len;    /* wires in them */
    struct negentropy_item items[ITEMS_CAP];
};

static void step(struct week *w, uint32_t n, struct engine_input in);

static const struct octets *wire_of(const struct week *w, const struct post_id *id)
{
    for (size_t i = 0; i < w->missing.count; i++) {
        if (post_id_equal(&w->missing.ids[i], id)) {
            return &w->missing.wires[i];
        }
    }
    return NULL;
}

static void answer_read(struct week *w, uint32_t n, const struct engine_read *read)
{
    static bool known[ENGINE_KNOWN_MAX];
    static struct octets wires[ENGINE_BODIES_MAX];
    struct negentropy_results *results = must_get(1, sizeof *results);
    struct engine_input in = {.type = ENGINE_READ_DONE, .as.read.token = read->token};
    switch (read->query) {
    case ENGINE_READ_KNOWN:
        in.as.read.as.known = known; /* none of them */
        break;
    case ENGINE_READ_BODIES: {
        size_t len = 0;
        size_t count = 0;
        for (; count < read->ids_count; count++) {
            const struct octets *wire = wire_of(w, &read->ids[count]);
            wires[count] = wire == NULL ? octets_of(NULL, 0) : *wire;
            len += wires[count].len;
            if (count > 0 && len > read->octets_max) {
                break;
            }
        }
        in.as.read.as.bodies = (struct engine_bodies){.wires = wires, .wires_count = count};
        break;
    }
    case ENGINE_READ_RECON:
        results->items = w->items;
        results->items_cap = ITEMS_CAP;
        sorted_set_answer(&w->nodes[n].set, results, read->batch);
        in.as.read.as.recon = results;
        break;
    }
    step(w, n, in);
    free(results);
}

static void answer_posts(struct week *w, uint32_t n, const struct engine_effect *effect)
{
    static bool ok[ENGINE_STORE_MAX];
    static enum engine_put put[ENGINE_STORE_MAX];
    memset(ok, true, sizeof ok);
    struct engine_input in = {.type = ENGINE_VERIFIED};
    if (effect->type == ENGINE_VERIFY) {
        in.as.verified = (struct engine_verified){.token = effect->as.posts.token, .ok = ok};
    } else {
        in.type = ENGINE_STORED;
        in.as.stored = (struct engine_stored){.token = effect->as.posts.token, .results = put};
        w->stored_count += effect->as.posts.count;
    }
    step(w, n, in);
}

static void send(struct week *w, uint32_t n, const struct engine_send *send)
{
    must(w->events_end < EVENTS_MAX, "too many frames");
    struct event *event = &w->events[w->events_end++];
    *event = (struct event){.at_ms = w->now_ms + LINK_MS,
                            .to = 1 - n,
                            .type = (uint8_t)send->type,
                            .payload = must_get(send->payload.len + 1, 1),
                            .len = send->payload.len};
    memcpy(event->payload, send->payload.at, send->payload.len);
    if (send->type == FRAME_RECON && n == 0 && w->first_ms == 0) {
        w->first_ms = w->now_ms;
    }
    if (send->type != FRAME_HELLO) {
        w->frames_len += send->payload.len + FRAME_HEADER_LEN;
        w->payload_len += send->payload.len;
    }
}

/* Effects are copied: an answer is a step of its own. */
static void step(struct week *w, uint32_t n, struct engine_input in)
{
    struct node *node = &w->nodes[n];
    in.now_ms = w->now_ms;
    in.now_s = NOW_S;
    engine_step(node->engine, &node->out, &in);
    size_t count = node->out.effects_count;
    struct engine_effect *effects = must_get(count + 1, sizeof *effects);
    memcpy(effects, node->out.effects, count * sizeof *effects);
    for (size_t i = 0; i < count; i++) {
        if (effects[i].type == ENGINE_SEND) {
            send(w, n, &effects[i].as.send);
        }
    }
    for (size_t i = 0; i < count; i++) {
        must(effects[i].type != ENGINE_CLOSE && effects[i].type != ENGINE_PAUSE,
             "the nodes fall out with each other");
        if (effects[i].type == ENGINE_READ) {
            answer_read(w, n, &effects[i].as.read);
        } else if (effects[i].type == ENGINE_VERIFY || effects[i].type == ENGINE_STORE) {
            answer_posts(w, n, &effects[i]);
        }
    }
    free(effects);
}

/* What of a frame is posts, and when the last id and the last post came. */
static void look_at(struct week *w, const struct event *event)
{
    struct message_posts posts;
    struct message_recon recon;
    struct octets payload = octets_of(event->payload, event->len);
    if (event->to != 0) {
        return;
    }
    if (event->type == FRAME_RECON) {
        must_ok(message_recon_decode(&recon, payload), NULL, "a RECON");
        w->id_ms = recon.message.len > POST_ID_LEN ? w->now_ms : w->id_ms;
    }
    if (event->type != FRAME_POSTS) {
        return;
    }
    must_ok(message_posts_begin(&posts, payload), NULL, "posts");
    while (posts.left_count > 0) {
        struct post post;
        struct octets wire;
        must_ok(message_posts_next(&posts, &post, &wire), NULL, "a post");
        w->posts_len += wire.len;
    }
    w->post_ms = w->now_ms;
}

static void run(struct week *w)
{
    while (w->events_first < w->events_end || w->stored_count < w->missing.count) {
        uint64_t tick_ms = w->nodes[0].out.tick_at_ms < w->nodes[1].out.tick_at_ms
                               ? w->nodes[0].out.tick_at_ms
                               : w->nodes[1].out.tick_at_ms;
        const struct event *event =
            w->events_first < w->events_end ? &w->events[w->events_first] : NULL;
        if (event == NULL || tick_ms < event->at_ms) {
            w->now_ms = tick_ms > w->now_ms ? tick_ms : w->now_ms + 1;
            must(w->now_ms < LAST_MS, "it never ends");
            step(w, 0, (struct engine_input){.type = ENGINE_TICK});
            step(w, 1, (struct engine_input){.type = ENGINE_TICK});
            continue;
        }
        w->events_first++;
        w->now_ms = event->at_ms > w->now_ms ? event->at_ms : w->now_ms;
        look_at(w, event);
        step(w, event->to,
             (struct engine_input){.type = ENGINE_FRAME,
                                   .as.frame = {.type = event->type,
                                                .payload = octets_of(event->payload, event->len)}});
        free(event->payload);
    }
}

static void make_missing(struct week *w, uint64_t *state)
{
    static uint8_t room[POST_WIRE_MAX];
    static uint8_t text[DATA_TEXT_LEN];
    struct data *missing = &w->missing;
    missing->wires = must_get(MISSING_COUNT, sizeof *missing->wires);
    missing->ids = must_get(MISSING_COUNT, sizeof *missing->ids);
    for (size_t i = 0; i < MISSING_COUNT; i++) {
        struct key author;
        randombytes_buf(author.octets, sizeof author.octets);
        data_text(text, state);
        struct post_draft draft = {.kind = POST_TEXT,
                                   .created_s = NOW_S - WEEK_S + i * WEEK_S / MISSING_COUNT,
                                   .text = octets_of(text, sizeof text)};
        size_t len = data_unsigned(room, &draft, &author, state);
        uint8_t *wire = must_get(len, 1);
        struct post post;
        memcpy(wire, room, len);
        must_ok(post_decode(&post, octets_of(wire, len)), NULL, "a post");
        missing->wires[i] = octets_of(wire, len);
        missing->ids[i] = post.id;
        sorted_set_add(&w->nodes[1].set, post.created_s, &post.id);
    }
    missing->count = MISSING_COUNT;
}

static void make_shared(struct week *w, size_t count, uint64_t *state)
{
    for (size_t i = 0; i < count; i++) {
        struct post_id id;
        randombytes_buf(id.octets, sizeof id.octets);
        uint64_t created_s = NOW_S - WEEK_S - 1 - (count - i) * 8 - data_random(state, 3600);
        sorted_set_add(&w->nodes[0].set, created_s, &id);
        sorted_set_add(&w->nodes[1].set, created_s, &id);
    }
}

static void open_node(struct node *node)
{
    struct engine_config config = {.limits = engine_limits_personal(), .now_ms = 1};
    randombytes_buf(config.seed, sizeof config.seed);
    must_ok(engine_new(&node->engine, &config), NULL, "an engine");
}

static void close_week(struct week *w)
{
    for (size_t n = 0; n < 2; n++) {
        engine_free(w->nodes[n].engine);
        sorted_set_close(&w->nodes[n].set);
    }
    for (size_t i = 0; i < w->missing.count; i++) {
        free((void *)(uintptr_t)w->missing.wires[i].at);
    }
    free(w->missing.wires);
    free(w->missing.ids);
    free(w);
}

struct figures {
    struct spread overhead_len;
    struct spread frames_len;
    struct spread to_id;
    struct spread to_post;
};

static void measure(struct figures *f, size_t shared_count)
{
    struct week *w = must_get(1, sizeof *w);
    uint64_t state = randombytes_random();
    w->now_ms = 1;
    for (size_t n = 0; n < 2; n++) {
        sorted_set_init(&w->nodes[n].set);
        open_node(&w->nodes[n]);
    }
    make_shared(w, shared_count, &state);
    make_missing(w, &state);
    sorted_set_seal(&w->nodes[0].set);
    sorted_set_seal(&w->nodes[1].set);
    struct engine_input up = {.type = ENGINE_PEER_UP, .as.up.address = ENGINE_NO_ADDRESS};
    up.as.up.static_key = (struct key){.octets = {1}};
    step(w, 0, (struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = 0});
    step(w, 1, up);
    up.as.up.address = 0;
    step(w, 0, up);
    run(w);
    must(w->stored_count == w->missing.count, "each post is stored once");
    double count = (double)w->missing.count;
    spread_add(&f->overhead_len, (double)(w->payload_len - w->posts_len) / count);
    spread_add(&f->frames_len, (double)(w->frames_len - w->posts_len) / count);
    spread_add(&f->to_id, (double)(w->id_ms - w->first_ms) / (2.0 * LINK_MS));
    spread_add(&f->to_post, (double)(w->post_ms - w->first_ms) / (2.0 * LINK_MS));
    close_week(w);
}

void bench_reconcile_week(struct bench *bench)
{
    struct figures *f = must_get(1, sizeof *f);
    size_t shared_count = bench_scaled(bench, POSTS_COUNT) - MISSING_COUNT;
    for (size_t i = 0; i < RUNS; i++) {
        measure(f, shared_count);
    }
    struct result result = {.bench = "reconcile-week", .better = BETTER_LOWER};
    result.unit = "payload octets of all frames beyond the posts, for each post missing";
    result.target = 40;
    result.reference = "32, the id alone";
    result_spread(&result, &f->overhead_len);
    result_print(&result, ",\"with_headers\":%.2f,\"posts\":%zu,\"missing\":%d",
                 spread_at(&f->frames_len, 0.5), shared_count + MISSING_COUNT, MISSING_COUNT);
    result.unit = "round trips to the last id";
    result.target = 4;
    result.reference = "none";
    result_spread(&result, &f->to_id);
    result_print(&result, ",\"to_the_last_post\":%.1f", spread_at(&f->to_post, 0.5));
    free(f);
}
