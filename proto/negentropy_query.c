#include "proto/negentropy_query.h"

#include <string.h>

struct negentropy_bound negentropy_bound_zero(void)
{
    return (struct negentropy_bound){.created_s = 0};
}

struct negentropy_bound negentropy_bound_infinity(void)
{
    return (struct negentropy_bound){.created_s = NEGENTROPY_INFINITY_S};
}

struct negentropy_bound negentropy_bound_at(const struct negentropy_item *item)
{
    return (struct negentropy_bound){
        .created_s = item->created_s, .id = item->id, .prefix_len = POST_ID_LEN};
}

struct negentropy_bound negentropy_bound_between(const struct negentropy_item *before,
                                                 const struct negentropy_item *first)
{
    struct negentropy_bound bound = {.created_s = first->created_s};
    if (first->created_s != before->created_s) {
        return bound;
    }
    size_t shared_len = 0;
    while (shared_len < POST_ID_LEN - 1 &&
           before->id.octets[shared_len] == first->id.octets[shared_len]) {
        shared_len++;
    }
    bound.prefix_len = (uint8_t)(shared_len + 1);
    memcpy(bound.id.octets, first->id.octets, bound.prefix_len);
    return bound;
}

static int place_compare(uint64_t a_s, const struct post_id *a, uint64_t b_s,
                         const struct post_id *b)
{
    if (a_s != b_s) {
        return a_s < b_s ? -1 : 1;
    }
    return post_id_compare(a, b);
}

int negentropy_bound_compare(const struct negentropy_bound *a, const struct negentropy_bound *b)
{
    return place_compare(a->created_s, &a->id, b->created_s, &b->id);
}

int negentropy_item_compare(const struct negentropy_item *a, const struct negentropy_item *b)
{
    return place_compare(a->created_s, &a->id, b->created_s, &b->id);
}

int negentropy_item_compare_bound(const struct negentropy_item *item,
                                  const struct negentropy_bound *bound)
{
    return place_compare(item->created_s, &item->id, bound->created_s, &bound->id);
}

uint64_t negentropy_bucket_len(uint64_t count, unsigned index)
{
    return count / NEGENTROPY_BUCKETS + (index < count % NEGENTROPY_BUCKETS ? 1 : 0);
}
