/* store.h - every accepted post: the log is the truth, the index finds things in it (SPEC 10).
 *
 * The network side and the view both stand on this; it knows nothing of follows, blocks or
 * shields.  One thread puts; any thread may read at the same time (the store locks inside, and
 * never holds the lock over a file call).  A put is atomic per batch: after it returns every new
 * post is durable and readable. */
#ifndef KITH_STORE_STORE_H
#define KITH_STORE_STORE_H

#include "proto/err.h"
#include "proto/key.h"
#include "proto/negentropy_query.h"
#include "proto/octets.h"
#include "proto/post.h"
#include "proto/set.h"
#include "store/file.h"
#include "store/found.h"
#include "store/quota.h"

#define STORE_BATCH_MAX  1024
#define STORE_IDLE_S     10
#define STORE_RETRY_S    5
#define STORE_LOG_ID_LEN 16

struct store;

enum store_put_result {
    STORE_NEW,     /* appended and indexed */
    STORE_THERE,   /* this id was here already; nothing was written.  What is below the floor is
                    * refused for a peer's sake, in the files still or not */
    STORE_REFUSED, /* retracted by its author, past its expiry, below the floor, or above its
                    * author's quota: not kept, and not asked for again */
};

/* Whether somebody reads what is kept: only then are its words kept too, for store_search(), and
 * below the floor all profiles of an author, not the latest alone (SPEC 7.5). */
enum store_kind { STORE_UNREAD, STORE_READ };

struct store_stats {
    uint64_t posts_count;       /* ids in the set "all" */
    uint64_t records_count;     /* positions handed out so far */
    uint64_t disk_len;          /* octets of log and index */
    uint64_t quarantined_count; /* damaged records met since opening */
    bool is_behind; /* opening found that the index had been made from a log with more in it, or
                     * from another: posts that were here may be missing */
};

/* Open or make the store in the folder "log" of files.  key is the store's secret, borrowed for
 * the call.  Opens the index (in the folder "index") and replays the log from where that ends; what
 * is missing or damaged of it is built again.  A torn tail is cut off silently; damage to what was
 * acknowledged quarantines the record and counts it, here or when it is read.
 *
 *   ERR_DAMAGED   the manifest does not open under this key
 *   ERR_ROLLBACK  a segment the manifest names is missing
 *   ERR_IO, ERR_NO_SPACE, ERR_PERMISSION, ERR_NO_MEMORY */
MUST_USE enum err_code store_open(struct store **store, struct files *files, const uint8_t key[32],
                                  enum store_kind kind, struct err_note *note);
void store_close(struct store *store);

struct store_options {
    enum store_kind kind;
    bool always_reads;        /* no newest posts at hand: each read is of the files (for tests) */
    const char *log_folder;   /* NULL: "log"; borrowed while the store is open, like the next */
    const char *index_folder; /* NULL: "index" */
    uint32_t table_max; /* posts that the index keeps in memory before it writes them down, for
                         * tests; 0: INDEX_TABLE_MAX.  The same each time a store is opened */
    const struct key *lasting; /* NULL, or whose posts no floor concerns; then whatever others wrote
                                * leaves by one, also what stands */
};
MUST_USE enum err_code store_open_with(struct store **store, struct files *files,
                                       const uint8_t key[32], const struct store_options *options,
                                       struct err_note *note);

/* Append, sync and index a batch of verified posts, in this order.  results[i] is written for each.
 * posts[i] were decoded from wires[i].  now_s decides expiry.  count is at most STORE_BATCH_MAX
 * (asserted).
 *
 * A retract takes its subject out of the set, whichever comes first, where both have one author;
 * retracts and voices cannot be taken back (SPEC 4.5).
 *
 *   ERR_NO_SPACE, ERR_IO, ERR_PERMISSION, ERR_NO_MEMORY
 *                nothing of the batch counts as stored, and it may be found stored later; further
 *                puts are refused for STORE_RETRY_S, then the log is read again and they go on */
