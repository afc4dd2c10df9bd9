/* engine_recon_scene.h - an engine that reconciles with peers that follow a script. */
#ifndef KITH_TESTS_UNIT_PROTO_ENGINE_RECON_SCENE_H
#define KITH_TESTS_UNIT_PROTO_ENGINE_RECON_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/support/negentropy_peer.h"
#include "tests/support/rig.h"

/* A peer that reconciles by script, over a set of posts of its own. */
struct other {
    struct posts posts;
    struct sorted_set set;
    struct negentropy_peer *peer;
};

/* Posts of this person, a second apart, a while ago. */
struct posts said(const char *name, size_t count);

/* These posts, as dated by said(). */
void other_fill(struct sorted_set *set, const struct posts *posts);
/* It has the first so many of bea's. */
void other_with(struct other *other, size_t count, enum negentropy_role role);
void other_close(struct other *other);
/* The other side answers the engine's last message. */
void other_replies(struct other *other, struct rig *rig, uint32_t peer);

void give_recon(struct rig *rig, uint32_t peer, uint32_t session, struct octets message);
struct octets recon_sent(const struct rig *rig, uint32_t peer, uint32_t *session);
size_t wants_sent(const struct rig *rig, uint32_t peer);

#endif
