/* timeline - a page of the timeline where it has the most to pass over, with everybody blocked whom
 * she blocked and with nobody blocked, in turns. */
#include <stdlib.h>

#include "tests/bench/measure.h"
#include "tests/bench/million.h"

#define ROUNDS      5
#define PAGES       200 /* a round */
#define LOADS       20  /* a round, where each page follows a block */
#define PAGE_LEN    50
#define NEWEST_LEN  500
#define TARGET_MS   5
#define NEWEST_MS   1.5
#define RATIO_LIMIT 1.2

struct page_case {
    const char *name;
    const char *only_tag; /* she follows this and nothing else; NULL: what she does follow */
    size_t limit;
    bool after_block; /* each page is the first after another block */
};

static const struct page_case cases[] = {
    {.name = "ordinary", .limit = PAGE_LEN},
    {.name = "a followed tag with 99.9 % invisible", .only_tag = "flood", .limit = PAGE_LEN},
    {.name = "all 50 the oldest", .only_tag = MILLION_FIRST_TAG, .limit = PAGE_LEN},
    {.name = "right after a block", .limit = PAGE_LEN, .after_block = true},
    {.name = "newest 500", .limit = NEWEST_LEN},
};

#define CASES_COUNT (sizeof cases / sizeof cases[0])

/* With the blocks and without. */
enum { WITH, WITHOUT, SIDES };

struct times {
    struct spread wall_ms[SIDES];
    struct spread cpu_ms[SIDES];
};

/* What she follows and whom she blocks, for one case. */
struct wishes {
    struct vault_contents contents;
    struct vault_followed_tag tag;
    struct vault_block *blocks; /* room for one more; owned */
    size_t next;                /* who is blocked next */
};

static void load(struct million *m, const struct vault_contents *contents)
{
    struct err_note note = {{0}};
    must_ok(view_load(m->view, contents, &note), &note, "judging posts");
}

static void wish(struct wishes *wishes, const struct million *m, const struct page_case *page,
                 int side)
{
    *wishes = (struct wishes){.contents = *vault_contents(m->vault), .next = m->follows_count};
    struct vault_contents *c = &wishes->contents;
    if (page->only_tag != NULL) {
        struct octets tag = octets_of_text(page->only_tag);
        memcpy(wishes->tag.tag, tag.at, tag.len);
        wishes->tag.tag_len = (uint8_t)tag.len;
        c->follows_count = 0;
        c->tags = &wishes->tag;
        c->tags_count = 1;
    }
    c->blocks_count = side == WITH ? c->blocks_count : 0;
    wishes->blocks = must_get(c->blocks_count + 1, sizeof *wishes->blocks);
    memcpy(wishes->blocks, c->blocks, c->blocks_count * sizeof *wishes->blocks);
    c->blocks = wishes->blocks;
}

static void one_more_block(struct wishes *wishes, struct million *m)
{
    struct vault_contents with = wishes->contents;
    wishes->blocks[with.blocks_count++] =
        (struct vault_block){.key = m->people[wishes->next++], .in_force = true};
    load(m, &with);
}

static void measure_page(struct times *times, struct million *m, const struct page_case *page,
                         int side)
{
    struct view_query query = {.what = VIEW_TIMELINE, .limit = page->limit, .now_s = m->now_s};
    struct err_note note = {{0}};
    struct view_page shown;
    double cpu = clock_thread();
    double begun = clock_wall();
    must_ok(view_query(m->view, &shown, &query, &note), &note, "a page");
    spread_add(&times->wall_ms[side], (clock_wall() - begun) * 1e3);
    spread_add(&times->cpu_ms[side], (clock_thread() - cpu) * 1e3);
    must(shown.count == page->limit, "a page came short");
}

static void measure_round(struct times *times, struct million *m, const struct page_case *page,
                          int side)
{
    struct wishes wishes;
    wish(&wishes, m, page, side);
    load(m, &wishes.contents);
    for (size_t i = 0; i < (page->after_block ? LOADS : PAGES); i++) {
        if (page->after_block) {
            one_more_block(&wishes, m);
        }
        measure_page(times, m, page, side);
    }
    free(wishes.blocks);
}

static void print_case(const struct million *m, const struct page_case *page, struct times *times)
{
    bool newest = page->limit == NEWEST_LEN;
    double part = newest ? 0.5 : 0.99;
    struct result result = {.bench = "timeline",
                            .unit = newest ? "ms, p50" : "ms, p99",
                            .better = BETTER_LOWER,
                            .target = newest ? NEWEST_MS : TARGET_MS,
                            .reference = "the same page with nobody blocked; in process, bodies "
                                         "opened from the log"};
    result_spread(&result, &times->wall_ms[WITH]);
    result.value = spread_at(&times->wall_ms[WITH], part);
    double cpu_ms = spread_at(&times->cpu_ms[WITH], part);
    double cpu_without_ms = spread_at(&times->cpu_ms[WITHOUT], part);
    result_print(&result,
                 ",\"page\":\"%s\",\"p50\":%.3f,\"without_blocks_ms\":%.3f,\"this_thread_ms\":%.3f,"
                 "\"this_thread_without_blocks_ms\":%.3f,\"ratio_this_thread\":%.2f,"
                 "\"ratio_limit\":%.1f,\"posts\":%zu,\"blocked\":%zu",
                 page->name, spread_at(&times->wall_ms[WITH], 0.5),
                 spread_at(&times->wall_ms[WITHOUT], part), cpu_ms, cpu_without_ms,
                 cpu_ms / cpu_without_ms, RATIO_LIMIT, m->posts_count, m->blocks_count);
}

void bench_timeline(struct bench *bench)
{
    struct million *m = million_of(bench);
    for (size_t i = 0; i < CASES_COUNT; i++) {
        struct times *times = must_get(1, sizeof *times);
        for (size_t round = 0; round < ROUNDS; round++) {
            measure_round(times, m, &cases[i], WITH);
            measure_round(times, m, &cases[i], WITHOUT);
        }
        print_case(m, &cases[i], times);
        free(times);
    }
    load(m, vault_contents(m->vault));
}
