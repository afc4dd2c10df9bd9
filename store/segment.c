#include "store/segment.h"

#include <sodium.h>
#include <stdlib.h>

#define FRAME_HEADER_LEN  4
#define RECORD_HEADER_LEN 3
#define TAG_LEN           crypto_aead_chacha20poly1305_ietf_ABYTES
#define NONCE_LEN         crypto_aead_chacha20poly1305_ietf_NPUBBYTES
#define MARK_RECORD       0x5a
#define MARK_BATCH_FIRST  0xa5
#define MARK_PURGED       0x3c
#define MARK_LOST         0xc3
#define AD_LEN            (10 + 4 + 4 + 8 + RECORD_HEADER_LEN)
/* How many records a damaged stretch inside a frame may have held for reading to go on in that
 * frame; behind more the next frame's number helps. */
#define RESYNC_NUMBERS 4
#define RUN_PLAIN_LEN  4

_Static_assert(SEGMENT_OVERHEAD == RECORD_HEADER_LEN + TAG_LEN, "the layout in segment.h");
_Static_assert(SEGMENT_RUN_LEN == SEGMENT_OVERHEAD + RUN_PLAIN_LEN, "the layout in segment.h");

static void ad_of(uint8_t ad[AD_LEN], const struct manifest_segment *segment, uint64_t number,
                  const uint8_t header[RECORD_HEADER_LEN])
{
    static const uint8_t prefix[10] = {'k', 'i', 't', 'h', '/', 'l', 'o', 'g', '/', '1'};
    memcpy(ad, prefix, sizeof prefix);
    octets_put_u32be(ad + 10, segment->number);
    octets_put_u32be(ad + 14, segment->generation);
    octets_put_u64be(ad + 18, number);
    memcpy(ad + 26, header, RECORD_HEADER_LEN);
}

static void nonce_of(uint8_t nonce[NONCE_LEN], uint64_t number)
{
    memset(nonce, 0, 4);
    octets_put_u64be(nonce + 4, number);
}

uint64_t segment_place(uint64_t end, size_t record_len)
{
    size_t used = (size_t)(end % SEGMENT_FRAME_LEN);
    if (used != 0 && used + record_len <= SEGMENT_FRAME_LEN) {
        return end;
    }
    return end + (used == 0 ? 0 : SEGMENT_FRAME_LEN - used) + FRAME_HEADER_LEN;
}

static void begin_frame(struct segment_writer *writer, struct octets_room *out, size_t record_len)
{
    uint64_t place = segment_place(writer->offset, record_len);
    if (place == writer->offset) {
        return;
    }
    size_t gap_len = (size_t)(place - writer->offset);
    assert(gap_len <= out->cap - out->len);
    memset(out->at + out->len, 0, gap_len - FRAME_HEADER_LEN);
    out->len += gap_len;
    octets_put_u32be(out->at + out->len - FRAME_HEADER_LEN,
                     (uint32_t)(writer->number - writer->segment->first));
    writer->offset = place;
}

static void write_record(struct segment_writer *writer, struct octets_room *out, uint8_t mark,
                         struct octets plain)
{
    size_t record_len = plain.len + SEGMENT_OVERHEAD;
    begin_frame(writer, out, record_len);
    assert(record_len <= out->cap - out->len);

    uint8_t *record = out->at + out->len;
    record[0] = mark;
    octets_put_u16be(record + 1, (uint16_t)plain.len);
    uint8_t ad[AD_LEN];
    uint8_t nonce[NONCE_LEN];
    ad_of(ad, writer->segment, writer->number, record);
    nonce_of(nonce, writer->number);
    int rc = crypto_aead_chacha20poly1305_ietf_encrypt(record + RECORD_HEADER_LEN, NULL, plain.at,
                                                       plain.len, ad, AD_LEN, NULL, nonce,
                                                       writer->segment->key);
    assert(rc == 0);
    (void)rc;
    out->len += record_len;
    writer->offset += record_len;
}

void segment_write(struct segment_writer *writer, uint64_t *offset, struct octets_room *out,
                   struct octets plain, bool batch_first)
{
    assert(plain.len <= SEGMENT_PLAIN_MAX);
    write_record(writer, out, batch_first ? MARK_BATCH_FIRST : MARK_RECORD, plain);
    *offset = writer->offset - plain.len - SEGMENT_OVERHEAD;
    writer->number++;
}

