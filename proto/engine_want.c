#include <assert.h>

#include "proto/engine_state.h"

static void id_swap(struct post_id *a, struct post_id *b)
{
    struct post_id kept = *a;
    *a = *b;
    *b = kept;
}

static void sift_down(struct post_id *ids, uint32_t from, uint32_t count)
{
    for (uint32_t child = 2 * from + 1; child < count; child = 2 * from + 1) {
        if (child + 1 < count && post_id_compare(&ids[child], &ids[child + 1]) < 0) {
            child++;
        }
        if (post_id_compare(&ids[from], &ids[child]) >= 0) {
            return;
        }
        id_swap(&ids[from], &ids[child]);
        from = child;
    }
}

/* Sorted in place, in O(count log count) whatever the peer sent; each id once. */
static uint32_t sort_ids(struct post_id *ids, uint32_t count)
{
    for (uint32_t i = count / 2; i-- > 0;) {
        sift_down(ids, i, count);
    }
    for (uint32_t end = count; end-- > 1;) {
        id_swap(&ids[0], &ids[end]);
        sift_down(ids, 0, end);
    }
    uint32_t kept = count > 0 ? 1 : 0;
    for (uint32_t i = 1; i < count; i++) {
        if (!post_id_equal(&ids[i], &ids[kept - 1])) {
            ids[kept++] = ids[i];
        }
    }
    return kept;
}

static uint32_t find(const struct want *want, const struct post_id *id)
{
    uint32_t low = 0;
    uint32_t high = want->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = post_id_compare(&want->ids[middle], id);
        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NO_INDEX;
}

/* Others are asked too, once it took long: who lists a post and then brings everything but that
 * one, ever so slowly, would keep it from here.  (A WANT that is open is not renewed, so each can
 * do so once.) */
static bool is_held(const struct engine *e, const struct want *want)
{
    return want->state == WANT_SEND || e->now_ms < want->sent_ms + HELD_MS;
}

/* The peer that was asked for it already, perhaps the same, and still may bring it; or NO_INDEX. */
static uint32_t asked_of(const struct engine *e, uint32_t i, const struct post_id *id)
{
    for (uint32_t j = 0; j < e->limits.initiators_max; j++) {
        const struct initiator *other = &e->initiators[j];
        for (uint32_t w = 0; j != i && other->turn.state != TURN_FREE && w < WANTS_MAX; w++) {
            const struct want *want = &other->wants[w];
            bool asked = want->state == WANT_SENT || want->state == WANT_SEND;
            uint32_t at = asked ? find(want, id) : NO_INDEX;
            bool same = other->turn.peer == e->initiators[i].turn.peer;
            if (at != NO_INDEX && !want->come[at] && (same || is_held(e, want))) {
                return other->turn.peer;
            }
        }
    }
    return NO_INDEX;
}

/* Whether to ask this peer.  What somebody else is to bring is looked at again afterwards, since
 * it may never come. */
static bool is_to_ask(struct engine *e, uint32_t i, const struct post_id *id)
{
    struct initiator *initiator = &e->initiators[i];
    uint32_t f = flight_find(e, id);
    if (f != NO_INDEX && (e->flights[f].verified || flight_shown(e, f, initiator->turn.peer))) {
        return false;
    }
    if (none_holds(e, initiator->turn.peer, id)) {
        return false;
    }
    uint32_t asked = asked_of(e, i, id);
    initiator->again =
        initiator->again || f != NO_INDEX || (asked != NO_INDEX && asked != initiator->turn.peer);
    return f == NO_INDEX && asked == NO_INDEX;
}

static void set_place(struct want *want, uint32_t place)
{
    assert(place / 8 < MESSAGE_PLACES_MAX);
    want->bits[place / 8] |= (uint8_t)(1U << (place % 8));
    want->bits_len = place / 8 + 1 > want->bits_len ? place / 8 + 1 : want->bits_len;
}

