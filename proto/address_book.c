#include "proto/address_book_inner.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "proto/address_group.h"

#define DAY_S       86400
#define SAMPLE_PART 16 /* of the book, one in so many is told */

_Static_assert(crypto_shorthash_KEYBYTES == ADDRESS_BOOK_KEY_LEN, "SipHash takes the key");

/* ---- Hashes ------------------------------------------------------------------------------- */

enum hash_use { HASH_ID = 1, HASH_NEW, HASH_NEW_BUCKET, HASH_SLOT, HASH_TRIED, HASH_DRAW };

static uint64_t hash(const struct address_book *book, enum hash_use use, uint64_t a, uint64_t b)
{
    uint8_t in[17];
    uint8_t out[crypto_shorthash_BYTES];
    in[0] = (uint8_t)use;
    octets_put_u64be(in + 1, a);
    octets_put_u64be(in + 9, b);
    (void)crypto_shorthash(out, in, sizeof in, book->key);
    return octets_get_u64be(out);
}

static uint64_t id_of(const struct address_book *book, const struct address *address)
{
    uint8_t in[1 + KEY_LEN + 2 + ADDRESS_HOST_MAX];
    uint8_t out[crypto_shorthash_BYTES];
    size_t host_len = strlen(address->host);
    in[0] = HASH_ID;
    memcpy(in + 1, address->static_key.octets, KEY_LEN);
    octets_put_u16be(in + 1 + KEY_LEN, address->port);
    memcpy(in + 1 + KEY_LEN + 2, address->host, host_len);
    (void)crypto_shorthash(out, in, 1 + KEY_LEN + 2 + host_len, book->key);
    return octets_get_u64be(out) | 1; /* 0 is nobody's */
}

/* Tellers of one group reach SOURCE_BUCKETS, and with addresses of one group one of these. */
size_t new_place(const struct address_book *book, const struct known *known)
{
    uint64_t turn =
        hash(book, HASH_NEW, known->group, known->source_group) % ADDRESS_BOOK_SOURCE_BUCKETS;
    uint64_t bucket =
        hash(book, HASH_NEW_BUCKET, known->source_group, turn) % ADDRESS_BOOK_NEW_BUCKETS;
    uint64_t slot = hash(book, HASH_SLOT, known->id, bucket) % ADDRESS_BOOK_NEW_SLOTS;
    return (size_t)(bucket * ADDRESS_BOOK_NEW_SLOTS + slot);
}

size_t tried_place(const struct address_book *book, const struct known *known)
{
    uint64_t turn = known->id / 2 % ADDRESS_BOOK_GROUP_BUCKETS; /* the last bit says nothing */
    uint64_t bucket = hash(book, HASH_TRIED, known->group, turn) % ADDRESS_BOOK_TRIED_BUCKETS;
    uint64_t slot = hash(book, HASH_SLOT, known->id, bucket) % ADDRESS_BOOK_TRIED_SLOTS;
    return (size_t)(bucket * ADDRESS_BOOK_TRIED_SLOTS + slot);
}

/* ---- Entries ------------------------------------------------------------------------------ */

enum err_code address_book_new(struct address_book **book, const uint8_t key[ADDRESS_BOOK_KEY_LEN])
{
    struct address_book *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(made->key, key, sizeof made->key);
    *book = made;
    return ERR_OK;
}

void address_book_free(struct address_book *book)
{
    if (book == NULL) {
        return;
    }
    for (size_t i = 0; i < NEW_PLACES; i++) {
        free(book->fresh[i]);
    }
    for (size_t i = 0; i < TRIED_PLACES; i++) {
        free(book->tried[i]);
    }
    sodium_memzero(book->key, sizeof book->key);
    free(book);
}

struct known *known_new(const struct address_book *book, const struct address *address)
{
    struct known *known = calloc(1, sizeof *known);
    if (known != NULL) {
        known->address = *address;
        known->id = id_of(book, address);
        known->group = address_group(address->host);
    }
    return known;
}

