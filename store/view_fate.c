#include "store/view_fate.h"

#include <assert.h>
#include <stdlib.h>

#include "store/view_context.h"

/* A word was looked for when the post came, or when the word was shielded. */
static bool carries_shielded(const struct view_case *of, uint32_t post)
{
    const struct view_row *row = &of->columns->rows[post];
    if ((row->flags & VIEW_ROW_WORD) != 0) {
        return true;
    }
    const uint32_t *tags = view_columns_row_tags(of->columns, post);
    for (uint8_t i = 0; of->priv->shields_tags && i < row->tags_count; i++) {
        if (view_private_shields_tag(of->priv, tags[i])) {
            return true;
        }
    }
    return false;
}

uint8_t view_fates_own(const struct view_case *of, uint32_t post)
{
    const struct view_row *row = &of->columns->rows[post];
    uint32_t author = of->columns->author[post];
    uint8_t reasons = author == of->own ? VIEW_HERS : 0;
    if ((row->flags & (VIEW_ROW_PRESENT | VIEW_ROW_LOST)) != VIEW_ROW_PRESENT ||
        row->kind == VIEW_KIND_UNKNOWN || row->kind == POST_RETRACT) {
        return reasons | VIEW_UNKNOWN | VIEW_DEAD;
    }
    if ((view_private_key(of->priv, author) & VIEW_KEY_BLOCKED) != 0 ||
        (author != of->own && view_private_was_blocked(of->priv, author, view_row_position(row),
                                                       view_row_created_s(row)))) {
        reasons |= VIEW_BLOCKED;
    }
    const uint32_t *keys = view_columns_row_keys(of->columns, post);
    for (uint8_t i = 0; i < row->keys_count; i++) {
        if ((view_private_key(of->priv, keys[i]) & VIEW_KEY_BLOCKED) != 0) {
            reasons |= VIEW_BLOCKED;
        }
    }
    if (author != of->own && carries_shielded(of, post)) {
        reasons |= VIEW_SHIELDED;
    }
    return reasons;
}

/* Its own reasons; that it is dead was noted when it came to be so. */
static uint8_t reasons_now(const struct view_fates *fates, const struct view_case *of,
                           uint32_t post)
{
    uint8_t reasons = view_fates_own(of, post);
    if (post < fates->veiled_count && fates->veiled[post] != 0) {
        reasons |= VIEW_SHIELDED;
    }
    bool dead = (fates->of[post] & VIEW_DEAD) != 0;
    return dead ? reasons | VIEW_UNKNOWN | VIEW_DEAD : reasons;
}

static void mark_expired(struct view_fates *fates, const struct view_columns *columns,
                         uint64_t now_s)
{
    fates->from_s = 0;
    fates->until_s = UINT64_MAX;
    for (uint32_t i = 0; i < columns->expiries_count; i++) {
        uint64_t expires_s = columns->expiries[i].expires_s;
        if (expires_s <= now_s) {
            fates->of[columns->expiries[i].post] |= VIEW_DEAD;
            fates->from_s = expires_s > fates->from_s ? expires_s : fates->from_s;
        } else if (expires_s < fates->until_s) {
            fates->until_s = expires_s;
        }
    }
}

/* Only its author takes a post back; who blocked that author is no matter, for the post is theirs
 * and the store honours it too. */
static void mark_retracted(struct view_fates *fates, const struct view_columns *columns)
{
    for (uint32_t i = 0; i < columns->retracts.count; i++) {
        uint32_t retract = columns->retracts.at[i];
        uint32_t subject = view_columns_ref(columns, retract, POST_SUBJECT);
        if (subject != VIEW_NONE && columns->author[subject] == columns->author[retract]) {
            fates->of[subject] |= VIEW_DEAD;
        }
    }
}

/* SPEC 9.4: whether the thread's author lets this person answer. */
static bool may_reply(const struct view_fates *fates, const struct view_columns *columns,
                      uint32_t root, uint32_t author)
{
    unsigned policy = columns->brief[root] & VIEW_BRIEF_POLICY;
    if (policy == POST_REPLIES_EVERYONE || columns->author[root] == author) {
        return true;
    }
    return policy == POST_REPLIES_VOUCHED &&
           view_web_vouches(&fates->web, columns, columns->author[root], author);
}

/* Whether the post stands where it may: on texts, in the thread it claims, allowed there.  What it
 * refers to is present. */
