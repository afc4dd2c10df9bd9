/* help and version: what there is, and how each command is written. */
#include "cli/command.h"

#include <string.h>

#include "cli/ask.h"
#include "cli/layout.h"
#include "proto/control.h"

#define NAME_COLUMNS 14

struct group {
    const char *title;
    const char *first; /* the command it begins with, in the table's order */
};

static const struct group groups[] = {
    {"Your node", "init"}, {"Speaking", "post"},  {"Reading", "timeline"},
    {"People", "people"},  {"Blocking", "block"}, {"What is yours", "outbox"},
    {"More", "complete"},
};

static const char private_forms[] =
    "What you type after a command ends up in your shell's history. To keep it out, leave it "
    "out: on a terminal kith asks. Or write - and kith reads it from standard input. Or type "
    "`kith` alone: a session takes the same commands and keeps no history.\n";

/* In a session nothing of that is so. */
static void private_forms_print(struct cli *cli)
{
    if (!cli->in_session) {
        (void)fputc('\n', cli->out);
        layout_sentence(cli->out, cli->width, private_forms);
    }
}

static void list_print(struct cli *cli)
{
    size_t count = 0;
    const struct command *table = command_table(&count);
    size_t group = 0;
    (void)fputs("kith [--home DIR] [--json] [COMMAND ...]\n", cli->out);
    for (size_t i = 0; i < count; i++) {
        if (group < sizeof groups / sizeof groups[0] &&
            strcmp(groups[group].first, table[i].name) == 0) {
            (void)fprintf(cli->out, "\n%s\n", groups[group++].title);
        }
        (void)fprintf(cli->out, "  %-*s %s\n", NAME_COLUMNS, table[i].name, table[i].summary);
    }
    (void)fprintf(cli->out, "\n`kith COMMAND --help` says more, with an example.\n");
    private_forms_print(cli);
}

static void parameter_print(struct cli *cli, enum parameter_name name)
{
    const struct parameter *parameter = parameter_of(name);
    char left[64];
    (void)snprintf(left, sizeof left, "%s%s%s", parameter->spelling,
                   parameter->placeholder != NULL ? " " : "",
                   parameter->placeholder != NULL ? parameter->placeholder : "");
    (void)fprintf(cli->out, "  %-22s %s\n", left, parameter->help);
}

static bool is_private_command(const struct command *command)
{
    bool is_private = false;
    for (size_t i = 0; i < COMMAND_ARGUMENTS_MAX; i++) {
        is_private |= command->arguments[i] != PARAMETER_NONE &&
                      parameter_of(command->arguments[i])->is_private;
    }
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX; i++) {
        is_private |=
            command->options[i] != PARAMETER_NONE && parameter_of(command->options[i])->is_private;
    }
    return is_private;
}

static void command_print(struct cli *cli, const struct command *command)
{
    ask_usage(cli->out, command);
    (void)fprintf(cli->out, "\n\n%c%s.\n", command->summary[0] - 'a' + 'A', command->summary + 1);
    if (command->details != NULL) {
        (void)fprintf(cli->out, "%s\n", command->details);
    }
    if (command->arguments[0] != PARAMETER_NONE || command->options[0] != PARAMETER_NONE) {
        (void)fputc('\n', cli->out);
    }
    for (size_t i = 0; i < COMMAND_ARGUMENTS_MAX; i++) {
        if (command->arguments[i] != PARAMETER_NONE) {
            parameter_print(cli, command->arguments[i]);
        }
    }
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX; i++) {
        if (command->options[i] != PARAMETER_NONE) {
            parameter_print(cli, command->options[i]);
        }
    }
    (void)fprintf(cli->out, "\nExample:  %s\n", command->example);
    if (is_private_command(command)) {
        private_forms_print(cli);
    }
}

int cmd_help(struct cli *cli, struct invocation *invocation)
{
    const struct value *name = invocation_find(invocation, ARGUMENT_COMMAND);
    if (invocation->help && invocation->command != NULL) {
        command_print(cli, invocation->command);
        return CLI_DONE;
    }
    if (name == NULL) {
        list_print(cli);
        return CLI_DONE;
    }
    size_t count = 0;
    const struct command *table = command_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(table[i].name, name->text) == 0) {
            command_print(cli, &table[i]);
            return CLI_DONE;
        }
    }
    return cli_fail(cli, CLI_WRONG_USAGE, "%s is not a command. `kith help` lists all of them.",
                    name->text);
}

int cmd_version(struct cli *cli, struct invocation *invocation)
{
    (void)invocation;
    (void)fprintf(cli->out, "kith %s\n", KITH_VERSION);
    return CLI_DONE;
}
