#include "proto/given_name.h"

#include <string.h>

#include <utf8proc.h>

#define AT_SIGN       0x40
#define AT_SMALL      0xFE6B
#define AT_FULL_WIDTH 0xFF20

/* What may stand in front of a name without being seen as part of it: controls, separators and
 * marks, which would sit on whatever was printed before. */
static bool shows_nothing(utf8proc_int32_t point)
{
    return strchr("CMZ", utf8proc_category_string(point)[0]) != NULL ||
           utf8proc_get_property(point)->ignorable != 0;
}

struct octets given_name(struct octets name)
{
    while (name.len > 0) {
        utf8proc_int32_t point = 0;
        utf8proc_ssize_t used = utf8proc_iterate(name.at, (utf8proc_ssize_t)name.len, &point);
        bool skipped = used <= 0 || point == AT_SIGN || point == AT_SMALL ||
                       point == AT_FULL_WIDTH || shows_nothing(point);
        if (!skipped) {
            break;
        }
        size_t step = used > 0 ? (size_t)used : 1;
        name = octets_of(name.at + step, name.len - step);
    }
    return name;
}
