#include "store/segment_table.h"

#include <stdlib.h>

#define LEN_PURGED   0
#define LEN_LOST     0xffff
#define ANCHOR_EVERY 64
#define MAGIC_LEN    8

_Static_assert(SEGMENT_PLAIN_MAX + 1 < LEN_LOST, "a length and what is none are told apart");

static const uint8_t magic[MAGIC_LEN] = {'l', 'e', 'n', 'g', 't', 'h', 's', 1};

static bool is_run(uint16_t entry)
{
    return entry == LEN_PURGED || entry == LEN_LOST;
}

static size_t record_len_of(uint16_t entry)
{
    return is_run(entry) ? SEGMENT_RUN_LEN : (size_t)entry - 1 + SEGMENT_OVERHEAD;
}

/* Whether the entry goes on with the run before it. */
static bool continues(const struct segment_cursor *cursor, size_t index, uint16_t entry)
{
    return index > 0 && is_run(entry) && cursor->before == entry;
}

/* Where the record of this entry is expected. */
static uint32_t expected(const struct segment_cursor *cursor, uint16_t entry)
{
    return (uint32_t)segment_place(cursor->end, record_len_of(entry));
}

static void advance(struct segment_cursor *cursor, size_t index, uint32_t offset, uint16_t entry)
{
    if (!continues(cursor, index, entry)) {
        cursor->end = offset + (uint32_t)record_len_of(entry);
    }
    cursor->before = entry;
}

