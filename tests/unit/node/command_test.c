/* Commands over a home in memory: what the comparison of histories (tests/interference) does not
 * meet. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "proto/invite.h"
#include "store/journal.h"
#include "store/store.h"
#include "tests/interference/world.h"

static struct world *world;
static struct history *said; /* only its posts are used */

static int set_up(void **state)
{
    (void)state;
    world = world_new();
    said = calloc(1, sizeof *said);
    assert_non_null(said);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_free(world);
    history_free(said);
    free(said);
    return 0;
}

#define ASK(...)                                                                                   \
    world_ask(world, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *),            \
              (const char *const[]){__VA_ARGS__})

/* kith with these words ends with this status. */
static void ends_with(int status, struct answer answer)
{
    if (answer.status != status) {
        (void)fprintf(stderr, "%d: %s%s", answer.status, answer.out, answer.err);
    }
    assert_int_equal(answer.status, status);
    answer_free(&answer);
}

static void takes_down(void)
{
    struct step step = {
        .kind = STEP_SAY, .fact = (int)said->posts.count - 1, .now_s = HISTORY_START_S + 100};
    world_step(world, said, &step, false);
}

static struct post_id says_own(uint64_t after_s, const char *text)
{
    struct person owner = world_owner(world);
    struct post_id id = person_text(&said->posts, &owner, HISTORY_START_S + after_s, text, "metoo");
    takes_down();
    return id;
}

static bool has(const struct answer *answer, const void *what, size_t len)
{
    for (size_t i = 0; i + len <= answer->out_len; i++) {
        if (memcmp(answer->out + i, what, len) == 0) {
            return true;
        }
    }
    return false;
}

static bool holds(const struct answer *answer, const struct post_id *id)
{
    return has(answer, id->octets, POST_ID_LEN);
}

static bool says(const struct answer *answer, const char *text)
{
    return has(answer, text, strlen(text));
}

/* The client takes three messages and then waits, while she goes on writing. */
static void lists_slowly(enum control_command command)
{
    struct person owner = world_owner(world);
    struct post_id ids[6];
    for (uint64_t i = 0; i < 6; i++) {
        ids[i] = says_own(i, "me too");
    }
    world_send(world, command, 0, NULL);
    struct post_id later = says_own(50, "one more");
    (void)person_retract(&said->posts, &owner, HISTORY_START_S + 60, ids[4]);
    takes_down();
    struct answer answer = world_received(world);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(holds(&answer, &ids[i]), i != 4);
    }
    assert_false(holds(&answer, &later));
    answer_free(&answer);
}

static void a_slow_list_of_own_posts_loses_only_what_she_takes_back(void **state)
{
    (void)state;
    lists_slowly(CONTROL_MINE);
}

static void many_open_streams_leave_room_for_a_block(void **state)
{
    (void)state;
    char hex[65];
    struct person carl = person_of("carl");
    (void)sodium_bin2hex(hex, sizeof hex, carl.key.octets, KEY_LEN);
    for (size_t i = 0; i < 70; i++) {
        world_send(world, CONTROL_WATCH, 0, NULL);
    }
    const char *who[] = {"who", hex};
    world_send(world, CONTROL_BLOCK, 1, who);
    struct answer answer = world_received(world);
    assert_true(has(&answer, carl.key.octets, KEY_LEN)); /* the block says whom */
    assert_true(says(&answer, "as many requests as it can"));
    answer_free(&answer);
    ends_with(0, ASK("unblock", hex));
}

static void a_slow_outbox_loses_only_what_she_takes_back(void **state)
{
    (void)state;
    lists_slowly(CONTROL_OUTBOX);
}

