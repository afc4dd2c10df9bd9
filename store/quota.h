/* quota.h - how much of one author a relay keeps (SPEC 8.4).
 *
 * What counts is what is kept, by the UTC day of created_s and in all: so the answer is the same
 * whoever brings a post, the same after a restart, and one author's posts never cost another
 * anything.  What stands (post_stands()) never leaves, so of that there is less in all.  Nothing is
 * written down; what is counted is remembered for a bounded number of authors and counted again for
 * the others.  One thread takes, any may ask; it locks inside, also over what the source does. */
#ifndef KITH_STORE_QUOTA_H
#define KITH_STORE_QUOTA_H

#include "proto/err.h"
#include "proto/key.h"

/* 0: no limit. */
struct quota_limits {
    uint32_t day_posts;
    uint32_t all_posts;
    uint64_t day_octets; /* of wires */
    uint64_t all_octets;
    uint32_t standing_posts; /* in all, of those that stand */
};

/* Posts dated from_s or later, and before until_s. */
struct quota_span {
    struct key author;
    uint64_t from_s;
    uint64_t until_s;
    bool standing; /* only those that stand */
};

/* Counts what is kept of an author. */
struct quota_source {
    void *context;
    enum err_code (*posts)(void *context, uint64_t *count, const struct quota_span *span,
                           struct err_note *note);
    enum err_code (*octets)(void *context, uint64_t *len, const struct quota_span *span,
                            struct err_note *note);
};

struct quota_post {
    struct key author;
    uint64_t created_s;
    size_t wire_len; /* at most POST_WIRE_MAX */
    bool takes_back; /* a retract: as many again may be kept */
    bool stands;
};

struct quota;

/* source is copied.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code quota_new(struct quota **quota, const struct quota_limits *limits,
                                 const struct quota_source *source);
void quota_free(struct quota *quota);

/* Whether one more post of this author is kept; if so it counts from now on.  now_s only decides
 * how soon somebody who is refused is counted again, for posts that left meanwhile.
 *   and what the source gives */
MUST_USE enum err_code quota_take(struct quota *quota, bool *allowed, const struct quota_post *post,
                                  uint64_t now_s, struct err_note *note);
/* The same without counting it: false where it would be refused.  While something is taken nobody
 * is counted, and who was not yet is allowed.
 *   and what the source gives */
MUST_USE enum err_code quota_allows(struct quota *quota, bool *allowed,
                                    const struct quota_post *post, uint64_t now_s,
                                    struct err_note *note);
/* What was taken is kept: from now on the source counts it too. */
void quota_kept(struct quota *quota);
/* What was taken may not have been kept: everybody is counted again. */
void quota_forget(struct quota *quota);

#endif
