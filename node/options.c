#include "node/options.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/wanted_sets.h"

/* In two: a literal has its bound. */
static const char *const help_texts[] = {
    "kithd: a kith node. It runs in the foreground and logs to stderr.\n"
    "\n"
    "usage: kithd [--home DIR] [--listen HOST:PORT] [--relay] [--peer ADDRESS]...\n"
    "             [--passphrase-file F]\n"
    "       kithd [--home DIR] --import FILE [--passphrase-file F]\n"
    "       kithd [--home DIR] --restore FILE | --restore-words [--words-file F]\n"
    "       kithd [--home DIR] --words [--show]\n"
    "       kithd [--home DIR] --recover [--passphrase-file F]\n"
    "       kithd [--home DIR] --init [--name NAME] [--shield TAG]...\n"
    "             [--passphrase-file F | --no-passphrase]\n"
    "       kithd [--home DIR] --panic\n"
    "\n"
    "  --home DIR             where keys and posts lie; else $KITH_HOME, else\n"
    "                         $XDG_DATA_HOME/kith, else ~/.local/share/kith\n"
    "  --listen HOST:PORT     where others can connect: 127.0.0.1 and any free port\n"
    "                         for a person's node, 0.0.0.0:7117 for a relay\n"
    "  --address HOST:PORT    with --relay: where others reach it, if not where it listens;\n"
    "                         other relays are told (else only of a public address)\n"
    "  --dial named|known     dial only whom you named or were invited to, or also relays that\n"
    "                         others tell of, who then see your IP address. A person's node\n"
    "                         begins with named, a relay with known\n"
    "  --relay                run a community relay; its home is made if there is none\n"
    "  --keep TIME            posts older than this leave; 90d unless you say otherwise, and\n"
    "                         all keeps them. A person's node puts what concerns her into\n"
    "                         her archive first\n"
    "  --archive TIME         and what others wrote leaves that when older than this (260w)\n"
    "  --keep-octets SIZE     with --relay: above so much on the disk (50G) the oldest\n"
    "                         days leave\n"
    "  --author-posts N       with --relay: posts of one author a day; 10000 unless you\n"
    "                         say otherwise\n"
    "  --members N            with --relay: members in all; 200000 unless you say otherwise\n"
    "  --member-newcomers N   with --relay: people a day who join by the invites of one member\n"
    "                         you invited, or of those who came through her; 64 unless you\n"
    "                         say otherwise. Who came through a member may bring half as many\n"
    "  --sets SETS            keep a part of what is said: all (the default), standing (names\n"
    "                         and vouches alone), or these and some of the 256 parts authors\n"
    "                         or tags fall into: author:00-3f,tag:a0. Peers see which. The\n"
    "                         rest is dropped; the author's own part is always kept\n",
    "  --peer ADDRESS         connect to this node too, for this run only\n"
    "  --import FILE          check and store the posts of a file (- reads standard input), then\n"
    "                         exit\n"
    "  --restore FILE         bring a home back from a backup, then exit (kith restore does\n"
    "                         this); it asks for the 24 words\n"
    "  --restore-words        bring an identity back from its 24 words alone, then exit\n"
    "  --words-file F         with these two: read the words from a file\n"
    "  --words                print the 24 words of a home that no node holds, then exit;\n"
    "                         with --show also where the output is no terminal\n"
    "  --recover              bring a damaged or older vault back from its copy, with every\n"
    "                         block the journal knows, then exit (kith recover does this)\n"
    "  --init                 make a person's home, then exit (kith init does this)\n"
    "  --name NAME            with --init: a name others will see; it need not be your\n"
    "                         real one\n"
    "  --shield TAG           with --init: a tag the person does not want to meet\n"
    "  --passphrase-file F    the home's passphrase is the first line of this file; with\n"
    "                         --init the one it gets. Without it a node whose home has a\n"
    "                         passphrase starts locked: `kith unlock` asks for it\n"
    "  --no-passphrase        with --init: keep the key in a file only you can read\n"
    "  --panic                destroy the key of this home at once and without a question,\n"
    "                         then remove its files (kith panic does this)\n"
    "  --verbose              say more in the log\n"
    "  --help, --version\n"
    "\n"
    "example: kithd --relay --home ~/kith-relay --listen 0.0.0.0:7117\n"
    "         starts a relay that others can connect to; `kith --home ~/kith-relay status`\n"
    "         shows its address\n",
    NULL};

const char *const *options_help(void)
{
    return help_texts;
}

/* What is left of the command line. */
struct words {
    char *const *at;
    int left;
};

