#include "store/view_keep.h"

#include <assert.h>
#include <stdlib.h>

#include "store/view_inner.h"
#include "store/view_keep_plan.h"

#define DAY_S        86400
#define SLICE_POSTS  32
#define SLICE_LOOKED 256
#define LATE_MAX     16 /* times that it is chosen anew for what came late */

struct view_keep {
    struct view *view;
    struct archive *archive;
    uint64_t floor_s;
    uint32_t arrived_count; /* what the plan counts */
    struct view_keep_plan plan;
    enum shelf_why kept; /* the list under way */
    uint32_t at;         /* and where in it */
    unsigned late_count;
};

static enum err_code plan(struct view_keep *keep, uint64_t now_s, struct err_note *note)
{
    view_keep_plan_close(&keep->plan);
    keep->kept = SHELF_ITSELF; /* first whatever leads to others */
    keep->at = 0;
    enum err_code rc = view_catch_up(keep->view, NULL, note);
    if (rc == ERR_OK) {
        /* What seems expired by a clock that is wrong for a while must not be left to go. */
        rc = view_judge(keep->view, store_settled(keep->view->store, now_s), note);
    }
    if (rc == ERR_OK) {
        keep->arrived_count = keep->view->columns.arrived.count;
        rc = view_keep_plan_make(&keep->plan, keep->view, keep->floor_s);
    }
    return rc == ERR_OK ? rc : err_note(note, rc, "choosing what to keep");
}

enum err_code view_keep_begin(struct view_keep **keep, struct view *view, struct archive *archive,
                              uint64_t floor_s, uint64_t now_s, struct err_note *note)
{
    assert(floor_s > archive_floor(archive) && floor_s % DAY_S == 0);
    struct view_keep *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    made->view = view;
    made->archive = archive;
    made->floor_s = floor_s;
    enum err_code rc = plan(made, now_s, note);
    if (rc != ERR_OK) {
        view_keep_free(made);
        return rc;
    }
    *keep = made;
    return ERR_OK;
}

void view_keep_free(struct view_keep *keep)
{
    if (keep == NULL) {
        return;
    }
    view_keep_plan_close(&keep->plan);
    free(keep);
}

/* The posts of a slice, copied out of the store. */
struct slice {
    size_t count;
    struct post posts[SLICE_POSTS];
    struct octets wires[SLICE_POSTS];
    uint8_t room[SLICE_POSTS][POST_WIRE_MAX];
};

/* What cannot be read is passed by: it left by itself. */
static enum err_code fill(struct slice *slice, struct view_keep *keep, struct err_note *note)
{
    const struct view_numbers *list = &keep->plan.lists[keep->kept];
    enum err_code rc = ERR_OK;
    for (; rc == ERR_OK && keep->at < list->count && slice->count < SLICE_POSTS; keep->at++) {
        struct octets_room wire = {.at = slice->room[slice->count], .cap = POST_WIRE_MAX};
        rc = view_wire(keep->view, &wire, list->at[keep->at], note);
        if (rc == ERR_NOT_FOUND || rc == ERR_DAMAGED) {
            rc = ERR_OK;
            continue;
        }
        struct octets octets = octets_of(wire.at, wire.len);
        if (rc == ERR_OK && post_decode(&slice->posts[slice->count], octets) == ERR_OK) {
            slice->wires[slice->count++] = octets;
        }
    }
    return rc;
}

/* What was on the shelf for another reason, and is kept for itself now. */
static void raise_shelved(struct view_columns *c, const struct slice *slice, uint32_t day,
                          const struct view *view)
{
    for (uint32_t i = 0; i < c->shelved_count; i++) {
        struct view_shelved *shelved = &c->shelved[i];
        for (size_t j = 0; shelved->kept != SHELF_ITSELF && j < slice->count; j++) {
            if (view_find(view, &slice->posts[j].id) == shelved->post) {
                shelved->kept = SHELF_ITSELF;
                shelved->day = day;
            }
        }
    }
}

static enum err_code copy_slice(struct view_keep *keep, struct slice *slice, uint64_t now_s,
                                struct err_note *note)
{
    const struct shelf_since since = {.kept = keep->kept,
                                      .day = (uint32_t)(archive_floor(keep->archive) / DAY_S)};
    size_t count = 0;
    enum err_code rc = fill(slice, keep, note);
    if (rc == ERR_OK) {
        rc = view_shelf_catch_up(keep->view, &count, note); /* what came there otherwise */
    }
    if (rc == ERR_OK && slice->count > 0) {
        rc = archive_put(keep->archive, slice->posts, slice->wires, slice->count, &since,
                         store_settled(keep->view->store, now_s), note);
    }
    if (rc == ERR_OK) {
        count = 0;
        rc = view_shelf_catch_up(keep->view, &count, note);
        if (rc == ERR_OK && since.kept == SHELF_ITSELF && count < slice->count) {
            raise_shelved(&keep->view->columns, slice, since.day, keep->view);
        }
    }
    return rc;
}

