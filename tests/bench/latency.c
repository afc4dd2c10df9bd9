/* latency - from a post's text leaving one person's hand to its line on another's screen: ten
 * persons' nodes around three relays, all of them real processes on this machine.
 *
 * The hand and the screen are clients of the control socket; a screen watches, and has the line
 * when the item with the post's text has come.  Each post is waited for on all other screens. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/control.h"
#include "tests/bench/kithd.h"
#include "tests/bench/measure.h"

#define RELAYS_COUNT 3
#define NODES_COUNT  10
#define POSTS_COUNT  600
#define POSTS_PER_S  20
#define WARM_COUNT   20
#define SETTLE_MS    2000
#define LAST_MS      3000
#define P50_MS       4
#define P99_MS       15
#define MARK         "number "
#define TAG          "metoo"
#define ROOM_LEN     65536

/* A connection to a node's control socket. */
struct client {
    int fd;
    uint8_t room[ROOM_LEN];
    size_t len;
};

struct scene {
    struct kithd relays[RELAYS_COUNT];
    struct kithd nodes[NODES_COUNT];
    struct client hands[NODES_COUNT];
    struct client screens[NODES_COUNT];
    double *posted; /* when, by the post's number */
    size_t posts_count;
    size_t warm_count;
    size_t seen_count;
    struct spread *ms;
};

static void client_open(struct client *client, const struct kithd *node)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int len = snprintf(at.sun_path, sizeof at.sun_path, "%s/%s", node->home, CONTROL_SOCKET_NAME);
    must(len > 0 && (size_t)len < sizeof at.sun_path, "a path too long for a socket");
    client->len = 0;
    client->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    must(client->fd >= 0 && connect(client->fd, (struct sockaddr *)&at, sizeof at) == 0,
         "a node's control socket");
}

static void client_say(struct client *client, struct canon_writer *w)
{
    struct octets message;
    must_ok(control_close(w, &message), NULL, "a request");
    must(send(client->fd, message.at, message.len, MSG_NOSIGNAL) == (ssize_t)message.len,
         "asking a node");
}

static void watch(struct client *screen)
{
    uint8_t room[256];
    struct canon_writer w = canon_writer_of(room, sizeof room);
    control_request_begin(&w, 1, CONTROL_WATCH);
    canon_write_map(&w, 1);
    canon_write_str(&w, octets_of_text("strangers"));
    canon_write_bool(&w, true);
    client_say(screen, &w);
}

static void post(struct scene *scene, size_t number)
{
    uint8_t room[512];
    char text[64];
    struct canon_writer w = canon_writer_of(room, sizeof room);
    (void)snprintf(text, sizeof text, MARK "%zu.", number);
    control_request_begin(&w, (uint32_t)number + 1, CONTROL_POST);
    canon_write_map(&w, 2);
    canon_write_str(&w, octets_of_text("text"));
    canon_write_str(&w, octets_of_text(text));
    canon_write_str(&w, octets_of_text("tags"));
    canon_write_array(&w, 1);
    canon_write_str(&w, octets_of_text(TAG));
    scene->posted[number] = clock_wall();
    client_say(&scene->hands[number % NODES_COUNT], &w);
}

static void on_item(struct scene *scene, size_t screen, struct octets body)
{
    struct octets text;
    char copy[64] = "";
    if (control_get_str(&text, body, "text") != ERR_OK || text.len >= sizeof copy ||
        text.len < strlen(MARK)) {
        return;
    }
    memcpy(copy, text.at, text.len);
    size_t number = strtoul(copy + strlen(MARK), NULL, 10);
    must(number < scene->posts_count && scene->posted[number] > 0, "a post nobody wrote");
    if (number % NODES_COUNT != screen && number >= scene->warm_count) {
        spread_add(scene->ms, (clock_wall() - scene->posted[number]) * 1000);
        scene->seen_count++;
    }
}

static void on_message(struct scene *scene, size_t screen, struct octets octets)
{
    struct control_message message;
    must_ok(control_decode(&message, octets), NULL, "what a node says");
    if (message.type == CONTROL_ITEM && message.request_id == 1) {
        on_item(scene, screen, message.body);
    } else if (message.type == CONTROL_END) {
        must(message.exit_status == 0, "a node refused");
    }
}

/* Read what came; what is no screen's is only checked. */
static void client_read(struct scene *scene, struct client *client, size_t screen)
{
    ssize_t got = recv(client->fd, client->room + client->len, ROOM_LEN - client->len, 0);
    must(got > 0, "a node left");
    client->len += (size_t)got;
    size_t at = 0;
    size_t len = 0;
    while (control_length(&len, octets_of(client->room + at, client->len - at)) == ERR_OK &&
           client->len - at - CONTROL_PREFIX_LEN >= len) {
        struct octets message = octets_of(client->room + at + CONTROL_PREFIX_LEN, len);
        if (screen < NODES_COUNT) {
            on_message(scene, screen, message);
        }
        at += CONTROL_PREFIX_LEN + len;
    }
    memmove(client->room, client->room + at, client->len - at);
    client->len -= at;
}