void segment_write_run(struct segment_writer *writer, struct octets_room *out,
                       enum segment_kind kind, uint32_t count)
{
    assert(kind != SEGMENT_RECORD && count > 0 && count <= SEGMENT_NUMBERS_MAX);
    uint8_t plain[RUN_PLAIN_LEN];
    octets_put_u32be(plain, count);
    write_record(writer, out, kind == SEGMENT_PURGED ? MARK_PURGED : MARK_LOST,
                 octets_of(plain, sizeof plain));
    writer->number += count;
}

static bool is_run(uint8_t mark)
{
    return mark == MARK_PURGED || mark == MARK_LOST;
}

static bool header_plausible(const uint8_t *record, size_t left)
{
    if (left < SEGMENT_OVERHEAD || octets_get_u16be(record + 1) > left - SEGMENT_OVERHEAD) {
        return false;
    }
    return record[0] == MARK_RECORD || record[0] == MARK_BATCH_FIRST ||
           (is_run(record[0]) && octets_get_u16be(record + 1) == RUN_PLAIN_LEN);
}

enum err_code segment_unseal(struct octets_room *plain, const struct manifest_segment *segment,
                             uint64_t number, struct octets record)
{
    if (!header_plausible(record.at, record.len)) {
        return ERR_DAMAGED;
    }
    size_t plain_len = octets_get_u16be(record.at + 1);
    if (plain_len > plain->cap) {
        return ERR_DAMAGED;
    }
    uint8_t ad[AD_LEN];
    uint8_t nonce[NONCE_LEN];
    ad_of(ad, segment, number, record.at);
    nonce_of(nonce, number);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(
            plain->at, NULL, NULL, record.at + RECORD_HEADER_LEN, plain_len + TAG_LEN, ad, AD_LEN,
            nonce, segment->key) != 0) {
        return ERR_DAMAGED;
    }
    plain->len = plain_len;
    return ERR_OK;
}

