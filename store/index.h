/* index.h - finds things in the log: ids, positions, and ranges of the set "all" (SPEC 10).
 *
 * Here it is one sorted table in memory, filled from the log on opening.  It does no I/O and takes
 * no lock: the store guards it.  About 70 octets of memory for each post. */
#ifndef KITH_STORE_INDEX_H
#define KITH_STORE_INDEX_H

#include "proto/err.h"
#include "proto/key.h"
#include "proto/negentropy_query.h"
#include "proto/octets.h"
#include "proto/post.h"
#include "store/index_records.h"

struct index;

/* Where a post lies. */
struct index_place {
    uint64_t position; /* record number in the log */
    enum index_state state;
    struct post_id id;
};

MUST_USE enum err_code index_new(struct index **index);
void index_free(struct index *index);

/* A post that lies at place->position.  Its id is not known yet, the position unused and at most
 * INDEX_POSITION_MAX (asserted); place->state is not read.
 *   ERR_NO_MEMORY  nothing changed */
MUST_USE enum err_code index_add(struct index *index, const struct post *post,
                                 const struct index_place *place);
/* Whether this id lies in the log, kept or gone. */
bool index_find(const struct index *index, struct index_place *place, const struct post_id *id);
/* The kept post at this position, or the first one behind it below end. */
bool index_next(const struct index *index, struct index_place *place, uint64_t position,
                uint64_t end);
/* Out of the set, its body no longer handed out, its id still known. */
void index_drop(struct index *index, uint64_t position);
/* As if it had never come: its record is damaged. */
void index_forget(struct index *index, uint64_t position);
/* Drop what expired before the last UTC midnight. */
void index_midnight(struct index *index, uint64_t now_s);
uint64_t index_kept_count(const struct index *index);

/* Who took back what: a retract may come before its subject. */
MUST_USE enum err_code index_retract_add(struct index *index, const struct post_id *subject,
                                         const struct key *author);
bool index_retract_has(const struct index *index, const struct post_id *subject,
                       const struct key *author);

/* Ids refused lately and not in the log, so that nobody is asked for them again.  Bounded: the
 * oldest are forgotten. */
MUST_USE enum err_code index_refused_add(struct index *index, const struct post_id *id);
bool index_refused_has(const struct index *index, const struct post_id *id);

/* Answer query number results->answers_count of the batch and count it.  False when its items do
 * not fit any more, or when nothing may follow a LIST that was cut short. */
bool index_answer(struct index *index, struct negentropy_results *results,
                  const struct negentropy_batch *batch);

#endif
