/* Backups and what comes after one: backup, restore, words, confirming the list of blocks. */
#include "cli/command.h"

#include <unistd.h>

#include "cli/ask.h"
#include "cli/daemon.h"
#include "cli/item.h"
#include "cli/json.h"
#include "cli/lock.h"
#include "cli/parameter.h"
#include "cli/path.h"
#include "cli/request.h"
#include "cli/safe.h"
#include "cli/secret.h"
#include "cli/when.h"

#define WORDS_MAX    16
#define ROW_WORDS    4
#define WORD_COLUMNS 10

struct taking {
    struct cli *cli;
    void (*print)(struct cli *cli, struct octets item);
    bool waits;     /* the list is to be confirmed */
    bool has_posts; /* that this home did not write */
    bool shows_progress;
};

static bool on_item(void *context, struct octets item)
{
    struct taking *taking = context;
    uint64_t percent = 0;
    if (item_uint(&percent, item, "_percent")) {
        if (taking->shows_progress) {
            (void)fprintf(taking->cli->err, "\r%llu %% ", (unsigned long long)percent);
            (void)fflush(taking->cli->err);
        }
        return true;
    }
    uint64_t posts = 0;
    taking->waits = taking->waits || item_flag(item, "waits");
    taking->has_posts = taking->has_posts || (item_uint(&posts, item, "posts") && posts > 0);
    if (taking->cli->json) {
        return json_print(taking->cli->out, item) == ERR_OK;
    }
    taking->print(taking->cli, item);
    return ferror(taking->cli->out) == 0;
}

static int take(struct taking *taking, struct invocation *invocation)
{
    struct request request = {.command = invocation->command->control,
                              .invocation = invocation,
                              .on_item = on_item,
                              .context = taking};
    return request_run(taking->cli, &request);
}

/* ---- backup ---- */

static void backup_print(struct cli *cli, struct octets item)
{
    uint64_t own = 0;
    (void)item_uint(&own, item, "own");
    (void)fprintf(cli->out,
                  "The backup is made: your keys, your list of blocks and your settings, %llu of "
                  "your own posts%s.\nYour 24 words open it, and nothing else does; `kith words` "
                  "shows them. Keep it somewhere else than\nthis machine.\n",
                  (unsigned long long)own,
                  item_flag(item, "all") ? ", and every post that your node keeps" : "");
}

int cmd_backup(struct cli *cli, struct invocation *invocation)
{
    struct taking taking = {.cli = cli,
                            .print = backup_print,
                            .shows_progress = !cli->json && isatty(fileno(cli->err)) == 1};
    int status = ask_complete(cli, invocation);
    if (status == CLI_DONE) {
        status = path_complete(cli, invocation, ARGUMENT_BACKUP_FILE);
    }
    if (status == CLI_DONE) {
        status = take(&taking, invocation);
    }
    return status;
}

/* ---- blocks confirm ---- */

static void head_print(struct cli *cli, struct octets item)
{
    char day[WHEN_TEXT_MAX];
    char until[WHEN_TEXT_MAX];
    uint64_t value = 0;
    uint64_t blocks = 0;
    (void)item_uint(&value, item, "saved_s");
    (void)item_uint(&blocks, item, "blocks");
    when_day(day, value);
    (void)fprintf(cli->out, "Your list of blocks as it stands here, of %s: %llu %s.\n", day,
                  (unsigned long long)blocks, blocks == 1 ? "person" : "people");
    if (item_flag(item, "restored")) {
        (void)fputs("Your identity came back from its words alone: whom you blocked before is not "
                    "on it.\n",
                    cli->out);
    }
    if (item_uint(&value, item, "first_s")) {
        when_day(day, value);
        (void)item_uint(&value, item, "last_s");
        when_day(until, value);
        (void)item_uint(&value, item, "posts");
        (void)fprintf(cli->out,
                      "%llu of the posts signed with your key, of %s to %s, were not written in "
                      "this home.\n",
                      (unsigned long long)value, day, until);
    }
}

static void confirm_print(struct cli *cli, struct octets item)
{
    struct octets label = {0};
    char key[ITEM_NAME_MAX] = "";
    if (!item_key_text(key, item, "key")) {
        head_print(cli, item);
        return;
    }
    (void)fprintf(cli->out, "     %s  ", key);
    if (item_str(&label, item, "label")) {
        safe_print(cli->out, label);
    }
    (void)fputc('\n', cli->out);
}

