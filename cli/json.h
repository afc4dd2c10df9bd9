/* json.h - an item as one line of JSON. */
#ifndef KITH_CLI_JSON_H
#define KITH_CLI_JSON_H

#include <stdio.h>

#include "proto/err.h"
#include "proto/octets.h"

/* Print a canonical map as one JSON object and a newline, names in their order.  bin is lower-case
 * hex.  Names that begin with '_' are for people only and are left out.  Control characters, line
 * separators and invisible controls are escaped; other UTF-8 passes.
 *   ERR_TRUNCATED, ERR_MALFORMED  not a canonical map; an unfinished line may stand in out */
MUST_USE enum err_code json_print(FILE *out, struct octets item);

#endif