enum err_code segment_scan_open(struct segment_scan *scan, struct files *files, struct file *file,
                                const struct manifest_segment *segment, struct err_note *note)
{
    uint64_t len;
    enum err_code rc = files->size(files, file, &len, note);
    if (rc != ERR_OK) {
        return rc;
    }
    uint8_t *frame = malloc(SEGMENT_FRAME_LEN);
    uint8_t *plain = malloc(SEGMENT_FRAME_LEN);
    if (frame == NULL || plain == NULL) {
        free(frame);
        free(plain);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    uint64_t end = len < SEGMENT_LEN_MAX ? len : SEGMENT_LEN_MAX;
    if (segment->closed && segment->len < end) {
        end = segment->len;
    }
    *scan = (struct segment_scan){
        .files = files,
        .file = file,
        .segment = segment,
        .end = end,
        .number = segment->first,
        .next = segment->first,
        .frame = frame,
        .plain = plain,
    };
    return ERR_OK;
}

void segment_scan_close(struct segment_scan *scan)
{
    if (scan->plain != NULL) {
        sodium_memzero(scan->plain, SEGMENT_FRAME_LEN);
    }
    free(scan->frame);
    free(scan->plain);
    scan->frame = NULL;
    scan->plain = NULL;
}

/* How many numbers the record that was just opened covers. */
static uint32_t count_of(const struct segment_scan *scan, size_t at)
{
    return is_run(scan->frame[at]) ? octets_get_u32be(scan->plain) : 1;
}

/* Try the record at an offset of the frame under a number. */
static bool opens(struct segment_scan *scan, size_t at, uint64_t number)
{
    struct octets_room plain = {.at = scan->plain, .cap = SEGMENT_FRAME_LEN};
    if (segment_unseal(&plain, scan->segment, number,
                       octets_of(scan->frame + at, scan->frame_len - at)) != ERR_OK) {
        return false;
    }
    uint32_t count = count_of(scan, at);
    return count > 0 && number - scan->segment->first + count <= SEGMENT_NUMBERS_MAX;
}

static void take(struct segment_scan *scan, struct segment_record *record, size_t at,
                 uint64_t number)
{
    size_t plain_len = octets_get_u16be(scan->frame + at + 1);
    uint8_t mark = scan->frame[at];
    uint32_t count = count_of(scan, at);
    scan->unsure_count += number - scan->next;
    if (mark == MARK_BATCH_FIRST) {
        scan->damaged_count += scan->unsure_count;
        scan->unsure_count = 0;
    }
    scan->at = at + plain_len + SEGMENT_OVERHEAD;
    scan->number = number + count;
    scan->next = number + count;
    scan->records_end = scan->frame_offset + scan->at;
    *record = (struct segment_record){
        .kind = mark == MARK_PURGED ? SEGMENT_PURGED
                : mark == MARK_LOST ? SEGMENT_LOST
                                    : SEGMENT_RECORD,
        .count = count,
        .number = number,
        .offset = scan->frame_offset + at,
        .plain = octets_of(scan->plain, is_run(mark) ? 0 : plain_len),
    };
}

/* Whether only padding is left in the frame. */
static bool padding_only(const struct segment_scan *scan)
{
    for (size_t i = scan->at; i < scan->frame_len; i++) {
        if (scan->frame[i] != 0) {
            return false;
        }
    }
    return true;
}

/* Something in the frame does not open: look for the next record that does. */
static bool resync(struct segment_scan *scan, struct segment_record *record)
{
    for (size_t at = scan->at + 1; at < scan->frame_len; at++) {
        if (!header_plausible(scan->frame + at, scan->frame_len - at)) {
            continue;
        }
        for (uint64_t skipped = 0; skipped <= RESYNC_NUMBERS; skipped++) {
            if (opens(scan, at, scan->number + skipped)) {
                take(scan, record, at, scan->number + skipped);
                return true;
            }
        }
    }
    return false;
}

/* The next record of the frame in memory, if there is one. */
static bool next_in_frame(struct segment_scan *scan, struct segment_record *record)
{
    if (scan->at >= scan->frame_len || padding_only(scan)) {
        return false;
    }
    if (opens(scan, scan->at, scan->number)) {
        take(scan, record, scan->at, scan->number);
        return true;
    }
    /* A frame whose number is damaged goes on where the one before it ended. */
    if (scan->at == FRAME_HEADER_LEN && scan->number != scan->next &&
        opens(scan, scan->at, scan->next)) {
        take(scan, record, scan->at, scan->next);
        return true;
    }
    return resync(scan, record);
}

static enum err_code load_frame(struct segment_scan *scan, uint64_t offset, struct err_note *note)
{
    uint64_t left = scan->end - offset;
    size_t len = left < SEGMENT_FRAME_LEN ? (size_t)left : SEGMENT_FRAME_LEN;
    size_t got = 0;
    enum err_code rc =
        scan->files->read_at(scan->files, scan->file, scan->frame, &got, len, offset, note);
    if (rc != ERR_OK) {
        return rc;
    }
    scan->frame_offset = offset;
    scan->frame_len = got;
    scan->at = FRAME_HEADER_LEN;
    scan->number = scan->next;
    if (got >= FRAME_HEADER_LEN) {
        /* A number that jumps further than a segment can hold is damage itself. */
        uint64_t number = scan->segment->first + octets_get_u32be(scan->frame);
        if (number >= scan->next && number - scan->segment->first <= SEGMENT_NUMBERS_MAX) {
            scan->number = number;
        }
    }
    return ERR_OK;
}

enum err_code segment_scan_next(struct segment_scan *scan, struct segment_record *record,
                                struct err_note *note)
{
    for (;;) {
        if (scan->frame_len > 0 && next_in_frame(scan, record)) {
            return ERR_OK;
        }
        uint64_t offset = scan->frame_len == 0 ? 0 : scan->frame_offset + SEGMENT_FRAME_LEN;
        if (offset >= scan->end) {
            return ERR_NOT_FOUND;
        }
        enum err_code rc = load_frame(scan, offset, note);
        if (rc != ERR_OK) {
            return rc;
        }
        if (scan->frame_len == 0) {
            return ERR_NOT_FOUND; /* the file shrank under us */
        }
    }
}
