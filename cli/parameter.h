/* parameter.h - every argument and option of every command: how it is written, asked for and sent.
 *
 * A private one may be '-', which reads it from standard input: arguments end up in shell
 * histories and process lists. */
#ifndef KITH_CLI_PARAMETER_H
#define KITH_CLI_PARAMETER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum parameter_form {
    FORM_LINE,     /* one line of text */
    FORM_TEXT,     /* any number of lines; as an argument it takes all that are left */
    FORM_COUNT,    /* a number, 1 to max */
    FORM_DURATION, /* 30m 12h 7d 4w, sent in seconds */
    FORM_FLAG,     /* true when given */
    FORM_CHOICE,   /* one of a closed set */
};

enum parameter_name {
    PARAMETER_NONE,
    ARGUMENT_TEXT,
    ARGUMENT_OWN_WORDS, /* what an echo may add */
    ARGUMENT_WORDS,
    ARGUMENT_TAG,
    ARGUMENT_TAGS, /* the answer to a question, never an argument */
    ARGUMENT_ID,
    ARGUMENT_KEY,
    ARGUMENT_PETNAME,
    ARGUMENT_WHO,
    ARGUMENT_ADDRESS,
    ARGUMENT_INVITE,
    ARGUMENT_REACTION,
    ARGUMENT_FILE,
    ARGUMENT_SEALED_FILE,
    ARGUMENT_BACKUP_FILE,
    ARGUMENT_RESTORE_FILE,
    ARGUMENT_PASSPHRASE,     /* the answer to a question, never an argument */
    ARGUMENT_NEW_PASSPHRASE, /* the same */
    ARGUMENT_COMMAND,
    ARGUMENT_KIND,
    ARGUMENT_PREFIX,
    ARGUMENT_STEPS,
    OPTION_TAGS,
    OPTION_FOLLOWED_TAG,
    OPTION_VOICE,
    OPTION_NOTE,
    OPTION_REPLIES,
    OPTION_EXPIRES,
    OPTION_EDITOR,
    OPTION_LIMIT,
    OPTION_BEFORE,
    OPTION_STRANGERS,
    OPTION_SHIELDED,
    OPTION_WORD,
    OPTION_INIT_SHIELDS,
    OPTION_LABEL,
    OPTION_NAME,
    OPTION_BIO,
    OPTION_KEEP_EVIDENCE,
    OPTION_FOR,
    OPTION_YES,
    OPTION_CONFIRM,
    OPTION_ELSEWHERE,
    OPTION_ALL,
    OPTION_REPLACE,
    OPTION_WORDS,
    OPTION_WORDS_FILE,
    OPTION_SHOW,
    OPTION_PASSPHRASE_FILE,
    OPTION_NO_PASSPHRASE,
    OPTION_OLD_PASSPHRASE_FILE,
    OPTION_REMOVE_PASSPHRASE, /* OPTION_NO_PASSPHRASE, sent */
    OPTION_AFTER,
    OPTION_LISTEN,
    OPTION_PEERS,
    OPTION_KEEP,
    OPTION_ARCHIVE,
    OPTION_DIAL,
    OPTION_SETS,
    OPTION_USES,
    OPTION_INVITE_EXPIRES,
    OPTION_UNASKED, /* stays here; OPTION_YES is sent */
    PARAMETERS_COUNT
};

struct parameter {
    const char *spelling;    /* "ID", "--tag" */
    const char *placeholder; /* what an option takes, "T"; NULL for flags and arguments */
    const char *sent_as;     /* its name in the request; NULL when it stays here */
    enum parameter_form form;
    bool is_private; /* may be '-' */
    bool many;       /* may be given again; sent as an array */
    uint64_t max;    /* of a count; how often, when many */
    const char *question;
    const char *help;
    const char *const *choices; /* terminated by NULL */
};

/* Static storage. */
const struct parameter *parameter_of(enum parameter_name name);

#endif
