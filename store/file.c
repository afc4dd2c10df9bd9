#include "store/file.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_PATH_MAX 256 /* of the store's own short names */
#define ASIDE_MAX     10

static void folder_of(char out[FILE_PATH_MAX], const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        (void)snprintf(out, FILE_PATH_MAX, ".");
        return;
    }
    (void)snprintf(out, FILE_PATH_MAX, "%.*s", (int)(slash - path), path);
}

static enum err_code write_new(struct files *files, const char *path, struct octets octets,
                               struct err_note *note)
{
    struct file *file = NULL;
    enum err_code rc = files->open(files, &file, path, FILE_CREATE, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = files->append(files, file, octets, note);
    if (rc == ERR_OK) {
        rc = files->sync(files, file, note);
    }
    files->close(files, file);
    return rc;
}

enum err_code file_put_away(struct files *files, const char *path, struct err_note *note)
{
    struct err_note why = {{0}};
    enum err_code rc = files->remove(files, path, &why);
    for (unsigned i = 0; rc != ERR_OK && rc != ERR_NOT_FOUND && i < ASIDE_MAX; i++) {
        char aside[FILE_PATH_MAX];
        char digits[4] = "";
        if (i > 0) {
            (void)snprintf(digits, sizeof digits, "%u", i);
        }
        if (snprintf(aside, sizeof aside, "%s.aside%s", path, digits) < (int)sizeof aside) {
            rc = files->rename(files, path, aside, &why);
        }
    }
    return rc == ERR_OK || rc == ERR_NOT_FOUND ? ERR_OK : err_note(note, rc, "%s", why.text);
}

enum err_code file_replace_step(struct files *files, bool *replaced, const char *path,
                                struct octets octets, struct err_note *note)
{
    char fresh[FILE_PATH_MAX];
    char folder[FILE_PATH_MAX];
    assert(strlen(path) + sizeof ".new" <= sizeof fresh);
    (void)snprintf(fresh, sizeof fresh, "%s.new", path);
    folder_of(folder, path);
    *replaced = false;

    /* Left behind by a crash; nothing ever reads it. */
    struct err_note ignored = {{0}};
    (void)!file_put_away(files, fresh, &ignored);

    enum err_code rc = write_new(files, fresh, octets, note);
    if (rc == ERR_OK) {
        rc = files->rename(files, fresh, path, note);
        /* A rename that reports an error may have happened all the same. */
        *replaced = true;
    }
    if (rc == ERR_OK) {
        rc = files->sync_dir(files, folder, note);
    }
    return rc == ERR_OK ? ERR_OK : err_note(note, rc, "writing %s", path);
}

enum err_code file_replace(struct files *files, const char *path, struct octets octets,
                           struct err_note *note)
{
    bool replaced;
    return file_replace_step(files, &replaced, path, octets, note);
}

static enum err_code read_open(struct files *files, struct file *file, uint8_t **at, size_t *len,
                               size_t max, struct err_note *note)
{
    uint64_t size;
    enum err_code rc = files->size(files, file, &size, note);
    if (rc != ERR_OK) {
        return rc;
    }
    if (size > max) {
        return err_note(note, ERR_TOO_LARGE, "larger than it can be");
    }
    uint8_t *octets = malloc((size_t)size + 1);
    if (octets == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    size_t got = 0;
    rc = files->read_at(files, file, octets, &got, (size_t)size, 0, note);
    if (rc != ERR_OK) {
        free(octets);
        return rc;
    }
    *at = octets;
    *len = got;
    return ERR_OK;
}

enum err_code file_read_all(struct files *files, uint8_t **at, size_t *len, const char *path,
                            size_t max, struct err_note *note)
{
    struct file *file = NULL;
    enum err_code rc = files->open(files, &file, path, FILE_READ, note);
    if (rc == ERR_OK) {
        rc = read_open(files, file, at, len, max, note);
        files->close(files, file);
    }
    return rc == ERR_OK ? ERR_OK : err_note(note, rc, "reading %s", path);
}

bool file_exists(struct files *files, const char *path)
{
    struct err_note ignored = {{0}};
    struct file *file = NULL;
    enum err_code rc = files->open(files, &file, path, FILE_READ, &ignored);
    if (rc == ERR_OK) {
        files->close(files, file);
    }
    return rc != ERR_NOT_FOUND;
}
