#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/control_listen.h"
#include "node/control_server.h"
#include "node/memory.h"

/* A server in a folder of its own, and what it told. */
struct scene {
    uv_loop_t loop;
    struct control_server *server;
    char home[64];
    char path[CONTROL_PATH_MAX];
    uint32_t messages_count;
    uint32_t client_last;
    size_t len_last;
    uint32_t gone_count;
    size_t written_len;
    bool closed;
};

static void on_message(void *context, uint32_t client, uint8_t *octets, size_t len)
{
    struct scene *scene = context;
    scene->messages_count++;
    scene->client_last = client;
    scene->len_last = len;
    free(octets);
}

static void on_written(void *context, uint32_t client, size_t len)
{
    (void)client;
    ((struct scene *)context)->written_len += len;
}

static void on_gone(void *context, uint32_t client)
{
    (void)client;
    ((struct scene *)context)->gone_count++;
}

static void on_closed(void *context)
{
    ((struct scene *)context)->closed = true;
}

static int begin(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    (void)snprintf(scene->home, sizeof scene->home, "/tmp/kith-test-XXXXXX");
    assert_non_null(mkdtemp(scene->home));
    assert_int_equal(uv_loop_init(&scene->loop), 0);
    assert_int_equal(control_listen_path(scene->path, scene->home, NULL), ERR_OK);
    struct control_events events = {
        .context = scene, .message = on_message, .written = on_written, .gone = on_gone};
    struct err_note note = {{0}};
    assert_int_equal(control_server_new(&scene->server, &scene->loop, scene->home, &events, &note),
                     ERR_OK);
    *state = scene;
    return 0;
}

static int end(void **state)
{
    struct scene *scene = *state;
    control_server_close(scene->server, on_closed, scene);
    (void)uv_run(&scene->loop, UV_RUN_DEFAULT);
    assert_true(scene->closed);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
    assert_int_equal(access(scene->path, F_OK), -1);
    assert_int_equal(rmdir(scene->home), 0);
    free(scene);
    return 0;
}

