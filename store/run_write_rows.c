/* The families whose rows all have one length. */
#include "store/run_writer.h"

#include <assert.h>

#include "proto/post.h"

/* Room for a row, and whether it begins a block. */
static enum err_code row_room(struct run_writer *writer, uint8_t **row, bool *begins, size_t len,
                              struct err_note *note)
{
    if (RUN_PLAIN_LEN - writer->plain_len < len) {
        enum err_code rc = run_writer_block(writer, note);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    *begins = writer->plain_len == 0;
    *row = writer->plain + writer->plain_len;
    writer->plain_len += len;
    writer->parts[writer->family].entries_count++;
    return ERR_OK;
}

static void count_record(struct run_writer *writer, const struct run_record *record)
{
    if (record->state == RUN_HOLE) {
        return;
    }
    writer->kept_count += record->state == RUN_KEPT || record->state == RUN_BARE ? 1 : 0;
    writer->gone_count += record->state == RUN_GONE ? 1 : 0;
    if (record->created_s < writer->created_min_s) {
        writer->created_min_s = record->created_s;
    }
    if (record->created_s > writer->created_max_s) {
        writer->created_max_s = record->created_s;
    }
}

enum err_code run_write_record(struct run_writer *writer, const struct run_record *record,
                               struct err_note *note)
{
    assert(record->state <= RUN_BARE && record->flags <= RUN_FLAGS_MAX);
    assert(record->created_s <= POST_TIME_MAX);
    uint8_t *row;
    bool begins;
    enum err_code rc = row_room(writer, &row, &begins, RUN_RECORD_LEN, note);
    if (rc != ERR_OK) {
        return rc;
    }
    if (record->state == RUN_HOLE) {
        memset(row, 0, RUN_RECORD_LEN);
        return ERR_OK;
    }
    count_record(writer, record);
    memcpy(row, record->id.octets, POST_ID_LEN);
    run_put_number(row + POST_ID_LEN, record->created_s, RUN_TIME_LEN);
    row[RUN_RECORD_LEN - 1] = (uint8_t)((record->state << 6) | record->flags);
    return ERR_OK;
}

enum err_code run_write_id(struct run_writer *writer, uint32_t hash32, uint32_t relative,
                           struct err_note *note)
{
    uint8_t *row;
    bool begins;
    enum err_code rc = row_room(writer, &row, &begins, RUN_HASH32_LEN + writer->position_len, note);
    if (rc != ERR_OK) {
        return rc;
    }
    octets_put_u32be(row, hash32);
    run_put_number(row + RUN_HASH32_LEN, relative, writer->position_len);
    bloom_add(&writer->filter, (uint64_t)hash32 << 32);
    return begins ? run_writer_fence(writer, row, note) : ERR_OK;
}

enum err_code run_write_expiry(struct run_writer *writer, uint64_t expires_s, uint32_t relative,
                               struct err_note *note)
{
    uint8_t *row;
    bool begins;
    enum err_code rc = row_room(writer, &row, &begins, RUN_EXPIRIES_FENCE_LEN, note);
    if (rc != ERR_OK) {
        return rc;
    }
    run_put_number(row, expires_s, RUN_TIME_LEN);
    octets_put_u32be(row + RUN_TIME_LEN, relative);
    return begins ? run_writer_fence(writer, row, note) : ERR_OK;
}
