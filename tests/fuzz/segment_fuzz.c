/* A segment of any records and runs, with octets flipped: whatever is read is what was written
 * under that number, in order, and a scan ends.
 *
 * input = u8 ops_count, ops of (kind, u16 count or length), then edits of u24 offset, u8 mask */
#include "tests/fuzz/fuzz.h"

#include "store/segment.h"
#include "tests/support/file_memory.h"

#include <stdlib.h>

#define OPS_MAX  64
#define ROOM_LEN (OPS_MAX * 2 * (size_t)SEGMENT_FRAME_LEN)
#define FIRST    7

static const struct manifest_segment segment = {.number = 1, .first = FIRST, .key = {9}};

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

struct written {
    enum segment_kind kind;
    uint64_t number;
    uint32_t count;
    size_t plain_len;
};

static size_t write_ops(struct octets_room *room, struct written *written, const uint8_t *ops,
                        size_t ops_count)
{
    static uint8_t plain[SEGMENT_PLAIN_MAX];
    struct segment_writer writer = {.segment = &segment, .number = FIRST};
    for (size_t i = 0; i < ops_count; i++) {
        uint32_t count = octets_get_u16be(ops + 3 * i + 1);
        written[i] = (struct written){
            .kind = (enum segment_kind)(ops[3 * i] % 3), .number = writer.number, .count = 1};
        if (written[i].kind == SEGMENT_RECORD) {
            uint64_t offset;
            written[i].plain_len = count % (SEGMENT_PLAIN_MAX + 1);
            memset(plain, (int)i, written[i].plain_len);
            segment_write(&writer, &offset, room, octets_of(plain, written[i].plain_len),
                          (ops[3 * i] & 0x80) != 0);
        } else {
            written[i].count = count + 1;
            segment_write_run(&writer, room, written[i].kind, count + 1);
        }
    }
    return (size_t)(writer.number - FIRST);
}

static void check(const struct written *written, size_t written_count,
                  const struct segment_record *record)
{
    for (size_t i = 0; i < written_count; i++) {
        if (written[i].number != record->number) {
            continue;
        }
        must(record->kind == written[i].kind && record->count == written[i].count);
        must(record->plain.len == written[i].plain_len);
        for (size_t k = 0; k < record->plain.len; k++) {
            must(record->plain.at[k] == (uint8_t)i);
        }
        return;
    }
    abort();
}

static void scan(struct files *files, const struct written *written, size_t written_count)
{
    struct err_note note = {{0}};
    struct file *file = NULL;
    struct segment_scan scan = {0};
    struct segment_record record;
    uint64_t next = FIRST;
    must(files->open(files, &file, "s", FILE_READ, &note) == ERR_OK);
    must(segment_scan_open(&scan, files, file, &segment, &note) == ERR_OK);
    while (segment_scan_next(&scan, &record, &note) == ERR_OK) {
        must(record.number >= next);
        check(written, written_count, &record);
        next = record.number + record.count;
    }
    segment_scan_close(&scan);
    files->close(files, file);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    if (len == 0 || len > 1024 || octets[0] > OPS_MAX || len < 1 + 3 * (size_t)octets[0]) {
        return 0;
    }
    struct written written[OPS_MAX];
    struct octets_room room = {.at = malloc(ROOM_LEN), .cap = ROOM_LEN};
    struct files *files = file_memory_new(1);
    struct err_note note = {{0}};
    must(room.at != NULL);
    (void)write_ops(&room, written, octets + 1, octets[0]);
    must(file_replace(files, "s", octets_of(room.at, room.len), &note) == ERR_OK);
    for (size_t at = 1 + 3 * (size_t)octets[0]; at + 4 <= len && room.len > 0; at += 4) {
        size_t offset = ((size_t)octets[at] << 16) + octets_get_u16be(octets + at + 1);
        file_memory_flip(files, "s", offset % room.len, octets[at + 3]);
    }
    scan(files, written, octets[0]);
    file_memory_free(files);
    free(room.at);
    return 0;
}
