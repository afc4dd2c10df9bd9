#include "store/vault_backup.h"

#include <sodium.h>
#include <stdlib.h>

#include "proto/post.h"
#include "store/vault_state.h"

#define CONTEXT_SEED "kithseed" /* as in vault_keys.c, which uses 1 to 3 */
#define USE_BACKUP   4

void vault_backup_key(uint8_t out[VAULT_BACKUP_KEY_LEN], const uint8_t seed[32])
{
    seal_derive(out, seed, CONTEXT_SEED, USE_BACKUP);
}

enum err_code vault_pack(uint8_t **plain, size_t *plain_len, struct vault *vault)
{
    uint64_t now_s = vault->now_s;
    vault->now_s = vault->saved_s; /* a copy is as old as what it copies */
    enum err_code rc = vault_encode(plain, plain_len, vault, vault->generation);
    vault->now_s = now_s;
    return rc;
}

enum err_code vault_unpack(struct vault **vault, struct octets plain)
{
    struct vault *made = NULL;
    enum err_code rc = vault_state_new(&made, NULL, NULL, NULL);
    if (rc != ERR_OK) {
        return ERR_NO_MEMORY;
    }
    assert(made != NULL);
    rc = plain.len <= VAULT_PLAIN_MAX ? vault_decode(made, plain) : ERR_DAMAGED;
    if (rc != ERR_OK) {
        vault_close(made);
        return rc;
    }
    vault_keys_derive(made);
    vault_state_commit(made, made->generation);
    *vault = made;
    return ERR_OK;
}

/* ---- Lists ---- */

typedef int (*compare)(const void *a, const void *b);

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, KEY_LEN);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct vault_petname *)a)->name, ((const struct vault_petname *)b)->name);
}

static int compare_tags(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct vault_followed_tag));
}

static int compare_shields(const void *a, const void *b)
{
    const struct vault_shield *x = a;
    const struct vault_shield *y = b;
    if (x->kind != y->kind) {
        return x->kind < y->kind ? -1 : 1;
    }
    return x->text_len != y->text_len ? (int)x->text_len - (int)y->text_len
                                      : memcmp(x->text, y->text, x->text_len);
}

static int compare_stretches(const void *a, const void *b)
{
    const struct vault_block *x = a;
    const struct vault_block *y = b;
    int order = memcmp(x->key.octets, y->key.octets, KEY_LEN);
    if (order == 0 && x->since_s != y->since_s) {
        order = x->since_s < y->since_s ? -1 : 1;
    }
    if (order == 0 && x->until_s != y->until_s) {
        order = x->until_s < y->until_s ? -1 : 1;
    }
    return order;
}

/* Items in an order of their own, to be found quickly. */
struct sorted {
    uint8_t *at;
    size_t count;
    size_t item_len;
    compare order;
};

static enum err_code sorted_make(struct sorted *sorted, const void *items, size_t count,
                                 size_t item_len, compare order)
{
    *sorted = (struct sorted){.count = count, .item_len = item_len, .order = order};
    sorted->at = malloc(count * item_len + 1);
    if (sorted->at == NULL) {
        return ERR_NO_MEMORY;
    }
    if (count > 0) {
        memcpy(sorted->at, items, count * item_len);
        qsort(sorted->at, count, item_len, order);
    }
    return ERR_OK;
}

static void sorted_close(struct sorted *sorted)
{
    if (sorted->at != NULL) {
        sodium_memzero(sorted->at, sorted->count * sorted->item_len);
    }
    free(sorted->at);
    sorted->at = NULL;
}

static bool sorted_have(const struct sorted *sorted, const void *item)
{
    return sorted->count > 0 &&
           bsearch(item, sorted->at, sorted->count, sorted->item_len, sorted->order) != NULL;
}

/* Items of a list, and how any two may not be alike. */
struct items {
    const void *at;
    size_t count;
    compare orders[2];
};

static enum err_code add_unlike(struct vault_table *table, const struct items *more)
{
    struct sorted there[2] = {{.at = NULL}};
    enum err_code rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < 2 && more->orders[i] != NULL; i++) {
        rc = sorted_make(&there[i], table->staged, table->staged_count, table->item_len,
                         more->orders[i]);
    }
    for (size_t i = 0; rc == ERR_OK && i < more->count; i++) {
        const uint8_t *item = (const uint8_t *)more->at + i * table->item_len;
        if (!sorted_have(&there[0], item) &&
            (more->orders[1] == NULL || !sorted_have(&there[1], item))) {
            rc = vault_table_add(table, item);
        }
    }
    sorted_close(&there[0]);
    sorted_close(&there[1]);
    return rc;
}