/* Whether something came meanwhile that would leave unseen. */
static bool came_late(const struct view_keep *keep)
{
    const struct view_columns *c = &keep->view->columns;
    for (uint32_t i = keep->arrived_count; i < c->arrived.count; i++) {
        if (view_row_leaves(&c->rows[c->arrived.at[i]], keep->floor_s)) {
            return true;
        }
    }
    return false;
}

static bool has_more(const struct view_keep *keep)
{
    bool more = false;
    for (size_t i = 0; i <= SHELF_CONTEXT; i++) {
        more = more || keep->plan.lists[i].count > 0;
    }
    return more;
}

/* Only what was being put as the floor rose comes late; however much that were, it does not hold up
 * the archive's floor for good. */
static enum err_code finish(struct view_keep *keep, bool *done, uint64_t now_s,
                            struct err_note *note)
{
    enum err_code rc = view_catch_up(keep->view, NULL, note);
    if (rc == ERR_OK && keep->late_count < LATE_MAX && came_late(keep)) {
        keep->late_count++;
        rc = plan(keep, now_s, note);
        if (rc == ERR_OK && has_more(keep)) {
            return ERR_OK;
        }
    }
    if (rc != ERR_OK) {
        return rc;
    }
    rc = archive_floor_set(keep->archive, keep->floor_s, note);
    if (rc == ERR_OK) {
        view_leave(keep->view, keep->floor_s);
        *done = true;
    }
    return rc;
}

enum err_code view_keep_step(struct view_keep *keep, bool *done, uint64_t now_s,
                             struct err_note *note)
{
    *done = false;
    while (keep->kept <= SHELF_CONTEXT && keep->at >= keep->plan.lists[keep->kept].count) {
        keep->kept++;
        keep->at = 0;
    }
    if (keep->kept > SHELF_CONTEXT) {
        return finish(keep, done, now_s, note);
    }
    struct slice *slice = malloc(sizeof *slice);
    if (slice == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    slice->count = 0;
    enum err_code rc = copy_slice(keep, slice, now_s, note);
    free(slice);
    return rc == ERR_OK ? rc : err_note(note, rc, "copying what to keep");
}

/* ---- What came to no store ---------------------------------------------------------------- */

static bool took_back(const struct view *view, const struct post *post)
{
    const struct view_columns *c = &view->columns;
    uint32_t number = view_find(view, &post->id);
    uint32_t ref = number == VIEW_NONE ? VIEW_NONE : c->rows[number].dependents;
    for (; ref != VIEW_NONE; ref = c->refs[ref].next) {
        uint32_t from = c->refs[ref].from;
        if (c->rows[from].kind == POST_RETRACT && c->author[from] == view->own) {
            return true;
        }
    }
    return false;
}

enum err_code view_keep_own(struct view *view, struct archive *archive, bool *kept,
                            struct octets wire, struct err_note *note)
{
    const struct shelf_since since = {.kept = SHELF_ITSELF,
                                      .day = (uint32_t)(archive_floor(archive) / DAY_S)};
    struct post post;
    size_t count = 0;
    *kept = post_decode(&post, wire) == ERR_OK && post.created_s < store_floor(view->store) &&
            !post_stands(&post);
    if (!*kept || took_back(view, &post)) {
        return ERR_OK;
    }
    enum err_code rc = archive_put(archive, &post, &wire, 1, &since, post.created_s, note);
    return rc == ERR_OK ? view_shelf_catch_up(view, &count, note) : rc;
}

/* ---- What is taken back ------------------------------------------------------------------- */

static enum err_code retract_one(struct view *view, struct archive *archive, uint32_t number,
                                 uint64_t now_s, struct err_note *note)
{
    const struct view_columns *c = &view->columns;
    uint32_t subject = view_columns_ref(c, number, POST_SUBJECT);
    if (subject == VIEW_NONE || c->author[subject] != c->author[number]) {
        return ERR_OK;
    }
    struct octets_room wire = {.at = view->wire, .cap = POST_WIRE_MAX};
    struct post post;
    enum err_code rc = view_wire(view, &wire, number, note);
    if (rc == ERR_NOT_FOUND || rc == ERR_DAMAGED) {
        return ERR_OK;
    }
    if (rc == ERR_OK && post_decode(&post, octets_of(wire.at, wire.len)) == ERR_OK) {
        rc = archive_retract(archive, &post, octets_of(wire.at, wire.len), now_s, note);
    }
    return rc;
}

enum err_code view_keep_retracts(struct view *view, struct archive *archive, bool *more,
                                 uint64_t now_s, struct err_note *note)
{
    struct view_numbers *left = &view->taken_back;
    enum err_code rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < SLICE_LOOKED && left->count > 0; i++) {
        rc = view->columns.shelved_count == 0
                 ? ERR_OK
                 : retract_one(view, archive, left->at[left->count - 1], now_s, note);
        left->count -= rc == ERR_OK ? 1 : 0;
    }
    *more = rc == ERR_OK && left->count > 0;
    return rc;
}
