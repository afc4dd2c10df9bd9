/* Shields: tags and words she does not want to meet (SPEC 9.8). */
#include "store/words.h"
#include "tests/unit/store/view_test.h"

static struct scenario *a_web(void)
{
    struct scenario *s = scenario_new("bea");
    follows(s, "ana");
    follows(s, "fay");
    return s;
}

static struct post_id says_under(struct scenario *s, const char *who, const char *text,
                                 const char *one, const char *two)
{
    struct octets tags[2] = {octets_of_text(one), octets_of_text(two)};
    return drafts(
        s, who,
        (struct post_draft){
            .kind = POST_TEXT, .text = octets_of_text(text), .tags = tags, .tags_count = 2});
}

static void a_shielded_tag_hides_whatever_other_tags_there_are(void **state)
{
    (void)state;
    struct scenario *s = a_web();
    struct post_id before = says_under(s, "ana", "I read this", "metoo", "itwasme");
    assert_true(sees(s, before));
    shields(s, "itwasme");
    struct post_id after = says_under(s, "ana", "and this", "itwasme", "metoo");
    struct post_id other = says(s, "ana", "me too", "metoo");
    assert_false(sees(s, before));
    assert_false(sees(s, after));
    assert_false(sees_strangers(s, after));
    assert_true(sees(s, other));
    assert_true(sees_shielded(s, before));
    assert_true(sees_shielded(s, after));
    shields_leave_no_trace(s);
    unshields(s);
    assert_true(sees(s, before));
    assert_true(sees(s, after));
    scenario_free(s);
}

static void a_shielded_word_hides_text_note_tag_name_and_bio(void **state)
{
    (void)state;
    struct scenario *s = a_web();
    for (int raised_before = 0; raised_before < 2; raised_before++) {
        if (raised_before) {
            shields_word(s, "Court");
        }
        struct post_id text = says(s, "ana", "See you in COURT, then.", NULL);
        struct post_id note = drafts(s, "ana",
                                     (struct post_draft){.kind = POST_TEXT,
                                                         .text = octets_of_text("a story"),
                                                         .note = octets_of_text("about a court")});
        struct post_id tag = says(s, "ana", "again", "court");
        struct post_id name = names_self(s, "ana", "Ana Court", "");
        struct post_id bio = names_self(s, "fay", "Fay", "Seen in court");
        struct post_id part = says(s, "ana", "a courtyard, courts", NULL);
        if (!raised_before) {
            shields_word(s, "Court");
        }
        const struct post_id hidden[] = {text, note, tag, name, bio};
        for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
            assert_false(sees_strangers(s, hidden[i]));
            assert_true(sees_shielded(s, hidden[i]));
        }
        assert_true(sees(s, part));
        shields_leave_no_trace(s);
        unshields(s);
        assert_true(sees(s, text));
        assert_true(sees(s, bio));
    }
    scenario_free(s);
}

static void words_are_compared_as_search_compares_them(void **state)
{
    (void)state;
    struct scenario *s = a_web();
    shields_word(s, "STRA\xc3\x9f"
                    "E");
    assert_false(sees(s, says(s, "ana", "die Strasse", NULL)));
    assert_false(sees(s, says(s, "ana", "die \xef\xbc\xb3trasse!", NULL))); /* a wide S */
    assert_true(sees(s, says(s, "ana", "die Strassen", NULL)));
    shields_word(s, "\xd1\x81\xd1\x83\xd0\xb4"); /* Russian, with an upper-case S below */
    assert_false(sees(s, says(s, "ana", "\xd0\xa1\xd1\x83\xd0\xb4?", NULL)));
    scenario_free(s);
}

static void several_words_come_and_go_by_themselves(void **state)
{
    (void)state;
    struct scenario *s = a_web();
    struct post_id one = says(s, "ana", "court", NULL);
    struct post_id two = says(s, "ana", "silence", NULL);
    struct post_id both = says(s, "ana", "silence in court", NULL);
    shields_word(s, "court");
    assert_false(sees(s, one));
    assert_true(sees(s, two));
    shields_word(s, "silence");
    assert_false(sees(s, one));
    assert_false(sees(s, two));
    unshields(s);
    assert_false(sees(s, one));
    assert_true(sees(s, two));
    assert_false(sees(s, both));
    unshields(s);
    assert_true(sees(s, both));
    scenario_free(s);
}

