#include "tests/interference/world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "cli/cli.h"
#include "node/command.h"
#include "store/vault_recover.h"
#include "store/view.h"
#include "store/view_check.h"
#include "store/view_keep.h"
#include "tests/support/outside.h"

static const uint8_t archive_key_of[ARCHIVE_KEY_LEN] = "the archive's";
const uint8_t world_home_key[HOME_KEY_LEN] = "the key of the home of a history";

#define QUEUE_MAX  4096
#define WAITS_MAX  200 /* before she gives an answer up */
#define ROOM_UNTIL 3   /* messages a client takes before it is full: listings must wait */

/* Messages to one client, each owned. */
struct line {
    struct octets queue[QUEUE_MAX];
    size_t head, tail;
};

struct world {
    struct command_host host; /* first: the callbacks cast back to their world */
    struct cli_transport transport;
    const struct world_node *node; /* NULL: store and clock are its own */
    struct files *files;
    struct store *store;
    struct archive *archive; /* NULL at somebody else's store */
    struct journal *journal;
    struct vault *vault;
    struct view *view;
    struct commands *commands;
    uint64_t now_s;
    struct line lines[WORLD_CLIENTS_MAX]; /* of client 1 and so on */
    struct command_client client;         /* whoever asks */
    uint8_t *received;                    /* the message last handed out; owned */
    uint32_t request_id;                  /* of the latest raw request */
    bool works;                           /* commands asked to go on */
    char outside[OUTSIDE_PATH_MAX];       /* a folder, once asked for */
};

static void must(enum err_code rc, const char *what)
{
    if (rc != ERR_OK) {
        (void)fprintf(stderr, "interference: %s: %s\n", what, err_name(rc));
        abort();
    }
}

/* --- the host -----------------------------------------------------------------------------------
 */

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
    must(copy == NULL ? ERR_NO_MEMORY : ERR_OK, "memory");
    memcpy(copy, message.at, message.len);
    line->queue[line->tail++] = octets_of(copy, message.len);
}

static bool host_writable(struct command_host *host, struct command_client client)
{
    const struct line *line = line_of(of_host(host), client);
    return line->tail - line->head < ROOM_UNTIL;
}

static enum err_code put(struct world *w, struct octets wire)
{
    struct post post;
    struct err_note note = {{0}};
    enum store_put_result result;
    enum err_code rc = post_decode(&post, wire);
    return rc == ERR_OK ? store_put(w->store, &result, &post, &wire, 1, w->now_s, &note) : rc;
}

