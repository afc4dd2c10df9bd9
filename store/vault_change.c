#include "store/vault_state.h"

#include "proto/canon.h"
#include "proto/post.h"

/* Every item but a claim's and a peer's begins with its key. */
static bool find_key(const struct vault_table *table, size_t *index, const struct key *key)
{
    for (size_t i = 0; i < table->staged_count; i++) {
        if (memcmp(vault_table_at(table, i), key->octets, KEY_LEN) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

_Static_assert(offsetof(struct vault_petname, key) == 0, "see find_key()");
_Static_assert(offsetof(struct vault_block, key) == 0, "see find_key()");
_Static_assert(offsetof(struct vault_peer, address) == 0, "see find_address()");
_Static_assert(offsetof(struct vault_claim, address) == 0, "see find_address()");

static bool find_address(const struct vault_table *table, size_t *index,
                         const struct address *address)
{
    for (size_t i = 0; i < table->staged_count; i++) {
        if (address_equal(vault_table_at(table, i), address)) {
            *index = i;
            return true;
        }
    }
    return false;
}

static bool label_valid(const char *label)
{
    size_t len = strlen(label);
    return len <= VAULT_LABEL_MAX && canon_utf8_valid(octets_of(label, len));
}

/* The tables grow by moving, and what vault_contents() lent moves with them. */
static enum err_code add(struct vault *vault, struct vault_table *table, const void *item)
{
    enum err_code rc = vault_table_add(table, item);
    vault_state_lend(vault);
    return rc;
}

enum err_code vault_petname_set(struct vault *vault, bool *changed, const struct key *key,
                                const char *name)
{
    if (!label_valid(name)) {
        return ERR_REFUSED;
    }
    for (size_t i = 0; i < vault->petnames.staged_count; i++) {
        const struct vault_petname *other = vault_table_at(&vault->petnames, i);
        if (name[0] != '\0' && strcmp(other->name, name) == 0 && !key_equal(&other->key, key)) {
            return ERR_REFUSED;
        }
    }
    size_t index;
    bool found = find_key(&vault->petnames, &index, key);
    struct vault_petname petname = {.key = *key};
    memcpy(petname.name, name, strlen(name) + 1);
    if (!found) {
        *changed = name[0] != '\0';
        return *changed ? add(vault, &vault->petnames, &petname) : ERR_OK;
    }
    struct vault_petname *there = vault_table_at(&vault->petnames, index);
    *changed = strcmp(there->name, name) != 0;
    if (name[0] == '\0') {
        vault_table_remove(&vault->petnames, index);
    } else {
        *there = petname;
    }
    return ERR_OK;
}

enum err_code vault_follow(struct vault *vault, bool *changed, const struct key *key)
{
    size_t index;
    if (find_key(&vault->follows, &index, key)) {
        *changed = false;
        return ERR_OK;
    }
    enum err_code rc = add(vault, &vault->follows, key);
    if (rc == ERR_OK) {
        *changed = true;
    }
    return rc;
}

enum err_code vault_unfollow(struct vault *vault, bool *changed, const struct key *key)
{
    size_t index;
    *changed = find_key(&vault->follows, &index, key);
    if (*changed) {
        vault_table_remove(&vault->follows, index);
    }
    return ERR_OK;
}

static bool find_tag(const struct vault *vault, size_t *index, struct octets tag)
{
    for (size_t i = 0; i < vault->tags.staged_count; i++) {
        const struct vault_followed_tag *there = vault_table_at(&vault->tags, i);
        if (octets_equal(octets_of(there->tag, there->tag_len), tag)) {
            *index = i;
            return true;
        }
    }
    return false;
}

enum err_code vault_follow_tag(struct vault *vault, bool *changed, struct octets tag)
{
    struct vault_followed_tag followed = {.tag_len = (uint8_t)tag.len};
    if (tag.len == 0 || tag.len > sizeof followed.tag) {
        return ERR_REFUSED;
    }
    size_t index;
    if (find_tag(vault, &index, tag)) {
        *changed = false;
        return ERR_OK;
    }
    memcpy(followed.tag, tag.at, tag.len);
    enum err_code rc = add(vault, &vault->tags, &followed);
    if (rc == ERR_OK) {
        *changed = true;
    }
    return rc;
}

enum err_code vault_unfollow_tag(struct vault *vault, bool *changed, struct octets tag)
{
    size_t index;
    *changed = find_tag(vault, &index, tag);
    if (*changed) {
        vault_table_remove(&vault->tags, index);
    }
    return ERR_OK;
}

static struct vault_block *block_in_force(const struct vault *vault, const struct key *key)
{
    for (size_t i = 0; i < vault->blocks.staged_count; i++) {
        struct vault_block *block = vault_table_at(&vault->blocks, i);
        if (block->in_force && key_equal(&block->key, key)) {
            return block;
        }
    }
    return NULL;
}

/* Whom she blocks herself, undoing an import must not unblock. */
static bool keep_import(struct vault *vault, const struct key *key)
{
    size_t index;
    bool imported = find_key(&vault->imported, &index, key);
    if (imported) {
        vault_table_remove(&vault->imported, index);
    }
    return imported;
}

enum err_code vault_block(struct vault *vault, bool *changed, const struct key *key,
                          const char *label, uint64_t now_s, uint64_t position)
{
    if (label != NULL && !label_valid(label)) {
        return ERR_REFUSED;
    }
    struct vault_block *there = block_in_force(vault, key);
    vault->blocks_touched = true;
    if (there != NULL) {
        bool relabelled = label != NULL && strcmp(there->label, label) != 0;
        if (relabelled) {
            memcpy(there->label, label, strlen(label) + 1);
        }
        *changed = keep_import(vault, key) || relabelled;
        return ERR_OK;
    }
    struct vault_block block = {
        .key = *key, .since_s = now_s, .since_position = position, .in_force = true};
    if (label != NULL) {
        memcpy(block.label, label, strlen(label) + 1);
    }
    enum err_code rc = add(vault, &vault->blocks, &block);
    if (rc == ERR_OK) {
        vault_import_forget(vault);
        *changed = true;
    }
    return rc;
}

enum err_code vault_unblock(struct vault *vault, bool *changed, const struct key *key,
                            uint64_t now_s, uint64_t position)
{
    struct vault_block *there = block_in_force(vault, key);
    *changed = there != NULL;
    if (there != NULL) {
        there->in_force = false;
        there->until_s = now_s;
        there->until_position = position;
        vault->blocks_touched = true;
        vault_import_forget(vault);
    }
    return ERR_OK;
}

static bool find_shield(const struct vault *vault, size_t *index, enum vault_shield_kind kind,
                        struct octets text)
{
    for (size_t i = 0; i < vault->shields.staged_count; i++) {
        const struct vault_shield *there = vault_table_at(&vault->shields, i);
        if (there->kind == kind && octets_equal(octets_of(there->text, there->text_len), text)) {
            *index = i;
            return true;
        }
    }
    return false;
}

enum err_code vault_shield(struct vault *vault, bool *changed, enum vault_shield_kind kind,
                           struct octets text)
{
    struct vault_shield shield = {.kind = kind, .text_len = (uint8_t)text.len};
    size_t len_max = kind == VAULT_SHIELD_TAG ? POST_TAG_MAX : sizeof shield.text;
    if (text.len == 0 || text.len > len_max || !canon_utf8_valid(text)) {
        return ERR_REFUSED;
    }
    size_t index;
    if (find_shield(vault, &index, kind, text)) {
        *changed = false;
        return ERR_OK;
    }
    memcpy(shield.text, text.at, text.len);
    enum err_code rc = add(vault, &vault->shields, &shield);
    if (rc == ERR_OK) {
        *changed = true;
    }
    return rc;
}

enum err_code vault_unshield(struct vault *vault, bool *changed, enum vault_shield_kind kind,
                             struct octets text)
{
    size_t index;
    *changed = find_shield(vault, &index, kind, text);
    if (*changed) {
        vault_table_remove(&vault->shields, index);
    }
    return ERR_OK;
}

enum err_code vault_peer_add(struct vault *vault, bool *changed, const struct vault_peer *peer)
{
    static const struct key unknown;
    if (!canon_utf8_valid(octets_of_text(peer->address.host))) {
        return ERR_REFUSED;
    }
    size_t index;
    if (!find_address(&vault->peers, &index, &peer->address)) {
        enum err_code rc = add(vault, &vault->peers, peer);
        if (rc == ERR_OK) {
            *changed = true;
        }
        return rc;
    }
    /* What is known of it is kept; what is new is added. */
    struct vault_peer *there = vault_table_at(&vault->peers, index);
    *changed = false;
    if (!key_equal(&peer->relay_identity, &unknown) &&
        !key_equal(&peer->relay_identity, &there->relay_identity)) {
        there->relay_identity = peer->relay_identity;
        *changed = true;
    }
    if (peer->joined && !there->joined) {
        there->joined = true;
        *changed = true;
    }
    return ERR_OK;
}

enum err_code vault_peer_remove(struct vault *vault, bool *changed, const struct address *address)
{
    size_t index;
    *changed = find_address(&vault->peers, &index, address);
    if (*changed) {
        vault_table_remove(&vault->peers, index);
    }
    return ERR_OK;
}

enum err_code vault_claim_add(struct vault *vault, const struct vault_claim *claim)
{
    if (claim->claim_len > sizeof claim->claim ||
        !canon_utf8_valid(octets_of_text(claim->address.host))) {
        return ERR_REFUSED;
    }
    size_t index;
    if (find_address(&vault->claims, &index, &claim->address)) {
        vault_table_remove(&vault->claims, index);
    }
    return add(vault, &vault->claims, claim);
}

enum err_code vault_claim_done(struct vault *vault, const struct address *address, bool admitted)
{
    size_t index;
    if (find_address(&vault->claims, &index, address)) {
        vault_table_remove(&vault->claims, index);
    }
    if (admitted && find_address(&vault->peers, &index, address)) {
        struct vault_peer *peer = vault_table_at(&vault->peers, index);
        peer->joined = true;
    }
    return ERR_OK;
}

enum err_code vault_web_steps_set(struct vault *vault, bool *changed, uint64_t steps)
{
    if (steps < 1 || steps > VAULT_STEPS_MAX) {
        return ERR_REFUSED;
    }
    *changed = vault->settings.web_steps != steps;
    vault->settings.web_steps = (uint8_t)steps;
    return ERR_OK;
}

void vault_confirm(struct vault *vault, uint64_t until_s, bool elsewhere)
{
    vault->settings.unconfirmed = false;
    vault->settings.elsewhere = elsewhere;
    if (until_s > vault->settings.confirmed_s) {
        vault->settings.confirmed_s = until_s;
    }
}

void vault_doubt(struct vault *vault)
{
    vault->settings.unconfirmed = true;
}

void vault_doubt_copy(struct vault *vault)
{
    vault->settings.unconfirmed = true;
    if (vault->settings.confirmed_s == 0) {
        vault->settings.confirmed_s = 1; /* what tells it from a home that came back from words */
    }
}

enum err_code vault_lock_after_set(struct vault *vault, bool *changed, uint64_t after_s)
{
    if (after_s > VAULT_LOCK_AFTER_MAX) {
        return ERR_REFUSED;
    }
    *changed = vault->settings.lock_after_s != after_s;
    vault->settings.lock_after_s = (uint32_t)after_s;
    return ERR_OK;
}
