/* What leaves the journal, and what stays: read back from the files themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/archive.h"
#include "store/log.h"
#include "store/trimming.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define NOW_S UINT64_C(1700000000)
#define DAY_S UINT64_C(86400)
#define WORDS "only she knows these words"

static const uint8_t journal_key[32] = {7};
static const uint8_t store_key[32] = {8};
static struct err_note note;
static struct files *files;
static struct journal *journal;
static struct store *store;
static struct person ana;
static struct posts posts;
static struct trimming trimming;
static uint64_t now_s;

static void open_all(void)
{
    assert_int_equal(journal_open(&journal, files, journal_key, &note), ERR_OK);
    assert_int_equal(store_open(&store, files, store_key, STORE_READ, &note), ERR_OK);
    trimming = (struct trimming){.journal = journal, .store = store, .own = ana.key};
}

static void close_all(void)
{
    store_close(store);
    journal_close(journal);
    store = NULL;
    journal = NULL;
}

static int set_up(void **state)
{
    (void)state;
    ana = person_of("ana");
    files = file_memory_new(5);
    posts = (struct posts){0};
    note = (struct err_note){{0}};
    now_s = NOW_S;
    open_all();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close_all();
    file_memory_free(files);
    posts_free(&posts);
    return 0;
}

static void stores(size_t i)
{
    struct post post = posts_decoded(&posts, i);
    enum store_put_result result;
    assert_int_equal(store_put(store, &result, &post, &posts.wires[i], 1, now_s, &note), ERR_OK);
    assert_int_equal(result, STORE_NEW);
}

/* As a node does: journal, then store. */
static void writes(size_t i)
{
    assert_int_equal(journal_own_post(journal, &posts.ids[i], posts.wires[i], &note), ERR_OK);
    stores(i);
}

static struct post_id text(uint64_t expires_s)
{
    struct post_draft draft = {.kind = POST_TEXT,
                               .created_s = now_s,
                               .expires_s = expires_s,
                               .text = octets_of_text(WORDS)};
    return person_draft(&posts, &ana, &draft);
}

static void trims(void)
{
    for (bool more = true; more;) {
        assert_int_equal(trimming_slice(&trimming, &more, now_s, &note), ERR_OK);
    }
}

static void tends_the_store(void)
{
    now_s += 2 * STORE_IDLE_S;
    for (bool more = true; more;) {
        assert_int_equal(store_tend(store, &more, now_s, &note), ERR_OK);
    }
}

static enum err_code on_record(void *context, const struct segment_record *record)
{
    size_t *count = context;
    size_t words_len = strlen(WORDS);
    for (size_t i = 0; i + words_len <= record->plain.len; i++) {
        *count += memcmp(record->plain.at + i, WORDS, words_len) == 0 ? 1 : 0;
    }
    return ERR_OK;
}

/* How often her words stand in a log's records, as its files are now. */
static size_t words_in(const char *folder, const uint8_t key[32])
{
    struct files *copy = file_memory_copy(files);
    struct log *log = NULL;
    uint64_t damaged_count = 0;
    size_t count = 0;
    struct log_replay replay = {.context = &count, .on_record = on_record};
    assert_int_equal(log_open(&log, &damaged_count, copy, folder, key, &replay, &note), ERR_OK);
    assert_int_equal(damaged_count, 0);
    log_close(log);
    file_memory_free(copy);
    return count;
}

static void what_she_took_back_is_nowhere(void **state)
{
    (void)state;
    struct post_id id = text(0);
    (void)person_retract(&posts, &ana, now_s + 1, id);
    writes(0);
    assert_int_equal(words_in("journal", journal_key), 1);
    assert_int_equal(words_in("log", store_key), 1);
    trims();
    assert_int_equal(words_in("journal", journal_key), 1); /* nobody has it yet */
    writes(1);
    tends_the_store();
    trims();
    assert_int_equal(words_in("journal", journal_key), 0);
    assert_int_equal(words_in("log", store_key), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(journal_is_own(journal, &id));
        assert_true(journal_is_own(journal, &posts.ids[1]));
        assert_int_equal(journal_own_count(journal), 2);
        assert_int_equal(journal_created_latest(journal), NOW_S + 1);
        close_all();
        open_all();
    }
}

static void what_was_taken_back_before_it_was_stored_is_nowhere(void **state)
{
    (void)state;
    struct post_id id = text(0);
    (void)person_retract(&posts, &ana, now_s + 1, id);
    assert_int_equal(journal_own_post(journal, &id, posts.wires[0], &note), ERR_OK);
    writes(1);
    trims();
    assert_int_equal(words_in("journal", journal_key), 0);
}

