#include "store/view_inner.h"

#include <stdlib.h>
#include <utf8proc.h>

struct view_words {
    uint8_t *folded;
    size_t folded_len;
};

/* Upper and lower case, widths and composed forms alike (NFKC, case folded).  Text that cannot be
 * folded folds to nothing.  The caller frees. */
static enum err_code fold(uint8_t **folded, size_t *folded_len, struct octets text)
{
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

static bool in_word(utf8proc_int32_t code_point)
{
    utf8proc_category_t category = utf8proc_category(code_point);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

/* The next run of letters, marks and digits; *rest moves behind it. */
static bool next_word(struct octets *word, struct octets *rest)
{
    const uint8_t *start = NULL;
    while (rest->len > 0) {
        utf8proc_int32_t code_point;
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

enum err_code view_words_new(struct view_words **words, struct octets typed)
{
    struct view_words *made = calloc(1, sizeof *made);
    if (made == NULL || fold(&made->folded, &made->folded_len, typed) != ERR_OK) {
        free(made);
        return ERR_NO_MEMORY;
    }
    *words = made;
    return ERR_OK;
}

void view_words_free(struct view_words *words)
{
    if (words != NULL) {
        free(words->folded);
        free(words);
    }
}

static bool has_word(struct octets text, struct octets wanted)
{
    struct octets word;
    while (next_word(&word, &text)) {
        if (octets_equal(word, wanted)) {
            return true;
        }
    }
    return false;
}

/* Text, note and tags with a space behind each, folded. */
static enum err_code searched_text(uint8_t **folded, size_t *folded_len, const struct post *post)
{
    struct octets parts[2 + POST_TAGS_MAX] = {post->as.text.text, post->as.text.note};
    size_t parts_count = 2;
    size_t len = 0;
    for (size_t i = 0; i < post->tags_count; i++) {
        parts[parts_count++] = post->tags[i];
    }
    for (size_t i = 0; i < parts_count; i++) {
        len += parts[i].len + 1;
    }
    uint8_t *joined = malloc(len);
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
    enum err_code rc = fold(folded, folded_len, octets_of(joined, len));
    free(joined);
    return rc;
}

enum err_code view_words_match(bool *match, const struct view_words *words, const struct post *post)
{
    struct octets wanted = octets_of(words->folded, words->folded_len);
    struct octets word;
    uint8_t *text;
    size_t text_len;
    enum err_code rc = searched_text(&text, &text_len, post);
    if (rc != ERR_OK) {
        return rc;
    }
    size_t met_count = 0;
    bool all = true;
    while (all && next_word(&word, &wanted)) {
        all = has_word(octets_of(text, text_len), word);
        met_count++;
    }
    free(text);
    *match = all && met_count > 0;
    return ERR_OK;
}
