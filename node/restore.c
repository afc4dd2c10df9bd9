#include "node/restore.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "node/home.h"
#include "node/home_begun.h"
#include "node/init.h"
#include "node/key_watch.h"
#include "node/memory.h"
#include "node/outside.h"
#include "node/passphrase.h"
#include "node/proofs.h"
#include "node/words.h"
#include "proto/name32.h"
#include "store/restore.h"

#define DATE_ROOM 32

struct restoring {
    const struct options *options;
    struct home home;
    struct key_watch watch;
    struct outside place;
    struct restore_source source;
    struct restore_found found;
    struct restore_target target;
    struct passphrase passphrase;
    uint8_t *seed;
    bool is_fresh;   /* there is no home yet */
    bool opened;     /* the home is held */
    bool found_file; /* or none was named */
    uint64_t started_s;
    bool told;
    const char *what; /* is going on */
};

static void date_print(char out[DATE_ROOM], uint64_t at_s)
{
    time_t at = (time_t)at_s;
    struct tm parts;
    if (gmtime_r(&at, &parts) == NULL ||
        strftime(out, DATE_ROOM, "%Y-%m-%d %H:%M UTC", &parts) == 0) {
        (void)snprintf(out, DATE_ROOM, "an unknown day");
    }
}

static void on_progress(void *context, unsigned permille)
{
    struct restoring *r = context;
    if (isatty(STDERR_FILENO) == 1 && (uint64_t)time(NULL) > r->started_s) {
        r->told = true;
        (void)fprintf(stderr, "\r%s: %u %% ", r->what, permille / 10);
        (void)fflush(stderr);
    }
}

static bool verify(void *context, const struct post *posts, size_t count)
{
    (void)context;
    return proofs_hold(posts, count);
}

static void begin_progress(struct restoring *r, const char *what)
{
    r->what = what;
    r->started_s = (uint64_t)time(NULL);
}

static void end_progress(struct restoring *r)
{
    if (r->told) {
        (void)fputs("\r\033[K", stderr);
        r->told = false;
    }
}

/* ---- The backup ---- */

static enum err_code open_place(struct restoring *r, struct err_note *note)
{
    char whole[OUTSIDE_PATH_MAX];
    const char *path = r->options->restore_path;
    char folder[OUTSIDE_PATH_MAX] = "";
    if (path[0] != '/' && getcwd(folder, sizeof folder) == NULL) {
        return err_note(note, ERR_IO, "the folder this was started in is gone");
    }
    int len = snprintf(whole, sizeof whole, "%s%s%s", folder, path[0] == '/' ? "" : "/", path);
    if (len < 0 || (size_t)len >= sizeof whole) {
        return err_note(note, ERR_USAGE, "that file name is too long");
    }
    enum err_code rc = outside_open(&r->place, octets_of_text(whole), note);
    if (rc == ERR_OK && !file_exists(r->place.files, r->place.name)) {
        rc = err_note(note, ERR_NOT_FOUND, "there is no file %s", path);
    }
    return rc;
}

static enum err_code file_words(enum err_code rc, const char *path, struct err_note *note)
{
    struct err_note why = *note;
    *note = (struct err_note){{0}};
    switch ((int)rc) {
    case ERR_MALFORMED:
        return err_note(note, ERR_REFUSED, "%s is no backup of kith. Nothing was changed", path);
    case ERR_VERSION:
        return err_note(note, ERR_REFUSED,
                        "a later version of kith made %s; that one can restore it. Nothing was "
                        "changed",
                        path);
    case ERR_TRUNCATED:
        return err_note(note, ERR_REFUSED,
                        "the end of %s is missing; please copy it again from where it was kept. "
                        "Nothing was changed",
                        path);
    case ERR_DAMAGED:
        return err_note(note, ERR_REFUSED,
                        "%s was altered or damaged, and nothing in it can be relied on; please "
                        "copy it again from where it was kept. Nothing was changed",
                        path);
    case ERR_DECRYPT:
        return err_note(note, ERR_REFUSED,
                        "these words belong together, but they do not open %s: it is another "
                        "identity's backup. Nothing was changed",
                        path);
    default:
        *note = why;
        return err_note(note, rc, "reading %s", path);
    }
}

