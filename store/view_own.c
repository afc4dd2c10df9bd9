#include "store/view_inner.h"

void view_shut(struct view *view)
{
    view->shut = true;
}

void view_open_again(struct view *view)
{
    view->shut = false;
}

bool view_is_shut(const struct view *view)
{
    return view->shut;
}

void view_ask_guard(struct view *view, const struct post *post, struct octets wire)
{
    const struct view_guard *guard = &view->guard;
    struct key own = view_columns_key(&view->columns, view->own);
    if (guard->knows == NULL || !key_equal(&post->author, &own) ||
        guard->knows(guard->context, &post->id) || post_is_by_device(post)) {
        return;
    }
    view->shut = view->shut || !guard->accounts(guard->context, post, wire);
}

enum err_code view_unknown_own(struct view *view,
                               enum err_code (*each)(void *context, const struct post *post,
                                                     struct octets wire),
                               void *context, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    for (uint32_t number = view_columns_posts_by(&view->columns, view->own);
         rc == ERR_OK && number != VIEW_NONE; number = view->columns.rows[number].author_next) {
        struct post post;
        struct post_id id = view_columns_id(&view->columns, number);
        if (view->guard.knows != NULL && view->guard.knows(view->guard.context, &id)) {
            continue;
        }
        rc = view_read(view, &post, number, note);
        if (rc == ERR_OK && !post_is_by_device(&post)) {
            size_t len = (size_t)(post.proof.at + post.proof.len - view->wire);
            rc = each(context, &post, octets_of(view->wire, len));
        }
        rc = rc == ERR_NOT_FOUND ? ERR_OK : rc; /* taken back or lost: there is nothing to ask of */
    }
    return rc;
}

static enum err_code ask(void *context, const struct post *post, struct octets wire)
{
    view_ask_guard(context, post, wire);
    return ERR_OK;
}

enum err_code view_guard_set(struct view *view, const struct view_guard *guard,
                             struct err_note *note)
{
    view->guard = *guard;
    enum err_code rc = view_unknown_own(view, ask, view, note);
    view->shut = view->shut || rc != ERR_OK;
    return rc;
}