MUST_USE enum err_code store_put(struct store *store, enum store_put_result *results,
                                 const struct post *posts, const struct octets *wires, size_t count,
                                 uint64_t now_s, struct err_note *note);

/* From now on keep no more of any author than this, but for the one who is exempt (the relay
 * itself, which vouches for everybody it admits); before anything is put.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code store_limit(struct store *store, const struct quota_limits *limits,
                                   const struct key *exempt, struct err_note *note);

/* How long posts are kept.  0: no such bound. */
struct store_retention_rules {
    uint64_t keep_s;      /* posts dated before so long ago leave */
    uint64_t keep_octets; /* above so much on the disk the oldest days leave */
    bool held;            /* nothing leaves that store_release() did not speak of */
    bool capped;          /* the floor itself rises no further than that */
};
/* From now on store_tend() sees to it, for everybody's posts alike; before anybody tends.  Posts
 * that stand (post_stands()) stay.  Until then there is no peer, and only what may have left is
 * refused for its date: what a restore or an import brings beside waits for the archive too. */
void store_retain(struct store *store, const struct store_retention_rules *rules);
/* What is dated before it and does not stand is refused, and is not here for any peer; the
 * beginning of a UTC day, or 0.  Only rises, by clock and rules alone, and durably before this says
 * so; whoever keeps some of what leaves does not move it. */
uint64_t store_floor(struct store *store);
/* Raise it as far as the rules' time says, which store_tend() does first.  From any thread, like
 * the next.
 *   ERR_NO_SPACE, ERR_IO, ERR_PERMISSION  it stays where it was */
MUST_USE enum err_code store_age(struct store *store, uint64_t now_s, struct err_note *note);
/* Raise it to the beginning of this day, whatever the rules say. */
MUST_USE enum err_code store_raise(struct store *store, uint64_t floor_s, struct err_note *note);

/* How far posts may leave the files, which is never above the floor, and which state of what is
 * kept elsewhere (archive_generation()) they left for; durable before anything leaves. */
struct store_left {
    uint64_t floor_s;
    uint64_t generation;
};
struct store_left store_left(struct store *store);
/* Whoever keeps some of what leaves has all of it that is dated before kept->floor_s, in this state
 * or a later one; from any thread.  Neither falls. */
void store_release(struct store *store, const struct store_left *kept);

/* known[i] = whether this id need not be asked for: kept, retracted, or expired here.
 *   ERR_IO, ERR_NO_MEMORY */
MUST_USE enum err_code store_known(struct store *store, bool *known, const struct post_id *ids,
                                   size_t count, struct err_note *note);

/* Whether a post that came, and is not known here, would be refused for its author's quota: then it
 * is remembered as refused.  id is what post_decode() said it is.  False for an empty wire, and
 * where there is no quota.
 *   ERR_IO, ERR_NO_MEMORY */
MUST_USE enum err_code store_refuses(struct store *store, bool *refused, struct octets wire,
                                     const struct post_id *id, uint64_t now_s,
                                     struct err_note *note);

enum store_fate {
    STORE_ABSENT,     /* it never came, or nothing is known of it any more */
    STORE_KEPT,       /* the log holds it */
    STORE_TAKEN_BACK, /* not kept, and its author's retract is here */
    STORE_LEFT,       /* not kept for another reason: expired, or below the floor */
};
/* What became of a post by this author.
 *   ERR_IO, ERR_NO_MEMORY */
MUST_USE enum err_code store_fate(struct store *store, enum store_fate *fate,
                                  const struct post_id *id, const struct key *author,
                                  struct err_note *note);

/* The wire octets of a post, into the caller's room of at least POST_WIRE_MAX.
 *   ERR_NOT_FOUND  not kept
 *   ERR_DAMAGED    its record does not open any more (it is quarantined: no longer known, so that
 *                  peers are asked for it again) */
MUST_USE enum err_code store_body(struct store *store, struct octets_room *wire,
                                  const struct post_id *id, struct err_note *note);
/* The same for a peer: what is below the floor is not here, in the files still or not. */
MUST_USE enum err_code store_serve(struct store *store, struct octets_room *wire,
                                   const struct post_id *id, struct err_note *note);

