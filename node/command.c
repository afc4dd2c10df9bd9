#include "node/command.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "node/command_run.h"
#include "proto/post.h"
#include "store/view.h"

#define RUNS_KEPT 8

/* Who answers a command, and whether a node without a reader may. */
struct command_row {
    command_handler handler;
    bool on_relay;
};

static const struct command_row command_rows[CONTROL_COMMANDS_COUNT] = {
    [CONTROL_STATUS] = {command_on_status, true},
    [CONTROL_DOWN] = {command_on_down, true},
    [CONTROL_LOCK] = {command_on_lock, true},
    [CONTROL_UNLOCK] = {command_on_unlock, true},
    [CONTROL_PASSPHRASE] = {command_on_passphrase, true},
    [CONTROL_PANIC] = {command_on_panic, true},
    [CONTROL_PEER_ADD] = {command_on_peer_add, true},
    [CONTROL_PEER_LIST] = {command_on_peer_list, true},
    [CONTROL_PEER_REMOVE] = {command_on_peer_remove, true},
    [CONTROL_INVITE] = {command_on_invite, true},
    [CONTROL_JOIN] = {command_on_join, false},
    [CONTROL_POST] = {command_on_post, false},
    [CONTROL_REPLY] = {command_on_reply, false},
    [CONTROL_REACT] = {command_on_react, false},
    [CONTROL_ECHO] = {command_on_echo, false},
    [CONTROL_RETRACT] = {command_on_retract, false},
    [CONTROL_TIMELINE] = {command_on_page, false},
    [CONTROL_TAG] = {command_on_page, false},
    [CONTROL_TAGS] = {command_on_tags, false},
    [CONTROL_THREAD] = {command_on_page, false},
    [CONTROL_SHOW] = {command_on_page, false},
    [CONTROL_SEARCH] = {command_on_page, false},
    [CONTROL_INBOX] = {command_on_page, false},
    [CONTROL_MINE] = {command_on_page, false},
    [CONTROL_WATCH] = {command_on_watch, false},
    [CONTROL_TALLY] = {command_on_tally, false},
    [CONTROL_PEOPLE] = {command_on_people, false},
    [CONTROL_NAME] = {command_on_name, false},
    [CONTROL_FOLLOW] = {command_on_follow, false},
    [CONTROL_UNFOLLOW] = {command_on_follow, false},
    [CONTROL_WEB] = {command_on_web, false},
    [CONTROL_VOUCH] = {command_on_vouch, false},
    [CONTROL_UNVOUCH] = {command_on_unvouch, false},
    [CONTROL_PROFILE] = {command_on_profile, true},
    [CONTROL_BLOCK] = {command_on_block, false},
    [CONTROL_UNBLOCK] = {command_on_unblock, false},
    [CONTROL_BLOCKS] = {command_on_blocks, false},
    [CONTROL_BLOCKS_EXPORT] = {command_on_blocks_export, false},
    [CONTROL_BLOCKS_IMPORT] = {command_on_blocks_import, false},
    [CONTROL_BLOCKS_UNDO] = {command_on_blocks_undo, false},
    [CONTROL_BLOCKS_CONFIRM] = {command_on_blocks_confirm, false},
    [CONTROL_VERIFY] = {command_on_verify, false},
    [CONTROL_SHIELD] = {command_on_shield, false},
    [CONTROL_UNSHIELD] = {command_on_shield, false},
    [CONTROL_SHIELDS] = {command_on_shields, false},
    [CONTROL_OUTBOX] = {command_on_outbox, false},
    [CONTROL_RECOVERY_WORDS] = {command_on_words, true},
    [CONTROL_BACKUP] = {command_on_backup, true},
    [CONTROL_EXPORT] = {command_on_export, false},
    [CONTROL_COMPLETE] = {command_on_complete, false},
};

enum err_code commands_new(struct commands **commands, const struct commands_parts *parts,
                           struct err_note *note)
{
    struct commands *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    c->host = parts->host;
    c->store = parts->store;
    c->vault = parts->vault;
    c->journal = parts->journal;
    c->view = parts->view;
    c->archive = parts->archive;
    members_init(&c->members);
    c->asked_s = c->host->now_s(c->host);
    c->out = malloc(CONTROL_MESSAGE_MAX + 4);
    c->wire = malloc(POST_WIRE_MAX);
    enum err_code rc =
        c->out == NULL || c->wire == NULL ? ERR_NO_MEMORY : command_own_posts_load(c, note);
    rc = rc == ERR_OK ? command_confirm_begin(c, note) : rc;
    if (rc != ERR_OK) {
        commands_free(c);
        return err_note(note, rc, "looking through own posts");
    }
    command_confirm_keep(c);
    *commands = c;
    return ERR_OK;
}

