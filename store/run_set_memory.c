/* What an open run knows of its sets without reading: fences, totals, its first and last second. */
#include "store/run_set_inner.h"

#include "proto/post.h"

#define KEY_OCTETS (RUN_SET_NAME_LEN + RUN_TIME_LEN)
/* A group's entries take two octets at least. */
#define BLOCK_ENTRIES_MAX (RUN_PLAIN_LEN / 2)

bool run_bound_id_is_zero(const struct negentropy_bound *bound)
{
    static const struct post_id zero;
    return post_id_equal(&bound->id, &zero);
}

/* The fences of the set whose second is below the bound's, and those whose second is not above
 * it. */
void run_set_seconds_around(const struct run *run, uint32_t *low, uint32_t *high,
                            const struct run_set_name *set, const struct negentropy_bound *bound)
{
    const struct run_part *part = &run->parts[RUN_SETS];
    bool above_all = bound->created_s > POST_TIME_MAX;
    uint8_t key[KEY_OCTETS];
    memcpy(key, set->octets, RUN_SET_NAME_LEN);
    run_put_number(key + RUN_SET_NAME_LEN, above_all ? POST_TIME_MAX : bound->created_s,
                   RUN_TIME_LEN);
    *low = run_fences_below(part, RUN_SETS, key, sizeof key, above_all);
    *high = above_all || run_bound_id_is_zero(bound)
                ? *low
                : run_fences_below(part, RUN_SETS, key, sizeof key, true);
}

uint32_t run_set_blocks_below_rank(const struct run *run, const struct run_set_name *set,
                                   uint64_t rank)
{
    const struct run_part *part = &run->parts[RUN_SETS];
    uint32_t low = 0;
    uint32_t high = part->blocks_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const uint8_t *fence = run_fence(part, RUN_SETS, middle);
        int order = memcmp(fence, set->octets, RUN_SET_NAME_LEN);
        if (order < 0 || (order == 0 && octets_get_u32be(fence + RUN_FENCE_RANK_AT) < rank)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* What a large set comes to, from memory. */
bool run_set_total(const struct run *run, struct fold *fold, const struct run_set_name *set)
{
    const struct bloom *totals = &run->parts[RUN_SETS].filter;
    uint32_t low = 0;
    uint32_t high = totals->lines_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const uint8_t *line = totals->lines + (size_t)middle * RUN_LINE_LEN;
        int order = memcmp(line, set->octets, RUN_SET_NAME_LEN);
        if (order == 0) {
            fold->count = octets_get_u32be(line + RUN_TOTAL_COUNT_AT);
            run_get_sum(fold, line + RUN_TOTAL_SUM_AT);
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

/* What is below a bound that lies outside the run's seconds, without reading.  Where posts arrive
 * about when they were made, that is so for most runs and bounds. */
bool run_set_known_below(const struct run *run, struct fold *fold, const struct run_set_name *set,
                         const struct negentropy_bound *bound)
{
    if (bound->created_s < run->created_min_s ||
        (bound->created_s == run->created_min_s && run_bound_id_is_zero(bound))) {
        *fold = (struct fold){0};
        return true;
    }
    return bound->created_s > run->created_max_s && run_set_total(run, fold, set);
}

/* The rank at which a fence stands in the set; false where it is another set's. */
static bool fence_rank(const struct run *run, uint64_t *rank, const struct run_set_name *set,
                       uint32_t index)
{
    const struct run_part *part = &run->parts[RUN_SETS];
    if (index >= part->blocks_count) {
        return false;
    }
    const uint8_t *fence = run_fence(part, RUN_SETS, index);
    if (memcmp(fence, set->octets, RUN_SET_NAME_LEN) != 0) {
        return false;
    }
    *rank = octets_get_u32be(fence + RUN_FENCE_RANK_AT);
    return true;
}

struct run_set_bracket run_set_bracket(const struct run *run, const struct run_set_name *set,
                                       const struct negentropy_bound *bound)
{
    uint32_t low;
    uint32_t high;
    run_set_seconds_around(run, &low, &high, set, bound);
    struct run_set_bracket bracket = {0, 0};
    struct fold known;
    if (run_set_known_below(run, &known, set, bound)) {
        return (struct run_set_bracket){known.count, known.count};
    }
    if (high == 0) {
        return bracket; /* every block begins with a set behind this one, or at the bound */
    }
    if (low == 0 || !fence_rank(run, &bracket.low, set, low - 1)) {
        bracket.low = 0;
    }
    if (!fence_rank(run, &bracket.high, set, high)) {
        uint64_t before = 0;
        (void)fence_rank(run, &before, set, high - 1);
        bracket.high = before + BLOCK_ENTRIES_MAX;
    }
    return bracket;
}

bool run_set_middle(const struct run *run, uint64_t *created_s, const struct run_set_name *set,
                    uint64_t low, uint64_t high)
{
    uint64_t middle = low + (high - low) / 2;
    uint32_t behind = run_set_blocks_below_rank(run, set, middle + 1);
    uint64_t rank;
    uint32_t index = behind;
    if (behind > 0 && fence_rank(run, &rank, set, behind - 1) && rank >= low && rank < high) {
        index = behind - 1;
    } else if (!fence_rank(run, &rank, set, behind) || rank < low || rank >= high) {
        return false;
    }
    const uint8_t *fence = run_fence(&run->parts[RUN_SETS], RUN_SETS, index);
    *created_s = run_get_number(fence + RUN_SET_NAME_LEN, RUN_TIME_LEN);
    return true;
}
