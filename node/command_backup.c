/* words, and backup: a sealed copy of the home, written in slices while everything else goes on
 * (SPEC 10.10).
 */
#include <sodium.h>
#include <stdlib.h>

#include "node/command_run.h"
#include "node/outside.h"
#include "proto/bip39.h"
#include "store/backup.h"
#include "store/home_key.h"

struct backing {
    struct outside place;
    struct backup *backup;
    uint64_t told_s;
    bool all;
};

static void backing_free(void *context)
{
    struct backing *backing = context;
    backup_close(backing->backup);
    outside_close(&backing->place);
    free(backing);
}

/* How many posts of others there are, and how long the file is, depends on what is hidden: neither
 * is said. */
static void send_done(struct commands *c, struct run *run)
{
    const struct backing *backing = run->report;
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, 2);
    command_put_uint(w, "own", backup_counts(backing->backup).own_count);
    command_put_bool(w, "all", backing->all);
    command_item_send(c, run);
}

static void send_progress(struct commands *c, struct run *run)
{
    const struct backing *backing = run->report;
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, 1);
    command_put_uint(w, "_percent", backup_counts(backing->backup).percent);
    command_item_send(c, run);
}

/* What the person can do about it; the rest of the words say what happened. */
static enum err_code tell(enum err_code rc, struct err_note *note)
{
    switch ((int)rc) {
    case ERR_NO_SPACE:
        return err_note(note, rc,
                        "there is no room for the backup there, and nothing is left of it; please "
                        "make room, or choose another place");
    case ERR_PERMISSION:
        return err_note(note, rc, "your node may not write there; please choose another place");
    case ERR_NOT_FOUND: /* the folder is there, and yet no file can be made in it */
    case ERR_IO:
        return err_note(note, ERR_IO,
                        "no file can be written there, and nothing is left of it; please choose "
                        "another place");
    default:
        return err_note(note, rc, "the backup was not made, and nothing is left of it");
    }
}

static enum err_code backup_next(struct commands *c, struct run *run, struct err_note *note)
{
    struct backing *backing = run->report;
    bool done = false;
    enum err_code rc = backup_step(backing->backup, &done, note);
    if (rc != ERR_OK) {
        return tell(rc, note);
    }
    uint64_t now_s = c->host->now_s(c->host);
    if (done) {
        send_done(c, run);
        run->state = RUN_READY;
    } else if (now_s > backing->told_s) {
        backing->told_s = now_s;
        send_progress(c, run);
    }
    return ERR_OK;
}

bool commands_backing_up(const struct commands *c)
{
    for (size_t i = 0; i < COMMAND_RUNS_MAX; i++) {
        if (c->runs[i].state == RUN_WORKING && c->runs[i].command == CONTROL_BACKUP) {
            return true;
        }
    }
    return false;
}

enum err_code command_on_backup(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note)
{
    struct octets path = {0};
    bool replace = false;
    struct backup_source source = {.vault = c->vault,
                                   .journal = c->journal,
                                   .store = c->store,
                                   .archive = c->archive,
                                   .head = {.made_s = c->host->now_s(c->host)}};
    enum err_code rc = command_arg_str_required(&path, args, "file", note);
    rc = rc == ERR_OK ? command_arg_bool(&source.head.all, args, "all", note) : rc;
    rc = rc == ERR_OK ? command_arg_bool(&replace, args, "replace", note) : rc;
    if (rc == ERR_OK && commands_backing_up(c)) {
        rc = err_note(note, ERR_REFUSED, "a backup is being made already");
    }
    if (rc != ERR_OK) {
        return rc;
    }
    struct backing *backing = calloc(1, sizeof *backing);
    if (backing == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    run->report = backing;
    run->report_free = backing_free;
    backing->told_s = source.head.made_s;
    backing->all = source.head.all;
    rc = outside_open(&backing->place, path, note);
    if (rc == ERR_OK) {
        rc = backup_begin(&backing->backup, backing->place.files, backing->place.name, &source,
                          replace, note);
        rc = rc == ERR_OK || rc == ERR_REFUSED ? rc : tell(rc, note);
    }
    if (rc == ERR_OK) {
        command_work(c, run, backup_next);
    }
    return rc;
}

/* Whoever sits at an open node that somebody else left does not get her identity with it. */
enum err_code command_on_words(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note)
{
    struct octets passphrase = {0};
    bool has = false;
    enum err_code rc = command_arg_str(&passphrase, args, "passphrase", note);
    rc = rc == ERR_OK ? c->host->has_passphrase(c->host, &has, note) : rc;
    if (rc == ERR_OK && has && passphrase.len == 0) {
        struct canon_writer *w = command_item_begin(c, run);
        canon_write_map(w, 1);
        command_put_text(w, "needs", "passphrase");
        command_item_send(c, run);
        return ERR_OK;
    }
    if (rc == ERR_OK && passphrase.len > HOME_KEY_PASSPHRASE_MAX) {
        rc = err_note(note, ERR_USAGE, "a passphrase holds at most %d octets",
                      HOME_KEY_PASSPHRASE_MAX);
    }
    if (rc == ERR_OK && has) {
        rc = c->host->passphrase_check(c->host, passphrase, note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    char text[BIP39_TEXT_MAX];
    bip39_encode(text, vault_seed(c->vault));
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, 1);
    command_put_text(w, "words", text);
    command_item_send(c, run);
    sodium_memzero(text, sizeof text);
    sodium_memzero(c->out, CONTROL_MESSAGE_MAX + 4);
    return ERR_OK;
}
