#include "store/view_inner.h"

#include "proto/name32.h"

static struct view_target target_of_post(const struct view *view, uint32_t post)
{
    uint32_t author = view->columns.author[post];
    return (struct view_target){.is_post = true,
                                .id = view_columns_id(&view->columns, post),
                                .key = view_columns_key(&view->columns, author),
                                .own = author == view->own};
}

static struct view_target target_of_key(const struct view *view, const uint8_t octets[KEY_LEN])
{
    struct view_target target = {.is_post = false};
    struct key own = view_columns_key(&view->columns, view->own);
    memcpy(target.key.octets, octets, KEY_LEN);
    target.own = key_equal(&target.key, &own);
    return target;
}

static enum err_code by_petname(const struct view *view, struct view_target *target,
                                struct octets name)
{
    for (size_t i = 0; i < view->priv.petnames_count; i++) {
        const struct view_petname *petname = &view->priv.petnames[i];
        if (octets_equal(octets_of_text(petname->name), name)) {
            *target = target_of_key(view, view_intern_at(&view->columns.keys, petname->key));
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

static enum err_code by_octets(const struct view *view, struct view_target *target,
                               const uint8_t octets[32], const struct view_wanted *wanted)
{
    if (wanted->what != VIEW_WANT_KEY) {
        uint32_t post = view_intern_find(&view->columns.ids, octets);
        if (post != VIEW_NONE && view_knows(view, post, wanted->reach)) {
            *target = target_of_post(view, post);
            return ERR_OK;
        }
    }
    if (wanted->what == VIEW_WANT_POST) {
        return ERR_NOT_FOUND;
    }
    *target = target_of_key(view, octets);
    return ERR_OK;
}

/* The beginning of an id as typed, one hex digit an item. */
struct prefix {
    uint8_t digits[NAME32_HEX_LEN];
    size_t len;
};

static bool prefix_of(struct prefix *prefix, struct octets typed)
{
    if (typed.len == 0 || typed.len >= NAME32_HEX_LEN) {
        return false;
    }
    for (size_t i = 0; i < typed.len; i++) {
        uint8_t c = typed.at[i];
        if (c >= '0' && c <= '9') {
            prefix->digits[i] = (uint8_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            prefix->digits[i] = (uint8_t)(c - 'a' + 10);
        } else if (c >= 'A' && c <= 'F') {
            prefix->digits[i] = (uint8_t)(c - 'A' + 10);
        } else {
            return false;
        }
    }
    prefix->len = typed.len;
    return true;
}

static bool begins(const uint8_t *id, const struct prefix *prefix)
{
    for (size_t i = 0; i < prefix->len; i++) {
        uint8_t digit = i % 2 == 0 ? id[i / 2] >> 4 : id[i / 2] & 0x0f;
        if (digit != prefix->digits[i]) {
            return false;
        }
    }
    return true;
}

/* How many posts she may name begin so; *match is one of them. */
static size_t matches_of(const struct view *view, uint32_t *match, const struct prefix *prefix,
                         enum view_reach reach)
{
    const struct view_columns *c = &view->columns;
    size_t count = 0;
    uint32_t first = 0;
    uint32_t buckets_count = VIEW_BUCKETS;
    for (size_t i = 0; i < prefix->len && i < VIEW_SHORT_ID_MIN; i++) {
        buckets_count /= 16;
        first += prefix->digits[i] * buckets_count;
    }
    for (uint32_t bucket = first; bucket < first + buckets_count; bucket++) {
        for (uint32_t post = c->buckets[bucket]; post != VIEW_NONE;
             post = c->rows[post].bucket_next) {
            if (view_knows(view, post, reach) && begins(view_intern_at(&c->ids, post), prefix)) {
                *match = post;
                count++;
            }
        }
    }
    return count;
}

static enum err_code by_prefix(const struct view *view, struct view_target *target,
                               size_t *matches_count, const struct prefix *prefix,
                               enum view_reach reach)
{
    uint32_t match = VIEW_NONE;
    size_t count = matches_of(view, &match, prefix, VIEW_WEB);
    if (count == 0 && reach != VIEW_WEB) {
        count = matches_of(view, &match, prefix, reach);
    }
    if (count == 0) {
        return ERR_NOT_FOUND;
    }
    if (count > 1) {
        if (matches_count != NULL) {
            *matches_count = count;
        }
        return ERR_REFUSED;
    }
    *target = target_of_post(view, match);
    return ERR_OK;
}

enum err_code view_resolve(struct view *view, struct view_target *target, size_t *matches_count,
                           struct octets typed, const struct view_wanted *wanted)
{
    uint8_t octets[32];
    struct prefix prefix;
    enum err_code rc = view_judge(view, wanted->now_s, NULL);
    if (rc != ERR_OK) {
        return rc;
    }
    if (typed.len > 0 && typed.at[0] == '@' && wanted->what != VIEW_WANT_POST) {
        return by_petname(view, target, octets_of(typed.at + 1, typed.len - 1));
    }
    if (name32_from_bech(octets, typed) == ERR_OK || name32_from_hex(octets, typed) == ERR_OK) {
        return by_octets(view, target, octets, wanted);
    }
    if (wanted->what != VIEW_WANT_KEY && prefix_of(&prefix, typed)) {
        return by_prefix(view, target, matches_count, &prefix, wanted->reach);
    }
    return ERR_MALFORMED;
}
