/* keeping.h - how much a relay keeps and how many it takes in, and how long it and a person's node
 * keep posts (SPEC 7.5, 7.6, 8.3, 8.4): what --keep, --archive, --keep-octets, --author-posts,
 * --members and --member-newcomers say, and what holds without them. */
#ifndef KITH_NODE_KEEPING_H
#define KITH_NODE_KEEPING_H

#include "node/members.h"
#include "proto/err.h"
#include "proto/key.h"
#include "store/store.h"

struct keeping {
    struct store_retention_rules rules;
    struct quota_limits quotas;
    struct members_limits members;
    uint64_t archive_s; /* how long what others wrote stays in a person's archive; 0: no bound */
};

/* Where nobody said anything. */
struct keeping keeping_default(void);

/* "12h", "90d", "4w", or "all": no bound.  At least a day.
 *   ERR_USAGE */
MUST_USE enum err_code keeping_take_time(struct keeping *keeping, const char *text,
                                         struct err_note *note);
/* The same of a person's archive.
 *   ERR_USAGE */
MUST_USE enum err_code keeping_take_archive(struct keeping *keeping, const char *text,
                                            struct err_note *note);
/* "500M", "50G", "2T", or "all".
 *   ERR_USAGE */
MUST_USE enum err_code keeping_take_octets(struct keeping *keeping, const char *text,
                                           struct err_note *note);
/* Posts of one author a day, or "all".
 *   ERR_USAGE */
MUST_USE enum err_code keeping_take_posts(struct keeping *keeping, const char *text,
                                          struct err_note *note);
/* Members in all; newcomers a day by one member and those who came through her.  Or "all".
 *   ERR_USAGE */
MUST_USE enum err_code keeping_take_members(struct keeping *keeping, const char *text,
                                            struct err_note *note);
MUST_USE enum err_code keeping_take_newcomers(struct keeping *keeping, const char *text,
                                              struct err_note *note);

/* Tell the store; before anything is put or tended.  relay is the one author without a quota.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code keeping_apply(const struct keeping *keeping, struct store *store,
                                     const struct key *relay, struct err_note *note);

/* A person's: by age alone, and only once what she keeps is in the archive, which goes by an age of
 * its own. */
void keeping_hold(const struct keeping *keeping, struct store *store, struct store *archive);

#endif