static void release(struct run *run)
{
    free(run->ids);
    if (run->report_free != NULL) {
        run->report_free(run->report);
    }
    memset(run, 0, sizeof *run);
}

void commands_bound_members(struct commands *commands, const struct members_limits *limits)
{
    commands->members_limits = *limits;
}

void commands_free(struct commands *commands)
{
    if (commands == NULL) {
        return;
    }
    for (size_t i = 0; i < COMMAND_RUNS_MAX; i++) {
        release(&commands->runs[i]);
    }
    members_close(&commands->members);
    free(commands->profile);
    free(commands->wire);
    free(commands->out);
    free(commands);
}

/* --- what goes back to the client ---------------------------------------------------------------
 */

struct canon_writer *command_item_begin(struct commands *commands, struct run *run)
{
    commands->item = canon_writer_of(commands->out, CONTROL_MESSAGE_MAX + 4);
    control_item_begin(&commands->item, run->request_id);
    return &commands->item;
}

void command_item_send(struct commands *commands, struct run *run)
{
    struct octets message;
    enum err_code rc = control_close(&commands->item, &message);
    assert(rc == ERR_OK); /* a post fits by far: POST_BODY_MAX is an eighth of a message */
    (void)rc;
    commands->host->send(commands->host, run->client, message, COMMAND_SEND_NOW);
}

static void send_small(struct commands *commands, struct run *run, struct canon_writer *w,
                       enum command_order order)
{
    struct octets message;
    enum err_code rc = control_close(w, &message);
    assert(rc == ERR_OK);
    (void)rc;
    commands->host->send(commands->host, run->client, message, order);
}

void command_tell(struct commands *commands, struct run *run, const char *text)
{
    struct canon_writer w = canon_writer_of(commands->out, CONTROL_MESSAGE_MAX + 4);
    control_note(&w, run->request_id, text);
    send_small(commands, run, &w, COMMAND_SEND_NOW);
}

static void finish(struct commands *commands, struct run *run, enum err_code rc,
                   const struct err_note *note)
{
    const char *text = "";
    if (rc != ERR_OK) {
        text = note->text[0] != '\0' ? note->text : err_text(rc);
    }
    struct canon_writer w = canon_writer_of(commands->out, CONTROL_MESSAGE_MAX + 4);
    control_end(&w, run->request_id, err_exit_status(rc), text);
    send_small(commands, run, &w, run->end_order);
    release(run);
}

/* --- requests -----------------------------------------------------------------------------------
 */

static struct run *run_of(struct commands *commands, struct command_client client,
                          uint32_t request_id)
{
    for (size_t i = 0; i < COMMAND_RUNS_MAX; i++) {
        struct run *run = &commands->runs[i];
        if (run->state != RUN_FREE && run->client.number == client.number &&
            run->request_id == request_id) {
            return run;
        }
    }
    return NULL;
}

/* What must be possible however many streams are open: the last places are kept for it. */
static bool is_urgent(enum control_command command)
{
    return command == CONTROL_BLOCK || command == CONTROL_STATUS || command == CONTROL_DOWN ||
           command == CONTROL_LOCK || command == CONTROL_PANIC;
}

static struct run *run_free(struct commands *commands, enum control_command command)
{
    size_t places = is_urgent(command) ? COMMAND_RUNS_MAX : COMMAND_RUNS_MAX - RUNS_KEPT;
    for (size_t i = 0; i < places; i++) {
        if (commands->runs[i].state == RUN_FREE) {
            return &commands->runs[i];
        }
    }
    return NULL;
}

void command_work(struct commands *commands, struct run *run, run_next step)
{
    run->state = RUN_WORKING;
    run->next = step;
    commands->host->work(commands->host);
}

/* One slice of each, so that whoever asks something else meanwhile waits for no more than that. */
void commands_on_work(struct commands *commands)
{
    bool more = false;
    for (size_t i = 0; i < COMMAND_RUNS_MAX; i++) {
        struct run *run = &commands->runs[i];
        if (run->state != RUN_WORKING) {
            continue;
        }
        struct err_note note = {{0}};
        enum err_code rc = run->next(commands, run, &note);
        if (rc != ERR_OK || run->state == RUN_READY) {
            finish(commands, run, rc, &note);
        }
        more = more || run->state == RUN_WORKING;
    }
    if (more) {
        commands->host->work(commands->host);
    }
}