static void what_the_journal_need_not_hold_any_more_is_not_in_the_outbox(void **state)
{
    (void)state;
    struct post_id handed = says_own(1, "me too");
    struct post_id waiting = says_own(2, "and me");
    struct journal *journal = world_journal(world);
    const struct journal_trimmed trimmed = {.index = 0, .created_s = HISTORY_START_S + 1};
    struct err_note note = {{0}};
    bool more = true;
    assert_memory_equal(journal_own_at(journal, 0).id.octets, handed.octets, POST_ID_LEN);
    assert_int_equal(journal_sent(journal, &handed, 2, &note), ERR_OK);
    assert_int_equal(journal_trim(journal, &trimmed, 1, &note), ERR_OK);
    while (more) {
        assert_int_equal(journal_tend(journal, &more, &note), ERR_OK);
    }
    world_restart(world);
    struct answer answer = ASK("outbox", "--json");
    char hex[65];
    (void)sodium_bin2hex(hex, sizeof hex, handed.octets, POST_ID_LEN);
    assert_false(says(&answer, hex));
    (void)sodium_bin2hex(hex, sizeof hex, waiting.octets, POST_ID_LEN);
    assert_true(says(&answer, hex));
    answer_free(&answer);
}

/* Else it would be refused, by her own node too. */
static void an_own_post_is_not_below_the_floor_whatever_the_clock_says(void **state)
{
    (void)state;
    struct err_note note = {{0}};
    char dated[64];
    uint64_t floor_s = (HISTORY_START_S / HISTORY_DAY_S + 40) * HISTORY_DAY_S;
    assert_int_equal(store_raise(world_store(world), floor_s, &note), ERR_OK);
    (void)snprintf(dated, sizeof dated, "\"created_s\":%" PRIu64, floor_s);
    for (unsigned i = 0; i < 2; i++) {
        ends_with(0, ASK("post", i == 0 ? "me too" : "and on", "--tag=metoo"));
        struct answer answer = ASK("--json", "mine");
        assert_true(has(&answer, dated, strlen(dated)));
        assert_int_equal(has(&answer, "and on", 6), i == 1);
        answer_free(&answer);
    }
}

static void hex_of(char out[65], const char *who)
{
    struct key key = person_of(who).key;
    (void)sodium_bin2hex(out, 65, key.octets, KEY_LEN);
}

static void follows(const char *who)
{
    char hex[65];
    hex_of(hex, who);
    ends_with(0, ASK("follow", hex));
}

static void arrives(const char *who, uint64_t after_s, const char *text)
{
    struct person person = person_of(who);
    (void)person_text(&said->posts, &person, HISTORY_START_S + after_s, text, "metoo");
    struct step step = {
        .kind = STEP_ARRIVE, .fact = (int)said->posts.count - 1, .now_s = HISTORY_START_S + 100};
    world_step(world, said, &step, false);
}

static void blocks_meanwhile(const char *who)
{
    char hex[65];
    hex_of(hex, who);
    const char *pairs[] = {"who", hex};
    world_send(world, CONTROL_BLOCK, 1, pairs);
}

/* What the client had no room for when she blocks is judged again. */
static void lists_while_she_blocks(enum control_command command)
{
    follows("ana");
    follows("carl");
    for (uint64_t i = 0; i < 4; i++) {
        arrives("ana", i, "me too");
    }
    for (uint64_t i = 0; i < 4; i++) {
        arrives("carl", 10 + i, "support");
    }
    arrives("ana", 20, "and on");
    world_send(world, command, 0, NULL);
    blocks_meanwhile("carl");
    struct answer answer = world_received(world);
    assert_false(says(&answer, "support"));
    assert_true(says(&answer, "and on"));
    answer_free(&answer);
}

static void a_timeline_taken_slowly_ends_without_who_is_blocked_meanwhile(void **state)
{
    (void)state;
    lists_while_she_blocks(CONTROL_TIMELINE);
}

static void an_export_taken_slowly_ends_without_who_is_blocked_meanwhile(void **state)
{
    (void)state;
    lists_while_she_blocks(CONTROL_EXPORT);
}

