#include <assert.h>
#include <sodium.h>

#include "proto/membership_inner.h"

static_assert(sizeof((struct membership_config *)0)->seed == crypto_shorthash_KEYBYTES,
              "the seed is a key");

struct passive *passive_find(struct membership *m, const struct key *key)
{
    for (uint32_t i = 0; i < MEMBERSHIP_PASSIVE_MAX; i++) {
        if (m->passive[i].used && key_equal(&m->passive[i].contact.static_key, key)) {
            return &m->passive[i];
        }
    }
    return NULL;
}

uint32_t membership_passive_count(const struct membership *m)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_PASSIVE_MAX; i++) {
        count += m->passive[i].used;
    }
    return count;
}

uint32_t passive_drawn_count(const struct membership *m)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_PASSIVE_MAX; i++) {
        count += m->passive[i].used && m->passive[i].drawn && !m->passive[i].dialling;
    }
    return count;
}

bool membership_wants_contacts(const struct membership *m)
{
    return passive_drawn_count(m) < MEMBERSHIP_DRAWN_MAX && membership_wants_more(m);
}

static uint32_t told_by(const struct membership *m, uint64_t teller)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_PASSIVE_MAX; i++) {
        const struct passive *passive = &m->passive[i];
        count += passive->used && !passive->drawn && passive->teller == teller;
    }
    return count;
}

/* Whoever told most. */
static uint64_t loudest(const struct membership *m)
{
    uint64_t found = 0;
    uint32_t most = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_PASSIVE_MAX; i++) {
        bool told = m->passive[i].used && !m->passive[i].drawn;
        uint32_t count = told ? told_by(m, m->passive[i].teller) : 0;
        if (count > most) {
            most = count;
            found = m->passive[i].teller;
        }
    }
    return found;
}

/* One of those that teller told, at random, that is not being dialled; NULL: none. */
static struct passive *one_told_by(struct membership *m, uint64_t teller)
{
    struct passive *chosen = NULL;
    uint64_t met = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_PASSIVE_MAX; i++) {
        struct passive *passive = &m->passive[i];
        if (passive->used && !passive->dialling && !passive->drawn && passive->teller == teller &&
            membership_random(m, ++met) == 0) {
            chosen = passive;
        }
    }
    return chosen;
}

static struct passive *room_for(struct membership *m, uint64_t teller)
{
    if (told_by(m, teller) >= MEMBERSHIP_TELLER_MAX) {
        return one_told_by(m, teller);
    }
    for (uint32_t i = 0; i < MEMBERSHIP_PASSIVE_MAX; i++) {
        if (!m->passive[i].used) {
            return &m->passive[i];
        }
    }
    return one_told_by(m, loudest(m));
}

static bool is_of_use(struct membership *m, const struct address *contact)
{
    const struct member *member = member_of_key(m, &contact->static_key);
    return contact->port != 0 && contact_is_usable(contact, &m->config.self) &&
           !key_equal(&contact->static_key, &m->config.self.static_key) &&
           (member == NULL || member->state != MEMBER_ACTIVE);
}

/* Port and host; the key says nothing about who is called there. */
static uint64_t where_of(const struct membership *m, const struct address *contact)
{
    uint8_t octets[2 + ADDRESS_HOST_MAX];
    uint8_t hash[crypto_shorthash_BYTES];
    size_t len = strlen(contact->host);
    octets_put_u16be(octets, contact->port);
    memcpy(octets + 2, contact->host, len);
    (void)crypto_shorthash(hash, octets, 2 + len, m->config.seed);
    return octets_get_u64be(hash) | 1;
}

static void remember_unanswered(struct membership *m, const struct address *contact,
                                uint64_t now_ms)
{
    m->unanswered[m->unanswered_next] = (struct unanswered){
        .where = where_of(m, contact), .until_ms = now_ms + MEMBERSHIP_FAILED_MS};
    m->unanswered_next = (m->unanswered_next + 1) % MEMBERSHIP_FAILED_MAX;
}

/* Others may name any machine: it is not called over and over because they do. */
static uint64_t unanswered_until_ms(const struct membership *m, const struct address *contact)
{
    uint64_t where = where_of(m, contact);
    uint64_t until_ms = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_FAILED_MAX; i++) {
        const struct unanswered *at = &m->unanswered[i];
        until_ms = at->where == where && at->until_ms > until_ms ? at->until_ms : until_ms;
    }
    return until_ms;
}

void passive_add(struct membership *m, const struct address *contact, uint64_t teller,
                 uint64_t try_at_ms)
{
    if (!is_of_use(m, contact)) {
        return;
    }
    struct passive *passive = passive_find(m, &contact->static_key);
    if (passive != NULL) {
        return; /* what was told first stands until it fails */
    }
    passive = room_for(m, teller);
    if (passive != NULL) {
        uint64_t until_ms = unanswered_until_ms(m, contact);
        *passive = (struct passive){.used = true,
                                    .contact = *contact,
                                    .teller = teller,
                                    .try_at_ms = try_at_ms > until_ms ? try_at_ms : until_ms};
    }
}