static bool well_placed(const struct view_fates *fates, const struct view_columns *columns,
                        uint32_t post)
{
    const struct view_row *row = &columns->rows[post];
    uint32_t root = VIEW_NONE;
    uint32_t parent = VIEW_NONE;
    for (uint8_t i = 0; i < row->refs_count; i++) {
        const struct view_ref *ref = &columns->refs[row->refs + i];
        if ((columns->brief[ref->to] & VIEW_BRIEF_TEXT) == 0) {
            return false;
        }
        root = ref->relation == POST_ROOT ? ref->to : root;
        parent = ref->relation == POST_PARENT ? ref->to : parent;
    }
    if (root == VIEW_NONE && parent == VIEW_NONE) {
        return true;
    }
    if (root == VIEW_NONE || parent == VIEW_NONE) {
        return false;
    }
    uint32_t thread = (columns->brief[parent] & VIEW_BRIEF_ROOTED) != 0
                          ? view_columns_ref(columns, parent, POST_ROOT)
                          : parent;
    return root == thread && may_reply(fates, columns, root, columns->author[post]);
}

/* Everything beyond the post's own reasons, once all it refers to is settled. */
static void settle(struct view_fates *fates, const struct view_case *of, uint32_t post)
{
    const struct view_row *row = &of->columns->rows[post];
    uint32_t author = of->columns->author[post];
    uint8_t fate = fates->of[post];
    if ((row->flags & VIEW_ROW_PRESENT) == 0 || row->kind == VIEW_KIND_UNKNOWN ||
        row->kind == POST_RETRACT) {
        return;
    }
    for (uint8_t i = 0; i < row->refs_count; i++) {
        fate |= fates->of[of->columns->refs[row->refs + i].to] & VIEW_REASONS;
    }
    if (view_web_distance(&fates->web, author) == VIEW_STRANGER) {
        fate |= VIEW_OUTSIDE;
    }
    if ((fate & VIEW_UNKNOWN) == 0 && !well_placed(fates, of->columns, post)) {
        fate |= VIEW_UNKNOWN;
    }
    if ((fate & VIEW_UNKNOWN) != 0) { /* nothing lifts it, so no other reason need be followed */
        fate = (uint8_t)((fate & ~VIEW_REASONS) | VIEW_UNKNOWN);
    }
    fates->of[post] = fate;
}

/* Whether an arrival concerns her: an answer, a mention, or somebody who came by her invite. */
static bool for_her(const struct view_fates *fates, const struct view_case *of, uint32_t post)
{
    const struct view_row *row = &of->columns->rows[post];
    uint32_t author = of->columns->author[post];
    const uint32_t *keys = view_columns_row_keys(of->columns, post);
    if (author == of->own) {
        return false;
    }
    if (row->kind == POST_VOUCH) {
        /* Anybody can claim that somebody came by her invite; she follows the relays she joined. */
        return (row->flags & VIEW_ROW_INVITER) != 0 && keys[1] == of->own &&
               (view_private_key(of->priv, author) & VIEW_KEY_FOLLOWED) != 0;
    }
    if (row->kind != POST_TEXT && row->kind != POST_REACT) {
        return false;
    }
    for (uint8_t i = 0; i < row->keys_count; i++) {
        if (keys[i] == of->own) {
            return true;
        }
    }
    uint32_t answered =
        view_columns_ref(of->columns, post, row->kind == POST_TEXT ? POST_PARENT : POST_SUBJECT);
    return answered != VIEW_NONE && (fates->of[answered] & VIEW_HERS) != 0;
}

bool view_fates_listed(const struct view_case *of, uint32_t post)
{
    const struct view_row *row = &of->columns->rows[post];
    uint32_t author = of->columns->author[post];
    if (row->kind != POST_TEXT) {
        return false;
    }
    if (author == of->own || (view_private_key(of->priv, author) & VIEW_KEY_FOLLOWED) != 0) {
        return true;
    }
    const uint32_t *tags = view_columns_row_tags(of->columns, post);
    for (uint8_t i = 0; i < row->tags_count; i++) {
        if (view_private_follows_tag(of->priv, tags[i])) {
            return true;
        }
    }
    return false;
}

static void keep_latest(uint32_t *latest, const struct view_columns *columns, uint32_t post)
{
    if (*latest == VIEW_NONE || view_columns_before(columns, *latest, post)) {
        *latest = post;
    }
}

static void place(struct view_fates *fates, const struct view_case *of, uint32_t post)
{
    if ((fates->of[post] & (VIEW_UNKNOWN | VIEW_BLOCKED)) != 0) {
        return;
    }
    if (view_fates_listed(of, post)) {
        fates->of[post] |= VIEW_LISTED;
    }
    if (for_her(fates, of, post)) {
        fates->of[post] |= VIEW_FOR_HER;
    }
    const struct view_row *row = &of->columns->rows[post];
    if (row->kind == POST_PROFILE) {
        struct view_latest *latest = &fates->profile[of->columns->author[post]];
        keep_latest(&latest->any, of->columns, post);
        if ((fates->of[post] & VIEW_SHIELDED) == 0) {
            keep_latest(&latest->plain, of->columns, post);
        }
    }
}

