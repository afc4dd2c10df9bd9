#include "node/locked.h"

#include <assert.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>

#include "node/control_server.h"
#include "node/crew.h"
#include "node/log.h"
#include "node/mailbox.h"
#include "node/memory.h"
#include "node/panic.h"
#include "node/passphrase.h"

#define ATTEMPTS_MAX  4 /* waiting at a time; each takes as long as Argon2id does */
#define SIGNALS_COUNT 2

struct locked {
    uv_loop_t loop;
    struct mailbox mailbox;
    struct crew opener;
    struct control_server *control;
    uv_signal_t signals[SIGNALS_COUNT];
    struct home *home;
    enum vault_kind kind;
    struct person *person; /* the opener's until it has finished */
    unsigned attempts_count;
    unsigned open_count; /* parts that are not closed yet */
    bool stopping;
    bool opened;
    bool stained;
};

struct attempt {
    struct job job;
    struct locked *locked;
    uint32_t client;
    uint32_t request_id;
    struct passphrase passphrase;
    enum err_code rc;
    bool stained;
    struct err_note note;
};

/* ---- Stopping ---- */

static void part_closed(void *context)
{
    struct locked *locked = context;
    locked->open_count--;
    if (locked->open_count == 0) {
        crew_finish(&locked->opener);
        mailbox_close(&locked->mailbox);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    part_closed(handle->data);
}

static void stop(struct locked *locked)
{
    if (locked->stopping) {
        return;
    }
    locked->stopping = true;
    locked->open_count++; /* until everything below was told to close */
    for (size_t i = 0; i < SIGNALS_COUNT; i++) {
        locked->open_count++;
        uv_close((uv_handle_t *)&locked->signals[i], on_handle_closed);
    }
    if (locked->control != NULL) {
        locked->open_count++;
        control_server_close(locked->control, part_closed, locked);
        locked->control = NULL;
    }
    part_closed(locked);
}

static void on_signal(uv_signal_t *handle, int number)
{
    log_line(LOG_INFO, "stopping (%s)", number == SIGTERM ? "SIGTERM" : "SIGINT");
    stop(handle->data);
}

/* ---- Answering ---- */

static void give(struct locked *locked, uint32_t client, struct canon_writer *w)
{
    struct octets message;
    enum err_code rc = control_close(w, &message);
    assert(rc == ERR_OK);
    (void)rc;
    if (locked->control != NULL) {
        control_server_send(locked->control, client, memory_copy(message), message.len,
                            COMMAND_SEND_NOW);
    }
}

static void answer(struct locked *locked, uint32_t client, uint32_t request_id, enum err_code rc,
                   const char *text)
{
    uint8_t room[CONTROL_TEXT_MAX + 64];
    struct canon_writer w = canon_writer_of(room, sizeof room);
    control_end(&w, request_id, err_exit_status(rc), rc == ERR_OK ? "" : text);
    give(locked, client, &w);
}

static void answer_status(struct locked *locked, uint32_t client, uint32_t request_id)
{
    uint8_t room[128];
    struct canon_writer w = canon_writer_of(room, sizeof room);
    control_item_begin(&w, request_id);
    canon_write_map(&w, 1);
    canon_write_str(&w, octets_of_text("state"));
    canon_write_str(&w, octets_of_text("locked"));
    give(locked, client, &w);
    answer(locked, client, request_id, ERR_OK, "");
}

/* ---- Unlocking ---- */

/* The opener's thread, one attempt after the other: whichever comes after the right one finds the
 * home open. */
static void work(struct job *job)
{
    struct attempt *attempt = JOB_OWNER(job, struct attempt, job);
    struct locked *locked = attempt->locked;
    attempt->rc = ERR_OK;
    if (locked->person == NULL) {
        attempt->rc =
            home_unlock(locked->home, passphrase_octets(&attempt->passphrase), &attempt->note);
        if (attempt->rc == ERR_OK) {
            attempt->rc = person_open(&locked->person, locked->home, locked->kind, &attempt->note);
            attempt->stained = attempt->rc != ERR_OK;
        }
        home_forget(locked->home);
    }
    passphrase_close(&attempt->passphrase);
}

static void on_worked(struct job *job)
{
    struct attempt *attempt = JOB_OWNER(job, struct attempt, job);
    struct locked *locked = attempt->locked;
    const char *text = attempt->note.text[0] != '\0' ? attempt->note.text : err_text(attempt->rc);
    locked->attempts_count--;
    answer(locked, attempt->client, attempt->request_id, attempt->rc, text);
    locked->opened = locked->opened || attempt->rc == ERR_OK;
    locked->stained = locked->stained || attempt->stained;
    if (attempt->rc == ERR_DECRYPT) {
        log_line(LOG_WARN, "somebody tried to unlock this node with another passphrase");
    } else if (attempt->stained) {
        log_line(LOG_ERROR, "unlocked, but not opened: %s", text);
    }
    if (attempt->rc == ERR_OK || attempt->stained) {
        stop(locked);
    }
    free(attempt);
}

static void unlock(struct locked *locked, uint32_t client, const struct control_message *message)
{
    struct octets typed = {0};
    if (control_get_str(&typed, message->body, "passphrase") != ERR_OK || typed.len == 0 ||
        typed.len > HOME_KEY_PASSPHRASE_MAX) {
        answer(locked, client, message->request_id, ERR_USAGE, "a passphrase is missing");
        return;
    }
    if (locked->attempts_count == ATTEMPTS_MAX) {
        answer(locked, client, message->request_id, ERR_REFUSED,
               "other attempts to unlock are under way; please try again shortly");
        return;
    }
    struct attempt *attempt = memory_get(sizeof *attempt);
    attempt->locked = locked;
    attempt->client = client;
    attempt->request_id = message->request_id;
    attempt->passphrase.text = memory_get_secret(typed.len);
    attempt->passphrase.len = typed.len;
    memcpy(attempt->passphrase.text, typed.at, typed.len);
    attempt->job.work = work;
    attempt->job.done = on_worked;
    locked->attempts_count++;
    crew_push(&locked->opener, &attempt->job, CREW_URGENT);
}

static void on_request(struct locked *locked, uint32_t client,
                       const struct control_message *message)
{
    switch ((int)message->command) {
    case CONTROL_STATUS:
        answer_status(locked, client, message->request_id);
        break;
    case CONTROL_UNLOCK:
        unlock(locked, client, message);
        break;
    case CONTROL_DOWN:
        answer(locked, client, message->request_id, ERR_OK, "");
        stop(locked);
        break;
    case CONTROL_PANIC:
        panic_now(locked->home);
        break;
    default:
        answer(locked, client, message->request_id, ERR_LOCKED,
               "your node is locked, so nothing was shown, changed or sent; `kith unlock` opens "
               "it");
        break;
    }
}

static void on_message(void *context, uint32_t client, uint8_t *octets, size_t len)
{
    struct locked *locked = context;
    struct control_message message;
    memset(&message, 0, sizeof message);
    enum err_code rc = control_decode(&message, octets_of(octets, len));
    bool is_request = rc == ERR_NOT_FOUND || (rc == ERR_OK && message.type == CONTROL_REQUEST);
    if (is_request) {
        on_request(locked, client, &message);
    } else if (rc != ERR_OK) {
        log_line(LOG_WARN, "a program on the control socket sent a malformed request");
    }
    sodium_memzero(octets, len);
    free(octets);
    if (locked->control != NULL) {
        control_server_taken(locked->control, client);
    }
}

static void on_written(void *context, uint32_t client, size_t len)
{
    (void)context;
    (void)client;
    (void)len;
}

static void on_gone(void *context, uint32_t client)
{
    (void)context;
    (void)client;
}

/* ---- Starting ---- */

static enum err_code start_loop(struct locked *locked, struct err_note *note)
{
    static const int numbers[SIGNALS_COUNT] = {SIGTERM, SIGINT};
    if (uv_loop_init(&locked->loop) != 0) {
        return err_note(note, ERR_NO_MEMORY, "the system gives no more descriptors");
    }
    enum err_code rc = mailbox_init(&locked->mailbox, &locked->loop);
    if (rc == ERR_OK) {
        rc = crew_start(&locked->opener, 1, &locked->mailbox);
        if (rc != ERR_OK) {
            mailbox_close(&locked->mailbox);
            (void)uv_run(&locked->loop, UV_RUN_DEFAULT);
        }
    }
    if (rc != ERR_OK) {
        (void)uv_loop_close(&locked->loop);
        return err_note(note, rc, "the system gives no more threads");
    }
    for (size_t i = 0; i < SIGNALS_COUNT; i++) {
        (void)uv_signal_init(&locked->loop, &locked->signals[i]);
        locked->signals[i].data = locked;
        (void)uv_signal_start(&locked->signals[i], on_signal, numbers[i]);
    }
    return ERR_OK;
}

static enum err_code run(struct locked *locked, struct err_note *note)
{
    struct control_events events = {
        .context = locked, .message = on_message, .written = on_written, .gone = on_gone};
    enum err_code rc =
        control_server_new(&locked->control, &locked->loop, locked->home->path, &events, note);
    if (rc == ERR_OK) {
        log_line(LOG_INFO, "locked; `kith unlock` opens it");
    } else {
        stop(locked);
    }
    (void)uv_run(&locked->loop, UV_RUN_DEFAULT);
    int failed = uv_loop_close(&locked->loop);
    assert(failed == 0);
    (void)failed;
    return rc;
}

enum err_code locked_run(enum locked_end *end, struct person **person, struct home *home,
                         const struct options *options, struct err_note *note)
{
    struct locked *locked = memory_get(sizeof *locked);
    locked->home = home;
    locked->kind = options->relay ? VAULT_RELAY : VAULT_PERSONAL;
    enum err_code rc = start_loop(locked, note);
    if (rc == ERR_OK) {
        rc = run(locked, note);
    }
    if (rc == ERR_OK) {
        *end = locked->opened ? LOCKED_OPENED : locked->stained ? LOCKED_STAINED : LOCKED_STOPPED;
        *person = locked->opened ? locked->person : NULL;
    }
    if (!locked->opened) {
        person_close(locked->person); /* opened while the node was being stopped */
    }
    free(locked);
    return rc;
}
