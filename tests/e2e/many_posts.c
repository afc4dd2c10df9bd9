/* many_posts COUNT: so many small signed posts under #many on stdout, as `kithd --import` reads
 * them, the last one a second ago. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/support/posts.h"

int main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    struct person ana = person_of("someone who writes much");
    uint64_t now_s = (uint64_t)time(NULL);
    for (unsigned long i = 0; i < count; i++) {
        struct posts posts = {0};
        char text[32];
        (void)snprintf(text, sizeof text, "number%lu", i);
        (void)person_text(&posts, &ana, now_s - count + i, text, "many");
        bool written = fwrite(posts.wires[0].at, 1, posts.wires[0].len, stdout) > 0;
        posts_free(&posts);
        if (!written) {
            return 1;
        }
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
