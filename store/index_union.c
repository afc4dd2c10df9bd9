#include "store/index_union.h"

#include <assert.h>
#include <stdlib.h>

#define DIRECT_TRIES_MAX 8

static enum err_code blame(struct index_union *u, const struct index_union_part *part,
                           enum err_code rc)
{
    if (rc == ERR_DAMAGED) {
        u->culprit = part->run;
    }
    return rc;
}

static struct run_set_bracket bracket_of(const struct index_union *u,
                                         const struct index_union_part *part,
                                         const struct negentropy_bound *bound)
{
    if (part->run != NULL) {
        return run_set_bracket(part->run, &u->set, bound);
    }
    uint64_t rank = index_sorted_rank(part->plus, bound);
    return (struct run_set_bracket){.low = rank, .high = rank};
}

static uint64_t minus_rank(const struct index_union_part *part,
                           const struct negentropy_bound *bound)
{
    return part->minus == NULL ? 0 : index_sorted_rank(part->minus, bound);
}

enum err_code index_union_begin(struct index_union *u, struct err_note *note)
{
    struct negentropy_bound infinity = negentropy_bound_infinity();
    enum err_code rc = ERR_OK;
    u->culprit = NULL;
    for (size_t i = 0; i < u->parts_count && rc == ERR_OK; i++) {
        struct index_union_part *part = &u->parts[i];
        part->whole = (struct fold){0};
        if (part->run != NULL) {
            rc = blame(u, part,
                       run_set_fold_below(part->run, &part->whole, &u->set, &infinity, note));
        } else {
            index_sorted_fold(part->plus, &part->whole, index_sorted_count(part->plus));
        }
        part->count = part->whole.count;
    }
    return rc;
}

/* ---- Folds -------------------------------------------------------------------------------- */

static enum err_code fold_part(struct index_union *u, struct fold *fold,
                               struct index_union_part *part, const struct negentropy_bound *bound,
                               struct err_note *note)
{
    if (part->run == NULL) {
        index_sorted_fold(part->plus, fold, index_sorted_rank(part->plus, bound));
        return ERR_OK;
    }
    /* Most runs lie wholly on one side of a bound. */
    struct run_set_bracket bracket = run_set_bracket(part->run, &u->set, bound);
    if (bracket.high == 0) {
        *fold = (struct fold){0};
        return ERR_OK;
    }
    if (bracket.low == part->count) {
        *fold = part->whole;
        return ERR_OK;
    }
    return blame(u, part, run_set_fold_below(part->run, fold, &u->set, bound, note));
}

enum err_code index_union_fold(struct index_union *u, struct fold *fold,
                               const struct negentropy_bound *bound, struct err_note *note)
{
    struct fold sum = {0};
    for (size_t i = 0; i < u->parts_count; i++) {
        struct index_union_part *part = &u->parts[i];
        struct fold one;
        enum err_code rc = fold_part(u, &one, part, bound, note);
        if (rc != ERR_OK) {
            return rc;
        }
        fold_add(&sum, &one);
        if (part->minus != NULL) {
            index_sorted_fold(part->minus, &one, index_sorted_rank(part->minus, bound));
            fold_subtract(&sum, &one);
        }
    }
    *fold = sum;
    return ERR_OK;
}

/* ---- The item at a rank ------------------------------------------------------------------- */

/* Looking for the last item before which no more than `rank` items are left: in each part the
 * candidates are the items low .. high-1; what is before them is not above it, what is behind them
 * is.  Pivots narrow all parts at once.  What memory knows of the runs decides first; they are read
 * only where that leaves more than one of them in question. */
struct search {
    struct index_union *u;
    uint64_t rank;
    struct err_note *note;
};

/* How many items are left below the bound, as far as memory knows: in low .. high. */
static struct run_set_bracket left_below(struct index_union *u,
                                         const struct negentropy_bound *bound)
{
    struct run_set_bracket sum = {0};
    for (size_t i = 0; i < u->parts_count; i++) {
        struct run_set_bracket one = bracket_of(u, &u->parts[i], bound);
        uint64_t minus = minus_rank(&u->parts[i], bound);
        sum.low += one.low > minus ? one.low - minus : 0;
        sum.high += one.high > minus ? one.high - minus : 0;
    }
    return sum;
}

static bool narrow(struct search *s, const struct negentropy_bound *bound, bool above)
{
    bool moved = false;
    for (size_t i = 0; i < s->u->parts_count; i++) {
        struct index_union_part *part = &s->u->parts[i];
        struct run_set_bracket one = bracket_of(s->u, part, bound);
        if (above && one.high < part->high) {
            part->high = one.high;
            moved = true;
        }
        if (!above && one.low > part->low) {
            part->low = one.low;
            moved = true;
        }
    }
    return moved;
}

