#include "store/index_manifest.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#define MAGIC_LEN  5
#define HEADER_LEN (MAGIC_LEN + 4 + 4 + 1 + 4 + POST_ID_LEN + 4)
#define ROW_LEN    (4 + 4 + 4 + SEAL_KEY_LEN)
#define LEN_MAX                                                                                    \
    (HEADER_LEN + (size_t)INDEX_MANIFEST_RUNS_MAX * ROW_LEN +                                      \
     INDEX_MANIFEST_LISTS * (4 + (size_t)INDEX_MANIFEST_POSITIONS_MAX * 4))

static const uint8_t magic[MAGIC_LEN] = {'r', 'u', 'n', 's', 2};

void index_manifest_close(struct index_manifest *manifest)
{
    if (manifest->runs != NULL) {
        sodium_free(manifest->runs);
    }
    for (size_t i = 0; i < INDEX_MANIFEST_LISTS; i++) {
        free(manifest->lists[i].at);
    }
    *manifest = (struct index_manifest){0};
}

enum err_code index_manifest_add(struct index_manifest *manifest,
                                 const struct index_manifest_run *run)
{
    if (manifest->runs_count == INDEX_MANIFEST_RUNS_MAX) {
        return ERR_REFUSED;
    }
    if (manifest->runs_count == manifest->runs_cap) {
        size_t cap = manifest->runs_cap == 0 ? 16 : manifest->runs_cap * 2;
        struct index_manifest_run *grown = sodium_allocarray(cap, sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        if (manifest->runs != NULL) {
            memcpy(grown, manifest->runs, manifest->runs_count * sizeof *grown);
            sodium_free(manifest->runs);
        }
        manifest->runs = grown;
        manifest->runs_cap = cap;
    }
    manifest->runs[manifest->runs_count++] = *run;
    return ERR_OK;
}

enum err_code index_manifest_position_add(struct index_manifest_positions *positions,
                                          uint32_t position)
{
    if (positions->count == INDEX_MANIFEST_POSITIONS_MAX) {
        return ERR_REFUSED;
    }
    if (positions->count == positions->cap) {
        size_t cap = positions->cap == 0 ? 64 : positions->cap * 2;
        uint32_t *grown = realloc(positions->at, cap * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        positions->at = grown;
        positions->cap = cap;
    }
    positions->at[positions->count++] = position;
    return ERR_OK;
}

const struct index_manifest_run *index_manifest_find(const struct index_manifest *manifest,
                                                     uint32_t number)
{
    for (size_t i = 0; i < manifest->runs_count; i++) {
        if (manifest->runs[i].number == number) {
            return &manifest->runs[i];
        }
    }
    return NULL;
}

static enum err_code decode_runs(struct index_manifest *manifest, const uint8_t **at,
                                 const uint8_t *end, uint32_t count)
{
    uint32_t covered = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (end - *at < ROW_LEN) {
            return ERR_DAMAGED;
        }
        struct index_manifest_run run = {.number = octets_get_u32be(*at),
                                         .first = octets_get_u32be(*at + 4),
                                         .end = octets_get_u32be(*at + 8)};
        memcpy(run.key, *at + 12, SEAL_KEY_LEN);
        *at += ROW_LEN;
        bool sound = run.first >= covered && run.first < run.end && run.end <= manifest->covered &&
                     run.number < manifest->number_next;
        covered = run.end;
        enum err_code rc = sound ? index_manifest_add(manifest, &run) : ERR_DAMAGED;
        sodium_memzero(&run, sizeof run);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    return ERR_OK;
}

static enum err_code decode_list(struct index_manifest *manifest, enum index_manifest_list list,
                                 const uint8_t **at, const uint8_t *end)
{
    if (end - *at < 4) {
        return ERR_DAMAGED;
    }
    uint32_t count = octets_get_u32be(*at);
    *at += 4;
    if (count > INDEX_MANIFEST_POSITIONS_MAX || (size_t)(end - *at) < (size_t)count * 4) {
        return ERR_DAMAGED;
    }
    enum err_code rc = ERR_OK;
    for (uint32_t i = 0; i < count && rc == ERR_OK; i++, *at += 4) {
        rc = index_manifest_position_add(&manifest->lists[list], octets_get_u32be(*at));
    }
    return rc;
}

static enum err_code decode_all(struct index_manifest *manifest, const uint8_t *plain, size_t len)
{
    if (len < HEADER_LEN || memcmp(plain, magic, MAGIC_LEN) != 0) {
        return ERR_DAMAGED;
    }
    const uint8_t *at = plain + MAGIC_LEN;
    const uint8_t *end = plain + len;
    manifest->number_next = octets_get_u32be(at);
    manifest->covered = octets_get_u32be(at + 4);
    manifest->words = at[8] == 1;
    manifest->witness_above = octets_get_u32be(at + 9);
    memcpy(manifest->witness.octets, at + 13, POST_ID_LEN);
    uint32_t runs_count = octets_get_u32be(at + 13 + POST_ID_LEN);
    at = plain + HEADER_LEN;
    if (manifest->number_next == 0 || manifest->witness_above > manifest->covered) {
        return ERR_DAMAGED;
    }
    enum err_code rc = decode_runs(manifest, &at, end, runs_count);
    for (unsigned list = 0; list < INDEX_MANIFEST_LISTS && rc == ERR_OK; list++) {
        rc = decode_list(manifest, (enum index_manifest_list)list, &at, end);
    }
    return rc == ERR_OK && at != end ? ERR_DAMAGED : rc;
}

enum err_code index_manifest_decode(struct index_manifest *manifest, struct octets plain)
{
    struct index_manifest decoded = {0};
    enum err_code rc = decode_all(&decoded, plain.at, plain.len);
    if (rc != ERR_OK) {
        index_manifest_close(&decoded);
        return rc;
    }
    *manifest = decoded;
    return ERR_OK;
}

enum err_code index_manifest_load(struct index_manifest *manifest, struct files *files,
                                  const char *path, const uint8_t key[SEAL_KEY_LEN],
                                  struct err_note *note)
{
    uint8_t *plain = NULL;
    size_t len = 0;
    enum err_code rc = seal_read(files, &plain, &len, path, SEAL_RUNS, key, LEN_MAX, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct index_manifest loaded = {0};
    rc = index_manifest_decode(&loaded, octets_of(plain, len));
    sodium_free(plain);
    if (rc != ERR_OK) {
        return err_note(note, rc, "%s", path);
    }
    *manifest = loaded;
    return ERR_OK;
}

size_t index_manifest_len(const struct index_manifest *manifest)
{
    size_t len = HEADER_LEN + manifest->runs_count * ROW_LEN;
    for (size_t i = 0; i < INDEX_MANIFEST_LISTS; i++) {
        len += 4 + manifest->lists[i].count * 4;
    }
    return len;
}

static uint8_t *encode_list(uint8_t *out, const struct index_manifest_positions *list)
{
    octets_put_u32be(out, (uint32_t)list->count);
    out += 4;
    for (size_t i = 0; i < list->count; i++, out += 4) {
        octets_put_u32be(out, list->at[i]);
    }
    return out;
}

void index_manifest_encode(uint8_t *plain, const struct index_manifest *manifest)
{
    memcpy(plain, magic, MAGIC_LEN);
    uint8_t *out = plain + MAGIC_LEN;
    octets_put_u32be(out, manifest->number_next);
    octets_put_u32be(out + 4, manifest->covered);
    out[8] = manifest->words ? 1 : 0;
    octets_put_u32be(out + 9, manifest->witness_above);
    memcpy(out + 13, manifest->witness.octets, POST_ID_LEN);
    octets_put_u32be(out + 13 + POST_ID_LEN, (uint32_t)manifest->runs_count);
    out = plain + HEADER_LEN;
    for (size_t i = 0; i < manifest->runs_count; i++, out += ROW_LEN) {
        const struct index_manifest_run *run = &manifest->runs[i];
        octets_put_u32be(out, run->number);
        octets_put_u32be(out + 4, run->first);
        octets_put_u32be(out + 8, run->end);
        memcpy(out + 12, run->key, SEAL_KEY_LEN);
    }
    for (size_t i = 0; i < INDEX_MANIFEST_LISTS; i++) {
        out = encode_list(out, &manifest->lists[i]);
    }
}

enum err_code index_manifest_save(const struct index_manifest *manifest, bool *replaced,
                                  struct files *files, const char *path,
                                  const uint8_t key[SEAL_KEY_LEN], struct err_note *note)
{
    assert(manifest->number_next != 0);
    size_t len = index_manifest_len(manifest);
    uint8_t *plain = sodium_malloc(len);
    *replaced = false;
    if (plain == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    index_manifest_encode(plain, manifest);
    enum err_code rc =
        seal_replace(files, replaced, path, SEAL_RUNS, key, octets_of(plain, len), note);
    sodium_free(plain);
    return rc;
}
