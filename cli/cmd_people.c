/* Whom a person follows and vouches for; what she keeps away. */
#include "cli/command.h"

#include "cli/ask.h"

/* A command that takes one of two; on a terminal the first is asked for. */
struct either {
    enum parameter_name first;
    enum parameter_name second;
    const char *not_both;
    const char *needs;
};

static int either_carry_out(struct cli *cli, struct invocation *invocation,
                            const struct either *either)
{
    bool has_first = invocation_find(invocation, either->first) != NULL;
    bool has_second = invocation_find(invocation, either->second) != NULL;
    if (has_first && has_second) {
        return cli_fail(cli, CLI_WRONG_USAGE, "Please name %s. Nothing was changed.",
                        either->not_both);
    }
    if (!has_first && !has_second && cli->in_is_terminal) {
        int status = ask_one(cli, invocation, either->first);
        if (status != CLI_DONE) {
            return status;
        }
        has_first = invocation_find(invocation, either->first) != NULL;
    }
    if (!has_first && !has_second) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "%s needs %s. Nothing was changed. `kith %s --help` shows an example.",
                        invocation->command->name, either->needs, invocation->command->name);
    }
    return command_carry_out(cli, invocation);
}

int cmd_follow(struct cli *cli, struct invocation *invocation)
{
    static const struct either either = {ARGUMENT_KEY, OPTION_FOLLOWED_TAG,
                                         "a person or a tag, not both", "KEY or --tag TAG"};
    return either_carry_out(cli, invocation, &either);
}

int cmd_shield(struct cli *cli, struct invocation *invocation)
{
    static const struct either either = {ARGUMENT_TAG, OPTION_WORD, "a tag or a word, not both",
                                         "TAG or --word W"};
    return either_carry_out(cli, invocation, &either);
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
                      "long as anybody keeps it, and it cannot be fully taken back.");
        if (!ask_yes(cli, "Vouch? [y/N]")) {
            cli_tell(cli, "Nothing was sent.");
            return CLI_DONE;
        }
    }
    return command_carry_out(cli, invocation);
}
