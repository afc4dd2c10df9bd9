/* lock, unlock, passphrase and panic. */
#include "cli/lock.h"

#include <time.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/daemon.h"
#include "cli/home.h"
#include "cli/item.h"
#include "cli/layout.h"
#include "cli/request.h"
#include "cli/secret.h"

#define STATE_TIMEOUT_MS 2000
#define OPEN_TIMEOUT_MS  (60 * 1000)
#define LOCK_TIMEOUT_MS  (30 * 1000)
#define PANIC_TIMEOUT_MS (10 * 1000)
#define STUCK_TIMEOUT_MS (4 * 1000)
#define STEP_MS          20
#define ASK_AGAIN_MS     200
#define PATH_LEN_MAX     (CLI_HOME_MAX + 64)

static void say(struct cli *cli, const char *text)
{
    if (!cli->json) {
        layout_sentence(cli->out, cli->width, text);
        (void)fputc('\n', cli->out);
    }
}

static void step(void)
{
    const struct timespec wait = {.tv_nsec = STEP_MS * 1000000L};
    (void)nanosleep(&wait, NULL);
}

static bool on_state(void *context, struct octets item)
{
    enum node_state *found = context;
    struct octets state = {0};
    if (item_str(&state, item, "state")) {
        *found = octets_equal(state, octets_of_text("locked")) ? NODE_LOCKED : NODE_OPEN;
    }
    return true;
}

enum node_state node_state(struct cli *cli)
{
    enum node_state found = NODE_SILENT;
    struct request request = {.command = CONTROL_STATUS,
                              .on_item = on_state,
                              .context = &found,
                              .is_quiet = true,
                              .timeout_ms = STATE_TIMEOUT_MS};
    int status = request_run(cli, &request);
    /* One that answers something else is there all the same. */
    return found == NODE_SILENT && status != CLI_NO_NODE ? NODE_OPEN : found;
}

/* False when the node ends, or takes longer than that. */
static bool state_wait(struct cli *cli, enum node_state wanted, unsigned timeout_ms)
{
    for (unsigned waited_ms = 0; waited_ms < timeout_ms; waited_ms += STEP_MS) {
        if (node_state(cli) == wanted) {
            return true;
        }
        if (!home_in_use(cli)) {
            return false;
        }
        step();
    }
    return false;
}

static int not_opened(struct cli *cli)
{
    char line[DAEMON_LINE_MAX] = "";
    char log[PATH_LEN_MAX];
    if (home_path(cli, log, sizeof log, DAEMON_LOG_NAME)) {
        daemon_last_line(line, log);
    }
    return cli_fail(cli, CLI_REFUSED, "The passphrase was right, but the node did not start. %s%s",
                    line[0] != '\0' ? "The last line of its log: " : "Its log says why.", line);
}

int node_unlock(struct cli *cli, struct invocation *invocation)
{
    if (!cli->in_is_terminal && invocation_find(invocation, OPTION_PASSPHRASE_FILE) == NULL) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "This home opens with a passphrase: --passphrase-file F reads it, since "
                        "nothing can be asked here.");
    }
    int status = secret_add(cli, invocation, SECRET_ONCE);
    if (status != CLI_DONE) {
        return status;
    }
    struct request request = {.command = CONTROL_UNLOCK, .invocation = invocation};
    status = request_run(cli, &request);
    if (status == CLI_DONE && !state_wait(cli, NODE_OPEN, OPEN_TIMEOUT_MS)) {
        return not_opened(cli);
    }
    return status;
}

int cmd_unlock(struct cli *cli, struct invocation *invocation)
{
    int status = ask_complete(cli, invocation);
    if (status != CLI_DONE) {
        return status;
    }
    if (node_state(cli) == NODE_OPEN) {
        say(cli, "Your node is unlocked already.");
        return CLI_DONE;
    }
    if (node_state(cli) == NODE_SILENT) { /* says why: no home, or no node */
        struct request request = {.command = CONTROL_STATUS};
        status = request_run(cli, &request);
        if (status != CLI_DONE) {
            return status;
        }
    }
    status = node_unlock(cli, invocation);
    if (status == CLI_DONE) {
        say(cli, "Your node is unlocked.");
    }
    return status;
}

int cmd_lock(struct cli *cli, struct invocation *invocation)
{
    int status = ask_complete(cli, invocation);
    const struct value *after = invocation_find(invocation, OPTION_AFTER);
    if (status != CLI_DONE || after != NULL) {
        status = status == CLI_DONE ? command_carry_out(cli, invocation) : status;
        if (status == CLI_DONE) {
            say(cli, after->number > 0
                         ? "Your node locks itself when nothing was asked of it for that long."
                         : "Your node does not lock itself.");
        }
        return status;
    }
    if (node_state(cli) == NODE_LOCKED) {
        say(cli, "Your node is locked already.");
        return CLI_DONE;
    }
    struct request request = {.command = CONTROL_LOCK, .until_gone = true};
    status = request_run(cli, &request);
    if (status != CLI_DONE) {
        return status;
    }
    if (state_wait(cli, NODE_LOCKED, LOCK_TIMEOUT_MS)) {
        say(cli, "Your node is locked: it is connected to nobody, and nothing in it can be read. "
                 "`kith unlock` opens it.");
        return CLI_DONE;
    }
    if (!home_in_use(cli)) {
        say(cli, "Your node has stopped instead of staying behind locked: nothing in it can be "
                 "read. `kith up` starts it.");
        return CLI_DONE;
    }
    return cli_fail(cli, CLI_NO_NODE,
                    "Your node was asked to lock, but is not done yet. `kith status` shows when it "
                    "is; `kith down` stops it.");
}

