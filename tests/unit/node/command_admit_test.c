/* A relay's commands: who is let in by a claim, and its own profile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/command.h"
#include "node/members.h"
#include "store/home_key.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define NOW_S UINT64_C(1790000000)

static const uint8_t seed[32] = "a relay";
static struct files *files;
static struct journal *journal;
static struct vault *vault;
static struct store *store;
static struct commands *commands;
static struct err_note note;
static int ended_with; /* the exit status of the last request */
static uint64_t now_s;
static uint8_t vouch_octets[POST_WIRE_MAX];
static struct octets_room vouch;

/* --- the host -----------------------------------------------------------------------------------
 */

static const uint8_t home_key[HOME_KEY_LEN] = "the key of the home in a test...";

static uint64_t host_now_s(struct command_host *host)
{
    (void)host;
    return now_s;
}

static void host_send(struct command_host *host, struct command_client client,
                      struct octets message, enum command_order order)
{
    (void)host;
    (void)client;
    (void)order;
    struct control_message decoded;
    assert_int_equal(control_decode(&decoded, octets_of(message.at + 4, message.len - 4)), ERR_OK);
    if (decoded.type == CONTROL_END) {
        ended_with = decoded.exit_status;
    }
}

static bool host_writable(struct command_host *host, struct command_client client)
{
    (void)host;
    (void)client;
    return true;
}

static void host_publish(struct command_host *host, uint64_t token, struct octets wire)
{
    (void)host;
    (void)wire;
    commands_on_published(commands, token, ERR_OK, 0);
}

static void host_status(struct command_host *host, struct command_status *status)
{
    (void)host;
    *status = (struct command_status){.address = ""};
}

static void host_nothing(struct command_host *host)
{
    (void)host;
}

static struct command_host host = {.now_s = host_now_s,
                                   .send = host_send,
                                   .writable = host_writable,
                                   .publish = host_publish,
                                   .status = host_status,
                                   .peers_changed = host_nothing,
                                   .work = host_nothing,
                                   .down = host_nothing};

/* --- the relay ----------------------------------------------------------------------------------
 */

static void open_relay(void)
{
    uint8_t key[32];
    home_key_derive(key, home_key, HOME_KEY_JOURNAL);
    assert_int_equal(journal_open(&journal, files, key, &note), ERR_OK);
    assert_int_equal(vault_open(&vault, files, home_key, journal, &note), ERR_OK);
    home_key_derive(key, home_key, HOME_KEY_STORE);
    assert_int_equal(store_open(&store, files, key, STORE_READ, &note), ERR_OK);
    assert_int_equal(
        commands_new(
            &commands,
            &(struct commands_parts){
                .host = &host, .store = store, .vault = vault, .journal = journal, .view = NULL},
            &note),
        ERR_OK);
}

static void close_relay(void)
{
    commands_free(commands);
    store_close(store);
    vault_close(vault);
    journal_close(journal);
}

static void restarts(void)
{
    close_relay();
    open_relay();
}

static int set_up(void **state)
{
    (void)state;
    now_s = NOW_S;
    files = file_memory_new(5);
    note = (struct err_note){{0}};
    assert_int_equal(vault_create(files, home_key, VAULT_RELAY, seed, &note), ERR_OK);
    open_relay();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_relay();
    file_memory_free(files);
    return 0;
}

static struct person the_relay(void)
{
    struct person relay = {.name = "relay", .key = vault_identity(vault)};
    memcpy(relay.seed, vault_identity_seed(vault), sizeof relay.seed);
    return relay;
}

static struct invite invite_by(const struct person *inviter, uint32_t uses)
{
    struct invite invite = {.relay = vault_identity(vault),
                            .inviter = inviter->key,
                            .uses = uses,
                            .until_s = NOW_S + 100};
    invite.seed[0] = (uint8_t)uses;
    assert_int_equal(invite_sign(&invite, inviter->seed), ERR_OK);
    return invite;
}

static enum err_code admits_claim(const struct claim *claim)
{
    uint8_t wire[CLAIM_WIRE_MAX];
    size_t len = 0;
    assert_int_equal(claim_encode(wire, &len, claim), ERR_OK);
    vouch = (struct octets_room){.at = vouch_octets, .cap = sizeof vouch_octets};
    return commands_admit(commands, &vouch, octets_of(wire, len), &note);
}

