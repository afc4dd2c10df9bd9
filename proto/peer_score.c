#include "proto/peer_score.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/address_group.h"
#include "proto/canon.h"

#define MILLI      1000
#define STEP       10 /* on the disk */
#define STEPS      (PEER_SCORE_MAX / STEP)
#define VERSION    1
#define ROW_FIELDS 3
#define FADED      40 /* half-lives, after which nothing is left */

enum row_kind { ROW_FREE, ROW_KEY, ROW_GROUP };

struct row {
    enum row_kind kind;
    uint64_t who; /* the beginning of a static key, or a group */
    int32_t milli;
    uint64_t at_s;
};

struct peer_scores {
    struct row rows[PEER_SCORE_ROWS];
};

static const int32_t worth_milli[PEER_DEEDS_COUNT] = {
    [PEER_USEFUL] = 1000,        [PEER_DUPLICATE] = -50,  [PEER_WITHOUT] = -2000,
    [PEER_UNDELIVERED] = -15000, [PEER_INVALID] = -50000, [PEER_UNRULY] = -25000,
};

#define LEAST_MILLI (PEER_SCORE_MIN * MILLI)

/* How low each can bring a key.  What others can bring about, by when they write what (and a post
 * that expires is listed and not given), shuts nobody out. */
static const int32_t least_milli[PEER_DEEDS_COUNT] = {
    [PEER_DUPLICATE] = 0,
    [PEER_WITHOUT] = PEER_SCORE_WITHOUT_LEAST * MILLI,
    [PEER_UNDELIVERED] = LEAST_MILLI,
    [PEER_INVALID] = LEAST_MILLI,
    [PEER_UNRULY] = LEAST_MILLI,
};

enum err_code peer_scores_new(struct peer_scores **scores)
{
    struct peer_scores *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return ERR_NO_MEMORY;
    }
    *scores = made;
    return ERR_OK;
}

void peer_scores_free(struct peer_scores *scores)
{
    free(scores);
}

/* Halved for each half-life, and evenly in between. */
static int32_t faded(const struct row *row, uint64_t now_s)
{
    uint64_t passed_s = now_s > row->at_s ? now_s - row->at_s : 0;
    uint64_t halves = passed_s / PEER_SCORE_HALF_LIFE_S;
    if (halves >= FADED) {
        return 0;
    }
    int64_t value = row->milli;
    for (uint64_t i = 0; i < halves; i++) {
        value /= 2;
    }
    int64_t rest_s = (int64_t)(passed_s % PEER_SCORE_HALF_LIFE_S);
    return (int32_t)(value - value * rest_s / (2 * (int64_t)PEER_SCORE_HALF_LIFE_S));
}

static const struct row *find(const struct peer_scores *scores, enum row_kind kind, uint64_t who)
{
    for (size_t i = 0; i < PEER_SCORE_ROWS; i++) {
        if (scores->rows[i].kind == kind && scores->rows[i].who == who) {
            return &scores->rows[i];
        }
    }
    return NULL;
}

/* Keys cost nothing, and a bad one is not used again; what is good was earned, and groups are dear.
 * So whoever comes with ever new keys pushes out no more than what is known of those. */
static int32_t telling(const struct row *row, uint64_t now_s)
{
    int32_t milli = faded(row, now_s);
    if (row->kind == ROW_FREE) {
        return -1;
    }
    int32_t size = milli < 0 ? -milli : 2 * milli;
    return row->kind == ROW_GROUP ? PEER_SCORE_GROUP_PART * size : size;
}

static struct row *row_for(struct peer_scores *scores, enum row_kind kind, uint64_t who,
                           uint64_t now_s)
{
    struct row *least = &scores->rows[0];
    for (size_t i = 0; i < PEER_SCORE_ROWS; i++) {
        struct row *row = &scores->rows[i];
        if (row->kind == kind && row->who == who) {
            return row;
        }
        if (telling(row, now_s) < telling(least, now_s)) {
            least = row;
        }
    }
    *least = (struct row){.kind = kind, .who = who, .at_s = now_s};
    return least;
}

static int32_t clamped(int64_t milli)
{
    int64_t most = (int64_t)PEER_SCORE_MAX * MILLI;
    return (int32_t)(milli > most ? most : milli < -most ? -most : milli);
}

static void add(struct row *row, int32_t milli, uint64_t now_s)
{
    row->milli = clamped((int64_t)faded(row, now_s) + milli);
    row->at_s = now_s;
}

static uint64_t who_is(const struct key *key)
{
    return octets_get_u64be(key->octets);
}

static bool has_score(uint64_t group)
{
    return group != ADDRESS_GROUP_NONE && group != ADDRESS_GROUP_LOOPBACK;
}

void peer_score_note(struct peer_scores *scores, const struct key *key, uint64_t group,
                     enum peer_deed deed, uint64_t now_s)
{
    assert(deed < PEER_DEEDS_COUNT);
    int32_t milli = worth_milli[deed];
    bool is_bad = milli < 0;
    if (is_bad && least_milli[deed] > LEAST_MILLI) {
        const struct row *row = find(scores, ROW_KEY, who_is(key));
        int32_t room_milli = (row != NULL ? faded(row, now_s) : 0) - least_milli[deed];
        if (room_milli <= 0) {
            return;
        }
        milli = -milli < room_milli ? milli : -room_milli;
    }
    add(row_for(scores, ROW_KEY, who_is(key), now_s), milli, now_s);
    if (is_bad && least_milli[deed] == LEAST_MILLI && has_score(group)) {
        add(row_for(scores, ROW_GROUP, group, now_s), milli / PEER_SCORE_GROUP_PART, now_s);
    }
}

