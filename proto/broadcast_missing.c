#include <assert.h>
#include <stdlib.h>

#include "proto/broadcast_inner.h"

#define FIRST_CAP     64
#define MISSING_SHARE 4
#define EARLY_SHARE   16

/* ---- The table ---------------------------------------------------------------------------- */

static uint32_t *chain_of(const struct broadcast *b, const struct post_id *id)
{
    assert(b->missing_cap > 0);
    return &b->chains[broadcast_hash(b, id) % b->missing_cap];
}

uint32_t missing_find(const struct broadcast *b, const struct post_id *id)
{
    if (b->missing_count == 0) {
        return NONE;
    }
    uint32_t m = *chain_of(b, id);
    while (m != NONE && !post_id_equal(&b->missing[m].id, id)) {
        m = b->missing[m].chain_next;
    }
    return m;
}

static void chain(struct broadcast *b, uint32_t m)
{
    uint32_t *head = chain_of(b, &b->missing[m].id);
    b->missing[m].chain_next = *head;
    *head = m;
}

/* Twice as many places, or the first ones; false at the bound, or without memory. */
static bool grow(struct broadcast *b)
{
    uint32_t cap = b->missing_cap == 0 ? FIRST_CAP : 2 * b->missing_cap;
    cap = cap < b->config.missing_max ? cap : b->config.missing_max;
    if (cap == b->missing_cap) {
        return false;
    }
    struct missing *missing = realloc(b->missing, cap * sizeof *missing);
    b->missing = missing != NULL ? missing : b->missing;
    uint32_t *chains = realloc(b->chains, cap * sizeof *chains);
    b->chains = chains != NULL ? chains : b->chains;
    if (missing == NULL || chains == NULL) {
        return false;
    }
    uint32_t before = b->missing_cap;
    b->missing_cap = cap;
    for (uint32_t m = 0; m < cap; m++) {
        chains[m] = NONE;
    }
    for (uint32_t m = 0; m < before; m++) {
        chain(b, m); /* all were in use, or there would be no need */
    }
    for (uint32_t m = before; m < cap; m++) {
        missing[m].state = MISSING_FREE;
        missing[m].chain_next = m + 1 < cap ? m + 1 : NONE;
    }
    b->missing_free = before;
    return true;
}

static void set_state(struct broadcast *b, struct missing *missing, enum missing_state state)
{
    b->check_due_count -= missing->state == MISSING_CHECK_DUE;
    b->ask_due_count -= missing->state == MISSING_ASK_DUE;
    missing->state = state;
    b->check_due_count += state == MISSING_CHECK_DUE;
    b->ask_due_count += state == MISSING_ASK_DUE;
}

static void set_deadline(struct broadcast *b, struct missing *missing, uint64_t at_ms)
{
    missing->at_ms = at_ms;
    b->deadline_ms = at_ms < b->deadline_ms ? at_ms : b->deadline_ms;
}

static void count_promise(struct broadcast *b, uint32_t l, bool made)
{
    struct link *link = &b->links[l];
    bool leaf = link->kind == BROADCAST_LEAF;
    link->promises_count += made ? 1 : UINT32_MAX;
    b->leaves_promises_count += !leaf ? 0 : made ? 1 : UINT32_MAX;
}

void missing_drop(struct broadcast *b, uint32_t m)
{
    struct missing *missing = &b->missing[m];
    for (uint32_t s = 0; s < missing->senders_count; s++) {
        count_promise(b, missing->senders[s].link, false);
    }
    uint32_t *at = chain_of(b, &missing->id);
    while (*at != m) {
        at = &b->missing[*at].chain_next;
    }
    *at = missing->chain_next;
    set_state(b, missing, MISSING_FREE);
    missing->chain_next = b->missing_free;
    b->missing_free = m;
    b->missing_count--;
}

static uint32_t add(struct broadcast *b, const struct post_id *id)
{
    if (b->missing_count == b->missing_cap && !grow(b)) {
        return NONE;
    }
    uint32_t m = b->missing_free;
    b->missing_free = b->missing[m].chain_next;
    b->missing[m] = (struct missing){.id = *id, .state = MISSING_FREE};
    b->missing_count++;
    chain(b, m);
    return m;
}