static enum err_code check_file(struct restoring *r, struct err_note *note)
{
    begin_progress(r, "Checking the backup");
    r->source = (struct restore_source){.files = r->place.files,
                                        .path = r->place.name,
                                        .seed = r->seed,
                                        .progress = on_progress,
                                        .verify = verify,
                                        .context = r};
    enum err_code rc = restore_check(&r->found, &r->source, note);
    end_progress(r);
    return rc == ERR_OK ? rc : file_words(rc, r->options->restore_path, note);
}

/* ---- The home ---- */

static enum err_code look_around(struct restoring *r, struct err_note *note)
{
    r->is_fresh = !home_has_vault(&r->home);
    if (r->is_fresh) {
        return home_check_free(&r->home, note);
    }
    if (r->options->restore_path == NULL) {
        return err_note(note, ERR_REFUSED,
                        "there is a home in %s already, and words alone add nothing to it. Nothing "
                        "was changed",
                        r->home.path);
    }
    enum err_code rc = home_check_vault(&r->home, note);
    return rc == ERR_OK ? key_watch_start(&r->watch, &r->home, "key", note) : rc;
}

static enum err_code make_fresh(struct restoring *r, struct err_note *note)
{
    enum vault_kind kind =
        r->found.copy != NULL ? vault_contents(r->found.copy)->kind : VAULT_PERSONAL;
    enum err_code rc = init_passphrase(&r->passphrase, r->options, note);
    rc = rc == ERR_OK ? home_begin(&r->home, HOME_BEGUN_RESTORE, note) : rc;
    rc = rc == ERR_OK
             ? key_watch_start(&r->watch, &r->home, home_begun_mark(HOME_BEGUN_RESTORE), note)
             : rc;
    return rc == ERR_OK ? home_make_vault_of(&r->home, kind, r->seed,
                                             passphrase_octets(&r->passphrase), note)
                        : rc;
}

/* The journal of a person's home that is there may have let go of what the log had: that is opened
 * for her own posts alone, too. */
static enum err_code open_target(struct restoring *r, struct err_note *note)
{
    struct restore_target *target = &r->target;
    enum err_code rc = home_open_vault(&target->vault, &target->journal, &r->home, note);
    bool is_read = rc == ERR_OK && vault_contents(target->vault)->kind == VAULT_PERSONAL;
    bool own = is_read && r->options->restore_path != NULL;
    if (rc == ERR_OK && (r->found.head.all || own)) {
        rc = home_open_store(&target->store, &r->home, target->vault,
                             is_read ? STORE_READ : STORE_UNREAD, note);
    }
    if (rc == ERR_OK && own) {
        rc = home_open_archive(&target->archive, &r->home, target->vault, target->store, note);
    }
    target->now_s = (uint64_t)time(NULL);
    return rc;
}

/* Nothing is shown of a home that is made here before its list of blocks is in it. */
static enum err_code write_target(struct restoring *r, struct err_note *note)
{
    if (r->is_fresh) {
        vault_doubt(r->target.vault);
    }
    if (r->options->restore_path == NULL) {
        vault_clock(r->target.vault, r->target.now_s);
        return vault_commit(r->target.vault, note);
    }
    begin_progress(r, "Restoring");
    enum err_code rc = restore_write(&r->target, &r->found, &r->source, note);
    end_progress(r);
    if (rc == ERR_REFUSED) {
        *note = (struct err_note){{0}};
        return err_note(
            note, rc,
            "the home in %s is another identity's, or the two lists together are longer "
            "than a home holds; choose another folder with --home. Nothing was changed",
            r->home.path);
    }
    return rc;
}

static size_t blocks_count(const struct vault *vault)
{
    const struct vault_contents *contents = vault_contents(vault);
    size_t count = 0;
    for (size_t i = 0; i < contents->blocks_count; i++) {
        count += contents->blocks[i].in_force ? 1 : 0;
    }
    return count;
}

