/* Before, during and after: what was stored, what is under way, what comes late, and restarts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/file.h"
#include "store/view.h"
#include "tests/support/file_memory.h"
#include "tests/surfaces/rows.h"
#include "tests/surfaces/story.h"

#define YEAR_S (UINT64_C(366) * 86400)

static void row_22_what_was_stored_before_is_gone_at_once(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id own = she_says(s, WORDS("post", "my own words", "--tag", "metoo"));
    struct post_id his = says(s, HIM, "his words", "metoo");
    replies(s, HIM, own, "his answer");
    reacts(s, HIM, own, POST_ANGRY);
    names_self(s, HIM, "his name", "");
    showed(s, "his answer", WORDS("inbox"));
    blocks(s);
    hides(s, "his", WORDS("timeline", "--strangers"));
    hides(s, "his", WORDS("inbox", "--strangers"));
    hides(s, "his", WORDS("people", "--strangers"));
    hides(s, "his", WORDS("thread", ID(own), "--strangers"));
    hides(s, "angry", WORDS("show", ID(own), "--strangers", "--json"));
    she_cannot(s, 1, WORDS("show", ID(his), "--strangers"));
    story_end(s);
}

/* --- under way ----------------------------------------------------------------------------------
 */

/* Many posts of his with one of FRIEND's between them: more than a client takes at once. */
static void much_is_said(struct story *s)
{
    for (size_t i = 0; i < 10; i++) {
        says(s, HIM, "his words", "metoo");
        says(s, FRIEND, "her words", "metoo");
    }
}

/* Client 2 asks the node that has his posts, and reads so many messages. */
static void begins_to_read(struct story *s, enum control_command command, size_t count,
                           const char *const *pairs)
{
    world_client(s->with, 2);
    world_send(s->with, command, pairs != NULL ? 1 : 0, pairs);
    for (size_t i = 0; i < count; i++) {
        struct answer message;
        assert_true(world_take(s->with, &message));
        answer_free(&message);
    }
    world_client(s->with, 1);
}

static struct answer reads_on(struct story *s)
{
    world_client(s->with, 2);
    struct answer rest = world_received(s->with);
    world_client(s->with, 1);
    return rest;
}

static void row_23_the_rest_of_a_page_under_way_is_clean(void **state)
{
    (void)state;
    static const struct {
        enum control_command command;
        const char *pairs[2];
    } pages[] = {
        {CONTROL_TIMELINE, {NULL, NULL}},
        {CONTROL_TAG, {"tag", "metoo"}},
        {CONTROL_SEARCH, {"words", "words"}},
        {CONTROL_EXPORT, {NULL, NULL}},
    };
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        struct story *s = story_new();
        much_is_said(s);
        const char *const *pairs = pages[i].pairs[0] != NULL ? pages[i].pairs : NULL;
        showed(s, "his words", WORDS("timeline"));
        begins_to_read(s, pages[i].command, 2, pairs);
        blocks(s);
        struct answer rest = reads_on(s);
        assert_false(holds(&rest, "his words"));
        assert_true(holds(&rest, "her words"));
        answer_free(&rest);
        story_end(s);
    }
}

static void row_23_the_rest_of_an_inbox_under_way_is_clean(void **state)
{
    (void)state;
    struct story *s = story_new();
    struct post_id own = she_says(s, WORDS("post", "my own words", "--tag", "metoo"));
    for (size_t i = 0; i < 6; i++) {
        replies(s, HIM, own, "his answer");
        replies(s, FRIEND, own, "with you");
    }
    begins_to_read(s, CONTROL_INBOX, 1, NULL);
    blocks(s);
    struct answer rest = reads_on(s);
    assert_false(holds(&rest, "his answer"));
    assert_true(holds(&rest, "with you"));
    answer_free(&rest);
    story_end(s);
}