static enum err_code reserve_lens(struct segment_table *table, size_t more)
{
    size_t wanted = table->lens_count + more;
    if (wanted <= table->lens_cap) {
        return ERR_OK;
    }
    size_t cap = table->lens_cap == 0 ? 32 : table->lens_cap + table->lens_cap / 2;
    cap = cap < wanted ? wanted : cap;
    uint16_t *grown = realloc(table->lens, cap * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    table->lens = grown;
    table->lens_cap = cap;
    return ERR_OK;
}

static enum err_code reserve_anchor(struct segment_table *table)
{
    if (table->anchors_count < table->anchors_cap) {
        return ERR_OK;
    }
    size_t cap = table->anchors_cap == 0 ? 4 : table->anchors_cap + table->anchors_cap / 2;
    struct segment_anchor *grown = realloc(table->anchors, cap * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    table->anchors = grown;
    table->anchors_cap = cap;
    return ERR_OK;
}

static bool needs_anchor(const struct segment_table *table, uint64_t offset, uint16_t entry)
{
    if (table->anchors_count == 0 || offset != expected(&table->cursor, entry)) {
        return true;
    }
    return table->lens_count - table->anchors[table->anchors_count - 1].index >= ANCHOR_EVERY;
}

enum err_code segment_table_record(struct segment_table *table, uint64_t offset, size_t plain_len)
{
    assert(plain_len <= SEGMENT_PLAIN_MAX && offset <= SEGMENT_LEN_MAX);
    uint16_t entry = (uint16_t)(plain_len + 1);
    enum err_code rc = reserve_lens(table, 1);
    if (rc == ERR_OK) {
        rc = reserve_anchor(table);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (needs_anchor(table, offset, entry)) {
        table->anchors[table->anchors_count++] = (struct segment_anchor){
            .index = (uint32_t)table->lens_count, .offset = (uint32_t)offset};
    }
    advance(&table->cursor, table->lens_count, (uint32_t)offset, entry);
    table->lens[table->lens_count++] = entry;
    return ERR_OK;
}

enum err_code segment_table_run(struct segment_table *table, enum segment_kind kind, size_t count)
{
    assert(kind != SEGMENT_RECORD);
    enum err_code rc = reserve_lens(table, count);
    if (rc != ERR_OK) {
        return rc;
    }
    uint16_t entry = kind == SEGMENT_PURGED ? LEN_PURGED : LEN_LOST;
    for (size_t i = 0; i < count; i++) {
        advance(&table->cursor, table->lens_count, expected(&table->cursor, entry), entry);
        table->lens[table->lens_count++] = entry;
    }
    return ERR_OK;
}

void segment_table_trim(struct segment_table *table)
{
    if (table->lens_count > 0 && table->lens_count < table->lens_cap) {
        uint16_t *lens = realloc(table->lens, table->lens_count * sizeof *lens);
        if (lens != NULL) {
            table->lens = lens;
            table->lens_cap = table->lens_count;
        }
    }
    if (table->anchors_count > 0 && table->anchors_count < table->anchors_cap) {
        struct segment_anchor *anchors =
            realloc(table->anchors, table->anchors_count * sizeof *anchors);
        if (anchors != NULL) {
            table->anchors = anchors;
            table->anchors_cap = table->anchors_count;
        }
    }
}

void segment_table_close(struct segment_table *table)
{
    free(table->lens);
    free(table->anchors);
    *table = (struct segment_table){0};
}

/* The last anchor at or before this index; there is one before every record. */
static const struct segment_anchor *anchor_of(const struct segment_table *table, uint64_t index)
{
    size_t low = 0;
    size_t high = table->anchors_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (table->anchors[middle].index <= index) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &table->anchors[low];
}

enum err_code segment_table_find(const struct segment_table *table, uint64_t *offset,
                                 size_t *plain_len, uint64_t index)
{
    assert(index < table->lens_count);
    uint16_t entry = table->lens[index];
    if (is_run(entry)) {
        return entry == LEN_PURGED ? ERR_NOT_FOUND : ERR_DAMAGED;
    }
    const struct segment_anchor *anchor = anchor_of(table, index);
    struct segment_cursor cursor = {0};
    uint32_t at = anchor->offset;
    for (uint64_t i = anchor->index; i < index; i++) {
        advance(&cursor, (size_t)(i - anchor->index), at, table->lens[i]);
        at = expected(&cursor, table->lens[i + 1]);
    }
    *offset = at;
    *plain_len = (size_t)entry - 1;
    return ERR_OK;
}

/* How many anchors stand where a record is not expected, written behind out where there is one. */
static size_t put_unexpected(const struct segment_table *table, uint8_t *out)
{
    struct segment_cursor cursor = {0};
    size_t next = 0;
    size_t count = 0;
    for (size_t i = 0; i < table->lens_count; i++) {
        uint32_t at = expected(&cursor, table->lens[i]);
        if (next < table->anchors_count && table->anchors[next].index == i) {
            const struct segment_anchor *anchor = &table->anchors[next];
            next++;
            if (anchor->offset != at) {
                if (out != NULL) {
                    octets_put_u32be(out + count * 8, anchor->index);
                    octets_put_u32be(out + count * 8 + 4, anchor->offset);
                }
                count++;
            }
            at = anchor->offset;
        }
        advance(&cursor, i, at, table->lens[i]);
    }
    return count;
}

enum err_code segment_table_encode(const struct segment_table *table, uint8_t **octets, size_t *len)
{
    size_t unexpected_count = put_unexpected(table, NULL);
    size_t lens_len = table->lens_count * 2;
    size_t whole_len = MAGIC_LEN + 4 + lens_len + 4 + unexpected_count * 8;
    uint8_t *out = malloc(whole_len);
    if (out == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(out, magic, MAGIC_LEN);
    octets_put_u32be(out + MAGIC_LEN, (uint32_t)table->lens_count);
    for (size_t i = 0; i < table->lens_count; i++) {
        octets_put_u16be(out + MAGIC_LEN + 4 + i * 2, table->lens[i]);
    }
    octets_put_u32be(out + MAGIC_LEN + 4 + lens_len, (uint32_t)unexpected_count);
    (void)put_unexpected(table, out + MAGIC_LEN + 4 + lens_len + 4);
    *octets = out;
    *len = whole_len;
    return ERR_OK;
}

/* The lists inside such octets. */
struct encoded {
    const uint8_t *lens;
    size_t lens_count;
    const uint8_t *unexpected;
    size_t unexpected_count;
};

static bool split(struct encoded *encoded, struct octets octets)
{
    if (octets.len < MAGIC_LEN + 8 || memcmp(octets.at, magic, MAGIC_LEN) != 0) {
        return false;
    }
    size_t left = octets.len - MAGIC_LEN - 8;
    size_t lens_count = octets_get_u32be(octets.at + MAGIC_LEN);
    if (lens_count > SEGMENT_NUMBERS_MAX || lens_count * 2 > left) {
        return false;
    }
    left -= lens_count * 2;
    const uint8_t *rest = octets.at + MAGIC_LEN + 4 + lens_count * 2;
    size_t unexpected_count = octets_get_u32be(rest);
    if (unexpected_count > lens_count || unexpected_count * 8 != left) {
        return false;
    }
    *encoded = (struct encoded){.lens = octets.at + MAGIC_LEN + 4,
                                .lens_count = lens_count,
                                .unexpected = rest + 4,
                                .unexpected_count = unexpected_count};
    return true;
}

static enum err_code add_entry(struct segment_table *table, struct encoded *encoded, uint16_t entry)
{
    if (is_run(entry)) {
        return segment_table_run(table, entry == LEN_PURGED ? SEGMENT_PURGED : SEGMENT_LOST, 1);
    }
    uint64_t offset = expected(&table->cursor, entry);
    if (encoded->unexpected_count > 0 &&
        octets_get_u32be(encoded->unexpected) == table->lens_count) {
        offset = octets_get_u32be(encoded->unexpected + 4);
        encoded->unexpected += 8;
        encoded->unexpected_count--;
    }
    if ((size_t)entry - 1 > SEGMENT_PLAIN_MAX || offset + record_len_of(entry) > SEGMENT_LEN_MAX) {
        return ERR_MALFORMED;
    }
    return segment_table_record(table, offset, (size_t)entry - 1);
}

enum err_code segment_table_decode(struct segment_table *table, struct octets octets)
{
    struct encoded encoded;
    if (!split(&encoded, octets)) {
        return ERR_MALFORMED;
    }
    struct segment_table made = {0};
    enum err_code rc = reserve_lens(&made, encoded.lens_count);
    for (size_t i = 0; rc == ERR_OK && i < encoded.lens_count; i++) {
        rc = made.cursor.end > SEGMENT_LEN_MAX
                 ? ERR_MALFORMED
                 : add_entry(&made, &encoded, octets_get_u16be(encoded.lens + i * 2));
    }
    /* What is left of the list lies out of order, or names a number that holds nothing. */
    if (rc == ERR_OK && encoded.unexpected_count > 0) {
        rc = ERR_MALFORMED;
    }
    if (rc != ERR_OK) {
        segment_table_close(&made);
        return rc;
    }
    segment_table_trim(&made);
    *table = made;
    return ERR_OK;
}
