/* What is left after damage. */
#include "tests/crash/ledger_inner.h"

#define DAY_S 86400

struct rest {
    bool shown[POOL_POSTS_MAX];
    bool gone[POOL_POSTS_MAX];     /* by what is shown */
    bool was_gone[POOL_POSTS_MAX]; /* by what was stored: the index may remember */
};

/* Which of the wanted posts this is, the search going on behind the last one; posts of hers may
 * have been stored again at the end. */
static uint32_t find_shown(const struct ledger *ledger, size_t *next, struct octets wire)
{
    for (size_t i = *next; i < ledger->order_count; i++) {
        if (octets_equal(pool_at(ledger->order[i])->wire, wire)) {
            *next = i + 1;
            return ledger->order[i];
        }
    }
    for (size_t i = 0; i < ledger->own_count; i++) {
        if (octets_equal(pool_at(ledger->own[i])->wire, wire)) {
            return ledger->own[i];
        }
    }
    return POOL_NONE;
}

static bool read_rest(struct rest *rest, const struct ledger *ledger, struct house *house)
{
    uint8_t octets[POST_WIRE_MAX];
    struct octets_room room = {.at = octets, .cap = sizeof octets};
    uint64_t position = 0;
    uint64_t at = 0;
    size_t next = 0;
    struct err_note note = {{0}};
    enum err_code rc;
    while ((rc = store_next(house->store, &room, &at, &position, &note)) == ERR_OK) {
        uint32_t index = find_shown(ledger, &next, octets_of(room.at, room.len));
        if (index == POOL_NONE || rest->shown[index]) {
            return false;
        }
        rest->shown[index] = true;
        const struct pool_post *post = pool_at(index);
        if (post->subject != POOL_NONE && pool_at(post->subject)->author == post->author &&
            pool_at(post->subject)->subject == POOL_NONE) {
            rest->gone[post->subject] = true;
        }
    }
    return rc == ERR_NOT_FOUND;
}

static bool takes_back(uint32_t index)
{
    const struct pool_post *post = pool_at(index);
    return post->subject != POOL_NONE && pool_at(post->subject)->author == post->author &&
           pool_at(post->subject)->subject == POOL_NONE;
}

static void remember_gone(struct rest *rest, const struct ledger *ledger)
{
    for (size_t i = 0; i < ledger->order_count; i++) {
        if (takes_back(ledger->order[i])) {
            rest->was_gone[pool_at(ledger->order[i])->subject] = true;
        }
    }
}

static bool is_missing(const struct rest *rest, uint32_t index, uint64_t now_s)
{
    const struct post *post = &pool_at(index)->post;
    bool expired = post->expires_s != 0 && post->expires_s <= now_s;
    return !rest->shown[index] && !rest->was_gone[index] && !expired;
}

/* Else others have it, or nobody is to have it. */
static bool is_kept_by_journal(const struct house *house, uint32_t index)
{
    for (size_t i = 0; i < journal_own_count(house->journal); i++) {
        struct journal_post own = journal_own_at(house->journal, i);
        if (post_id_equal(&own.id, &pool_at(index)->post.id)) {
            return own.has_wire;
        }
    }
    return true;
}

bool ledger_holds_rest(const struct ledger *ledger, struct house *house, uint64_t now_s,
                       uint64_t *missing_count, const char **why)
{
    static struct rest rest;
    memset(&rest, 0, sizeof rest);
    *missing_count = 0;
    ledger_details_clear();
    *why = "the vault is not what was acknowledged";
    if (!ledger_vault_holds(ledger, house)) {
        return false;
    }
    *why = "the journal lacks what was acknowledged, or holds more";
    if (!ledger_journal_holds(ledger, house)) {
        return false;
    }
    remember_gone(&rest, ledger);
    *why = "a post is shown that was never put, or in another order, or twice";
    if (!read_rest(&rest, ledger, house)) {
        return false;
    }
    for (size_t i = 0; i < ledger->order_count; i++) {
        uint32_t index = ledger->order[i];
        *why = "a post is shown that was taken back by one that is shown, too";
        if (rest.shown[index] && rest.gone[index]) {
            return false;
        }
        *missing_count += is_missing(&rest, index, now_s) ? 1 : 0;
    }
    *why = "one of her own posts is gone";
    for (size_t i = 0; i < ledger->own_count; i++) {
        bool there = is_kept_by_journal(house, ledger->own[i]);
        if (is_missing(&rest, ledger->own[i], now_s) && there) {
            return false;
        }
    }
    return true;
}
