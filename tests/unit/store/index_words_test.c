/* Which of the newest posts hold a word: the table beside a plain list of pairs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/index_words.h"

#define WORDS_COUNT 300
#define POSTS_COUNT 4000
#define PER_POST    12

/* Some words in every post, most in few, as people write. */
static uint64_t seed = 1;

static uint32_t random_below(uint32_t bound)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % bound;
}

static uint64_t hash_of(uint32_t word)
{
    return (word + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint32_t some_word(void)
{
    return random_below(1 + random_below(1 + random_below(WORDS_COUNT)));
}

static bool holds[WORDS_COUNT][POSTS_COUNT];
static uint32_t positions[POSTS_COUNT];

static void fill(struct index_words *words)
{
    uint32_t position = 0;
    memset(holds, 0, sizeof holds);
    for (size_t post = 0; post < POSTS_COUNT; post++) {
        uint64_t hashes[PER_POST];
        position += 1 + (random_below(100) == 0 ? random_below(3000000) : random_below(3));
        positions[post] = position;
        for (size_t i = 0; i < PER_POST; i++) {
            uint32_t word = some_word();
            holds[word][post] = true;
            hashes[i] = hash_of(word);
        }
        assert_int_equal(
            index_words_add(words, &(struct index_words_post){.position = position,
                                                              .hashes = hashes,
                                                              .hashes_count = PER_POST}),
            ERR_OK);
    }
}

static uint64_t expect_positions(struct index_words_cursor *cursor, uint32_t word)
{
    uint64_t count = 0;
    uint32_t position;
    for (size_t post = 0; post < POSTS_COUNT; post++) {
        if (holds[word][post]) {
            assert_true(index_words_next(cursor, &position));
            assert_int_equal(position, positions[post]);
            count++;
        }
    }
    assert_false(index_words_next(cursor, &position));
    return count;
}

static void each_word_gives_its_positions_ascending_and_once(void **state)
{
    (void)state;
    struct index_words words = {.words = NULL};
    fill(&words);
    uint64_t pairs_count = 0;
    for (uint32_t word = 0; word < WORDS_COUNT; word++) {
        struct index_words_cursor cursor;
        bool found = index_words_find(&words, &cursor, hash_of(word));
        uint64_t count = expect_positions(&cursor, word);
        assert_int_equal(found, count > 0);
        pairs_count += count;
    }
    assert_int_equal(words.pairs_count, pairs_count);
    index_words_close(&words);
}

static void all_words_are_handed_out_to_be_written_down(void **state)
{
    (void)state;
    struct index_words words = {.words = NULL};
    fill(&words);
    uint32_t met_count = 0;
    for (uint32_t i = 0; i < words.words_count; i++) {
        for (uint32_t word = 0; word < WORDS_COUNT; word++) {
            if (words.words[i].hash == hash_of(word)) {
                struct index_words_cursor cursor;
                index_words_of(&words, &cursor, i);
                assert_true(expect_positions(&cursor, word) > 0);
                met_count++;
            }
        }
    }
    assert_int_equal(met_count, words.words_count);
    index_words_close(&words);
}

static void an_empty_table_has_no_word(void **state)
{
    (void)state;
    struct index_words words = {.words = NULL};
    struct index_words_cursor cursor;
    uint32_t position;
    assert_false(index_words_find(&words, &cursor, hash_of(1)));
    assert_false(index_words_next(&cursor, &position));
    index_words_close(&words);
}

static void a_common_word_takes_little(void **state)
{
    (void)state;
    struct index_words words = {.words = NULL};
    uint64_t hash = hash_of(7);
    for (uint32_t position = 0; position < 100000; position++) {
        assert_int_equal(index_words_add(&words, &(struct index_words_post){.position = position,
                                                                            .hashes = &hash,
                                                                            .hashes_count = 1}),
                         ERR_OK);
    }
    assert_in_range(words.pool_len, 1, 103000);
    index_words_close(&words);
}

static enum err_code add_post(struct index_words *words, uint32_t position, const uint64_t *hashes,
                              size_t count)
{
    return index_words_add(
        words,
        &(struct index_words_post){.position = position, .hashes = hashes, .hashes_count = count});
}

static bool has(const struct index_words *words, uint64_t hash, uint32_t position)
{
    struct index_words_cursor cursor;
    uint32_t found = UINT32_MAX;
    bool there = index_words_find(words, &cursor, hash);
    while (there && found != position && index_words_next(&cursor, &found)) {
    }
    return there && found == position;
}

static size_t count_of(const struct index_words *words, uint64_t hash)
{
    struct index_words_cursor cursor;
    uint32_t position;
    size_t count = 0;
    bool found = index_words_find(words, &cursor, hash);
    while (found && index_words_next(&cursor, &position)) {
        count++;
    }
    return count;
}

enum { FLOOD_POSTS = 8000, FLOOD_UNIQUE = 100, FLOOD_COMMON = 20 };

static void flood(struct index_words *words)
{
    uint32_t next = WORDS_COUNT;
    for (uint32_t position = 0; position < FLOOD_POSTS; position++) {
        uint64_t hashes[FLOOD_COMMON + FLOOD_UNIQUE];
        for (size_t i = 0; i < FLOOD_COMMON + FLOOD_UNIQUE; i++) {
            hashes[i] = hash_of(i < FLOOD_COMMON ? (uint32_t)i : next++);
        }
        assert_int_equal(add_post(words, position, hashes, FLOOD_COMMON + FLOOD_UNIQUE), ERR_OK);
        for (size_t i = FLOOD_COMMON; i < FLOOD_COMMON + FLOOD_UNIQUE; i++) {
            assert_true(has(words, hashes[i], position) ||
                        has(words, index_words_rest(hashes[i]), position));
        }
    }
    for (uint32_t i = 0; i < FLOOD_COMMON; i++) { /* what is known is never left out */
        assert_int_equal(count_of(words, hash_of(i)), FLOOD_POSTS);
    }
}

/* Words that nobody else uses cost eleven octets each on the disk: of a flood few are taken. */
static void of_a_flood_of_new_words_few_are_taken(void **state)
{
    (void)state;
    struct index_words words = {.words = NULL};
    flood(&words);
    assert_true(words.words_count - words.rests_count <=
                INDEX_WORDS_FREE + words.pairs_count / INDEX_WORDS_PAIRS + 1);
    assert_true(words.rests_count <= 1u << INDEX_WORDS_REST_BITS);
    assert_true(words.words_count < FLOOD_POSTS * FLOOD_UNIQUE / 8);
    index_words_close(&words);
}

/* Whatever the flood, a search reads one in thousands of its words in vain. */
static void what_stands_for_words_left_out_stands_for_few(void **state)
{
    (void)state;
    enum { ASKED = 1000 };
    struct index_words words = {.words = NULL};
    flood(&words);
    size_t count = 0;
    for (uint32_t i = 0; i < ASKED; i++) {
        uint64_t nobodys = hash_of(10000000 + i);
        assert_int_equal(count_of(&words, nobodys), 0);
        count += count_of(&words, index_words_rest(nobodys));
    }
    assert_in_range(count / ASKED, 1, FLOOD_POSTS * FLOOD_UNIQUE / 10000);
    index_words_close(&words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_a_flood_of_new_words_few_are_taken),
        cmocka_unit_test(what_stands_for_words_left_out_stands_for_few),
        cmocka_unit_test(each_word_gives_its_positions_ascending_and_once),
        cmocka_unit_test(all_words_are_handed_out_to_be_written_down),
        cmocka_unit_test(an_empty_table_has_no_word),
        cmocka_unit_test(a_common_word_takes_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
