/* index.h - finds things in the log: ids, positions, ranges of sets, what refers to what, words
 * (SPEC 10.14).
 *
 * The newest posts stand in tables in memory, all others in runs: immutable files, written and
 * merged by index_tend().  What left a run since it was written is kept in memory beside it.  It
 * lies in a folder of its own; whatever is missing or damaged there is built again from the log,
 * for which nobody is refused.
 *
 * One thread adds and drops, one at a time tends, any number look things up.  It locks inside, and
 * never holds the lock that lookups and adding need over a file call.  Lookups may read files:
 *   ERR_DAMAGED  a run does not read; it is going to be built again by index_tend()
 *   ERR_IO, ERR_PERMISSION, ERR_NO_MEMORY */
#ifndef KITH_STORE_INDEX_H
#define KITH_STORE_INDEX_H

#include "proto/err.h"
#include "proto/key.h"
#include "proto/negentropy_query.h"
#include "proto/octets.h"
#include "proto/post.h"
#include "store/file.h"
#include "store/found.h"
#include "store/index_records.h"
#include "store/index_row.h"

struct index;

/* Where a post lies. */
struct index_place {
    uint64_t position; /* record number in the log */
    enum index_state state;
    uint8_t flags;
    uint64_t created_s;
    struct post_id id;
    uint64_t seen; /* the index's own: as of which runs this holds */
};
/* Whether it may be taken back still. */
bool index_in_sets(const struct index_place *place);

/* What the index is made of. */
struct index_config {
    struct files *files; /* borrowed */
    const char *folder;  /* borrowed */
    const uint8_t *key;  /* 32 octets, the store's; borrowed for the call */
    bool words;          /* whether it keeps words */
    uint32_t table_max;  /* positions of a table, 1 to INDEX_TABLE_MAX; 0: that */
    /* The wire of the post at a position, to build a run again: ERR_NOT_FOUND where nothing lies,
     * ERR_DAMAGED where it does not open.  Called once index_open() has returned. */
    enum err_code (*read)(void *context, struct octets_room *wire, uint64_t position,
                          struct err_note *note);
    /* The words of a post, for index_row.words; good until the next call. */
    enum err_code (*words_of)(void *context, struct index_row *row, const struct post *post);
    void *context;
};

/* Open what there is in the folder, or make it.  The log is to be replayed from index_covered() on,
 * with index_replay().
 *   ERR_IO, ERR_NO_SPACE, ERR_PERMISSION, ERR_NO_MEMORY */
MUST_USE enum err_code index_open(struct index **index, const struct index_config *config,
                                  struct err_note *note);
void index_close(struct index *index);
/* Forget everything: the log is not the one it was made from. */
MUST_USE enum err_code index_clear(struct index *index, struct err_note *note);

/* The first position that the runs do not speak for. */
uint64_t index_covered(struct index *index);
/* A post below index_covered(), to see that the log is still the same; false where there is none to
 * tell. */
bool index_witness(struct index *index, uint64_t *position, struct post_id *id);
const struct run_hash *index_hash(const struct index *index);

/* Who is to leave; the places may be looked up anew. */
struct index_drops {
    struct index_place *places;
    size_t count;
};

/* Add posts at ascending positions behind all others, at most INDEX_POSITION_MAX (asserted); their
 * ids are not known here.  What drops names (NULL: nothing) goes out with them, at once for
 * whoever looks.
 *   ERR_NO_MEMORY and those of lookups: some may have been added */
MUST_USE enum err_code index_add(struct index *index, const struct index_row *rows,
                                 const uint64_t *positions, size_t count, struct index_drops *drops,
                                 struct err_note *note);
/* The same for a post of the log that is replayed: it takes back what it retracts, stands in the
 * place of one that was lost, and writes runs where tables are full.  names may be NULL.
 *   and what index_tend() gives */
MUST_USE enum err_code index_replay(struct index *index, struct set_names *names,
                                    const struct post *post, uint64_t position,
                                    struct err_note *note);

