#include <assert.h>
#include <stdlib.h>

#include "proto/address_group.h"
#include "proto/engine_state.h"
#include "proto/message_addresses.h"

/* Above the places of the views come those of a leaf's relays, and one for feelers. */
#define LEAF_FIRST   MEMBERSHIP_PLACES_MAX
#define FEELER_PLACE (ENGINE_CONTACTS_MAX - 1)

#define BEGIN_MS       5000 /* what was named is dialled first */
#define LOOK_EVERY_MS  5000
#define FEEL_EVERY_MS  60000 /* and up to 120 s more */
#define FEEL_JITTER_MS 120000
#define FEEL_OFTEN     4 /* times as often, while so few are tried */
#define TRIED_FEW      64
#define ASK_EVERY_MS   86400000
#define ASK_AGAIN_MS   3600000  /* whoever knew nobody */
#define ANSWER_MS      600000   /* between two questions of one peer */
#define REFILL_MAX     4        /* contacts for the passive view at a time */
#define DRAWS_MAX      8        /* until one is found that may be dialled */
#define RENEW_MS       43200000 /* 12 h */

_Static_assert(LEAF_FIRST + ENGINE_LEAF_RELAYS == FEELER_PLACE, "each place has one use");
_Static_assert(MESSAGE_ADDRESSES_MAX == ADDRESS_BOOK_SAMPLE_MAX, "a sample is one answer");

/* ---- Places ------------------------------------------------------------------------------- */

bool book_is_contact(const struct engine *e, uint32_t address)
{
    return address != ENGINE_NO_ADDRESS && address >= e->limits.addresses_max;
}

static struct book_place *place_at(const struct engine *e, uint32_t address)
{
    bool has = e->places != NULL && book_is_contact(e, address);
    return has ? &e->places[address - e->limits.addresses_max] : NULL;
}

static bool is_feeler(const struct engine *e, uint32_t address)
{
    return book_is_contact(e, address) && address - e->limits.addresses_max == FEELER_PLACE;
}

bool book_is_own_place(const struct engine *e, uint32_t address)
{
    return book_is_contact(e, address) && address - e->limits.addresses_max >= LEAF_FIRST;
}

bool book_make(struct engine *e)
{
    if (e->book != NULL && e->places == NULL) {
        e->places = calloc(ENGINE_CONTACTS_MAX, sizeof *e->places);
        e->book_at_ms = e->now_ms + BEGIN_MS;
        e->feel_at_ms = e->now_ms + FEEL_EVERY_MS;
        engine_deadline(e, e->book_at_ms);
    }
    return e->book == NULL || e->places != NULL;
}

void book_drop(struct engine *e)
{
    free(e->places);
}

/* ---- Whom to dial ------------------------------------------------------------------------- */

/* Hosts of one's own network are no groups that others could fill. */
static uint64_t group_of(const struct address *address)
{
    return contact_host_is_public(address->host) ? address_group(address->host)
                                                 : ADDRESS_GROUP_NONE;
}

static size_t taken_groups(const struct engine *e, uint64_t groups[ENGINE_CONTACTS_MAX])
{
    size_t count = 0;
    for (uint32_t i = 0; i < FEELER_PLACE; i++) {
        uint64_t group = e->places[i].used ? group_of(&e->places[i].contact) : ADDRESS_GROUP_NONE;
        if (group != ADDRESS_GROUP_NONE) {
            groups[count++] = group;
        }
    }
    return count;
}

static bool is_connected(const struct engine *e, const struct key *key)
{
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        if (e->peers[p].state != PEER_FREE && key_equal(&e->peers[p].static_key, key)) {
            return true;
        }
    }
    for (uint32_t i = 0; i < ENGINE_CONTACTS_MAX; i++) {
        if (e->places[i].used && key_equal(&e->places[i].contact.static_key, key)) {
            return true;
        }
    }
    return false;
}

static bool is_liked(const struct engine *e, const struct address *contact)
{
    return e->scores == NULL || peer_score(e->scores, &contact->static_key, group_of(contact),
                                           e->now_s) > PEER_SCORE_LOW;
}

static bool may_dial(const struct engine *e, const struct address *contact)
{
    return contact_is_usable(contact, &e->self) && is_liked(e, contact) &&
           !key_equal(&contact->static_key, &e->self.static_key) &&
           !is_connected(e, &contact->static_key);
}

bool book_lets_dial(const struct engine *e, const struct address *contact)
{
    uint64_t groups[ENGINE_CONTACTS_MAX];
    if (e->only_named) {
        return false;
    }
    if (e->places == NULL) {
        return true;
    }
    size_t count = taken_groups(e, groups);
    for (size_t i = 0; i < count; i++) {
        if (groups[i] == group_of(contact)) {
            return false;
        }
    }
    return is_liked(e, contact);
}

