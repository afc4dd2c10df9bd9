#include "store/index_table.h"

#include <assert.h>
#include <stdlib.h>

#include "store/run_sort.h"

#define WORDS_AHEAD 8

enum err_code index_table_new(struct index_table **table, uint32_t first)
{
    struct index_table *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return ERR_NO_MEMORY;
    }
    made->first = first;
    made->end = first;
    index_ids_init(&made->ids, &made->records);
    index_set_init(&made->all, &made->records);
    *table = made;
    return ERR_OK;
}

void index_table_free(struct index_table *table)
{
    if (table == NULL) {
        return;
    }
    index_sorted_free(table->copy);
    index_set_close(&table->all);
    index_ids_close(&table->ids);
    index_refs_close(&table->refs);
    index_records_free(&table->records);
    free(table->sets);
    free(table->set_begins);
    free(table->expiries);
    index_words_close(&table->words);
    free(table);
}

bool index_table_has_room(const struct index_table *table, uint64_t position)
{
    return position - table->first < INDEX_TABLE_MAX &&
           table->words.pairs_count < INDEX_TABLE_WORDS_MAX;
}

/* An array with room for `needed` items, or NULL; the old one stays as it is then. */
static void *grown(void *at, size_t *cap, size_t needed, size_t item_len)
{
    if (needed <= *cap) {
        return at;
    }
    size_t more = *cap == 0 ? 64 : *cap;
    while (more < needed) {
        more *= 2;
    }
    void *made = realloc(at, more * item_len);
    if (made != NULL) {
        *cap = more;
    }
    return made;
}

#define RESERVE(array, cap, needed)                                                                \
    do {                                                                                           \
        void *made = grown((array), (cap), (needed), sizeof *(array));                             \
        if (made == NULL) {                                                                        \
            return ERR_NO_MEMORY;                                                                  \
        }                                                                                          \
        (array) = made;                                                                            \
    } while (0)