static void row_23_a_watch_whose_client_does_not_read_is_clean(void **state)
{
    (void)state;
    struct story *s = story_new();
    begins_to_read(s, CONTROL_WATCH, 0, NULL);
    much_is_said(s); /* some of it waits in the node, some on its way to the client */
    blocks(s);
    says(s, HIM, "his words", "metoo");
    says(s, FRIEND, "her last words", "metoo");
    struct answer rest = reads_on(s);
    assert_false(holds(&rest, "his words"));
    assert_true(holds(&rest, "her last words"));
    answer_free(&rest);
    story_end(s);
}

/* The client keeps up, so nothing of his was on its way; an ancestor's block ends a thread. */
static void row_23_a_watch_that_keeps_up_gets_nothing_more(void **state)
{
    (void)state;
    struct story *s = story_new();
    begins_to_read(s, CONTROL_WATCH, 0, NULL);
    struct post_id his = says(s, HIM, "his words", "metoo");
    struct answer first;
    world_client(s->with, 2);
    assert_true(world_take(s->with, &first));
    assert_true(holds(&first, "his words"));
    world_client(s->with, 1);
    answer_free(&first);
    blocks(s);
    replies(s, FRIEND, his, "an answer to him");
    echoes(s, OTHER, his, "look at this");
    says(s, FRIEND, "her words", "metoo");
    struct answer rest = reads_on(s);
    assert_false(holds(&rest, "an answer to him"));
    assert_false(holds(&rest, "look at this"));
    assert_true(holds(&rest, "her words"));
    answer_free(&rest);
    story_end(s);
}

/* The writer has stored a batch and the person's thread has not been told yet. */
static void row_23_a_batch_stored_during_the_block_stays_out(void **state)
{
    (void)state;
    struct story *s = story_new();
    begins_to_read(s, CONTROL_WATCH, 0, NULL);
    s->holding = true;
    much_is_said(s);
    s->holding = false;
    for (size_t i = 0; i < s->history.posts.count; i++) {
        struct post post = posts_decoded(&s->history.posts, i);
        struct key his = story_key(s, HIM);
        world_stores(s->with, s->history.posts.wires[i]);
        if (!key_equal(&post.author, &his)) {
            world_stores(s->without, s->history.posts.wires[i]);
        }
        if (i == s->history.posts.count / 2) {
            blocks(s); /* half is stored, and nothing of it was shown */
        }
    }
    world_on_accepted(s->with);
    world_on_accepted(s->without);
    struct answer rest = reads_on(s);
    assert_false(holds(&rest, "his words"));
    assert_true(holds(&rest, "her words"));
    hides(s, "his words", WORDS("timeline", "--strangers"));
    answer_free(&rest);
    story_end(s);
}

static void sends_block(struct story *s, uint32_t client, const char *who)
{
    const char *const pairs[] = {"who", KEY(who)};
    world_client(s->with, client);
    world_send(s->with, CONTROL_BLOCK, 1, pairs);
    world_client(s->with, 1);
}

static void row_23_two_clients_block_at_once(void **state)
{
    (void)state;
    struct story *s = story_new();
    begins_to_read(s, CONTROL_WATCH, 0, NULL);
    much_is_said(s);
    says(s, OTHER, "the other's words", "metoo");
    sends_block(s, 3, HIM);
    sends_block(s, 4, OTHER);
    struct answer rest = reads_on(s);
    assert_false(holds(&rest, "his words"));
    assert_false(holds(&rest, "the other's words"));
    answer_free(&rest);
    struct answer list = world_ask(s->with, WORDS("blocks", "--json"));
    assert_true(holds(&list, HIS_KEY));
    assert_true(holds(&list, KEY(OTHER)));
    answer_free(&list);
    struct answer page = world_ask(s->with, WORDS("timeline", "--strangers"));
    assert_false(holds(&page, "his words"));
    assert_true(holds(&page, "her words"));
    answer_free(&page);
    story_free(s);
}

