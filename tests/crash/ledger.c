#include "tests/crash/ledger_inner.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/negentropy_query.h"
#include "proto/set.h"

#define DAY_S     86400
#define TAIL_READ 24 /* posts whose octets are read when not thorough */
#define SETS_READ 2  /* posts whose sets are read then */
#define SETS_CAP  (SET_TAGS + SET_BUCKETS)

void ledger_init(struct ledger *ledger)
{
    memset(ledger, 0, sizeof *ledger);
    ledger->sent_flying = LEDGER_OWN_MAX;
    ledger->used_flying = LEDGER_INVITES;
    ledger->vault.steps = VAULT_STEPS;
}

void ledger_name(char out[32], const char *what, unsigned number)
{
    (void)snprintf(out, 32, "%s%u", what, number);
}

static char details[256]; /* of the latest difference */

void ledger_details_clear(void)
{
    details[0] = '\0';
}

const char *ledger_details(void)
{
    return details;
}

/* The post at an index of the journal, or its id alone, where the store says what became of it. */
static bool own_is(const struct house *house, size_t index, uint32_t wanted, uint32_t *sent_count)
{
    static uint8_t octets[POST_WIRE_MAX];
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    struct journal_post own = journal_own_at(house->journal, index);
    const struct pool_post *post = pool_at(wanted);
    *sent_count = own.sent_count;
    if (!post_id_equal(&own.id, &post->post.id)) {
        return false;
    }
    return !own.has_wire || (journal_own_wire(house->journal, &wire, index, NULL) == ERR_OK &&
                             octets_equal(octets_of(wire.at, wire.len), post->wire));
}

/* What is known by its id alone may stand behind posts that were written later. */
static bool own_at(const struct house *house, size_t index, uint32_t wanted, uint32_t *sent_count,
                   bool *has_wire)
{
    size_t count = journal_own_count(house->journal);
    bool found = index < count && own_is(house, index, wanted, sent_count);
    for (size_t i = 0; !found && i < count; i++) {
        index = i;
        found = own_is(house, i, wanted, sent_count);
    }
    *has_wire = found && journal_own_at(house->journal, index).has_wire;
    return found;
}

void ledger_invite(struct key *seed_public, struct key *subject, uint32_t number)
{
    memset(seed_public, 1 + (int)(number % 4), sizeof *seed_public);
    memset(subject, 7, sizeof *subject);
    subject->octets[0] = (uint8_t)number;
}

static bool invite_used(const struct house *house, uint32_t number)
{
    struct key seed;
    struct key subject;
    bool by_subject = false;
    ledger_invite(&seed, &subject, number);
    (void)journal_invite_uses(house->journal, &by_subject, &seed, &subject);
    return by_subject;
}

/* Which of those in flight the journal has behind the rest: a part, in their order. */
static bool took_flying(bool took[LEDGER_ADOPTED_MAX], const struct ledger *ledger,
                        const struct house *house)
{
    size_t at = ledger->own_count;
    size_t count = journal_own_count(house->journal);
    for (size_t i = 0; i < ledger->own_flying_count; i++) {
        uint32_t sent_count = 0;
        took[i] = at < count && own_is(house, at, ledger->own_flying[i], &sent_count) &&
                  (sent_count == 0 || sent_count == ledger->own_flying_sent);
        at += took[i] ? 1 : 0;
    }
    return at == count;
}

