#include "store/view_columns.h"

#include <assert.h>
#include <stdlib.h>

#include "store/view_mentions.h"

enum err_code view_columns_init(struct view_columns *columns)
{
    *columns = (struct view_columns){.rows = NULL};
    view_intern_init(&columns->ids, POST_ID_LEN);
    view_intern_init(&columns->keys, KEY_LEN);
    view_intern_init(&columns->tags, VIEW_TAG_ITEM_LEN);
    view_edges_init(&columns->edges);
    columns->buckets = malloc(VIEW_BUCKETS * sizeof *columns->buckets);
    if (columns->buckets == NULL) {
        return ERR_NO_MEMORY;
    }
    memset(columns->buckets, 0xff, VIEW_BUCKETS * sizeof *columns->buckets);
    return ERR_OK;
}

void view_columns_close(struct view_columns *columns)
{
    view_intern_close(&columns->ids);
    view_intern_close(&columns->keys);
    view_intern_close(&columns->tags);
    for (uint32_t i = 0; i < columns->tag_lists_count; i++) {
        free(columns->tag_lists[i].at);
    }
    free(columns->tag_lists);
    free(columns->rows);
    free(columns->brief);
    free(columns->author);
    free(columns->refs);
    free(columns->lists.at);
    free(columns->order.at);
    free(columns->arrived.at);
    free(columns->vouches.at);
    free(columns->retracts.at);
    free(columns->profiles.at);
    free(columns->vouch_edges.at);
    free(columns->reactions.at);
    view_edges_close(&columns->edges);
    free(columns->authors);
    free(columns->namings);
    free(columns->shelved);
    free(columns->expiries);
    free(columns->buckets);
    *columns = (struct view_columns){.rows = NULL};
}

static bool numbers_reserve(struct view_numbers *numbers, uint32_t more_count)
{
    uint32_t *at = view_grown(numbers->at, &numbers->cap, (uint64_t)numbers->count + more_count,
                              sizeof *numbers->at);
    if (at != NULL) {
        numbers->at = at;
    }
    return at != NULL;
}

static void numbers_add(struct view_numbers *numbers, uint32_t number)
{
    assert(numbers->count < numbers->cap);
    numbers->at[numbers->count++] = number;
}

bool view_numbers_add(struct view_numbers *numbers, uint32_t number)
{
    bool room = numbers_reserve(numbers, 1);
    if (room) {
        numbers_add(numbers, number);
    }
    return room;
}

static void tag_item(uint8_t item[VIEW_TAG_ITEM_LEN], struct octets tag)
{
    assert(tag.len <= POST_TAG_MAX);
    memset(item, 0, VIEW_TAG_ITEM_LEN);
    item[0] = (uint8_t)tag.len;
    if (tag.len > 0) {
        memcpy(item + 1, tag.at, tag.len);
    }
}

static bool tags_reserve(struct view_columns *c, uint32_t more_count)
{
    struct view_list *lists =
        view_grown(c->tag_lists, &c->tag_lists_cap, (uint64_t)c->tags.count + more_count,
                   sizeof *c->tag_lists);
    if (lists == NULL) {
        return false;
    }
    c->tag_lists = lists;
    return view_intern_reserve(&c->tags, more_count) == ERR_OK;
}

static uint32_t tag_add(struct view_columns *c, struct octets tag)
{
    uint8_t item[VIEW_TAG_ITEM_LEN];
    tag_item(item, tag);
    uint32_t number = view_intern_add(&c->tags, item);
    for (; c->tag_lists_count < c->tags.count; c->tag_lists_count++) {
        c->tag_lists[c->tag_lists_count] = (struct view_list){.at = NULL};
    }
    return number;
}

enum err_code view_columns_intern_tag(struct view_columns *columns, uint32_t *number,
                                      struct octets tag)
{
    if (!tags_reserve(columns, 1)) {
        return ERR_NO_MEMORY;
    }
    *number = tag_add(columns, tag);
    return ERR_OK;
}

enum err_code view_columns_intern_key(struct view_columns *columns, uint32_t *number,
                                      const struct key *key)
{
    if (view_intern_reserve(&columns->keys, 1) != ERR_OK) {
        return ERR_NO_MEMORY;
    }
    *number = view_intern_add(&columns->keys, key->octets);
    return ERR_OK;
}

