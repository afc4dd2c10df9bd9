#include "store/view_inner.h"

#include <stdlib.h>

/* What one query picks from: numbers in the order shown, and which of them match. */
struct pick {
    struct view *view;
    const struct view_query *query;
    const struct view_words *words; /* VIEW_SEARCH */
    struct view_found found_words;  /* VIEW_SEARCH: only these can match */
    bool *counted;                  /* VIEW_INBOX: view_reactions_counted() */
    const struct view_list *list;
    uint32_t end; /* only what stands before it */
    uint32_t *found;
    size_t found_count; /* newest first */
};

/* What its fate does not say. */
static enum err_code matches(bool *match, struct pick *pick, uint32_t post, struct err_note *note)
{
    struct post read;
    enum err_code rc = ERR_OK;
    *match = true;
    if (pick->query->what == VIEW_INBOX) {
        *match = pick->view->columns.rows[post].kind != POST_REACT || pick->counted[post];
    }
    if (pick->query->what == VIEW_SEARCH) {
        rc = view_read(pick->view, &read, post, note);
        if (rc == ERR_OK) {
            rc = view_words_match(match, pick->words, &read);
        }
    }
    return rc;
}

/* Whether a search may find a post, without reading it. */
static bool may_hold(const struct pick *pick, uint32_t post)
{
    const struct view_columns *c = &pick->view->columns;
    return (c->brief[post] & VIEW_BRIEF_TEXT) != 0 &&
           view_found_has(&pick->found_words, &c->rows[post]);
}

/* Backward from the newest until the page is full.  A post that turns out to be lost is passed by;
 * the whole answer starts again then. */
static enum err_code pick_backward(struct pick *pick, struct err_note *note)
{
    assert(pick->end == 0 || pick->list->at != NULL);
    const struct view_sieve sieve = view_sieve_of(pick->query->what, pick->query->reach);
    const uint16_t listing = pick->list == &pick->view->columns.order
                                 ? view_skips_listing(pick->query->what, pick->query->reach)
                                 : 0;
    const uint8_t *fates = pick->view->fates.of;
    const uint32_t *posts = pick->list->at;
    for (uint32_t i = pick->end; i > 0 && pick->found_count < pick->query->limit; i--) {
        if (listing != 0 && i % VIEW_STRETCH_LEN == 0) {
            i = view_skips_back(&pick->view->skips, posts, i, fates, listing);
            if (i == 0) {
                break;
            }
        }
        if ((fates[posts[i - 1]] & sieve.mask) != sieve.wanted ||
            (pick->words != NULL && !may_hold(pick, posts[i - 1]))) {
            continue;
        }
        bool match = false;
        enum err_code rc = matches(&match, pick, posts[i - 1], note);
        if (rc == ERR_NOT_FOUND) {
            continue;
        }
        if (rc != ERR_OK) {
            return rc;
        }
        if (match) {
            pick->found[pick->found_count++] = posts[i - 1];
        }
    }
    return ERR_OK;
}

/* The thread of a post as a list of its own: the root and all that claim it. */
static enum err_code thread_list(struct view *view, struct view_list *list, uint32_t post)
{
    const struct view_columns *c = &view->columns;
    uint32_t root = view_columns_ref(c, post, POST_ROOT);
    root = root == VIEW_NONE ? post : root;
    enum err_code rc = view_list_reserve(list, 1);
    if (rc == ERR_OK) {
        view_list_add(list, root, c);
    }
    for (uint32_t ref = c->rows[root].dependents; rc == ERR_OK && ref != VIEW_NONE;
         ref = c->refs[ref].next) {
        uint32_t from = c->refs[ref].from;
        if (c->refs[ref].relation == POST_ROOT && c->rows[from].kind == POST_TEXT) {
            rc = view_list_reserve(list, 1);
            if (rc == ERR_OK) {
                view_list_add(list, from, c);
            }
        }
    }
    return rc == ERR_OK ? view_list_sort(list, c) : rc;
}

/* The list to pick from; made is where one that is made for this query lives. */
static enum err_code list_of(struct pick *pick, struct view_list *made)
{
    struct view *view = pick->view;
    const struct view_query *query = pick->query;
    uint32_t number;
    pick->list = made;
    switch (query->what) {
    case VIEW_TIMELINE:
    case VIEW_SEARCH:
    case VIEW_INBOX:
    case VIEW_MINE:
        pick->list = &view->columns.order;
        return ERR_OK;
    case VIEW_TAG:
        number = view_columns_find_tag(&view->columns, query->tag);
        if (number == VIEW_NONE) {
            return ERR_OK;
        }
        pick->list = &view->columns.tag_lists[number];
        return view_list_sort(&view->columns.tag_lists[number], &view->columns);
    case VIEW_THREAD:
    case VIEW_SHOW:
    case VIEW_OWN:
        break;
    }
    number = view_find(view, &query->id);
    if (number == VIEW_NONE ||
        (query->what != VIEW_OWN && !view_sees(view, number, query->reach))) {
        return ERR_NOT_FOUND;
    }
    if (query->what == VIEW_THREAD) {
        return view->columns.rows[number].kind == POST_TEXT ? thread_list(view, made, number)
                                                            : ERR_NOT_FOUND;
    }
    enum err_code rc = view_list_reserve(made, 1);
    if (rc == ERR_OK) {
        view_list_add(made, number, &view->columns);
    }
    return rc;
}

