/* control.h - what `kith` and `kithd` say to each other over HOME/control.sock (SPEC 11).
 *
 * Each message is a u32 BE length and that many octets of canonical msgpack:
 *
 *     request  [1, request_id, command, arguments]   arguments: map of name to value
 *     cancel   [2, request_id]                       ends a stream
 *     item     [3, request_id, item]                 one line of output: map of name to value
 *     end      [4, request_id, exit_status, text]    text is empty when exit_status is 0
 *     note     [5, request_id, text]                 for the person, on stderr; not output
 *
 * Every request gets any number of items and notes, then exactly one end.  Values in an item are
 * uint, str, bool, bin (ids and keys: printed as lower-case hex by --json, as kith1... or a short
 * prefix for people), arrays and maps of these.  Names keep the order in which they were written.
 */
#ifndef KITH_PROTO_CONTROL_H
#define KITH_PROTO_CONTROL_H

#include "proto/canon.h"
#include "proto/err.h"
#include "proto/octets.h"

#define CONTROL_MESSAGE_MAX     (256 * 1024)
#define CONTROL_PREFIX_LEN      4
#define CONTROL_ARGUMENTS_MAX   16
#define CONTROL_PAIRS_MAX       (2 * CONTROL_ARGUMENTS_MAX) /* in a map of arguments or an item */
#define CONTROL_NAME_MAX        64                          /* of a command or a name in a map */
#define CONTROL_TEXT_MAX        1024
#define CONTROL_EXIT_STATUS_MAX 5
#define CONTROL_SOCKET_NAME     "control.sock"
#define CONTROL_LOCK_NAME       "lock"   /* in the home, since a process used it; SPEC 10.1 */
#define CONTROL_MAKING_NAME     "making" /* in a folder that `kith init` is making a home in */

enum control_type {
    CONTROL_REQUEST = 1,
    CONTROL_CANCEL = 2,
    CONTROL_ITEM = 3,
    CONTROL_END = 4,
    CONTROL_NOTE = 5,
};

/* Every command a node answers.  The order is that of control_command_name()'s table; what lists
 * commands (the command line's help, the non-interference test) switches over this enum without a
 * default, so that a new one cannot be forgotten. */
enum control_command {
    CONTROL_STATUS,
    CONTROL_DOWN,
    CONTROL_LOCK,       /* after? (duration in s, 0 is off): without it, locks */
    CONTROL_UNLOCK,     /* passphrase */
    CONTROL_PASSPHRASE, /* passphrase?, new? | remove?: without these, says whether there is one */
    CONTROL_PANIC,
    CONTROL_PEER_ADD, /* address */
    CONTROL_PEER_LIST,
    CONTROL_PEER_REMOVE, /* address */
    CONTROL_INVITE,      /* uses?, expires? (duration in s) */
    CONTROL_JOIN,        /* invite */
    CONTROL_POST,        /* text, tags?, note?, replies?, expires? (duration in s) */
    CONTROL_REPLY,       /* id, and what post takes */
    CONTROL_REACT,       /* id, reaction */
    CONTROL_ECHO,        /* id, text? */
    CONTROL_RETRACT,     /* id */
    CONTROL_TIMELINE,    /* limit?, before?, strangers?, shielded? */
    CONTROL_TAG,         /* tag, limit?, before?, strangers?, shielded? */
    CONTROL_TAGS,        /* limit?, strangers?, shielded? */
    CONTROL_THREAD,      /* id, limit?, before?, strangers?, shielded? */
    CONTROL_SHOW,        /* id, strangers?, shielded? */
    CONTROL_SEARCH,      /* words, limit?, before?, strangers?, shielded? */
    CONTROL_INBOX,       /* limit?, before?, strangers?, shielded? */
    CONTROL_MINE,        /* limit?, before? */
    CONTROL_WATCH,    /* strangers?, shielded?  a stream: what timeline would show, as it comes */
    CONTROL_TALLY,    /* tag, shielded? */
    CONTROL_PEOPLE,   /* strangers?, shielded? */
    CONTROL_NAME,     /* key, petname */
    CONTROL_FOLLOW,   /* key? | tag? */
    CONTROL_UNFOLLOW, /* key? | tag? */
    CONTROL_WEB,      /* steps?: without it, shows it */
    CONTROL_VOUCH,    /* key */
    CONTROL_UNVOUCH,  /* key */
    CONTROL_PROFILE,  /* name?, bio?: without any, shows it */
    CONTROL_BLOCK,    /* who, label?, evidence? (a path), for? | passphrase? */
    CONTROL_UNBLOCK,  /* who */
    CONTROL_BLOCKS,
    CONTROL_BLOCKS_EXPORT, /* file (a path), for? */
    CONTROL_BLOCKS_IMPORT, /* file (a path), yes?: without it, only shows what it would do */
    CONTROL_BLOCKS_UNDO,
    CONTROL_BLOCKS_CONFIRM, /* yes?: without it, only shows; elsewhere? */
    CONTROL_VERIFY,         /* file (a path), passphrase? */
    CONTROL_SHIELD,         /* tag? | word? */
    CONTROL_UNSHIELD,       /* tag? | word? */
    CONTROL_SHIELDS,
    CONTROL_OUTBOX,
    CONTROL_RECOVERY_WORDS, /* passphrase? */
    CONTROL_BACKUP,         /* file (a path), all?, replace? */
    CONTROL_EXPORT,         /* items {"wire"}; strangers?, shielded? */
    CONTROL_COMPLETE, /* kind ("key" | "tag" | "label"), prefix: completions, visible things only */
    CONTROL_COMMANDS_COUNT
};

