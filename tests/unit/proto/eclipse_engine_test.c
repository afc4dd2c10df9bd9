/* How often an attacker is all that a node is connected to (SPEC 8.5, 6.5), measured at a real
 * engine: its views, its book and its restarts, while nine of ten known addresses are the
 * attacker's and he does whatever he is let.  Honest relays are played by the rules; their places
 * for neighbours may all be the attacker's.  Prints what it measured. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/address_group.h"
#include "proto/engine.h"
#include "proto/message_addresses.h"
#include "proto/message_overlay.h"
#include "tests/support/posts.h"
#include "tests/support/splitmix64.h"

#define HONEST        100
#define ATTACKERS     900
#define GROUPS        32
#define MADE_UP       (HONEST + ATTACKERS) /* this number and above: nobody is there */
#define RESTARTS      100
#define SEEDS         1 /* unless the environment has KITH_ECLIPSE_SEEDS */
#define DOWN_PERCENT  10
#define NOW_S         UINT64_C(1800000000)
#define HOUR_S        3600
#define LIFE_MS       240000
#define SETTLED_MS    120000 /* from then on it is looked at who is connected */
#define LOOK_MS       20000
#define UNREACHED_MS  10000
#define PEERS         160
#define CALLERS       90 /* attackers who connect, and are back at once when they are closed */
#define LEAF_CALLERS  20
#define LOUD          8 /* of them tell and ask as much as they are let */
#define LOUD_EVERY_MS 5000
#define FRAMES_MAX    4096
#define NOBODY        UINT32_MAX

struct peer {
    bool used;
    uint32_t who;
    uint32_t address; /* ENGINE_NO_ADDRESS: it called */
    bool ready;       /* it was sent the victim's HELLO */
};

struct letter {
    uint32_t peer;
    uint32_t life;
    uint8_t type;
    size_t len;
    uint8_t payload[MESSAGE_ADDRESSES_CAP];
};

struct call {
    uint64_t at_ms;
    uint32_t address;
};

struct victim {
    bool is_leaf;
    bool is_full; /* honest relays have no place for one more neighbour */
};

struct world {
    const struct victim *victim;
    uint64_t random;
    uint64_t now_ms;
    uint64_t start_s;
    struct engine *engine;
    struct engine_scratch *scratch;
    struct engine_output out;
    struct address_book *book;
    struct peer_scores *scores;
    struct peer peers[PEERS];
    uint32_t lives[PEERS];
    struct letter *frames; /* a ring: what is on its way to the victim */
    size_t frames_first;
    size_t frames_count;
    struct call calls[32]; /* that nobody answers */
    size_t calls_count;
    bool down[HONEST];
    uint8_t hellos[MADE_UP][MESSAGE_HELLO_CAP];
    size_t hello_lens[MADE_UP];
    unsigned looked;
    unsigned alone;
};

static uint64_t next(struct world *w)
{
    return splitmix64(&w->random);
}

/* ---- Who is there ---- */

static bool is_attacker(uint32_t who)
{
    return who >= HONEST && who < MADE_UP;
}

static struct address address_of(uint32_t who)
{
    struct address address = {.port = 7117};
    if (who < HONEST) {
        (void)snprintf(address.host, sizeof address.host, "80.%u.0.7", (unsigned)who);
    } else if (who < MADE_UP) {
        uint32_t i = who - HONEST;
        (void)snprintf(address.host, sizeof address.host, "60.%u.0.%u", (unsigned)(i % GROUPS),
                       (unsigned)(1 + i / GROUPS));
    } else {
        (void)snprintf(address.host, sizeof address.host, "%u.%u.0.9",
                       (unsigned)(100 + who / 250 % 90), (unsigned)(who % 250));
    }
    octets_put_u32be(address.static_key.octets, who + 1);
    return address;
}

static uint32_t who_is(const struct address *address)
{
    return octets_get_u32be(address->static_key.octets) - 1;
}

static uint32_t some_attacker(struct world *w)
{
    return HONEST + (uint32_t)(next(w) % ATTACKERS);
}

static uint32_t somebody_known(struct world *w)
{
    return (uint32_t)(next(w) % MADE_UP);
}

