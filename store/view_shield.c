#include "store/view_shield.h"

#include <stdlib.h>

#include "store/view_inner.h"
#include "store/words.h"

static int by_text(const void *a, const void *b)
{
    const struct vault_shield *x = a;
    const struct vault_shield *y = b;
    size_t len = x->text_len < y->text_len ? x->text_len : y->text_len;
    int order = memcmp(x->text, y->text, len);
    return order != 0 ? order : (x->text_len > y->text_len) - (x->text_len < y->text_len);
}

void view_shields_close(struct view_shields *shields)
{
    free(shields->words);
    *shields = (struct view_shields){.words = NULL};
}

static bool has(const struct view_shields *shields, const struct vault_shield *word)
{
    return shields->words_count > 0 && bsearch(word, shields->words, shields->words_count,
                                               sizeof *shields->words, by_text) != NULL;
}

/* The words of list that except has not.  *made is written only on ERR_OK. */
static enum err_code words_make(struct view_shields *made, const struct vault_shield *list,
                                size_t count, const struct view_shields *except)
{
    struct view_shields words = {.words = calloc(count + 1, sizeof *words.words)};
    if (words.words == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        if (list[i].kind == VAULT_SHIELD_WORD && !has(except, &list[i])) {
            words.words[words.words_count++] = list[i];
        }
    }
    qsort(words.words, words.words_count, sizeof *words.words, by_text);
    *made = words;
    return ERR_OK;
}

/* Whether the post holds one of the words. */
static enum err_code match(bool *matches, const struct view_shields *shields,
                           const struct post *post)
{
    uint8_t *text = NULL;
    size_t text_len = 0;
    *matches = false;
    if (shields->words_count == 0) {
        return ERR_OK;
    }
    enum err_code rc = words_fold_post(&text, &text_len, post);
    struct octets rest = octets_of(text, text_len);
    struct octets word;
    while (rc == ERR_OK && !*matches && words_next(&word, &rest)) {
        struct vault_shield wanted = {.text_len = (uint8_t)word.len};
        if (word.len <= sizeof wanted.text) {
            memcpy(wanted.text, word.at, word.len);
            *matches = has(shields, &wanted);
        }
    }
    free(text);
    return rc;
}

static void mark(struct view_row *row, bool matches)
{
    row->flags = (uint8_t)((row->flags & ~VIEW_ROW_WORD) | (matches ? VIEW_ROW_WORD : 0));
}

enum err_code view_shields_mark(struct view *view, uint32_t number, const struct post *post)
{
    bool matches = false;
    enum err_code rc = match(&matches, &view->shields, post);
    if (rc != ERR_OK) {
        view->shields.doubtful = true;
        return rc;
    }
    mark(&view->columns.rows[number], matches);
    return ERR_OK;
}

/* What changes from the words in force to others. */
struct change {
    struct view_shields next;
    struct view_shields joining;
    struct view_shields leaving;
    struct view_found may_join; /* posts that may hold one that joins, or that leaves */
    struct view_found may_leave;
};

static void change_close(struct change *change)
{
    view_shields_close(&change->next);
    view_shields_close(&change->joining);
    view_shields_close(&change->leaving);
    view_found_close(&change->may_join);
    view_found_close(&change->may_leave);
}

static enum err_code change_make(struct change *change, const struct view_shields *now,
                                 const struct vault_contents *contents)
{
    static const struct view_shields none;
    enum err_code rc = words_make(&change->next, contents->shields, contents->shields_count, &none);
    if (rc == ERR_OK) {
        rc = words_make(&change->joining, contents->shields, contents->shields_count, now);
    }
    if (rc == ERR_OK) {
        rc = words_make(&change->leaving, now->words, now->words_count, &change->next);
    }
    return rc;
}

/* Posts that may hold one of the words. */
static enum err_code look_up(struct view *view, struct view_found *found,
                             const struct view_shields *shields, struct err_note *note)
{
    if (shields->words_count == 0) {
        return ERR_OK;
    }
    uint8_t *text = malloc(shields->words_count * (VAULT_SHIELD_LEN_MAX + 1));
    if (text == NULL) {
        return ERR_NO_MEMORY;
    }
    size_t len = 0;
    for (size_t i = 0; i < shields->words_count; i++) {
        memcpy(text + len, shields->words[i].text, shields->words[i].text_len);
        len += shields->words[i].text_len;
        text[len++] = ' ';
    }
    enum err_code rc = view_found_make(view, found, STORE_ANY_WORD, octets_of(text, len), note);
    free(text);
    return rc;
}