/* ---- Promises ----------------------------------------------------------------------------- */

/* The 95th percentile (nearest rank) of the latest round trips; 0 where none is known. */
static uint64_t rtt_high_ms(const struct link *link)
{
    uint16_t highest = 0;
    uint16_t second = 0;
    for (uint32_t i = 0; i < link->rtts_count; i++) {
        uint16_t ms = link->rtts_ms[i];
        if (ms >= highest) {
            second = highest;
            highest = ms;
        } else if (ms > second) {
            second = ms;
        }
    }
    return link->rtts_count >= RTTS_MAX ? second : highest;
}

uint64_t link_patience_ms(const struct link *link)
{
    uint64_t ms = BROADCAST_RTT_FACTOR * rtt_high_ms(link);
    return ms > BROADCAST_GRAFT_MIN_MS ? ms : BROADCAST_GRAFT_MIN_MS;
}

/* Where the tree was cut lately it is likely to be broken, and mended best: who is there asks
 * first, and everybody else a little later, so that one link joins the tree and not a hundred. */
static uint64_t announced_patience_ms(struct broadcast *b, uint32_t l)
{
    const struct link *link = &b->links[l];
    bool near = (link->cut_ms != NEVER && b->now_ms < link->cut_ms + BROADCAST_CUT_MS) ||
                (b->lost_ms != NEVER && b->now_ms < b->lost_ms + BROADCAST_CUT_MS);
    uint64_t more_ms = near ? 0 : BROADCAST_YIELD_MS;
    return link_patience_ms(link) + more_ms + broadcast_random(b, BROADCAST_YIELD_MS);
}

/* No link, nor all leaves together, take up the table: others have room in it. */
static bool may_promise(const struct broadcast *b, uint32_t l)
{
    bool leaf = b->links[l].kind == BROADCAST_LEAF;
    uint32_t share = b->config.missing_max / MISSING_SHARE;
    bool few = leaf || broadcast_is_doubtful(b, l);
    uint32_t max = few ? BROADCAST_PROMISES_LEAF : BROADCAST_PROMISES_MAX;
    return b->links[l].promises_count < (max < share ? max : share) &&
           (!leaf || b->leaves_promises_count < share);
}

static bool has_sender(const struct missing *missing, uint32_t link)
{
    uint32_t s = 0;
    while (s < missing->senders_count && missing->senders[s].link != link) {
        s++;
    }
    return s < missing->senders_count;
}

/* Whether to ask a sender after another that announced later.  How long a link is waited for is its
 * own doing: who answers ever later must not have everybody else wait. */
static bool is_worse(const struct broadcast *b, uint32_t link, uint32_t later)
{
    bool doubtful = broadcast_is_doubtful(b, link);
    if (doubtful != broadcast_is_doubtful(b, later)) {
        return doubtful;
    }
    return link_patience_ms(&b->links[link]) > 2 * link_patience_ms(&b->links[later]);
}

/* Where a new sender stands: the doubtful and the slow are asked last, but who is being asked stays
 * the first. */
static uint32_t sender_place(const struct broadcast *b, const struct missing *missing,
                             uint32_t link)
{
    uint32_t place = missing->senders_count;
    uint32_t first = missing->state == MISSING_ASKED ? 1 : 0;
    while (place > first && is_worse(b, missing->senders[place - 1].link, link)) {
        place--;
    }
    return place;
}

static bool add_sender(struct broadcast *b, struct missing *missing, uint32_t link, uint8_t hops)
{
    if (has_sender(missing, link)) {
        return true;
    }
    uint32_t place = sender_place(b, missing, link);
    if (place == BROADCAST_SENDERS_MAX || !may_promise(b, link)) {
        return false;
    }
    if (missing->senders_count == BROADCAST_SENDERS_MAX) { /* the last of the doubtful goes */
        count_promise(b, missing->senders[--missing->senders_count].link, false);
    }
    memmove(&missing->senders[place + 1], &missing->senders[place],
            (missing->senders_count - place) * sizeof missing->senders[0]);
    missing->senders[place] = (struct promise){.link = link, .hops = hops};
    missing->senders_count++;
    count_promise(b, link, true);
    return true;
}