static void say(const struct restoring *r)
{
    char date[DATE_ROOM];
    char name[NAME32_BECH_LEN + 1];
    struct key own = vault_identity(r->target.vault);
    name32_bech(name, own.octets);
    if (r->options->restore_path == NULL) {
        (void)printf("Your identity is back: %s\n"
                     "Nothing else was in the words. Nothing is shown until you have looked "
                     "through your list of\nblocks: `kith up` starts your node, `kith blocks "
                     "import` takes in a list you saved, then\n`kith blocks confirm`.\n",
                     name);
        return;
    }
    date_print(date, r->found.head.made_s);
    (void)printf("The backup is of %s. %s:\nyour keys, %zu %s on your list of blocks, %" PRIu64
                 " of your own posts%s.\n",
                 date, r->is_fresh ? "It is back" : "It is put together with the home here",
                 blocks_count(r->target.vault),
                 blocks_count(r->target.vault) == 1 ? "person" : "people", r->found.own_count,
                 r->found.head.all ? ", and the posts that your node kept" : "");
    (void)printf("Whom you blocked after that date is not on the list%s: please look through `kith "
                 "blocks`.\n`kith up` starts your node.\n",
                 r->is_fresh ? "" : " of the backup");
}

static enum err_code restore(struct restoring *r, struct err_note *note)
{
    enum err_code rc = r->options->restore_path != NULL ? check_file(r, note) : ERR_OK;
    if (rc == ERR_OK) {
        rc = r->is_fresh ? make_fresh(r, note) : ERR_OK;
    }
    rc = rc == ERR_OK ? open_target(r, note) : rc;
    rc = rc == ERR_OK ? write_target(r, note) : rc;
    if (rc == ERR_OK && r->is_fresh) {
        vault_keep_copy(r->target.vault);
        key_watch_stop(&r->watch);
        rc = home_finish(&r->home, HOME_BEGUN_RESTORE, note);
    }
    return rc;
}

/* Nobody types 24 words to be told then that the file is not there, or that the passphrase of the
 * home that is there was mistyped. */
static enum err_code prepare(struct restoring *r, const char *path, struct err_note *note)
{
    enum err_code rc = r->options->restore_path != NULL ? open_place(r, note) : ERR_OK;
    r->found_file = rc == ERR_OK;
    if (rc == ERR_OK) {
        rc = home_open(&r->home, path, true, note);
        r->opened = rc == ERR_OK;
    }
    rc = rc == ERR_OK ? look_around(r, note) : rc;
    if (rc == ERR_OK && !r->is_fresh) {
        rc = home_unlock_asking(&r->home, r->options->passphrase_file, note);
    }
    return rc;
}

static void close_all(struct restoring *r)
{
    key_watch_stop(&r->watch);
    archive_close(r->target.archive);
    store_close(r->target.store);
    vault_close(r->target.vault);
    journal_close(r->target.journal);
    vault_close(r->found.copy);
    outside_close(&r->place);
    passphrase_close(&r->passphrase);
    if (r->opened) {
        home_close(&r->home);
    }
    sodium_free(r->seed);
    free(r);
}

enum err_code restore_run(const char *path, const struct options *options, struct err_note *note)
{
    struct restoring *r = memory_get(sizeof *r);
    r->options = options;
    r->seed = memory_get_secret(WORDS_SEED_LEN);
    enum err_code rc = prepare(r, path, note);
    if (rc == ERR_OK) {
        rc = words_take(r->seed, options->words_file, note);
    }
    if (rc == ERR_OK && r->is_fresh && options->passphrase_file != NULL) {
        rc = passphrase_from_file(&r->passphrase, options->passphrase_file, note);
    }
    rc = rc == ERR_OK ? restore(r, note) : rc;
    rc = rc == ERR_NOT_FOUND && r->found_file ? ERR_IO : rc; /* not what the person named */
    if (rc == ERR_OK) {
        say(r);
    }
    close_all(r);
    return rc;
}