/* Where the copy is newer its items come first, and those here only where they are unlike. */
static enum err_code merge_list(struct vault_table *table, const struct vault_table *copy,
                                bool copy_is_newer, const compare orders[2])
{
    struct items more = {
        .at = copy->committed, .count = copy->committed_count, .orders = {orders[0], orders[1]}};
    if (!copy_is_newer) {
        return add_unlike(table, &more);
    }
    size_t len = table->staged_count * table->item_len;
    uint8_t *here = malloc(len + 1);
    if (here == NULL) {
        return ERR_NO_MEMORY;
    }
    if (len > 0) {
        memcpy(here, table->staged, len);
    }
    struct items older = {
        .at = here, .count = table->staged_count, .orders = {orders[0], orders[1]}};
    table->staged_count = 0;
    enum err_code rc = add_unlike(table, &more);
    rc = rc == ERR_OK ? add_unlike(table, &older) : rc;
    sodium_memzero(here, len);
    free(here);
    return rc;
}

/* ---- Blocks ---- */

static enum err_code in_force_of(struct sorted *in_force, const struct vault_table *blocks)
{
    struct key *keys = malloc((blocks->staged_count + 1) * sizeof *keys);
    size_t count = 0;
    if (keys == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < blocks->staged_count; i++) {
        const struct vault_block *block = vault_table_at(blocks, i);
        if (block->in_force) {
            keys[count++] = block->key;
        }
    }
    enum err_code rc = sorted_make(in_force, keys, count, sizeof *keys, compare_keys);
    sodium_memzero(keys, count * sizeof *keys);
    free(keys);
    return rc;
}

static enum err_code merge_blocks(struct vault *vault, const struct vault_table *copy)
{
    struct sorted in_force = {.at = NULL};
    struct sorted stretches = {.at = NULL};
    const struct vault_block *blocks = copy->committed;
    enum err_code rc = in_force_of(&in_force, &vault->blocks);
    if (rc == ERR_OK) {
        rc = sorted_make(&stretches, vault->blocks.staged, vault->blocks.staged_count,
                         sizeof *blocks, compare_stretches);
    }
    for (size_t i = 0; rc == ERR_OK && i < copy->committed_count; i++) {
        struct vault_block copied = vault_block_copied(&blocks[i]);
        bool there = blocks[i].in_force
                         ? sorted_have(&in_force, &blocks[i].key)
                         : sorted_have(&stretches, &blocks[i]) || sorted_have(&stretches, &copied);
        if (!there) {
            rc = vault_table_add(&vault->blocks, &copied);
            vault->blocks_touched = true;
        }
    }
    sorted_close(&in_force);
    sorted_close(&stretches);
    return rc;
}

/* ---- All of it ---- */

/* At most VAULT_PEERS_MAX of either. */
static enum err_code merge_peers(struct vault *vault, const struct vault *copy)
{
    const struct vault_contents *from = &copy->contents;
    enum err_code rc = ERR_OK;
    bool changed = false;
    for (size_t i = 0; rc == ERR_OK && i < from->peers_count; i++) {
        rc = vault_peer_add(vault, &changed, &from->peers[i]);
    }
    for (size_t i = 0; rc == ERR_OK && i < from->claims_count; i++) {
        rc = vault_claim_add(vault, &from->claims[i]);
    }
    return rc;
}

static void merge_settings(struct vault *vault, const struct vault *copy, bool copy_is_newer)
{
    struct vault_settings *here = &vault->settings;
    const struct vault_settings *there = &copy->settings_committed;
    here->unconfirmed = here->unconfirmed && there->unconfirmed;
    if (there->confirmed_s > here->confirmed_s) {
        here->confirmed_s = there->confirmed_s;
    }
    if (copy_is_newer) {
        here->elsewhere = there->elsewhere;
        here->web_steps = there->web_steps;
        here->lock_after_s = there->lock_after_s;
    }
}

enum err_code vault_merge(struct vault *vault, const struct vault *copy)
{
    static const compare by_key_and_name[2] = {compare_keys, compare_names};
    static const compare by_key[2] = {compare_keys, NULL};
    static const compare by_tag[2] = {compare_tags, NULL};
    static const compare by_shield[2] = {compare_shields, NULL};
    bool newer = copy->saved_s > vault->saved_s;
    if (copy->kind != vault->kind ||
        sodium_memcmp(copy->secrets->seed, vault->secrets->seed, VAULT_SEED_LEN) != 0) {
        return ERR_REFUSED;
    }
    enum err_code rc = merge_blocks(vault, &copy->blocks);
    rc = rc == ERR_OK ? merge_list(&vault->petnames, &copy->petnames, newer, by_key_and_name) : rc;
    rc = rc == ERR_OK ? merge_list(&vault->follows, &copy->follows, newer, by_key) : rc;
    rc = rc == ERR_OK ? merge_list(&vault->tags, &copy->tags, newer, by_tag) : rc;
    rc = rc == ERR_OK ? merge_list(&vault->shields, &copy->shields, false, by_shield) : rc;
    rc = rc == ERR_OK ? merge_peers(vault, copy) : rc;
    if (rc == ERR_OK) {
        merge_settings(vault, copy, newer);
        /* Whom an import blocked here she may have blocked herself in the copy. */
        vault_import_forget(vault);
    }
    vault_state_lend(vault);
    return rc;
}
