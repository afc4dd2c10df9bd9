/* The archive by itself: what it holds and why, after its files were damaged too (SPEC 10.15). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/archive.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define NOW_S     UINT64_C(1700000000)
#define DAY_S     86400
#define DAY       19000
#define POSTS     6
#define ITSELF    4 /* the first ones are there for themselves, the rest for others' sake */
#define PATHS_MAX 32
#define SMALL_LEN 256
#define STRIDE    23

static const uint8_t key[ARCHIVE_KEY_LEN] = {4, 5, 6};
static struct err_note note;
static struct files *files;
static struct archive *archive;
static struct person bea, cem;
static struct posts posts;

static void put(size_t first, size_t end, enum shelf_why why)
{
    struct post decoded[POSTS];
    const struct shelf_since since = {.kept = why, .day = DAY};
    for (size_t i = first; i < end; i++) {
        decoded[i] = posts_decoded(&posts, i);
    }
    assert_int_equal(archive_put(archive, decoded + first, posts.wires + first, end - first, &since,
                                 NOW_S, &note),
                     ERR_OK);
}

static int set_up(void **state)
{
    (void)state;
    bea = person_of("bea");
    cem = person_of("cem");
    posts = (struct posts){0};
    note = (struct err_note){{0}};
    files = file_memory_new(3);
    assert_int_equal(archive_open(&archive, files, key, &bea.key, &note), ERR_OK);
    for (uint64_t i = 0; i < POSTS; i++) {
        (void)person_text(&posts, &cem, NOW_S + i, "nobody is to read this", "onlymine");
    }
    put(0, ITSELF, SHELF_ITSELF);
    put(ITSELF, POSTS, SHELF_CONTEXT);
    assert_int_equal(archive_floor_set(archive, (uint64_t)DAY * DAY_S, &note), ERR_OK);
    archive_close(archive);
    archive = NULL;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    archive_close(archive);
    archive = NULL;
    posts_free(&posts);
    file_memory_free(files);
    return 0;
}

/* Whether the post is there: then it is the right one, for the right reason. */
static bool holds(size_t i)
{
    uint8_t octets[POST_WIRE_MAX];
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    struct store *store = archive_store(archive);
    uint64_t position = 0;
    uint32_t day = 0;
    enum err_code rc = store_body(store, &wire, &posts.ids[i], &note);
    if (rc != ERR_OK) {
        assert_true(rc == ERR_NOT_FOUND || rc == ERR_DAMAGED);
        return false;
    }
    assert_int_equal(wire.len, posts.wires[i].len);
    assert_memory_equal(wire.at, posts.wires[i].at, wire.len);
    assert_int_equal(store_position(store, &position, &posts.ids[i], &note), ERR_OK);
    assert_int_equal(archive_why(archive, position, &day),
                     i < ITSELF ? SHELF_ITSELF : SHELF_CONTEXT);
    assert_int_equal(day, DAY);
    return true;
}

static size_t held_count(void)
{
    size_t count = 0;
    for (size_t i = 0; i < POSTS; i++) {
        count += holds(i) ? 1 : 0;
    }
    return count;
}

static void what_it_holds_and_why_is_known_after_opening(void **state)
{
    (void)state;
    assert_int_equal(archive_open(&archive, files, key, &bea.key, &note), ERR_OK);
    assert_int_equal(held_count(), POSTS);
    assert_int_equal(archive_floor(archive), (uint64_t)DAY * DAY_S);
}

static char paths[PATHS_MAX][64];
static size_t paths_count;

static void note_path(void *context, const char *path)
{
    (void)context;
    assert_true(paths_count < PATHS_MAX);
    (void)snprintf(paths[paths_count++], sizeof paths[0], "%s", path);
}

/* What is missing is counted, or nothing opens. */
static bool opens_honestly(void)
{
    enum err_code rc = archive_open(&archive, files, key, &bea.key, &note);
    if (rc != ERR_OK) {
        assert_true(rc == ERR_DAMAGED || rc == ERR_ROLLBACK);
        archive = NULL;
        return false;
    }
    uint64_t missing_count = POSTS - held_count();
    assert_true(missing_count <= store_stats(archive_store(archive)).quarantined_count);
    assert_int_equal(archive_floor(archive), (uint64_t)DAY * DAY_S);
    archive_close(archive);
    archive = NULL;
    return true;
}