/* What an attacker tells: mostly of his own, and of some where nobody is, or under a wrong key. */
static struct address told_by_attacker(struct world *w)
{
    uint64_t what = next(w) % 8;
    struct address address = address_of(some_attacker(w));
    if (what == 0) {
        address = address_of(MADE_UP + (uint32_t)(next(w) % 20000));
    } else if (what == 1) {
        address = address_of((uint32_t)(next(w) % HONEST));
        address.static_key.octets[31] = 1;
    }
    return address;
}

static void make_hello(struct world *w, uint32_t who, const struct person *identity)
{
    struct message_hello hello = {.role = MESSAGE_RELAY};
    struct address address = address_of(who);
    message_hello_sign(&hello, &address.static_key, identity->seed);
    w->hello_lens[who] = message_hello_encode(w->hellos[who], &hello);
}

/* ---- Frames to the victim ---- */

static void say(struct world *w, uint32_t p, enum frame_type type, const void *payload, size_t len)
{
    assert_true(w->frames_count < FRAMES_MAX);
    struct letter *frame = &w->frames[(w->frames_first + w->frames_count++) % FRAMES_MAX];
    frame->peer = p;
    frame->life = w->lives[p];
    frame->type = (uint8_t)type;
    frame->len = len;
    memcpy(frame->payload, payload, len);
}

static void say_contacts(struct world *w, uint32_t p, enum frame_type type, uint32_t number)
{
    static uint8_t wire[MESSAGE_CONTACTS_CAP];
    struct message_contacts contacts = {.number = number, .ttl = 1, .count = MESSAGE_CONTACTS_MAX};
    bool hostile = is_attacker(w->peers[p].who);
    for (size_t i = 0; i < contacts.count; i++) {
        contacts.at[i] = hostile ? told_by_attacker(w) : address_of(somebody_known(w));
    }
    say(w, p, type, wire, message_contacts_encode(wire, type, &contacts));
}

static void say_neighbour(struct world *w, uint32_t p, enum message_ask ask)
{
    uint8_t wire[MESSAGE_NEIGHBOUR_CAP];
    struct message_neighbour neighbour = {.ask = ask, .contact = address_of(w->peers[p].who)};
    say(w, p, FRAME_NEIGHBOUR, wire, message_neighbour_encode(wire, &neighbour));
}

static void say_forward(struct world *w, uint32_t p)
{
    uint8_t wire[MESSAGE_CONTACTS_CAP];
    struct message_forward forward = {.ttl = 1, .contact = told_by_attacker(w)};
    say(w, p, FRAME_FORWARD, wire, message_forward_encode(wire, &forward));
}

/* An attacker names one of each of his groups, an honest relay what its book gives: by group. */
static void say_addresses(struct world *w, uint32_t p)
{
    static uint8_t wire[MESSAGE_ADDRESSES_CAP];
    struct address told[MESSAGE_ADDRESSES_MAX];
    bool hostile = is_attacker(w->peers[p].who);
    for (uint32_t i = 0; i < MESSAGE_ADDRESSES_MAX; i++) {
        bool of_attacker = hostile || next(w) % (HONEST + GROUPS) < GROUPS;
        uint32_t who = of_attacker
                           ? HONEST + i + GROUPS * (uint32_t)(next(w) % (ATTACKERS / GROUPS))
                           : (uint32_t)(next(w) % HONEST);
        told[i] = address_of(who);
    }
    say(w, p, FRAME_ADDRESSES, wire, message_addresses_encode(wire, told, MESSAGE_ADDRESSES_MAX));
}

/* ---- What the victim says ---- */

static void on_neighbour(struct world *w, uint32_t p, struct octets payload)
{
    struct message_neighbour neighbour;
    assert_int_equal(message_neighbour_decode(&neighbour, payload), ERR_OK);
    bool hostile = is_attacker(w->peers[p].who);
    if (neighbour.ask == MESSAGE_ASK_YES) {
        return;
    }
    if (hostile || !w->victim->is_full) {
        say_neighbour(w, p, MESSAGE_ASK_YES);
    } else {
        say_contacts(w, p, FRAME_PASSIVE, 0);
    }
}

