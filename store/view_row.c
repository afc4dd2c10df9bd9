#include "store/view_inner.h"

#include <stdlib.h>

/* Hex digits that two ids begin with alike. */
static unsigned common_digits(const uint8_t *a, const uint8_t *b)
{
    for (unsigned i = 0; i < POST_ID_LEN; i++) {
        if (a[i] != b[i]) {
            return 2 * i + ((a[i] >> 4) == (b[i] >> 4) ? 1 : 0);
        }
    }
    return 2 * POST_ID_LEN;
}

/* A bucket holds the ids that begin with the same VIEW_SHORT_ID_MIN digits; only they can ask for
 * more.  What she may not name asks for nothing. */
static uint8_t short_len_of(const struct view *view, uint32_t post, enum view_reach reach)
{
    const struct view_columns *c = &view->columns;
    const uint8_t *id = view_intern_at(&c->ids, post);
    unsigned len = VIEW_SHORT_ID_MIN;
    for (uint32_t other = c->buckets[octets_get_u16be(id)]; other != VIEW_NONE;
         other = c->rows[other].bucket_next) {
        if (other == post || !view_knows(view, other, reach)) {
            continue;
        }
        unsigned common = common_digits(id, view_intern_at(&c->ids, other));
        len = common + 1 > len ? common + 1 : len;
    }
    return (uint8_t)len;
}

enum err_code view_self_given(struct view *view, struct octets *name, struct octets *bio,
                              uint32_t key, enum view_reach reach, struct err_note *note)
{
    *name = *bio = octets_of(NULL, 0);
    const struct view_latest *latest = &view->fates.profile[key];
    uint32_t profile = (reach & VIEW_SHIELDED_TOO) != 0 ? latest->any : latest->plain;
    if (profile == VIEW_NONE || !view_sees(view, profile, reach)) {
        return ERR_OK;
    }
    struct post post;
    enum err_code rc = view_read(view, &post, profile, note);
    if (rc != ERR_OK) {
        return rc;
    }
    if (!view_arena_copy(&view->arena, name, post.as.profile.name) ||
        !view_arena_copy(&view->arena, bio, post.as.profile.bio)) {
        return ERR_NO_MEMORY;
    }
    return ERR_OK;
}

static enum err_code name_of(struct view *view, struct view_post *row, uint32_t key,
                             enum view_reach reach, struct err_note *note)
{
    const char *petname = view_private_petname(&view->priv, key);
    if (petname != NULL) {
        row->name_is_petname = true;
        row->name = octets_of_text(petname);
        return ERR_OK;
    }
    struct octets bio;
    return view_self_given(view, &row->name, &bio, key, reach, note);
}

static bool content_copy(struct view_arena *arena, struct view_post *row, const struct post *post)
{
    switch (post->kind) {
    case POST_TEXT:
        row->replies_policy = post->as.text.replies;
        return view_arena_copy(arena, &row->text, post->as.text.text) &&
               view_arena_copy(arena, &row->note, post->as.text.note);
    case POST_PROFILE:
        return view_arena_copy(arena, &row->text, post->as.profile.name) &&
               view_arena_copy(arena, &row->note, post->as.profile.bio);
    case POST_REACT:
        row->reaction = post->as.reaction;
        return true;
    case POST_VOUCH:
        row->vouched = post->as.vouch.subject;
        row->inviter = post->as.vouch.inviter;
        row->has_inviter = post->as.vouch.has_inviter;
        return true;
    default:
        return true;
    }
}

static bool ref_copy(struct post_id *id, const struct post *post, enum post_relation relation)
{
    const struct post_id *found = post_ref_of(post, relation);
    if (found != NULL) {
        *id = *found;
    }
    return found != NULL;
}

/* Everything that stands in the post itself. */
static bool post_copy(struct view_arena *arena, struct view_post *row, const struct post *post)
{
    row->id = post->id;
    row->kind = (enum post_kind)post->kind;
    row->author = post->author;
    row->created_s = post->created_s;
    row->tags_count = post->tags_count;
    for (size_t i = 0; i < post->tags_count; i++) {
        if (!view_arena_copy(arena, &row->tags[i], post->tags[i])) {
            return false;
        }
    }
    row->has_root = ref_copy(&row->root, post, POST_ROOT);
    row->has_parent = ref_copy(&row->parent, post, POST_PARENT);
    row->has_echo = ref_copy(&row->echo, post, POST_ECHO);
    row->has_subject = ref_copy(&row->subject, post, POST_SUBJECT);
    return content_copy(arena, row, post);
}

enum err_code view_row_make(struct view *view, struct view_post *row, uint32_t post,
                            enum view_reach reach, struct err_note *note)
{
    struct post read;
    uint32_t author = view->columns.author[post];
    *row = (struct view_post){.own = author == view->own,
                              .distance = view_web_distance(&view->fates.web, author),
                              .short_len = short_len_of(view, post, reach)};
    enum err_code rc = view_read(view, &read, post, note);
    if (rc == ERR_OK && !post_copy(&view->arena, row, &read)) {
        rc = ERR_NO_MEMORY;
    }
    if (rc == ERR_OK) {
        rc = name_of(view, row, author, reach, note);
    }
    struct view_responses responses;
    if (rc == ERR_OK) {
        rc = view_responses_of(view, &responses, post, reach);
    }
    if (rc == ERR_OK) {
        memcpy(row->reactions, responses.reactions, sizeof row->reactions);
        row->replies_count = responses.replies_count;
    }
    return rc;
}