/* What was begun while everything was shown ends: nothing further of it is. */
static void end_what_shows(struct commands *commands)
{
    for (size_t i = 0; i < COMMAND_RUNS_MAX; i++) {
        struct run *run = &commands->runs[i];
        bool shows = run->state == RUN_LISTING || run->state == RUN_WATCHING;
        if (shows && !command_while_unconfirmed(run->command)) {
            struct err_note note = {{0}};
            enum err_code rc = command_unconfirmed(commands, &note);
            finish(commands, run, rc, &note);
        }
    }
}

static enum err_code handle(struct commands *commands, struct run *run, struct octets args,
                            struct err_note *note)
{
    const struct command_row *row = &command_rows[run->command];
    if (commands->view == NULL && !row->on_relay) {
        return err_note(note, ERR_REFUSED,
                        "this home is a relay's, and a relay has no reader: `%s` works on a "
                        "personal node only",
                        control_command_name(run->command));
    }
    if (command_waits_for_confirm(commands) && !command_while_unconfirmed(run->command)) {
        return command_unconfirmed(commands, note);
    }
    return row->handler(commands, run, args, note);
}

static void on_request(struct commands *commands, struct command_client client,
                       const struct control_message *message)
{
    struct err_note note = {{0}};
    struct run refused = {.client = client, .request_id = message->request_id};
    if (run_of(commands, client, message->request_id) != NULL) {
        (void)err_note(&note, ERR_USAGE, "this request number is under way already");
        finish(commands, &refused, ERR_USAGE, &note);
        return;
    }
    struct run *run = run_free(commands, message->command);
    if (run == NULL) {
        (void)err_note(
            &note, ERR_REFUSED,
            "the node is answering as many requests as it can; please try again shortly");
        finish(commands, &refused, ERR_REFUSED, &note);
        return;
    }
    *run = (struct run){.state = RUN_READY,
                        .client = client,
                        .request_id = message->request_id,
                        .command = message->command};
    enum err_code rc = handle(commands, run, message->body, &note);
    /* A host may answer at once, from within publish(): the run is over by now. */
    if (run->state == RUN_FREE) {
        return;
    }
    if (rc != ERR_OK) {
        vault_discard(commands->vault); /* nothing half done is left for the next command to keep */
    }
    if (rc != ERR_OK || run->state == RUN_READY) {
        finish(commands, run, rc, &note);
    } else {
        command_pump(commands, run);
    }
}

void commands_on_message(struct commands *commands, struct command_client client,
                         const struct control_message *message)
{
    /* What a status line on her screen asks every few seconds is not her. */
    if (message->type != CONTROL_REQUEST || message->command != CONTROL_STATUS) {
        commands->asked_s = commands->host->now_s(commands->host);
    }
    if (message->type == CONTROL_REQUEST) {
        on_request(commands, client, message);
        return;
    }
    if (message->type != CONTROL_CANCEL) {
        return; /* only a node sends the other types */
    }
    struct run *run = run_of(commands, client, message->request_id);
    if (run != NULL && (run->state == RUN_LISTING || run->state == RUN_WATCHING)) {
        struct err_note note = {{0}};
        finish(commands, run, ERR_OK, &note);
    }
}

void commands_on_gone(struct commands *commands, struct command_client client)
{
    for (size_t i = 0; i < COMMAND_RUNS_MAX; i++) {
        struct run *run = &commands->runs[i];
        if (run->state != RUN_FREE && run->client.number == client.number) {
            release(run);
        }
    }
}

void command_pump(struct commands *commands, struct run *run)
{
    while ((run->state == RUN_LISTING || run->state == RUN_WATCHING) &&
           commands->host->writable(commands->host, run->client)) {
        struct err_note note = {{0}};
        enum err_code rc = run->next(commands, run, &note);
        if (rc == ERR_OK) {
            if (run->state == RUN_LISTING) { /* not to be cut off in the middle of an export */
                commands->asked_s = commands->host->now_s(commands->host);
            }
            continue;
        }
        if (rc == ERR_NOT_FOUND && run->state == RUN_WATCHING) {
            return;
        }
        finish(commands, run, rc == ERR_NOT_FOUND ? ERR_OK : rc, &note);
    }
}