static bool is_anchor(const struct engine *e, const struct address *contact)
{
    for (size_t i = 0; i < e->anchors_count; i++) {
        if (address_equal(&e->anchors[i], contact)) {
            return true;
        }
    }
    return false;
}

void book_on_dial(struct engine *e, uint32_t address, const struct address *contact, bool drawn)
{
    struct book_place *place = place_at(e, address);
    if (place != NULL) {
        *place = (struct book_place){
            .used = true, .anchor = is_anchor(e, contact), .drawn = drawn, .contact = *contact};
    }
}

static void dial(struct engine *e, uint32_t number, const struct address *contact)
{
    uint32_t address = e->limits.addresses_max + number;
    book_on_dial(e, address, contact, true);
    engine_emit(e, ENGINE_DIAL)->as.dial =
        (struct engine_dial){.address = address, .contact = &e->places[number].contact};
}

static bool draw(struct engine *e, struct address *contact, const uint64_t *taken,
                 size_t taken_count)
{
    for (unsigned i = 0; i < DRAWS_MAX; i++) {
        uint64_t random = engine_random(e, UINT64_MAX);
        if (!address_book_choose(e->book, contact, taken, taken_count, random, e->now_s)) {
            return false;
        }
        if (may_dial(e, contact)) {
            return true;
        }
    }
    return false;
}

/* ---- What became of it -------------------------------------------------------------------- */

/* One that came up and never said HELLO counts as one that did not answer. */
void book_on_gone(struct engine *e, uint32_t p)
{
    struct book_place *place = place_at(e, e->peers[p].address);
    if (place != NULL && place->used && !e->peers[p].was_ready) {
        address_book_failed(e->book, &place->contact, e->now_s);
    }
    if (place != NULL) {
        place->used = false;
    }
}

void book_on_failed(struct engine *e, uint32_t address)
{
    struct book_place *place = place_at(e, address);
    if (place != NULL && place->used) {
        address_book_failed(e->book, &place->contact, e->now_s);
        place->used = false;
    }
}

static void ask(struct engine *e, uint32_t p)
{
    struct peer *peer = &e->peers[p];
    peer->asked_addresses = true;
    peer->ask_at_ms = e->now_ms + ASK_EVERY_MS;
    engine_deadline(e, peer->ask_at_ms);
    engine_send_one(e, p, FRAME_ADDRESSES_WANTED, octets_of(NULL, 0));
}

void book_on_ready(struct engine *e, uint32_t p)
{
    struct peer *peer = &e->peers[p];
    struct book_place *place = place_at(e, peer->address);
    bool is_relay = peer->role == MESSAGE_RELAY;
    peer->was_ready = true;
    if (place != NULL && place->used) {
        if (peer->whole && place->drawn) {
            address_book_good(e->book, &place->contact, e->now_s);
        } else if (!is_relay) {
            address_book_failed(e->book, &place->contact, e->now_s);
        }
    }
    if (is_feeler(e, peer->address)) {
        peer_close(e, p, ERR_OK);
        return;
    }
    /* Only who was dialled is asked: whoever dials us could be one of ever so many. */
    if (e->book != NULL && !e->only_named && is_relay && peer->address != ENGINE_NO_ADDRESS) {
        ask(e, p);
    }
}

/* ---- Asked, and told ---------------------------------------------------------------------- */

/* A person's node does not tell whom it knows. */
static size_t sample_of(struct engine *e, const struct address **sample)
{
    if (e->book == NULL || e->hello.role != MESSAGE_RELAY) {
        return 0;
    }
    return address_book_sample(e->book, sample, e->now_s);
}

void book_on_wanted(struct engine *e, uint32_t p, struct octets payload)
{
    struct peer *peer = &e->peers[p];
    enum err_code rc = message_addresses_wanted_decode(payload);
    if (rc == ERR_OK && peer->answered && e->now_ms - peer->answered_ms < ANSWER_MS) {
        rc = ERR_FLOOD;
    }
    if (rc != ERR_OK) {
        peer_close(e, p, rc);
        return;
    }
    const struct address *sample = NULL;
    size_t count = sample_of(e, &sample);
    peer->answered = true;
    peer->answered_ms = e->now_ms;
    uint8_t *at = engine_arena(e, MESSAGE_ADDRESSES_CAP);
    size_t len = message_addresses_encode(at, sample, count);
    engine_send_one(e, p, FRAME_ADDRESSES, octets_of(at, len));
}

/* As many as the views take (SPEC 6.5): whoever tells without end costs no more than others. */
static bool may_tell(struct engine *e, uint32_t p)
{
    struct peer *peer = &e->peers[p];
    if (e->now_ms >= peer->heard_at_ms + MEMBERSHIP_PERIOD_MS) {
        peer->heard_at_ms = e->now_ms;
        peer->heard_count = 0;
    }
    return ++peer->heard_count <= MEMBERSHIP_PERIOD_MAX;
}

