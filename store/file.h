/* file.h - the one small file interface everything in store/ goes through.
 *
 * The daemon uses file_posix; tests replace it with files in memory that tear writes, fail to sync
 * and crash at any call.  Paths are relative to a root directory chosen when the files were made;
 * '/' separates folders.  Errors carry text in the note. */
#ifndef KITH_STORE_FILE_H
#define KITH_STORE_FILE_H

#include "proto/err.h"
#include "proto/octets.h"

struct file; /* one open file */

enum file_mode {
    FILE_READ,   /* must exist */
    FILE_CREATE, /* must not exist; mode 0600 */
    FILE_APPEND, /* must exist; appends go to its end */
    FILE_UPDATE, /* must exist; file_write_at() allowed (the keyslot alone) */
};

/* A file system: a table of calls and its own state behind it. */
struct files {
    enum err_code (*open)(struct files *self, struct file **file, const char *path,
                          enum file_mode mode, struct err_note *note);
    void (*close)(struct files *self, struct file *file);
    /* Up to len octets from offset; *got is fewer only at the end of the file. */
    enum err_code (*read_at)(struct files *self, struct file *file, uint8_t *out, size_t *got,
                             size_t len, uint64_t offset, struct err_note *note);
    enum err_code (*append)(struct files *self, struct file *file, struct octets octets,
                            struct err_note *note);
    enum err_code (*write_at)(struct files *self, struct file *file, struct octets octets,
                              uint64_t offset, struct err_note *note);
    /* Never retried after an error: the caller stops writing and reopens (SPEC 10.7). */
    enum err_code (*sync)(struct files *self, struct file *file, struct err_note *note);
    enum err_code (*size)(struct files *self, struct file *file, uint64_t *len,
                          struct err_note *note);
    /* Cut off the tail of a file opened with FILE_CREATE, FILE_APPEND or FILE_UPDATE. */
    enum err_code (*truncate)(struct files *self, struct file *file, uint64_t len,
                              struct err_note *note);
    enum err_code (*rename)(struct files *self, const char *from, const char *to,
                            struct err_note *note);
    enum err_code (*remove)(struct files *self, const char *path, struct err_note *note);
    /* No error when it is there already. */
    enum err_code (*make_dir)(struct files *self, const char *path, struct err_note *note);
    enum err_code (*sync_dir)(struct files *self, const char *path, struct err_note *note);
    /* Calls each for every name in the folder, in any order. */
    enum err_code (*list)(struct files *self, const char *path,
                          void (*each)(void *context, const char *name), void *context,
                          struct err_note *note);
};

/* Real files below root (borrowed text, copied), which is made, with the folders above it, where it
 * is missing.  Folders are made 0700, files 0600. */
MUST_USE enum err_code file_posix_new(struct files **files, const char *root,
                                      struct err_note *note);
void file_posix_free(struct files *files);

/* Hold the home against other processes until released: flock on the folder itself, so that it
 * holds whatever somebody removes in it, or on "lock" where folders cannot be locked.  The file
 * "lock" is there from then on.
 *   ERR_IN_USE  another process holds it */
MUST_USE enum err_code file_posix_lock(int *lock_fd, const char *root, struct err_note *note);
void file_posix_unlock(int lock_fd);

/* Replace path with octets atomically: write path.new, sync, rename, sync the folder. */
MUST_USE enum err_code file_replace(struct files *files, const char *path, struct octets octets,
                                    struct err_note *note);
/* The same; on an error *replaced says whether the new octets may stand at path all the same. */
MUST_USE enum err_code file_replace_step(struct files *files, bool *replaced, const char *path,
                                         struct octets octets, struct err_note *note);
/* Have nothing at path any more, whatever stands there: a file, link or pipe is removed, a folder
 * renamed to path.aside (or path.aside1, ...), for whoever put it there.  Nothing there is no
 * error.
 *   and what removing or renaming gives */
MUST_USE enum err_code file_put_away(struct files *files, const char *path, struct err_note *note);
/* False only when it is certain that nothing is there. */
bool file_exists(struct files *files, const char *path);
/* The whole file, at most max octets, in memory the caller frees with free().
 *   ERR_NOT_FOUND, ERR_TOO_LARGE, and what reading gives */
MUST_USE enum err_code file_read_all(struct files *files, uint8_t **at, size_t *len,
                                     const char *path, size_t max, struct err_note *note);

#endif
