#include "store/store_inner.h"

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

enum err_code store_has_retract(struct store *store, bool *has, const struct post_id *subject,
                                const struct key *author, struct err_note *note)
{
    unsigned tries = 0;
    enum err_code rc;
    do {
        rc = index_has_retract(store->index, has, subject, author, note);
    } while (again(store, &rc, &tries, note));
    return rc;
}

enum err_code store_answer(struct store *store, struct negentropy_results *results,
                           const struct negentropy_batch *batch, struct err_note *note)
{
    struct run_set_name all = run_set_all(index_hash(store->index));
    unsigned tries = 0;
    enum err_code rc;
    do {
        rc = index_answer(store->index, results, &all, batch, note);
    } while (again(store, &rc, &tries, note));
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
