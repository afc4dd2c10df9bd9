#include "cli/parse.h"

#include <stdlib.h>
#include <string.h>

#include "cli/when.h"
#include "proto/canon.h"

#define DIGITS_MAX   9
#define SPELLING_MAX 32

/* What was typed, in its order: an argument (option is empty) or an option with its value. */
struct typed {
    char option[SPELLING_MAX];
    char *word; /* borrowed; NULL for a flag */
};

struct typing {
    struct typed *typed;
    size_t count;
    bool help;
    bool version;
};

/* Whether some parameter is spelled like this, and whether it takes a value. */
static bool option_known(const char *spelling, bool *takes_value)
{
    for (int i = PARAMETER_NONE + 1; i < PARAMETERS_COUNT; i++) {
        const struct parameter *parameter = parameter_of((enum parameter_name)i);
        if (strcmp(parameter->spelling, spelling) == 0) {
            *takes_value = parameter->form != FORM_FLAG;
            return true;
        }
    }
    *takes_value = strcmp(spelling, "--home") == 0;
    return *takes_value;
}

static bool option_is_global(struct cli *cli, struct typing *typing, const char *word)
{
    if (strcmp(word, "--json") == 0) {
        cli->json = true;
    } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        typing->help = true;
    } else if (strcmp(word, "--version") == 0) {
        typing->version = true;
    } else {
        return false;
    }
    return true;
}

static int home_take(struct cli *cli, const char *home)
{
    size_t len = strlen(home);
    if (len == 0 || len >= sizeof cli->home) {
        return cli_fail(cli, CLI_WRONG_USAGE, "--home needs a folder.");
    }
    memcpy(cli->home, home, len + 1);
    return CLI_DONE;
}

/* One option at words[*at], and its value, which may be the next word. */
static int option_take(struct cli *cli, struct typing *typing, char *const *words, size_t count,
                       size_t *at)
{
    char *word = words[*at];
    char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    struct typed *typed = &typing->typed[typing->count];
    bool takes_value = false;
    *typed = (struct typed){.word = NULL};
    if (len < SPELLING_MAX) {
        memcpy(typed->option, word, len);
    }
    if (len >= SPELLING_MAX || !option_known(typed->option, &takes_value)) {
        return cli_fail(
            cli, CLI_WRONG_USAGE,
            "%s is not an option. `kith help COMMAND` lists a command's options; \"--\" "
            "in front of text keeps it from being read as one.",
            word);
    }
    if (!takes_value && equals != NULL) {
        return cli_fail(cli, CLI_WRONG_USAGE, "%s takes no value.", typed->option);
    }
    if (takes_value && equals != NULL) {
        typed->word = equals + 1;
    } else if (takes_value) {
        if (*at + 1 >= count) {
            return cli_fail(cli, CLI_WRONG_USAGE, "%s needs a value after it.", typed->option);
        }
        typed->word = words[++*at];
    }
    if (strcmp(typed->option, "--home") == 0) {
        return home_take(cli, typed->word != NULL ? typed->word : "");
    }
    typing->count++;
    return CLI_DONE;
}

static int typing_read(struct cli *cli, struct typing *typing, char *const *words, size_t count)
{
    bool options_ended = false;
    for (size_t at = 0; at < count; at++) {
        char *word = words[at];
        if (options_ended || word[0] != '-' || word[1] == '\0') {
            typing->typed[typing->count++] = (struct typed){.word = word};
        } else if (strcmp(word, "--") == 0) {
            options_ended = true;
        } else if (!option_is_global(cli, typing, word)) {
            int status = option_take(cli, typing, words, count, &at);
            if (status != CLI_DONE) {
                return status;
            }
        }
    }
    return CLI_DONE;
}

static int usage_fail(struct cli *cli, const struct command *command, const char *what,
                      const char *word)
{
    return cli_fail(cli, CLI_WRONG_USAGE, "%s: %s %s. `kith %s --help` shows an example.",
                    command->name, what, word, command->name);
}

