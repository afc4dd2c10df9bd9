/* ledger.h - what a history was told is done, and what was in flight when the machine stopped; and
 * whether a home that was opened again keeps to it. */
#ifndef KITH_TESTS_CRASH_LEDGER_H
#define KITH_TESTS_CRASH_LEDGER_H

#include "tests/crash/house.h"
#include "tests/crash/pool.h"

#define LEDGER_BATCH_MAX   64
#define LEDGER_OWN_MAX     2048
#define LEDGER_ADOPTED_MAX 8
#define LEDGER_INVITES     64
#define LEDGER_TAGS        16
#define LEDGER_SHIELDS     16
#define LEDGER_PEERS       8
#define LEDGER_UNKNOWN     UINT64_MAX
#define LEDGER_NOW_S       UINT64_C(1700000000) /* when a history begins */

/* What a vault holds, apart from the order of its lists. */
struct ledger_vault {
    uint8_t petname[POOL_PEOPLE]; /* 0: none */
    bool followed[POOL_PEOPLE];
    struct {
        bool in_force;
        uint8_t label; /* 0: none */
        uint16_t stretches;
        uint64_t at_s; /* since, or until */
        uint64_t position;
    } blocks[POOL_PEOPLE];
    bool tags[LEDGER_TAGS];
    bool shields[LEDGER_SHIELDS];
    bool peers[LEDGER_PEERS];
    bool claims[LEDGER_PEERS];
    uint8_t steps;
    bool strange; /* something that this history never wrote */
};

struct ledger {
    /* Stored: acknowledged in this order, at[] by index into the pool. */
    uint32_t order[POOL_POSTS_MAX];
    size_t order_count;
    bool stored[POOL_POSTS_MAX];
    uint64_t at[POOL_POSTS_MAX];
    uint32_t flying[LEDGER_BATCH_MAX]; /* the batch in flight */
    size_t flying_count;

    uint32_t own[LEDGER_OWN_MAX]; /* journaled */
    uint32_t sent[LEDGER_OWN_MAX];
    size_t own_count;
    uint32_t own_flying[LEDGER_ADOPTED_MAX]; /* being journaled, as one batch */
    size_t own_flying_count;
    uint32_t own_flying_sent;
    size_t sent_flying; /* index into own, or LEDGER_OWN_MAX */
    uint32_t sent_value;
    bool used[LEDGER_INVITES];
    uint32_t used_flying; /* or LEDGER_INVITES */

    struct ledger_vault vault;
    struct ledger_vault vault_next;
    bool vault_flying;
    bool blocks_alone; /* an older copy may have come back: of all else something may be missing */
    uint64_t generation;

    struct house_words words;
    uint64_t quarantined_count; /* what damage was counted since the history began */
};

void ledger_init(struct ledger *ledger);
/* Names of what the vault holds. */
void ledger_name(char out[32], const char *what, unsigned number);
/* Whose use of which invite. */
void ledger_invite(struct key *seed_public, struct key *subject, uint32_t number);

/* Whether the open home keeps to the ledger.  thorough reads every post's octets, else the last
 * ones.  When it does not, *why says so in words. */
MUST_USE bool ledger_holds(const struct ledger *ledger, struct house *house, uint64_t now_s,
                           bool thorough, const char **why);
/* More about the latest difference; may be empty. */
const char *ledger_details(void);
/* After damage: whether everything shown is as it was put and in order, her own posts and the vault
 * whole.  *missing_count is how many of the others' posts are neither shown nor taken back by what
 * is. */
MUST_USE bool ledger_holds_rest(const struct ledger *ledger, struct house *house, uint64_t now_s,
                                uint64_t *missing_count, const char **why);
/* What the open home holds of what was in flight counts as done from now on; it holds the ledger.
 */
void ledger_settle(struct ledger *ledger, struct house *house);

#endif
