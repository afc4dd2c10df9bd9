/* Locking from the commands' side: what is refused, what ends, and when a node locks itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/command.h"
#include "store/home_key.h"
#include "store/view.h"
#include "tests/support/file_memory.h"

#define START_S UINT64_C(1790000000)

static const uint8_t home_key[HOME_KEY_LEN] = "the key of the home in a test...";
static const uint8_t seed[32] = "a person";
static const struct command_client client = {1};
static struct files *files;
static struct journal *journal;
static struct vault *vault;
static struct store *store;
static struct view *view;
static struct commands *commands;
static struct err_note note;

/* --- the host, and what it was asked --------------------------------------------------------- */

static uint64_t now_s;
static bool has_passphrase;
static unsigned locks_count;
static unsigned panics_count;
static char changed_from[64];
static char changed_to[64];
static int ended[8]; /* the exit status by request, -1 while under way */
static char said[CONTROL_TEXT_MAX + 1];
static bool item_is_set; /* of the last {passphrase} */

static uint64_t host_now_s(struct command_host *host)
{
    (void)host;
    return now_s;
}

static void host_send(struct command_host *host, struct command_client to, struct octets message,
                      enum command_order order)
{
    (void)host;
    (void)to;
    (void)order;
    struct control_message decoded;
    assert_int_equal(control_decode(&decoded, octets_of(message.at + 4, message.len - 4)), ERR_OK);
    if (decoded.type == CONTROL_END) {
        ended[decoded.request_id] = decoded.exit_status;
        memcpy(said, decoded.text.at, decoded.text.len);
        said[decoded.text.len] = '\0';
    } else if (decoded.type == CONTROL_ITEM) {
        (void)!control_get_bool(&item_is_set, decoded.body, "passphrase");
    }
}

static bool takes_slowly; /* the client takes writable_count messages more */
static unsigned writable_count;

static bool host_writable(struct command_host *host, struct command_client to)
{
    (void)host;
    (void)to;
    if (takes_slowly && writable_count == 0) {
        return false;
    }
    writable_count -= takes_slowly;
    return true;
}