static enum err_code exact_rank(struct index_union *u, uint64_t *rank,
                                struct index_union_part *part, const struct negentropy_bound *bound,
                                struct err_note *note)
{
    struct run_set_bracket one = bracket_of(u, part, bound);
    if (one.low == one.high) {
        *rank = one.low;
        return ERR_OK;
    }
    return blame(u, part, run_set_rank(part->run, rank, &u->set, bound, note));
}

static enum err_code item_at(struct index_union *u, struct negentropy_item *item,
                             struct index_union_part *part, uint64_t rank, struct err_note *note)
{
    if (part->run == NULL) {
        *item = index_sorted_at(part->plus, rank);
        return ERR_OK;
    }
    struct run_set_entry entry;
    enum err_code rc = run_set_at(part->run, &entry, &u->set, rank, note);
    if (rc == ERR_OK) {
        *item = entry.item;
    }
    /* A run that has fewer than it said contradicts itself. */
    return blame(u, part, rc == ERR_NOT_FOUND ? ERR_DAMAGED : rc);
}

/* Pivot on the middle candidate of a part itself: always narrows it. */
static enum err_code pivot_exactly(struct search *s, struct index_union_part *part)
{
    uint64_t middle = part->low + (part->high - part->low) / 2;
    struct negentropy_item item;
    enum err_code rc = item_at(s->u, &item, part, middle, s->note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct negentropy_bound bound = negentropy_bound_at(&item);
    uint64_t left = 0;
    for (size_t i = 0; i < s->u->parts_count; i++) {
        struct index_union_part *other = &s->u->parts[i];
        other->pivot = middle;
        if (other != part) {
            rc = exact_rank(s->u, &other->pivot, other, &bound, s->note);
            if (rc != ERR_OK) {
                return rc;
            }
        }
        left += other->pivot - minus_rank(other, &bound);
    }
    bool above = left > s->rank;
    for (size_t i = 0; i < s->u->parts_count; i++) {
        struct index_union_part *other = &s->u->parts[i];
        uint64_t rank = other->pivot;
        if (above) {
            other->high = rank < other->high ? rank : other->high;
        } else {
            rank += other == part ? 1 : 0;
            other->low = rank > other->low ? rank : other->low;
        }
    }
    return ERR_OK;
}

/* Pivot on a second that memory knows of; false where that decides nothing. */
static bool pivot_from_memory(struct search *s, struct index_union_part *part)
{
    struct negentropy_bound bound = {0};
    if (part->run == NULL) {
        struct negentropy_item item =
            index_sorted_at(part->plus, part->low + (part->high - part->low) / 2);
        bound = negentropy_bound_at(&item);
    } else if (!run_set_middle(part->run, &bound.created_s, &s->u->set, part->low, part->high)) {
        return false;
    }
    struct run_set_bracket left = left_below(s->u, &bound);
    if (left.low > s->rank) {
        return narrow(s, &bound, true);
    }
    return left.high <= s->rank && narrow(s, &bound, false);
}

static struct index_union_part *widest(struct index_union *u, size_t *open_count)
{
    struct index_union_part *found = &u->parts[0];
    *open_count = 0;
    for (size_t i = 0; i < u->parts_count; i++) {
        struct index_union_part *part = &u->parts[i];
        *open_count += part->low < part->high ? 1 : 0;
        if (part->high - part->low > found->high - found->low) {
            found = part;
        }
    }
    return found;
}

static bool taken_away(const struct index_union_part *part, const struct negentropy_item *item)
{
    if (part->minus == NULL) {
        return false;
    }
    struct negentropy_bound bound = negentropy_bound_at(item);
    uint64_t rank = index_sorted_rank(part->minus, &bound);
    if (rank == index_sorted_count(part->minus)) {
        return false;
    }
    struct negentropy_item gone = index_sorted_at(part->minus, rank);
    return negentropy_item_compare(&gone, item) == 0;
}

/* Where no other part has candidates the place is a subtraction, and what is taken away moves it.
 *   ERR_NOT_FOUND  it did not settle */
static enum err_code place_directly(struct search *s, struct negentropy_item *item, uint64_t *place,
                                    struct index_union_part *part)
{
    uint64_t others = 0;
    for (size_t i = 0; i < s->u->parts_count; i++) {
        others += &s->u->parts[i] == part ? 0 : s->u->parts[i].low;
    }
    uint64_t minus = 0;
    for (unsigned tries = 0; tries < DIRECT_TRIES_MAX; tries++) {
        if (s->rank + minus < others + part->low || s->rank + minus >= others + part->high) {
            return ERR_NOT_FOUND;
        }
        *place = s->rank + minus - others;
        enum err_code rc = item_at(s->u, item, part, *place, s->note);
        if (rc != ERR_OK) {
            return rc;
        }
        struct negentropy_bound bound = negentropy_bound_at(item);
        uint64_t now = 0;
        for (size_t i = 0; i < s->u->parts_count; i++) {
            now += minus_rank(&s->u->parts[i], &bound);
        }
        if (now == minus) {
            return taken_away(part, item) ? ERR_NOT_FOUND : ERR_OK;
        }
        minus = now;
    }
    return ERR_NOT_FOUND;
}

static void begin(struct search *s)
{
    for (size_t i = 0; i < s->u->parts_count; i++) {
        s->u->parts[i].low = 0;
        s->u->parts[i].high = s->u->parts[i].count;
    }
}

/* The greatest of the items just before the candidates. */
static enum err_code last_below(struct search *s, struct negentropy_item *item)
{
    bool found = false;
    for (size_t i = 0; i < s->u->parts_count; i++) {
        struct index_union_part *part = &s->u->parts[i];
        struct negentropy_item one;
        if (part->low == 0) {
            continue;
        }
        enum err_code rc = item_at(s->u, &one, part, part->low - 1, s->note);
        if (rc != ERR_OK) {
            return rc;
        }
        if (!found || negentropy_item_compare(&one, item) > 0) {
            *item = one;
            found = true;
        }
    }
    return found ? ERR_OK : ERR_DAMAGED;
}

/* The first item of the part from a rank on that was not taken away.
 *   ERR_NOT_FOUND  there is none, or too many were */
static enum err_code first_left(struct search *s, struct negentropy_item *item,
                                struct index_union_part *part, uint64_t rank)
{
    for (unsigned tries = 0; tries < DIRECT_TRIES_MAX && rank < part->count; tries++, rank++) {
        enum err_code rc = item_at(s->u, item, part, rank, s->note);
        if (rc != ERR_OK || !taken_away(part, item)) {
            return rc;
        }
    }
    return ERR_NOT_FOUND;
}

/* The least of the items just behind the candidates, of which there are none.
 *   ERR_NOT_FOUND  it is to be searched for */
static enum err_code first_above(struct search *s, struct negentropy_item *item)
{
    bool found = false;
    for (size_t i = 0; i < s->u->parts_count; i++) {
        struct index_union_part *part = &s->u->parts[i];
        struct negentropy_item one;
        if (part->high == part->count) {
            continue;
        }
        enum err_code rc = first_left(s, &one, part, part->high);
        if (rc != ERR_OK) {
            return rc;
        }
        if (!found || negentropy_item_compare(&one, item) < 0) {
            *item = one;
            found = true;
        }
    }
    return found ? ERR_OK : ERR_NOT_FOUND;
}

/* All candidates are gone: what is looked for lies just before them, and the next behind them. */
static enum err_code find_around(struct search *s, struct negentropy_item pair[2], bool *next_too)
{
    enum err_code rc = last_below(s, &pair[0]);
    if (rc == ERR_OK) {
        rc = first_above(s, &pair[1]);
        *next_too = rc == ERR_OK;
        rc = rc == ERR_NOT_FOUND ? ERR_OK : rc;
    }
    return rc;
}

static enum err_code find_directly(struct search *s, struct negentropy_item pair[2], bool *next_too,
                                   struct index_union_part *part)
{
    uint64_t place;
    enum err_code rc = place_directly(s, &pair[0], &place, part);
    if (rc == ERR_OK && place + 1 < part->high) {
        rc = item_at(s->u, &pair[1], part, place + 1, s->note);
        *next_too = rc == ERR_OK && !taken_away(part, &pair[1]);
    }
    return rc;
}

/* The item at s->rank; *next_too where pair[1] was found beside it. */
static enum err_code find(struct search *s, struct negentropy_item pair[2], bool *next_too)
{
    *next_too = false;
    begin(s);
    for (;;) {
        size_t open_count;
        struct index_union_part *part = widest(s->u, &open_count);
        if (open_count == 0) {
            return find_around(s, pair, next_too);
        }
        enum err_code rc = open_count == 1 ? find_directly(s, pair, next_too, part) : ERR_NOT_FOUND;
        if (rc != ERR_NOT_FOUND) {
            return rc;
        }
        if (!pivot_from_memory(s, part)) {
            rc = pivot_exactly(s, part);
            if (rc != ERR_OK) {
                return rc;
            }
        }
    }
}

enum err_code index_union_pair(struct index_union *u, struct negentropy_item pair[2], uint64_t rank,
                               struct err_note *note)
{
    bool next_too;
    struct negentropy_item found[2];
    struct search s = {.u = u, .rank = rank, .note = note};
    enum err_code rc = find(&s, found, &next_too);
    if (rc == ERR_OK && !next_too) {
        struct negentropy_item next[2];
        s.rank = rank + 1;
        rc = find(&s, next, &next_too);
        found[1] = next[0];
    }
    if (rc == ERR_OK) {
        pair[0] = found[0];
        pair[1] = found[1];
    }
    return rc;
}

/* ---- Listing ------------------------------------------------------------------------------ */

struct lane {
    struct index_union_part *part;
    struct run_set_cursor *cursor; /* of a run */
    uint64_t at;                   /* of a copy */
    uint64_t minus_at;
    struct negentropy_item item;
    bool end;
};

/* The next item of the part that was not taken away. */
static enum err_code lane_next(struct index_union *u, struct lane *lane, struct err_note *note)
{
    const struct index_sorted *minus = lane->part->minus;
    for (;;) {
        if (lane->cursor != NULL) {
            struct run_set_entry entry;
            enum err_code rc = run_set_next(lane->cursor, &entry, note);
            if (rc == ERR_NOT_FOUND) {
                lane->end = true;
                return ERR_OK;
            }
            if (rc != ERR_OK) {
                return blame(u, lane->part, rc);
            }
            lane->item = entry.item;
        } else if (lane->at == lane->part->count) {
            lane->end = true;
            return ERR_OK;
        } else {
            lane->item = index_sorted_at(lane->part->plus, lane->at++);
        }
        if (minus == NULL || lane->minus_at == index_sorted_count(minus)) {
            return ERR_OK;
        }
        struct negentropy_item gone = index_sorted_at(minus, lane->minus_at);
        if (negentropy_item_compare(&gone, &lane->item) != 0) {
            return ERR_OK;
        }
        lane->minus_at++;
    }
}

static enum err_code lane_begin(struct index_union *u, struct lane *lane,
                                const struct negentropy_bound *lower, struct err_note *note)
{
    struct index_union_part *part = lane->part;
    lane->minus_at = minus_rank(part, lower);
    if (part->run == NULL) {
        lane->at = index_sorted_rank(part->plus, lower);
        return lane_next(u, lane, note);
    }
    lane->cursor = malloc(sizeof *lane->cursor);
    if (lane->cursor == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err_code rc = blame(u, part, run_set_seek(lane->cursor, part->run, &u->set, lower, note));
    return rc == ERR_OK ? lane_next(u, lane, note) : rc;
}

static struct lane *lowest(struct lane *lanes, size_t count)
{
    struct lane *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!lanes[i].end &&
            (found == NULL || negentropy_item_compare(&lanes[i].item, &found->item) < 0)) {
            found = &lanes[i];
        }
    }
    return found;
}