static struct claim claim_of(const struct invite *invite, const char *who)
{
    struct person newcomer = person_of(who);
    struct claim claim;
    assert_int_equal(claim_sign(&claim, invite, newcomer.seed), ERR_OK);
    return claim;
}

static enum err_code admits(const struct invite *invite, const char *who)
{
    struct claim claim = claim_of(invite, who);
    return admits_claim(&claim);
}

/* --- what it promises ---------------------------------------------------------------------------
 */

static void whoever_is_let_in_is_vouched_for_with_their_inviter(void **state)
{
    (void)state;
    struct person relay = the_relay();
    struct invite invite = invite_by(&relay, 1);
    assert_int_equal(admits(&invite, "ana"), ERR_OK);
    struct post post;
    struct key ana = person_of("ana").key;
    assert_int_equal(post_decode(&post, octets_of(vouch.at, vouch.len)), ERR_OK);
    assert_int_equal(post_verify(&post), ERR_OK);
    assert_int_equal(post.kind, POST_VOUCH);
    assert_true(key_equal(&post.author, &relay.key));
    assert_true(key_equal(&post.as.vouch.subject, &ana));
    assert_true(post.as.vouch.has_inviter && key_equal(&post.as.vouch.inviter, &relay.key));
    assert_true(journal_is_own(journal, &post.id));
    /* A claim may be repeated, and says nothing twice. */
    restarts();
    assert_int_equal(admits(&invite, "ana"), ERR_OK);
    assert_int_equal(vouch.len, 0);
    assert_int_equal(journal_own_count(journal), 1);
}

static void an_invite_is_used_up_for_good(void **state)
{
    (void)state;
    struct person relay = the_relay();
    struct invite invite = invite_by(&relay, 2);
    assert_int_equal(admits(&invite, "ana"), ERR_OK);
    assert_int_equal(admits(&invite, "bea"), ERR_OK);
    assert_int_equal(admits(&invite, "fay"), ERR_REFUSED);
    restarts();
    assert_int_equal(admits(&invite, "fay"), ERR_REFUSED);
    assert_int_equal(admits(&invite, "bea"), ERR_OK);
}

static void members_invite_and_others_do_not(void **state)
{
    (void)state;
    struct person relay = the_relay();
    struct person ana = person_of("ana");
    struct invite by_relay = invite_by(&relay, 1);
    struct invite by_ana = invite_by(&ana, 3);
    assert_int_equal(admits(&by_ana, "bea"), ERR_REFUSED);
    assert_int_equal(admits(&by_relay, "ana"), ERR_OK);
    assert_int_equal(admits(&by_ana, "bea"), ERR_OK);
    restarts();
    assert_int_equal(admits(&by_ana, "fay"), ERR_OK);
}

static void a_claim_that_does_not_hold_admits_nobody(void **state)
{
    (void)state;
    struct person relay = the_relay();
    struct invite invite = invite_by(&relay, 1);
    struct claim claim = claim_of(&invite, "ana");
    claim.join_sig[0] ^= 1;
    assert_int_equal(admits_claim(&claim), ERR_PROOF);
    assert_int_equal(commands_admit(commands, &vouch, octets_of_text("nonsense"), &note),
                     ERR_MALFORMED);
    invite.until_s = NOW_S - 1;
    assert_int_equal(invite_sign(&invite, relay.seed), ERR_OK);
    assert_int_equal(admits(&invite, "ana"), ERR_EXPIRED);
    struct person other = person_of("other");
    invite = invite_by(&other, 1);
    invite.relay = other.key;
    assert_int_equal(invite_sign(&invite, other.seed), ERR_OK);
    assert_int_equal(admits(&invite, "ana"), ERR_REFUSED); /* meant for another relay */
    assert_int_equal(journal_own_count(journal), 0);
}

static void a_use_that_cannot_be_written_down_admits_nobody(void **state)
{
    (void)state;
    struct person relay = the_relay();
    struct invite invite = invite_by(&relay, 1);
    file_memory_fail(files, FILE_MEMORY_SYNC, 1, ERR_NO_SPACE);
    assert_int_equal(admits(&invite, "ana"), ERR_NO_SPACE);
    assert_int_equal(journal_own_count(journal), 0);
    restarts();
    assert_int_equal(admits(&invite, "ana"), ERR_OK);
    assert_true(vouch.len > 0);
}

