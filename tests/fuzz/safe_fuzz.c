/* Any octets as somebody's text: what comes out is UTF-8 that cannot move the cursor, reorder the
 * line, or pile up, and cleaning it again changes nothing but spaces. */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "cli/layout.h"
#include "cli/safe.h"
#include "proto/canon.h"

static bool is_bidirectional_control(utf8proc_int32_t c)
{
    return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

static bool is_joiner(utf8proc_int32_t c)
{
    return c == 0x200c || c == 0x200d || c == 0xfe0e || c == 0xfe0f;
}

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check(const uint8_t *safe, size_t len, enum safe_form form)
{
    size_t stacked = 0;
    must(canon_utf8_valid(octets_of(safe, len)));
    for (size_t at = 0; at < len;) {
        utf8proc_int32_t c = 0;
        utf8proc_ssize_t used = utf8proc_iterate(safe + at, (utf8proc_ssize_t)(len - at), &c);
        bool is_isolate = form == SAFE_LINE &&
                          ((at == 0 && c == 0x2068) || (at + (size_t)used == len && c == 0x2069));
        must(is_isolate || !is_bidirectional_control(c));
        must((c >= 0x20 && !(c >= 0x7f && c <= 0x9f)) || (c == '\n' && form == SAFE_TEXT));
        must(c != 0x2028 && c != 0x2029);
        utf8proc_category_t category = utf8proc_category(c);
        must(is_isolate || is_joiner(c) || category != UTF8PROC_CATEGORY_CF);
        must(category != UTF8PROC_CATEGORY_CN && category != UTF8PROC_CATEGORY_CO);
        must(!is_joiner(c) || form == SAFE_TEXT);
        bool stacks = !is_isolate && c != '\n' && category != UTF8PROC_CATEGORY_MC &&
                      utf8proc_charwidth(c) == 0;
        stacked = stacks ? stacked + 1 : 0;
        must(stacked <= SAFE_MARKS_MAX);
        at += (size_t)used;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    static const enum safe_form forms[] = {SAFE_LINE, SAFE_TEXT};
    for (size_t i = 0; i < 2; i++) {
        char *safe = safe_text(octets_of(octets, len), forms[i]);
        must(safe != NULL);
        check((const uint8_t *)safe, strlen(safe), forms[i]);
        (void)safe_columns(octets_of_text(safe));

        char *printed = NULL;
        size_t printed_len = 0;
        FILE *out = open_memstream(&printed, &printed_len);
        struct layout layout = {.indent = 3, .width = 30, .lines_max = len % 5};
        must(out != NULL);
        (void)layout_print(out, &layout, safe);
        (void)fclose(out);
        must(printed_len == 0 || printed[printed_len - 1] == '\n');
        free(printed);
        free(safe);
    }
    return 0;
}
