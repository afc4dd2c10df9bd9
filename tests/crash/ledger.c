#include "tests/crash/ledger.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/negentropy_query.h"

#define DAY_S     86400
#define TAIL_READ 24 /* posts whose octets are read when not thorough */

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

const char *ledger_details(void)
{
    return details;
}

/* --- the vault ----------------------------------------------------------------------------------
 */

static uint32_t who_is(const struct key *key)
{
    for (uint32_t who = 0; who < POOL_PEOPLE; who++) {
        if (key_equal(pool_person(who), key)) {
            return who;
        }
    }
    return POOL_NONE;
}

/* The number behind a text of ours; 0 for an empty one. */
static unsigned number_of(const char *text)
{
    while (*text != '\0' && (*text < '0' || *text > '9')) {
        text++;
    }
    return (unsigned)strtoul(text, NULL, 10);
}

static void read_blocks(struct ledger_vault *out, const struct vault_contents *in)
{
    for (size_t i = 0; i < in->blocks_count; i++) {
        const struct vault_block *block = &in->blocks[i];
        uint32_t who = who_is(&block->key);
        if (who == POOL_NONE) {
            out->strange = true;
            continue;
        }
        out->blocks[who].stretches++;
        out->blocks[who].in_force = block->in_force;
        out->blocks[who].label = (uint8_t)number_of(block->label);
        out->blocks[who].at_s = block->in_force ? block->since_s : block->until_s;
        out->blocks[who].position = block->in_force ? block->since_position : block->until_position;
    }
}

static void read_texts(struct ledger_vault *out, const struct vault_contents *in)
{
    char text[128];
    for (size_t i = 0; i < in->tags_count; i++) {
        (void)snprintf(text, sizeof text, "%.*s", (int)in->tags[i].tag_len,
                       (const char *)in->tags[i].tag);
        out->tags[number_of(text) % LEDGER_TAGS] = true;
    }
    for (size_t i = 0; i < in->shields_count; i++) {
        (void)snprintf(text, sizeof text, "%.*s", (int)in->shields[i].text_len,
                       (const char *)in->shields[i].text);
        out->shields[number_of(text) % LEDGER_SHIELDS] = true;
    }
    for (size_t i = 0; i < in->peers_count; i++) {
        out->peers[in->peers[i].address.port % LEDGER_PEERS] = true;
    }
    for (size_t i = 0; i < in->claims_count; i++) {
        out->claims[in->claims[i].address.port % LEDGER_PEERS] = true;
    }
}

static void read_vault(struct ledger_vault *out, const struct vault_contents *in)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < in->petnames_count; i++) {
        uint32_t who = who_is(&in->petnames[i].key);
        out->strange = out->strange || who == POOL_NONE;
        if (who != POOL_NONE) {
            out->petname[who] = (uint8_t)number_of(in->petnames[i].name);
        }
    }
    for (size_t i = 0; i < in->follows_count; i++) {
        uint32_t who = who_is(&in->follows[i]);
        out->strange = out->strange || who == POOL_NONE;
        if (who != POOL_NONE) {
            out->followed[who] = true;
        }
    }
    read_blocks(out, in);
    read_texts(out, in);
    out->steps = in->web_steps;
}

static bool vaults_equal(const struct ledger_vault *a, const struct ledger_vault *b)
{
    bool same = memcmp(a->petname, b->petname, sizeof a->petname) == 0 &&
                memcmp(a->followed, b->followed, sizeof a->followed) == 0 &&
                memcmp(a->tags, b->tags, sizeof a->tags) == 0 &&
                memcmp(a->shields, b->shields, sizeof a->shields) == 0 &&
                memcmp(a->peers, b->peers, sizeof a->peers) == 0 &&
                memcmp(a->claims, b->claims, sizeof a->claims) == 0 && a->steps == b->steps &&
                a->strange == b->strange;
    for (size_t i = 0; i < POOL_PEOPLE && same; i++) {
        same = a->blocks[i].in_force == b->blocks[i].in_force &&
               a->blocks[i].label == b->blocks[i].label &&
               a->blocks[i].stretches == b->blocks[i].stretches &&
               a->blocks[i].at_s == b->blocks[i].at_s &&
               a->blocks[i].position == b->blocks[i].position;
    }
    return same;
}