/* Its place depends on who told it first, so all are looked at, by ids that lie together. */
static struct known **find_new(struct address_book *book, uint64_t id)
{
    for (size_t i = 0; i < NEW_PLACES; i++) {
        if (book->fresh_ids[i] == id) {
            return &book->fresh[i];
        }
    }
    return NULL;
}

static struct known **find_tried(struct address_book *book, uint64_t id)
{
    for (size_t i = 0; i < TRIED_PLACES; i++) {
        if (book->tried[i] != NULL && book->tried[i]->id == id) {
            return &book->tried[i];
        }
    }
    return NULL;
}

void new_set(struct address_book *book, size_t place, struct known *known)
{
    book->fresh[place] = known;
    book->fresh_ids[place] = known != NULL ? known->id : 0;
}

/* Out of its place in new, and not freed. */
static struct known *take_out(struct address_book *book, struct known **there)
{
    struct known *known = *there;
    new_set(book, (size_t)(there - book->fresh), NULL);
    return known;
}

/* It need not be kept for one that may be better. */
static bool is_stale(const struct known *known, uint64_t now_s)
{
    if (known->good_s == 0) {
        bool old = now_s > known->heard_s && now_s - known->heard_s > ADDRESS_BOOK_FORGET_S;
        return old || known->fails_count >= ADDRESS_BOOK_FAILS;
    }
    return known->fails_count >= ADDRESS_BOOK_LOST;
}

static uint32_t group_count(struct known *const *places, size_t count, uint64_t group)
{
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += places[i] != NULL && places[i]->group == group;
    }
    return found;
}

/* Drawing goes by group: one more address of a group that has many adds next to nothing, and the
 * only one of a group adds a whole group. */
static bool yields(const struct known *incumbent, const struct known *comer,
                   struct known *const *places, size_t count)
{
    uint32_t has = group_count(places, count, incumbent->group);
    return has > ADDRESS_BOOK_GROUP_KEPT && group_count(places, count, comer->group) < has;
}

/* Takes known: frees it where its place is held by one that may still answer. */
static bool put_new(struct address_book *book, struct known *known, uint64_t now_s)
{
    size_t place = new_place(book, known);
    const struct known *there = book->fresh[place];
    if (there != NULL && !is_stale(there, now_s) &&
        !yields(there, known, book->fresh, NEW_PLACES)) {
        free(known);
        return false;
    }
    free(book->fresh[place]);
    new_set(book, place, known);
    return true;
}

bool address_book_add(struct address_book *book, const struct address *address,
                      uint64_t source_group, uint64_t now_s)
{
    uint64_t id = id_of(book, address);
    struct known **there = find_new(book, id);
    if (there != NULL) {
        (*there)->heard_s = now_s;
        return false;
    }
    struct known *known = find_tried(book, id) == NULL ? known_new(book, address) : NULL;
    if (known == NULL) {
        return false;
    }
    known->source_group = source_group;
    known->heard_s = now_s;
    return put_new(book, known, now_s);
}

/* ---- Tried, and tests before one gives way ------------------------------------------------ */

static struct test *test_of(struct address_book *book, uint64_t incumbent)
{
    for (size_t i = 0; i < ADDRESS_BOOK_TESTS_MAX; i++) {
        if (book->tests[i].incumbent == incumbent) {
            return &book->tests[i];
        }
    }
    return NULL;
}

static void ask_for_place(struct address_book *book, uint64_t incumbent, uint64_t waiting)
{
    struct test *free_test = test_of(book, 0);
    if (test_of(book, incumbent) == NULL && free_test != NULL) {
        *free_test = (struct test){.incumbent = incumbent, .waiting = waiting};
    }
}

static bool answered_lately(const struct known *known, uint64_t now_s)
{
    return known->good_s != 0 && now_s >= known->good_s &&
           now_s - known->good_s < ADDRESS_BOOK_FRESH_S;
}

