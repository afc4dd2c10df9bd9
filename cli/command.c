#include "cli/command.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LEN_MAX     32
#define NEAR_MAX         2
#define STRAY_DIGITS_MAX 3 /* ids are shown with four digits or more */

/* How many of the words spell this name: 1, 2, or 0 for not at all. */
static size_t words_in(const char *name, char *const *words, size_t words_count)
{
    const char *space = strchr(name, ' ');
    if (space == NULL) {
        return strcmp(name, words[0]) == 0 ? 1 : 0;
    }
    size_t first_len = (size_t)(space - name);
    return words_count > 1 && strlen(words[0]) == first_len &&
                   memcmp(name, words[0], first_len) == 0 && strcmp(space + 1, words[1]) == 0
               ? 2
               : 0;
}

const struct command *command_find(size_t *used, char *const *words, size_t words_count)
{
    size_t count = 0;
    const struct command *table = command_table(&count);
    const struct command *found = NULL;
    size_t found_used = 0;
    for (size_t i = 0; i < count && words_count > 0; i++) {
        size_t words_used = words_in(table[i].name, words, words_count);
        if (words_used > found_used) {
            found = &table[i];
            found_used = words_used;
        }
    }
    *used = found_used;
    return found;
}

static size_t least_of(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Edit distance, row by row; NAME_LEN_MAX is enough for every name there is. */
static size_t distance(const char *a, const char *b)
{
    size_t a_len = strlen(a);
    size_t b_len = strlen(b);
    if (a_len > NAME_LEN_MAX || b_len > NAME_LEN_MAX) {
        return NAME_LEN_MAX;
    }
    size_t row[NAME_LEN_MAX + 1];
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t above = row[j];
            size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = least_of(above + 1, row[j - 1] + 1, diagonal + change);
            diagonal = above;
        }
    }
    return row[b_len];
}

const char *command_nearest(const char *typed)
{
    size_t count = 0;
    const struct command *table = command_table(&count);
    const char *nearest = NULL;
    size_t best = NEAR_MAX + 1;
    for (size_t i = 0; i < count; i++) {
        size_t far = distance(typed, table[i].name);
        if (far < best && far < strlen(table[i].name)) {
            best = far;
            nearest = table[i].name;
        }
    }
    return nearest;
}

bool command_is_later(const char *typed)
{
    static const char *const later[] = {"crowd", "drafts"};
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        if (strcmp(typed, later[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool kind_fits(enum numbers_kind kind, enum parameter_name name)
{
    switch (kind) {
    case NUMBERS_POSTS:
        return name == ARGUMENT_ID || name == ARGUMENT_WHO || name == OPTION_BEFORE;
    case NUMBERS_KEYS:
        return name == ARGUMENT_KEY || name == ARGUMENT_WHO || name == OPTION_FOR;
    case NUMBERS_TAGS:
        return name == ARGUMENT_TAG || name == OPTION_FOLLOWED_TAG || name == OPTION_TAGS;
    case NUMBERS_ADDRESSES:
        return name == ARGUMENT_ADDRESS;
    case NUMBERS_NONE:
        break;
    }
    return false;
}

const char *command_meant(const struct cli *cli, enum parameter_name name, const char *word)
{
    if (!cli->in_session) {
        return word;
    }
    const char *found =
        kind_fits(cli->numbers.kind, name) ? numbers_find(&cli->numbers, word) : NULL;
    if (found != NULL) {
        return found;
    }
    size_t len = strlen(word);
    bool takes_id = kind_fits(NUMBERS_POSTS, name) || kind_fits(NUMBERS_KEYS, name);
    bool is_short_number = len > 0 && len <= STRAY_DIGITS_MAX && strspn(word, "0123456789") == len;
    return takes_id && is_short_number ? NULL : word;
}

const struct value *invocation_find(const struct invocation *invocation, enum parameter_name name)
{
    for (size_t i = 0; i < invocation->values_count; i++) {
        if (invocation->values[i].parameter == name) {
            return &invocation->values[i];
        }
    }
    return NULL;
}

bool invocation_add_text(struct invocation *invocation, enum parameter_name name, const char *text,
                         size_t len)
{
    char *copy = malloc(len + 1);
    if (copy == NULL || invocation->values_count == COMMAND_VALUES_MAX) {
        free(copy);
        return false;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    invocation->values[invocation->values_count++] =
        (struct value){.parameter = name, .text = copy, .text_len = len};
    return true;
}

bool invocation_add_secret(struct invocation *invocation, enum parameter_name name,
                           const char *text, size_t len)
{
    char *copy = invocation->values_count < COMMAND_VALUES_MAX ? sodium_malloc(len + 1) : NULL;
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    invocation->values[invocation->values_count++] =
        (struct value){.parameter = name, .text = copy, .text_len = len};
    return true;
}

static bool is_secret(enum parameter_name name)
{
    return name == ARGUMENT_PASSPHRASE || name == ARGUMENT_NEW_PASSPHRASE;
}

void invocation_free(struct invocation *invocation)
{
    for (size_t i = 0; i < invocation->values_count; i++) {
        struct value *value = &invocation->values[i];
        if (is_secret(value->parameter)) {
            sodium_free(value->text); /* which wipes it */
        } else {
            free(value->text);
        }
    }
    *invocation = (struct invocation){0};
}
