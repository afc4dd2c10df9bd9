#include "store/index_inner.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#define REFUSED_MAX       32768 /* in each of two generations */
#define TABLES_MAX        4     /* waiting to be written, before whoever adds has to tend */
#define TABLES_REPLAY_MAX 2
#define GONE_ROOM         8192 /* more than a few batches take out */

/* ---- Adding ------------------------------------------------------------------------------- */

static struct index_table *newest_table(const struct index_list *list)
{
    return list->count == 0 ? NULL : list->parts[list->count - 1]->table;
}

/* Posts that go into one table. */
struct piece {
    uint64_t first, last; /* positions */
    size_t count;
    size_t words_count;
};

/* Whether they go into the newest table.  A short gap, where records are damaged, is left open in
 * it, so that runs stay neighbours. */
static bool fits(const struct index *index, const struct index_table *table,
                 const struct piece *piece)
{
    return table != NULL && piece->last - table->first < index->config.table_max &&
           index_table_has_room(table, piece->last) &&
           table->words.pairs_count + piece->words_count < INDEX_TABLE_WORDS_MAX;
}

/* With the lock: a new table behind all others, or in the place of one that is empty still. */
static enum err_code add_table(struct index *index, struct index_list **old,
                               struct index_part *part, const struct piece *piece)
{
    size_t count = index->list->count;
    struct index_part *last = count == 0 ? NULL : index->list->parts[count - 1];
    uint64_t end = last == NULL ? 0 : index_part_end(last);
    bool empty = last != NULL && last->table != NULL && last->table->first == end;
    bool near = piece == NULL || piece->last - end < index->config.table_max;
    part->first = (uint32_t)(near ? end : piece->first);
    part->table->first = part->first;
    part->table->end = part->first;
    return index_list_swap(index, old, empty ? last : NULL, empty ? 1 : 0, &part, 1);
}

static enum err_code new_part(struct index_part **part)
{
    enum err_code rc = index_part_new(part);
    if (rc == ERR_OK) {
        rc = index_table_new(&(*part)->table, 0);
        if (rc != ERR_OK) {
            index_part_free(*part);
        }
    }
    return rc;
}

/* By the thread that adds. */
static enum err_code make_room(struct index *index, const struct piece *piece)
{
    index_lock(index);
    bool there = fits(index, newest_table(index->list), piece);
    index_unlock(index);
    if (there) {
        return ERR_OK;
    }
    struct index_part *part;
    struct index_list *old = NULL;
    enum err_code rc = new_part(&part);
    if (rc == ERR_OK) {
        index_lock(index);
        rc = add_table(index, &old, part, piece);
        index_unlock(index);
        index_list_release(index, old);
        if (rc != ERR_OK) {
            index_part_free(part);
        }
    }
    return rc;
}

/* With the lock. */
static bool is_to_roll(const struct index *index)
{
    const struct index_table *table = newest_table(index->list);
    bool any = false;
    for (size_t i = 0; table != NULL && i < index->purge.count; i++) {
        any = any || (index->purge.at[i] >= table->first && index->purge.at[i] < table->end);
    }
    return any;
}

enum err_code index_roll(struct index *index)
{
    index_lock(index);
    bool rolls = is_to_roll(index);
    index_unlock(index);
    struct index_part *part;
    struct index_list *old = NULL;
    enum err_code rc = rolls ? new_part(&part) : ERR_NOT_FOUND;
    if (rc == ERR_OK) {
        index_lock(index);
        rc = is_to_roll(index) ? add_table(index, &old, part, NULL) : ERR_NOT_FOUND;
        index_unlock(index);
        index_list_release(index, old);
        if (rc != ERR_OK) {
            index_part_free(part);
        }
    }
    return rc;
}

bool index_is_fresh(const struct index *index, const struct index_place *place)
{
    const struct index_part *part = index_list_part(index->list, place->position);
    return part == NULL || part->run == NULL || place->seen == index->list->generation;
}

static enum err_code leave_run(struct index_part *part, bool *left, const struct index_place *place,
                               enum index_state state)
{
    enum index_state before = index_part_state(part, &place->id, place->state);
    bool goes = before == INDEX_KEPT || (before == INDEX_BARE && state != INDEX_BARE);
    struct index_record record = index_record_of(&place->id, place->created_s, state, place->flags);
    enum err_code rc = goes ? index_part_add(part, &record, (uint32_t)place->position) : ERR_OK;
    *left = rc == ERR_OK && before == INDEX_KEPT;
    return rc;
}

static bool leave_table(struct index_table *table, uint32_t at, enum index_state state)
{
    if (state == INDEX_BARE) {
        return index_table_bare(table, at);
    }
    return state == INDEX_GONE ? index_table_drop(table, at) : index_table_forget(table, at);
}

enum err_code index_leave(struct index *index, const struct index_place *place,
                          enum index_state state)
{
    assert(index_is_fresh(index, place));
    struct index_part *part = index_list_part(index->list, place->position);
    enum err_code rc = ERR_OK;
    bool left = false;
    if (part != NULL && part->table != NULL) {
        left = leave_table(part->table, (uint32_t)place->position - part->table->first, state);
    } else if (part != NULL && part->run != NULL) {
        rc = leave_run(part, &left, place, state);
    }
    /* What does not read has octets too, and a copy that was fetched again may be taken back. */
    if (left) {
        rc = index_manifest_position_add(&index->purge, (uint32_t)place->position);
    }
    return rc;
}

