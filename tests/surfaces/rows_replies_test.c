/* What he answers, who answers him, and what is counted of it. */
#include "tests/surfaces/rows.h"
#include "tests/surfaces/story.h"

static void row_06_an_answer_to_the_blocked_is_absent_with_all_that_hangs_on_it(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id root = says(s, FRIEND, "the beginning", "metoo");
    struct post_id his = replies(s, HIM, root, "his words");
    struct post_id answer = replies(s, FRIEND, his, "an answer to him");
    struct post_id deep = replies(s, OTHER, answer, "deep below");
    struct post_id beside = replies(s, OTHER, root, "beside it");
    showed(s, "deep below", WORDS("thread", ID(root)));
    blocks(s);
    hides(s, "an answer to him", WORDS("thread", ID(root), "--strangers"));
    hides(s, "deep below", WORDS("thread", ID(root), "--strangers"));
    she_cannot(s, 1, WORDS("show", ID(answer), "--strangers"));
    she_cannot(s, 1, WORDS("thread", ID(deep), "--strangers"));
    she_cannot(s, 1, WORDS("reply", ID(deep), "words"));
    shows(s, "the beginning", WORDS("thread", ID(beside)));
    shows(s, "beside it", WORDS("thread", ID(root)));
    story_end(s);
}

static void row_07_replies_of_the_blocked_are_absent_and_the_others_stay(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id hers = says(s, FRIEND, "under her post", "metoo");
    struct post_id own = she_says(s, WORDS("post", "under my post", "--tag", "metoo"));
    replies(s, HIM, hers, "his answer to her");
    replies(s, HIM, own, "his answer to me");
    replies(s, OTHER, hers, "support for her");
    replies(s, OTHER, own, "support for me");
    showed(s, "his answer to her", WORDS("thread", ID(hers)));
    showed(s, "his answer to me", WORDS("thread", ID(own)));
    blocks(s);
    hides(s, "his", WORDS("thread", ID(hers), "--strangers"));
    hides(s, "his", WORDS("thread", ID(own), "--strangers"));
    shows(s, "support for her", WORDS("thread", ID(hers)));
    shows(s, "support for me", WORDS("thread", ID(own)));
    story_end(s);
}

static void row_10_the_inbox_holds_nothing_of_the_blocked_and_loses_what_it_held(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id own = she_says(s, WORDS("post", "my own words", "--tag", "metoo"));
    struct post_id reply = replies(s, HIM, own, "his answer");
    struct post_id react = reacts(s, HIM, own, POST_ANGRY);
    struct post_id mention = mentions(s, HIM, HER, "about you");
    struct post_id hers = replies(s, FRIEND, own, "with you");
    showed(s, ID(reply), WORDS("inbox", "--json"));
    showed(s, ID(react), WORDS("inbox", "--json"));
    showed(s, ID(mention), WORDS("inbox", "--json"));
    blocks(s);
    replies(s, HIM, own, "his second answer");
    mentions(s, HIM, HER, "about you again");
    shows(s, ID(hers), WORDS("inbox", "--json", "--strangers"));
    hides(s, "his", WORDS("inbox", "--strangers"));
    hides(s, "angry", WORDS("inbox", "--strangers"));
    hides(s, "about you", WORDS("inbox", "--strangers"));
    story_end(s);
}

static void row_11_replies_are_counted_from_what_is_visible(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id root = says(s, FRIEND, "the beginning", "metoo");
    struct post_id his = replies(s, HIM, root, "his words");
    replies(s, FRIEND, his, "an answer to him");
    replies(s, OTHER, root, "one");
    showed(s, "2 replies", WORDS("timeline"));
    blocks(s);
    replies(s, HIM, root, "his last words"); /* no teaser of who answered last */
    shows(s, "1 reply", WORDS("timeline"));
    hides(s, "2 replies", WORDS("timeline"));
    hides(s, HIM, WORDS("timeline", "--strangers"));
    story_end(s);
}

static void row_12_tags_are_suggested_and_counted_from_what_is_visible(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id his = says(s, HIM, "one", "aboutbea");
    says(s, HIM, "two", "metoo");
    says(s, FRIEND, "three", "metoo");
    struct post_id hers = replies(s, FRIEND, his, "four");
    showed(s, "aboutbea", WORDS("tags"));
    showed(s, "aboutbea", WORDS("complete", "tag", "a"));
    blocks(s);
    hides(s, "aboutbea", WORDS("tags", "--strangers"));
    hides(s, "aboutbea", WORDS("complete", "tag", "a"));
    shows(s, "{\"tag\":\"metoo\",\"posts\":1,\"people\":1", WORDS("tags", "--json"));
    shows(s, "metoo", WORDS("complete", "tag", "m"));
    shows(s, "\"posts\":0", WORDS("tally", "aboutbea", "--json"));
    she_cannot(s, 1, WORDS("show", ID(hers)));
    story_end(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(row_06_an_answer_to_the_blocked_is_absent_with_all_that_hangs_on_it),
    cmocka_unit_test(row_07_replies_of_the_blocked_are_absent_and_the_others_stay),
    cmocka_unit_test(row_10_the_inbox_holds_nothing_of_the_blocked_and_loses_what_it_held),
    cmocka_unit_test(row_11_replies_are_counted_from_what_is_visible),
    cmocka_unit_test(row_12_tags_are_suggested_and_counted_from_what_is_visible),
};
ROWS(rows_replies);
