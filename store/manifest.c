#include "store/manifest.h"

#include <sodium.h>

#define MAGIC_LEN  9
#define NUMBERS_AT (MAGIC_LEN + MANIFEST_ID_LEN)
#define HEADER_LEN (NUMBERS_AT + 4 + 8 + 4)
#define ROW_LEN    (4 + 4 + 8 + 8 + 8 + 4 + 1 + SEAL_KEY_LEN)

static const uint8_t magic[MAGIC_LEN] = {'m', 'a', 'n', 'i', 'f', 'e', 's', 't', 3};

static void encode_row(uint8_t *out, const struct manifest_segment *s)
{
    octets_put_u32be(out, s->number);
    octets_put_u32be(out + 4, s->generation);
    octets_put_u64be(out + 8, s->first);
    octets_put_u64be(out + 16, s->records_count);
    octets_put_u64be(out + 24, s->len);
    octets_put_u32be(out + 32, s->torn_count);
    out[36] = s->closed ? 1 : 0;
    memcpy(out + 37, s->key, SEAL_KEY_LEN);
}

static void decode_row(struct manifest_segment *s, const uint8_t *in)
{
    s->number = octets_get_u32be(in);
    s->generation = octets_get_u32be(in + 4);
    s->first = octets_get_u64be(in + 8);
    s->records_count = octets_get_u64be(in + 16);
    s->len = octets_get_u64be(in + 24);
    s->torn_count = octets_get_u32be(in + 32);
    s->closed = in[36] == 1;
    memcpy(s->key, in + 37, SEAL_KEY_LEN);
}

static enum err_code decode_rows(struct manifest *manifest, struct octets rows)
{
    for (size_t at = 0; at < rows.len; at += ROW_LEN) {
        struct manifest_segment segment;
        decode_row(&segment, rows.at + at);
        enum err_code rc = manifest_add(manifest, &segment);
        sodium_memzero(&segment, sizeof segment);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    return ERR_OK;
}

/* Every number and record lies below where the next ones go. */
static void raise_ends(struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->segments_count; i++) {
        const struct manifest_segment *s = &manifest->segments[i];
        if (s->number >= manifest->number_next && s->number < UINT32_MAX) {
            manifest->number_next = s->number + 1;
        }
        if (s->first + s->records_count > manifest->end) {
            manifest->end = s->first + s->records_count;
        }
    }
}

static enum err_code decode(struct manifest *manifest, const uint8_t *plain, size_t len)
{
    if (len < HEADER_LEN || memcmp(plain, magic, MAGIC_LEN) != 0) {
        return ERR_DAMAGED;
    }
    memcpy(manifest->id, plain + MAGIC_LEN, MANIFEST_ID_LEN);
    manifest->number_next = octets_get_u32be(plain + NUMBERS_AT);
    manifest->end = octets_get_u64be(plain + NUMBERS_AT + 4);
    uint32_t count = octets_get_u32be(plain + HEADER_LEN - 4);
    if (count > MANIFEST_SEGMENTS_MAX || len - HEADER_LEN != (size_t)count * ROW_LEN) {
        return ERR_DAMAGED;
    }
    enum err_code rc = decode_rows(manifest, octets_of(plain + HEADER_LEN, len - HEADER_LEN));
    if (rc == ERR_OK) {
        raise_ends(manifest);
    }
    return rc;
}

enum err_code manifest_load(struct manifest *manifest, struct files *files, const char *path,
                            const uint8_t key[SEAL_KEY_LEN], struct err_note *note)
{
    uint8_t *plain = NULL;
    size_t len = 0;
    enum err_code rc = seal_read(files, &plain, &len, path, SEAL_MANIFEST, key,
                                 HEADER_LEN + (size_t)MANIFEST_SEGMENTS_MAX * ROW_LEN, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct manifest loaded = {0};
    rc = decode(&loaded, plain, len);
    sodium_free(plain);
    if (rc != ERR_OK) {
        manifest_close(&loaded);
        return err_note(note, rc, "%s", path);
    }
    *manifest = loaded;
    return ERR_OK;
}

enum err_code manifest_save(const struct manifest *manifest, struct files *files, const char *path,
                            const uint8_t key[SEAL_KEY_LEN], struct err_note *note)
{
    size_t len = HEADER_LEN + manifest->segments_count * ROW_LEN;
    uint8_t *plain = sodium_malloc(len);
    if (plain == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    memcpy(plain, magic, MAGIC_LEN);
    memcpy(plain + MAGIC_LEN, manifest->id, MANIFEST_ID_LEN);
    octets_put_u32be(plain + NUMBERS_AT, manifest->number_next);
    octets_put_u64be(plain + NUMBERS_AT + 4, manifest->end);
    octets_put_u32be(plain + HEADER_LEN - 4, (uint32_t)manifest->segments_count);
    for (size_t i = 0; i < manifest->segments_count; i++) {
        encode_row(plain + HEADER_LEN + i * ROW_LEN, &manifest->segments[i]);
    }
    bool replaced;
    enum err_code rc =
        seal_replace(files, &replaced, path, SEAL_MANIFEST, key, octets_of(plain, len), note);
    sodium_free(plain);
    return rc;
}

static enum err_code grow(struct manifest *manifest)
{
    size_t cap = manifest->segments_cap == 0 ? 16 : manifest->segments_cap * 2;
    struct manifest_segment *grown = sodium_allocarray(cap, sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    if (manifest->segments_count > 0) {
        memcpy(grown, manifest->segments, manifest->segments_count * sizeof *grown);
    }
    sodium_free(manifest->segments);
    manifest->segments = grown;
    manifest->segments_cap = cap;
    return ERR_OK;
}

enum err_code manifest_add(struct manifest *manifest, const struct manifest_segment *segment)
{
    if (manifest->segments_count == MANIFEST_SEGMENTS_MAX) {
        return ERR_REFUSED;
    }
    if (manifest->segments_count == manifest->segments_cap) {
        enum err_code rc = grow(manifest);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    manifest->segments[manifest->segments_count++] = *segment;
    return ERR_OK;
}

enum err_code manifest_copy(struct manifest *manifest, const struct manifest *from)
{
    struct manifest made = {.number_next = from->number_next, .end = from->end};
    memcpy(made.id, from->id, sizeof made.id);
    for (size_t i = 0; i < from->segments_count; i++) {
        enum err_code rc = manifest_add(&made, &from->segments[i]);
        if (rc != ERR_OK) {
            manifest_close(&made);
            return rc;
        }
    }
    *manifest = made;
    return ERR_OK;
}

void manifest_remove(struct manifest *manifest, size_t index, size_t count)
{
    assert(index <= manifest->segments_count && count <= manifest->segments_count - index);
    size_t behind = manifest->segments_count - index - count;
    if (behind > 0) {
        memmove(&manifest->segments[index], &manifest->segments[index + count],
                behind * sizeof *manifest->segments);
    }
    manifest->segments_count -= count;
    if (manifest->segments != NULL) {
        sodium_memzero(&manifest->segments[manifest->segments_count],
                       count * sizeof *manifest->segments);
    }
}

void manifest_close(struct manifest *manifest)
{
    sodium_free(manifest->segments);
    *manifest = (struct manifest){0};
}
