#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/interference/world_state.h"

#define WAITS_MAX  200 /* before she gives an answer up */
#define ROOM_UNTIL 3   /* messages a client takes before it is full: listings must wait */

/* ---- The host -------------------------------------------------------------------------------- */

static struct world *of_host(struct command_host *host)
{
    return (struct world *)(void *)host;
}

static uint64_t host_now_s(struct command_host *host)
{
    const struct world *w = of_host(host);
    return w->node != NULL ? w->node->now_s(w->node->context) : w->now_s;
}

static struct line *line_of(struct world *w, struct command_client client)
{
    assert(client.number >= 1 && client.number <= WORLD_CLIENTS_MAX);
    return &w->lines[client.number - 1];
}

static void read_all(struct line *line)
{
    while (line->head < line->tail) {
        free((void *)(uintptr_t)line->queue[line->head++].at);
    }
}

static void host_send(struct command_host *host, struct command_client client,
                      struct octets message, enum command_order order)
{
    struct world *w = of_host(host);
    struct line *line = line_of(w, client);
    for (size_t i = 0; order == COMMAND_SEND_LAST && i < WORLD_CLIENTS_MAX; i++) {
        if (&w->lines[i] != line) {
            read_all(&w->lines[i]);
        }
    }
    assert(line->tail < QUEUE_MAX);
    uint8_t *copy = malloc(message.len);
    world_must(copy == NULL ? ERR_NO_MEMORY : ERR_OK, "memory");
    memcpy(copy, message.at, message.len);
    line->queue[line->tail++] = octets_of(copy, message.len);
}

static bool host_writable(struct command_host *host, struct command_client client)
{
    const struct line *line = line_of(of_host(host), client);
    return line->tail - line->head < ROOM_UNTIL;
}

static void host_publish(struct command_host *host, uint64_t token, struct octets wire)
{
    struct world *w = of_host(host);
    if (w->node != NULL) {
        w->node->publish(w->node->context, token, wire);
    } else {
        commands_on_published(w->commands, token, world_put(w, wire), 0);
    }
}

static void host_status(struct command_host *host, struct command_status *status)
{
    (void)host;
    *status = (struct command_status){.address = "", .peers_connected = 0};
}

static void host_work(struct command_host *host)
{
    of_host(host)->works = true;
}

static void host_nothing(struct command_host *host)
{
    (void)host;
}

static enum err_code host_lock(struct command_host *host, struct err_note *note)
{
    (void)host;
    (void)note;
    return ERR_OK;
}

static enum err_code host_has_passphrase(struct command_host *host, bool *has,
                                         struct err_note *note)
{
    (void)host;
    (void)note;
    *has = true;
    return ERR_OK;
}

static enum err_code host_passphrase(struct command_host *host, struct octets before,
                                     struct octets fresh, struct err_note *note)
{
    (void)before;
    (void)fresh;
    return host_lock(host, note);
}

static enum err_code host_passphrase_check(struct command_host *host, struct octets passphrase,
                                           struct err_note *note)
{
    (void)passphrase;
    return host_lock(host, note);
}

/* ---- The transport --------------------------------------------------------------------------- */

static enum err_code transport_open(struct cli_transport *transport, const char *home)
{
    (void)transport;
    (void)home;
    return ERR_OK;
}

static void deliver(struct world *w, struct octets message)
{
    size_t len = 0;
    struct control_message decoded;
    world_must(control_length(&len, message), "a message's length");
    world_must(control_decode(&decoded, octets_of(message.at + 4, len)), "a message");
    commands_on_message(w->commands, w->client, &decoded);
    while (w->works) {
        w->works = false;
        commands_on_work(w->commands);
    }
}

static enum err_code transport_send(struct cli_transport *transport, struct octets message)
{
    deliver(transport->context, message);
    return ERR_OK;
}

/* What is there, without letting time pass. */
static bool next_message(struct world *w, struct octets *message)
{
    struct line *line = line_of(w, w->client);
    if (line->head == line->tail) {
        line->head = 0;
        line->tail = 0;
        commands_on_writable(w->commands, w->client);
    }
    if (line->head == line->tail) {
        return false;
    }
    free(w->received);
    *message = line->queue[line->head++];
    w->received = (uint8_t *)(uintptr_t)message->at;
    return true;
}

static enum err_code transport_receive(struct cli_transport *transport, struct octets *message,
                                       unsigned timeout_ms)
{
    (void)timeout_ms;
    struct world *w = transport->context;
    struct octets whole;
    bool found = next_message(w, &whole);
    for (int i = 0; w->node != NULL && !found && i < WAITS_MAX; i++) {
        w->node->wait(w->node->context);
        found = next_message(w, &whole);
    }
    if (!found) {
        return ERR_CANCELLED; /* a live stream with nothing new: she stops watching */
    }
    *message = octets_of(whole.at + 4, whole.len - 4);
    return ERR_OK;
}

static void transport_interruptible(struct cli_transport *transport, bool on)
{
    (void)transport;
    (void)on;
}