static void what_hangs_on_a_shielded_post_is_absent_with_it(void **state)
{
    (void)state;
    struct scenario *s = a_web();
    shields(s, "itwasme");
    struct post_id first = says(s, "ana", "I read this", "itwasme");
    struct post_id reply = replies(s, "fay", first, "so did I");
    struct post_id below = replies(s, "ana", reply, "and?");
    struct post_id echo = echoes(s, "fay", first, "look");
    struct post_id reaction = reacts(s, "fay", first, POST_SAD);
    const struct post_id ids[] = {first, reply, below, echo, reaction};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        assert_false(sees_strangers(s, ids[i]));
        assert_true(sees_shielded(s, ids[i]));
    }
    shields_leave_no_trace(s);
    scenario_free(s);
}

static void a_shielded_reply_leaves_the_thread(void **state)
{
    (void)state;
    struct scenario *s = a_web();
    shields_word(s, "court");
    struct post_id first = says(s, "ana", "me too", "metoo");
    struct post_id reply = replies(s, "fay", first, "go to court");
    struct post_id other = replies(s, "fay", first, "with you");
    assert_false(sees(s, reply));
    assert_true(sees(s, other));
    assert_int_equal(shown(s, first)->replies_count, 1);
    scenario_free(s);
}

static void her_own_words_are_hers(void **state)
{
    (void)state;
    struct scenario *s = a_web();
    shields(s, "itwasme");
    shields_word(s, "court");
    struct post_id own = says(s, "bea", "my day in court", "itwasme");
    struct post_id answer = replies(s, "ana", own, "with you");
    assert_true(sees(s, own));
    assert_true(sees(s, answer));
    assert_true(shows(s, VIEW_TIMELINE, own));
    assert_true(shows(s, VIEW_INBOX, answer));
    shields_leave_no_trace(s);
    scenario_free(s);
}

static void her_answer_to_a_shielded_post_stays_in_mine_alone(void **state)
{
    (void)state;
    struct scenario *s = a_web();
    struct post_id first = says(s, "ana", "I read this", "itwasme");
    struct post_id own = replies(s, "bea", first, "no");
    shields(s, "itwasme");
    assert_false(sees_strangers(s, own));
    assert_true(shows(s, VIEW_MINE, own));
    assert_false(shows(s, VIEW_TIMELINE, own));
    assert_true(sees_shielded(s, own));
    scenario_free(s);
}

static void a_name_that_holds_a_word_gives_way_to_the_one_before(void **state)
{
    (void)state;
    struct scenario *s = a_web();
    struct post_id post = says(s, "ana", "me too", "metoo");
    (void)names_self(s, "ana", "Ana", "");
    (void)names_self(s, "ana", "Ana of the court", "");
    shields_word(s, "court");
    struct octets name = shown(s, post)->name;
    assert_int_equal(name.len, 3);
    const struct view_person *people;
    size_t count;
    assert_int_equal(view_people(s->view, &people, &count, 10, VIEW_SHIELDED_TOO, s->now_s, NULL),
                     ERR_OK);
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        found = found || people[i].name.len == strlen("Ana of the court");
    }
    assert_true(found);
    shields_leave_no_trace(s);
    scenario_free(s);
}

static bool is_listed(struct scenario *s, const char *who, enum view_reach reach)
{
    const struct view_person *people;
    size_t count;
    struct key key = person_of(who).key;
    bool found = false;
    assert_int_equal(view_people(s->view, &people, &count, 10, reach, s->now_s, NULL), ERR_OK);
    for (size_t i = 0; i < count; i++) {
        found = found || key_equal(&people[i].key, &key);
    }
    return found;
}

static void a_stranger_who_wrote_only_what_is_shielded_is_nobody(void **state)
{
    (void)state;
    struct scenario *s = a_web();
    struct post_id post = says(s, "gil", "I read this", "itwasme");
    assert_true(is_listed(s, "gil", VIEW_STRANGERS));
    shields(s, "itwasme");
    assert_false(is_listed(s, "gil", VIEW_STRANGERS));
    assert_true(is_listed(s, "gil", VIEW_ALL));
    assert_false(sees_shielded(s, post)); /* strangers are asked for apart */
    shields_leave_no_trace(s);
    scenario_free(s);
}