static bool on_has(void *context, struct octets item)
{
    *(bool *)context = item_flag(item, "passphrase");
    return true;
}

static int old_take(struct cli *cli, struct invocation *invocation)
{
    static const struct secret old = {.parameter = ARGUMENT_PASSPHRASE,
                                      .file = OPTION_OLD_PASSPHRASE_FILE,
                                      .question = "The passphrase until now:"};
    if (!cli->in_is_terminal && invocation_find(invocation, old.file) == NULL) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "This home has a passphrase already: --old-passphrase-file F reads it, "
                        "since nothing can be asked here. Nothing was changed.");
    }
    return secret_take(cli, invocation, &old);
}

static int new_take(struct cli *cli, struct invocation *invocation)
{
    static const struct secret fresh = {.parameter = ARGUMENT_NEW_PASSPHRASE,
                                        .file = OPTION_PASSPHRASE_FILE,
                                        .question = "New passphrase:",
                                        .again = "The same passphrase once more:"};
    if (invocation_find(invocation, fresh.file) == NULL) {
        cli_tell(cli, "A few words that nobody would guess are better than one. Nobody can bring "
                      "it back for you.");
    }
    return secret_take(cli, invocation, &fresh);
}

static int change_send(struct cli *cli, struct invocation *invocation, bool removes)
{
    struct request request = {.command = CONTROL_PASSPHRASE, .invocation = invocation};
    int status = request_run(cli, &request);
    if (status == CLI_DONE) {
        say(cli, removes ? "Your home has no passphrase any more: whoever gets hold of this "
                           "computer or its disk can read it."
                         : "The new passphrase is in force. `kith lock` locks your node now; "
                           "`kith lock --after 10m` has it lock itself.");
    }
    return status;
}

int cmd_passphrase(struct cli *cli, struct invocation *invocation)
{
    bool has = false;
    bool removes = invocation_find(invocation, OPTION_REMOVE_PASSPHRASE) != NULL;
    bool has_file = invocation_find(invocation, OPTION_PASSPHRASE_FILE) != NULL;
    int status = ask_complete(cli, invocation);
    if (status == CLI_DONE && (removes ? has_file : !has_file && !cli->in_is_terminal)) {
        status = cli_fail(cli, CLI_WRONG_USAGE,
                          "Please say --passphrase-file F for the new passphrase, or "
                          "--no-passphrase. Nothing was changed.");
    }
    if (status == CLI_DONE) {
        struct request request = {
            .command = CONTROL_PASSPHRASE, .on_item = on_has, .context = &has};
        status = request_run(cli, &request);
    }
    if (status == CLI_DONE && removes && !has) {
        say(cli, "Your home has no passphrase.");
        return CLI_DONE;
    }
    if (status == CLI_DONE && has) {
        status = old_take(cli, invocation);
    }
    if (status == CLI_DONE && !removes) {
        status = new_take(cli, invocation);
    }
    return status == CLI_DONE ? change_send(cli, invocation, removes) : status;
}

/* ---- Panic ---- */

static bool is_there(const struct cli *cli, const char *name)
{
    char path[PATH_LEN_MAX];
    return home_path(cli, path, sizeof path, name) && access(path, F_OK) == 0;
}

static bool is_destroyed(const struct cli *cli)
{
    return !is_there(cli, "key") && !is_there(cli, "keyslot");
}

/* A node overwrites the key before anything else, closes the connection, and goes. */
static void ask_node(struct cli *cli)
{
    struct request request = {
        .command = CONTROL_PANIC, .is_quiet = true, .timeout_ms = STATE_TIMEOUT_MS};
    (void)request_run(cli, &request);
}

/* One that was just starting has the key in its memory, and can be asked a moment later. */
static bool node_gone(struct cli *cli, bool is_told)
{
    unsigned timeout_ms = is_told ? PANIC_TIMEOUT_MS : STUCK_TIMEOUT_MS;
    for (unsigned waited_ms = 0; waited_ms < timeout_ms; waited_ms += STEP_MS) {
        if (!home_in_use(cli)) {
            return true;
        }
        if (!is_told && waited_ms % ASK_AGAIN_MS == 0) {
            ask_node(cli);
            waited_ms += STATE_TIMEOUT_MS;
        }
        step();
    }
    return false;
}

static int destroy_alone(struct cli *cli)
{
    static char word_home[] = "--home";
    static char word_panic[] = "--panic";
    char *words[] = {NULL, word_home, cli->home, word_panic, NULL};
    int status = CLI_DONE;
    (void)fflush(cli->out);
    (void)fflush(cli->err);
    if (daemon_run(&status, words, STDOUT_FILENO) != ERR_OK) {
        return cli_fail(cli, CLI_REFUSED,
                        "kithd could not be run. Remove %s/key and %s/keyslot yourself, now.",
                        cli->home, cli->home);
    }
    return status;
}

/* Nothing is asked, on a terminal neither. */
int cmd_panic(struct cli *cli, struct invocation *invocation)
{
    (void)invocation;
    int status = CLI_DONE;
    bool was_there = !is_destroyed(cli);
    if (was_there && home_in_use(cli)) {
        ask_node(cli);
    }
    bool is_told = was_there && is_destroyed(cli);
    if (!is_told) {
        status = destroy_alone(cli);
    }
    if (status == CLI_DONE && !node_gone(cli, is_told)) {
        return cli_fail(cli, CLI_REFUSED,
                        "The key of this home is destroyed on the disk, but a node that does not "
                        "answer still has it in its memory. End it, its name is kithd, or switch "
                        "this computer off.");
    }
    if (status == CLI_DONE) {
        say(cli, "Destroyed: the key of this home was overwritten, and its files are removed. "
                 "Flash storage may keep copies.");
    }
    return status;
}