uint32_t view_columns_find_tag(const struct view_columns *columns, struct octets tag)
{
    uint8_t item[VIEW_TAG_ITEM_LEN];
    if (tag.len > POST_TAG_MAX) {
        return VIEW_NONE;
    }
    tag_item(item, tag);
    return view_intern_find(&columns->tags, item);
}

struct octets view_columns_tag(const struct view_columns *columns, uint32_t number)
{
    const uint8_t *item = view_intern_at(&columns->tags, number);
    return octets_of(item + 1, item[0]);
}

struct key view_columns_key(const struct view_columns *columns, uint32_t number)
{
    struct key key;
    memcpy(key.octets, view_intern_at(&columns->keys, number), KEY_LEN);
    return key;
}

struct post_id view_columns_id(const struct view_columns *columns, uint32_t number)
{
    struct post_id id;
    memcpy(id.octets, view_intern_at(&columns->ids, number), POST_ID_LEN);
    return id;
}

int view_columns_compare(const struct view_columns *columns, uint32_t post, uint64_t created_s,
                         const struct post_id *id)
{
    uint64_t own_s = view_row_created_s(&columns->rows[post]);
    if (own_s != created_s) {
        return own_s < created_s ? -1 : 1;
    }
    return memcmp(view_intern_at(&columns->ids, post), id->octets, POST_ID_LEN);
}

bool view_columns_before(const struct view_columns *columns, uint32_t a, uint32_t b)
{
    uint64_t a_s = view_row_created_s(&columns->rows[a]);
    uint64_t b_s = view_row_created_s(&columns->rows[b]);
    if (a_s != b_s) {
        return a_s < b_s;
    }
    return memcmp(view_intern_at(&columns->ids, a), view_intern_at(&columns->ids, b), POST_ID_LEN) <
           0;
}

/* A row for every id that has none yet. */
static void rows_fill(struct view_columns *c, uint32_t before_count)
{
    for (uint32_t i = before_count; i < c->ids.count; i++) {
        const uint8_t *id = view_intern_at(&c->ids, i);
        uint32_t bucket = octets_get_u16be(id);
        c->rows[i] = (struct view_row){
            .dependents = VIEW_NONE, .bucket_next = c->buckets[bucket], .author_next = VIEW_NONE};
        c->buckets[bucket] = i;
        c->brief[i] = 0;
        c->author[i] = VIEW_NONE;
    }
}

static bool authors_reserve(struct view_columns *c, uint32_t more_count)
{
    uint64_t needed = (uint64_t)c->keys.count + more_count;
    struct view_author *authors =
        view_grown(c->authors, &c->authors_cap, needed, sizeof *c->authors);
    if (authors == NULL) {
        return false;
    }
    c->authors = authors;
    for (; c->authors_count < needed; c->authors_count++) {
        authors[c->authors_count] = (struct view_author){.posts = VIEW_NONE, .namings = VIEW_NONE};
    }
    return true;
}

/* Room for all that one post can add, so that adding it cannot stop half way. */
static bool columns_reserve(struct view_columns *c, const struct post *post)
{
    uint32_t ids_count = 1 + POST_REFS_MAX;
    if (view_intern_reserve(&c->ids, ids_count) != ERR_OK ||
        view_intern_reserve(&c->keys, 1 + VIEW_MENTIONS_MAX) != ERR_OK ||
        !authors_reserve(c, 1 + VIEW_MENTIONS_MAX) || !tags_reserve(c, POST_TAGS_MAX)) {
        return false;
    }
    struct view_row *rows =
        view_grown(c->rows, &c->rows_cap, (uint64_t)c->ids.count + ids_count, sizeof *c->rows);
    if (rows == NULL) {
        return false;
    }
    c->rows = rows;
    uint8_t *brief = view_grown(c->brief, &c->brief_cap, (uint64_t)c->ids.count + ids_count, 1);
    if (brief == NULL) {
        return false;
    }
    c->brief = brief;
    uint32_t *author = view_grown(c->author, &c->author_cap, (uint64_t)c->ids.count + ids_count,
                                  sizeof *c->author);
    if (author == NULL) {
        return false;
    }
    c->author = author;
    struct view_ref *refs =
        view_grown(c->refs, &c->refs_cap, (uint64_t)c->refs_count + POST_REFS_MAX, sizeof *c->refs);
    if (refs == NULL) {
        return false;
    }
    c->refs = refs;
    struct view_naming *namings =
        view_grown(c->namings, &c->namings_cap, (uint64_t)c->namings_count + VIEW_MENTIONS_MAX,
                   sizeof *c->namings);
    if (namings == NULL) {
        return false;
    }
    c->namings = namings;
    struct view_expiry *expiries = view_grown(c->expiries, &c->expiries_cap,
                                              (uint64_t)c->expiries_count + 1, sizeof *c->expiries);
    if (expiries == NULL) {
        return false;
    }
    c->expiries = expiries;
    for (size_t i = 0; i < post->tags_count; i++) {
        uint32_t tag = tag_add(c, post->tags[i]);
        if (view_list_reserve(&c->tag_lists[tag], 1) != ERR_OK) {
            return false;
        }
    }
    if (post->known && post->kind == POST_VOUCH &&
        (view_edges_reserve(&c->edges, c->keys.count + 1 + VIEW_MENTIONS_MAX) != ERR_OK ||
         !numbers_reserve(&c->vouch_edges, 1))) {
        return false;
    }
    if (post->known && post->kind == POST_REACT &&
        view_reactions_reserve(&c->reactions) != ERR_OK) {
        return false;
    }
    return numbers_reserve(&c->lists, POST_TAGS_MAX + VIEW_MENTIONS_MAX) &&
           numbers_reserve(&c->arrived, 1) && numbers_reserve(&c->vouches, 1) &&
           numbers_reserve(&c->retracts, 1) && numbers_reserve(&c->profiles, 1) &&
           view_list_reserve(&c->order, 1) == ERR_OK;
}