enum option {
    OPTION_HOME,
    OPTION_LISTEN,
    OPTION_ADDRESS,
    OPTION_DIAL,
    OPTION_PEER,
    OPTION_IMPORT,
    OPTION_NAME,
    OPTION_SHIELD,
    OPTION_PASSPHRASE_FILE,
    OPTION_RELAY,
    OPTION_KEEP,
    OPTION_ARCHIVE,
    OPTION_KEEP_OCTETS,
    OPTION_AUTHOR_POSTS,
    OPTION_MEMBERS,
    OPTION_MEMBER_NEWCOMERS,
    OPTION_SETS,
    OPTION_INIT,
    OPTION_RESTORE,
    OPTION_RESTORE_WORDS,
    OPTION_WORDS_FILE,
    OPTION_WORDS,
    OPTION_SHOW,
    OPTION_RECOVER,
    OPTION_PANIC,
    OPTION_HELD,
    OPTION_NO_PASSPHRASE,
    OPTION_VERBOSE,
    OPTION_HELP,
    OPTION_VERSION,
    OPTIONS_COUNT
};

static const struct {
    const char *name;
    bool has_value;
} option_rows[OPTIONS_COUNT] = {
    [OPTION_HOME] = {"--home", true},
    [OPTION_LISTEN] = {"--listen", true},
    [OPTION_ADDRESS] = {"--address", true},
    [OPTION_DIAL] = {"--dial", true},
    [OPTION_PEER] = {"--peer", true},
    [OPTION_IMPORT] = {"--import", true},
    [OPTION_NAME] = {"--name", true},
    [OPTION_SHIELD] = {"--shield", true},
    [OPTION_PASSPHRASE_FILE] = {"--passphrase-file", true},
    [OPTION_RELAY] = {"--relay", false},
    [OPTION_KEEP] = {"--keep", true},
    [OPTION_ARCHIVE] = {"--archive", true},
    [OPTION_KEEP_OCTETS] = {"--keep-octets", true},
    [OPTION_AUTHOR_POSTS] = {"--author-posts", true},
    [OPTION_MEMBERS] = {"--members", true},
    [OPTION_MEMBER_NEWCOMERS] = {"--member-newcomers", true},
    [OPTION_SETS] = {"--sets", true},
    [OPTION_INIT] = {"--init", false},
    [OPTION_NO_PASSPHRASE] = {"--no-passphrase", false},
    [OPTION_VERBOSE] = {"--verbose", false},
    [OPTION_HELP] = {"--help", false},
    [OPTION_RESTORE] = {"--restore", true},
    [OPTION_RESTORE_WORDS] = {"--restore-words", false},
    [OPTION_WORDS_FILE] = {"--words-file", true},
    [OPTION_WORDS] = {"--words", false},
    [OPTION_SHOW] = {"--show", false},
    [OPTION_RECOVER] = {"--recover", false},
    [OPTION_PANIC] = {"--panic", false},
    [OPTION_HELD] = {"--held", true},
    [OPTION_VERSION] = {"--version", false},
};

/* Take the next option and its value, written as "--home DIR" or "--home=DIR". */
static enum err_code next_option(struct words *words, enum option *option, const char **value,
                                 struct err_note *note)
{
    const char *word = words->at[0];
    size_t name_len = strcspn(word, "=");
    int row = 0;
    while (row < OPTIONS_COUNT && (strlen(option_rows[row].name) != name_len ||
                                   memcmp(option_rows[row].name, word, name_len) != 0)) {
        row++;
    }
    if (row == OPTIONS_COUNT) {
        return err_note(note, ERR_USAGE, "there is no option %s; kithd --help lists them", word);
    }
    words->at++;
    words->left--;
    *option = (enum option)row;
    *value = "";
    if (!option_rows[row].has_value) {
        return word[name_len] == '\0'
                   ? ERR_OK
                   : err_note(note, ERR_USAGE, "%s takes no value", option_rows[row].name);
    }
    if (word[name_len] == '=') {
        *value = word + name_len + 1;
        return ERR_OK;
    }
    if (words->left == 0) {
        return err_note(note, ERR_USAGE, "%s needs a value", word);
    }
    *value = words->at[0];
    words->at++;
    words->left--;
    return ERR_OK;
}

static enum err_code take_listen(struct options *o, const char *value, struct err_note *note)
{
    if (address_parse_listen(o->listen_host, &o->listen_port, octets_of_text(value)) != ERR_OK) {
        return err_note(note, ERR_USAGE,
                        "--listen takes HOST:PORT, for example 127.0.0.1:7117; this is not one: %s",
                        value);
    }
    o->has_listen = true;
    return ERR_OK;
}

static enum err_code take_address(struct options *o, const char *value, struct err_note *note)
{
    enum err_code rc =
        address_parse_listen(o->address_host, &o->address_port, octets_of_text(value));
    if (rc != ERR_OK || o->address_port == 0) {
        return err_note(note, ERR_USAGE,
                        "--address takes HOST:PORT, for example relay.example.org:7117; this is "
                        "not one: %s",
                        value);
    }
    o->has_address = true;
    return ERR_OK;
}