static void explain(struct cli *cli, const struct taking *taking)
{
    if (taking->has_posts) {
        cli_tell(cli, "If this home is an older copy, put back from a backup or from a copy of its "
                      "folder: blocks that you made since are missing from this list. `kith block` "
                      "adds one, `kith blocks import` a list that you saved.");
        cli_tell(cli, "If you write in another place too: please block there and here. "
                      "`--elsewhere` asks no more when such posts come; an older copy is not "
                      "noticed by them then either.");
        cli_tell(cli, "If you did not write those posts: somebody else has your key, and nothing "
                      "can call it back. Tell people in another way, and begin anew with a new "
                      "home; there, block the old key. `--elsewhere` keeps whoever has it from "
                      "hiding everything from you again and again.");
    } else {
        cli_tell(cli, "`kith block` adds one, `kith blocks import` a list that you saved.");
    }
}

static void done_print(struct cli *cli, struct octets item)
{
    uint64_t posts = 0;
    (void)item_uint(&posts, item, "posts");
    (void)fputs("Confirmed. Posts are shown again, and whoever is on your list stays hidden.\n",
                cli->out);
    if (posts > 0) {
        (void)fprintf(cli->out, "`kith mine` has the %llu posts now that were not written here.\n",
                      (unsigned long long)posts);
    }
}

int cmd_blocks_confirm(struct cli *cli, struct invocation *invocation)
{
    struct taking taking = {.cli = cli, .print = confirm_print};
    struct taking doing = {.cli = cli, .print = done_print};
    int status = ask_complete(cli, invocation);
    if (status != CLI_DONE || invocation_find(invocation, OPTION_YES) != NULL) {
        return status == CLI_DONE ? take(&doing, invocation) : status;
    }
    status = take(&taking, invocation);
    if (status != CLI_DONE) {
        return status;
    }
    if (!taking.waits && invocation_find(invocation, OPTION_ELSEWHERE) == NULL) {
        cli_tell(cli, "Nothing waits to be confirmed.");
        return CLI_DONE;
    }
    if (!cli->json) {
        explain(cli, &taking);
    }
    if (!cli->in_is_terminal) {
        cli_tell(cli, "Nothing was changed. With --yes it is confirmed.");
        return CLI_DONE;
    }
    if (!ask_yes(cli, "Is everybody on the list whom you have blocked? [y/N]")) {
        cli_tell(cli, "Nothing was changed, and nothing is shown yet.");
        return CLI_DONE;
    }
    invocation->values[invocation->values_count++] =
        (struct value){.parameter = OPTION_YES, .number = 1};
    return take(&doing, invocation);
}

/* `blocks --confirm` is another way to write it. */
int cmd_blocks(struct cli *cli, struct invocation *invocation)
{
    static char blocks[] = "blocks";
    static char confirm[] = "confirm";
    static char *const words[] = {blocks, confirm};
    size_t used = 0;
    if (invocation_find(invocation, OPTION_CONFIRM) != NULL) {
        invocation->command = command_find(&used, words, 2);
        return cmd_blocks_confirm(cli, invocation);
    }
    if (invocation_find(invocation, OPTION_YES) != NULL ||
        invocation_find(invocation, OPTION_ELSEWHERE) != NULL) {
        return cli_fail(cli, CLI_WRONG_USAGE, "--yes and --elsewhere belong to --confirm here.");
    }
    int status = ask_complete(cli, invocation);
    return status == CLI_DONE ? command_carry_out(cli, invocation) : status;
}

/* ---- What kithd does by itself ---- */

struct words {
    char *at[WORDS_MAX];
    size_t count;
};

static void add(struct words *words, char *word)
{
    if (words->count + 1 < WORDS_MAX) {
        words->at[words->count++] = word;
    }
}

static void add_option(struct words *words, const struct invocation *invocation,
                       enum parameter_name name, char *spelling)
{
    const struct value *value = invocation_find(invocation, name);
    if (value != NULL) {
        add(words, spelling);
        if (value->text != NULL) {
            add(words, value->text);
        }
    }
}

/* What kithd says is for a person, and no JSON. */
static int run_kithd(struct cli *cli, struct words *words)
{
    int status = CLI_DONE;
    (void)fflush(cli->out);
    (void)fflush(cli->err);
    if (daemon_run(&status, words->at, cli->json ? STDERR_FILENO : STDOUT_FILENO) != ERR_OK) {
        return cli_fail(cli, CLI_REFUSED, "kithd could not be run, so nothing was changed.");
    }
    return status;
}