/* A post that holds none of the words in force can only hold one that joins. */
static enum err_code mark_again(struct view *view, const struct change *change, uint32_t number,
                                struct err_note *note)
{
    struct view_row *row = &view->columns.rows[number];
    bool holds = (row->flags & VIEW_ROW_WORD) != 0;
    bool whole = view->shields.doubtful || holds;
    bool asked = view->shields.doubtful ||
                 view_found_has(holds ? &change->may_leave : &change->may_join, row);
    if (!asked || (row->flags & VIEW_ROW_LOST) != 0 ||
        (row->kind != POST_TEXT && row->kind != POST_PROFILE)) {
        return ERR_OK;
    }
    struct post post;
    bool matches = false;
    enum err_code rc = view_read(view, &post, number, note);
    if (rc == ERR_NOT_FOUND) {
        return ERR_OK; /* lost, and marked so: it is read when it comes again */
    }
    if (rc == ERR_OK) {
        rc = match(&matches, whole ? &change->next : &change->joining, &post);
    }
    if (rc == ERR_OK) {
        mark(row, matches);
    }
    return rc;
}

enum err_code view_shields_load(struct view *view, const struct vault_contents *contents,
                                struct err_note *note)
{
    struct change change = {.next = {.words = NULL}};
    enum err_code rc = change_make(&change, &view->shields, contents);
    if (rc != ERR_OK) {
        change_close(&change);
        return rc;
    }
    bool doubtful = view->shields.doubtful;
    const struct view_numbers *arrived = &view->columns.arrived;
    bool changes = doubtful || change.joining.words_count + change.leaving.words_count > 0;
    rc = look_up(view, &change.may_join, &change.joining, note);
    if (rc == ERR_OK) {
        rc = look_up(view, &change.may_leave, &change.leaving, note);
    }
    for (uint32_t i = 0; changes && rc == ERR_OK && i < arrived->count; i++) {
        rc = mark_again(view, &change, arrived->at[i], note);
    }
    if (rc != ERR_OK) {
        view->shields.doubtful = true;
    } else {
        change.next.marked_count = view->shields.marked_count + (changes ? 1 : 0);
        struct view_shields before = view->shields;
        view->shields = change.next;
        change.next = before;
    }
    change_close(&change);
    return rc;
}

/* Whether the post, if it can still be read, is marked as it should be. */
static enum err_code check_row(struct view *view, bool *right, uint32_t number)
{
    const struct view_row *row = &view->columns.rows[number];
    struct octets_room wire = {.at = view->wire, .cap = POST_WIRE_MAX};
    struct post post;
    bool marked = (row->flags & VIEW_ROW_WORD) != 0;
    *right = true;
    if ((view->shields.words_count == 0 && !marked) || (row->flags & VIEW_ROW_LOST) != 0 ||
        view_wire(view, &wire, number, NULL) != ERR_OK ||
        post_decode(&post, octets_of(wire.at, wire.len)) != ERR_OK) {
        return ERR_OK;
    }
    bool holds = false;
    enum err_code rc = match(&holds, &view->shields, &post);
    *right = holds == marked;
    return rc;
}

enum err_code view_shields_check(struct view *view, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    bool right = true;
    const struct view_numbers *arrived = &view->columns.arrived;
    for (uint32_t i = 0; rc == ERR_OK && right && i < arrived->count; i++) {
        rc = check_row(view, &right, arrived->at[i]);
        if (rc == ERR_OK && !right) {
            rc = err_note(note, ERR_DAMAGED, "post %u: not marked as its words say",
                          (unsigned)arrived->at[i]);
        }
    }
    return rc;
}

enum err_code view_word(uint8_t out[VAULT_SHIELD_LEN_MAX], size_t *len, struct octets typed)
{
    uint8_t *folded = NULL;
    size_t folded_len = 0;
    struct octets word;
    struct octets another;
    enum err_code rc = words_fold(&folded, &folded_len, typed);
    if (rc != ERR_OK) {
        return rc;
    }
    struct octets rest = octets_of(folded, folded_len);
    if (!words_next(&word, &rest) || words_next(&another, &rest)) {
        rc = ERR_MALFORMED;
    } else if (word.len > VAULT_SHIELD_LEN_MAX) {
        rc = ERR_TOO_LARGE;
    } else {
        memcpy(out, word.at, word.len);
        *len = word.len;
    }
    free(folded);
    return rc;
}
