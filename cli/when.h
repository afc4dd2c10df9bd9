/* when.h - times as people say them, and durations as they type them. */
#ifndef KITH_CLI_WHEN_H
#define KITH_CLI_WHEN_H

#include "proto/err.h"
#include "proto/octets.h"

#define WHEN_TEXT_MAX    24
#define WHEN_SECONDS_MAX UINT32_MAX

/* "just now", "2 min ago", "3 h ago", "5 d ago", then the day in UTC, "2026-11-21".  A time ahead
 * of the clock is "just now": authors' clocks differ. */
void when_print(char out[WHEN_TEXT_MAX], uint64_t then_s, uint64_t now_s);
/* The day in UTC, "2026-11-21". */
void when_day(char out[WHEN_TEXT_MAX], uint64_t then_s);
/* "30m 12h 7d 4w" to seconds.  ERR_MALFORMED for another form, nothing, or too long. */
MUST_USE enum err_code when_duration(uint64_t *duration_s, const char *text);

#endif
