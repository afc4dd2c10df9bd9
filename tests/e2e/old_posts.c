/* old_posts NAME DAYS TEXT [TAG [COUNT]]: a text of somebody's, that many days old, signed, on
 * stdout, as `kithd --import` reads it; or several in a row, a second after another.  NAME alone:
 * the key.
 *
 *     old_posts --profile NAME DAYS SHOWN        NAME's profile, with the name that others see
 *     old_posts --fading NAME SECONDS TEXT TAG   a text of now that expires so soon */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

static bool write_first(struct posts *posts)
{
    bool written = fwrite(posts->wires[0].at, 1, posts->wires[0].len, stdout) > 0;
    posts_free(posts);
    return written;
}

static uint64_t days_ago_s(const char *days)
{
    return (uint64_t)time(NULL) - strtoull(days, NULL, 10) * DAY_S;
}

static bool write_profile(char **argv)
{
    struct posts posts = {0};
    struct person person = person_of(argv[0]);
    (void)person_profile(&posts, &person, days_ago_s(argv[1]), argv[2], "");
    return write_first(&posts);
}

static bool write_fading(char **argv)
{
    struct posts posts = {0};
    struct person person = person_of(argv[0]);
    uint64_t now_s = (uint64_t)time(NULL);
    struct octets tag = octets_of_text(argv[3]);
    (void)person_draft(&posts, &person,
                       &(struct post_draft){.kind = POST_TEXT,
                                            .created_s = now_s,
                                            .expires_s = now_s + strtoull(argv[1], NULL, 10),
                                            .tags = &tag,
                                            .tags_count = 1,
                                            .text = octets_of_text(argv[2])});
    return write_first(&posts);
}

static bool write_texts(int argc, char **argv)
{
    struct person person = person_of(argv[1]);
    uint64_t at_s = days_ago_s(argv[2]);
    unsigned long count = argc > 5 ? strtoul(argv[5], NULL, 10) : 1;
    bool written = true;
    for (unsigned long i = 0; i < count && written; i++) {
        struct posts posts = {0};
        (void)person_text(&posts, &person, at_s + i, argv[3], argc > 4 ? argv[4] : NULL);
        written = write_first(&posts);
    }
    return written;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return 2;
    }
    if (argc < 4) {
        struct person person = person_of(argv[1]);
        return tell_key(&person);
    }
    bool written = strcmp(argv[1], "--profile") == 0 && argc == 5  ? write_profile(argv + 2)
                   : strcmp(argv[1], "--fading") == 0 && argc == 6 ? write_fading(argv + 2)
                                                                   : write_texts(argc, argv);
    return written && fflush(stdout) == 0 ? 0 : 1;
}
