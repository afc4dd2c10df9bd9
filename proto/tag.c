#include "proto/tag.h"

#include <utf8proc.h>

#include "proto/canon.h"
#include "proto/tag_assigned.h"

/* The longest compatibility decomposition is 18 code points for 3 octets, so whatever fits a tag
 * fits here decomposed. */
#define CODE_POINTS_MAX 512

static const utf8proc_option_t nfkc_casefold =
    UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;

static bool is_plain(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool all_plain(struct octets text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_plain(text.at[i])) {
            return false;
        }
    }
    return true;
}

/* The range that holds the code point, or NULL: it is unassigned. */
static const struct tag_range *range_of(uint32_t code_point)
{
    size_t low = 0;
    size_t high = tag_ranges_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct tag_range *range = &tag_ranges[middle];
        if (code_point < range->first) {
            high = middle;
        } else if (code_point > range->last) {
            low = middle + 1;
        } else {
            return range;
        }
    }
    return NULL;
}

/* A library newer than the table could fold what the table does not know into what it does. */
static bool all_assigned(struct octets text)
{
    const uint8_t *at = text.at;
    utf8proc_ssize_t left = (utf8proc_ssize_t)text.len;
    while (left > 0) {
        utf8proc_int32_t code_point;
        utf8proc_ssize_t len = utf8proc_iterate(at, left, &code_point);
        if (len <= 0 || range_of((uint32_t)code_point) == NULL) {
            return false;
        }
        at += len;
        left -= len;
    }
    return true;
}

static enum err_code encode(uint8_t out[TAG_MAX], size_t *out_len,
                            const utf8proc_int32_t *code_points, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        const struct tag_range *range = range_of((uint32_t)code_points[i]);
        if (range == NULL || !range->stands) {
            return ERR_MALFORMED;
        }
        uint8_t character[4];
        size_t character_len = (size_t)utf8proc_encode_char(code_points[i], character);
        if (len + character_len > TAG_MAX) {
            return ERR_TOO_LARGE;
        }
        memcpy(out + len, character, character_len);
        len += character_len;
    }
    *out_len = len;
    return len > 0 ? ERR_OK : ERR_MALFORMED;
}

/* text is well-formed. */
static enum err_code fold(uint8_t out[TAG_MAX], size_t *out_len, struct octets text)
{
    utf8proc_int32_t code_points[CODE_POINTS_MAX];
    utf8proc_ssize_t count = utf8proc_decompose(text.at, (utf8proc_ssize_t)text.len, code_points,
                                                CODE_POINTS_MAX, nfkc_casefold);
    if (count > CODE_POINTS_MAX) {
        return ERR_TOO_LARGE;
    }
    if (count > 0) {
        count = utf8proc_normalize_utf32(code_points, count, nfkc_casefold);
    }
    return count > 0 ? encode(out, out_len, code_points, (size_t)count) : ERR_MALFORMED;
}

bool tag_valid(struct octets text)
{
    if (text.len == 0 || text.len > TAG_MAX) {
        return false;
    }
    if (all_plain(text)) {
        return true;
    }
    uint8_t folded[TAG_MAX];
    size_t folded_len;
    return canon_utf8_valid(text) && fold(folded, &folded_len, text) == ERR_OK &&
           octets_equal(text, octets_of(folded, folded_len));
}

enum err_code tag_normalise(uint8_t out[TAG_MAX], size_t *out_len, struct octets text)
{
    if (text.len > 0 && text.at[0] == '#') {
        text = octets_of(text.at + 1, text.len - 1);
    }
    if (!canon_utf8_valid(text) || !all_assigned(text)) {
        return ERR_MALFORMED;
    }
    uint8_t folded[TAG_MAX];
    size_t folded_len;
    enum err_code rc = fold(folded, &folded_len, text);
    if (rc != ERR_OK) {
        return rc;
    }
    /* What is handed out must be valid in a post, whatever the library makes of rare sequences. */
    if (!tag_valid(octets_of(folded, folded_len))) {
        return ERR_MALFORMED;
    }
    memcpy(out, folded, folded_len);
    *out_len = folded_len;
    return ERR_OK;
}
