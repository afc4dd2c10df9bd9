/* proofs.h - check the proofs of many posts at once, on all cores. */
#ifndef KITH_NODE_PROOFS_H
#define KITH_NODE_PROOFS_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/post.h"

/* Whether post_verify() holds for each.  Where the system gives no more threads, this one does it
 * all. */
bool proofs_hold(const struct post *posts, size_t count);

#endif
