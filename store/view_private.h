/* view_private.h - the part of the vault that the view judges by: petnames, follows, blocks,
 * shielded tags. */
#ifndef KITH_STORE_VIEW_PRIVATE_H
#define KITH_STORE_VIEW_PRIVATE_H

#include "store/vault.h"
#include "store/view_columns.h"

#define VIEW_BEFORE UINT64_MAX /* as a position: before every block */

enum { VIEW_TAG_FOLLOWED = 1, VIEW_TAG_SHIELDED = 2 };

enum {
    VIEW_KEY_BLOCKED = 1, /* a block is in force */
    VIEW_KEY_PAST = 2,    /* was blocked once: see view_private_was_blocked() */
    VIEW_KEY_FOLLOWED = 4,
    VIEW_KEY_NAMED = 8, /* has a petname */
};

struct view_petname {
    uint32_t key;
    char name[VAULT_LABEL_MAX + 1];
};

struct view_interval {
    uint32_t key;
    uint64_t since_s, until_s;
    uint64_t since_position, until_position;
};

/* Which key stands at which place of the vault's blocks, and its number: from one load to the next
 * nearly all stay, and looking thousands up again would be most of what a block costs. */
struct view_blocked {
    struct key key;
    uint32_t number;
};

struct view_private {
    uint8_t *key_flags; /* by key; keys met later have none */
    uint32_t key_flags_count;
    uint8_t *tag_flags; /* by tag, likewise */
    uint32_t tag_flags_count;
    bool shields_tags;             /* any */
    uint8_t web_steps;             /* how far her web reaches */
    struct view_petname *petnames; /* by key */
    size_t petnames_count;
    struct view_interval *intervals; /* blocks, by key; one in force has no end */
    size_t intervals_count;
    struct view_blocked *blocked; /* as the vault's blocks, in force and past */
    size_t blocked_count;
};

/* Copies contents; the person's own key is never blocked nor followed.  before is what was made for
 * the same columns last, or zeroed.
 *   ERR_NO_MEMORY, ERR_DAMAGED  *made is not written */
MUST_USE enum err_code view_private_make(struct view_private *made,
                                         const struct view_private *before,
                                         struct view_columns *columns,
                                         const struct vault_contents *contents, uint32_t own);
/* Whether the two differ in what single keys are to her, at most: not in tags, nor in steps. */
bool view_private_differ_in_keys(const struct view_private *a, const struct view_private *b);
/* Add the keys whose posts the two may judge differently, some perhaps twice.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_private_differing(struct view_numbers *keys,
                                              const struct view_private *a,
                                              const struct view_private *b);
void view_private_close(struct view_private *priv);

static inline uint8_t view_private_key(const struct view_private *priv, uint32_t key)
{
    return key < priv->key_flags_count ? priv->key_flags[key] : 0;
}

static inline bool view_private_follows_tag(const struct view_private *priv, uint32_t tag)
{
    return tag < priv->tag_flags_count && (priv->tag_flags[tag] & VIEW_TAG_FOLLOWED) != 0;
}

static inline bool view_private_shields_tag(const struct view_private *priv, uint32_t tag)
{
    return tag < priv->tag_flags_count && (priv->tag_flags[tag] & VIEW_TAG_SHIELDED) != 0;
}

/* Where a post came, for view_private_was_blocked(): on the shelf lies nothing that a block
 * covered, so it came before every later one. */
static inline uint64_t view_row_position(const struct view_row *row)
{
    return (row->flags & VIEW_ROW_SHELF) != 0 ? VIEW_BEFORE : row->position;
}

/* NULL when there is none. */
const char *view_private_petname(const struct view_private *priv, uint32_t key);
/* Whether a block covers a post of key's that arrived there and is dated so: it stays hidden, also
 * once the block is past (SPEC 9.5). */
bool view_private_was_blocked(const struct view_private *priv, uint32_t key, uint64_t position,
                              uint64_t created_s);

#endif
