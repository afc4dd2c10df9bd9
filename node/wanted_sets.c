#include "node/wanted_sets.h"

#include <string.h>

static int digit_of(char letter)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = letter == '\0' ? NULL : strchr(digits, letter);
    return at == NULL ? -1 : (int)(at - digits);
}

static bool read_bucket(uint32_t *bucket, const char **at)
{
    int high = digit_of((*at)[0]);
    int low = high < 0 ? -1 : digit_of((*at)[1]);
    if (low < 0) {
        return false;
    }
    *bucket = (uint32_t)(16 * high + low);
    *at += 2;
    return true;
}

static bool read_prefix(const char **at, const char *prefix)
{
    size_t len = strlen(prefix);
    if (strncmp(*at, prefix, len) != 0) {
        return false;
    }
    *at += len;
    return true;
}

/* "3f" or "00-3f", into bits. */
static bool read_range(uint8_t bits[SET_BUCKETS / 8], const char **at)
{
    uint32_t first;
    uint32_t last;
    if (!read_bucket(&first, at)) {
        return false;
    }
    last = first;
    if (read_prefix(at, "-") && (!read_bucket(&last, at) || last < first)) {
        return false;
    }
    for (uint32_t bucket = first; bucket <= last; bucket++) {
        bits[bucket / 8] |= (uint8_t)(1U << (bucket % 8));
    }
    return true;
}

static bool read_one(struct set_choice *choice, const char **at)
{
    if (read_prefix(at, "author:")) {
        return read_range(choice->authors, at);
    }
    if (read_prefix(at, "tag:")) {
        return read_range(choice->tags, at);
    }
    return read_prefix(at, "standing");
}

enum err_code wanted_sets_take(struct set_choice *choice, const char *text, struct err_note *note)
{
    struct set_choice read = {.buckets = strcmp(text, "all") != 0};
    const char *at = text;
    bool fits = true;
    while (read.buckets && fits) {
        fits = read_one(&read, &at);
        if (!fits || *at == '\0') {
            break;
        }
        fits = read_prefix(&at, ",");
    }
    if (!fits) {
        return err_note(note, ERR_USAGE,
                        "--sets takes all, standing, or buckets such as author:00-3f,tag:a0; this "
                        "is none of them: %s",
                        text);
    }
    *choice = read;
    return ERR_OK;
}
