#include "store/view_inner.h"

#include <stdlib.h>

/* A key that is listed, before its names are read. */
struct candidate {
    uint32_t key;
    uint8_t distance;
    const uint8_t *octets;
};

static int by_distance(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    if (x->distance != y->distance) {
        return x->distance < y->distance ? -1 : 1;
    }
    return memcmp(x->octets, y->octets, KEY_LEN);
}

static enum err_code person_fill(struct view *view, struct view_person *person, uint32_t key,
                                 enum view_reach reach, struct err_note *note)
{
    const char *petname = view_private_petname(&view->priv, key);
    struct octets bio;
    *person = (struct view_person){
        .key = view_columns_key(&view->columns, key),
        .petname = petname == NULL ? octets_of(NULL, 0) : octets_of_text(petname),
        .distance = view_web_distance(&view->fates.web, key),
        .follow = (view_private_key(&view->priv, key) & VIEW_KEY_FOLLOWED) != 0};
    return view_self_given(view, &person->name, &bio, key, reach, note);
}

/* listed[key] for those who are listed only because a post of theirs is visible. */
static void mark_authors(const struct view *view, bool *listed, enum view_reach reach)
{
    const struct view_list *order = &view->columns.order;
    for (uint32_t i = 0; i < order->count; i++) {
        if (view_sees(view, order->at[i], reach)) {
            listed[view->columns.author[order->at[i]]] = true;
        }
    }
}

static size_t candidates_of(const struct view *view, struct candidate *candidates,
                            const bool *listed)
{
    size_t count = 0;
    for (uint32_t key = 0; key < view->columns.keys.count; key++) {
        uint8_t flags = view_private_key(&view->priv, key);
        uint8_t distance = view_web_distance(&view->fates.web, key);
        if (key == view->own || (flags & VIEW_KEY_BLOCKED) != 0 ||
            (distance == VIEW_STRANGER && (flags & VIEW_KEY_NAMED) == 0 && !listed[key])) {
            continue;
        }
        candidates[count++] = (struct candidate){
            .key = key, .distance = distance, .octets = view_intern_at(&view->columns.keys, key)};
    }
    qsort(candidates, count, sizeof *candidates, by_distance);
    return count;
}

static enum err_code people_once(struct view *view, const struct view_person **people,
                                 size_t *people_count, size_t limit, enum view_reach reach,
                                 struct err_note *note)
{
    size_t keys = view->columns.keys.count;
    bool *listed = calloc(keys, sizeof *listed);
    struct candidate *candidates = malloc(keys * sizeof *candidates);
    struct view_person *filled = NULL;
    size_t count = 0;
    enum err_code rc = listed == NULL || candidates == NULL ? ERR_NO_MEMORY : ERR_OK;
    if (rc == ERR_OK) {
        if ((reach & VIEW_STRANGERS) != 0) {
            mark_authors(view, listed, reach);
        }
        count = candidates_of(view, candidates, listed);
        count = count < limit ? count : limit;
        filled = view_arena_take(&view->arena, count * sizeof *filled);
        rc = filled == NULL ? ERR_NO_MEMORY : ERR_OK;
    }
    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        rc = person_fill(view, &filled[i], candidates[i].key, reach, note);
    }
    free(listed);
    free(candidates);
    if (rc == ERR_OK) {
        *people = filled;
        *people_count = count;
    }
    return rc;
}

enum err_code view_people(struct view *view, const struct view_person **people,
                          size_t *people_count, size_t limit, enum view_reach reach, uint64_t now_s,
                          struct err_note *note)
{
    enum err_code rc;
    do {
        rc = view_begin(view, now_s, note);
        if (rc == ERR_OK) {
            rc = people_once(view, people, people_count, limit, reach, note);
        }
    } while (rc == ERR_NOT_FOUND);
    return rc;
}

