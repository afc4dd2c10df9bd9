#include "store/index_inner.h"

#include <assert.h>
#include <stdlib.h>

/* A table that is being written as a run, and what the run says of its places. */
struct writing {
    struct index_table *table; /* borrowed */
    uint8_t *states;           /* as written, and as told since */
};

/* With the lock: whoever left the table while it was written leaves the run. */
static enum err_code transfer(void *context, struct index_part *added)
{
    struct writing *w = context;
    enum err_code rc = ERR_OK;
    for (uint32_t i = 0; i < w->table->end - w->table->first && rc == ERR_OK; i++) {
        struct index_record record = *index_table_at(w->table, i);
        bool stood = w->states[i] == INDEX_KEPT || w->states[i] == INDEX_BARE;
        if (!stood || w->states[i] == record.state) {
            continue;
        }
        rc = index_part_add(added, &record, w->table->first + i);
        if (rc == ERR_OK) {
            w->states[i] = record.state;
        }
    }
    return rc;
}

static enum err_code build(struct index *index, const struct run_name *name,
                           const struct writing *w, struct err_note *note)
{
    struct index_table_rows rows;
    enum err_code rc = index_table_rows(w->table, &rows, w->states, &index->all);
    if (rc == ERR_OK) {
        rc = run_build(index->files, name, index->hash, &rows.rows, note);
        index_table_rows_free(&rows);
    }
    return rc;
}

static enum err_code open_part(struct index *index, struct index_part **part,
                               const struct run_name *name, struct err_note *note)
{
    struct index_part *made;
    enum err_code rc = index_part_new(&made);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = run_open(&made->run, index->files, index->cache, name, note);
    if (rc != ERR_OK) {
        index_part_free(made);
        /* What was just written does not read: the disk's fault, not the store's. */
        return rc == ERR_DAMAGED || rc == ERR_NOT_FOUND
                   ? err_note(note, ERR_IO, "a file of the index does not read")
                   : rc;
    }
    made->number = (uint32_t)name->number;
    made->first = run_first(made->run);
    made->end = run_end(made->run);
    *part = made;
    return ERR_OK;
}

/* The last kept post of the table. */
static bool witness_of(const struct writing *w, struct index_place *witness)
{
    for (uint32_t i = w->table->end - w->table->first; i > 0; i--) {
        if (w->states[i - 1] == INDEX_KEPT) {
            *witness = (struct index_place){.position = w->table->first + i - 1,
                                            .id = index_table_at(w->table, i - 1)->id};
            return true;
        }
    }
    return false;
}

/* Write the table, and put the run (and `rest` behind it, which may be NULL and is taken) in the
 * place of the part. */
static enum err_code replace(struct index *index, struct index_part *part, struct writing *w,
                             struct index_part *rest, struct err_note *note)
{
    char path[INDEX_PATH_MAX + 1];
    struct run_name name;
    struct index_place witness;
    struct index_change change = {.first = part, .count = 1, .name = &name, .context = w};
    bool named = false;
    index_run_name(index, &name, path);
    enum err_code rc = build(index, &name, w, note);
    if (rc == ERR_OK) {
        rc = open_part(index, &change.added[0], &name, note);
    }
    if (rc == ERR_OK) {
        change.added[1] = rest;
        change.added_count = rest == NULL ? 1 : 2;
        change.witness = witness_of(w, &witness) ? &witness : NULL;
        change.transfer = transfer;
        rc = index_install(index, &named, &change, note);
    } else {
        index_part_free(rest);
    }
    index_run_name_close(index, &name, rc == ERR_OK || named);
    return rc;
}

