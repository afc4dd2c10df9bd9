/* broadcast.h - along which links new posts travel whole, and along which only their ids
 * (SPEC 6.6).
 *
 * Plumtree (Leitao, Pereira, Rodrigues: Epidemic Broadcast Trees, 2007): the links between relays
 * along which posts are pushed become a tree, because whoever gets a post twice prunes the link
 * that was late.  All other links announce ids; what is announced and does not come is asked for,
 * and the link it comes over joins the tree.  Personal nodes are leaves: relays push to those that
 * made them a parent, and they announce to relays what they got from others.
 *
 * The machine knows links, ids and hops, never posts.  It draws no randomness, reads no clock and
 * sends nothing: the caller tells what happens, asks broadcast_next() what is to be done until it
 * gives false, and calls broadcast_on_time() at broadcast_deadline_ms() or earlier.  Links are
 * numbered below links_max by the caller.  Every table has its bound, and grows up to it only as it
 * is used. */
#ifndef KITH_PROTO_BROADCAST_H
#define KITH_PROTO_BROADCAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/err.h"
#include "proto/key.h"
#include "proto/message_overlay.h"

#define BROADCAST_SELF            UINT32_MAX       /* from: this node's own post */
#define BROADCAST_NOBODY          (UINT32_MAX - 1) /* from: a link that is gone */
#define BROADCAST_GRAFT_MIN_MS    500              /* from an announcement to asking, at least */
#define BROADCAST_RTT_FACTOR      4                /* times the 95th percentile of the round trip */
#define BROADCAST_RTT_MAX_MS      2000             /* what took longer counts as this */
#define BROADCAST_YIELD_MS        250   /* more where the tree was not cut; and as much at random */
#define BROADCAST_CUT_MS          5000  /* so long a cut is lately */
#define BROADCAST_OLD_WAIT_MS     10000 /* for what was asked for and is not new */
#define BROADCAST_PARENTS         2     /* relays that push to a leaf */
#define BROADCAST_PROMISES_MAX    512   /* announced and not come, of one relay */
#define BROADCAST_PROMISES_LEAF   64    /* likewise, of one leaf */
#define BROADCAST_SWAP_HALVES     3     /* of a hop, that another way has to save on average */
#define BROADCAST_SWAP_UNKNOWN    2     /* and that it costs where it did not announce the post */
#define BROADCAST_SWAP_COUNT      8     /* over so many posts at least */
#define BROADCAST_SWAP_WINDOW     32    /* and at most: then it is weighed anew */
#define BROADCAST_SWAP_EVERY_MS   10000 /* and as much at random: ways are swapped no more often */
#define BROADCAST_SHAPE_EVERY_MS  2000  /* or half: between posts that may shape the tree */
#define BROADCAST_SHAPE_HOLD_MS   1000  /* between those that do, at one node, at least */
#define BROADCAST_SHAPE_SETTLE_MS 500   /* until it has come everywhere */
#define BROADCAST_SHAPE_HOPS      1     /* that a later copy has to save for its way to be kept */
#define BROADCAST_GAP_FIRST_MS    300   /* between new posts, as far as nothing is known */
#define BROADCAST_GAP_WEIGHT      16    /* the latest counts for one in so many */
#define BROADCAST_BROKEN_MAX      16    /* promises broken beyond those kept */
#define BROADCAST_SENDERS_MAX     4     /* who announced an id, as far as remembered */
#define BROADCAST_EARLY_MAX_MS    3600000 /* so long a post dated ahead is waited for */
#define BROADCAST_EARLY_LINK      16 /* for so many of one link, and of all a 16th of missing_max */

enum broadcast_kind {
    BROADCAST_TREE,   /* both relays, or both personal nodes: pruning and grafting go both ways */
    BROADCAST_PARENT, /* this node is personal, the other a relay */
    BROADCAST_LEAF    /* the other way round */
};

struct broadcast_config {
    uint32_t links_max;
    uint32_t seen_max;    /* ids remembered; a power of two, at least 64 */
    uint32_t missing_max; /* ids announced and not come, of all links */
    uint8_t seed[16];     /* of hash tables, and of what is drawn */
    uint64_t now_ms;
};

struct broadcast;

/*   ERR_NO_MEMORY */
MUST_USE enum err_code broadcast_new(struct broadcast **broadcast,
                                     const struct broadcast_config *config);
void broadcast_free(struct broadcast *broadcast);

/* A link takes part from now on, pushing both ways until somebody prunes it; it is not up yet.
 *   ERR_NO_MEMORY  and it takes no part */
