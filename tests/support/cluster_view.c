#include <stdlib.h>

#include "store/view.h"
#include "tests/support/cluster_inner.h"

void cluster_watches(struct cluster *c, uint32_t node)
{
    c->nodes[node].watched = true;
    if (c->nodes[node].engine != NULL && c->nodes[node].view == NULL) {
        watch_open(c, node);
    }
}

void watch_open(struct cluster *c, uint32_t n)
{
    struct cluster_node *node = &c->nodes[n];
    if (!node->watched || node->store == NULL) {
        return;
    }
    struct vault_contents nothing = {.generation = 1};
    cluster_must(view_new(&node->view, node->store, &node->person.key, NULL) == ERR_OK &&
                     view_catch_up(node->view, NULL, NULL) == ERR_OK &&
                     view_load(node->view, &nothing, NULL) == ERR_OK,
                 "the view does not open");
}

void watch_close(struct cluster *c, uint32_t n)
{
    view_free(c->nodes[n].view);
    c->nodes[n].view = NULL;
}

/* As the daemon does when the engine says that there is something new. */
void watch_accepted(struct cluster *c, uint32_t n)
{
    if (c->nodes[n].view != NULL) {
        cluster_must(view_catch_up(c->nodes[n].view, NULL, NULL) == ERR_OK,
                     "the view does not read");
    }
}

/* By what she was told: nobody looks for more here. */
static bool shows_once(struct cluster *c, uint32_t n)
{
    struct view_page page;
    struct view_query query = {.what = VIEW_TAG,
                               .reach = VIEW_ALL,
                               .tag = octets_of((const uint8_t *)"metoo", 5),
                               .limit = VIEW_LIMIT_MAX,
                               .now_s = cluster_node_clock_s(c, n)};
    size_t kept = 0;
    static uint8_t room[POST_WIRE_MAX];
    for (size_t post = 0; post < c->said_count; post++) {
        kept += c->said[post].shown && keep_body(c, n, room, &c->said[post].id) > 0;
    }
    if (view_query(c->nodes[n].view, &page, &query, NULL) != ERR_OK) {
        return false;
    }
    for (size_t i = 1; i < page.count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (post_id_equal(&page.posts[i].id, &page.posts[k].id)) {
                return false;
            }
        }
    }
    return page.count == (kept < VIEW_LIMIT_MAX ? kept : VIEW_LIMIT_MAX);
}

bool cluster_shows_once(struct cluster *c)
{
    for (uint32_t n = 0; n < c->nodes_count; n++) {
        if (c->nodes[n].view != NULL && !shows_once(c, n)) {
            return false;
        }
    }
    return true;
}
