/* More words than a table takes: posts are found by all of them, and a search does as much as it
 * would for any others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "store/index.h"
#include "store/view.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define NOW_S UINT64_C(2000000)

enum err_code __real_index_word(struct index *index, struct found *found, uint64_t *count,
                                uint64_t word_hash, uint64_t max, struct err_note *note);
enum err_code __wrap_index_word(struct index *index, struct found *found, uint64_t *count,
                                uint64_t word_hash, uint64_t max, struct err_note *note);

static uint64_t passed_count; /* positions that searches went through */

enum err_code __wrap_index_word(struct index *index, struct found *found, uint64_t *count,
                                uint64_t word_hash, uint64_t max, struct err_note *note)
{
    enum err_code rc = __real_index_word(index, found, count, word_hash, max, note);
    passed_count += rc == ERR_OK ? *count : 0;
    return rc;
}

static const uint8_t key[32] = {9};

enum { POSTS = 400, UNIQUE = 100, PROOFS = 5 };

struct flood {
    struct files *files;
    struct store *store;
    struct posts posts;
};

/* Each with words of its own, and words that all have. */
static void flood_open(struct flood *flood, const struct person *who)
{
    static char text[UNIQUE * 12];
    struct store_options options = {.kind = STORE_READ};
    *flood = (struct flood){.files = file_memory_new(8)};
    assert_int_equal(store_open_with(&flood->store, flood->files, key, &options, NULL), ERR_OK);
    for (size_t i = 0; i < POSTS; i++) {
        bool proof = i % (POSTS / PROOFS) == 0;
        size_t len = (size_t)snprintf(text, sizeof text, "all of it%s%s ", proof ? " proof" : "",
                                      i < POSTS / 2 ? "" : " late");
        for (size_t k = 0; k < UNIQUE; k++) {
            len += (size_t)snprintf(text + len, sizeof text - len, "w%zux%zu ", i, k);
        }
        (void)person_text(&flood->posts, who, 1000 + i, text, NULL);
        struct post post = posts_decoded(&flood->posts, i);
        enum store_put_result result;
        assert_int_equal(
            store_put(flood->store, &result, &post, &flood->posts.wires[i], 1, NOW_S, NULL),
            ERR_OK);
    }
}

static void flood_close(struct flood *flood)
{
    store_close(flood->store);
    posts_free(&flood->posts);
    file_memory_free(flood->files);
}

/* A post is found by the last of its words, which its table left out, and few others are. */
static void a_word_in_a_flood_of_words_is_found(void **state)
{
    (void)state;
    static const enum store_search searches[] = {STORE_ALL_WORDS, STORE_ANY_WORD};
    struct flood flood;
    struct person ana = person_of("ana");
    size_t found_count = 0;
    flood_open(&flood, &ana);
    for (size_t i = 0; i < 2 * POSTS; i++) {
        char word[24];
        struct found found = {.bits = NULL};
        (void)snprintf(word, sizeof word, "w%zux%d", i / 2, UNIQUE - 1);
        assert_int_equal(
            store_search(flood.store, &found, searches[i % 2], octets_of_text(word), NULL), ERR_OK);
        assert_true(found_has(&found, i / 2));
        for (uint64_t at = 0; at < POSTS; at++) {
            found_count += found_has(&found, at);
        }
        found_close(&found);
    }
    assert_in_range(found_count, 2 * POSTS, 6 * POSTS);
    flood_close(&flood);
}

static size_t reads_of(struct flood *flood, struct view *view, size_t expected, const char *words)
{
    struct view_page page;
    struct view_query query = {.what = VIEW_SEARCH,
                               .reach = VIEW_STRANGERS,
                               .words = octets_of_text(words),
                               .limit = 50,
                               .now_s = NOW_S};
    uint64_t before = file_memory_calls(flood->files, FILE_MEMORY_READ_AT);
    assert_int_equal(view_query(view, &page, &query, NULL), ERR_OK);
    assert_int_equal(page.count, expected);
    return (size_t)(file_memory_calls(flood->files, FILE_MEMORY_READ_AT) - before);
}

/* What is shown is read twice, compared and then laid out; of all else next to nothing is read,
 * though most posts have words that their table left out. */
static void a_search_reads_hardly_more_than_it_shows(void **state)
{
    (void)state;
    enum { IN_VAIN = POSTS / 40 };
    struct flood flood;
    struct view *view;
    struct person ana = person_of("ana");
    struct person bea = person_of("bea");
    struct vault_contents vault = {.kind = VAULT_PERSONAL};
    flood_open(&flood, &ana);
    assert_int_equal(view_new(&view, flood.store, &bea.key, NULL), ERR_OK);
    assert_int_equal(view_catch_up(view, NULL, NULL), ERR_OK);
    assert_int_equal(view_load(view, &vault, NULL), ERR_OK);
    assert_in_range(reads_of(&flood, view, 50, "all"), 50, 100 + IN_VAIN);
    assert_in_range(reads_of(&flood, view, PROOFS, "all proof"), PROOFS, 2 * PROOFS + IN_VAIN);
    assert_in_range(reads_of(&flood, view, 1, "all w9x99"), 1, 2 + IN_VAIN);
    assert_in_range(reads_of(&flood, view, 1, "w399x99"), 1, 2 + IN_VAIN);
    assert_in_range(reads_of(&flood, view, 0, "nobodys"), 0, IN_VAIN);
    assert_in_range(reads_of(&flood, view, 0, "all nobodys"), 0, IN_VAIN);
    view_free(view);
    flood_close(&flood);
}

static uint64_t passes_for(struct flood *flood, const char *folded)
{
    struct found found = {.bits = NULL};
    passed_count = 0;
    assert_int_equal(
        store_search(flood->store, &found, STORE_ALL_WORDS, octets_of_text(folded), NULL), ERR_OK);
    found_close(&found);
    return passed_count;
}

/* SPEC 9.7: how long it takes does not tell how often a word is used, whether a table took it or
 * left it out. */
static void a_search_goes_through_as_much_for_a_word_in_all_posts_as_for_one_in_none(void **state)
{
    (void)state;
    struct flood flood;
    struct person ana = person_of("ana");
    flood_open(&flood, &ana);
    uint64_t one = passes_for(&flood, "nobodys");
    uint64_t two = passes_for(&flood, "nobodys nothing");
    assert_true(one > POSTS && two > one);
    assert_int_equal(passes_for(&flood, "all"), one);
    assert_int_equal(passes_for(&flood, "proof"), one);
    assert_int_equal(passes_for(&flood, "w0x0"), one);
    assert_int_equal(passes_for(&flood, "late"), one);
    assert_int_equal(passes_for(&flood, "all late"), two);
    flood_close(&flood);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_in_a_flood_of_words_is_found),
        cmocka_unit_test(a_search_reads_hardly_more_than_it_shows),
        cmocka_unit_test(a_search_goes_through_as_much_for_a_word_in_all_posts_as_for_one_in_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
