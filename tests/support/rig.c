#include "tests/support/rig.h"

#include <stdio.h>
#include <stdlib.h>

#define ITEMS_MAX 4096

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "rig: %s\n", what);
        abort();
    }
}

static const struct key relay_static_key = {.octets = {9}};

static struct rig *make(enum rig_role role, const struct engine_config *with)
{
    struct rig *rig = calloc(1, sizeof *rig);
    must(rig != NULL, "no memory");
    rig->relay = person_of("relay");
    rig->now_ms = 1000;
    rig->now_s = RIG_NOW_S;
    for (size_t p = 0; p < RIG_PEERS_MAX; p++) {
        rig->closed[p] = RIG_NOT;
    }
    struct engine_config config = *with;
    config.limits = engine_limits_personal();
    config.now_ms = rig->now_ms;
    if (role == RIG_RELAY) {
        config.limits = engine_limits_relay();
        message_hello_sign(&config.hello, &relay_static_key, rig->relay.seed);
    }
    must(engine_new(&rig->engine, &config) == ERR_OK, "no engine");
    return rig;
}

struct rig *rig_new(enum rig_role role)
{
    return make(role, &(struct engine_config){.book = NULL});
}

struct rig *rig_new_wanting(enum rig_role role, const struct set_choice *sets)
{
    return make(role, &(struct engine_config){.sets = *sets});
}

struct rig *rig_new_booked(struct address_book *book, struct peer_scores *scores)
{
    return make(RIG_RELAY,
                &(struct engine_config){
                    .book = book,
                    .scores = scores,
                    .self = {.host = "80.1.1.1", .port = 7117, .static_key = relay_static_key}});
}

void rig_forget(struct rig *rig)
{
    for (size_t i = 0; i < rig->sent_count; i++) {
        free(rig->sent[i].payload);
    }
    free(rig->sent);
    rig->sent = NULL;
    rig->sent_count = 0;
}

void rig_free(struct rig *rig)
{
    rig_forget(rig);
    engine_free(rig->engine);
    free(rig);
}

/* ---- Steps -------------------------------------------------------------------------------- */

static void keep_sent(struct rig *rig, const struct engine_send *send)
{
    for (size_t i = 0; i < send->peers_count; i++) {
        rig->sent = realloc(rig->sent, (rig->sent_count + 1) * sizeof *rig->sent);
        struct rig_sent sent = {.peer = send->peers[i],
                                .type = send->type,
                                .payload = malloc(send->payload.len + 1),
                                .len = send->payload.len};
        must(rig->sent != NULL && sent.payload != NULL, "no memory");
        memcpy(sent.payload, send->payload.at, sent.len);
        rig->sent[rig->sent_count++] = sent;
    }
}

static void keep_dial(struct rig *rig, const struct engine_dial *dial)
{
    rig->dials_count++;
    if (dial->contact != NULL) {
        must(rig->contacts_count < ENGINE_CONTACTS_MAX, "too many contacts dialled at a time");
        rig->contacts[rig->contacts_count].address = dial->address;
        rig->contacts[rig->contacts_count++].static_key = dial->contact->static_key;
    }
}

static void keep(struct rig *rig, const struct engine_effect *effect)
{
    switch (effect->type) {
    case ENGINE_SEND:
        keep_sent(rig, &effect->as.send);
        break;
    case ENGINE_CLOSE:
        rig->closed[effect->as.close.peer] = (int)effect->as.close.reason;
        break;
    case ENGINE_PAUSE:
        rig->paused[effect->as.peer] = true;
        rig->paused_now = effect->as.peer;
        rig->pauses_count++;
        break;
    case ENGINE_RESUME:
        must(effect->as.peer != rig->paused_now, "resumed in one step with its pause");
        rig->paused[effect->as.peer] = false;
        break;
    case ENGINE_DIAL:
        keep_dial(rig, &effect->as.dial);
        break;
    case ENGINE_VERIFY:
    case ENGINE_STORE:
    case ENGINE_READ:
        must(rig->asked_count < 128, "too many questions at a time");
        rig->asked[rig->asked_count++] = *effect;
        break;
    case ENGINE_READY:
        rig->ready_count++;
        break;
    case ENGINE_ACCEPTED:
        rig->accepted_count += effect->as.accepted_count;
        break;
    case ENGINE_PUBLISHED:
        rig->published = effect->as.published;
        rig->published_count++;
        break;
    case ENGINE_JOIN:
        rig->join = effect->as.join;
        rig->join_count++;
        break;
    case ENGINE_JOINED:
        rig->joined = effect->as.joined;
        rig->joined_count++;
        break;
    }
}

