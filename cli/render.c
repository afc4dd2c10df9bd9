/* People, tags, peers, and plain fields. */
#include "cli/render.h"

#include <stdlib.h>

#include "cli/item.h"
#include "cli/render_parts.h"
#include "cli/safe.h"
#include "proto/control.h"
#include "proto/given_name.h"

#define LABEL_COLUMNS 14

static void key_line_print(FILE *out, const char *key)
{
    (void)fprintf(out, "%*s%s\n", RENDER_NUMBER_COLUMNS, "", key);
}

void render_person(struct render *render, struct octets item)
{
    FILE *out = render->cli->out;
    char key[ITEM_NAME_MAX] = "";
    uint64_t distance = 0;
    struct octets name = {0};
    if (!item_key_text(key, item, "key")) {
        render_fields(render, item);
        return;
    }
    render_number(render, NUMBERS_KEYS, key);
    render_name(out, item, "key");
    if (item_str(&name, item, "petname") && item_str(&name, item, "name") &&
        given_name(name).len > 0) {
        (void)fputs(", who goes by ", out);
        safe_print(out, given_name(name));
    }
    if (item_flag(item, "follow")) {
        (void)fputs("  you follow them", out);
    }
    if (item_uint(&distance, item, "distance")) {
        (void)fprintf(out, "  %u step%s away", (unsigned)distance, distance == 1 ? "" : "s");
    }
    (void)fputc('\n', out);
    key_line_print(out, key);
    render_hint(render, item);
}

/* What was named decides what was meant: the answer says which. */
void render_target(struct render *render, struct octets item)
{
    struct octets named_by = {0};
    char key[ITEM_NAME_MAX] = "";
    if (!item_key_text(key, item, "key") || !item_str(&named_by, item, "named_by")) {
        render_fields(render, item);
        return;
    }
    bool is_post = octets_equal(named_by, octets_of_text("post"));
    (void)fprintf(render->cli->out, "%s %s\n",
                  is_post ? "You named a post; its author is" : "You named the key", key);
    render_hint(render, item);
}

void render_blocked(struct render *render, struct octets item)
{
    FILE *out = render->cli->out;
    char key[ITEM_NAME_MAX] = "";
    struct octets label = {0};
    if (!item_key_text(key, item, "key")) {
        render_fields(render, item);
        return;
    }
    render_number(render, NUMBERS_KEYS, key);
    if (item_str(&label, item, "label") && label.len > 0) {
        safe_print(out, label);
        (void)fputc('\n', out);
        key_line_print(out, key);
    } else {
        (void)fprintf(out, "%s\n", key);
    }
    render_hint(render, item);
}

/* A numbered line: its main value, then the others. */
static void line_print(struct render *render, struct octets item, enum numbers_kind kind,
                       const char *main_name, const char *mark)
{
    FILE *out = render->cli->out;
    struct octets main = {0};
    struct octets name = {0};
    struct canon_reader pairs = {0};
    struct canon_reader value = {0};
    uint32_t pairs_count = 0;
    char *safe = item_str(&main, item, main_name) ? safe_text(main, SAFE_LINE) : NULL;
    if (safe == NULL || control_map_begin(&pairs, &pairs_count, item) != ERR_OK) {
        free(safe);
        render_fields(render, item);
        return;
    }
    render_number(render, kind, safe);
    (void)fprintf(out, "%s%s", mark, safe);
    free(safe);
    for (uint32_t i = 0; i < pairs_count; i++) {
        if (control_map_next(&pairs, &name, &value) != ERR_OK) {
            break;
        }
        if (name.len > 0 && name.at[0] != '_' && !octets_equal(name, octets_of_text(main_name))) {
            (void)fputs("  ", out);
            safe_print(out, name);
            (void)fputc(' ', out);
            item_print_value(out, name, value, render_now(render));
        }
    }
    (void)fputc('\n', out);
    render_hint(render, item);
}

void render_tag(struct render *render, struct octets item)
{
    line_print(render, item, NUMBERS_TAGS, "tag", "#");
}

/* Its number stands for a tag; a word is typed. */
void render_shield(struct render *render, struct octets item)
{
    struct octets word = {0};
    if (!item_str(&word, item, "word")) {
        line_print(render, item, NUMBERS_TAGS, "tag", "#");
        return;
    }
    (void)fprintf(render->cli->out, "%*sthe word ", RENDER_NUMBER_COLUMNS, "");
    safe_print(render->cli->out, word);
    (void)fputs("  (unshield --word)\n", render->cli->out);
    render_hint(render, item);
}

void render_peer(struct render *render, struct octets item)
{
    line_print(render, item, NUMBERS_ADDRESSES, "address", "");
}

/* "created_s" reads "created s"; what follows stands in one column. */
static void label_print(FILE *out, struct octets name)
{
    uint8_t label[CONTROL_NAME_MAX];
    size_t len = name.len < sizeof label ? name.len : sizeof label;
    for (size_t i = 0; i < len; i++) {
        label[i] = name.at[i] == '_' ? ' ' : name.at[i];
    }
    safe_print(out, octets_of(label, len));
    (void)fprintf(out, "%*s", len < LABEL_COLUMNS ? (int)(LABEL_COLUMNS - len) : 1, "");
}

void render_fields(struct render *render, struct octets item)
{
    FILE *out = render->cli->out;
    struct octets name = {0};
    struct canon_reader pairs = {0};
    struct canon_reader value = {0};
    uint32_t pairs_count = 0;
    if (control_map_begin(&pairs, &pairs_count, item) != ERR_OK) {
        return;
    }
    for (uint32_t i = 0; i < pairs_count && control_map_next(&pairs, &name, &value) == ERR_OK;
         i++) {
        if (name.len == 0 || name.at[0] == '_') {
            continue;
        }
        label_print(out, name);
        item_print_value(out, name, value, render_now(render));
        (void)fputc('\n', out);
    }
    render_hint(render, item);
}

void render_status(struct render *render, struct octets item)
{
    uint64_t peers = 1;
    render_fields(render, item);
    struct octets kind = {0};
    struct octets state = {0};
    bool is_relay = item_str(&kind, item, "kind") && octets_equal(kind, octets_of_text("relay"));
    if (item_str(&state, item, "state") && octets_equal(state, octets_of_text("locked"))) {
        (void)fputs("`kith unlock` opens it.\n", render->cli->out);
    }
    if (item_str(&state, item, "state") && octets_equal(state, octets_of_text("unconfirmed"))) {
        (void)fputs("Nothing is shown until your list of blocks is confirmed: `kith blocks "
                    "confirm`.\n",
                    render->cli->out);
    }
    if (!is_relay && item_uint(&peers, item, "peers") && peers == 0) {
        (void)fputs("Connected to nobody at the moment. `kith join` takes an invite, `kith peer "
                    "add` an address.\n",
                    render->cli->out);
    }
}

void render_plain(struct render *render, struct octets item)
{
    struct octets name = {0};
    struct canon_reader pairs = {0};
    struct canon_reader value = {0};
    uint32_t pairs_count = 0;
    if (control_map_begin(&pairs, &pairs_count, item) == ERR_OK && pairs_count > 0 &&
        control_map_next(&pairs, &name, &value) == ERR_OK) {
        item_print_value(render->cli->out, name, value, render_now(render));
        (void)fputc('\n', render->cli->out);
    }
}