/* Where it is to be asked before the others, it is waited for instead of them. */
static void hear_another(struct broadcast *b, struct missing *missing, uint32_t link, uint8_t hops)
{
    bool before = has_sender(missing, link);
    if (!add_sender(b, missing, link, hops) || before || missing->state != MISSING_WAITING ||
        missing->senders[0].link != link) {
        return;
    }
    uint64_t at_ms = b->now_ms + announced_patience_ms(b, link);
    set_deadline(b, missing, at_ms < missing->at_ms ? at_ms : missing->at_ms);
}

void missing_announced(struct broadcast *b, uint32_t link, const struct post_id *id, uint8_t hops)
{
    uint32_t m = missing_find(b, id);
    if (m != NONE) {
        hear_another(b, &b->missing[m], link, hops);
        return;
    }
    m = add(b, id);
    if (m == NONE) {
        return;
    }
    struct missing *missing = &b->missing[m];
    if (!add_sender(b, missing, link, hops)) {
        missing_drop(b, m);
        return;
    }
    missing->old = hops == MESSAGE_HOPS_OLD;
    if (missing->old) {
        set_state(b, missing, MISSING_CHECK_DUE); /* it is on no other way */
    } else {
        set_state(b, missing, MISSING_WAITING);
        set_deadline(b, missing, b->now_ms + announced_patience_ms(b, link));
    }
}

/* What is dated ahead is anybody's to make up: it takes no more of the table than this. */
static bool may_be_early(const struct broadcast *b, uint32_t link)
{
    uint32_t all_count = 0;
    uint32_t link_count = 0;
    for (uint32_t m = 0; m < b->missing_cap; m++) {
        const struct missing *missing = &b->missing[m];
        all_count += missing->state == MISSING_EARLY;
        link_count += missing->state == MISSING_EARLY && has_sender(missing, link);
    }
    return all_count < b->config.missing_max / EARLY_SHARE && link_count < BROADCAST_EARLY_LINK;
}

bool missing_early(struct broadcast *b, uint32_t link, const struct post_id *id, uint64_t at_ms)
{
    uint32_t m = missing_find(b, id);
    if (m == NONE || b->missing[m].state != MISSING_EARLY) {
        m = !may_be_early(b, link) ? NONE : m != NONE ? m : add(b, id);
    }
    if (m == NONE) {
        return false;
    }
    struct missing *missing = &b->missing[m];
    if (!add_sender(b, missing, link, MESSAGE_HOPS_OLD) && missing->senders_count == 0) {
        missing_drop(b, m);
        return false;
    }
    missing->old = true; /* by then nobody pushes it */
    set_state(b, missing, MISSING_EARLY);
    set_deadline(b, missing, at_ms);
    return true;
}

static void remove_sender(struct broadcast *b, uint32_t m, uint32_t s)
{
    struct missing *missing = &b->missing[m];
    count_promise(b, missing->senders[s].link, false);
    missing->senders_count--;
    memmove(&missing->senders[s], &missing->senders[s + 1],
            (missing->senders_count - s) * sizeof missing->senders[0]);
    if (s == 0 && missing->state == MISSING_ASKED) {
        set_state(b, missing, MISSING_ASK_DUE);
    }
    /* What is being checked stays until the answer, so that its place is its own. */
    if (missing->senders_count == 0 && missing->state != MISSING_CHECKING) {
        missing_drop(b, m);
    }
}

static void fail_first(struct broadcast *b, uint32_t m)
{
    b->links[b->missing[m].senders[0].link].broken_count++;
    remove_sender(b, m, 0);
}

void missing_none_first(struct broadcast *b, uint32_t m)
{
    b->links[b->missing[m].senders[0].link].none_count++;
    remove_sender(b, m, 0);
}

void missing_forget_link(struct broadcast *b, uint32_t link)
{
    for (uint32_t m = 0; m < b->missing_cap && b->links[link].promises_count > 0; m++) {
        for (uint32_t s = 0; b->missing[m].state != MISSING_FREE && s < b->missing[m].senders_count;
             s++) {
            if (b->missing[m].senders[s].link == link) {
                remove_sender(b, m, s);
                break;
            }
        }
    }
}

/* ---- Time and questions ------------------------------------------------------------------- */

