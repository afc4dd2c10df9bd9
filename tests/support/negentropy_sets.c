#include "tests/support/negentropy_sets.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define FIRST_S 1700000000U

struct post_id negentropy_sets_id(const struct negentropy_sets_shape *shape, size_t i)
{
    char text[128];
    struct post_id id;
    (void)snprintf(text, sizeof text, "%s:%zu", shape->seed, i);
    (void)crypto_hash_sha256(id.octets, (const unsigned char *)text, strlen(text));
    memset(id.octets, 0, shape->zeros);
    return id;
}

void negentropy_sets_make(struct sorted_set *a, struct sorted_set *b,
                          const struct negentropy_sets_shape *shape)
{
    for (size_t i = 0; i < shape->only_a + shape->only_b + shape->shared; i++) {
        struct post_id id = negentropy_sets_id(shape, i);
        uint64_t created_s = FIRST_S + (i * shape->step) % shape->span;
        if (i < shape->only_a || i >= shape->only_a + shape->only_b) {
            sorted_set_add(a, created_s, &id);
        }
        if (i >= shape->only_a) {
            sorted_set_add(b, created_s, &id);
        }
    }
    sorted_set_seal(a);
    sorted_set_seal(b);
}