static enum err_code end_of(struct pick *pick)
{
    const struct view_query *query = pick->query;
    pick->end = pick->list->count;
    if (!query->has_before) {
        return ERR_OK;
    }
    uint32_t before = view_find(pick->view, &query->before);
    enum view_reach reach = (enum view_reach)(query->reach | VIEW_STRANGERS);
    if (before == VIEW_NONE || !view_knows(pick->view, before, reach)) {
        return ERR_NOT_FOUND;
    }
    pick->end =
        view_list_rank(pick->list, &pick->view->columns,
                       view_row_created_s(&pick->view->columns.rows[before]), &query->before);
    return ERR_OK;
}

static enum err_code rows_make(struct view_page *page, struct pick *pick, struct err_note *note)
{
    struct view_arena *arena = &pick->view->arena;
    struct view_post *rows = view_arena_take(arena, pick->found_count * sizeof *rows);
    if (rows == NULL) {
        return ERR_NO_MEMORY;
    }
    enum err_code rc = ERR_OK;
    for (size_t i = 0; i < pick->found_count; i++) {
        uint32_t post = pick->found[pick->found_count - 1 - i];
        enum err_code made = view_row_make(pick->view, &rows[i], post, pick->query->reach, note);
        if (made != ERR_OK && made != ERR_NOT_FOUND) {
            return made;
        }
        rc = made == ERR_OK ? rc : made;
    }
    *page = (struct view_page){.posts = rows, .count = pick->found_count};
    return rc;
}

static enum err_code reactions_count(struct pick *pick)
{
    if (pick->query->what != VIEW_INBOX) {
        return ERR_OK;
    }
    pick->counted = calloc((size_t)pick->view->columns.ids.count + 1, sizeof *pick->counted);
    return pick->counted == NULL
               ? ERR_NO_MEMORY
               : view_reactions_counted(pick->view, pick->counted, pick->query->reach);
}

static enum err_code words_find(struct pick *pick, struct err_note *note)
{
    return pick->query->what == VIEW_SEARCH
               ? view_found_make(pick->view, &pick->found_words, STORE_ALL_WORDS,
                                 view_words_folded(pick->words), note)
               : ERR_OK;
}

static enum err_code query_once(struct pick *pick, struct view_page *page, struct err_note *note)
{
    struct view_list made = {.at = NULL};
    enum err_code rc = view_begin(pick->view, pick->query->now_s, note);
    if (rc == ERR_OK) {
        rc = list_of(pick, &made);
    }
    if (rc == ERR_OK) {
        rc = end_of(pick);
    }
    if (rc == ERR_OK) {
        rc = reactions_count(pick);
    }
    if (rc == ERR_OK) {
        rc = words_find(pick, note);
    }
    if (rc == ERR_OK) {
        rc = pick_backward(pick, note);
    }
    if (rc == ERR_OK) {
        rc = rows_make(page, pick, note);
    }
    pick->list = NULL;
    free(made.at);
    free(pick->counted);
    pick->counted = NULL;
    return rc;
}

enum err_code view_query(struct view *view, struct view_page *page, const struct view_query *query,
                         struct err_note *note)
{
    assert(query->limit >= 1 && query->limit <= VIEW_LIMIT_MAX);
    struct view_words *words = NULL;
    struct pick pick = {.view = view, .query = query};
    enum err_code rc = ERR_OK;
    if (query->what == VIEW_SEARCH) {
        rc = view_words_new(&words, query->words);
    }
    pick.words = words;
    pick.found = malloc(query->limit * sizeof *pick.found);
    if (rc == ERR_OK && pick.found == NULL) {
        rc = ERR_NO_MEMORY;
    }
    /* Each turn that finds a post lost has marked it, so that this ends. */
    while (rc == ERR_OK) {
        pick.found_count = 0;
        rc = query_once(&pick, page, note);
        if (!view->stale || !view->loaded) {
            break;
        }
        rc = rc == ERR_NOT_FOUND ? ERR_OK : rc;
    }
    free(pick.found);
    view_found_close(&pick.found_words);
    view_words_free(words);
    return rc;
}
