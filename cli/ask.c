#include "cli/ask.h"

#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "cli/layout.h"
#include "proto/canon.h"
#include "proto/invite.h"

#define LINE_READ_MAX   (ASK_TEXT_MAX + 2)
#define LINE_ROOM_FIRST 128
#define YES_TRIES_MAX   3

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
    (void)number;
    signalled = 1;
}

static void prompt(struct cli *cli, const char *question, bool own_line)
{
    (void)fflush(cli->out);
    layout_sentence(cli->err, cli->width, question);
    (void)fputs(own_line ? "\n" : " ", cli->err);
    (void)fflush(cli->err);
}

static bool has_room(char **line, size_t *room, size_t used)
{
    if (used < *room) {
        return true;
    }
    size_t wanted = *room == 0 ? LINE_ROOM_FIRST : 2 * *room;
    char *grown = realloc(*line, wanted);
    if (grown == NULL) {
        return false;
    }
    *line = grown;
    *room = wanted;
    return true;
}

/* A terminal's end of input holds for one question. */
static void ended(struct cli *cli)
{
    cli->interrupted = cli->interrupted || signalled != 0;
    if (cli->in_is_terminal) {
        clearerr(cli->in);
        (void)fputc('\n', cli->err);
    }
}

/* A line without its end, for the caller to free; NULL at the end of input.  Of a line that is too
 * long for anything, only as much is read as shows it. */
static char *octets_read(struct cli *cli, size_t *len)
{
    char *line = NULL;
    size_t room = 0;
    size_t used = 0;
    int octet = fgetc(cli->in);
    while (octet != EOF && octet != '\n' && used < LINE_READ_MAX && has_room(&line, &room, used)) {
        line[used++] = (char)octet;
        octet = fgetc(cli->in);
    }
    bool is_over = octet == EOF && (used == 0 || ferror(cli->in) != 0);
    if (octet == EOF) {
        ended(cli);
    }
    if (is_over || !has_room(&line, &room, used)) {
        free(line);
        return NULL;
    }
    while (used > 0 && used < LINE_READ_MAX && line[used - 1] == '\r') {
        used--;
    }
    line[used] = '\0';
    *len = used;
    return line;
}

/* In a session Ctrl-C ends the question, not the session. */
static char *line_read(struct cli *cli, size_t *len)
{
    struct sigaction before;
    struct sigaction noted = {.sa_handler = on_signal}; /* no SA_RESTART: the read ends */
    if (!cli->in_session || cli->interrupted) {
        return cli->interrupted ? NULL : octets_read(cli, len);
    }
    signalled = 0;
    bool installed = sigaction(SIGINT, &noted, &before) == 0;
    char *line = octets_read(cli, len);
    if (installed) {
        (void)sigaction(SIGINT, &before, NULL);
    }
    return line;
}

static int interrupted_fail(struct cli *cli)
{
    return cli_fail(cli, CLI_WRONG_USAGE, "Nothing was sent.");
}

/* Whoever copies an invite from a letter copies its line breaks, and perhaps what stood before it:
 * lines are taken until it is whole.  Its checksum says when. */
static char *invite_read(struct cli *cli, size_t *len)
{
    static const char start[] = "kithinvite1";
    char *typed = calloc(1, ASK_LINE_MAX + 1);
    size_t used = 0;
    size_t line_len = 0;
    bool whole = false;
    bool told = false;
    char *line = NULL;
    while (typed != NULL && !whole && (line = line_read(cli, &line_len)) != NULL) {
        bool is_empty = line_len == 0;
        for (size_t i = 0; i < line_len && used < ASK_LINE_MAX; i++) {
            if (strchr(" \t>|", line[i]) == NULL) {
                typed[used++] = line[i];
            }
        }
        free(line);
        char *begin = strstr(typed, start);
        if (begin != NULL) {
            used -= (size_t)(begin - typed);
            memmove(typed, begin, used);
            memset(typed + used, 0, ASK_LINE_MAX + 1 - used);
        }
        struct invite invite;
        whole = is_empty || invite_parse(&invite, octets_of(typed, used)) == ERR_OK;
        sodium_memzero(&invite, sizeof invite);
        if (!whole && !told && cli->in_is_terminal) {
            cli_tell(cli, "That is not all of it yet. Please paste the rest; just Enter ends it.");
            told = true;
        }
    }
    *len = used;
    return typed;
}

/* Everything up to the end of input, or on a terminal up to an empty line. */
static char *text_read(struct cli *cli, size_t *text_len, bool *was_cut)
{
    char *text = calloc(1, ASK_TEXT_MAX + 2);
    size_t used = 0;
    size_t len = 0;
    char *line = NULL;
    while (text != NULL && used <= ASK_TEXT_MAX && (line = line_read(cli, &len)) != NULL) {
        if (cli->in_is_terminal && len == 0) {
            free(line);
            break;
        }
        *was_cut |= cli->in_is_terminal && len >= ASK_TERMINAL_LINE_MAX;
        size_t fits = len < ASK_TEXT_MAX - used ? len : ASK_TEXT_MAX + 1 - used;
        memcpy(text + used, line, fits);
        used += fits;
        if (used <= ASK_TEXT_MAX) {
            text[used++] = '\n';
        }
        free(line);
    }
    while (text != NULL && used > 0 && text[used - 1] == '\n') {
        used--;
    }
    *text_len = used;
    return text;
}

