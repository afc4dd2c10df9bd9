/* block - from the command to what it promises: durable, and in force in the view; with everybody
 * blocked whom she blocked before, and with nobody blocked before. */
#include <stdio.h>
#include <stdlib.h>

#include "node/command.h"
#include "store/view.h"
#include "tests/bench/measure.h"
#include "tests/bench/million.h"

#define RUNS           50
#define ROUNDS         4
#define RATIO_LIMIT    1.2
#define VAULT_READ_MAX ((size_t)64 * 1024 * 1024)

/* A daemon's place is taken by a host that notes the answer. */
struct host {
    struct command_host calls;
    uint64_t now_s;
    bool ended;
    int exit_status;
};

static struct host *host_of(struct command_host *calls)
{
    return (struct host *)(void *)calls; /* its first member */
}

static uint64_t host_now_s(struct command_host *calls)
{
    return host_of(calls)->now_s;
}

static void host_send(struct command_host *calls, struct command_client client,
                      struct octets message, enum command_order order)
{
    (void)client;
    (void)order;
    struct control_message read;
    struct octets inner = octets_of(message.at + CONTROL_PREFIX_LEN, //
                                    message.len - CONTROL_PREFIX_LEN);
    must_ok(control_decode(&read, inner), NULL, "an answer");
    if (read.type == CONTROL_END) {
        host_of(calls)->ended = true;
        host_of(calls)->exit_status = read.exit_status;
    }
}

static bool host_writable(struct command_host *calls, struct command_client client)
{
    (void)calls;
    (void)client;
    return true;
}

static void host_publish(struct command_host *calls, uint64_t token, struct octets wire)
{
    (void)calls;
    (void)token;
    (void)wire;
    must(false, "a block publishes nothing");
}

static void host_status(struct command_host *calls, struct command_status *status)
{
    (void)calls;
    *status = (struct command_status){.peers_connected = 0};
}

static void host_nothing(struct command_host *calls)
{
    (void)calls;
}

static void run_command(struct commands *commands, struct host *host, enum control_command command,
                        const struct key *who)
{
    uint8_t room[512];
    char hex[2 * KEY_LEN + 1];
    for (size_t i = 0; i < KEY_LEN; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", who->octets[i]);
    }
    struct canon_writer w = canon_writer_of(room, sizeof room);
    struct octets message;
    struct control_message read;
    control_request_begin(&w, 1, command);
    canon_write_map(&w, 1);
    canon_write_str(&w, octets_of_text("who"));
    canon_write_str(&w, octets_of_text(hex));
    must_ok(control_close(&w, &message), NULL, "a request");
    message = octets_of(message.at + CONTROL_PREFIX_LEN, message.len - CONTROL_PREFIX_LEN);
    must_ok(control_decode(&read, message), NULL, "a request");
    host->ended = false;
    commands_on_message(commands, (struct command_client){.number = 1}, &read);
    must(host->ended && host->exit_status == 0, "the command was refused");
}

/* What of it is the disk's and what the view's. */
static void measure_parts(struct million *m, struct spread *commit_ms, struct spread *load_ms,
                          const struct key *who)
{
    struct err_note note = {{0}};
    bool changed = false;
    double begun = clock_wall();
    must_ok(vault_block(m->vault, &changed, who, NULL, m->now_s, store_end(m->store)), NULL,
            "blocking");
    must_ok(vault_commit(m->vault, &note), &note, "keeping the vault");
    double committed = clock_wall();
    must_ok(view_load(m->view, vault_contents(m->vault), &note), &note, "judging posts");
    spread_add(commit_ms, (committed - begun) * 1e3);
    spread_add(load_ms, (clock_wall() - committed) * 1e3);
    must_ok(vault_unblock(m->vault, &changed, who, m->now_s, store_end(m->store)), NULL,
            "unblocking");
    must_ok(vault_commit(m->vault, &note), &note, "keeping the vault");
    must_ok(view_load(m->view, vault_contents(m->vault), &note), &note, "judging posts");
}

/* What the disk alone takes for as much: a file of the vault's length replaced, and one record
 * appended, both synced. */
static double bare_syncs_ms(struct million *m)
{
    struct err_note note = {{0}};
    struct files *files = m->home.files;
    struct file *file = NULL;
    uint8_t *octets = NULL;
    size_t len = 0;
    must_ok(file_read_all(files, &octets, &len, "vault", VAULT_READ_MAX, &note), &note, "reading");
    must_ok(file_replace(files, "bare-record", octets_of(octets, 0), &note), &note, "a file");
    must_ok(files->open(files, &file, "bare-record", FILE_APPEND, &note), &note, "a file");
    double begun = clock_wall();
    must_ok(file_replace(files, "bare-vault", octets_of(octets, len), &note), &note, "replacing");
    must_ok(files->append(files, file, octets_of(octets, 64), &note), &note, "appending");
    must_ok(files->sync(files, file, &note), &note, "syncing");
    double took_ms = (clock_wall() - begun) * 1e3;
    files->close(files, file);
    free(octets);
    return took_ms;
}

