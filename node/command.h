/* command.h - what a node does when `kith` asks: every command behind the control socket (SPEC 11).
 *
 * Runs on the person thread, beside the view, the vault and the journal, which nothing else
 * touches.  It knows no libuv: what it needs from the daemon is a struct command_host, which the
 * tests replace.  Whatever it shows comes from the view, and from nowhere else. */
#ifndef KITH_NODE_COMMAND_H
#define KITH_NODE_COMMAND_H

#include "proto/address.h"
#include "proto/control.h"
#include "proto/err.h"
#include "proto/invite.h"
#include "store/journal.h"
#include "store/store.h"
#include "store/vault.h"

#define COMMAND_RUNS_MAX 64 /* requests under way at a time, over all clients */

/* One connection to the control socket, numbered by the daemon; never reused while in use. */
struct command_client {
    uint32_t number;
};

enum command_order {
    COMMAND_SEND_NOW,
    /* Only after everything sent to any client before this has been read by it: `block` answers
     * when nothing older is on its way to a screen. */
    COMMAND_SEND_LAST,
};

/* How the node is, for `status` and `peer list`. */
struct command_peer {
    struct address address;
    bool connected;
};

struct command_status {
    char address[ADDRESS_TEXT_MAX + 1]; /* own, "" when not listening */
    size_t peers_connected;
    /* Whom the node dials now, from the vault and from --peer: at most VAULT_PEERS_MAX. */
    struct command_peer dialled[VAULT_PEERS_MAX];
    size_t dialled_count;
};

/* What the daemon does for the commands.  All calls are made on the person thread and return at
 * once; answers come back through the commands_on_*() calls below, on the same thread, later. */
struct command_host {
    uint64_t (*now_s)(struct command_host *host);
    /* A whole control message, length prefix included, copied before this returns. */
    void (*send)(struct command_host *host, struct command_client client, struct octets message,
                 enum command_order order);
    /* Whether that client takes another CONTROL_MESSAGE_MAX octets now; if not,
     * commands_on_writable() is called when it does. */
    bool (*writable)(struct command_host *host, struct command_client client);
    /* An own post, signed and in the journal: store it, then send it.  Copied.  Answered by
     * commands_on_published(). */
    void (*publish)(struct command_host *host, uint64_t token, struct octets wire);
    void (*status)(struct command_host *host, struct command_status *status);
    /* The vault's peers or claims changed: dial, drop, send claims accordingly. */
    void (*peers_changed)(struct command_host *host);
    /* Call commands_on_work() soon, after what the person asks meanwhile. */
    void (*work)(struct command_host *host);
    /* Stop the node cleanly, after what was sent has left. */
    void (*down)(struct command_host *host);
    /* The same, and stay behind locked, with nothing of the home in memory.
     *   ERR_REFUSED  the home has no passphrase;  and what home_key_is_locked() gives */
    enum err_code (*lock)(struct command_host *host, struct err_note *note);
    /* Whether the home has a passphrase; and another one, or none where fresh is empty.  Slow.
     *   as home_key_open() with the one before, and as home_key_change() */
    enum err_code (*has_passphrase)(struct command_host *host, bool *has, struct err_note *note);
    enum err_code (*passphrase)(struct command_host *host, struct octets before,
                                struct octets fresh, struct err_note *note);
    /* Whether this is the passphrase.  Slow.  As home_key_open(). */
    enum err_code (*passphrase_check)(struct command_host *host, struct octets passphrase,
                                      struct err_note *note);
    /* Destroy the home's key and then its files, and end.  Does not return in a daemon. */
    void (*panic)(struct command_host *host);
};

struct commands;
struct members_limits; /* node/members.h */
struct view;           /* store/view.h */

/* What commands work on: everything is borrowed and outlives them. */
struct commands_parts {
    struct command_host *host;
    struct store *store;
    struct vault *vault;
    struct journal *journal;
    struct view
        *view; /* NULL: a relay has no reader, and every command that reads posts is refused */
    struct archive *archive; /* or NULL; for backups alone */
};

/*   ERR_NO_MEMORY, and what reading the store gives */
MUST_USE enum err_code commands_new(struct commands **commands, const struct commands_parts *parts,
                                    struct err_note *note);
void commands_free(struct commands *commands);

/* While one is being made the archive's floor stays where it is. */
bool commands_backing_up(const struct commands *commands);
/* One decoded message from a client (request or cancel). */
void commands_on_message(struct commands *commands, struct command_client client,
                         const struct control_message *message);
/* The client went away: everything it asked for ends silently. */
void commands_on_gone(struct commands *commands, struct command_client client);
/* The client takes more output. */
void commands_on_writable(struct commands *commands, struct command_client client);
/* The post given to publish() is stored and was handed to sent_to peers, or rc says why not. */
void commands_on_published(struct commands *commands, uint64_t token, enum err_code rc,
                           uint32_t sent_to);
/* Once a second or so: requests that wait for somebody else give up in time; a node that is to
 * lock itself when nobody asks anything does. */
void commands_on_tick(struct commands *commands);
/* As asked for with work(). */
void commands_on_work(struct commands *commands);
/* The store has new posts: catch the view up and feed the open streams. */
void commands_on_arrival(struct commands *commands);
/* A relay answered a claim that was pending for this address. */
void commands_on_joined(struct commands *commands, const struct address *address, enum err_code rc);

/* On a relay: how many it takes in (node/members.h); until this is called, any number. */
void commands_bound_members(struct commands *commands, const struct members_limits *limits);
/* On a relay: check a claim that a peer sent, count the use, and make the vouch [subject, inviter].
 * On ERR_OK *wire holds a signed vouch to publish (already in the journal), or is empty when this
 * subject was admitted before.
 *   ERR_PROOF, ERR_EXPIRED, ERR_MALFORMED  as claim_decode() and claim_verify()
 *   ERR_REFUSED  the inviter is not a member, or the invite is used up; or this is no relay
 *   ERR_TOMORROW, ERR_FULL  as members_admits(); the invite is as it was
 *   ERR_NO_MEMORY
 *   ERR_IO, ERR_NO_SPACE  the use could not be counted; nothing was admitted */
MUST_USE enum err_code commands_admit(struct commands *commands, struct octets_room *wire,
                                      struct octets claim, struct err_note *note);

#endif
