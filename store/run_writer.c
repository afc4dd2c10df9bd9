#include "store/run_writer.h"

#include "proto/post.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#define SEALED_CAP    ((size_t)RUN_WRITER_BLOCKS * RUN_BLOCK_LEN)
#define GROWING_FIRST 1024u

static enum err_code no_memory(struct err_note *note)
{
    return err_note(note, ERR_NO_MEMORY, "out of memory");
}

static enum err_code grow(struct run_growing *growing, const uint8_t *octets, size_t len,
                          struct err_note *note)
{
    if (growing->cap - growing->len < len) {
        size_t cap = growing->cap == 0 ? GROWING_FIRST : growing->cap * 2;
        uint8_t *grown = realloc(growing->octets, cap);
        if (grown == NULL) {
            return no_memory(note);
        }
        growing->octets = grown;
        growing->cap = cap;
    }
    memcpy(growing->octets + growing->len, octets, len);
    growing->len += len;
    return ERR_OK;
}

static void release(struct run_growing *growing)
{
    free(growing->octets);
    *growing = (struct run_growing){0};
}

enum err_code run_writer_open(struct run_writer **writer, struct files *files,
                              const struct run_name *name, uint32_t first, uint32_t end,
                              struct err_note *note)
{
    assert(first < end);
    struct run_writer *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return no_memory(note);
    }
    *made = (struct run_writer){
        .files = files,
        .number = name->number,
        .first = first,
        .end = end,
        .position_len = run_position_len(end - first),
        .created_min_s = POST_TIME_MAX,
    };
    size_t path_len = strlen(name->path) + 1;
    made->path = malloc(path_len);
    made->key = sodium_malloc(SEAL_KEY_LEN);
    made->sealed = malloc(SEALED_CAP);
    if (made->path == NULL || made->key == NULL || made->sealed == NULL) {
        run_writer_free(made);
        return no_memory(note);
    }
    memcpy(made->path, name->path, path_len);
    memcpy(made->key, name->key, SEAL_KEY_LEN);
    enum err_code rc = files->open(files, &made->file, name->path, FILE_CREATE, note);
    if (rc != ERR_OK) {
        run_writer_free(made);
        return err_note(note, rc, "making a run");
    }
    *writer = made;
    return ERR_OK;
}

void run_writer_free(struct run_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    if (writer->file != NULL) {
        writer->files->close(writer->files, writer->file);
        /* What cannot be removed is removed with everything unnamed when the store is opened. */
        struct err_note unread = {{0}};
        (void)writer->files->remove(writer->files, writer->path, &unread);
    }
    bloom_close(&writer->filter);
    release(&writer->totals);
    release(&writer->fences);
    free(writer->path);
    sodium_free(writer->key);
    free(writer->sealed);
    sodium_memzero(writer, sizeof *writer);
    free(writer);
}

static enum err_code append(struct run_writer *writer, struct err_note *note)
{
    if (writer->sealed_len == 0) {
        return ERR_OK;
    }
    struct octets octets = octets_of(writer->sealed, writer->sealed_len);
    enum err_code rc = writer->files->append(writer->files, writer->file, octets, note);
    if (rc != ERR_OK) {
        return err_note(note, rc, "writing a run");
    }
    writer->sealed_len = 0;
    return ERR_OK;
}

static enum err_code seal_block(struct run_writer *writer, unsigned family, struct err_note *note)
{
    if (writer->block == UINT32_MAX) {
        return err_note(note, ERR_NO_SPACE, "a run has no room for more");
    }
    memset(writer->plain + writer->plain_len, 0, RUN_PLAIN_LEN - writer->plain_len);
    uint8_t nonce[RUN_NONCE_LEN];
    uint8_t ad[RUN_AD_LEN];
    run_nonce(nonce, writer->block);
    run_ad(ad, writer->number, (uint8_t)family);
    int rc = crypto_aead_chacha20poly1305_ietf_encrypt(writer->sealed + writer->sealed_len, NULL,
                                                       writer->plain, RUN_PLAIN_LEN, ad, sizeof ad,
                                                       NULL, nonce, writer->key);
    assert(rc == 0);
    (void)rc;
    writer->plain_len = 0;
    writer->sealed_len += RUN_BLOCK_LEN;
    writer->written_len += RUN_BLOCK_LEN;
    writer->block++;
    return writer->sealed_len == SEALED_CAP ? append(writer, note) : ERR_OK;
}

enum err_code run_writer_block(struct run_writer *writer, struct err_note *note)
{
    if (writer->plain_len == 0) {
        return ERR_OK;
    }
    writer->parts[writer->family].blocks_count++;
    return seal_block(writer, writer->family, note);
}

