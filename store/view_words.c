#include "store/view_inner.h"

#include <stdlib.h>

#include "store/words.h"

struct view_words {
    uint8_t *folded;
    size_t folded_len;
};

enum err_code view_words_new(struct view_words **words, struct octets typed)
{
    struct view_words *made = calloc(1, sizeof *made);
    if (made == NULL || words_fold(&made->folded, &made->folded_len, typed) != ERR_OK) {
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

struct octets view_words_folded(const struct view_words *words)
{
    return octets_of(words->folded, words->folded_len);
}

static bool has_word(struct octets text, struct octets wanted)
{
    struct octets word;
    while (words_next(&word, &text)) {
        if (octets_equal(word, wanted)) {
            return true;
        }
    }
    return false;
}

enum err_code view_words_match(bool *match, const struct view_words *words, const struct post *post)
{
    struct octets wanted = octets_of(words->folded, words->folded_len);
    struct octets word;
    uint8_t *text;
    size_t text_len;
    enum err_code rc = words_fold_post(&text, &text_len, post);
    if (rc != ERR_OK) {
        return rc;
    }
    size_t met_count = 0;
    bool all = true;
    while (all && words_next(&word, &wanted)) {
        all = has_word(octets_of(text, text_len), word);
        met_count++;
    }
    free(text);
    *match = all && met_count > 0;
    return ERR_OK;
}
