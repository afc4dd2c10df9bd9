/* old_posts NAME DAYS TEXT [TAG [COUNT]]: a text of somebody's, that many days old, signed, on
 * stdout, as `kithd --import` reads it; or several in a row, a second after another.  NAME alone:
 * the key. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proto/name32.h"
#include "tests/support/posts.h"

#define DAY_S 86400

static int tell_key(const struct person *person)
{
    char name[NAME32_BECH_LEN + 1];
    name32_bech(name, person->key.octets);
    return printf("%s\n", name) > 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return 2;
    }
    struct person person = person_of(argv[1]);
    if (argc < 4) {
        return tell_key(&person);
    }
    uint64_t at_s = (uint64_t)time(NULL) - strtoull(argv[2], NULL, 10) * DAY_S;
    unsigned long count = argc > 5 ? strtoul(argv[5], NULL, 10) : 1;
    bool written = true;
    for (unsigned long i = 0; i < count && written; i++) {
        struct posts posts = {0};
        (void)person_text(&posts, &person, at_s + i, argv[3], argc > 4 ? argv[4] : NULL);
        written = fwrite(posts.wires[0].at, 1, posts.wires[0].len, stdout) > 0;
        posts_free(&posts);
    }
    return written && fflush(stdout) == 0 ? 0 : 1;
}