/* found[i]: whether ids[i] is known, kept, bare or gone; only then places[i] is written. */
MUST_USE enum err_code index_find(struct index *index, bool *found, struct index_place *places,
                                  const struct post_id *ids, size_t count, struct err_note *note);
/* The kept post at this position, or the first one behind it below end.
 *   ERR_NOT_FOUND  there is none */
MUST_USE enum err_code index_next(struct index *index, struct index_place *place, uint64_t position,
                                  uint64_t end, struct err_note *note);
/* Whether the post at place is this author's. */
MUST_USE enum err_code index_is_by(struct index *index, bool *is_by,
                                   const struct index_place *place, const struct key *author,
                                   struct err_note *note);
/* A post that may have been taken back; whose it is. */
struct index_subject {
    const struct post_id *id;
    const struct key *author;
};

/* retracted[i]: whether a kept retract by its author names subjects[i].  Two subjects under one
 * hash of 64 bits are not told apart; the hash is keyed. */
MUST_USE enum err_code index_retracted(struct index *index, bool *retracted,
                                       const struct index_subject *subjects, size_t count,
                                       struct err_note *note);
/* The same of one. */
MUST_USE enum err_code index_has_retract(struct index *index, bool *has,
                                         const struct post_id *subject, const struct key *author,
                                         struct err_note *note);
/* Mark the posts that have this word, kept or not, at most max of them below found->end; *count is
 * how many. */
MUST_USE enum err_code index_word(struct index *index, struct found *found, uint64_t *count,
                                  uint64_t word_hash, uint64_t max, struct err_note *note);

/* Out of the sets, its body no longer handed out, its id still known.
 *   ERR_REFUSED  too many at once: index_tend() first
 *   and those of lookups */
MUST_USE enum err_code index_drop(struct index *index, const struct index_place *place,
                                  struct err_note *note);
/* As if it had never come: its record is damaged. */
MUST_USE enum err_code index_forget(struct index *index, const struct index_place *place,
                                    struct err_note *note);

uint64_t index_kept_count(struct index *index);
uint64_t index_disk_len(struct index *index);

/* Ids refused lately and not in the log, so that nobody is asked for them again.  Bounded: the
 * oldest are forgotten. */
MUST_USE enum err_code index_refused_add(struct index *index, const struct post_id *id);
bool index_refused_has(struct index *index, const struct post_id *id);

/* Answer queries of reconciliation over a set as it stands now; results->items and items_cap are
 * the caller's. */
MUST_USE enum err_code index_answer(struct index *index, struct negentropy_results *results,
                                    const struct run_set_name *set,
                                    const struct negentropy_batch *batch, struct err_note *note);

/* Do a slice of what there is to do: build damaged runs again, write full tables as runs, make bare
 * what has expired, take out what expired before the last UTC midnight, merge runs, and take out of
 * their files what is gone or bare (at once where it is much, else only when idle, and no faster
 * than store/pace.h allows).  *more: there is more to do now.
 *   ERR_NO_SPACE and those of lookups  nothing is lost; try again later */
MUST_USE enum err_code index_tend(struct index *index, bool *more, uint64_t now_s, bool idle,
                                  struct err_note *note);
/* Build again what does not read, whatever that takes: a lookup gave ERR_DAMAGED.
 *   errors as index_tend() */
MUST_USE enum err_code index_repair(struct index *index, struct err_note *note);
/* Whether so many tables wait to be written that whoever adds has to tend first. */
bool index_is_full(struct index *index);

/* Whether there are positions that are gone or bare and whose octets may still stand in the log. */
bool index_has_purgeable(struct index *index);
/* Those of them that runs speak for, ascending: after index_purged(), of others perhaps, that they
 * are gone or bare outlives their octets. */
size_t index_purgeable(struct index *index, uint32_t *positions, size_t max);
/* Take these off the list, once they are out; what the index knows of posts in runs is durable. */
MUST_USE enum err_code index_purged(struct index *index, const uint32_t *positions, size_t count,
                                    struct err_note *note);

#endif
