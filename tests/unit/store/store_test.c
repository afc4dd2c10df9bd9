#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/store.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define NOW_S     1000000
#define DAY_S     86400
#define POSTS_MAX 64
#define SEGMENT   "log/00000000.0"

static const uint8_t key[32] = {1, 2, 3};
static struct err_note note;
static struct person ana, bea;
static struct files *files;
static struct store *store;
static enum store_put_result results[POSTS_MAX];

static int set_up(void **state)
{
    (void)state;
    ana = person_of("ana");
    bea = person_of("bea");
    files = file_memory_new(1);
    note = (struct err_note){{0}};
    assert_int_equal(store_open(&store, files, key, STORE_READ, &note), ERR_OK);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_close(store);
    store = NULL;
    file_memory_free(files);
    return 0;
}

static void reopen(void)
{
    store_close(store);
    store = NULL;
    assert_int_equal(store_open(&store, files, key, STORE_READ, &note), ERR_OK);
}

/* Put posts[first ..] of the list as one batch. */
static enum err_code put_from(const struct posts *posts, size_t first)
{
    struct post decoded[POSTS_MAX];
    size_t count = posts->count - first;
    assert_true(count <= POSTS_MAX);
    for (size_t i = 0; i < count; i++) {
        decoded[i] = posts_decoded(posts, first + i);
    }
    return store_put(store, results, decoded, posts->wires + first, count, NOW_S, &note);
}

static enum err_code body_of(const struct post_id *id, struct octets expected)
{
    static uint8_t octets[POST_WIRE_MAX];
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    enum err_code rc = store_body(store, &wire, id, &note);
    if (rc == ERR_OK) {
        assert_true(octets_equal(octets_of(wire.at, wire.len), expected));
    }
    return rc;
}

static bool known(const struct post_id *id)
{
    bool is_known;
    assert_int_equal(store_known(store, &is_known, id, 1, &note), ERR_OK);
    return is_known;
}

static uint64_t all_count(void)
{
    static struct negentropy_batch batch;
    static struct negentropy_results answers;
    static struct negentropy_item items[32];
    batch = (struct negentropy_batch){.queries_count = 1};
    batch.queries[0].kind = NEGENTROPY_FOLD;
    batch.queries[0].lower = negentropy_bound_zero();
    batch.queries[0].upper = negentropy_bound_infinity();
    answers.items = items;
    answers.items_cap = 32;
    assert_int_equal(store_answer(store, &answers, &batch, &note), ERR_OK);
    assert_int_equal(answers.answers_count, 1);
    return answers.answers[0].fold.count;
}

static void what_was_put_is_read_now_and_after_reopening(void **state)
{
    (void)state;
    struct posts posts = {0};
    for (uint64_t i = 0; i < 20; i++) {
        person_text(&posts, i % 2 == 0 ? &ana : &bea, 1000 - i, "me too", "metoo");
    }
    assert_int_equal(put_from(&posts, 0), ERR_OK);
    for (int times = 0; times < 3; times++) {
        for (size_t i = 0; i < posts.count; i++) {
            assert_int_equal(body_of(&posts.ids[i], posts.wires[i]), ERR_OK);
            assert_true(known(&posts.ids[i]));
        }
        assert_int_equal(all_count(), 20);
        assert_int_equal(store_end(store), 20);
        assert_int_equal(store_stats(store).quarantined_count, 0);
        reopen();
    }
    posts_free(&posts);
}

