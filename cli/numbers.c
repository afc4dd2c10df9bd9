#include "cli/numbers.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 4

void numbers_clear(struct numbers *numbers)
{
    for (size_t i = 0; i < numbers->count; i++) {
        free(numbers->names[i]);
    }
    free(numbers->names);
    *numbers = (struct numbers){0};
}

size_t numbers_add(struct numbers *numbers, enum numbers_kind kind, const char *name)
{
    if (numbers->names == NULL) {
        numbers->names = calloc(NUMBERS_MAX, sizeof *numbers->names);
    }
    if (numbers->names == NULL || numbers->count == NUMBERS_MAX) {
        return 0;
    }
    char *copy = strdup(name);
    if (copy == NULL) {
        return 0;
    }
    numbers->kind = kind;
    numbers->names[numbers->count] = copy;
    return ++numbers->count;
}

const char *numbers_find(const struct numbers *numbers, const char *typed)
{
    size_t len = strlen(typed);
    if (len == 0 || len > DIGITS_MAX || typed[0] == '0' || strspn(typed, "0123456789") != len) {
        return NULL;
    }
    size_t number = 0;
    for (size_t i = 0; i < len; i++) {
        number = number * 10 + (size_t)(typed[i] - '0');
    }
    return number <= numbers->count ? numbers->names[number - 1] : NULL;
}
