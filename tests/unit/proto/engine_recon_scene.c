#include "tests/unit/proto/engine_recon_scene.h"

#include <stdlib.h>

struct posts said(const char *name, size_t count)
{
    return posts_said(name, count, RIG_NOW_S - 1000, 1);
}

void other_fill(struct sorted_set *set, const struct posts *posts)
{
    sorted_set_init(set);
    for (size_t i = 0; i < posts->count; i++) {
        sorted_set_add(set, RIG_NOW_S - 1000 + i, &posts->ids[i]);
    }
    sorted_set_seal(set);
}

void other_with(struct other *other, size_t count, enum negentropy_role role)
{
    other->posts = said("bea", count);
    other_fill(&other->set, &other->posts);
    other->peer = negentropy_peer_new(&other->set, role, NEGENTROPY_MESSAGE_MAX, 4096);
}

void other_close(struct other *other)
{
    negentropy_peer_free(other->peer);
    sorted_set_close(&other->set);
    posts_free(&other->posts);
}

void give_recon(struct rig *rig, uint32_t peer, uint32_t session, struct octets message)
{
    uint8_t *out = malloc(message.len + MESSAGE_RECON_HEAD);
    assert_non_null(out);
    struct message_recon recon = {.session = session, .set = SET_ALL, .message = message};
    size_t len = message_recon_encode(out, &recon);
    rig_frame(rig, peer, FRAME_RECON, out, len);
    free(out);
}

struct octets recon_sent(const struct rig *rig, uint32_t peer, uint32_t *session)
{
    const struct rig_sent *sent = rig_last(rig, peer, FRAME_RECON);
    struct message_recon recon;
    assert_non_null(sent);
    assert_int_equal(message_recon_decode(&recon, octets_of(sent->payload, sent->len)), ERR_OK);
    *session = recon.session;
    return recon.message;
}

/* The other side answers the engine's last message. */
void other_replies(struct other *other, struct rig *rig, uint32_t peer)
{
    uint32_t session;
    struct octets message = recon_sent(rig, peer, &session);
    assert_int_equal(negentropy_peer_receive(other->peer, message), ERR_OK);
    give_recon(rig, peer, session, octets_of(other->peer->reply.at, other->peer->reply.len));
}

size_t wants_sent(const struct rig *rig, uint32_t peer)
{
    return rig_sent_count(rig, peer, FRAME_WANT) + rig_sent_count(rig, peer, FRAME_WANT_AT);
}
