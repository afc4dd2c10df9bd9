#include "store/store_inner.h"

#include <stdlib.h>

/* What a retract takes back goes, if it is there and not gone yet. */
static enum err_code drop_subject(struct store *store, const struct post *post,
                                  struct err_note *note)
{
    const struct post_id *subject = index_row_subject(post);
    if (subject == NULL) {
        return ERR_OK;
    }
    struct index_place place;
    bool found = false;
    bool by = false;
    enum err_code rc = store_find(store, &found, &place, subject, 1, note);
    if (rc == ERR_OK && found && index_in_sets(&place) && (place.flags & INDEX_FIXED) == 0) {
        rc = store_is_by(store, &by, &place, &post->author, note);
    }
    return rc == ERR_OK && by ? index_drop(store->index, &place, note) : rc;
}

/* A post that was committed before an error kept it, or what it takes back, from the index. */
static enum err_code index_again(struct store *store, const struct post *post, uint64_t position,
                                 struct err_note *note)
{
    struct index_row row;
    struct index_place place;
    bool found = false;
    enum err_code rc = store_find(store, &found, &place, &post->id, 1, note);
    if (rc == ERR_OK && !found) {
        index_row_of(&row, index_hash(store->index), NULL, post);
        store_words_begin(&store->words);
        rc = store_words_prepare(&store->words, post);
        if (rc == ERR_OK) {
            store_words_of(&store->words, &row, 0);
            rc = index_add(store->index, &row, &position, 1, NULL, note);
        }
    }
    return rc == ERR_OK ? drop_subject(store, post, note) : rc;
}

/* Batches are synced in parts: those before the error stand in the log.  All of a batch does where
 * memory ran out behind it. */
static enum err_code index_rest(struct store *store, struct err_note *note)
{
    uint64_t end = log_end(store->log);
    struct octets_room wire = {.at = malloc(POST_WIRE_MAX), .cap = POST_WIRE_MAX};
    enum err_code rc = wire.at == NULL ? ERR_NO_MEMORY : ERR_OK;
    for (uint64_t position = store_end(store); position < end && rc == ERR_OK; position++) {
        struct post post;
        struct err_note why = {{0}};
        rc = log_read(store->log, &wire, position, &why);
        if (rc == ERR_OK && post_decode(&post, octets_of(wire.at, wire.len)) == ERR_OK) {
            rc = index_again(store, &post, position, note);
        } else if (rc == ERR_NOT_FOUND || rc == ERR_DAMAGED) {
            rc = ERR_OK;
        } else if (rc != ERR_OK) {
            (void)err_note(note, rc, "%s", why.text);
        }
        if (rc == ERR_OK) {
            store_lock(store);
            store->end = position + 1;
            store_unlock(store);
        }
    }
    free(wire.at);
    return rc;
}

enum err_code store_recover(struct store *store, uint64_t now_s, struct err_note *note)
{
    if (store->failure == ERR_OK) {
        return ERR_OK;
    }
    if (now_s >= store->failed_s && now_s < store->failed_s + STORE_RETRY_S) {
        return err_note(note, store->failure, "the store refuses posts since an error");
    }
    store->failed_s = now_s;
    uint64_t damaged_count = 0;
    enum err_code rc = log_reopen(store->log, &damaged_count, note);
    if (rc == ERR_OK) {
        rc = index_rest(store, note);
    }
    if (rc == ERR_OK) {
        store->failure = ERR_OK;
        store_lock(store);
        store->quarantined_count += damaged_count;
        store_unlock(store);
    }
    return rc;
}