/* With the lock. */
static enum err_code add_some(struct index *index, const struct index_row *rows,
                              const uint64_t *positions, size_t count)
{
    struct index_table *table = newest_table(index->list);
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        assert(positions[i] <= INDEX_POSITION_MAX);
        if (i + 1 < count) {
            index_table_expect(table, &rows[i + 1]);
        }
        rc = index_table_add(table, &rows[i], (uint32_t)positions[i]);
    }
    return rc;
}

/* The first of the rows, as many as may go into one table.  One post alone always may. */
static struct piece piece_of(const struct index *index, const struct index_row *rows,
                             const uint64_t *positions, size_t count)
{
    struct piece piece = {.first = positions[0]};
    while (piece.count < count && positions[piece.count] - piece.first < index->config.table_max &&
           (piece.count == 0 ||
            piece.words_count + rows[piece.count].words_count < INDEX_TABLE_WORDS_MAX)) {
        piece.last = positions[piece.count];
        piece.words_count += rows[piece.count].words_count;
        piece.count++;
    }
    return piece;
}

/* With the lock. */
static bool all_fresh(const struct index *index, const struct index_place *places, size_t count)
{
    bool fresh = true;
    for (size_t i = 0; i < count; i++) {
        fresh = fresh && index_is_fresh(index, &places[i]);
    }
    return fresh;
}

/* Look places up again: those whose posts left meanwhile are passed over from then on.
 *   errors of lookups, and of building again what does not read */
static enum err_code refresh(struct index *index, struct index_place *places, size_t count,
                             struct err_note *note)
{
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        struct index_place *place = &places[i];
        struct index_place now;
        rc = index_next(index, &now, place->position, place->position + 1, note);
        if (rc == ERR_DAMAGED) {
            rc = index_repair(index, note);
            i--; /* look again */
        } else if (rc == ERR_OK) {
            *place = now;
        } else if (rc == ERR_NOT_FOUND) {
            place->position = INDEX_POSITION_MAX; /* nothing lies there */
            rc = ERR_OK;
        }
    }
    return rc;
}

static enum err_code leave_all(struct index *index, const struct index_place *drops, size_t count)
{
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        rc = index_leave(index, &drops[i], INDEX_GONE);
    }
    return rc;
}

enum err_code index_add(struct index *index, const struct index_row *rows,
                        const uint64_t *positions, size_t count, struct index_drops *drops,
                        struct err_note *note)
{
    for (size_t done = 0; done < count;) {
        struct piece piece = piece_of(index, rows + done, positions + done, count - done);
        bool last = done + piece.count == count && drops != NULL;
        enum err_code rc = make_room(index, &piece);
        if (rc != ERR_OK) {
            return rc;
        }
        index_lock(index);
        while (last && rc == ERR_OK && !all_fresh(index, drops->places, drops->count)) {
            index_unlock(index);
            rc = refresh(index, drops->places, drops->count, note);
            index_lock(index);
        }
        if (rc == ERR_OK) {
            rc = add_some(index, rows + done, positions + done, piece.count);
        }
        if (rc == ERR_OK && last) {
            rc = leave_all(index, drops->places, drops->count);
        }
        index_unlock(index);
        if (rc != ERR_OK) {
            return rc;
        }
        done += piece.count;
    }
    return ERR_OK;
}

static enum err_code leave(struct index *index, const struct index_place *place,
                           enum index_state state, struct err_note *note)
{
    struct index_place fresh = *place;
    enum err_code rc = ERR_OK;
    index_lock(index);
    while (rc == ERR_OK && !index_is_fresh(index, &fresh)) {
        index_unlock(index);
        rc = refresh(index, &fresh, 1, note);
        index_lock(index);
    }
    if (rc == ERR_OK) {
        rc = index_leave(index, &fresh, state);
    }
    index_unlock(index);
    return rc;
}

enum err_code index_drop(struct index *index, const struct index_place *place,
                         struct err_note *note)
{
    return leave(index, place, INDEX_GONE, note);
}

enum err_code index_forget(struct index *index, const struct index_place *place,
                           struct err_note *note)
{
    return leave(index, place, INDEX_HOLE, note);
}

/* ---- Replaying ---------------------------------------------------------------------------- */

/* What stands in a run that does not read is judged when that is built again. */
static enum err_code unless_damaged(enum err_code rc)
{
    return rc == ERR_DAMAGED ? ERR_OK : rc;
}