static void walking_goes_in_order_of_arrival_over_restarts(void **state)
{
    (void)state;
    struct posts posts = {0};
    for (uint64_t i = 0; i < 9; i++) {
        size_t first = posts.count;
        person_text(&posts, &ana, 5000 - i, "a", NULL);
        person_text(&posts, &bea, 6000 - i, "b", NULL);
        assert_int_equal(put_from(&posts, first), ERR_OK);
        if (i % 3 == 2) {
            reopen();
        }
    }
    uint8_t octets[POST_WIRE_MAX];
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    uint64_t position = 0;
    uint64_t at = 0;
    for (size_t i = 0; i < posts.count; i++) {
        assert_int_equal(store_next(store, &wire, &at, &position, &note), ERR_OK);
        assert_true(octets_equal(octets_of(wire.at, wire.len), posts.wires[i]));
        assert_int_equal(at, i);
        assert_int_equal(store_at(store, &wire, at, &note), ERR_OK);
        assert_true(octets_equal(octets_of(wire.at, wire.len), posts.wires[i]));
    }
    assert_int_equal(store_next(store, &wire, &at, &position, &note), ERR_NOT_FOUND);
    assert_int_equal(store_at(store, &wire, posts.count, &note), ERR_NOT_FOUND);
    posts_free(&posts);
}

static void the_same_post_is_stored_once(void **state)
{
    (void)state;
    struct posts posts = {0};
    struct post_id id = person_text(&posts, &ana, 1000, "once", NULL);
    posts_add(&posts, posts.wires[0], id);
    assert_int_equal(put_from(&posts, 0), ERR_OK);
    assert_int_equal(results[0], STORE_NEW);
    assert_int_equal(results[1], STORE_THERE);
    assert_int_equal(put_from(&posts, 0), ERR_OK);
    assert_int_equal(results[0], STORE_THERE);
    assert_int_equal(store_stats(store).records_count, 1);
    posts_free(&posts);
}

static void assert_gone(const struct post_id *id)
{
    assert_true(known(id));
    assert_int_equal(body_of(id, octets_of(NULL, 0)), ERR_NOT_FOUND);
}

static void a_retract_takes_its_subject_out_in_either_order(void **state)
{
    (void)state;
    for (int order = 0; order < 4; order++) {
        struct posts posts = {0};
        uint64_t created_s = 1000 + (uint64_t)order * 10;
        uint64_t before = all_count();
        struct post_id subject = person_text(&posts, &ana, created_s, "no", NULL);
        struct octets wire = posts.wires[0];
        if (order == 0) { /* apart, subject first */
            assert_int_equal(put_from(&posts, 0), ERR_OK);
            person_retract(&posts, &ana, created_s + 1, subject);
            assert_int_equal(put_from(&posts, 1), ERR_OK);
        } else if (order == 1) { /* together, subject first */
            person_retract(&posts, &ana, created_s + 1, subject);
            assert_int_equal(put_from(&posts, 0), ERR_OK);
        } else { /* subject last, together or apart */
            person_retract(&posts, &ana, created_s + 1, subject);
            posts_add(&posts, wire, subject);
            if (order == 3) {
                struct post retract = posts_decoded(&posts, 1);
                assert_int_equal(
                    store_put(store, results, &retract, posts.wires + 1, 1, NOW_S, &note), ERR_OK);
                assert_false(known(&subject));
            }
            assert_int_equal(put_from(&posts, 1), ERR_OK);
            assert_int_equal(results[1], STORE_REFUSED);
        }
        assert_gone(&subject);
        assert_int_equal(all_count(), before + 1);
        assert_int_equal(put_from(&posts, 0), ERR_OK);
        assert_int_equal(results[0], STORE_REFUSED);
        reopen();
        assert_int_equal(all_count(), before + 1);
        assert_int_equal(put_from(&posts, 0), ERR_OK);
        assert_int_equal(results[0], STORE_REFUSED);
        assert_gone(&subject);
        posts_free(&posts);
    }
}

static void somebody_elses_retract_does_nothing(void **state)
{
    (void)state;
    struct posts posts = {0};
    struct post_id subject = person_text(&posts, &ana, 1000, "mine", NULL);
    struct octets wire = posts.wires[0];
    person_retract(&posts, &bea, 1001, subject);
    assert_int_equal(put_from(&posts, 0), ERR_OK);
    assert_int_equal(body_of(&subject, wire), ERR_OK);
    reopen();
    assert_int_equal(body_of(&subject, wire), ERR_OK);
    struct post_id later = person_text(&posts, &ana, 1002, "mine too", NULL);
    struct octets later_wire = posts.wires[2];
    person_retract(&posts, &bea, 1003, later);
    assert_int_equal(put_from(&posts, 3), ERR_OK);
    assert_int_equal(put_from(&posts, 2), ERR_OK);
    assert_int_equal(results[0], STORE_NEW);
    assert_int_equal(body_of(&later, later_wire), ERR_OK);
    posts_free(&posts);
}

