#include <assert.h>
#include <stdlib.h>

#include "proto/address_book_inner.h"
#include "proto/contact.h"

#define VERSION    1
#define HOUR_S     3600
#define HOURS_MAX  (UINT64_C(1) << 32)
#define ROW_MAX    (1 + CONTACT_WIRE_MAX + 9 + 9 + 9 + 5)
#define HEAD_MAX   64
#define FIELDS     5
#define ROW_FIELDS 5

size_t address_book_encoded_cap(const struct address_book *book)
{
    struct address_book_stats stats = address_book_stats(book);
    return HEAD_MAX + ADDRESS_BOOK_ANCHORS_MAX * CONTACT_WIRE_MAX +
           ((size_t)stats.new_count + stats.tried_count) * ROW_MAX;
}

/* A time within the hour is written as one that is not 0, which says never. */
static uint64_t hours_of(uint64_t time_s)
{
    uint64_t hours = (time_s + HOUR_S - 1) / HOUR_S;
    return hours < HOURS_MAX ? hours : HOURS_MAX;
}

static void write_rows(struct canon_writer *w, struct known *const *places, size_t places_count,
                       uint32_t count)
{
    canon_write_array(w, count);
    for (size_t i = 0; i < places_count; i++) {
        const struct known *known = places[i];
        if (known != NULL) {
            canon_write_array(w, ROW_FIELDS);
            contact_write(w, &known->address);
            canon_write_uint(w, known->source_group);
            canon_write_uint(w, hours_of(known->heard_s));
            canon_write_uint(w, hours_of(known->good_s));
            canon_write_uint(w, known->fails_count);
        }
    }
}

size_t address_book_encode(const struct address_book *book, uint8_t *out, size_t cap)
{
    struct address_book_stats stats = address_book_stats(book);
    struct canon_writer w = canon_writer_of(out, cap);
    canon_write_array(&w, FIELDS);
    canon_write_uint(&w, VERSION);
    canon_write_bin(&w, octets_of(book->key, sizeof book->key));
    canon_write_array(&w, (uint32_t)book->anchors_count);
    for (size_t i = 0; i < book->anchors_count; i++) {
        contact_write(&w, &book->anchors[i]);
    }
    write_rows(&w, book->fresh, NEW_PLACES, stats.new_count);
    write_rows(&w, book->tried, TRIED_PLACES, stats.tried_count);
    return canon_written(&w).len;
}

/* ---- Reading ------------------------------------------------------------------------------ */

struct row {
    struct address address;
    uint64_t source_group;
    uint64_t heard_h;
    uint64_t good_h;
    uint64_t fails_count;
};

static enum err_code read_row(struct canon_reader *r, struct row *row)
{
    uint32_t fields = 0;
    enum err_code rc = canon_read_array(r, &fields, ROW_FIELDS);
    if (rc == ERR_OK && fields != ROW_FIELDS) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        rc = contact_read(r, &row->address);
    }
    if (rc == ERR_OK) {
        rc = canon_read_uint(r, &row->source_group, UINT64_MAX);
    }
    if (rc == ERR_OK) {
        rc = canon_read_uint(r, &row->heard_h, HOURS_MAX);
    }
    if (rc == ERR_OK) {
        rc = canon_read_uint(r, &row->good_h, HOURS_MAX);
    }
    return rc == ERR_OK ? canon_read_uint(r, &row->fails_count, FAILS_MAX) : rc;
}

/* Each row has the place its hashes give it; two that claim one are no book of ours. */
static enum err_code place_row(struct address_book *book, const struct row *row, bool tried)
{
    struct known *known = known_new(book, &row->address);
    if (known == NULL) {
        return ERR_NO_MEMORY;
    }
    known->source_group = row->source_group;
    known->heard_s = row->heard_h * HOUR_S;
    known->good_s = row->good_h * HOUR_S;
    known->fails_count = (uint32_t)row->fails_count;
    size_t place = tried ? tried_place(book, known) : new_place(book, known);
    bool taken = tried ? book->tried[place] != NULL : book->fresh[place] != NULL;
    if (taken || (tried && known->good_s == 0)) {
        free(known);
        return ERR_MALFORMED;
    }
    if (tried) {
        book->tried[place] = known;
    } else {
        new_set(book, place, known);
    }
    return ERR_OK;
}

static enum err_code read_rows(struct canon_reader *r, struct address_book *book, bool tried)
{
    uint32_t count = 0;
    enum err_code rc = canon_read_array(r, &count, tried ? TRIED_PLACES : NEW_PLACES);
    for (uint32_t i = 0; rc == ERR_OK && i < count; i++) {
        struct row row;
        rc = read_row(r, &row);
        if (rc == ERR_OK) {
            rc = place_row(book, &row, tried);
        }
    }
    return rc;
}

static enum err_code read_anchors(struct canon_reader *r, struct address_book *book)
{
    uint32_t count = 0;
    enum err_code rc = canon_read_array(r, &count, ADDRESS_BOOK_ANCHORS_MAX);
    for (uint32_t i = 0; rc == ERR_OK && i < count; i++) {
        rc = contact_read(r, &book->anchors[i]);
    }
    book->anchors_count = rc == ERR_OK ? count : 0;
    return rc;
}

static enum err_code read_head(struct canon_reader *r, uint8_t key[ADDRESS_BOOK_KEY_LEN])
{
    uint32_t fields = 0;
    uint64_t version = 0;
    enum err_code rc = canon_read_array(r, &fields, FIELDS);
    if (rc == ERR_OK && fields != FIELDS) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        rc = canon_read_uint(r, &version, VERSION);
    }
    if (rc == ERR_OK && version != VERSION) {
        rc = ERR_MALFORMED;
    }
    return rc == ERR_OK ? canon_read_bin_exact(r, key, ADDRESS_BOOK_KEY_LEN) : rc;
}

enum err_code address_book_decode(struct address_book **book, struct octets encoded)
{
    struct canon_reader r = canon_reader_of(encoded);
    uint8_t key[ADDRESS_BOOK_KEY_LEN];
    struct address_book *made = NULL;
    enum err_code rc = read_head(&r, key);
    if (rc == ERR_OK) {
        rc = address_book_new(&made, key);
    }
    if (rc == ERR_OK) {
        rc = read_anchors(&r, made);
    }
    if (rc == ERR_OK) {
        rc = read_rows(&r, made, false);
    }
    if (rc == ERR_OK) {
        rc = read_rows(&r, made, true);
    }
    if (rc == ERR_OK) {
        rc = canon_end(&r);
    }
    if (rc != ERR_OK) {
        address_book_free(made);
        return rc;
    }
    *book = made;
    return ERR_OK;
}
