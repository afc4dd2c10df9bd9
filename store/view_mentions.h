/* view_mentions.h - the keys a post names, in whatever field (SPEC 9.2). */
#ifndef KITH_STORE_VIEW_MENTIONS_H
#define KITH_STORE_VIEW_MENTIONS_H

#include "proto/post.h"

/* Mentions, and what the note, the name and the bio have room to write out. */
#define VIEW_MENTIONS_MAX (POST_MENTIONS_MAX + (POST_NAME_MAX + POST_BIO_MAX) / 63 + 2)

/* Distinct keys of a known post: mentions and kith1... in any text; for a vouch its subject and
 * then its inviter.  Returns how many. */
size_t view_mentions_of(struct key mentions[VIEW_MENTIONS_MAX], const struct post *post);

#endif