static void listen_until(struct scene *scene, double until)
{
    struct pollfd fds[2 * NODES_COUNT];
    for (size_t i = 0; i < NODES_COUNT; i++) {
        fds[i] = (struct pollfd){.fd = scene->screens[i].fd, .events = POLLIN};
        fds[NODES_COUNT + i] = (struct pollfd){.fd = scene->hands[i].fd, .events = POLLIN};
    }
    double left_s = until - clock_wall();
    while (left_s > 0) {
        (void)poll(fds, (nfds_t)(2 * NODES_COUNT), (int)(left_s * 1000) + 1);
        for (size_t i = 0; i < NODES_COUNT; i++) {
            if (fds[i].revents != 0) {
                client_read(scene, &scene->screens[i], i);
            }
            if (fds[NODES_COUNT + i].revents != 0) {
                client_read(scene, &scene->hands[i], NODES_COUNT);
            }
        }
        left_s = until - clock_wall();
    }
}

static void scene_open(struct scene *scene, const struct bench *bench)
{
    char name[32];
    char line[BENCH_PATH_MAX];
    for (size_t i = 0; i < RELAYS_COUNT; i++) {
        (void)snprintf(name, sizeof name, "r%zu", i);
        kithd_relay_dialling(&scene->relays[i], bench, name,
                             i == 0 ? NULL : &scene->relays[0].address);
    }
    for (size_t i = 0; i < NODES_COUNT; i++) {
        (void)snprintf(name, sizeof name, "p%zu", i);
        kithd_init(bench, name);
        kithd_person(&scene->nodes[i], bench, name, &scene->relays[i % RELAYS_COUNT].address);
        (void)kithd_ask(line, sizeof line, &scene->nodes[i], bench, "follow --tag " TAG);
        client_open(&scene->hands[i], &scene->nodes[i]);
        client_open(&scene->screens[i], &scene->nodes[i]);
        watch(&scene->screens[i]);
    }
}

static void scene_close(struct scene *scene)
{
    struct kithd_usage usage;
    for (size_t i = 0; i < NODES_COUNT; i++) {
        (void)close(scene->hands[i].fd);
        (void)close(scene->screens[i].fd);
        kithd_stop(&scene->nodes[i], &usage);
    }
    for (size_t i = 0; i < RELAYS_COUNT; i++) {
        kithd_stop(&scene->relays[i], &usage);
    }
}

static void print(const struct bench *bench, struct scene *scene, const char *name, double part,
                  double target)
{
    struct result result = {.bench = name,
                            .unit = "ms",
                            .value = spread_at(scene->ms, part),
                            .min = spread_at(scene->ms, 0),
                            .max = spread_at(scene->ms, 1),
                            .runs = 1,
                            .better = bench->smoke ? BETTER_NONE : BETTER_LOWER,
                            .target = target,
                            .reference = "from the text to the lines of it on nine other screens"};
    result_print(&result, ",\"posts\":%zu,\"lines\":%zu,\"posts_per_s\":%d",
                 scene->posts_count - scene->warm_count, scene->seen_count, POSTS_PER_S);
}

void bench_latency(struct bench *bench)
{
    struct scene *scene = must_get(1, sizeof *scene);
    scene->warm_count = WARM_COUNT;
    scene->posts_count = WARM_COUNT + bench_scaled(bench, POSTS_COUNT);
    scene->posted = must_get(scene->posts_count, sizeof *scene->posted);
    scene->ms = must_get(1, sizeof *scene->ms);
    scene_open(scene, bench);
    listen_until(scene, clock_wall() + SETTLE_MS / 1000.0);
    double begun = clock_wall();
    for (size_t number = 0; number < scene->posts_count; number++) {
        listen_until(scene, begun + (double)number / POSTS_PER_S);
        post(scene, number);
    }
    size_t expected = (scene->posts_count - scene->warm_count) * (NODES_COUNT - 1);
    double until = clock_wall() + LAST_MS / 1000.0;
    while (scene->seen_count < expected && clock_wall() < until) {
        listen_until(scene, clock_wall() + 0.01);
    }
    must(scene->seen_count == expected, "a line is missing on a screen, or stands there twice");
    scene_close(scene);
    print(bench, scene, "latency-p50", 0.5, P50_MS);
    print(bench, scene, "latency-p99", 0.99, P99_MS);
    free(scene->ms);
    free(scene->posted);
    free(scene);
}
