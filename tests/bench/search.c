/* search - a page of posts that have both of two words, where it has the most to do: words of every
 * frequency, found on every page or nowhere, and what is hidden in the way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/data.h"
#include "tests/bench/measure.h"
#include "tests/bench/million.h"

#define RUNS      400
#define PAGE_LEN  50
#define TARGET_MS 50

/* Words from the rank on, so many of them. */
struct part {
    uint32_t from;
    uint32_t count;
};

#define COMMON                                                                                     \
    {                                                                                              \
        0, 8                                                                                       \
    }
#define MIDDLING                                                                                   \
    {                                                                                              \
        2048, 2048                                                                                 \
    }
#define RARE                                                                                       \
    {                                                                                              \
        200000, 60000                                                                              \
    }
#define NOBODYS                                                                                    \
    {                                                                                              \
        1u << 20, 1000                                                                             \
    }

struct search_case {
    const char *name;
    struct part parts[2];
    const char *tag;      /* in the place of the second word */
    bool nothing_visible; /* she knows nobody: nearly everything is by strangers */
};

static const struct search_case cases[] = {
    {.name = "two common words", .parts = {COMMON, COMMON}},
    {.name = "two common words, nearly nothing visible",
     .parts = {COMMON, COMMON},
     .nothing_visible = true},
    {.name = "a common word, and one of strangers", .parts = {COMMON}, .tag = "flood"},
    {.name = "two middling words", .parts = {MIDDLING, MIDDLING}},
    {.name = "two rare words", .parts = {RARE, RARE}},
    {.name = "a common and a rare word", .parts = {COMMON, RARE}},
    {.name = "rare words, only in hidden posts", .parts = {RARE, RARE}, .nothing_visible = true},
    {.name = "words nobody wrote", .parts = {NOBODYS, NOBODYS}},
    {.name = "words nobody wrote, nearly nothing visible",
     .parts = {NOBODYS, NOBODYS},
     .nothing_visible = true},
};

#define CASES_COUNT (sizeof cases / sizeof cases[0])

struct times {
    struct spread wall_ms;
    struct spread cpu_ms;
};

static void load(struct million *m, const struct search_case *search)
{
    struct err_note note = {{0}};
    struct vault_contents contents = *vault_contents(m->vault);
    struct vault_block *blocks = NULL;
    if (search->nothing_visible) {
        /* All she introduced or followed is blocked, and so nobody leads on. */
        blocks = must_get(contents.blocks_count + m->follows_count, sizeof *blocks);
        memcpy(blocks, contents.blocks, contents.blocks_count * sizeof *blocks);
        for (size_t i = 0; i < m->follows_count; i++) {
            blocks[contents.blocks_count++] =
                (struct vault_block){.key = m->people[i], .in_force = true};
        }
        contents.blocks = blocks;
        contents.follows_count = 0;
    }
    must_ok(view_load(m->view, &contents, &note), &note, "judging posts");
    free(blocks);
}

static size_t add_word(char *typed, struct part part, uint64_t *state)
{
    return data_word(typed, part.from + (uint32_t)data_random(state, part.count));
}

static size_t measure_page(struct times *times, struct million *m, const struct search_case *search,
                           uint64_t *state)
{
    char typed[4 * DATA_WORD_ROOM];
    size_t len = add_word(typed, search->parts[0], state);
    typed[len++] = ' ';
    if (search->tag != NULL) {
        len += (size_t)snprintf(typed + len, sizeof typed - len, "%s", search->tag);
    } else {
        len += add_word(typed + len, search->parts[1], state);
    }
    struct view_query query = {
        .what = VIEW_SEARCH, .words = octets_of(typed, len), .limit = PAGE_LEN, .now_s = m->now_s};
    struct err_note note = {{0}};
    struct view_page shown;
    double cpu = clock_thread();
    double begun = clock_wall();
    must_ok(view_query(m->view, &shown, &query, &note), &note, "a search");
    spread_add(&times->wall_ms, (clock_wall() - begun) * 1e3);
    spread_add(&times->cpu_ms, (clock_thread() - cpu) * 1e3);
    return shown.count;
}

void bench_search(struct bench *bench)
{
    struct million *m = million_of(bench);
    uint64_t state = 9;
    for (size_t i = 0; i < CASES_COUNT; i++) {
        struct times *times = must_get(1, sizeof *times);
        size_t shown_count = 0;
        load(m, &cases[i]);
        for (size_t run = 0; run < RUNS; run++) {
            shown_count += measure_page(times, m, &cases[i], &state);
        }
        struct result result = {.bench = "search",
                                .unit = "ms, p99",
                                .better = BETTER_LOWER,
                                .target = TARGET_MS,
                                .reference = "none; in process, two words, a page of 50"};
        result_spread(&result, &times->wall_ms);
        result.value = spread_at(&times->wall_ms, 0.99);
        result_print(&result,
                     ",\"words\":\"%s\",\"p50\":%.3f,\"this_thread_p99\":%.3f,\"this_thread_p50\":%"
                     ".3f,\"shown_mean\":%.1f,\"posts\":%zu",
                     cases[i].name, spread_at(&times->wall_ms, 0.5),
                     spread_at(&times->cpu_ms, 0.99), spread_at(&times->cpu_ms, 0.5),
                     (double)shown_count / RUNS, m->posts_count);
        free(times);
    }
    struct err_note note = {{0}};
    must_ok(view_load(m->view, vault_contents(m->vault), &note), &note, "judging posts");
}
