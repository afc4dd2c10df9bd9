/* set_names.h - the sets of posts whose author or sets were met lately: made once, not for each
 * post (SPEC 7.5, 10.13). */
#ifndef KITH_STORE_SET_NAMES_H
#define KITH_STORE_SET_NAMES_H

#include "proto/post.h"
#include "store/run_hash.h"

#define SET_NAMES_AUTHORS 1024 /* one stands in the place of another with the same first digits */
#define SET_NAMES_TAGS    256  /* likewise one that begins and ends alike */

struct set_names_author {
    struct key key;
    uint32_t set; /* of proto/set.h; 0: none is kept here */
    struct run_set_name name;
};

struct set_names_tag {
    uint32_t set; /* 0: none is kept here */
    uint8_t len;
    uint8_t octets[POST_TAG_MAX];
};

/* Zeroed it is empty.  Of one hash alone; no lock: who owns it guards it. */
struct set_names {
    struct run_set_name shared[SETS_END];
    bool is_kept[SETS_END];
    struct set_names_author authors[SET_NAMES_AUTHORS];
    struct set_names_tag tags[SET_NAMES_TAGS];
};

/* As run_set_of(); as set_of_author() with run_set_author(). */
struct run_set_name set_names_of(struct set_names *names, const struct run_hash *hash,
                                 uint32_t set);
struct set_names_author set_names_author(struct set_names *names, const struct run_hash *hash,
                                         const struct key *author);
/* As set_of_tag(), of a tag of a post. */
uint32_t set_names_tag(struct set_names *names, struct octets tag);

#endif
