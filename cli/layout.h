/* layout.h - wrap safe text to the terminal's width. */
#ifndef KITH_CLI_LAYOUT_H
#define KITH_CLI_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define LAYOUT_COLUMNS_MIN 20 /* what stays for text, however narrow the screen */

struct layout {
    size_t indent;    /* columns before each line */
    size_t width;     /* columns in all; 0 = lines are never wrapped */
    size_t lines_max; /* 0 = all of them */
};

/* Print text that safe_text() made, wrapped between words (a longer word is cut), runs of blank
 * lines as one and none at either end.  Returns false when lines_max cut it short. */
bool layout_print(FILE *out, const struct layout *layout, const char *text);

/* Print a sentence of kith's own, broken between words at width (0 = never); a longer word, such as
 * a key or an invite, stays whole, so that it can be copied.  A '\n' in it stays. */
void layout_sentence(FILE *out, size_t width, const char *sentence);

#endif
