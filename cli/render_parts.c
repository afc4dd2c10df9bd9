#include "cli/render_parts.h"

#include <stdlib.h>

#include "cli/item.h"
#include "cli/safe.h"
#include "proto/given_name.h"

void render_begin(struct render *render, struct cli *cli)
{
    *render = (struct render){.cli = cli};
    render->seen = calloc(NUMBERS_MAX, sizeof *render->seen);
}

void render_end(struct render *render)
{
    free(render->seen);
    render->seen = NULL;
}

uint64_t render_now(const struct render *render)
{
    return render->cli->now_s(render->cli->context);
}

void render_number(struct render *render, enum numbers_kind kind, const char *name)
{
    size_t number = numbers_add(&render->cli->numbers, kind, name);
    if (number > 0) {
        (void)fprintf(render->cli->out, "%3zu. ", number);
    } else {
        (void)fputs("  -. ", render->cli->out);
    }
}

void render_hint(struct render *render, struct octets item)
{
    struct octets hint = {0};
    if (item_str(&hint, item, "_hint")) {
        safe_print(render->cli->out, hint);
        (void)fputc('\n', render->cli->out);
    }
}

void render_name(FILE *out, struct octets item, const char *key_name)
{
    struct octets name = {0};
    char key[ITEM_NAME_MAX];
    if (item_str(&name, item, "_name") && name.len > 0) {
        safe_print(out, name);
    } else if (item_str(&name, item, "petname") && name.len > 0) {
        (void)fputc('@', out);
        safe_print(out, given_name(name));
    } else if (item_str(&name, item, "name") && given_name(name).len > 0) {
        (void)fputs(item_flag(item, "_petname") ? "@" : "", out);
        safe_print(out, given_name(name));
    } else if (item_key_text(key, item, key_name)) {
        (void)fprintf(out, "%.*s...", RENDER_KEY_SHOWN_LEN, key);
    } else {
        (void)fputs("somebody", out);
    }
}

void render_short_id(FILE *out, struct octets item)
{
    struct octets id = {0};
    char hex[ITEM_NAME_MAX];
    if (item_str(&id, item, "_short")) {
        safe_print(out, id);
    } else if (item_id_text(hex, item, "id")) {
        (void)fprintf(out, "%.*s", RENDER_KEY_SHOWN_LEN, hex);
    }
}