static void an_open_stream_shows_nothing_of_somebody_once_they_are_blocked(void **state)
{
    (void)state;
    follows("ana");
    follows("carl");
    world_send(world, CONTROL_WATCH, 0, NULL);
    arrives("ana", 1, "first");
    arrives("ana", 2, "second");
    arrives("ana", 3, "third");
    arrives("carl", 4, "support"); /* waits for room */
    blocks_meanwhile("carl");
    arrives("carl", 5, "support again");
    arrives("ana", 6, "fourth");
    struct answer answer = world_received(world);
    assert_true(says(&answer, "third"));
    assert_true(says(&answer, "fourth"));
    assert_false(says(&answer, "support"));
    answer_free(&answer);
}

static void shields_meanwhile(const char *name, const char *what)
{
    const char *pairs[] = {name, what};
    world_send(world, CONTROL_SHIELD, 1, pairs);
}

static void a_timeline_taken_slowly_ends_without_what_she_shields_meanwhile(void **state)
{
    (void)state;
    follows("ana");
    for (uint64_t i = 0; i < 4; i++) {
        arrives("ana", i, "me too");
    }
    for (uint64_t i = 0; i < 4; i++) {
        arrives("ana", 10 + i, "my day in Court");
    }
    arrives("ana", 20, "and on");
    world_send(world, CONTROL_TIMELINE, 0, NULL);
    shields_meanwhile("word", "court");
    struct answer answer = world_received(world);
    assert_false(says(&answer, "Court"));
    assert_true(says(&answer, "and on"));
    answer_free(&answer);
}

static void an_open_stream_shows_nothing_that_is_shielded_meanwhile(void **state)
{
    (void)state;
    follows("ana");
    world_send(world, CONTROL_WATCH, 0, NULL);
    arrives("ana", 1, "first");
    arrives("ana", 2, "second");
    arrives("ana", 3, "third");
    arrives("ana", 4, "court"); /* waits for room */
    shields_meanwhile("word", "court");
    arrives("ana", 5, "in court again");
    arrives("ana", 6, "fourth");
    struct answer answer = world_received(world);
    assert_true(says(&answer, "fourth"));
    assert_false(says(&answer, "court"));
    answer_free(&answer);
}

static void a_stream_that_asks_for_the_shielded_gets_it(void **state)
{
    (void)state;
    follows("ana");
    ends_with(0, ASK("shield", "metoo"));
    arrives("ana", 1, "first");
    struct answer answer = ASK("timeline", "--json");
    assert_string_equal(answer.out, "");
    answer_free(&answer);
    answer = ASK("timeline", "--json", "--show-shielded");
    assert_true(says(&answer, "first"));
    answer_free(&answer);
}

/* Also where nothing is kept away: it depends on her list alone. */
static void asked_for_a_shielded_tag_the_node_says_so(void **state)
{
    (void)state;
    static const char *const commands[] = {"tag", "tally"};
    ends_with(0, ASK("shield", "metoo"));
    for (size_t i = 0; i < 2; i++) {
        struct answer answer = ASK(commands[i], "#MeToo", "--json");
        assert_non_null(strstr(answer.err, "You keep this tag away"));
        answer_free(&answer);
        answer = ASK(commands[i], "metoo", "--show-shielded");
        assert_null(strstr(answer.err, "You keep"));
        answer_free(&answer);
        answer = ASK(commands[i], "work");
        assert_null(strstr(answer.err, "You keep"));
        answer_free(&answer);
    }
}

static void shields_are_listed_as_they_were_raised_and_survive_a_restart(void **state)
{
    (void)state;
    ends_with(0, ASK("shield", "#ItWasMe"));
    ends_with(0, ASK("shield", "--word", "Court"));
    ends_with(0, ASK("shield", "itwasme")); /* there already */
    for (int times = 0; times < 2; times++) {
        struct answer answer = ASK("shields", "--json");
        assert_string_equal(answer.out, "{\"tag\":\"itwasme\"}\n{\"word\":\"court\"}\n");
        answer_free(&answer);
        world_restart(world);
    }
    ends_with(0, ASK("unshield", "--word", "COURT"));
    ends_with(1, ASK("unshield", "--word", "court"));
    ends_with(1, ASK("unshield", "court"));
    ends_with(0, ASK("unshield", "itwasme"));
    struct answer answer = ASK("shields");
    assert_true(says(&answer, "You keep no tag and no word away."));
    answer_free(&answer);
}