static enum err_code reserve(struct index_table *table, const struct index_row *row, uint32_t place)
{
    enum err_code rc = index_records_reserve(&table->records, place);
    if (rc == ERR_OK) {
        rc = index_refs_reserve(&table->refs, row->refs_count);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    RESERVE(table->sets, &table->sets_cap, table->sets_count + row->sets_count);
    RESERVE(table->set_begins, &table->set_begins_cap, (size_t)place + 1);
    if (row->expires_s != 0) {
        RESERVE(table->expiries, &table->expiries_cap, table->expiries_count + 1);
    }
    /* Words of a post that is not added after all find nothing. */
    return row->words_count == 0
               ? ERR_OK
               : index_words_add(&table->words,
                                 &(struct index_words_post){.position = table->first + place,
                                                            .hashes = row->words,
                                                            .hashes_count = row->words_count});
}

static void changed(struct index_table *table)
{
    index_sorted_free(table->copy);
    table->copy = NULL;
}

static void add_details(struct index_table *table, const struct index_row *row, uint32_t position)
{
    uint32_t place = position - table->first;
    table->set_begins[place] = (uint32_t)table->sets_count;
    for (size_t i = 0; i < row->sets_count; i++) {
        table->sets[table->sets_count++] =
            (struct run_set_row){.set = row->sets[i], .position = position};
    }
    for (size_t i = 0; i < row->refs_count; i++) {
        index_refs_add(&table->refs, &row->refs[i], place);
    }
    if (row->expires_s != 0) {
        table->expiries[table->expiries_count++] =
            (struct run_expiry){.expires_s = row->expires_s, .position = position};
    }
}

enum err_code index_table_add(struct index_table *table, const struct index_row *row,
                              uint32_t position)
{
    assert(position >= table->end && index_table_has_room(table, position));
    uint32_t place = position - table->first;
    enum err_code rc = reserve(table, row, place);
    if (rc != ERR_OK) {
        return rc;
    }
    struct index_record *record = index_records_change(&table->records, place);
    *record = index_record_of(&row->id, row->created_s, INDEX_KEPT, row->flags);
    rc = index_ids_add(&table->ids, place);
    if (rc == ERR_OK) {
        rc = index_set_add(&table->all, place);
        if (rc != ERR_OK) {
            index_ids_remove(&table->ids, &row->id);
        }
    }
    if (rc != ERR_OK) {
        *record = (struct index_record){0};
        return rc;
    }
    add_details(table, row, position);
    table->end = position + 1;
    changed(table);
    return ERR_OK;
}

void index_table_expect(const struct index_table *table, const struct index_row *row)
{
    index_words_expect(&table->words, row->words, row->words_count);
}

bool index_table_find(const struct index_table *table, uint32_t *place, const struct post_id *id)
{
    return index_ids_find(&table->ids, place, id);
}

const struct index_record *index_table_at(const struct index_table *table, uint32_t place)
{
    return index_records_at(&table->records, place);
}

static bool in_sets(const struct index_record *record)
{
    return record->state == INDEX_KEPT || record->state == INDEX_BARE;
}

bool index_table_bare(struct index_table *table, uint32_t place)
{
    struct index_record *record = index_records_change(&table->records, place);
    bool kept = record->state == INDEX_KEPT;
    record->state = kept ? INDEX_BARE : record->state;
    return kept;
}

bool index_table_drop(struct index_table *table, uint32_t place)
{
    struct index_record *record = index_records_change(&table->records, place);
    bool kept = record->state == INDEX_KEPT;
    if (in_sets(record)) {
        index_set_remove(&table->all, place);
        record->state = INDEX_GONE;
        changed(table);
    }
    return kept;
}

bool index_table_forget(struct index_table *table, uint32_t place)
{
    const struct index_record *record = index_table_at(table, place);
    if (record->state == INDEX_HOLE) {
        return false;
    }
    bool kept = index_table_drop(table, place);
    index_ids_remove(&table->ids, &record->id);
    index_records_change(&table->records, place)->state = INDEX_HOLE;
    return kept;
}

bool index_table_in_set(const struct index_table *table, uint32_t place,
                        const struct run_set_name *set)
{
    uint32_t position = table->first + place;
    for (size_t i = table->set_begins[place];
         i < table->sets_count && table->sets[i].position == position; i++) {
        if (memcmp(table->sets[i].set.octets, set->octets, RUN_SET_NAME_LEN) == 0) {
            return true;
        }
    }
    return false;
}

enum err_code index_table_copy_all(struct index_table *table, struct index_sorted **copy)
{
    if (table->copy == NULL) {
        enum err_code rc = index_set_copy(&table->all, &table->copy);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    table->copy->refs_count++;
    *copy = table->copy;
    return ERR_OK;
}

static bool same_name(const struct run_set_name *a, const struct run_set_name *b)
{
    return memcmp(a->octets, b->octets, RUN_SET_NAME_LEN) == 0;
}

/* The first octets are enough for all but one in 2^64: a whole table is gone through for each
 * author whose posts are counted. */
static bool may_be_same(const struct run_set_name *a, uint64_t begins)
{
    uint64_t first;
    memcpy(&first, a->octets, sizeof first);
    return first == begins;
}

enum err_code index_table_copy_set(const struct index_table *table, struct index_sorted **copy,
                                   const struct run_set_name *set)
{
    uint64_t begins;
    memcpy(&begins, set->octets, sizeof begins);
    size_t count = 0;
    for (size_t i = 0; i < table->sets_count; i++) {
        count += may_be_same(&table->sets[i].set, begins);
    }
    uint32_t *places = malloc((count + 1) * sizeof *places);
    if (places == NULL) {
        return ERR_NO_MEMORY;
    }
    size_t left = count;
    count = 0;
    for (size_t i = 0; left > 0; i++) {
        if (!may_be_same(&table->sets[i].set, begins)) {
            continue;
        }
        left--;
        uint32_t place = table->sets[i].position - table->first;
        if (same_name(&table->sets[i].set, set) && in_sets(index_table_at(table, place))) {
            places[count++] = place;
        }
    }
    enum err_code rc = index_sorted_from(copy, &table->records, places, count);
    free(places);
    return rc;
}

void index_table_states(const struct index_table *table, uint8_t *states)
{
    for (uint32_t place = 0; place < table->end - table->first; place++) {
        states[place] = index_table_at(table, place)->state;
    }
}

static void copy_records(const struct index_table *table, struct run_record *records,
                         const uint8_t *states)
{
    for (uint32_t place = 0; place < table->end - table->first; place++) {
        const struct index_record *record = index_table_at(table, place);
        if (states[place] != INDEX_HOLE) {
            records[place] = (struct run_record){.id = record->id,
                                                 .created_s = index_record_created_s(record),
                                                 .state = states[place],
                                                 .flags = record->flags};
        }
    }
}

static void copy_sets(const struct index_table *table, struct run_rows *rows,
                      const struct run_set_name *all)
{
    if (table->sets_count > 0) {
        memcpy(rows->sets, table->sets, table->sets_count * sizeof *rows->sets);
        rows->sets_count = table->sets_count;
    }
    for (size_t i = 0; i < rows->records_count; i++) {
        if (rows->records[i].state == RUN_KEPT || rows->records[i].state == RUN_BARE) {
            rows->sets[rows->sets_count++] =
                (struct run_set_row){.set = *all, .position = table->first + (uint32_t)i};
        }
    }
}

static enum err_code reserve_rows(const struct index_table *table, struct index_table_rows *made)
{
    size_t records_count = table->end - table->first;
    struct run_rows *rows = &made->rows;
    made->records = calloc(records_count + 1, sizeof *made->records);
    *rows = (struct run_rows){
        .first = table->first, .records_count = records_count, .records = made->records};
    rows->sets = calloc(table->sets_count + records_count + 1, sizeof *rows->sets);
    rows->refs = calloc(table->refs.count + 1, sizeof *rows->refs);
    made->walk.words = &table->words;
    made->walk.order = calloc((size_t)table->words.words_count + 1, sizeof *made->walk.order);
    rows->expiries = calloc(table->expiries_count + 1, sizeof *rows->expiries);
    bool whole = made->records != NULL && rows->sets != NULL && rows->refs != NULL &&
                 made->walk.order != NULL && rows->expiries != NULL;
    return whole ? ERR_OK : ERR_NO_MEMORY;
}

static void copy_refs(const struct index_table *table, struct run_rows *rows)
{
    for (size_t i = 0; i < table->refs.count; i++) {
        const struct index_refs_entry *entry = &table->refs.entries[i];
        rows->refs[rows->refs_count++] =
            (struct run_ref_row){.subject_hash = entry->ref.subject_hash,
                                 .position = table->first + entry->place,
                                 .relation = entry->ref.relation};
    }
}

/* There are far fewer words than posts that hold them. */
static void sort_words(struct index_table_walk *walk)
{
    const struct index_words *words = walk->words;
    for (uint32_t i = 0; i < words->words_count; i++) {
        walk->order[i] = run_word_row(words->words[i].hash, i);
    }
    run_sort_words(walk->order, words->words_count);
}

/* The words of a table lie all over it: those after this one are on their way. */
static void fetch_ahead(const struct index_table_walk *walk)
{
    if (walk->words->words_count - walk->next > WORDS_AHEAD) {
        uint32_t number = run_word_row_position(&walk->order[walk->next + WORDS_AHEAD]);
        __builtin_prefetch(&walk->words->words[number]);
    }
}

static bool next_word(void *context, uint64_t *hash, uint32_t *position)
{
    struct index_table_walk *walk = context;
    while (!index_words_next(&walk->cursor, position)) {
        if (walk->next == walk->words->words_count) {
            return false;
        }
        fetch_ahead(walk);
        uint32_t number = run_word_row_position(&walk->order[walk->next++]);
        walk->hash = walk->words->words[number].hash;
        index_words_of(walk->words, &walk->cursor, number);
    }
    *hash = walk->hash;
    return true;
}

enum err_code index_table_rows(const struct index_table *table, struct index_table_rows *rows,
                               const uint8_t *states, const struct run_set_name *all)
{
    struct index_table_rows made = {0};
    if (reserve_rows(table, &made) != ERR_OK) {
        index_table_rows_free(&made);
        return ERR_NO_MEMORY;
    }
    copy_records(table, made.records, states);
    copy_sets(table, &made.rows, all);
    copy_refs(table, &made.rows);
    sort_words(&made.walk);
    if (table->expiries_count > 0) {
        memcpy(made.rows.expiries, table->expiries,
               table->expiries_count * sizeof *table->expiries);
        made.rows.expiries_count = table->expiries_count;
    }
    *rows = made;
    rows->rows.words_from = (struct run_words_from){.context = &rows->walk, .next = next_word};
    return ERR_OK;
}

void index_table_rows_free(struct index_table_rows *rows)
{
    free(rows->records);
    free(rows->rows.sets);
    free(rows->rows.refs);
    free(rows->walk.order);
    free(rows->rows.expiries);
    *rows = (struct index_table_rows){0};
}