/* All that is to be said of a post whose references are settled. */
static void judge(struct view_fates *fates, const struct view_case *of, uint32_t post)
{
    fates->of[post] = reasons_now(fates, of, post);
    settle(fates, of, post);
    place(fates, of, post);
}

enum { VISIT_DONE, VISIT_NONE, VISIT_OPEN };

/* Depth first without recursion: a post waits on the stack until all it refers to is settled. */
static void visit(struct view_fates *fates, const struct view_case *of, uint32_t *stack,
                  uint32_t first)
{
    uint8_t *visits = fates->visits;
    uint32_t depth = 0;
    stack[depth++] = first;
    visits[first] = VISIT_OPEN;
    while (depth > 0) {
        uint32_t post = stack[depth - 1];
        const struct view_row *row = &of->columns->rows[post];
        uint32_t waiting_for = VIEW_NONE;
        for (uint8_t i = 0; i < row->refs_count && waiting_for == VIEW_NONE; i++) {
            uint32_t to = of->columns->refs[row->refs + i].to;
            if (visits[to] == VISIT_NONE) {
                waiting_for = to;
            } else if (visits[to] == VISIT_OPEN) {
                fates->of[post] |= VIEW_DEAD; /* ids are hashes: no honest circle exists */
            }
        }
        if (waiting_for != VIEW_NONE) {
            visits[waiting_for] = VISIT_OPEN;
            stack[depth++] = waiting_for;
            continue;
        }
        judge(fates, of, post);
        visits[post] = VISIT_DONE;
        depth--;
    }
}

/* Nearly every post: all it refers to came before it. */
static bool settle_at_once(struct view_fates *fates, const struct view_case *of, uint32_t post)
{
    uint8_t *visits = fates->visits;
    const struct view_row *row = &of->columns->rows[post];
    for (uint8_t i = 0; i < row->refs_count; i++) {
        if (visits[of->columns->refs[row->refs + i].to] != VISIT_DONE) {
            return false;
        }
    }
    judge(fates, of, post);
    visits[post] = VISIT_DONE;
    return true;
}

static enum err_code settle_all(struct view_fates *fates, const struct view_case *of)
{
    size_t posts = of->columns->ids.count;
    uint32_t *stack = malloc((posts + 1) * sizeof *stack);
    if (stack == NULL) {
        return ERR_NO_MEMORY;
    }
    memset(fates->visits, VISIT_NONE, posts);
    for (uint32_t post = 0; post < posts; post++) {
        if (fates->visits[post] == VISIT_NONE && !settle_at_once(fates, of, post)) {
            visit(fates, of, stack, post);
        }
    }
    free(stack);
    return ERR_OK;
}

enum err_code view_fates_reserve(struct view_fates *fates, const struct view_columns *columns)
{
    uint8_t *grown = view_grown(fates->of, &fates->of_cap, (uint64_t)columns->ids.count + 1, 1);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    fates->of = grown;
    struct view_latest *profile =
        view_grown(fates->profile, &fates->profile_cap, (uint64_t)columns->keys.count + 1,
                   sizeof *fates->profile);
    if (profile == NULL) {
        return ERR_NO_MEMORY;
    }
    fates->profile = profile;
    uint8_t *visits =
        view_grown(fates->visits, &fates->visits_cap, (uint64_t)columns->ids.count + 1, 1);
    if (visits == NULL) {
        return ERR_NO_MEMORY;
    }
    fates->visits = visits;
    for (; fates->visits_count < columns->ids.count; fates->visits_count++) {
        visits[fates->visits_count] = VISIT_DONE;
    }
    for (; fates->of_count < columns->ids.count; fates->of_count++) {
        fates->of[fates->of_count] = VIEW_UNKNOWN | VIEW_DEAD;
    }
    for (; fates->profile_count < columns->keys.count; fates->profile_count++) {
        profile[fates->profile_count] = (struct view_latest){.plain = VIEW_NONE, .any = VIEW_NONE};
    }
    return view_web_reserve(&fates->web, columns);
}

/* The web stands on the vouches' own reasons, and everything else on the web. */
static void judge_vouches(struct view_fates *fates, const struct view_case *of)
{
    for (uint32_t i = 0; i < of->columns->vouches.count; i++) {
        uint32_t vouch = of->columns->vouches.at[i];
        fates->of[vouch] = reasons_now(fates, of, vouch);
    }
}

