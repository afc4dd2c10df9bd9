#include "store/run_group.h"
#include "store/run_set_inner.h"

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
            int order = rc == ERR_OK ? run_set_compare(&cursor->group.set, &cursor->set) : 0;
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
                          const struct run_set_target *target, struct err_note *note)
{
    cursor->run = run;
    cursor->set = *target->set;
    cursor->end = false;
    cursor->offset = 0;
    cursor->at = 0;
    cursor->group.count = 0;
    uint32_t count;
    enum err_code rc = run_set_blocks_below(run, &count, target, note);
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
            rc = run_set_count_below(run, &cursor->at, target, &cursor->group, note);
            found = cursor->at < cursor->group.count;
        }
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

enum err_code run_set_seek(struct run_set_cursor *cursor, const struct run *run,
                           const struct run_set_name *set, const struct negentropy_bound *bound,
                           struct err_note *note)
{
    struct run_set_target target = {.set = set, .bound = bound};
    return seek(cursor, run, &target, note);
}

enum err_code run_set_seek_rank(struct run_set_cursor *cursor, const struct run *run,
                                const struct run_set_name *set, uint64_t rank,
                                struct err_note *note)
{
    struct run_set_target target = {.set = set, .rank = rank};
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
