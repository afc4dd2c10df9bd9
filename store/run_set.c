#include "store/run_set.h"

#include "store/run_group.h"

#include "proto/post.h"

#define KEY_OCTETS  (RUN_SET_NAME_LEN + RUN_TIME_LEN)
#define RANK_AT     KEY_OCTETS
#define POSITION_AT (RANK_AT + 4)
/* A group's entries take two octets at least. */
#define BLOCK_ENTRIES_MAX (RUN_PLAIN_LEN / 2)

/* What is looked for: the last group that begins below a bound, or before a rank. */
struct target {
    const struct run_set_name *set;
    const struct negentropy_bound *bound; /* NULL: by rank */
    uint64_t rank;
};

/* Where it was found. */
struct place {
    bool any;                   /* false: the set has nothing below the target */
    uint32_t below;             /* entries of the group that are below the target */
    struct run_set_group group; /* not written unless any */
    bool has_next;              /* the set's next group stands in the same block */
    struct fold next;           /* what that one comes after */
};

static int compare_sets(const struct run_set_name *a, const struct run_set_name *b)
{
    return memcmp(a->octets, b->octets, RUN_SET_NAME_LEN);
}

static bool id_is_zero(const struct negentropy_bound *bound)
{
    static const struct post_id zero;
    return post_id_equal(&bound->id, &zero);
}

/* Whether an entry is below the bound; its id is read only where their seconds are the same. */
static enum err_code entry_below(const struct run *run, bool *below,
                                 const struct negentropy_bound *bound, uint64_t created_s,
                                 uint32_t relative, struct err_note *note)
{
    if (created_s != bound->created_s || id_is_zero(bound)) {
        *below = created_s < bound->created_s;
        return ERR_OK;
    }
    if (relative >= run->end - run->first) {
        return run_damaged(note);
    }
    struct run_reader reader = run_reader(run);
    struct post_id id;
    enum err_code rc = run_read_id(&reader, &id, relative, note);
    if (rc == ERR_OK) {
        *below = post_id_compare(&id, &bound->id) < 0;
    }
    return rc;
}

/* The fences of the set whose second is below the bound's, and those whose second is not above
 * it. */
static void seconds_around(const struct run *run, uint32_t *low, uint32_t *high,
                           const struct run_set_name *set, const struct negentropy_bound *bound)
{
    const struct run_part *part = &run->parts[RUN_SETS];
    bool above_all = bound->created_s > POST_TIME_MAX;
    uint8_t key[KEY_OCTETS];
    memcpy(key, set->octets, RUN_SET_NAME_LEN);
    run_put_number(key + RUN_SET_NAME_LEN, above_all ? POST_TIME_MAX : bound->created_s,
                   RUN_TIME_LEN);
    *low = run_fences_below(part, RUN_SETS, key, sizeof key, above_all);
    *high = above_all || id_is_zero(bound)
                ? *low
                : run_fences_below(part, RUN_SETS, key, sizeof key, true);
}

static enum err_code blocks_below_bound(const struct run *run, uint32_t *count,
                                        const struct target *target, struct err_note *note)
{
    uint32_t low;
    uint32_t high;
    seconds_around(run, &low, &high, target->set, target->bound);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const uint8_t *fence = run_fence(&run->parts[RUN_SETS], RUN_SETS, middle);
        bool below = false;
        enum err_code rc = entry_below(run, &below, target->bound, target->bound->created_s,
                                       octets_get_u32be(fence + POSITION_AT), note);
        if (rc != ERR_OK) {
            return rc;
        }
        low = below ? middle + 1 : low;
        high = below ? high : middle;
    }
    *count = low;
    return ERR_OK;
}