bool book_is_chosen(const struct engine *e, uint32_t p)
{
    const struct book_place *place = place_at(e, e->peers[p].address);
    return e->peers[p].address < e->limits.addresses_max || (place != NULL && place->drawn);
}

static void hear(struct engine *e, uint32_t p, const struct address *contact)
{
    if (contact->port != 0 && may_tell(e, p) && contact_is_usable(contact, &e->self) &&
        !key_equal(&contact->static_key, &e->self.static_key)) {
        /* All others are one teller together: whoever connects from many networks is not many. */
        uint64_t source = book_is_chosen(e, p) ? e->peers[p].group : ADDRESS_GROUP_NONE;
        (void)address_book_add(e->book, contact, source, e->now_s);
    }
}

void book_on_addresses(struct engine *e, uint32_t p, struct octets payload)
{
    struct address told[MESSAGE_ADDRESSES_MAX];
    size_t count = 0;
    enum err_code rc = e->peers[p].asked_addresses ? message_addresses_decode(told, &count, payload)
                                                   : ERR_UNEXPECTED;
    if (rc != ERR_OK) {
        peer_close(e, p, rc);
        return;
    }
    e->peers[p].asked_addresses = false;
    if (count == 0) {
        e->peers[p].ask_at_ms = e->now_ms + ASK_AGAIN_MS;
    }
    for (size_t i = 0; i < count; i++) {
        hear(e, p, &told[i]);
    }
}

static void hear_all(struct engine *e, const struct engine_frame_in *in)
{
    struct message_contacts contacts;
    if (message_contacts_decode(&contacts, (enum frame_type)in->type, in->payload) == ERR_OK) {
        for (size_t i = 0; i < contacts.count; i++) {
            hear(e, in->peer, &contacts.at[i]);
        }
    }
}

/* What goes past in walks and shuffles; the views have found it to be well formed. */
void book_on_views(struct engine *e, const struct engine_frame_in *in)
{
    struct message_forward forward;
    struct message_neighbour neighbour;
    if (e->book == NULL || e->only_named) {
        return;
    }
    if (in->type == FRAME_FORWARD) {
        if (message_forward_decode(&forward, in->payload) == ERR_OK) {
            hear(e, in->peer, &forward.contact);
        }
    } else if (in->type == FRAME_NEIGHBOUR) {
        if (message_neighbour_decode(&neighbour, in->payload) == ERR_OK) {
            hear(e, in->peer, &neighbour.contact);
        }
    } else {
        hear_all(e, in);
    }
}

/* ---- Now and then ------------------------------------------------------------------------- */

/* The anchors first, and the rest of the book only when they have had their time. */
static void refill(struct engine *e)
{
    uint64_t taken[ENGINE_CONTACTS_MAX + REFILL_MAX];
    size_t taken_count = taken_groups(e, taken);
    struct address contact;
    if (!e->anchors_told) {
        e->anchors_told = true;
        e->anchors_count = address_book_anchors(e->book, e->anchors);
        for (size_t i = 0; i < e->anchors_count; i++) {
            views_learn(e, &e->anchors[i]);
        }
        if (e->anchors_count > 0) {
            return;
        }
    }
    for (unsigned i = 0;
         i < REFILL_MAX && views_want_contacts(e) && draw(e, &contact, taken, taken_count); i++) {
        views_learn(e, &contact);
        taken[taken_count++] = address_group(contact.host);
    }
}

static uint32_t relays_count(const struct engine *e)
{
    uint32_t count = 0;
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        bool named = e->peers[p].address < e->limits.addresses_max; /* who calls may be anybody */
        count += e->peers[p].state == PEER_READY && e->peers[p].whole && named;
    }
    for (uint32_t i = LEAF_FIRST; i < FEELER_PLACE; i++) {
        count += e->places[i].used;
    }
    return count;
}

static bool next_anchor(struct engine *e, struct address *contact)
{
    if (!e->anchors_told) {
        e->anchors_told = true;
        e->anchors_count = address_book_anchors(e->book, e->anchors);
    }
    while (e->anchors_next < e->anchors_count) {
        *contact = e->anchors[e->anchors_next++];
        if (may_dial(e, contact) && book_lets_dial(e, contact)) {
            return true;
        }
    }
    return false;
}

static void find_relays(struct engine *e)
{
    uint64_t taken[ENGINE_CONTACTS_MAX];
    struct address contact;
    for (uint32_t i = LEAF_FIRST; i < FEELER_PLACE && relays_count(e) < ENGINE_LEAF_RELAYS; i++) {
        size_t taken_count = taken_groups(e, taken);
        if (!e->places[i].used && engine_has_room(e, 0, 0) &&
            (next_anchor(e, &contact) || draw(e, &contact, taken, taken_count))) {
            dial(e, i, &contact);
        }
    }
}

