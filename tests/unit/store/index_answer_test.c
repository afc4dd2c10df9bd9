#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/file_memory.h"
#include "tests/support/index_rig.h"
#include "tests/support/negentropy_sets.h"

#define POSTS_COUNT 3000
#define ITEMS_CAP   64

/* The same posts in the index and in the plainest set there is. */
struct twins {
    struct files *files;
    struct index *index;
    struct sorted_set set;
    struct negentropy_results ours;
    struct negentropy_results plain;
    struct negentropy_item ours_items[ITEMS_CAP];
    struct negentropy_item plain_items[ITEMS_CAP];
};

static const struct negentropy_sets_shape shape = {
    .seed = "twins", .shared = POSTS_COUNT, .step = 7919, .span = 900};

static struct twins *twins_new(uint32_t table_max)
{
    struct twins *t = calloc(1, sizeof *t);
    assert_non_null(t);
    struct sorted_set same;
    sorted_set_init(&t->set);
    sorted_set_init(&same);
    negentropy_sets_make(&t->set, &same, &shape);
    sorted_set_close(&same);

    t->files = file_memory_new(1);
    t->index = index_rig_open(t->files, table_max);
    for (size_t i = 0; i < POSTS_COUNT; i++) {
        /* not in order, as posts arrive */
        const struct negentropy_item *item = &t->set.items[(i * 1009) % POSTS_COUNT];
        struct post post = {.id = item->id, .created_s = item->created_s};
        index_rig_add(t->index, &post, i);
    }
    index_rig_tend(t->index, 0, false);
    t->ours.items = t->ours_items;
    t->plain.items = t->plain_items;
    t->ours.items_cap = t->plain.items_cap = ITEMS_CAP;
    return t;
}

static void twins_free(struct twins *t)
{
    index_close(t->index);
    file_memory_free(t->files);
    sorted_set_close(&t->set);
    free(t);
}

static void assert_same_bound(const struct negentropy_bound *a, const struct negentropy_bound *b)
{
    assert_int_equal(negentropy_bound_compare(a, b), 0);
    assert_int_equal(a->prefix_len, b->prefix_len);
}

static void assert_same_answer(const struct negentropy_answer *a, const struct negentropy_answer *b,
                               enum negentropy_query_kind kind)
{
    assert_int_equal(a->shape, b->shape);
    if (kind != NEGENTROPY_LIST) {
        assert_memory_equal(&a->fold, &b->fold, sizeof a->fold);
    }
    if (a->shape == NEGENTROPY_LISTED) {
        assert_int_equal(a->items_count, b->items_count);
        assert_int_equal(a->more, b->more);
        for (size_t i = 0; i < a->items_count; i++) {
            assert_int_equal(negentropy_item_compare(&a->items[i], &b->items[i]), 0);
        }
    }
    for (size_t i = 0; a->shape == NEGENTROPY_BUCKETED && i < NEGENTROPY_BUCKETS; i++) {
        assert_memory_equal(&a->buckets[i].fold, &b->buckets[i].fold, sizeof a->buckets[i].fold);
        assert_same_bound(&a->buckets[i].upper, &b->buckets[i].upper);
    }
}

static void assert_answer_alike(struct twins *t, const struct negentropy_query *query)
{
    struct negentropy_batch batch = {.queries_count = 1, .queries = {*query}};
    index_rig_answer(t->index, &t->ours, &batch);
    assert_int_equal(t->ours.answers_count, 1);
    sorted_set_answer(&t->set, &t->plain, &batch);
    assert_int_equal(t->plain.answers_count, 1);
    assert_same_answer(&t->ours.answers[0], &t->plain.answers[0], query->kind);
}

/* Bounds between posts, at posts, and at both ends. */
static struct negentropy_bound bound_number(const struct twins *t, size_t k)
{
    size_t place = (k * 7919) % POSTS_COUNT;
    if (k % 11 == 0) {
        return negentropy_bound_zero();
    }
    if (k % 13 == 0) {
        return negentropy_bound_infinity();
    }
    return k % 2 == 0 || place == 0
               ? negentropy_bound_at(&t->set.items[place])
               : negentropy_bound_between(&t->set.items[place - 1], &t->set.items[place]);
}

