#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/set.h"
#include "store/log.h"
#include "store/pace.h"
#include "store/store.h"
#include "store/words.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define DAY_S     86400
#define NOW_S     (12 * DAY_S) /* a midnight */
#define EXPIRES_S (NOW_S + 100)
#define IDLE_S    60
#define MIDNIGHT  (NOW_S + DAY_S)
#define POSTS_MAX 96
#define LASTING   20 /* posts 0 to 19; post 20 expires */

static const uint8_t key[32] = {1, 2, 3};
static struct err_note note;
static struct person ana;
static struct files *files;
static struct store *store;
static struct posts posts;
static enum store_put_result results[POSTS_MAX];

static uint32_t table_max;

static enum err_code open_store(void)
{
    struct store_options options = {.kind = STORE_READ, .table_max = table_max};
    return store_open_with(&store, files, key, &options, &note);
}

static void close_store(void)
{
    store_close(store);
    store = NULL;
}

static void reopen(void)
{
    close_store();
    assert_int_equal(open_store(), ERR_OK);
}

static void put(size_t first, size_t count, uint64_t now_s)
{
    struct post decoded[POSTS_MAX];
    for (size_t i = 0; i < count; i++) {
        decoded[i] = posts_decoded(&posts, first + i);
    }
    assert_int_equal(store_put(store, results, decoded, posts.wires + first, count, now_s, &note),
                     ERR_OK);
}

static enum err_code tend(uint64_t now_s)
{
    bool more = true;
    enum err_code rc = ERR_OK;
    while (more && rc == ERR_OK) {
        rc = store_tend(store, &more, now_s, &note);
    }
    return rc;
}

static void passing_text(uint64_t expires_s)
{
    static const struct octets tag = {.at = (const uint8_t *)"soon", .len = 4};
    struct post_draft draft = {.kind = POST_TEXT,
                               .created_s = NOW_S,
                               .expires_s = expires_s,
                               .tags = &tag,
                               .tags_count = 1,
                               .text = octets_of_text("zanzibar for a while")};
    (void)person_draft(&posts, &ana, &draft);
}

/* The sets of each post, by number. */
static bool members[SET_TAGS + SET_BUCKETS][POSTS_MAX];
static bool any[SET_TAGS + SET_BUCKETS];

static void find_members(void)
{
    memset(members, 0, sizeof members);
    memset(any, 0, sizeof any);
    for (size_t i = 0; i < posts.count; i++) {
        uint32_t sets[SET_OF_POST_MAX];
        struct post post = posts_decoded(&posts, i);
        size_t count = set_of_post(sets, &post);
        for (size_t k = 0; k < count; k++) {
            members[sets[k]][i] = true;
            any[sets[k]] = true;
        }
    }
}

static void begin(uint32_t table)
{
    table_max = table;
    ana = person_of("ana");
    posts = (struct posts){0};
    files = file_memory_new(1);
    assert_int_equal(open_store(), ERR_OK);
    for (uint64_t i = 0; i < LASTING; i++) {
        person_text(&posts, &ana, 1000 + i, "what I said", "lasting");
    }
    passing_text(EXPIRES_S);
    put(0, LASTING + 1, NOW_S);
    find_members();
}

static int set_up(void **state)
{
    (void)state;
    begin(0);
    return 0;
}

