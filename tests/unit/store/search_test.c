/* A store that keeps words and one that keeps none: the same is found and shown from both, whether
 * the words lie in memory or in runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/view.h"
#include "store/view_check.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define PEOPLE_COUNT 4
#define VOCABULARY   24
#define ROUNDS       36
#define PER_ROUND    25
#define NOW_S        UINT64_C(2000000)
#define LIMIT        20
#define TABLE_MAX    48 /* posts in memory, so that most of them lie in runs */

enum { WITH, WITHOUT, SIDES };

static const uint8_t key[32] = {9};
static const char *const names[PEOPLE_COUNT] = {"bea", "ana", "fay", "carl"};
static const char *const vocabulary[VOCABULARY] = {
    "me",
    "too",
    "Court",
    "COURT",
    "silence",
    "gr\xc3\xb6\xc3\x9fte",
    "she",
    "he",
    "they",
    "was",
    "is",
    "never",
    "alone",
    "again",
    "when",
    "work",
    "boss",
    "kept",
    "GR\xc3\x96SSTE",
    "rare1",
    "rare2",
    "rare3",
    "\xd0\x9f\xd1\x80\xd0\xb0\xd0\xb2\xd0\xb4\xd0\xb0",
    "2017"};

struct side {
    struct files *files;
    struct store *store;
    struct view *view;
};

static struct {
    struct side sides[SIDES];
    struct person people[PEOPLE_COUNT];
    struct posts posts;
    size_t put_count;
    struct vault_contents vault;
    struct key follows[PEOPLE_COUNT];
    struct vault_block block;
    struct vault_shield shields[4];
} scene;

static uint64_t seed = 5;

static uint32_t random_below(uint32_t bound)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % bound;
}

static const char *some_word(void)
{
    return vocabulary[random_below(1 + random_below(VOCABULARY))];
}

static void some_words(char *text, size_t text_cap, uint32_t count)
{
    text[0] = '\0';
    for (uint32_t i = 0; i < count; i++) {
        size_t len = strlen(text);
        (void)snprintf(text + len, text_cap - len, "%s%s", some_word(), i % 3 == 2 ? ", " : " ");
    }
}

static void open_side(struct side *side, enum store_kind kind)
{
    struct store_options options = {.kind = kind, .table_max = TABLE_MAX};
    assert_int_equal(store_open_with(&side->store, side->files, key, &options, NULL), ERR_OK);
    assert_int_equal(view_new(&side->view, side->store, &scene.people[0].key, NULL), ERR_OK);
    assert_int_equal(view_catch_up(side->view, NULL, NULL), ERR_OK);
    assert_int_equal(view_load(side->view, &scene.vault, NULL), ERR_OK);
}

static void close_side(struct side *side)
{
    view_free(side->view);
    store_close(side->store);
}

static enum store_kind kind_of(size_t side)
{
    return side == WITH ? STORE_READ : STORE_UNREAD;
}

static int set_up(void **state)
{
    (void)state;
    memset(&scene, 0, sizeof scene);
    for (size_t i = 0; i < PEOPLE_COUNT; i++) {
        scene.people[i] = person_of(names[i]);
        scene.follows[i] = scene.people[i].key;
    }
    scene.block = (struct vault_block){.key = scene.people[3].key, .in_force = true};
    scene.vault = (struct vault_contents){.kind = VAULT_PERSONAL,
                                          .follows = scene.follows,
                                          .follows_count = 3,
                                          .blocks = &scene.block,
                                          .shields = scene.shields};
    for (size_t i = 0; i < SIDES; i++) {
        scene.sides[i].files = file_memory_new(i + 1);
        open_side(&scene.sides[i], kind_of(i));
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIDES; i++) {
        close_side(&scene.sides[i]);
        file_memory_free(scene.sides[i].files);
    }
    posts_free(&scene.posts);
    return 0;
}

/* What was made since comes to both. */
static void put(void)
{
    static struct post decoded[PER_ROUND + 1];
    static enum store_put_result results[PER_ROUND + 1];
    size_t count = scene.posts.count - scene.put_count;
    assert_in_range(count, 1, PER_ROUND + 1);
    for (size_t i = 0; i < count; i++) {
        decoded[i] = posts_decoded(&scene.posts, scene.put_count + i);
    }
    for (size_t i = 0; i < SIDES; i++) {
        assert_int_equal(store_put(scene.sides[i].store, results, decoded,
                                   scene.posts.wires + scene.put_count, count, NOW_S, NULL),
                         ERR_OK);
        assert_int_equal(view_catch_up(scene.sides[i].view, NULL, NULL), ERR_OK);
    }
    scene.put_count = scene.posts.count;
}

