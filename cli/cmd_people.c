/* Whom a person follows and vouches for. */
#include "cli/command.h"

#include "cli/ask.h"

int cmd_follow(struct cli *cli, struct invocation *invocation)
{
    bool has_key = invocation_find(invocation, ARGUMENT_KEY) != NULL;
    bool has_tag = invocation_find(invocation, OPTION_FOLLOWED_TAG) != NULL;
    if (has_key && has_tag) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "Please name a person or a tag, not both. Nothing was changed.");
    }
    if (!has_key && !has_tag && cli->in_is_terminal) {
        int status = ask_one(cli, invocation, ARGUMENT_KEY);
        if (status != CLI_DONE) {
            return status;
        }
        has_key = invocation_find(invocation, ARGUMENT_KEY) != NULL;
    }
    if (!has_key && !has_tag) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "%s needs KEY or --tag TAG. Nothing was changed. `kith %s --help` shows an "
                        "example.",
                        invocation->command->name, invocation->command->name);
    }
    return command_carry_out(cli, invocation);
}

/* The consequence comes before the deed: a vouch cannot be unsaid. */
int cmd_vouch(struct cli *cli, struct invocation *invocation)
{
    int status = ask_complete(cli, invocation);
    if (status != CLI_DONE) {
        return status;
    }
    if (cli->in_is_terminal) {
        cli_tell(cli, "A vouch says to everyone: I know this person. Anybody can read it, for as "
                      "long as");
        cli_tell(cli, "anybody keeps it, and it cannot be fully taken back.");
        if (!ask_yes(cli, "Vouch? [y/N]")) {
            cli_tell(cli, "Nothing was sent.");
            return CLI_DONE;
        }
    }
    return command_carry_out(cli, invocation);
}