/* All of it stands in runs before it expires. */
static int set_up_runs(void **state)
{
    (void)state;
    begin(8);
    for (uint64_t i = 0; i < LASTING; i++) {
        person_text(&posts, &ana, 2000 + i, "what I said", "lasting");
    }
    put(LASTING + 1, LASTING, NOW_S);
    find_members();
    assert_int_equal(tend(NOW_S), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_store();
    posts_free(&posts);
    file_memory_free(files);
    return 0;
}

static enum err_code body_of(size_t i)
{
    static uint8_t octets[POST_WIRE_MAX];
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    return store_body(store, &wire, &posts.ids[i], &note);
}

static bool known(size_t i)
{
    bool is_known;
    assert_int_equal(store_known(store, &is_known, &posts.ids[i], 1, &note), ERR_OK);
    return is_known;
}

/* Every set that one of the posts is in holds those that are to be there, by its fingerprint. */
static void sets_hold(const bool *there)
{
    static struct negentropy_batch batch;
    static struct negentropy_results answers;
    batch.queries_count = 1;
    batch.queries[0] = (struct negentropy_query){.kind = NEGENTROPY_FOLD,
                                                 .lower = negentropy_bound_zero(),
                                                 .upper = negentropy_bound_infinity()};
    for (uint32_t set = 0; set < SET_TAGS + SET_BUCKETS; set++) {
        struct fold fold = {0};
        for (size_t i = 0; i < posts.count; i++) {
            if (members[set][i] && there[i]) {
                fold_add_id(&fold, &posts.ids[i]);
            }
        }
        if (any[set]) {
            assert_int_equal(store_answer_set(store, &answers, set, &batch, &note), ERR_OK);
            assert_memory_equal(&answers.answers[0].fold, &fold, sizeof fold);
        }
    }
}

/* Whether its words lead to it still, in the files or in memory. */
static bool is_found(uint64_t position)
{
    struct found found = {0};
    assert_int_equal(
        store_search(store, &found, STORE_ALL_WORDS, octets_of_text("zanzibar"), &note), ERR_OK);
    bool has = found_has(&found, position);
    found_close(&found);
    return has;
}

static enum err_code look(void *context, const struct segment_record *record)
{
    static const char words[] = "zanzibar";
    const struct octets plain = record->plain;
    for (size_t i = 0; i + sizeof words - 1 <= plain.len; i++) {
        *(bool *)context = *(bool *)context || memcmp(plain.at + i, words, sizeof words - 1) == 0;
    }
    return ERR_OK;
}

/* Whether the log, opened with its key, holds its words: what a thief of the key would read. */
static bool is_in_log(void)
{
    bool there = false;
    uint64_t damaged_count;
    struct log *log;
    struct log_replay replay = {.context = &there, .on_record = look};
    close_store();
    assert_int_equal(log_open(&log, &damaged_count, files, "log", key, &replay, &note), ERR_OK);
    log_close(log);
    assert_int_equal(open_store(), ERR_OK);
    return there;
}

static void all_but(bool *there, size_t none)
{
    for (size_t i = 0; i < POSTS_MAX; i++) {
        there[i] = i != none;
    }
}

static void what_has_expired_leaves_the_files_and_its_id_stays_until_midnight(void **state)
{
    (void)state;
    bool there[POSTS_MAX];
    all_but(there, POSTS_MAX);
    assert_int_equal(tend(EXPIRES_S - 1), ERR_OK);
    assert_int_equal(body_of(LASTING), ERR_OK);
    assert_true(is_found(LASTING));
    assert_true(is_in_log());
    assert_int_equal(tend(EXPIRES_S + IDLE_S), ERR_OK);
    assert_false(is_in_log());
    assert_false(file_exists(files, "log/00000000.0"));
    for (unsigned times = 0; times < 3; times++) {
        assert_int_equal(body_of(LASTING), ERR_NOT_FOUND);
        assert_int_equal(body_of(0), ERR_OK);
        assert_true(known(LASTING));
        assert_false(is_found(LASTING));
        sets_hold(there);
        assert_int_equal(store_stats(store).quarantined_count, 0);
        reopen();
    }
    put(LASTING, 1, EXPIRES_S);
    assert_int_equal(results[0], STORE_REFUSED);
    assert_int_equal(tend(MIDNIGHT - 1), ERR_OK);
    sets_hold(there);
    assert_int_equal(tend(MIDNIGHT), ERR_OK);
    there[LASTING] = false;
    for (unsigned times = 0; times < 2; times++) {
        sets_hold(there);
        assert_true(known(LASTING));
        reopen();
    }
}

/* All that the files could tell of it is out, wherever the machine stops. */
static void a_crash_meanwhile_changes_no_set(void **state)
{
    (void)state;
    bool there[POSTS_MAX];
    all_but(there, POSTS_MAX);
    close_store();
    struct files *whole = files;
    for (unsigned outcome = FILE_MEMORY_DROP; outcome <= FILE_MEMORY_TEAR; outcome++) {
        bool ended = false;
        for (uint64_t at = 1; !ended; at++) {
            files = file_memory_copy(whole);
            file_memory_crash_at(files, at);
            if (open_store() == ERR_OK) {
                (void)tend(EXPIRES_S + IDLE_S);
            }
            ended = !file_memory_crashed(files);
            close_store();
            file_memory_crash(files);
            file_memory_restart(files, (enum file_memory_outcome)outcome);
            assert_int_equal(open_store(), ERR_OK);
            sets_hold(there);
            assert_true(known(LASTING));
            assert_int_equal(tend(EXPIRES_S + IDLE_S), ERR_OK);
            sets_hold(there);
            assert_int_equal(body_of(LASTING), ERR_NOT_FOUND);
            assert_int_equal(body_of(0), ERR_OK);
            assert_false(file_exists(files, "log/00000000.0"));
            assert_int_equal(store_stats(store).quarantined_count, 0);
            close_store();
            file_memory_free(files);
        }
    }
    files = whole;
}

static unsigned kills_count;

/* A process that was killed put a manifest in place last; the next one opens the home, and then the
 * machine stops. */
static void kill_and_crash(void *context, enum file_memory_call call, const char *path)
{
    bool *there = context;
    struct files *living = files;
    struct store *lives = store;
    if (call != FILE_MEMORY_SYNC_DIR || strcmp(path, "index") != 0) {
        return;
    }
    for (unsigned i = 0; i < 8; i++) {
        struct files *killed = file_memory_after_kill(living, i);
        files = killed;
        assert_int_equal(open_store(), ERR_OK);
        close_store();
        files = file_memory_after_crash(killed, FILE_MEMORY_PAGES, i);
        assert_int_equal(open_store(), ERR_OK);
        assert_true(known(LASTING));
        sets_hold(there);
        close_store();
        file_memory_free(files);
        file_memory_free(killed);
        kills_count++;
    }
    files = living;
    store = lives;
}

/* Its octets are out when the run that alone knows its id becomes part of a larger one. */
static void a_kill_and_a_crash_forget_no_id_that_left(void **state)
{
    (void)state;
    bool there[POSTS_MAX];
    all_but(there, POSTS_MAX);
    assert_int_equal(tend(EXPIRES_S + IDLE_S), ERR_OK);
    assert_int_equal(body_of(LASTING), ERR_NOT_FOUND);
    for (uint64_t i = 0; i < 48; i++) {
        person_text(&posts, &ana, 3000 + i, "what I said", "lasting");
    }
    for (size_t i = 0; i < 48; i += 8) {
        put(posts.count - 48 + i, 8, EXPIRES_S + IDLE_S);
    }
    find_members();
    struct file_memory_hook hook = {.context = there, .before = kill_and_crash};
    kills_count = 0;
    file_memory_hook(files, &hook);
    assert_int_equal(tend(EXPIRES_S + 2 * (uint64_t)IDLE_S), ERR_OK);
    file_memory_hook(files, NULL);
    assert_true(kills_count >= 8);
}

static void what_has_expired_can_be_taken_back(void **state)
{
    (void)state;
    bool there[POSTS_MAX];
    all_but(there, LASTING);
    size_t retract = posts.count;
    (void)person_retract(&posts, &ana, NOW_S, posts.ids[LASTING]);
    find_members();
    assert_int_equal(tend(EXPIRES_S + IDLE_S), ERR_OK);
    put(retract, 1, EXPIRES_S + IDLE_S);
    for (unsigned times = 0; times < 3; times++) {
        sets_hold(there);
        if (times == 1) {
            assert_int_equal(tend(EXPIRES_S + 3 * IDLE_S), ERR_OK);
        }
        reopen();
    }
}

/* Forty posts expire within a minute, one after the other, and nobody puts any more. */
static void much_that_expires_is_taken_out_together(void **state)
{
    (void)state;
    size_t first = posts.count;
    for (uint64_t i = 0; i < 40; i++) {
        passing_text(EXPIRES_S + i);
    }
    put(first, 40, NOW_S);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(tend(EXPIRES_S + i), ERR_OK);
    }
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(body_of(first + i), ERR_NOT_FOUND);
    }
    unsigned generation = 0;
    char path[] = "log/00000000.0";
    while (generation < 9 && !file_exists(files, path)) {
        path[sizeof path - 2]++;
        generation++;
    }
    assert_in_range(generation, 1, 4);
}

