#include "store/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct file {
    int fd;
};

struct file_posix {
    struct files calls; /* first: a struct files * is a struct file_posix * */
    int root_fd;
};

static int root_of(struct files *self)
{
    return ((struct file_posix *)(void *)self)->root_fd;
}

static enum err_code failed(struct err_note *note, const char *path)
{
    enum err_code rc = err_from_errno(note, errno);
    return path == NULL ? rc : err_note(note, rc, "%s", path);
}

static int open_flags(enum file_mode mode)
{
    switch (mode) {
    case FILE_READ:
        return O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    case FILE_CREATE:
        return O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC;
    case FILE_APPEND:
        return O_RDWR | O_APPEND | O_CLOEXEC | O_NONBLOCK;
    case FILE_UPDATE:
        return O_RDWR | O_CLOEXEC | O_NONBLOCK;
    }
    return O_RDONLY;
}

/* A pipe in the place of a file would be waited for without end. */
static bool is_plain_file(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static enum err_code posix_open(struct files *self, struct file **file, const char *path,
                                enum file_mode mode, struct err_note *note)
{
    struct file *opened = malloc(sizeof *opened);
    if (opened == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    do {
        opened->fd = openat(root_of(self), path, open_flags(mode), 0600);
    } while (opened->fd < 0 && errno == EINTR);
    if (opened->fd < 0) {
        free(opened);
        return failed(note, path);
    }
    if (!is_plain_file(opened->fd)) {
        (void)close(opened->fd);
        free(opened);
        return err_note(note, ERR_IO, "%s is not a plain file", path);
    }
    *file = opened;
    return ERR_OK;
}

static void posix_close(struct files *self, struct file *file)
{
    (void)self;
    if (file == NULL) {
        return;
    }
    /* Nothing was promised about what was not synced, so an error here tells nothing new. */
    (void)close(file->fd);
    free(file);
}

static enum err_code posix_read_at(struct files *self, struct file *file, uint8_t *out, size_t *got,
                                   size_t len, uint64_t offset, struct err_note *note)
{
    (void)self;
    size_t done = 0;
    while (done < len) {
        ssize_t n = pread(file->fd, out + done, len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return failed(note, NULL);
        }
        if (n == 0) {
            break;
        }
        done += (size_t)n;
    }
    *got = done;
    return ERR_OK;
}

static enum err_code posix_append(struct files *self, struct file *file, struct octets octets,
                                  struct err_note *note)
{
    (void)self;
    size_t done = 0;
    while (done < octets.len) {
        ssize_t n = write(file->fd, octets.at + done, octets.len - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return failed(note, NULL);
        }
        done += (size_t)n;
    }
    return ERR_OK;
}

static enum err_code posix_write_at(struct files *self, struct file *file, struct octets octets,
                                    uint64_t offset, struct err_note *note)
{
    (void)self;
    size_t done = 0;
    while (done < octets.len) {
        ssize_t n = pwrite(file->fd, octets.at + done, octets.len - done, (off_t)(offset + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return failed(note, NULL);
        }
        done += (size_t)n;
    }
    return ERR_OK;
}

static enum err_code posix_sync(struct files *self, struct file *file, struct err_note *note)
{
    (void)self;
    return fdatasync(file->fd) == 0 ? ERR_OK : failed(note, NULL);
}

static enum err_code posix_size(struct files *self, struct file *file, uint64_t *len,
                                struct err_note *note)
{
    (void)self;
    struct stat st;
    if (fstat(file->fd, &st) != 0) {
        return failed(note, NULL);
    }
    *len = (uint64_t)st.st_size;
    return ERR_OK;
}

static enum err_code posix_truncate(struct files *self, struct file *file, uint64_t len,
                                    struct err_note *note)
{
    (void)self;
    return ftruncate(file->fd, (off_t)len) == 0 ? ERR_OK : failed(note, NULL);
}

static enum err_code posix_rename(struct files *self, const char *from, const char *to,
                                  struct err_note *note)
{
    int root = root_of(self);
    return renameat(root, from, root, to) == 0 ? ERR_OK : failed(note, to);
}

static enum err_code posix_remove(struct files *self, const char *path, struct err_note *note)
{
    return unlinkat(root_of(self), path, 0) == 0 ? ERR_OK : failed(note, path);
}

static enum err_code posix_make_dir(struct files *self, const char *path, struct err_note *note)
{
    if (mkdirat(root_of(self), path, 0700) == 0 || errno == EEXIST) {
        return ERR_OK;
    }
    return failed(note, path);
}

static enum err_code posix_sync_dir(struct files *self, const char *path, struct err_note *note)
{
    int fd = openat(root_of(self), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return failed(note, path);
    }
    enum err_code rc = fsync(fd) == 0 ? ERR_OK : failed(note, path);
    (void)close(fd);
    return rc;
}

static enum err_code posix_list(struct files *self, const char *path,
                                void (*each)(void *context, const char *name), void *context,
                                struct err_note *note)
{
    int fd = openat(root_of(self), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return failed(note, path);
    }
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        enum err_code rc = failed(note, path);
        (void)close(fd);
        return rc;
    }
    struct dirent *entry;
    errno = 0;
    /* The stream is this call's own, so readdir() is safe among threads. */
    /* cppcheck-suppress readdirCalled */
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            each(context, entry->d_name);
        }
        errno = 0;
    }
    enum err_code rc = errno == 0 ? ERR_OK : failed(note, path);
    (void)closedir(dir);
    return rc;
}