static bool number_read(uint64_t *number, const char *text, uint64_t max)
{
    size_t len = strlen(text);
    if (len == 0 || len > DIGITS_MAX || strspn(text, "0123456789") != len) {
        return false;
    }
    *number = strtoull(text, NULL, 10);
    return *number >= 1 && *number <= max;
}

static bool choice_known(const struct parameter *parameter, const char *word)
{
    for (size_t i = 0; parameter->choices[i] != NULL; i++) {
        if (strcmp(parameter->choices[i], word) == 0) {
            return true;
        }
    }
    return false;
}

static int value_take(struct cli *cli, struct invocation *invocation, enum parameter_name name,
                      const char *word)
{
    const struct parameter *parameter = parameter_of(name);
    const struct command *command = invocation->command;
    struct value value = {.parameter = name, .number = 1};
    switch (parameter->form) {
    case FORM_COUNT:
        if (!number_read(&value.number, word, parameter->max)) {
            return cli_fail(cli, CLI_WRONG_USAGE, "%s takes a number from 1 to %u.",
                            parameter->spelling, (unsigned)parameter->max);
        }
        break;
    case FORM_DURATION:
        if (parameter->choices != NULL && choice_known(parameter, word)) {
            value.number = 0;
        } else if (when_duration(&value.number, word) != ERR_OK) {
            return cli_fail(cli, CLI_WRONG_USAGE, "%s takes a time like 30m, 12h, 7d or 4w.",
                            parameter->spelling);
        }
        break;
    case FORM_CHOICE:
        if (!choice_known(parameter, word)) {
            return usage_fail(cli, command, "not known here:", word);
        }
        break;
    case FORM_LINE:
    case FORM_TEXT:
        if (command_meant(cli, name, word) == NULL) {
            return cli_fail(cli, CLI_NO_SUCH_THING, "There is no line %s in the last listing.",
                            word);
        }
        word = command_meant(cli, name, word);
        if (!canon_utf8_valid(octets_of_text(word))) {
            return cli_fail(cli, CLI_WRONG_USAGE, "%s: what was typed is not UTF-8 text.",
                            command->name);
        }
        break;
    case FORM_FLAG:
        break;
    }
    bool has_text = parameter->form == FORM_LINE || parameter->form == FORM_TEXT ||
                    parameter->form == FORM_CHOICE;
    if (has_text && invocation_add_text(invocation, name, word, strlen(word))) {
        return CLI_DONE;
    }
    if (!has_text && invocation->values_count < COMMAND_VALUES_MAX) {
        invocation->values[invocation->values_count++] = value;
        return CLI_DONE;
    }
    return cli_fail(cli, CLI_WRONG_USAGE, "%s: that is more than one command takes.",
                    command->name);
}

static int option_resolve(struct cli *cli, struct invocation *invocation, const struct typed *typed)
{
    const struct command *command = invocation->command;
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX; i++) {
        enum parameter_name name = command->options[i];
        if (name == PARAMETER_NONE || strcmp(parameter_of(name)->spelling, typed->option) != 0) {
            continue;
        }
        size_t given = 0;
        for (size_t v = 0; v < invocation->values_count; v++) {
            given += invocation->values[v].parameter == name ? 1 : 0;
        }
        if (given >= (parameter_of(name)->many ? parameter_of(name)->max : 1)) {
            return usage_fail(cli, command, "given too often:", typed->option);
        }
        return value_take(cli, invocation, name, typed->word != NULL ? typed->word : "");
    }
    return usage_fail(cli, command, "it has no option", typed->option);
}

/* All words that are left belong to a text: `post me too` needs no quotes. */
static int text_extend(struct cli *cli, struct value *value, const char *word)
{
    size_t len = strlen(word);
    char *longer = NULL;
    if (canon_utf8_valid(octets_of_text(word))) {
        longer = realloc(value->text, value->text_len + 1 + len + 1);
    }
    if (longer == NULL) {
        return cli_fail(cli, CLI_WRONG_USAGE, "What was typed is not UTF-8 text.");
    }
    longer[value->text_len] = ' ';
    memcpy(longer + value->text_len + 1, word, len + 1);
    value->text = longer;
    value->text_len += 1 + len;
    return CLI_DONE;
}

