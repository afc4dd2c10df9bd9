/* vault.h - what belongs to the person alone: secret keys, petnames, follows, blocks,
 * shields, peers.
 *
 * One small sealed file "vault", replaced atomically, under a key that store/home_key.h derives for
 * it.  Changes are staged in memory and take effect with
 * vault_commit(): the vault first, then its generation and what it changed of the blocks into the
 * journal, so that a vault older than the journal is seen as a rollback, and then a copy of it,
 * "vault.last", from which store/vault_recover.h brings a damaged or older one back.  Only the view
 * reads follows, blocks and shields (promise 3). */
#ifndef KITH_STORE_VAULT_H
#define KITH_STORE_VAULT_H

#include "proto/address.h"
#include "proto/err.h"
#include "proto/key.h"
#include "store/file.h"
#include "store/journal.h"

#define VAULT_LABEL_MAX      64 /* petnames and labels, octets */
#define VAULT_BLOCKS_MAX     100000
#define VAULT_FOLLOWS_MAX    100000
#define VAULT_PEERS_MAX      64
#define VAULT_PETNAMES_MAX   100000
#define VAULT_SHIELDS_MAX    1024
#define VAULT_TAGS_MAX       4096
#define VAULT_STEPS          4 /* how far her web reaches unless she says otherwise */
#define VAULT_STEPS_MAX      8
#define VAULT_LOCK_AFTER_MAX (28 * 86400) /* seconds without a command */
#define VAULT_SHIELD_LEN_MAX 120          /* octets of a shielded tag or word */
#define VAULT_LOG_ID_LEN     16

enum vault_kind { VAULT_PERSONAL = 1, VAULT_RELAY = 2 };

struct vault_petname {
    struct key key;
    char name[VAULT_LABEL_MAX + 1]; /* without '@', unique among petnames, terminated UTF-8 */
};

struct vault_followed_tag {
    uint8_t tag[60];
    uint8_t tag_len;
};

/* One stretch of time in which a key was blocked; kept for ever, also after unblocking. */
struct vault_block {
    struct key key;
    char label[VAULT_LABEL_MAX + 1]; /* "" where none was given */
    uint64_t since_s;                /* the person's clock at block and unblock */
    uint64_t since_position; /* store_end() then, of the log that vault_log_beside() was told */
    uint64_t until_s;        /* both 0 while in force */
    uint64_t until_position;
    bool in_force;
};

enum vault_shield_kind { VAULT_SHIELD_TAG = 1, VAULT_SHIELD_WORD = 2 };

/* A tag in its normal form, or a word as view_word() gives it, that the person does not want to
 * meet. */
struct vault_shield {
    enum vault_shield_kind kind;
    uint8_t text_len; /* 1 .. VAULT_SHIELD_LEN_MAX; of a tag at most 60 */
    uint8_t text[VAULT_SHIELD_LEN_MAX];
};

/* Somebody the node dials. */
struct vault_peer {
    struct address address;
    struct key relay_identity; /* all zero when not known */
    bool joined;               /* this person is a member of that relay */
};

/* An invite accepted and not yet confirmed by its relay: the claim's octets, ready to send. */
struct vault_claim {
    struct address address;
    uint8_t claim[512];
    size_t claim_len;
};

/* Everything as it was committed last, borrowed until the next vault_*() call that stages, commits
 * or closes. */
struct vault_contents {
    enum vault_kind kind;
    uint64_t generation;
    uint64_t saved_s;      /* the person's clock when this was committed, 0 where none was given */
    uint8_t web_steps;     /* 1 to VAULT_STEPS_MAX; 0 stands for VAULT_STEPS */
    bool unconfirmed;      /* brought back from words alone: nothing is shown until she confirms */
    bool elsewhere;        /* she said that her key is used elsewhere too */
    uint64_t confirmed_s;  /* own posts dated up to then need no further confirming; 0: never */
    uint32_t lock_after_s; /* the node locks itself after so long without a command; 0: never */
    const struct vault_petname *petnames;
    size_t petnames_count;
    const struct key *follows;
    size_t follows_count;
    const struct vault_followed_tag *tags;
    size_t tags_count;
    const struct vault_block *blocks; /* in force and past */
    size_t blocks_count;
    const struct vault_shield *shields; /* in the order they were raised */
    size_t shields_count;
    const struct vault_peer *peers;
    size_t peers_count;
    const struct vault_claim *claims;
    size_t claims_count;
    const struct key *imported; /* what the last import blocked, while it can be undone */
    size_t imported_count;
};