static void refs_add(struct view_columns *c, uint32_t number, const struct post *post,
                     const struct view_hashes *hashes)
{
    struct view_row *row = &c->rows[number];
    row->refs = c->refs_count;
    row->refs_count = (uint8_t)post->refs_count;
    for (size_t i = 0; i < post->refs_count; i++) {
        uint32_t to = view_intern_find_hashed(&c->ids, post->refs[i].id.octets, hashes->refs[i]);
        c->refs[c->refs_count] = (struct view_ref){.from = number,
                                                   .to = to,
                                                   .next = c->rows[to].dependents,
                                                   .relation = (uint8_t)post->refs[i].relation};
        c->rows[to].dependents = c->refs_count++;
    }
}

static void lists_add(struct view_columns *c, uint32_t number, const struct post *post)
{
    struct view_row *row = &c->rows[number];
    row->lists = c->lists.count;
    row->tags_count = (uint8_t)post->tags_count;
    for (size_t i = 0; i < post->tags_count; i++) {
        numbers_add(&c->lists, tag_add(c, post->tags[i]));
    }
    struct key mentions[VIEW_MENTIONS_MAX];
    row->keys_count = (uint8_t)view_mentions_of(mentions, post);
    for (uint8_t i = 0; i < row->keys_count; i++) {
        uint32_t key = view_intern_add(&c->keys, mentions[i].octets);
        numbers_add(&c->lists, key);
        c->namings[c->namings_count] =
            (struct view_naming){.post = number, .next = c->authors[key].namings};
        c->authors[key].namings = c->namings_count++;
    }
}

static void kind_add(struct view_columns *c, uint32_t number, const struct post *post)
{
    struct view_row *row = &c->rows[number];
    switch (post->kind) {
    case POST_TEXT:
        row->detail = (uint8_t)post->as.text.replies;
        c->brief[number] = (uint8_t)(VIEW_BRIEF_TEXT | row->detail);
        c->brief[number] |= post_ref_of(post, POST_ROOT) != NULL ? VIEW_BRIEF_ROOTED : 0;
        if (row->detail == POST_REPLIES_VOUCHED) {
            c->authors[c->author[number]].lets_vouched_only = true;
            c->vouched_only_count++;
        }
        for (uint8_t i = 0; i < row->tags_count; i++) {
            view_list_add(&c->tag_lists[view_columns_row_tags(c, number)[i]], number, c);
        }
        break;
    case POST_REACT:
        row->detail = (uint8_t)post->as.reaction;
        view_reactions_add(c, number, view_columns_ref(c, number, POST_SUBJECT));
        break;
    case POST_VOUCH:
        row->flags |= post->as.vouch.has_inviter ? VIEW_ROW_INVITER : 0;
        numbers_add(&c->vouches, number);
        numbers_add(&c->vouch_edges, view_edges_add(&c->edges, c->author[number],
                                                    view_columns_row_keys(c, number)[0]));
        break;
    case POST_RETRACT:
        numbers_add(&c->retracts, number);
        break;
    case POST_PROFILE:
        numbers_add(&c->profiles, number);
        break;
    default:
        break;
    }
}