static void what_expired_is_nowhere_and_a_wrong_clock_trims_nothing(void **state)
{
    (void)state;
    (void)text(now_s + 100);
    assert_int_equal(journal_own_post(journal, &posts.ids[0], posts.wires[0], &note), ERR_OK);
    trims();
    store_settle(store, now_s + 50);
    now_s += 100;
    trims();
    assert_int_equal(words_in("journal", journal_key), 1);
    store_settle(store, UINT64_MAX);
    trims();
    assert_int_equal(words_in("journal", journal_key), 0);
    assert_true(journal_is_own(journal, &posts.ids[0]));
}

static void what_two_peers_have_stands_in_the_log_alone(void **state)
{
    (void)state;
    (void)text(0);
    (void)person_text(&posts, &ana, now_s, "nobody has it", NULL);
    writes(0);
    writes(1);
    assert_int_equal(journal_sent(journal, &posts.ids[0], 1, &note), ERR_OK);
    trims();
    assert_int_equal(words_in("journal", journal_key), 1);
    assert_int_equal(journal_sent(journal, &posts.ids[0], 2, &note), ERR_OK);
    trims();
    assert_int_equal(words_in("journal", journal_key), 0);
    assert_int_equal(words_in("log", store_key), 1);
    assert_false(journal_own_at(journal, 0).has_wire);
    assert_true(journal_own_at(journal, 1).has_wire);
}

/* A relay's vouches are its list of members. */
static void a_relay_keeps_what_peers_have(void **state)
{
    (void)state;
    trimming.keeps_handed = true;
    (void)text(0);
    writes(0);
    assert_int_equal(journal_sent(journal, &posts.ids[0], 2, &note), ERR_OK);
    trims();
    assert_true(journal_own_at(journal, 0).has_wire);
}

static void what_the_store_lacks_stays_whoever_has_it(void **state)
{
    (void)state;
    (void)text(0);
    assert_int_equal(journal_own_post(journal, &posts.ids[0], posts.wires[0], &note), ERR_OK);
    assert_int_equal(journal_sent(journal, &posts.ids[0], 5, &note), ERR_OK);
    trims();
    assert_int_equal(words_in("journal", journal_key), 1);
}

/* A home that came back from a backup has all of them in its journal. */
static void what_left_by_age_stands_in_the_archive_alone(void **state)
{
    (void)state;
    static const uint8_t key[ARCHIVE_KEY_LEN] = {9};
    const struct shelf_since since = {.kept = SHELF_ITSELF};
    struct archive *archive = NULL;
    now_s = NOW_S - 100 * DAY_S;
    (void)text(0);
    (void)text(1 + NOW_S + DAY_S);
    now_s = NOW_S;
    (void)text(0);
    assert_int_equal(archive_open(&archive, files, key, &ana.key, &note), ERR_OK);
    trimming.archive = archive_store(archive);
    for (size_t i = 0; i < 3; i++) {
        struct post post = posts_decoded(&posts, i);
        assert_int_equal(journal_own_post(journal, &posts.ids[i], posts.wires[i], &note), ERR_OK);
        if (i != 1) {
            assert_int_equal(archive_put(archive, &post, &posts.wires[i], 1, &since, now_s, &note),
                             ERR_OK);
        }
    }
    trims();
    assert_int_equal(words_in("journal", journal_key), 3);
    store_retain(store, &(struct store_retention_rules){.keep_s = 90 * DAY_S, .held = true});
    tends_the_store();
    trims();
    assert_true(store_floor(store) > 0);
    assert_true(journal_own_at(journal, 0).has_wire); /* the archive is not done yet */
    struct store_left kept = {.floor_s = store_floor(store)};
    store_release(store, &kept);
    tends_the_store();
    trims();
    assert_false(journal_own_at(journal, 0).has_wire);
    assert_true(journal_own_at(journal, 1).has_wire); /* the archive lacks it */
    assert_true(journal_own_at(journal, 2).has_wire); /* it is to come to the log */
    assert_int_equal(words_in("journal", journal_key), 2);
    assert_int_equal(words_in("archive", key), 2);
    archive_close(archive);
}

/* However much she wrote: what she takes back is met soon. */
static void what_is_known_by_its_id_alone_holds_up_nothing(void **state)
{
    (void)state;
    struct journal_adopted known[JOURNAL_ADOPTED_MAX] = {{.sent_count = 0}};
    for (uint32_t i = 0; i < 64 * JOURNAL_ADOPTED_MAX; i++) {
        octets_put_u32be(known[i % JOURNAL_ADOPTED_MAX].id.octets, i);
        if ((i + 1) % JOURNAL_ADOPTED_MAX == 0) {
            assert_int_equal(journal_adopt(journal, known, JOURNAL_ADOPTED_MAX, &note), ERR_OK);
        }
    }
    (void)text(now_s + 1);
    assert_int_equal(journal_own_post(journal, &posts.ids[0], posts.wires[0], &note), ERR_OK);
    now_s += 1;
    bool more = false;
    size_t last = journal_own_count(journal) - 1;
    assert_true(journal_own_at(journal, last).has_wire);
    assert_int_equal(trimming_slice(&trimming, &more, now_s, &note), ERR_OK);
    assert_false(journal_own_at(journal, last).has_wire);
}

