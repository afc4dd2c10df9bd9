#include "store/run_merge.h"

#include "store/run_scan.h"
#include "store/run_writer.h"

#include "proto/post.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#define ROUND      64 /* entries between two looks at the budget */
#define ENTRY_COST 8  /* octets, as work is counted */

/* What of a position is written: two bits each. */
enum part_of { PART_NONE = 0, PART_ID = 1, PART_SETS = 2, PART_ALL = 3 };

struct merge_input {
    const struct run *run;
    uint32_t shift; /* from its relative positions to the new run's */
    struct run_scan scan;
};

struct run_merge {
    struct run_writer *writer;
    struct run_filter filter;
    uint8_t *parts;      /* by relative position, four in an octet */
    struct post_id *ids; /* likewise, until the sets are written; then NULL */
    enum run_family family;
    bool begun; /* the family */
    bool done;
    size_t culprit;
    size_t turn;   /* the input whose records are read, or whose entry goes next */
    size_t second; /* whose goes next of the others, or inputs_count */
    size_t spent;  /* of a step's budget */
    bool any_last;
    struct run_entry last; /* that was written of the family */
    size_t inputs_count;
    struct merge_input inputs[];
};

static enum part_of part_at(const struct run_merge *merge, uint32_t relative)
{
    return (enum part_of)(((unsigned)merge->parts[relative / 4] >> (relative % 4 * 2)) & 3u);
}

static void set_part(struct run_merge *merge, uint32_t relative, enum part_of part)
{
    merge->parts[relative / 4] |= (uint8_t)((unsigned)part << (relative % 4 * 2));
}

/* Whoever is in many sets stands far from its neighbours in each of them, so that reading ids where
 * they lie would open a block for every one. */
static enum err_code id_of(void *context, struct post_id *id, uint32_t relative,
                           struct err_note *note)
{
    const struct run_merge *merge = context;
    (void)note;
    *id = merge->ids[relative];
    return ERR_OK;
}

