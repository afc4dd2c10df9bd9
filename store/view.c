#include "store/view_inner.h"

#include <stdlib.h>

#include "store/view_change.h"

enum err_code view_new(struct view **view, struct store *store, const struct key *own,
                       struct err_note *note)
{
    struct view *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return err_note(note, ERR_NO_MEMORY, "making the view");
    }
    made->store = store;
    view_skips_init(&made->skips);
    made->wire = malloc(POST_WIRE_MAX);
    made->ahead = malloc(sizeof *made->ahead);
    enum err_code rc = view_columns_init(&made->columns);
    if (rc == ERR_OK) {
        rc = view_columns_intern_key(&made->columns, &made->own, own);
    }
    if (rc != ERR_OK || made->wire == NULL || made->ahead == NULL) {
        view_free(made);
        return err_note(note, ERR_NO_MEMORY, "making the view");
    }
    *view = made;
    return ERR_OK;
}

void view_free(struct view *view)
{
    if (view == NULL) {
        return;
    }
    view_arena_reset(&view->arena);
    view_fates_close(&view->fates);
    view_skips_close(&view->skips);
    view_private_close(&view->priv);
    view_shields_close(&view->shields);
    view_columns_close(&view->columns);
    free(view->taken_back.at);
    free(view->latest);
    free(view->wire);
    free(view->ahead);
    free(view);
}

static struct view_case case_of(const struct view *view, const struct view_private *priv)
{
    return (struct view_case){.columns = &view->columns, .priv = priv, .own = view->own};
}

/* Into fresh memory, so that what was judged before stands when this fails. */
static enum err_code judge_all(struct view *view, const struct view_private *priv)
{
    struct view_fates fates;
    struct view_case of = case_of(view, priv);
    enum err_code rc = view_fates_make(&fates, &of, view->clock_s);
    if (rc == ERR_OK) {
        view_fates_close(&view->fates);
        view->fates = fates;
    }
    return rc;
}

/* Judge again what hangs on the keys of which she thinks otherwise now.  False when that is no
 * way: everything must be judged anew. */
static bool judge_keys(struct view *view, const struct view_private *priv)
{
    struct view_case was = case_of(view, &view->priv);
    struct view_case of = case_of(view, priv);
    struct view_numbers keys = {.at = NULL};
    bool settled = false;
    if (view_private_differ_in_keys(&view->priv, priv) &&
        view_private_differing(&keys, &view->priv, priv) == ERR_OK &&
        view_fates_reserve(&view->fates, &view->columns) == ERR_OK) {
        view_change_keys(&view->fates, &was, &of, &keys);
        settled = view_change_settle(&view->fates, &of, view->clock_s) == VIEW_CHANGE_SETTLED;
    }
    free(keys.at);
    return settled;
}

enum err_code view_load(struct view *view, const struct vault_contents *contents,
                        struct err_note *note)
{
    struct view_private priv;
    bool keep = view->loaded && !view->stale; /* what was judged is worth going on from */
    uint64_t marked_count = view->shields.marked_count;
    view->loaded = false;
    enum err_code rc = view_private_make(&priv, &view->priv, &view->columns, contents, view->own);
    if (rc != ERR_OK) {
        return err_note(note, rc, "loading follows and blocks");
    }
    rc = view_shields_load(view, contents, note);
    if (rc != ERR_OK) {
        view_private_close(&priv);
        return err_note(note, rc, "looking for shielded words");
    }
    if (!keep || marked_count != view->shields.marked_count || !judge_keys(view, &priv)) {
        rc = judge_all(view, &priv);
    }
    if (rc != ERR_OK) {
        view_private_close(&priv);
        return err_note(note, rc, "loading follows and blocks");
    }
    view_private_close(&view->priv);
    view->priv = priv;
    view_skips_forget(&view->skips);
    view->stale = false;
    view->loaded = true;
    return ERR_OK;
}

enum err_code view_begin(struct view *view, uint64_t now_s, struct err_note *note)
{
    view_arena_reset(&view->arena);
    return view_judge(view, now_s, note);
}

enum err_code view_judge(struct view *view, uint64_t now_s, struct err_note *note)
{
    if (view->shut) {
        return err_note(note, ERR_ROLLBACK,
                        "nothing is shown until the list of blocks is confirmed");
    }
    if (!view->loaded) {
        return err_note(note, ERR_DAMAGED, "no block list is loaded, so nothing is shown");
    }
    view->clock_s = now_s;
    view_shelf_judge(view);
    struct view_case of = case_of(view, &view->priv);
    if (view->stale || !view_change_settled(&view->fates, now_s) ||
        view->columns.order.sorted_count < view->columns.order.count) {
        view_skips_forget(&view->skips);
    }
    if (!view->stale && view_change_settle(&view->fates, &of, now_s) == VIEW_CHANGE_EVERYTHING) {
        view->stale = true;
    }
    if (view->stale) {
        if (judge_all(view, &view->priv) != ERR_OK) {
            return err_note(note, ERR_NO_MEMORY, "judging what may be shown");
        }
        view->stale = false;
    }
    if (view_list_sort(&view->columns.order, &view->columns) != ERR_OK) {
        return err_note(note, ERR_NO_MEMORY, "sorting posts");
    }
    view_skips_reserve(&view->skips, view->columns.order.count);
    return ERR_OK;
}

static enum err_code judge_arrival(struct view *view, uint32_t number, enum view_added added,
                                   const struct post *post)
{
    enum err_code rc = view_fates_reserve(&view->fates, &view->columns);
    /* What was judged of a post that is back need not hold where it stands now. */
    view->stale = view->stale || added == VIEW_ADDED_FOUND;
    if (rc == ERR_OK && !view->stale) {
        struct view_case of = case_of(view, &view->priv);
        struct view_arrival arrival = {.post = number,
                                       .awaited = added != VIEW_ADDED_NEW,
                                       .expires_s = post->expires_s,
                                       .clock_s = view->clock_s};
        view_change_arrived(&view->fates, &of, &arrival);
    }
    return rc;
}