static size_t damaged_count;

static void damage(void *context, const char *path)
{
    struct files *files = context;
    const char *end = strrchr(path, '.');
    size_t len = file_memory_len(files, path);
    if (end != NULL && strcmp(end, ".run") == 0 && len > 0 && random_below(3) == 0) {
        file_memory_flip(files, path, random_below((uint32_t)len), 0x10);
        damaged_count++;
    }
}

/* A part of what waits: tables become runs, runs become one. */
static void tend(uint32_t slices_max)
{
    for (size_t i = 0; i < SIDES; i++) {
        bool more = true;
        for (uint32_t slice = 0; more && slice < slices_max; slice++) {
            assert_int_equal(store_tend(scene.sides[i].store, &more, NOW_S, NULL), ERR_OK);
        }
    }
}

static void says_something(void)
{
    char text[400];
    char note[100];
    const struct person *who = &scene.people[random_below(PEOPLE_COUNT)];
    uint64_t created_s = NOW_S - 5000 + random_below(4000);
    uint32_t what = random_below(12);
    some_words(text, sizeof text, random_below(12));
    some_words(note, sizeof note, random_below(3));
    if (what == 0) {
        (void)person_profile(&scene.posts, who, created_s, text[0] == '\0' ? "x" : "Ana", note);
    } else if (what == 1 && scene.posts.count > 0) {
        (void)person_retract(&scene.posts, who, created_s,
                             scene.posts.ids[random_below((uint32_t)scene.posts.count)]);
    } else {
        struct octets tag = octets_of_text(random_below(2) ? "metoo" : "court");
        (void)person_draft(
            &scene.posts, who,
            &(struct post_draft){.kind = POST_TEXT,
                                 .created_s = created_s,
                                 .text = octets_of_text(text),
                                 .note = octets_of_text(note),
                                 .tags = &tag,
                                 .tags_count = random_below(2),
                                 .expires_s = random_below(10) == 0 ? NOW_S + 10 : 0});
    }
}

static void expect_same_page(const char *words, uint64_t now_s)
{
    struct view_page pages[SIDES];
    struct view_query query = {.what = VIEW_SEARCH,
                               .reach = (enum view_reach)random_below(4),
                               .words = octets_of_text(words),
                               .limit = 1 + random_below(LIMIT),
                               .now_s = now_s};
    for (int page = 0; page < 2; page++) {
        for (size_t i = 0; i < SIDES; i++) {
            assert_int_equal(view_query(scene.sides[i].view, &pages[i], &query, NULL), ERR_OK);
        }
        assert_int_equal(pages[WITH].count, pages[WITHOUT].count);
        for (size_t i = 0; i < pages[WITH].count; i++) {
            assert_memory_equal(&pages[WITH].posts[i].id, &pages[WITHOUT].posts[i].id, POST_ID_LEN);
        }
        if (pages[WITH].count == 0) {
            break;
        }
        query.has_before = true; /* the page before this one */
        query.before = pages[WITH].posts[0].id;
    }
}

static void change_shields(void)
{
    struct vault_contents *vault = &scene.vault;
    if (vault->shields_count > 0 && random_below(2) == 0) {
        scene.shields[random_below((uint32_t)vault->shields_count)] =
            scene.shields[vault->shields_count - 1];
        vault->shields_count--;
    } else if (vault->shields_count < 4) {
        struct vault_shield *shield = &scene.shields[vault->shields_count++];
        size_t len = 0;
        *shield = (struct vault_shield){.kind = VAULT_SHIELD_WORD};
        assert_int_equal(view_word(shield->text, &len, octets_of_text(some_word())), ERR_OK);
        shield->text_len = (uint8_t)len;
    }
    for (size_t i = 0; i < SIDES; i++) {
        assert_int_equal(view_load(scene.sides[i].view, vault, NULL), ERR_OK);
        assert_int_equal(view_check(scene.sides[i].view, NOW_S, NULL), ERR_OK);
    }
}

static void expect_the_same_shown(bool damaging)
{
    char words[200];
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < PER_ROUND; i++) {
            says_something();
        }
        put();
        tend(random_below(4));
        if (damaging) {
            file_memory_each(scene.sides[WITH].files, damage, scene.sides[WITH].files);
        }
        change_shields();
        for (size_t i = 0; i < 12; i++) {
            some_words(words, sizeof words, random_below(4));
            expect_same_page(words, NOW_S + (i == 0 ? 20 : 0));
        }
        expect_same_page("nobody wrote this", NOW_S);
        if (round % 12 == 11) {
            for (size_t i = 0; i < SIDES; i++) {
                close_side(&scene.sides[i]);
                open_side(&scene.sides[i], kind_of(i));
            }
        }
    }
}