static void a_shield_is_one_tag_or_one_word(void **state)
{
    (void)state;
    const char *both[] = {"tag", "metoo", "word", "court"};
    struct answer answer = world_request(world, CONTROL_SHIELD, 2, both);
    assert_true(says(&answer, "name one tag, or one word"));
    answer_free(&answer);
    answer = world_request(world, CONTROL_UNSHIELD, 0, NULL);
    assert_true(says(&answer, "name one tag, or one word"));
    answer_free(&answer);
    ends_with(2, ASK("shield", "not a tag"));
    ends_with(2, ASK("shield", "--word", "two words"));
    ends_with(2, ASK("shield", "--word", "..."));
    ends_with(2, ASK("shield"));
    ends_with(2, ASK("shield", "metoo", "--word", "court"));
    assert_int_equal(world_vault(world)->shields_count, 0);
    for (int i = 0; i < VAULT_SHIELDS_MAX; i++) {
        char tag[16];
        (void)snprintf(tag, sizeof tag, "tag%d", i);
        ends_with(0, ASK("shield", tag));
    }
    ends_with(5, ASK("shield", "onemore"));
}

/* Whom `--show-shielded` shows can be answered and blocked. */
static void a_shielded_post_can_be_acted_on(void **state)
{
    (void)state;
    follows("ana");
    ends_with(0, ASK("shield", "metoo"));
    arrives("ana", 1, "first");
    char hex[65];
    (void)sodium_bin2hex(hex, sizeof hex, said->posts.ids[0].octets, POST_ID_LEN);
    ends_with(1, ASK("show", hex));
    ends_with(0, ASK("show", hex, "--show-shielded"));
    ends_with(0, ASK("react", hex, "sad"));
    hex[8] = '\0';
    ends_with(1, ASK("show", hex));
    ends_with(0, ASK("block", hex));
    ends_with(1, ASK("show", hex, "--show-shielded", "--strangers"));
}

/* An invite to a relay of its own. */
static void invite_text(char text[INVITE_TEXT_MAX], unsigned number)
{
    struct person inviter = person_of("ana");
    struct invite invite = {.inviter = inviter.key, .uses = 1, .until_s = HISTORY_START_S + 1000};
    invite.address.port = (uint16_t)(7000 + number);
    invite.address.static_key = inviter.key;
    (void)snprintf(invite.address.host, sizeof invite.address.host, "relay.example");
    invite.relay = person_of("fay").key;
    invite.seed[0] = (uint8_t)number;
    assert_int_equal(invite_sign(&invite, inviter.seed), ERR_OK);
    assert_int_equal(invite_print(text, &invite), ERR_OK);
}

static bool dials(unsigned port)
{
    const struct vault_contents *contents = world_vault(world);
    for (size_t i = 0; i < contents->peers_count; i++) {
        if (contents->peers[i].address.port == port) {
            return true;
        }
    }
    return false;
}

/* The address of a join that failed is not kept by the next change of something else. */
static void a_join_that_fails_half_way_leaves_nothing_behind(void **state)
{
    (void)state;
    char text[INVITE_TEXT_MAX];
    char address[ADDRESS_TEXT_MAX + 1];
    for (unsigned i = 0; i < VAULT_PEERS_MAX; i++) {
        invite_text(text, i);
        struct answer answer = ASK("join", text);
        answer_free(&answer);
        assert_true(dials(7000 + i));
    }
    address_print(address, &world_vault(world)->peers[0].address);
    ends_with(0, ASK("peer", "remove", address));
    invite_text(text, VAULT_PEERS_MAX);
    ends_with(5, ASK("join", text)); /* as many claims as there can be are waiting */
    ends_with(0, ASK("follow", "--tag", "metoo"));
    assert_false(dials(7000 + VAULT_PEERS_MAX));
    world_restart(world);
    assert_false(dials(7000 + VAULT_PEERS_MAX));
}

