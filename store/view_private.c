#include "store/view_private.h"

#include <assert.h>
#include <stdlib.h>

static int by_petname_key(const void *a, const void *b)
{
    uint32_t x = ((const struct view_petname *)a)->key;
    uint32_t y = ((const struct view_petname *)b)->key;
    return (x > y) - (x < y);
}

static int by_interval_key(const void *a, const void *b)
{
    uint32_t x = ((const struct view_interval *)a)->key;
    uint32_t y = ((const struct view_interval *)b)->key;
    return (x > y) - (x < y);
}

/* Zeroed room for count items and one more, so that none is no failure. */
static void *room(size_t count, size_t item_len)
{
    return calloc(count + 1, item_len);
}

static enum err_code petnames_make(struct view_private *p, struct view_columns *columns,
                                   const struct vault_contents *contents)
{
    p->petnames = room(contents->petnames_count, sizeof *p->petnames);
    if (p->petnames == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < contents->petnames_count; i++) {
        struct view_petname *petname = &p->petnames[p->petnames_count];
        enum err_code rc =
            view_columns_intern_key(columns, &petname->key, &contents->petnames[i].key);
        if (rc != ERR_OK) {
            return rc;
        }
        memcpy(petname->name, contents->petnames[i].name, sizeof petname->name);
        p->petnames_count++;
    }
    qsort(p->petnames, p->petnames_count, sizeof *p->petnames, by_petname_key);
    return ERR_OK;
}

static enum err_code blocked_make(struct view_private *p, const struct view_private *before,
                                  struct view_columns *columns,
                                  const struct vault_contents *contents)
{
    p->blocked = room(contents->blocks_count, sizeof *p->blocked);
    if (p->blocked == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < contents->blocks_count; i++) {
        struct view_blocked *blocked = &p->blocked[i];
        blocked->key = contents->blocks[i].key;
        if (i < before->blocked_count && key_equal(&before->blocked[i].key, &blocked->key)) {
            blocked->number = before->blocked[i].number;
            continue;
        }
        enum err_code rc = view_columns_intern_key(columns, &blocked->number, &blocked->key);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    p->blocked_count = contents->blocks_count;
    return ERR_OK;
}

static enum err_code intervals_make(struct view_private *p, const struct vault_contents *contents)
{
    p->intervals = room(contents->blocks_count, sizeof *p->intervals);
    if (p->intervals == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < contents->blocks_count; i++) {
        const struct vault_block *block = &contents->blocks[i];
        p->intervals[p->intervals_count++] = (struct view_interval){
            .key = p->blocked[i].number,
            .since_s = block->since_s,
            .until_s = block->in_force ? UINT64_MAX : block->until_s,
            .since_position = block->since_position,
            .until_position = block->in_force ? VIEW_BEFORE : block->until_position};
    }
    qsort(p->intervals, p->intervals_count, sizeof *p->intervals, by_interval_key);
    return ERR_OK;
}

static enum err_code tags_intern(struct view_columns *columns,
                                 const struct vault_contents *contents)
{
    uint32_t tag;
    enum err_code rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < contents->tags_count; i++) {
        rc = view_columns_intern_tag(columns, &tag,
                                     octets_of(contents->tags[i].tag, contents->tags[i].tag_len));
    }
    for (size_t i = 0; rc == ERR_OK && i < contents->shields_count; i++) {
        const struct vault_shield *shield = &contents->shields[i];
        if (shield->kind == VAULT_SHIELD_TAG) {
            rc = view_columns_intern_tag(columns, &tag, octets_of(shield->text, shield->text_len));
        }
    }
    return rc;
}

