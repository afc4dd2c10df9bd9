/* peer_score.h - what a node remembers of how others behaved, over reconnects (SPEC 8.6).
 *
 * A score belongs to a static key; what was wrong counts a little against the group of addresses it
 * came from, too.  Scores fade.  Nothing that a person decides (whom she follows, blocks, shields)
 * ever comes in here.  Pure; times are seconds of the wall clock, which may jump. */
#ifndef KITH_PROTO_PEER_SCORE_H
#define KITH_PROTO_PEER_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/key.h"
#include "proto/octets.h"

#define PEER_SCORE_ROWS          512 /* of keys and groups together; the least telling one gives way */
#define PEER_SCORE_HALF_LIFE_S   21600 /* 6 h */
#define PEER_SCORE_MAX           100
#define PEER_SCORE_MIN           (-100)
#define PEER_SCORE_LOW           (-20) /* not dialled, and the first to go */
#define PEER_SCORE_REFUSED       (-40) /* turned away until it has faded above this */
#define PEER_SCORE_WITHOUT_LEAST (-10)
#define PEER_SCORE_GROUP_PART    8 /* of what is wrong, one part counts against the group */
#define PEER_SCORE_ENCODED_MAX   (PEER_SCORE_ROWS * 20 + 16)

enum peer_deed {
    PEER_USEFUL,      /* + 1       it was first to bring a post that is new here */
    PEER_DUPLICATE,   /* - 0.05    a post that was here came whole; takes from what is above 0 */
    PEER_WITHOUT,     /* - 2       it does not have what it listed or announced; down to
                       *           WITHOUT_LEAST, and not of its group: posts expire */
    PEER_UNDELIVERED, /* - 15      it said nothing at all of what it listed */
    PEER_INVALID,     /* - 50      a proof that does not hold */
    PEER_UNRULY,      /* - 25      frames that nobody who follows SPEC sends, or floods */
    PEER_DEEDS_COUNT
};

struct peer_scores;

/*   ERR_NO_MEMORY */
MUST_USE enum err_code peer_scores_new(struct peer_scores **scores);
void peer_scores_free(struct peer_scores *scores);

/* group: of the address it is connected from or was dialled at; ADDRESS_GROUP_NONE and
 * ADDRESS_GROUP_LOOPBACK have no score. */
void peer_score_note(struct peer_scores *scores, const struct key *key, uint64_t group,
                     enum peer_deed deed, uint64_t now_s);
/* The deed that a connection closed for such a reason shows; PEER_DEEDS_COUNT: none. */
enum peer_deed peer_deed_of(enum err_code reason);

/* Between MIN and MAX: of the key, and where that has none that is good, also of its group. */
int peer_score(const struct peer_scores *scores, const struct key *key, uint64_t group,
               uint64_t now_s);
/* By the key alone: a group is many people, and turns nobody away. */
bool peer_score_refuses(const struct peer_scores *scores, const struct key *key, uint64_t now_s);

uint32_t peer_scores_count(const struct peer_scores *scores);

/* ---- On the disk: [1, row, ...], row = [who (u64), kind, steps] --------------------------- */

/* Coarsely: in steps of 10, 0 left out, and no times.  How many octets. */
size_t peer_scores_encode(const struct peer_scores *scores, uint8_t out[PEER_SCORE_ENCODED_MAX],
                          uint64_t now_s);
/* As of now_s.
 *   ERR_TRUNCATED, ERR_MALFORMED  not the one valid form, or out of range
 *   ERR_NO_MEMORY */
MUST_USE enum err_code peer_scores_decode(struct peer_scores **scores, struct octets encoded,
                                          uint64_t now_s);

#endif