static uint32_t blocks_below_rank(const struct run *run, const struct run_set_name *set,
                                  uint64_t rank)
{
    const struct run_part *part = &run->parts[RUN_SETS];
    uint32_t low = 0;
    uint32_t high = part->blocks_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const uint8_t *fence = run_fence(part, RUN_SETS, middle);
        int order = memcmp(fence, set->octets, RUN_SET_NAME_LEN);
        if (order < 0 || (order == 0 && octets_get_u32be(fence + RANK_AT) < rank)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* How many blocks begin below the target. */
static enum err_code blocks_below(const struct run *run, uint32_t *count,
                                  const struct target *target, struct err_note *note)
{
    if (target->bound != NULL) {
        return blocks_below_bound(run, count, target, note);
    }
    *count = blocks_below_rank(run, target->set, target->rank);
    return ERR_OK;
}

static enum err_code group_begins_below(const struct run *run, bool *below,
                                        const struct target *target,
                                        const struct run_set_group *group, struct err_note *note)
{
    if (target->bound == NULL) {
        *below = group->fold.count < target->rank;
        return ERR_OK;
    }
    return entry_below(run, below, target->bound, group->created_s[0], group->positions[0], note);
}

static enum err_code count_below(const struct run *run, uint32_t *below,
                                 const struct target *target, const struct run_set_group *group,
                                 struct err_note *note)
{
    if (target->bound == NULL) {
        uint64_t wanted = target->rank - group->fold.count;
        *below = wanted < group->count ? (uint32_t)wanted : group->count;
        return ERR_OK;
    }
    uint32_t low = 0;
    uint32_t high = group->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        bool is_below = false;
        enum err_code rc = entry_below(run, &is_below, target->bound, group->created_s[middle],
                                       group->positions[middle], note);
        if (rc != ERR_OK) {
            return rc;
        }
        low = is_below ? middle + 1 : low;
        high = is_below ? high : middle;
    }
    *below = low;
    return ERR_OK;
}

static enum err_code find_in_block(const struct run *run, struct place *place,
                                   const struct target *target, uint32_t index,
                                   struct err_note *note)
{
    struct run_reader reader = run_reader(run);
    uint8_t plain[RUN_PLAIN_LEN];
    enum err_code rc = run_read(&reader, plain, RUN_SETS, index, 0, RUN_PLAIN_LEN, note);
    struct run_set_group group = {.count = 0};
    for (size_t at = 0; rc == ERR_OK;) {
        rc = run_group_next(run, &group, plain, &at, note);
        if (rc != ERR_OK) {
            break;
        }
        int order = compare_sets(&group.set, target->set);
        if (order < 0) {
            continue;
        }
        bool below = false;
        if (order == 0) {
            rc = group_begins_below(run, &below, target, &group, note);
        }
        if (!below) {
            place->has_next = order == 0;
            place->next = group.fold;
            break;
        }
        place->any = true;
        place->group = group;
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static enum err_code locate(const struct run *run, struct place *place, const struct target *target,
                            struct err_note *note)
{
    place->any = false;
    place->has_next = false;
    uint32_t count;
    enum err_code rc = blocks_below(run, &count, target, note);
    if (rc == ERR_OK && count > 0) {
        rc = find_in_block(run, place, target, count - 1, note);
    }
    if (rc == ERR_OK && place->any) {
        rc = count_below(run, &place->below, target, &place->group, note);
    }
    return rc;
}

static uint64_t rank_of(const struct place *place)
{
    return place->any ? place->group.fold.count + place->below : 0;
}

static enum err_code add_ids(const struct run *run, struct fold *fold,
                             const struct run_set_group *group, uint32_t first, uint32_t end,
                             struct err_note *note)
{
    struct run_reader reader = run_reader(run);
    for (uint32_t i = first; i < end; i++) {
        struct post_id id;
        enum err_code rc = run_read_id(&reader, &id, group->positions[i], note);
        if (rc != ERR_OK) {
            return rc;
        }
        fold_add_id(fold, &id);
    }
    return ERR_OK;
}

/* From whichever end of the group is nearer. */
static enum err_code fold_of(const struct run *run, struct fold *fold, const struct place *place,
                             struct err_note *note)
{
    if (!place->any) {
        *fold = (struct fold){0};
        return ERR_OK;
    }
    const struct run_set_group *group = &place->group;
    bool backward = place->has_next && place->below > group->count / 2;
    struct fold ids = {0};
    enum err_code rc = add_ids(run, &ids, group, backward ? place->below : 0,
                               backward ? group->count : place->below, note);
    if (rc != ERR_OK) {
        return rc;
    }
    *fold = backward ? place->next : group->fold;
    if (backward) {
        fold_subtract(fold, &ids);
    } else {
        fold_add(fold, &ids);
    }
    return ERR_OK;
}

/* What a large set comes to, from memory. */
static bool total_of(const struct run *run, struct fold *fold, const struct run_set_name *set)
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
static bool known_below(const struct run *run, struct fold *fold, const struct run_set_name *set,
                        const struct negentropy_bound *bound)
{
    if (bound->created_s < run->created_min_s ||
        (bound->created_s == run->created_min_s && id_is_zero(bound))) {
        *fold = (struct fold){0};
        return true;
    }
    return bound->created_s > run->created_max_s && total_of(run, fold, set);
}

enum err_code run_set_rank(const struct run *run, uint64_t *rank, const struct run_set_name *set,
                           const struct negentropy_bound *bound, struct err_note *note)
{
    struct fold known;
    if (known_below(run, &known, set, bound)) {
        *rank = known.count;
        return ERR_OK;
    }
    struct place place;
    struct target target = {.set = set, .bound = bound};
    enum err_code rc = locate(run, &place, &target, note);
    if (rc == ERR_OK) {
        *rank = rank_of(&place);
    }
    return rc;
}

enum err_code run_set_count(const struct run *run, uint64_t *count, const struct run_set_name *set,
                            struct err_note *note)
{
    struct negentropy_bound infinity = negentropy_bound_infinity();
    return run_set_rank(run, count, set, &infinity, note);
}

enum err_code run_set_fold_below(const struct run *run, struct fold *fold,
                                 const struct run_set_name *set,
                                 const struct negentropy_bound *bound, struct err_note *note)
{
    if (known_below(run, fold, set, bound)) {
        return ERR_OK;
    }
    struct place place;
    struct target target = {.set = set, .bound = bound};
    enum err_code rc = locate(run, &place, &target, note);
    return rc == ERR_OK ? fold_of(run, fold, &place, note) : rc;
}

enum err_code run_set_fold(const struct run *run, struct fold *fold, const struct run_set_name *set,
                           uint64_t rank, struct err_note *note)
{
    struct fold total;
    if (total_of(run, &total, set) && total.count == rank) {
        *fold = total;
        return ERR_OK;
    }
    struct place place;
    struct target target = {.set = set, .rank = rank};
    enum err_code rc = locate(run, &place, &target, note);
    if (rc == ERR_OK && rank_of(&place) != rank) {
        rc = err_note(note, ERR_NOT_FOUND, "a set of a run has fewer posts");
    }
    return rc == ERR_OK ? fold_of(run, fold, &place, note) : rc;
}

enum err_code run_set_at(const struct run *run, struct run_set_entry *entry,
                         const struct run_set_name *set, uint64_t rank, struct err_note *note)
{
    struct place place;
    struct target target = {.set = set, .rank = rank + 1};
    enum err_code rc = locate(run, &place, &target, note);
    if (rc != ERR_OK) {
        return rc;
    }
    if (rank_of(&place) != rank + 1) {
        return err_note(note, ERR_NOT_FOUND, "a set of a run has fewer posts");
    }
    struct run_reader reader = run_reader(run);
    uint32_t relative = place.group.positions[place.below - 1];
    struct run_set_entry found = {
        .item.created_s = place.group.created_s[place.below - 1],
        .position = run->first + relative,
    };
    rc = run_read_id(&reader, &found.item.id, relative, note);
    if (rc == ERR_OK) {
        *entry = found;
    }
    return rc;
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
    *rank = octets_get_u32be(fence + RANK_AT);
    return true;
}

struct run_set_bracket run_set_bracket(const struct run *run, const struct run_set_name *set,
                                       const struct negentropy_bound *bound)
{
    uint32_t low;
    uint32_t high;
    seconds_around(run, &low, &high, set, bound);
    struct run_set_bracket bracket = {0, 0};
    struct fold known;
    if (known_below(run, &known, set, bound)) {
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
    uint32_t behind = blocks_below_rank(run, set, middle + 1);
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

/* Go to the set's next group, in this block or the next. */
static enum err_code next_group(struct run_set_cursor *cursor, struct err_note *note)
{
    const struct run_part *part = &cursor->run->parts[RUN_SETS];
    struct run_reader reader = run_reader(cursor->run);
    while (cursor->block < part->blocks_count) {
        enum err_code rc = ERR_OK;
        if (cursor->offset == 0) {
            rc = run_read(&reader, cursor->plain, RUN_SETS, cursor->block, 0, RUN_PLAIN_LEN, note);
        }
        while (rc == ERR_OK) {
            rc = run_group_next(cursor->run, &cursor->group, cursor->plain, &cursor->offset, note);
            int order = rc == ERR_OK ? compare_sets(&cursor->group.set, &cursor->set) : 0;
            if (rc == ERR_OK && order == 0) {
                cursor->at = 0;
                return ERR_OK;
            }
            if (order > 0) {
                cursor->end = true;
                return ERR_NOT_FOUND;
            }
        }
        if (rc != ERR_NOT_FOUND) {
            return rc;
        }
        cursor->block++;
        cursor->offset = 0;
    }
    cursor->end = true;
    return ERR_NOT_FOUND;
}

static enum err_code seek(struct run_set_cursor *cursor, const struct run *run,
                          const struct target *target, struct err_note *note)
{
    cursor->run = run;
    cursor->set = *target->set;
    cursor->end = false;
    cursor->offset = 0;
    cursor->at = 0;
    cursor->group.count = 0;
    uint32_t count;
    enum err_code rc = blocks_below(run, &count, target, note);
    if (rc != ERR_OK) {
        return rc;
    }
    cursor->block = count == 0 ? 0 : count - 1;
    bool found = false;
    while (rc == ERR_OK && !found) {
        rc = next_group(cursor, note);
        if (rc == ERR_OK && target->bound == NULL && cursor->group.fold.count >= target->rank) {
            found = true;
        } else if (rc == ERR_OK) {
            rc = count_below(run, &cursor->at, target, &cursor->group, note);
            found = cursor->at < cursor->group.count;
        }
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

enum err_code run_set_seek(struct run_set_cursor *cursor, const struct run *run,
                           const struct run_set_name *set, const struct negentropy_bound *bound,
                           struct err_note *note)
{
    struct target target = {.set = set, .bound = bound};
    return seek(cursor, run, &target, note);
}

enum err_code run_set_seek_rank(struct run_set_cursor *cursor, const struct run *run,
                                const struct run_set_name *set, uint64_t rank,
                                struct err_note *note)
{
    struct target target = {.set = set, .rank = rank};
    return seek(cursor, run, &target, note);
}

enum err_code run_set_next(struct run_set_cursor *cursor, struct run_set_entry *entry,
                           struct err_note *note)
{
    if (!cursor->end && cursor->at == cursor->group.count) {
        enum err_code rc = next_group(cursor, note);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    if (cursor->end) {
        return ERR_NOT_FOUND;
    }
    struct run_reader reader = run_reader(cursor->run);
    uint32_t relative = cursor->group.positions[cursor->at];
    struct run_set_entry found = {
        .item.created_s = cursor->group.created_s[cursor->at],
        .position = cursor->run->first + relative,
    };
    enum err_code rc = run_read_id(&reader, &found.item.id, relative, note);
    if (rc == ERR_OK) {
        *entry = found;
        cursor->at++;
    }
    return rc;
}