enum err_code index_write_table(struct index *index, struct index_part *part, struct err_note *note)
{
    struct writing w = {.table = part->table};
    w.states = calloc(w.table->end - w.table->first + 1, 1);
    if (w.states == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    index_lock(index);
    index_table_states(w.table, w.states);
    index_unlock(index);
    enum err_code rc = replace(index, part, &w, NULL, note);
    free(w.states);
    return rc;
}

/* ---- Building again ----------------------------------------------------------------------- */

/* What stands in another run that does not read is judged when that is built again. */
static enum err_code unless_damaged(enum err_code rc)
{
    return rc == ERR_DAMAGED ? ERR_OK : rc;
}

static enum err_code drop_here(struct index *index, struct index_table *table, uint32_t place)
{
    enum err_code rc = ERR_OK;
    if (index_table_drop(table, place)) {
        index_lock(index);
        rc = index_manifest_position_add(&index->purge, table->first + place);
        index_unlock(index);
    }
    return rc;
}

/* The subject of a retract goes, be it here or in another part. */
static enum err_code take_back(struct index *index, struct index_table *table,
                               const struct post *post, struct err_note *note)
{
    const struct post_id *subject = index_row_subject(post);
    uint32_t here;
    if (subject == NULL) {
        return ERR_OK;
    }
    if (index_table_find(table, &here, subject)) {
        struct run_set_name author = run_set_author(index->hash, &post->author);
        bool goes = (index_table_at(table, here)->flags & INDEX_FIXED) == 0 &&
                    index_table_in_set(table, here, &author);
        return goes ? drop_here(index, table, here) : ERR_OK;
    }
    bool found = false;
    bool by = false;
    struct index_place place;
    enum err_code rc = unless_damaged(index_find(index, &found, &place, subject, 1, note));
    if (rc == ERR_OK && found && index_in_sets(&place) && (place.flags & INDEX_FIXED) == 0) {
        rc = unless_damaged(index_is_by(index, &by, &place, &post->author, note));
    }
    return rc == ERR_OK && by ? index_drop(index, &place, note) : rc;
}

static bool taken_back_here(const struct index *index, const struct index_table *table,
                            const struct post *post)
{
    struct run_set_name author = run_set_author(index->hash, &post->author);
    uint64_t hash = index_row_retract_hash(index->hash, &post->id);
    const struct index_refs_entry *entry = NULL;
    while ((entry = index_refs_next(&table->refs, entry, hash)) != NULL) {
        if (entry->ref.relation == INDEX_RELATION_RETRACT &&
            index_table_in_set(table, entry->place, &author)) {
            return true;
        }
    }
    return false;
}

/* A post of the log that no run speaks for: it is gone where its author took it back, and stands
 * elsewhere if it was fetched again. */
static enum err_code add_post(struct index *index, struct index_table *table,
                              const struct post *post, uint32_t position, struct err_note *note)
{
    bool found = false;
    bool gone = false;
    struct index_place place;
    uint32_t here;
    enum err_code rc = unless_damaged(index_find(index, &found, &place, &post->id, 1, note));
    if (rc != ERR_OK || found || index_table_find(table, &here, &post->id)) {
        return rc;
    }
    struct index_row row;
    index_row_of(&row, index->hash, NULL, post);
    if (index->config.words) {
        rc = index->config.words_of(index->config.context, &row, post);
    }
    if (rc == ERR_OK) {
        rc = index_table_add(table, &row, position);
    }
    if (rc == ERR_OK && (row.flags & INDEX_FIXED) == 0) {
        rc = unless_damaged(index_has_retract(index, &gone, &post->id, &post->author, note));
        gone = gone || taken_back_here(index, table, post);
    }
    if (rc == ERR_OK && gone) {
        rc = drop_here(index, table, position - table->first);
    }
    return rc == ERR_OK ? take_back(index, table, post, note) : rc;
}

static enum err_code read_again(struct index *index, struct index_table *table, uint32_t end,
                                struct err_note *note)
{
    static const size_t cap = POST_WIRE_MAX;
    struct octets_room wire = {.at = malloc(cap), .cap = cap};
    enum err_code rc = wire.at == NULL ? ERR_NO_MEMORY : ERR_OK;
    for (uint32_t position = table->first; position < end && rc == ERR_OK; position++) {
        struct post post;
        struct err_note why = {{0}};
        if (!index_table_has_room(table, position)) {
            break;
        }
        rc = index->config.read(index->config.context, &wire, position, &why);
        if (rc == ERR_OK && post_decode(&post, octets_of(wire.at, wire.len)) == ERR_OK) {
            rc = add_post(index, table, &post, position, note);
        } else if (rc == ERR_NOT_FOUND || rc == ERR_DAMAGED) {
            rc = ERR_OK;
        } else if (rc != ERR_OK) {
            (void)err_note(note, rc, "%s", why.text);
        }
        if (rc == ERR_OK) {
            table->end = position + 1; /* holes too, so that runs stay neighbours */
        }
    }
    free(wire.at);
    return rc;
}

/* The stretch behind what one table takes, still to be built again. */
static enum err_code rest_of(struct index_part **rest, const struct index_part *part, uint32_t from)
{
    *rest = NULL;
    if (from >= part->end) {
        return ERR_OK;
    }
    enum err_code rc = index_part_new(rest);
    if (rc == ERR_OK) {
        (*rest)->first = from;
        (*rest)->end = part->end;
    }
    return rc;
}

/* The part counts as unreadable from here on, for those who look things up meanwhile too. */
static enum err_code give_up_run(struct index *index, struct index_part **part)
{
    struct index_part *blank;
    enum err_code rc = rest_of(&blank, *part, (*part)->first);
    if (rc == ERR_OK) {
        rc = index_list_change(index, *part, 1, &blank, 1);
        if (rc != ERR_OK) {
            index_part_free(blank);
        } else {
            *part = blank;
        }
    }
    return rc;
}

/* What was read stands in the place of the part as it is; takes the table unless there is an error.
 *   ERR_NO_SPACE  as many as may be are held already */
static enum err_code hold(struct index *index, const struct index_part *part,
                          struct index_table *table)
{
    struct index_part *added[2] = {NULL};
    if (index_tables_count(index) >= INDEX_HELD_MAX) {
        return ERR_NO_SPACE;
    }
    enum err_code rc = rest_of(&added[1], part, table->end);
    if (rc == ERR_OK) {
        rc = index_part_new(&added[0]);
    }
    if (rc == ERR_OK) {
        added[0]->first = table->first;
        added[0]->table = table;
        rc = index_list_change(index, part, 1, added, added[1] == NULL ? 1 : 2);
    }
    if (rc != ERR_OK) {
        free(added[0]);
        index_part_free(added[1]);
    }
    return rc;
}

/* In the place of the part; *w keeps its table only where that is still to be freed. */
static enum err_code put_back(struct index *index, struct index_part *part, struct writing *w,
                              struct err_note *note)
{
    struct index_part *rest = NULL;
    struct err_note why = {{0}};
    enum err_code rc = rest_of(&rest, part, w->table->end);
    if (rc == ERR_OK) {
        rc = replace(index, part, w, rest, &why);
    }
    if (rc == ERR_NO_SPACE && hold(index, part, w->table) == ERR_OK) {
        w->table = NULL;
        rc = ERR_OK;
    }
    return rc == ERR_OK ? rc : index_no_room(note, rc, &why);
}

/* What was read from the log stays there, until it leaves once more. */
static void keep_in_log(struct index *index, const struct index_table *table)
{
    size_t kept = 0;
    index_lock(index);
    for (size_t i = 0; i < index->purge.count; i++) {
        uint32_t position = index->purge.at[i];
        bool here = position >= table->first && position < table->end;
        if (!here || index_table_at(table, position - table->first)->state != INDEX_KEPT) {
            index->purge.at[kept++] = position;
        }
    }
    index->purge.count = kept;
    index_unlock(index);
}

enum err_code index_rebuild(struct index *index, struct index_part *part, struct err_note *note)
{
    enum err_code rc = part->run == NULL ? ERR_OK : give_up_run(index, &part);
    struct writing w = {.table = NULL};
    if (rc == ERR_OK) {
        rc = index_table_new(&w.table, part->first);
    }
    if (rc == ERR_OK) {
        uint32_t len = part->end - part->first;
        uint32_t max = index->config.table_max;
        rc = read_again(index, w.table, part->first + (len < max ? len : max), note);
    }
    if (rc == ERR_OK) {
        w.states = calloc(w.table->end - w.table->first + 1, 1);
        rc = w.states == NULL ? ERR_NO_MEMORY : ERR_OK;
    }
    if (rc == ERR_OK) {
        index_table_states(w.table, w.states);
        keep_in_log(index, w.table);
        rc = put_back(index, part, &w, note);
        index->midnight = (struct index_expiring){0}; /* what has expired is in it again */
        index->bare = index->midnight;
    }
    index_table_free(w.table);
    free(w.states);
    return rc == ERR_OK ? rc : err_note(note, rc, "building the index again");
}