/* The numbers of a listing printed before lead nowhere afterwards. */
static void row_23_a_session_open_during_the_block_is_clean(void **state)
{
    (void)state;
    struct story *s = story_new();
    says(s, HIM, "his words", "metoo");
    says(s, FRIEND, "her words", "metoo");
    struct answer session = world_session(
        s->with, "timeline\nblock 1\ny\ntimeline\nshow 1\ntimeline --strangers\nquit\n");
    const char *blocked = strstr(session.out, "Blocked.");
    assert_non_null(strstr(session.out, "his words"));
    assert_non_null(blocked);
    assert_null(strstr(blocked, "his words"));
    assert_non_null(strstr(blocked, "her words"));
    assert_non_null(strstr(strstr(session.out, "his words"), "Blocked."));
    answer_free(&session);
    she(s, WORDS("block", HIS_KEY)); /* the other node too, for the comparison */
    session = world_session(s->with, "timeline\nshow 2\nreact 2 heart\ny\nquit\n");
    assert_null(strstr(session.out, "his words"));
    assert_non_null(strstr(session.err, "There is no line 2"));
    answer_free(&session);
    story_end(s);
}

/* --- later --------------------------------------------------------------------------------------
 */

static void row_24_late_backdated_and_fetched_again_stays_absent(void **state)
{
    (void)state;
    struct story *s = story_new();
    story_passes(s, 1000);
    struct post_id own = she_says(s, WORDS("post", "my own words", "--tag", "metoo"));
    s->holding = true;
    struct post_id his = says(s, HIM, "held back", "metoo");
    struct post_id answer = replies(s, FRIEND, his, "an answer to him");
    s->holding = false;
    arrives(s, answer); /* before what it answers */
    blocks(s);
    says_at(s, HIM, s->now_s - 900, "backdated", "metoo");
    arrives(s, his);
    arrives(s, his); /* once more, from another peer */
    story_restart(s);
    arrives(s, his);
    hides(s, "held back", WORDS("timeline", "--strangers"));
    hides(s, "backdated", WORDS("tag", "metoo", "--strangers"));
    hides(s, "an answer to him", WORDS("tag", "metoo", "--strangers"));
    shows(s, ID(own), WORDS("mine", "--json"));
    story_end(s);
}

static void row_25_blocks_hold_after_a_restart(void **state)
{
    (void)state;
    struct story *s = story_new();
    says(s, HIM, "his words", "metoo");
    says(s, FRIEND, "her words", "metoo");
    she(s, WORDS("block", HIS_KEY, "--label", "that man"));
    for (size_t i = 0; i < 3; i++) {
        story_restart(s);
        hides(s, "his words", WORDS("timeline", "--strangers"));
        shows(s, "her words", WORDS("timeline"));
        shows(s, "that man", WORDS("blocks"));
    }
    story_end(s);
}

static enum err_code opens(struct files *files)
{
    uint8_t key[32];
    struct err_note note = {{0}};
    struct journal *journal = NULL;
    struct vault *vault = NULL;
    home_key_derive(key, world_home_key, HOME_KEY_JOURNAL);
    assert_int_equal(journal_open(&journal, files, key, &note), ERR_OK);
    enum err_code rc = vault_open(&vault, files, world_home_key, journal, &note);
    if (rc == ERR_OK) {
        vault_close(vault);
    }
    journal_close(journal);
    return rc;
}

