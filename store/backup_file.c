#include <stdio.h>
#include <stdlib.h>

#include "store/backup_file_state.h"

#define PATH_ROOM 4096
/* What a slow disk has to take at a time: whoever writes must not stand still for long. */
#define SYNC_LEN ((uint64_t)4 * 1024 * 1024)

struct backup_writer {
    struct files *files;
    struct file *file;
    struct backup_secrets *secrets;
    uint8_t header[BACKUP_HEADER_LEN];
    uint8_t *sealed; /* BACKUP_CHUNK_LEN */
    size_t plain_len;
    uint64_t len;
    uint64_t synced_len;
    bool replace;
    bool part_made;
    char path[PATH_ROOM];
    char part[PATH_ROOM];
};

/* What a backup that was killed left behind begins like one, or is empty. */
static bool is_left_over(struct files *files, const char *part)
{
    struct file *file = NULL;
    uint8_t begin[BACKUP_MAGIC_LEN];
    size_t got = 0;
    struct err_note ignored = {{0}};
    if (files->open(files, &file, part, FILE_READ, &ignored) != ERR_OK) {
        return false;
    }
    enum err_code rc = files->read_at(files, file, begin, &got, sizeof begin, 0, &ignored);
    files->close(files, file);
    return rc == ERR_OK && memcmp(begin, BACKUP_MAGIC, got) == 0;
}

/* Another file may be replaced; a folder, pipe or device is none. */
static bool is_file(struct files *files, const char *path)
{
    struct file *file = NULL;
    struct err_note ignored = {{0}};
    enum err_code rc = files->open(files, &file, path, FILE_READ, &ignored);
    if (rc == ERR_OK) {
        files->close(files, file);
    }
    return rc == ERR_OK || rc == ERR_NOT_FOUND || rc == ERR_PERMISSION;
}

static enum err_code check_way(const struct backup_writer *w, struct err_note *note)
{
    if (w->replace && !is_file(w->files, w->path)) {
        return err_note(note, ERR_REFUSED, "%s is no plain file, and was left as it is", w->path);
    }
    if (!w->replace && file_exists(w->files, w->path)) {
        return err_note(note, ERR_REFUSED,
                        "%s is there already, and was left as it is; --replace writes over it",
                        w->path);
    }
    return ERR_OK;
}

static enum err_code open_part(struct backup_writer *w, struct err_note *note)
{
    enum err_code rc = check_way(w, note);
    if (rc == ERR_OK && file_exists(w->files, w->part)) {
        rc = is_left_over(w->files, w->part)
                 ? w->files->remove(w->files, w->part, note)
                 : err_note(note, ERR_REFUSED, "%s is in the way, and was left as it is", w->part);
    }
    rc = rc == ERR_OK ? w->files->open(w->files, &w->file, w->part, FILE_CREATE, note) : rc;
    w->part_made = rc == ERR_OK;
    return rc;
}

static enum err_code append(struct backup_writer *w, const uint8_t *at, size_t len,
                            struct err_note *note)
{
    enum err_code rc = w->files->append(w->files, w->file, octets_of(at, len), note);
    w->len += rc == ERR_OK ? len : 0;
    if (rc == ERR_OK && w->len - w->synced_len >= SYNC_LEN) {
        rc = w->files->sync(w->files, w->file, note);
        w->synced_len = w->len;
    }
    return rc;
}

static enum err_code write_header(struct backup_writer *w, const uint8_t key[BACKUP_KEY_LEN],
                                  struct err_note *note)
{
    uint8_t digest[BACKUP_DIGEST_LEN];
    uint8_t *salt = w->header + BACKUP_MAGIC_LEN;
    uint8_t *check = salt + BACKUP_SALT_LEN;
    memcpy(w->header, BACKUP_MAGIC, BACKUP_MAGIC_LEN);
    randombytes_buf(salt, BACKUP_SALT_LEN);
    backup_derive(w->secrets->derived, key, w->header);
    memcpy(check, w->secrets->derived + BACKUP_KEY_LEN, BACKUP_CHECK_LEN);
    int rc = crypto_secretstream_xchacha20poly1305_init_push(
        &w->secrets->stream, check + BACKUP_CHECK_LEN, w->secrets->derived);
    assert(rc == 0);
    (void)rc;
    backup_digest(digest, w->header);
    enum err_code code = append(w, w->header, sizeof w->header, note);
    return code == ERR_OK ? append(w, digest, sizeof digest, note) : code;
}