struct vault;

/* Whether a vault can be made here, before anything is written.
 *   ERR_REFUSED  there is one already, or a copy or a journal without its vault */
MUST_USE enum err_code vault_check_absent(struct files *files, struct err_note *note);
/* Make a new home's vault: seed is 32 random octets from which every long-lived key derives.
 *   ERR_REFUSED  as above; nothing was changed
 *   and what files give */
MUST_USE enum err_code vault_create(struct files *files, const uint8_t home_key[32],
                                    enum vault_kind kind, const uint8_t seed[32],
                                    struct err_note *note);
/* Open it and check it against the journal and the copy.
 *   ERR_NOT_FOUND  no vault here: no home
 *   ERR_DAMAGED    unreadable, truncated or altered: nothing may be shown
 *   ERR_ROLLBACK   older than the journal or the copy, which stays, or newer than the journal by
 * more than one: nothing may be shown and what reading gives, of the copy too */
MUST_USE enum err_code vault_open(struct vault **vault, struct files *files,
                                  const uint8_t home_key[32], struct journal *journal,
                                  struct err_note *note);
void vault_close(struct vault *vault);

const struct vault_contents *vault_contents(const struct vault *vault);
/* Whose home this is, for who needs nothing else of the contents. */
enum vault_kind vault_kind_of(const struct vault *vault);

/* Secrets, derived from the seed with crypto_kdf (contexts in SPEC 10.2).  The returned octets live
 * in guarded memory as long as the vault. */
const uint8_t *vault_identity_seed(const struct vault *vault); /* 32, Ed25519 */
struct key vault_identity(const struct vault *vault);          /* its public key */
const uint8_t *vault_node_secret(const struct vault *vault);   /* 32, X25519, when listening */
/* X25519 for dialling a node; another one for each node's static key. */
/* What everything here derives from, and the recovery words stand for. */
const uint8_t *vault_seed(const struct vault *vault); /* 32 */
void vault_dial_secret(uint8_t out[32], const struct vault *vault, const struct key *node);

/* Staged changes; vault_contents() shows them once committed.  Adding what is there and removing
 * what is not are not errors: *changed says. A petname of "" takes the key's petname away.  Adding
 * a peer that is there adds what is new about it; a second claim at an address replaces the first.
 *   ERR_REFUSED    a bound is reached, a text is too long or not UTF-8, or the petname belongs to
 *                  another key
 *   ERR_NO_MEMORY */
MUST_USE enum err_code vault_petname_set(struct vault *vault, bool *changed, const struct key *key,
                                         const char *name);
MUST_USE enum err_code vault_follow(struct vault *vault, bool *changed, const struct key *key);
MUST_USE enum err_code vault_unfollow(struct vault *vault, bool *changed, const struct key *key);
MUST_USE enum err_code vault_follow_tag(struct vault *vault, bool *changed, struct octets tag);
MUST_USE enum err_code vault_unfollow_tag(struct vault *vault, bool *changed, struct octets tag);
/* Opens a stretch; with one in force already, a new label replaces the old (NULL keeps it). */
MUST_USE enum err_code vault_block(struct vault *vault, bool *changed, const struct key *key,
                                   const char *label, uint64_t now_s, uint64_t position);
MUST_USE enum err_code vault_unblock(struct vault *vault, bool *changed, const struct key *key,
                                     uint64_t now_s, uint64_t position);
/* Block each key that is not blocked yet; labels of those that are stay.  vault_import_undo() takes
 * all of it back but whom she blocks herself meanwhile, until another change of blocks.
 * *added_count is how many were new. */