void rig_step(struct rig *rig, struct engine_input in)
{
    in.now_ms = rig->now_ms;
    in.now_s = rig->now_s;
    in.floor_s = rig->floor_s;
    rig->paused_now = RIG_PEERS_MAX;
    engine_step(rig->engine, &rig->out, &in);
    for (size_t i = 0; i < rig->out.effects_count; i++) {
        keep(rig, &rig->out.effects[i]);
    }
}

void rig_waits(struct rig *rig, uint64_t for_ms)
{
    uint64_t until_ms = rig->now_ms + for_ms;
    while (rig->now_ms < until_ms) {
        uint64_t next_ms = rig->out.tick_at_ms;
        next_ms = next_ms > rig->now_ms ? next_ms : rig->now_ms + 1;
        rig->now_ms = next_ms < until_ms ? next_ms : until_ms;
        rig_step(rig, (struct engine_input){.type = ENGINE_TICK});
    }
}

/* ---- Peers -------------------------------------------------------------------------------- */

void rig_up(struct rig *rig, uint32_t peer, uint32_t address)
{
    rig->closed[peer] = RIG_NOT;
    rig_step(rig, (struct engine_input){.type = ENGINE_PEER_UP,
                                        .as.up = {.peer = peer,
                                                  .address = address,
                                                  .static_key = {.octets = {1, (uint8_t)peer}}}});
}

void rig_frame(struct rig *rig, uint32_t peer, enum frame_type type, const void *payload,
               size_t len)
{
    /* A copy of its own, so that nothing is read beyond it or after the call. */
    uint8_t *copy = malloc(len + 1);
    must(copy != NULL, "no memory");
    memcpy(copy, payload, len);
    rig_step(rig, (struct engine_input){.type = ENGINE_FRAME,
                                        .as.frame = {.peer = peer,
                                                     .type = (uint8_t)type,
                                                     .payload = octets_of(copy, len)}});
    free(copy);
}

static void say_hello(struct rig *rig, uint32_t peer, uint32_t floor_day)
{
    uint8_t out[MESSAGE_HELLO_CAP];
    struct message_hello hello = {.role = MESSAGE_PERSONAL, .floor_day = floor_day};
    rig_frame(rig, peer, FRAME_HELLO, out, message_hello_encode(out, &hello));
}

void rig_hello(struct rig *rig, uint32_t peer)
{
    say_hello(rig, peer, 0);
}

void rig_peer_saying(struct rig *rig, uint32_t peer, struct message_hello hello)
{
    uint8_t out[MESSAGE_HELLO_CAP];
    struct person other = person_of("another relay");
    if (hello.role == MESSAGE_RELAY) {
        message_hello_sign(&hello, &(struct key){.octets = {1, (uint8_t)peer}}, other.seed);
    }
    rig_up(rig, peer, ENGINE_NO_ADDRESS);
    rig_frame(rig, peer, FRAME_HELLO, out, message_hello_encode(out, &hello));
}

/* Its number goes, and those behind it move up. */
static struct engine_peer_up take_contact(struct rig *rig, uint32_t peer)
{
    struct engine_peer_up up = {.peer = peer,
                                .address = rig->contacts[0].address,
                                .static_key = rig->contacts[0].static_key};
    rig->contacts_count--;
    memmove(&rig->contacts[0], &rig->contacts[1], rig->contacts_count * sizeof rig->contacts[0]);
    return up;
}

bool rig_contact_fails(struct rig *rig)
{
    if (rig->contacts_count == 0) {
        return false;
    }
    struct engine_peer_up up = take_contact(rig, 0);
    rig_step(rig, (struct engine_input){.type = ENGINE_DIAL_FAILED, .as.address = up.address});
    return true;
}

static void say_hello_as_relay(struct rig *rig, uint32_t peer, const struct key *static_key)
{
    uint8_t out[MESSAGE_HELLO_CAP];
    struct message_hello hello = {.role = MESSAGE_RELAY};
    message_hello_sign(&hello, static_key, rig->relay.seed);
    rig_frame(rig, peer, FRAME_HELLO, out, message_hello_encode(out, &hello));
}

void rig_hello_relay(struct rig *rig, uint32_t peer)
{
    say_hello_as_relay(rig, peer, &(struct key){.octets = {1, (uint8_t)peer}});
}

bool rig_contact_answers(struct rig *rig, uint32_t peer)
{
    if (rig->contacts_count == 0) {
        return false;
    }
    struct engine_peer_up up = take_contact(rig, peer);
    rig->closed[peer] = RIG_NOT;
    rig_step(rig, (struct engine_input){.type = ENGINE_PEER_UP, .as.up = up});
    say_hello_as_relay(rig, peer, &up.static_key);
    return true;
}

