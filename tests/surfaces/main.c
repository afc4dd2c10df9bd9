/* Every row of the table of surfaces, in the table's order, and the count that none is missing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "tests/surfaces/rows.h"

#define ALL_MAX 128

static const struct rows *const groups[] = {&rows_posts, &rows_replies, &rows_names, &rows_lookup,
                                            &rows_time,  &rows_speed,   &rows_tells};

/* Rows about what does not exist yet. */
static const struct {
    int row;
    const char *reason;
} later[] = {
    {28, "there are no voices yet: posts of kind voice are shown nowhere"},
    {31, "there are no joint letters yet: letters and co-signatures are shown nowhere"},
    {32, "there are no circles and no direct messages yet: sealed posts are shown nowhere"},
};

static struct CMUnitTest all[ALL_MAX];
static size_t all_count;

/* 1 to ROWS_COUNT for a row, ROWS_COUNT + 1 and so on for a tell; 0 for no number. */
static int number_of(const char *name)
{
    if (strncmp(name, "row_", 4) == 0) {
        return (int)strtol(name + 4, NULL, 10);
    }
    return strncmp(name, "tell_", 5) == 0 ? ROWS_COUNT + 1 + (name[5] - 'a') : 0;
}

static const char *reason_of(int row)
{
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        if (later[i].row == row) {
            return later[i].reason;
        }
    }
    return NULL;
}

static void every_row_is_tested_or_its_surface_does_not_exist(void **state)
{
    (void)state;
    for (int row = 1; row <= ROWS_COUNT + TELLS_COUNT; row++) {
        size_t tests_count = 0;
        for (size_t i = 0; i < all_count; i++) {
            tests_count += number_of(all[i].name) == row;
        }
        if ((tests_count > 0) == (reason_of(row) != NULL)) {
            fail_msg("row %d: %zu tests, and the reason for none is %s", row, tests_count,
                     reason_of(row) != NULL ? reason_of(row) : "not given");
        }
    }
    size_t written_count = 0;
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
        written_count += groups[g]->count;
    }
    assert_int_equal(all_count, written_count); /* each has a number of the table, */
    assert_true(number_of(all[0].name) > 0);    /* and none is without */
}

/* In the table's order, and in each row in the order of its file. */
static void collect(void)
{
    for (int row = 0; row <= ROWS_COUNT + TELLS_COUNT; row++) {
        for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++) {
            for (size_t i = 0; i < groups[g]->count && all_count < ALL_MAX; i++) {
                if (number_of(groups[g]->tests[i].name) == row) {
                    all[all_count++] = groups[g]->tests[i];
                }
            }
        }
    }
}

int main(void)
{
    if (sodium_init() < 0) {
        return 1;
    }
    collect();
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        (void)printf("row %d waits: %s\n", later[i].row, later[i].reason);
    }
    const struct CMUnitTest counts[] = {
        cmocka_unit_test(every_row_is_tested_or_its_surface_does_not_exist)};
    int failed = cmocka_run_group_tests(counts, NULL, NULL);
    return failed + _cmocka_run_group_tests("rows", all, all_count, NULL, NULL);
}
