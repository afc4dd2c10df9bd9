#include "cli/render.h"

#include <stdlib.h>

#include "cli/item.h"
#include "cli/layout.h"
#include "cli/safe.h"
#include "cli/when.h"
#include "proto/control.h"
#include "proto/name32.h"

#define NUMBER_COLUMNS 5 /* "  1. " */
#define DEPTH_COLUMNS  2
#define DEPTH_MAX      8
#define LINES_MAX      12 /* of one post in a listing */
#define KEY_SHOWN_LEN  12
#define LABEL_COLUMNS  14

void render_begin(struct render *render, struct cli *cli)
{
    numbers_clear(&cli->numbers);
    *render = (struct render){.cli = cli};
    render->seen = calloc(NUMBERS_MAX, sizeof *render->seen);
}

void render_end(struct render *render)
{
    free(render->seen);
    render->seen = NULL;
}

static uint64_t now_of(const struct render *render)
{
    return render->cli->now_s(render->cli->context);
}

static void number_print(struct render *render, enum numbers_kind kind, const char *name)
{
    size_t number = numbers_add(&render->cli->numbers, kind, name);
    if (number > 0) {
        (void)fprintf(render->cli->out, "%3zu. ", number);
    } else {
        (void)fputs("  -. ", render->cli->out);
    }
}

static void hint_print(struct render *render, struct octets item)
{
    struct octets hint = {0};
    if (item_str(&hint, item, "_hint")) {
        safe_print(render->cli->out, hint);
        (void)fputc('\n', render->cli->out);
    }
}

/* A name that somebody chose must not look like one of the person's own @petnames. */
static struct octets without_at(struct octets name)
{
    while (name.len > 0 && (name.at[0] == '@' || name.at[0] == ' ')) {
        name = octets_of(name.at + 1, name.len - 1);
    }
    return name;
}

static void name_print(FILE *out, struct octets item, const char *key_name)
{
    struct octets name = {0};
    char key[ITEM_NAME_MAX];
    if (item_str(&name, item, "_name") && name.len > 0) {
        safe_print(out, name);
    } else if (item_str(&name, item, "petname") && name.len > 0) {
        (void)fputc('@', out);
        safe_print(out, without_at(name));
    } else if (item_str(&name, item, "name") && without_at(name).len > 0) {
        safe_print(out, without_at(name));
    } else if (item_key_text(key, item, key_name)) {
        (void)fprintf(out, "%.*s...", KEY_SHOWN_LEN, key);
    } else {
        (void)fputs("somebody", out);
    }
}

static const struct render_seen *seen_find(const struct render *render, const struct post_id *id)
{
    for (size_t i = 0; i < render->seen_count; i++) {
        if (post_id_equal(&render->seen[i].id, id)) {
            return &render->seen[i];
        }
    }
    return NULL;
}

static size_t depth_of(const struct render *render, struct octets item)
{
    struct post_id parent;
    const struct render_seen *seen = NULL;
    if (render->threaded && item_id(&parent, item, "parent")) {
        seen = seen_find(render, &parent);
    }
    size_t depth = seen != NULL ? seen->depth + 1 : 0;
    return depth < DEPTH_MAX ? depth : DEPTH_MAX;
}

static void seen_add(struct render *render, struct octets item, size_t depth)
{
    struct post_id id;
    if (render->seen != NULL && render->seen_count < NUMBERS_MAX && item_id(&id, item, "id")) {
        render->seen[render->seen_count++] =
            (struct render_seen){.id = id, .number = render->cli->numbers.count, .depth = depth};
    }
}

/* "  replies to 3", or the beginning of its id when it is not on this page. */
static void reference_print(struct render *render, struct octets item, const char *name,
                            const char *words)
{
    struct post_id id;
    if (!item_id(&id, item, name)) {
        return;
    }
    const struct render_seen *seen = seen_find(render, &id);
    if (seen != NULL) {
        (void)fprintf(render->cli->out, "  %s %zu", words, seen->number);
    } else {
        char hex[NAME32_HEX_LEN + 1];
        name32_hex(hex, id.octets);
        (void)fprintf(render->cli->out, "  %s %.*s", words, KEY_SHOWN_LEN, hex);
    }
}

static void tags_print(FILE *out, struct octets item)
{
    struct canon_reader tags = {0};
    uint32_t count = 0;
    if (control_get(&tags, item, "tags") != ERR_OK ||
        canon_read_array(&tags, &count, UINT32_MAX) != ERR_OK) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct octets tag = {0};
        if (canon_read_str(&tags, &tag, SIZE_MAX) != ERR_OK) {
            return;
        }
        (void)fputs(i > 0 ? " #" : "  #", out);
        safe_print(out, tag);
    }
}

static void short_id_print(FILE *out, struct octets item)
{
    struct octets id = {0};
    char hex[ITEM_NAME_MAX];
    if (item_str(&id, item, "_short")) {
        safe_print(out, id);
    } else if (item_id_text(hex, item, "id")) {
        (void)fprintf(out, "%.*s", KEY_SHOWN_LEN, hex);
    }
}

/* One line: who, when, what it is, under which tags, and the id to name it by. */
static void header_print(struct render *render, struct octets item)
{
    FILE *out = render->cli->out;
    struct octets kind_text = {0};
    uint64_t created_s = 0;
    name_print(out, item, "author");
    if (item_flag(item, "voice")) {
        (void)fputs(" (a voice)", out);
    }
    if (item_uint(&created_s, item, "created_s")) {
        char when[WHEN_TEXT_MAX];
        when_print(when, created_s, now_of(render));
        (void)fprintf(out, "  %s", when);
    }
    if (item_str(&kind_text, item, "_kind_text")) {
        (void)fputs("  ", out);
        safe_print(out, kind_text);
    }
    if (!render->threaded) {
        reference_print(render, item, "parent", "replies to");
    }
    reference_print(render, item, "echo", "echoes");
    tags_print(out, item);
    (void)fputs("  ", out);
    short_id_print(out, item);
    (void)fputc('\n', out);
}

