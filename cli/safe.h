/* safe.h - text from other people, made safe for a terminal.
 *
 * What comes out is UTF-8 without control characters, escape sequences, bidirectional controls,
 * invisible or unassigned characters, and with few marks on one letter.  What cannot be shown
 * becomes U+FFFD, so that nothing disappears unseen but what was invisible anyway. */
#ifndef KITH_CLI_SAFE_H
#define KITH_CLI_SAFE_H

#include <stddef.h>
#include <stdio.h>

#include "proto/octets.h"

#define SAFE_MARKS_MAX 4 /* on one letter */

enum safe_form {
    /* A name, a tag, a note, an error: one line, spaces collapsed and trimmed, no joiners.  Text
     * that runs from right to left is isolated (U+2068 ... U+2069), so that it cannot reorder what
     * stands beside it. */
    SAFE_LINE,
    SAFE_TEXT, /* several lines, separated by '\n' */
};

/* Returns a terminated string for the caller to free(), or NULL without memory. */
char *safe_text(struct octets text, enum safe_form form);
/* safe_text() of SAFE_LINE, printed. */
void safe_print(FILE *out, struct octets text);
/* Columns that safe text takes on a terminal; a '\n' takes none. */
size_t safe_columns(struct octets text);

#endif
