/* life.h - a random history of one home: posts come in, she writes, blocks and names people, the
 * node stops and starts.  From a seed, always the same; each act is told to a ledger before it
 * begins and when it is done. */
#ifndef KITH_TESTS_CRASH_LIFE_H
#define KITH_TESTS_CRASH_LIFE_H

#include "tests/crash/ledger.h"

enum life_act {
    LIFE_PUT,   /* a batch of others' posts: some known, some expiring, replies, retracts */
    LIFE_OWN,   /* she writes: journal, then store */
    LIFE_ADOPT, /* some of hers come back from elsewhere */
    LIFE_SENT,  /* a peer got one of hers */
    LIFE_BLOCK,
    LIFE_UNBLOCK,
    LIFE_PETNAME,
    LIFE_FOLLOW, /* a person or a tag, or no longer */
    LIFE_SHIELD,
    LIFE_PEER,   /* peers, claims, steps of the web */
    LIFE_IMPORT, /* a list of blocks */
    LIFE_COPY,   /* vault.last */
    LIFE_INVITE, /* one was used */
    LIFE_LIST,   /* a list of blocks leaves the home */
    LIFE_WORDS,  /* another passphrase, or none */
    LIFE_TRIM,   /* own posts that the journal need not hold leave it */
    LIFE_TEND,   /* the keeper's work: runs written, merged and rewritten */
    LIFE_MIDNIGHT,
    LIFE_REOPEN,
    LIFE_RECOVER, /* the vault is damaged and brought back */
    LIFE_ACTS_COUNT
};

struct life {
    struct house house;
    struct ledger ledger;
    uint64_t random;
    uint64_t now_s;
    enum life_act act;              /* under way, or the latest */
    uint64_t acts[LIFE_ACTS_COUNT]; /* done */
    uint64_t steps_count;
    uint32_t lists_count; /* files that left the home */
    uint32_t author_seed;
    struct err_note note; /* of the latest error */
};

/* Make the home in files (borrowed) and open it.  Aborts where that fails. */
struct life *life_new(struct files *files, uint64_t seed);
/* The same person after whatever happened, over other files; nothing is open yet. */
struct life *life_copy(const struct life *life, struct files *files);
void life_free(struct life *life);

const char *life_act_name(enum life_act act);
/* One act.  On an error the ledger holds what was in flight, life->note the words. */
MUST_USE enum err_code life_step(struct life *life);
MUST_USE enum err_code life_do(struct life *life, enum life_act act);
/* Open the home again; a vault that does not open is brought back, where recovering says that it
 * may have to be. */
MUST_USE enum err_code life_open(struct life *life);

#endif