void passive_add_all(struct membership *m, struct member *teller,
                     const struct message_contacts *contacts, uint64_t now_ms)
{
    uint64_t key = octets_get_u64be(teller->static_key.octets) | 1;
    for (size_t i = 0; i < contacts->count; i++) {
        if (member_may(teller, &teller->contacts_count, now_ms)) {
            passive_add(m, &contacts->at[i], key, 0);
        }
    }
}

void membership_learn(struct membership *m, const struct address *contact, uint64_t now_ms)
{
    struct passive *passive = passive_find(m, &contact->static_key);
    if (passive == NULL || !passive->dialling) {
        passive = passive != NULL ? passive : room_for(m, 0);
        bool connected = member_of_key(m, &contact->static_key) != NULL;
        if (passive != NULL && is_of_use(m, contact) && !connected) {
            *passive = (struct passive){
                .used = true, .drawn = true, .contact = *contact, .try_at_ms = now_ms};
        }
    }
    m->deadline_ms = now_ms < m->deadline_ms ? now_ms : m->deadline_ms;
}

/* Else four that were drawn, and call before they are called, would wait for ever. */
void passive_on_up(struct membership *m, const struct key *key)
{
    struct passive *passive = passive_find(m, key);
    if (passive != NULL && !passive->dialling) {
        passive->drawn = false;
    }
}

void passive_draw(struct membership *m, struct message_contacts *contacts, size_t max,
                  const struct key *but)
{
    size_t first = contacts->count;
    uint64_t met = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_PASSIVE_MAX && first < max; i++) {
        const struct passive *passive = &m->passive[i];
        if (!passive->used || key_equal(&passive->contact.static_key, but)) {
            continue;
        }
        met++;
        if (contacts->count < max) {
            contacts->at[contacts->count++] = passive->contact;
            continue;
        }
        uint64_t at = membership_random(m, met); /* a reservoir: each equally likely */
        if (at < max - first) {
            contacts->at[first + at] = passive->contact;
        }
    }
}

struct passive *passive_choose(struct membership *m, uint64_t now_ms)
{
    struct passive *chosen = NULL;
    uint64_t met = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_PASSIVE_MAX; i++) {
        struct passive *passive = &m->passive[i];
        if (passive->used && passive->drawn && !passive->dialling && now_ms >= passive->try_at_ms &&
            member_of_key(m, &passive->contact.static_key) == NULL &&
            membership_random(m, ++met) == 0) {
            chosen = passive;
        }
    }
    return chosen;
}

/* ---- Dialling ----------------------------------------------------------------------------- */

uint32_t places_dialling(const struct membership *m, bool told)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_PLACES_MAX; i++) {
        const struct place *place = &m->places[i];
        count += place->used && !place->linked && place->told == told;
    }
    return count;
}

static bool is_dialled(const struct membership *m, const struct key *key)
{
    for (uint32_t i = 0; i < MEMBERSHIP_PLACES_MAX; i++) {
        if (m->places[i].used && key_equal(&m->places[i].contact.static_key, key)) {
            return true;
        }
    }
    return false;
}

/* Who is dialled because others say so, and never answers, must not have all places. */
static bool has_place_for_told(const struct membership *m)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < MEMBERSHIP_PLACES_MAX; i++) {
        count += m->places[i].used && m->places[i].told;
    }
    return count < MEMBERSHIP_PLACES_MAX / 2;
}

static bool may_dial(struct membership *m, bool told, uint64_t now_ms)
{
    if (now_ms >= m->dials_period_ms + MEMBERSHIP_PERIOD_MS) {
        m->dials_period_ms = now_ms;
        m->dials_count = 0;
    }
    uint32_t part = told ? 2 : 1;
    return m->dials_count < MEMBERSHIP_PERIOD_DIALS / part &&
           places_dialling(m, told) < MEMBERSHIP_DIALS_MAX / part &&
           (!told || has_place_for_told(m));
}

bool passive_dial(struct membership *m, struct membership_output *out, struct passive *passive,
                  bool told, uint64_t now_ms)
{
    uint32_t place = 0;
    while (place < MEMBERSHIP_PLACES_MAX && m->places[place].used) {
        place++;
    }
    if (place == MEMBERSHIP_PLACES_MAX || passive->dialling || now_ms < passive->try_at_ms ||
        is_dialled(m, &passive->contact.static_key) || !may_dial(m, told, now_ms)) {
        return false;
    }
    m->dials_count++;
    m->places[place] = (struct place){.used = true, .told = told, .contact = passive->contact};
    passive->dialling = true;
    struct membership_action *action = membership_act(out, MEMBERSHIP_DIAL, NONE);
    action->place = place;
    action->told = told;
    action->contact = &m->places[place].contact;
    return true;
}

void membership_on_place_free(struct membership *m, uint32_t place, bool good, uint64_t now_ms)
{
    struct place *freed = &m->places[place];
    if (!freed->used) {
        return;
    }
    freed->used = false;
    if (!good) {
        remember_unanswered(m, &freed->contact, now_ms);
    }
    struct passive *passive = passive_find(m, &freed->contact.static_key);
    if (passive != NULL && passive->dialling) {
        passive->dialling = false;
        passive->used = good;
        passive->drawn = false;
    }
    m->deadline_ms = now_ms < m->deadline_ms ? now_ms : m->deadline_ms;
}
