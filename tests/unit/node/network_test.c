#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "node/network.h"

#define FRAMES_MAX 8

/* As many posts as one peer may bring at once, and somewhat more; frames that say they hold 1024.
 */
#define COSTLY_COUNT 450
#define COSTLY_LEN   1032
#define COSTLY_MS    500 /* at the least, at 100,000 a second for what is above 400,000 */

/* Likewise of frames, of which 20,000 a second are allowed above 100,000. */
#define SKIPPED_COUNT 112000
#define SKIPPED_MS    500

/* A node that writes down what its network tells it. */
struct node {
    struct network *network;
    uint8_t secret[NOISE_KEY_LEN];
    uint32_t ups_count;
    uint32_t downs_count;
    uint32_t failed_count;
    uint32_t peer;
    struct key peer_key;
    uint8_t frames[FRAMES_MAX]; /* their first octets */
    uint32_t frames_count;
    uint32_t looks_count;  /* how often somebody asked how much a peer brought */
    uint32_t costly_count; /* in their order */
    uint32_t refuse_count; /* so many frames are not taken */
};

struct scene {
    uv_loop_t loop;
    struct mailbox mailbox;
    struct crew workers;
    struct node ana;
    struct node bea;
    struct address bea_at;
    uint32_t closed_count;
};

static void on_up(void *context, uint32_t peer, uint32_t address, const struct key *static_key)
{
    (void)address;
    struct node *node = context;
    node->ups_count++;
    node->peer = peer;
    node->peer_key = *static_key;
}

static void on_down(void *context, uint32_t peer)
{
    (void)peer;
    ((struct node *)context)->downs_count++;
}

static bool on_frame(void *context, uint32_t peer, const struct frame *frame)
{
    (void)peer;
    struct node *node = context;
    if (node->refuse_count > 0) {
        node->refuse_count--;
        return false;
    }
    if (frame->payload.len == COSTLY_LEN) {
        assert_int_equal(octets_get_u32be(frame->payload.at + 4), node->costly_count);
        node->costly_count++;
        return true;
    }
    assert_true(node->frames_count < FRAMES_MAX && frame->payload.len > 0);
    node->frames[node->frames_count++] = frame->payload.at[0];
    return true;
}

static void on_pressure(void *context, uint32_t peer)
{
    (void)context;
    (void)peer;
}

static void on_dial_failed(void *context, uint32_t address)
{
    (void)address;
    ((struct node *)context)->failed_count++;
}

static uint64_t brought_count(void *context, uint32_t peer)
{
    (void)peer;
    ((struct node *)context)->looks_count++;
    return 0;
}

static void dial_secret(void *context, uint8_t secret[NOISE_KEY_LEN], const struct key *node)
{
    (void)node;
    memcpy(secret, ((struct node *)context)->secret, NOISE_KEY_LEN);
}

static void node_begin(struct scene *scene, struct node *node, uint8_t mark)
{
    memset(node, 0, sizeof *node);
    memset(node->secret, mark, sizeof node->secret);
    struct network_limits limits = {.inbound_max = 4,
                                    .peers_max = 4,
                                    .addresses_max = 4,
                                    .contacts_max = 2,
                                    .held_max = 4UL << 20};
    struct network_events events = {.context = node,
                                    .up = on_up,
                                    .down = on_down,
                                    .frame = on_frame,
                                    .full = on_pressure,
                                    .drained = on_pressure,
                                    .dial_failed = on_dial_failed,
                                    .brought_count = brought_count,
                                    .dial_secret = dial_secret};
    node->network = network_new(&scene->loop, &scene->workers, node->secret, &limits, &events);
    struct err_note note = {{0}};
    assert_int_equal(network_listen(node->network, "127.0.0.1", 0, &note), ERR_OK);
}

