#include "store/vault_state.h"

#include <stdlib.h>

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, KEY_LEN);
}

/* Keys in order, to be found quickly: lists may be as long as VAULT_BLOCKS_MAX. */
struct keys {
    struct key *at;
    size_t count;
};

static bool keys_have(const struct keys *keys, const struct key *key)
{
    return keys->count > 0 &&
           bsearch(key, keys->at, keys->count, sizeof *keys->at, compare_keys) != NULL;
}

static enum err_code keys_in_force(struct keys *keys, const struct vault_block *blocks,
                                   size_t blocks_count)
{
    keys->at = malloc((blocks_count + 1) * sizeof *keys->at);
    keys->count = 0;
    if (keys->at == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < blocks_count; i++) {
        if (blocks[i].in_force) {
            keys->at[keys->count++] = blocks[i].key;
        }
    }
    qsort(keys->at, keys->count, sizeof *keys->at, compare_keys);
    return ERR_OK;
}

static void add_change(struct journal_block *changes, size_t *changes_count,
                       const struct vault_block *block, enum journal_change change)
{
    bool begins = change == JOURNAL_BLOCKED;
    changes[(*changes_count)++] =
        (struct journal_block){.key = block->key,
                               .change = change,
                               .at_s = begins ? block->since_s : block->until_s,
                               .position = begins ? block->since_position : block->until_position,
                               .since_s = block->since_s,
                               .since_position = block->since_position,
                               .label = octets_of_text(block->label)};
}

