/* What the person's thread does at each tick, over a real folder: what left is archived and may
 * then leave the files, and what the journal need not hold leaves it, a little at a time. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <sodium.h>

#include "node/keeping.h"
#include "node/person_state.h"

#define DAY_S       UINT64_C(86400)
#define ARCHIVE_S   (150 * DAY_S)
#define FOLDERS_MAX 8 /* open at a time */
#define TICKS       50
#define TURN_NS     (UINT64_C(25) * 1000000) /* what trimming takes of a tick */
#define EXPIRED     20000                    /* more than two turns trim anywhere */

struct scene {
    char folder[64];
    uv_loop_t loop;
    struct mailbox mailbox;
    struct home home;
    struct person *person;
    struct err_note note;
};

/* ---- Nobody listens ----------------------------------------------------------------------- */

static void on_send(void *context, uint32_t client, uint8_t *octets, size_t len,
                    enum command_order order)
{
    (void)context, (void)client, (void)len, (void)order;
    free(octets);
}

static void on_taken(void *context, uint32_t client)
{
    (void)context, (void)client;
}

static void on_publish(void *context, uint64_t token, uint8_t *octets, size_t len)
{
    (void)context, (void)token, (void)len;
    free(octets);
}

static void on_peers(void *context, const struct person_peers *peers)
{
    (void)context, (void)peers;
}

static void on_nothing(void *context)
{
    (void)context;
}

static const struct person_events nobody = {.send = on_send,
                                            .taken = on_taken,
                                            .publish = on_publish,
                                            .peers = on_peers,
                                            .work = on_nothing,
                                            .down = on_nothing,
                                            .lock = on_nothing};

/* ---- The scene ---------------------------------------------------------------------------- */

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    assert_true(s != NULL && sodium_init() >= 0);
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/kith-person-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    assert_int_equal(uv_loop_init(&s->loop), 0);
    assert_int_equal(mailbox_init(&s->mailbox, &s->loop), ERR_OK);
    assert_int_equal(home_open(&s->home, s->folder, true, &s->note), ERR_OK);
    assert_int_equal(home_make_vault(&s->home, VAULT_PERSONAL, octets_of(NULL, 0), &s->note),
                     ERR_OK);
    *state = s;
    return 0;
}

static int take_away(const char *path, const struct stat *stat, int kind, struct FTW *at)
{
    (void)stat, (void)kind, (void)at;
    return remove(path);
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    person_finish(s->person);
    mailbox_close(&s->mailbox);
    (void)uv_run(&s->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&s->loop), 0);
    person_close(s->person);
    home_close(&s->home);
    assert_int_equal(nftw(s->folder, take_away, FOLDERS_MAX, FTW_DEPTH | FTW_PHYS), 0);
    free(s);
    return 0;
}

static void opens(struct scene *s)
{
    assert_int_equal(person_open(&s->person, &s->home, VAULT_PERSONAL, &s->note), ERR_OK);
}

static void starts(struct scene *s)
{
    assert_int_equal(person_start(s->person, &s->mailbox, &nobody), ERR_OK);
}

/* How long it took; the thread rests then. */
static uint64_t ticks(struct scene *s)
{
    uint64_t began_ns = uv_hrtime();
    person_tick(s->person);
    while (atomic_load(&s->person->tick_queued)) {
        uv_sleep(1);
    }
    (void)uv_run(&s->loop, UV_RUN_NOWAIT);
    return uv_hrtime() - began_ns;
}

static void tends(struct store *store, uint64_t now_s)
{
    struct err_note note = {{0}};
    for (bool more = true; more;) {
        assert_int_equal(store_tend(store, &more, now_s, &note), ERR_OK);
    }
}

/* ---- What left ---------------------------------------------------------------------------- */

static const uint8_t somebody[32] = {7};

/* A text of somebody's that names her, or nobody. */
static struct post_id comes(struct scene *s, uint64_t created_s, const struct key *named)
{
    static uint8_t wire[POST_WIRE_MAX];
    struct post_draft draft = {.kind = POST_TEXT,
                               .created_s = created_s,
                               .text = octets_of_text("said some time ago"),
                               .mentions = named,
                               .mentions_count = named == NULL ? 0 : 1};
    struct post post;
    struct post_id id;
    size_t len = 0;
    enum store_put_result result;
    assert_int_equal(post_sign(wire, &len, &id, &draft, somebody), ERR_OK);
    struct octets octets = octets_of(wire, len);
    assert_int_equal(post_decode(&post, octets), ERR_OK);
    assert_int_equal(
        store_put(person_store(s->person), &result, &post, &octets, 1, created_s, &s->note),
        ERR_OK);
    return id;
}

