#include <stdio.h>

#include "tests/support/cluster_inner.h"

#define UNREAD_MAX_MS 40000 /* before the peer loses patience */
#define SKEW_MAX_S    1200  /* clocks are wrong by so much at most */
#define ITEMS_MAX     512
#define DAY_S         86400

bool is_honest_up(const struct cluster *c, uint32_t n)
{
    return c->nodes[n].engine != NULL && c->nodes[n].hostility == CLUSTER_HONEST;
}

bool cluster_is_honest(const struct cluster *c, uint32_t node)
{
    return c->nodes[node].hostility == CLUSTER_HONEST;
}

/* ---- As it goes --------------------------------------------------------------------------- */

void check_step(struct cluster *c, uint32_t n)
{
    struct engine_limits limits = node_limits(c, n);
    struct engine_stats stats = engine_stats(c->nodes[n].engine);
    cluster_must(stats.posts_count <= limits.posts_max, "too many posts are in flight");
    cluster_must(stats.octets_count <= limits.octets_max, "too much is held for posts in flight");
    cluster_must(stats.recons_count <= limits.initiators_max, "too many reconciliations run");
    cluster_must(stats.ready_count <= stats.peers_count && stats.peers_count <= limits.peers_max,
                 "too many peers");
    cluster_must(c->out.effects_count <= ENGINE_EFFECTS_MAX, "too many effects");
}

void check_acknowledged(struct cluster *c, size_t post)
{
    if (!is_passed(c, post) && !cluster_has(c, c->said[post].node, post)) {
        (void)fprintf(stderr, "post %zu of node %u\n", post, c->said[post].node);
        cluster_must(false, "what was acknowledged is not there");
    }
}

/* ---- Asked for ---------------------------------------------------------------------------- */

bool cluster_has(const struct cluster *c, uint32_t node, size_t post)
{
    bool known = false;
    cluster_must(keep_known(c, node, &known, &c->said[post].id, 1) == ERR_OK,
                 "the store does not read");
    return known;
}

bool cluster_acknowledged(const struct cluster *c, size_t post)
{
    return c->said[post].acknowledged;
}

size_t cluster_posts_count(const struct cluster *c)
{
    return c->said_count;
}

bool is_passed(const struct cluster *c, size_t post)
{
    const struct said *said = &c->said[post];
    for (uint32_t n = 0; n < c->nodes_count; n++) {
        if (said->created_s < c->nodes[n].floor_s && !said->stands) {
            return true;
        }
    }
    return said->taken_back ||
           (said->expires_s != 0 && cluster_now_s(c) + SKEW_MAX_S >= said->expires_s);
}

/* Whether a post is looked for at node. */
static bool is_wanted(const struct cluster *c, uint32_t n, size_t post)
{
    struct post decoded = posts_decoded(&c->posts, post);
    return is_honest_up(c, n) && set_post_is_chosen(&c->nodes[n].sets, &decoded);
}

void cluster_explain(const struct cluster *c)
{
    for (size_t post = 0; post < c->said_count; post++) {
        uint32_t have = 0;
        for (uint32_t n = 0; n < c->nodes_count; n++) {
            have += is_honest_up(c, n) && cluster_has(c, n, post);
        }
        for (uint32_t n = 0; n < c->nodes_count && have > 0 && !is_passed(c, post); n++) {
            if (is_wanted(c, n, post) && !cluster_has(c, n, post)) {
                (void)fprintf(stderr, "node %u lacks post %zu of node %u\n", n, post,
                              c->said[post].node);
            }
        }
    }
}

bool cluster_converged(const struct cluster *c)
{
    for (size_t post = 0; post < c->said_count; post++) {
        uint32_t up = 0;
        uint32_t have = 0;
        for (uint32_t n = 0; n < c->nodes_count; n++) {
            bool counts = is_wanted(c, n, post);
            up += counts;
            have += counts && cluster_has(c, n, post);
        }
        if (have != up && (c->said[post].acknowledged || have > 0) && !is_passed(c, post)) {
            return false;
        }
    }
    return true;
}

bool cluster_kept_promises(const struct cluster *c)
{
    for (size_t post = 0; post < c->said_count; post++) {
        uint32_t author = c->said[post].node;
        if (c->said[post].acknowledged && cluster_is_up(c, author) && !is_passed(c, post) &&
            !cluster_has(c, author, post)) {
            return false;
        }
    }
    return true;
}

/* ---- Sets --------------------------------------------------------------------------------- */

/* What a node holds of a set, from a time on. */
static struct fold fold_of(struct cluster *c, uint32_t n, uint32_t set, uint64_t from_s)
{
    static struct negentropy_item items[ITEMS_MAX];
    static struct negentropy_results results;
    static struct negentropy_batch batch;
    batch.queries_count = 1;
    batch.queries[0] = (struct negentropy_query){.kind = NEGENTROPY_FOLD,
                                                 .lower = {.created_s = from_s},
                                                 .upper = negentropy_bound_infinity()};
    results = (struct negentropy_results){.items = items, .items_cap = ITEMS_MAX};
    cluster_must(store_answer_set(c->nodes[n].store, &results, set, &batch, NULL) == ERR_OK,
                 "the store does not read");
    return results.answers[0].fold;
}