static void a_retract_cannot_be_taken_back(void **state)
{
    (void)state;
    struct posts posts = {0};
    struct post_id subject = person_text(&posts, &ana, 1000, "no", NULL);
    struct post_id retract = person_retract(&posts, &ana, 1001, subject);
    person_retract(&posts, &ana, 1002, retract);
    assert_int_equal(put_from(&posts, 0), ERR_OK);
    assert_gone(&subject);
    assert_int_equal(body_of(&retract, posts.wires[1]), ERR_OK);
    reopen();
    assert_gone(&subject);
    assert_int_equal(all_count(), 2);
    posts_free(&posts);
}

static struct post_id expiring(struct posts *posts, uint64_t expires_s)
{
    struct post_draft draft = {
        .kind = POST_TEXT,
        .created_s = NOW_S - 100,
        .expires_s = expires_s,
        .text = octets_of_text("for a while"),
    };
    return person_draft(posts, &ana, &draft);
}

static void what_has_expired_is_refused_and_known(void **state)
{
    (void)state;
    struct posts posts = {0};
    struct post_id past = expiring(&posts, NOW_S);
    struct post_id soon = expiring(&posts, NOW_S + 1);
    assert_int_equal(put_from(&posts, 0), ERR_OK);
    assert_int_equal(results[0], STORE_REFUSED);
    assert_int_equal(results[1], STORE_NEW);
    assert_gone(&past);
    bool more;
    assert_int_equal(store_tend(store, &more, NOW_S + 2 * DAY_S, &note), ERR_OK);
    assert_gone(&soon);
    assert_int_equal(all_count(), 0);
    posts_free(&posts);
}

static void another_key_does_not_open_it(void **state)
{
    (void)state;
    struct posts posts = {0};
    person_text(&posts, &ana, 1000, "me too", NULL);
    assert_int_equal(put_from(&posts, 0), ERR_OK);
    store_close(store);
    store = NULL;
    static const uint8_t other[32] = {9};
    assert_int_equal(store_open(&store, files, other, STORE_READ, &note), ERR_DAMAGED);
    assert_null(store);
    posts_free(&posts);
}

static void nothing_lies_there_in_the_clear(void **state)
{
    (void)state;
    struct posts posts = {0};
    struct post_id id = person_text(&posts, &ana, 1000, "a secret sentence", "metoo");
    assert_int_equal(put_from(&posts, 0), ERR_OK);
    reopen();
    assert_false(file_memory_contains(files, "secret", 6));
    assert_false(file_memory_contains(files, "metoo", 5));
    assert_false(file_memory_contains(files, id.octets, 8));
    assert_false(file_memory_contains(files, ana.key.octets, 8));
    posts_free(&posts);
}

static void a_missing_segment_or_manifest_is_noticed(void **state)
{
    (void)state;
    struct posts posts = {0};
    person_text(&posts, &ana, 1000, "me too", NULL);
    assert_int_equal(put_from(&posts, 0), ERR_OK);
    store_close(store);
    store = NULL;
    assert_int_equal(files->rename(files, SEGMENT, "aside", &note), ERR_OK);
    assert_int_equal(store_open(&store, files, key, STORE_READ, &note), ERR_ROLLBACK);
    assert_int_equal(files->rename(files, "aside", SEGMENT, &note), ERR_OK);
    assert_int_equal(files->remove(files, "log/manifest", &note), ERR_OK);
    assert_int_equal(store_open(&store, files, key, STORE_READ, &note), ERR_DAMAGED);
    posts_free(&posts);
}