static void the_same_is_shown_with_words_kept_and_without(void **state)
{
    (void)state;
    expect_the_same_shown(false);
}

/* A run that does not read is written again; until then nothing is missing. */
static void the_same_is_shown_where_runs_are_damaged(void **state)
{
    (void)state;
    damaged_count = 0;
    expect_the_same_shown(true);
    assert_true(damaged_count > ROUNDS);
}

/* --- store_search() -----------------------------------------------------------------------------
 */

static struct found found_in(size_t side, enum store_search search, const char *folded)
{
    struct found found = {.bits = NULL};
    assert_int_equal(
        store_search(scene.sides[side].store, &found, search, octets_of_text(folded), NULL),
        ERR_OK);
    return found;
}

static void expect_found(enum store_search search, const char *folded, const char *expected)
{
    struct found found = found_in(WITH, search, folded);
    char there[16] = "";
    for (uint64_t i = 0; i < strlen(expected); i++) {
        there[i] = found_has(&found, i) ? '1' : '0';
    }
    assert_string_equal(there, expected);
    assert_false(found_has(&found, strlen(expected)));
    found_close(&found);
}

static void positions_with_all_or_any_of_the_words_are_found(void **state)
{
    (void)state;
    const struct person *ana = &scene.people[1];
    (void)person_text(&scene.posts, ana, NOW_S - 9, "one two", "three");
    (void)person_text(&scene.posts, ana, NOW_S - 8, "Two!", NULL);
    (void)person_react(&scene.posts, ana, NOW_S - 7, scene.posts.ids[0], POST_HEART);
    (void)person_profile(&scene.posts, ana, NOW_S - 6, "Three", "one");
    put();
    expect_found(STORE_ALL_WORDS, "two", "1100");
    expect_found(STORE_ALL_WORDS, "one three", "1001");
    expect_found(STORE_ALL_WORDS, "one one one", "1001");
    expect_found(STORE_ALL_WORDS, "one two four", "0000");
    expect_found(STORE_ALL_WORDS, "", "0000");
    expect_found(STORE_ALL_WORDS, "...", "0000");
    expect_found(STORE_ANY_WORD, "two three", "1101");
    expect_found(STORE_ANY_WORD, "four", "0000");
    expect_found(STORE_ANY_WORD, "", "0000");
}

/* As many words are looked up as there is a bound for; the reader compares the others. */
static void of_very_many_words_not_all_are_looked_up(void **state)
{
    (void)state;
    (void)person_text(&scene.posts, &scene.people[1], NOW_S, "a b c d e f g h i j k l m", NULL);
    put();
    expect_found(STORE_ALL_WORDS, "a b c d e f g h i j k l m", "1");
    expect_found(STORE_ALL_WORDS, "nothing a b c d e f g h i j k l m", "0");
    expect_found(STORE_ALL_WORDS, "a b c d e f g h i j k l nothing", "1");
    struct view_page page;
    struct view_query query = {.what = VIEW_SEARCH, .limit = 5, .now_s = NOW_S};
    query.words = octets_of_text("a b c d e f g h i j k l nothing");
    assert_int_equal(view_query(scene.sides[WITH].view, &page, &query, NULL), ERR_OK);
    assert_int_equal(page.count, 0);
    query.words = octets_of_text("a b c d e f g h i j k l m");
    assert_int_equal(view_query(scene.sides[WITH].view, &page, &query, NULL), ERR_OK);
    assert_int_equal(page.count, 1);
}

static void a_store_without_words_finds_every_position(void **state)
{
    (void)state;
    (void)person_text(&scene.posts, &scene.people[1], NOW_S, "one", NULL);
    put();
    struct found found = found_in(WITHOUT, STORE_ALL_WORDS, "two");
    assert_true(found_has(&found, 0));
    found_close(&found);
}

static void words_are_there_again_after_opening(void **state)
{
    (void)state;
    (void)person_text(&scene.posts, &scene.people[1], NOW_S, "one", NULL);
    (void)person_text(&scene.posts, &scene.people[1], NOW_S, "two", NULL);
    put();
    close_side(&scene.sides[WITH]);
    open_side(&scene.sides[WITH], STORE_READ);
    expect_found(STORE_ALL_WORDS, "two", "01");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_same_is_shown_with_words_kept_and_without, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_same_is_shown_where_runs_are_damaged, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(positions_with_all_or_any_of_the_words_are_found, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(of_very_many_words_not_all_are_looked_up, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_store_without_words_finds_every_position, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(words_are_there_again_after_opening, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