MUST_USE enum err_code broadcast_on_up(struct broadcast *b, uint32_t link,
                                       enum broadcast_kind kind);
/* And no longer; one that is not up is left alone. */
void broadcast_on_down(struct broadcast *b, uint32_t link);

/* Bits by link, as many words of 64 as links_max needs: all that take part; those that are sent
 * new posts whole; and those that are sent this node's own posts whole.  All others are to be
 * announced to. */
const uint64_t *broadcast_links(const struct broadcast *b);
const uint64_t *broadcast_eager(const struct broadcast *b);
const uint64_t *broadcast_eager_own(const struct broadcast *b);

/* A post is here and its proof holds: the first copy, from link (or _SELF, _NOBODY), come so far;
 * MESSAGE_HOPS_OLD for one that is not new. */
void broadcast_on_post(struct broadcast *b, const struct post_id *id, uint32_t from, uint8_t hops,
                       uint64_t now_ms);
/* A post came over this link that is not wanted here, or not at this time, as its octets say: its
 * promise is kept, and it is not asked for again as long as that is remembered. */
void broadcast_on_dropped(struct broadcast *b, const struct post_id *id, uint32_t from,
                          uint64_t now_ms);
/* A post came over this link that is dated ahead of the clock and may be taken in wait_ms: the same
 * until then, and after that it is asked for, of whoever brought or announced it.  As
 * broadcast_on_dropped() where it is too far ahead or too many are waited for. */
void broadcast_on_early(struct broadcast *b, const struct post_id *id, uint32_t from,
                        uint64_t wait_ms, uint64_t now_ms);
/* A new post came whole over this link, so far, when it was here already. */
void broadcast_on_again(struct broadcast *b, const struct post_id *id, uint32_t link, uint8_t hops,
                        uint64_t now_ms);
/* Whether the post came lately, as far as remembered; and how far. */
bool broadcast_saw(const struct broadcast *b, const struct post_id *id, uint8_t *hops);

/* What the other side said; link takes part. */
void broadcast_on_ihave(struct broadcast *b, uint32_t link, const struct message_ihave *ihave,
                        uint64_t now_ms);
void broadcast_on_graft(struct broadcast *b, uint32_t link); /* one that asks for pushing */
void broadcast_on_prune(struct broadcast *b, uint32_t link);
void broadcast_on_none(struct broadcast *b, uint32_t link, const struct post_id *id,
                       uint64_t now_ms);
/* A round trip over link took so long. */
void broadcast_on_rtt(struct broadcast *b, uint32_t link, uint64_t rtt_ms);

/* Who announced this id and still may bring it: gives how many. */
size_t broadcast_senders(const struct broadcast *b, uint32_t links[BROADCAST_SENDERS_MAX],
                         const struct post_id *id);
/* Whether link was silent about what it promised so much oftener than it kept it that its word is
 * not taken. */
bool broadcast_is_faithless(const struct broadcast *b, uint32_t link);
uint32_t broadcast_broken_count(const struct broadcast *b, uint32_t link);
/* Whether it said NONE so much oftener: posts may have expired, fallen below a floor or been taken
 * back, and whoever writes them could turn nodes against each other.  So it is listened to, but
 * asked after the others, and for fewer ids at a time. */
bool broadcast_is_doubtful(const struct broadcast *b, uint32_t link);

enum broadcast_do {
    BROADCAST_PRUNE, /* send PRUNE */
    BROADCAST_GRAFT, /* send GRAFT */
    BROADCAST_CHECK  /* which of these are known to the store? broadcast_on_checked() answers */
};

struct broadcast_action {
    enum broadcast_do what;
    uint32_t link;
    bool push;                           /* GRAFT */
    size_t count;                        /* GRAFT, CHECK */
    struct post_id ids[MESSAGE_IDS_MAX]; /* likewise */
};

/* The next thing to do, done as far as the machine is concerned; false: nothing.  CHECK only where
 * may_check. */
bool broadcast_next(struct broadcast *b, struct broadcast_action *action, bool may_check,
                    uint64_t now_ms);
/* The ids of one CHECK; known[i] says that it need not be asked for. */
void broadcast_on_checked(struct broadcast *b, const struct post_id *ids, const bool *known,
                          size_t count);

void broadcast_on_time(struct broadcast *b, uint64_t now_ms);
/* When broadcast_on_time() has something to do; UINT64_MAX: never. */
uint64_t broadcast_deadline_ms(const struct broadcast *b);

/* What must hold between calls. */
void broadcast_check(const struct broadcast *b);

#endif