static enum err_code writer_new(struct backup_writer **writer, struct files *files,
                                struct err_note *note)
{
    struct backup_writer *made = calloc(1, sizeof *made);
    if (made == NULL || sodium_init() < 0) {
        free(made);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    made->files = files;
    made->secrets = sodium_malloc(sizeof *made->secrets);
    made->sealed = malloc(BACKUP_CHUNK_LEN);
    if (made->secrets == NULL || made->sealed == NULL) {
        backup_file_abandon(made);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    *writer = made;
    return ERR_OK;
}

enum err_code backup_file_create(struct backup_writer **writer, struct files *files,
                                 const char *path, const uint8_t key[BACKUP_KEY_LEN], bool replace,
                                 struct err_note *note)
{
    struct backup_writer *made = NULL;
    if (strlen(path) + sizeof ".part" > PATH_ROOM) {
        return err_note(note, ERR_REFUSED, "that file name is too long");
    }
    enum err_code rc = writer_new(&made, files, note);
    if (rc != ERR_OK) {
        return rc;
    }
    assert(made != NULL);
    made->replace = replace;
    (void)snprintf(made->path, sizeof made->path, "%s", path);
    (void)snprintf(made->part, sizeof made->part, "%s.part", path);
    rc = open_part(made, note);
    if (rc == ERR_OK) {
        rc = write_header(made, key, note);
    }
    if (rc != ERR_OK) {
        backup_file_abandon(made);
        return rc;
    }
    *writer = made;
    return ERR_OK;
}

static enum err_code write_chunk(struct backup_writer *w, bool last, struct err_note *note)
{
    uint8_t *plain = w->secrets->plain;
    sodium_memzero(plain + w->plain_len, BACKUP_PLAIN_LEN - w->plain_len);
    int rc = crypto_secretstream_xchacha20poly1305_push(
        &w->secrets->stream, w->sealed, NULL, plain, BACKUP_PLAIN_LEN, w->header, sizeof w->header,
        last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
    assert(rc == 0);
    (void)rc;
    w->plain_len = 0;
    return append(w, w->sealed, BACKUP_CHUNK_LEN, note);
}

/* A full chunk is written when more comes: the last one has another tag. */
static enum err_code put(struct backup_writer *w, struct octets octets, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    while (rc == ERR_OK && octets.len > 0) {
        if (w->plain_len == BACKUP_PLAIN_LEN) {
            rc = write_chunk(w, false, note);
        }
        size_t room = BACKUP_PLAIN_LEN - w->plain_len;
        size_t len = octets.len < room ? octets.len : room;
        memcpy(w->secrets->plain + w->plain_len, octets.at, len);
        w->plain_len += len;
        octets = octets_of(octets.at + len, octets.len - len);
    }
    return rc;
}

enum err_code backup_file_add(struct backup_writer *writer, uint8_t kind, struct octets first,
                              struct octets second, struct err_note *note)
{
    uint8_t head[BACKUP_ITEM_HEAD];
    assert(kind != 0 && first.len + second.len <= BACKUP_ITEM_MAX);
    head[0] = kind;
    octets_put_u32be(head + 1, (uint32_t)(first.len + second.len));
    enum err_code rc = put(writer, octets_of(head, sizeof head), note);
    rc = rc == ERR_OK ? put(writer, first, note) : rc;
    return rc == ERR_OK ? put(writer, second, note) : rc;
}

enum err_code backup_file_finish(struct backup_writer *w, struct err_note *note)
{
    enum err_code rc = write_chunk(w, true, note);
    rc = rc == ERR_OK ? w->files->sync(w->files, w->file, note) : rc;
    rc = rc == ERR_OK ? check_way(w, note) : rc;
    rc = rc == ERR_OK ? w->files->rename(w->files, w->part, w->path, note) : rc;
    if (rc == ERR_OK) {
        w->part_made = false;
        rc = w->files->sync_dir(w->files, ".", note);
    }
    return rc;
}

void backup_file_abandon(struct backup_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    struct err_note ignored = {{0}};
    if (writer->file != NULL) {
        writer->files->close(writer->files, writer->file);
    }
    if (writer->part_made) {
        (void)writer->files->remove(writer->files, writer->part, &ignored);
    }
    sodium_free(writer->secrets);
    free(writer->sealed);
    free(writer);
}