MUST_USE enum err_code vault_import(struct vault *vault, size_t *added_count,
                                    const struct vault_block *blocks, size_t blocks_count,
                                    uint64_t now_s, uint64_t position);
/* As if the last import had never been; *removed_count is 0 where there is none to take back. */
MUST_USE enum err_code vault_import_undo(struct vault *vault, size_t *removed_count);
MUST_USE enum err_code vault_shield(struct vault *vault, bool *changed, enum vault_shield_kind kind,
                                    struct octets text);
MUST_USE enum err_code vault_unshield(struct vault *vault, bool *changed,
                                      enum vault_shield_kind kind, struct octets text);
/* How many steps her web reaches.
 *   ERR_REFUSED  not 1 to VAULT_STEPS_MAX */
MUST_USE enum err_code vault_web_steps_set(struct vault *vault, bool *changed, uint64_t steps);
/* After how long without a command the node locks itself; 0 for never.
 *   ERR_REFUSED  above VAULT_LOCK_AFTER_MAX */
MUST_USE enum err_code vault_lock_after_set(struct vault *vault, bool *changed, uint64_t after_s);
/* She has looked through her list of blocks: it is hers, and covers own posts dated up to until_s,
 * also such as this home did not write (SPEC 10.11).  elsewhere: none will ask again. */
void vault_confirm(struct vault *vault, uint64_t until_s, bool elsewhere);
/* Nothing is to be shown until vault_confirm(). */
void vault_doubt(struct vault *vault);
/* The same for a home that may be an older copy of itself; confirmed_s is above 0 then. */
void vault_doubt_copy(struct vault *vault);
MUST_USE enum err_code vault_peer_add(struct vault *vault, bool *changed,
                                      const struct vault_peer *peer);
MUST_USE enum err_code vault_peer_remove(struct vault *vault, bool *changed,
                                         const struct address *address);
MUST_USE enum err_code vault_claim_add(struct vault *vault, const struct vault_claim *claim);
/* The relay answered: forget the claim; when admitted mark its peer as joined. */
MUST_USE enum err_code vault_claim_done(struct vault *vault, const struct address *address,
                                        bool admitted);

/* Forget what is staged: a change of several parts that failed half way must not wait for somebody
 * else's commit. */
void vault_discard(struct vault *vault);

/* Before anything is shown or put: the store's positions are of this log (store_log_id()), which
 * ends there.  Where the positions of stretches are another log's, or beyond its end, the log was
 * lost, exchanged or set back; they say nothing any more, and all that is dated before an
 * unblocking stays hidden (SPEC 9.5): that is committed here, and *copied is whether there was any
 * such stretch. Nothing may be staged. as vault_commit() */
MUST_USE enum err_code vault_log_beside(struct vault *vault, bool *copied,
                                        const uint8_t log_id[VAULT_LOG_ID_LEN], uint64_t log_end,
                                        struct err_note *note);

/* What the next commits write down as their time. */
void vault_clock(struct vault *vault, uint64_t now_s);
/* Make everything staged durable.  On an error nothing staged is in force and contents are as
 * after the last commit.
 * An error may leave open which of the two stands on the disk, where the vault may be found changed
 * if it is opened next; the next commit that succeeds settles that.
 *   ERR_NO_SPACE, ERR_IO, ERR_PERMISSION, ERR_NO_MEMORY */
MUST_USE enum err_code vault_commit(struct vault *vault, struct err_note *note);
/* Whether there was such an error. */
bool vault_is_unsure(const struct vault *vault);
/* Write the copy that a lost vault comes back from, where it is behind what is committed; that it
 * cannot be written is no error.  What an error of vault_commit() left open is settled first.  And
 * where the journal holds many changes of blocks it gets all that stand instead.  It is left out of
 * vault_commit() because whoever asked for a change waits for that, and the journal alone keeps
 * every change of blocks that the copy lacks. Nothing may be staged. */
void vault_keep_copy(struct vault *vault);

#endif
