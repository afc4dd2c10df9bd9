#include "node/keeping.h"

#include <string.h>

#define DAY_S      86400
#define KEEP_DAYS  90
#define ARCHIVE_W  260
#define DAY_POSTS  10000
#define DAY_OCTETS (UINT64_C(64) << 20)
#define ALL_OCTETS (UINT64_C(4) << 30)
#define STANDING   20000
#define MEMBERS    200000
#define NEWCOMERS  64
#define DIGITS_MAX 9

struct keeping keeping_default(void)
{
    return (struct keeping){.rules = {.keep_s = KEEP_DAYS * (uint64_t)DAY_S},
                            .quotas = {.day_posts = DAY_POSTS,
                                       .day_octets = DAY_OCTETS,
                                       .all_octets = ALL_OCTETS,
                                       .standing_posts = STANDING},
                            .members = {.members_max = MEMBERS, .newcomers_max = NEWCOMERS},
                            .archive_s = ARCHIVE_W * 7 * (uint64_t)DAY_S};
}

struct unit {
    char letter;
    uint64_t times;
};

/* A number and one of these letters; 0 is "all". */
static bool parse(uint64_t *value, const char *text, const struct unit *units, size_t units_count)
{
    if (strcmp(text, "all") == 0) {
        *value = 0;
        return true;
    }
    size_t digits_count = strspn(text, "0123456789");
    if (digits_count == 0 || digits_count > DIGITS_MAX) {
        return false;
    }
    uint64_t number = 0;
    for (size_t i = 0; i < digits_count; i++) {
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    for (size_t i = 0; i < units_count; i++) {
        bool fits = units[i].letter == '\0'
                        ? text[digits_count] == '\0'
                        : text[digits_count] == units[i].letter && text[digits_count + 1] == '\0';
        if (fits && number > 0) {
            *value = number * units[i].times;
            return true;
        }
    }
    return false;
}

static enum err_code take_time(uint64_t *keep_s, const char *text, const char *option,
                               struct err_note *note)
{
    static const struct unit units[] = {{'h', 3600}, {'d', DAY_S}, {'w', 7 * DAY_S}};
    uint64_t taken_s = 0;
    if (!parse(&taken_s, text, units, 3) || (taken_s != 0 && taken_s < DAY_S)) {
        return err_note(note, ERR_USAGE, "%s takes a time of a day or more, as 90d or 52w, or all",
                        option);
    }
    *keep_s = taken_s;
    return ERR_OK;
}

enum err_code keeping_take_time(struct keeping *keeping, const char *text, struct err_note *note)
{
    return take_time(&keeping->rules.keep_s, text, "--keep", note);
}

enum err_code keeping_take_archive(struct keeping *keeping, const char *text, struct err_note *note)
{
    return take_time(&keeping->archive_s, text, "--archive", note);
}

enum err_code keeping_take_octets(struct keeping *keeping, const char *text, struct err_note *note)
{
    static const struct unit units[] = {
        {'M', UINT64_C(1) << 20}, {'G', UINT64_C(1) << 30}, {'T', UINT64_C(1) << 40}};
    uint64_t octets = 0;
    if (!parse(&octets, text, units, 3)) {
        return err_note(note, ERR_USAGE, "--keep-octets takes a size, as 500M, 50G or 2T, or all");
    }
    keeping->rules.keep_octets = octets;
    return ERR_OK;
}

static enum err_code take_number(uint32_t *value, const char *text, const char *option,
                                 struct err_note *note)
{
    static const struct unit units[] = {{'\0', 1}};
    uint64_t number = 0;
    if (!parse(&number, text, units, 1)) {
        return err_note(note, ERR_USAGE, "%s takes a number, as 1000, or all", option);
    }
    *value = (uint32_t)number; /* of nine digits at most */
    return ERR_OK;
}

enum err_code keeping_take_posts(struct keeping *keeping, const char *text, struct err_note *note)
{
    return take_number(&keeping->quotas.day_posts, text, "--author-posts", note);
}

enum err_code keeping_take_members(struct keeping *keeping, const char *text, struct err_note *note)
{
    return take_number(&keeping->members.members_max, text, "--members", note);
}

enum err_code keeping_take_newcomers(struct keeping *keeping, const char *text,
                                     struct err_note *note)
{
    return take_number(&keeping->members.newcomers_max, text, "--member-newcomers", note);
}

void keeping_hold(const struct keeping *keeping, struct store *store, struct store *archive)
{
    store_retain(store,
                 &(struct store_retention_rules){.keep_s = keeping->rules.keep_s, .held = true});
    store_retain(archive,
                 &(struct store_retention_rules){.keep_s = keeping->archive_s, .capped = true});
}

enum err_code keeping_apply(const struct keeping *keeping, struct store *store,
                            const struct key *relay, struct err_note *note)
{
    store_retain(store, &keeping->rules);
    return store_limit(store, &keeping->quotas, relay, note);
}
