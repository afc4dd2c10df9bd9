/* Promise 4 when memory runs out: whichever allocation fails, the view refuses or is right, and
 * never shows what is hidden; with memory again, it answers as if nothing had happened. */
#include "tests/unit/store/view_test.h"

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *at, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *at, size_t len);

#define ENOUGH UINT32_MAX

static uint32_t left = ENOUGH; /* allocations that still succeed */
static bool once;              /* only the next one fails */

static bool fails(void)
{
    if (left == ENOUGH) {
        return false;
    }
    if (left > 0) {
        left--;
        return false;
    }
    left = once ? ENOUGH : 0;
    return true;
}

void *__wrap_malloc(size_t len)
{
    return fails() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t count, size_t len)
{
    return fails() ? NULL : __real_calloc(count, len);
}

void *__wrap_realloc(void *at, size_t len)
{
    return fails() ? NULL : __real_realloc(at, len);
}

/* Memory runs out after count allocations; have_memory() says whether it came to that. */
static void run_short(uint32_t count, bool only_once)
{
    left = count;
    once = only_once;
}

static bool have_memory(void)
{
    bool was_enough = left != ENOUGH && left > 0;
    left = ENOUGH;
    return was_enough;
}

struct story {
    struct scenario *s;
    struct post_id ana;   /* always visible */
    struct post_id carl;  /* to be blocked */
    struct post_id under; /* somebody else's answer to carl */
};

static struct story story_told(bool holding)
{
    struct story t = {.s = scenario_new("bea")};
    follows(t.s, "ana");
    follows(t.s, "carl");
    follows_tag(t.s, "metoo");
    calls(t.s, "ana", "sister");
    t.s->holding = holding;
    t.ana = says(t.s, "ana", "me too", "metoo");
    t.carl = says(t.s, "carl", "support", "metoo");
    t.under = replies(t.s, "ana", t.carl, "support");
    (void)replies(t.s, "carl", t.ana, "me too");
    (void)reacts(t.s, "carl", t.ana, POST_ANGRY);
    (void)reacts(t.s, "ana", t.ana, POST_HEART);
    (void)vouches(t.s, "carl", "dirk");
    (void)says(t.s, "dirk", "me too", "work");
    (void)names_self(t.s, "ana", "Ana", "");
    (void)names_self(t.s, "carl", "Carl", "");
    (void)retracts(t.s, "ana", says(t.s, "ana", "never mind", NULL));
    (void)says(t.s, "gil", "before anybody knew me", "work");
    (void)vouches(t.s, "fay", "gil");
    (void)vouches(t.s, "ana", "fay"); /* fay and gil come in */
    struct post_id among_friends =
        drafts(t.s, "ana",
               (struct post_draft){.kind = POST_TEXT,
                                   .text = octets_of_text("among friends"),
                                   .replies = POST_REPLIES_VOUCHED,
                                   .expires_s = t.s->now_s + 100});
    (void)replies(t.s, "gil", among_friends, "with you");
    struct post_id hal = vouches(t.s, "ana", "hal");
    (void)replies(t.s, "hal", among_friends, "and I");
    (void)says(t.s, "hal", "me too", "work");
    (void)retracts(t.s, "ana", hal); /* and hal falls out */
    return t;
}

static void adds_block(struct scenario *s, const char *who)
{
    s->blocks[s->vault.blocks_count++] =
        (struct vault_block){.key = person_of(who).key, .since_s = s->now_s, .in_force = true};
}

/* Asks for everything, whatever it answers, and fails if an answer holds what is hidden. */
static void shows_nothing_of_carl(const struct story *t)
{
    struct scenario *s = t->s;
    struct key carl = person_of("carl").key;
    for (int what = VIEW_TIMELINE; what <= VIEW_OWN; what++) {
        struct view_query query = {.what = (enum view_what)what,
                                   .reach = VIEW_STRANGERS,
                                   .tag = octets_of_text("metoo"),
                                   .words = octets_of_text("support"),
                                   .id = what == VIEW_THREAD ? t->ana : t->under,
                                   .limit = VIEW_LIMIT_MAX,
                                   .now_s = s->now_s};
        struct view_page page = {.count = 0};
        if (view_query(s->view, &page, &query, NULL) != ERR_OK) {
            continue;
        }
        for (size_t i = 0; i < page.count; i++) {
            assert_false(key_equal(&page.posts[i].author, &carl));
            assert_false(post_id_equal(&page.posts[i].id, &t->under));
            assert_int_equal(page.posts[i].reactions[POST_ANGRY], 0);
        }
    }
    struct view_tally tally;
    if (view_tally(s->view, &tally, octets_of_text("metoo"), VIEW_WEB, s->now_s, NULL) == ERR_OK) {
        assert_true(tally.identities <= 1 && tally.reactions <= 1);
    }
    struct view_person person;
    if (view_person(s->view, &person, &carl, s->now_s, NULL) == ERR_OK) {
        assert_int_equal(person.name.len, 0);
    }
    assert_false(view_visible(s->view, &t->carl, VIEW_STRANGERS, s->now_s));
    assert_false(view_visible(s->view, &t->under, VIEW_STRANGERS, s->now_s));
}