enum err_code run_merge_new(struct run_merge **merge, struct files *files,
                            const struct run_name *name, struct run *const *runs, size_t runs_count,
                            const struct run_filter *filter, struct err_note *note)
{
    assert(runs_count >= 1 && runs_count <= RUN_MERGE_RUNS_MAX);
    struct run_merge *made = calloc(1, sizeof *made + runs_count * sizeof made->inputs[0]);
    if (made == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    made->filter = *filter;
    made->inputs_count = runs_count;
    uint32_t first = runs[0]->first;
    uint32_t end = runs[runs_count - 1]->end;
    for (size_t i = 0; i < runs_count; i++) {
        assert(i == 0 || runs[i]->first == runs[i - 1]->end);
        made->inputs[i].run = runs[i];
        made->inputs[i].shift = runs[i]->first - first;
    }
    made->parts = calloc((size_t)(end - first) / 4 + 1, 1);
    made->ids = calloc((size_t)(end - first) + 1, sizeof *made->ids);
    if (made->parts == NULL || made->ids == NULL) {
        run_merge_free(made);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    enum err_code rc = run_writer_open(&made->writer, files, name, first, end, note);
    if (rc != ERR_OK) {
        run_merge_free(made);
        return rc;
    }
    made->writer->ids = (struct run_ids_source){id_of, made};
    *merge = made;
    return ERR_OK;
}

void run_merge_free(struct run_merge *merge)
{
    if (merge == NULL) {
        return;
    }
    run_writer_free(merge->writer);
    free(merge->ids);
    free(merge->parts);
    sodium_memzero(merge, sizeof *merge + merge->inputs_count * sizeof merge->inputs[0]);
    free(merge);
}

size_t run_merge_culprit(const struct run_merge *merge)
{
    return merge->culprit;
}

static void decode_record(struct run_record *record, const uint8_t *row)
{
    memcpy(record->id.octets, row, POST_ID_LEN);
    record->created_s = run_get_number(row + POST_ID_LEN, RUN_TIME_LEN);
    record->state = row[RUN_RECORD_LEN - 1] >> 6;
    record->flags = row[RUN_RECORD_LEN - 1] & RUN_FLAGS_MAX;
}

static void judge(struct run_merge *merge, struct run_record *record, uint32_t relative)
{
    enum run_fate fate = RUN_FATE_KEEP;
    if (record->state != RUN_HOLE && merge->filter.fate != NULL) {
        fate = merge->filter.fate(merge->filter.context, merge->writer->first + relative);
    }
    if (fate == RUN_FATE_ERASE) {
        *record = (struct run_record){.state = RUN_HOLE};
    } else if (fate == RUN_FATE_GONE && record->state != RUN_HOLE) {
        record->state = RUN_GONE;
    } else if (fate == RUN_FATE_BARE && record->state == RUN_KEPT) {
        record->state = RUN_BARE;
    }
    if (record->state == RUN_KEPT) {
        set_part(merge, relative, PART_ALL);
    } else if (record->state == RUN_BARE) {
        set_part(merge, relative, PART_SETS);
    } else if (record->state == RUN_GONE) {
        set_part(merge, relative, PART_ID);
    }
}

/* One record of the input whose turn it is.  ERR_NOT_FOUND: there are no more. */
static enum err_code step_record(struct run_merge *merge, struct err_note *note)
{
    enum err_code rc = ERR_NOT_FOUND;
    const uint8_t *row = NULL;
    while (rc == ERR_NOT_FOUND && merge->turn < merge->inputs_count) {
        rc = run_scan_row(&merge->inputs[merge->turn].scan, &row, RUN_RECORD_LEN, note);
        merge->culprit = merge->turn;
        merge->turn += rc == ERR_NOT_FOUND ? 1 : 0;
    }
    if (rc != ERR_OK) {
        return rc;
    }
    struct run_record record;
    decode_record(&record, row);
    const struct merge_input *input = &merge->inputs[merge->turn];
    uint64_t read = input->run->parts[RUN_RECORDS].entries_count - input->scan.rows_left;
    uint32_t relative = input->shift + (uint32_t)(read - 1);
    judge(merge, &record, relative);
    merge->ids[relative] = record.id;
    return run_write_record(merge->writer, &record, note);
}

static enum part_of least_part(enum run_family family)
{
    if (family == RUN_SETS || family == RUN_EXPIRIES) {
        return PART_SETS;
    }
    return family == RUN_IDS ? PART_ID : PART_ALL;
}

/* Take the input's next entry that is to be written. */
static enum err_code advance(struct run_merge *merge, size_t at, struct err_note *note)
{
    struct merge_input *input = &merge->inputs[at];
    enum part_of least = least_part(merge->family);
    enum err_code rc;
    do {
        rc = run_scan_next(&input->scan, note);
    } while (rc == ERR_OK && input->scan.any &&
             part_at(merge, input->shift + input->scan.entry.relative) < least);
    if (rc != ERR_OK) {
        merge->culprit = at;
    }
    return rc;
}

static const struct post_id *id_at(const struct run_merge *merge, const struct merge_input *input)
{
    return &merge->ids[input->shift + input->scan.entry.relative];
}

static int compare_sets(const struct run_set_name *a, const struct run_set_name *b)
{
    _Static_assert(RUN_SET_NAME_LEN == 16, "two numbers make a name");
    uint64_t left = octets_get_u64be(a->octets);
    uint64_t right = octets_get_u64be(b->octets);
    if (left == right) {
        left = octets_get_u64be(a->octets + 8);
        right = octets_get_u64be(b->octets + 8);
    }
    return (left > right) - (left < right);
}

/* Whether the entry of input a goes before that of b.  Equal ones go in the order of positions. */
static bool goes_before(const struct run_merge *merge, size_t a, size_t b)
{
    const struct run_entry *left = &merge->inputs[a].scan.entry;
    const struct run_entry *right = &merge->inputs[b].scan.entry;
    int order = 0;
    if (merge->family == RUN_SETS) {
        order = compare_sets(&left->set, &right->set);
    }
    if (order == 0) {
        order = (left->order > right->order) - (left->order < right->order);
    }
    if (order == 0 && merge->family == RUN_SETS) {
        order = post_id_compare(id_at(merge, &merge->inputs[a]), id_at(merge, &merge->inputs[b]));
    }
    return order < 0 || (order == 0 && a < b);
}

/* The input but one whose entry goes next, or inputs_count. */
static size_t first_but(const struct run_merge *merge, size_t one)
{
    size_t first = merge->inputs_count;
    for (size_t i = 0; i < merge->inputs_count; i++) {
        if (i != one && merge->inputs[i].scan.any &&
            (first == merge->inputs_count || goes_before(merge, i, first))) {
            first = i;
        }
    }
    return first;
}

/* Mostly many of one input go in a row: the others are compared again only once they do not. */
static void choose(struct run_merge *merge)
{
    bool goes_on = merge->inputs[merge->turn].scan.any;
    if (!goes_on ||
        (merge->second < merge->inputs_count && goes_before(merge, merge->second, merge->turn))) {
        merge->turn = merge->second;
        merge->second = first_but(merge, merge->turn);
    }
}

/* The writer takes the order of entries for granted; a run does not have to be believed. */
static bool follows(const struct run_merge *merge, const struct run_entry *entry)
{
    const struct run_writer *writer = merge->writer;
    const struct run_entry *last = &merge->last;
    if (merge->family == RUN_SETS &&
        (entry->order < writer->created_min_s || entry->order > writer->created_max_s)) {
        return false;
    }
    if (!merge->any_last) {
        return true;
    }
    int order = merge->family == RUN_SETS ? compare_sets(&entry->set, &last->set) : 0;
    if (order == 0 && entry->order != last->order) {
        order = entry->order < last->order ? -1 : 1;
    }
    bool by_position = merge->family == RUN_REFS || merge->family == RUN_WORDS;
    if (order == 0 && by_position && entry->relative != last->relative) {
        order = entry->relative < last->relative ? -1 : 1;
    }
    return order > 0 || (order == 0 && merge->family != RUN_WORDS);
}

static enum err_code write_entry(struct run_merge *merge, size_t at, struct err_note *note)
{
    struct run_entry written = merge->inputs[at].scan.entry;
    written.relative += merge->inputs[at].shift;
    if (!follows(merge, &written)) {
        merge->culprit = at;
        return run_damaged(note);
    }
    merge->last = written;
    merge->any_last = true;
    const struct run_entry *entry = &merge->last;
    uint32_t relative = entry->relative;
    switch (merge->family) {
    case RUN_IDS:
        return run_write_id(merge->writer, (uint32_t)entry->order, relative, note);
    case RUN_SETS:
        return run_write_set(merge->writer, &entry->set, entry->order, relative, note);
    case RUN_REFS:
    case RUN_WORDS:
        return run_write_posting(merge->writer, entry->order, relative, entry->relation, note);
    case RUN_EXPIRIES:
        return run_write_expiry(merge->writer, entry->order, relative, note);
    case RUN_RECORDS:
    case RUN_FAMILIES_COUNT:
        break;
    }
    assert(false);
    return ERR_OK;
}

/* One entry of the family.  ERR_NOT_FOUND: there are no more. */
static enum err_code step_entry(struct run_merge *merge, struct err_note *note)
{
    if (merge->turn == merge->inputs_count) {
        return ERR_NOT_FOUND;
    }
    enum err_code rc = write_entry(merge, merge->turn, note);
    if (rc == ERR_OK) {
        rc = advance(merge, merge->turn, note);
    }
    if (rc == ERR_OK) {
        choose(merge);
    }
    return rc;
}

static uint32_t lines_for(const struct run_merge *merge)
{
    if (merge->family == RUN_IDS) {
        return bloom_lines_for((uint64_t)merge->writer->kept_count + merge->writer->gone_count);
    }
    uint64_t lines = 0;
    for (size_t i = 0; i < merge->inputs_count && merge->family == RUN_REFS; i++) {
        lines += merge->inputs[i].run->parts[RUN_REFS].filter.lines_count;
    }
    return lines > UINT32_MAX ? UINT32_MAX : (uint32_t)lines;
}

static enum err_code begin_family(struct run_merge *merge, struct err_note *note)
{
    enum err_code rc = run_writer_begin(merge->writer, merge->family, lines_for(merge), note);
    for (size_t i = 0; i < merge->inputs_count && rc == ERR_OK; i++) {
        run_scan_begin(&merge->inputs[i].scan, merge->inputs[i].run, merge->family);
        if (merge->family != RUN_RECORDS) {
            rc = advance(merge, i, note);
        }
    }
    if (merge->family == RUN_RECORDS || rc != ERR_OK) {
        merge->turn = 0;
    } else {
        merge->turn = first_but(merge, merge->inputs_count);
        merge->second = first_but(merge, merge->turn);
    }
    merge->any_last = false;
    merge->begun = true;
    return rc;
}

static enum err_code end_family(struct run_merge *merge, struct err_note *note)
{
    enum err_code rc = run_writer_end(merge->writer, note);
    merge->begun = false;
    if (merge->family == RUN_SETS) {
        free(merge->ids);
        merge->ids = NULL;
    }
    merge->family++;
    return rc;
}

/* A few entries of the family, or its end. */
static enum err_code round_of(struct run_merge *merge, struct err_note *note)
{
    enum err_code rc = merge->begun ? ERR_OK : begin_family(merge, note);
    size_t count = 0;
    while (rc == ERR_OK && count < ROUND) {
        rc = merge->family == RUN_RECORDS ? step_record(merge, note) : step_entry(merge, note);
        count++;
    }
    merge->spent += count * (merge->family == RUN_RECORDS ? RUN_RECORD_LEN : ENTRY_COST);
    return rc == ERR_NOT_FOUND ? end_family(merge, note) : rc;
}

enum err_code run_merge_step(struct run_merge *merge, bool *done, size_t budget,
                             struct err_note *note)
{
    assert(!merge->done);
    enum err_code rc = ERR_OK;
    merge->spent = 0;
    while (rc == ERR_OK && merge->family < RUN_FAMILIES_COUNT) {
        rc = round_of(merge, note);
        if (rc == ERR_OK && merge->spent >= budget) {
            *done = false;
            return ERR_OK;
        }
    }
    if (rc == ERR_OK) {
        rc = run_writer_finish(merge->writer, note);
    }
    if (rc == ERR_OK) {
        merge->done = true;
        *done = true;
    }
    return rc;
}