static bool has_more(const struct address_book *book, const struct known *a, const struct known *b)
{
    return group_count(book->tried, TRIED_PLACES, a->group) >
           group_count(book->tried, TRIED_PLACES, b->group);
}

/* From new to the place in tried where another was, which goes back to new if there is room. */
static void replace(struct address_book *book, struct known **place, struct known **from,
                    uint64_t now_s)
{
    struct known *old = *place;
    struct test *test = test_of(book, old->id);
    if (test != NULL) {
        *test = (struct test){.incumbent = 0};
    }
    *place = take_out(book, from);
    (void)put_new(book, old, now_s);
}

/* From new to tried, or it waits where it is until the one in its place has been tested.  One more
 * of a group that has more than the other's does not even ask: whoever is always up would in time
 * have the places of all who are now and then away. */
static void promote(struct address_book *book, struct known **from, uint64_t now_s)
{
    struct known **place = &book->tried[tried_place(book, *from)];
    if (*place == NULL) {
        *place = take_out(book, from);
    } else if (is_stale(*place, now_s) || yields(*place, *from, book->tried, TRIED_PLACES)) {
        replace(book, place, from, now_s);
    } else if (!answered_lately(*place, now_s) && !has_more(book, *from, *place)) {
        ask_for_place(book, (*place)->id, (*from)->id);
    }
}

static void mark_good(struct known *known, uint64_t now_s)
{
    known->good_s = now_s > 0 ? now_s : 1;
    known->heard_s = now_s;
    known->failed_s = 0;
    known->fails_count = 0;
}

/* Nobody told of it: straight to tried where its place is free, else as if it had told itself. */
static void take_in_good(struct address_book *book, const struct address *address, uint64_t now_s)
{
    struct known *known = known_new(book, address);
    if (known == NULL) {
        return;
    }
    struct known **place = &book->tried[tried_place(book, known)];
    known->source_group = known->group;
    mark_good(known, now_s);
    if (*place == NULL) {
        *place = known;
    } else if (put_new(book, known, now_s)) {
        promote(book, &book->fresh[new_place(book, known)], now_s);
    }
}

void address_book_good(struct address_book *book, const struct address *address, uint64_t now_s)
{
    uint64_t id = id_of(book, address);
    struct known **tried = find_tried(book, id);
    if (tried != NULL) {
        struct test *test = test_of(book, id);
        mark_good(*tried, now_s);
        if (test != NULL) {
            *test = (struct test){.incumbent = 0}; /* it stays */
        }
        return;
    }
    struct known **there = find_new(book, id);
    if (there != NULL) {
        mark_good(*there, now_s);
        promote(book, there, now_s);
    } else {
        take_in_good(book, address, now_s);
    }
}

/* It did not answer while another waits: back to new, if there is room for it. */
static void demote(struct address_book *book, struct known **place, struct test *test,
                   uint64_t now_s)
{
    struct known **waiting = find_new(book, test->waiting);
    *test = (struct test){.incumbent = 0};
    if (waiting != NULL) {
        replace(book, place, waiting, now_s);
    }
}

void address_book_failed(struct address_book *book, const struct address *address, uint64_t now_s)
{
    uint64_t id = id_of(book, address);
    struct known **tried = find_tried(book, id);
    struct known **place = tried != NULL ? tried : find_new(book, id);
    if (place == NULL) {
        return;
    }
    (*place)->failed_s = now_s > 0 ? now_s : 1;
    (*place)->fails_count += (*place)->fails_count < FAILS_MAX;
    struct test *test = tried != NULL ? test_of(book, id) : NULL;
    if (test != NULL) {
        demote(book, tried, test, now_s);
    }
}

/* ---- Drawing ------------------------------------------------------------------------------ */

