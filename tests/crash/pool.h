/* pool.h - the people of a crash test's history and everything they ever sign.  A post is known by
 * its index. */
#ifndef KITH_TESTS_CRASH_POOL_H
#define KITH_TESTS_CRASH_POOL_H

#include "proto/post.h"

#define POOL_PEOPLE    24
#define POOL_POSTS_MAX 8192
#define POOL_NONE      UINT32_MAX

struct pool_post {
    struct post post;
    struct octets wire;
    uint32_t author;  /* who of the people */
    uint32_t subject; /* what a retract takes back, else POOL_NONE */
};

const struct key *pool_person(uint32_t who);
const struct pool_post *pool_at(uint32_t index);
uint32_t pool_count(void);
/* Forget all from index count on: what was only tried out. */
void pool_back(uint32_t count);

/* Whether a post is being made just now: for tests in which allocations fail. */
bool pool_making(void);
/* parent may be POOL_NONE; expires_s 0. */
uint32_t pool_text(uint32_t who, uint64_t created_s, uint64_t expires_s, uint32_t parent,
                   size_t text_len);
uint32_t pool_retract(uint32_t who, uint64_t created_s, uint32_t subject);

#endif
