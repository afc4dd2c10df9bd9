#include "store/run_set.h"

#include "store/run_group.h"
#include "store/run_set_inner.h"

/* Where it was found. */
struct place {
    bool any;                   /* false: the set has nothing below the target */
    uint32_t below;             /* entries of the group that are below the target */
    struct run_set_group group; /* not written unless any */
    bool has_next;              /* the set's next group stands in the same block */
    struct run_set_group next;  /* that one, skimmed */
};

/* Whether an entry is below the bound; its id is read only where their seconds are the same. */
static enum err_code entry_below(const struct run *run, bool *below,
                                 const struct negentropy_bound *bound, uint64_t created_s,
                                 uint32_t relative, struct err_note *note)
{
    if (created_s != bound->created_s || run_bound_id_is_zero(bound)) {
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

static enum err_code blocks_below_bound(const struct run *run, uint32_t *count,
                                        const struct run_set_target *target, struct err_note *note)
{
    uint32_t low;
    uint32_t high;
    run_set_seconds_around(run, &low, &high, target->set, target->bound);
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const uint8_t *fence = run_fence(&run->parts[RUN_SETS], RUN_SETS, middle);
        bool below = false;
        enum err_code rc = entry_below(run, &below, target->bound, target->bound->created_s,
                                       octets_get_u32be(fence + RUN_FENCE_POSITION_AT), note);
        if (rc != ERR_OK) {
            return rc;
        }
        low = below ? middle + 1 : low;
        high = below ? high : middle;
    }
    *count = low;
    return ERR_OK;
}

/* How many blocks begin below the target. */
enum err_code run_set_blocks_below(const struct run *run, uint32_t *count,
                                   const struct run_set_target *target, struct err_note *note)
{
    if (target->bound != NULL) {
        return blocks_below_bound(run, count, target, note);
    }
    *count = run_set_blocks_below_rank(run, target->set, target->rank);
    return ERR_OK;
}

static enum err_code group_begins_below(const struct run *run, bool *below,
                                        const struct run_set_target *target,
                                        const struct run_set_group *group, struct err_note *note)
{
    if (target->bound == NULL) {
        *below = group->fold.count < target->rank;
        return ERR_OK;
    }
    return entry_below(run, below, target->bound, group->created_s[0], group->positions[0], note);
}

enum err_code run_set_count_below(const struct run *run, uint32_t *below,
                                  const struct run_set_target *target,
                                  const struct run_set_group *group, struct err_note *note)
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

/* The last group of the block that begins below the target stands at *begin; it is skimmed. */
static enum err_code skim_block(const struct run *run, struct place *place, size_t *begin,
                                const struct run_set_target *target, const uint8_t *plain,
                                struct err_note *note)
{
    struct run_set_group *group = &place->next;
    size_t at = 0;
    for (;;) {
        size_t here = at;
        enum err_code rc = run_group_skim(run, group, plain, &at, note);
        if (rc != ERR_OK) {
            return rc;
        }
        int order = run_set_compare(&group->set, target->set);
        bool below = false;
        if (order == 0) {
            rc = group_begins_below(run, &below, target, group, note);
        }
        if (rc != ERR_OK) {
            return rc;
        }
        if (order > 0 || (order == 0 && !below)) {
            place->has_next = order == 0;
            return ERR_OK;
        }
        if (order == 0) {
            place->any = true;
            *begin = here;
        }
    }
}

static enum err_code find_in_block(const struct run *run, struct place *place,
                                   const struct run_set_target *target, uint32_t index,
                                   struct err_note *note)
{
    struct run_reader reader = run_reader(run);
    uint8_t plain[RUN_PLAIN_LEN];
    size_t begin = 0;
    enum err_code rc = run_read(&reader, plain, RUN_SETS, index, 0, RUN_PLAIN_LEN, note);
    if (rc == ERR_OK) {
        rc = skim_block(run, place, &begin, target, plain, note);
        rc = rc == ERR_NOT_FOUND ? ERR_OK : rc;
    }
    if (rc == ERR_OK && place->any) {
        place->group.set = *target->set;
        rc = run_group_next(run, &place->group, plain, &begin, note);
    }
    return rc;
}

static enum err_code locate(const struct run *run, struct place *place,
                            const struct run_set_target *target, struct err_note *note)
{
    place->any = false;
    place->below = 0;
    place->has_next = false;
    uint32_t count = 0;
    enum err_code rc = run_set_blocks_below(run, &count, target, note);
    if (rc == ERR_OK && count > 0) {
        rc = find_in_block(run, place, target, count - 1, note);
    }
    if (rc == ERR_OK && place->any) {
        rc = run_set_count_below(run, &place->below, target, &place->group, note);
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
    *fold = backward ? place->next.fold : group->fold;
    if (backward) {
        fold_subtract(fold, &ids);
    } else {
        fold_add(fold, &ids);
    }
    return ERR_OK;
}

enum err_code run_set_rank(const struct run *run, uint64_t *rank, const struct run_set_name *set,
                           const struct negentropy_bound *bound, struct err_note *note)
{
    struct fold known;
    if (run_set_known_below(run, &known, set, bound)) {
        *rank = known.count;
        return ERR_OK;
    }
    struct place place;
    struct run_set_target target = {.set = set, .bound = bound};
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
    if (run_set_known_below(run, fold, set, bound)) {
        return ERR_OK;
    }
    struct place place;
    struct run_set_target target = {.set = set, .bound = bound};
    enum err_code rc = locate(run, &place, &target, note);
    return rc == ERR_OK ? fold_of(run, fold, &place, note) : rc;
}

enum err_code run_set_fold(const struct run *run, struct fold *fold, const struct run_set_name *set,
                           uint64_t rank, struct err_note *note)
{
    struct fold total;
    if (run_set_total(run, &total, set) && total.count == rank) {
        *fold = total;
        return ERR_OK;
    }
    struct place place;
    struct run_set_target target = {.set = set, .rank = rank};
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
    struct run_set_target target = {.set = set, .rank = rank + 1};
    enum err_code rc = locate(run, &place, &target, note);
    if (rc != ERR_OK) {
        return rc;
    }
    if (!place.any || rank_of(&place) != rank + 1) {
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