/* A client is a blocking socket; the loop runs when it is told to. */
static int client(const struct scene *scene)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, scene->path, strlen(scene->path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void turn(struct scene *scene)
{
    for (int i = 0; i < 8; i++) {
        (void)uv_run(&scene->loop, UV_RUN_NOWAIT);
    }
}

static void say(struct scene *scene, int fd, const void *octets, size_t len)
{
    assert_int_equal(write(fd, octets, len), (ssize_t)len);
    turn(scene);
}

/* Sends len octets to a client. */
static void answer(struct scene *scene, uint32_t number, size_t len, enum command_order order)
{
    control_server_send(scene->server, number, memory_get(len), len, order);
}

static bool is_over(int fd)
{
    uint8_t octet;
    return recv(fd, &octet, 1, MSG_DONTWAIT) == 0;
}

static void the_socket_is_the_persons_alone(void **state)
{
    struct scene *scene = *state;
    struct stat found;
    assert_int_equal(stat(scene->path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
}

static void messages_come_whole_however_they_are_cut(void **state)
{
    struct scene *scene = *state;
    int fd = client(scene);
    say(scene, fd, "\0\0", 2);
    say(scene, fd, "\0\5ab", 4);
    assert_int_equal(scene->messages_count, 0);
    say(scene, fd, "cde\0\0\0\1x", 8);
    assert_int_equal(scene->messages_count, 2);
    assert_int_equal(scene->len_last, 1);
    (void)close(fd);
    turn(scene);
    assert_int_equal(scene->gone_count, 1);
}

static void a_message_that_is_too_long_ends_the_connection(void **state)
{
    struct scene *scene = *state;
    int fd = client(scene);
    say(scene, fd, "\xff\xff\xff\xff", 4);
    assert_true(is_over(fd));
    assert_int_equal(scene->messages_count, 0);
    (void)close(fd);
}

static void messages_not_taken_stop_the_reading(void **state)
{
    struct scene *scene = *state;
    int fd = client(scene);
    for (int i = 0; i < CONTROL_UNDER_WAY_MAX + 3; i++) {
        say(scene, fd, "\0\0\0\1x", 5);
    }
    assert_int_equal(scene->messages_count, CONTROL_UNDER_WAY_MAX);
    control_server_taken(scene->server, scene->client_last);
    turn(scene);
    assert_int_equal(scene->messages_count, CONTROL_UNDER_WAY_MAX + 1);
    (void)close(fd);
}

static void the_last_answer_waits_for_a_slow_client_and_then_drops_it(void **state)
{
    struct scene *scene = *state;
    int slow = client(scene);
    say(scene, slow, "\0\0\0\1x", 5);
    uint32_t slow_number = scene->client_last;
    int asker = client(scene);
    say(scene, asker, "\0\0\0\1x", 5);

    answer(scene, slow_number, 4 * 1024 * 1024, COMMAND_SEND_NOW); /* more than a socket holds */
    answer(scene, scene->client_last, 3, COMMAND_SEND_LAST);
    turn(scene);
    uint8_t got[3];
    assert_int_equal(recv(asker, got, sizeof got, MSG_DONTWAIT), -1);

    while (scene->gone_count == 0) { /* CONTROL_SLOW_MS later */
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
    turn(scene);
    assert_int_equal(recv(asker, got, sizeof got, MSG_DONTWAIT), 3);
    (void)close(slow);
    (void)close(asker);
}

static int received(struct scene *scene, int fd)
{
    uint8_t got[16];
    turn(scene);
    return (int)recv(fd, got, sizeof got, MSG_DONTWAIT);
}

/* Written is not read: what lies in a socket would still be shown. */
static void the_last_answer_waits_until_what_was_sent_is_read(void **state)
{
    struct scene *scene = *state;
    int reader = client(scene);
    say(scene, reader, "\0\0\0\1x", 5);
    uint32_t reader_number = scene->client_last;
    int asker = client(scene);
    say(scene, asker, "\0\0\0\1x", 5);

    answer(scene, reader_number, 5, COMMAND_SEND_NOW);
    answer(scene, scene->client_last, 3, COMMAND_SEND_LAST);
    answer(scene, reader_number, 2, COMMAND_SEND_NOW); /* behind it */
    assert_int_equal(received(scene, asker), -1);
    assert_int_equal(received(scene, reader), 5);
    while (received(scene, asker) != 3) {
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
    assert_int_equal(received(scene, reader), 2);
    assert_int_equal(scene->gone_count, 0);
    (void)close(reader);
    (void)close(asker);
}

static void whoever_does_not_read_what_was_sent_is_dropped(void **state)
{
    struct scene *scene = *state;
    int stopped = client(scene);
    say(scene, stopped, "\0\0\0\1x", 5);
    uint32_t stopped_number = scene->client_last;
    int asker = client(scene);
    say(scene, asker, "\0\0\0\1x", 5);
    answer(scene, stopped_number, 5, COMMAND_SEND_NOW);
    answer(scene, scene->client_last, 3, COMMAND_SEND_LAST);
    while (scene->gone_count == 0) { /* CONTROL_SLOW_MS later */
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
    assert_int_equal(received(scene, asker), 3);
    (void)close(stopped);
    (void)close(asker);
}

static void the_last_answer_comes_at_once_when_nothing_is_under_way(void **state)
{
    struct scene *scene = *state;
    int asker = client(scene);
    say(scene, asker, "\0\0\0\1x", 5);
    answer(scene, scene->client_last, 3, COMMAND_SEND_LAST);
    turn(scene);
    uint8_t got[3];
    assert_int_equal(recv(asker, got, sizeof got, MSG_DONTWAIT), 3);
    assert_int_equal(scene->written_len, 3);
    (void)close(asker);
}

static void a_socket_that_somebody_answers_on_is_left_alone(void **state)
{
    struct scene *scene = *state;
    struct control_server *second = NULL;
    struct control_events events = {.context = scene};
    struct err_note note = {{0}};
    assert_int_equal(control_server_new(&second, &scene->loop, scene->home, &events, &note),
                     ERR_IN_USE);
    assert_int_equal(access(scene->path, F_OK), 0);
}

static void a_path_too_long_for_a_socket_is_refused(void **state)
{
    (void)state;
    char home[CONTROL_PATH_MAX] = "/";
    memset(home + 1, 'a', 94);
    home[95] = '\0';
    char path[CONTROL_PATH_MAX];
    struct err_note note = {{0}};
    assert_int_equal(control_listen_path(path, home, &note), ERR_TOO_LARGE);
    home[94] = '\0';
    assert_int_equal(control_listen_path(path, home, &note), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_socket_is_the_persons_alone, begin, end),
        cmocka_unit_test_setup_teardown(messages_come_whole_however_they_are_cut, begin, end),
        cmocka_unit_test_setup_teardown(a_message_that_is_too_long_ends_the_connection, begin, end),
        cmocka_unit_test_setup_teardown(messages_not_taken_stop_the_reading, begin, end),
        cmocka_unit_test_setup_teardown(the_last_answer_waits_for_a_slow_client_and_then_drops_it,
                                        begin, end),
        cmocka_unit_test_setup_teardown(the_last_answer_waits_until_what_was_sent_is_read, begin,
                                        end),
        cmocka_unit_test_setup_teardown(whoever_does_not_read_what_was_sent_is_dropped, begin, end),
        cmocka_unit_test_setup_teardown(the_last_answer_comes_at_once_when_nothing_is_under_way,
                                        begin, end),
        cmocka_unit_test_setup_teardown(a_socket_that_somebody_answers_on_is_left_alone, begin,
                                        end),
        cmocka_unit_test(a_path_too_long_for_a_socket_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
