/* Names, completions, the web, and the person's own list. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/surfaces/rows.h"
#include "tests/surfaces/story.h"

static void row_13_the_blocked_are_called_by_her_own_label_alone(void **state)
{
    (void)state;
    struct story *s = story_new();
    names_self(s, HIM, "nice name", "his bio");
    says(s, HIM, "his words", "metoo");
    showed(s, "nice name", WORDS("timeline"));
    showed(s, "nice name", WORDS("people"));
    she(s, WORDS("block", HIS_KEY, "--label", "that man"));
    names_self(s, HIM, "an insult", "his bio");
    shows(s, "that man", WORDS("blocks"));
    shows(s, "\"label\":\"that man\"}", WORDS("blocks", "--json"));
    static const char *const gone[] = {"nice name", "an insult", "his bio"};
    for (size_t i = 0; i < sizeof gone / sizeof gone[0]; i++) {
        hides(s, gone[i], WORDS("blocks"));
        hides(s, gone[i], WORDS("people", "--strangers", "--json"));
        hides(s, gone[i], WORDS("timeline", "--strangers"));
        hides(s, gone[i], WORDS("search", gone[i], "--strangers"));
    }
    story_end(s);
}

static void row_13_without_a_label_the_list_gives_only_the_key(void **state)
{
    (void)state;
    struct story *s = story_new();
    names_self(s, HIM, "an insult", "");
    blocks(s);
    shows(s, HIS_KEY, WORDS("blocks", "--json"));
    hides(s, "label", WORDS("blocks", "--json"));
    hides(s, "an insult", WORDS("blocks"));
    story_end(s);
}

/* A name comes from its bearer's own profile or from her: nobody has a field for naming others. */
static void row_14_names_the_blocked_give_to_others_are_never_used(void **state)
{
    (void)state;
    struct story *s = story_new();
    names_self(s, FRIEND, "Fay", "");
    names_self(s, HIM, "Fay", "");
    struct post_id his = mentions(s, HIM, FRIEND, "she is called Liar");
    vouches(s, HIM, FRIEND);
    says(s, FRIEND, "her words", "metoo");
    showed(s, "Liar", WORDS("show", ID(his)));
    blocks(s);
    shows(s, "\"name\":\"Fay\"", WORDS("people", "--json"));
    shows(s, "Fay", WORDS("timeline"));
    hides(s, "Liar", WORDS("people", "--strangers"));
    hides(s, "Liar", WORDS("search", "Liar", "--strangers"));
    she_cannot(s, 1, WORDS("follow", "@Fay")); /* only her own petnames name anybody */
    story_end(s);
}

static void row_15_only_visible_people_complete_and_labels_do_for_unblock(void **state)
{
    (void)state;
    struct story *s = story_new();
    she(s, WORDS("people", "name", HIS_KEY, "@carl"));
    she(s, WORDS("people", "name", KEY(FRIEND), "@cleo"));
    showed(s, "@carl", WORDS("complete", "key", "@c"));
    blocks(s);
    hides(s, "@carl", WORDS("complete", "key", "@c"));
    shows(s, "@cleo", WORDS("complete", "key", "@c"));
    shows(s, "carl", WORDS("complete", "label", "c")); /* as `blocks` calls him */
    she(s, WORDS("block", "@carl", "--label", "that man"));
    shows(s, "that man", WORDS("complete", "label", "th"));
    hides(s, "carl", WORDS("complete", "label", ""));
    story_end(s);
}

static void row_17_whoever_only_the_blocked_introduced_is_a_stranger(void **state)
{
    (void)state;
    struct story *s = story_new();
    vouches(s, HIM, "dora");
    admits(s, FRIEND, "eve", HIM); /* a relay's vouch: he invited her */
    vouches(s, HIM, "ana");
    vouches(s, OTHER, "ana");
    admits(s, FRIEND, "cleo", OTHER);
    says(s, "dora", "dora here", "metoo");
    says(s, "eve", "eve here", "metoo");
    says(s, "ana", "ana here", "metoo");
    says(s, "cleo", "cleo here", "metoo");
    showed(s, "dora here", WORDS("tag", "metoo"));
    showed(s, "eve here", WORDS("tag", "metoo"));
    blocks(s);
    hides(s, "dora here", WORDS("tag", "metoo"));
    hides(s, "eve here", WORDS("tag", "metoo"));
    shows(s, "dora here", WORDS("tag", "metoo", "--strangers"));
    shows(s, "ana here", WORDS("tag", "metoo"));
    shows(s, "cleo here", WORDS("tag", "metoo"));
    hides(s, KEY("dora"), WORDS("people", "--json"));
    hides(s, KEY("eve"), WORDS("people", "--json"));
    shows(s, "\"strangers\":2,", WORDS("tally", "metoo", "--json"));
    story_end(s);
}

static void row_17_a_vouch_by_or_for_the_blocked_does_not_exist(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id by = vouches(s, HIM, "dora");
    struct post_id to = vouches(s, FRIEND, HIM);
    struct post_id invited = admits(s, FRIEND, "eve", HIM);
    showed(s, "vouches for", WORDS("show", ID(by)));
    blocks(s);
    she_cannot(s, 1, WORDS("show", ID(by), "--strangers"));
    she_cannot(s, 1, WORDS("show", ID(to), "--strangers"));
    she_cannot(s, 1, WORDS("show", ID(invited), "--strangers"));
    story_end(s);
}