static bool holds(struct store *store, const struct post_id *id)
{
    uint64_t at;
    return store_position(store, &at, id, NULL) == ERR_OK;
}

static void what_is_archived_may_leave_the_store_and_the_archive_in_its_time(void **state)
{
    struct scene *s = *state;
    uint64_t now_s = (uint64_t)time(NULL);
    opens(s);
    struct store *store = person_store(s->person);
    struct store *archive = person_archive(s->person);
    struct key own = vault_identity(person_vault(s->person));
    struct keeping keeping = keeping_default();
    keeping.archive_s = ARCHIVE_S;
    keeping_hold(&keeping, store, archive);
    struct post_id passing = comes(s, now_s - 100 * DAY_S, NULL);
    struct post_id naming = comes(s, now_s - 100 * DAY_S, &own);
    struct post_id older = comes(s, now_s - 200 * DAY_S, &own);
    tends(store, now_s);
    assert_true(store_floor(store) > 0);
    assert_true(holds(store, &passing) && holds(store, &older));
    starts(s);
    for (unsigned i = 0; i < TICKS && holds(store, &passing); i++) {
        (void)ticks(s);
        tends(store, now_s);
    }
    assert_false(holds(store, &passing) || holds(store, &naming) || holds(store, &older));
    assert_true(holds(archive, &naming));
    for (unsigned i = 0; i < TICKS && holds(archive, &older); i++) {
        (void)ticks(s);
        tends(archive, now_s);
    }
    assert_false(holds(archive, &older));
    assert_true(holds(archive, &naming));
}

/* ---- What the journal need not hold -------------------------------------------------------- */

static void writes_what_expired(struct scene *s)
{
    static uint8_t wires[JOURNAL_ADOPTED_MAX][POST_WIRE_MAX];
    struct journal_adopted posts[JOURNAL_ADOPTED_MAX];
    struct journal *journal = NULL;
    struct vault *vault = NULL;
    uint64_t now_s = (uint64_t)time(NULL);
    assert_int_equal(home_open_vault(&vault, &journal, &s->home, &s->note), ERR_OK);
    for (size_t i = 0; i < EXPIRED; i++) {
        size_t at = i % JOURNAL_ADOPTED_MAX;
        struct post_draft draft = {.kind = POST_TEXT,
                                   .created_s = now_s - 2 * EXPIRED + i,
                                   .expires_s = now_s - 60,
                                   .text = octets_of_text("for a while")};
        size_t len = 0;
        assert_int_equal(
            post_sign(wires[at], &len, &posts[at].id, &draft, vault_identity_seed(vault)), ERR_OK);
        posts[at].wire = octets_of(wires[at], len);
        posts[at].sent_count = 0;
        if (at + 1 == JOURNAL_ADOPTED_MAX || i + 1 == EXPIRED) {
            assert_int_equal(journal_adopt(journal, posts, at + 1, &s->note), ERR_OK);
        }
    }
    vault_close(vault);
    journal_close(journal);
}

static size_t held_count(const struct scene *s)
{
    size_t count = 0;
    for (size_t i = 0; i < journal_own_count(s->person->journal); i++) {
        count += journal_own_at(s->person->journal, i).has_wire ? 1 : 0;
    }
    return count;
}

/* It uses its turn, and leaves the rest for the next tick: a command that came meanwhile is first.
 */
static void a_tick_trims_the_journal_for_a_turn_and_no_longer(void **state)
{
    struct scene *s = *state;
    writes_what_expired(s);
    opens(s);
    assert_int_equal(held_count(s), EXPIRED);
    starts(s);
    (void)ticks(s); /* whatever else is to be done at first */
    size_t before = held_count(s);
    uint64_t took_ns = ticks(s);
    size_t after = held_count(s);
    assert_true(after > 0);
    assert_true(after < before);
    assert_true(took_ns >= TURN_NS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_archived_may_leave_the_store_and_the_archive_in_its_time),
        TEST(a_tick_trims_the_journal_for_a_turn_and_no_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