static void shows_exactly(struct scenario *s, const char *expected)
{
    char *shown_now = everything_shown(s);
    assert_string_equal(shown_now, expected);
    free(shown_now);
}

static void adds_shield(struct scenario *s, const char *word)
{
    struct vault_shield *shield = &s->shields[s->vault.shields_count++];
    *shield = (struct vault_shield){.kind = VAULT_SHIELD_WORD, .text_len = (uint8_t)strlen(word)};
    memcpy(shield->text, word, strlen(word));
}

/* word may be NULL. */
static char *expected_with_carl_blocked(const char *word)
{
    struct story t = story_told(false);
    adds_block(t.s, "carl");
    if (word != NULL) {
        adds_shield(t.s, word);
    }
    reloads(t.s);
    char *expected = everything_shown(t.s);
    scenario_free(t.s);
    return expected;
}

/* Returns whether the whole of it went by without a failure. */
static bool blocks_short_of_memory(uint32_t count, bool only_once, const char *expected)
{
    struct story t = story_told(false);
    assert_true(sees(t.s, t.carl));
    adds_block(t.s, "carl");
    run_short(count, only_once);
    enum err_code rc = view_load(t.s->view, &t.s->vault, NULL);
    bool enough = have_memory();
    shows_nothing_of_carl(&t);
    if (rc == ERR_OK) {
        shows_exactly(t.s, expected);
    } else {
        assert_int_equal(rc, ERR_NO_MEMORY);
        assert_false(sees(t.s, t.ana));
        reloads(t.s);
        shows_exactly(t.s, expected);
    }
    scenario_free(t.s);
    return enough;
}

static void a_block_without_memory_is_in_force_or_nothing_is_shown(void **state)
{
    (void)state;
    char *expected = expected_with_carl_blocked(NULL);
    for (int only_once = 0; only_once < 2; only_once++) {
        uint32_t count = 0;
        while (!blocks_short_of_memory(count, only_once == 1, expected)) {
            count++;
        }
        assert_true(count > 5);
    }
    free(expected);
}

static bool shields_short_of_memory(uint32_t count, bool only_once, const char *expected)
{
    struct story t = story_told(false);
    assert_true(sees(t.s, t.carl));
    adds_shield(t.s, "support");
    run_short(count, only_once);
    enum err_code rc = view_load(t.s->view, &t.s->vault, NULL);
    bool enough = have_memory();
    assert_false(sees_strangers(t.s, t.carl));
    assert_false(sees_strangers(t.s, t.under));
    assert_int_equal(sees(t.s, t.ana), rc == ERR_OK);
    if (rc != ERR_OK) {
        assert_int_equal(rc, ERR_NO_MEMORY);
        reloads(t.s);
    }
    shows_exactly(t.s, expected);
    scenario_free(t.s);
    return enough;
}

static void a_shield_without_memory_is_in_force_or_nothing_is_shown(void **state)
{
    (void)state;
    struct story t = story_told(false);
    adds_shield(t.s, "support");
    reloads(t.s);
    char *expected = everything_shown(t.s);
    scenario_free(t.s);
    for (int only_once = 0; only_once < 2; only_once++) {
        uint32_t count = 0;
        while (!shields_short_of_memory(count, only_once == 1, expected)) {
            count++;
        }
        assert_true(count > 20);
    }
    free(expected);
}

static void stores_all(struct scenario *s)
{
    for (size_t i = 0; i < s->posts.count; i++) {
        scenario_store_add(s->store, s->posts.wires[i]);
    }
}

static bool arrives_short_of_memory(uint32_t count, bool only_once, const char *expected)
{
    struct story t = story_told(true);
    adds_block(t.s, "carl");
    adds_shield(t.s, "friends"); /* what comes is looked through for it */
    reloads(t.s);
    stores_all(t.s);
    run_short(count, only_once);
    enum err_code rc = view_catch_up(t.s->view, NULL, NULL);
    shows_nothing_of_carl(&t);
    bool enough = have_memory();
    assert_true(rc == ERR_OK || rc == ERR_NO_MEMORY);
    shows_nothing_of_carl(&t);
    assert_int_equal(view_catch_up(t.s->view, NULL, NULL), ERR_OK);
    if (!sees(t.s, t.ana)) {
        reloads(t.s); /* a post could not be judged: nothing was shown until now */
    }
    shows_exactly(t.s, expected);
    scenario_free(t.s);
    return enough;
}

static void arrivals_without_memory_are_taken_in_later(void **state)
{
    (void)state;
    char *expected = expected_with_carl_blocked("friends");
    for (int only_once = 0; only_once < 2; only_once++) {
        uint32_t count = 0;
        while (!arrives_short_of_memory(count, only_once == 1, expected)) {
            count++;
        }
        assert_true(count > 20);
    }
    free(expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_without_memory_is_in_force_or_nothing_is_shown),
        cmocka_unit_test(a_shield_without_memory_is_in_force_or_nothing_is_shown),
        cmocka_unit_test(arrivals_without_memory_are_taken_in_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
