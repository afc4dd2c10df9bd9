/* store_inner.h - what the files of the store share. */
#ifndef KITH_STORE_STORE_INNER_H
#define KITH_STORE_STORE_INNER_H

#include <pthread.h>

#include "store/index.h"
#include "store/log.h"
#include "store/quota.h"
#include "store/store.h"
#include "store/store_batch.h"
#include "store/store_purge.h"
#include "store/store_recent.h"
#include "store/store_retention.h"
#include "store/store_words.h"

struct store {
    enum store_kind kind;
    struct index *index;
    struct log *log;
    pthread_mutex_t lock; /* what follows up to the next remark; never held over a file call */
    uint64_t end;
    uint64_t quarantined_count;
    bool is_behind;             /* the index told of more than the log has, when it was opened */
    uint64_t floor_s;           /* what is dated before is kept for no peer, unless it stands */
    struct store_left left;     /* how far that leaves the files; as floor_s, written down */
    struct store_left released; /* and how far it may, where the rules hold it */
    uint64_t put_s;             /* clock of the last put that wrote something */
    uint64_t settled_s;         /* nothing is destroyed by a later clock than this */

    struct store_batch *batch; /* of the thread that puts, like what follows; NULL until it puts */
    struct store_words words;
    enum err_code failure;
    uint64_t failed_s;
    struct quota *quota; /* or NULL */
    struct key quota_exempt;

    struct store_recent recent; /* where the store has a reader */

    struct store_words words_again; /* of opening, and of whoever tends the index */

    pthread_mutex_t tending; /* what follows; held over a slice, and taken before all others */
    struct store_purge purge;
    uint64_t purged_s; /* clock when nothing was left to purge, or of the first look; 0: none yet */
    struct store_retention retention;
    bool has_lasting;
    struct key lasting;
    struct files *files; /* borrowed */
    const char *log_folder;
    uint8_t *floor_key; /* from sodium_malloc() */
};

void store_lock(struct store *store);
void store_unlock(struct store *store);

/* Whether it goes by this floor: it is dated before, and does not stand.  What stands in an archive
 * leaves the next time its floor rises, and a retract has taken its subject along by then. */
bool store_is_below(const struct store *store, const struct post *post, uint64_t floor_s);

/* Lookups of the index that build again what does not read, and then never give ERR_DAMAGED. */
MUST_USE enum err_code store_find(struct store *store, bool *found, struct index_place *places,
                                  const struct post_id *ids, size_t count, struct err_note *note);
MUST_USE enum err_code store_find_next(struct store *store, struct index_place *place,
                                       uint64_t position, uint64_t end, struct err_note *note);
/* store_answer_set(), below the floor too. */
MUST_USE enum err_code store_ask(struct store *store, struct negentropy_results *results,
                                 uint32_t set, const struct negentropy_batch *batch,
                                 struct err_note *note);
/* Whether a later profile of its author is kept. */
MUST_USE enum err_code store_is_superseded(struct store *store, bool *is_superseded,
                                           const struct post *profile, struct err_note *note);
MUST_USE enum err_code store_is_by(struct store *store, bool *is_by,
                                   const struct index_place *place, const struct key *author,
                                   struct err_note *note);
/* See index_retracted(). */
MUST_USE enum err_code store_retracted(struct store *store, bool *retracted,
                                       const struct index_subject *subjects, size_t count,
                                       struct err_note *note);
MUST_USE enum err_code store_has_retract(struct store *store, bool *has,
                                         const struct post_id *subject, const struct key *author,
                                         struct err_note *note);

/* After an error, once STORE_RETRY_S have passed: go on with what was committed.
 *   the error there was, or there is now */
MUST_USE enum err_code store_recover(struct store *store, uint64_t now_s, struct err_note *note);
/* Refuses what is above the author's quota; else it counts. */
MUST_USE enum err_code store_quota_judge(struct store *store, enum store_put_result *result,
                                         const struct post *post, size_t wire_len, uint64_t now_s,
                                         struct err_note *note);

/* A slice of tending for who has to wait for it. */
MUST_USE enum err_code store_make_room(struct store *store, uint64_t now_s, struct err_note *note);

#endif