static void row_add(struct view_columns *c, uint32_t number, const struct view_coming *coming)
{
    const struct post *post = coming->post;
    struct view_row *row = &c->rows[number];
    row->flags = VIEW_ROW_PRESENT;
    row->created_low_s = (uint32_t)post->created_s;
    row->created_high_s = (uint8_t)(post->created_s >> 32);
    row->position = (uint32_t)coming->position;
    uint32_t author = view_intern_add_hashed(&c->keys, post->author.octets, coming->hashes.author);
    c->author[number] = author;
    row->author_next = c->authors[author].posts;
    c->authors[author].posts = number;
    numbers_add(&c->arrived, number);
    if (!post->known) {
        row->kind = VIEW_KIND_UNKNOWN;
        return;
    }
    row->kind = (uint8_t)post->kind;
    refs_add(c, number, post, &coming->hashes);
    lists_add(c, number, post);
    kind_add(c, number, post);
    if (post->expires_s != 0) {
        c->expiries[c->expiries_count++] =
            (struct view_expiry){.expires_s = post->expires_s, .post = number};
    }
    view_list_add(&c->order, number, c);
}

void view_columns_hash(const struct view_columns *columns, struct view_hashes *hashes,
                       const struct post *post)
{
    hashes->id = view_intern_hash(&columns->ids, post->id.octets);
    hashes->author = view_intern_hash(&columns->keys, post->author.octets);
    view_intern_expect(&columns->ids, hashes->id);
    view_intern_expect(&columns->keys, hashes->author);
    for (size_t i = 0; i < post->refs_count; i++) {
        hashes->refs[i] = view_intern_hash(&columns->ids, post->refs[i].id.octets);
        view_intern_expect(&columns->ids, hashes->refs[i]);
    }
}

void view_columns_expect(const struct view_columns *columns, const struct view_coming *coming)
{
    (void)view_intern_guess(&columns->ids, coming->hashes.id);
    uint32_t author = view_intern_guess(&columns->keys, coming->hashes.author);
    if (author < columns->authors_count) {
        __builtin_prefetch(&columns->authors[author], 1);
    }
    for (size_t i = 0; i < coming->post->refs_count; i++) {
        uint32_t to = view_intern_guess(&columns->ids, coming->hashes.refs[i]);
        if (to != VIEW_NONE) {
            __builtin_prefetch(&columns->rows[to], 1);
            __builtin_prefetch(&columns->author[to]);
        }
    }
}

enum err_code view_columns_add(struct view_columns *columns, uint32_t *number,
                               enum view_added *added, const struct view_coming *coming)
{
    const struct post *post = coming->post;
    uint64_t position = coming->position;
    assert(position <= UINT32_MAX); /* the store hands out no more */
    uint32_t found = view_intern_find_hashed(&columns->ids, post->id.octets, coming->hashes.id);
    if (found != VIEW_NONE && (columns->rows[found].flags & VIEW_ROW_PRESENT) != 0) {
        struct view_row *row = &columns->rows[found];
        /* An id stands in the store once: elsewhere now, its former place is gone. */
        bool again =
            (row->flags & (VIEW_ROW_LOST | VIEW_ROW_SHELF)) == 0 && row->position == position;
        columns->contexts_count -= (row->flags & VIEW_ROW_CONTEXT) != 0 ? 1 : 0;
        row->flags &= (uint8_t) ~(VIEW_ROW_LOST | VIEW_ROW_SHELF | VIEW_ROW_CONTEXT);
        row->position = (uint32_t)position;
        *number = found;
        *added = again ? VIEW_ADDED_AGAIN : VIEW_ADDED_FOUND;
        return ERR_OK;
    }
    if (!columns_reserve(columns, post)) {
        return ERR_NO_MEMORY;
    }
    uint32_t before_count = columns->ids.count;
    *number = view_intern_add_hashed(&columns->ids, post->id.octets, coming->hashes.id);
    for (size_t i = 0; post->known && i < post->refs_count; i++) {
        (void)view_intern_add_hashed(&columns->ids, post->refs[i].id.octets,
                                     coming->hashes.refs[i]);
    }
    rows_fill(columns, before_count);
    row_add(columns, *number, coming);
    *added = found == VIEW_NONE ? VIEW_ADDED_NEW : VIEW_ADDED_AWAITED;
    return ERR_OK;
}
