/* The person's own node: made, started, stopped, invited to. */
#include "cli/command.h"

#include <time.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/daemon.h"
#include "cli/home.h"
#include "cli/lock.h"
#include "cli/request.h"

#define START_TIMEOUT_MS (60 * 1000)
#define STOP_TIMEOUT_MS  (30 * 1000)
#define STEP_MS          20
#define PATH_LEN_MAX     (CLI_HOME_MAX + 64)
#define WORDS_MAX        (2 * COMMAND_VALUES_MAX + 8)

/* The command line for kithd: borrowed words, ended by NULL. */
struct words {
    char *at[WORDS_MAX];
    size_t count;
};

static char word_init[] = "--init";
static char word_home[] = "--home";

static void words_add(struct words *words, char *word)
{
    if (words->count + 1 < WORDS_MAX) {
        words->at[words->count++] = word;
    }
}

/* Options go to kithd as they are spelled, which is the same there. */
static void words_add_options(struct words *words, const struct invocation *invocation,
                              char spellings[PARAMETERS_COUNT][32])
{
    for (size_t i = 0; i < invocation->values_count; i++) {
        const struct value *value = &invocation->values[i];
        if (value->parameter == OPTION_PASSPHRASE_FILE && invocation->command->run == cmd_up) {
            continue; /* the node starts locked, and is unlocked then */
        }
        char *spelling = spellings[value->parameter];
        (void)snprintf(spelling, 32, "%s", parameter_of(value->parameter)->spelling);
        words_add(words, spelling);
        if (value->text != NULL) {
            words_add(words, value->text);
        }
    }
}

static int name_ask(struct cli *cli, struct invocation *invocation)
{
    if (!cli->in_is_terminal || invocation_find(invocation, OPTION_NAME) != NULL) {
        return CLI_DONE;
    }
    cli_tell(cli, "Just Enter leaves the name open; `kith profile` sets it later.");
    return ask_one(cli, invocation, OPTION_NAME);
}

/* Nothing is kept away that she did not ask for: Enter means no, on a terminal as in a script. */
static int shields_ask(struct cli *cli, struct invocation *invocation)
{
    if (!cli->in_is_terminal || invocation_find(invocation, OPTION_INIT_SHIELDS) != NULL) {
        return CLI_DONE;
    }
    cli_tell(cli, "Under #itwasme and #ihave people write about harm they did to others. You can "
                  "keep posts under these two tags away from you, also where they carry others as "
                  "well. Nobody is told, and `kith shield` and `kith unshield` change it at any "
                  "time.");
    if (!ask_yes(cli, "Keep them away? [y/N]")) {
        return cli->interrupted ? cli_fail(cli, CLI_WRONG_USAGE, "No home was made.") : CLI_DONE;
    }
    bool added = invocation_add_text(invocation, OPTION_INIT_SHIELDS, "itwasme", 7) &&
                 invocation_add_text(invocation, OPTION_INIT_SHIELDS, "ihave", 5);
    return added ? CLI_DONE
                 : cli_fail(cli, CLI_WRONG_USAGE, "That is more than one command takes.");
}

int cmd_init(struct cli *cli, struct invocation *invocation)
{
    char spellings[PARAMETERS_COUNT][32];
    int status = ask_complete(cli, invocation);
    if (status == CLI_DONE && !home_made(cli)) {
        status = name_ask(cli, invocation); /* else kithd refuses; asking first would be rude */
        status = status == CLI_DONE ? shields_ask(cli, invocation) : status;
    }
    if (status != CLI_DONE) {
        return status;
    }
    if (home_in_use(cli)) {
        return cli_fail(cli, CLI_REFUSED,
                        "There is a home in %s already, and its node is running. Nothing was "
                        "changed.",
                        cli->home);
    }
    struct words words = {.count = 1};
    words_add(&words, word_home);
    words_add(&words, cli->home);
    words_add(&words, word_init);
    words_add_options(&words, invocation, spellings);
    (void)fflush(cli->out);
    (void)fflush(cli->err);
    if (daemon_run(&status, words.at, cli->json ? STDERR_FILENO : STDOUT_FILENO) != ERR_OK) {
        return cli_fail(cli, CLI_REFUSED, "kithd could not be run, so no home was made.");
    }
    if (status == CLI_DONE && !cli->json) {
        (void)fprintf(cli->out,
                      "Your home is %s. Next: `kith up` starts your node, then `kith "
                      "join` takes an invite.\n",
                      cli->home);
    }
    return status;
}

int cmd_recover(struct cli *cli, struct invocation *invocation)
{
    static char word_recover[] = "--recover";
    char spellings[PARAMETERS_COUNT][32];
    struct words words = {.count = 1};
    int status = ask_complete(cli, invocation);
    if (status != CLI_DONE) {
        return status;
    }
    words_add(&words, word_home);
    words_add(&words, cli->home);
    words_add(&words, word_recover);
    words_add_options(&words, invocation, spellings);
    (void)fflush(cli->out);
    (void)fflush(cli->err);
    if (daemon_run(&status, words.at, cli->json ? STDERR_FILENO : STDOUT_FILENO) != ERR_OK) {
        return cli_fail(cli, CLI_REFUSED, "kithd could not be run, so nothing was changed.");
    }
    return status;
}