static void on_said(struct world *w, uint32_t p, uint8_t type, struct octets payload)
{
    struct message_contacts contacts;
    if (type == FRAME_NEIGHBOUR) {
        on_neighbour(w, p, payload);
    } else if (type == FRAME_SHUFFLE) {
        assert_int_equal(message_contacts_decode(&contacts, FRAME_SHUFFLE, payload), ERR_OK);
        say_contacts(w, p, FRAME_SHUFFLED, contacts.number);
    } else if (type == FRAME_ADDRESSES_WANTED) {
        say_addresses(w, p);
    }
}

static void come_up(struct world *w, uint32_t who, uint32_t address);

static void on_dial(struct world *w, const struct engine_dial *dial)
{
    uint32_t who = who_is(dial->contact);
    struct address right = who < MADE_UP ? address_of(who) : (struct address){.port = 0};
    bool there =
        who < MADE_UP && address_equal(&right, dial->contact) && (who >= HONEST || !w->down[who]);
    if (there) {
        come_up(w, who, dial->address);
        return;
    }
    assert_true(w->calls_count < sizeof w->calls / sizeof *w->calls);
    w->calls[w->calls_count++] =
        (struct call){.at_ms = w->now_ms + UNREACHED_MS, .address = dial->address};
}

static void step(struct world *w, struct engine_input in);

static void go(struct world *w, uint32_t p)
{
    if (w->peers[p].used) {
        w->peers[p].used = false;
        w->lives[p]++;
        step(w, (struct engine_input){.type = ENGINE_PEER_DOWN, .as.peer = p});
    }
}

struct todo {
    enum engine_effect_type type;
    uint32_t peer;
    struct engine_dial dial;
    struct address contact;
};