static void an_error_in_writing_refuses_further_puts_until_reopened(void **state)
{
    (void)state;
    static const struct {
        enum file_memory_call call;
        enum err_code code;
    } faults[] = {
        {FILE_MEMORY_APPEND, ERR_NO_SPACE}, {FILE_MEMORY_SYNC, ERR_IO},
        {FILE_MEMORY_CREATE, ERR_NO_SPACE}, {FILE_MEMORY_RENAME, ERR_IO},
        {FILE_MEMORY_SYNC_DIR, ERR_IO},
    };
    struct posts posts = {0};
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        size_t first = posts.count;
        struct post_id id = person_text(&posts, &ana, 1000 + i, "me too", NULL);
        file_memory_fail(files, faults[i].call, 1, faults[i].code);
        assert_int_equal(put_from(&posts, first), faults[i].code);
        assert_false(known(&id));
        assert_int_equal(put_from(&posts, first), faults[i].code);
        reopen();
        assert_int_equal(put_from(&posts, first), ERR_OK);
        for (size_t j = 0; j < posts.count; j++) {
            assert_int_equal(body_of(&posts.ids[j], posts.wires[j]), ERR_OK);
        }
        reopen();
    }
    assert_int_equal(all_count(), posts.count);
    assert_int_equal(store_stats(store).quarantined_count, 0);
    posts_free(&posts);
}

static void a_damaged_record_is_asked_for_again(void **state)
{
    (void)state;
    struct posts posts = {0};
    for (uint64_t i = 0; i < 3; i++) {
        person_text(&posts, &ana, 1000 + i, "me too", NULL);
    }
    assert_int_equal(put_from(&posts, 0), ERR_OK);
    file_memory_flip(files, SEGMENT, 4 + 19 + posts.wires[0].len + 40, 0x10);
    assert_int_equal(body_of(&posts.ids[0], posts.wires[0]), ERR_OK);
    assert_int_equal(body_of(&posts.ids[1], posts.wires[1]), ERR_DAMAGED);
    assert_false(known(&posts.ids[1]));
    assert_int_equal(body_of(&posts.ids[1], posts.wires[1]), ERR_NOT_FOUND);
    assert_int_equal(store_stats(store).quarantined_count, 1);
    assert_int_equal(put_from(&posts, 0), ERR_OK);
    assert_int_equal(results[1], STORE_NEW);
    assert_int_equal(body_of(&posts.ids[1], posts.wires[1]), ERR_OK);
    reopen();
    assert_int_equal(body_of(&posts.ids[1], posts.wires[1]), ERR_OK);
    assert_int_equal(all_count(), 3);
    posts_free(&posts);
}

static void big_posts_fill_frames_and_stay_whole(void **state)
{
    (void)state;
    static char text[30001];
    struct posts posts = {0};
    for (size_t i = 0; i < 40; i++) {
        size_t len = (i * 7919) % 30000;
        memset(text, 'a', len);
        text[len] = '\0';
        person_text(&posts, &ana, 1000 + i, text, NULL);
    }
    assert_int_equal(put_from(&posts, 0), ERR_OK);
    reopen();
    for (size_t i = 0; i < posts.count; i++) {
        assert_int_equal(body_of(&posts.ids[i], posts.wires[i]), ERR_OK);
    }
    posts_free(&posts);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_put_is_read_now_and_after_reopening),
        TEST(walking_goes_in_order_of_arrival_over_restarts),
        TEST(the_same_post_is_stored_once),
        TEST(a_retract_takes_its_subject_out_in_either_order),
        TEST(somebody_elses_retract_does_nothing),
        TEST(a_retract_cannot_be_taken_back),
        TEST(what_has_expired_is_refused_and_known),
        TEST(another_key_does_not_open_it),
        TEST(nothing_lies_there_in_the_clear),
        TEST(a_missing_segment_or_manifest_is_noticed),
        TEST(an_error_in_writing_refuses_further_puts_until_reopened),
        TEST(a_damaged_record_is_asked_for_again),
        TEST(big_posts_fill_frames_and_stay_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
