#include "store/run_build.h"

#include "store/run_sort.h"
#include "store/run_writer.h"

#include "proto/post.h"

#include <assert.h>
#include <stdlib.h>

struct id_row {
    uint32_t hash32;
    uint32_t relative;
};

struct build {
    const struct run_rows *rows;
    const struct run_hash *hash;
    struct run_writer *writer;
};

struct run_word_row run_word_row(uint64_t word_hash, uint32_t position)
{
    struct run_word_row row = {{0}};
    octets_put_u64be(row.octets, word_hash);
    octets_put_u32be(row.octets + RUN_HASH_LEN, position);
    return row;
}

uint32_t run_word_row_position(const struct run_word_row *row)
{
    return octets_get_u32be(row->octets + RUN_HASH_LEN);
}

static const struct run_record *record_of(const struct run_rows *rows, uint32_t position)
{
    assert(position >= rows->first && position - rows->first < rows->records_count);
    return &rows->records[position - rows->first];
}

static bool kept(const struct run_rows *rows, uint32_t position)
{
    return record_of(rows, position)->state == RUN_KEPT;
}

static bool in_sets(const struct run_rows *rows, uint32_t position)
{
    return kept(rows, position) || record_of(rows, position)->state == RUN_BARE;
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_ids(const void *context, const void *a, const void *b)
{
    (void)context;
    const struct id_row *left = a;
    const struct id_row *right = b;
    int order = compare_u64(left->hash32, right->hash32);
    return order != 0 ? order : compare_u64(left->relative, right->relative);
}

static bool same_set(const struct run_set_row *a, const struct run_set_row *b)
{
    return memcmp(a->set.octets, b->set.octets, RUN_SET_NAME_LEN) == 0;
}

static int compare_sets(const void *context, const void *a, const void *b)
{
    const struct run_rows *rows = context;
    const struct run_set_row *left = a;
    const struct run_set_row *right = b;
    if (!same_set(left, right)) {
        return memcmp(left->set.octets, right->set.octets, RUN_SET_NAME_LEN);
    }
    const struct run_record *left_record = record_of(rows, left->position);
    const struct run_record *right_record = record_of(rows, right->position);
    int order = compare_u64(left_record->created_s, right_record->created_s);
    return order != 0 ? order : post_id_compare(&left_record->id, &right_record->id);
}

static int compare_refs(const void *context, const void *a, const void *b)
{
    (void)context;
    const struct run_ref_row *left = a;
    const struct run_ref_row *right = b;
    int order = compare_u64(left->subject_hash, right->subject_hash);
    order = order != 0 ? order : compare_u64(left->position, right->position);
    return order != 0 ? order : left->relation - right->relation;
}

static int compare_expiries(const void *context, const void *a, const void *b)
{
    (void)context;
    const struct run_expiry *left = a;
    const struct run_expiry *right = b;
    int order = compare_u64(left->expires_s, right->expires_s);
    return order != 0 ? order : compare_u64(left->position, right->position);
}

static enum err_code write_records(const struct build *build, struct err_note *note)
{
    const struct run_rows *rows = build->rows;
    enum err_code rc = run_writer_begin(build->writer, RUN_RECORDS, 0, note);
    for (size_t i = 0; i < rows->records_count && rc == ERR_OK; i++) {
        rc = run_write_record(build->writer, &rows->records[i], note);
    }
    return rc == ERR_OK ? run_writer_end(build->writer, note) : rc;
}

static enum err_code write_id_rows(const struct build *build, struct id_row *ids,
                                   struct err_note *note)
{
    const struct run_rows *rows = build->rows;
    size_t count = 0;
    for (size_t i = 0; i < rows->records_count; i++) {
        if (rows->records[i].state != RUN_HOLE) {
            uint64_t hash = run_hash_id(build->hash, &rows->records[i].id);
            ids[count++] = (struct id_row){(uint32_t)(hash >> 32), (uint32_t)i};
        }
    }
    if (run_sort(ids, count, sizeof *ids, compare_ids, NULL) != ERR_OK) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    enum err_code rc = run_writer_begin(build->writer, RUN_IDS, bloom_lines_for(count), note);
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        rc = run_write_id(build->writer, ids[i].hash32, ids[i].relative, note);
    }
    return rc == ERR_OK ? run_writer_end(build->writer, note) : rc;
}

