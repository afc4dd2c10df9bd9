#include "store/index.h"

#include "store/index_digests.h"
#include "store/index_ids.h"
#include "store/index_set.h"

#include <assert.h>
#include <stdlib.h>

#define REFUSED_MAX 32768 /* in each of two generations */
#define DAY_S       86400

struct expiring {
    uint64_t expires_s;
    uint32_t position;
};

struct index {
    struct index_records records;
    struct index_ids ids;
    struct index_set all;
    struct index_digests retracts; /* of subject and author */
    struct index_digests refused;
    struct index_digests refused_before;
    struct expiring *expiring;
    size_t expiring_count;
    size_t expiring_cap;
};

enum err_code index_new(struct index **index)
{
    struct index *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return ERR_NO_MEMORY;
    }
    index_ids_init(&made->ids, &made->records);
    index_set_init(&made->all, &made->records);
    index_digests_init(&made->retracts);
    index_digests_init(&made->refused);
    index_digests_init(&made->refused_before);
    *index = made;
    return ERR_OK;
}

void index_free(struct index *index)
{
    if (index == NULL) {
        return;
    }
    index_set_close(&index->all);
    index_ids_close(&index->ids);
    index_records_free(&index->records);
    index_digests_close(&index->retracts);
    index_digests_close(&index->refused);
    index_digests_close(&index->refused_before);
    free(index->expiring);
    free(index);
}

