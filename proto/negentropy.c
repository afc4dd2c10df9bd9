#include "proto/negentropy.h"

#include <assert.h>
#include <string.h>

#include "proto/negentropy_wire.h"

#define VERSION_FIRST 0x60
#define VERSION_LAST  0x6f

/* What is left to do after one range. */
enum progress {
    PROGRESS_NEXT,   /* on to the next range */
    PROGRESS_PARTLY, /* the same range goes on with the next answers */
    PROGRESS_FULL    /* the reply is full; n->rest says where the rest begins */
};

void negentropy_init(struct negentropy *n, enum negentropy_role role, size_t frame_max)
{
    assert(frame_max >= NEGENTROPY_FRAME_MIN && frame_max <= NEGENTROPY_MESSAGE_MAX);
    memset(n, 0, sizeof *n);
    n->role = role;
    n->frame_max = frame_max;
    n->ceiling_s = NEGENTROPY_INFINITY_S;
}

void negentropy_set_floor(struct negentropy *n, uint64_t floor_s)
{
    assert(n->state == NEGENTROPY_IDLE);
    n->floor = negentropy_bound_zero();
    n->floor.created_s = floor_s;
}

void negentropy_set_ceiling(struct negentropy *n, uint64_t ceiling_s)
{
    assert(n->role == NEGENTROPY_INITIATOR && n->state == NEGENTROPY_IDLE);
    n->ceiling_s = ceiling_s;
}

void negentropy_set_opening(struct negentropy *n, uint64_t salt)
{
    assert(n->role == NEGENTROPY_INITIATOR && n->state == NEGENTROPY_IDLE);
    n->spread = true;
    n->salt = salt;
}

static struct negentropy_bound ceiling(const struct negentropy *n)
{
    struct negentropy_bound bound = {.created_s = n->ceiling_s};
    return negentropy_bound_compare(&bound, &n->floor) < 0 ? n->floor : bound;
}

/* The bound, or the floor where that is higher. */
static struct negentropy_bound above_floor(const struct negentropy *n,
                                           const struct negentropy_bound *bound)
{
    return negentropy_bound_compare(bound, &n->floor) < 0 ? n->floor : *bound;
}

static void step_begin(struct negentropy_step *step)
{
    step->batch.queries_count = 0;
    step->have.count = 0;
    step->need.count = 0;
}

static void ask(struct negentropy_step *step, const struct negentropy_query *query)
{
    step->batch.queries[step->batch.queries_count++] = *query;
    step->next = NEGENTROPY_ASK;
}

static void end_turn(struct negentropy *n, struct negentropy_step *step)
{
    bool silent = n->reply.room->len == 1; /* the version alone */
    step->next = silent && n->role == NEGENTROPY_INITIATOR ? NEGENTROPY_DONE : NEGENTROPY_SEND;
    n->state = NEGENTROPY_IDLE;
}

void negentropy_initiate(struct negentropy *n, struct negentropy_step *step,
                         struct octets_room *reply)
{
    assert(n->role == NEGENTROPY_INITIATOR && n->state == NEGENTROPY_IDLE);
    step_begin(step);
    negentropy_reply_begin(&n->reply, reply, n->frame_max);
    n->state = NEGENTROPY_OPENING;
    ask(step, &(struct negentropy_query){.kind = NEGENTROPY_SPLIT,
                                         .lower = n->floor,
                                         .upper = ceiling(n),
                                         .opening = n->spread,
                                         .salt = n->salt});
}

/* Reads the range at *at, which goes on from lower; false at the end of the message, which
 * negentropy_receive() found to hold nothing but valid ranges. */
static bool next_range(const struct negentropy *n, struct negentropy_range *range, size_t *at,
                       const struct negentropy_bound *lower)
{
    if (*at >= n->message.len || negentropy_get_range(range, at, n->message, lower) != ERR_OK) {
        return false;
    }
    if (negentropy_bound_compare(&range->upper, &n->floor) <= 0) {
        range->mode = NEGENTROPY_MODE_SKIP;
    }
    return true;
}

static struct negentropy_query query_of(const struct negentropy_range *range,
                                        const struct negentropy_bound *unread)
{
    struct negentropy_query query = {
        .kind = NEGENTROPY_LIST, .lower = *unread, .upper = range->upper};
    if (range->mode == NEGENTROPY_MODE_FINGERPRINT) {
        query.kind = NEGENTROPY_SPLIT;
        query.unless_equal = true;
        query.theirs = range->print;
    }
    return query;
}

/* Ask for what the next ranges need; where none needs anything, the turn is over. */
static void plan(struct negentropy *n, struct negentropy_step *step)
{
    size_t at = n->at;
    struct negentropy_bound lower = n->lower;
    struct negentropy_bound unread = n->listing ? n->listed : n->lower;
    struct negentropy_range range;
    while (step->batch.queries_count < NEGENTROPY_QUERIES_MAX &&
           next_range(n, &range, &at, &lower)) {
        if (range.mode != NEGENTROPY_MODE_SKIP) {
            unread = above_floor(n, &unread);
            struct negentropy_query query = query_of(&range, &unread);
            ask(step, &query);
        }
        lower = range.upper;
        unread = range.upper;
    }
    if (step->batch.queries_count == 0) {
        end_turn(n, step);
    }
}

