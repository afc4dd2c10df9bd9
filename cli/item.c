#include "cli/item.h"

#include <inttypes.h>

#include "cli/safe.h"
#include "cli/when.h"
#include "proto/control.h"
#include "proto/name32.h"

#define SHORT_HEX_LEN 12

bool item_str(struct octets *text, struct octets item, const char *name)
{
    return control_get_str(text, item, name) == ERR_OK;
}

bool item_uint(uint64_t *value, struct octets item, const char *name)
{
    return control_get_uint(value, item, name) == ERR_OK;
}

bool item_flag(struct octets item, const char *name)
{
    bool flag = false;
    return control_get_bool(&flag, item, name) == ERR_OK && flag;
}

bool item_id(struct post_id *id, struct octets item, const char *name)
{
    struct octets bin = {0};
    if (control_get_bin(&bin, item, name) != ERR_OK || bin.len != POST_ID_LEN) {
        return false;
    }
    memcpy(id->octets, bin.at, POST_ID_LEN);
    return true;
}

bool item_id_text(char out[ITEM_NAME_MAX], struct octets item, const char *name)
{
    struct post_id id;
    if (!item_id(&id, item, name)) {
        return false;
    }
    name32_hex(out, id.octets);
    return true;
}

bool item_key_text(char out[ITEM_NAME_MAX], struct octets item, const char *name)
{
    struct post_id key;
    if (!item_id(&key, item, name)) {
        return false;
    }
    name32_bech(out, key.octets);
    return true;
}

static bool is_key_name(struct octets name)
{
    static const char *const names[] = {"key", "identity", "author", "relay", "inviter"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (octets_equal(name, octets_of_text(names[i]))) {
            return true;
        }
    }
    return false;
}

static void bin_print(FILE *out, struct octets name, struct octets bin)
{
    if (bin.len == KEY_LEN && is_key_name(name)) {
        char text[ITEM_NAME_MAX];
        name32_bech(text, bin.at);
        (void)fputs(text, out);
        return;
    }
    for (size_t i = 0; i < bin.len && i < SHORT_HEX_LEN / 2; i++) {
        (void)fprintf(out, "%02x", bin.at[i]);
    }
}

static void uint_print(FILE *out, struct octets name, uint64_t number, uint64_t now_s)
{
    bool is_time = name.len > 2 && memcmp(name.at + name.len - 2, "_s", 2) == 0;
    char when[WHEN_TEXT_MAX];
    if (octets_equal(name, octets_of_text("day_s"))) {
        when_day(when, number);
        (void)fputs(when, out);
    } else if (is_time) {
        when_print(when, number, now_s);
        (void)fputs(when, out);
    } else {
        (void)fprintf(out, "%" PRIu64, number);
    }
}

static void scalar_print(FILE *out, struct octets name, struct canon_reader *value, uint64_t now_s)
{
    uint64_t number = 0;
    bool yes = false;
    struct octets run = {0};
    if (canon_read_uint(value, &number, UINT64_MAX) == ERR_OK) {
        uint_print(out, name, number, now_s);
    } else if (canon_read_bool(value, &yes) == ERR_OK) {
        (void)fputs(yes ? "yes" : "no", out);
    } else if (canon_read_str(value, &run, SIZE_MAX) == ERR_OK) {
        safe_print(out, run);
    } else if (canon_read_bin(value, &run, SIZE_MAX) == ERR_OK) {
        bin_print(out, name, run);
    } else if (canon_skip(value, NULL) == ERR_OK) {
        (void)fputs("...", out); /* what is nested deeper is for programs */
    } else {
        value->left = 0;
    }
}

/* A map inside a list: "2026-11-21 posts 3". */
static void element_print(FILE *out, struct octets name, struct canon_reader *value, uint64_t now_s)
{
    uint32_t pairs_count = 0;
    if (canon_read_map(value, &pairs_count, UINT32_MAX) != ERR_OK) {
        scalar_print(out, name, value, now_s);
        return;
    }
    for (uint32_t i = 0; i < pairs_count && value->left > 0; i++) {
        struct octets inner = {0};
        if (canon_read_str(value, &inner, SIZE_MAX) != ERR_OK) {
            value->left = 0;
            return;
        }
        (void)fputs(i > 0 ? " " : "", out);
        if (!octets_equal(inner, octets_of_text("day_s"))) {
            safe_print(out, inner);
            (void)fputc(' ', out);
        }
        scalar_print(out, inner, value, now_s);
    }
}

void item_print_value(FILE *out, struct octets name, struct canon_reader value, uint64_t now_s)
{
    uint32_t count = 0;
    if (canon_read_array(&value, &count, UINT32_MAX) == ERR_OK) {
        for (uint32_t i = 0; i < count && value.left > 0; i++) {
            (void)fputs(i > 0 ? ", " : "", out);
            element_print(out, name, &value, now_s);
        }
    } else if (canon_read_map(&value, &count, UINT32_MAX) == ERR_OK) {
        for (uint32_t i = 0; i < count && value.left > 0; i++) {
            (void)fputs(i > 0 ? ", " : "", out);
            scalar_print(out, name, &value, now_s);
            (void)fputc(' ', out);
            scalar_print(out, name, &value, now_s);
        }
    } else {
        scalar_print(out, name, &value, now_s);
    }
}