static void ask_everything(uint32_t table_max, size_t queries_count)
{
    struct twins *t = twins_new(table_max);
    for (size_t k = 0; k < queries_count; k++) {
        struct negentropy_query query = {.lower = bound_number(t, k),
                                         .upper = bound_number(t, k / 3 + 5)};
        if (negentropy_bound_compare(&query.lower, &query.upper) > 0) {
            struct negentropy_bound lower = query.upper;
            query.upper = query.lower;
            query.lower = lower;
        }
        query.kind = NEGENTROPY_FOLD;
        assert_answer_alike(t, &query);
        fingerprint_of(&query.theirs, &t->ours.answers[0].fold);
        query.kind = NEGENTROPY_LIST;
        assert_answer_alike(t, &query);
        query.kind = NEGENTROPY_SPLIT;
        assert_answer_alike(t, &query);
        query.unless_equal = true;
        assert_answer_alike(t, &query);
        assert_int_equal(t->ours.answers[0].shape, NEGENTROPY_FOLDED);
    }
    twins_free(t);
}

static void every_query_is_answered_as_by_a_plain_sorted_array(void **state)
{
    (void)state;
    ask_everything(0, 2000);
}

static void runs_answer_as_a_table_does(void **state)
{
    (void)state;
    ask_everything(1000, 300);
    ask_everything(70, 300);
}

/* ---- All sets, while posts come, are dropped, expire and merge ------------------------------ */

#define MODEL_MAX 1600
#define PEOPLE    6
#define TAGS      3
#define DAY_S     86400

struct model {
    uint64_t random;
    struct index *index;
    uint64_t now_s;
    size_t count;
    struct post posts[MODEL_MAX];
    bool gone[MODEL_MAX];
};

static uint64_t draw(struct model *m, uint64_t below)
{
    m->random = m->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (m->random >> 33) % below;
}

static struct key person_number(uint64_t k)
{
    struct key key;
    memset(&key, (int)k + 1, sizeof key);
    return key;
}

static const char *const tags[TAGS] = {"metoo", "time", "up"};

/* Most are by the first author; some have tags, some stand. */
static void add_post(struct model *m)
{
    static const enum post_kind kinds[] = {POST_TEXT,  POST_TEXT,    POST_REACT, POST_PROFILE,
                                           POST_VOUCH, POST_RETRACT, POST_VOICE};
    struct post *post = &m->posts[m->count];
    uint64_t who = draw(m, 2) == 0 ? 0 : draw(m, PEOPLE);
    *post = (struct post){.kind = kinds[draw(m, sizeof kinds / sizeof kinds[0])],
                          .created_s = 1000 + draw(m, 300),
                          .author = person_number(who)};
    for (size_t i = 0; i < sizeof post->id; i++) {
        post->id.octets[i] = (uint8_t)draw(m, 256);
    }
    for (size_t i = 0; i < TAGS; i++) {
        if (draw(m, 3) == 0) {
            post->tags[post->tags_count++] = octets_of_text(tags[i]);
        }
    }
    post->expires_s = draw(m, 6) == 0 ? m->now_s + draw(m, (uint64_t)4 * DAY_S) + 1 : 0;
    index_rig_add(m->index, post, m->count);
    m->count++;
}

static void drop_one(struct model *m)
{
    struct err_note note = {{0}};
    size_t i = (size_t)draw(m, m->count);
    struct index_place place;
    assert_true(index_rig_find(m->index, &place, &m->posts[i].id));
    assert_int_equal(place.state, m->gone[i] ? INDEX_GONE : INDEX_KEPT);
    assert_int_equal(index_drop(m->index, &place, &note), ERR_OK);
    m->gone[i] = true;
}

static void pass_a_night(struct model *m)
{
    m->now_s += DAY_S;
    index_rig_tend(m->index, m->now_s, draw(m, 2) == 0);
    for (size_t i = 0; i < m->count; i++) {
        uint64_t expires_s = m->posts[i].expires_s;
        m->gone[i] = m->gone[i] || (expires_s != 0 && expires_s < m->now_s - m->now_s % DAY_S);
    }
}

/* Which set is looked at: one that peers may ask for, an author's, or an author's profiles. */
enum looked_at { LOOK_ALL, LOOK_STANDING, LOOK_AUTHORS, LOOK_TAGS, LOOK_AUTHOR, LOOK_PROFILES };

