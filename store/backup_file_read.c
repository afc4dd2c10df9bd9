#include <stdlib.h>

#include "store/backup_file_state.h"

#define VERSION_AT (BACKUP_MAGIC_LEN - 1)

struct backup_reader {
    struct files *files;
    struct file *file;
    struct backup_secrets *secrets;
    uint8_t header[BACKUP_HEADER_LEN];
    uint8_t *sealed; /* BACKUP_CHUNK_LEN */
    uint8_t *item;   /* BACKUP_ITEM_MAX, from sodium_malloc(): a part of the vault may be in it */
    uint64_t offset;
    uint64_t len;
    size_t plain_at;  /* of secrets->plain */
    size_t plain_len; /* 0 before the first chunk */
    bool is_last;     /* the chunk had the final tag */
    enum err_code failure;
};

static enum err_code read_exactly(struct backup_reader *r, uint8_t *out, size_t len,
                                  struct err_note *note)
{
    size_t got = 0;
    enum err_code rc = r->files->read_at(r->files, r->file, out, &got, len, r->offset, note);
    r->offset += got;
    return rc == ERR_OK && got < len ? ERR_TRUNCATED : rc;
}

static enum err_code check_header(struct backup_reader *r, const uint8_t key[BACKUP_KEY_LEN],
                                  struct err_note *note)
{
    uint8_t digest[BACKUP_DIGEST_LEN];
    uint8_t expected[BACKUP_DIGEST_LEN];
    const uint8_t *check = r->header + BACKUP_MAGIC_LEN + BACKUP_SALT_LEN;
    size_t got = 0;
    enum err_code rc =
        r->files->read_at(r->files, r->file, r->header, &got, sizeof r->header, 0, note);
    if (rc != ERR_OK) {
        return rc;
    }
    if (got < BACKUP_MAGIC_LEN || memcmp(r->header, BACKUP_MAGIC, VERSION_AT) != 0) {
        return ERR_MALFORMED;
    }
    if (r->header[VERSION_AT] != (uint8_t)BACKUP_MAGIC[VERSION_AT]) {
        return ERR_VERSION;
    }
    r->offset = sizeof r->header;
    rc = got < sizeof r->header ? ERR_TRUNCATED : read_exactly(r, digest, sizeof digest, note);
    if (rc != ERR_OK) {
        return rc;
    }
    backup_digest(expected, r->header);
    if (memcmp(digest, expected, sizeof digest) != 0) {
        return ERR_DAMAGED;
    }
    backup_derive(r->secrets->derived, key, r->header);
    if (sodium_memcmp(check, r->secrets->derived + BACKUP_KEY_LEN, BACKUP_CHECK_LEN) != 0) {
        return ERR_DECRYPT;
    }
    return crypto_secretstream_xchacha20poly1305_init_pull(
               &r->secrets->stream, check + BACKUP_CHECK_LEN, r->secrets->derived) == 0
               ? ERR_OK
               : ERR_DAMAGED;
}

/* Before anything is opened: a file that ends within a chunk was cut, whatever its octets are. */
static enum err_code check_len(struct backup_reader *r, struct err_note *note)
{
    enum err_code rc = r->files->size(r->files, r->file, &r->len, note);
    if (rc != ERR_OK) {
        return rc;
    }
    uint64_t chunks_len = r->len - r->offset;
    return chunks_len == 0 || chunks_len % BACKUP_CHUNK_LEN != 0 ? ERR_TRUNCATED : ERR_OK;
}