static void counts_leave_out_what_is_shielded(void **state)
{
    (void)state;
    struct scenario *s = a_web();
    follows_tag(s, "metoo");
    shields(s, "itwasme");
    (void)says_under(s, "ana", "I read this", "metoo", "itwasme");
    struct post_id other = says(s, "fay", "me too", "metoo");
    struct view_tally tally;
    struct octets tag = octets_of_text("metoo");
    assert_int_equal(view_tally(s->view, &tally, tag, VIEW_WEB, s->now_s, NULL), ERR_OK);
    assert_int_equal(tally.posts, 1);
    assert_int_equal(view_tally(s->view, &tally, tag, VIEW_SHIELDED_TOO, s->now_s, NULL), ERR_OK);
    assert_int_equal(tally.posts, 2);
    const struct view_tag *tags;
    size_t count;
    assert_int_equal(view_tags(s->view, &tags, &count, 10, VIEW_WEB, s->now_s, NULL), ERR_OK);
    assert_int_equal(count, 1);
    assert_int_equal(tags[0].posts_count, 1);
    assert_true(finds(s, "me", other));
    struct view_export walk = {.reach = VIEW_WEB};
    struct octets wire;
    size_t exported = 0;
    while (view_export_next(s->view, &wire, &walk, s->now_s, NULL) == ERR_OK) {
        exported++;
    }
    assert_int_equal(exported, 1);
    scenario_free(s);
}

static void a_stream_gains_nothing_shielded_and_no_prefix_finds_it(void **state)
{
    (void)state;
    struct scenario *s = a_web();
    shields(s, "itwasme");
    uint64_t mark = view_mark(s->view);
    struct post_id post = says(s, "ana", "I read this", "itwasme");
    const struct post_id *ids;
    size_t count;
    assert_int_equal(view_news(s->view, &ids, &count, &mark, VIEW_STRANGERS, s->now_s, NULL),
                     ERR_OK);
    assert_int_equal(count, 0);
    mark = 0;
    assert_int_equal(view_news(s->view, &ids, &count, &mark, VIEW_SHIELDED_TOO, s->now_s, NULL),
                     ERR_OK);
    assert_int_equal(count, 1);
    char hex[NAME32_HEX_LEN + 1];
    name32_hex(hex, post.octets);
    struct view_target target;
    struct view_wanted wanted = {
        .what = VIEW_WANT_POST, .reach = VIEW_STRANGERS, .now_s = s->now_s};
    for (size_t len = 8; len <= NAME32_HEX_LEN; len += NAME32_HEX_LEN - 8) {
        struct octets typed = octets_of(hex, len);
        wanted.reach = VIEW_STRANGERS;
        assert_int_equal(view_resolve(s->view, &target, NULL, typed, &wanted), ERR_NOT_FOUND);
        wanted.reach = VIEW_ALL;
        assert_int_equal(view_resolve(s->view, &target, NULL, typed, &wanted), ERR_OK);
        assert_true(post_id_equal(&target.id, &post));
    }
    scenario_free(s);
}

static void a_block_hides_what_shields_would_show(void **state)
{
    (void)state;
    struct scenario *s = a_web();
    shields(s, "itwasme");
    struct post_id post = says(s, "ana", "I read this", "itwasme");
    blocks(s, "ana");
    assert_false(sees_shielded(s, post));
    leaves_no_trace(s, "ana");
    scenario_free(s);
}

static void words_shielded_before_the_posts_are_read_count(void **state)
{
    (void)state;
    struct scenario *s = a_web();
    struct post_id post = says(s, "ana", "court", NULL);
    shields_word(s, "court");
    struct view *view;
    assert_int_equal(view_new(&view, s->store, &s->her.key, NULL), ERR_OK);
    assert_int_equal(view_catch_up(view, NULL, NULL), ERR_OK); /* no list yet */
    assert_int_equal(view_load(view, &s->vault, NULL), ERR_OK);
    assert_false(view_visible(view, &post, VIEW_STRANGERS, s->now_s));
    assert_true(view_visible(view, &post, VIEW_ALL, s->now_s));
    view_free(view);
    assert_int_equal(view_new(&view, s->store, &s->her.key, NULL), ERR_OK);
    assert_int_equal(view_load(view, &s->vault, NULL), ERR_OK);
    assert_int_equal(view_catch_up(view, NULL, NULL), ERR_OK);
    assert_false(view_visible(view, &post, VIEW_STRANGERS, s->now_s));
    view_free(view);
    scenario_free(s);
}