/* Who wants everything holds what is in each bucket, too. */
static bool wants(const struct cluster *c, uint32_t n, uint32_t set)
{
    const struct set_choice *sets = &c->nodes[n].sets;
    return is_honest_up(c, n) && (!sets->buckets || set_is_chosen(sets, set));
}

static bool all_hold(struct cluster *c, uint32_t set, uint64_t from_s)
{
    uint32_t first = NOBODY;
    struct fold theirs = {.count = 0};
    for (uint32_t n = 0; n < c->nodes_count; n++) {
        if (!wants(c, n, set)) {
            continue;
        }
        struct fold fold = fold_of(c, n, set, from_s);
        if (first == NOBODY) {
            first = n;
            theirs = fold;
        } else if (memcmp(&fold, &theirs, sizeof fold) != 0) {
            (void)fprintf(stderr, "set %u is not the same at %u and %u\n", set, first, n);
            return false;
        }
    }
    return true;
}

bool cluster_same_sets(struct cluster *c)
{
    uint64_t floor_s = 0;
    uint64_t midnight_s = (cluster_now_s(c) / DAY_S + 1) * DAY_S;
    for (uint32_t n = 0; n < c->nodes_count; n++) {
        floor_s = c->nodes[n].floor_s > floor_s ? c->nodes[n].floor_s : floor_s;
        if (is_honest_up(c, n)) {
            keep_tend(c, n, midnight_s);
        }
    }
    for (uint32_t set = 0; set < SETS_END; set++) {
        if (set_is_known(set) && !all_hold(c, set, set == SET_STANDING ? 0 : floor_s)) {
            return false;
        }
    }
    return true;
}

/* Walk everything that a real store keeps. */
static bool keeps_once(struct cluster *c, uint32_t n)
{
    static uint8_t room[POST_WIRE_MAX];
    struct light_store seen = {.has = NULL};
    struct octets_room wire = {.at = room, .cap = sizeof room};
    uint64_t position = 0;
    uint64_t at;
    bool once = true;
    while (once && store_next(c->nodes[n].store, &wire, &at, &position, NULL) == ERR_OK) {
        struct post post;
        cluster_must(post_decode(&post, octets_of(room, wire.len)) == ERR_OK, "not a post");
        once = light_store_put(&seen, &c->light_posts, &post, octets_of(room, wire.len));
    }
    light_store_free(&seen);
    return once;
}

bool cluster_keeps_once(struct cluster *c)
{
    for (uint32_t n = 0; n < c->nodes_count; n++) {
        if (c->nodes[n].store != NULL && !keeps_once(c, n)) {
            return false;
        }
    }
    return true;
}

bool cluster_is_quiet(const struct cluster *c)
{
    for (uint32_t n = 0; n < c->nodes_count; n++) {
        if (is_honest_up(c, n)) {
            struct engine_stats stats = engine_stats(c->nodes[n].engine);
            if (stats.posts_count > 0 || stats.octets_count > 0) {
                return false;
            }
        }
    }
    return true;
}

static bool is_left_unread(const struct cluster *c, const struct end *end)
{
    uint64_t since_ms = c->nodes[end->node].frozen_until_ms;
    since_ms = end->paused_at_ms > since_ms ? end->paused_at_ms : since_ms;
    return end->up && end->paused && c->now_ms > since_ms + UNREAD_MAX_MS;
}

bool cluster_keeps_reading(const struct cluster *c)
{
    for (size_t l = 0; l < c->links_count; l++) {
        if (is_left_unread(c, &c->links[l].ends[0]) || is_left_unread(c, &c->links[l].ends[1])) {
            return false;
        }
    }
    return true;
}

bool cluster_answered(const struct cluster *c)
{
    for (size_t post = 0; post < c->said_count; post++) {
        const struct said *said = &c->said[post];
        if (!said->answered && c->nodes[said->node].life == said->life) {
            return false;
        }
    }
    return true;
}

size_t cluster_there_count(const struct cluster *c)
{
    return c->there_count;
}

struct engine_stats cluster_stats(const struct cluster *c, uint32_t node)
{
    return engine_stats(c->nodes[node].engine);
}

size_t cluster_blamed_count(const struct cluster *c, uint32_t node)
{
    return c->nodes[node].blamed_count;
}

size_t cluster_blames_count(const struct cluster *c)
{
    size_t count = 0;
    for (uint32_t n = 0; n < c->nodes_count; n++) {
        count += c->nodes[n].blamed_count;
    }
    return count;
}

size_t cluster_wronged_count(const struct cluster *c)
{
    return c->wronged_count;
}

size_t cluster_suspected_count(const struct cluster *c)
{
    return c->suspected_count;
}

size_t cluster_handed_count(const struct cluster *c)
{
    return c->handed_count;
}

uint64_t cluster_octets_sent(const struct cluster *c)
{
    return c->octets_sent;
}

void cluster_trace(const struct cluster *c, uint8_t out[CLUSTER_TRACE_LEN])
{
    crypto_generichash_state trace = c->trace;
    (void)crypto_generichash_final(&trace, out, CLUSTER_TRACE_LEN);
}