static int start_wait(struct cli *cli, pid_t pid, const char *log)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    char line[DAEMON_LINE_MAX];
    int status = CLI_REFUSED;
    bool ended = false;
    for (unsigned waited_ms = 0; waited_ms < START_TIMEOUT_MS; waited_ms += STEP_MS) {
        ended = ended || daemon_ended(pid, &status);
        /* A home in use then is one that another `kith up` started a node in meanwhile. */
        if (ended && !home_in_use(cli)) {
            daemon_last_line(line, log);
            return cli_fail(cli, status != CLI_DONE ? status : CLI_REFUSED,
                            "The node did not start. The last line of %s: %s", log, line);
        }
        if (node_state(cli) != NODE_SILENT) {
            return CLI_DONE;
        }
        (void)nanosleep(&step, NULL);
    }
    daemon_last_line(line, log);
    return cli_fail(cli, CLI_NO_NODE,
                    "The node is still starting; `kith status` answers when it is ready. The last "
                    "line of %s: %s",
                    log, line);
}

/* Where nobody can be asked and nothing was given, a locked node is what was wanted. */
static int open_locked(struct cli *cli, struct invocation *invocation)
{
    if (!cli->in_is_terminal && invocation_find(invocation, OPTION_PASSPHRASE_FILE) == NULL) {
        if (!cli->json) {
            (void)fputs("Your node is running, locked. `kith unlock` opens it.\n", cli->out);
        }
        return CLI_DONE;
    }
    int status = node_unlock(cli, invocation);
    if (status != CLI_DONE && node_state(cli) == NODE_LOCKED) {
        cli_tell(cli, "Your node is running, locked. `kith unlock` opens it.");
    }
    return status;
}

static int opened(struct cli *cli, struct invocation *invocation)
{
    int status = node_state(cli) == NODE_LOCKED ? open_locked(cli, invocation) : CLI_DONE;
    if (status == CLI_DONE && !cli->json && node_state(cli) == NODE_OPEN) {
        (void)fputs("Your node is running. `kith status` shows how it is.\n", cli->out);
    }
    return status;
}

static int start(struct cli *cli, struct invocation *invocation)
{
    char spellings[PARAMETERS_COUNT][32];
    char log[PATH_LEN_MAX];
    pid_t pid = 0;
    struct words words = {.count = 1};
    words_add(&words, word_home);
    words_add(&words, cli->home);
    words_add_options(&words, invocation, spellings);
    (void)fflush(cli->out);
    (void)fflush(cli->err);
    if (!home_path(cli, log, sizeof log, DAEMON_LOG_NAME) ||
        daemon_start(&pid, words.at, log) != ERR_OK) {
        return cli_fail(cli, CLI_REFUSED, "The node could not be started: %s cannot be written.",
                        log);
    }
    return start_wait(cli, pid, log);
}

static int running_already(struct cli *cli, struct invocation *invocation)
{
    static const enum parameter_name of_a_start[] = {OPTION_LISTEN,  OPTION_PEERS, OPTION_KEEP,
                                                     OPTION_ARCHIVE, OPTION_DIAL,  OPTION_SETS};
    bool asks_more = false;
    for (size_t i = 0; i < sizeof of_a_start / sizeof of_a_start[0]; i++) {
        asks_more = asks_more || invocation_find(invocation, of_a_start[i]) != NULL;
    }
    cli_tell(cli, asks_more ? "Your node is running already; what you asked for here was not "
                              "applied. `kith down` stops it first."
                            : "Your node is running already.");
    return asks_more ? CLI_REFUSED : CLI_DONE;
}

int cmd_up(struct cli *cli, struct invocation *invocation)
{
    int status = ask_complete(cli, invocation);
    if (status == CLI_DONE) {
        status = home_check(cli);
    }
    if (status != CLI_DONE) {
        return status;
    }
    enum node_state state = node_state(cli);
    if (state == NODE_SILENT) {
        status = start(cli, invocation);
        return status == CLI_DONE ? opened(cli, invocation) : status;
    }
    status = running_already(cli, invocation);
    return status == CLI_DONE && state == NODE_LOCKED ? opened(cli, invocation) : status;
}

/* The socket goes before the home is free again: `init`, `up` and --import need the home. */
static bool stop_wait(const struct cli *cli)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    for (unsigned waited_ms = 0; waited_ms < STOP_TIMEOUT_MS; waited_ms += STEP_MS) {
        if (!home_in_use(cli)) {
            return true;
        }
        (void)nanosleep(&step, NULL);
    }
    return false;
}

int cmd_down(struct cli *cli, struct invocation *invocation)
{
    (void)invocation;
    struct request request = {.command = CONTROL_DOWN, .until_gone = true};
    int status = request_run(cli, &request);
    if (status == CLI_DONE && !stop_wait(cli)) {
        return cli_fail(cli, CLI_NO_NODE,
                        "Your node was asked to stop and no longer answers, but is not done yet.");
    }
    if (status == CLI_DONE && !cli->json) {
        (void)fputs("Your node has stopped. What you wrote is kept.\n", cli->out);
    }
    return status;
}

int cmd_invite(struct cli *cli, struct invocation *invocation)
{
    int status = command_carry_out(cli, invocation);
    if (status == CLI_DONE && !cli->json) {
        cli_tell(cli, "Whoever has this can join: give it to people you trust, over a channel you "
                      "trust.");
        const struct value *uses = invocation_find(invocation, OPTION_USES);
        if (uses != NULL && uses->number > 1) {
            cli_tell(cli, "They type `kith join` and paste it. It is good for %u people.",
                     (unsigned)uses->number);
        } else {
            cli_tell(cli, "They type `kith join` and paste it. It is good for one person.");
        }
    }
    return status;
}