enum peer_deed peer_deed_of(enum err_code reason)
{
    switch ((int)reason) {
    case ERR_PROOF:
        return PEER_INVALID;
    case ERR_UNDELIVERED:
        return PEER_UNDELIVERED;
    case ERR_MALFORMED:
    case ERR_TRUNCATED:
    case ERR_TOO_LARGE:
    case ERR_UNEXPECTED:
    case ERR_FLOOD:
        return PEER_UNRULY;
    default:
        return PEER_DEEDS_COUNT;
    }
}

int peer_score(const struct peer_scores *scores, const struct key *key, uint64_t group,
               uint64_t now_s)
{
    const struct row *own = find(scores, ROW_KEY, who_is(key));
    const struct row *near = has_score(group) ? find(scores, ROW_GROUP, group) : NULL;
    int32_t milli = own != NULL ? faded(own, now_s) : 0;
    if (milli <= 0 && near != NULL) {
        milli = clamped((int64_t)milli + faded(near, now_s));
    }
    return milli / MILLI;
}

bool peer_score_refuses(const struct peer_scores *scores, const struct key *key, uint64_t now_s)
{
    const struct row *own = find(scores, ROW_KEY, who_is(key));
    return own != NULL && faded(own, now_s) <= PEER_SCORE_REFUSED * MILLI;
}

uint32_t peer_scores_count(const struct peer_scores *scores)
{
    uint32_t count = 0;
    for (size_t i = 0; i < PEER_SCORE_ROWS; i++) {
        count += scores->rows[i].kind != ROW_FREE;
    }
    return count;
}

/* ---- On the disk -------------------------------------------------------------------------- */

/* 0 .. 2 * STEPS, the middle being 0. */
static uint64_t steps_of(const struct row *row, uint64_t now_s)
{
    int32_t steps = faded(row, now_s) / (STEP * MILLI);
    return row->kind == ROW_FREE ? STEPS : (uint64_t)(steps + STEPS);
}

size_t peer_scores_encode(const struct peer_scores *scores, uint8_t out[PEER_SCORE_ENCODED_MAX],
                          uint64_t now_s)
{
    struct canon_writer w = canon_writer_of(out, PEER_SCORE_ENCODED_MAX);
    uint32_t count = 0;
    for (size_t i = 0; i < PEER_SCORE_ROWS; i++) {
        count += steps_of(&scores->rows[i], now_s) != STEPS;
    }
    canon_write_array(&w, count + 1);
    canon_write_uint(&w, VERSION);
    for (size_t i = 0; i < PEER_SCORE_ROWS; i++) {
        const struct row *row = &scores->rows[i];
        uint64_t steps = steps_of(row, now_s);
        if (steps != STEPS) {
            canon_write_array(&w, ROW_FIELDS);
            canon_write_uint(&w, row->who);
            canon_write_uint(&w, row->kind);
            canon_write_uint(&w, steps);
        }
    }
    return canon_written(&w).len;
}

static enum err_code read_row(struct canon_reader *r, struct row *row)
{
    uint32_t fields = 0;
    uint64_t kind = 0;
    uint64_t steps = 0;
    enum err_code rc = canon_read_array(r, &fields, ROW_FIELDS);
    if (rc == ERR_OK && fields != ROW_FIELDS) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        rc = canon_read_uint(r, &row->who, UINT64_MAX);
    }
    if (rc == ERR_OK) {
        rc = canon_read_uint(r, &kind, ROW_GROUP);
    }
    if (rc == ERR_OK) {
        rc = canon_read_uint(r, &steps, 2 * (uint64_t)STEPS);
    }
    if (rc == ERR_OK && (kind == ROW_FREE || steps == STEPS)) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        row->kind = (enum row_kind)kind;
        row->milli = ((int32_t)steps - STEPS) * STEP * MILLI;
    }
    return rc;
}

static enum err_code read_rows(struct peer_scores *scores, struct canon_reader *r, uint64_t now_s)
{
    uint32_t count = 0;
    uint64_t version = 0;
    enum err_code rc = canon_read_array(r, &count, PEER_SCORE_ROWS + 1);
    if (rc == ERR_OK && count == 0) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        rc = canon_read_uint(r, &version, VERSION);
    }
    if (rc == ERR_OK && version != VERSION) {
        rc = ERR_MALFORMED;
    }
    for (uint32_t i = 0; rc == ERR_OK && i + 1 < count; i++) {
        struct row row = {.at_s = now_s};
        rc = read_row(r, &row);
        if (rc == ERR_OK && find(scores, row.kind, row.who) != NULL) {
            rc = ERR_MALFORMED;
        }
        if (rc == ERR_OK) {
            scores->rows[i] = row;
        }
    }
    return rc == ERR_OK ? canon_end(r) : rc;
}

enum err_code peer_scores_decode(struct peer_scores **scores, struct octets encoded, uint64_t now_s)
{
    struct canon_reader r = canon_reader_of(encoded);
    struct peer_scores *made = NULL;
    enum err_code rc = peer_scores_new(&made);
    if (rc == ERR_OK) {
        rc = read_rows(made, &r, now_s);
    }
    if (rc != ERR_OK) {
        peer_scores_free(made);
        return rc;
    }
    *scores = made;
    return ERR_OK;
}
