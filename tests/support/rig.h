/* rig.h - one engine on a bench: tests give inputs, look at what came out, answer by hand.
 *
 *     struct rig *rig = rig_new(RIG_PERSONAL);
 *     rig_peer(rig, 0);                          a peer that dialled us and said HELLO
 *     rig_gives(rig, 0, &posts, 0, 1);           it sends the first post
 *     rig_answers_all(rig);                      reads, proofs and puts, as a sound store would
 *     assert_true(rig_was_sent(rig, 1, FRAME_POSTS));
 *
 * What an effect points at is copied where it does not outlive the step. */
#ifndef KITH_TESTS_SUPPORT_RIG_H
#define KITH_TESTS_SUPPORT_RIG_H

#include "proto/engine.h"
#include "tests/support/posts.h"
#include "tests/support/sorted_set.h"

#define RIG_NOW_S     1000000
#define RIG_NOT       (-1)
#define RIG_PEERS_MAX 64

enum rig_role { RIG_PERSONAL, RIG_RELAY };

struct rig_sent {
    uint32_t peer;
    enum frame_type type;
    uint8_t *payload;
    size_t len;
};

struct rig {
    struct engine *engine;
    struct engine_output out;
    uint64_t now_ms;
    uint64_t now_s;
    uint64_t floor_s;
    struct person relay; /* whose identity a relay's HELLO proves */

    struct engine_effect asked[128]; /* questions without an answer, oldest first */
    size_t asked_count;
    struct rig_sent *sent; /* everything since rig_forget() */
    size_t sent_count;
    int closed[RIG_PEERS_MAX]; /* reason, or RIG_NOT */
    bool paused[RIG_PEERS_MAX];
    uint32_t paused_now; /* in this step, or RIG_PEERS_MAX */
    size_t pauses_count;
    size_t dials_count;
    struct {
        uint32_t address;
        struct key static_key;
    } contacts[ENGINE_CONTACTS_MAX]; /* of these the contacts that nobody answered, oldest first */
    size_t contacts_count;
    size_t accepted_count;
    size_t ready_count;
    struct engine_published published; /* the last one */
    size_t published_count;
    struct engine_joined joined;
    size_t joined_count;
    struct engine_join join;
    size_t join_count;

    struct post_id known[2048]; /* what the store behind rig_answers_all() holds */
    size_t known_count;
    struct sorted_set *set; /* what it answers reconciliation from; NULL: nothing */
};

struct rig *rig_new(enum rig_role role);
/* One that wants some sets only. */
struct rig *rig_new_wanting(enum rig_role role, const struct set_choice *sets);
/* A relay that learns of others and remembers how peers behaved; both are borrowed. */
struct rig *rig_new_booked(struct address_book *book, struct peer_scores *scores);
void rig_free(struct rig *rig);

void rig_step(struct rig *rig, struct engine_input in);
/* Time passes; the engine is told when it wants to be. */
void rig_waits(struct rig *rig, uint64_t for_ms);
/* Forget what was sent. */
void rig_forget(struct rig *rig);

/* A peer comes up: it dialled us, or we it at address; with or without its HELLO. */
void rig_up(struct rig *rig, uint32_t peer, uint32_t address);
void rig_hello(struct rig *rig, uint32_t peer);
/* It dialled us, and says such a HELLO: a relay's is signed for it. */
void rig_peer_saying(struct rig *rig, uint32_t peer, struct message_hello hello);
void rig_hello_relay(struct rig *rig, uint32_t peer);
/* The oldest contact was dialled in vain, or comes up as peer and says that it is a relay; false
 * where there is none. */
bool rig_contact_fails(struct rig *rig);
bool rig_contact_answers(struct rig *rig, uint32_t peer);
/* We dialled it, and its floor is that day. */
void rig_dialled_floor(struct rig *rig, uint32_t peer, uint32_t floor_day);
void rig_peer(struct rig *rig, uint32_t peer);
/* We dialled it at an address of the same number. */
void rig_dialled(struct rig *rig, uint32_t peer);
void rig_down(struct rig *rig, uint32_t peer);

void rig_frame(struct rig *rig, uint32_t peer, enum frame_type type, const void *payload,
               size_t len);
/* posts[first .. first + count) in one frame, new. */
void rig_gives(struct rig *rig, uint32_t peer, const struct posts *posts, size_t first,
               size_t count);
void rig_publishes(struct rig *rig, uint64_t token, struct octets wire);

/* The oldest unanswered question of this kind, no longer listed; it must be there (query only
 * counts for ENGINE_READ). */
struct engine_effect rig_takes(struct rig *rig, enum engine_effect_type type,
                               enum engine_query query);
bool rig_is_asked(const struct rig *rig, enum engine_effect_type type);
/* One answer for all posts or ids of a question. */
void rig_says_known(struct rig *rig, uint64_t token, bool known);
void rig_says_verified(struct rig *rig, uint64_t token, bool ok);
void rig_says_stored(struct rig *rig, uint64_t token, enum err_code status, enum engine_put result);
void rig_says_read_failed(struct rig *rig, uint64_t token);
/* Answer every question truly until none is left; BODIES from posts, which may be NULL. */
void rig_answers(struct rig *rig, const struct posts *posts);
void rig_answers_all(struct rig *rig);
/* The same, for one question. */
void rig_answers_one(struct rig *rig, const struct engine_effect *asked, const struct posts *posts);

size_t rig_sent_count(const struct rig *rig, uint32_t peer, enum frame_type type);
/* The last such frame, or NULL. */
const struct rig_sent *rig_last(const struct rig *rig, uint32_t peer, enum frame_type type);
/* How many posts peer was sent. */
size_t rig_posts_sent(const struct rig *rig, uint32_t peer);

#endif
