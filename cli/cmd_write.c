/* What a person writes: posts, replies and echoes with words. */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/editor.h"
#include "cli/named.h"

static int text_edit(struct cli *cli, struct invocation *invocation)
{
    char *text = NULL;
    size_t text_len = 0;
    if (invocation_find(invocation, OPTION_EDITOR) == NULL) {
        return CLI_DONE;
    }
    if (invocation_find(invocation, ARGUMENT_TEXT) != NULL) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "--editor and words on the command line do not go together. Nothing was "
                        "sent.");
    }
    int status = editor_write(cli, &text, &text_len);
    if (status != CLI_DONE) {
        return status;
    }
    if (!canon_utf8_valid(octets_of(text, text_len)) ||
        !invocation_add_text(invocation, ARGUMENT_TEXT, text, text_len)) {
        status = cli_fail(cli, CLI_WRONG_USAGE, "That is not UTF-8 text. Nothing was sent.");
    }
    free(text);
    return status;
}

/* Tags in an argument would stand in the shell's history beside the text that was kept out. */
static int tags_ask(struct cli *cli, struct invocation *invocation)
{
    struct invocation answer = {.command = invocation->command};
    if (!invocation->composed || invocation->command->control != CONTROL_POST ||
        invocation_find(invocation, OPTION_TAGS) != NULL) {
        return CLI_DONE;
    }
    int status = ask_one(cli, &answer, ARGUMENT_TAGS);
    const struct value *typed = invocation_find(&answer, ARGUMENT_TAGS);
    const char *at = typed != NULL ? typed->text : "";
    while (status == CLI_DONE && *(at += strspn(at, " \t,")) != '\0') {
        size_t len = strcspn(at, " \t,");
        if (!invocation_add_text(invocation, OPTION_TAGS, at, len)) {
            status = cli_fail(cli, CLI_WRONG_USAGE, "Those are too many tags. Nothing was sent.");
        }
        at += len;
    }
    invocation_free(&answer);
    return status;
}

int cmd_compose(struct cli *cli, struct invocation *invocation)
{
    if (invocation_find(invocation, OPTION_VOICE) != NULL) {
        return cli_fail(cli, CLI_REFUSED,
                        "--voice is not in this version yet, and posting under your own name "
                        "instead would not be what you asked for. Nothing was sent.");
    }
    int status = ask_first(cli, invocation);
    if (status == CLI_DONE && invocation->command->control == CONTROL_REPLY &&
        !named_ask(cli, invocation)) {
        return CLI_DONE;
    }
    if (status == CLI_DONE) {
        status = text_edit(cli, invocation);
    }
    if (status == CLI_DONE) {
        status = ask_complete(cli, invocation);
    }
    if (status == CLI_DONE) {
        status = tags_ask(cli, invocation);
    }
    return status == CLI_DONE ? command_carry_out(cli, invocation) : status;
}

int cmd_react(struct cli *cli, struct invocation *invocation)
{
    int status = ask_complete(cli, invocation);
    if (status != CLI_DONE || !named_ask(cli, invocation)) {
        return status;
    }
    return command_carry_out(cli, invocation);
}