/* What the log's order says of a post: its subject goes, or it goes itself. */
static enum err_code replay_retracts(struct index *index, const struct post *post,
                                     const struct index_place *own, struct err_note *note)
{
    const struct post_id *subject = index_row_subject(post);
    struct index_place place = *own;
    bool goes = false;
    enum err_code rc = ERR_OK;
    if (subject != NULL) {
        bool found = false;
        rc = unless_damaged(index_find(index, &found, &place, subject, 1, note));
        if (rc == ERR_OK && found && index_in_sets(&place) && (place.flags & INDEX_FIXED) == 0) {
            rc = unless_damaged(index_is_by(index, &goes, &place, &post->author, note));
        }
    } else if ((own->flags & INDEX_FIXED) == 0) {
        rc = unless_damaged(index_has_retract(index, &goes, &post->id, &post->author, note));
    }
    return rc == ERR_OK && goes ? index_drop(index, &place, note) : rc;
}

static size_t tables_waiting(struct index *index)
{
    index_lock(index);
    size_t count = 0;
    while (count < index->list->count &&
           index->list->parts[index->list->count - 1 - count]->table != NULL) {
        count++;
    }
    index_unlock(index);
    return count == 0 ? 0 : count - 1;
}

/* A full disk keeps nobody from opening what is there: as many tables wait in memory as a running
 * node may have left behind, and more. */
static enum err_code write_waiting(struct index *index, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    size_t count;
    while (rc == ERR_OK && (count = tables_waiting(index)) >= TABLES_REPLAY_MAX &&
           count > index->waiting_tried) {
        bool did;
        struct err_note why = {{0}};
        (void)pthread_mutex_lock(&index->tending);
        rc = index_tend_runs(index, &did, &why);
        (void)pthread_mutex_unlock(&index->tending);
        if (rc == ERR_NO_SPACE && index_tables_count(index) <= INDEX_HELD_MAX) {
            index->waiting_tried = count;
            rc = ERR_OK;
        } else if (rc == ERR_OK) {
            index->waiting_tried = 0;
        } else {
            (void)index_no_room(note, rc, &why);
        }
    }
    return rc;
}

enum err_code index_replay(struct index *index, struct set_names *names, const struct post *post,
                           uint64_t position, struct err_note *note)
{
    bool found = false;
    struct index_place before;
    enum err_code rc = unless_damaged(index_find(index, &found, &before, &post->id, 1, note));
    if (rc == ERR_OK && found && before.state == INDEX_KEPT && before.position < position) {
        /* It was fetched again because the first did not read. */
        rc = index_forget(index, &before, note);
        found = false;
    }
    if (rc != ERR_OK || found) {
        return rc;
    }
    struct index_row row;
    index_row_of(&row, index->hash, names, post);
    if (index->config.words) {
        rc = index->config.words_of(index->config.context, &row, post);
    }
    if (rc == ERR_OK) {
        rc = index_add(index, &row, &position, 1, NULL, note);
    }
    if (rc == ERR_OK) {
        struct index_place own = {.position = position,
                                  .state = INDEX_KEPT,
                                  .flags = row.flags,
                                  .created_s = post->created_s,
                                  .id = post->id};
        rc = replay_retracts(index, post, &own, note);
    }
    return rc == ERR_OK ? write_waiting(index, note) : rc;
}

/* ---- Figures ------------------------------------------------------------------------------ */

bool index_is_full(struct index *index)
{
    index_lock(index);
    bool full = false;
    for (size_t i = 0; i < index->list->count; i++) {
        const struct index_gone *gone = index->list->parts[i]->gone;
        full = full || (gone != NULL && gone->count > INDEX_GONE_MAX - GONE_ROOM);
    }
    index_unlock(index);
    return full || tables_waiting(index) >= TABLES_MAX;
}

uint64_t index_kept_count(struct index *index)
{
    uint64_t count = 0;
    index_lock(index);
    for (size_t i = 0; i < index->list->count; i++) {
        const struct index_part *part = index->list->parts[i];
        if (part->table != NULL) {
            count += part->table->all.count;
        } else if (part->run != NULL) {
            count += run_stats(part->run).kept_count;
            count -= part->gone == NULL ? 0 : part->gone->count;
        }
    }
    index_unlock(index);
    return count;
}

uint64_t index_disk_len(struct index *index)
{
    uint64_t len = 0;
    index_lock(index);
    for (size_t i = 0; i < index->list->count; i++) {
        const struct index_part *part = index->list->parts[i];
        len += part->run == NULL ? 0 : run_stats(part->run).disk_len;
    }
    index_unlock(index);
    return len;
}

const struct run_hash *index_hash(const struct index *index)
{
    return index->hash;
}

/* ---- Refused ids -------------------------------------------------------------------------- */

enum err_code index_refused_add(struct index *index, const struct post_id *id)
{
    index_lock(index);
    if (index->refused.count >= REFUSED_MAX) {
        index_digests_close(&index->refused_before);
        index->refused_before = index->refused;
        index_digests_init(&index->refused);
    }
    enum err_code rc = index_digests_add(&index->refused, octets_of(id->octets, POST_ID_LEN));
    index_unlock(index);
    return rc;
}

bool index_refused_has(struct index *index, const struct post_id *id)
{
    struct octets octets = octets_of(id->octets, POST_ID_LEN);
    index_lock(index);
    bool has = index_digests_has(&index->refused, octets) ||
               index_digests_has(&index->refused_before, octets);
    index_unlock(index);
    return has;
}
