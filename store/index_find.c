#include "store/index_inner.h"

#include <assert.h>

#include "store/run_postings.h"
#include "store/run_set.h"

/* Asked of each run one after the other: what a filter has of one is on its way while the next one
 * is asked for. */
#define AT_ONCE 64

static void place_of_record(struct index_place *place, const struct index_record *record,
                            uint32_t position)
{
    *place = (struct index_place){
        .position = position,
        .state = (enum index_state)record->state,
        .flags = record->flags,
        .created_s = index_record_created_s(record),
        .id = record->id,
    };
}

static void place_of_row(struct index_place *place, const struct run_record *record,
                         uint32_t position)
{
    *place = (struct index_place){
        .position = position,
        .state = (enum index_state)record->state,
        .flags = record->flags,
        .created_s = record->created_s,
        .id = record->id,
    };
}

/* What left the run since it was written. */
static void judge_row(struct index *index, struct index_place *place, const struct index_part *part)
{
    index_lock(index);
    if (index_in_sets(place)) {
        place->state = index_part_state(part, &place->id, place->state);
    }
    size_t at = index_list_place(index->list, part);
    place->seen = at < index->list->count ? index->list->generation : 0;
    index_unlock(index);
}

/* ---- Ids ---------------------------------------------------------------------------------- */

/* With the lock.  Tables are the last parts, and what a full disk keeps in memory. */
static bool find_in_tables(const struct index_list *list, struct index_place *place,
                           const struct post_id *id)
{
    for (size_t i = list->count; i > 0; i--) {
        const struct index_table *table = list->parts[i - 1]->table;
        uint32_t at;
        if (table != NULL && index_table_find(table, &at, id)) {
            place_of_record(place, index_table_at(table, at), table->first + at);
            return true;
        }
    }
    return false;
}

/* An id that is not in tables. */
struct sought {
    uint64_t hash;
    bool damaged; /* it may be where something does not read */
};

static enum err_code find_in_run(struct index *index, struct index_part *part, bool *found,
                                 struct index_place *place, const struct post_id *id,
                                 struct sought *sought, struct err_note *note)
{
    uint32_t position;
    struct run_record record;
    if (part->run == NULL) {
        sought->damaged = true;
        return ERR_OK;
    }
    if (!run_may_have(part->run, sought->hash)) {
        return ERR_OK;
    }
    enum err_code rc = run_find(part->run, &position, &record, id, sought->hash, note);
    if (rc == ERR_OK) {
        struct index_place at;
        place_of_row(&at, &record, position);
        judge_row(index, &at, part);
        *found = at.state != INDEX_HOLE;
        *place = *found ? at : *place;
    }
    if (rc == ERR_DAMAGED) {
        (void)index_blame(index, part, rc);
        sought->damaged = true;
    }
    return rc == ERR_NOT_FOUND || rc == ERR_DAMAGED ? ERR_OK : rc;
}

/* The newest run first: it knows best.  count is at most AT_ONCE. */
static enum err_code find_in_runs(struct index *index, const struct index_list *list, bool *found,
                                  struct index_place *places, const struct post_id *ids,
                                  size_t count, struct err_note *note)
{
    struct sought sought[AT_ONCE];
    for (size_t i = 0; i < count; i++) {
        sought[i] = (struct sought){.hash = run_hash_id(index->hash, &ids[i])};
    }
    enum err_code rc = ERR_OK;
    for (size_t p = list->count; p > 0; p--) {
        struct index_part *part = list->parts[p - 1];
        for (size_t i = 0; i < count && part->table == NULL && rc == ERR_OK; i++) {
            if (!found[i]) {
                rc = find_in_run(index, part, &found[i], &places[i], &ids[i], &sought[i], note);
            }
        }
    }
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        rc = !found[i] && sought[i].damaged ? ERR_DAMAGED : ERR_OK;
    }
    return rc;
}

