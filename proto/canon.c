#include "proto/canon.h"

#include <assert.h>

/* The first octet of a value and what follows it: a big-endian number of `width` octets that
 * must be at least `least`, since anything smaller has a shorter form. */
struct form {
    bool valid;
    enum canon_type type;
    uint8_t width;
    uint64_t least;
};

#define FORMS_FIRST 0xc0
#define FORMS_LAST  0xdf
#define NOT_NESTED  UINT64_MAX

static const struct form forms[FORMS_LAST - FORMS_FIRST + 1] = {
    [0xc2 - FORMS_FIRST] = {true, CANON_BOOL, 0, 0},
    [0xc3 - FORMS_FIRST] = {true, CANON_BOOL, 0, 0},
    [0xc4 - FORMS_FIRST] = {true, CANON_BIN, 1, 0},
    [0xc5 - FORMS_FIRST] = {true, CANON_BIN, 2, 0x100},
    [0xc6 - FORMS_FIRST] = {true, CANON_BIN, 4, 0x10000},
    [0xcc - FORMS_FIRST] = {true, CANON_UINT, 1, 0x80},
    [0xcd - FORMS_FIRST] = {true, CANON_UINT, 2, 0x100},
    [0xce - FORMS_FIRST] = {true, CANON_UINT, 4, 0x10000},
    [0xcf - FORMS_FIRST] = {true, CANON_UINT, 8, UINT64_C(0x100000000)},
    [0xd9 - FORMS_FIRST] = {true, CANON_STR, 1, 0x20},
    [0xda - FORMS_FIRST] = {true, CANON_STR, 2, 0x100},
    [0xdb - FORMS_FIRST] = {true, CANON_STR, 4, 0x10000},
    [0xdc - FORMS_FIRST] = {true, CANON_ARRAY, 2, 0x10},
    [0xdd - FORMS_FIRST] = {true, CANON_ARRAY, 4, 0x10000},
    [0xde - FORMS_FIRST] = {true, CANON_MAP, 2, 0x10},
    [0xdf - FORMS_FIRST] = {true, CANON_MAP, 4, 0x10000},
};

struct head {
    enum canon_type type;
    uint64_t value; /* the number, the length, the count, or 0 and 1 */
    size_t len;     /* octets of the head itself */
};

static enum err_code head_of_form(struct head *head, const struct canon_reader *r)
{
    const struct form *form = &forms[r->at[0] - FORMS_FIRST];
    if (!form->valid) {
        return ERR_MALFORMED;
    }
    if (form->type == CANON_BOOL) {
        *head = (struct head){CANON_BOOL, r->at[0] == 0xc3, 1};
        return ERR_OK;
    }
    if (r->left < (size_t)form->width + 1) {
        return ERR_TRUNCATED;
    }
    uint64_t value = 0;
    for (size_t i = 1; i <= form->width; i++) {
        value = (value << 8) | r->at[i];
    }
    if (value < form->least) {
        return ERR_MALFORMED;
    }
    *head = (struct head){form->type, value, (size_t)form->width + 1};
    return ERR_OK;
}

static enum err_code head_read(struct head *head, const struct canon_reader *r)
{
    if (r->left == 0) {
        return ERR_TRUNCATED;
    }
    uint8_t first = r->at[0];
    if (first < 0x80) {
        *head = (struct head){CANON_UINT, first, 1};
    } else if (first < 0x90) {
        *head = (struct head){CANON_MAP, first & 0x0fU, 1};
    } else if (first < 0xa0) {
        *head = (struct head){CANON_ARRAY, first & 0x0fU, 1};
    } else if (first < 0xc0) {
        *head = (struct head){CANON_STR, first & 0x1fU, 1};
    } else if (first <= FORMS_LAST) {
        return head_of_form(head, r);
    } else {
        return ERR_MALFORMED; /* negative numbers */
    }
    return ERR_OK;
}

static enum err_code head_expect(struct head *head, const struct canon_reader *r,
                                 enum canon_type type, uint64_t value_max)
{
    enum err_code rc = head_read(head, r);
    if (rc != ERR_OK) {
        return rc;
    }
    return head->type == type && head->value <= value_max ? ERR_OK : ERR_MALFORMED;
}

static void advance(struct canon_reader *r, size_t len)
{
    assert(len <= r->left);
    r->at += len;
    r->left -= len;
}

struct canon_reader canon_reader_of(struct octets octets)
{
    return (struct canon_reader){octets.at, octets.len};
}

enum err_code canon_peek(const struct canon_reader *r, enum canon_type *type)
{
    struct head head;
    enum err_code rc = head_read(&head, r);
    if (rc == ERR_OK) {
        *type = head.type;
    }
    return rc;
}

enum err_code canon_read_uint(struct canon_reader *r, uint64_t *value, uint64_t max)
{
    struct head head;
    enum err_code rc = head_expect(&head, r, CANON_UINT, max);
    if (rc == ERR_OK) {
        *value = head.value;
        advance(r, head.len);
    }
    return rc;
}

enum err_code canon_read_bool(struct canon_reader *r, bool *value)
{
    struct head head;
    enum err_code rc = head_expect(&head, r, CANON_BOOL, 1);
    if (rc == ERR_OK) {
        *value = head.value != 0;
        advance(r, head.len);
    }
    return rc;
}

