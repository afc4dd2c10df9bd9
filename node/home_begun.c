#include "node/home_begun.h"

#include <assert.h>
#include <stdio.h>

#include "proto/control.h"

static const char *const folders[] = {"journal", "log", "index", "archive", "archive.index"};

/* Whatever is wrong with it, a file that cannot be read is not a file that is not there. */
static bool has(struct home *home, const char *path)
{
    struct file *file = NULL;
    enum err_code rc = home->files->open(home->files, &file, path, FILE_READ, NULL);
    if (rc == ERR_OK) {
        home->files->close(home->files, file);
    }
    return rc != ERR_NOT_FOUND;
}

const char *home_begun_mark(enum home_begun begun)
{
    assert(begun != HOME_BEGUN_NOTHING);
    return begun == HOME_BEGUN_RESTORE ? "restoring" : CONTROL_MAKING_NAME;
}

enum home_begun home_begun(struct home *home)
{
    if (has(home, home_begun_mark(HOME_BEGUN_RESTORE))) {
        return HOME_BEGUN_RESTORE;
    }
    return has(home, home_begun_mark(HOME_BEGUN_INIT)) ? HOME_BEGUN_INIT : HOME_BEGUN_NOTHING;
}

enum err_code home_begun_tell(struct home *home, enum err_code rc, struct err_note *note)
{
    if (home_begun(home) == HOME_BEGUN_RESTORE) {
        return err_note(note, rc,
                        "there is no home in %s yet: bringing one back was cut off there; `kith "
                        "restore` does it again",
                        home->path);
    }
    return err_note(note, rc,
                    "there is no home in %s yet: making one was cut off there; `kith init` does it "
                    "again",
                    home->path);
}

enum err_code home_check_left(struct home *home, enum err_code rc, struct err_note *note)
{
    static const char *const readers[] = {"key", "keyslot", "vault", "vault.last", "journal"};
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        if (has(home, readers[i])) {
            return ERR_OK;
        }
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        if (has(home, folders[i])) {
            return err_note(note, rc,
                            "in %s lies what is left of a home whose key is gone, and nobody can "
                            "read it any more; `kith panic` removes it. Or choose another folder "
                            "with --home. Nothing was changed",
                            home->path);
        }
    }
    return ERR_OK;
}

enum err_code home_check_free(struct home *home, struct err_note *note)
{
    if (home_begun(home) != HOME_BEGUN_NOTHING) {
        return ERR_OK;
    }
    if (!has(home, "vault.last") && !has(home, "journal")) {
        return home_check_left(home, ERR_REFUSED, note);
    }
    return err_note(note, ERR_REFUSED,
                    "in %s lies a home whose vault is missing; `kith recover` brings it back if it "
                    "can. Else move that folder away, or choose another with --home. Nothing was "
                    "changed",
                    home->path);
}

struct sweep {
    struct home *home;
    const char *folder;
    enum err_code rc;
    struct err_note *note;
};

static void sweep_one(void *context, const char *name)
{
    struct sweep *sweep = context;
    char path[HOME_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", sweep->folder, name);
    if (sweep->rc == ERR_OK) {
        sweep->rc = sweep->home->files->remove(sweep->home->files, path, sweep->note);
    }
}

static enum err_code remove_one(struct home *home, const char *name, struct err_note *note)
{
    return has(home, name) ? home->files->remove(home->files, name, note) : ERR_OK;
}

/* All that may have been made. */
static enum err_code sweep_out(struct home *home, struct err_note *note)
{
    static const char *const names[] = {"vault", "vault.new", "vault.last", "vault.last.new",
                                        "key",   "key.new",   "keyslot",    "keyslot.new"};
    enum err_code rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < sizeof folders / sizeof folders[0]; i++) {
        struct sweep sweep = {.home = home, .folder = folders[i], .note = note};
        if (has(home, folders[i])) {
            rc = home->files->list(home->files, folders[i], sweep_one, &sweep, note);
            rc = rc == ERR_OK ? sweep.rc : rc;
        }
    }
    for (size_t i = 0; rc == ERR_OK && i < sizeof names / sizeof names[0]; i++) {
        rc = remove_one(home, names[i], note);
    }
    return rc == ERR_OK ? home->files->sync_dir(home->files, ".", note) : rc;
}

enum err_code home_begin(struct home *home, enum home_begun begun, struct err_note *note)
{
    enum home_begun earlier = home_begun(home);
    enum err_code rc = ERR_OK;
    if (earlier != begun) {
        rc = file_replace(home->files, home_begun_mark(begun), octets_of_text("under way\n"), note);
    }
    if (rc == ERR_OK && earlier != HOME_BEGUN_NOTHING) {
        rc = sweep_out(home, note);
    }
    if (rc == ERR_OK && earlier != HOME_BEGUN_NOTHING && earlier != begun) {
        rc = home_finish(home, earlier, note);
    }
    return rc;
}

enum err_code home_finish(struct home *home, enum home_begun begun, struct err_note *note)
{
    enum err_code rc = home->files->remove(home->files, home_begun_mark(begun), note);
    return rc == ERR_OK ? home->files->sync_dir(home->files, ".", note) : rc;
}
