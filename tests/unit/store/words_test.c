/* Words of posts as search compares them and as the store keeps them (SPEC 9.7, 10.12). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <utf8proc.h>

#include "store/run_hash.h"
#include "store/words.h"
#include "tests/support/posts.h"

static const struct words_key key = {{1, 2, 3}};

static uint64_t random_below(uint64_t *state, uint64_t below)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*state >> 33) % below;
}

static bool has(const struct words *words, const char *word)
{
    uint64_t hash = words_hash(&key, octets_of_text(word));
    for (size_t i = 0; i < words->count; i++) {
        if (words->hashes[i] == hash) {
            return true;
        }
    }
    return false;
}

static struct words words_of(const struct post_draft *draft)
{
    struct person ana = person_of("ana");
    struct posts posts = {0};
    struct words words = {.hashes = NULL};
    struct post_draft dated = *draft;
    dated.created_s = 1000;
    (void)person_draft(&posts, &ana, &dated);
    struct post post = posts_decoded(&posts, 0);
    assert_int_equal(words_add_post(&words, &key, &post), ERR_OK);
    posts_free(&posts);
    return words;
}

static void every_part_that_is_shown_gives_its_words_folded(void **state)
{
    (void)state;
    struct octets tag = octets_of_text("metoo");
    struct words words = words_of(&(struct post_draft){.kind = POST_TEXT,
                                                       .text = octets_of_text("Once UPON, a-time"),
                                                       .note = octets_of_text("2017: Stra\xc3\x9f"
                                                                              "e"),
                                                       .tags = &tag,
                                                       .tags_count = 1});
    static const char *const all[] = {"once", "upon", "a", "time", "2017", "metoo", "strasse", ""};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_true(has(&words, all[i]));
    }
    assert_int_equal(words.count, sizeof all / sizeof all[0]);
    words_close(&words);
    words = words_of(&(struct post_draft){.kind = POST_PROFILE,
                                          .text = octets_of_text("Ana"),
                                          .note = octets_of_text("of the court")});
    assert_true(has(&words, "ana") && has(&words, "court"));
    words_close(&words);
}

static void what_shows_no_words_has_none(void **state)
{
    (void)state;
    struct person bea = person_of("bea");
    struct words words = words_of(&(struct post_draft){.kind = POST_VOUCH, .subject = bea.key});
    assert_int_equal(words.count, 0);
    words_close(&words);
    words = words_of(&(struct post_draft){.kind = POST_TEXT, .text = octets_of_text("...!")});
    assert_int_equal(words.count, 0);
    words_close(&words);
}

static void a_hash_is_that_of_runs_and_another_key_gives_another(void **state)
{
    (void)state;
    static const struct words_key one = {{1}};
    static const struct words_key two = {{2}};
    static const uint8_t store_key[SEAL_KEY_LEN] = {3};
    struct run_hash hash;
    struct words_key kept;
    struct octets word = octets_of_text("court");
    run_hash_init(&hash, store_key);
    memcpy(kept.octets, hash.word_key, sizeof kept.octets);
    assert_true(words_hash(&kept, word) == run_hash_word(&hash, word));
    run_hash_close(&hash);
    assert_true(words_hash(&one, word) == words_hash(&one, word));
    assert_true(words_hash(&one, word) != words_hash(&two, word));
    assert_true(words_hash(&one, word) != words_hash(&one, octets_of_text("courts")));
}

/* The longest post there can be, and what grows most when it is folded. */
static void a_post_has_no_more_words_than_half_its_octets(void **state)
{
    (void)state;
    static char text[30000];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = i % 2 == 0 ? (char)('a' + i / 2 % 26) : ' ';
    }
    struct words words =
        words_of(&(struct post_draft){.kind = POST_TEXT, .text = octets_of(text, sizeof text)});
    assert_int_equal(words.count, sizeof text / 2 + 1);
    words_close(&words);
    for (size_t i = 0; i + 3 <= sizeof text; i += 3) {
        memcpy(text + i, "\xef\xb7\xba", 3); /* one sign that folds to four words */
    }
    words = words_of(&(struct post_draft){.kind = POST_TEXT, .text = octets_of(text, sizeof text)});
    assert_in_range(words.count, 2, 4 * sizeof text / 3 + 1);
    words_close(&words);
}

/* Mostly ASCII, some signs of other scripts, some octets that are no text. */
static size_t random_text(uint8_t text[64], uint64_t *state, bool ascii)
{
    static const char *const signs[] = {"\xc3\x9f", "\xe2\x80\x93", "\xd0\x9f", "\xcc\x81", "\xff"};
    size_t len = (size_t)(random_below(state, 60));
    for (size_t i = 0; i < len; i++) {
        text[i] = (uint8_t)random_below(state, 128);
    }
    const char *sign = signs[random_below(state, sizeof signs / sizeof signs[0])];
    if (!ascii && len > strlen(sign)) {
        memcpy(text + random_below(state, len - strlen(sign)), sign, strlen(sign));
    }
    return len;
}

static bool slow_next(struct octets *word, struct octets *rest)
{
    size_t begin = 0;
    size_t len = 0;
    for (size_t at = 0; at < rest->len;) {
        utf8proc_int32_t sign = 0;
        utf8proc_ssize_t step =
            utf8proc_iterate(rest->at + at, (utf8proc_ssize_t)(rest->len - at), &sign);
        utf8proc_category_t kind = step > 0 ? utf8proc_category(sign) : UTF8PROC_CATEGORY_CN;
        bool inside = kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_NO;
        if (!inside && len > 0) {
            break;
        }
        at += step > 0 ? (size_t)step : 1;
        begin = inside ? begin : at;
        len = inside ? at - begin : 0;
    }
    *word = octets_of(rest->at + begin, len);
    *rest = octets_of(rest->at + begin + len, rest->len - begin - len);
    return len > 0;
}

static void the_short_way_gives_what_the_long_one_would(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 20000; round++) {
        uint8_t text[64];
        struct octets whole = octets_of(text, random_text(text, &seed, round % 2 == 0));
        struct octets rest = whole;
        struct octets slow_rest = whole;
        struct octets word;
        struct octets slow_word;
        while (words_next(&word, &rest)) {
            assert_true(slow_next(&slow_word, &slow_rest));
            assert_ptr_equal(word.at, slow_word.at);
            assert_int_equal(word.len, slow_word.len);
        }
        assert_false(slow_next(&slow_word, &slow_rest));
        uint8_t *folded = NULL;
        size_t folded_len = 0;
        assert_int_equal(words_fold(&folded, &folded_len, whole), ERR_OK);
        utf8proc_uint8_t *mapped = NULL;
        utf8proc_ssize_t mapped_len =
            utf8proc_map(whole.at, (utf8proc_ssize_t)whole.len, &mapped,
                         UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                             UTF8PROC_IGNORE);
        assert_int_equal(folded_len, mapped_len < 0 ? 0 : mapped_len);
        assert_true(mapped_len <= 0 || memcmp(folded, mapped, folded_len) == 0);
        free(folded);
        free(mapped);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_that_is_shown_gives_its_words_folded),
        cmocka_unit_test(what_shows_no_words_has_none),
        cmocka_unit_test(a_hash_is_that_of_runs_and_another_key_gives_another),
        cmocka_unit_test(a_post_has_no_more_words_than_half_its_octets),
        cmocka_unit_test(the_short_way_gives_what_the_long_one_would),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