struct figures {
    struct spread disk_ms;
    struct spread whole_ms;
    struct spread cpu_ms;
    struct spread commit_ms;
    struct spread load_ms;
};

static void print(struct million *m, struct figures *with, struct figures *without)
{
    struct view_stats stats;
    must_ok(view_stats(m->view, &stats, VIEW_WEB, m->now_s, NULL), NULL, "figures");
    struct result result = {.bench = "block",
                            .unit = "ms",
                            .better = BETTER_LOWER,
                            .target = 50,
                            .reference = "the same writes and syncs on the bare disk; wall time "
                                         "of one command in process; proofs of the posts are "
                                         "not real"};
    double cpu_ms = spread_at(&with->cpu_ms, 0.99);
    double cpu_without_ms = spread_at(&without->cpu_ms, 0.99);
    result_spread(&result, &with->whole_ms);
    result_print(&result,
                 ",\"reference_ms\":%.2f,\"this_thread_ms\":%.2f,\"vault_commit_ms\":%.2f,\"view_"
                 "load_ms\":%.2f,\"p99\":%.2f,\"without_blocks_ms\":%.2f,"
                 "\"without_blocks_p99\":%.2f,\"without_blocks_vault_commit_ms\":%.2f,"
                 "\"without_blocks_view_load_ms\":%.2f,\"this_thread_p99\":%.2f,\"without_blocks_"
                 "this_thread_p99\":%.2f,\"ratio_this_thread\":%.2f,"
                 "\"ratio_limit\":%.1f,"
                 "\"posts\":%zu,\"people\":%zu,\"blocked_before\":%zu,\"visible_texts\":%llu,"
                 "\"web\":%llu",
                 spread_at(&with->disk_ms, 0.5), spread_at(&with->cpu_ms, 0.5),
                 spread_at(&with->commit_ms, 0.5), spread_at(&with->load_ms, 0.5),
                 spread_at(&with->whole_ms, 0.99), spread_at(&without->whole_ms, 0.5),
                 spread_at(&without->whole_ms, 0.99), spread_at(&without->commit_ms, 0.5),
                 spread_at(&without->load_ms, 0.5), cpu_ms, cpu_without_ms, cpu_ms / cpu_without_ms,
                 RATIO_LIMIT, m->posts_count, m->people_count, m->blocks_count,
                 (unsigned long long)stats.posts_count, (unsigned long long)stats.people_count);
}

/* Another person of her web, not blocked yet. */
static const struct key *somebody(struct million *m, size_t *next)
{
    while (view_distance(m->view, &m->people[*next], m->now_s) == VIEW_STRANGER) {
        (*next)++;
        must(*next < m->people_count, "nobody is left to block");
    }
    return &m->people[(*next)++];
}

static void measure_round(struct million *m, struct figures *f, size_t *next)
{
    struct host host = {.now_s = m->now_s,
                        .calls = {.now_s = host_now_s,
                                  .send = host_send,
                                  .writable = host_writable,
                                  .publish = host_publish,
                                  .status = host_status,
                                  .peers_changed = host_nothing,
                                  .work = host_nothing,
                                  .down = host_nothing}};
    struct commands *commands = NULL;
    struct err_note note = {{0}};
    must_ok(view_load(m->view, vault_contents(m->vault), &note), &note, "judging posts");
    must_ok(commands_new(&commands,
                         &(struct commands_parts){.host = &host.calls,
                                                  .store = m->store,
                                                  .vault = m->vault,
                                                  .journal = m->journal,
                                                  .view = m->view},
                         &note),
            &note, "the commands");
    for (size_t i = 0; i < RUNS; i++) {
        const struct key *who = somebody(m, next);
        double cpu = clock_thread();
        double begun = clock_wall();
        run_command(commands, &host, CONTROL_BLOCK, who);
        spread_add(&f->whole_ms, (clock_wall() - begun) * 1e3);
        spread_add(&f->cpu_ms, (clock_thread() - cpu) * 1e3);
        must(view_distance(m->view, who, m->now_s) == VIEW_STRANGER, "the block is not in force");
        run_command(commands, &host, CONTROL_UNBLOCK, who);
        spread_add(&f->disk_ms, bare_syncs_ms(m));
        measure_parts(m, &f->commit_ms, &f->load_ms, somebody(m, next));
    }
    commands_free(commands);
}

void bench_block(struct bench *bench)
{
    struct million *with = million_of(bench);
    struct million without;
    million_unblocked(&without, with, bench);
    struct figures *figures = must_get(2, sizeof *figures);
    size_t next_with = with->follows_count;
    size_t next_without = with->follows_count;
    for (size_t round = 0; round < ROUNDS; round++) {
        measure_round(&without, &figures[1], &next_without);
        measure_round(with, &figures[0], &next_with);
    }
    print(with, &figures[0], &figures[1]);
    free(figures);
    million_unblocked_free(&without);
}