/* A retract takes back no retract: it is no reason to forget one. */
static void a_retract_that_is_retracted_stays(void **state)
{
    (void)state;
    struct post_id id = text(0);
    struct post_id retract = person_retract(&posts, &ana, now_s + 1, id);
    (void)person_retract(&posts, &ana, now_s + 2, retract);
    assert_int_equal(journal_own_post(journal, &retract, posts.wires[1], &note), ERR_OK);
    writes(2);
    trims();
    assert_true(journal_own_at(journal, 0).has_wire);
}

/* In one life, by a sweep; in many short ones, where segments are brought together. */
static void the_journal_stays_small(void **state)
{
    (void)state;
    static const uint64_t lives[] = {1, 8};
    uint64_t generation = 0;
    (void)text(0);
    writes(0);
    for (size_t i = 0; i < 2; i++) {
        for (uint64_t life = 0; life < lives[i]; life++) {
            for (uint64_t k = 0; k < 6000 / lives[i]; k++) {
                assert_int_equal(journal_generation(journal, ++generation, &note), ERR_OK);
            }
            trims();
            close_all();
            open_all();
            trims();
        }
        assert_in_range(journal_disk_len(journal), 1, 2000);
        close_all();
        open_all();
        assert_int_equal(journal_generation_latest(journal), generation);
        assert_true(journal_own_at(journal, 0).has_wire);
        assert_int_equal(words_in("journal", journal_key), 1);
    }
}

/* Damage is met by whoever rewrites, and then nothing is written any more. */
static void damage_is_not_carried_over(void **state)
{
    (void)state;
    (void)text(0);
    (void)text(now_s + 5);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(journal_own_post(journal, &posts.ids[i], posts.wires[i], &note), ERR_OK);
    }
    now_s += 10;
    file_memory_flip(files, "journal/00000000.0", 60, 1);
    bool more = true;
    enum err_code rc = ERR_OK;
    while (more && rc == ERR_OK) {
        rc = trimming_slice(&trimming, &more, now_s, &note);
    }
    assert_int_equal(rc, ERR_DAMAGED);
    assert_int_equal(journal_generation(journal, 9, &note), ERR_DAMAGED);
    close_all();
    assert_int_equal(journal_open(&journal, files, journal_key, &note), ERR_DAMAGED);
    file_memory_flip(files, "journal/00000000.0", 60, 1);
    open_all();
}

/* Half way through, at any call: what is to go goes, and what is to stay is there. */
static void trimming_survives_a_crash_at_any_call(void **state)
{
    (void)state;
    (void)person_text(&posts, &ana, now_s, "stays", NULL);
    (void)text(now_s + 5);
    (void)person_text(&posts, &ana, now_s + 1, "stays too", NULL);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(journal_own_post(journal, &posts.ids[i], posts.wires[i], &note), ERR_OK);
    }
    now_s += 10;
    close_all();
    struct files *before = files;
    bool crashed = true;
    for (uint64_t nth = 1; crashed; nth++) {
        for (int outcome = FILE_MEMORY_DROP; outcome <= FILE_MEMORY_TEAR; outcome++) {
            files = file_memory_copy(before);
            open_all();
            file_memory_crash_at(files, nth);
            enum err_code rc = ERR_OK;
            for (bool more = true; more && rc == ERR_OK;) {
                rc = trimming_slice(&trimming, &more, now_s, &note);
            }
            close_all();
            crashed = file_memory_crashed(files);
            file_memory_restart(files, (enum file_memory_outcome)outcome);
            open_all();
            trims();
            assert_int_equal(words_in("journal", journal_key), 0);
            assert_int_equal(journal_own_count(journal), 3);
            assert_true(journal_is_own(journal, &posts.ids[1]));
            close_all();
            file_memory_free(files);
        }
    }
    files = before;
    open_all();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_she_took_back_is_nowhere),
        TEST(what_was_taken_back_before_it_was_stored_is_nowhere),
        TEST(what_expired_is_nowhere_and_a_wrong_clock_trims_nothing),
        TEST(what_two_peers_have_stands_in_the_log_alone),
        TEST(a_relay_keeps_what_peers_have),
        TEST(what_the_store_lacks_stays_whoever_has_it),
        TEST(what_left_by_age_stands_in_the_archive_alone),
        TEST(what_is_known_by_its_id_alone_holds_up_nothing),
        TEST(a_retract_that_is_retracted_stays),
        TEST(the_journal_stays_small),
        TEST(damage_is_not_carried_over),
        TEST(trimming_survives_a_crash_at_any_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
