#include "cli/layout.h"

#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

#include "cli/safe.h"
#include "proto/octets.h"

struct piece {
    size_t len;
    size_t columns;
};

/* As much of a word as fits into columns, at least one character, marks with their letter. */
static struct piece piece_of(const char *word, size_t len, size_t columns)
{
    struct piece piece = {0};
    while (piece.len < len) {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t used = utf8proc_iterate((const uint8_t *)word + piece.len,
                                                 (utf8proc_ssize_t)(len - piece.len), &c);
        int width = used > 0 ? utf8proc_charwidth(c) : 1;
        size_t add = width > 0 ? (size_t)width : 0;
        if (piece.len > 0 && piece.columns + add > columns) {
            break;
        }
        piece.len += used > 0 ? (size_t)used : 1;
        piece.columns += add;
    }
    return piece;
}

struct pen {
    FILE *out;
    size_t indent;
    size_t columns; /* for text; SIZE_MAX = never wrap */
    size_t column;  /* used on this line */
    size_t lines_left;
    bool blank_before; /* a blank line is due before the next */
    bool any;
};

static bool line_begin(struct pen *pen)
{
    if (pen->lines_left == 0) {
        return false;
    }
    pen->lines_left--;
    if (pen->blank_before && pen->any) {
        (void)fputc('\n', pen->out);
    }
    pen->blank_before = false;
    pen->any = true;
    pen->column = 0;
    (void)fprintf(pen->out, "%*s", (int)pen->indent, "");
    return true;
}

/* One word onto the line, or onto as many as it takes. */
static bool word_print(struct pen *pen, const char *word, size_t len)
{
    while (len > 0) {
        struct piece piece = piece_of(word, len, pen->columns);
        if (pen->column > 0 && pen->column + 1 + piece.columns > pen->columns) {
            (void)fputc('\n', pen->out);
            if (!line_begin(pen)) {
                pen->column = SIZE_MAX; /* the line has ended already */
                return false;
            }
        }
        if (pen->column > 0) {
            (void)fputc(' ', pen->out);
            pen->column++;
        }
        (void)fwrite(word, 1, piece.len, pen->out);
        pen->column += piece.columns;
        word += piece.len;
        len -= piece.len;
        if (len > 0) { /* a long word goes on without a space */
            (void)fputc('\n', pen->out);
            if (!line_begin(pen)) {
                pen->column = SIZE_MAX;
                return false;
            }
        }
    }
    return true;
}

static bool line_print(struct pen *pen, const char *line, size_t len)
{
    size_t start = strspn(line, " ");
    if (start >= len) {
        pen->blank_before = true;
        return true;
    }
    if (!line_begin(pen)) {
        return false;
    }
    for (size_t at = start; at < len;) {
        size_t word_len = strcspn(line + at, " \n");
        if (!word_print(pen, line + at, word_len)) {
            return false;
        }
        at += word_len;
        at += strspn(line + at, " ");
    }
    (void)fputc('\n', pen->out);
    return true;
}

bool layout_print(FILE *out, const struct layout *layout, const char *text)
{
    size_t columns = SIZE_MAX;
    if (layout->width > 0) {
        columns = layout->width > layout->indent + LAYOUT_COLUMNS_MIN
                      ? layout->width - layout->indent
                      : LAYOUT_COLUMNS_MIN;
    }
    struct pen pen = {.out = out, .indent = layout->indent, .columns = columns};
    pen.lines_left = layout->lines_max > 0 ? layout->lines_max : SIZE_MAX;
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        if (!line_print(&pen, text, len)) {
            return false;
        }
        text += len;
        text += *text == '\n' ? 1 : 0;
    }
    return true;
}

void layout_sentence(FILE *out, size_t width, const char *sentence)
{
    size_t column = 0;
    while (*sentence != '\0') {
        size_t blanks = strspn(sentence, " ");
        const char *word = sentence + blanks;
        size_t len = strcspn(word, " \n");
        size_t columns = safe_columns(octets_of(word, len));
        if (width > 0 && column > 0 && len > 0 && column + blanks + columns > width) {
            (void)fputc('\n', out);
            column = 0;
        } else {
            (void)fprintf(out, "%*s", (int)blanks, "");
            column += blanks;
        }
        (void)fwrite(word, 1, len, out);
        column += columns;
        sentence = word + len;
        if (*sentence == '\n') {
            (void)fputc('\n', out);
            column = 0;
            sentence++;
        }
    }
}
