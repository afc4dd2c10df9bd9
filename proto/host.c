#include "proto/host.h"

#include <stdio.h>

#define GROUPS_COUNT 8
#define LABEL_MAX    63

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool label_valid(struct octets label)
{
    if (label.len == 0 || label.len > LABEL_MAX || label.at[0] == '-' ||
        label.at[label.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.len; i++) {
        uint8_t c = lower(label.at[i]);
        if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '_') {
            return false;
        }
    }
    return true;
}

/* The part before the first dot; *rest is what follows it, or has at NULL where there is none. */
static struct octets label_next(struct octets *rest, struct octets text)
{
    const uint8_t *dot = text.len > 0 ? memchr(text.at, '.', text.len) : NULL;
    if (dot == NULL) {
        *rest = octets_of(NULL, 0);
        return text;
    }
    size_t len = (size_t)(dot - text.at);
    *rest = octets_of(dot + 1, text.len - len - 1);
    return octets_of(text.at, len);
}

static bool label_is_number(struct octets label)
{
    for (size_t i = 0; i < label.len; i++) {
        if (!is_digit(label.at[i])) {
            return false;
        }
    }
    return true;
}

/* 0 to 255 without leading zeros. */
static bool label_is_octet(struct octets label)
{
    if (label.len == 0 || label.len > 3 || (label.len > 1 && label.at[0] == '0')) {
        return false;
    }
    unsigned value = 0;
    for (size_t i = 0; i < label.len; i++) {
        value = 10 * value + (unsigned)(label.at[i] - '0');
    }
    return value <= 255;
}

enum err_code host_normalise(char out[HOST_MAX + 1], struct octets text)
{
    if (text.len == 0 || text.len > HOST_MAX) {
        return ERR_MALFORMED;
    }
    size_t labels_count = 0;
    bool all_octets = true;
    struct octets label;
    struct octets rest = text;
    do {
        label = label_next(&rest, rest);
        if (!label_valid(label)) {
            return ERR_MALFORMED;
        }
        all_octets = all_octets && label_is_number(label) && label_is_octet(label);
        labels_count++;
    } while (rest.at != NULL);
    if (label_is_number(label) && !(all_octets && labels_count == 4)) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < text.len; i++) {
        out[i] = (char)lower(text.at[i]);
    }
    out[text.len] = '\0';
    return ERR_OK;
}

static int hex_value(uint8_t c)
{
    c = lower(c);
    if (is_digit(c)) {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct groups {
    uint16_t values[GROUPS_COUNT];
    size_t count;
    size_t gap; /* where "::" stands, GROUPS_COUNT + 1 without one */
};

/* One group of 1 to 4 hex digits at *i. */
static bool group_read(struct groups *groups, struct octets text, size_t *i)
{
    unsigned value = 0;
    size_t digits = 0;
    while (*i < text.len && hex_value(text.at[*i]) >= 0) {
        value = value << 4 | (unsigned)hex_value(text.at[*i]);
        (*i)++;
        if (++digits > 4) {
            return false;
        }
    }
    if (digits == 0 || groups->count == GROUPS_COUNT) {
        return false;
    }
    groups->values[groups->count++] = (uint16_t)value;
    return true;
}

static bool starts_gap(struct octets text, size_t i)
{
    return i + 1 < text.len && text.at[i] == ':' && text.at[i + 1] == ':';
}

static bool groups_read(struct groups *groups, struct octets text)
{
    *groups = (struct groups){.count = 0, .gap = GROUPS_COUNT + 1};
    size_t i = 0;
    if (starts_gap(text, 0)) {
        groups->gap = 0;
        i = 2;
    }
    while (i < text.len) {
        if (!group_read(groups, text, &i)) {
            return false;
        }
        if (i == text.len) {
            break;
        }
        if (starts_gap(text, i)) {
            if (groups->gap <= GROUPS_COUNT) {
                return false;
            }
            groups->gap = groups->count;
            i += 2;
        } else if (text.at[i] == ':' && i + 1 < text.len) {
            i++;
        } else {
            return false;
        }
    }
    return groups->gap <= GROUPS_COUNT ? groups->count < GROUPS_COUNT
                                       : groups->count == GROUPS_COUNT;
}

static void groups_expand(struct groups *groups)
{
    if (groups->gap > GROUPS_COUNT) {
        return;
    }
    size_t behind = groups->count - groups->gap;
    size_t zeros = GROUPS_COUNT - groups->count;
    memmove(groups->values + groups->gap + zeros, groups->values + groups->gap,
            behind * sizeof groups->values[0]);
    memset(groups->values + groups->gap, 0, zeros * sizeof groups->values[0]);
}

/* RFC 5952: the longest run of at least two zeros, the first of equals. */
static size_t longest_zeros(const uint16_t values[GROUPS_COUNT], size_t *run_count)
{
    size_t best = GROUPS_COUNT;
    *run_count = 1;
    for (size_t i = 0; i < GROUPS_COUNT; i++) {
        size_t j = i;
        while (j < GROUPS_COUNT && values[j] == 0) {
            j++;
        }
        if (j - i > *run_count) {
            best = i;
            *run_count = j - i;
        }
    }
    return best;
}

enum err_code host_normalise_ip6(char out[HOST_MAX + 1], struct octets text)
{
    struct groups groups;
    if (text.len < 2 || !groups_read(&groups, text)) {
        return ERR_MALFORMED;
    }
    groups_expand(&groups);
    size_t run_count;
    size_t run = longest_zeros(groups.values, &run_count);
    size_t len = 0;
    size_t i = 0;
    out[0] = '\0';
    while (i < GROUPS_COUNT) {
        int written;
        if (i == run) {
            written = snprintf(out + len, HOST_MAX + 1 - len, "::");
            i += run_count;
        } else {
            bool colon = i > 0 && i != run + run_count;
            written =
                snprintf(out + len, HOST_MAX + 1 - len, "%s%x", colon ? ":" : "", groups.values[i]);
            i++;
        }
        len += (size_t)written;
    }
    return ERR_OK;
}
