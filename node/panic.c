#include "node/panic.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "node/again.h"
#include "proto/control.h"

#define NAP_MS       20
#define HOLDER_MS    2000
#define PATH_LEN_MAX (HOME_PATH_MAX + 512)

/* What kith makes in a home; a home may lie in a folder that holds other things too. */
static const char *const folders[] = {"log", "index", "journal", "archive", "archive.index"};
static const char *const names[] = {"vault",     "vault.new",     "vault.last", "vault.last.new",
                                    "keyslot",   "keyslot.new",   "key",        "key.new",
                                    "making",    "making.new",    "restoring",  "restoring.new",
                                    "addresses", "addresses.new", "kithd.log"};
/* What others look at to see whether somebody is at work here, and ask. */
static const char *const last_names[] = {CONTROL_SOCKET_NAME, CONTROL_LOCK_NAME};

static bool remove_one(const char *path)
{
    return unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR;
}

/* A folder of files. */
static bool remove_folder(const char *path)
{
    char file[PATH_LEN_MAX];
    const struct dirent *entry = NULL;
    bool all = true;
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return errno == ENOENT;
    }
    /* cppcheck-suppress readdirCalled */
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            (void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
            all = remove_one(file) && all;
        }
    }
    (void)closedir(dir);
    return rmdir(path) == 0 && all;
}

static void sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

static bool remove_names(const char *home, const char *const *names_at, size_t names_count)
{
    char path[PATH_LEN_MAX];
    bool all = true;
    for (size_t i = 0; i < names_count; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", home, names_at[i]);
        all = remove_one(path) && all;
    }
    return all;
}

static bool remove_all(const char *home, bool is_mine)
{
    char path[PATH_LEN_MAX];
    bool all = remove_names(home, names, sizeof names / sizeof names[0]);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", home, folders[i]);
        all = remove_folder(path) && all;
    }
    sync_folder(home);
    if (is_mine) {
        all = remove_names(home, last_names, sizeof last_names / sizeof last_names[0]) && all;
        (void)rmdir(home); /* where other things lie in it, it stays */
    }
    return all;
}

/* The lock is what a panic that was cut off leaves to the end. */
static bool is_home(const char *home)
{
    static const char *const signs[] = {"key",     "keyslot", "vault",          "vault.last",
                                        "journal", "log",     CONTROL_LOCK_NAME};
    char path[PATH_LEN_MAX];
    struct stat found;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", home, signs[i]);
        if (lstat(path, &found) == 0) {
            return true;
        }
    }
    return false;
}

/* What has no socket ends when it sees that the key is gone; what hangs never does.  True when
 * nobody is at work here any more. */
static bool wait_for_lock(int *lock_fd, const char *path)
{
    static const struct timespec nap = {.tv_nsec = NAP_MS * 1000000L};
    enum err_code rc = ERR_IN_USE;
    for (unsigned waited_ms = 0; waited_ms < HOLDER_MS && rc == ERR_IN_USE; waited_ms += NAP_MS) {
        (void)nanosleep(&nap, NULL);
        rc = file_posix_lock(lock_fd, path, NULL);
    }
    return rc == ERR_OK;
}

enum err_code panic_run(const char *path, int held_fd, struct err_note *note)
{
    struct files *files = NULL;
    if (held_fd < 0 && !is_home(path)) {
        return err_note(note, ERR_NO_NODE, "there is no home in %s", path);
    }
    enum err_code rc = file_posix_new(&files, path, note);
    if (rc != ERR_OK) {
        return rc;
    }
    enum err_code destroyed = home_key_destroy(files, note);
    int lock_fd = -1;
    bool is_mine = held_fd >= 0 || file_posix_lock(&lock_fd, path, NULL) == ERR_OK;
    bool all = remove_all(path, is_mine);
    if (!is_mine && wait_for_lock(&lock_fd, path)) {
        /* With what its holder wrote meanwhile. */
        rc = home_key_destroy(files, note);
        destroyed = rc == ERR_OK || rc == ERR_NOT_FOUND ? destroyed : rc;
        all = remove_all(path, true);
    }
    file_posix_free(files);
    if (lock_fd >= 0) {
        file_posix_unlock(lock_fd);
    }
    if (destroyed != ERR_OK && destroyed != ERR_NOT_FOUND) {
        return err_note(note, destroyed,
                        "the key of this home could not be overwritten everywhere: destroy the "
                        "disk that %s lies on",
                        path);
    }
    return all ? ERR_OK
               : err_note(note, ERR_IO,
                          "the key of this home is destroyed, and nothing in it can be read; some "
                          "files in %s could not be removed",
                          path);
}

void panic_now(struct home *home)
{
    struct err_note ignored = {{0}};
    (void)!home_key_destroy(home->files, &ignored);
    again_panic(home);
    (void)!panic_run(home->path, home->lock_fd, &ignored);
    _exit(0);
}
