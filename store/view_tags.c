#include "store/view_inner.h"

#include <stdlib.h>

static int by_people(const void *a, const void *b)
{
    const struct view_tag *x = a;
    const struct view_tag *y = b;
    if (x->people_count != y->people_count) {
        return x->people_count > y->people_count ? -1 : 1;
    }
    if (x->posts_count != y->posts_count) {
        return x->posts_count > y->posts_count ? -1 : 1;
    }
    size_t len = x->tag.len < y->tag.len ? x->tag.len : y->tag.len;
    int order = memcmp(x->tag.at, y->tag.at, len);
    return order != 0 ? order : (x->tag.len > y->tag.len) - (x->tag.len < y->tag.len);
}

/* seen[key] = the last tag under which this author was counted. */
static struct view_tag count_tag(const struct view *view, uint32_t *seen, uint32_t tag,
                                 enum view_reach reach)
{
    const struct view_list *list = &view->columns.tag_lists[tag];
    struct view_tag counted = {.tag = view_columns_tag(&view->columns, tag),
                               .followed = view_private_follows_tag(&view->priv, tag)};
    for (uint32_t i = 0; i < list->count; i++) {
        if (!view_sees(view, list->at[i], reach)) {
            continue;
        }
        uint32_t author = view->columns.author[list->at[i]];
        counted.posts_count++;
        counted.people_count += seen[author] != tag ? 1 : 0;
        seen[author] = tag;
    }
    return counted;
}

enum err_code view_tags(struct view *view, const struct view_tag **tags, size_t *tags_count,
                        size_t limit, enum view_reach reach, uint64_t now_s, struct err_note *note)
{
    enum err_code rc = view_begin(view, now_s, note);
    if (rc != ERR_OK) {
        return rc;
    }
    size_t keys = view->columns.keys.count;
    uint32_t *seen = malloc(keys * sizeof *seen);
    struct view_tag *counted =
        view_arena_take(&view->arena, (view->columns.tags.count + (size_t)1) * sizeof *counted);
    if (seen == NULL || counted == NULL) {
        free(seen);
        return err_note(note, ERR_NO_MEMORY, "counting tags");
    }
    memset(seen, 0xff, keys * sizeof *seen);
    size_t count = 0;
    for (uint32_t tag = 0; tag < view->columns.tags.count; tag++) {
        counted[count] = count_tag(view, seen, tag, reach);
        count += counted[count].posts_count > 0 ? 1 : 0;
    }
    free(seen);
    qsort(counted, count, sizeof *counted, by_people);
    *tags = counted;
    *tags_count = count < limit ? count : limit;
    return ERR_OK;
}