enum err_code view_take_in(struct view *view, const struct view_coming *coming)
{
    const struct post *post = coming->post;
    uint32_t number;
    enum view_added added;
    enum err_code rc = view_columns_add(&view->columns, &number, &added, coming);
    if (rc != ERR_OK || added == VIEW_ADDED_AGAIN) {
        return rc;
    }
    rc = view_shields_mark(view, number, post);
    if (rc == ERR_OK && view->loaded) {
        rc = judge_arrival(view, number, added, post);
    }
    if (rc != ERR_OK) {
        view->loaded = false; /* posts without a judgement: show nothing */
    }
    return rc;
}

/* The shelf honours it too, soon (view_keep.h). */
static enum err_code note_retract(struct view *view, const struct post *post)
{
    if (view->shelf.context == NULL || !post->known || post->kind != POST_RETRACT) {
        return ERR_OK;
    }
    return view_numbers_add(&view->taken_back, view_find(view, &post->id)) ? ERR_OK : ERR_NO_MEMORY;
}

/* Some posts, or what ended reading them. */
static enum err_code read_ahead(struct view *view, struct err_note *note)
{
    struct view_ahead *ahead = view->ahead;
    enum err_code rc = ERR_OK;
    size_t len = 0;
    uint64_t position = view->position;
    ahead->count = 0;
    while (ahead->count < VIEW_AHEAD_MAX && sizeof ahead->octets - len >= POST_WIRE_MAX) {
        struct view_ahead_post *read = &ahead->posts[ahead->count];
        struct octets_room wire = {.at = ahead->octets + len, .cap = POST_WIRE_MAX};
        rc = store_next(view->store, &wire, &read->coming.position, &position, note);
        if (rc != ERR_OK) {
            break;
        }
        len += wire.len;
        read->wire = octets_of(wire.at, wire.len);
        read->next = position;
        read->whole =
            store_decode(view->store, &read->post, read->wire, read->coming.position) == ERR_OK;
        read->coming.post = &read->post;
        if (read->whole) {
            view_columns_hash(&view->columns, &read->coming.hashes, &read->post);
        }
        ahead->count++;
    }
    for (size_t i = 0; i < ahead->count; i++) {
        if (ahead->posts[i].whole) {
            view_columns_expect(&view->columns, &ahead->posts[i].coming);
        }
    }
    return rc;
}

static enum err_code take_ahead(struct view *view, const struct view_ahead_post *ahead)
{
    enum err_code rc = ERR_OK;
    if (ahead->whole && !view_left(view, &ahead->post)) {
        view_ask_guard(view, &ahead->post, ahead->wire);
        rc = view_take_in(view, &ahead->coming);
        rc = rc == ERR_OK ? note_retract(view, &ahead->post) : rc;
    }
    if (rc == ERR_OK) {
        view->position = ahead->next;
    }
    return rc;
}

enum err_code view_catch_up(struct view *view, size_t *taken_count, struct err_note *note)
{
    size_t count = 0;
    enum err_code rc = view_shelf_catch_up(view, &count, note);
    while (rc == ERR_OK) {
        enum err_code ended = read_ahead(view, note);
        for (size_t i = 0; i < view->ahead->count && rc == ERR_OK; i++) {
            rc = take_ahead(view, &view->ahead->posts[i]);
            count += rc == ERR_OK ? 1 : 0;
        }
        rc = rc == ERR_OK ? ended : rc;
    }
    if (taken_count != NULL) {
        *taken_count = count;
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : err_note(note, rc, "reading new posts");
}

uint32_t view_find(const struct view *view, const struct post_id *id)
{
    return view_intern_find(&view->columns.ids, id->octets);
}

bool view_sees(const struct view *view, uint32_t post, enum view_reach reach)
{
    return (view->fates.of[post] & view_hiding(reach)) == 0;
}

bool view_knows(const struct view *view, uint32_t post, enum view_reach reach)
{
    uint8_t fate = view->fates.of[post];
    return (fate & view_hiding(reach)) == 0 || (fate & (VIEW_HERS | VIEW_DEAD)) == VIEW_HERS;
}

bool view_visible(struct view *view, const struct post_id *id, enum view_reach reach,
                  uint64_t now_s)
{
    if (view_judge(view, now_s, NULL) != ERR_OK) {
        return false;
    }
    uint32_t post = view_find(view, id);
    return post != VIEW_NONE && view_sees(view, post, reach);
}

enum err_code view_read(struct view *view, struct post *post, uint32_t number,
                        struct err_note *note)
{
    struct octets_room wire = {.at = view->wire, .cap = POST_WIRE_MAX};
    struct err_note lost = {.text = ""};
    struct view_row *row = &view->columns.rows[number];
    struct post_id id = view_columns_id(&view->columns, number);
    enum err_code rc = view_wire(view, &wire, number, &lost);
    if (rc == ERR_OK && (post_decode(post, octets_of(wire.at, wire.len)) != ERR_OK ||
                         !post_id_equal(&post->id, &id))) {
        rc = ERR_DAMAGED;
    }
    if (rc == ERR_NOT_FOUND || rc == ERR_DAMAGED) {
        row->flags |= VIEW_ROW_LOST;
        view->stale = true;
        return ERR_NOT_FOUND;
    }
    return rc == ERR_OK ? rc : err_note(note, rc, "reading a post: %s", lost.text);
}