void commands_on_writable(struct commands *commands, struct command_client client)
{
    for (size_t i = 0; i < COMMAND_RUNS_MAX; i++) {
        if (commands->runs[i].client.number == client.number) {
            command_pump(commands, &commands->runs[i]);
        }
    }
}

static void expire_joins(struct commands *commands)
{
    uint64_t now_s = commands->host->now_s(commands->host);
    for (size_t i = 0; i < COMMAND_RUNS_MAX; i++) {
        struct run *run = &commands->runs[i];
        if (run->state == RUN_JOINING && now_s >= run->deadline_s) {
            struct err_note note = {{0}};
            command_tell(commands, run,
                         "The relay has not answered yet. Your node keeps trying; `kith peer list` "
                         "shows whether it is connected.");
            finish(commands, run, ERR_OK, &note);
        }
    }
}

void command_end_others(struct commands *commands, const struct run *but)
{
    for (size_t i = 0; i < COMMAND_RUNS_MAX; i++) {
        struct run *run = &commands->runs[i];
        struct err_note note = {{0}};
        if (run->state == RUN_FREE || run == but) {
            continue;
        }
        (void)err_note(&note, ERR_LOCKED, "your node was locked%s; `kith unlock` opens it again",
                       run->state == RUN_PUBLISHING
                           ? ". What you wrote is kept, and goes out when it is open"
                           : "");
        run->end_order = COMMAND_SEND_NOW;
        finish(commands, run, ERR_LOCKED, &note);
    }
}

static bool is_at_work(const struct commands *commands)
{
    for (size_t i = 0; i < COMMAND_RUNS_MAX; i++) {
        if (commands->runs[i].state == RUN_WORKING) {
            return true;
        }
    }
    return false;
}

static void lock_when_idle(struct commands *commands)
{
    uint64_t after_s = vault_contents(commands->vault)->lock_after_s;
    uint64_t now_s = commands->host->now_s(commands->host);
    static const struct run none;
    struct err_note note = {{0}};
    if (now_s < commands->asked_s || is_at_work(commands)) {
        commands->asked_s = now_s; /* the clock was set back, or something asked is under way */
    }
    if (after_s == 0 || now_s - commands->asked_s < after_s) {
        return;
    }
    commands->asked_s = now_s; /* where it cannot, it is tried again after as long */
    if (commands->host->lock(commands->host, &note) == ERR_OK) {
        command_end_others(commands, &none);
    }
}

void commands_on_tick(struct commands *commands)
{
    expire_joins(commands);
    lock_when_idle(commands);
}

void commands_on_arrival(struct commands *commands)
{
    if (commands->view == NULL) {
        return;
    }
    struct err_note note = {{0}};
    if (view_catch_up(commands->view, NULL, &note) != ERR_OK) {
        return; /* tried again with the next arrival or query; what is shown stays consistent */
    }
    if (command_waits_for_confirm(commands)) {
        command_confirm_keep(commands);
        end_what_shows(commands);
    }
    for (size_t i = 0; i < COMMAND_RUNS_MAX; i++) {
        if (commands->runs[i].state == RUN_WATCHING) {
            command_pump(commands, &commands->runs[i]);
        }
    }
}

/* --- own posts ----------------------------------------------------------------------------------
 */

/* Dated now, but after the person's post before: two posts of one second keep their order, and the
 * same words twice are two posts. */
uint64_t command_next_created_s(struct commands *commands, uint64_t not_before_s)
{
    uint64_t now_s = commands->host->now_s(commands->host);
    uint64_t floor_s = store_floor(commands->store);
    now_s = now_s > floor_s ? now_s : floor_s; /* a clock below that was put back */
    uint64_t at_s = now_s;
    if (commands->created_latest_s >= at_s) {
        at_s = commands->created_latest_s + 1;
    }
    if (not_before_s > at_s) {
        at_s = not_before_s;
    }
    if (at_s > now_s + POST_AHEAD_MAX_S / 2) {
        at_s = now_s; /* further ahead would be refused by others */
    }
    commands->created_latest_s = at_s;
    return at_s;
}

enum err_code command_publish(struct commands *commands, struct run *run, struct post_draft *draft,
                              struct err_note *note)
{
    uint64_t lifetime_s = draft->expires_s; /* a duration until here */
    draft->created_s = command_next_created_s(commands, draft->created_s);
    draft->expires_s = lifetime_s == 0 ? 0 : draft->created_s + lifetime_s;

