#include "store/run_group.h"

static bool decode_head(struct run_set_group *group, const uint8_t *plain, size_t *at)
{
    bool front = *at == 0;
    uint8_t first = plain[(*at)++];
    if ((first & RUN_GROUP_NAMED) != 0) {
        if (RUN_PLAIN_LEN - *at < RUN_SET_NAME_LEN) {
            return false;
        }
        memcpy(group->set.octets, plain + *at, RUN_SET_NAME_LEN);
        *at += RUN_SET_NAME_LEN;
    } else if (front || (first & RUN_GROUP_RANKED) == 0) {
        return false;
    }
    group->count = (first & (RUN_GROUP_NAMED - 1)) + 1u;
    group->fold = (struct fold){0};
    if ((first & RUN_GROUP_RANKED) == 0) {
        return true;
    }
    if (!run_get_varint(&group->fold.count, plain, at, RUN_PLAIN_LEN) ||
        group->fold.count > UINT32_MAX || RUN_PLAIN_LEN - *at < RUN_SUM_LEN) {
        return false;
    }
    run_get_sum(&group->fold, plain + *at);
    *at += RUN_SUM_LEN;
    return true;
}

static bool decode_entries(const struct run *run, struct run_set_group *group, const uint8_t *plain,
                           size_t *at)
{
    uint64_t created_s = run->created_min_s;
    int64_t position = 0;
    for (uint32_t i = 0; i < group->count; i++) {
        uint64_t later;
        uint64_t step;
        if (!run_get_varint(&later, plain, at, RUN_PLAIN_LEN) ||
            !run_get_varint(&step, plain, at, RUN_PLAIN_LEN)) {
            return false;
        }
        created_s += later;
        position += i == 0 ? (int64_t)step : run_unzigzag(step);
        if (created_s > run->created_max_s || position < 0 ||
            position >= (int64_t)(run->end - run->first)) {
            return false;
        }
        group->created_s[i] = created_s;
        group->positions[i] = (uint32_t)position;
    }
    return true;
}

enum err_code run_group_next(const struct run *run, struct run_set_group *group,
                             const uint8_t plain[RUN_PLAIN_LEN], size_t *at, struct err_note *note)
{
    /* A zero octet where a group would begin is what fills the block up; never its front. */
    if (*at == RUN_PLAIN_LEN || (*at > 0 && plain[*at] == 0)) {
        return ERR_NOT_FOUND;
    }
    if (!decode_head(group, plain, at) || !decode_entries(run, group, plain, at)) {
        return run_damaged(note);
    }
    return ERR_OK;
}
