/* canon.h - the canonical subset of msgpack, the only file family that knows msgpack (SPEC 2).
 *
 * One encoding is valid for each value: shortest integers (unsigned only), str for text
 * (well-formed UTF-8), bin for octets, booleans, arrays and maps with the shortest header.  No nil,
 * floats, negative numbers or extensions.  Posts use no maps; control messages may.
 *
 * Reader and writer allocate nothing.  Every length counts octets. */
#ifndef KITH_PROTO_CANON_H
#define KITH_PROTO_CANON_H

#include "proto/err.h"
#include "proto/octets.h"

enum canon_type {
    CANON_UINT,
    CANON_STR,
    CANON_BIN,
    CANON_BOOL,
    CANON_ARRAY,
    CANON_MAP,
};

#define CANON_DEPTH_MAX 8 /* nesting that canon_skip() and canon_check() accept */

/* What is left to read.  Borrows; copy it to look ahead. */
struct canon_reader {
    const uint8_t *at;
    size_t left;
};

struct canon_reader canon_reader_of(struct octets octets);

/* All canon_read_*(): on ERR_OK the value is consumed, else reader and outputs are unchanged.
 *
 *   ERR_TRUNCATED  the octets stop early
 *   ERR_MALFORMED  another type, not the shortest form, not UTF-8, or above the bound given */
MUST_USE enum err_code canon_peek(const struct canon_reader *r, enum canon_type *type);
MUST_USE enum err_code canon_read_uint(struct canon_reader *r, uint64_t *value, uint64_t max);
MUST_USE enum err_code canon_read_bool(struct canon_reader *r, bool *value);
MUST_USE enum err_code canon_read_str(struct canon_reader *r, struct octets *text, size_t len_max);
MUST_USE enum err_code canon_read_bin(struct canon_reader *r, struct octets *octets,
                                      size_t len_max);
/* The header alone; len octets should follow, and fewer may be left. */
MUST_USE enum err_code canon_read_bin_head(struct canon_reader *r, uint32_t *len);
/* Exactly len octets of bin, copied out. */
MUST_USE enum err_code canon_read_bin_exact(struct canon_reader *r, uint8_t *out, size_t len);
/* The header alone; the items follow.  Also ERR_TRUNCATED when fewer octets are left than items,
 * so that a declared count never exceeds what was received. */
MUST_USE enum err_code canon_read_array(struct canon_reader *r, uint32_t *count,
                                        uint32_t count_max);
MUST_USE enum err_code canon_read_map(struct canon_reader *r, uint32_t *pairs_count,
                                      uint32_t count_max);
/* One whole value of any type, checked for canonical form, at most CANON_DEPTH_MAX deep; *whole
 * (may be NULL) borrows its octets. */
MUST_USE enum err_code canon_skip(struct canon_reader *r, struct octets *whole);
/* The same, but a map anywhere in it is ERR_MALFORMED: posts hold none. */
MUST_USE enum err_code canon_skip_mapless(struct canon_reader *r, struct octets *whole);
/* ERR_MALFORMED if anything is left. */
MUST_USE enum err_code canon_end(const struct canon_reader *r);

/* Writes into the caller's room.  Once something does not fit, overflow is set and nothing more is
 * written; check it once at the end. */
struct canon_writer {
    struct octets_room room;
    bool overflow;
};

struct canon_writer canon_writer_of(uint8_t *at, size_t cap);
void canon_write_uint(struct canon_writer *w, uint64_t value);
void canon_write_bool(struct canon_writer *w, bool value);
/* Asserts that text is well-formed UTF-8. */
void canon_write_str(struct canon_writer *w, struct octets text);
void canon_write_bin(struct canon_writer *w, struct octets octets);
/* The header alone; the caller puts len octets after it. */
void canon_write_bin_head(struct canon_writer *w, uint32_t len);
void canon_write_array(struct canon_writer *w, uint32_t count);
void canon_write_map(struct canon_writer *w, uint32_t pairs_count);
/* Octets that are already canonical, as they are. */
void canon_write_raw(struct canon_writer *w, struct octets octets);
/* What was written; asserts that there was no overflow. */
struct octets canon_written(const struct canon_writer *w);

/* Whether text is well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). */
bool canon_utf8_valid(struct octets text);

#endif
