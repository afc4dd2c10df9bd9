/* After a block: what she has done herself that others can see, and that a block does not undo. */
#include "cli/command.h"

#include "cli/ask.h"
#include "cli/item.h"
#include "cli/request.h"

static int end_tie(struct cli *cli, enum control_command command, enum parameter_name parameter,
                   struct octets subject)
{
    struct invocation invocation = {0};
    if (!invocation_add_text(&invocation, parameter, (const char *)subject.at, subject.len)) {
        return cli_fail(cli, CLI_REFUSED, "There is no memory left. The block is in force.");
    }
    struct request request = {.command = command, .invocation = &invocation};
    int status = request_run(cli, &request);
    invocation_free(&invocation);
    if (status != CLI_DONE) {
        cli_tell(cli, "The block is in force all the same.");
    }
    return status;
}

static int offer_unvouch(struct cli *cli, const char *key)
{
    if (!cli->in_is_terminal || cli->json) {
        cli_tell(cli,
                 "You vouched for this person, and everyone can read it. `kith unvouch %s` "
                 "takes it back; that can be seen too.",
                 key);
        return CLI_DONE;
    }
    cli_tell(cli, "You vouched for this person, and everyone can read it. Taking the vouch back "
                  "can be seen "
                  "too; the block itself cannot.");
    if (!ask_yes(cli, "Take the vouch back? [y/N]")) {
        cli_tell(cli, "The vouch stays. `kith unvouch` takes it back at any time.");
        return CLI_DONE;
    }
    int status = end_tie(cli, CONTROL_UNVOUCH, ARGUMENT_KEY, octets_of_text(key));
    if (status == CLI_DONE) {
        cli_tell(cli, "Taken back. Those who have read the vouch have read it.");
    }
    return status;
}

static int offer_disconnect(struct cli *cli, struct octets address)
{
    if (!cli->in_is_terminal || cli->json) {
        cli_tell(cli,
                 "Your node connects to this relay. `kith peer remove %.*s` ends that; the "
                 "relay can see it.",
                 (int)address.len, (const char *)address.at);
        return CLI_DONE;
    }
    cli_tell(cli, "Your node connects to this relay. Ending that can be seen by the relay; the "
                  "block itself cannot.");
    if (!ask_yes(cli, "No longer connect there? [y/N]")) {
        cli_tell(cli, "Your node stays connected. `kith peer remove` ends it at any time.");
        return CLI_DONE;
    }
    int status = end_tie(cli, CONTROL_PEER_REMOVE, ARGUMENT_ADDRESS, address);
    if (status == CLI_DONE) {
        cli_tell(cli, "Your node no longer connects there.");
    }
    return status;
}

int after_block(struct cli *cli, struct octets item)
{
    char key[ITEM_NAME_MAX] = "";
    struct octets address = {0};
    int status = CLI_DONE;
    if (item_flag(item, "_vouched") && item_key_text(key, item, "key")) {
        status = offer_unvouch(cli, key);
    }
    if (status == CLI_DONE && item_str(&address, item, "_peer")) {
        status = offer_disconnect(cli, address);
    }
    return status;
}