enum err_code backup_file_open(struct backup_reader **reader, struct files *files, const char *path,
                               const uint8_t key[BACKUP_KEY_LEN], struct err_note *note)
{
    struct backup_reader *r = calloc(1, sizeof *r);
    if (r == NULL || sodium_init() < 0) {
        free(r);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    r->files = files;
    r->secrets = sodium_malloc(sizeof *r->secrets);
    r->item = sodium_malloc(BACKUP_ITEM_MAX);
    r->sealed = malloc(BACKUP_CHUNK_LEN);
    enum err_code rc = r->secrets != NULL && r->item != NULL && r->sealed != NULL
                           ? files->open(files, &r->file, path, FILE_READ, note)
                           : err_note(note, ERR_NO_MEMORY, "out of memory");
    rc = rc == ERR_OK ? check_header(r, key, note) : rc;
    rc = rc == ERR_OK ? check_len(r, note) : rc;
    if (rc != ERR_OK) {
        backup_file_close(r);
        return rc;
    }
    *reader = r;
    return ERR_OK;
}

static enum err_code next_chunk(struct backup_reader *r, struct err_note *note)
{
    unsigned char tag = 0;
    if (r->is_last) {
        return ERR_DAMAGED; /* an item that ends behind the end */
    }
    if (r->offset == r->len) {
        return ERR_TRUNCATED;
    }
    enum err_code rc = read_exactly(r, r->sealed, BACKUP_CHUNK_LEN, note);
    if (rc != ERR_OK) {
        return rc;
    }
    if (crypto_secretstream_xchacha20poly1305_pull(&r->secrets->stream, r->secrets->plain, NULL,
                                                   &tag, r->sealed, BACKUP_CHUNK_LEN, r->header,
                                                   sizeof r->header) != 0) {
        return ERR_DAMAGED;
    }
    r->is_last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    r->plain_at = 0;
    r->plain_len = BACKUP_PLAIN_LEN;
    return r->is_last && r->offset != r->len ? ERR_DAMAGED : ERR_OK;
}

static enum err_code take(struct backup_reader *r, uint8_t *out, size_t len, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    while (rc == ERR_OK && len > 0) {
        if (r->plain_at == r->plain_len) {
            rc = next_chunk(r, note);
        } else {
            size_t left = r->plain_len - r->plain_at;
            size_t now = len < left ? len : left;
            memcpy(out, r->secrets->plain + r->plain_at, now);
            r->plain_at += now;
            out += now;
            len -= now;
        }
    }
    return rc;
}

static enum err_code next_kind(struct backup_reader *r, uint8_t *kind, struct err_note *note)
{
    if (r->is_last && r->plain_at == r->plain_len) {
        return ERR_NOT_FOUND;
    }
    enum err_code rc = take(r, kind, 1, note);
    if (rc != ERR_OK || *kind != 0) {
        return rc;
    }
    /* Zeros up to the end of the last chunk. */
    bool zeros =
        r->is_last && sodium_is_zero(r->secrets->plain + r->plain_at, r->plain_len - r->plain_at);
    return zeros ? ERR_NOT_FOUND : ERR_DAMAGED;
}

enum err_code backup_file_next(struct backup_reader *r, uint8_t *kind, struct octets *octets,
                               struct err_note *note)
{
    uint8_t len_octets[4];
    uint8_t found = 0;
    uint32_t len = 0;
    enum err_code rc = r->failure;
    rc = rc == ERR_OK ? next_kind(r, &found, note) : rc;
    if (rc == ERR_OK) {
        rc = take(r, len_octets, sizeof len_octets, note);
        len = rc == ERR_OK ? octets_get_u32be(len_octets) : 0;
    }
    if (rc == ERR_OK) {
        rc = len <= BACKUP_ITEM_MAX ? take(r, r->item, len, note) : ERR_DAMAGED;
    }
    r->failure = rc;
    if (rc == ERR_OK) {
        *kind = found;
        *octets = octets_of(r->item, len);
    }
    return rc;
}

unsigned backup_file_permille(const struct backup_reader *reader)
{
    return (unsigned)(reader->offset * 1000 / reader->len);
}

void backup_file_close(struct backup_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    if (reader->file != NULL) {
        reader->files->close(reader->files, reader->file);
    }
    sodium_free(reader->secrets);
    sodium_free(reader->item);
    free(reader->sealed);
    free(reader);
}
