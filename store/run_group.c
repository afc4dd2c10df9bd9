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
                           size_t *at, uint32_t count)
{
    uint64_t created_s = run->created_min_s;
    int64_t position = 0;
    for (uint32_t i = 0; i < count; i++) {
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

/* Step over numbers: only their last octets have no top bit, and eight octets are looked at
 * together. */
static bool skip_varints(const uint8_t *plain, size_t *at, uint32_t count)
{
    const uint64_t top_bits = UINT64_C(0x8080808080808080);
    const uint64_t ones = UINT64_C(0x0101010101010101);
    while (count >= 8 && RUN_PLAIN_LEN - *at >= 8) {
        uint64_t octets;
        memcpy(&octets, plain + *at, sizeof octets);
        count -= (uint32_t)((((~octets & top_bits) >> 7) * ones) >> 56);
        *at += 8;
    }
    for (; count > 0 && *at < RUN_PLAIN_LEN; (*at)++) {
        count -= (plain[*at] & 0x80) == 0 ? 1 : 0;
    }
    return count == 0;
}

/* A zero octet where a group would begin is what fills the block up; never its front. */
static bool is_end(const uint8_t plain[RUN_PLAIN_LEN], size_t at)
{
    return at >= RUN_PLAIN_LEN || (at > 0 && plain[at] == 0);
}

enum err_code run_group_next(const struct run *run, struct run_set_group *group,
                             const uint8_t plain[RUN_PLAIN_LEN], size_t *at, struct err_note *note)
{
    if (is_end(plain, *at)) {
        return ERR_NOT_FOUND;
    }
    if (!decode_head(group, plain, at) || !decode_entries(run, group, plain, at, group->count)) {
        return run_damaged(note);
    }
    return ERR_OK;
}

enum err_code run_group_skim(const struct run *run, struct run_set_group *group,
                             const uint8_t plain[RUN_PLAIN_LEN], size_t *at, struct err_note *note)
{
    if (is_end(plain, *at)) {
        return ERR_NOT_FOUND;
    }
    if (!decode_head(group, plain, at) || !decode_entries(run, group, plain, at, 1) ||
        !skip_varints(plain, at, 2 * (group->count - 1))) {
        return run_damaged(note);
    }
    return ERR_OK;
}