/* --- how many ------------------------------------------------------------------------------------
 */

#define DAY_S 86400

static void takes_in(uint32_t members_max, uint32_t newcomers_max)
{
    struct members_limits limits = {.members_max = members_max, .newcomers_max = newcomers_max};
    commands_bound_members(commands, &limits);
}

/* By an invite for this one alone. */
static enum err_code brings(const char *inviter, const char *who)
{
    struct person by = strcmp(inviter, "relay") == 0 ? the_relay() : person_of(inviter);
    struct invite invite = invite_by(&by, 1);
    struct person newcomer = person_of(who);
    memcpy(invite.seed, newcomer.seed, sizeof invite.seed);
    invite.until_s = NOW_S + 10 * DAY_S;
    assert_int_equal(invite_sign(&invite, by.seed), ERR_OK);
    return admits(&invite, who);
}

static void as_many_as_may_come_on_a_day_and_through_whom_they_came(void **state)
{
    (void)state;
    takes_in(0, 4);
    assert_int_equal(brings("relay", "ana"), ERR_OK);
    assert_int_equal(brings("ana", "bea"), ERR_OK);
    assert_int_equal(brings("bea", "carl"), ERR_OK);
    assert_int_equal(brings("bea", "dora"), ERR_OK);
    assert_int_equal(brings("bea", "eve"), ERR_TOMORROW);
    assert_int_equal(brings("carl", "eve"), ERR_TOMORROW); /* of bea's as well */
    assert_int_equal(brings("ana", "eve"), ERR_OK);
    assert_int_equal(brings("ana", "fay"), ERR_TOMORROW);
    assert_int_equal(brings("relay", "fay"), ERR_OK); /* what the operator decides */
    assert_int_equal(brings("fay", "gil"), ERR_OK);
}

static void a_restart_changes_nothing_about_who_came_today(void **state)
{
    (void)state;
    takes_in(0, 2);
    assert_int_equal(brings("relay", "ana"), ERR_OK);
    assert_int_equal(brings("ana", "bea"), ERR_OK);
    restarts();
    takes_in(0, 2);
    assert_int_equal(brings("bea", "carl"), ERR_OK);
    restarts();
    takes_in(0, 2);
    assert_int_equal(brings("ana", "dora"), ERR_TOMORROW);
    assert_int_equal(brings("carl", "dora"), ERR_TOMORROW);
}

/* Many come in one second, shortly before a day ends: each counts on the day on which it came. */
static void the_next_day_more_may_come(void **state)
{
    (void)state;
    takes_in(0, 2);
    now_s = NOW_S / DAY_S * DAY_S + DAY_S - 1;
    assert_int_equal(brings("relay", "ana"), ERR_OK);
    assert_int_equal(brings("ana", "bea"), ERR_OK);
    assert_int_equal(brings("ana", "carl"), ERR_OK);
    assert_int_equal(brings("ana", "dora"), ERR_TOMORROW);
    restarts();
    takes_in(0, 2);
    assert_int_equal(brings("ana", "dora"), ERR_TOMORROW);
    now_s++;
    restarts();
    takes_in(0, 2);
    assert_int_equal(brings("ana", "dora"), ERR_OK); /* the same claim */
    assert_int_equal(brings("ana", "eve"), ERR_OK);
    assert_int_equal(brings("ana", "fay"), ERR_TOMORROW);
}

static void a_relay_has_so_many_members_and_no_more(void **state)
{
    (void)state;
    takes_in(2, 0);
    assert_int_equal(brings("relay", "ana"), ERR_OK);
    assert_int_equal(brings("ana", "bea"), ERR_OK);
    assert_int_equal(brings("ana", "carl"), ERR_FULL);
    assert_int_equal(brings("relay", "carl"), ERR_FULL);
    restarts();
    takes_in(2, 0);
    assert_int_equal(brings("relay", "carl"), ERR_FULL);
    takes_in(3, 0);
    assert_int_equal(brings("relay", "carl"), ERR_OK);
}

static void who_is_a_member_is_told_so_whatever_came_since(void **state)
{
    (void)state;
    takes_in(2, 1);
    assert_int_equal(brings("relay", "ana"), ERR_OK);
    assert_int_equal(brings("ana", "bea"), ERR_OK);
    size_t before = journal_own_count(journal);
    assert_int_equal(brings("ana", "bea"), ERR_OK);
    assert_int_equal(brings("ana", "ana"), ERR_OK); /* herself: no way to make a circle */
    assert_int_equal(vouch.len, 0);
    assert_int_equal(journal_own_count(journal), before);
}

