/* Ids, prefixes, words, pages: asking for what is not there. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "tests/surfaces/rows.h"
#include "tests/surfaces/story.h"

#define MANY 600 /* of each, for two ids that begin alike */

static void row_18_what_is_his_answers_as_what_does_not_exist(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id nowhere = {.octets = {0xab, 0xcd, 0x12}};
    struct post_id his = says(s, HIM, "his words", "metoo");
    struct post_id hers = says(s, FRIEND, "her words", "metoo");
    struct post_id echo = echoes(s, FRIEND, his, "look at this");
    static const char *const commands[] = {"show", "thread", "reply", "react", "echo", "retract"};
    showed(s, "his words", WORDS("show", ID(his)));
    blocks(s);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        answers_alike(s, commands[i], ID(his), ID(nowhere));
        answers_alike(s, commands[i], ID(echo), ID(nowhere));
    }
    shows(s, "her words", WORDS("show", ID(hers)));
    /* As an id to block by, it is a key like any that nobody has met. */
    shows(s, "\"named_by\":\"key\"", WORDS("block", ID(his), "--json"));
    shows(s, "\"named_by\":\"key\"", WORDS("block", ID(nowhere), "--json"));
    story_end(s);
}

static void row_18_by_the_beginning_of_an_id_as_well(void **state)
{
    (void)state;
    struct story *s = story_new();
    char prefix[9];
    struct post_id his = says(s, HIM, "his words", "metoo");
    (void)snprintf(prefix, sizeof prefix, "%.8s", ID(his));
    showed(s, "his words", WORDS("show", prefix));
    blocks(s);
    answers_alike(s, "show", prefix, "abcd1234");
    answers_alike(s, "block", prefix, "abcd1234");
    she_cannot(s, 1, WORDS("block", prefix));
    story_end(s);
}

/* Two of them whose ids begin with the same four digits. */
static bool alike(const struct posts *posts, const struct key *his, size_t *a, size_t *b)
{
    for (size_t i = 0; i < posts->count; i++) {
        for (size_t j = 0; j < posts->count; j++) {
            struct post one = posts_decoded(posts, i);
            struct post two = posts_decoded(posts, j);
            if (memcmp(posts->ids[i].octets, posts->ids[j].octets, 2) == 0 &&
                key_equal(&one.author, his) && !key_equal(&two.author, his)) {
                *a = i;
                *b = j;
                return true;
            }
        }
    }
    return false;
}

static void row_19_short_ids_are_as_short_as_what_is_visible_allows(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct posts all = {0};
    struct person him = person_of(HIM);
    struct person friend = person_of(FRIEND);
    size_t his = 0;
    size_t hers = 0;
    for (uint64_t i = 0; i < MANY; i++) {
        (void)person_text(&all, &him, HISTORY_START_S - i, "his words", "metoo");
        (void)person_text(&all, &friend, HISTORY_START_S - i, "her words", "metoo");
    }
    assert_true(alike(&all, &him.key, &his, &hers));
    struct post_id his_id =
        says_at(s, HIM, posts_decoded(&all, his).created_s, "his words", "metoo");
    struct post_id id =
        says_at(s, FRIEND, posts_decoded(&all, hers).created_s, "her words", "metoo");
    char prefix[5];
    (void)snprintf(prefix, sizeof prefix, "%.4s", ID(id));
    assert_memory_equal(ID(his_id), prefix, 4);
    showed(s, "fits 2 posts", WORDS("show", prefix));
    blocks(s);
    shows(s, "her words", WORDS("show", prefix));
    struct answer page = world_ask(s->with, WORDS("timeline"));
    char word[8];
    (void)snprintf(word, sizeof word, "  %s\n", prefix);
    assert_true(holds(&page, word)); /* four digits are enough again */
    answer_free(&page);
    posts_free(&all);
    story_end(s);
}

static void row_20_words_of_the_blocked_are_found_no_more_than_words_nowhere(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id his = says(s, HIM, "onlyhisword and never again", "metoo");
    echoes(s, FRIEND, his, "anechoword");
    says(s, FRIEND, "never again", "metoo");
    showed(s, "onlyhisword", WORDS("search", "onlyhisword"));
    blocks(s);
    answers_alike(s, "search", "onlyhisword", "nowhereword");
    answers_alike(s, "search", "anechoword", "nowhereword");
    hides(s, "onlyhisword", WORDS("search", "never again", "--strangers"));
    shows(s, "never again", WORDS("search", "never again"));
    story_end(s);
}

static void row_21_pages_are_full_and_cursors_are_visible_posts(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id hers[4];
    struct post_id his = {{0}};
    static const char *const texts[] = {"first", "second", "third", "fourth"};
    for (size_t i = 0; i < 4; i++) {
        hers[i] = says(s, FRIEND, texts[i], "metoo");
        for (size_t n = 0; n < 6; n++) {
            his = says(s, HIM, "his words", "metoo");
        }
    }
    struct post_id nowhere = {.octets = {0xab, 0xcd, 0x12}};
    blocks(s);
    shows(s, "first", WORDS("timeline", "--limit", "4"));
    shows(s, "fourth", WORDS("timeline", "--limit", "4"));
    shows(s, "second", WORDS("tag", "metoo", "--limit", "2", "--before", ID(hers[3])));
    hides(s, "first", WORDS("tag", "metoo", "--limit", "2", "--before", ID(hers[3])));
    she_cannot(s, 1, WORDS("timeline", "--before", ID(his)));
    she_cannot(s, 1, WORDS("timeline", "--before", ID(nowhere)));
    hides(s, "hidden", WORDS("timeline", "--limit", "1"));
    story_end(s);
}

static void row_34_status_does_not_tell_how_much_is_hidden(void **state)
{
    (void)state;
    struct story *s = story_new();
    blocks(s);
    for (size_t i = 0; i < 20; i++) {
        says(s, HIM, "his words", "metoo");
    }
    she(s, WORDS("status"));
    she(s, WORDS("status", "--json"));
    she(s, WORDS("outbox", "--json"));
    shows(s, "\"posts\":0", WORDS("tally", "metoo", "--json"));
    story_end(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(row_18_what_is_his_answers_as_what_does_not_exist),
    cmocka_unit_test(row_18_by_the_beginning_of_an_id_as_well),
    cmocka_unit_test(row_19_short_ids_are_as_short_as_what_is_visible_allows),
    cmocka_unit_test(row_20_words_of_the_blocked_are_found_no_more_than_words_nowhere),
    cmocka_unit_test(row_21_pages_are_full_and_cursors_are_visible_posts),
    cmocka_unit_test(row_34_status_does_not_tell_how_much_is_hidden),
};
ROWS(rows_lookup);
