#include "store/index_inner.h"

#include <assert.h>
#include <stdlib.h>

#include "store/index_union.h"

/* A set as it stands at one moment, over all parts. */
struct moment {
    struct index *index;
    struct index_list *list;
    struct index_union set;
    struct index_union_part *parts;
    struct index_sorted **shared; /* those of tables and of what is gone; counted */
    struct index_sorted **own;    /* made for this set alone */
};

static bool is_all(const struct index *index, const struct run_set_name *set)
{
    return memcmp(index->all.octets, set->octets, RUN_SET_NAME_LEN) == 0;
}

/* With the lock. */
static enum err_code copy_parts(struct moment *m)
{
    bool all = is_all(m->index, &m->set.set);
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < m->list->count && rc == ERR_OK; i++) {
        struct index_part *part = m->list->parts[i];
        if (part->table != NULL) {
            rc = all ? index_table_copy_all(part->table, &m->shared[i])
                     : index_table_copy_set(part->table, &m->own[i], &m->set.set);
        } else if (part->gone != NULL) {
            rc = index_gone_copy(part->gone, &m->shared[i]);
        }
    }
    return rc;
}

static void close_moment(struct moment *m)
{
    index_lock(m->index);
    for (size_t i = 0; m->shared != NULL && i < m->list->count; i++) {
        index_sorted_free(m->shared[i]);
    }
    index_unlock(m->index);
    for (size_t i = 0; m->own != NULL && i < m->list->count; i++) {
        index_sorted_free(m->own[i]);
    }
    free(m->shared);
    free(m->own);
    free(m->parts);
    index_list_release(m->index, m->list);
}

/* Which of what is gone from "all" the run has in this set; both directions find the same. */
struct sifting {
    const struct run *run;
    const struct run_set_name *set;
    const struct index_sorted *gone;
    uint32_t *places;
    size_t places_count;
};