/* Nothing is lost: whoever came too late finds the invite as it was. */
static void who_comes_too_late_uses_nothing_up(void **state)
{
    (void)state;
    takes_in(0, 1);
    assert_int_equal(brings("relay", "ana"), ERR_OK);
    struct person ana = person_of("ana");
    struct invite invite = invite_by(&ana, 2);
    invite.until_s = NOW_S + 10 * DAY_S;
    assert_int_equal(invite_sign(&invite, ana.seed), ERR_OK);
    assert_int_equal(admits(&invite, "bea"), ERR_OK);
    size_t uses = journal_uses_count(journal);
    assert_int_equal(admits(&invite, "carl"), ERR_TOMORROW);
    assert_int_equal(journal_uses_count(journal), uses);
    now_s += DAY_S;
    assert_int_equal(admits(&invite, "dora"), ERR_OK);
    assert_int_equal(admits(&invite, "carl"), ERR_REFUSED); /* used up: tomorrow would not help */
}

static void asks(enum control_command command, const char *name, const char *value)
{
    uint8_t room[1024];
    struct canon_writer w = canon_writer_of(room, sizeof room);
    struct octets message;
    struct control_message decoded;
    control_request_begin(&w, 1, command);
    canon_write_map(&w, name == NULL ? 0 : 1);
    if (name != NULL) {
        canon_write_str(&w, octets_of_text(name));
        canon_write_str(&w, octets_of_text(value));
    }
    assert_int_equal(control_close(&w, &message), ERR_OK);
    assert_int_equal(control_decode(&decoded, octets_of(message.at + 4, message.len - 4)), ERR_OK);
    ended_with = -1;
    commands_on_message(commands, (struct command_client){.number = 1}, &decoded);
}

static void a_relay_has_no_reader(void **state)
{
    (void)state;
    static const enum control_command reading[] = {CONTROL_TIMELINE, CONTROL_SHOW, CONTROL_TAGS,
                                                   CONTROL_EXPORT,   CONTROL_MINE, CONTROL_POST,
                                                   CONTROL_PEOPLE,   CONTROL_BLOCK};
    for (size_t i = 0; i < sizeof reading / sizeof reading[0]; i++) {
        asks(reading[i], NULL, NULL);
        assert_int_equal(ended_with, 5);
    }
    asks(CONTROL_STATUS, NULL, NULL);
    assert_int_equal(ended_with, 0);
}

static void a_relay_keeps_its_name_when_it_changes_its_bio(void **state)
{
    (void)state;
    asks(CONTROL_PROFILE, "name", "Haven");
    assert_int_equal(ended_with, 0);
    restarts();
    asks(CONTROL_PROFILE, "bio", "for all of us");
    assert_int_equal(ended_with, 0);
    static uint8_t octets[POST_WIRE_MAX];
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    struct post post;
    assert_int_equal(journal_own_wire(journal, &wire, journal_own_count(journal) - 1, &note),
                     ERR_OK);
    assert_int_equal(post_decode(&post, octets_of(wire.at, wire.len)), ERR_OK);
    assert_true(octets_equal(post.as.profile.name, octets_of_text("Haven")));
    assert_true(octets_equal(post.as.profile.bio, octets_of_text("for all of us")));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(whoever_is_let_in_is_vouched_for_with_their_inviter),
        TEST(an_invite_is_used_up_for_good),
        TEST(members_invite_and_others_do_not),
        TEST(a_claim_that_does_not_hold_admits_nobody),
        TEST(a_use_that_cannot_be_written_down_admits_nobody),
        TEST(as_many_as_may_come_on_a_day_and_through_whom_they_came),
        TEST(a_restart_changes_nothing_about_who_came_today),
        TEST(the_next_day_more_may_come),
        TEST(a_relay_has_so_many_members_and_no_more),
        TEST(who_is_a_member_is_told_so_whatever_came_since),
        TEST(who_comes_too_late_uses_nothing_up),
        TEST(a_relay_has_no_reader),
        TEST(a_relay_keeps_its_name_when_it_changes_its_bio),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