static enum err_code take_dial(struct options *o, const char *value, struct err_note *note)
{
    if (strcmp(value, "named") == 0) {
        o->dial = OPTIONS_DIAL_NAMED;
    } else if (strcmp(value, "known") == 0) {
        o->dial = OPTIONS_DIAL_KNOWN;
    } else {
        return err_note(note, ERR_USAGE, "--dial takes named or known; this is neither: %s", value);
    }
    return ERR_OK;
}

static enum err_code take_peer(struct options *o, const char *value, struct err_note *note)
{
    if (o->peers_count == OPTIONS_PEERS_MAX) {
        return err_note(note, ERR_USAGE, "at most %d times --peer", OPTIONS_PEERS_MAX);
    }
    if (address_parse(&o->peers[o->peers_count], octets_of_text(value)) != ERR_OK) {
        return err_note(note, ERR_USAGE,
                        "--peer takes an address as `kith status` shows it, "
                        "kith://HOST:PORT/KEY; this is not one: %s",
                        value);
    }
    o->peers_count++;
    return ERR_OK;
}

static enum err_code take_shield(struct options *o, const char *value, struct err_note *note)
{
    if (o->shields_count == OPTIONS_SHIELDS_MAX) {
        return err_note(note, ERR_USAGE, "at most %d times --shield", OPTIONS_SHIELDS_MAX);
    }
    o->shields[o->shields_count++] = value;
    return ERR_OK;
}

/* Not in the help: only a node that locks itself writes it (node/again.h). */
static enum err_code take_held(struct options *o, const char *value, struct err_note *note)
{
    char *end = NULL;
    long fd = strtol(value, &end, 10);
    if (value[0] == '\0' || *end != '\0' || fd <= STDERR_FILENO || fd > INT_MAX) {
        return err_note(note, ERR_USAGE, "--held takes the number of an open file");
    }
    o->held_fd = (int)fd;
    return ERR_OK;
}

static enum err_code take_mode(struct options *o, enum options_mode mode, struct err_note *note)
{
    /* --help and --version win over everything that came before them. */
    if (mode == OPTIONS_HELP || mode == OPTIONS_VERSION) {
        o->mode = mode;
        return ERR_OK;
    }
    if (o->mode != OPTIONS_RUN && o->mode != mode) {
        return err_note(
            note, ERR_USAGE,
            "--init, --import, --restore, --words, --recover and --panic do not go together");
    }
    o->mode = mode;
    return ERR_OK;
}

static enum err_code take(struct options *o, enum option option, const char *value,
                          struct err_note *note)
{
    switch (option) {
    case OPTION_HOME:
        o->home = value;
        return value[0] != '\0' ? ERR_OK : err_note(note, ERR_USAGE, "--home needs a folder");
    case OPTION_LISTEN:
        return take_listen(o, value, note);
    case OPTION_ADDRESS:
        return take_address(o, value, note);
    case OPTION_DIAL:
        return take_dial(o, value, note);
    case OPTION_PEER:
        return take_peer(o, value, note);
    case OPTION_IMPORT:
        o->import_path = value;
        return take_mode(o, OPTIONS_IMPORT, note);
    case OPTION_NAME:
        o->name = value;
        return ERR_OK;
    case OPTION_SHIELD:
        return take_shield(o, value, note);
    case OPTION_PASSPHRASE_FILE:
        o->passphrase_file = value;
        return ERR_OK;
    case OPTION_RELAY:
        o->relay = true;
        return ERR_OK;
    case OPTION_KEEP:
        o->has_keep = true;
        return keeping_take_time(&o->keeping, value, note);
    case OPTION_ARCHIVE:
        o->has_archive = true;
        return keeping_take_archive(&o->keeping, value, note);
    case OPTION_KEEP_OCTETS:
        o->has_keeping = true;
        return keeping_take_octets(&o->keeping, value, note);
    case OPTION_AUTHOR_POSTS:
        o->has_keeping = true;
        return keeping_take_posts(&o->keeping, value, note);
    case OPTION_MEMBERS:
        o->has_keeping = true;
        return keeping_take_members(&o->keeping, value, note);
    case OPTION_MEMBER_NEWCOMERS:
        o->has_keeping = true;
        return keeping_take_newcomers(&o->keeping, value, note);
    case OPTION_SETS:
        o->has_sets = true;
        return wanted_sets_take(&o->sets, value, note);
    case OPTION_INIT:
        return take_mode(o, OPTIONS_INIT, note);
    case OPTION_RESTORE:
        o->restore_path = value;
        return take_mode(o, OPTIONS_RESTORE, note);
    case OPTION_RESTORE_WORDS:
        return take_mode(o, OPTIONS_RESTORE, note);
    case OPTION_WORDS_FILE:
        o->words_file = value;
        return ERR_OK;
    case OPTION_WORDS:
        return take_mode(o, OPTIONS_WORDS, note);
    case OPTION_SHOW:
        o->show = true;
        return ERR_OK;
    case OPTION_RECOVER:
        return take_mode(o, OPTIONS_RECOVER, note);
    case OPTION_PANIC:
        return take_mode(o, OPTIONS_PANIC, note);
    case OPTION_HELD:
        return take_held(o, value, note);
    case OPTION_NO_PASSPHRASE:
        o->no_passphrase = true;
        return ERR_OK;
    case OPTION_VERBOSE:
        o->verbose = true;
        return ERR_OK;
    case OPTION_HELP:
        return take_mode(o, OPTIONS_HELP, note);
    case OPTION_VERSION:
        return take_mode(o, OPTIONS_VERSION, note);
    case OPTIONS_COUNT:
        break;
    }
    assert(false);
    return ERR_USAGE;
}