/* "timeline", "peer add"; static storage. */
const char *control_command_name(enum control_command command);
/* ERR_NOT_FOUND when there is no such command. */
MUST_USE enum err_code control_command_of(enum control_command *command, struct octets name);

/* A decoded message.  Everything borrows from the buffer. */
struct control_message {
    enum control_type type;
    uint32_t request_id;
    enum control_command command; /* request */
    struct octets body;           /* request: the arguments map; item: the item map; encoded */
    int exit_status;              /* end: 0 .. 5 */
    struct octets text;           /* end, note */
};

/* Decode one message without its length prefix.  The names in a body are checked to be str and
 * distinct.  *message is written only on ERR_OK and ERR_NOT_FOUND.
 *   ERR_TRUNCATED  the octets stop early
 *   ERR_MALFORMED  not one of the messages above, a bound passed, or octets left over
 *   ERR_NOT_FOUND  a request for an unknown command; request_id is written then, so that it can be
 *                  answered, and command is CONTROL_COMMANDS_COUNT */
MUST_USE enum err_code control_decode(struct control_message *message, struct octets octets);

/* How long the next message is, from its first 4 octets.
 *   ERR_TRUNCATED  fewer than 4;  ERR_TOO_LARGE  above CONTROL_MESSAGE_MAX */
MUST_USE enum err_code control_length(size_t *message_len, struct octets octets);

/* Start a message at the front of the writer's room (prefix included), write the map that follows
 * with canon_write_*(), and close it, which fills in the length.  The texts of end and note are cut
 * at CONTROL_TEXT_MAX, and what is not ASCII in them becomes '?' if they are not UTF-8.
 * control_end() asserts an exit status of 0 to CONTROL_EXIT_STATUS_MAX.
 *   ERR_TOO_LARGE  it did not fit the room, or CONTROL_MESSAGE_MAX */
void control_request_begin(struct canon_writer *w, uint32_t request_id,
                           enum control_command command);
void control_item_begin(struct canon_writer *w, uint32_t request_id);
void control_cancel(struct canon_writer *w, uint32_t request_id);
void control_end(struct canon_writer *w, uint32_t request_id, int exit_status, const char *text);
void control_note(struct canon_writer *w, uint32_t request_id, const char *text);
MUST_USE enum err_code control_close(struct canon_writer *w, struct octets *message);

/* Walk the pairs of an encoded map in their order: begin, then next exactly *pairs_count times.
 * *value holds one whole value.
 *   ERR_TRUNCATED, ERR_MALFORMED  as canon_read_map(), canon_read_str() and canon_skip() */
MUST_USE enum err_code control_map_begin(struct canon_reader *pairs, uint32_t *pairs_count,
                                         struct octets map);
MUST_USE enum err_code control_map_next(struct canon_reader *pairs, struct octets *name,
                                        struct canon_reader *value);

/* Look a name up in an encoded map of at most CONTROL_PAIRS_MAX pairs.
 *   ERR_NOT_FOUND  absent;  ERR_MALFORMED  another type */
MUST_USE enum err_code control_get(struct canon_reader *value, struct octets map, const char *name);
MUST_USE enum err_code control_get_str(struct octets *text, struct octets map, const char *name);
MUST_USE enum err_code control_get_bin(struct octets *bin, struct octets map, const char *name);
MUST_USE enum err_code control_get_uint(uint64_t *value, struct octets map, const char *name);
MUST_USE enum err_code control_get_bool(bool *value, struct octets map, const char *name);

#endif