static struct words words_for(struct cli *cli)
{
    static char home[] = "--home";
    struct words words = {.count = 1};
    add(&words, home);
    add(&words, cli->home);
    return words;
}

static void add_passphrase(struct words *words, const struct invocation *invocation)
{
    static char file[] = "--passphrase-file";
    static char none[] = "--no-passphrase";
    add_option(words, invocation, OPTION_PASSPHRASE_FILE, file);
    add_option(words, invocation, OPTION_NO_PASSPHRASE, none);
}

int cmd_restore(struct cli *cli, struct invocation *invocation)
{
    static char restore[] = "--restore";
    static char alone[] = "--restore-words";
    static char words_file[] = "--words-file";
    const struct value *file = invocation_find(invocation, ARGUMENT_RESTORE_FILE);
    bool by_words = invocation_find(invocation, OPTION_WORDS) != NULL;
    if ((file != NULL) == by_words) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "`kith restore FILE` takes a backup, `kith restore --words` your words "
                        "alone; please choose one.");
    }
    if (!cli->in_is_terminal && invocation_find(invocation, OPTION_WORDS_FILE) == NULL) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "Your words cannot be asked for here: --words-file F reads them from a "
                        "file. Nothing was changed.");
    }
    struct words words = words_for(cli);
    if (file != NULL) {
        add(&words, restore);
        add(&words, file->text);
    } else {
        add(&words, alone);
    }
    add_option(&words, invocation, OPTION_WORDS_FILE, words_file);
    add_passphrase(&words, invocation);
    return run_kithd(cli, &words);
}

/* The node of this home does not run: kithd opens it by itself. */
static int words_alone(struct cli *cli, const struct invocation *invocation)
{
    static char word_words[] = "--words";
    static char show[] = "--show";
    static char file[] = "--passphrase-file";
    struct words words = words_for(cli);
    add(&words, word_words);
    add_option(&words, invocation, OPTION_SHOW, show);
    add_option(&words, invocation, OPTION_PASSPHRASE_FILE, file);
    return run_kithd(cli, &words);
}

struct asking {
    struct cli *cli;
    bool needs_passphrase;
};

static bool on_words(void *context, struct octets item)
{
    struct asking *asking = context;
    struct octets text = {0};
    asking->needs_passphrase = item_str(&text, item, "needs");
    if (!item_str(&text, item, "words")) {
        return true;
    }
    for (unsigned i = 1; text.len > 0; i++) {
        size_t len = 0;
        while (len < text.len && text.at[len] != ' ') {
            len++;
        }
        bool ends_row = i % ROW_WORDS == 0;
        (void)fprintf(asking->cli->out, "%s%2u %.*s%*s", i % ROW_WORDS == 1 ? "  " : "", i,
                      (int)len, (const char *)text.at,
                      ends_row || len > WORD_COLUMNS ? 0 : (int)(WORD_COLUMNS - len), "");
        (void)fputs(ends_row ? "\n" : "", asking->cli->out);
        len += len < text.len ? 1 : 0;
        text = octets_of(text.at + len, text.len - len);
    }
    return fflush(asking->cli->out) == 0;
}

int cmd_words(struct cli *cli, struct invocation *invocation)
{
    struct asking asking = {.cli = cli};
    struct request request = {.command = CONTROL_RECOVERY_WORDS,
                              .invocation = invocation,
                              .on_item = on_words,
                              .context = &asking};
    bool has_file = invocation_find(invocation, OPTION_PASSPHRASE_FILE) != NULL;
    if (cli->json) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "Your words are never printed as JSON, which ends up in files. `kith "
                        "words` shows them on a terminal.");
    }
    if (!cli->out_is_terminal && invocation_find(invocation, OPTION_SHOW) == NULL) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "Your words are shown on a terminal, and this is none; --show prints them "
                        "here all the same.");
    }
    if (node_state(cli) == NODE_SILENT) {
        return words_alone(cli, invocation);
    }
    int status = has_file ? secret_add(cli, invocation, SECRET_ONCE) : CLI_DONE;
    status = status == CLI_DONE ? request_run(cli, &request) : status;
    if (status != CLI_DONE || !asking.needs_passphrase) {
        return status;
    }
    if (!cli->in_is_terminal) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "This home has a passphrase: --passphrase-file F reads it, since nothing "
                        "can be asked here.");
    }
    status = secret_add(cli, invocation, SECRET_ONCE);
    return status == CLI_DONE ? request_run(cli, &request) : status;
}