static enum err_code write_ids(const struct build *build, struct err_note *note)
{
    struct id_row *ids = malloc(build->rows->records_count * sizeof *ids);
    if (ids == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    enum err_code rc = write_id_rows(build, ids, note);
    free(ids);
    return rc;
}

static bool same_set_row(const struct run_set_row *a, const struct run_set_row *b)
{
    return a->position == b->position && same_set(a, b);
}

static enum err_code write_sets(const struct build *build, struct err_note *note)
{
    const struct run_rows *rows = build->rows;
    enum err_code rc = run_writer_begin(build->writer, RUN_SETS, 0, note);
    for (size_t i = 0; i < rows->sets_count && rc == ERR_OK; i++) {
        const struct run_set_row *row = &rows->sets[i];
        bool again = i > 0 && same_set_row(row, row - 1);
        if (!again && in_sets(rows, row->position)) {
            rc = run_write_set(build->writer, &row->set, record_of(rows, row->position)->created_s,
                               row->position - rows->first, note);
        }
    }
    return rc == ERR_OK ? run_writer_end(build->writer, note) : rc;
}

static uint32_t lines_for_refs(const struct run_rows *rows)
{
    uint64_t count = 0;
    for (size_t i = 0; i < rows->refs_count; i++) {
        bool again = i > 0 && rows->refs[i].subject_hash == rows->refs[i - 1].subject_hash;
        count += again ? 0 : 1;
    }
    return bloom_lines_for(count);
}

static enum err_code write_refs(const struct build *build, struct err_note *note)
{
    const struct run_rows *rows = build->rows;
    enum err_code rc = run_writer_begin(build->writer, RUN_REFS, lines_for_refs(rows), note);
    for (size_t i = 0; i < rows->refs_count && rc == ERR_OK; i++) {
        const struct run_ref_row *row = &rows->refs[i];
        bool again = i > 0 && compare_refs(NULL, row, row - 1) == 0;
        if (!again && kept(rows, row->position)) {
            rc = run_write_posting(build->writer, row->subject_hash, row->position - rows->first,
                                   row->relation, note);
        }
    }
    return rc == ERR_OK ? run_writer_end(build->writer, note) : rc;
}

/* The rows as they stand, sorted. */
struct words_walk {
    const struct run_rows *rows;
    size_t at;
};

static bool next_row(void *context, uint64_t *hash, uint32_t *position)
{
    struct words_walk *walk = context;
    const struct run_word_row *words = walk->rows->words;
    while (walk->at > 0 && walk->at < walk->rows->words_count &&
           memcmp(&words[walk->at], &words[walk->at - 1], sizeof *words) == 0) {
        walk->at++;
    }
    if (walk->at == walk->rows->words_count) {
        return false;
    }
    *hash = octets_get_u64be(words[walk->at].octets);
    *position = run_word_row_position(&words[walk->at++]);
    return true;
}

static enum err_code write_words(const struct build *build, struct err_note *note)
{
    const struct run_rows *rows = build->rows;
    struct words_walk walk = {.rows = rows};
    struct run_words_from from = {.context = &walk, .next = next_row};
    if (rows->words_from.next != NULL) {
        from = rows->words_from;
    }
    uint64_t hash;
    uint32_t position;
    enum err_code rc = run_writer_begin(build->writer, RUN_WORDS, 0, note);
    while (rc == ERR_OK && from.next(from.context, &hash, &position)) {
        if (kept(rows, position)) {
            rc = run_write_posting(build->writer, hash, position - rows->first, 0, note);
        }
    }
    return rc == ERR_OK ? run_writer_end(build->writer, note) : rc;
}

static enum err_code write_expiries(const struct build *build, struct err_note *note)
{
    const struct run_rows *rows = build->rows;
    enum err_code rc = run_writer_begin(build->writer, RUN_EXPIRIES, 0, note);
    for (size_t i = 0; i < rows->expiries_count && rc == ERR_OK; i++) {
        const struct run_expiry *row = &rows->expiries[i];
        bool again = i > 0 && compare_expiries(NULL, row, row - 1) == 0;
        if (!again && in_sets(rows, row->position)) {
            rc = run_write_expiry(build->writer, row->expires_s, row->position - rows->first, note);
        }
    }
    return rc == ERR_OK ? run_writer_end(build->writer, note) : rc;
}

/* Names are hashes: dealt out by how they begin, most sets are alone and short. */
static uint64_t beginning_of(const struct run_set_row *row)
{
    return octets_get_u64be(row->set.octets);
}

static void deal_sets(const struct run_rows *rows, struct run_word_row *order,
                      struct run_set_row *dealt)
{
    for (size_t i = 0; i < rows->sets_count; i++) {
        order[i] = run_word_row(beginning_of(&rows->sets[i]), (uint32_t)i);
    }
    run_sort_words(order, rows->sets_count);
    for (size_t i = 0; i < rows->sets_count; i++) {
        dealt[i] = rows->sets[run_word_row_position(&order[i])];
    }
    if (rows->sets_count > 0) {
        memcpy(rows->sets, dealt, rows->sets_count * sizeof *dealt);
    }
}

static enum err_code sort_sets(const struct run_rows *rows)
{
    struct run_word_row *order = malloc((rows->sets_count + 1) * sizeof *order);
    struct run_set_row *dealt = malloc((rows->sets_count + 1) * sizeof *dealt);
    enum err_code rc = order == NULL || dealt == NULL ? ERR_NO_MEMORY : ERR_OK;
    if (rc == ERR_OK) {
        deal_sets(rows, order, dealt);
    }
    free(order);
    free(dealt);
    for (size_t first = 0, end = 0; first < rows->sets_count && rc == ERR_OK; first = end) {
        while (end < rows->sets_count &&
               beginning_of(&rows->sets[first]) == beginning_of(&rows->sets[end])) {
            end++;
        }
        rc = run_sort(&rows->sets[first], end - first, sizeof *rows->sets, compare_sets, rows);
    }
    return rc;
}

static enum err_code sort_rows(struct run_rows *rows, struct err_note *note)
{
    enum err_code rc = sort_sets(rows);
    if (rc == ERR_OK) {
        rc = run_sort(rows->refs, rows->refs_count, sizeof *rows->refs, compare_refs, NULL);
    }
    if (rc == ERR_OK) {
        rc = run_sort(rows->expiries, rows->expiries_count, sizeof *rows->expiries,
                      compare_expiries, NULL);
    }
    run_sort_words(rows->words, rows->words_count);
    return rc == ERR_OK ? rc : err_note(note, rc, "out of memory");
}

static enum err_code id_of(void *context, struct post_id *id, uint32_t relative,
                           struct err_note *note)
{
    (void)note;
    const struct run_rows *rows = context;
    *id = rows->records[relative].id;
    return ERR_OK;
}

enum err_code run_build(struct files *files, const struct run_name *name,
                        const struct run_hash *hash, struct run_rows *rows, struct err_note *note)
{
    assert(rows->records_count > 0 && rows->records_count <= UINT32_MAX - rows->first);
    static enum err_code (*const families[])(const struct build *, struct err_note *) = {
        write_records, write_ids, write_sets, write_refs, write_words, write_expiries,
    };
    enum err_code rc = sort_rows(rows, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct build build = {.rows = rows, .hash = hash};
    uint32_t end = rows->first + (uint32_t)rows->records_count;
    rc = run_writer_open(&build.writer, files, name, rows->first, end, note);
    if (rc != ERR_OK) {
        return rc;
    }
    build.writer->ids = (struct run_ids_source){id_of, rows};
    for (size_t i = 0; i < RUN_FAMILIES_COUNT && rc == ERR_OK; i++) {
        rc = families[i](&build, note);
    }
    if (rc == ERR_OK) {
        rc = run_writer_finish(build.writer, note);
    }
    run_writer_free(build.writer);
    return rc;
}
