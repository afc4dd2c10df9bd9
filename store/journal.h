/* journal.h - an append-only sealed log of what only this home knows (SPEC 10.5): own posts and
 * their ids for ever, the vault's generation and its changes of blocks, and on a relay the uses of
 * invites.
 *
 * It has the form of the log (store/log.h), in a folder of its own; but here damage is never passed
 * over.  One thread at a time. */
#ifndef KITH_STORE_JOURNAL_H
#define KITH_STORE_JOURNAL_H

#include "proto/err.h"
#include "proto/key.h"
#include "proto/octets.h"
#include "proto/post.h"
#include "store/file.h"

struct journal;

/* Open or make the folder "journal" under this key; a torn tail is left out.
 *   ERR_DAMAGED   a record before the tail does not open, or was written by a later version
 *   ERR_ROLLBACK  a file of it is missing
 *   and what files give */
MUST_USE enum err_code journal_open(struct journal **journal, struct files *files,
                                    const uint8_t key[32], struct err_note *note);
void journal_close(struct journal *journal);

/* A block or an unblocking, as a generation of the vault brought it.  label borrows. */
struct journal_block {
    struct key key;
    bool in_force;
    uint64_t at_s;     /* the person's clock */
    uint64_t position; /* store_end() then */
    struct octets label;
};

/* Told of each such change while the journal is opened, in order. */
struct journal_listener {
    void *context;
    /* An error ends the opening with that error. */
    enum err_code (*on_block)(void *context, const struct journal_block *block,
                              uint64_t generation);
};

/* journal_open() with a listener: what the vault's recovery reads. */
MUST_USE enum err_code journal_open_telling(struct journal **journal, struct files *files,
                                            const uint8_t key[32],
                                            const struct journal_listener *listener,
                                            struct err_note *note);

/* Each of these is durable when it returns; what is there already is not written again.  What an
 * error in writing left behind is given up for good: the next of them begins with
 * journal_recover(). ERR_NO_SPACE, ERR_IO, ERR_PERMISSION, ERR_NO_MEMORY ERR_DAMAGED    what was
 * kept before an error does not open any more ERR_NOT_FOUND  journal_sent() of a post that is not
 * an own one */
MUST_USE enum err_code journal_own_post(struct journal *journal, const struct post_id *id,
                                        struct octets wire, struct err_note *note);
/* An own post that came from somewhere else: from a peer, or from a backup. */
struct journal_adopted {
    struct post_id id;
    struct octets wire; /* may be empty: only the id is known */
    uint32_t sent_count;
};

#define JOURNAL_ADOPTED_MAX 64

/* Several such posts as one batch, at most JOURNAL_ADOPTED_MAX (asserted); what is there stays as
 * it is. */
MUST_USE enum err_code journal_adopt(struct journal *journal, const struct journal_adopted *posts,
                                     size_t posts_count, struct err_note *note);
/* The post was handed to this many peers so far (only the first few matter). */
MUST_USE enum err_code journal_sent(struct journal *journal, const struct post_id *id,
                                    uint32_t peers_count, struct err_note *note);
MUST_USE enum err_code journal_generation(struct journal *journal, uint64_t generation,
                                          struct err_note *note);
/* The vault of this generation is written: what it changed of the blocks, and its generation, as
 * one batch. */
MUST_USE enum err_code journal_vault(struct journal *journal, uint64_t generation,
                                     const struct journal_block *changes, size_t changes_count,
                                     struct err_note *note);
MUST_USE enum err_code journal_invite_used(struct journal *journal, const struct key *seed_public,
                                           const struct key *subject, struct err_note *note);

/* After an error in writing: read again what is kept, and go on behind it.  Does nothing where
 * nothing failed.
 *   ERR_DAMAGED  a record that was kept does not open any more; nothing is written from then on
 *   and what files give, so that writing would only fail again */
MUST_USE enum err_code journal_recover(struct journal *journal, struct err_note *note);

/* What it holds. */
uint64_t journal_generation_latest(const struct journal *journal); /* 0 when none */
size_t journal_own_count(const struct journal *journal);
/* In order of writing, index < journal_own_count() (asserted).  wire borrows until the next
 * journal_own_post() or close, and is empty when it was trimmed. */
void journal_own_at(const struct journal *journal, struct post_id *id, struct octets *wire,
                    uint32_t *sent_count, size_t index);
/* The uses of invites, index < journal_uses_count() (asserted). */
size_t journal_uses_count(const struct journal *journal);
void journal_use_at(const struct journal *journal, struct key *seed_public, struct key *subject,
                    size_t index);
bool journal_is_own(const struct journal *journal, const struct post_id *id);
/* How many different subjects used this invite, and whether this one is among them. */
uint32_t journal_invite_uses(const struct journal *journal, bool *by_subject,
                             const struct key *seed_public, const struct key *subject);

#endif