void want_on_known(struct engine *e, const struct engine_read_done *in)
{
    uint32_t i = engine_token_index(in->token) / WANTS_MAX;
    if (i >= e->limits.initiators_max) {
        return;
    }
    struct want *want = &e->initiators[i].wants[engine_token_index(in->token) % WANTS_MAX];
    if (want->state != WANT_CHECKING || want->generation != engine_token_generation(in->token)) {
        return;
    }
    want->state = WANT_FREE;
    if (e->initiators[i].turn.state == TURN_DYING) {
        recon_bury(e, i);
        return;
    }
    uint32_t kept = 0;
    memset(want->bits, 0, MESSAGE_PLACES_MAX);
    want->bits_len = 0;
    for (uint32_t k = 0; k < want->count; k++) {
        bool known = in->status == ERR_OK && in->as.known[k];
        if (!known && is_to_ask(e, i, &want->ids[k])) {
            want->ids[kept++] = want->ids[k];
            set_place(want, want->places[k]);
        }
    }
    want->count = sort_ids(want->ids, kept);
    want->left_count = want->count;
    memset(want->come, 0, want->count * sizeof *want->come);
    if (want->bits_len > want->count * (size_t)POST_ID_LEN) {
        want->bits_len = 0; /* a few ids are shorter */
    }
    want->state = want->count > 0 ? WANT_SEND : WANT_FREE;
}

static void check(struct engine *e, uint32_t i, uint32_t w)
{
    struct want *want = &e->initiators[i].wants[w];
    struct id_queue *need = &e->initiators[i].need;
    const struct listed_at *listed = need->listed + need->first;
    struct octets ids = id_queue_take(need, MESSAGE_IDS_MAX);
    memcpy(want->ids, ids.at, ids.len);
    want->count = (uint32_t)(ids.len / POST_ID_LEN);
    want->number = listed[0].number;
    for (uint32_t k = 0; k < want->count; k++) {
        want->places[k] = listed[k].place;
    }
    want->state = WANT_CHECKING;
    want->generation++;
    engine_emit(e, ENGINE_READ)->as.read =
        (struct engine_read){.token = engine_token(TOKEN_WANT, i * WANTS_MAX + w, want->generation),
                             .query = ENGINE_READ_KNOWN,
                             .ids = want->ids,
                             .ids_count = want->count};
}

/* Of all reconciliations with a peer. */
static uint32_t sent_count(const struct engine *e, uint32_t p)
{
    uint32_t count = 0;
    for (uint32_t i = recon_with(e, p, 0); i != NO_INDEX; i = recon_with(e, p, i + 1)) {
        for (uint32_t w = 0; w < WANTS_MAX; w++) {
            count += e->initiators[i].wants[w].state == WANT_SENT;
        }
    }
    return count;
}

static void send(struct engine *e, uint32_t i, struct want *want)
{
    uint32_t before = sent_count(e, e->initiators[i].turn.peer);
    uint8_t *at = engine_arena(e, MESSAGE_IDS_CAP);
    const struct turn *turn = &e->initiators[i].turn;
    if (want->bits_len > 0) {
        struct message_want_at message = {.session = turn->session,
                                          .number = want->number,
                                          .places = octets_of(want->bits, want->bits_len)};
        size_t len = message_want_at_encode(at, &message);
        engine_send_one(e, turn->peer, FRAME_WANT_AT, octets_of(at, len));
    } else {
        size_t len = message_ids_encode(at, want->ids, want->count);
        engine_send_one(e, turn->peer, FRAME_WANT, octets_of(at, len));
    }
    want->state = WANT_SENT;
    want->sent_ms = e->now_ms;
    want->by_ms = e->now_ms + (before + 1) * (uint64_t)DELIVER_MAX_MS;
    if (before == 0) {
        e->peers[turn->peer].brought_ms = e->now_ms;
    }
    engine_deadline(e, e->now_ms + DELIVER_TIMEOUT_MS);
}

void want_pump(struct engine *e, uint32_t i)
{
    struct initiator *initiator = &e->initiators[i];
    bool full = peer_is_full(e, initiator->turn.peer);
    uint32_t open_max = e->peers[initiator->turn.peer].late ? 1 : WANTS_MAX;
    for (uint32_t w = 0; w < WANTS_MAX; w++) {
        struct want *want = &initiator->wants[w];
        if (want->state == WANT_FREE && initiator->need.count > 0 && engine_has_room(e, 0, 0)) {
            check(e, i, w);
        } else if (want->state == WANT_SEND && !full &&
                   sent_count(e, initiator->turn.peer) < open_max &&
                   engine_has_room(e, MESSAGE_IDS_CAP, 1)) {
            send(e, i, want);
        }
    }
}

/* Whether it was asked for. */
static bool strike(struct engine *e, struct initiator *initiator, const struct post_id *id)
{
    bool asked = false;
    for (uint32_t w = 0; w < WANTS_MAX; w++) {
        struct want *want = &initiator->wants[w];
        uint32_t at = want->state == WANT_SENT ? find(want, id) : NO_INDEX;
        if (at == NO_INDEX || want->come[at]) {
            continue;
        }
        asked = true;
        want->come[at] = true;
        if (--want->left_count == 0) {
            e->peers[initiator->turn.peer].late = !is_held(e, want);
            want->state = WANT_FREE;
            engine_deadline(e, e->now_ms); /* another session may wait to send */
        }
    }
    return asked;
}