static enum err_code run_read(struct canon_reader *r, struct octets *run, enum canon_type type,
                              size_t len_max)
{
    struct head head;
    enum err_code rc = head_expect(&head, r, type, len_max);
    if (rc != ERR_OK) {
        return rc;
    }
    if (r->left - head.len < head.value) {
        return ERR_TRUNCATED;
    }
    struct octets octets = octets_of(r->at + head.len, (size_t)head.value);
    if (type == CANON_STR && !canon_utf8_valid(octets)) {
        return ERR_MALFORMED;
    }
    *run = octets;
    advance(r, head.len + octets.len);
    return ERR_OK;
}

enum err_code canon_read_str(struct canon_reader *r, struct octets *text, size_t len_max)
{
    return run_read(r, text, CANON_STR, len_max);
}

enum err_code canon_read_bin(struct canon_reader *r, struct octets *octets, size_t len_max)
{
    return run_read(r, octets, CANON_BIN, len_max);
}

enum err_code canon_read_bin_head(struct canon_reader *r, uint32_t *len)
{
    struct head head;
    enum err_code rc = head_expect(&head, r, CANON_BIN, UINT32_MAX);
    if (rc == ERR_OK) {
        *len = (uint32_t)head.value;
        advance(r, head.len);
    }
    return rc;
}

enum err_code canon_read_bin_exact(struct canon_reader *r, uint8_t *out, size_t len)
{
    struct canon_reader ahead = *r;
    struct octets octets;
    enum err_code rc = canon_read_bin(&ahead, &octets, len);
    if (rc != ERR_OK) {
        return rc;
    }
    if (octets.len != len) {
        return ERR_MALFORMED;
    }
    if (len > 0) {
        memcpy(out, octets.at, len);
    }
    *r = ahead;
    return ERR_OK;
}

static enum err_code count_read(struct canon_reader *r, uint32_t *count, enum canon_type type,
                                uint32_t count_max)
{
    struct head head;
    enum err_code rc = head_expect(&head, r, type, count_max);
    if (rc != ERR_OK) {
        return rc;
    }
    uint64_t items = type == CANON_MAP ? 2 * head.value : head.value;
    if (r->left - head.len < items) {
        return ERR_TRUNCATED;
    }
    *count = (uint32_t)head.value;
    advance(r, head.len);
    return ERR_OK;
}

enum err_code canon_read_array(struct canon_reader *r, uint32_t *count, uint32_t count_max)
{
    return count_read(r, count, CANON_ARRAY, count_max);
}

enum err_code canon_read_map(struct canon_reader *r, uint32_t *pairs_count, uint32_t count_max)
{
    return count_read(r, pairs_count, CANON_MAP, count_max);
}

/* Consume one value, of an array or a map only the head; *items is how many values stand inside
 * it, or NOT_NESTED. */
static enum err_code skip_one(struct canon_reader *r, uint64_t *items, bool maps_allowed)
{
    struct head head;
    enum err_code rc = head_read(&head, r);
    if (rc != ERR_OK) {
        return rc;
    }
    uint32_t count = 0;
    struct octets run;
    *items = NOT_NESTED;
    switch (head.type) {
    case CANON_UINT:
    case CANON_BOOL:
        advance(r, head.len);
        return ERR_OK;
    case CANON_STR:
    case CANON_BIN:
        return run_read(r, &run, head.type, UINT32_MAX);
    case CANON_MAP:
        if (!maps_allowed) {
            return ERR_MALFORMED;
        }
        break;
    case CANON_ARRAY:
        break;
    }
    rc = count_read(r, &count, head.type, UINT32_MAX);
    *items = head.type == CANON_MAP ? 2 * (uint64_t)count : count;
    return rc;
}

/* A list of open arrays instead of recursion: what a peer nests must not become our stack. */
static enum err_code skip(struct canon_reader *r, struct octets *whole, bool maps_allowed)
{
    struct canon_reader ahead = *r;
    uint64_t open[CANON_DEPTH_MAX + 1]; /* values still to come, at each depth */
    size_t depth = 0;
    open[0] = 1;
    while (depth > 0 || open[0] > 0) {
        if (open[depth] == 0) {
            depth--;
            continue;
        }
        open[depth]--;
        uint64_t items;
        enum err_code rc = skip_one(&ahead, &items, maps_allowed);
        if (rc != ERR_OK) {
            return rc;
        }
        if (items != NOT_NESTED) {
            if (depth == CANON_DEPTH_MAX) {
                return ERR_MALFORMED;
            }
            open[++depth] = items;
        }
    }
    if (whole != NULL) {
        *whole = octets_of(r->at, r->left - ahead.left);
    }
    *r = ahead;
    return ERR_OK;
}

enum err_code canon_skip(struct canon_reader *r, struct octets *whole)
{
    return skip(r, whole, true);
}

enum err_code canon_skip_mapless(struct canon_reader *r, struct octets *whole)
{
    return skip(r, whole, false);
}

enum err_code canon_end(const struct canon_reader *r)
{
    return r->left == 0 ? ERR_OK : ERR_MALFORMED;
}
