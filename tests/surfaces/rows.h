/* rows.h - the table of surfaces on which blocked content has been seen to come through elsewhere,
 * each row a test: row_02_... for row 2, tell_a_... for the ways in which a block is seen by
 * others. */
#ifndef KITH_TESTS_SURFACES_ROWS_H
#define KITH_TESTS_SURFACES_ROWS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ROWS_COUNT  36
#define TELLS_COUNT 7

struct rows {
    const char *name;
    const struct CMUnitTest *tests;
    size_t count;
};

extern const struct rows rows_posts;
extern const struct rows rows_replies;
extern const struct rows rows_names;
extern const struct rows rows_lookup;
extern const struct rows rows_speed;
extern const struct rows rows_time;
extern const struct rows rows_tells;

#define ROWS(variable)                                                                             \
    const struct rows variable = {#variable, tests, sizeof tests / sizeof tests[0]}

#endif
