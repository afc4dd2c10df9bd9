/* command.h - the one table of subcommands, and what a typed command line becomes. */
#ifndef KITH_CLI_COMMAND_H
#define KITH_CLI_COMMAND_H

#include "cli/cli.h"
#include "cli/parameter.h"
#include "cli/render.h"
#include "proto/control.h"

#define COMMAND_ARGUMENTS_MAX 2
#define COMMAND_OPTIONS_MAX   8
#define COMMAND_VALUES_MAX    32

struct invocation;

struct command {
    const char *name; /* "peer add" */
    const char *summary;
    const char *details; /* more for --help; may be NULL */
    const char *example;
    enum control_command control; /* CONTROL_COMMANDS_COUNT: answered without a node */
    enum parameter_name arguments[COMMAND_ARGUMENTS_MAX]; /* in their order, then NONE */
    size_t required_count; /* of the arguments; the others may be left out */
    enum parameter_name options[COMMAND_OPTIONS_MAX];
    /* What runs it; NULL: ask for what is missing, send it, render what comes. */
    int (*run)(struct cli *cli, struct invocation *invocation);
    void (*render)(struct render *render, struct octets item);
    /* Given the last item once all is done: what may be offered next.  NULL: nothing. */
    int (*after)(struct cli *cli, struct octets item);
    const char *empty; /* for people, when nothing came; the same words whatever is hidden */
    const char *done;  /* for people, after it was done; may be NULL */
    bool is_listing;   /* its lines get the numbers 1, 2, 3, ... */
    bool is_stream;    /* until Ctrl-C */
};

/* One argument or option with its value. */
struct value {
    enum parameter_name parameter;
    char *text; /* owned; NULL for counts, durations and flags */
    size_t text_len;
    uint64_t number;
};

struct invocation {
    const struct command *command;
    struct value values[COMMAND_VALUES_MAX]; /* in the order they were typed */
    size_t values_count;
    bool help;
    bool composed;    /* the text was asked for on a terminal */
    bool is_begun;    /* no '-' is left */
    bool is_complete; /* nothing is left to ask */
};

/* The table and how long it is; static storage. */
const struct command *command_table(size_t *count);
/* The row whose name words[0 .. words_count) begin with; *used says how many words it took.  NULL
 * when there is none. */
const struct command *command_find(size_t *used, char *const *words, size_t words_count);
/* The known name nearest to what was typed, or NULL when nothing is near. */
const char *command_nearest(const char *typed);
/* Whether this name belongs to a later version. */
bool command_is_later(const char *typed);

/* In a session the number of a line in the last listing stands for what that line shows: what word
 * means for this parameter.  That is word itself when it is no such number; NULL when it is a short
 * number that no line has, since taking it for the beginning of some id could hit anybody. */
const char *command_meant(const struct cli *cli, enum parameter_name name, const char *word);

/* The first value of a parameter, or NULL. */
const struct value *invocation_find(const struct invocation *invocation, enum parameter_name name);
/* Add a copy of text[0 .. len).  False when there are too many, or no memory. */
bool invocation_add_text(struct invocation *invocation, enum parameter_name name, const char *text,
                         size_t len);
/* The same in guarded memory, for a passphrase. */
bool invocation_add_secret(struct invocation *invocation, enum parameter_name name,
                           const char *text, size_t len);
void invocation_free(struct invocation *invocation);

/* Ask for what is missing, send the request and render what comes. */
int command_carry_out(struct cli *cli, struct invocation *invocation);

/* After `block`: what she has done that others can see and a block does not undo. */
int after_block(struct cli *cli, struct octets item);

/* The commands that need more than that, one file for each family. */
int cmd_init(struct cli *cli, struct invocation *invocation);
int cmd_up(struct cli *cli, struct invocation *invocation);
int cmd_down(struct cli *cli, struct invocation *invocation);
int cmd_lock(struct cli *cli, struct invocation *invocation);
int cmd_unlock(struct cli *cli, struct invocation *invocation);
int cmd_passphrase(struct cli *cli, struct invocation *invocation);
int cmd_panic(struct cli *cli, struct invocation *invocation);
int cmd_invite(struct cli *cli, struct invocation *invocation);
int cmd_react(struct cli *cli, struct invocation *invocation);
int cmd_compose(struct cli *cli, struct invocation *invocation);
int cmd_watch(struct cli *cli, struct invocation *invocation);
int cmd_export(struct cli *cli, struct invocation *invocation);
int cmd_follow(struct cli *cli, struct invocation *invocation);
int cmd_shield(struct cli *cli, struct invocation *invocation);
int cmd_vouch(struct cli *cli, struct invocation *invocation);
int cmd_block(struct cli *cli, struct invocation *invocation);
int cmd_verify(struct cli *cli, struct invocation *invocation);
int cmd_blocks_export(struct cli *cli, struct invocation *invocation);
int cmd_blocks_import(struct cli *cli, struct invocation *invocation);
int cmd_backup(struct cli *cli, struct invocation *invocation);
int cmd_blocks(struct cli *cli, struct invocation *invocation);
int cmd_blocks_confirm(struct cli *cli, struct invocation *invocation);
int cmd_restore(struct cli *cli, struct invocation *invocation);
int cmd_words(struct cli *cli, struct invocation *invocation);
int cmd_recover(struct cli *cli, struct invocation *invocation);
int cmd_help(struct cli *cli, struct invocation *invocation);
int cmd_version(struct cli *cli, struct invocation *invocation);

#endif
