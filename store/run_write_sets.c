#include "store/run_writer.h"

#include <assert.h>

/* name, rank and sum, and the widest entries */
#define GROUP_LEN_MAX                                                                              \
    (1 + RUN_SET_NAME_LEN + RUN_VARINT_MAX + RUN_SUM_LEN + RUN_GROUP_MAX * 2 * RUN_VARINT_MAX)

static size_t encode_entries(uint8_t *out, const struct run_writer *writer,
                             const struct run_set_group *group)
{
    size_t len = run_put_varint(out, group->created_s[0] - writer->created_min_s);
    len += run_put_varint(out + len, group->positions[0]);
    for (uint32_t i = 1; i < group->count; i++) {
        len += run_put_varint(out + len, group->created_s[i] - group->created_s[i - 1]);
        int64_t step = (int64_t)group->positions[i] - (int64_t)group->positions[i - 1];
        len += run_put_varint(out + len, run_zigzag(step));
    }
    return len;
}

static size_t encode(uint8_t out[GROUP_LEN_MAX], const struct run_writer *writer, bool named)
{
    const struct run_set_group *group = &writer->group.group;
    size_t len = 1;
    out[0] = (uint8_t)(group->count - 1);
    if (named) {
        out[0] |= RUN_GROUP_NAMED;
        memcpy(out + len, group->set.octets, RUN_SET_NAME_LEN);
        len += RUN_SET_NAME_LEN;
    }
    if (group->fold.count > 0) {
        out[0] |= RUN_GROUP_RANKED;
        len += run_put_varint(out + len, group->fold.count);
        run_put_sum(out + len, &group->fold);
        len += RUN_SUM_LEN;
    }
    return len + encode_entries(out + len, writer, group);
}

static enum err_code fence(struct run_writer *writer, struct err_note *note)
{
    const struct run_set_group *group = &writer->group.group;
    uint8_t out[RUN_SETS_FENCE_LEN];
    memcpy(out, group->set.octets, RUN_SET_NAME_LEN);
    run_put_number(out + RUN_SET_NAME_LEN, group->created_s[0], RUN_TIME_LEN);
    octets_put_u32be(out + RUN_SET_NAME_LEN + RUN_TIME_LEN, (uint32_t)group->fold.count);
    octets_put_u32be(out + RUN_SET_NAME_LEN + RUN_TIME_LEN + 4, group->positions[0]);
    return run_writer_fence(writer, out, note);
}

static enum err_code flush(struct run_writer *writer, struct err_note *note)
{
    struct run_group_writer *at = &writer->group;
    if (at->group.count == 0) {
        return ERR_OK;
    }
    bool named = writer->plain_len == 0 ||
                 memcmp(at->named.octets, at->group.set.octets, RUN_SET_NAME_LEN) != 0;
    uint8_t octets[GROUP_LEN_MAX];
    size_t len = encode(octets, writer, named);
    enum err_code rc = ERR_OK;
    if (RUN_PLAIN_LEN - writer->plain_len < len) {
        rc = run_writer_block(writer, note);
        len = encode(octets, writer, true);
    }
    if (rc == ERR_OK && writer->plain_len == 0) {
        rc = fence(writer, note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    memcpy(writer->plain + writer->plain_len, octets, len);
    writer->plain_len += len;
    at->named = at->group.set;
    return ERR_OK;
}

/* Add the ids of a group to the sum of what comes before the next one.  Only here, so that a set of
 * one group never asks for an id. */
static enum err_code fold_group(struct run_writer *writer, struct err_note *note)
{
    struct run_set_group *group = &writer->group.group;
    for (uint32_t i = 0; i < group->count; i++) {
        struct post_id id;
        enum err_code rc = writer->ids.id_of(writer->ids.context, &id, group->positions[i], note);
        if (rc != ERR_OK) {
            return rc;
        }
        fold_add_id(&group->fold, &id);
    }
    return ERR_OK;
}

/* The set is complete. */
static enum err_code finish_set(struct run_writer *writer, struct err_note *note)
{
    struct run_set_group *group = &writer->group.group;
    enum err_code rc = flush(writer, note);
    if (rc != ERR_OK || group->fold.count + group->count < RUN_TOTAL_MIN) {
        return rc;
    }
    rc = fold_group(writer, note);
    if (rc != ERR_OK) {
        return rc;
    }
    uint8_t line[RUN_LINE_LEN] = {0};
    memcpy(line, group->set.octets, RUN_SET_NAME_LEN);
    octets_put_u32be(line + RUN_TOTAL_COUNT_AT, (uint32_t)group->fold.count);
    run_put_sum(line + RUN_TOTAL_SUM_AT, &group->fold);
    return run_writer_total(writer, line, note);
}

enum err_code run_write_set(struct run_writer *writer, const struct run_set_name *set,
                            uint64_t created_s, uint32_t relative, struct err_note *note)
{
    struct run_set_group *group = &writer->group.group;
    enum err_code rc = ERR_OK;
    bool same = group->count > 0 && memcmp(group->set.octets, set->octets, RUN_SET_NAME_LEN) == 0;
    if (!same) {
        rc = finish_set(writer, note);
        group->set = *set;
        group->fold = (struct fold){0};
        group->count = 0;
    } else if (group->count == RUN_GROUP_MAX) {
        rc = flush(writer, note);
        if (rc == ERR_OK) {
            rc = fold_group(writer, note);
        }
        group->count = 0;
    }
    if (rc != ERR_OK) {
        return rc;
    }
    group->created_s[group->count] = created_s;
    group->positions[group->count] = relative;
    group->count++;
    writer->parts[RUN_SETS].entries_count++;
    return ERR_OK;
}

enum err_code run_write_set_end(struct run_writer *writer, struct err_note *note)
{
    enum err_code rc = finish_set(writer, note);
    writer->group.group.count = 0;
    return rc;
}