static enum err_code expiring_reserve(struct index *index)
{
    if (index->expiring_count < index->expiring_cap) {
        return ERR_OK;
    }
    size_t cap = index->expiring_cap == 0 ? 16 : index->expiring_cap * 2;
    struct expiring *grown = realloc(index->expiring, cap * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    index->expiring = grown;
    index->expiring_cap = cap;
    return ERR_OK;
}

enum err_code index_add(struct index *index, const struct post *post,
                        const struct index_place *place)
{
    assert(place->position <= INDEX_POSITION_MAX);
    assert(post->created_s <= POST_TIME_MAX);
    uint32_t position = (uint32_t)place->position;
    enum err_code rc = index_records_reserve(&index->records, position);
    if (rc == ERR_OK && post->expires_s != 0) {
        rc = expiring_reserve(index);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    struct index_record *record = index_records_change(&index->records, position);
    *record = (struct index_record){
        .id = post->id,
        .created_low_s = (uint32_t)post->created_s,
        .created_high_s = (uint8_t)(post->created_s >> 32),
        .state = INDEX_KEPT,
    };
    rc = index_ids_add(&index->ids, position);
    if (rc == ERR_OK) {
        rc = index_set_add(&index->all, position);
        if (rc != ERR_OK) {
            index_ids_remove(&index->ids, &post->id);
        }
    }
    if (rc != ERR_OK) {
        *record = (struct index_record){0};
        return rc;
    }
    if (post->expires_s != 0) {
        index->expiring[index->expiring_count++] =
            (struct expiring){.expires_s = post->expires_s, .position = position};
    }
    return ERR_OK;
}

static void place_of(struct index_place *place, const struct index_record *record,
                     uint32_t position)
{
    *place = (struct index_place){
        .position = position,
        .state = (enum index_state)record->state,
        .id = record->id,
    };
}

bool index_find(const struct index *index, struct index_place *place, const struct post_id *id)
{
    uint32_t position;
    if (!index_ids_find(&index->ids, &position, id)) {
        return false;
    }
    place_of(place, index_records_at(&index->records, position), position);
    return true;
}

bool index_next(const struct index *index, struct index_place *place, uint64_t position,
                uint64_t end)
{
    for (; position < end && position <= INDEX_POSITION_MAX; position++) {
        const struct index_record *record = index_records_at(&index->records, (uint32_t)position);
        if (record->state == INDEX_KEPT) {
            place_of(place, record, (uint32_t)position);
            return true;
        }
    }
    return false;
}

void index_drop(struct index *index, uint64_t position)
{
    struct index_record *record = index_records_change(&index->records, (uint32_t)position);
    if (record->state == INDEX_KEPT) {
        index_set_remove(&index->all, (uint32_t)position);
        record->state = INDEX_GONE;
    }
}

void index_forget(struct index *index, uint64_t position)
{
    struct index_record *record = index_records_change(&index->records, (uint32_t)position);
    if (record->state == INDEX_HOLE) {
        return;
    }
    if (record->state == INDEX_KEPT) {
        index_set_remove(&index->all, (uint32_t)position);
    }
    index_ids_remove(&index->ids, &record->id);
    *record = (struct index_record){0};
}

void index_midnight(struct index *index, uint64_t now_s)
{
    uint64_t midnight_s = now_s - now_s % DAY_S;
    size_t kept = 0;
    for (size_t i = 0; i < index->expiring_count; i++) {
        if (index->expiring[i].expires_s < midnight_s) {
            index_drop(index, index->expiring[i].position);
        } else {
            index->expiring[kept++] = index->expiring[i];
        }
    }
    index->expiring_count = kept;
}

uint64_t index_kept_count(const struct index *index)
{
    return index->all.count;
}

struct retract_octets {
    uint8_t at[POST_ID_LEN + KEY_LEN];
};

static struct octets retract_octets(struct retract_octets *out, const struct post_id *subject,
                                    const struct key *author)
{
    memcpy(out->at, subject->octets, POST_ID_LEN);
    memcpy(out->at + POST_ID_LEN, author->octets, KEY_LEN);
    return octets_of(out->at, sizeof out->at);
}

enum err_code index_retract_add(struct index *index, const struct post_id *subject,
                                const struct key *author)
{
    struct retract_octets octets;
    return index_digests_add(&index->retracts, retract_octets(&octets, subject, author));
}

bool index_retract_has(const struct index *index, const struct post_id *subject,
                       const struct key *author)
{
    struct retract_octets octets;
    return index_digests_has(&index->retracts, retract_octets(&octets, subject, author));
}

enum err_code index_refused_add(struct index *index, const struct post_id *id)
{
    if (index->refused.count >= REFUSED_MAX) {
        index_digests_close(&index->refused_before);
        index->refused_before = index->refused;
        index_digests_init(&index->refused);
    }
    return index_digests_add(&index->refused, octets_of(id->octets, POST_ID_LEN));
}

bool index_refused_has(const struct index *index, const struct post_id *id)
{
    struct octets octets = octets_of(id->octets, POST_ID_LEN);
    return index_digests_has(&index->refused, octets) ||
           index_digests_has(&index->refused_before, octets);
}

static bool list(struct index_set *set, struct negentropy_answer *answer,
                 struct negentropy_results *results, uint64_t first, uint64_t count)
{
    uint64_t room = results->items_cap - results->items_count;
    uint64_t taken = count < room ? count : room;
    if (taken == 0 && count > 0) {
        return false;
    }
    struct negentropy_item *items = results->items + results->items_count;
    for (uint64_t i = 0; i < taken; i++) {
        items[i] = index_set_at(set, first + i);
    }
    results->items_count += (size_t)taken;
    answer->shape = NEGENTROPY_LISTED;
    answer->items = items;
    answer->items_count = (size_t)taken;
    answer->more = taken < count;
    return true;
}

static void fold_between(struct index_set *set, struct fold *fold, uint64_t first, uint64_t end)
{
    struct fold before;
    index_set_fold(set, fold, end);
    index_set_fold(set, &before, first);
    fold_subtract(fold, &before);
}

static void split(struct index_set *set, struct negentropy_answer *answer,
                  const struct negentropy_query *query, uint64_t first)
{
    answer->shape = NEGENTROPY_BUCKETED;
    uint64_t begin = first;
    for (unsigned i = 0; i < NEGENTROPY_BUCKETS; i++) {
        uint64_t end = begin + negentropy_bucket_len(answer->fold.count, i);
        fold_between(set, &answer->buckets[i].fold, begin, end);
        if (i + 1 == NEGENTROPY_BUCKETS) {
            answer->buckets[i].upper = query->upper;
        } else {
            struct negentropy_item last = index_set_at(set, end - 1);
            struct negentropy_item next = index_set_at(set, end);
            answer->buckets[i].upper = negentropy_bound_between(&last, &next);
        }
        begin = end;
    }
}

static bool answer_split(struct index_set *set, struct negentropy_answer *answer,
                         struct negentropy_results *results, const struct negentropy_query *query,
                         uint64_t first)
{
    if (query->unless_equal) {
        struct fingerprint print;
        fingerprint_of(&print, &answer->fold);
        if (fingerprint_equal(&print, &query->theirs)) {
            return true;
        }
    }
    if (answer->fold.count >= NEGENTROPY_SPLIT_MIN) {
        split(set, answer, query, first);
        return true;
    }
    /* A short list is whole or left for the next batch. */
    if (results->items_cap - results->items_count < answer->fold.count) {
        return false;
    }
    return list(set, answer, results, first, answer->fold.count);
}

static bool cut_short(const struct negentropy_results *results)
{
    return results->answers_count > 0 && results->answers[results->answers_count - 1].more;
}

bool index_answer(struct index *index, struct negentropy_results *results,
                  const struct negentropy_batch *batch)
{
    if (cut_short(results)) {
        return false;
    }
    assert(results->answers_count < batch->queries_count);
    const struct negentropy_query *query = &batch->queries[results->answers_count];
    struct negentropy_answer *answer = &results->answers[results->answers_count];
    *answer = (struct negentropy_answer){.shape = NEGENTROPY_FOLDED};
    uint64_t first = index_set_rank(&index->all, &query->lower);
    uint64_t end = index_set_rank(&index->all, &query->upper);
    end = end < first ? first : end;

    bool answered = true;
    switch (query->kind) {
    case NEGENTROPY_FOLD:
        fold_between(&index->all, &answer->fold, first, end);
        break;
    case NEGENTROPY_SPLIT:
        fold_between(&index->all, &answer->fold, first, end);
        answered = answer_split(&index->all, answer, results, query, first);
        break;
    case NEGENTROPY_LIST:
        answered = list(&index->all, answer, results, first, end - first);
        break;
    }
    results->answers_count += answered ? 1 : 0;
    return answered;
}
