#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/log.h"

/* What one call writes to stderr. */
static void capture(char *text, size_t cap, enum log_level level, const char *words)
{
    int pipe_fds[2];
    assert_int_equal(pipe(pipe_fds), 0);
    int kept = dup(STDERR_FILENO);
    (void)dup2(pipe_fds[1], STDERR_FILENO);
    log_line(level, "%s", words);
    (void)dup2(kept, STDERR_FILENO);
    (void)close(kept);
    (void)close(pipe_fds[1]);
    ssize_t got = read(pipe_fds[0], text, cap - 1);
    text[got > 0 ? got : 0] = '\0';
    (void)close(pipe_fds[0]);
}

static void a_line_has_a_time_a_level_and_an_end(void **state)
{
    (void)state;
    char text[LOG_LINE_MAX + 1];
    capture(text, sizeof text, LOG_WARN, "the port is taken");
    assert_int_equal(text[10], 'T');
    assert_int_equal(text[19], 'Z');
    assert_string_equal(text + 20, " warn: the port is taken\n");
}

static void what_is_above_the_level_is_dropped(void **state)
{
    (void)state;
    char text[LOG_LINE_MAX + 1];
    capture(text, sizeof text, LOG_DEBUG, "detail");
    assert_string_equal(text, "");
    log_set_level(LOG_DEBUG);
    capture(text, sizeof text, LOG_DEBUG, "detail");
    assert_non_null(strstr(text, "debug: detail"));
    log_set_level(LOG_INFO);
}

static void nothing_in_a_line_moves_a_cursor_or_makes_another_line(void **state)
{
    (void)state;
    char text[LOG_LINE_MAX + 1];
    capture(text, sizeof text, LOG_INFO, "a\n\x1b[2Jb");
    assert_string_equal(text + 20, " info: a??[2Jb\n");
}

static void lines_that_others_bring_about_are_bounded(void **state)
{
    (void)state;
    struct log_budget budget = {0};
    for (int minute = 1; minute <= 2; minute++) {
        uint64_t now_ms = (uint64_t)minute * LOG_BUDGET_TIME_MS;
        for (int i = 0; i < LOG_BUDGET_LINES_MAX; i++) {
            assert_true(log_may(&budget, now_ms));
        }
        log_set_level(LOG_ERROR); /* it says so, once */
        assert_false(log_may(&budget, now_ms));
        log_set_level(LOG_INFO);
        assert_false(log_may(&budget, now_ms + LOG_BUDGET_TIME_MS - 1));
    }
}

static void a_long_line_is_cut(void **state)
{
    (void)state;
    char words[2 * LOG_LINE_MAX];
    memset(words, 'x', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    char text[2 * LOG_LINE_MAX];
    capture(text, sizeof text, LOG_INFO, words);
    assert_true(strlen(text) <= LOG_LINE_MAX);
    assert_int_equal(text[strlen(text) - 1], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_a_time_a_level_and_an_end),
        cmocka_unit_test(what_is_above_the_level_is_dropped),
        cmocka_unit_test(nothing_in_a_line_moves_a_cursor_or_makes_another_line),
        cmocka_unit_test(lines_that_others_bring_about_are_bounded),
        cmocka_unit_test(a_long_line_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
