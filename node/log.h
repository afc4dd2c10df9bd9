/* log.h - what the node says about itself, on stderr, one line at a time.
 *
 * A line never holds a post's text, a name or another person's key; and at LOG_INFO and above no
 * count, id or size of posts, so that the log depends on commands, connections and the environment
 * alone (promise 1).  Any thread may log. */
#ifndef KITH_NODE_LOG_H
#define KITH_NODE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/err.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

#define LOG_LINE_MAX 1024 /* octets, the end of the line included; longer ones are cut */

/* Lines above this level are dropped.  LOG_INFO until set; set it before threads start. */
void log_set_level(enum log_level level);

/* Control characters become '?': text from elsewhere must not move a terminal's cursor. */
void log_make_plain(char *text);

/* "2026-01-31T12:00:00Z info: what happened", in one write. */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#define LOG_BUDGET_LINES_MAX 60
#define LOG_BUDGET_TIME_MS   60000

/* For lines that others can bring about at will: so many in a minute.  Start it zeroed. */
struct log_budget {
    uint64_t since_ms;
    uint32_t lines_count;
};

/* Whether one more line may be written.  When the budget is used up that itself is said, once. */
bool log_may(struct log_budget *budget, uint64_t now_ms);

#endif