static void host_publish(struct command_host *host, uint64_t token, struct octets wire)
{
    struct world *w = of_host(host);
    if (w->node != NULL) {
        w->node->publish(w->node->context, token, wire);
    } else {
        commands_on_published(w->commands, token, put(w, wire), 0);
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

/* --- the transport ------------------------------------------------------------------------------
 */

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
    must(control_length(&len, message), "a message's length");
    must(control_decode(&decoded, octets_of(message.at + 4, len)), "a message");
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

/* --- the home -----------------------------------------------------------------------------------
 */

static void open_home(struct world *w)
{
    uint8_t key[32];
    struct err_note note = {{0}};
    home_key_derive(key, world_home_key, HOME_KEY_JOURNAL);
    must(journal_open(&w->journal, w->files, key, &note), "the journal");
    must(vault_open(&w->vault, w->files, world_home_key, w->journal, &note), "the vault");
    if (w->node == NULL) {
        home_key_derive(key, world_home_key, HOME_KEY_STORE);
        must(store_open(&w->store, w->files, key, STORE_READ, &note), "the store");
        must(archive_open(&w->archive, w->files, archive_key_of, &note), "the archive");
        store_retain(w->store, &(struct store_retention_rules){.held = true});
        store_release(w->store, archive_floor(w->archive));
        for (bool more = true; more;) { /* as a node does */
            must(store_tend(w->store, &more, w->now_s, &note), "tending the store");
        }
    } else {
        w->store = w->node->store;
    }
    struct key own = vault_identity(w->vault);
    must(view_new(&w->view, w->store, &own, &note), "the view");
    if (w->archive != NULL) {
        struct shelf shelf = archive_shelf(w->archive);
        view_shelf_set(w->view, &shelf);
    }
    must(view_load(w->view, vault_contents(w->vault), &note), "loading the view");
    must(view_catch_up(w->view, NULL, &note), "catching up");
    must(commands_new(&w->commands,
                      &(struct commands_parts){.host = &w->host,
                                               .store = w->store,
                                               .vault = w->vault,
                                               .journal = w->journal,
                                               .view = w->view},
                      NULL),
         "the commands");
}

static void close_home(struct world *w)
{
    commands_free(w->commands);
    view_free(w->view);
    archive_close(w->archive);
    w->archive = NULL;
    if (w->node == NULL) {
        store_close(w->store);
    }
    vault_close(w->vault);
    journal_close(w->journal);
}

struct world *world_new(void)
{
    return world_new_at(NULL);
}

struct world *world_new_at(const struct world_node *node)
{
    static const uint8_t seed[32] = "the same person in every history";
    struct world *w = calloc(1, sizeof *w);
    must(w == NULL ? ERR_NO_MEMORY : ERR_OK, "memory");
    w->node = node;
    w->client.number = 1;
    w->now_s = HISTORY_START_S;
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
    struct err_note note = {{0}};
    w->files = file_memory_new(1);
    must(w->files == NULL ? ERR_NO_MEMORY : ERR_OK, "files");
    must(vault_create(w->files, world_home_key, VAULT_PERSONAL, seed, &note), "a new vault");
    open_home(w);
    return w;
}

void world_free(struct world *world)
{
    if (world == NULL) {
        return;
    }
    if (world->outside[0] != '\0') {
        (void)rmdir(world->outside);
    }
    close_home(world);
    file_memory_free(world->files);
    for (size_t i = 0; i < WORLD_CLIENTS_MAX; i++) {
        read_all(&world->lines[i]);
    }
    free(world->received);
    free(world);
}

static void tend_all(struct world *world, struct store *store)
{
    struct err_note note = {{0}};
    for (bool more = true; more;) {
        must(store_tend(store, &more, world->now_s, &note), "tending a store");
    }
}

void world_age(struct world *world)
{
    struct err_note note = {{0}};
    struct view_keep *keep = NULL;
    bool done = false;
    for (bool more = true; more;) {
        must(view_keep_retracts(world->view, world->archive, &more, world->now_s, &note),
             "what was taken back");
    }
    store_retain(world->store,
                 &(struct store_retention_rules){.keep_s = HISTORY_KEEP_S, .held = true});
    tend_all(world, world->store);
    uint64_t floor_s = store_floor_due(world->store);
    if (floor_s > archive_floor(world->archive)) {
        must(view_keep_begin(&keep, world->view, world->archive, floor_s, world->now_s, &note),
             "what is to be kept");
        while (!done) {
            must(view_keep_step(keep, &done, world->now_s, &note), "keeping it");
        }
        view_keep_free(keep);
        store_release(world->store, floor_s);
    }
    tend_all(world, world->store);
    tend_all(world, archive_store(world->archive));
    store_retain(world->store, &(struct store_retention_rules){.held = true});
}

void world_restart(struct world *world)
{
    close_home(world);
    open_home(world);
}

void world_crash_at(struct world *world, uint64_t nth)
{
    file_memory_crash_at(world->files, nth);
}

bool world_recover(struct world *world, enum file_memory_outcome outcome)
{
    bool crashed = file_memory_crashed(world->files);
    file_memory_crash(world->files);
    close_home(world);
    file_memory_restart(world->files, outcome);
    open_home(world);
    return crashed;
}

void world_lose_vault(struct world *world)
{
    struct err_note note = {{0}};
    struct vault_recovery recovery;
    vault_keep_copy(world->vault);
    close_home(world);
    must(world->files->remove(world->files, "vault", &note), "losing the vault");
    must(vault_recover(&recovery, world->files, world_home_key, &note), "recovering it");
    must(recovery.needed ? ERR_OK : ERR_REFUSED, "a vault that was lost");
    open_home(world);
}

const char *world_outside(struct world *world)
{
    if (world->outside[0] == '\0') {
        must(outside_make(world->outside) ? ERR_OK : ERR_IO, "a folder");
    }
    return world->outside;
}

void world_check(struct world *world)
{
    struct err_note note = {.text = ""};
    must(view_check(world->view, world->now_s, &note), "judging step by step as anew");
}

void world_say(struct world *world, const struct post_id *id, struct octets wire)
{
    struct err_note note = {{0}};
    must(journal_own_post(world->journal, id, wire, &note), "the journal");
    must(put(world, wire), "her post");
    commands_on_arrival(world->commands);
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
    must(message->out == NULL ? ERR_NO_MEMORY : ERR_OK, "memory");
    memcpy(message->out, taken.at, taken.len);
    return true;
}

void world_stores(struct world *world, struct octets wire)
{
    must(put(world, wire), "a post");
}

void world_arrive(struct world *world, struct octets wire)
{
    world_stores(world, wire);
    commands_on_arrival(world->commands);
}

struct files *world_files(const struct world *world)
{
    return world->files;
}

struct store *world_store(const struct world *world)
{
    return world->store;
}

struct view *world_view(const struct world *world)
{
    return world->view;
}

struct journal *world_journal(const struct world *world)
{
    return world->journal;
}

const struct vault_contents *world_vault(const struct world *world)
{
    return vault_contents(world->vault);
}

struct person world_owner(const struct world *world)
{
    struct person person = {.name = "bea", .key = vault_identity(world->vault)};
    memcpy(person.seed, vault_identity_seed(world->vault), sizeof person.seed);
    return person;
}

void world_on_published(struct world *world, uint64_t token, enum err_code rc, uint32_t sent_to)
{
    commands_on_published(world->commands, token, rc, sent_to);
}

void world_on_accepted(struct world *world)
{
    commands_on_arrival(world->commands);
}

void world_set_clock(struct world *world, uint64_t now_s)
{
    world->now_s = now_s;
}

/* --- asking -------------------------------------------------------------------------------------
 */

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
    must(cli.in == NULL || cli.out == NULL || cli.err == NULL ? ERR_NO_MEMORY : ERR_OK, "streams");
    answer.status = cli_run(&cli, argc, argv);
    cli_close(&cli);
    (void)fclose(cli.in);
    (void)fclose(cli.out);
    (void)fclose(cli.err);
    return answer;
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
    must(control_close(&w, &message), "a request");
    deliver(world, message);
}

struct answer world_received(struct world *world)
{
    world->request_id = 0;
    struct octets message;
    struct answer answer = {0};
    FILE *out = open_memstream(&answer.out, &answer.out_len);
    FILE *err = open_memstream(&answer.err, &answer.err_len);
    must(out == NULL || err == NULL ? ERR_NO_MEMORY : ERR_OK, "streams");
    while (next_message(world, &message)) {
        must(fwrite(message.at, 1, message.len, out) == message.len ? ERR_OK : ERR_IO, "a stream");
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
