/* journal.h - a sealed log of what only this home knows (SPEC 10.5): own posts, and their ids for
 * ever, the vault's generation and its changes of blocks, and on a relay the uses of invites.
 *
 * It has the form of the log (store/log.h), in a folder of its own; but here damage is never passed
 * over.  What says nothing any more leaves it with journal_tend().  In memory it holds no post, but
 * about 60 octets for each.  One thread at a time. */
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

#define JOURNAL_LABEL_MAX 64

enum journal_change {
    JOURNAL_BLOCKED,
    JOURNAL_UNBLOCKED, /* at_s and position 0: as if that block had never been */
    JOURNAL_PAST,      /* a stretch that is over, beside what is in force */
};

/* A change of blocks, as a generation of the vault brought it.  label borrows. */
struct journal_block {
    struct key key;
    enum journal_change change;
    uint64_t at_s;           /* the person's clock; of JOURNAL_PAST its end */
    uint64_t position;       /* store_end() then */
    uint64_t since_s;        /* of JOURNAL_PAST */
    uint64_t since_position; /* the same */
    struct octets label;
    uint64_t number; /* where it stands, when it is told */
};

/* What the journal has of blocks. */
struct journal_blocks {
    uint64_t first;      /* records of this number and later say everything */
    uint64_t generation; /* of the vault whose blocks stand whole from there on; 0: of none */
    uint64_t records_count;
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
 * journal_recover().
 *   ERR_NO_SPACE, ERR_IO, ERR_PERMISSION, ERR_NO_MEMORY
 *   ERR_DAMAGED    what was kept before an error does not open any more
 *   ERR_NOT_FOUND  journal_sent() of a post that is not an own one */
MUST_USE enum err_code journal_own_post(struct journal *journal, const struct post_id *id,
                                        struct octets wire, struct err_note *note);
/* An own post that came from somewhere else: from a peer, or from a backup. */
struct journal_adopted {
    struct post_id id;
    struct octets wire; /* may be empty: only the id is known */
    uint32_t sent_count;
};

#define JOURNAL_ADOPTED_MAX 64
#define JOURNAL_SENT_MAX    8

/* Several such posts as one batch, at most JOURNAL_ADOPTED_MAX (asserted); what is there stays as
 * it is. */
MUST_USE enum err_code journal_adopt(struct journal *journal, const struct journal_adopted *posts,
                                     size_t posts_count, struct err_note *note);
/* The post was handed to this many peers so far; only the first eight count, and only while the
 * journal holds the post. */
MUST_USE enum err_code journal_sent(struct journal *journal, const struct post_id *id,
                                    uint32_t peers_count, struct err_note *note);
MUST_USE enum err_code journal_generation(struct journal *journal, uint64_t generation,
                                          struct err_note *note);
/* The vault of this generation is written: what it changed of the blocks, and its generation, as
 * one batch. */
MUST_USE enum err_code journal_vault(struct journal *journal, uint64_t generation,
                                     const struct journal_block *changes, size_t changes_count,
                                     struct err_note *note);
/* All blocks of the vault as it was committed last, in force and past: what the journal has of them
 * from before says nothing any more. */
MUST_USE enum err_code journal_blocks_whole(struct journal *journal, uint64_t generation,
                                            const struct journal_block *blocks, size_t blocks_count,
                                            struct err_note *note);
MUST_USE enum err_code journal_invite_used(struct journal *journal, const struct key *seed_public,
                                           const struct key *subject, struct err_note *note);

/* An own post that the journal need not hold any more. */
struct journal_trimmed {
    size_t index; /* < journal_own_count(), with a wire (both asserted) */
    uint64_t created_s;
};

#define JOURNAL_TRIMMED_MAX 64

/* Keep the ids of these alone, at most JOURNAL_TRIMMED_MAX (asserted): durable like the others.
 * Their octets leave the files with journal_tend(), also after a restart. */
MUST_USE enum err_code journal_trim(struct journal *journal, const struct journal_trimmed *posts,
                                    size_t posts_count, struct err_note *note);
/* Do a slice of taking out of the files what says nothing any more: posts known by their ids alone
 * at once, the rest where it is much.  *more: there is more to do now.
 *   ERR_DAMAGED  a record that was kept does not open; nothing is written from then on
 *   and what files give: nothing is lost, try again later */
MUST_USE enum err_code journal_tend(struct journal *journal, bool *more, struct err_note *note);

/* After an error in writing: read again what is kept, and go on behind it.  Does nothing where
 * nothing failed.
 *   ERR_DAMAGED  a record that was kept does not open any more; nothing is written from then on
 *   and what files give, so that writing would only fail again */
MUST_USE enum err_code journal_recover(struct journal *journal, struct err_note *note);

/* What it holds. */
uint64_t journal_generation_latest(const struct journal *journal); /* 0 when none */
size_t journal_own_count(const struct journal *journal);
/* In order of writing, as long as the journal holds the posts; index < journal_own_count()
 * (asserted). */
struct journal_post {
    struct post_id id;
    uint64_t expires_s;  /* 0: never, or not known */
    uint32_t sent_count; /* peers, JOURNAL_SENT_MAX at most; says nothing without has_wire */
    bool has_wire;       /* else its id alone is known */
};
struct journal_post journal_own_at(const struct journal *journal, size_t index);
/* The post itself, into room of at least POST_WIRE_MAX.
 *   ERR_NOT_FOUND  its id alone is known
 *   ERR_DAMAGED    its record does not open
 *   and what files give */
MUST_USE enum err_code journal_own_wire(struct journal *journal, struct octets_room *wire,
                                        size_t index, struct err_note *note);
/* The latest created_s of all own posts, also of those known by their ids; 0 when none. */
uint64_t journal_created_latest(const struct journal *journal);
struct journal_blocks journal_blocks(const struct journal *journal);
/* Octets of its files. */
uint64_t journal_disk_len(const struct journal *journal);
/* The uses of invites, index < journal_uses_count() (asserted). */
size_t journal_uses_count(const struct journal *journal);
void journal_use_at(const struct journal *journal, struct key *seed_public, struct key *subject,
                    size_t index);
bool journal_is_own(const struct journal *journal, const struct post_id *id);
/* How many different subjects used this invite, and whether this one is among them. */
uint32_t journal_invite_uses(const struct journal *journal, bool *by_subject,
                             const struct key *seed_public, const struct key *subject);

#endif