    size_t wire_len = 0;
    enum err_code rc = post_sign(commands->wire, &wire_len, &run->posted, draft,
                                 vault_identity_seed(commands->vault));
    if (rc == ERR_TOO_LARGE) {
        return err_note(note, rc, "too long: a post holds at most %d octets; nothing was sent",
                        POST_BODY_MAX);
    }
    if (rc != ERR_OK) {
        return err_note(note, rc, "this cannot be a post; nothing was sent");
    }
    struct octets wire = octets_of(commands->wire, wire_len);
    rc = journal_own_post(commands->journal, &run->posted, wire, note);
    if (rc != ERR_OK) {
        return err_note(note, rc,
                        "writing it down failed, and nothing was sent. If the disk is full, make "
                        "room, then write it again");
    }
    rc = command_profile_keep(commands, wire);
    if (rc != ERR_OK) {
        return rc;
    }
    run->state = RUN_PUBLISHING;
    run->token = ++commands->token_latest;
    commands->host->publish(commands->host, run->token, wire);
    return ERR_OK;
}

void commands_on_published(struct commands *commands, uint64_t token, enum err_code rc,
                           uint32_t sent_to)
{
    struct run *run = NULL;
    for (size_t i = 0; i < COMMAND_RUNS_MAX; i++) {
        if (commands->runs[i].state == RUN_PUBLISHING && commands->runs[i].token == token) {
            run = &commands->runs[i];
        }
    }
    commands_on_arrival(commands);
    if (run == NULL) {
        return; /* the asker is gone; the post is out */
    }
    struct err_note note = {{0}};
    if (rc != ERR_OK) {
        (void)err_note(&note, rc,
                       "it is kept in the outbox and has not been sent (%s). It goes out by itself "
                       "once there is a way; if the disk is full, make room",
                       err_text(rc));
    } else if (run->says_posted) {
        struct canon_writer *w = command_item_begin(commands, run);
        canon_write_map(w, 2);
        command_put_bin(w, "id", run->posted.octets);
        command_put_uint(w, "sent_to", sent_to);
        command_item_send(commands, run);
    }
    finish(commands, run, rc, &note);
}

enum err_code command_commit(struct commands *commands, struct err_note *note)
{
    vault_clock(commands->vault, commands->host->now_s(commands->host));
    enum err_code rc = vault_commit(commands->vault, note);
    if (rc != ERR_OK) {
        return vault_is_unsure(commands->vault)
                   ? err_note(
                         note, rc,
                         "keeping the change failed, and it is not in force; the node takes it "
                         "off the disk as soon as that can be written to. If the disk is full, "
                         "make room, then try again")
                   : err_note(note, rc,
                              "keeping the change failed, and it is not in force. If the disk is "
                              "full, make room, then try again");
    }
    if (commands->view == NULL || command_waits_for_confirm(commands)) {
        return ERR_OK;
    }
    rc = view_load(commands->view, vault_contents(commands->vault), note);
    return rc == ERR_OK ? rc
                        : err_note(note, rc,
                                   "the change is kept, but until it can be put in force nothing "
                                   "is shown; `kith down` and `kith up` do that");
}

static enum err_code say_why_not(struct err_note *note, enum err_code rc)
{
    if (rc == ERR_TOMORROW) {
        return err_note(note, rc,
                        "this relay takes in no more people by this person's invites today. "
                        "Nothing is lost, and the invite is not used up; please try again "
                        "tomorrow (after midnight UTC)");
    }
    if (rc == ERR_FULL) {
        return err_note(note, rc,
                        "this relay has as many members as it takes in. Nothing is lost, and the "
                        "invite is not used up; whoever runs the relay can make room, or somebody "
                        "can invite you to another one");
    }
    const char *why = rc == ERR_REFUSED ? "" : err_text(rc);
    return err_note(note, ERR_REFUSED,
                    "the relay refused the invite%s%s%s. It may be used up or too old; ask for "
                    "another one",
                    why[0] != '\0' ? " (" : "", why, why[0] != '\0' ? ")" : "");
}

void commands_on_joined(struct commands *commands, const struct address *address, enum err_code rc)
{
    for (size_t i = 0; i < COMMAND_RUNS_MAX; i++) {
        struct run *run = &commands->runs[i];
        if (run->state != RUN_JOINING || !address_equal(&run->joining, address)) {
            continue;
        }
        struct err_note note = {{0}};
        finish(commands, run, rc == ERR_OK ? rc : say_why_not(&note, rc), &note);
    }
}
