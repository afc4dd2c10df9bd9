/* numbers.h - the numbers of the last listing, usable in a session instead of what they stand for:
 * `reply 3`, `block 3`. */
#ifndef KITH_CLI_NUMBERS_H
#define KITH_CLI_NUMBERS_H

#include <stddef.h>

#include "proto/octets.h"

#define NUMBERS_MAX 1000 /* the longest page */

enum numbers_kind { NUMBERS_NONE, NUMBERS_POSTS, NUMBERS_KEYS, NUMBERS_TAGS, NUMBERS_ADDRESSES };

struct numbers {
    enum numbers_kind kind;
    char **names; /* owned, NUMBERS_MAX of them once there is one */
    size_t count;
};

/* Forget the last listing. */
void numbers_clear(struct numbers *numbers);
/* Remember name (an id or key in the form a command takes, a tag, an address) and return its
 * number, from 1.  0 when there are NUMBERS_MAX already, or no memory: such a line has none. */
size_t numbers_add(struct numbers *numbers, enum numbers_kind kind, const char *name);
/* What typed stands for, or NULL: it is not a number of the last listing. */
const char *numbers_find(const struct numbers *numbers, const char *typed);

#endif
