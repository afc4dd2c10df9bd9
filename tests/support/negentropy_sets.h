/* negentropy_sets.h - two sets of posts from a few numbers, as tests/interop/sets.mjs makes them.
 *
 * For tests. */
#ifndef KITH_TESTS_SUPPORT_NEGENTROPY_SETS_H
#define KITH_TESTS_SUPPORT_NEGENTROPY_SETS_H

#include <stddef.h>
#include <stdint.h>

#include "tests/support/sorted_set.h"

/* Item i has created_s = 1700000000 + (i * step) % span and the id SHA-256("SEED:i") with its
 * first `zeros` octets set to zero.  The first only_a items are A's alone, the next only_b B's,
 * and shared ones follow. */
struct negentropy_sets_shape {
    const char *seed;
    size_t shared;
    size_t only_a;
    size_t only_b;
    uint64_t step;
    uint64_t span;
    size_t zeros;
};

/* Fill and seal two initialised sets. */
void negentropy_sets_make(struct sorted_set *a, struct sorted_set *b,
                          const struct negentropy_sets_shape *shape);

/* The id of item i: A's alone if i < only_a, and so on. */
struct post_id negentropy_sets_id(const struct negentropy_sets_shape *shape, size_t i);

#endif
