#include "cli/json.h"

#include <inttypes.h>
#include <stdbool.h>
#include <utf8proc.h>

#include "proto/canon.h"

/* Maps and arrays that are open: a list of them, not recursion. */
struct level {
    uint32_t left; /* values, or pairs of a map, still to come */
    bool is_map;
    bool any; /* one was printed: the next takes a comma */
};

/* What a terminal or an editor would act on instead of showing it.  Escaped it is the same text to
 * whoever reads the JSON. */
static bool is_escaped(utf8proc_int32_t c)
{
    return c < 0x20 || c == '"' || c == '\\' || (c >= 0x7f && c <= 0x9f) || c == 0xad ||
           c == 0x61c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb);
}

static void escape_print(FILE *out, utf8proc_int32_t c)
{
    switch (c) {
    case '"':
    case '\\':
        (void)fprintf(out, "\\%c", (int)c);
        break;
    case '\n':
        (void)fputs("\\n", out);
        break;
    case '\r':
        (void)fputs("\\r", out);
        break;
    case '\t':
        (void)fputs("\\t", out);
        break;
    default:
        (void)fprintf(out, "\\u%04x", (unsigned)c);
        break;
    }
}

/* Runs of plain text go out whole. */
static void string_print(FILE *out, struct octets text)
{
    size_t plain = 0; /* what is not written yet begins here */
    (void)fputc('"', out);
    for (size_t at = 0; at < text.len;) {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t used =
            utf8proc_iterate(text.at + at, (utf8proc_ssize_t)(text.len - at), &c);
        if (used > 0 && !is_escaped(c)) {
            at += (size_t)used;
            continue;
        }
        if (plain < at) {
            (void)fwrite(text.at + plain, 1, at - plain, out);
        }
        if (used > 0) {
            escape_print(out, c);
        } else {
            (void)fputs("\\ufffd", out);
        }
        at += used > 0 ? (size_t)used : 1;
        plain = at;
    }
    if (plain < text.len) {
        (void)fwrite(text.at + plain, 1, text.len - plain, out);
    }
    (void)fputc('"', out);
}

#define HEX_AT_ONCE 32

static void hex_print(FILE *out, struct octets octets)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * HEX_AT_ONCE];
    (void)fputc('"', out);
    for (size_t at = 0; at < octets.len;) {
        size_t used = 0;
        for (; at < octets.len && used < sizeof text; at++) {
            text[used++] = digits[octets.at[at] >> 4];
            text[used++] = digits[octets.at[at] & 0x0f];
        }
        (void)fwrite(text, 1, used, out);
    }
    (void)fputc('"', out);
}

static enum err_code scalar_print(FILE *out, struct canon_reader *r, enum canon_type type)
{
    uint64_t number = 0;
    bool yes = false;
    struct octets run = {0};
    enum err_code rc = ERR_MALFORMED;
    if (type == CANON_UINT) {
        rc = canon_read_uint(r, &number, UINT64_MAX);
    } else if (type == CANON_BOOL) {
        rc = canon_read_bool(r, &yes);
    } else if (type == CANON_STR) {
        rc = canon_read_str(r, &run, SIZE_MAX);
    } else if (type == CANON_BIN) {
        rc = canon_read_bin(r, &run, SIZE_MAX);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (type == CANON_UINT) {
        (void)fprintf(out, "%" PRIu64, number);
    } else if (type == CANON_BOOL) {
        (void)fputs(yes ? "true" : "false", out);
    } else if (type == CANON_STR) {
        string_print(out, run);
    } else {
        hex_print(out, run);
    }
    return ERR_OK;
}

/* Comma and, in a map, the name; *skipped when the pair is not for programs. */
static enum err_code lead_print(FILE *out, struct canon_reader *r, struct level *level,
                                bool *skipped)
{
    struct octets name = {0};
    *skipped = false;
    if (level->is_map) {
        enum err_code rc = canon_read_str(r, &name, SIZE_MAX);
        if (rc != ERR_OK) {
            return rc;
        }
        if (name.len > 0 && name.at[0] == '_') {
            *skipped = true;
            return canon_skip(r, NULL);
        }
    }
    if (level->any) {
        (void)fputc(',', out);
    }
    level->any = true;
    if (level->is_map) {
        string_print(out, name);
        (void)fputc(':', out);
    }
    return ERR_OK;
}

static enum err_code open_print(FILE *out, struct canon_reader *r, enum canon_type type,
                                struct level *level)
{
    *level = (struct level){.is_map = type == CANON_MAP};
    (void)fputc(level->is_map ? '{' : '[', out);
    return level->is_map ? canon_read_map(r, &level->left, UINT32_MAX)
                         : canon_read_array(r, &level->left, UINT32_MAX);
}

enum err_code json_print(FILE *out, struct octets item)
{
    struct canon_reader r = canon_reader_of(item);
    struct level levels[CANON_DEPTH_MAX + 1];
    size_t depth = 0;
    enum err_code rc = open_print(out, &r, CANON_MAP, &levels[0]);
    while (rc == ERR_OK) {
        struct level *level = &levels[depth];
        if (level->left == 0) {
            (void)fputc(level->is_map ? '}' : ']', out);
            if (depth == 0) {
                break;
            }
            depth--;
            continue;
        }
        level->left--;
        bool skipped = false;
        enum canon_type type = CANON_UINT;
        rc = lead_print(out, &r, level, &skipped);
        if (rc != ERR_OK || skipped) {
            continue;
        }
        rc = canon_peek(&r, &type);
        if (rc == ERR_OK && type != CANON_ARRAY && type != CANON_MAP) {
            rc = scalar_print(out, &r, type);
        } else if (rc == ERR_OK) {
            rc = depth == CANON_DEPTH_MAX ? ERR_MALFORMED
                                          : open_print(out, &r, type, &levels[++depth]);
        }
    }
    (void)fputc('\n', out);
    return rc;
}
