#include "proto/given_name.h"

#include <string.h>

#include <utf8proc.h>

#define KEY_FRONT     "kith1"
#define KEY_FRONT_LEN (sizeof KEY_FRONT - 1)
#define AT_SIGN       0x40
#define AT_SMALL      0xFE6B
#define AT_FULL_WIDTH 0xFF20
#define BRAILLE_BLANK 0x2800 /* a symbol, and looks like a space */

/* What may stand in front of a name without being seen as part of it: controls, separators and
 * marks, which would sit on whatever was printed before. */
static bool shows_nothing(utf8proc_int32_t point)
{
    return point == BRAILLE_BLANK || strchr("CMZ", utf8proc_category_string(point)[0]) != NULL ||
           utf8proc_get_property(point)->ignorable != 0;
}

/* Keys are written so, and shown for those who have no name. */
static bool begins_like_a_key(struct octets name)
{
    size_t same = 0;
    while (same < KEY_FRONT_LEN && same < name.len &&
           (name.at[same] | (KEY_FRONT[same] == '1' ? 0 : 0x20)) == KEY_FRONT[same]) {
        same++;
    }
    return same == KEY_FRONT_LEN;
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
    return begins_like_a_key(name) ? octets_of(NULL, 0) : name;
}