/* Effects are kept first: carrying one out makes others. */
static void step(struct world *w, struct engine_input in)
{
    struct todo todo[ENGINE_EFFECTS_MAX];
    size_t count = 0;
    in.now_ms = w->now_ms;
    in.now_s = w->start_s + w->now_ms / 1000;
    engine_step(w->engine, &w->out, &in);
    for (size_t i = 0; i < w->out.effects_count; i++) {
        const struct engine_effect *effect = &w->out.effects[i];
        if (effect->type == ENGINE_SEND) {
            for (size_t k = 0; k < effect->as.send.peers_count; k++) {
                on_said(w, effect->as.send.peers[k], (uint8_t)effect->as.send.type,
                        effect->as.send.payload);
            }
        } else if (effect->type == ENGINE_CLOSE) {
            todo[count++] = (struct todo){.type = ENGINE_CLOSE, .peer = effect->as.close.peer};
        } else if (effect->type == ENGINE_DIAL && effect->as.dial.contact != NULL) {
            todo[count] = (struct todo){.type = ENGINE_DIAL, .contact = *effect->as.dial.contact};
            todo[count++].dial.address = effect->as.dial.address;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (todo[i].type == ENGINE_CLOSE) {
            go(w, todo[i].peer);
        } else {
            todo[i].dial.contact = &todo[i].contact;
            on_dial(w, &todo[i].dial);
        }
    }
}

static void come_up(struct world *w, uint32_t who, uint32_t address)
{
    uint32_t p = 0;
    while (p < PEERS && w->peers[p].used) {
        p++;
    }
    assert_true(p < PEERS);
    struct address at = address_of(who);
    w->peers[p] = (struct peer){.used = true, .who = who, .address = address};
    step(w, (struct engine_input){.type = ENGINE_PEER_UP,
                                  .as.up = {.peer = p,
                                            .address = address,
                                            .static_key = at.static_key,
                                            .group = address_group(at.host)}});
    if (w->peers[p].used) {
        say(w, p, FRAME_HELLO, w->hellos[who], w->hello_lens[who]);
    }
}

static void deliver(struct world *w)
{
    while (w->frames_count > 0) {
        struct letter frame = w->frames[w->frames_first];
        w->frames_first = (w->frames_first + 1) % FRAMES_MAX;
        w->frames_count--;
        if (w->peers[frame.peer].used && w->lives[frame.peer] == frame.life) {
            step(w, (struct engine_input){
                        .type = ENGINE_FRAME,
                        .as.frame = {.peer = frame.peer,
                                     .type = frame.type,
                                     .payload = octets_of(frame.payload, frame.len)}});
        }
    }
}

/* ---- The attacker's play ---- */

static uint32_t callers_count(const struct world *w)
{
    return w->victim->is_leaf ? LEAF_CALLERS : CALLERS;
}

static void call(struct world *w)
{
    uint32_t calling = 0;
    for (uint32_t p = 0; p < PEERS; p++) {
        calling += w->peers[p].used && w->peers[p].address == ENGINE_NO_ADDRESS;
    }
    for (; calling < callers_count(w); calling++) {
        come_up(w, some_attacker(w), ENGINE_NO_ADDRESS);
    }
    deliver(w);
}

static void be_loud(struct world *w)
{
    uint32_t loud = 0;
    for (uint32_t p = 0; p < PEERS && loud < LOUD && !w->victim->is_leaf; p++) {
        if (w->peers[p].used && is_attacker(w->peers[p].who)) {
            bool called = w->peers[p].address == ENGINE_NO_ADDRESS;
            loud++;
            if (called) {
                say_neighbour(w, p, next(w) % 2 == 0 ? MESSAGE_ASK_JOIN : MESSAGE_ASK_HIGH);
            }
            for (int i = 0; i < 4; i++) {
                say_forward(w, p);
            }
            say_contacts(w, p, FRAME_SHUFFLE, 1);
        }
    }
    deliver(w);
}

/* ---- A life of the victim ---- */

static void fail_calls(struct world *w)
{
    for (size_t i = 0; i < w->calls_count;) {
        if (w->now_ms < w->calls[i].at_ms) {
            i++;
            continue;
        }
        uint32_t address = w->calls[i].address;
        w->calls[i] = w->calls[--w->calls_count];
        step(w, (struct engine_input){.type = ENGINE_DIAL_FAILED, .as.address = address});
    }
}

static void look(struct world *w)
{
    bool all = true;
    for (uint32_t p = 0; p < PEERS; p++) {
        all = all && (!w->peers[p].used || is_attacker(w->peers[p].who));
    }
    w->looked++;
    w->alone += all;
}

static void live(struct world *w)
{
    uint64_t loud_at_ms = w->now_ms;
    uint64_t look_at_ms = w->now_ms + SETTLED_MS;
    uint64_t until_ms = w->now_ms + LIFE_MS;
    while (w->now_ms < until_ms) {
        if (w->now_ms >= loud_at_ms) {
            call(w);
            be_loud(w);
            loud_at_ms = w->now_ms + LOUD_EVERY_MS;
        }
        if (w->now_ms >= look_at_ms) {
            look(w);
            look_at_ms = w->now_ms + LOOK_MS;
        }
        uint64_t at_ms = w->out.tick_at_ms > w->now_ms ? w->out.tick_at_ms : w->now_ms + 1;
        at_ms = at_ms < loud_at_ms ? at_ms : loud_at_ms;
        w->now_ms = at_ms;
        fail_calls(w);
        step(w, (struct engine_input){.type = ENGINE_TICK});
        deliver(w);
    }
}

static void open_engine(struct world *w)
{
    static const struct key static_key = {.octets = {0xff, 1}};
    struct engine_config config = {.limits = engine_limits_personal(),
                                   .scratch = w->scratch,
                                   .book = w->book,
                                   .scores = w->scores,
                                   .now_ms = w->now_ms};
    if (!w->victim->is_leaf) {
        struct person person = person_of("victim");
        config.limits = engine_limits_relay();
        config.self =
            (struct address){.host = "80.240.1.1", .port = 7117, .static_key = static_key};
        message_hello_sign(&config.hello, &static_key, person.seed);
    }
    for (size_t i = 0; i < ENGINE_SEED_LEN; i++) {
        config.seed[i] = (uint8_t)next(w);
    }
    assert_int_equal(engine_new(&w->engine, &config), ERR_OK);
    for (uint32_t i = 0; i < HONEST; i++) {
        w->down[i] = next(w) % 100 < DOWN_PERCENT;
    }
}

/* What a node has on its disk is all that is left. */
static void close_engine(struct world *w)
{
    engine_note_anchors(w->engine);
    engine_free(w->engine);
    size_t cap = address_book_encoded_cap(w->book);
    uint8_t *octets = malloc(cap);
    assert_non_null(octets);
    size_t len = address_book_encode(w->book, octets, cap);
    address_book_check(w->book);
    address_book_free(w->book);
    assert_int_equal(address_book_decode(&w->book, octets_of(octets, len)), ERR_OK);
    free(octets);
    memset(w->peers, 0, sizeof w->peers);
    for (uint32_t p = 0; p < PEERS; p++) {
        w->lives[p]++;
    }
    w->calls_count = 0;
    w->frames_count = 0;
    w->now_ms += HOUR_S * 1000;
}

static void hear(struct world *w, uint32_t who, uint32_t teller)
{
    struct address address = address_of(who);
    struct address from = address_of(teller);
    (void)address_book_add(w->book, &address, address_group(from.host), w->start_s);
}

static struct world *begin(uint64_t seed, const struct victim *victim)
{
    struct world *w = calloc(1, sizeof *w);
    uint8_t key[ADDRESS_BOOK_KEY_LEN];
    struct engine_limits limits = engine_limits_relay();
    struct person identity = person_of("relay");
    assert_non_null(w);
    *w = (struct world){.victim = victim, .random = seed * 1000003 + 1, .start_s = NOW_S};
    w->frames = calloc(FRAMES_MAX, sizeof *w->frames);
    assert_non_null(w->frames);
    octets_put_u64be(key, next(w));
    octets_put_u64be(key + 8, next(w));
    assert_int_equal(address_book_new(&w->book, key), ERR_OK);
    assert_int_equal(peer_scores_new(&w->scores), ERR_OK);
    assert_int_equal(engine_scratch_new(&w->scratch, &limits), ERR_OK);
    for (uint32_t who = 0; who < MADE_UP; who++) {
        make_hello(w, who, &identity);
    }
    for (uint32_t who = HONEST; who < MADE_UP; who++) {
        hear(w, who, some_attacker(w));
    }
    for (uint32_t who = 0; who < HONEST; who++) {
        hear(w, who, (uint32_t)(next(w) % HONEST));
    }
    return w;
}

static void end(struct world *w)
{
    address_book_free(w->book);
    peer_scores_free(w->scores);
    engine_scratch_free(w->scratch);
    free(w->frames);
    free(w);
}

static uint64_t seeds_count(void)
{
    const char *text = getenv("KITH_ECLIPSE_SEEDS");
    return text != NULL ? strtoull(text, NULL, 10) : SEEDS;
}

/* In percent of percents of the times it was looked at. */
static unsigned captured_of_10000(const struct victim *victim)
{
    unsigned looked = 0;
    unsigned alone = 0;
    unsigned worst = 0;
    for (uint64_t seed = 1; seed <= seeds_count(); seed++) {
        struct world *w = begin(seed, victim);
        for (unsigned i = 0; i < RESTARTS; i++) {
            open_engine(w);
            live(w);
            close_engine(w);
        }
        looked += w->looked;
        alone += w->alone;
        worst = w->alone > worst ? w->alone : worst;
        end(w);
    }
    printf(
        "eclipse: a %s's engine%s: captured %u of %u times in %u restarts (the worst seed: %u)\n",
        victim->is_leaf ? "leaf" : "relay", victim->is_full ? ", honest relays full" : "", alone,
        looked, RESTARTS * (unsigned)seeds_count(), worst);
    return 10000 * alone / looked;
}

static void a_relay_is_captured_in_no_more_than_one_restart_of_100(void **state)
{
    (void)state;
    struct victim victim = {.is_leaf = false};
    assert_in_range(captured_of_10000(&victim), 0, 100);
}

static void nor_where_honest_relays_have_no_place_for_neighbours(void **state)
{
    (void)state;
    struct victim victim = {.is_full = true};
    assert_in_range(captured_of_10000(&victim), 0, 100);
}

static void nor_is_a_leaf_that_others_call(void **state)
{
    (void)state;
    struct victim victim = {.is_leaf = true};
    assert_in_range(captured_of_10000(&victim), 0, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relay_is_captured_in_no_more_than_one_restart_of_100),
        cmocka_unit_test(nor_where_honest_relays_have_no_place_for_neighbours),
        cmocka_unit_test(nor_is_a_leaf_that_others_call),
    };
    return cmocka_run_group_tests_name("proto/eclipse_engine", tests, NULL, NULL);
}