static void a_shield_is_one_word(void **state)
{
    (void)state;
    uint8_t out[VAULT_SHIELD_LEN_MAX];
    size_t len = 0;
    assert_int_equal(view_word(out, &len,
                               octets_of_text(" \xc2\xab"
                                              "Court!\xc2\xbb ")),
                     ERR_OK);
    assert_int_equal(len, 5);
    assert_memory_equal(out, "court", 5);
    assert_int_equal(view_word(out, &len, octets_of_text("")), ERR_MALFORMED);
    assert_int_equal(view_word(out, &len, octets_of_text("...")), ERR_MALFORMED);
    assert_int_equal(view_word(out, &len, octets_of_text("two words")), ERR_MALFORMED);
    char text[VAULT_SHIELD_LEN_MAX + 1];
    memset(text, 'x', sizeof text);
    assert_int_equal(view_word(out, &len, octets_of(text, sizeof text)), ERR_TOO_LARGE);
    assert_int_equal(view_word(out, &len, octets_of(text, sizeof text - 1)), ERR_OK);
}

/* Behind a letter that is not ASCII the same octets go the long way. */
static void ascii_folds_to_what_the_long_way_gives(void **state)
{
    (void)state;
    uint8_t text[130];
    for (uint8_t c = 0; c < 128; c++) {
        text[c] = c;
    }
    text[128] = 0xc3;
    text[129] = 0xb6;
    uint8_t *shorter;
    uint8_t *longer;
    size_t shorter_len;
    size_t longer_len;
    assert_int_equal(words_fold(&shorter, &shorter_len, octets_of(text, 128)), ERR_OK);
    assert_int_equal(words_fold(&longer, &longer_len, octets_of(text, 130)), ERR_OK);
    assert_int_equal(shorter_len + 2, longer_len);
    assert_memory_equal(shorter, longer, shorter_len);
    free(shorter);
    free(longer);
}

static void shields_that_no_vault_holds_are_refused(void **state)
{
    (void)state;
    struct scenario *s = a_web();
    s->shields[0] = (struct vault_shield){.kind = VAULT_SHIELD_TAG, .text_len = 61};
    s->vault.shields_count = 1;
    assert_int_equal(view_load(s->view, &s->vault, NULL), ERR_DAMAGED);
    s->shields[0] = (struct vault_shield){.kind = VAULT_SHIELD_WORD, .text_len = 121};
    assert_int_equal(view_load(s->view, &s->vault, NULL), ERR_DAMAGED);
    s->shields[0] = (struct vault_shield){.text_len = 1};
    assert_int_equal(view_load(s->view, &s->vault, NULL), ERR_DAMAGED);
    scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shielded_tag_hides_whatever_other_tags_there_are),
        cmocka_unit_test(a_shielded_word_hides_text_note_tag_name_and_bio),
        cmocka_unit_test(words_are_compared_as_search_compares_them),
        cmocka_unit_test(several_words_come_and_go_by_themselves),
        cmocka_unit_test(what_hangs_on_a_shielded_post_is_absent_with_it),
        cmocka_unit_test(a_shielded_reply_leaves_the_thread),
        cmocka_unit_test(her_own_words_are_hers),
        cmocka_unit_test(her_answer_to_a_shielded_post_stays_in_mine_alone),
        cmocka_unit_test(a_name_that_holds_a_word_gives_way_to_the_one_before),
        cmocka_unit_test(a_stranger_who_wrote_only_what_is_shielded_is_nobody),
        cmocka_unit_test(counts_leave_out_what_is_shielded),
        cmocka_unit_test(a_stream_gains_nothing_shielded_and_no_prefix_finds_it),
        cmocka_unit_test(a_block_hides_what_shields_would_show),
        cmocka_unit_test(words_shielded_before_the_posts_are_read_count),
        cmocka_unit_test(a_shield_is_one_word),
        cmocka_unit_test(ascii_folds_to_what_the_long_way_gives),
        cmocka_unit_test(shields_that_no_vault_holds_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
