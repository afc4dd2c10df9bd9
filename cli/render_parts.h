/* render_parts.h - what lines of every kind have in common. */
#ifndef KITH_CLI_RENDER_PARTS_H
#define KITH_CLI_RENDER_PARTS_H

#include "cli/numbers.h"
#include "cli/render.h"

#define RENDER_NUMBER_COLUMNS 5  /* "  1. " */
#define RENDER_KEY_SHOWN_LEN  12 /* characters of an id or key that is only pointed at */

uint64_t render_now(const struct render *render);
/* The line's number, by which a session takes name. */
void render_number(struct render *render, enum numbers_kind kind, const char *name);
/* The item's "_hint", if it has one, on a line of its own. */
void render_hint(struct render *render, struct octets item);
/* Whom the item is from: "_name", "petname", "name", or the beginning of the key. */
void render_name(FILE *out, struct octets item, const char *key_name);
/* The shortest id to name the item by. */
void render_short_id(FILE *out, struct octets item);

#endif