static bool is_drawn(const struct engine *e, uint32_t p)
{
    const struct peer *peer = &e->peers[p];
    const struct book_place *place = place_at(e, peer->address);
    return peer->state == PEER_READY && peer->role == MESSAGE_RELAY && place != NULL &&
           place->used && place->drawn && !is_feeler(e, peer->address);
}

/* An attacker never goes away, and others do: in time all that were drawn would be his.  So each is
 * given up for a new draw after RENEW_MS in the mean, at moments that nobody can foresee. */
static void renew(struct engine *e)
{
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        if (is_drawn(e, p) && engine_random(e, RENEW_MS / LOOK_EVERY_MS) == 0 &&
            engine_has_room(e, 0, 0)) {
            peer_close(e, p, ERR_OK);
        }
    }
}

static void feel(struct engine *e)
{
    struct address contact;
    bool few = address_book_stats(e->book).tried_count < TRIED_FEW;
    uint64_t part = few ? FEEL_OFTEN : 1;
    e->feel_at_ms = e->now_ms + FEEL_EVERY_MS / part + engine_random(e, FEEL_JITTER_MS / part);
    if (!e->places[FEELER_PLACE].used &&
        address_book_feel(e->book, &contact, engine_random(e, UINT64_MAX), e->now_s) &&
        may_dial(e, &contact)) {
        dial(e, FEELER_PLACE, &contact);
    }
}

static void ask_again(struct engine *e)
{
    for (uint32_t p = 0; p < e->peers_cap; p++) {
        if (e->peers[p].state == PEER_READY && e->now_ms >= e->peers[p].ask_at_ms &&
            engine_has_room(e, 0, 1)) {
            ask(e, p);
        }
    }
}

void book_on_time(struct engine *e)
{
    if (e->book == NULL || e->only_named || !book_make(e)) {
        return;
    }
    if (e->now_ms >= e->book_at_ms) {
        e->book_at_ms = e->now_ms + LOOK_EVERY_MS;
        ask_again(e);
        renew(e);
        if (e->whole) {
            refill(e);
        } else {
            find_relays(e);
        }
    }
    if (e->now_ms >= e->feel_at_ms && engine_has_room(e, 0, 0)) {
        feel(e);
    }
    engine_deadline(e, e->book_at_ms);
    engine_deadline(e, e->feel_at_ms);
}

/* ---- Anchors for the next time ------------------------------------------------------------ */

static bool may_anchor(const struct engine *e, uint32_t p)
{
    const struct book_place *place = place_at(e, e->peers[p].address);
    return is_drawn(e, p) && e->peers[p].whole && !place->anchor && is_liked(e, &place->contact);
}

void engine_note_anchors(struct engine *e)
{
    struct address anchors[ADDRESS_BOOK_ANCHORS_MAX];
    uint32_t last = NO_INDEX;
    size_t count = 0;
    while (e->book != NULL && count < ADDRESS_BOOK_ANCHORS_MAX) {
        uint32_t best = NO_INDEX;
        for (uint32_t p = 0; p < e->peers_cap; p++) {
            if (p != last && may_anchor(e, p) &&
                (best == NO_INDEX || e->peers[p].up_at_ms < e->peers[best].up_at_ms)) {
                best = p;
            }
        }
        if (best == NO_INDEX) {
            break;
        }
        anchors[count++] = place_at(e, e->peers[best].address)->contact;
        last = best;
    }
    if (e->book != NULL) {
        address_book_set_anchors(e->book, anchors, count);
    }
}

/* ---- Scores ------------------------------------------------------------------------------- */

void book_on_deed(struct engine *e, uint32_t p, enum peer_deed deed)
{
    if (e->scores != NULL && deed != PEER_DEEDS_COUNT) {
        peer_score_note(e->scores, &e->peers[p].static_key, e->peers[p].group, deed, e->now_s);
    }
}

bool book_refuses(const struct engine *e, uint32_t p)
{
    uint32_t address = e->peers[p].address;
    bool named = address < e->limits.addresses_max;
    return e->scores != NULL && !named &&
           peer_score_refuses(e->scores, &e->peers[p].static_key, e->now_s);
}

int engine_peer_score(const struct engine *e, uint32_t p)
{
    assert(p < e->limits.peers_max);
    if (e->scores == NULL || p >= e->peers_cap || e->peers[p].state == PEER_FREE) {
        return 0;
    }
    return peer_score(e->scores, &e->peers[p].static_key, e->peers[p].group, e->now_s);
}
