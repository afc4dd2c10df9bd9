/* His posts, and what repeats them or names him. */
#include <string.h>

#include "tests/surfaces/rows.h"
#include "tests/surfaces/story.h"

static void row_01_posts_of_the_blocked_are_absent(void **state)
{
    (void)state;
    struct story *s = story_new();
    she(s, WORDS("follow", "--tag", "metoo"));
    struct post_id his = says(s, HIM, "his words", "metoo");
    says(s, FRIEND, "her words", "metoo");
    showed(s, "his words", WORDS("timeline"));
    showed(s, "his words", WORDS("tag", "metoo"));
    blocks(s);
    says(s, HIM, "his later words", "metoo");
    hides(s, "his", WORDS("timeline", "--strangers"));
    hides(s, "his", WORDS("tag", "metoo", "--strangers"));
    hides(s, "his", WORDS("search", "words", "--strangers"));
    hides(s, ID(his), WORDS("timeline", "--json", "--strangers"));
    hides(s, "hidden", WORDS("timeline", "--strangers"));
    shows(s, "her words", WORDS("timeline"));
    shows(s, "her words", WORDS("tag", "metoo"));
    story_end(s);
}

static void row_02_an_echo_of_the_blocked_is_absent(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id his = says(s, HIM, "his words", "metoo");
    struct post_id echo = echoes(s, FRIEND, his, "look at this");
    echoes(s, OTHER, echo, "an echo of the echo");
    says(s, FRIEND, "my own words", "metoo");
    showed(s, "look at this", WORDS("timeline"));
    showed(s, "an echo of the echo", WORDS("timeline"));
    blocks(s);
    hides(s, "look at this", WORDS("timeline", "--strangers"));
    hides(s, "an echo of the echo", WORDS("timeline", "--strangers"));
    she_cannot(s, 1, WORDS("show", ID(echo), "--strangers"));
    shows(s, "my own words", WORDS("timeline"));
    story_end(s);
}

static void row_03_an_echo_of_the_blocked_is_absent_among_its_authors_posts_too(void **state)
{
    (void)state;
    struct story *s = story_new_alone();
    she(s, WORDS("follow", KEY(FRIEND))); /* the timeline is FRIEND's page */
    struct post_id his = says(s, HIM, "his words", NULL);
    struct post_id echo = echoes(s, FRIEND, his, "look at this");
    says(s, FRIEND, "my own words", NULL);
    showed(s, "look at this", WORDS("timeline", "--strangers"));
    blocks(s);
    hides(s, "look at this", WORDS("timeline", "--strangers"));
    hides(s, "look at this", WORDS("search", "look", "--strangers"));
    hides(s, ID(echo), WORDS("export", "-", "--strangers"));
    shows(s, "my own words", WORDS("timeline"));
    shows(s, "my own words", WORDS("export", "-"));
    story_end(s);
}

/* There is no content by value: an echo's octets are its author's words and an id. */
static void row_04_nobodys_words_travel_inside_somebody_elses_post(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id his = says(s, HIM, "his words", "metoo");
    struct post_id echo = echoes(s, FRIEND, his, "look at this");
    struct octets wire = s->history.posts.wires[s->history.posts.count - 1];
    struct answer octets = {.out = (char *)(uintptr_t)wire.at, .out_len = wire.len};
    assert_true(holds(&octets, "look at this"));
    assert_false(holds(&octets, "his words"));
    showed(s, ID(his), WORDS("show", ID(echo), "--json"));
    struct answer shown = world_ask(s->with, WORDS("show", ID(echo), "--json"));
    assert_false(holds(&shown, "his words"));
    assert_false(holds(&shown, HIM));
    answer_free(&shown);
    blocks(s);
    she_cannot(s, 1, WORDS("show", ID(echo), "--json"));
    story_end(s);
}

static void row_05_her_answer_shows_nothing_of_the_original(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id his = says(s, HIM, "his words", "metoo");
    struct post_id hers = replies(s, HER, his, "please stop");
    names_self(s, HIM, "his name", "");
    showed(s, "his words", WORDS("thread", ID(hers)));
    blocks(s);
    shows(s, "please stop", WORDS("mine"));
    shows(s, ID(hers), WORDS("mine", "--json"));
    hides(s, "his", WORDS("mine"));
    hides(s, "his", WORDS("mine", "--json"));
    hides(s, "his", WORDS("thread", ID(hers)));
    story_end(s);
}

static void row_08_her_own_posts_and_her_friends_other_posts_stay(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id his = says(s, HIM, "his words", "metoo");
    struct post_id answer = replies(s, HER, his, "please stop");
    struct post_id own = she_says(s, WORDS("post", "my own words", "--tag", "metoo"));
    replies(s, FRIEND, his, "in his thread");
    says(s, FRIEND, "elsewhere", "metoo");
    replies(s, FRIEND, own, "with you");
    blocks(s);
    shows(s, "please stop", WORDS("mine"));
    shows(s, "my own words", WORDS("timeline"));
    shows(s, "elsewhere", WORDS("timeline"));
    shows(s, "with you", WORDS("thread", ID(own)));
    hides(s, "in his thread", WORDS("timeline", "--strangers"));
    she(s, WORDS("retract", ID(answer)));
    hides(s, "please stop", WORDS("mine"));
    story_end(s);
}