bool want_on_come(struct engine *e, uint32_t p, const struct post_id *id)
{
    bool asked = false;
    for (uint32_t i = recon_with(e, p, 0); i != NO_INDEX; i = recon_with(e, p, i + 1)) {
        asked = strike(e, &e->initiators[i], id) || asked;
    }
    if (asked) {
        e->peers[p].brought_ms = e->now_ms;
    }
    return asked;
}

static bool is_same(const struct want *want, const struct message_want_at *message)
{
    return want->state == WANT_SENT && want->number == message->number &&
           octets_equal(octets_of(want->bits, want->bits_len), message->places);
}

/* What has not come is asked for by id. */
static void ask_by_id(struct want *want)
{
    uint32_t left = 0;
    for (uint32_t k = 0; k < want->count; k++) {
        if (!want->come[k]) {
            want->ids[left++] = want->ids[k];
        }
    }
    want->count = left;
    memset(want->come, 0, left * sizeof *want->come);
    want->bits_len = 0;
    want->state = WANT_SEND;
}

void want_on_forgotten(struct engine *e, uint32_t p, const struct message_want_at *message)
{
    for (uint32_t i = recon_with(e, p, 0); i != NO_INDEX; i = recon_with(e, p, i + 1)) {
        struct initiator *initiator = &e->initiators[i];
        for (uint32_t w = 0; initiator->turn.session == message->session && w < WANTS_MAX; w++) {
            if (is_same(&initiator->wants[w], message)) {
                ask_by_id(&initiator->wants[w]);
            }
        }
    }
}

void want_on_none(struct engine *e, uint32_t p, struct octets payload)
{
    const struct post_id *ids;
    size_t count;
    enum err_code rc = message_ids_decode(&ids, &count, payload);
    if (rc != ERR_OK) {
        peer_close(e, p, rc);
        return;
    }
    book_on_deed(e, p, PEER_WITHOUT);
    for (size_t k = 0; k < count; k++) {
        if (want_on_come(e, p, &ids[k])) {
            none_note(e, p, &ids[k]);
        }
    }
    tree_on_none(e, p, ids, count);
}

void want_on_resume(struct engine *e, uint32_t p)
{
    e->peers[p].brought_ms = e->now_ms;
}

/* Where nobody was heard, it may be this node's own line that is down. */
static enum err_code why_late(const struct engine *e, uint32_t p)
{
    uint64_t brought_ms = e->peers[p].brought_ms;
    bool silent = e->now_ms >= brought_ms + DELIVER_TIMEOUT_MS;
    bool heard = e->heard_ms > brought_ms && e->now_ms < e->heard_ms + DELIVER_TIMEOUT_MS / 2;
    return silent && heard ? ERR_UNDELIVERED : ERR_TIMEOUT;
}

void want_on_time(struct engine *e, uint32_t i)
{
    struct initiator *initiator = &e->initiators[i];
    uint32_t p = initiator->turn.peer;
    struct peer *peer = &e->peers[p];
    for (uint32_t w = 0; w < WANTS_MAX; w++) {
        const struct want *want = &initiator->wants[w];
        if (want->state != WANT_SENT) {
            continue;
        }
        if (peer->pause != PAUSE_NOT) {
            peer->brought_ms = e->now_ms; /* it is us who do not read */
        }
        uint64_t by_ms = peer->brought_ms + DELIVER_TIMEOUT_MS;
        by_ms = by_ms < want->by_ms ? by_ms : want->by_ms;
        if (e->now_ms >= by_ms) {
            peer_close(e, p, why_late(e, p));
            return;
        }
        engine_deadline(e, by_ms);
    }
}

bool want_is_idle(const struct initiator *initiator)
{
    for (uint32_t w = 0; w < WANTS_MAX; w++) {
        if (initiator->wants[w].state != WANT_FREE) {
            return false;
        }
    }
    return true;
}

bool want_is_reading(const struct initiator *initiator)
{
    for (uint32_t w = 0; w < WANTS_MAX; w++) {
        if (initiator->wants[w].state == WANT_CHECKING) {
            return true;
        }
    }
    return false;
}

void want_drop(struct initiator *initiator)
{
    for (uint32_t w = 0; w < WANTS_MAX; w++) {
        if (initiator->wants[w].state != WANT_CHECKING) {
            initiator->wants[w].state = WANT_FREE;
        }
    }
}
