#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "node/network.h"
#include "node/rates.h"

/* In place of node/rates_allowed.c: what a peer may alone is more than anybody does here, what all
 * may together, who come from one group of addresses, is little. */
const struct token_rate rates_of_peer[RATE_KINDS] = {
    [RATE_FRAMES] = {.per_s = 1000000, .burst = 1000000},
    [RATE_OCTETS] = {.per_s = 1000000000, .burst = 1000000000},
    [RATE_POSTS] = {.per_s = 1000000, .burst = 1000000},
    [RATE_HANDSHAKES] = {.per_s = 1000, .burst = 1000},
};
const struct token_rate rates_of_group[RATE_KINDS] = {
    [RATE_FRAMES] = {.per_s = 500, .burst = 200},
    [RATE_OCTETS] = {.per_s = 1000000000, .burst = 1000000000},
    [RATE_POSTS] = {.per_s = 1000000, .burst = 1000000},
    [RATE_HANDSHAKES] = {.per_s = 10, .burst = 2},
};
const struct token_rate rate_of_all_handshakes = {.per_s = 1000, .burst = 1000};

#define CALLERS_COUNT 6
#define EACH_COUNT    100 /* frames, below what one peer may and above what all may at once */
/* Of 6 the first 2 are free, and one more may be owed. */
#define CALLS_MS  300
#define FRAMES_MS 700 /* of 600 the first 200 are free; a hundred may be owed at the end */

struct node {
    struct network *network;
    uint8_t secret[NOISE_KEY_LEN];
    uint32_t ups_count;
    uint32_t peer;
    uint32_t frames_count;
};

struct scene {
    uv_loop_t loop;
    struct mailbox mailbox;
    struct crew workers;
    struct node bea;
    struct node callers[CALLERS_COUNT];
    uint32_t closed_count;
};

static void on_up(void *context, uint32_t peer, uint32_t address, const struct key *static_key)
{
    (void)address;
    (void)static_key;
    struct node *node = context;
    node->ups_count++;
    node->peer = peer;
}

static void on_down(void *context, uint32_t peer)
{
    (void)context;
    (void)peer;
}

static bool on_frame(void *context, uint32_t peer, const struct frame *frame)
{
    (void)peer;
    (void)frame;
    ((struct node *)context)->frames_count++;
    return true;
}

static void on_dial_failed(void *context, uint32_t address)
{
    (void)context;
    (void)address;
    fail();
}

static uint64_t brought_count(void *context, uint32_t peer)
{
    (void)context;
    (void)peer;
    return 0;
}

static void dial_secret(void *context, uint8_t secret[NOISE_KEY_LEN], const struct key *node)
{
    (void)node;
    memcpy(secret, ((struct node *)context)->secret, NOISE_KEY_LEN);
}

static void node_begin(struct scene *scene, struct node *node, uint8_t mark)
{
    memset(node->secret, mark, sizeof node->secret);
    struct network_limits limits = {.inbound_max = 8,
                                    .peers_max = 8,
                                    .addresses_max = 1,
                                    .contacts_max = 1,
                                    .held_max = 4UL << 20};
    struct network_events events = {.context = node,
                                    .up = on_up,
                                    .down = on_down,
                                    .frame = on_frame,
                                    .full = on_down,
                                    .drained = on_down,
                                    .dial_failed = on_dial_failed,
                                    .brought_count = brought_count,
                                    .dial_secret = dial_secret};
    node->network = network_new(&scene->loop, &scene->workers, node->secret, &limits, &events);
}

static int begin(void **state)
{
    assert_true(sodium_init() >= 0);
    struct scene *scene = calloc(1, sizeof *scene);
    assert_non_null(scene);
    assert_int_equal(uv_loop_init(&scene->loop), 0);
    assert_int_equal(mailbox_init(&scene->mailbox, &scene->loop), ERR_OK);
    assert_int_equal(crew_start(&scene->workers, 2, &scene->mailbox), ERR_OK);
    node_begin(scene, &scene->bea, 'b');
    assert_int_equal(network_listen(scene->bea.network, "127.0.0.1", 0, NULL), ERR_OK);
    for (uint32_t c = 0; c < CALLERS_COUNT; c++) {
        node_begin(scene, &scene->callers[c], (uint8_t)('c' + c));
    }
    *state = scene;
    return 0;
}

static void on_closed(void *context)
{
    ((struct scene *)context)->closed_count++;
}

static int end(void **state)
{
    struct scene *scene = *state;
    network_stop(scene->bea.network, on_closed, scene);
    for (uint32_t c = 0; c < CALLERS_COUNT; c++) {
        network_stop(scene->callers[c].network, on_closed, scene);
    }
    while (scene->closed_count < 1 + CALLERS_COUNT) {
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
    crew_finish(&scene->workers);
    mailbox_close(&scene->mailbox);
    (void)uv_run(&scene->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
    free(scene);
    return 0;
}

/* All call, at once; how long it took until all were through. */
static uint64_t all_call(struct scene *scene)
{
    struct address at;
    network_address(scene->bea.network, &at);
    uv_update_time(&scene->loop);
    uint64_t begun_ms = uv_now(&scene->loop);
    for (uint32_t c = 0; c < CALLERS_COUNT; c++) {
        uint32_t number = 0;
        assert_true(network_address_add(scene->callers[c].network, &number, &at));
        network_dial(scene->callers[c].network, number);
    }
    while (scene->bea.ups_count < CALLERS_COUNT) {
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
    return uv_now(&scene->loop) - begun_ms;
}

static void handshakes_of_one_group_are_begun_only_so_often_and_none_is_lost(void **state)
{
    assert_true(all_call(*state) >= CALLS_MS);
}

static void what_a_group_costs_together_is_charged_to_each_of_it(void **state)
{
    struct scene *scene = *state;
    (void)all_call(scene);
    for (uint32_t c = 0; c < CALLERS_COUNT; c++) {
        while (scene->callers[c].ups_count == 0) {
            (void)uv_run(&scene->loop, UV_RUN_ONCE);
        }
    }
    uv_update_time(&scene->loop);
    uint64_t begun_ms = uv_now(&scene->loop);
    for (uint32_t i = 0; i < EACH_COUNT; i++) {
        for (uint32_t c = 0; c < CALLERS_COUNT; c++) {
            uint8_t octet = 1;
            network_send(scene->callers[c].network, scene->callers[c].peer, FRAME_POSTS,
                         octets_of(&octet, 1));
        }
    }
    while (scene->bea.frames_count < CALLERS_COUNT * EACH_COUNT) {
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
    assert_true(uv_now(&scene->loop) - begun_ms >= FRAMES_MS);
}

#define SCENE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(handshakes_of_one_group_are_begun_only_so_often_and_none_is_lost),
        SCENE(what_a_group_costs_together_is_charged_to_each_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
