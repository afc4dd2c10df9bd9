#include "node/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum log_level log_level_max = LOG_INFO;

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

void log_set_level(enum log_level level)
{
    log_level_max = level;
}

static size_t put_head(char *line, enum log_level level)
{
    struct timespec now;
    struct tm utc;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    size_t len = strftime(line, LOG_LINE_MAX, "%Y-%m-%dT%H:%M:%SZ ", &utc);
    return len + (size_t)snprintf(line + len, LOG_LINE_MAX - len, "%s: ", level_names[level]);
}

void log_make_plain(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?';
        }
    }
}

void log_line(enum log_level level, const char *format, ...)
{
    if (level > log_level_max) {
        return;
    }
    char line[LOG_LINE_MAX];
    size_t len = put_head(line, level);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line + len, sizeof line - len - 1, format, args);
    va_end(args);
    log_make_plain(line + len);
    len += strlen(line + len);
    line[len++] = '\n';
    /* A log that cannot be written is no reason to stop. */
    ssize_t written = write(STDERR_FILENO, line, len);
    (void)written;
}

bool log_may(struct log_budget *budget, uint64_t now_ms)
{
    if (now_ms - budget->since_ms >= LOG_BUDGET_TIME_MS) {
        *budget = (struct log_budget){.since_ms = now_ms};
    }
    if (budget->lines_count == LOG_BUDGET_LINES_MAX) {
        budget->lines_count++;
        log_line(LOG_INFO, "many nodes come and go; the log leaves out others for a minute");
    }
    if (budget->lines_count > LOG_BUDGET_LINES_MAX) {
        return false;
    }
    budget->lines_count++;
    return true;
}
