/* A tally for people: whole sentences first, then by distance and by day (SPEC 11.3). */
#include <inttypes.h>

#include "cli/item.h"
#include "cli/render.h"
#include "cli/safe.h"
#include "cli/when.h"
#include "proto/control.h"

#define DISTANCES_MAX 16
#define DAYS_MAX      1024

static const char *plural(uint64_t count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}

static uint64_t count_of(struct octets item, const char *name)
{
    uint64_t count = 0;
    (void)item_uint(&count, item, name);
    return count;
}

static void headline_print(FILE *out, struct octets item)
{
    struct octets tag = {0};
    uint64_t least = count_of(item, "people_min");
    uint64_t most = count_of(item, "people_max");
    uint64_t posts = count_of(item, "posts");
    uint64_t reactions = count_of(item, "reactions");
    (void)item_str(&tag, item, "tag");
    (void)fputc('#', out);
    safe_print(out, tag);
    if (least == most) {
        (void)fprintf(out, ": %" PRIu64 " %s", most, plural(most, "person", "people"));
    } else {
        (void)fprintf(out, ": %" PRIu64 " to %" PRIu64 " people", least, most);
    }
    (void)fprintf(out, ", %" PRIu64 " %s, %" PRIu64 " %s\n", posts, plural(posts, "post", "posts"),
                  reactions, plural(reactions, "reaction", "reactions"));
}

static void known_print(FILE *out, struct octets item)
{
    (void)fprintf(out,
                  "  you follow %" PRIu64 " of them, %" PRIu64 " nobody has introduced to you\n",
                  count_of(item, "following"), count_of(item, "strangers"));
}

static void distances_print(FILE *out, struct octets item)
{
    struct canon_reader list;
    uint32_t count = 0;
    if (control_get(&list, item, "by_distance") != ERR_OK ||
        canon_read_array(&list, &count, DISTANCES_MAX) != ERR_OK) {
        return;
    }
    for (uint32_t steps = 0; steps < count; steps++) {
        uint64_t people = 0;
        if (canon_read_uint(&list, &people, UINT64_MAX) != ERR_OK || people == 0) {
            continue;
        }
        if (steps == 0) {
            (void)fputs("  you are one of them\n", out);
        } else {
            (void)fprintf(out, "  %" PRIu64 " %s %u %s away\n", people, plural(people, "is", "are"),
                          (unsigned)steps, plural(steps, "step", "steps"));
        }
    }
}

static void days_print(FILE *out, struct octets item)
{
    struct canon_reader list;
    uint32_t count = 0;
    if (control_get(&list, item, "by_day") != ERR_OK ||
        canon_read_array(&list, &count, DAYS_MAX) != ERR_OK) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct octets day;
        char date[WHEN_TEXT_MAX];
        if (canon_skip(&list, &day) != ERR_OK) {
            return;
        }
        uint64_t people = count_of(day, "people");
        uint64_t posts = count_of(day, "posts");
        when_day(date, count_of(day, "day_s"));
        (void)fprintf(out, "  %s  %" PRIu64 " %s, %" PRIu64 " %s\n", date, people,
                      plural(people, "person", "people"), posts, plural(posts, "post", "posts"));
    }
}

void render_tally(struct render *render, struct octets item)
{
    FILE *out = render->cli->out;
    headline_print(out, item);
    if (count_of(item, "posts") == 0) {
        return;
    }
    known_print(out, item);
    distances_print(out, item);
    days_print(out, item);
}