enum err_code view_person(struct view *view, struct view_person *person, const struct key *key,
                          uint64_t now_s, struct err_note *note)
{
    enum err_code rc;
    do {
        rc = view_begin(view, now_s, note);
        if (rc != ERR_OK) {
            break;
        }
        uint32_t number = view_intern_find(&view->columns.keys, key->octets);
        if (number == VIEW_NONE) {
            *person = (struct view_person){.key = *key, .distance = VIEW_STRANGER};
            break;
        }
        rc = person_fill(view, person, number, VIEW_STRANGERS, note);
    } while (rc == ERR_NOT_FOUND);
    return rc;
}

/* The latest of these posts that is her own and neither taken back nor expired. */
static uint32_t own_latest(const struct view *view, const struct view_numbers *posts,
                           uint32_t subject)
{
    uint32_t latest = VIEW_NONE;
    for (uint32_t i = 0; i < posts->count; i++) {
        uint32_t post = posts->at[i];
        if ((view->fates.of[post] & (VIEW_HERS | VIEW_DEAD)) != VIEW_HERS ||
            (subject != VIEW_NONE && view_columns_row_keys(&view->columns, post)[0] != subject)) {
            continue;
        }
        if (latest == VIEW_NONE || view_columns_before(&view->columns, latest, post)) {
            latest = post;
        }
    }
    return latest;
}

static enum err_code own_profile_once(struct view *view, struct view_profile *profile,
                                      struct err_note *note)
{
    uint32_t latest = own_latest(view, &view->columns.profiles, VIEW_NONE);
    struct post post;
    if (latest == VIEW_NONE) {
        return ERR_NOT_FOUND;
    }
    enum err_code rc = view_read(view, &post, latest, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct view_profile read = {.id = post.id};
    if (!view_arena_copy(&view->arena, &read.name, post.as.profile.name) ||
        !view_arena_copy(&view->arena, &read.bio, post.as.profile.bio)) {
        return err_note(note, ERR_NO_MEMORY, "reading a profile");
    }
    *profile = read;
    return ERR_OK;
}

enum err_code view_own_profile(struct view *view, struct view_profile *profile, uint64_t now_s,
                               struct err_note *note)
{
    enum err_code rc;
    do {
        rc = view_begin(view, now_s, note);
        if (rc == ERR_OK) {
            rc = own_profile_once(view, profile, note);
        }
    } while (rc == ERR_NOT_FOUND && view->stale);
    return rc;
}

enum err_code view_own_vouch(struct view *view, struct post_id *id, const struct key *subject,
                             uint64_t now_s, struct err_note *note)
{
    enum err_code rc = view_judge(view, now_s, note);
    if (rc != ERR_OK) {
        return rc;
    }
    uint32_t key = view_intern_find(&view->columns.keys, subject->octets);
    uint32_t latest = key == VIEW_NONE ? VIEW_NONE : own_latest(view, &view->columns.vouches, key);
    if (latest == VIEW_NONE) {
        return ERR_NOT_FOUND;
    }
    *id = view_columns_id(&view->columns, latest);
    return ERR_OK;
}

uint8_t view_distance(struct view *view, const struct key *key, uint64_t now_s)
{
    if (view_judge(view, now_s, NULL) != ERR_OK) {
        return VIEW_STRANGER;
    }
    uint32_t number = view_intern_find(&view->columns.keys, key->octets);
    return number == VIEW_NONE ? VIEW_STRANGER : view_web_distance(&view->fates.web, number);
}

enum err_code view_stats(struct view *view, struct view_stats *stats, enum view_reach reach,
                         uint64_t now_s, struct err_note *note)
{
    enum err_code rc = view_begin(view, now_s, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct view_stats counted = {.posts_count = 0};
    const struct view_list *order = &view->columns.order;
    for (uint32_t i = 0; i < order->count; i++) {
        if (view->columns.rows[order->at[i]].kind == POST_TEXT &&
            view_sees(view, order->at[i], reach)) {
            counted.posts_count++;
        }
    }
    for (uint32_t key = 0; key < view->columns.keys.count; key++) {
        counted.people_count += view_web_distance(&view->fates.web, key) != VIEW_STRANGER ? 1 : 0;
    }
    *stats = counted;
    return ERR_OK;
}
