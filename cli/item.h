/* item.h - read one value of an item, in the forms people read. */
#ifndef KITH_CLI_ITEM_H
#define KITH_CLI_ITEM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "proto/canon.h"
#include "proto/key.h"
#include "proto/octets.h"

#define ITEM_NAME_MAX 72 /* a terminated id, or key as kith1... */

/* True when the name is there with that type; outputs are written only then. */
bool item_str(struct octets *text, struct octets item, const char *name);
bool item_uint(uint64_t *value, struct octets item, const char *name);
bool item_flag(struct octets item, const char *name); /* there, and true */
bool item_id(struct post_id *id, struct octets item, const char *name);
/* As a command takes it: an id in hex, a key as kith1... */
bool item_id_text(char out[ITEM_NAME_MAX], struct octets item, const char *name);
bool item_key_text(char out[ITEM_NAME_MAX], struct octets item, const char *name);

/* Print a value of any type in one line: text made safe, keys as kith1..., ids short, *_s as
 * times, lists with commas. */
void item_print_value(FILE *out, struct octets name, struct canon_reader value, uint64_t now_s);

#endif
