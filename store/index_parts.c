#include "store/index_inner.h"

#include <assert.h>
#include <stdlib.h>

void index_lock(struct index *index)
{
    int rc = pthread_mutex_lock(&index->lock);
    assert(rc == 0);
    (void)rc;
}

void index_unlock(struct index *index)
{
    int rc = pthread_mutex_unlock(&index->lock);
    assert(rc == 0);
    (void)rc;
}

uint32_t index_part_end(const struct index_part *part)
{
    return part->table != NULL ? part->table->end : part->end;
}

enum err_code index_part_new(struct index_part **part)
{
    *part = calloc(1, sizeof **part);
    return *part == NULL ? ERR_NO_MEMORY : ERR_OK;
}

void index_part_free(struct index_part *part)
{
    if (part == NULL) {
        return;
    }
    index_table_free(part->table);
    run_free(part->run);
    index_gone_free(part->gone);
    index_gone_free(part->bare);
    free(part);
}

struct index_list *index_list_hold(struct index *index)
{
    index->list->refs_count++;
    return index->list;
}

struct index_list *index_list_take(struct index *index)
{
    index_lock(index);
    struct index_list *list = index_list_hold(index);
    index_unlock(index);
    return list;
}

void index_list_release(struct index *index, struct index_list *list)
{
    if (list == NULL) {
        return;
    }
    index_lock(index);
    assert(list->refs_count > 0);
    list->refs_count--;
    bool last = list->refs_count == 0;
    for (size_t i = 0; last && i < list->count; i++) {
        /* Whoever gives up a part's last list frees it, below and without the lock. */
        list->parts[i]->refs_count--;
        if (list->parts[i]->refs_count > 0) {
            list->parts[i] = NULL;
        }
    }
    index_unlock(index);
    if (!last) {
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->parts[i] != NULL) {
            index_part_free(list->parts[i]);
        }
    }
    free(list);
}

size_t index_tables_count(struct index *index)
{
    size_t count = 0;
    index_lock(index);
    for (size_t i = 0; i < index->list->count; i++) {
        count += index->list->parts[i]->table != NULL;
    }
    index_unlock(index);
    return count;
}

size_t index_list_place(const struct index_list *list, const struct index_part *part)
{
    size_t i = 0;
    while (i < list->count && list->parts[i] != part) {
        i++;
    }
    return i;
}

struct index_part *index_list_part(const struct index_list *list, uint64_t position)
{
    size_t low = 0;
    size_t high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->parts[middle]->first <= position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0 || position >= index_part_end(list->parts[low - 1])) {
        return NULL;
    }
    return list->parts[low - 1];
}

static struct index_list *changed_list(const struct index_list *old, size_t at, size_t count,
                                       struct index_part *const *added, size_t added_count)
{
    size_t parts_count = old->count - count + added_count;
    struct index_list *list = calloc(1, sizeof *list + parts_count * sizeof list->parts[0]);
    if (list == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < at; i++) {
        list->parts[list->count++] = old->parts[i];
    }
    for (size_t i = 0; i < added_count; i++) {
        list->parts[list->count++] = added[i];
    }
    for (size_t i = at + count; i < old->count; i++) {
        list->parts[list->count++] = old->parts[i];
    }
    list->refs_count = 1;
    list->generation = old->generation + (count > 0 ? 1 : 0);
    return list;
}

enum err_code index_list_swap(struct index *index, struct index_list **old,
                              const struct index_part *first, size_t count,
                              struct index_part *const *added, size_t added_count)
{
    size_t at = first == NULL ? index->list->count : index_list_place(index->list, first);
    assert(at + count <= index->list->count);
    struct index_list *list = changed_list(index->list, at, count, added, added_count);
    if (list == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < list->count; i++) {
        list->parts[i]->refs_count++;
    }
    *old = index->list;
    index->list = list;
    return ERR_OK;
}

enum err_code index_list_change(struct index *index, const struct index_part *first, size_t count,
                                struct index_part *const *added, size_t added_count)
{
    struct index_list *old = NULL;
    index_lock(index);
    enum err_code rc = index_list_swap(index, &old, first, count, added, added_count);
    index_unlock(index);
    index_list_release(index, old);
    return rc;
}

enum index_state index_part_state(const struct index_part *part, const struct post_id *id,
                                  enum index_state before)
{
    enum index_state state = index_gone_state(part->gone, id);
    if (state == INDEX_KEPT && before == INDEX_KEPT) {
        state = index_gone_state(part->bare, id);
    }
    return state == INDEX_KEPT ? before : state;
}

enum err_code index_part_add(struct index_part *part, const struct index_record *record,
                             uint32_t position)
{
    struct index_gone **list = record->state == INDEX_BARE ? &part->bare : &part->gone;
    enum err_code rc = *list == NULL ? index_gone_new(list) : ERR_OK;
    return rc == ERR_OK ? index_gone_add(*list, record, position) : rc;
}

bool index_in_sets(const struct index_place *place)
{
    return place->state == INDEX_KEPT || place->state == INDEX_BARE;
}

enum err_code index_blame(struct index *index, struct index_part *part, enum err_code rc)
{
    if (rc == ERR_DAMAGED) {
        index_lock(index);
        part->damaged = true;
        index_unlock(index);
    }
    return rc;
}

enum err_code index_no_room(struct err_note *note, enum err_code rc, const struct err_note *why)
{
    return rc == ERR_NO_SPACE
               ? err_note(note, rc,
                          "what finds posts has to be written again, and there is no room for it; "
                          "make room, then start again")
               : err_note(note, rc, "%s", why->text);
}