enum err_code run_writer_fence(struct run_writer *writer, const uint8_t *fence,
                               struct err_note *note)
{
    return grow(&writer->fences, fence, run_fence_len(writer->family), note);
}

enum err_code run_writer_total(struct run_writer *writer, const uint8_t line[RUN_LINE_LEN],
                               struct err_note *note)
{
    writer->parts[RUN_SETS].lines_count++;
    return grow(&writer->totals, line, RUN_LINE_LEN, note);
}

enum err_code run_writer_begin(struct run_writer *writer, enum run_family family,
                               uint32_t lines_count, struct err_note *note)
{
    writer->family = family;
    writer->parts[family].lines_count = lines_count;
    return bloom_init(&writer->filter, lines_count) == ERR_OK ? ERR_OK : no_memory(note);
}

static enum err_code write_directory(struct run_writer *writer, struct octets octets,
                                     struct err_note *note)
{
    while (octets.len > 0) {
        size_t room = RUN_PLAIN_LEN - writer->plain_len;
        size_t taken = octets.len < room ? octets.len : room;
        memcpy(writer->plain + writer->plain_len, octets.at, taken);
        writer->plain_len += taken;
        octets = octets_of(octets.at + taken, octets.len - taken);
        if (writer->plain_len == RUN_PLAIN_LEN) {
            enum err_code rc = seal_block(writer, RUN_DIRECTORY + writer->family, note);
            if (rc != ERR_OK) {
                return rc;
            }
        }
    }
    return ERR_OK;
}

enum err_code run_writer_end(struct run_writer *writer, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    if (writer->family == RUN_SETS) {
        rc = run_write_set_end(writer, note);
    } else if (writer->family == RUN_REFS || writer->family == RUN_WORDS) {
        run_write_posting_end(writer);
    }
    if (rc == ERR_OK) {
        rc = run_writer_block(writer, note);
    }
    if (rc == ERR_OK) {
        size_t len = (size_t)writer->filter.lines_count * BLOOM_LINE_LEN;
        rc = write_directory(writer, octets_of(writer->filter.lines, len), note);
    }
    if (rc == ERR_OK) {
        rc = write_directory(writer, octets_of(writer->totals.octets, writer->totals.len), note);
    }
    if (rc == ERR_OK) {
        rc = write_directory(writer, octets_of(writer->fences.octets, writer->fences.len), note);
    }
    if (rc == ERR_OK && writer->plain_len > 0) {
        rc = seal_block(writer, RUN_DIRECTORY + writer->family, note);
    }
    bloom_close(&writer->filter);
    release(&writer->totals);
    release(&writer->fences);
    return rc;
}

static void encode_tail(struct run_writer *writer)
{
    uint8_t *out = writer->plain;
    memcpy(out, RUN_TAIL_MAGIC, RUN_TAIL_MAGIC_LEN);
    out += RUN_TAIL_MAGIC_LEN;
    bool any = writer->kept_count + writer->gone_count > 0;
    octets_put_u64be(out, writer->number);
    octets_put_u32be(out + 8, writer->first);
    octets_put_u32be(out + 12, writer->end);
    octets_put_u64be(out + 16, any ? writer->created_min_s : 0);
    octets_put_u64be(out + 24, writer->created_max_s);
    octets_put_u32be(out + 32, writer->kept_count);
    octets_put_u32be(out + 36, writer->gone_count);
    for (unsigned i = 0; i < RUN_FAMILIES_COUNT; i++) {
        const struct run_writer_part *part = &writer->parts[i];
        out = writer->plain + RUN_TAIL_PARTS + i * RUN_TAIL_PART_LEN;
        octets_put_u32be(out, part->blocks_count);
        octets_put_u64be(out + 4, part->entries_count);
        octets_put_u32be(out + 12, part->lines_count);
    }
    writer->plain_len = RUN_TAIL_LEN;
}

enum err_code run_writer_finish(struct run_writer *writer, struct err_note *note)
{
    encode_tail(writer);
    enum err_code rc = seal_block(writer, RUN_TAIL, note);
    if (rc == ERR_OK) {
        rc = append(writer, note);
    }
    if (rc == ERR_OK) {
        rc = writer->files->sync(writer->files, writer->file, note);
        rc = rc == ERR_OK ? rc : err_note(note, rc, "syncing a run");
    }
    if (rc == ERR_OK) {
        writer->files->close(writer->files, writer->file);
        writer->file = NULL;
    }
    return rc;
}
