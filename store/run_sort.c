#include "store/run_sort.h"

#include <assert.h>
#include <stdlib.h>

#define PIECE_MAX 16 /* rows that are sorted by inserting */

struct sort {
    uint8_t *rows;
    uint8_t *room; /* as large */
    size_t row_len;
    int (*compare)(const void *context, const void *a, const void *b);
    const void *context;
};

static uint8_t *row_at(const struct sort *sort, uint8_t *rows, size_t index)
{
    return rows + index * sort->row_len;
}

static void insert_rows(const struct sort *sort, size_t first, size_t end)
{
    uint8_t row[RUN_SORT_ROW_MAX];
    for (size_t i = first + 1; i < end; i++) {
        size_t to = i;
        uint8_t *at = row_at(sort, sort->rows, i);
        while (to > first &&
               sort->compare(sort->context, row_at(sort, sort->rows, to - 1), at) > 0) {
            to--;
        }
        if (to < i) {
            memcpy(row, at, sort->row_len);
            memmove(row_at(sort, sort->rows, to + 1), row_at(sort, sort->rows, to),
                    (i - to) * sort->row_len);
            memcpy(row_at(sort, sort->rows, to), row, sort->row_len);
        }
    }
}

/* Two neighbouring sorted stretches become one. */
static void merge_rows(const struct sort *sort, size_t first, size_t middle, size_t end)
{
    size_t len = sort->row_len;
    if (sort->compare(sort->context, row_at(sort, sort->rows, middle - 1),
                      row_at(sort, sort->rows, middle)) <= 0) {
        return;
    }
    size_t left_count = middle - first;
    memcpy(sort->room, row_at(sort, sort->rows, first), left_count * len);
    uint8_t *out = row_at(sort, sort->rows, first);
    uint8_t *left = sort->room;
    uint8_t *left_end = sort->room + left_count * len;
    uint8_t *right = row_at(sort, sort->rows, middle);
    uint8_t *right_end = row_at(sort, sort->rows, end);
    while (left < left_end) {
        bool from_left = right == right_end || sort->compare(sort->context, left, right) <= 0;
        uint8_t **from = from_left ? &left : &right;
        memcpy(out, *from, len);
        *from += len;
        out += len;
    }
}

enum err_code run_sort(void *rows, size_t count, size_t row_len,
                       int (*compare)(const void *context, const void *a, const void *b),
                       const void *context)
{
    assert(row_len <= RUN_SORT_ROW_MAX);
    if (count < 2) {
        return ERR_OK;
    }
    struct sort sort = {.rows = rows, .row_len = row_len, .compare = compare, .context = context};
    sort.room = count > PIECE_MAX ? malloc(count * row_len) : NULL;
    if (count > PIECE_MAX && sort.room == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < count; i += PIECE_MAX) {
        insert_rows(&sort, i, count - i < PIECE_MAX ? count : i + PIECE_MAX);
    }
    for (size_t width = PIECE_MAX; width < count; width *= 2) {
        for (size_t i = 0; count - i > width; i += 2 * width) {
            merge_rows(&sort, i, i + width, count - i < 2 * width ? count : i + 2 * width);
            if (count - i < 2 * width) {
                break;
            }
        }
    }
    free(sort.room);
    return ERR_OK;
}

#define WORD_LEN       sizeof(struct run_word_row)
#define WORDS_INSERTED 24
#define STRETCHES_MAX  (WORD_LEN * 256)

static void insert_words(struct run_word_row *words, size_t count, size_t depth)
{
    for (size_t i = 1; i < count; i++) {
        struct run_word_row word = words[i];
        size_t to = i;
        while (to > 0 &&
               memcmp(words[to - 1].octets + depth, word.octets + depth, WORD_LEN - depth) > 0) {
            words[to] = words[to - 1];
            to--;
        }
        words[to] = word;
    }
}

static void count_octets(size_t counts[256], const struct run_word_row *words, size_t count,
                         size_t depth)
{
    memset(counts, 0, 256 * sizeof counts[0]);
    for (size_t i = 0; i < count; i++) {
        counts[words[i].octets[depth]]++;
    }
}

/* Each word goes to the stretch of its octet at depth, swapping places with what stands there. */
static void deal(struct run_word_row *words, const size_t counts[256], size_t depth)
{
    size_t heads[256];
    size_t ends[256];
    size_t at = 0;
    for (size_t i = 0; i < 256; i++) {
        heads[i] = at;
        at += counts[i];
        ends[i] = at;
    }
    for (size_t i = 0; i < 256; i++) {
        while (heads[i] < ends[i]) {
            struct run_word_row word = words[heads[i]];
            while (word.octets[depth] != i) {
                size_t to = heads[word.octets[depth]]++;
                struct run_word_row other = words[to];
                words[to] = word;
                word = other;
            }
            words[heads[i]++] = word;
        }
    }
}

struct stretch {
    uint32_t first;
    uint32_t count;
    uint32_t depth;
};

static bool words_in_order(const struct run_word_row *words, size_t count)
{
    size_t i = 1;
    while (i < count && memcmp(words[i - 1].octets, words[i].octets, WORD_LEN) <= 0) {
        i++;
    }
    return i >= count;
}

void run_sort_words(struct run_word_row *words, size_t count)
{
    assert(count <= UINT32_MAX);
    if (words_in_order(words, count)) {
        return;
    }
    /* Each depth leaves at most 256 stretches waiting. */
    struct stretch waiting[STRETCHES_MAX];
    size_t waiting_count = 0;
    waiting[waiting_count++] = (struct stretch){.count = (uint32_t)count};
    while (waiting_count > 0) {
        struct stretch stretch = waiting[--waiting_count];
        struct run_word_row *at = words + stretch.first;
        if (stretch.count <= WORDS_INSERTED || stretch.depth == WORD_LEN) {
            insert_words(at, stretch.count, stretch.depth < WORD_LEN ? stretch.depth : 0);
            continue;
        }
        size_t counts[256];
        count_octets(counts, at, stretch.count, stretch.depth);
        deal(at, counts, stretch.depth);
        uint32_t first = stretch.first;
        for (size_t i = 0; i < 256; i++) {
            if (counts[i] > 1) {
                waiting[waiting_count++] = (struct stretch){
                    .first = first, .count = (uint32_t)counts[i], .depth = stretch.depth + 1};
            }
            first += (uint32_t)counts[i];
        }
    }
}