/* Where a kept post lies, as store_next() gives it.
 *   ERR_NOT_FOUND  not kept */
MUST_USE enum err_code store_position(struct store *store, uint64_t *at, const struct post_id *id,
                                      struct err_note *note);

/* Walk in order of arrival.  *position starts at 0; on ERR_OK wire holds the next kept post,
 * *position is just behind it and *at is its own position.  Positions only grow, are never reused,
 * and stay the same over restarts.
 *   ERR_NOT_FOUND  nothing further, for now */
MUST_USE enum err_code store_next(struct store *store, struct octets_room *wire, uint64_t *at,
                                  uint64_t *position, struct err_note *note);
/* Decode what store_next() gave: as post_decode(), but the id of what was put lately is known. */
MUST_USE enum err_code store_decode(struct store *store, struct post *post, struct octets wire,
                                    uint64_t at);
/* The post at a position that store_next() gave; errors as store_body(). */
MUST_USE enum err_code store_at(struct store *store, struct octets_room *wire, uint64_t at,
                                struct err_note *note);

enum store_search {
    STORE_ALL_WORDS, /* posts that have every word */
    STORE_ANY_WORD,  /* posts that have one of them at least */
};

/* The positions of all posts that have these words (words_fold_post()), and perhaps of others, kept
 * or not: whoever shows one reads it first.  folded is what words_fold() gave; without a word in it
 * nothing is found.  A store that keeps no words finds every position.  The caller closes *found,
 * which was zeroed or found before.
 *   ERR_NO_MEMORY, ERR_IO  *found is not to be used */
MUST_USE enum err_code store_search(struct store *store, struct found *found,
                                    enum store_search search, struct octets folded,
                                    struct err_note *note);

/* The position behind the last record. */
uint64_t store_end(struct store *store);
/* Of which log the positions are: as log_id(). */
void store_log_id(struct store *store, uint8_t out[STORE_LOG_ID_LEN]);

struct store_stats store_stats(struct store *store);

/* Do a slice of what is to be done behind the scenes: full tables become runs, runs are merged,
 * what was retracted, or expired before the last UTC midnight, leaves the sets, what has expired is
 * handed out no more, and when no post was put for STORE_IDLE_S both leave the files.  *more: there
 * is more to do now.  For a thread of its own, now and then and after puts, and once on opening;
 * one at a time, others wait for its slice. Nothing is lost where it is not called. ERR_NO_SPACE,
 * ERR_IO, ERR_PERMISSION, ERR_NO_MEMORY  try again later */
MUST_USE enum err_code store_tend(struct store *store, bool *more, uint64_t now_s,
                                  struct err_note *note);

/* Nothing expires or falls below a floor in the files by a later clock than this, whatever now_s is
 * given, until it is called again; what a reader is shown does not go by it.  From any thread. */
void store_settle(struct store *store, uint64_t settled_s);
/* The clock by which things are destroyed when it is now_s. */
uint64_t store_settled(struct store *store, uint64_t now_s);
/* Whether posts are kept that are dated from_s or later, not below the floor, and before until_s.
 *   ERR_IO, ERR_NO_MEMORY */
MUST_USE enum err_code store_dated(struct store *store, bool *any, uint64_t from_s,
                                   uint64_t until_s, struct err_note *note);

/* Answer queries of reconciliation over the set "all" (SPEC 7; see proto/negentropy_query.h), as it
 * stands now above the floor.  The caller sets results->items and items_cap; the rest is written.
 *   ERR_IO, ERR_NO_MEMORY  what was answered is not to be used */
MUST_USE enum err_code store_answer(struct store *store, struct negentropy_results *results,
                                    const struct negentropy_batch *batch, struct err_note *note);
/* The same over another set, by its number in proto/set.h; SET_STANDING has no floor. */
MUST_USE enum err_code store_answer_set(struct store *store, struct negentropy_results *results,
                                        uint32_t set, const struct negentropy_batch *batch,
                                        struct err_note *note);

#endif
