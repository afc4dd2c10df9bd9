#include "store/words.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

static bool is_ascii(struct octets text)
{
    uint8_t all = 0;
    for (size_t i = 0; i < text.len; i++) {
        all |= text.at[i];
    }
    return all < 0x80;
}

/* What the long way round would give, in a tenth of its time. */
static enum err_code fold_ascii(uint8_t **folded, size_t *folded_len, struct octets text)
{
    uint8_t *made = malloc(text.len + 1);
    if (made == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < text.len; i++) {
        bool upper = text.at[i] >= 'A' && text.at[i] <= 'Z';
        made[i] = upper ? (uint8_t)(text.at[i] + ('a' - 'A')) : text.at[i];
    }
    *folded = made;
    *folded_len = text.len;
    return ERR_OK;
}

enum err_code words_fold(uint8_t **folded, size_t *folded_len, struct octets text)
{
    if (is_ascii(text)) {
        return fold_ascii(folded, folded_len, text);
    }
    utf8proc_uint8_t *made = NULL;
    utf8proc_ssize_t len = utf8proc_map(text.at, (utf8proc_ssize_t)text.len, &made,
                                        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                            UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    if (len == UTF8PROC_ERROR_NOMEM) {
        return ERR_NO_MEMORY;
    }
    *folded = len < 0 ? NULL : made;
    *folded_len = len < 0 ? 0 : (size_t)len;
    return ERR_OK;
}

static size_t parts_of(struct octets parts[2 + POST_TAGS_MAX], const struct post *post)
{
    if (!post->known) {
        return 0;
    }
    if (post->kind == POST_PROFILE) {
        parts[0] = post->as.profile.name;
        parts[1] = post->as.profile.bio;
        return 2;
    }
    if (post->kind != POST_TEXT) {
        return 0;
    }
    size_t count = 0;
    parts[count++] = post->as.text.text;
    parts[count++] = post->as.text.note;
    for (size_t i = 0; i < post->tags_count; i++) {
        parts[count++] = post->tags[i];
    }
    return count;
}

/* A space behind each part keeps its last word from the next one's first. */
enum err_code words_fold_post(uint8_t **folded, size_t *folded_len, const struct post *post)
{
    struct octets parts[2 + POST_TAGS_MAX];
    size_t parts_count = parts_of(parts, post);
    size_t len = 0;
    for (size_t i = 0; i < parts_count; i++) {
        len += parts[i].len + 1;
    }
    uint8_t *joined = malloc(len + 1);
    if (joined == NULL) {
        return ERR_NO_MEMORY;
    }
    size_t at = 0;
    for (size_t i = 0; i < parts_count; i++) {
        if (parts[i].len > 0) {
            memcpy(joined + at, parts[i].at, parts[i].len);
        }
        at += parts[i].len;
        joined[at++] = ' ';
    }
    enum err_code rc = words_fold(folded, folded_len, octets_of(joined, len));
    free(joined);
    return rc;
}

static bool in_word(utf8proc_int32_t code_point)
{
    utf8proc_category_t category = utf8proc_category(code_point);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

/* The same for what is ASCII; false for all else. */
static bool in_ascii_word(uint8_t octet)
{
    return (uint8_t)((octet | 0x20) - 'a') < 26 || (uint8_t)(octet - '0') < 10;
}

/* By code points, from where the short way met one that is not ASCII. */
static bool next_any(struct octets *word, struct octets *rest)
{
    const uint8_t *start = NULL;
    while (rest->len > 0) {
        utf8proc_int32_t code_point = 0;
        utf8proc_ssize_t len = utf8proc_iterate(rest->at, (utf8proc_ssize_t)rest->len, &code_point);
        bool inside = len > 0 && in_word(code_point);
        if (inside && start == NULL) {
            start = rest->at;
        }
        if (!inside && start != NULL) {
            break;
        }
        size_t step = len > 0 ? (size_t)len : 1;
        *rest = octets_of(rest->at + step, rest->len - step);
    }
    if (start == NULL) {
        return false;
    }
    *word = octets_of(start, (size_t)(rest->at - start));
    return true;
}

bool words_next(struct octets *word, struct octets *rest)
{
    if (rest->len == 0) {
        return false;
    }
    size_t at = 0;
    while (at < rest->len && rest->at[at] < 0x80 && !in_ascii_word(rest->at[at])) {
        at++;
    }
    *rest = octets_of(rest->at + at, rest->len - at);
    size_t len = 0;
    while (len < rest->len && in_ascii_word(rest->at[len])) {
        len++;
    }
    if (len < rest->len && rest->at[len] >= 0x80) {
        return next_any(word, rest);
    }
    if (len > 0) {
        *word = octets_of(rest->at, len);
        *rest = octets_of(rest->at + len, rest->len - len);
    }
    return len > 0;
}

uint64_t words_hash(const struct words_key *key, struct octets word)
{
    _Static_assert(sizeof key->octets == crypto_shorthash_KEYBYTES, "the key of SipHash");
    uint8_t hash[crypto_shorthash_BYTES];
    (void)crypto_shorthash(hash, word.at, word.len, key->octets);
    return octets_get_u64be(hash);
}

static enum err_code add(struct words *words, const struct words_key *key, struct octets word)
{
    if (words->count == words->cap) {
        size_t cap = words->cap == 0 ? 64 : words->cap * 2;
        uint64_t *grown = realloc(words->hashes, cap * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        words->hashes = grown;
        words->cap = cap;
    }
    words->hashes[words->count++] = words_hash(key, word);
    return ERR_OK;
}

enum err_code words_add_folded(struct words *words, const struct words_key *key,
                               struct octets folded)
{
    enum err_code rc = ERR_OK;
    struct octets word;
    while (rc == ERR_OK && words_next(&word, &folded)) {
        rc = add(words, key, word);
    }
    return rc;
}

enum err_code words_add_post(struct words *words, const struct words_key *key,
                             const struct post *post)
{
    uint8_t *folded = NULL;
    size_t folded_len = 0;
    enum err_code rc = words_fold_post(&folded, &folded_len, post);
    struct octets word;
    struct octets rest = octets_of(folded, folded_len);
    if (rc == ERR_OK && words_next(&word, &rest)) {
        rc = add(words, key, octets_of("", 0));
        rest = octets_of(folded, folded_len);
    }
    if (rc == ERR_OK) {
        rc = words_add_folded(words, key, rest);
    }
    free(folded);
    return rc;
}

void words_close(struct words *words)
{
    free(words->hashes);
    *words = (struct words){.hashes = NULL};
}