static void damage_is_refused_or_counted(void **state)
{
    (void)state;
    struct files *whole = files;
    size_t opened_count = 0;
    size_t tried_count = 0;
    paths_count = 0;
    file_memory_each(whole, note_path, NULL);
    for (size_t i = 0; i < paths_count; i++) {
        size_t len = file_memory_len(whole, paths[i]);
        for (size_t at = 0; at < len; at += len <= SMALL_LEN ? 1 : STRIDE) {
            files = file_memory_copy(whole);
            file_memory_flip(files, paths[i], at, (uint8_t)(1u << at % 8));
            opened_count += opens_honestly() ? 1 : 0;
            tried_count++;
            file_memory_free(files);
        }
        files = file_memory_copy(whole);
        file_memory_take_away(files, paths[i]);
        opened_count += opens_honestly() ? 1 : 0;
        tried_count++;
        file_memory_free(files);
    }
    files = whole;
    assert_true(opened_count > 0 && opened_count < tried_count);
}

#define SEGMENT "archive/00000000.0"

/* As a process that is killed leaves it: then this stands where that segment stood. */
static void is_killed_and_opened_again(struct octets segment)
{
    struct files *left = file_memory_copy(files);
    archive_close(archive);
    file_memory_free(files);
    files = left;
    if (segment.len > 0) {
        file_memory_put(files, SEGMENT, segment);
    }
    assert_int_equal(archive_open(&archive, files, key, &bea.key, &note), ERR_OK);
}

static void begin_anew(void)
{
    file_memory_free(files);
    files = file_memory_new(4);
    assert_int_equal(archive_open(&archive, files, key, &bea.key, &note), ERR_OK);
}

/* No batch was begun behind it: the log alone would take it for one that nobody was told is there.
 */
static void what_is_missing_at_its_end_is_counted(void **state)
{
    (void)state;
    begin_anew();
    put(0, ITSELF, SHELF_ITSELF);
    put(ITSELF, POSTS, SHELF_CONTEXT);
    assert_int_equal(archive_floor_set(archive, (uint64_t)DAY * DAY_S, &note), ERR_OK);
    struct octets whole = file_memory_octets(files, SEGMENT);
    uint8_t *cut = malloc(whole.len);
    assert_non_null(cut);
    memcpy(cut, whole.at, whole.len);
    is_killed_and_opened_again(octets_of(cut, whole.len - 1));
    free(cut);
    assert_int_equal(held_count(), POSTS - 1);
    assert_int_equal(store_stats(archive_store(archive)).quarantined_count, 0);
    assert_int_equal(archive_missing(archive), 1);
}

static unsigned kills_count;

/* A process that was killed wrote the file last; the next one goes by what it says, and then the
 * machine stops. */
static void kill_and_crash(void *context, enum file_memory_call call, const char *path)
{
    const struct files *living = context;
    if (call != FILE_MEMORY_SYNC_DIR || strcmp(path, "archive") != 0) {
        return;
    }
    for (unsigned i = 0; i < 4; i++) {
        struct archive *opened = NULL;
        struct files *killed = file_memory_after_kill(living, i);
        assert_int_equal(archive_open(&opened, killed, key, &bea.key, &note), ERR_OK);
        uint64_t told_s = archive_floor(opened);
        archive_close(opened);
        opened = NULL;
        struct files *left = file_memory_after_crash(killed, FILE_MEMORY_DROP, i);
        assert_int_equal(archive_open(&opened, left, key, &bea.key, &note), ERR_OK);
        assert_int_equal(archive_floor(opened), told_s);
        archive_close(opened);
        file_memory_free(left);
        file_memory_free(killed);
        kills_count += told_s == (DAY + 1) * (uint64_t)DAY_S ? 1 : 0;
    }
}

/* The store's floor would rise to it, and the home be refused after the crash. */
static void what_it_says_after_a_kill_it_says_after_a_crash(void **state)
{
    (void)state;
    struct file_memory_hook hook = {.context = files, .before = kill_and_crash};
    assert_int_equal(archive_open(&archive, files, key, &bea.key, &note), ERR_OK);
    file_memory_hook(files, &hook);
    kills_count = 0;
    assert_int_equal(archive_floor_set(archive, (DAY + 1) * (uint64_t)DAY_S, &note), ERR_OK);
    file_memory_hook(files, NULL);
    assert_int_equal(kills_count, 4);
}