static bool blocks_hold(const struct ledger_vault *found, const struct ledger_vault *wanted)
{
    for (size_t i = 0; i < POOL_PEOPLE; i++) {
        if (wanted->blocks[i].in_force && !found->blocks[i].in_force) {
            return false;
        }
    }
    return !found->strange;
}

static bool vault_holds(const struct ledger *ledger, const struct house *house)
{
    struct ledger_vault found;
    const struct vault_contents *contents = vault_contents(house->vault);
    read_vault(&found, contents);
    if (ledger->blocks_alone) {
        return blocks_hold(&found, &ledger->vault);
    }
    return contents->generation >= ledger->generation &&
           (vaults_equal(&found, &ledger->vault) ||
            (ledger->vault_flying && vaults_equal(&found, &ledger->vault_next)));
}

/* --- the journal --------------------------------------------------------------------------------
 */

static bool own_is(const struct house *house, size_t index, uint32_t wanted, uint32_t *sent_count)
{
    struct post_id id;
    struct octets wire;
    journal_own_at(house->journal, &id, &wire, sent_count, index);
    const struct pool_post *post = pool_at(wanted);
    return post_id_equal(&id, &post->post.id) && octets_equal(wire, post->wire);
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

static bool journal_holds(const struct ledger *ledger, const struct house *house)
{
    bool took[LEDGER_ADOPTED_MAX];
    uint32_t sent_count = 0;
    if (journal_own_count(house->journal) < ledger->own_count) {
        return false;
    }
    for (size_t i = 0; i < ledger->own_count; i++) {
        if (!own_is(house, i, ledger->own[i], &sent_count)) {
            return false;
        }
        if (sent_count != ledger->sent[i] &&
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

/* --- the posts ----------------------------------------------------------------------------------
 */

/* What the store must hold, in order: what was acknowledged, what it has of the batch in flight,
 * and her own posts that it got on opening. */
struct wanted {
    uint32_t posts[POOL_POSTS_MAX];
    size_t count;
    size_t sure_count;         /* of them acknowledged by the store */
    bool has[POOL_POSTS_MAX];  /* by index into the pool */
    bool gone[POOL_POSTS_MAX]; /* retracted or expired: not shown */
};

static bool knows(struct house *house, uint32_t index)
{
    bool known = false;
    return store_known(house->store, &known, &pool_at(index)->post.id, 1, NULL) == ERR_OK && known;
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
        if (!knows(house, ledger->order[i])) {
            return false;
        }
        want(wanted, ledger->order[i]);
    }
    wanted->sure_count = wanted->count;
    for (size_t i = 0; i < ledger->flying_count; i++) {
        if (!ledger->stored[ledger->flying[i]] && knows(house, ledger->flying[i])) {
            want(wanted, ledger->flying[i]);
        }
    }
    for (size_t i = 0; i < ledger->own_count; i++) {
        if (!knows(house, ledger->own[i])) {
            return false;
        }
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
        uint32_t subject = post->subject;
        if (subject != POOL_NONE && pool_at(subject)->author == post->author &&
            pool_at(subject)->subject == POOL_NONE) {
            wanted->gone[subject] = true;
        }
    }
}

/* Everything shown from a position on is what is wanted from there on, in that order. */
static bool reads(const struct wanted *wanted, const struct ledger *ledger, struct house *house,
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
        while (next < wanted->count && wanted->gone[wanted->posts[next]]) {
            next++;
        }
        if (rc != ERR_OK || next == wanted->count) {
            (void)snprintf(details, sizeof details, "%s, behind %zu of %zu posts: %s", err_name(rc),
                           next, wanted->count, note.text);
            return rc == ERR_NOT_FOUND && next == wanted->count;
        }
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

static bool fold_is(struct house *house, const struct wanted *wanted,
                    const struct negentropy_query *query)
{
    static struct negentropy_batch batch;
    static struct negentropy_results results;
    static struct negentropy_item items[64];
    batch.queries_count = 1;
    batch.queries[0] = *query;
    results.items = items;
    results.items_cap = 64;
    if (store_answer(house->store, &results, &batch, NULL) != ERR_OK) {
        return false;
    }
    struct fold fold = {0};
    for (size_t i = 0; i < wanted->count; i++) {
        uint32_t index = wanted->posts[i];
        const struct post *post = &pool_at(index)->post;
        struct negentropy_item item = {.created_s = post->created_s, .id = post->id};
        if (!wanted->gone[index] && negentropy_item_compare_bound(&item, &query->lower) >= 0 &&
            negentropy_item_compare_bound(&item, &query->upper) < 0) {
            fold_add_id(&fold, &post->id);
        }
    }
    return results.answers_count == 1 && memcmp(&fold, &results.answers[0].fold, sizeof fold) == 0;
}

/* Fingerprints: of everything, and of a few ranges. */
static bool folds(struct house *house, const struct wanted *wanted)
{
    struct negentropy_query query = {.kind = NEGENTROPY_FOLD,
                                     .lower = negentropy_bound_zero(),
                                     .upper = negentropy_bound_infinity()};
    bool right = fold_is(house, wanted, &query);
    for (size_t i = 1; right && i < 4 && wanted->count > 1; i++) {
        query.lower = bound_of(wanted->posts[(wanted->count * i / 5 + 7 * i) % wanted->count]);
        query.upper = bound_of(wanted->posts[(wanted->count * (i + 1) / 5 + i) % wanted->count]);
        if (negentropy_bound_compare(&query.lower, &query.upper) > 0) {
            struct negentropy_bound swapped = query.lower;
            query.lower = query.upper;
            query.upper = swapped;
        }
        right = fold_is(house, wanted, &query);
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
    memset(&wanted, 0, sizeof wanted);
    *why = "a post that was acknowledged is not known any more";
    if (!gather(&wanted, ledger, house)) {
        return false;
    }
    judge(&wanted, now_s);
    *why = "a post is not shown as it was put, or where it was";
    if (!reads(&wanted, ledger, house, thorough)) {
        return false;
    }
    *why = "a fingerprint is not that of the posts";
    if (!folds(house, &wanted)) {
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
    if (!vault_holds(ledger, house)) {
        return false;
    }
    *why = "the journal lacks what was acknowledged, or holds more";
    if (!journal_holds(ledger, house)) {
        return false;
    }
    return posts_hold(ledger, house, now_s, thorough, why);
}

/* --- after damage -------------------------------------------------------------------------------
 */

struct rest {
    bool shown[POOL_POSTS_MAX];
    bool gone[POOL_POSTS_MAX];
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

static bool is_missing(const struct rest *rest, uint32_t index, uint64_t now_s)
{
    const struct post *post = &pool_at(index)->post;
    bool expired = post->expires_s != 0 && post->expires_s < now_s - now_s % DAY_S;
    return !rest->shown[index] && !rest->gone[index] && !expired;
}

bool ledger_holds_rest(const struct ledger *ledger, struct house *house, uint64_t now_s,
                       uint64_t *missing_count, const char **why)
{
    static struct rest rest;
    memset(&rest, 0, sizeof rest);
    *missing_count = 0;
    details[0] = '\0';
    *why = "the vault is not what was acknowledged";
    if (!vault_holds(ledger, house)) {
        return false;
    }
    *why = "the journal lacks what was acknowledged, or holds more";
    if (!journal_holds(ledger, house)) {
        return false;
    }
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
        if (is_missing(&rest, ledger->own[i], now_s)) {
            return false;
        }
    }
    return true;
}

/* --- settling -----------------------------------------------------------------------------------
 */

static void settle_post(struct ledger *ledger, struct house *house, uint32_t index)
{
    if (!ledger->stored[index] && knows(house, index)) {
        ledger->stored[index] = true;
        ledger->at[index] = LEDGER_UNKNOWN;
        ledger->order[ledger->order_count++] = index;
    }
}

void ledger_settle(struct ledger *ledger, struct house *house)
{
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
        (void)own_is(house, i, ledger->own[i], &ledger->sent[i]);
    }
    ledger->sent_flying = LEDGER_OWN_MAX;
    if (ledger->used_flying < LEDGER_INVITES) {
        ledger->used[ledger->used_flying] = invite_used(house, ledger->used_flying);
    }
    ledger->used_flying = LEDGER_INVITES;
    read_vault(&ledger->vault, vault_contents(house->vault));
    ledger->generation = vault_contents(house->vault)->generation;
    ledger->vault_flying = false;
    ledger->blocks_alone = false;
    ledger->words = (struct house_words){.now = house->words, .next = house->words};
}
