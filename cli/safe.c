#include "cli/safe.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define UNKNOWN_CHARACTER     0xfffd
#define DOTTED_CIRCLE         0x25cc
#define ISOLATE_FIRST         0x2068
#define ISOLATE_END           0x2069
#define ZERO_WIDTH_NON_JOINER 0x200c
#define ZERO_WIDTH_JOINER     0x200d
#define VARIATION_TEXT        0xfe0e
#define VARIATION_EMOJI       0xfe0f
#define BRAILLE_BLANK         0x2800

/* An octet can become a replacement character of three; a mark of two octets without a letter, a
 * dotted circle of three and itself. */
#define GROWTH       3
#define ISOLATES_LEN 6

enum verdict { DROP, SPACE, BREAK, UNKNOWN, MARK, JOINER, KEEP };

struct cleaner {
    uint8_t *out;
    size_t len;
    enum safe_form form;
    utf8proc_int32_t last; /* the last character written; 0 at the start of a line */
    unsigned marks_count;  /* on that letter */
    bool right_to_left;
};

static enum verdict verdict_by_category(utf8proc_int32_t c)
{
    const utf8proc_property_t *property = utf8proc_get_property(c);
    switch (property->category) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
        return property->ignorable ? DROP : UNKNOWN;
    case UTF8PROC_CATEGORY_CF:
        return DROP;
    case UTF8PROC_CATEGORY_ZS:
        return SPACE;
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return BREAK;
    case UTF8PROC_CATEGORY_MC:
        return property->ignorable ? DROP : KEEP;
    default:
        break;
    }
    if (property->ignorable) {
        return DROP;
    }
    /* Whatever takes no column of its own stacks up on what stands before it. */
    return utf8proc_charwidth(c) == 0 ? MARK : KEEP;
}

static enum verdict verdict_of(utf8proc_int32_t c)
{
    switch (c) {
    case '\n':
    case '\v':
    case '\f':
    case 0x85:
        return BREAK;
    case '\t':
    case '\r':
    case BRAILLE_BLANK: /* a symbol that looks like a space */
        return SPACE;
    case ZERO_WIDTH_NON_JOINER:
    case ZERO_WIDTH_JOINER:
    case VARIATION_TEXT:
    case VARIATION_EMOJI:
        return JOINER;
    default:
        return verdict_by_category(c);
    }
}

static void put(struct cleaner *cleaner, utf8proc_int32_t c)
{
    cleaner->len += (size_t)utf8proc_encode_char(c, cleaner->out + cleaner->len);
    cleaner->last = c;
    cleaner->marks_count = 0;
}

static void put_space(struct cleaner *cleaner)
{
    bool first = cleaner->last == 0 || cleaner->last == ' ';
    if (!first || cleaner->form == SAFE_TEXT) {
        put(cleaner, ' ');
    }
}

static void put_break(struct cleaner *cleaner)
{
    if (cleaner->form == SAFE_LINE) {
        put_space(cleaner);
        return;
    }
    put(cleaner, '\n');
    cleaner->last = 0;
}

static void put_mark(struct cleaner *cleaner, utf8proc_int32_t c)
{
    if (cleaner->last == 0 || cleaner->last == ' ') {
        put(cleaner, DOTTED_CIRCLE);
    }
    if (cleaner->marks_count < SAFE_MARKS_MAX) {
        utf8proc_int32_t letter = cleaner->last;
        unsigned marks_count = cleaner->marks_count + 1;
        put(cleaner, c);
        cleaner->last = letter;
        cleaner->marks_count = marks_count;
    }
}

/* Some scripts need joiners between letters; nowhere are they of use twice, or after ASCII. */
static void put_joiner(struct cleaner *cleaner, utf8proc_int32_t c)
{
    if (cleaner->form == SAFE_TEXT && cleaner->last >= 0x80 && cleaner->last != UNKNOWN_CHARACTER &&
        verdict_of(cleaner->last) == KEEP) {
        put_mark(cleaner, c);
    }
}

static void take(struct cleaner *cleaner, utf8proc_int32_t c)
{
    switch (verdict_of(c)) {
    case DROP:
        return;
    case SPACE:
        put_space(cleaner);
        return;
    case BREAK:
        put_break(cleaner);
        return;
    case UNKNOWN:
        put(cleaner, UNKNOWN_CHARACTER);
        return;
    case MARK:
        put_mark(cleaner, c);
        return;
    case JOINER:
        put_joiner(cleaner, c);
        return;
    case KEEP:
        put(cleaner, c);
        break;
    }
    int direction = utf8proc_get_property(c)->bidi_class;
    cleaner->right_to_left |= direction == UTF8PROC_BIDI_CLASS_R ||
                              direction == UTF8PROC_BIDI_CLASS_AL ||
                              direction == UTF8PROC_BIDI_CLASS_AN;
}

static void finish_line(struct cleaner *cleaner)
{
    if (cleaner->len > 0 && cleaner->out[cleaner->len - 1] == ' ') {
        cleaner->len--;
    }
    if (cleaner->right_to_left) {
        uint8_t isolate[4];
        size_t isolate_len = (size_t)utf8proc_encode_char(ISOLATE_FIRST, isolate);
        memmove(cleaner->out + isolate_len, cleaner->out, cleaner->len);
        memcpy(cleaner->out, isolate, isolate_len);
        cleaner->len += isolate_len;
        put(cleaner, ISOLATE_END);
    }
}

char *safe_text(struct octets text, enum safe_form form)
{
    struct cleaner cleaner = {.form = form};
    cleaner.out = malloc(text.len * GROWTH + ISOLATES_LEN + 1);
    if (cleaner.out == NULL) {
        return NULL;
    }
    for (size_t at = 0; at < text.len;) {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t used =
            utf8proc_iterate(text.at + at, (utf8proc_ssize_t)(text.len - at), &c);
        take(&cleaner, used > 0 ? c : UNKNOWN_CHARACTER);
        at += used > 0 ? (size_t)used : 1;
    }
    if (form == SAFE_LINE) {
        finish_line(&cleaner);
    }
    cleaner.out[cleaner.len] = '\0';
    return (char *)cleaner.out;
}

void safe_print(FILE *out, struct octets text)
{
    char *line = safe_text(text, SAFE_LINE);
    (void)fputs(line != NULL ? line : "(no memory)", out);
    free(line);
}

size_t safe_columns(struct octets text)
{
    size_t columns = 0;
    for (size_t at = 0; at < text.len;) {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t used =
            utf8proc_iterate(text.at + at, (utf8proc_ssize_t)(text.len - at), &c);
        int width = used > 0 ? utf8proc_charwidth(c) : 1;
        columns += width > 0 ? (size_t)width : 0;
        at += used > 0 ? (size_t)used : 1;
    }
    return columns;
}