/* Without a vault there is no view, and without a view no command shows anything (row 27). */
static void row_25_a_damaged_or_older_vault_list_does_not_open(void **state)
{
    (void)state;
    struct story *s = story_new();
    uint8_t *older = NULL;
    size_t older_len = 0;
    struct err_note note = {{0}};
    struct files *files = world_files(s->with);
    assert_int_equal(file_read_all(files, &older, &older_len, "vault", 1 << 20, &note), ERR_OK);
    blocks(s);
    size_t len = file_memory_len(files, "vault");
    for (size_t at = 0; at < len; at += len / 16) {
        struct files *copy = file_memory_copy(files);
        file_memory_flip(copy, "vault", at, 0x10);
        assert_int_equal(opens(copy), ERR_DAMAGED);
        file_memory_free(copy);
        copy = file_memory_copy(files);
        file_memory_cut(copy, "vault", at);
        assert_int_equal(opens(copy), ERR_DAMAGED);
        file_memory_free(copy);
    }
    struct files *copy = file_memory_copy(files);
    assert_int_equal(opens(copy), ERR_OK);
    assert_int_equal(file_replace(copy, "vault", octets_of(older, older_len), &note), ERR_OK);
    assert_int_equal(opens(copy), ERR_ROLLBACK);
    file_memory_free(copy);
    free(older);
    story_end(s);
}

static void row_26_blocks_never_expire_nor_undo_themselves(void **state)
{
    (void)state;
    struct story *s = story_new();
    blocks(s);
    for (size_t i = 0; i < 4; i++) {
        story_passes(s, 10 * YEAR_S);
        says(s, HIM, "his words", "metoo");
        vouches(s, FRIEND, HIM);
        she(s, WORDS("follow", HIS_KEY));
        she(s, WORDS("unfollow", HIS_KEY));
        story_restart(s);
        hides(s, "his words", WORDS("tag", "metoo", "--strangers"));
        shows(s, HIS_KEY, WORDS("blocks", "--json"));
    }
    story_end(s);
}

/* A block list that cannot be taken in: nothing at all is shown, and the answer says so. */
static void row_27_an_error_in_the_check_shows_nothing(void **state)
{
    (void)state;
    static const char *const commands[] = {"timeline", "tags",  "inbox",   "mine",
                                           "people",   "watch", "export -"};
    struct story *s = story_new();
    says(s, FRIEND, "her words", "metoo");
    showed(s, "her words", WORDS("timeline"));
    struct vault_followed_tag impossible = {.tag_len = 255};
    struct vault_contents contents = *world_vault(s->with);
    contents.tags = &impossible;
    contents.tags_count = 1;
    struct err_note note = {{0}};
    assert_int_equal(view_load(world_view(s->with), &contents, &note), ERR_DAMAGED);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        bool export = strcmp(commands[i], "export -") == 0;
        struct answer answer = export ? world_ask(s->with, WORDS("export", "-", "--strangers"))
                                      : world_ask(s->with, WORDS(commands[i]));
        assert_int_equal(answer.status, 5);
        assert_int_equal(answer.out_len, 0);
        assert_true(answer.err_len > 0);
        answer_free(&answer);
    }
    struct post_id hers = s->history.posts.ids[0];
    struct answer shown = world_ask(s->with, WORDS("show", ID(hers)));
    assert_false(holds(&shown, "her words"));
    assert_int_equal(shown.status, 5);
    answer_free(&shown);
    story_free(s);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(row_22_what_was_stored_before_is_gone_at_once),
    cmocka_unit_test(row_23_the_rest_of_a_page_under_way_is_clean),
    cmocka_unit_test(row_23_the_rest_of_an_inbox_under_way_is_clean),
    cmocka_unit_test(row_23_a_watch_whose_client_does_not_read_is_clean),
    cmocka_unit_test(row_23_a_watch_that_keeps_up_gets_nothing_more),
    cmocka_unit_test(row_23_a_batch_stored_during_the_block_stays_out),
    cmocka_unit_test(row_23_two_clients_block_at_once),
    cmocka_unit_test(row_23_a_session_open_during_the_block_is_clean),
    cmocka_unit_test(row_24_late_backdated_and_fetched_again_stays_absent),
    cmocka_unit_test(row_25_blocks_hold_after_a_restart),
    cmocka_unit_test(row_25_a_damaged_or_older_vault_list_does_not_open),
    cmocka_unit_test(row_26_blocks_never_expire_nor_undo_themselves),
    cmocka_unit_test(row_27_an_error_in_the_check_shows_nothing),
};
ROWS(rows_time);