bool ledger_journal_holds(const struct ledger *ledger, const struct house *house)
{
    bool took[LEDGER_ADOPTED_MAX];
    uint32_t sent_count = 0;
    if (journal_own_count(house->journal) < ledger->own_count) {
        return false;
    }
    for (size_t i = 0; i < ledger->own_count; i++) {
        bool has_wire = false;
        if (!own_at(house, i, ledger->own[i], &sent_count, &has_wire)) {
            return false;
        }
        if (has_wire && sent_count != ledger->sent[i] &&
            !(i == ledger->sent_flying && sent_count == ledger->sent_value)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < LEDGER_INVITES; i++) {
        if (invite_used(house, i) != ledger->used[i] && i != ledger->used_flying) {
            return false;
        }
    }
    return took_flying(took, ledger, house);
}

/* What the store must hold, in order: what was acknowledged, what it has of the batch in flight,
 * and her own posts that it got on opening. */
struct wanted {
    uint32_t posts[POOL_POSTS_MAX];
    size_t count;
    size_t sure_count;         /* of them acknowledged by the store */
    bool has[POOL_POSTS_MAX];  /* by index into the pool */
    bool gone[POOL_POSTS_MAX]; /* retracted, or expired before midnight: not shown, in no set */
    bool bare[POOL_POSTS_MAX]; /* expired since: in its sets, and perhaps not shown any more */
};

static bool knows(struct house *house, uint32_t index)
{
    bool known = false;
    return store_known(house->store, &known, &pool_at(index)->post.id, 1, NULL) == ERR_OK && known;
}

/* Known may also be what a batch refused beside a retract that then was not stored. */
static bool holds(struct house *house, uint32_t index)
{
    uint8_t octets[POST_WIRE_MAX];
    struct octets_room room = {.at = octets, .cap = sizeof octets};
    return store_body(house->store, &room, &pool_at(index)->post.id, NULL) == ERR_OK;
}

static void want(struct wanted *wanted, uint32_t index)
{
    if (!wanted->has[index]) {
        wanted->has[index] = true;
        wanted->posts[wanted->count++] = index;
    }
}

static bool gather(struct wanted *wanted, const struct ledger *ledger, struct house *house)
{
    for (size_t i = 0; i < ledger->order_count; i++) {
        want(wanted, ledger->order[i]);
    }
    wanted->sure_count = wanted->count;
    for (size_t i = 0; i < ledger->flying_count; i++) {
        if (!ledger->stored[ledger->flying[i]] && holds(house, ledger->flying[i])) {
            want(wanted, ledger->flying[i]);
        }
    }
    for (size_t i = 0; i < ledger->own_count; i++) {
        want(wanted, ledger->own[i]);
    }
    bool took[LEDGER_ADOPTED_MAX];
    (void)took_flying(took, ledger, house);
    for (size_t i = 0; i < ledger->own_flying_count; i++) {
        if (took[i] && !knows(house, ledger->own_flying[i])) {
            return false;
        }
        if (took[i]) {
            want(wanted, ledger->own_flying[i]);
        }
    }
    return true;
}

static void judge(struct wanted *wanted, uint64_t now_s)
{
    uint64_t midnight_s = now_s - now_s % DAY_S;
    for (size_t i = 0; i < wanted->count; i++) {
        const struct pool_post *post = pool_at(wanted->posts[i]);
        if (post->post.expires_s != 0 && post->post.expires_s < midnight_s) {
            wanted->gone[wanted->posts[i]] = true;
        }
        wanted->bare[wanted->posts[i]] = post->post.expires_s != 0 && post->post.expires_s <= now_s;
        uint32_t subject = post->subject;
        if (subject != POOL_NONE && pool_at(subject)->author == post->author &&
            pool_at(subject)->subject == POOL_NONE) {
            wanted->gone[subject] = true;
        }
    }
}

/* What is not gone is found by its id: every one where it is looked at thoroughly, else the latest
 * and an eighth of the others, of which the fingerprints say the rest. */
static bool are_known(const struct wanted *wanted, const struct ledger *ledger, struct house *house,
                      bool thorough)
{
    for (size_t i = 0; i < wanted->count; i++) {
        uint32_t index = wanted->posts[i];
        bool looked_at = thorough || i + TAIL_READ >= wanted->count || (i + wanted->count) % 8 == 0;
        if (looked_at && !wanted->gone[index] && !knows(house, index)) {
            (void)snprintf(details, sizeof details, "post %u at %" PRIu64, index,
                           ledger->at[index]);
            return false;
        }
    }
    return true;
}

/* Hers that a crash kept from the store came in when it was opened, behind those of their batch
 * that were there: among what is not acknowledged by the store, the order is not told. */
static void bring_forward(struct wanted *wanted, size_t next, struct octets wire)
{
    if (next < wanted->sure_count) {
        return;
    }
    for (size_t i = next; i < wanted->count; i++) {
        uint32_t index = wanted->posts[i];
        if (!wanted->gone[index] && octets_equal(pool_at(index)->wire, wire)) {
            wanted->posts[i] = wanted->posts[next];
            wanted->posts[next] = index;
            return;
        }
    }
}

/* What is not to be shown next, and what is not if it is something else that is. */
static size_t skip_unshown(const struct wanted *wanted, size_t next, bool any, struct octets wire)
{
    while (next < wanted->count) {
        uint32_t index = wanted->posts[next];
        bool shown = any && octets_equal(pool_at(index)->wire, wire);
        if (!wanted->gone[index] && (!wanted->bare[index] || shown)) {
            break;
        }
        next++;
    }
    return next;
}

/* Everything shown from a position on is what is wanted from there on, in that order. */
static bool reads(struct wanted *wanted, const struct ledger *ledger, struct house *house,
                  bool thorough)
{
    uint8_t octets[POST_WIRE_MAX];
    struct octets_room room = {.at = octets, .cap = sizeof octets};
    uint64_t position = 0;
    size_t next = 0;
    if (!thorough && wanted->sure_count > TAIL_READ) {
        next = wanted->sure_count - TAIL_READ;
        while (next > 0 && ledger->at[wanted->posts[next]] == LEDGER_UNKNOWN) {
            next--;
        }
        position = next > 0 ? ledger->at[wanted->posts[next]] : 0;
    }
    for (;;) {
        uint64_t at = 0;
        struct err_note note = {{0}};
        enum err_code rc = store_next(house->store, &room, &at, &position, &note);
        next = skip_unshown(wanted, next, rc == ERR_OK, octets_of(room.at, room.len));
        if (rc != ERR_OK || next == wanted->count) {
            (void)snprintf(details, sizeof details, "%s, behind %zu of %zu posts: %s", err_name(rc),
                           next, wanted->count, note.text);
            return rc == ERR_NOT_FOUND && next == wanted->count;
        }
        bring_forward(wanted, next, octets_of(room.at, room.len));
        uint32_t index = wanted->posts[next++];
        uint64_t was_at = ledger->stored[index] ? ledger->at[index] : LEDGER_UNKNOWN;
        if (!octets_equal(octets_of(room.at, room.len), pool_at(index)->wire) ||
            (was_at != LEDGER_UNKNOWN && was_at != at)) {
            (void)snprintf(details, sizeof details,
                           "post %u, at %" PRIu64 " (was at %" PRIu64 "), %zu of %zu, stored %d",
                           index, at, was_at, next, wanted->count, ledger->stored[index]);
            return false;
        }
    }
}

static struct negentropy_bound bound_of(uint32_t index)
{
    const struct post *post = &pool_at(index)->post;
    struct negentropy_item item = {.created_s = post->created_s, .id = post->id};
    return negentropy_bound_at(&item);
}

/* The sets a post is in, as the slow way has it, worked out once. */
struct sets_of {
    struct post_id id;
    size_t count; /* 0: not yet */
    uint32_t sets[SET_OF_POST_MAX];
};

static const struct sets_of *sets_of(uint32_t index)
{
    static struct sets_of all[POOL_POSTS_MAX];
    const struct post *post = &pool_at(index)->post;
    if (all[index].count == 0 || !post_id_equal(&all[index].id, &post->id)) {
        all[index].id = post->id;
        all[index].count = set_of_post(all[index].sets, post);
    }
    return &all[index];
}

static bool is_in(uint32_t index, uint32_t set)
{
    const struct sets_of *of = sets_of(index);
    bool in = set == SET_ALL;
    for (size_t i = 0; i < of->count && !in; i++) {
        in = of->sets[i] == set;
    }
    return in;
}

static bool fold_is(struct house *house, const struct wanted *wanted, uint32_t set,
                    const struct negentropy_query *query)
{
    static struct negentropy_batch batch;
    static struct negentropy_results results;
    static struct negentropy_item items[64];
    batch.queries_count = 1;
    batch.queries[0] = *query;
    results.items = items;
    results.items_cap = 64;
    if (store_answer_set(house->store, &results, set, &batch, NULL) != ERR_OK) {
        return false;
    }
    struct fold fold = {0};
    for (size_t i = 0; i < wanted->count; i++) {
        uint32_t index = wanted->posts[i];
        const struct post *post = &pool_at(index)->post;
        struct negentropy_item item = {.created_s = post->created_s, .id = post->id};
        if (!wanted->gone[index] && is_in(index, set) &&
            negentropy_item_compare_bound(&item, &query->lower) >= 0 &&
            negentropy_item_compare_bound(&item, &query->upper) < 0) {
            fold_add_id(&fold, &post->id);
        }
    }
    return results.answers_count == 1 && memcmp(&fold, &results.answers[0].fold, sizeof fold) == 0;
}

/* Fingerprints of the other sets: of those a few posts are in, or of all there are. */
static bool fold_sets(struct house *house, const struct wanted *wanted, bool thorough)
{
    static bool seen[SETS_CAP];
    memset(seen, 0, sizeof seen);
    seen[SET_ALL] = true;
    seen[SET_STANDING] = true;
    struct negentropy_query query = {.kind = NEGENTROPY_FOLD,
                                     .lower = negentropy_bound_zero(),
                                     .upper = negentropy_bound_infinity()};
    bool right = fold_is(house, wanted, SET_STANDING, &query);
    size_t step = thorough || wanted->count < SETS_READ ? 1 : wanted->count / SETS_READ;
    for (size_t i = 0; i < wanted->count && right; i += step) {
        const struct sets_of *of = sets_of(wanted->posts[i]);
        for (size_t k = 0; k < of->count && right; k++) {
            uint32_t set = of->sets[k];
            right = seen[set] || fold_is(house, wanted, set, &query);
            seen[set] = true;
        }
    }
    return right;
}

/* Fingerprints: of everything, and of a few ranges. */
static bool folds(struct house *house, const struct wanted *wanted)
{
    struct negentropy_query query = {.kind = NEGENTROPY_FOLD,
                                     .lower = negentropy_bound_zero(),
                                     .upper = negentropy_bound_infinity()};
    bool right = fold_is(house, wanted, SET_ALL, &query);
    for (size_t i = 1; right && i < 4 && wanted->count > 1; i++) {
        query.lower = bound_of(wanted->posts[(wanted->count * i / 5 + 7 * i) % wanted->count]);
        query.upper = bound_of(wanted->posts[(wanted->count * (i + 1) / 5 + i) % wanted->count]);
        if (negentropy_bound_compare(&query.lower, &query.upper) > 0) {
            struct negentropy_bound swapped = query.lower;
            query.lower = query.upper;
            query.upper = swapped;
        }
        right = fold_is(house, wanted, SET_ALL, &query);
    }
    return right;
}

static size_t shown_count(const struct wanted *wanted)
{
    size_t count = 0;
    for (size_t i = 0; i < wanted->count; i++) {
        count += wanted->gone[wanted->posts[i]] ? 0 : 1;
    }
    return count;
}

static bool posts_hold(const struct ledger *ledger, struct house *house, uint64_t now_s,
                       bool thorough, const char **why)
{
    static struct wanted wanted;
    wanted.count = 0;
    memset(wanted.bare, 0, pool_count() * sizeof wanted.bare[0]);
    memset(wanted.has, 0, pool_count() * sizeof wanted.has[0]);
    memset(wanted.gone, 0, pool_count() * sizeof wanted.gone[0]);
    *why = "a post that was acknowledged is not known any more";
    if (!gather(&wanted, ledger, house)) {
        return false;
    }
    judge(&wanted, now_s);
    if (!are_known(&wanted, ledger, house, thorough)) {
        return false;
    }
    *why = "a post is not shown as it was put, or where it was";
    if (!reads(&wanted, ledger, house, thorough)) {
        return false;
    }
    *why = "a fingerprint is not that of the posts";
    if (!folds(house, &wanted) || !fold_sets(house, &wanted, thorough)) {
        return false;
    }
    struct store_stats stats = store_stats(house->store);
    *why = "the number of posts is wrong";
    if (stats.posts_count != shown_count(&wanted) || stats.records_count < wanted.count) {
        return false;
    }
    *why = "a crash was taken for damage";
    return stats.quarantined_count <= ledger->quarantined_count;
}

bool ledger_holds(const struct ledger *ledger, struct house *house, uint64_t now_s, bool thorough,
                  const char **why)
{
    details[0] = '\0';
    *why = "a passphrase opens the home that is not the one that was set";
    if (house->words != ledger->words.now && house->words != ledger->words.next) {
        return false;
    }
    *why = "the vault is neither what was acknowledged nor what was being written";
    if (!ledger_vault_holds(ledger, house)) {
        return false;
    }
    *why = "the journal lacks what was acknowledged, or holds more";
    if (!ledger_journal_holds(ledger, house)) {
        return false;
    }
    return posts_hold(ledger, house, now_s, thorough, why);
}

static void settle_post(struct ledger *ledger, struct house *house, uint32_t index)
{
    if (!ledger->stored[index] && knows(house, index)) {
        ledger->stored[index] = true;
        ledger->at[index] = LEDGER_UNKNOWN;
        ledger->order[ledger->order_count++] = index;
    }
}

/* Those behind before, in the order in which the store has them. */
static void sort_settled(struct ledger *ledger, struct house *house, size_t before)
{
    uint8_t octets[POST_WIRE_MAX];
    struct octets_room room = {.at = octets, .cap = sizeof octets};
    uint64_t at = 0;
    uint64_t position = 0;
    for (size_t i = before; i > 0 && position == 0; i--) {
        uint64_t known = ledger->at[ledger->order[i - 1]];
        position = known == LEDGER_UNKNOWN ? 0 : known;
    }
    while (before < ledger->order_count &&
           store_next(house->store, &room, &at, &position, NULL) == ERR_OK) {
        for (size_t i = before; i < ledger->order_count; i++) {
            uint32_t index = ledger->order[i];
            if (octets_equal(pool_at(index)->wire, octets_of(room.at, room.len))) {
                ledger->order[i] = ledger->order[before];
                ledger->order[before++] = index;
                ledger->at[index] = at;
                break;
            }
        }
    }
}

void ledger_settle(struct ledger *ledger, struct house *house)
{
    size_t before = ledger->order_count;
    for (size_t i = 0; i < ledger->flying_count; i++) {
        settle_post(ledger, house, ledger->flying[i]);
    }
    ledger->flying_count = 0;
    bool took[LEDGER_ADOPTED_MAX];
    (void)took_flying(took, ledger, house);
    for (size_t i = 0; i < ledger->own_flying_count; i++) {
        if (took[i]) {
            ledger->own[ledger->own_count++] = ledger->own_flying[i];
        }
    }
    ledger->own_flying_count = 0;
    for (size_t i = 0; i < ledger->own_count; i++) {
        settle_post(ledger, house, ledger->own[i]);
        bool has_wire = false;
        (void)own_at(house, i, ledger->own[i], &ledger->sent[i], &has_wire);
    }
    sort_settled(ledger, house, before);
    ledger->sent_flying = LEDGER_OWN_MAX;
    if (ledger->used_flying < LEDGER_INVITES) {
        ledger->used[ledger->used_flying] = invite_used(house, ledger->used_flying);
    }
    ledger->used_flying = LEDGER_INVITES;
    ledger_read_vault(&ledger->vault, vault_contents(house->vault));
    ledger->generation = vault_contents(house->vault)->generation;
    ledger->vault_flying = false;
    ledger->blocks_alone = false;
    ledger->words = (struct house_words){.now = house->words, .next = house->words};
}