static int text_check(struct cli *cli, bool was_cut)
{
    if (cli->interrupted) {
        return interrupted_fail(cli);
    }
    return was_cut ? cli_fail(cli, CLI_WRONG_USAGE,
                              "A terminal hands on at most %d octets of one line, so the end of a "
                              "line was lost. Nothing was sent. `--editor` takes it whole, and so "
                              "do shorter lines.",
                              ASK_TERMINAL_LINE_MAX)
                   : CLI_DONE;
}

static int text_take(struct cli *cli, struct value *value, char *text, size_t len)
{
    const char *name = parameter_of(value->parameter)->spelling;
    bool is_text = parameter_of(value->parameter)->form == FORM_TEXT;
    if (text == NULL || len > (is_text ? ASK_TEXT_MAX : ASK_LINE_MAX)) {
        free(text);
        return cli_fail(cli, CLI_WRONG_USAGE, "%s is too long. Nothing was sent.", name);
    }
    if (!canon_utf8_valid(octets_of(text, len))) {
        free(text);
        return cli_fail(cli, CLI_WRONG_USAGE, "%s is not UTF-8 text. Nothing was sent.", name);
    }
    free(value->text);
    value->text = text;
    value->text_len = len;
    return CLI_DONE;
}

/* Takes typed; a listing's number becomes what it stands for. */
static int meant_take(struct cli *cli, struct value *value, char *typed, size_t len)
{
    const char *meant = command_meant(cli, value->parameter, typed);
    if (meant == NULL) {
        (void)cli_fail(cli, CLI_NO_SUCH_THING, "There is no line %s in the last listing.", typed);
        free(typed);
        return CLI_NO_SUCH_THING;
    }
    if (meant != typed) {
        free(typed);
        typed = strdup(meant);
        len = typed != NULL ? strlen(typed) : 0;
    }
    return text_take(cli, value, typed, len);
}

static int line_take(struct cli *cli, struct value *value)
{
    const struct parameter *parameter = parameter_of(value->parameter);
    if (cli->in_is_terminal) {
        prompt(cli, parameter->question, false);
    }
    size_t len = 0;
    char *line =
        value->parameter == ARGUMENT_INVITE ? invite_read(cli, &len) : line_read(cli, &len);
    if (cli->interrupted) {
        free(line);
        return interrupted_fail(cli);
    }
    if (line == NULL || len == 0) {
        free(line);
        return cli_fail(cli, CLI_WRONG_USAGE, "Nothing was given for %s. Nothing was sent.",
                        parameter->spelling);
    }
    return meant_take(cli, value, line, len);
}

static bool is_dash(const struct value *value)
{
    return parameter_of(value->parameter)->is_private && value->text != NULL &&
           strcmp(value->text, "-") == 0;
}

/* Lines first, in the order typed: a text takes all that is left. */
static int dashes_replace(struct cli *cli, struct invocation *invocation)
{
    for (size_t i = 0; i < invocation->values_count; i++) {
        struct value *value = &invocation->values[i];
        if (is_dash(value) && parameter_of(value->parameter)->form == FORM_LINE) {
            int status = line_take(cli, value);
            if (status != CLI_DONE) {
                return status;
            }
        }
    }
    for (size_t i = 0; i < invocation->values_count; i++) {
        struct value *value = &invocation->values[i];
        if (is_dash(value)) {
            size_t len = 0;
            if (cli->in_is_terminal) {
                prompt(cli, parameter_of(value->parameter)->question, true);
            }
            bool was_cut = false;
            char *text = text_read(cli, &len, &was_cut);
            int status = text_check(cli, was_cut);
            if (status != CLI_DONE) {
                free(text);
                return status;
            }
            status = text_take(cli, value, text, len);
            if (status != CLI_DONE) {
                return status;
            }
        }
    }
    return CLI_DONE;
}

static char *answer_read(struct cli *cli, enum parameter_name name, size_t *len, bool *was_cut)
{
    if (name == ARGUMENT_INVITE) {
        return invite_read(cli, len);
    }
    bool many_lines = parameter_of(name)->form == FORM_TEXT && name != ARGUMENT_WORDS;
    return many_lines ? text_read(cli, len, was_cut) : line_read(cli, len);
}

int ask_one(struct cli *cli, struct invocation *invocation, enum parameter_name name)
{
    const struct parameter *parameter = parameter_of(name);
    bool many_lines = parameter->form == FORM_TEXT && name != ARGUMENT_WORDS;
    prompt(cli, parameter->question, many_lines);
    size_t len = 0;
    bool was_cut = false;
    char *answer = answer_read(cli, name, &len, &was_cut);
    int status = text_check(cli, was_cut);
    if (status != CLI_DONE) {
        free(answer);
        return status;
    }
    if (answer == NULL || len == 0) {
        free(answer);
        return CLI_DONE;
    }
    if (!invocation_add_text(invocation, name, "", 0)) {
        free(answer);
        return cli_fail(cli, CLI_WRONG_USAGE, "That is more than one command takes.");
    }
    struct value *value = &invocation->values[invocation->values_count - 1];
    return meant_take(cli, value, answer, len);
}