static enum err_code tags_make(struct view_private *p, struct view_columns *columns,
                               const struct vault_contents *contents)
{
    enum err_code rc = tags_intern(columns, contents);
    if (rc != ERR_OK) {
        return rc;
    }
    p->tag_flags_count = columns->tags.count;
    p->tag_flags = room(columns->tags.count, sizeof *p->tag_flags);
    if (p->tag_flags == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < contents->tags_count; i++) {
        p->tag_flags[view_columns_find_tag(
            columns, octets_of(contents->tags[i].tag, contents->tags[i].tag_len))] |=
            VIEW_TAG_FOLLOWED;
    }
    for (size_t i = 0; i < contents->shields_count; i++) {
        const struct vault_shield *shield = &contents->shields[i];
        if (shield->kind == VAULT_SHIELD_TAG) {
            p->tag_flags[view_columns_find_tag(
                columns, octets_of(shield->text, shield->text_len))] |= VIEW_TAG_SHIELDED;
            p->shields_tags = true;
        }
    }
    return ERR_OK;
}

/* Last, when every key of the vault has its number. */
static enum err_code key_flags_make(struct view_private *p, struct view_columns *columns,
                                    const struct vault_contents *contents, uint32_t own)
{
    uint32_t key;
    for (size_t i = 0; i < contents->follows_count; i++) {
        enum err_code rc = view_columns_intern_key(columns, &key, &contents->follows[i]);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    p->key_flags_count = columns->keys.count;
    p->key_flags = room(columns->keys.count, sizeof *p->key_flags);
    if (p->key_flags == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < contents->follows_count; i++) {
        key = view_intern_find(&columns->keys, contents->follows[i].octets);
        p->key_flags[key] |= VIEW_KEY_FOLLOWED;
    }
    for (size_t i = 0; i < contents->blocks_count; i++) {
        p->key_flags[p->blocked[i].number] |=
            contents->blocks[i].in_force ? VIEW_KEY_BLOCKED : VIEW_KEY_PAST;
    }
    p->key_flags[own] = 0;
    for (size_t i = 0; i < p->petnames_count; i++) {
        p->key_flags[p->petnames[i].key] |= VIEW_KEY_NAMED;
    }
    return ERR_OK;
}

/* The vault checks what it reads; what would run over a buffer here is refused all the same. */
static enum err_code contents_check(const struct vault_contents *contents)
{
    if (contents->web_steps > VAULT_STEPS_MAX) {
        return ERR_DAMAGED;
    }
    for (size_t i = 0; i < contents->petnames_count; i++) {
        if (memchr(contents->petnames[i].name, '\0', sizeof contents->petnames[i].name) == NULL) {
            return ERR_DAMAGED;
        }
    }
    for (size_t i = 0; i < contents->tags_count; i++) {
        if (contents->tags[i].tag_len > POST_TAG_MAX) {
            return ERR_DAMAGED;
        }
    }
    for (size_t i = 0; i < contents->shields_count; i++) {
        const struct vault_shield *shield = &contents->shields[i];
        bool is_tag = shield->kind == VAULT_SHIELD_TAG;
        if ((!is_tag && shield->kind != VAULT_SHIELD_WORD) || shield->text_len == 0 ||
            shield->text_len > (is_tag ? POST_TAG_MAX : VAULT_SHIELD_LEN_MAX)) {
            return ERR_DAMAGED;
        }
    }
    return ERR_OK;
}

enum err_code view_private_make(struct view_private *made, const struct view_private *before,
                                struct view_columns *columns, const struct vault_contents *contents,
                                uint32_t own)
{
    struct view_private p = {.web_steps =
                                 contents->web_steps == 0 ? VAULT_STEPS : contents->web_steps};
    enum err_code rc = contents_check(contents);
    if (rc == ERR_OK) {
        rc = petnames_make(&p, columns, contents);
    }
    if (rc == ERR_OK) {
        rc = blocked_make(&p, before, columns, contents);
    }
    if (rc == ERR_OK) {
        rc = intervals_make(&p, contents);
    }
    if (rc == ERR_OK) {
        rc = tags_make(&p, columns, contents);
    }
    if (rc == ERR_OK) {
        rc = key_flags_make(&p, columns, contents, own);
    }
    if (rc != ERR_OK) {
        view_private_close(&p);
        return rc;
    }
    *made = p;
    return ERR_OK;
}

bool view_private_differ_in_keys(const struct view_private *a, const struct view_private *b)
{
    uint32_t count =
        a->tag_flags_count > b->tag_flags_count ? a->tag_flags_count : b->tag_flags_count;
    for (uint32_t tag = 0; tag < count; tag++) {
        uint8_t in_a = tag < a->tag_flags_count ? a->tag_flags[tag] : 0;
        uint8_t in_b = tag < b->tag_flags_count ? b->tag_flags[tag] : 0;
        if (in_a != in_b) {
            return false;
        }
    }
    return a->web_steps == b->web_steps;
}

static bool interval_equal(const struct view_interval *a, const struct view_interval *b)
{
    return a->key == b->key && a->since_s == b->since_s && a->until_s == b->until_s &&
           a->since_position == b->since_position && a->until_position == b->until_position;
}

/* Both stand by key: what only one of them has is met by whichever is behind. */
static bool differing_intervals(struct view_numbers *keys, const struct view_private *a,
                                const struct view_private *b)
{
    size_t i = 0;
    size_t j = 0;
    bool room = true;
    while (room && (i < a->intervals_count || j < b->intervals_count)) {
        const struct view_interval *x = i < a->intervals_count ? &a->intervals[i] : NULL;
        const struct view_interval *y = j < b->intervals_count ? &b->intervals[j] : NULL;
        if (x != NULL && y != NULL && interval_equal(x, y)) {
            i++;
            j++;
        } else if (x != NULL && (y == NULL || x->key <= y->key)) {
            room = view_numbers_add(keys, x->key);
            i++;
        } else {
            assert(y != NULL); /* one of the two is there: the loop's condition */
            room = view_numbers_add(keys, y->key);
            j++;
        }
    }
    return room;
}

enum err_code view_private_differing(struct view_numbers *keys, const struct view_private *a,
                                     const struct view_private *b)
{
    bool room = differing_intervals(keys, a, b);
    uint32_t count =
        a->key_flags_count > b->key_flags_count ? a->key_flags_count : b->key_flags_count;
    for (uint32_t key = 0; room && key < count; key++) {
        uint8_t changed = view_private_key(a, key) ^ view_private_key(b, key);
        if ((changed & ~VIEW_KEY_NAMED) != 0) {
            room = view_numbers_add(keys, key);
        }
    }
    return room ? ERR_OK : ERR_NO_MEMORY;
}

void view_private_close(struct view_private *priv)
{
    free(priv->key_flags);
    free(priv->tag_flags);
    free(priv->petnames);
    free(priv->intervals);
    free(priv->blocked);
    *priv = (struct view_private){.key_flags = NULL};
}

const char *view_private_petname(const struct view_private *priv, uint32_t key)
{
    if ((view_private_key(priv, key) & VIEW_KEY_NAMED) == 0) {
        return NULL;
    }
    struct view_petname wanted = {.key = key};
    const struct view_petname *found = bsearch(&wanted, priv->petnames, priv->petnames_count,
                                               sizeof *priv->petnames, by_petname_key);
    return found == NULL ? NULL : found->name;
}

/* The first interval of key, or where it would stand. */
static size_t intervals_of(const struct view_private *priv, uint32_t key)
{
    size_t low = 0;
    size_t high = priv->intervals_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (priv->intervals[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

bool view_private_was_blocked(const struct view_private *priv, uint32_t key, uint64_t position,
                              uint64_t created_s)
{
    if ((view_private_key(priv, key) & (VIEW_KEY_PAST | VIEW_KEY_BLOCKED)) == 0) {
        return false;
    }
    for (size_t i = intervals_of(priv, key); i < priv->intervals_count; i++) {
        const struct view_interval *past = &priv->intervals[i];
        if (past->key != key) {
            break;
        }
        bool arrived = position >= past->since_position && position < past->until_position;
        bool dated = created_s >= past->since_s && created_s <= past->until_s;
        if (arrived || dated) {
            return true;
        }
    }
    return false;
}