static void folded_print(struct render *render, struct octets item, struct octets note,
                         size_t indent)
{
    FILE *out = render->cli->out;
    (void)fprintf(out, "%*snote: ", (int)indent, "");
    safe_print(out, note);
    if (!render->whole) {
        (void)fputs("  (show ", out);
        short_id_print(out, item);
        (void)fputs(" to read)", out);
    }
    (void)fputc('\n', out);
}

static void body_print(struct render *render, struct octets item, size_t indent)
{
    FILE *out = render->cli->out;
    struct octets note = {0};
    struct octets text = {0};
    if (item_str(&note, item, "note") && note.len > 0) {
        folded_print(render, item, note, indent);
        if (!render->whole) {
            return;
        }
    }
    if (!item_str(&text, item, "text") || text.len == 0) {
        return;
    }
    struct layout layout = {
        .indent = indent, .width = render->cli->width, .lines_max = render->whole ? 0 : LINES_MAX};
    char *safe = safe_text(text, SAFE_TEXT);
    if (safe == NULL || !layout_print(out, &layout, safe)) {
        (void)fprintf(out, "%*s(it goes on: show ", (int)indent, "");
        short_id_print(out, item);
        (void)fputs(" has all of it)\n", out);
    }
    free(safe);
}

static void reactions_print(struct render *render, struct octets item, size_t indent)
{
    struct canon_reader reactions = {0};
    struct canon_reader look = {0};
    uint32_t count = 0;
    if (control_get(&reactions, item, "reactions") != ERR_OK) {
        return;
    }
    look = reactions;
    if (canon_read_map(&look, &count, UINT32_MAX) != ERR_OK || count == 0) {
        return;
    }
    (void)fprintf(render->cli->out, "%*s", (int)indent, "");
    item_print_value(render->cli->out, octets_of_text("reactions"), reactions, now_of(render));
    (void)fputc('\n', render->cli->out);
}

void render_post(struct render *render, struct octets item)
{
    char id[ITEM_NAME_MAX] = "";
    size_t depth = depth_of(render, item);
    size_t indent = NUMBER_COLUMNS + depth * DEPTH_COLUMNS;
    (void)item_id_text(id, item, "id");
    (void)fprintf(render->cli->out, "%*s", (int)(depth * DEPTH_COLUMNS), "");
    number_print(render, NUMBERS_POSTS, id);
    header_print(render, item);
    body_print(render, item, indent);
    reactions_print(render, item, indent);
    hint_print(render, item);
    seen_add(render, item, depth);
}

void render_reply(struct render *render, struct octets item)
{
    render->threaded = true;
    render_post(render, item);
}

void render_whole(struct render *render, struct octets item)
{
    render->whole = true;
    render_post(render, item);
}

void render_sent(struct render *render, struct octets item)
{
    FILE *out = render->cli->out;
    uint64_t sent_to = 0;
    if (!item_uint(&sent_to, item, "sent_to")) {
        render_fields(render, item);
        return;
    }
    (void)fputs("Kept as ", out);
    short_id_print(out, item);
    if (sent_to == 0) {
        (void)fputs(". It goes out as soon as your node is connected.\n", out);
    } else {
        (void)fprintf(out, ", and handed to %u peer%s so far.\n", (unsigned)sent_to,
                      sent_to == 1 ? "" : "s");
    }
    hint_print(render, item);
}

static void key_line_print(FILE *out, const char *key)
{
    (void)fprintf(out, "%*s%s\n", NUMBER_COLUMNS, "", key);
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
    number_print(render, NUMBERS_KEYS, key);
    name_print(out, item, "key");
    if (item_str(&name, item, "petname") && item_str(&name, item, "name") &&
        without_at(name).len > 0) {
        (void)fputs(", who goes by ", out);
        safe_print(out, without_at(name));
    }
    if (item_flag(item, "follow")) {
        (void)fputs("  you follow them", out);
    }
    if (item_uint(&distance, item, "distance")) {
        (void)fprintf(out, "  %u step%s away", (unsigned)distance, distance == 1 ? "" : "s");
    }
    (void)fputc('\n', out);
    key_line_print(out, key);
    hint_print(render, item);
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
    number_print(render, NUMBERS_KEYS, key);
    if (item_str(&label, item, "label") && label.len > 0) {
        safe_print(out, label);
        (void)fputc('\n', out);
        key_line_print(out, key);
    } else {
        (void)fprintf(out, "%s\n", key);
    }
    hint_print(render, item);
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
    number_print(render, kind, safe);
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
            item_print_value(out, name, value, now_of(render));
        }
    }
    (void)fputc('\n', out);
    hint_print(render, item);
}

void render_tag(struct render *render, struct octets item)
{
    line_print(render, item, NUMBERS_TAGS, "tag", "#");
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
        item_print_value(out, name, value, now_of(render));
        (void)fputc('\n', out);
    }
    hint_print(render, item);
}

void render_status(struct render *render, struct octets item)
{
    uint64_t peers = 1;
    render_fields(render, item);
    if (item_uint(&peers, item, "peers") && peers == 0) {
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
        item_print_value(render->cli->out, name, value, now_of(render));
        (void)fputc('\n', render->cli->out);
    }
}