static void what_is_written_when_idle_has_a_bound(void **state)
{
    (void)state;
    struct pace pace = {0};
    uint64_t written = 0;
    const uint64_t segment = UINT64_C(64) * 1024 * 1024;
    for (uint64_t now_s = 1000; now_s < 1000 + DAY_S; now_s += 5) {
        while (pace_allows(&pace, now_s)) {
            pace_spend(&pace, segment);
            written += segment;
        }
    }
    assert_in_range(written, PACE_S_LEN * DAY_S / 2, PACE_BURST_LEN + segment + PACE_S_LEN * DAY_S);
    assert_false(pace_allows(&pace, 0)); /* a clock that is set back */
    assert_true(pace_allows(&pace, 1000));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define IN_RUN(f)                                                                                  \
    {                                                                                              \
#f " in a run", f, set_up_runs, tear_down, NULL                                            \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_has_expired_leaves_the_files_and_its_id_stays_until_midnight),
        TEST(a_crash_meanwhile_changes_no_set),
        TEST(what_has_expired_can_be_taken_back),
        IN_RUN(what_has_expired_leaves_the_files_and_its_id_stays_until_midnight),
        IN_RUN(a_crash_meanwhile_changes_no_set),
        IN_RUN(what_has_expired_can_be_taken_back),
        IN_RUN(a_kill_and_a_crash_forget_no_id_that_left),
        TEST(much_that_expires_is_taken_out_together),
        cmocka_unit_test(what_is_written_when_idle_has_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