void broadcast_on_time(struct broadcast *b, uint64_t now_ms)
{
    b->now_ms = now_ms;
    if (now_ms < b->deadline_ms) {
        return;
    }
    b->deadline_ms = NEVER;
    for (uint32_t m = 0; m < b->missing_cap && b->missing_count > 0; m++) {
        struct missing *missing = &b->missing[m];
        bool waits = missing->state == MISSING_WAITING || missing->state == MISSING_EARLY ||
                     missing->state == MISSING_ASKED;
        if (!waits) {
            continue;
        }
        if (now_ms < missing->at_ms) {
            set_deadline(b, missing, missing->at_ms);
        } else if (missing->state == MISSING_ASKED) {
            fail_first(b, m);
        } else {
            set_state(b, missing, MISSING_CHECK_DUE);
        }
    }
}

static void take_checks(struct broadcast *b, struct broadcast_action *action)
{
    action->what = BROADCAST_CHECK;
    action->count = 0;
    for (uint32_t m = 0;
         m < b->missing_cap && b->check_due_count > 0 && action->count < MESSAGE_IDS_MAX; m++) {
        if (b->missing[m].state == MISSING_CHECK_DUE) {
            set_state(b, &b->missing[m], MISSING_CHECKING);
            action->ids[action->count++] = b->missing[m].id;
        }
    }
}

void broadcast_on_checked(struct broadcast *b, const struct post_id *ids, const bool *known,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t m = missing_find(b, &ids[i]);
        if (m == NONE || b->missing[m].state != MISSING_CHECKING) {
            continue;
        }
        if (known[i]) {
            missing_drop(b, m);
            seen_add(b, &ids[i], BROADCAST_NOBODY, MESSAGE_HOPS_OLD);
        } else if (b->missing[m].senders_count == 0) {
            missing_drop(b, m);
        } else {
            set_state(b, &b->missing[m], MISSING_ASK_DUE);
        }
    }
}

/* All that is to be asked of the link that the first of them is asked of. */
static void take_asks(struct broadcast *b, struct broadcast_action *action)
{
    action->what = BROADCAST_GRAFT;
    action->link = NONE;
    action->push = false;
    action->count = 0;
    for (uint32_t m = 0;
         m < b->missing_cap && b->ask_due_count > 0 && action->count < MESSAGE_IDS_MAX; m++) {
        struct missing *missing = &b->missing[m];
        if (missing->state != MISSING_ASK_DUE ||
            (action->link != NONE && missing->senders[0].link != action->link)) {
            continue;
        }
        action->link = missing->senders[0].link;
        action->push = action->push || (!missing->old && shape_may(b, &missing->id));
        action->ids[action->count++] = missing->id;
        set_state(b, missing, MISSING_ASKED);
        missing->asked_ms = b->now_ms;
        uint64_t wait_ms =
            missing->old ? BROADCAST_OLD_WAIT_MS : link_patience_ms(&b->links[action->link]);
        set_deadline(b, missing, b->now_ms + wait_ms);
    }
}

static bool take_link(struct broadcast *b, struct broadcast_action *action)
{
    for (uint32_t word = 0; word < b->words; word++) {
        for (uint32_t l = word * 64; b->due_bits[word] != 0 && l < b->links_cap; l++) {
            struct link *link = &b->links[l];
            if (!bit_get(b->due_bits, l)) {
                continue;
            }
            *action = (struct broadcast_action){.link = l, .push = link->graft_due};
            action->what = link->graft_due ? BROADCAST_GRAFT : BROADCAST_PRUNE;
            link->graft_due = false;
            link->prune_due = false;
            bit_set(b->due_bits, l, false);
            return true;
        }
    }
    return false;
}

bool broadcast_next(struct broadcast *b, struct broadcast_action *action, bool may_check,
                    uint64_t now_ms)
{
    b->now_ms = now_ms;
    if (take_link(b, action)) {
        return true;
    }
    if (b->ask_due_count > 0) {
        take_asks(b, action);
        if (action->push) {
            link_make_eager(b, action->link);
            b->links[action->link].graft_due = false; /* this one says so */
            bit_set(b->due_bits, action->link, false);
        }
        return true;
    }
    if (b->check_due_count > 0 && may_check) {
        take_checks(b, action);
        return true;
    }
    return false;
}
