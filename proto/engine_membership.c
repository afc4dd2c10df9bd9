#include <assert.h>
#include <stdlib.h>

#include "proto/engine_state.h"

/* Relays that want everything alone have views; their numbers for links are those of peers, and a
 * place is an address above those the driver numbers. */

/* ---- Carrying out ------------------------------------------------------------------------- */

static bool is_dialler(const struct engine *e, uint32_t p)
{
    return e->peers[p].address != ENGINE_NO_ADDRESS;
}

static size_t payload_of(uint8_t *at, const struct membership_action *action)
{
    if (action->frame == FRAME_NEIGHBOUR) {
        return message_neighbour_encode(at, &action->as.neighbour);
    }
    if (action->frame == FRAME_FORWARD) {
        return message_forward_encode(at, &action->as.forward);
    }
    return message_contacts_encode(at, action->frame, &action->as.contacts);
}

static void send(struct engine *e, const struct membership_action *action)
{
    uint32_t *list = engine_list(e);
    size_t count = 0;
    assert(e->lists_count + action->links_count <= e->scratch->lists_cap);
    for (size_t i = 0; i < action->links_count; i++) {
        if (e->peers[action->links[i]].state == PEER_READY) {
            list[count++] = action->links[i];
        }
    }
    if (count == 0) {
        return;
    }
    uint8_t *at = engine_arena(e, MESSAGE_CONTACTS_CAP);
    engine_send(e, count, action->frame, octets_of(at, payload_of(at, action)));
}

/* SPEC 7.1: the dialler begins, as soon as it is clear what becomes of the connection. */
static void reconcile(struct engine *e, uint32_t p)
{
    if (is_dialler(e, p)) {
        recon_soon(e, p, e->now_ms);
    }
}

/* Of one group at most one is dialled (SPEC 8.5): what may not be leaves the passive view. */
static void dial(struct engine *e, const struct membership_action *action)
{
    uint32_t address = e->limits.addresses_max + action->place;
    if (!book_lets_dial(e, action->contact)) {
        views_on_place_free(e, address, false);
        return;
    }
    book_on_dial(e, address, action->contact, !action->told);
    engine_emit(e, ENGINE_DIAL)->as.dial =
        (struct engine_dial){.address = address, .contact = action->contact};
}

static void act(struct engine *e, const struct membership_action *action)
{
    uint32_t p = action->links[0];
    switch (action->what) {
    case MEMBERSHIP_SEND:
        send(e, action);
        break;
    case MEMBERSHIP_DIAL:
        dial(e, action);
        break;
    case MEMBERSHIP_CLOSE:
        peer_close(e, p, action->reason);
        break;
    case MEMBERSHIP_JOINED:
        e->neighbours_count++;
        tree_on_ready(e, p);
        reconcile(e, p);
        break;
    case MEMBERSHIP_LEFT:
        e->neighbours_count--;
        tree_on_gone(e, p);
        break;
    case MEMBERSHIP_SETTLED:
        reconcile(e, p);
        break;
    }
}

static void carry_out(struct engine *e, const struct membership_output *out)
{
    if (out->rtt_ms > 0) {
        broadcast_on_rtt(e->tree, out->rtt_link, out->rtt_ms);
    }
    for (size_t i = 0; i < out->actions_count; i++) {
        act(e, &out->actions[i]);
    }
    engine_deadline(e, membership_deadline_ms(e->views));
}

/* ---- Inputs ------------------------------------------------------------------------------- */

static bool make(struct engine *e)
{
    if (e->scratch->views == NULL) {
        e->scratch->views = calloc(2, sizeof *e->scratch->views);
    }
    if (e->views == NULL && e->scratch->views != NULL) {
        struct membership_config config = {.self = e->self};
        for (size_t i = 0; i < sizeof config.seed; i++) {
            config.seed[i] = (uint8_t)engine_random(e, 256);
        }
        if (membership_new(&e->views, &config, e->now_ms) != ERR_OK) {
            e->views = NULL;
        }
    }
    return e->views != NULL;
}

bool views_are_for(const struct engine *e, uint32_t p)
{
    return e->whole && e->peers[p].whole;
}

void views_on_ready(struct engine *e, uint32_t p)
{
    uint32_t address = e->peers[p].address;
    if (!make(e)) {
        peer_close(e, p, ERR_NO_MEMORY);
        return;
    }
    struct membership_up up = {.link = p, .static_key = e->peers[p].static_key};
    up.side = address == ENGINE_NO_ADDRESS        ? MEMBERSHIP_INBOUND
              : address < e->limits.addresses_max ? MEMBERSHIP_NAMED
                                                  : MEMBERSHIP_LEARNT;
    up.place = up.side == MEMBERSHIP_LEARNT ? address - e->limits.addresses_max : 0;
    membership_on_up(e->views, &e->scratch->views[0], &up, e->now_ms);
    carry_out(e, &e->scratch->views[0]);
}

/* Also from within carry_out(), hence the room of its own. */
void views_on_gone(struct engine *e, uint32_t p)
{
    if (e->views != NULL) {
        membership_on_down(e->views, &e->scratch->views[1], p, e->now_ms);
        carry_out(e, &e->scratch->views[1]);
    }
}

void views_on_place_free(struct engine *e, uint32_t address, bool good)
{
    if (e->views != NULL && book_is_contact(e, address) && !book_is_own_place(e, address)) {
        membership_on_place_free(e->views, address - e->limits.addresses_max, good, e->now_ms);
        engine_deadline(e, membership_deadline_ms(e->views));
    }
}

void views_on_frame(struct engine *e, const struct engine_frame_in *in)
{
    struct frame frame = {.type = in->type, .payload = in->payload};
    enum err_code rc =
        membership_on_frame(e->views, &e->scratch->views[0], in->peer, &frame, e->now_ms);
    if (rc != ERR_OK) {
        peer_close(e, in->peer, rc);
        return;
    }
    book_on_views(e, in);
    carry_out(e, &e->scratch->views[0]);
}

void views_learn(struct engine *e, const struct address *contact)
{
    if (make(e)) {
        membership_learn(e->views, contact, e->now_ms);
        engine_deadline(e, e->now_ms);
    }
}

bool views_want_contacts(struct engine *e)
{
    return make(e) && membership_wants_contacts(e->views);
}

void views_on_heard(struct engine *e, uint32_t p)
{
    if (e->views != NULL) {
        membership_on_heard(e->views, p, e->now_ms);
    }
}

void views_on_time(struct engine *e)
{
    if (e->views != NULL && engine_has_room(e, MEMBERSHIP_ACTIONS_MAX * MESSAGE_CONTACTS_CAP,
                                            (size_t)2 * MEMBERSHIP_LINKS_MAX)) {
        membership_on_time(e->views, &e->scratch->views[0], e->now_ms);
        carry_out(e, &e->scratch->views[0]);
    }
}