void ask_usage(FILE *out, const struct command *command)
{
    (void)fprintf(out, "kith %s", command->name);
    for (size_t i = 0; i < COMMAND_ARGUMENTS_MAX; i++) {
        if (command->arguments[i] != PARAMETER_NONE) {
            bool required = i < command->required_count;
            (void)fprintf(out, required ? " %s" : " [%s]",
                          parameter_of(command->arguments[i])->spelling);
        }
    }
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX; i++) {
        if (command->options[i] != PARAMETER_NONE) {
            const struct parameter *option = parameter_of(command->options[i]);
            (void)fprintf(
                out, " [%s%s%s]%s", option->spelling, option->placeholder != NULL ? " " : "",
                option->placeholder != NULL ? option->placeholder : "", option->many ? "..." : "");
        }
    }
}

static int missing_fail(struct cli *cli, const struct command *command, const char *spelling)
{
    return cli_fail(cli, CLI_WRONG_USAGE,
                    "%s needs %s. Nothing was sent. `kith %s --help` shows an example.",
                    command->name, spelling, command->name);
}

/* On a terminal the text of a post is asked for as well; elsewhere only what is there counts. */
static bool is_asked(const struct cli *cli, const struct invocation *invocation, size_t argument)
{
    enum parameter_name name = invocation->command->arguments[argument];
    bool is_text = name == ARGUMENT_TEXT || name == ARGUMENT_OWN_WORDS;
    bool is_written_elsewhere = is_text && invocation_find(invocation, OPTION_EDITOR) != NULL;
    return cli->in_is_terminal && !is_written_elsewhere &&
           (is_text || argument < invocation->command->required_count);
}

static int choice_check(struct cli *cli, const struct command *command, const struct value *value)
{
    const struct parameter *parameter = parameter_of(value->parameter);
    if (parameter->form != FORM_CHOICE) {
        return CLI_DONE;
    }
    for (size_t i = 0; parameter->choices[i] != NULL; i++) {
        if (strcmp(parameter->choices[i], value->text) == 0) {
            return CLI_DONE;
        }
    }
    return missing_fail(cli, command, parameter->spelling);
}

static int argument_complete(struct cli *cli, struct invocation *invocation, size_t argument)
{
    const struct command *command = invocation->command;
    enum parameter_name name = command->arguments[argument];
    if (name == PARAMETER_NONE || invocation_find(invocation, name) != NULL) {
        return CLI_DONE;
    }
    if (is_asked(cli, invocation, argument)) {
        invocation->composed = name == ARGUMENT_TEXT;
        int status = ask_one(cli, invocation, name);
        if (status != CLI_DONE) {
            return status;
        }
    }
    const struct value *value = invocation_find(invocation, name);
    if (value != NULL) {
        return choice_check(cli, command, value);
    }
    return argument < command->required_count
               ? missing_fail(cli, command, parameter_of(name)->spelling)
               : CLI_DONE;
}

int ask_first(struct cli *cli, struct invocation *invocation)
{
    int status = invocation->is_begun ? CLI_DONE : dashes_replace(cli, invocation);
    invocation->is_begun = true;
    bool required = invocation->command->required_count > 0;
    return status == CLI_DONE && required ? argument_complete(cli, invocation, 0) : status;
}

int ask_complete(struct cli *cli, struct invocation *invocation)
{
    if (invocation->is_complete) {
        return CLI_DONE; /* an empty answer is an answer */
    }
    int status = ask_first(cli, invocation);
    for (size_t i = 0; status == CLI_DONE && i < COMMAND_ARGUMENTS_MAX; i++) {
        status = argument_complete(cli, invocation, i);
    }
    invocation->is_complete = status == CLI_DONE;
    return status;
}

static bool is_one_of(const char *answer, const char *const *words)
{
    while (*words != NULL && strcmp(answer, *words) != 0) {
        words++;
    }
    return *words != NULL;
}

bool ask_yes(struct cli *cli, const char *question)
{
    static const char *const yes[] = {"y", "Y", "yes", "Yes", "YES", NULL};
    static const char *const no[] = {"", "n", "N", "no", "No", "NO", NULL};
    for (unsigned i = 0; i < YES_TRIES_MAX; i++) {
        size_t len = 0;
        prompt(cli, i == 0 ? question : "Please answer y or n:", false);
        char *answer = line_read(cli, &len);
        bool is_yes = answer != NULL && is_one_of(answer, yes);
        bool is_clear = is_yes || answer == NULL || is_one_of(answer, no);
        free(answer);
        if (is_clear) {
            return is_yes;
        }
    }
    return false;
}
