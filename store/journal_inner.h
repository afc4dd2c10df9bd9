/* journal_inner.h - an open journal, for the files of store/journal* alone. */
#ifndef KITH_STORE_JOURNAL_INNER_H
#define KITH_STORE_JOURNAL_INNER_H

#include "store/journal.h"
#include "store/journal_table.h"
#include "store/log_rewrite.h"

/* plain = kind(1), fields of fixed length; an own post's wire octets come last */
enum journal_kind {
    JOURNAL_OWN_POST = 1,    /* id(32) wire */
    JOURNAL_SENT = 2,        /* id(32) u32 */
    JOURNAL_GENERATION = 3,  /* u64 */
    JOURNAL_INVITE_USED = 4, /* seed_public(32) subject(32) */
    JOURNAL_BLOCK = 5,       /* key(32) u64 generation u64 at_s u64 position label */
    JOURNAL_UNBLOCK = 6,     /* the same */
    JOURNAL_OWN_ID = 7,      /* id(32) u64 created_s */
    JOURNAL_PAST_BLOCK = 8,  /* key(32) u64 generation u64 since_s u64 position u64 until_s u64
                              * position label */
    JOURNAL_BLOCKS_FROM = 9, /* u64 generation u64 number */
};

#define JOURNAL_PLAIN_MAX (1 + POST_ID_LEN + POST_WIRE_MAX)

/* What is to leave the files. */
struct journal_dead {
    uint64_t *bodies; /* records whose posts are known by their ids alone by now */
    size_t bodies_count;
    size_t bodies_cap;
    uint64_t len; /* about so many octets say nothing any more */

    struct log_rewrite *rewrite; /* under way; NULL: none */
    struct log_purge purge;
    bool one_by_one; /* several segments did not fit one */
    bool sweeping;   /* through all of it, segment after segment */
    uint64_t swept;  /* numbers below are done */
};

struct journal {
    struct log *log;
    struct journal_table table;
    uint64_t generation;
    uint64_t generation_number; /* of the record that says so */
    uint64_t created_latest_s;
    struct journal_blocks blocks;
    uint64_t blocks_len;    /* octets of their records */
    uint64_t blocks_number; /* of the record that says where they begin */
    bool damaged;           /* found after an error: what is kept is not whole */
    struct journal_dead dead;
    const struct journal_listener *listener; /* while opening; or NULL */
};

/* Octets that a record of so many plain ones takes. */
uint64_t journal_record_len(size_t plain_len);

/* What a record says, into the journal (journal_read.c).
 *   ERR_DAMAGED  no record of this version
 *   ERR_NO_MEMORY */
MUST_USE enum err_code journal_read_record(struct journal *journal, uint64_t number,
                                           struct octets plain);
/* An own post, its wire or its id alone, as the record of this number says.
 *   ERR_NO_MEMORY  nothing changed */
MUST_USE enum err_code journal_take_own(struct journal *journal, uint64_t number,
                                        const struct post_id *id, struct octets wire);
/* Its id alone from now on.
 *   ERR_NO_MEMORY  nothing changed */
MUST_USE enum err_code journal_take_id(struct journal *journal, uint64_t number,
                                       const struct post_id *id);
void journal_take_generation(struct journal *journal, uint64_t number, uint64_t generation);
/* What stands of blocks from this record on is all of them. */
void journal_take_blocks(struct journal *journal, uint64_t number, uint64_t generation,
                         uint64_t first);
/* Room to note so many more bodies.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code journal_reserve_bodies(struct journal *journal, size_t count);

/* journal_recover() and the beginning of a batch. */
MUST_USE enum err_code journal_begin(struct journal *journal, size_t len, struct err_note *note);
/* What was written is found again when the journal is opened; here there is no room for it. */
enum err_code journal_kept(enum err_code rc, struct err_note *note);

void journal_dead_close(struct journal_dead *dead);

#endif