enum err_code view_fates_make(struct view_fates *made, const struct view_case *of, uint64_t now_s)
{
    struct view_fates fates = {.of = NULL};
    enum err_code rc = view_fates_reserve(&fates, of->columns);
    if (rc == ERR_OK) {
        memset(fates.of, 0, of->columns->ids.count);
        mark_expired(&fates, of->columns, now_s);
        mark_retracted(&fates, of->columns);
        rc = view_context_mark(&fates, of);
    }
    if (rc == ERR_OK) {
        judge_vouches(&fates, of);
        rc = view_web_make(&fates.web, of, fates.of);
    }
    if (rc == ERR_OK) {
        rc = settle_all(&fates, of);
    }
    if (rc != ERR_OK) {
        view_fates_close(&fates);
        return rc;
    }
    *made = fates;
    return ERR_OK;
}

void view_fates_close(struct view_fates *fates)
{
    free(fates->of);
    free(fates->profile);
    free(fates->visits);
    free(fates->veiled);
    free(fates->doubts.posts.at);
    view_web_close(&fates->web);
    *fates = (struct view_fates){.of = NULL};
}

void view_fates_add(struct view_fates *fates, const struct view_case *of, uint32_t post)
{
    assert(post < fates->of_count);
    judge(fates, of, post);
}

bool view_fates_vouches(const struct view_fates *fates, const struct view_case *of, uint32_t post)
{
    return of->columns->rows[post].kind == POST_VOUCH &&
           (reasons_now(fates, of, post) & VIEW_REASONS) == 0;
}

/* The latest profile of a key whose latest is hidden now. */
static void mend_profile(struct view_fates *fates, const struct view_case *of, uint32_t post)
{
    uint32_t key = of->columns->author[post];
    struct view_latest *latest = &fates->profile[key];
    if ((latest->any != post && latest->plain != post) ||
        (fates->of[post] & (VIEW_UNKNOWN | VIEW_BLOCKED)) == 0) {
        return;
    }
    *latest = (struct view_latest){.plain = VIEW_NONE, .any = VIEW_NONE};
    for (uint32_t other = view_columns_posts_by(of->columns, key); other != VIEW_NONE;
         other = of->columns->rows[other].author_next) {
        if (of->columns->rows[other].kind == POST_PROFILE) {
            place(fates, of, other);
        }
    }
}

bool view_fates_again(struct view_fates *fates, const struct view_case *of, uint32_t post)
{
    uint8_t before = fates->of[post];
    view_fates_add(fates, of, post);
    return ((before ^ fates->of[post]) & VIEW_REASONS) != 0;
}

static bool gather_one(struct view_numbers *work, struct view_fates *fates, uint32_t post)
{
    if (fates->visits[post] != VISIT_DONE) {
        return true;
    }
    if (!view_numbers_add(work, post)) {
        return false;
    }
    fates->visits[post] = VISIT_NONE;
    return true;
}

/* These posts and every post that depends on one of them, once each. */
static bool gather(struct view_numbers *work, struct view_fates *fates,
                   const struct view_columns *c, const uint32_t *posts, size_t posts_count)
{
    bool room = true;
    for (size_t i = 0; room && i < posts_count; i++) {
        room = gather_one(work, fates, posts[i]);
    }
    for (uint32_t i = 0; room && i < work->count; i++) {
        for (uint32_t ref = c->rows[work->at[i]].dependents; room && ref != VIEW_NONE;
             ref = c->refs[ref].next) {
            room = gather_one(work, fates, c->refs[ref].from);
        }
    }
    return room;
}

static void judge_gathered(struct view_fates *fates, const struct view_case *of,
                           const struct view_numbers *work, uint32_t *stack)
{
    for (uint32_t i = 0; i < work->count; i++) {
        if (fates->visits[work->at[i]] == VISIT_NONE) {
            visit(fates, of, stack, work->at[i]);
        }
    }
    for (uint32_t i = 0; i < work->count; i++) {
        if (of->columns->rows[work->at[i]].kind == POST_PROFILE) {
            mend_profile(fates, of, work->at[i]);
        }
    }
}

enum err_code view_fates_spread(struct view_fates *fates, const struct view_case *of,
                                const uint32_t *posts, size_t posts_count)
{
    struct view_numbers work = {.at = NULL};
    if (!gather(&work, fates, of->columns, posts, posts_count)) {
        free(work.at);
        return ERR_NO_MEMORY;
    }
    uint32_t *stack = malloc(((size_t)work.count + 1) * sizeof *stack);
    if (stack != NULL) {
        judge_gathered(fates, of, &work, stack);
    }
    enum err_code rc = stack == NULL ? ERR_NO_MEMORY : ERR_OK;
    free(work.at);
    free(stack);
    return rc;
}