static enum err_code check_version(uint8_t version, enum negentropy_role role)
{
    if (version < VERSION_FIRST || version > VERSION_LAST) {
        return ERR_MALFORMED;
    }
    return version != NEGENTROPY_VERSION && role == NEGENTROPY_INITIATOR ? ERR_VERSION : ERR_OK;
}

static enum err_code check_ranges(struct octets message)
{
    size_t at = 1;
    struct negentropy_range range = {.upper = negentropy_bound_zero()};
    for (size_t ranges_count = 0; at < message.len; ranges_count++) {
        if (ranges_count == NEGENTROPY_RANGES_MAX) {
            return ERR_TOO_LARGE;
        }
        struct negentropy_bound lower = range.upper;
        enum err_code rc = negentropy_get_range(&range, &at, message, &lower);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    return ERR_OK;
}

static enum err_code check_message(struct octets message, enum negentropy_role role)
{
    if (message.len == 0) {
        return ERR_TRUNCATED;
    }
    if (message.len > NEGENTROPY_MESSAGE_MAX) {
        return ERR_TOO_LARGE;
    }
    enum err_code rc = check_version(message.at[0], role);
    if (rc != ERR_OK || message.at[0] != NEGENTROPY_VERSION) {
        return rc; /* what another version means by the rest is not ours to judge */
    }
    return check_ranges(message);
}

enum err_code negentropy_receive(struct negentropy *n, struct negentropy_step *step,
                                 struct octets_room *reply, struct octets message)
{
    assert(n->state == NEGENTROPY_IDLE);
    enum err_code rc = check_message(message, n->role);
    if (rc != ERR_OK) {
        return rc;
    }
    step_begin(step);
    negentropy_reply_begin(&n->reply, reply, n->frame_max);
    if (message.at[0] != NEGENTROPY_VERSION) {
        end_turn(n, step);
        return ERR_OK;
    }
    n->state = NEGENTROPY_ANSWERING;
    n->message = message;
    n->at = 1;
    n->lower = negentropy_bound_zero();
    n->listing = false;
    n->ids_before = 0;
    plan(n, step);
    return ERR_OK;
}

static enum progress after_writing(struct negentropy *n, const struct negentropy_bound *upper)
{
    n->rest = *upper;
    return negentropy_reply_full(&n->reply) ? PROGRESS_FULL : PROGRESS_NEXT;
}

static bool is_empty_print(const struct fingerprint *print)
{
    const struct fold empty = {.count = 0};
    struct fingerprint empty_print;
    fingerprint_of(&empty_print, &empty);
    return fingerprint_equal(print, &empty_print);
}

static enum progress on_fingerprint(struct negentropy *n, const struct negentropy_range *range,
                                    const struct negentropy_answer *answer)
{
    if (answer->shape == NEGENTROPY_FOLDED) {
        negentropy_reply_skip(&n->reply, &range->upper);
        return PROGRESS_NEXT;
    }
    if (negentropy_reply_split(&n->reply, &range->upper, answer)) {
        return after_writing(n, &range->upper);
    }
    /* The rest is read as beginning where the reply stopped, but the reference folds it from the
     * end of this range: a mismatch at the peer for as long as the peer has something in this
     * range, and then the range is gone through again.  A peer that has nothing there would take
     * the two for equal and lose our posts, so then the rest includes them. */
    n->rest = is_empty_print(&range->print) ? n->reply.spoken : range->upper;
    return PROGRESS_FULL;
}

/* The place right behind item. */
static struct negentropy_bound bound_behind(const struct negentropy_item *item)
{
    struct negentropy_bound bound = negentropy_bound_at(item);
    for (size_t i = POST_ID_LEN; i-- > 0;) {
        if (++bound.id.octets[i] != 0) {
            return bound;
        }
    }
    bound.created_s++; /* all octets of the id were 0xff and are 0 now */
    return bound;
}

static enum progress list_on(struct negentropy *n, const struct negentropy_answer *answer)
{
    if (answer->items_count > 0) {
        n->listed = bound_behind(&answer->items[answer->items_count - 1]);
    }
    return PROGRESS_PARTLY;
}

static void found(struct negentropy_found *ids, const struct post_id *id)
{
    assert(ids->count < ids->cap);
    ids->at[ids->count++] = *id;
}

/* Initiator: the peer's list is the last word about its range. */
static enum progress compare_list(struct negentropy *n, struct negentropy_step *step,
                                  const struct negentropy_range *range,
                                  const struct negentropy_answer *answer)
{
    for (size_t i = 0; i < answer->items_count; i++) {
        if (!negentropy_ids_strike(&n->theirs, &answer->items[i].id)) {
            found(&step->have, &answer->items[i].id);
        }
    }
    if (answer->more) {
        return list_on(n, answer);
    }
    struct negentropy_found *need = &step->need;
    assert(range->ids_count <= need->cap - need->count);
    uint16_t *places = need->places == NULL ? NULL : need->places + need->count;
    size_t left_count = negentropy_ids_left(&n->theirs, need->at + need->count, places);
    for (size_t i = 0; places != NULL && i < left_count; i++) {
        places[i] = (uint16_t)(places[i] + n->ids_before);
    }
    need->count += left_count;
    negentropy_reply_skip(&n->reply, &range->upper);
    return PROGRESS_NEXT;
}

/* Responder: a list is answered with our own. */
static enum progress answer_list(struct negentropy *n, const struct negentropy_range *range,
                                 const struct negentropy_answer *answer)
{
    for (size_t i = 0; i < answer->items_count; i++) {
        if (!negentropy_reply_list_add(&n->reply, &answer->items[i].id)) {
            n->rest = negentropy_bound_at(&answer->items[i]);
            negentropy_reply_list_end(&n->reply, &n->rest);
            return PROGRESS_FULL;
        }
    }
    if (answer->more) {
        return list_on(n, answer);
    }
    negentropy_reply_list_end(&n->reply, &range->upper);
    return after_writing(n, &range->upper);
}

static enum progress on_list(struct negentropy *n, struct negentropy_step *step,
                             const struct negentropy_range *range,
                             const struct negentropy_answer *answer)
{
    bool initiator = n->role == NEGENTROPY_INITIATOR;
    if (!n->listing) {
        n->listing = true;
        n->listed = above_floor(n, &n->lower);
        if (initiator) {
            negentropy_ids_init(&n->theirs, range->ids, range->ids_count);
        } else {
            negentropy_reply_list(&n->reply);
        }
    }
    return initiator ? compare_list(n, step, range, answer) : answer_list(n, range, answer);
}

/* Go through the ranges whose answers came. */
static enum progress work(struct negentropy *n, struct negentropy_step *step,
                          const struct negentropy_results *results)
{
    size_t at = n->at;
    size_t used_count = 0;
    struct negentropy_range range;
    while (next_range(n, &range, &at, &n->lower)) {
        enum progress progress = PROGRESS_NEXT;
        if (!n->listing && negentropy_bound_compare(&n->lower, &n->floor) < 0 &&
            negentropy_bound_compare(&range.upper, &n->floor) > 0) {
            negentropy_reply_skip(&n->reply, &n->floor);
        }
        if (range.mode == NEGENTROPY_MODE_SKIP) {
            negentropy_reply_skip(&n->reply, &range.upper);
        } else if (used_count == results->answers_count) {
            return PROGRESS_PARTLY;
        } else if (range.mode == NEGENTROPY_MODE_FINGERPRINT) {
            progress = on_fingerprint(n, &range, &results->answers[used_count++]);
        } else {
            progress = on_list(n, step, &range, &results->answers[used_count++]);
        }
        if (progress != PROGRESS_NEXT) {
            return progress;
        }
        n->at = at;
        n->lower = range.upper;
        n->listing = false;
        n->ids_before += range.ids_count;
    }
    return PROGRESS_NEXT;
}

static void answer_ranges(struct negentropy *n, struct negentropy_step *step,
                          const struct negentropy_results *results)
{
    if (work(n, step, results) != PROGRESS_FULL) {
        plan(n, step);
        return;
    }
    n->state = NEGENTROPY_CLOSING;
    ask(step, &(struct negentropy_query){
                  .kind = NEGENTROPY_FOLD, .lower = n->rest, .upper = negentropy_bound_infinity()});
}

void negentropy_resume(struct negentropy *n, struct negentropy_step *step,
                       const struct negentropy_results *results)
{
    assert(n->state != NEGENTROPY_IDLE && results->answers_count > 0);
    assert(results->items_cap <= NEGENTROPY_IDS_MAX);
    step_begin(step);
    const struct negentropy_answer *answer = &results->answers[0];
    const struct negentropy_bound upper = ceiling(n);
    bool fits = true;
    switch (n->state) {
    case NEGENTROPY_OPENING:
        if (n->floor.created_s > 0) {
            negentropy_reply_skip(&n->reply, &n->floor);
        }
        fits = negentropy_reply_split(&n->reply, &upper, answer);
        assert(fits); /* one split is far below NEGENTROPY_FRAME_MIN */
        end_turn(n, step);
        break;
    case NEGENTROPY_ANSWERING:
        answer_ranges(n, step, results);
        break;
    case NEGENTROPY_CLOSING:
        negentropy_reply_rest(&n->reply, &answer->fold);
        end_turn(n, step);
        break;
    case NEGENTROPY_IDLE:
        break;
    }
}