static void host_publish(struct command_host *host, uint64_t token, struct octets wire)
{
    (void)host; /* never answered: the post stays under way */
    (void)token;
    (void)wire;
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

static enum err_code host_lock(struct command_host *host, struct err_note *why)
{
    (void)host;
    if (!has_passphrase) {
        return err_note(why, ERR_REFUSED, "this home has no passphrase");
    }
    locks_count++;
    return ERR_OK;
}

static enum err_code host_has_passphrase(struct command_host *host, bool *has, struct err_note *why)
{
    (void)host;
    (void)why;
    *has = has_passphrase;
    return ERR_OK;
}

static enum err_code host_passphrase(struct command_host *host, struct octets before,
                                     struct octets fresh, struct err_note *why)
{
    (void)host;
    (void)why;
    (void)snprintf(changed_from, sizeof changed_from, "%.*s", (int)before.len,
                   (const char *)before.at);
    (void)snprintf(changed_to, sizeof changed_to, "%.*s", (int)fresh.len, (const char *)fresh.at);
    return ERR_OK;
}

static void host_panic(struct command_host *host)
{
    (void)host;
    panics_count++;
}

static struct command_host host = {.now_s = host_now_s,
                                   .send = host_send,
                                   .writable = host_writable,
                                   .publish = host_publish,
                                   .status = host_status,
                                   .peers_changed = host_nothing,
                                   .work = host_nothing,
                                   .down = host_nothing,
                                   .lock = host_lock,
                                   .has_passphrase = host_has_passphrase,
                                   .passphrase = host_passphrase,
                                   .panic = host_panic};

/* --- the home -------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    (void)state;
    uint8_t key[32];
    files = file_memory_new(5);
    note = (struct err_note){{0}};
    now_s = START_S;
    has_passphrase = true;
    locks_count = 0;
    panics_count = 0;
    changed_from[0] = '\0';
    changed_to[0] = '\0';
    memset(ended, 0xff, sizeof ended);
    assert_int_equal(vault_create(files, home_key, VAULT_PERSONAL, seed, &note), ERR_OK);
    home_key_derive(key, home_key, HOME_KEY_JOURNAL);
    assert_int_equal(journal_open(&journal, files, key, &note), ERR_OK);
    assert_int_equal(vault_open(&vault, files, home_key, journal, &note), ERR_OK);
    home_key_derive(key, home_key, HOME_KEY_STORE);
    assert_int_equal(store_open(&store, files, key, STORE_READ, &note), ERR_OK);
    struct key own = vault_identity(vault);
    assert_int_equal(view_new(&view, store, &own, &note), ERR_OK);
    assert_int_equal(view_load(view, vault_contents(vault), &note), ERR_OK);
    assert_int_equal(
        commands_new(
            &commands,
            &(struct commands_parts){
                .host = &host, .store = store, .vault = vault, .journal = journal, .view = view},
            &note),
        ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    commands_free(commands);
    view_free(view);
    store_close(store);
    vault_close(vault);
    journal_close(journal);
    file_memory_free(files);
    return 0;
}

/* One argument of text, or none; "remove" and "after" take what they are. */
static void asks(uint32_t request_id, enum control_command command, const char *const *pairs)
{
    uint8_t room[512];
    uint32_t count = 0;
    struct canon_writer w = canon_writer_of(room, sizeof room);
    struct octets message;
    struct control_message decoded;
    while (pairs != NULL && pairs[2 * (size_t)count] != NULL) {
        count++;
    }
    control_request_begin(&w, request_id, command);
    canon_write_map(&w, count);
    for (size_t i = 0; i < count; i++) {
        canon_write_str(&w, octets_of_text(pairs[2 * i]));
        if (strcmp(pairs[2 * i], "after") == 0) {
            canon_write_uint(&w, strtoull(pairs[2 * i + 1], NULL, 10));
        } else if (strcmp(pairs[2 * i], "remove") == 0) {
            canon_write_bool(&w, true);
        } else {
            canon_write_str(&w, octets_of_text(pairs[2 * i + 1]));
        }
    }
    assert_int_equal(control_close(&w, &message), ERR_OK);
    assert_int_equal(control_decode(&decoded, octets_of(message.at + 4, message.len - 4)), ERR_OK);
    commands_on_message(commands, client, &decoded);
}

#define PAIRS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static void passes(uint64_t seconds)
{
    now_s += seconds;
    commands_on_tick(commands);
}

/* --- what it promises ------------------------------------------------------------------------ */

static void locking_ends_whatever_is_under_way(void **state)
{
    (void)state;
    asks(1, CONTROL_WATCH, NULL);
    asks(2, CONTROL_POST, PAIRS("text", "written just before"));
    assert_int_equal(ended[1], -1);
    assert_int_equal(ended[2], -1);
    asks(3, CONTROL_LOCK, NULL);
    assert_int_equal(locks_count, 1);
    assert_int_equal(ended[1], 4);
    assert_int_equal(ended[2], 4);
    assert_int_equal(ended[3], 0);
    assert_int_equal(journal_own_count(journal), 1); /* kept, and goes out later */
}

static void a_home_without_a_passphrase_cannot_be_locked(void **state)
{
    (void)state;
    has_passphrase = false;
    asks(1, CONTROL_WATCH, NULL);
    asks(2, CONTROL_LOCK, NULL);
    assert_int_equal(ended[2], 5);
    assert_int_equal(ended[1], -1);
    asks(3, CONTROL_LOCK, PAIRS("after", "60"));
    assert_int_equal(ended[3], 5);
    assert_int_equal(vault_contents(vault)->lock_after_s, 0);
    asks(4, CONTROL_LOCK, PAIRS("after", "0"));
    assert_int_equal(ended[4], 0);
}

static void a_node_locks_itself_when_nothing_was_asked(void **state)
{
    (void)state;
    passes(100 * 86400);
    assert_int_equal(locks_count, 0); /* off unless asked for */
    asks(1, CONTROL_LOCK, PAIRS("after", "600"));
    assert_int_equal(ended[1], 0);
    asks(2, CONTROL_WATCH, NULL);
    passes(599);
    assert_int_equal(locks_count, 0);
    asks(3, CONTROL_PEOPLE, NULL);
    passes(599);
    assert_int_equal(locks_count, 0);
    asks(4, CONTROL_STATUS, NULL); /* a status line is nobody */
    passes(1);
    assert_int_equal(locks_count, 1);
    assert_int_equal(ended[2], 4);
}

static void a_backup_under_way_is_not_cut_off_by_itself(void **state)
{
    (void)state;
    char folder[] = "/tmp/kith-lock-XXXXXX";
    char file[64];
    assert_non_null(mkdtemp(folder));
    (void)snprintf(file, sizeof file, "%s/backup", folder);
    asks(1, CONTROL_LOCK, PAIRS("after", "600"));
    asks(2, CONTROL_BACKUP, PAIRS("file", file));
    passes(600);
    assert_int_equal(locks_count, 0);
    for (int slice = 0; slice < 100 && ended[2] < 0; slice++) {
        commands_on_work(commands);
    }
    assert_int_equal(ended[2], 0);
    passes(599);
    assert_int_equal(locks_count, 0);
    passes(1);
    assert_int_equal(locks_count, 1);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(rmdir(folder), 0);
}

static void says_own(uint64_t created_s)
{
    uint8_t room[POST_WIRE_MAX];
    size_t len = 0;
    struct post_id id;
    struct post post;
    enum store_put_result result;
    struct post_draft draft = {
        .kind = POST_TEXT, .created_s = created_s, .text = octets_of_text("me too")};
    assert_int_equal(post_sign(room, &len, &id, &draft, vault_identity_seed(vault)), ERR_OK);
    struct octets wire = octets_of(room, len);
    assert_int_equal(journal_own_post(journal, &id, wire, &note), ERR_OK);
    assert_int_equal(post_decode(&post, wire), ERR_OK);
    assert_int_equal(store_put(store, &result, &post, &wire, 1, now_s, &note), ERR_OK);
    commands_on_arrival(commands);
}

/* As long as somebody takes what is listed. */
static void a_list_that_is_taken_is_not_cut_off_by_itself(void **state)
{
    (void)state;
    asks(1, CONTROL_LOCK, PAIRS("after", "600"));
    for (uint64_t i = 0; i < 6; i++) {
        says_own(now_s - 10 + i);
    }
    takes_slowly = true;
    writable_count = 0;
    asks(2, CONTROL_EXPORT, NULL);
    for (int i = 0; i < 3; i++) {
        passes(598);
        writable_count = 1;
        commands_on_writable(commands, (struct command_client){1});
        passes(1);
        assert_int_equal(locks_count, 0);
    }
    assert_int_equal(ended[2], -1);
    passes(599); /* nobody takes it any more */
    assert_int_equal(locks_count, 1);
    assert_int_equal(ended[2], 4);
    takes_slowly = false;
}

static void a_clock_set_back_locks_no_later_than_asked_for(void **state)
{
    (void)state;
    asks(1, CONTROL_LOCK, PAIRS("after", "600"));
    now_s -= 86400;
    passes(0);
    passes(599);
    assert_int_equal(locks_count, 0);
    passes(1);
    assert_int_equal(locks_count, 1);
}

static void more_than_the_longest_time_is_wrong_usage(void **state)
{
    (void)state;
    asks(1, CONTROL_LOCK, PAIRS("after", "2419201"));
    assert_int_equal(ended[1], 2);
    assert_non_null(strstr(said, "at most 4w"));
    asks(2, CONTROL_LOCK, PAIRS("after", "2419200"));
    assert_int_equal(ended[2], 0);
}

static void a_passphrase_is_set_changed_removed_or_asked_about(void **state)
{
    (void)state;
    asks(1, CONTROL_PASSPHRASE, NULL);
    assert_int_equal(ended[1], 0);
    assert_true(item_is_set);
    asks(2, CONTROL_PASSPHRASE, PAIRS("passphrase", "old", "new", "fresh"));
    assert_int_equal(ended[2], 0);
    assert_string_equal(changed_from, "old");
    assert_string_equal(changed_to, "fresh");
    asks(3, CONTROL_PASSPHRASE, PAIRS("passphrase", "fresh", "remove", ""));
    assert_int_equal(ended[3], 0);
    assert_string_equal(changed_to, "");
    asks(4, CONTROL_PASSPHRASE, PAIRS("new", "x", "remove", ""));
    assert_int_equal(ended[4], 2);
}

static void a_passphrase_has_a_bound(void **state)
{
    (void)state;
    char longer[HOME_KEY_PASSPHRASE_MAX + 2];
    uint8_t room[2048];
    struct canon_writer w = canon_writer_of(room, sizeof room);
    struct octets message;
    struct control_message decoded;
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    control_request_begin(&w, 1, CONTROL_PASSPHRASE);
    canon_write_map(&w, 1);
    canon_write_str(&w, octets_of_text("new"));
    canon_write_str(&w, octets_of_text(longer));
    assert_int_equal(control_close(&w, &message), ERR_OK);
    assert_int_equal(control_decode(&decoded, octets_of(message.at + 4, message.len - 4)), ERR_OK);
    commands_on_message(commands, client, &decoded);
    assert_int_equal(ended[1], 2);
    assert_string_equal(changed_to, "");
}

static void unlocking_an_open_node_is_done_already(void **state)
{
    (void)state;
    asks(1, CONTROL_UNLOCK, PAIRS("passphrase", "any"));
    assert_int_equal(ended[1], 0);
}

static void panic_asks_nothing(void **state)
{
    (void)state;
    asks(1, CONTROL_PANIC, NULL);
    assert_int_equal(panics_count, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(locking_ends_whatever_is_under_way),
        TEST(a_home_without_a_passphrase_cannot_be_locked),
        TEST(a_node_locks_itself_when_nothing_was_asked),
        TEST(a_backup_under_way_is_not_cut_off_by_itself),
        TEST(a_list_that_is_taken_is_not_cut_off_by_itself),
        TEST(a_clock_set_back_locks_no_later_than_asked_for),
        TEST(more_than_the_longest_time_is_wrong_usage),
        TEST(a_passphrase_is_set_changed_removed_or_asked_about),
        TEST(a_passphrase_has_a_bound),
        TEST(unlocking_an_open_node_is_done_already),
        TEST(panic_asks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