/* The relay she joined is known by its identity, so a block of it can say where it is. */
static void a_block_of_a_relay_names_the_connection_to_it(void **state)
{
    (void)state;
    char text[INVITE_TEXT_MAX];
    char hex[65];
    invite_text(text, 1);
    struct answer answer = ASK("join", text);
    answer_free(&answer);
    hex_of(hex, "fay");
    answer = ASK("block", hex);
    assert_int_equal(answer.status, 0);
    assert_non_null(strstr(answer.err, "`kith peer remove kith://relay.example:7001/"));
    answer_free(&answer);
    assert_true(dials(7001)); /* said, and left to her */
    hex_of(hex, "carl");
    answer = ASK("block", hex);
    assert_string_equal(answer.err, "");
    answer_free(&answer);
}

/* `blocks` prints the petname where there is no label: what it prints unblocks. */
static void a_block_without_a_label_is_lifted_by_the_petname_that_stands_for_it(void **state)
{
    (void)state;
    char hex[65];
    struct key carl = person_of("carl").key;
    (void)sodium_bin2hex(hex, sizeof hex, carl.octets, KEY_LEN);
    ends_with(0, ASK("people", "name", hex, "@carl"));
    ends_with(0, ASK("block", "@carl"));
    assert_true(world_vault(world)->blocks[0].in_force);
    ends_with(0, ASK("unblock", "carl"));
    assert_false(world_vault(world)->blocks[0].in_force);
    ends_with(1, ASK("unblock", "carl"));
    struct answer answer = ASK("unblock", "nobody");
    assert_int_equal(answer.status, 2);
    assert_non_null(strstr(answer.err, "none of your blocks"));
    answer_free(&answer);
}

static void the_web_reaches_as_many_steps_as_she_says(void **state)
{
    (void)state;
    struct answer answer = ASK("web", "--json");
    assert_string_equal(answer.out, "{\"steps\":4}\n");
    answer_free(&answer);
    answer = ASK("web", "2", "--json");
    assert_string_equal(answer.out, "{\"steps\":2}\n");
    answer_free(&answer);
    ends_with(2, ASK("web", "0"));
    ends_with(2, ASK("web", "9"));
    world_restart(world);
    assert_int_equal(world_vault(world)->web_steps, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_own_post_is_not_below_the_floor_whatever_the_clock_says),
        TEST(a_slow_list_of_own_posts_loses_only_what_she_takes_back),
        TEST(many_open_streams_leave_room_for_a_block),
        TEST(a_slow_outbox_loses_only_what_she_takes_back),
        TEST(what_the_journal_need_not_hold_any_more_is_not_in_the_outbox),
        TEST(a_timeline_taken_slowly_ends_without_who_is_blocked_meanwhile),
        TEST(an_export_taken_slowly_ends_without_who_is_blocked_meanwhile),
        TEST(an_open_stream_shows_nothing_of_somebody_once_they_are_blocked),
        TEST(a_join_that_fails_half_way_leaves_nothing_behind),
        TEST(a_block_of_a_relay_names_the_connection_to_it),
        TEST(a_block_without_a_label_is_lifted_by_the_petname_that_stands_for_it),
        TEST(the_web_reaches_as_many_steps_as_she_says),
        TEST(a_timeline_taken_slowly_ends_without_what_she_shields_meanwhile),
        TEST(an_open_stream_shows_nothing_that_is_shielded_meanwhile),
        TEST(a_stream_that_asks_for_the_shielded_gets_it),
        TEST(asked_for_a_shielded_tag_the_node_says_so),
        TEST(shields_are_listed_as_they_were_raised_and_survive_a_restart),
        TEST(a_shield_is_one_tag_or_one_word),
        TEST(a_shielded_post_can_be_acted_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
