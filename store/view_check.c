#include "store/view_check.h"

#include "store/view_inner.h"

static enum err_code compare(const struct view *view, const struct view_fates *anew,
                             struct err_note *note)
{
    const struct view_fates *kept = &view->fates;
    for (uint32_t post = 0; post < view->columns.ids.count; post++) {
        if (kept->of[post] != anew->of[post]) {
            return err_note(note, ERR_DAMAGED, "post %u: kept as %x, anew %x", (unsigned)post,
                            (unsigned)kept->of[post], (unsigned)anew->of[post]);
        }
    }
    for (uint32_t key = 0; key < view->columns.keys.count; key++) {
        if (view_web_distance(&kept->web, key) != view_web_distance(&anew->web, key)) {
            return err_note(note, ERR_DAMAGED, "key %u: distance kept as %u, anew %u",
                            (unsigned)key, (unsigned)view_web_distance(&kept->web, key),
                            (unsigned)view_web_distance(&anew->web, key));
        }
        if (kept->profile[key].any != anew->profile[key].any ||
            kept->profile[key].plain != anew->profile[key].plain) {
            return err_note(note, ERR_DAMAGED, "key %u: another profile", (unsigned)key);
        }
    }
    for (uint32_t edge = 0; edge < view->columns.edges.pairs.count; edge++) {
        if (kept->web.live[edge] != anew->web.live[edge]) {
            return err_note(note, ERR_DAMAGED, "edge %u: other vouches", (unsigned)edge);
        }
    }
    return ERR_OK;
}

enum err_code view_check(struct view *view, uint64_t now_s, struct err_note *note)
{
    struct view_fates anew;
    struct view_case of = {.columns = &view->columns, .priv = &view->priv, .own = view->own};
    enum err_code rc = view_judge(view, now_s, note);
    if (rc != ERR_OK) {
        return rc == ERR_DAMAGED ? ERR_OK : rc;
    }
    if (!view_skips_hold(&view->skips, view->columns.order.at, view->fates.of)) {
        return err_note(note, ERR_DAMAGED, "what is passed by unseen is out of date");
    }
    if (view_fates_make(&anew, &of, now_s) != ERR_OK) {
        return err_note(note, ERR_NO_MEMORY, "judging anew");
    }
    rc = compare(view, &anew, note);
    view_fates_close(&anew);
    return rc == ERR_OK ? view_shields_check(view, note) : rc;
}
