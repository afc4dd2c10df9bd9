#include "store/vault_recover.h"

#include "store/home_key.h"
#include "store/vault_state.h"

#include <sodium.h>
#include <stdlib.h>

/* A change of blocks from the journal. */
struct change {
    struct journal_block block;
    char label[VAULT_LABEL_MAX + 1];
    uint64_t generation;
};

struct changes {
    struct change *at;
    size_t count;
    size_t cap;
};

static enum err_code on_block(void *context, const struct journal_block *block, uint64_t generation)
{
    struct changes *changes = context;
    if (changes->count == changes->cap) {
        size_t cap = changes->cap == 0 ? 64 : changes->cap * 2;
        struct change *grown = realloc(changes->at, cap * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        changes->at = grown;
        changes->cap = cap;
    }
    struct change *change = &changes->at[changes->count++];
    *change = (struct change){.block = *block, .generation = generation};
    if (block->label.len > 0) {
        memcpy(change->label, block->label.at, block->label.len);
    }
    change->block.label = octets_of(NULL, 0);
    return ERR_OK;
}

static enum err_code open_journal(struct journal **journal, struct changes *changes,
                                  struct files *files, const uint8_t home_key[32],
                                  struct err_note *note)
{
    struct journal_listener listener = {.context = changes, .on_block = on_block};
    uint8_t *key = sodium_malloc(SEAL_KEY_LEN);
    if (key == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    home_key_derive(key, home_key, HOME_KEY_JOURNAL);
    enum err_code rc = journal_open_telling(journal, files, key, &listener, note);
    sodium_free(key);
    return rc;
}

/* *copy stays as it is where that file is not whole. */
static enum err_code read_copy(struct vault **copy, struct files *files, const uint8_t home_key[32],
                               const char *path, struct err_note *note)
{
    struct vault *opened = NULL;
    enum err_code rc = vault_state_new(&opened, files, home_key, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct err_note why = {{0}};
    rc = vault_state_read(opened, path, &why);
    if (rc == ERR_OK) {
        *copy = opened;
        return ERR_OK;
    }
    vault_close(opened);
    return rc == ERR_NOT_FOUND || rc == ERR_DAMAGED ? ERR_OK : err_note(note, rc, "%s", why.text);
}

static enum err_code latest_copy(struct vault **latest, bool *is_the_vault, struct files *files,
                                 const uint8_t home_key[32], struct err_note *note)
{
    struct vault *vault = NULL;
    struct vault *last = NULL;
    enum err_code rc = read_copy(&vault, files, home_key, VAULT_PATH, note);
    if (rc == ERR_OK) {
        rc = read_copy(&last, files, home_key, VAULT_LAST_PATH, note);
    }
    bool take_last = last != NULL && (vault == NULL || last->generation > vault->generation);
    if (rc == ERR_OK && vault == NULL && last == NULL) {
        rc = err_note(note, ERR_DAMAGED, "no copy of the vault here is whole");
    }
    if (rc != ERR_OK) {
        vault_close(vault);
        vault_close(last);
        return rc;
    }
    vault_close(take_last ? vault : last);
    *is_the_vault = !take_last;
    *latest = take_last ? last : vault;
    return ERR_OK;
}

/* ---- What the journal knows of blocks ---- */

/* Stretches of one key that began together compare equal. */
static int compare_begins(const void *a, const void *b)
{
    const struct journal_block *x = &((const struct change *)a)->block;
    const struct journal_block *y = &((const struct change *)b)->block;
    int order = (int)x->change - (int)y->change;
    order = order != 0 ? order : memcmp(x->key.octets, y->key.octets, KEY_LEN);
    if (order != 0 || x->change != JOURNAL_PAST) {
        return order;
    }
    order = x->since_s < y->since_s ? -1 : x->since_s > y->since_s;
    return order != 0                              ? order
           : x->since_position < y->since_position ? -1
                                                   : x->since_position > y->since_position;
}

static bool list_has(const struct changes *list, const struct change *change)
{
    return list->count > 0 &&
           bsearch(change, list->at, list->count, sizeof *list->at, compare_begins) != NULL;
}

/* A block of the copy that is over by a whole list that is later: whoever is not on the list at
 * all stays blocked. */
static bool is_over(const struct changes *list, const struct vault_block *block)
{
    struct change change = {.block = {.key = block->key, .change = JOURNAL_BLOCKED}};
    if (!block->in_force || list_has(list, &change)) {
        return false;
    }
    change.block.change = JOURNAL_PAST;
    change.block.since_s = block->since_s;
    change.block.since_position = block->since_position;
    return list_has(list, &change);
}

/* The list brings the stretch that such a block became. */
static enum err_code take_out_over(struct vault *vault, const struct changes *changes,
                                   const struct journal_blocks *whole)
{
    struct changes list = {.at = calloc(changes->count + 1, sizeof *list.at)};
    if (list.at == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < changes->count; i++) {
        if (changes->at[i].generation == whole->generation) {
            list.at[list.count++] = changes->at[i];
        }
    }
    if (list.count > 0) {
        qsort(list.at, list.count, sizeof *list.at, compare_begins);
    }
    for (size_t i = vault->blocks.staged_count; i > 0; i--) {
        if (is_over(&list, vault_table_at(&vault->blocks, i - 1))) {
            vault_table_remove(&vault->blocks, i - 1);
            vault->blocks_touched = true;
        }
    }
    sodium_memzero(list.at, list.count * sizeof *list.at);
    free(list.at);
    return ERR_OK;
}

static enum err_code apply_one(struct vault *vault, bool *changed, const struct change *change)
{
    const struct journal_block *from = &change->block;
    struct vault_block past = {.key = from->key,
                               .since_s = from->since_s,
                               .since_position = from->since_position,
                               .until_s = from->at_s,
                               .until_position = from->position};
    switch (from->change) {
    case JOURNAL_BLOCKED:
        return vault_block(vault, changed, &from->key,
                           change->label[0] != '\0' ? change->label : NULL, from->at_s,
                           from->position);
    case JOURNAL_UNBLOCKED:
        if (from->at_s == 0 && from->position == 0) {
            *changed = vault_block_undo(vault, &from->key);
            return ERR_OK;
        }
        return vault_unblock(vault, changed, &from->key, from->at_s, from->position);
    case JOURNAL_PAST:
        memcpy(past.label, change->label, sizeof past.label);
        return vault_block_past(vault, changed, &past);
    }
    return ERR_DAMAGED;
}

/* What was journaled up to the copy's generation stands in the copy; and what stood in the journal
 * before all of it was written down anew, says nothing any more. */
static enum err_code apply(struct vault *vault, size_t *applied_count,
                           const struct changes *changes, const struct journal_blocks *whole)
{
    size_t applied = 0;
    uint64_t generation = vault->generation;
    enum err_code rc =
        whole->generation > generation ? take_out_over(vault, changes, whole) : ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < changes->count; i++) {
        const struct change *change = &changes->at[i];
        bool changed = false;
        if (change->generation > generation && change->block.number >= whole->first) {
            rc = apply_one(vault, &changed, change);
        }
        applied += changed ? 1 : 0;
    }
    *applied_count = applied;
    return rc;
}

static size_t in_force_count(const struct vault *vault)
{
    const struct vault_block *blocks = vault->blocks.staged;
    size_t count = 0;
    for (size_t i = 0; i < vault->blocks.staged_count; i++) {
        count += blocks[i].in_force ? 1 : 0;
    }
    return count;
}

/* A crash in between leaves what this function can be called for again. */
static enum err_code write_all(struct vault *vault, struct journal *journal, struct err_note *note)
{
    uint64_t journaled = journal_generation_latest(journal);
    uint64_t generation = (vault->generation > journaled ? vault->generation : journaled) + 1;
    struct journal_block *changes = NULL;
    size_t changes_count = 0;
    bool replaced;
    enum err_code rc = vault_block_changes(&changes, &changes_count, vault, true);
    if (rc == ERR_OK) {
        rc = vault_state_write(vault, &replaced, VAULT_PATH, generation, note);
    }
    if (rc == ERR_OK) {
        rc = journal_vault(journal, generation, changes, changes_count, note);
    }
    if (rc == ERR_OK) {
        rc = vault_state_write(vault, &replaced, VAULT_LAST_PATH, generation, note);
    }
    free(changes);
    return rc;
}

static enum err_code recover(struct vault_recovery *recovery, struct vault *vault,
                             struct journal *journal, const struct changes *changes,
                             struct err_note *note)
{
    uint64_t journaled = journal_generation_latest(journal);
    struct vault_recovery done = {
        .needed = true,
        .saved_s = vault->saved_s,
        .changes_missing = journaled > vault->generation ? journaled - vault->generation : 0,
        .journal_is_older = vault->generation > journaled + 1};
    struct journal_blocks whole = journal_blocks(journal);
    enum err_code rc = apply(vault, &done.blocks_journaled, changes, &whole);
    if (rc != ERR_OK) {
        return err_note(note, rc, "taking the blocks from the journal");
    }
    /* Whom she has blocked herself since an import, the journal does not tell. */
    vault_import_forget(vault);
    done.blocks_count = in_force_count(vault);
    rc = write_all(vault, journal, note);
    if (rc == ERR_OK) {
        *recovery = done;
    }
    return rc;
}

enum err_code vault_recover(struct vault_recovery *recovery, struct files *files,
                            const uint8_t home_key[32], struct err_note *note)
{
    struct changes changes = {0};
    struct journal *journal = NULL;
    struct vault *vault = NULL;
    bool is_the_vault = false;
    enum err_code rc = open_journal(&journal, &changes, files, home_key, note);
    if (rc == ERR_OK) {
        rc = latest_copy(&vault, &is_the_vault, files, home_key, note);
    }
    if (rc == ERR_OK) {
        uint64_t journaled = journal_generation_latest(journal);
        bool in_order =
            is_the_vault && vault->generation >= journaled && vault->generation - journaled <= 1;
        if (in_order) {
            *recovery = (struct vault_recovery){.needed = false};
        } else {
            rc = recover(recovery, vault, journal, &changes, note);
        }
    }
    vault_close(vault);
    journal_close(journal);
    if (changes.count > 0) {
        sodium_memzero(changes.at, changes.count * sizeof *changes.at);
    }
    free(changes.at);
    return rc == ERR_OK ? ERR_OK : err_note(note, rc, "bringing the vault back");
}