static void transport_close(struct cli_transport *transport)
{
    struct world *w = transport->context;
    struct octets message;
    while (next_message(w, &message)) {
    }
    commands_on_gone(w->commands, w->client);
}

void world_asking_begin(struct world *w)
{
    w->host = (struct command_host){.now_s = host_now_s,
                                    .send = host_send,
                                    .writable = host_writable,
                                    .publish = host_publish,
                                    .status = host_status,
                                    .peers_changed = host_nothing,
                                    .work = host_work,
                                    .down = host_nothing,
                                    .lock = host_lock,
                                    .has_passphrase = host_has_passphrase,
                                    .passphrase = host_passphrase,
                                    .passphrase_check = host_passphrase_check,
                                    .panic = host_nothing};
    w->transport = (struct cli_transport){.context = w,
                                          .open = transport_open,
                                          .send = transport_send,
                                          .receive = transport_receive,
                                          .interruptible = transport_interruptible,
                                          .close = transport_close};
}

void world_asking_end(struct world *w)
{
    for (size_t i = 0; i < WORLD_CLIENTS_MAX; i++) {
        read_all(&w->lines[i]);
    }
    free(w->received);
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static uint64_t cli_now_s(void *context)
{
    struct world *w = context;
    return host_now_s(&w->host);
}

static const char *cli_environment(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "HOME") == 0 ? "/home/bea" : NULL;
}

/* Takes in. */
static struct answer run_cli(struct world *world, FILE *in, bool is_terminal, int argc, char **argv)
{
    struct answer answer = {0};
    struct cli cli = {.in = in,
                      .out = open_memstream(&answer.out, &answer.out_len),
                      .err = open_memstream(&answer.err, &answer.err_len),
                      .in_is_terminal = is_terminal,
                      .now_s = cli_now_s,
                      .environment = cli_environment,
                      .context = world,
                      .transport = &world->transport};
    world_must(cli.in == NULL || cli.out == NULL || cli.err == NULL ? ERR_NO_MEMORY : ERR_OK,
               "streams");
    answer.status = cli_run(&cli, argc, argv);
    cli_close(&cli);
    (void)fclose(cli.in);
    (void)fclose(cli.out);
    (void)fclose(cli.err);
    return answer;
}

void world_client(struct world *world, uint32_t number)
{
    world->client.number = number;
    (void)line_of(world, world->client);
}

bool world_take(struct world *world, struct answer *message)
{
    struct octets taken;
    if (!next_message(world, &taken)) {
        return false;
    }
    *message = (struct answer){.out = malloc(taken.len), .out_len = taken.len};
    world_must(message->out == NULL ? ERR_NO_MEMORY : ERR_OK, "memory");
    memcpy(message->out, taken.at, taken.len);
    return true;
}

struct answer world_ask(struct world *world, size_t words_count, const char *const *words)
{
    char *argv[16] = {(char *)(uintptr_t) "kith"};
    assert(words_count + 1 < sizeof argv / sizeof argv[0]);
    for (size_t i = 0; i < words_count; i++) {
        argv[i + 1] = (char *)(uintptr_t)words[i];
    }
    return run_cli(world, fopen("/dev/null", "r"), false, (int)words_count + 1, argv);
}

struct answer world_session(struct world *world, const char *lines)
{
    char *argv[] = {(char *)(uintptr_t) "kith"};
    FILE *in = fmemopen((void *)(uintptr_t)lines, strlen(lines), "r");
    return run_cli(world, in, true, 1, argv);
}

void world_send(struct world *world, enum control_command command, size_t pairs_count,
                const char *const *names_and_values)
{
    uint8_t room[4096];
    struct canon_writer w = canon_writer_of(room, sizeof room);
    control_request_begin(&w, ++world->request_id, command);
    canon_write_map(&w, (uint32_t)pairs_count);
    for (size_t i = 0; i < pairs_count * 2; i++) {
        canon_write_str(&w, octets_of_text(names_and_values[i]));
    }
    struct octets message;
    world_must(control_close(&w, &message), "a request");
    deliver(world, message);
}

struct answer world_received(struct world *world)
{
    world->request_id = 0;
    struct octets message;
    struct answer answer = {0};
    FILE *out = open_memstream(&answer.out, &answer.out_len);
    FILE *err = open_memstream(&answer.err, &answer.err_len);
    world_must(out == NULL || err == NULL ? ERR_NO_MEMORY : ERR_OK, "streams");
    while (next_message(world, &message)) {
        world_must(fwrite(message.at, 1, message.len, out) == message.len ? ERR_OK : ERR_IO,
                   "a stream");
    }
    commands_on_gone(world->commands, world->client);
    (void)fclose(out);
    (void)fclose(err);
    return answer;
}

struct answer world_request(struct world *world, enum control_command command, size_t pairs_count,
                            const char *const *names_and_values)
{
    world_send(world, command, pairs_count, names_and_values);
    return world_received(world);
}

void answer_free(struct answer *answer)
{
    free(answer->out);
    free(answer->err);
    *answer = (struct answer){0};
}