static int compare_numbers(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_stretches(const void *a, const void *b)
{
    const struct vault_block *x = *(const struct vault_block *const *)a;
    const struct vault_block *y = *(const struct vault_block *const *)b;
    int order = memcmp(x->key.octets, y->key.octets, KEY_LEN);
    order = order != 0 ? order : compare_numbers(x->since_s, y->since_s);
    order = order != 0 ? order : compare_numbers(x->since_position, y->since_position);
    order = order != 0 ? order : compare_numbers(x->until_s, y->until_s);
    return order != 0 ? order : compare_numbers(x->until_position, y->until_position);
}

/* Stretches that are over, in order. */
struct past {
    const struct vault_block **at;
    size_t count;
};

static enum err_code past_of(struct past *past, const struct vault_block *blocks,
                             size_t blocks_count)
{
    past->at = calloc(blocks_count + 1, sizeof *past->at);
    past->count = 0;
    if (past->at == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < blocks_count; i++) {
        if (!blocks[i].in_force) {
            past->at[past->count++] = &blocks[i];
        }
    }
    if (past->count > 0) {
        qsort(past->at, past->count, sizeof *past->at, compare_stretches);
    }
    return ERR_OK;
}

static bool past_has(const struct past *past, const struct vault_block *block)
{
    return past->count > 0 &&
           bsearch(&block, past->at, past->count, sizeof *past->at, compare_stretches) != NULL;
}

/* What two lists have at the same places, at their beginnings and at their ends, did not change. */
struct changed {
    size_t begin;
    size_t staged_end;
    size_t committed_end;
};

/* Labels apart, which the journal has of new blocks alone. */
static bool same_block(const struct vault_block *a, const struct vault_block *b)
{
    return a->in_force == b->in_force && compare_stretches(&a, &b) == 0;
}

static struct changed changed_part(const struct vault *vault, size_t committed_count)
{
    const struct vault_block *staged = vault->blocks.staged;
    const struct vault_block *committed = vault->blocks.committed;
    struct changed part = {.staged_end = vault->blocks.staged_count,
                           .committed_end = committed_count};
    while (part.begin < part.staged_end && part.begin < part.committed_end &&
           same_block(&staged[part.begin], &committed[part.begin])) {
        part.begin++;
    }
    while (part.staged_end > part.begin && part.committed_end > part.begin &&
           same_block(&staged[part.staged_end - 1], &committed[part.committed_end - 1])) {
        part.staged_end--;
        part.committed_end--;
    }
    return part;
}

/* What the changed part of either side has, to be found quickly. */
struct sides {
    struct keys committed;
    struct keys staged;
    struct past past; /* committed */
};

/* Whether the stretch is what a committed block became when it was taken back. */
static bool ends_committed(const struct vault *vault, const struct changed *part, size_t i)
{
    const struct vault_block *staged = vault->blocks.staged;
    const struct vault_block *committed = vault->blocks.committed;
    return i < part->committed_end && committed[i].in_force && !staged[i].in_force &&
           key_equal(&staged[i].key, &committed[i].key);
}

static void changes_staged(struct journal_block *found, size_t *found_count,
                           const struct vault *vault, const struct changed *part,
                           const struct sides *sides)
{
    const struct vault_block *staged = vault->blocks.staged;
    for (size_t i = part->begin; i < part->staged_end; i++) {
        if (staged[i].in_force && !keys_have(&sides->committed, &staged[i].key)) {
            add_change(found, found_count, &staged[i], JOURNAL_BLOCKED);
        } else if (!staged[i].in_force && !ends_committed(vault, part, i) &&
                   !past_has(&sides->past, &staged[i])) {
            add_change(found, found_count, &staged[i], JOURNAL_PAST);
        }
    }
}

/* A key has one block in force at most, so that what is in force on both sides outside the changed
 * part is not in it. */
static void changes_committed(struct journal_block *found, size_t *found_count,
                              const struct vault *vault, const struct changed *part,
                              const struct sides *sides)
{
    const struct vault_block *staged = vault->blocks.staged;
    const struct vault_block *committed = vault->blocks.committed;
    for (size_t i = part->begin; i < part->committed_end; i++) {
        if (committed[i].in_force && !keys_have(&sides->staged, &committed[i].key)) {
            /* After an undone import there is no stretch that ends. */
            bool ended = i < vault->blocks.staged_count && ends_committed(vault, part, i);
            add_change(found, found_count, ended ? &staged[i] : &committed[i], JOURNAL_UNBLOCKED);
        }
    }
}

static enum err_code sides_of(struct sides *sides, const struct vault *vault,
                              const struct changed *part)
{
    size_t staged_count = part->staged_end - part->begin;
    size_t committed_count = part->committed_end - part->begin;
    enum err_code rc = ERR_OK;
    if (committed_count > 0) {
        const struct vault_block *committed = vault->blocks.committed;
        rc = keys_in_force(&sides->committed, committed + part->begin, committed_count);
        rc = rc == ERR_OK ? past_of(&sides->past, committed + part->begin, committed_count) : rc;
    }
    if (rc == ERR_OK && staged_count > 0) {
        const struct vault_block *staged = vault->blocks.staged;
        rc = keys_in_force(&sides->staged, staged + part->begin, staged_count);
    }
    return rc;
}

enum err_code vault_block_changes(struct journal_block **changes, size_t *changes_count,
                                  const struct vault *vault, bool all)
{
    struct changed part = changed_part(vault, all ? 0 : vault->blocks.committed_count);
    struct sides sides = {.past = {.at = NULL}};
    size_t count = part.staged_end - part.begin + (part.committed_end - part.begin);
    struct journal_block *found = calloc(count + 1, sizeof *found);
    enum err_code rc = found != NULL ? sides_of(&sides, vault, &part) : ERR_NO_MEMORY;
    if (rc == ERR_OK) {
        *changes_count = 0;
        changes_staged(found, changes_count, vault, &part, &sides);
        changes_committed(found, changes_count, vault, &part, &sides);
        *changes = found;
        found = NULL;
    }
    free(sides.committed.at);
    free(sides.staged.at);
    free(sides.past.at);
    free(found);
    return rc;
}

enum err_code vault_block_past(struct vault *vault, bool *changed, const struct vault_block *block)
{
    *changed = false;
    for (size_t i = 0; i < vault->blocks.staged_count; i++) {
        const struct vault_block *there = vault_table_at(&vault->blocks, i);
        if (same_block(there, block)) {
            return ERR_OK;
        }
    }
    enum err_code rc = vault_table_add(&vault->blocks, block);
    vault_state_lend(vault);
    vault->blocks_touched = true;
    *changed = rc == ERR_OK;
    return rc;
}

bool vault_block_undo(struct vault *vault, const struct key *key)
{
    for (size_t i = 0; i < vault->blocks.staged_count; i++) {
        const struct vault_block *there = vault_table_at(&vault->blocks, i);
        if (there->in_force && key_equal(&there->key, key)) {
            vault_table_remove(&vault->blocks, i);
            vault->blocks_touched = true;
            return true;
        }
    }
    return false;
}

void vault_import_forget(struct vault *vault)
{
    while (vault->imported.staged_count > 0) {
        vault_table_remove(&vault->imported, vault->imported.staged_count - 1);
    }
}

static enum err_code import_one(struct vault *vault, const struct vault_block *from, uint64_t now_s,
                                uint64_t position)
{
    struct vault_block block = {
        .key = from->key, .since_s = now_s, .since_position = position, .in_force = true};
    memcpy(block.label, from->label, sizeof block.label);
    enum err_code rc = vault_table_add(&vault->blocks, &block);
    return rc == ERR_OK ? vault_table_add(&vault->imported, &block.key) : rc;
}

enum err_code vault_import(struct vault *vault, size_t *added_count,
                           const struct vault_block *blocks, size_t blocks_count, uint64_t now_s,
                           uint64_t position)
{
    struct keys there = {0};
    enum err_code rc = keys_in_force(&there, vault->blocks.staged, vault->blocks.staged_count);
    size_t added = 0;
    for (size_t i = 0; rc == ERR_OK && i < blocks_count; i++) {
        if (keys_have(&there, &blocks[i].key)) {
            continue;
        }
        if (added++ == 0) {
            vault_import_forget(vault);
        }
        rc = import_one(vault, &blocks[i], now_s, position);
    }
    vault->blocks_touched = vault->blocks_touched || added > 0;
    vault_state_lend(vault);
    free(there.at);
    if (rc == ERR_OK) {
        *added_count = added;
    }
    return rc;
}

enum err_code vault_import_undo(struct vault *vault, size_t *removed_count)
{
    struct keys imported = {.count = vault->imported.staged_count};
    *removed_count = 0;
    if (imported.count == 0) {
        return ERR_OK;
    }
    imported.at = malloc(imported.count * sizeof *imported.at);
    if (imported.at == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(imported.at, vault->imported.staged, imported.count * sizeof *imported.at);
    qsort(imported.at, imported.count, sizeof *imported.at, compare_keys);

    struct vault_block *blocks = vault->blocks.staged;
    size_t kept = 0;
    for (size_t i = 0; i < vault->blocks.staged_count; i++) {
        if (!blocks[i].in_force || !keys_have(&imported, &blocks[i].key)) {
            blocks[kept++] = blocks[i];
        }
    }
    *removed_count = vault->blocks.staged_count - kept;
    while (vault->blocks.staged_count > kept) {
        vault_table_remove(&vault->blocks, vault->blocks.staged_count - 1);
    }
    vault_import_forget(vault);
    vault->blocks_touched = true;
    free(imported.at);
    return ERR_OK;
}
