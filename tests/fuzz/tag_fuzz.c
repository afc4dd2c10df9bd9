/* Any octets as a tag somebody typed: the normal form is valid, and its own normal form. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "proto/tag.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct octets typed = octets_of(octets, len);
    uint8_t tag[TAG_MAX];
    size_t tag_len;
    if (tag_normalise(tag, &tag_len, typed) != ERR_OK) {
        if (tag_valid(typed)) {
            abort();
        }
        return 0;
    }
    uint8_t again[TAG_MAX];
    size_t again_len;
    struct octets once = octets_of(tag, tag_len);
    if (!tag_valid(once) || tag_normalise(again, &again_len, once) != ERR_OK ||
        !octets_equal(once, octets_of(again, again_len)) ||
        tag_valid(typed) != octets_equal(typed, once)) {
        abort();
    }
    return 0;
}
