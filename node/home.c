#include "node/home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "node/home_begun.h"
#include "node/log.h"
#include "node/memory.h"
#include "node/passphrase.h"
#include "proto/control.h"

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

enum err_code home_path(char path[HOME_PATH_MAX], const char *option, struct err_note *note)
{
    const char *base = option != NULL ? option : variable("KITH_HOME");
    const char *below = "";
    if (base == NULL) {
        base = variable("XDG_DATA_HOME");
        below = "/kith";
    }
    if (base == NULL) {
        base = variable("HOME");
        below = "/.local/share/kith";
    }
    if (base == NULL) {
        return err_note(note, ERR_USAGE, "there is no $HOME; say where with --home DIR");
    }
    if (strlen(base) + strlen(below) >= HOME_PATH_MAX) {
        return err_note(note, ERR_TOO_LARGE, "the path of the home is too long");
    }
    (void)snprintf(path, HOME_PATH_MAX, "%s%s", base, below);
    return ERR_OK;
}

static enum err_code make_folder(const char *path, struct err_note *note)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return err_note(note, err_from_errno(note, errno), "making %s", path);
    }
    return ERR_OK;
}

/* Every folder on the way, as `mkdir -p` does. */
static enum err_code make_folders(const char *path, struct err_note *note)
{
    char part[HOME_PATH_MAX];
    for (size_t i = 1; path[i] != '\0'; i++) {
        if (path[i] != '/') {
            continue;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        enum err_code rc = make_folder(part, note);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    return make_folder(path, note);
}

/* A lock is left by whoever looked for a home here. */
static bool is_empty(const char *path)
{
    bool empty = true;
    DIR *dir = opendir(path);
    const struct dirent *entry = NULL;
    if (dir == NULL) {
        return false;
    }
    /* The stream is this call's own, so readdir() is safe among threads. */
    /* cppcheck-suppress readdirCalled */
    while ((entry = readdir(dir)) != NULL) {
        empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                          strcmp(entry->d_name, CONTROL_LOCK_NAME) == 0);
    }
    (void)closedir(dir);
    return empty;
}

static bool has_key(const char *path)
{
    char key[HOME_PATH_MAX + 8];
    struct stat found;
    (void)snprintf(key, sizeof key, "%s/key", path);
    return lstat(key, &found) == 0;
}

/* Whoever else can look into a home has its keys.  A home is closed to others; somebody's folder
 * with other things in it is not ours to change. */
static enum err_code close_to_others(const char *path, mode_t mode, bool make,
                                     struct err_note *note)
{
    bool is_home = has_key(path);
    if ((mode & 077) == 0 || (!is_home && !make)) {
        return ERR_OK;
    }
    if ((!is_home && !is_empty(path)) || chmod(path, 0700) != 0) {
        return err_note(note, ERR_PERMISSION,
                        "others on this machine can look into %s, so no home is kept there; close "
                        "it with chmod 700, or choose another folder with --home",
                        path);
    }
    if (is_home) {
        log_line(LOG_WARN, "others on this machine could look into this home until now; if one of "
                           "them may have, do not trust its keys any more");
    }
    return ERR_OK;
}

static enum err_code check_folder(const char *path, bool make, struct err_note *note)
{
    struct stat found;
    if (stat(path, &found) != 0) {
        if (errno == ENOENT) {
            return err_note(note, ERR_NO_NODE, "there is no home in %s; `kith init` makes one",
                            path);
        }
        return err_note(note, err_from_errno(note, errno), "opening %s", path);
    }
    if (!S_ISDIR(found.st_mode)) {
        return err_note(note, ERR_IO, "%s is not a folder", path);
    }
    return close_to_others(path, found.st_mode, make, note);
}

static bool is_same(const struct stat *held, const char *path)
{
    struct stat found;
    return stat(path, &found) == 0 && held->st_dev == found.st_dev && held->st_ino == found.st_ino;
}

/* Whether fd is the lock of the home at path, as the process left it that became this one: the
 * folder, or the file where folders cannot be locked. */
static bool is_lock_of(int fd, const char *path)
{
    char lock[HOME_PATH_MAX + 8];
    struct stat held;
    (void)snprintf(lock, sizeof lock, "%s/%s", path, CONTROL_LOCK_NAME);
    return fd >= 0 && fstat(fd, &held) == 0 && (is_same(&held, path) || is_same(&held, lock));
}

static enum err_code hold(int *lock_fd, const char *path, int held_fd, struct err_note *note)
{
    if (is_lock_of(held_fd, path)) {
        (void)fcntl(held_fd, F_SETFD, FD_CLOEXEC);
        *lock_fd = held_fd;
        return ERR_OK;
    }
    struct err_note why = {{0}};
    enum err_code rc = file_posix_lock(lock_fd, path, &why);
    if (rc == ERR_IN_USE) {
        return err_note(note, rc, "another kith node holds %s; `kith down` stops it", path);
    }
    if (rc == ERR_OK) {
        return rc;
    }
    return err_note(note, rc == ERR_NOT_FOUND ? ERR_IO : rc,
                    "%s cannot be held; if something else stands in the place of the file lock in "
                    "it, remove that, and try again: %s",
                    path, why.text);
}

static enum err_code open_folder(struct home *home, const char *path, bool make, int held_fd,
                                 struct err_note *note)
{
    enum err_code rc = ERR_OK;
    if (strlen(path) >= sizeof home->path) {
        return err_note(note, ERR_TOO_LARGE, "the path of the home is too long");
    }
    if (make) {
        rc = make_folders(path, note);
    }
    if (rc == ERR_OK) {
        rc = check_folder(path, make, note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    int lock_fd = -1;
    rc = hold(&lock_fd, path, held_fd, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct files *files = NULL;
    rc = file_posix_new(&files, path, note);
    if (rc != ERR_OK) {
        file_posix_unlock(lock_fd);
        return rc;
    }
    home->lock_fd = lock_fd;
    home->files = files;
    home->key = NULL;
    memcpy(home->path, path, strlen(path) + 1);
    return ERR_OK;
}

enum err_code home_open(struct home *home, const char *path, bool make, struct err_note *note)
{
    return open_folder(home, path, make, -1, note);
}

enum err_code home_open_held(struct home *home, const char *path, int fd, struct err_note *note)
{
    return open_folder(home, path, false, fd, note);
}

void home_close(struct home *home)
{
    home_forget(home);
    file_posix_free(home->files);
    file_posix_unlock(home->lock_fd);
}

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

bool home_has_vault(struct home *home)
{
    return has(home, "vault") && home_begun(home) == HOME_BEGUN_NOTHING;
}

enum err_code home_check_vault(struct home *home, struct err_note *note)
{
    if (home_begun(home) != HOME_BEGUN_NOTHING) {
        return home_begun_tell(home, ERR_NO_NODE, note);
    }
    if (home_has_vault(home)) {
        return has(home, "key")
                   ? ERR_OK
                   : err_note(note, ERR_DAMAGED,
                              "the key file is missing from %s, and without it nothing in this "
                              "home can be read; put it back from a copy, or bring a backup back "
                              "into a new home with `kith restore`",
                              home->path);
    }
    if (has(home, "vault.last")) {
        return err_note(note, ERR_DAMAGED,
                        "the vault with the keys and the block list is missing from %s, so nothing "
                        "is shown; `kith recover` brings its copy back",
                        home->path);
    }
    if (has(home, "journal")) {
        return err_note(note, ERR_DAMAGED,
                        "the vault with the keys and the block list is missing from %s, so nothing "
                        "is shown; put it back from a copy",
                        home->path);
    }
    enum err_code rc = home_check_left(home, ERR_NO_NODE, note);
    return rc != ERR_OK ? rc
                        : err_note(note, ERR_NO_NODE,
                                   "there is no home in %s; `kith init` makes one", home->path);
}

enum err_code home_make_vault(struct home *home, enum vault_kind kind, struct octets passphrase,
                              struct err_note *note)
{
    if (home_begun(home) != HOME_BEGUN_NOTHING) {
        return home_begun_tell(home, ERR_REFUSED, note);
    }
    uint8_t *seed = memory_get_secret(32);
    randombytes_buf(seed, 32);
    enum err_code rc = home_make_vault_of(home, kind, seed, passphrase, note);
    sodium_free(seed);
    return rc;
}

enum err_code home_make_vault_of(struct home *home, enum vault_kind kind, const uint8_t *seed,
                                 struct octets passphrase, struct err_note *note)
{
    /* A key file without a vault is of a creation that was cut off: nothing is sealed under it. */
    enum err_code rc = vault_check_absent(home->files, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct home_key_lock lock = {.passphrase = passphrase};
    home_forget(home);
    home->key = memory_get_secret(HOME_KEY_LEN);
    rc = home_key_make(home->key, home->files, passphrase.len > 0 ? &lock : NULL, note);
    if (rc == ERR_OK) {
        rc = vault_create(home->files, home->key, kind, seed, note);
    }
    return rc;
}

/* What stands there is not what kith made, or is not the person's. */
static enum err_code tell_odd(enum err_code rc, const char *what, const struct home *home,
                              struct err_note *note)
{
    return rc == ERR_IO || rc == ERR_PERMISSION
               ? err_note(note, rc,
                          "%s in %s cannot be read; if something else stands in its place, move "
                          "that away and put back what was there from a copy of this home, or "
                          "bring a backup back into a new one with `kith restore`",
                          what, home->path)
               : rc;
}

static enum err_code tell_key(enum err_code rc, const struct home *home, struct err_note *note)
{
    return rc == ERR_DAMAGED
               ? err_note(note, rc,
                          "the key to %s is damaged, and without it nothing there can be read; put "
                          "the files key and keyslot back from a copy, or bring a backup back into "
                          "a new home with `kith restore`",
                          home->path)
               : tell_odd(rc, "the key", home, note);
}

enum err_code home_is_locked(bool *locked, struct home *home, struct err_note *note)
{
    return tell_key(home_key_is_locked(locked, home->files, note), home, note);
}

enum err_code home_unlock(struct home *home, struct octets passphrase, struct err_note *note)
{
    uint8_t *key = memory_get_secret(HOME_KEY_LEN);
    enum err_code rc = home_key_open(key, home->files, passphrase, note);
    if (rc != ERR_OK) {
        sodium_free(key);
        return tell_key(rc, home, note);
    }
    home_forget(home);
    home->key = key;
    return ERR_OK;
}

enum err_code home_unlock_asking(struct home *home, const char *file, struct err_note *note)
{
    struct passphrase passphrase = {0};
    bool locked = false;
    enum err_code rc = home_is_locked(&locked, home, note);
    if (rc == ERR_OK && file != NULL) {
        rc = passphrase_from_file(&passphrase, file, note);
    } else if (rc == ERR_OK && locked) {
        rc = passphrase_ask(&passphrase, note);
    }
    if (rc == ERR_OK) {
        rc = home_unlock(home, passphrase_octets(&passphrase), note);
    }
    passphrase_close(&passphrase);
    return rc;
}

void home_forget(struct home *home)
{
    sodium_free(home->key);
    home->key = NULL;
}

static enum err_code open_journal(struct journal **journal, struct home *home,
                                  struct err_note *note)
{
    uint8_t *key = memory_get_secret(HOME_KEY_LEN);
    home_key_derive(key, home->key, HOME_KEY_JOURNAL);
    enum err_code rc = journal_open(journal, home->files, key, note);
    sodium_free(key);
    if (rc == ERR_DAMAGED || rc == ERR_ROLLBACK) {
        return err_note(
            note, rc,
            "the journal, which keeps what you wrote and whom you blocked, is damaged or "
            "older than it should be, so nothing is shown; put the folder journal back "
            "from a copy of this home, or bring a backup back into a new one with "
            "`kith restore`");
    }
    return tell_odd(rc, "the journal", home, note);
}

enum err_code home_open_vault(struct vault **vault, struct journal **journal, struct home *home,
                              struct err_note *note)
{
    enum err_code rc = open_journal(journal, home, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = vault_open(vault, home->files, home->key, *journal, note);
    if (rc == ERR_DAMAGED || rc == ERR_ROLLBACK) {
        return err_note(note, rc,
                        "the vault with the block list is damaged or older than it should be, so "
                        "nothing is shown; `kith recover` brings the last good copy back");
    }
    return tell_odd(rc, "the vault", home, note);
}

/* SPEC 9.5: of another log, or one that was set back, the positions of blocks say nothing. */
static enum err_code tell_vault(struct vault *vault, struct store *store, struct err_note *note)
{
    uint8_t log_id[STORE_LOG_ID_LEN];
    bool copied = false;
    store_log_id(store, log_id);
    enum err_code rc = vault_log_beside(vault, &copied, log_id, store_end(store), note);
    if (rc == ERR_OK && copied) {
        log_line(LOG_WARN,
                 "the posts kept here are others than those that your list of blocks was kept "
                 "beside, or older ones; it stays in force, and of people whom you unblock all "
                 "that is dated before that stays hidden");
    }
    return rc;
}

enum err_code home_open_store(struct store **store, struct home *home, struct vault *vault,
                              enum store_kind kind, struct err_note *note)
{
    uint8_t *key = memory_get_secret(HOME_KEY_LEN);
    home_key_derive(key, home->key, HOME_KEY_STORE);
    struct store *opened = NULL;
    enum err_code rc = store_open(&opened, home->files, key, kind, note);
    sodium_free(key);
    if (rc == ERR_OK && store_stats(opened).is_behind) {
        log_line(LOG_WARN,
                 "posts that were here are missing from the folder log, which is older than it was "
                 "or another one; what the journal has of yours is put back, and other nodes are "
                 "asked for the rest. If the folder journal is an older one too, put the latest "
                 "copy of both back, or look through `kith mine` for what you wrote since");
    }
    if (rc == ERR_OK && store_stats(opened).quarantined_count > 0) {
        log_line(LOG_WARN, "a part of the posts kept here is damaged on the disk and left out; "
                           "other nodes are asked for it again");
    }
    if (rc == ERR_DAMAGED || rc == ERR_ROLLBACK) {
        return err_note(note, rc,
                        "the posts kept in %s are damaged, or older than they should be; move the "
                        "folder log out of it to another place and start again: what you wrote "
                        "and few others have yet comes back from the journal, everything else "
                        "from other nodes; or put log back from a copy",
                        home->path);
    }
    rc = rc == ERR_OK ? tell_vault(vault, opened, note)
                      : tell_odd(rc, "the log of posts", home, note);
    if (rc != ERR_OK) {
        store_close(opened);
        return err_note(note, rc, "opening the posts in %s", home->path);
    }
    *store = opened;
    return ERR_OK;
}

enum err_code home_open_archive(struct archive **archive, struct home *home,
                                const struct vault *vault, struct store *store,
                                struct err_note *note)
{
    uint8_t *part = memory_get_secret(HOME_KEY_LEN);
    uint8_t *key = memory_get_secret(ARCHIVE_KEY_LEN);
    home_key_derive(part, home->key, HOME_KEY_ARCHIVE);
    archive_key(key, part, vault_seed(vault));
    struct archive *opened = NULL;
    struct key own = vault_identity(vault);
    enum err_code rc = archive_open(&opened, home->files, key, &own, note);
    sodium_free(key);
    sodium_free(part);
    struct store_left left = store_left(store);
    bool anew = false;
    if (rc == ERR_OK) {
        rc = archive_beside(opened, &anew, &left, note);
    }
    if (rc == ERR_OK && anew) {
        log_line(LOG_WARN, "the archive of older posts is not there any more, and another is "
                           "begun; `kith restore` brings back what a backup has of it");
    }
    if (rc == ERR_OK && archive_missing(opened) > 0) {
        log_line(LOG_WARN, "a part of the archive of older posts is damaged on the disk and left "
                           "out");
    }
    if (rc != ERR_OK) {
        archive_close(opened);
    } else {
        *archive = opened;
    }
    if (rc == ERR_DAMAGED || rc == ERR_ROLLBACK) {
        return err_note(note, rc,
                        "the archive of older posts in %s is damaged, or older than it should be; "
                        "put the folders archive and archive.index back from a copy, or move both "
                        "out of it to another place and start again without those posts",
                        home->path);
    }
    rc = tell_odd(rc, "the archive", home, note);
    return rc == ERR_OK ? rc : err_note(note, rc, "opening the archive in %s", home->path);
}
