#include "cli/when.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define MINUTE_S   60U
#define HOUR_S     (60 * MINUTE_S)
#define DAY_S      (24 * HOUR_S)
#define WEEK_S     (7 * DAY_S)
#define DAYS_MAX   30U
#define DIGITS_MAX 6

void when_day(char out[WHEN_TEXT_MAX], uint64_t then_s)
{
    time_t then = (time_t)then_s;
    struct tm day = {0};
    if (gmtime_r(&then, &day) == NULL || strftime(out, WHEN_TEXT_MAX, "%Y-%m-%d", &day) == 0) {
        (void)snprintf(out, WHEN_TEXT_MAX, "long ago");
    }
}

void when_print(char out[WHEN_TEXT_MAX], uint64_t then_s, uint64_t now_s)
{
    uint64_t age_s = now_s > then_s ? now_s - then_s : 0;
    if (age_s < MINUTE_S) {
        (void)snprintf(out, WHEN_TEXT_MAX, "just now");
    } else if (age_s < HOUR_S) {
        (void)snprintf(out, WHEN_TEXT_MAX, "%u min ago", (unsigned)(age_s / MINUTE_S));
    } else if (age_s < DAY_S) {
        (void)snprintf(out, WHEN_TEXT_MAX, "%u h ago", (unsigned)(age_s / HOUR_S));
    } else if (age_s < DAYS_MAX * DAY_S) {
        (void)snprintf(out, WHEN_TEXT_MAX, "%u d ago", (unsigned)(age_s / DAY_S));
    } else {
        when_day(out, then_s);
    }
}

enum err_code when_duration(uint64_t *duration_s, const char *text)
{
    size_t digits_count = strspn(text, "0123456789");
    if (digits_count == 0 || digits_count > DIGITS_MAX || strlen(text) != digits_count + 1) {
        return ERR_MALFORMED;
    }
    uint64_t unit_s = 0;
    switch (text[digits_count]) {
    case 'm':
        unit_s = MINUTE_S;
        break;
    case 'h':
        unit_s = HOUR_S;
        break;
    case 'd':
        unit_s = DAY_S;
        break;
    case 'w':
        unit_s = WEEK_S;
        break;
    default:
        return ERR_MALFORMED;
    }
    uint64_t count = 0;
    for (size_t i = 0; i < digits_count; i++) {
        count = count * 10 + (uint64_t)(text[i] - '0');
    }
    if (count == 0 || count * unit_s > WHEN_SECONDS_MAX) {
        return ERR_MALFORMED;
    }
    *duration_s = count * unit_s;
    return ERR_OK;
}