struct look {
    enum looked_at what;
    struct key person;
    struct octets tag;
};

static struct run_set_name name_of(const struct model *m, const struct look *look)
{
    const struct run_hash *hash = index_hash(m->index);
    switch (look->what) {
    case LOOK_STANDING:
        return run_set_of(hash, SET_STANDING);
    case LOOK_AUTHORS:
        return run_set_of(hash, set_of_author(&look->person));
    case LOOK_TAGS:
        return run_set_of(hash, set_of_tag(look->tag));
    case LOOK_AUTHOR:
        return run_set_author(hash, &look->person);
    case LOOK_PROFILES:
        return run_set_profiles(hash, &look->person);
    case LOOK_ALL:
        break;
    }
    return run_set_of(hash, SET_ALL);
}

static bool is_in(const struct post *post, const struct look *look)
{
    bool tagged = false;
    for (size_t i = 0; i < post->tags_count; i++) {
        tagged = tagged || set_of_tag(post->tags[i]) == set_of_tag(look->tag);
    }
    bool by = key_equal(&post->author, &look->person);
    switch (look->what) {
    case LOOK_STANDING:
        return post->kind == POST_PROFILE || post->kind == POST_VOUCH ||
               post->kind == POST_RETRACT || post->kind == POST_VOICE;
    case LOOK_AUTHORS:
        return set_of_author(&post->author) == set_of_author(&look->person);
    case LOOK_TAGS:
        return tagged;
    case LOOK_AUTHOR:
        return by;
    case LOOK_PROFILES:
        return by && post->kind == POST_PROFILE;
    case LOOK_ALL:
        break;
    }
    return true;
}

static void assert_set_alike(struct model *m)
{
    struct err_note note = {{0}};
    struct look look = {.what = (enum looked_at)draw(m, LOOK_PROFILES + 1),
                        .person = person_number(draw(m, PEOPLE)),
                        .tag = octets_of_text(tags[draw(m, TAGS)])};
    struct negentropy_item items[ITEMS_CAP];
    struct negentropy_results results = {.items = items, .items_cap = ITEMS_CAP};
    struct negentropy_item low = {.created_s = 1000 + draw(m, 300)};
    struct negentropy_item high = {.created_s = low.created_s + draw(m, 300)};
    struct run_set_name name = name_of(m, &look);
    struct negentropy_batch batch = {.queries_count = 1};
    batch.queries[0] = (struct negentropy_query){.kind = NEGENTROPY_FOLD,
                                                 .lower = negentropy_bound_at(&low),
                                                 .upper = negentropy_bound_at(&high)};
    assert_int_equal(index_answer(m->index, &results, &name, &batch, &note), ERR_OK);
    struct fold fold = {0};
    for (size_t i = 0; i < m->count; i++) {
        const struct post *post = &m->posts[i];
        if (!m->gone[i] && is_in(post, &look) && post->created_s >= low.created_s &&
            post->created_s < high.created_s) {
            fold_add_id(&fold, &post->id);
        }
    }
    assert_memory_equal(&results.answers[0].fold, &fold, sizeof fold);
}

static void every_set_folds_as_a_slow_one_does(void **state)
{
    (void)state;
    static struct model m;
    struct files *files = file_memory_new(1);
    m = (struct model){.random = 7, .now_s = (uint64_t)10 * DAY_S};
    m.index = index_rig_open(files, 48);
    while (m.count < MODEL_MAX) {
        uint64_t act = draw(&m, 40);
        if (act < 26 || m.count == 0) {
            add_post(&m);
        } else if (act < 34) {
            drop_one(&m);
        } else if (act < 39) {
            bool more;
            struct err_note note = {{0}};
            assert_int_equal(index_tend(m.index, &more, m.now_s, act == 38, &note), ERR_OK);
        } else if (draw(&m, 8) == 0) {
            pass_a_night(&m);
        }
        assert_set_alike(&m);
    }
    index_close(m.index);
    file_memory_free(files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_query_is_answered_as_by_a_plain_sorted_array),
        cmocka_unit_test(runs_answer_as_a_table_does),
        cmocka_unit_test(every_set_folds_as_a_slow_one_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