void rig_peer(struct rig *rig, uint32_t peer)
{
    rig_up(rig, peer, ENGINE_NO_ADDRESS);
    rig_hello(rig, peer);
}

void rig_dialled(struct rig *rig, uint32_t peer)
{
    rig_dialled_floor(rig, peer, 0);
}

void rig_dialled_floor(struct rig *rig, uint32_t peer, uint32_t floor_day)
{
    rig_step(rig, (struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = peer});
    rig_up(rig, peer, peer);
    say_hello(rig, peer, floor_day);
}

void rig_down(struct rig *rig, uint32_t peer)
{
    rig_step(rig, (struct engine_input){.type = ENGINE_PEER_DOWN, .as.peer = peer});
}

void rig_gives(struct rig *rig, uint32_t peer, const struct posts *posts, size_t first,
               size_t count)
{
    static const uint8_t hops[MESSAGE_POSTS_MAX];
    static uint8_t frame[FRAME_MAX];
    size_t len = message_new_head(frame, hops, (uint32_t)count);
    for (size_t i = first; i < first + count; i++) {
        must(len + posts->wires[i].len <= sizeof frame, "a frame too large");
        memcpy(frame + len, posts->wires[i].at, posts->wires[i].len);
        len += posts->wires[i].len;
    }
    rig_frame(rig, peer, FRAME_POSTS, frame, len);
}

void rig_publishes(struct rig *rig, uint64_t token, struct octets wire)
{
    rig_step(rig, (struct engine_input){.type = ENGINE_PUBLISH,
                                        .as.publish = {.token = token, .wire = wire}});
}

/* ---- Answers ------------------------------------------------------------------------------ */

static bool is_asked(const struct engine_effect *asked, enum engine_effect_type type,
                     enum engine_query query)
{
    return asked->type == type && (type != ENGINE_READ || asked->as.read.query == query);
}

struct engine_effect rig_takes(struct rig *rig, enum engine_effect_type type,
                               enum engine_query query)
{
    size_t i = 0;
    while (i < rig->asked_count && !is_asked(&rig->asked[i], type, query)) {
        i++;
    }
    must(i < rig->asked_count, "the engine did not ask that");
    struct engine_effect taken = rig->asked[i];
    rig->asked_count--;
    memmove(&rig->asked[i], &rig->asked[i + 1], (rig->asked_count - i) * sizeof taken);
    return taken;
}

bool rig_is_asked(const struct rig *rig, enum engine_effect_type type)
{
    for (size_t i = 0; i < rig->asked_count; i++) {
        if (rig->asked[i].type == type) {
            return true;
        }
    }
    return false;
}

static void read_done(struct rig *rig, struct engine_read_done done)
{
    rig_step(rig, (struct engine_input){.type = ENGINE_READ_DONE, .as.read = done});
}

void rig_says_known(struct rig *rig, uint64_t token, bool known)
{
    bool all[ENGINE_KNOWN_MAX];
    for (size_t i = 0; i < ENGINE_KNOWN_MAX; i++) {
        all[i] = known;
    }
    read_done(rig, (struct engine_read_done){.token = token, .as.known = all});
}

void rig_says_read_failed(struct rig *rig, uint64_t token)
{
    read_done(rig, (struct engine_read_done){.token = token, .status = ERR_IO});
}

void rig_says_verified(struct rig *rig, uint64_t token, bool ok)
{
    bool all[ENGINE_VERIFY_MAX];
    for (size_t i = 0; i < ENGINE_VERIFY_MAX; i++) {
        all[i] = ok;
    }
    rig_step(rig, (struct engine_input){.type = ENGINE_VERIFIED,
                                        .as.verified = {.token = token, .ok = all}});
}

void rig_says_stored(struct rig *rig, uint64_t token, enum err_code status, enum engine_put result)
{
    enum engine_put all[ENGINE_STORE_MAX];
    for (size_t i = 0; i < ENGINE_STORE_MAX; i++) {
        all[i] = result;
    }
    rig_step(rig, (struct engine_input){
                      .type = ENGINE_STORED,
                      .as.stored = {.token = token, .status = status, .results = all}});
}

static bool knows(const struct rig *rig, const struct post_id *id)
{
    for (size_t i = 0; i < rig->known_count; i++) {
        if (post_id_equal(&rig->known[i], id)) {
            return true;
        }
    }
    return false;
}

static struct post decoded(struct octets wire)
{
    struct post post;
    must(post_decode(&post, wire) == ERR_OK, "not a post");
    return post;
}