enum err_code index_find(struct index *index, bool *found, struct index_place *places,
                         const struct post_id *ids, size_t count, struct err_note *note)
{
    index_lock(index);
    struct index_list *list = index_list_hold(index);
    for (size_t i = 0; i < count; i++) {
        found[i] = find_in_tables(list, &places[i], &ids[i]);
    }
    index_unlock(index);
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < count && rc == ERR_OK; i += AT_ONCE) {
        size_t some = count - i < AT_ONCE ? count - i : AT_ONCE;
        rc = find_in_runs(index, list, found + i, places + i, ids + i, some, note);
    }
    index_list_release(index, list);
    return rc;
}

/* ---- Positions ---------------------------------------------------------------------------- */

/* With the lock; below end. */
static bool next_in_table(const struct index_table *table, struct index_place *place,
                          uint64_t position, uint64_t end)
{
    uint64_t stop = table->end < end ? table->end : end;
    for (uint64_t at = position; at < stop; at++) {
        const struct index_record *record = index_table_at(table, (uint32_t)(at - table->first));
        if (record->state == INDEX_KEPT) {
            place_of_record(place, record, (uint32_t)at);
            return true;
        }
    }
    return false;
}

static enum err_code next_in_run(struct index *index, struct index_part *part,
                                 struct index_place *place, uint64_t position, uint64_t end,
                                 struct err_note *note)
{
    uint64_t stop = part->end < end ? part->end : end;
    for (uint64_t at = position; at < stop; at++) {
        struct run_record record;
        enum err_code rc = run_record(part->run, &record, (uint32_t)at, note);
        if (rc != ERR_OK) {
            return index_blame(index, part, rc);
        }
        place_of_row(place, &record, (uint32_t)at);
        judge_row(index, place, part);
        if (place->state == INDEX_KEPT) {
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

static enum err_code next_in_part(struct index *index, struct index_part *part,
                                  struct index_place *place, const uint64_t range[2],
                                  struct err_note *note)
{
    uint64_t from = range[0] > part->first ? range[0] : part->first;
    if (part->table != NULL) {
        index_lock(index);
        bool found = next_in_table(part->table, place, from, range[1]);
        index_unlock(index);
        return found ? ERR_OK : ERR_NOT_FOUND;
    }
    if (part->end <= from) {
        return ERR_NOT_FOUND;
    }
    return part->run == NULL ? ERR_DAMAGED : next_in_run(index, part, place, from, range[1], note);
}

/* The first part that may hold a position or one behind it. */
static size_t part_from(const struct index_list *list, uint64_t position)
{
    size_t low = 0;
    size_t high = list->count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (list->parts[middle]->first <= position) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

enum err_code index_next(struct index *index, struct index_place *place, uint64_t position,
                         uint64_t end, struct err_note *note)
{
    struct index_list *list = index_list_take(index);
    struct index_place found;
    enum err_code rc = ERR_NOT_FOUND;
    for (size_t i = part_from(list, position);
         i < list->count && list->parts[i]->first < end && rc == ERR_NOT_FOUND; i++) {
        rc = next_in_part(index, list->parts[i], &found, (uint64_t[2]){position, end}, note);
    }
    index_list_release(index, list);
    if (rc == ERR_OK) {
        *place = found;
    }
    return rc;
}

/* ---- Authors and refs --------------------------------------------------------------------- */

static enum err_code in_run_set(struct index *index, struct index_part *part, bool *in_set,
                                const struct run_set_name *set, const struct index_place *place,
                                struct err_note *note)
{
    struct negentropy_item item = {.created_s = place->created_s, .id = place->id};
    struct negentropy_bound bound = negentropy_bound_at(&item);
    uint64_t rank;
    struct run_set_entry entry = {.position = 0};
    enum err_code rc = run_set_rank(part->run, &rank, set, &bound, note);
    if (rc == ERR_OK) {
        rc = run_set_at(part->run, &entry, set, rank, note);
    }
    if (rc == ERR_OK || rc == ERR_NOT_FOUND) {
        *in_set = rc == ERR_OK && entry.position == place->position;
        return ERR_OK;
    }
    return index_blame(index, part, rc);
}

enum err_code index_is_by(struct index *index, bool *is_by, const struct index_place *place,
                          const struct key *author, struct err_note *note)
{
    struct run_set_name set = run_set_author(index->hash, author);
    bool by = false;
    enum err_code rc = ERR_OK;
    index_lock(index);
    struct index_list *list = index_list_hold(index);
    struct index_part *part = index_list_part(list, place->position);
    if (part != NULL && part->table != NULL) {
        by =
            index_table_in_set(part->table, (uint32_t)(place->position - part->table->first), &set);
    }
    index_unlock(index);
    if (part != NULL && part->table == NULL) {
        rc = part->run == NULL ? ERR_DAMAGED : in_run_set(index, part, &by, &set, place, note);
    }
    index_list_release(index, list);
    if (rc == ERR_OK) {
        *is_by = by;
    }
    return rc;
}

/* Walking what refers to a subject. */
struct referring {
    struct index_ref ref;
    const struct run_hash *hash;
    const struct key *author; /* only posts by them */
    struct run_set_name set;  /* the author's, once it is asked for: mostly nothing refers */
    bool set_known;
    uint64_t *positions;
    size_t count;
    size_t max;
    bool damaged; /* it may be where something does not read */
};

static void add_referring(struct referring *r, uint64_t position)
{
    r->positions[r->count++] = position;
}

static const struct run_set_name *author_set(struct referring *r)
{
    if (!r->set_known) {
        r->set = run_set_author(r->hash, r->author);
        r->set_known = true;
    }
    return &r->set;
}

/* With the lock. */
static void refs_in_table(const struct index_table *table, struct referring *r)
{
    const struct index_refs_entry *entry = NULL;
    while (r->count < r->max &&
           (entry = index_refs_next(&table->refs, entry, r->ref.subject_hash)) != NULL) {
        if (entry->ref.relation == r->ref.relation &&
            index_table_at(table, entry->place)->state == INDEX_KEPT &&
            index_table_in_set(table, entry->place, author_set(r))) {
            add_referring(r, (uint64_t)table->first + entry->place);
        }
    }
}

static enum err_code check_referring(struct index *index, struct index_part *part,
                                     struct referring *r, uint32_t position, struct err_note *note)
{
    struct run_record record;
    struct index_place place;
    enum err_code rc = run_record(part->run, &record, position, note);
    if (rc != ERR_OK) {
        return index_blame(index, part, rc);
    }
    place_of_row(&place, &record, position);
    judge_row(index, &place, part);
    bool right = place.state == INDEX_KEPT;
    if (right) {
        rc = in_run_set(index, part, &right, author_set(r), &place, note);
    }
    if (rc == ERR_OK && right) {
        add_referring(r, position);
    }
    return rc;
}

static enum err_code refs_in_run(struct index *index, struct index_part *part, struct referring *r,
                                 struct err_note *note)
{
    if (part->run == NULL) {
        return ERR_DAMAGED;
    }
    if (!run_refs_may_have(part->run, r->ref.subject_hash)) {
        return ERR_OK;
    }
    struct run_postings cursor;
    run_refs_begin(&cursor, part->run, r->ref.subject_hash);
    while (r->count < r->max) {
        uint32_t position;
        uint8_t relation;
        enum err_code rc = run_refs_next(&cursor, &position, &relation, note);
        if (rc == ERR_NOT_FOUND) {
            return ERR_OK;
        }
        if (rc != ERR_OK) {
            return index_blame(index, part, rc);
        }
        if (relation == r->ref.relation) {
            rc = check_referring(index, part, r, position, note);
            if (rc != ERR_OK) {
                return rc;
            }
        }
    }
    return ERR_OK;
}

/* Goes on behind what does not read: enough may be found all the same. */
static enum err_code refer_in_run(struct index *index, struct index_part *part, struct referring *r,
                                  struct err_note *note)
{
    enum err_code rc = r->count < r->max ? refs_in_run(index, part, r, note) : ERR_OK;
    r->damaged = r->damaged || rc == ERR_DAMAGED;
    return rc == ERR_DAMAGED ? ERR_OK : rc;
}

static enum err_code refer(struct index *index, struct referring *all, size_t count,
                           struct err_note *note)
{
    enum err_code rc = ERR_OK;
    index_lock(index);
    struct index_list *list = index_list_hold(index);
    for (size_t i = 0; i < count * list->count; i++) {
        const struct index_table *table = list->parts[i / count]->table;
        if (table != NULL) {
            refs_in_table(table, &all[i % count]);
        }
    }
    index_unlock(index);
    for (size_t i = 0; i < count * list->count && rc == ERR_OK; i++) {
        struct index_part *part = list->parts[i / count];
        if (part->table == NULL) {
            rc = refer_in_run(index, part, &all[i % count], note);
        }
    }
    index_list_release(index, list);
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        rc = all[i].damaged && all[i].count < all[i].max ? ERR_DAMAGED : ERR_OK;
    }
    return rc;
}

static enum err_code some_retracted(struct index *index, bool *retracted,
                                    const struct index_subject *subjects, size_t count,
                                    struct err_note *note)
{
    struct referring all[AT_ONCE];
    uint64_t positions[AT_ONCE];
    for (size_t i = 0; i < count; i++) {
        all[i] = (struct referring){.hash = index->hash,
                                    .author = subjects[i].author,
                                    .positions = &positions[i],
                                    .max = 1};
        all[i].ref.subject_hash = index_row_retract_hash(index->hash, subjects[i].id);
        all[i].ref.relation = INDEX_RELATION_RETRACT;
    }
    enum err_code rc = refer(index, all, count, note);
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        retracted[i] = all[i].count > 0;
    }
    return rc;
}

enum err_code index_retracted(struct index *index, bool *retracted,
                              const struct index_subject *subjects, size_t count,
                              struct err_note *note)
{
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < count && rc == ERR_OK; i += AT_ONCE) {
        size_t some = count - i < AT_ONCE ? count - i : AT_ONCE;
        rc = some_retracted(index, retracted + i, subjects + i, some, note);
    }
    return rc;
}

enum err_code index_has_retract(struct index *index, bool *has, const struct post_id *subject,
                                const struct key *author, struct err_note *note)
{
    const struct index_subject asked = {.id = subject, .author = author};
    return index_retracted(index, has, &asked, 1, note);
}

/* ---- Words -------------------------------------------------------------------------------- */

static void mark(struct found *found, uint64_t *count, uint32_t position)
{
    if (position < found->end) {
        found_add(found, position);
    }
    (*count)++;
}

static enum err_code word_in_run(struct index *index, struct index_part *part, struct found *found,
                                 uint64_t *count, const uint64_t hash_and_max[2])
{
    if (part->run == NULL) {
        return ERR_DAMAGED;
    }
    struct run_postings cursor;
    struct err_note note = {{0}};
    run_words_begin(&cursor, part->run, hash_and_max[0]);
    while (*count < hash_and_max[1]) {
        uint32_t position;
        enum err_code rc = run_words_next(&cursor, &position, &note);
        if (rc != ERR_OK) {
            return rc == ERR_NOT_FOUND ? ERR_OK : index_blame(index, part, rc);
        }
        mark(found, count, position);
    }
    return ERR_OK;
}

enum err_code index_word(struct index *index, struct found *found, uint64_t *count,
                         uint64_t word_hash, uint64_t max, struct err_note *note)
{
    uint64_t marked = 0;
    enum err_code rc = ERR_OK;
    index_lock(index);
    struct index_list *list = index_list_hold(index);
    for (size_t i = 0; i < list->count; i++) {
        struct index_words_cursor cursor;
        uint32_t position;
        if (list->parts[i]->table != NULL &&
            index_words_find(&list->parts[i]->table->words, &cursor, word_hash)) {
            while (marked < max && index_words_next(&cursor, &position)) {
                mark(found, &marked, position);
            }
        }
    }
    index_unlock(index);
    for (size_t i = 0; i < list->count && marked < max && rc == ERR_OK; i++) {
        if (list->parts[i]->table == NULL) {
            rc = word_in_run(index, list->parts[i], found, &marked, (uint64_t[2]){word_hash, max});
        }
    }
    index_list_release(index, list);
    if (rc != ERR_OK) {
        return err_note(note, rc, "reading the words of the index");
    }
    *count = marked;
    return ERR_OK;
}