static bool failed_lately(const struct known *known, uint64_t now_s)
{
    if (known->failed_s == 0 || now_s < known->failed_s) {
        return false; /* a clock that was set back keeps nobody out */
    }
    uint64_t wait_s = ADDRESS_BOOK_AGAIN_S;
    for (uint32_t i = 1; i < known->fails_count && wait_s < DAY_S; i++) {
        wait_s *= 2;
    }
    return now_s - known->failed_s < (wait_s < DAY_S ? wait_s : DAY_S);
}

static bool among(const uint64_t *groups, size_t count, uint64_t group)
{
    for (size_t i = 0; i < count; i++) {
        if (groups[i] == group) {
            return true;
        }
    }
    return false;
}

/* Where a random number comes in that nobody knows beforehand, this need not be keyed. */
static uint64_t mix(uint64_t value, uint64_t random)
{
    uint64_t z = (value ^ random) + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = ((z ^ (z >> 27)) + random) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct draw {
    const uint64_t *taken;
    size_t taken_count;
    uint64_t random;
    uint64_t now_s;
};

/* The best so far of what was looked at.  The group with the least hash under this number is
 * drawn, and of it the address likewise: so each group is as likely, without a table of them. */
struct drawn {
    const struct known *best;
    uint64_t by[3]; /* its hashes, the first one counts most */
};

static bool is_less(const uint64_t a[3], const uint64_t b[3])
{
    size_t i = 0;
    while (i < 2 && a[i] == b[i]) {
        i++;
    }
    return a[i] < b[i];
}

/* What is new is hearsay: he who tells of ever so many groups, where nobody answers, must not be
 * all that is drawn.  So half the time it is who told that is drawn first. */
static void draw_from(struct drawn *drawn, struct known *const *places, size_t count,
                      const struct draw *draw)
{
    for (size_t i = 0; i < count; i++) {
        const struct known *known = places[i];
        if (known == NULL || failed_lately(known, draw->now_s) ||
            among(draw->taken, draw->taken_count, known->group)) {
            continue;
        }
        bool by_source = known->good_s == 0 && draw->random / 2 % 2 != 0;
        uint64_t first = by_source ? known->source_group : known->group;
        struct drawn next = {.best = known,
                             .by = {mix(first, draw->random), mix(known->group, draw->random),
                                    mix(known->id, draw->random)}};
        if (drawn->best == NULL || is_less(next.by, drawn->by)) {
            *drawn = next;
        }
    }
}

/* From tried, or from both tables: not from new alone, where the groups that have one address have
 * none left once that one was tried, and those with many have many. */
bool address_book_choose(const struct address_book *book, struct address *address,
                         const uint64_t *taken, size_t taken_count, uint64_t random, uint64_t now_s)
{
    struct draw draw = {
        .taken = taken, .taken_count = taken_count, .random = random, .now_s = now_s};
    struct drawn drawn = {.best = NULL};
    draw_from(&drawn, book->tried, TRIED_PLACES, &draw);
    if (drawn.best == NULL || random % 2 != 0) {
        draw_from(&drawn, book->fresh, NEW_PLACES, &draw);
    }
    if (drawn.best != NULL) {
        *address = drawn.best->address;
    }
    return drawn.best != NULL;
}

static const struct known *draw_test(const struct address_book *book, uint64_t random)
{
    for (size_t i = 0; i < ADDRESS_BOOK_TESTS_MAX; i++) {
        const struct test *test = &book->tests[(i + random) % ADDRESS_BOOK_TESTS_MAX];
        struct known *const *at = book->tried;
        for (size_t j = 0; test->incumbent != 0 && j < TRIED_PLACES; j++) {
            if (at[j] != NULL && at[j]->id == test->incumbent) {
                return at[j];
            }
        }
    }
    return NULL;
}

bool address_book_feel(const struct address_book *book, struct address *address, uint64_t random,
                       uint64_t now_s)
{
    struct draw draw = {.random = random, .now_s = now_s};
    struct drawn drawn = {.best = draw_test(book, random)};
    if (drawn.best == NULL) {
        draw_from(&drawn, book->fresh, NEW_PLACES, &draw);
    }
    if (drawn.best != NULL) {
        *address = drawn.best->address;
    }
    return drawn.best != NULL;
}

/* ---- Anchors, and what others are told ---------------------------------------------------- */

void address_book_set_anchors(struct address_book *book, const struct address *anchors,
                              size_t count)
{
    assert(count <= ADDRESS_BOOK_ANCHORS_MAX);
    for (size_t i = 0; i < count; i++) {
        book->anchors[i] = anchors[i];
    }
    book->anchors_count = count;
}

size_t address_book_anchors(const struct address_book *book,
                            struct address anchors[ADDRESS_BOOK_ANCHORS_MAX])
{
    for (size_t i = 0; i < book->anchors_count; i++) {
        anchors[i] = book->anchors[i];
    }
    return book->anchors_count;
}

/* Draw one after another, each of a group not drawn yet, so that what is told is spread too. */
static void draw_sample(struct address_book *book, uint64_t now_s)
{
    struct address_book_stats stats = address_book_stats(book);
    size_t want = (stats.new_count + stats.tried_count + SAMPLE_PART - 1) / SAMPLE_PART;
    uint64_t taken[ADDRESS_BOOK_SAMPLE_MAX];
    want = want < ADDRESS_BOOK_SAMPLE_MAX ? want : ADDRESS_BOOK_SAMPLE_MAX;
    book->sample_count = 0;
    for (size_t i = 0; i < want; i++) {
        uint64_t random = hash(book, HASH_DRAW, now_s / DAY_S, i);
        struct address *next = &book->sample[book->sample_count];
        if (!address_book_choose(book, next, taken, book->sample_count, random, now_s)) {
            return;
        }
        taken[book->sample_count++] = address_group(next->host);
    }
}

size_t address_book_sample(struct address_book *book, const struct address **sample, uint64_t now_s)
{
    uint64_t day = now_s / DAY_S + 1;
    if (day != book->sample_day || book->sample_count == 0) {
        draw_sample(book, now_s);
        book->sample_day = day;
    }
    *sample = book->sample;
    return book->sample_count;
}

/* ---- Figures ------------------------------------------------------------------------------ */

struct address_book_stats address_book_stats(const struct address_book *book)
{
    struct address_book_stats stats = {.new_count = 0};
    for (size_t i = 0; i < NEW_PLACES; i++) {
        stats.new_count += book->fresh[i] != NULL;
    }
    for (size_t i = 0; i < TRIED_PLACES; i++) {
        stats.tried_count += book->tried[i] != NULL;
    }
    for (size_t i = 0; i < ADDRESS_BOOK_TESTS_MAX; i++) {
        stats.tests_count += book->tests[i].incumbent != 0;
    }
    return stats;
}

void address_book_each(const struct address_book *book,
                       void (*each)(void *context, const struct address *address, bool tried),
                       void *context)
{
    for (size_t i = 0; i < NEW_PLACES; i++) {
        if (book->fresh[i] != NULL) {
            each(context, &book->fresh[i]->address, false);
        }
    }
    for (size_t i = 0; i < TRIED_PLACES; i++) {
        if (book->tried[i] != NULL) {
            each(context, &book->tried[i]->address, true);
        }
    }
}

void address_book_check(const struct address_book *book)
{
    for (size_t i = 0; i < NEW_PLACES; i++) {
        const struct known *known = book->fresh[i];
        assert(book->fresh_ids[i] == (known != NULL ? known->id : 0));
        assert(known == NULL || new_place(book, known) == i);
    }
    for (size_t i = 0; i < TRIED_PLACES; i++) {
        assert(book->tried[i] == NULL || tried_place(book, book->tried[i]) == i);
        assert(book->tried[i] == NULL || book->tried[i]->good_s > 0);
    }
}