static void verify(struct rig *rig, const struct engine_posts *posts)
{
    bool ok[ENGINE_VERIFY_MAX];
    for (size_t i = 0; i < posts->count; i++) {
        struct post post = decoded(posts->wires[i]);
        ok[i] = post_verify(&post) == ERR_OK;
    }
    rig_step(rig, (struct engine_input){.type = ENGINE_VERIFIED,
                                        .as.verified = {.token = posts->token, .ok = ok}});
}

static void store(struct rig *rig, const struct engine_posts *posts)
{
    enum engine_put results[ENGINE_STORE_MAX];
    for (size_t i = 0; i < posts->count; i++) {
        struct post post = decoded(posts->wires[i]);
        results[i] = knows(rig, &post.id) ? ENGINE_PUT_THERE : ENGINE_PUT_NEW;
        if (results[i] == ENGINE_PUT_NEW) {
            must(rig->known_count < sizeof rig->known / sizeof rig->known[0], "too many posts");
            rig->known[rig->known_count++] = post.id;
        }
    }
    rig_step(rig, (struct engine_input){.type = ENGINE_STORED,
                                        .as.stored = {.token = posts->token, .results = results}});
}

static struct octets wire_of(const struct posts *posts, const struct post_id *id)
{
    for (size_t i = 0; posts != NULL && i < posts->count; i++) {
        if (post_id_equal(&posts->ids[i], id)) {
            return posts->wires[i];
        }
    }
    return octets_of(NULL, 0);
}

static void read(struct rig *rig, const struct engine_read *asked, const struct posts *posts)
{
    static struct octets wires[ENGINE_BODIES_MAX];
    static struct negentropy_item items[ITEMS_MAX];
    static struct negentropy_results results;
    struct engine_read_done done = {.token = asked->token};
    bool known[ENGINE_KNOWN_MAX];
    struct sorted_set empty;
    sorted_set_init(&empty);
    sorted_set_seal(&empty);
    switch (asked->query) {
    case ENGINE_READ_KNOWN:
        for (size_t i = 0; i < asked->ids_count; i++) {
            known[i] = knows(rig, &asked->ids[i]);
        }
        done.as.known = known;
        break;
    case ENGINE_READ_BODIES:
        for (size_t i = 0, len = 0; i < asked->ids_count; i++) {
            wires[i] = wire_of(posts, &asked->ids[i]);
            len += wires[i].len;
            if (i > 0 && len > asked->octets_max) {
                break;
            }
            done.as.bodies.wires_count = i + 1;
        }
        done.as.bodies.wires = wires;
        break;
    case ENGINE_READ_RECON:
        results = (struct negentropy_results){.items = items, .items_cap = ITEMS_MAX};
        sorted_set_answer(rig->set != NULL ? rig->set : &empty, &results, asked->batch);
        done.as.recon = &results;
        break;
    }
    read_done(rig, done);
    sorted_set_close(&empty);
}

void rig_answers_one(struct rig *rig, const struct engine_effect *asked, const struct posts *posts)
{
    if (asked->type == ENGINE_VERIFY) {
        verify(rig, &asked->as.posts);
    } else if (asked->type == ENGINE_STORE) {
        store(rig, &asked->as.posts);
    } else {
        read(rig, &asked->as.read, posts);
    }
}

void rig_answers(struct rig *rig, const struct posts *posts)
{
    while (rig->asked_count > 0) {
        struct engine_effect asked = rig->asked[0];
        rig->asked_count--;
        memmove(&rig->asked[0], &rig->asked[1], rig->asked_count * sizeof asked);
        rig_answers_one(rig, &asked, posts);
    }
}

void rig_answers_all(struct rig *rig)
{
    rig_answers(rig, NULL);
}

/* ---- What was sent ------------------------------------------------------------------------ */

size_t rig_sent_count(const struct rig *rig, uint32_t peer, enum frame_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < rig->sent_count; i++) {
        count += rig->sent[i].peer == peer && rig->sent[i].type == type;
    }
    return count;
}

const struct rig_sent *rig_last(const struct rig *rig, uint32_t peer, enum frame_type type)
{
    const struct rig_sent *last = NULL;
    for (size_t i = 0; i < rig->sent_count; i++) {
        if (rig->sent[i].peer == peer && rig->sent[i].type == type) {
            last = &rig->sent[i];
        }
    }
    return last;
}

size_t rig_posts_sent(const struct rig *rig, uint32_t peer)
{
    size_t count = 0;
    for (size_t i = 0; i < rig->sent_count; i++) {
        struct message_posts posts;
        if (rig->sent[i].peer == peer && rig->sent[i].type == FRAME_POSTS) {
            must(message_posts_begin(&posts, octets_of(rig->sent[i].payload, rig->sent[i].len)) ==
                     ERR_OK,
                 "a malformed frame was sent");
            count += posts.left_count;
        }
    }
    return count;
}