static int begin(void **state)
{
    assert_true(sodium_init() >= 0);
    struct scene *scene = calloc(1, sizeof *scene);
    assert_int_equal(uv_loop_init(&scene->loop), 0);
    assert_int_equal(mailbox_init(&scene->mailbox, &scene->loop), ERR_OK);
    assert_int_equal(crew_start(&scene->workers, 2, &scene->mailbox), ERR_OK);
    node_begin(scene, &scene->ana, 'a');
    node_begin(scene, &scene->bea, 'b');
    network_address(scene->bea.network, &scene->bea_at);
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
    network_stop(scene->ana.network, on_closed, scene);
    network_stop(scene->bea.network, on_closed, scene);
    while (scene->closed_count < 2) {
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
    assert_int_equal(scene->ana.ups_count, scene->ana.downs_count);
    assert_int_equal(scene->bea.ups_count, scene->bea.downs_count);
    crew_finish(&scene->workers);
    mailbox_close(&scene->mailbox);
    (void)uv_run(&scene->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
    free(scene);
    return 0;
}

#define WAIT_UNTIL(condition)                                                                      \
    while (!(condition)) {                                                                         \
        (void)uv_run(&scene->loop, UV_RUN_ONCE);                                                   \
    }

static void meet(struct scene *scene)
{
    uint32_t number = 0;
    assert_true(network_address_add(scene->ana.network, &number, &scene->bea_at));
    network_dial(scene->ana.network, number);
    WAIT_UNTIL(scene->ana.ups_count == 1 && scene->bea.ups_count == 1);
}

static void send_octet(const struct node *node, uint8_t octet)
{
    network_send(node->network, node->peer, FRAME_POSTS, octets_of(&octet, 1));
}

static void both_sides_prove_their_keys_and_frames_go_both_ways(void **state)
{
    struct scene *scene = *state;
    meet(scene);
    assert_true(key_equal(&scene->ana.peer_key, network_static_key(scene->bea.network)));
    assert_true(key_equal(&scene->bea.peer_key, network_static_key(scene->ana.network)));
    send_octet(&scene->ana, 1);
    send_octet(&scene->ana, 2);
    send_octet(&scene->bea, 3);
    WAIT_UNTIL(scene->bea.frames_count == 2 && scene->ana.frames_count == 1);
    assert_int_equal(scene->bea.frames[0], 1);
    assert_int_equal(scene->bea.frames[1], 2);
    assert_int_equal(scene->ana.frames[0], 3);
}

static void a_frame_that_was_not_taken_comes_again_first(void **state)
{
    struct scene *scene = *state;
    meet(scene);
    scene->bea.refuse_count = 1;
    send_octet(&scene->ana, 1);
    send_octet(&scene->ana, 2);
    WAIT_UNTIL(scene->bea.refuse_count == 0);
    for (int i = 0; i < 20; i++) {
        (void)uv_run(&scene->loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(scene->bea.frames_count, 0);
    network_resume(scene->bea.network, scene->bea.peer);
    WAIT_UNTIL(scene->bea.frames_count == 2);
    assert_int_equal(scene->bea.frames[0], 1);
    assert_int_equal(scene->bea.frames[1], 2);
}

static void what_is_queued_leaves_before_a_close(void **state)
{
    struct scene *scene = *state;
    meet(scene);
    send_octet(&scene->ana, 7);
    network_close_peer(scene->ana.network, scene->ana.peer, ERR_FLOOD);
    WAIT_UNTIL(scene->ana.downs_count == 1 && scene->bea.downs_count == 1);
    assert_int_equal(scene->bea.frames_count, 1);
}

static void a_node_with_another_key_is_not_connected_to(void **state)
{
    struct scene *scene = *state;
    struct address wrong = scene->bea_at;
    memset(wrong.static_key.octets, 9, KEY_LEN);
    uint32_t number = 0;
    assert_true(network_address_add(scene->ana.network, &number, &wrong));
    network_dial(scene->ana.network, number);
    WAIT_UNTIL(scene->ana.failed_count == 1);
    assert_int_equal(scene->ana.ups_count, 0);
    assert_int_equal(scene->bea.ups_count, 0);
}

static void nobody_at_that_port_and_oneself_are_failures(void **state)
{
    struct scene *scene = *state;
    struct address self;
    network_address(scene->ana.network, &self);
    uint32_t number = 0;
    assert_true(network_address_add(scene->ana.network, &number, &self));
    network_dial(scene->ana.network, number);
    struct address nobody = {.host = "127.0.0.1", .port = 1};
    assert_true(network_address_add(scene->ana.network, &number, &nobody));
    network_dial(scene->ana.network, number);
    assert_int_equal(scene->ana.failed_count, 0); /* never from within the call */
    WAIT_UNTIL(scene->ana.failed_count == 2);
    assert_int_equal(scene->ana.ups_count, 0);
}

/* Whoever tells of a name must not reach through this node what only this node reaches. */
static void a_name_that_others_told_does_not_lead_to_this_machine(void **state)
{
    struct scene *scene = *state;
    struct address told = scene->bea_at;
    memcpy(told.host, "localhost", sizeof "localhost");
    network_dial_contact(scene->ana.network, 4, &told);
    WAIT_UNTIL(scene->ana.failed_count == 1);
    assert_int_equal(scene->bea.ups_count, 0);

    uint32_t number = 0; /* but the operator may name it, */
    assert_true(network_address_add(scene->ana.network, &number, &told));
    network_dial(scene->ana.network, number);
    WAIT_UNTIL(scene->ana.ups_count == 1);
    network_close_peer(scene->ana.network, scene->ana.peer, ERR_OK);
    WAIT_UNTIL(scene->ana.downs_count == 1);
    network_dial_contact(scene->ana.network, 5, &scene->bea_at); /* and numbers were looked at */
    WAIT_UNTIL(scene->ana.ups_count == 2);
}

static void an_address_has_one_number_and_there_are_only_so_many(void **state)
{
    struct scene *scene = *state;
    uint32_t first = 0;
    uint32_t again = 1;
    assert_true(network_address_add(scene->ana.network, &first, &scene->bea_at));
    assert_true(network_address_add(scene->ana.network, &again, &scene->bea_at));
    assert_int_equal(first, again);
    struct address other = scene->bea_at;
    for (int i = 0; i < 3; i++) {
        other.port++;
        assert_true(network_address_add(scene->ana.network, &again, &other));
    }
    other.port++;
    assert_false(network_address_add(scene->ana.network, &again, &other));
    network_address_remove(scene->ana.network, first);
    assert_true(network_address_add(scene->ana.network, &again, &other));
}

static void expect_no_listening(struct scene *scene, const char *host, uint16_t port,
                                enum err_code wanted)
{
    struct node third;
    memset(&third, 0, sizeof third);
    struct network_limits limits = {
        .inbound_max = 1, .peers_max = 1, .addresses_max = 1, .held_max = 4UL << 20};
    struct network_events events = {.context = &third};
    third.network = network_new(&scene->loop, &scene->workers, third.secret, &limits, &events);
    struct err_note note = {{0}};
    assert_int_equal(network_listen(third.network, host, port, &note), wanted);
    assert_true(note.text[0] != '\0');
    network_stop(third.network, on_closed, scene);
    WAIT_UNTIL(scene->closed_count == 1);
    scene->closed_count = 0;
}

static void where_it_cannot_listen_is_told(void **state)
{
    struct scene *scene = *state;
    expect_no_listening(scene, "127.0.0.1", scene->bea_at.port, ERR_IN_USE);
    expect_no_listening(scene, "192.0.2.1", 0, ERR_NETWORK);
}

/* A plain socket to bea's port. */
static int knock(const struct scene *scene)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(scene->bea_at.port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static bool is_closed(int fd)
{
    uint8_t octet;
    ssize_t got = recv(fd, &octet, 1, MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

static void garbage_is_disconnected_and_disturbs_nobody(void **state)
{
    struct scene *scene = *state;
    meet(scene);
    int fd = knock(scene);
    uint8_t garbage[4096];
    memset(garbage, 0x11, sizeof garbage);
    assert_int_equal(send(fd, garbage, sizeof garbage, MSG_NOSIGNAL), sizeof garbage);
    WAIT_UNTIL(is_closed(fd));
    (void)close(fd);
    send_octet(&scene->ana, 5);
    WAIT_UNTIL(scene->bea.frames_count == 1);
}

static void more_connections_than_allowed_are_turned_away(void **state)
{
    struct scene *scene = *state;
    int fds[5];
    for (int i = 0; i < 5; i++) {
        fds[i] = knock(scene);
    }
    WAIT_UNTIL(is_closed(fds[4]));
    assert_false(is_closed(fds[0]));
    for (int i = 0; i < 5; i++) {
        (void)close(fds[i]);
    }
}

static void a_peer_above_its_rates_is_not_read_for_a_while_and_nothing_is_dropped(void **state)
{
    struct scene *scene = *state;
    meet(scene);
    uv_update_time(&scene->loop);
    uint64_t begun_ms = uv_now(&scene->loop);
    uint8_t payload[COSTLY_LEN] = {0xdc, 0x04, 0x00, 0x92};
    for (uint32_t i = 0; i < COSTLY_COUNT; i++) {
        octets_put_u32be(payload + 4, i);
        network_send(scene->ana.network, scene->ana.peer, FRAME_POSTS,
                     octets_of(payload, sizeof payload));
    }
    send_octet(&scene->ana, 5);
    WAIT_UNTIL(scene->bea.frames_count == 1);
    assert_int_equal(scene->bea.costly_count, COSTLY_COUNT);
    assert_true(uv_now(&scene->loop) - begun_ms >= COSTLY_MS);
    assert_int_equal(scene->bea.downs_count, 0);
}

/* What is never handed out costs no less to read. */
static void frames_that_say_nothing_are_charged_too(void **state)
{
    struct scene *scene = *state;
    meet(scene);
    uv_update_time(&scene->loop);
    uint64_t begun_ms = uv_now(&scene->loop);
    for (uint32_t i = 0; i < SKIPPED_COUNT; i++) {
        network_send(scene->ana.network, scene->ana.peer, (enum frame_type)FRAME_EXTENSION_FIRST,
                     octets_of(NULL, 0));
    }
    send_octet(&scene->ana, 5); /* found while they are skipped; the next one waits */
    send_octet(&scene->ana, 6);
    WAIT_UNTIL(scene->bea.frames_count == 2);
    assert_true(uv_now(&scene->loop) - begun_ms >= SKIPPED_MS);
    assert_int_equal(scene->bea.downs_count, 0);
}

static void whoever_knocks_does_not_have_all_peers_looked_at_each_time(void **state)
{
    struct scene *scene = *state;
    meet(scene);
    uint64_t begun_ms = uv_now(&scene->loop);
    for (int i = 0; i < 40; i++) {
        int fd = knock(scene);
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
        (void)close(fd);
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
    uint64_t most = 1 + (uv_now(&scene->loop) - begun_ms) / 500;
    assert_true(scene->bea.looks_count <= most);
}

#define SCENE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(both_sides_prove_their_keys_and_frames_go_both_ways),
        SCENE(a_frame_that_was_not_taken_comes_again_first),
        SCENE(what_is_queued_leaves_before_a_close),
        SCENE(a_node_with_another_key_is_not_connected_to),
        SCENE(nobody_at_that_port_and_oneself_are_failures),
        SCENE(a_name_that_others_told_does_not_lead_to_this_machine),
        SCENE(an_address_has_one_number_and_there_are_only_so_many),
        SCENE(where_it_cannot_listen_is_told),
        SCENE(garbage_is_disconnected_and_disturbs_nobody),
        SCENE(a_peer_above_its_rates_is_not_read_for_a_while_and_nothing_is_dropped),
        SCENE(frames_that_say_nothing_are_charged_too),
        SCENE(whoever_knocks_does_not_have_all_peers_looked_at_each_time),
        SCENE(more_connections_than_allowed_are_turned_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
