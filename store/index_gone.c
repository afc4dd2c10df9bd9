#include "store/index_gone.h"

#include <stdlib.h>

enum err_code index_gone_new(struct index_gone **gone)
{
    struct index_gone *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return ERR_NO_MEMORY;
    }
    index_ids_init(&made->ids, &made->records);
    index_set_init(&made->all, &made->records);
    *gone = made;
    return ERR_OK;
}

void index_gone_free(struct index_gone *gone)
{
    if (gone == NULL) {
        return;
    }
    index_sorted_free(gone->copy);
    index_set_close(&gone->all);
    index_ids_close(&gone->ids);
    index_records_free(&gone->records);
    free(gone->positions);
    free(gone);
}

static enum err_code reserve(struct index_gone *gone)
{
    if (gone->count == INDEX_GONE_MAX) {
        return ERR_REFUSED;
    }
    if (gone->count == gone->positions_cap) {
        size_t cap = gone->positions_cap == 0 ? 16 : gone->positions_cap * 2;
        uint32_t *grown = realloc(gone->positions, cap * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        gone->positions = grown;
        gone->positions_cap = cap;
    }
    return index_records_reserve(&gone->records, gone->count);
}

enum err_code index_gone_add(struct index_gone *gone, const struct index_record *record,
                             uint32_t position)
{
    enum err_code rc = reserve(gone);
    if (rc != ERR_OK) {
        return rc;
    }
    uint32_t place = gone->count;
    *index_records_change(&gone->records, place) = *record;
    rc = index_ids_add(&gone->ids, place);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = index_set_add(&gone->all, place);
    if (rc != ERR_OK) {
        index_ids_remove(&gone->ids, &record->id);
        return rc;
    }
    gone->positions[place] = position;
    gone->count++;
    index_sorted_free(gone->copy);
    gone->copy = NULL;
    return ERR_OK;
}

enum index_state index_gone_state(const struct index_gone *gone, const struct post_id *id)
{
    uint32_t place;
    if (gone == NULL || !index_ids_find(&gone->ids, &place, id)) {
        return INDEX_KEPT;
    }
    return (enum index_state)index_records_at(&gone->records, place)->state;
}

enum err_code index_gone_copy(struct index_gone *gone, struct index_sorted **copy)
{
    if (gone->copy == NULL) {
        enum err_code rc = index_set_copy(&gone->all, &gone->copy);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    gone->copy->refs_count++;
    *copy = gone->copy;
    return ERR_OK;
}
