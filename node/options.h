/* options.h - kithd's command line (SPEC 11.5). */
#ifndef KITH_NODE_OPTIONS_H
#define KITH_NODE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "node/keeping.h"
#include "proto/address.h"
#include "proto/err.h"
#include "proto/set.h"

#define OPTIONS_PEERS_MAX   64
#define OPTIONS_SHIELDS_MAX 16

enum options_mode {
    OPTIONS_RUN,
    OPTIONS_INIT,    /* make a home and exit */
    OPTIONS_IMPORT,  /* check and store a file and exit */
    OPTIONS_RESTORE, /* bring a home back and exit */
    OPTIONS_WORDS,   /* print the recovery words and exit */
    OPTIONS_RECOVER, /* bring the vault back and exit */
    OPTIONS_PANIC,   /* destroy the home's key and files and exit */
    OPTIONS_HELP,    /* print options_help() and exit */
    OPTIONS_VERSION, /* print the version and exit */
};

/* Texts borrow from argv. */
/* Whom a node dials: only who was named, or others that it learns of too. */
enum options_dial { OPTIONS_DIAL_UNSAID, OPTIONS_DIAL_NAMED, OPTIONS_DIAL_KNOWN };

struct options {
    enum options_mode mode;
    int argc; /* the words themselves */
    char *const *argv;
    const char *home; /* NULL: see home_path() */
    bool has_listen;
    char listen_host[ADDRESS_HOST_MAX + 1];
    uint16_t listen_port; /* 0: any free one */
    bool has_address;     /* where others reach it, if that is not where it listens */
    char address_host[ADDRESS_HOST_MAX + 1];
    uint16_t address_port;
    enum options_dial dial;
    bool relay;
    struct keeping keeping; /* of a person's node the time alone */
    bool has_keep;          /* --keep was given */
    bool has_archive;       /* --archive was */
    struct set_choice sets; /* which posts are wanted, beside the author's own */
    bool has_sets;          /* --sets was given */
    bool has_keeping;       /* something that is a relay's alone was given */
    bool verbose;
    struct address peers[OPTIONS_PEERS_MAX];
    size_t peers_count;
    const char *import_path;
    const char *restore_path;                 /* --restore; NULL: from words alone */
    const char *words_file;                   /* or NULL: asked for */
    bool show;                                /* --words: where the output is no terminal too */
    const char *name;                         /* --init: a profile to publish, or NULL */
    const char *shields[OPTIONS_SHIELDS_MAX]; /* --init: tags, as typed */
    size_t shields_count;
    const char *passphrase_file; /* or NULL */
    bool no_passphrase;          /* --init */
    int held_fd;                 /* the home's lock, from a process that became this one; or -1 */
};

/* Read argv[1 .. argc).
 *
 *   ERR_USAGE  an unknown option, a missing or malformed value, or options that do not go
 *              together; the note says which */
MUST_USE enum err_code options_parse(struct options *options, int argc, char *const *argv,
                                     struct err_note *note);

/* The text for --help, in parts up to NULL; static storage. */
const char *const *options_help(void);

#endif