static void row_16_a_mention_of_the_blocked_is_absent(void **state)
{
    (void)state;
    struct story *s = story_new();
    char bech[128] = "thanks to ";
    struct answer person = world_ask(s->with, WORDS("people"));
    const char *at = strstr(person.out, "kith1");
    struct post_id named = mentions(s, FRIEND, HIM, "thanks to him");
    assert_non_null(at);
    names_self(s, FRIEND, "fay", "");
    mentions(s, FRIEND, OTHER, "thanks to her");
    showed(s, "thanks to him", WORDS("timeline"));
    blocks(s);
    struct answer list = world_ask(s->with, WORDS("blocks"));
    at = strstr(list.out, "kith1");
    assert_non_null(at);
    strncat(bech, at, strcspn(at, "\n"));
    says(s, FRIEND, bech, "metoo"); /* the key in the text is a mention too */
    hides(s, "thanks to him", WORDS("timeline", "--strangers"));
    hides(s, "thanks to kith1", WORDS("timeline", "--strangers"));
    she_cannot(s, 1, WORDS("show", ID(named), "--strangers"));
    shows(s, "thanks to her", WORDS("timeline"));
    answer_free(&person);
    answer_free(&list);
    story_end(s);
}

static void row_09_reactions_of_the_blocked_are_neither_listed_nor_counted(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id own = she_says(s, WORDS("post", "my own words", "--tag", "metoo"));
    struct post_id his = reacts(s, HIM, own, POST_HEART);
    struct post_id hers = reacts(s, FRIEND, own, POST_HEART);
    struct post_id sad = reacts(s, HIM, own, POST_SAD); /* takes the place of his heart */
    showed(s, "\"heart\":1,\"sad\":1", WORDS("show", ID(own), "--json"));
    blocks(s);
    shows(s, "\"reactions\":{\"heart\":1}", WORDS("show", ID(own), "--json"));
    shows(s, "\"reactions\":1", WORDS("tally", "metoo", "--json"));
    shows(s, ID(hers), WORDS("inbox", "--json"));
    hides(s, ID(sad), WORDS("inbox", "--json", "--strangers"));
    she_cannot(s, 1, WORDS("show", ID(his), "--strangers"));
    story_end(s);
}

static void row_30_a_tally_counts_visible_posts_alone(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id hers = says(s, FRIEND, "one", "metoo");
    struct post_id his = says(s, HIM, "two", "metoo");
    echoes(s, OTHER, his, "three");
    reacts(s, HIM, hers, POST_WITH);
    reacts(s, OTHER, hers, POST_WITH);
    showed(s,
           "\"identities\":2,\"voices\":0,\"people_min\":2,\"people_max\":2,\"posts\":2,"
           "\"reactions\":2",
           WORDS("tally", "metoo", "--json"));
    blocks(s);
    shows(s,
          "\"identities\":1,\"voices\":0,\"people_min\":1,\"people_max\":1,\"posts\":1,"
          "\"reactions\":1",
          WORDS("tally", "metoo", "--json"));
    story_end(s);
}

/* What this version writes beside its answers: the export, errors, the outbox. */
static void row_33_exports_and_errors_name_nothing_of_the_blocked(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id his = says(s, HIM, "his words", "histag");
    names_self(s, HIM, "his name", "his bio");
    struct post_id hers = says(s, FRIEND, "her words", "metoo");
    showed(s, "his words", WORDS("export", "-"));
    blocks(s);
    hides(s, "his", WORDS("export", "-", "--strangers"));
    shows(s, "her words", WORDS("export", "-"));
    hides(s, "his", WORDS("outbox", "--json"));
    struct answer raw = both_answer(s, CONTROL_EXPORT, 0, NULL);
    struct key key = story_key(s, HIM);
    for (size_t i = 0; i + KEY_LEN <= raw.out_len; i++) {
        assert_memory_not_equal(raw.out + i, key.octets, KEY_LEN);
    }
    answer_free(&raw);
    she_cannot(s, 1, WORDS("reply", ID(his), "words"));
    hides(s, "block", WORDS("reply", ID(his), "words"));
    hides(s, "hidden", WORDS("retract", ID(his)));
    she_cannot(s, 5, WORDS("retract", ID(hers)));
    story_end(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(row_01_posts_of_the_blocked_are_absent),
    cmocka_unit_test(row_02_an_echo_of_the_blocked_is_absent),
    cmocka_unit_test(row_03_an_echo_of_the_blocked_is_absent_among_its_authors_posts_too),
    cmocka_unit_test(row_04_nobodys_words_travel_inside_somebody_elses_post),
    cmocka_unit_test(row_05_her_answer_shows_nothing_of_the_original),
    cmocka_unit_test(row_08_her_own_posts_and_her_friends_other_posts_stay),
    cmocka_unit_test(row_09_reactions_of_the_blocked_are_neither_listed_nor_counted),
    cmocka_unit_test(row_16_a_mention_of_the_blocked_is_absent),
    cmocka_unit_test(row_30_a_tally_counts_visible_posts_alone),
    cmocka_unit_test(row_33_exports_and_errors_name_nothing_of_the_blocked),
};
ROWS(rows_posts);
