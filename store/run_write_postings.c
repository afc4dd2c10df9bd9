#include "store/run_writer.h"

#include <assert.h>

/* hash, length of what follows, and one entry */
#define PIECE_LEN_MIN (RUN_HASH_LEN + 2 + RUN_VARINT_MAX + 1)

static size_t piece_len(size_t entries_len)
{
    return RUN_HASH_LEN + (entries_len < 0x80 ? 1u : 2u) + entries_len;
}

void run_write_posting_end(struct run_writer *writer)
{
    struct run_piece_writer *piece = &writer->piece;
    if (piece->len == 0) {
        return;
    }
    uint8_t *out = writer->plain + writer->plain_len;
    octets_put_u64be(out, piece->hash);
    size_t len = RUN_HASH_LEN + run_put_varint(out + RUN_HASH_LEN, piece->len);
    memcpy(out + len, piece->octets, piece->len);
    writer->plain_len += len + piece->len;
    piece->len = 0;
}

static enum err_code begin(struct run_writer *writer, uint64_t hash, uint32_t relative,
                           struct err_note *note)
{
    if (RUN_PLAIN_LEN - writer->plain_len < PIECE_LEN_MIN) {
        enum err_code rc = run_writer_block(writer, note);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    writer->piece.hash = hash;
    if (writer->plain_len > 0) {
        return ERR_OK;
    }
    uint8_t fence[RUN_POSTINGS_FENCE_LEN];
    octets_put_u64be(fence, hash);
    octets_put_u32be(fence + RUN_HASH_LEN, relative);
    return run_writer_fence(writer, fence, note);
}

static size_t encode(uint8_t out[RUN_VARINT_MAX + 1], const struct run_writer *writer,
                     uint32_t relative, uint8_t relation)
{
    const struct run_piece_writer *piece = &writer->piece;
    size_t len = run_put_varint(out, piece->len == 0 ? relative : relative - piece->position);
    if (writer->family == RUN_REFS) {
        out[len++] = relation;
    }
    return len;
}

enum err_code run_write_posting(struct run_writer *writer, uint64_t hash, uint32_t relative,
                                uint8_t relation, struct err_note *note)
{
    struct run_piece_writer *piece = &writer->piece;
    uint8_t entry[RUN_VARINT_MAX + 1];
    size_t len = 0;
    enum err_code rc = ERR_OK;
    bool goes_on = piece->len > 0 && piece->hash == hash;
    if (goes_on) {
        len = encode(entry, writer, relative, relation);
        goes_on = writer->plain_len + piece_len(piece->len + len) <= RUN_PLAIN_LEN;
    }
    if (!goes_on) {
        run_write_posting_end(writer);
        rc = begin(writer, hash, relative, note);
        len = encode(entry, writer, relative, relation);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    memcpy(piece->octets + piece->len, entry, len);
    piece->len += len;
    piece->position = relative;
    if (writer->filter.lines_count > 0) {
        bloom_add(&writer->filter, hash);
    }
    writer->parts[writer->family].entries_count++;
    return ERR_OK;
}