/* Her own vouch is the one thing of it that others can see: she is told, and may take it back. */
static void row_17_a_block_points_out_her_own_vouch(void **state)
{
    (void)state;
    struct story *s = story_new();
    she(s, WORDS("vouch", KEY(HIM)));
    vouches(s, OTHER, HIM);
    vouches(s, HIM, HER);
    shows(s, "`kith unvouch kith1", WORDS("block", HIS_KEY));
    shows(s, "`kith unvouch kith1", WORDS("block", HIS_KEY)); /* as long as it stands */
    she(s, WORDS("unvouch", HIS_KEY));
    story_passes(s, 1);
    hides(s, "unvouch", WORDS("block", HIS_KEY));
    hides(s, "unvouch", WORDS("block", KEY("dora"))); /* nobody else's vouch is spoken of */
    story_end(s);
}

static void row_17_in_a_session_the_vouch_can_be_taken_back_at_once(void **state)
{
    (void)state;
    struct story *s = story_new();
    char lines[128];
    she(s, WORDS("vouch", KEY(HIM)));
    (void)snprintf(lines, sizeof lines, "block %s\ny\nquit\n", HIS_KEY);
    struct answer session = world_session(s->with, lines);
    assert_true(holds(&session, "Take the vouch back? [y/N]"));
    assert_true(holds(&session, "Taken back."));
    answer_free(&session);
    session = world_session(s->without, lines);
    answer_free(&session);
    she_cannot(s, 1, WORDS("unvouch", HIS_KEY));
    shows(s, HIS_KEY, WORDS("blocks", "--json"));
    story_end(s);
}

static void row_29_a_new_key_is_a_stranger_until_somebody_in_her_web_vouches(void **state)
{
    (void)state;
    struct story *s = story_new();
    blocks(s);
    names_self(s, "yuri", "xaver again", ""); /* yuri is his new key */
    says(s, "yuri", "here again", "metoo");
    vouches(s, HIM, "yuri");
    hides(s, "again", WORDS("tag", "metoo"));
    hides(s, KEY("yuri"), WORDS("people", "--json"));
    shows(s, "here again", WORDS("tag", "metoo", "--strangers"));
    vouches(s, FRIEND, "yuri");
    shows(s, "here again", WORDS("tag", "metoo"));
    she(s, WORDS("block", KEY("yuri")));
    hides(s, "here again", WORDS("tag", "metoo", "--strangers"));
    story_end(s);
}

static void row_35_unblocking_goes_by_label_and_replays_nothing(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id before = says(s, HIM, "before", "metoo");
    story_passes(s, 10);
    she(s, WORDS("block", HIS_KEY, "--label", "that man"));
    struct post_id during = says(s, HIM, "during", "metoo");
    story_passes(s, 10);
    world_client(s->with, 2);
    world_send(s->with, CONTROL_WATCH, 0, NULL);
    world_client(s->with, 1);
    she(s, WORDS("unblock", "that man"));
    world_client(s->with, 2);
    struct answer streamed = world_received(s->with);
    world_client(s->with, 1);
    assert_int_equal(streamed.out_len, 0); /* no flood of what was missed */
    answer_free(&streamed);
    shows(s, "blocked nobody", WORDS("blocks"));
    story_passes(s, 10);
    struct post_id after = says(s, HIM, "after", "metoo");
    showed(s, ID(before), WORDS("timeline", "--json"));
    showed(s, ID(after), WORDS("timeline", "--json"));
    struct answer page = world_ask(s->with, WORDS("timeline", "--json", "--strangers"));
    assert_false(holds(&page, ID(during)));
    answer_free(&page);
    story_free(s);
}

static void row_36_somebody_never_met_is_blocked_by_key(void **state)
{
    (void)state;
    struct story *s = story_new_alone();
    blocks(s);
    shows(s, HIS_KEY, WORDS("blocks", "--json"));
    says(s, HIM, "his first words", "metoo");
    hides(s, "his first words", WORDS("tag", "metoo", "--strangers"));
    says(s, FRIEND, "hello", "metoo");
    shows(s, "hello", WORDS("tag", "metoo", "--strangers"));
    story_end(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(row_13_the_blocked_are_called_by_her_own_label_alone),
    cmocka_unit_test(row_13_without_a_label_the_list_gives_only_the_key),
    cmocka_unit_test(row_14_names_the_blocked_give_to_others_are_never_used),
    cmocka_unit_test(row_15_only_visible_people_complete_and_labels_do_for_unblock),
    cmocka_unit_test(row_17_whoever_only_the_blocked_introduced_is_a_stranger),
    cmocka_unit_test(row_17_a_vouch_by_or_for_the_blocked_does_not_exist),
    cmocka_unit_test(row_17_a_block_points_out_her_own_vouch),
    cmocka_unit_test(row_17_in_a_session_the_vouch_can_be_taken_back_at_once),
    cmocka_unit_test(row_29_a_new_key_is_a_stranger_until_somebody_in_her_web_vouches),
    cmocka_unit_test(row_35_unblocking_goes_by_label_and_replays_nothing),
    cmocka_unit_test(row_36_somebody_never_met_is_blocked_by_key),
};
ROWS(rows_names);