/* What was said of posts that did not come says nothing of those that come in their place. */
static void a_crash_gives_no_post_anothers_reason(void **state)
{
    (void)state;
    begin_anew();
    put(0, ITSELF - 1, SHELF_ITSELF);
    struct octets before = file_memory_octets(files, SEGMENT);
    uint8_t *torn = malloc(before.len);
    assert_non_null(torn);
    memcpy(torn, before.at, before.len);
    struct octets segment = octets_of(torn, before.len);
    put(ITSELF, POSTS, SHELF_CONTEXT);
    is_killed_and_opened_again(segment);
    free(torn);
    put(ITSELF - 1, ITSELF, SHELF_ITSELF);
    is_killed_and_opened_again(octets_of(NULL, 0));
    assert_int_equal(held_count(), ITSELF);
}

static enum err_code beside(bool *anew, uint64_t floor_s, uint64_t generation)
{
    const struct store_left left = {.floor_s = floor_s, .generation = generation};
    return archive_beside(archive, anew, &left, &note);
}

/* Its floor is the same: by that alone nobody could tell. */
static void one_that_was_set_back_within_a_floor_is_refused(void **state)
{
    (void)state;
    bool anew = true;
    struct files *before = file_memory_copy(files);
    assert_int_equal(archive_open(&archive, files, key, &bea.key, &note), ERR_OK);
    struct store_left then = archive_state(archive);
    assert_int_equal(beside(&anew, then.floor_s, then.generation), ERR_OK);
    assert_false(anew);
    (void)person_text(&posts, &cem, NOW_S + POSTS, "one more", NULL);
    struct post one_more = posts_decoded(&posts, POSTS);
    const struct shelf_since since = {.kept = SHELF_WITH, .day = DAY};
    assert_int_equal(archive_put(archive, &one_more, &posts.wires[POSTS], 1, &since, NOW_S, &note),
                     ERR_OK);
    struct store_left now = archive_state(archive);
    assert_int_equal(now.floor_s, then.floor_s);
    assert_true(now.generation > then.generation);
    assert_int_equal(beside(&anew, then.floor_s, then.generation), ERR_OK); /* as after a crash */
    archive_close(archive);
    archive = NULL;
    file_memory_free(files);
    files = before;
    assert_int_equal(archive_open(&archive, files, key, &bea.key, &note), ERR_OK);
    assert_int_equal(beside(&anew, now.floor_s, now.generation), ERR_ROLLBACK);
    assert_int_equal(beside(&anew, now.floor_s + DAY_S, then.generation), ERR_ROLLBACK);
    assert_int_equal(beside(&anew, then.floor_s, then.generation), ERR_OK);
}

/* It goes on from where the one that was taken away had come to, and counts on from there. */
static void an_empty_one_goes_on_where_posts_left(void **state)
{
    (void)state;
    bool anew = false;
    begin_anew();
    assert_int_equal(beside(&anew, (uint64_t)DAY * DAY_S, 9), ERR_OK);
    assert_true(anew);
    for (unsigned times = 0; times < 2; times++) {
        assert_int_equal(archive_floor(archive), (uint64_t)DAY * DAY_S);
        assert_true(archive_state(archive).generation > 9);
        assert_int_equal(beside(&anew, (uint64_t)DAY * DAY_S, 9), ERR_OK);
        assert_false(anew);
        archive_close(archive);
        assert_int_equal(archive_open(&archive, files, key, &bea.key, &note), ERR_OK);
    }
}

static void nothing_stands_in_the_clear(void **state)
{
    (void)state;
    static const char *const words[] = {"nobody is", "onlymine"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        assert_false(file_memory_contains(files, words[i], strlen(words[i])));
    }
    for (size_t i = 0; i < POSTS; i++) {
        assert_false(file_memory_contains(files, posts.ids[i].octets, 8));
    }
    assert_false(file_memory_contains(files, cem.key.octets, 8));
}

static void another_key_opens_nothing(void **state)
{
    (void)state;
    static const uint8_t other[ARCHIVE_KEY_LEN] = {6, 5, 4};
    assert_int_equal(archive_open(&archive, files, other, &bea.key, &note), ERR_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_it_holds_and_why_is_known_after_opening, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(damage_is_refused_or_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_missing_at_its_end_is_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_it_says_after_a_kill_it_says_after_a_crash, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_crash_gives_no_post_anothers_reason, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_was_set_back_within_a_floor_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_empty_one_goes_on_where_posts_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_stands_in_the_clear, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_key_opens_nothing, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