static const struct files posix_calls = {
    .open = posix_open,
    .close = posix_close,
    .read_at = posix_read_at,
    .append = posix_append,
    .write_at = posix_write_at,
    .sync = posix_sync,
    .size = posix_size,
    .truncate = posix_truncate,
    .rename = posix_rename,
    .remove = posix_remove,
    .make_dir = posix_make_dir,
    .sync_dir = posix_sync_dir,
    .list = posix_list,
};

/* The root and the folders above it that are missing, like mkdir -p. */
static enum err_code make_root(const char *root, struct err_note *note)
{
    char path[PATH_MAX];
    size_t len = strlen(root);
    if (len == 0 || len >= sizeof path) {
        return err_note(note, ERR_USAGE, "the path of the home is empty or too long");
    }
    memcpy(path, root, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0') {
            continue;
        }
        char kept = path[i];
        path[i] = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST) {
            return failed(note, path);
        }
        path[i] = kept;
    }
    return ERR_OK;
}

enum err_code file_posix_new(struct files **files, const char *root, struct err_note *note)
{
    enum err_code rc = make_root(root, note);
    if (rc != ERR_OK) {
        return rc;
    }
    int root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0) {
        return failed(note, root);
    }
    struct file_posix *made = malloc(sizeof *made);
    if (made == NULL) {
        (void)close(root_fd);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    *made = (struct file_posix){.calls = posix_calls, .root_fd = root_fd};
    *files = &made->calls;
    return ERR_OK;
}

void file_posix_free(struct files *files)
{
    if (files == NULL) {
        return;
    }
    (void)close(root_of(files));
    free(files);
}

/* Its descriptor, locked; -1 and errno. */
static int open_locked(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int why = errno;
        (void)close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

enum err_code file_posix_lock(int *lock_fd, const char *root, struct err_note *note)
{
    enum err_code rc = make_root(root, note);
    if (rc != ERR_OK) {
        return rc;
    }
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/lock", root) >= (int)sizeof path) {
        return err_note(note, ERR_USAGE, "the path of the home is too long");
    }
    int mark_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (mark_fd < 0) {
        return failed(note, path);
    }
    (void)close(mark_fd);
    int fd = open_locked(root, O_RDONLY | O_DIRECTORY);
    if (fd < 0 && errno != EWOULDBLOCK) {
        fd = open_locked(path, O_RDWR); /* file systems over a network lock no folders */
    }
    if (fd < 0) {
        return errno == EWOULDBLOCK ? err_note(note, ERR_IN_USE, "another kithd holds this home")
                                    : failed(note, path);
    }
    *lock_fd = fd;
    return ERR_OK;
}

void file_posix_unlock(int lock_fd)
{
    (void)close(lock_fd);
}