static int argument_resolve(struct cli *cli, struct invocation *invocation, const char *word,
                            size_t *position)
{
    const struct command *command = invocation->command;
    size_t last = *position > 0 ? *position - 1 : 0;
    enum parameter_name before = *position > 0 ? command->arguments[last] : PARAMETER_NONE;
    if (before != PARAMETER_NONE && parameter_of(before)->form == FORM_TEXT) {
        for (size_t i = 0; i < invocation->values_count; i++) {
            if (invocation->values[i].parameter == before) {
                return text_extend(cli, &invocation->values[i], word);
            }
        }
    }
    if (*position >= COMMAND_ARGUMENTS_MAX || command->arguments[*position] == PARAMETER_NONE) {
        return usage_fail(cli, command, "it does not take", word);
    }
    return value_take(cli, invocation, command->arguments[(*position)++], word);
}

static int unknown_fail(struct cli *cli, const char *typed)
{
    if (command_is_later(typed)) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "%s is not in this version of kith yet. Nothing was done.", typed);
    }
    if (strcmp(typed, "peer") == 0) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "peer what? There are `kith peer add ADDRESS`, `kith "
                        "peer list` and `kith peer remove ADDRESS`.");
    }
    const char *nearest = command_nearest(typed);
    if (nearest != NULL) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "%s is not a command. Did you mean %s? `kith help` lists all of them.",
                        typed, nearest);
    }
    return cli_fail(cli, CLI_WRONG_USAGE, "%s is not a command. `kith help` lists all of them.",
                    typed);
}

/* The command is the first one or two of the words that are no options. */
static int command_resolve(struct cli *cli, struct invocation *invocation,
                           const struct typing *typing, size_t *used)
{
    char *words[2] = {NULL, NULL};
    size_t words_count = 0;
    for (size_t i = 0; i < typing->count && words_count < 2; i++) {
        if (typing->typed[i].option[0] == '\0') {
            words[words_count++] = typing->typed[i].word;
        }
    }
    char version[] = "version";
    if (words_count == 0 && typing->version) {
        words[words_count++] = version;
    }
    if (words_count == 0) {
        return CLI_DONE;
    }
    invocation->command = command_find(used, words, words_count);
    return invocation->command != NULL ? CLI_DONE : unknown_fail(cli, words[0]);
}

static int typing_resolve(struct cli *cli, struct invocation *invocation,
                          const struct typing *typing)
{
    size_t command_words = 0;
    size_t position = 0;
    int status = command_resolve(cli, invocation, typing, &command_words);
    invocation->help = typing->help;
    if (status != CLI_DONE || typing->help) {
        return status;
    }
    if (invocation->command == NULL) {
        return typing->count == 0 ? CLI_DONE
                                  : cli_fail(cli, CLI_WRONG_USAGE,
                                             "%s belongs to a command. `kith help` lists them.",
                                             typing->typed[0].option);
    }
    for (size_t i = 0; status == CLI_DONE && i < typing->count; i++) {
        const struct typed *typed = &typing->typed[i];
        if (typed->option[0] != '\0') {
            status = option_resolve(cli, invocation, typed);
        } else if (command_words > 0) {
            command_words--;
        } else {
            status = argument_resolve(cli, invocation, typed->word, &position);
        }
    }
    return status;
}

int parse_words(struct cli *cli, struct invocation *invocation, char *const *words,
                size_t words_count)
{
    struct typing typing = {0};
    *invocation = (struct invocation){0};
    typing.typed = calloc(words_count + 1, sizeof *typing.typed);
    if (typing.typed == NULL) {
        return cli_fail(cli, CLI_REFUSED, "There is not enough memory.");
    }
    int status = typing_read(cli, &typing, words, words_count);
    if (status == CLI_DONE) {
        status = typing_resolve(cli, invocation, &typing);
    }
    free(typing.typed);
    if (status != CLI_DONE) {
        invocation_free(invocation);
    }
    return status;
}