static enum err_code check_together(const struct options *o, struct err_note *note)
{
    bool for_init = o->name != NULL || o->shields_count > 0;
    if (for_init && o->mode != OPTIONS_INIT) {
        return err_note(note, ERR_USAGE, "--name and --shield belong to --init");
    }
    if (o->no_passphrase && o->mode != OPTIONS_INIT && o->mode != OPTIONS_RESTORE) {
        return err_note(note, ERR_USAGE, "--no-passphrase belongs to --init and --restore");
    }
    if (o->words_file != NULL && o->mode != OPTIONS_RESTORE) {
        return err_note(note, ERR_USAGE, "--words-file belongs to --restore and --restore-words");
    }
    if (o->show && o->mode != OPTIONS_WORDS) {
        return err_note(note, ERR_USAGE, "--show belongs to --words");
    }
    if (o->passphrase_file != NULL && o->mode == OPTIONS_PANIC) {
        return err_note(note, ERR_USAGE, "--panic asks for no passphrase");
    }
    if (o->passphrase_file != NULL && o->no_passphrase) {
        return err_note(note, ERR_USAGE,
                        "--passphrase-file and --no-passphrase do not go together");
    }
    if (o->has_keeping && !o->relay) {
        return err_note(note, ERR_USAGE,
                        "--keep-octets, --author-posts, --members and --member-newcomers belong to "
                        "--relay; what a person's node keeps goes by age (--keep) and by --sets "
                        "alone");
    }
    if (o->has_archive && o->relay) {
        return err_note(note, ERR_USAGE,
                        "--archive belongs to a person's node; a relay has no archive");
    }
    if (o->has_address && !o->relay) {
        return err_note(note, ERR_USAGE, "--address belongs to --relay");
    }
    bool for_run = o->dial != OPTIONS_DIAL_UNSAID || o->has_listen || o->relay ||
                   o->peers_count > 0 || o->has_keep || o->has_archive || o->has_sets;
    if (for_run && o->mode != OPTIONS_RUN) {
        return err_note(note, ERR_USAGE,
                        "--listen, --relay, --peer, --dial, --keep, --archive and --sets do not go "
                        "with %s",
                        o->mode == OPTIONS_INIT      ? "--init"
                        : o->mode == OPTIONS_IMPORT  ? "--import"
                        : o->mode == OPTIONS_PANIC   ? "--panic"
                        : o->mode == OPTIONS_RESTORE ? "--restore"
                        : o->mode == OPTIONS_WORDS   ? "--words"
                                                     : "--recover");
    }
    return ERR_OK;
}

enum err_code options_parse(struct options *options, int argc, char *const *argv,
                            struct err_note *note)
{
    struct options o;
    memset(&o, 0, sizeof o);
    o.held_fd = -1;
    o.keeping = keeping_default();
    o.argc = argc;
    o.argv = argv;
    struct words words = {.at = argv + 1, .left = argc > 0 ? argc - 1 : 0};
    while (words.left > 0 && o.mode != OPTIONS_HELP && o.mode != OPTIONS_VERSION) {
        enum option option = OPTIONS_COUNT;
        const char *value = "";
        enum err_code rc = next_option(&words, &option, &value, note);
        if (rc == ERR_OK) {
            rc = take(&o, option, value, note);
        }
        if (rc != ERR_OK) {
            return rc;
        }
    }
    enum err_code rc =
        o.mode == OPTIONS_HELP || o.mode == OPTIONS_VERSION ? ERR_OK : check_together(&o, note);
    if (rc == ERR_OK) {
        *options = o;
    }
    return rc;
}
