#include "store/store_inner.h"

#include <stdlib.h>

#define TRIES_MAX 3

/* Whether to ask again: what does not read was built again. */
static bool again(struct store *store, enum err_code *rc, unsigned *tries, struct err_note *note)
{
    if (*rc != ERR_DAMAGED) {
        return false;
    }
    (*tries)++;
    if (*tries == TRIES_MAX) {
        *rc = err_note(note, ERR_IO, "the index cannot be built again");
        return false;
    }
    *rc = index_repair(store->index, note);
    return *rc == ERR_OK;
}

enum err_code store_find(struct store *store, bool *found, struct index_place *places,
                         const struct post_id *ids, size_t count, struct err_note *note)
{
    unsigned tries = 0;
    enum err_code rc;
    do {
        rc = index_find(store->index, found, places, ids, count, note);
    } while (again(store, &rc, &tries, note));
    return rc;
}

enum err_code store_find_next(struct store *store, struct index_place *place, uint64_t position,
                              uint64_t end, struct err_note *note)
{
    unsigned tries = 0;
    enum err_code rc;
    do {
        rc = index_next(store->index, place, position, end, note);
    } while (again(store, &rc, &tries, note));
    return rc;
}

enum err_code store_is_by(struct store *store, bool *is_by, const struct index_place *place,
                          const struct key *author, struct err_note *note)
{
    unsigned tries = 0;
    enum err_code rc;
    do {
        rc = index_is_by(store->index, is_by, place, author, note);
    } while (again(store, &rc, &tries, note));
    return rc;
}

enum err_code store_retracted(struct store *store, bool *retracted,
                              const struct index_subject *subjects, size_t count,
                              struct err_note *note)
{
    unsigned tries = 0;
    enum err_code rc;
    do {
        rc = index_retracted(store->index, retracted, subjects, count, note);
    } while (again(store, &rc, &tries, note));
    return rc;
}

enum err_code store_has_retract(struct store *store, bool *has, const struct post_id *subject,
                                const struct key *author, struct err_note *note)
{
    const struct index_subject asked = {.id = subject, .author = author};
    return store_retracted(store, has, &asked, 1, note);
}

enum err_code store_answer(struct store *store, struct negentropy_results *results,
                           const struct negentropy_batch *batch, struct err_note *note)
{
    return store_answer_set(store, results, SET_ALL, batch, note);
}

/* No query begins below the floor. */
static void cut(struct negentropy_batch *batch, uint64_t floor_s)
{
    const struct negentropy_bound floor = {.created_s = floor_s};
    for (size_t i = 0; i < batch->queries_count; i++) {
        struct negentropy_query *query = &batch->queries[i];
        if (negentropy_bound_compare(&query->lower, &floor) < 0) {
            bool below = negentropy_bound_compare(&query->upper, &floor) < 0;
            query->lower = below ? query->upper : floor;
        }
    }
}

/* What is below the floor may be in the files for a while or not: that is nobody's business. */
enum err_code store_answer_set(struct store *store, struct negentropy_results *results,
                               uint32_t set, const struct negentropy_batch *batch,
                               struct err_note *note)
{
    uint64_t floor_s = store_floor(store);
    bool reaches = false;
    for (size_t i = 0; i < batch->queries_count; i++) {
        reaches = reaches || batch->queries[i].lower.created_s < floor_s;
    }
    if (set == SET_STANDING || !reaches) {
        return store_ask(store, results, set, batch, note);
    }
    struct negentropy_batch *above = malloc(sizeof *above);
    if (above == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    *above = *batch;
    cut(above, floor_s);
    enum err_code rc = store_ask(store, results, set, above, note);
    free(above);
    return rc;
}

enum err_code store_ask(struct store *store, struct negentropy_results *results, uint32_t set,
                        const struct negentropy_batch *batch, struct err_note *note)
{
    struct run_set_name name = run_set_of(index_hash(store->index), set);
    unsigned tries = 0;
    enum err_code rc;
    do {
        rc = index_answer(store->index, results, &name, batch, note);
    } while (again(store, &rc, &tries, note));
    return rc;
}

enum err_code store_is_superseded(struct store *store, bool *is_superseded,
                                  const struct post *profile, struct err_note *note)
{
    struct {
        struct negentropy_batch batch;
        struct negentropy_results results;
        struct negentropy_item item;
    } *question = calloc(1, sizeof *question);
    if (question == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    const struct negentropy_item own = {.created_s = profile->created_s, .id = profile->id};
    struct run_set_name name = run_set_profiles(index_hash(store->index), &profile->author);
    question->results.items = &question->item;
    question->results.items_cap = 1;
    question->batch.queries_count = 1;
    question->batch.queries[0] = (struct negentropy_query){.kind = NEGENTROPY_FOLD,
                                                           .lower = negentropy_bound_at(&own),
                                                           .upper = negentropy_bound_infinity()};
    unsigned tries = 0;
    enum err_code rc;
    do {
        rc = index_answer(store->index, &question->results, &name, &question->batch, note);
    } while (again(store, &rc, &tries, note));
    if (rc == ERR_OK) {
        *is_superseded = question->results.answers[0].fold.count > 0; /* it is not kept itself */
    }
    free(question);
    return rc;
}

enum err_code store_search(struct store *store, struct found *found, enum store_search search,
                           struct octets folded, struct err_note *note)
{
    uint64_t end = store_end(store);
    unsigned tries = 0;
    enum err_code rc;
    do {
        rc = store_words_find(&store->words, store->index, found, search, folded, end);
    } while (again(store, &rc, &tries, note));
    return rc == ERR_OK ? rc : err_note(note, rc, "looking up words");
}