/* A lane for each part that may hold anything of the range. */
static enum err_code begin_lanes(struct index_union *u, struct lane *lanes, size_t *lanes_count,
                                 const struct negentropy_bound range[2], struct err_note *note)
{
    enum err_code rc = ERR_OK;
    *lanes_count = 0;
    for (size_t i = 0; i < u->parts_count && rc == ERR_OK; i++) {
        struct index_union_part *part = &u->parts[i];
        if (bracket_of(u, part, &range[0]).low == part->count ||
            bracket_of(u, part, &range[1]).high == 0) {
            continue;
        }
        struct lane *lane = &lanes[(*lanes_count)++];
        lane->part = part;
        rc = lane_begin(u, lane, &range[0], note);
    }
    return rc;
}

enum err_code index_union_list(struct index_union *u, struct negentropy_item *items,
                               size_t *items_count, size_t items_max,
                               const struct negentropy_bound range[2], struct err_note *note)
{
    struct lane *lanes = calloc(u->parts_count + 1, sizeof *lanes);
    if (lanes == NULL) {
        return ERR_NO_MEMORY;
    }
    size_t lanes_count;
    size_t count = 0;
    enum err_code rc = begin_lanes(u, lanes, &lanes_count, range, note);
    while (rc == ERR_OK && count < items_max) {
        struct lane *lane = lowest(lanes, lanes_count);
        if (lane == NULL || negentropy_item_compare_bound(&lane->item, &range[1]) >= 0) {
            break;
        }
        items[count++] = lane->item;
        rc = lane_next(u, lane, note);
    }
    for (size_t i = 0; i < lanes_count; i++) {
        free(lanes[i].cursor);
    }
    free(lanes);
    if (rc == ERR_OK) {
        *items_count = count;
    }
    return rc;
}
