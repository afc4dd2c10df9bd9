#include "proto/negentropy_query.h"

#include <assert.h>
#include <string.h>

#define STEPS_OF_BATCH 4
#define STEP_ITEMS     32

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

/* ---- Buckets ------------------------------------------------------------------------------ */

#define EVEN_PARTS   6    /* of an opening: all but the last hold a sixth each, */
#define FINER        8    /* and each end behind that is so many times nearer to the newest post, */
#define NEAREST      8    /* up to so many posts before it */
#define OPENING_EVEN 15   /* parts of a small opening */
#define OPENING_MIN  2048 /* posts from which on an opening is no small one */

static unsigned even_ends(uint64_t *ends, uint64_t count, unsigned parts)
{
    uint64_t end = 0;
    for (unsigned i = 0; i < parts; i++) {
        end += count / parts + (i < count % parts ? 1 : 0);
        ends[i] = end;
    }
    return parts;
}

/* splitmix64: from one number to many that look unlike it. */
static uint64_t mix(uint64_t salt, unsigned index)
{
    uint64_t mixed = salt + (index + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* Up to a quarter of the distance either way, so that ends stay in order. */
static uint64_t moved(uint64_t end, uint64_t distance, uint64_t random)
{
    uint64_t play = distance / 4;
    return end - play + (play == 0 ? 0 : random % (2 * play));
}

static unsigned opening_ends(uint64_t *ends, uint64_t count, uint64_t salt)
{
    unsigned ends_count = 0;
    if (count < OPENING_MIN) {
        ends_count = even_ends(ends, count, OPENING_EVEN);
        for (unsigned i = 0; i + 1 < ends_count; i++) {
            ends[i] = moved(ends[i], count / OPENING_EVEN, mix(salt, i));
        }
        return ends_count;
    }
    uint64_t part = count / EVEN_PARTS;
    for (unsigned i = 1; i < EVEN_PARTS; i++, ends_count++) {
        ends[ends_count] = moved(part * i, part, mix(salt, ends_count));
    }
    for (uint64_t left = part / FINER; left >= NEAREST && ends_count + 2 < NEGENTROPY_BUCKETS;
         left /= FINER, ends_count++) {
        ends[ends_count] = moved(count - left, left, mix(salt, ends_count));
    }
    ends[ends_count++] = count;
    return ends_count;
}

unsigned negentropy_bucket_ends(uint64_t ends[NEGENTROPY_BUCKETS],
                                const struct negentropy_query *query, uint64_t count)
{
    assert(count >= NEGENTROPY_SPLIT_MIN);
    return query->opening ? opening_ends(ends, count, query->salt)
                          : even_ends(ends, count, NEGENTROPY_BUCKETS);
}

uint32_t negentropy_results_steps(const struct negentropy_results *results)
{
    size_t steps = STEPS_OF_BATCH + results->answers_count;
    for (size_t i = 0; i < results->answers_count; i++) {
        const struct negentropy_answer *answer = &results->answers[i];
        steps += answer->shape == NEGENTROPY_BUCKETED ? answer->buckets_count : 0;
        steps += answer->shape == NEGENTROPY_LISTED ? answer->items_count / STEP_ITEMS : 0;
    }
    return (uint32_t)steps;
}
