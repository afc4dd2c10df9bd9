#include "tests/unit/proto/engine_book_scene.h"

#include <stdlib.h>

struct bench *bench;

struct address somewhere(unsigned group, unsigned host)
{
    struct address address = {.port = 7117};
    (void)snprintf(address.host, sizeof address.host, "81.%u.0.%u", group, host);
    address.static_key.octets[0] = (uint8_t)group;
    address.static_key.octets[1] = (uint8_t)host;
    address.static_key.octets[2] = 0x77;
    return address;
}

static struct bench *bench_new(enum role role)
{
    static const struct key static_key = {.octets = {9}};
    struct bench *made = calloc(1, sizeof *made);
    struct person relay = person_of("relay");
    assert_non_null(made);
    assert_int_equal(address_book_new(&made->book, (const uint8_t *)"sixteen octets.."), ERR_OK);
    assert_int_equal(peer_scores_new(&made->scores), ERR_OK);
    made->now_ms = 1000;
    struct engine_config config = {.limits = engine_limits_personal(),
                                   .book = made->book,
                                   .scores = made->scores,
                                   .only_named = role == LEAF_OF_NAMED || role == RELAY_OF_NAMED,
                                   .seed = "another sixteen",
                                   .now_ms = made->now_ms};
    if (role == RELAY || role == RELAY_OF_NAMED) {
        config.limits = engine_limits_relay();
        config.self = (struct address){.host = "80.1.1.1", .port = 7117, .static_key = static_key};
        message_hello_sign(&config.hello, &static_key, relay.seed);
    }
    made->addresses_max = config.limits.addresses_max;
    assert_int_equal(engine_new(&made->engine, &config), ERR_OK);
    for (int p = 0; p < PEERS_MAX; p++) {
        made->closed[p] = NOT;
    }
    return made;
}

void begin(enum role role)
{
    bench = bench_new(role);
}

int engine_book_tear_down(void **state)
{
    (void)state;
    engine_free(bench->engine);
    address_book_check(bench->book);
    address_book_free(bench->book);
    peer_scores_free(bench->scores);
    free(bench);
    return 0;
}

static void keep(const struct engine_effect *effect)
{
    if (effect->type == ENGINE_DIAL && effect->as.dial.contact != NULL) {
        assert_true(bench->dials_count < DIALS_MAX);
        bench->dials[bench->dials_count].number = effect->as.dial.address;
        bench->dials[bench->dials_count++].contact = *effect->as.dial.contact;
    } else if (effect->type == ENGINE_CLOSE) {
        bench->closed[effect->as.close.peer] = (int)effect->as.close.reason;
    } else if (effect->type == ENGINE_SEND && effect->as.send.type == FRAME_ADDRESSES_WANTED) {
        bench->asked[effect->as.send.peers[0]]++;
        assert_int_equal(effect->as.send.payload.len, 0);
    } else if (effect->type == ENGINE_SEND && effect->as.send.type == FRAME_ADDRESSES) {
        bench->answered[effect->as.send.peers[0]]++;
        assert_int_equal(
            message_addresses_decode(bench->told, &bench->told_count, effect->as.send.payload),
            ERR_OK);
    }
}

void step(struct engine_input in)
{
    in.now_ms = bench->now_ms;
    in.now_s = NOW_S + bench->now_ms / 1000;
    engine_step(bench->engine, &bench->out, &in);
    for (size_t i = 0; i < bench->out.effects_count; i++) {
        keep(&bench->out.effects[i]);
    }
}

void waits(uint64_t for_ms)
{
    uint64_t until_ms = bench->now_ms + for_ms;
    while (bench->now_ms < until_ms) {
        uint64_t next_ms = bench->out.tick_at_ms;
        next_ms = next_ms > bench->now_ms ? next_ms : bench->now_ms + 1;
        bench->now_ms = next_ms < until_ms ? next_ms : until_ms;
        step((struct engine_input){.type = ENGINE_TICK});
    }
}

void frame(uint32_t peer, enum frame_type type, const void *payload, size_t len)
{
    step((struct engine_input){
        .type = ENGINE_FRAME,
        .as.frame = {.peer = peer, .type = (uint8_t)type, .payload = octets_of(payload, len)}});
}

void comes_up(uint32_t peer, uint32_t number, const struct address *address)
{
    bench->closed[peer] = NOT;
    step((struct engine_input){.type = ENGINE_PEER_UP,
                               .as.up = {.peer = peer,
                                         .address = number,
                                         .static_key = address->static_key,
                                         .group = address_group(address->host)}});
}

void says_hello(uint32_t peer, const struct address *address, enum message_role role)
{
    uint8_t out[MESSAGE_HELLO_CAP];
    struct message_hello hello = {.role = role};
    struct person relay = person_of("other");
    if (role == MESSAGE_RELAY) {
        message_hello_sign(&hello, &address->static_key, relay.seed);
    }
    frame(peer, FRAME_HELLO, out, message_hello_encode(out, &hello));
}

void is_relay(uint32_t peer, uint32_t number, const struct address *address)
{
    comes_up(peer, number, address);
    says_hello(peer, address, MESSAGE_RELAY);
}

void goes(uint32_t peer)
{
    step((struct engine_input){.type = ENGINE_PEER_DOWN, .as.peer = peer});
}

void named(uint32_t peer)
{
    struct address address = somewhere(200 + peer, 1);
    step((struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = peer});
    is_relay(peer, peer, &address);
}

void knows(unsigned groups_count)
{
    for (unsigned g = 0; g < groups_count; g++) {
        struct address address = somewhere(g, 1);
        (void)address_book_add(bench->book, &address, address_group(address.host), NOW_S);
    }
}

struct address_book_stats stats(void)
{
    return address_book_stats(bench->book);
}
