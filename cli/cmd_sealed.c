/* What is sealed: evidence kept with a block, and lists of blocks. */
#include "cli/command.h"

#include "cli/ask.h"
#include "cli/item.h"
#include "cli/json.h"
#include "cli/path.h"
#include "cli/request.h"
#include "cli/secret.h"

/* Exactly one of --for and a passphrase seals evidence. */
static int evidence_complete(struct cli *cli, struct invocation *invocation)
{
    bool has_key = invocation_find(invocation, OPTION_FOR) != NULL;
    bool has_file = invocation_find(invocation, OPTION_PASSPHRASE_FILE) != NULL;
    if (invocation_find(invocation, OPTION_KEEP_EVIDENCE) == NULL) {
        return has_key || has_file
                   ? cli_fail(cli, CLI_WRONG_USAGE,
                              "--for and --passphrase-file belong to --keep-evidence. Nobody was "
                              "blocked.")
                   : CLI_DONE;
    }
    if (has_key && has_file) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "Please choose one of --for and --passphrase-file. Nobody was blocked.");
    }
    int status = path_complete(cli, invocation, OPTION_KEEP_EVIDENCE);
    if (status != CLI_DONE || has_key) {
        return status;
    }
    if (!has_file && !cli->in_is_terminal) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "--keep-evidence needs --passphrase-file F or --for KEY, since nothing can "
                        "be asked here. Nobody was blocked.");
    }
    if (!has_file) {
        cli_tell(cli, "Whoever has this passphrase can open the file later. kith cannot bring it "
                      "back.");
    }
    return secret_add(cli, invocation, SECRET_TWICE);
}

int cmd_block(struct cli *cli, struct invocation *invocation)
{
    int status = ask_complete(cli, invocation);
    if (status == CLI_DONE) {
        status = evidence_complete(cli, invocation);
    }
    return status == CLI_DONE ? command_carry_out(cli, invocation) : status;
}

struct taking {
    struct cli *cli;
    struct render render;
    void (*print)(struct render *render, struct octets item);
    bool needs_passphrase;
    uint64_t new_count; /* of an import's first item */
    bool is_begun;
};

static bool on_report(void *context, struct octets item)
{
    struct taking *taking = context;
    struct octets needs = {0};
    if (item_str(&needs, item, "needs")) {
        taking->needs_passphrase = true;
        return true;
    }
    if (!taking->is_begun) {
        taking->is_begun = true;
        (void)item_uint(&taking->new_count, item, "new");
    }
    if (taking->cli->json) {
        return json_print(taking->cli->out, item) == ERR_OK;
    }
    taking->print(&taking->render, item);
    return ferror(taking->cli->out) == 0;
}

static int report_take(struct cli *cli, struct invocation *invocation, struct taking *taking)
{
    struct request request = {.command = invocation->command->control,
                              .invocation = invocation,
                              .on_item = on_report,
                              .context = taking};
    render_begin(&taking->render, cli);
    int status = request_run(cli, &request);
    render_end(&taking->render);
    return status;
}

int cmd_verify(struct cli *cli, struct invocation *invocation)
{
    struct taking taking = {.cli = cli, .print = render_evidence};
    int status = ask_complete(cli, invocation);
    if (status == CLI_DONE) {
        status = path_complete(cli, invocation, ARGUMENT_SEALED_FILE);
    }
    if (status == CLI_DONE && invocation_find(invocation, OPTION_PASSPHRASE_FILE) != NULL) {
        status = secret_add(cli, invocation, SECRET_ONCE);
    }
    if (status == CLI_DONE) {
        status = report_take(cli, invocation, &taking);
    }
    if (status != CLI_DONE || !taking.needs_passphrase) {
        return status;
    }
    if (!cli->in_is_terminal) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "This file is sealed to a passphrase: --passphrase-file F reads it.");
    }
    status = secret_add(cli, invocation, SECRET_ONCE);
    return status == CLI_DONE ? report_take(cli, invocation, &taking) : status;
}

int cmd_blocks_export(struct cli *cli, struct invocation *invocation)
{
    int status = ask_complete(cli, invocation);
    if (status == CLI_DONE) {
        status = path_complete(cli, invocation, ARGUMENT_SEALED_FILE);
    }
    return status == CLI_DONE ? command_carry_out(cli, invocation) : status;
}

/* First what it would do, then the question, then the deed. */
int cmd_blocks_import(struct cli *cli, struct invocation *invocation)
{
    struct taking taking = {.cli = cli, .print = render_blocks_list};
    int status = ask_complete(cli, invocation);
    if (status == CLI_DONE) {
        status = path_complete(cli, invocation, ARGUMENT_SEALED_FILE);
    }
    if (status != CLI_DONE || invocation_find(invocation, OPTION_YES) != NULL) {
        return status == CLI_DONE ? command_carry_out(cli, invocation) : status;
    }
    status = report_take(cli, invocation, &taking);
    if (status != CLI_DONE) {
        return status;
    }
    if (taking.new_count == 0) {
        cli_tell(cli, "You have blocked all of them already. Nothing was changed.");
        return CLI_DONE;
    }
    if (!cli->in_is_terminal) {
        cli_tell(cli, "Nothing was changed. With --yes it takes effect.");
        return CLI_DONE;
    }
    if (!ask_yes(cli, "Block those who are new? [y/N]")) {
        cli_tell(cli, "Nothing was changed.");
        return CLI_DONE;
    }
    invocation->values[invocation->values_count++] =
        (struct value){.parameter = OPTION_YES, .number = 1};
    return command_carry_out(cli, invocation);
}
