/* Posts: timelines, threads, and the answer to having written one. */
#include "cli/render.h"

#include <stdlib.h>

#include "cli/item.h"
#include "cli/layout.h"
#include "cli/render_parts.h"
#include "cli/safe.h"
#include "cli/when.h"
#include "proto/control.h"
#include "proto/name32.h"

#define DEPTH_COLUMNS 2
#define DEPTH_MAX     8
#define LINES_MAX     12 /* of one post in a listing */

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
        (void)fprintf(render->cli->out, "  %s %.*s", words, RENDER_KEY_SHOWN_LEN, hex);
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

static bool is_kind(struct octets item, const char *kind)
{
    struct octets found = {0};
    return item_str(&found, item, "kind") && octets_equal(found, octets_of_text(kind));
}

/* What it does, unless it simply says something. */
static void kind_print(struct render *render, struct octets item)
{
    FILE *out = render->cli->out;
    struct octets words = {0};
    char key[ITEM_NAME_MAX];
    if (item_str(&words, item, "_kind_text")) {
        (void)fputs("  ", out);
        safe_print(out, words);
    } else if (is_kind(item, "react") && item_str(&words, item, "reaction")) {
        (void)fputs("  reacts: ", out);
        safe_print(out, words);
        reference_print(render, item, "subject", "to");
    } else if (is_kind(item, "vouch") && item_key_text(key, item, "vouched")) {
        (void)fprintf(out, "  vouches for %.*s...", RENDER_KEY_SHOWN_LEN, key);
    } else if (is_kind(item, "profile")) {
        (void)fputs("  profile", out);
    } else if (is_kind(item, "retract")) {
        reference_print(render, item, "subject", "takes back");
    }
    if (!render->threaded) {
        reference_print(render, item, "parent", "replies to");
    }
    reference_print(render, item, "echo", "echoes");
}

/* One line: who, when, what it is, under which tags, and the id to name it by. */
static void header_print(struct render *render, struct octets item)
{
    FILE *out = render->cli->out;
    uint64_t created_s = 0;
    render_name(out, item, "author");
    if (item_flag(item, "voice")) {
        (void)fputs("  (a voice)", out);
    }
    if (item_flag(item, "_own")) {
        (void)fputs("  (you)", out); /* no name holds two spaces */
    }
    if (item_uint(&created_s, item, "created_s")) {
        char when[WHEN_TEXT_MAX];
        when_print(when, created_s, render_now(render));
        (void)fprintf(out, "  %s", when);
    }
    kind_print(render, item);
    tags_print(out, item);
    (void)fputs("  ", out);
    render_short_id(out, item);
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
        render_short_id(out, item);
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
        render_short_id(out, item);
        (void)fputs(" has all of it)\n", out);
    }
    free(safe);
}

static bool reactions_any(struct canon_reader *reactions, struct octets item)
{
    uint32_t count = 0;
    struct canon_reader look = {0};
    if (control_get(reactions, item, "reactions") != ERR_OK) {
        return false;
    }
    look = *reactions;
    return canon_read_map(&look, &count, UINT32_MAX) == ERR_OK && count > 0;
}

/* "heart 2, with 1  3 replies" */
static void answers_print(struct render *render, struct octets item, size_t indent)
{
    FILE *out = render->cli->out;
    struct canon_reader reactions = {0};
    uint64_t replies = 0;
    bool any = reactions_any(&reactions, item);
    bool answered = item_uint(&replies, item, "_replies") && replies > 0 && !render->threaded;
    if (!any && !answered) {
        return;
    }
    (void)fprintf(out, "%*s", (int)indent, "");
    if (any) {
        item_print_value(out, octets_of_text("reactions"), reactions, render_now(render));
    }
    if (answered) {
        (void)fprintf(out, "%s%u repl%s", any ? "  " : "", (unsigned)replies,
                      replies == 1 ? "y" : "ies");
    }
    (void)fputc('\n', out);
}

void render_post(struct render *render, struct octets item)
{
    char id[ITEM_NAME_MAX] = "";
    size_t depth = depth_of(render, item);
    /* Always some: at the left edge only kith itself speaks, its prompt included. */
    size_t indent = RENDER_NUMBER_COLUMNS + depth * DEPTH_COLUMNS;
    (void)item_id_text(id, item, "id");
    (void)fprintf(render->cli->out, "%*s", (int)(depth * DEPTH_COLUMNS), "");
    if (!render->whole) {
        render_number(render, NUMBERS_POSTS, id);
    }
    header_print(render, item);
    body_print(render, item, indent);
    answers_print(render, item, indent);
    render_hint(render, item);
    seen_add(render, item, depth);
}

void render_reply(struct render *render, struct octets item)
{
    render->threaded = true;
    render_post(render, item);
}

void render_whole(struct render *render, struct octets item)
{
    render->whole = true; /* and no number: those of the listing it came from stay good */
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
    render_short_id(out, item);
    if (sent_to == 0) {
        (void)fputs(". It goes out as soon as your node is connected.\n", out);
    } else {
        (void)fprintf(out, ", and handed to %u node%s so far.\n", (unsigned)sent_to,
                      sent_to == 1 ? "" : "s");
    }
    render_hint(render, item);
}