/* Whether this one of what is gone is in the set. */
static enum err_code sift_one(struct sifting *s, uint64_t at, struct err_note *note)
{
    struct negentropy_item item = index_sorted_at(s->gone, at);
    struct negentropy_bound bound = negentropy_bound_at(&item);
    struct run_set_entry entry;
    uint64_t rank;
    enum err_code rc = run_set_rank(s->run, &rank, s->set, &bound, note);
    if (rc == ERR_OK) {
        rc = run_set_at(s->run, &entry, s->set, rank, note);
    }
    if (rc == ERR_OK && negentropy_item_compare(&entry.item, &item) == 0) {
        s->places[s->places_count++] = s->gone->places[at];
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

/* Whether this one of the set is gone. */
static enum err_code sift_entry(struct sifting *s, uint64_t rank, struct err_note *note)
{
    struct run_set_entry entry;
    enum err_code rc = run_set_at(s->run, &entry, s->set, rank, note);
    if (rc != ERR_OK) {
        return rc == ERR_NOT_FOUND ? ERR_OK : rc;
    }
    struct negentropy_bound bound = negentropy_bound_at(&entry.item);
    uint64_t at = index_sorted_rank(s->gone, &bound);
    if (at < index_sorted_count(s->gone)) {
        struct negentropy_item item = index_sorted_at(s->gone, at);
        if (negentropy_item_compare(&entry.item, &item) == 0) {
            s->places[s->places_count++] = s->gone->places[at];
        }
    }
    return ERR_OK;
}

/* Most authors have little in a run of which much may be gone. */
static enum err_code sift_gone(struct moment *m, size_t i, struct err_note *note)
{
    struct sifting s = {.run = m->list->parts[i]->run, .set = &m->set.set, .gone = m->shared[i]};
    uint64_t gone_count = index_sorted_count(s.gone);
    uint64_t set_count = 0;
    enum err_code rc = run_set_count(s.run, &set_count, s.set, note);
    bool by_set = set_count < gone_count;
    uint64_t count = by_set ? set_count : gone_count;
    s.places = calloc((size_t)count + 1, sizeof *s.places);
    if (rc == ERR_OK && s.places == NULL) {
        rc = ERR_NO_MEMORY;
    }
    for (uint64_t k = 0; k < count && rc == ERR_OK; k++) {
        rc = by_set ? sift_entry(&s, k, note) : sift_one(&s, k, note);
    }
    if (rc == ERR_OK) {
        rc = index_sorted_from(&m->own[i], s.gone->records, s.places, s.places_count);
    }
    free(s.places);
    return index_blame(m->index, m->list->parts[i], rc);
}

static enum err_code add_part(struct moment *m, size_t i, struct err_note *note)
{
    const struct index_part *part = m->list->parts[i];
    struct index_union_part *added = &m->parts[m->set.parts_count];
    if (part->table != NULL) {
        *added = (struct index_union_part){.plus = m->own[i] != NULL ? m->own[i] : m->shared[i]};
        m->set.parts_count++;
        return ERR_OK;
    }
    if (part->run == NULL) {
        return ERR_DAMAGED;
    }
    if (m->shared[i] != NULL && !is_all(m->index, &m->set.set)) {
        enum err_code rc = sift_gone(m, i, note);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    *added = (struct index_union_part){.run = part->run,
                                       .minus = m->own[i] != NULL ? m->own[i] : m->shared[i]};
    m->set.parts_count++;
    return ERR_OK;
}

static enum err_code blame_culprit(struct moment *m, enum err_code rc)
{
    for (size_t i = 0; rc == ERR_DAMAGED && i < m->list->count; i++) {
        if (m->set.culprit != NULL && m->list->parts[i]->run == m->set.culprit) {
            return index_blame(m->index, m->list->parts[i], rc);
        }
    }
    return rc;
}

static enum err_code open_moment(struct moment *m, struct err_note *note)
{
    index_lock(m->index);
    m->list = index_list_hold(m->index);
    size_t count = m->list->count + 1;
    m->shared = calloc(count, sizeof(struct index_sorted *));
    m->own = calloc(count, sizeof(struct index_sorted *));
    m->parts = calloc(count, sizeof *m->parts);
    bool room = m->shared != NULL && m->own != NULL && m->parts != NULL;
    enum err_code rc = room ? copy_parts(m) : ERR_NO_MEMORY;
    index_unlock(m->index);
    for (size_t i = 0; i < m->list->count && rc == ERR_OK; i++) {
        rc = add_part(m, i, note);
    }
    m->set.parts = m->parts;
    return rc == ERR_OK ? blame_culprit(m, index_union_begin(&m->set, note)) : rc;
}

/* ---- Queries ------------------------------------------------------------------------------ */

struct answering {
    struct moment *moment;
    struct negentropy_results *results;
    const struct negentropy_query *query;
    struct err_note *note;
};

/*   ERR_TOO_LARGE  no room for an item any more */
static enum err_code list(struct answering *a, struct negentropy_answer *answer, bool whole)
{
    size_t room = a->results->items_cap - a->results->items_count;
    struct negentropy_item *items = a->results->items + a->results->items_count;
    struct negentropy_bound range[2] = {a->query->lower, a->query->upper};
    struct fold fold = {0};
    struct fold before;
    enum err_code rc = index_union_fold(&a->moment->set, &fold, &range[1], a->note);
    if (rc == ERR_OK) {
        rc = index_union_fold(&a->moment->set, &before, &range[0], a->note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    uint64_t count = fold.count > before.count ? fold.count - before.count : 0;
    if (count > 0 && (room == 0 || (whole && count > room))) {
        return ERR_TOO_LARGE;
    }
    size_t listed = 0;
    if (count > 0) {
        rc = index_union_list(&a->moment->set, items, &listed, room, range, a->note);
    }
    if (rc == ERR_OK) {
        a->results->items_count += listed;
        answer->shape = NEGENTROPY_LISTED;
        answer->items = items;
        answer->items_count = listed;
        answer->more = listed < count;
    }
    return rc;
}

static enum err_code split(struct answering *a, struct negentropy_answer *answer,
                           const struct fold *before)
{
    struct index_union *set = &a->moment->set;
    struct fold below = *before;
    uint64_t ends[NEGENTROPY_BUCKETS];
    answer->shape = NEGENTROPY_BUCKETED;
    answer->buckets_count = negentropy_bucket_ends(ends, a->query, answer->fold.count);
    for (unsigned i = 0; i < answer->buckets_count; i++) {
        struct negentropy_bucket *bucket = &answer->buckets[i];
        struct fold end = *before;
        bucket->upper = a->query->upper;
        enum err_code rc = ERR_OK;
        if (i + 1 == answer->buckets_count) {
            fold_add(&end, &answer->fold);
        } else {
            struct negentropy_item pair[2];
            rc = index_union_pair(set, pair, before->count + ends[i] - 1, a->note);
            if (rc == ERR_OK) {
                bucket->upper = negentropy_bound_between(&pair[0], &pair[1]);
                rc = index_union_fold(set, &end, &bucket->upper, a->note);
            }
        }
        if (rc != ERR_OK) {
            return rc;
        }
        bucket->fold = end;
        fold_subtract(&bucket->fold, &below);
        below = end;
    }
    return ERR_OK;
}

static enum err_code fold(struct answering *a, struct negentropy_answer *answer,
                          struct fold *before)
{
    enum err_code rc = index_union_fold(&a->moment->set, before, &a->query->lower, a->note);
    if (rc == ERR_OK && negentropy_bound_compare(&a->query->lower, &a->query->upper) < 0) {
        rc = index_union_fold(&a->moment->set, &answer->fold, &a->query->upper, a->note);
        fold_subtract(&answer->fold, before);
    }
    return rc;
}

static enum err_code answer_split(struct answering *a, struct negentropy_answer *answer)
{
    struct fold before;
    enum err_code rc = fold(a, answer, &before);
    if (rc == ERR_OK && a->query->unless_equal) {
        struct fingerprint print;
        fingerprint_of(&print, &answer->fold);
        if (fingerprint_equal(&print, &a->query->theirs)) {
            return ERR_OK;
        }
    }
    if (rc != ERR_OK) {
        return rc;
    }
    /* A short list is whole or left for the next batch. */
    return answer->fold.count >= NEGENTROPY_SPLIT_MIN ? split(a, answer, &before)
                                                      : list(a, answer, true);
}

static enum err_code answer_one(struct answering *a)
{
    struct negentropy_answer *answer = &a->results->answers[a->results->answers_count];
    *answer = (struct negentropy_answer){.shape = NEGENTROPY_FOLDED};
    struct fold before;
    enum err_code rc = ERR_OK;
    switch (a->query->kind) {
    case NEGENTROPY_FOLD:
        rc = fold(a, answer, &before);
        break;
    case NEGENTROPY_SPLIT:
        rc = answer_split(a, answer);
        break;
    case NEGENTROPY_LIST:
        rc = list(a, answer, false);
        break;
    }
    if (rc == ERR_OK) {
        a->results->answers_count++;
    }
    return rc;
}

static bool cut_short(const struct negentropy_results *results)
{
    return results->answers_count > 0 && results->answers[results->answers_count - 1].more;
}

enum err_code index_answer(struct index *index, struct negentropy_results *results,
                           const struct run_set_name *set, const struct negentropy_batch *batch,
                           struct err_note *note)
{
    results->answers_count = 0;
    results->items_count = 0;
    struct moment m = {.index = index, .set.set = *set};
    enum err_code rc = open_moment(&m, note);
    while (rc == ERR_OK && results->answers_count < batch->queries_count && !cut_short(results)) {
        struct answering a = {.moment = &m,
                              .results = results,
                              .query = &batch->queries[results->answers_count],
                              .note = note};
        rc = blame_culprit(&m, answer_one(&a));
    }
    close_moment(&m);
    if (rc == ERR_NO_MEMORY && note != NULL && note->text[0] == '\0') {
        return err_note(note, rc, "out of memory");
    }
    return rc == ERR_TOO_LARGE ? ERR_OK : rc;
}
