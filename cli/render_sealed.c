/* What sealed files hold, for people: reports on evidence, lists of blocks. */
#include "cli/render.h"

#include "cli/item.h"
#include "cli/render_parts.h"
#include "cli/safe.h"
#include "cli/when.h"
#include "proto/control.h"

#define LABEL_COLUMNS 12

static const char *people_of(uint64_t count)
{
    return count == 1 ? "person" : "people";
}

/* To the minute, for whoever compares it with other records. */
static void time_print(FILE *out, uint64_t at_s)
{
    char day[WHEN_TEXT_MAX] = "";
    when_day(day, at_s);
    (void)fprintf(out, "%s %02u:%02u UTC", day, (unsigned)(at_s % 86400 / 3600),
                  (unsigned)(at_s % 3600 / 60));
}

static void line_print(FILE *out, struct octets item, const char *label, const char *key_name)
{
    char key[ITEM_NAME_MAX] = "";
    (void)item_key_text(key, item, key_name);
    (void)fprintf(out, "%-*s%s\n", LABEL_COLUMNS, label, key);
}

static void moment_print(FILE *out, struct octets item, const char *label, const char *name)
{
    uint64_t at_s = 0;
    if (item_uint(&at_s, item, name)) {
        (void)fprintf(out, "%-*s", LABEL_COLUMNS, label);
        time_print(out, at_s);
        (void)fputc('\n', out);
    }
}

static void counts_print(FILE *out, struct octets item)
{
    struct canon_reader kinds = {0};
    struct canon_reader value = {0};
    struct octets whole = {0};
    struct octets name = {0};
    uint32_t kinds_count = 0;
    uint64_t count = 0;
    if (control_get(&kinds, item, "kinds") != ERR_OK || canon_skip(&kinds, &whole) != ERR_OK ||
        control_map_begin(&kinds, &kinds_count, whole) != ERR_OK) {
        return;
    }
    for (uint32_t i = 0; i < kinds_count && control_map_next(&kinds, &name, &value) == ERR_OK;
         i++) {
        if (canon_read_uint(&value, &count, UINT64_MAX) == ERR_OK) {
            (void)fprintf(out, "%s%llu ", i > 0 ? ", " : "", (unsigned long long)count);
            safe_print(out, name);
        }
    }
}

static void authors_print(FILE *out, struct octets item)
{
    static const struct octets name = {(const uint8_t *)"author", 6};
    struct canon_reader authors = {0};
    uint32_t count = 0;
    if (control_get(&authors, item, "authors") != ERR_OK ||
        canon_read_array(&authors, &count, UINT16_MAX) != ERR_OK) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct octets one = {0};
        if (canon_skip(&authors, &one) != ERR_OK) {
            return;
        }
        (void)fprintf(out, "%-*s", LABEL_COLUMNS, "author");
        item_print_value(out, name, canon_reader_of(one), 0);
        (void)fputc('\n', out);
    }
}

static void summary_print(FILE *out, struct octets item)
{
    uint64_t posts = 0;
    uint64_t verified = 0;
    (void)item_uint(&posts, item, "posts");
    (void)item_uint(&verified, item, "verified");
    line_print(out, item, "sealed by", "sealed_by");
    moment_print(out, item, "sealed on", "sealed_s");
    line_print(out, item, "about", "about");
    authors_print(out, item);
    moment_print(out, item, "first", "first_s");
    moment_print(out, item, "last", "last_s");
    (void)fprintf(out, "%-*s%llu", LABEL_COLUMNS, "posts", (unsigned long long)posts);
    if (posts > 0) {
        (void)fputs(": ", out);
        counts_print(out, item);
    }
    (void)fprintf(out, "\n%llu of %llu signatures verify.\n", (unsigned long long)verified,
                  (unsigned long long)posts);
    if (!item_flag(item, "seal_valid")) {
        (void)fputs("Who sealed this is not proven: their signature over the whole does not "
                    "verify.\n",
                    out);
    }
    if (!item_flag(item, "whole")) {
        (void)fputs("Behind these posts something follows that is no post.\n", out);
    }
}

void render_evidence(struct render *render, struct octets item)
{
    FILE *out = render->cli->out;
    struct octets kind = {0};
    struct post_id id;
    char hex[ITEM_NAME_MAX] = "";
    uint64_t created_s = 0;
    if (!item_id(&id, item, "id")) {
        summary_print(out, item);
        return;
    }
    (void)item_id_text(hex, item, "id");
    (void)item_str(&kind, item, "kind");
    (void)item_uint(&created_s, item, "created_s");
    (void)fprintf(out, "%-16s", item_flag(item, "valid") ? "verifies" : "does not verify");
    time_print(out, created_s);
    (void)fprintf(out, "  %s  ", hex);
    safe_print(out, kind);
    (void)fputc('\n', out);
}

static void list_head_print(FILE *out, struct octets item, const char *exporter)
{
    char day[WHEN_TEXT_MAX] = "";
    uint64_t exported_s = 0;
    uint64_t people = 0;
    uint64_t count = 0;
    (void)item_uint(&exported_s, item, "exported_s");
    (void)item_uint(&people, item, "people");
    when_day(day, exported_s);
    if (item_flag(item, "own")) {
        (void)fprintf(out, "Your own list of %s: %llu %s.\n", day, (unsigned long long)people,
                      people_of(people));
    } else {
        (void)fprintf(out,
                      "A list of %s: %llu %s. It says it is of %s; nothing proves that. The labels "
                      "are theirs.\n",
                      day, (unsigned long long)people, people_of(people), exporter);
    }
    if (item_uint(&count, item, "new")) {
        (void)fprintf(out, "You have not blocked %llu of them yet.\n", (unsigned long long)count);
    }
    if (item_uint(&count, item, "blocked")) {
        (void)fprintf(out, "%llu more %s blocked now.\n", (unsigned long long)count,
                      count == 1 ? "is" : "are");
    }
}

void render_blocks_list(struct render *render, struct octets item)
{
    FILE *out = render->cli->out;
    struct octets label = {0};
    char key[ITEM_NAME_MAX] = "";
    if (item_key_text(key, item, "exporter")) {
        list_head_print(out, item, key);
        return;
    }
    if (!item_key_text(key, item, "key")) {
        render_fields(render, item);
        return;
    }
    (void)fprintf(out, "%s%s  ", item_flag(item, "new") ? "new  " : "     ", key);
    if (item_str(&label, item, "label")) {
        safe_print(out, label);
    }
    (void)fputc('\n', out);
}

void render_blocked_with_evidence(struct render *render, struct octets item)
{
    uint64_t kept = 0;
    render_target(render, item);
    if (item_uint(&kept, item, "kept")) {
        (void)fprintf(
            render->cli->out,
            "Sealed into the file: %llu of their posts, all that you could see. `kith verify "
            "FILE` checks\nthem without showing them.\n",
            (unsigned long long)kept);
    }
}

void render_exported(struct render *render, struct octets item)
{
    uint64_t count = 0;
    if (item_uint(&count, item, "exported")) {
        (void)fprintf(render->cli->out, "In the file: %llu %s, with your labels.\n",
                      (unsigned long long)count, people_of(count));
    }
}

void render_undone(struct render *render, struct octets item)
{
    uint64_t count = 0;
    if (item_uint(&count, item, "unblocked")) {
        (void)fprintf(render->cli->out,
                      "The last import is taken back: %llu %s no longer blocked.\n",
                      (unsigned long long)count, count == 1 ? "person is" : "people are");
    }
}
