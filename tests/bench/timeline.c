/* timeline and rebuild - reading a page, and opening everything from the log: reported, not yet
 * promised. */
#include <sodium.h>
#include <stdlib.h>

#include "tests/bench/measure.h"
#include "tests/bench/million.h"

#define PAGES        200
#define PAGES_BLOCK  15
#define PAGE_LEN     50
#define NEWEST_LEN   500
#define REBUILD_RUNS 3

static double page_ms(struct million *m, const struct view_query *query)
{
    struct err_note note = {{0}};
    struct view_page page;
    double begun = clock_wall();
    must_ok(view_query(m->view, &page, query, &note), &note, "a page");
    double took_ms = (clock_wall() - begun) * 1e3;
    must(page.count > 0, "a page is empty");
    return took_ms;
}

static void print_pages(const struct million *m, const char *what, struct spread *ms)
{
    struct result result = {.bench = "timeline",
                            .unit = "ms, p99",
                            .better = BETTER_NONE,
                            .reference = "none; in process, bodies opened from the log"};
    result_spread(&result, ms);
    double p50 = result.value;
    result.value = spread_at(ms, 0.99);
    result_print(&result, ",\"page\":\"%s\",\"p50\":%.3f,\"posts\":%zu", what, p50, m->posts_count);
}

static void measure_pages(struct million *m, const char *what, const struct view_query *query)
{
    struct spread *ms = must_get(1, sizeof *ms);
    for (size_t i = 0; i < PAGES; i++) {
        spread_add(ms, page_ms(m, query));
    }
    print_pages(m, what, ms);
    free(ms);
}

static void load(struct million *m, const struct vault_contents *contents)
{
    struct err_note note = {{0}};
    must_ok(view_load(m->view, contents, &note), &note, "judging posts");
}

/* The first page after the view was judged anew. */
static void measure_after_block(struct million *m, const struct view_query *query)
{
    struct vault_contents contents = *vault_contents(m->vault);
    struct vault_block *blocks = must_get(contents.blocks_count + 1, sizeof *blocks);
    memcpy(blocks, contents.blocks, contents.blocks_count * sizeof *blocks);
    contents.blocks = blocks;
    struct spread *ms = must_get(1, sizeof *ms);
    for (size_t i = 0; i < PAGES_BLOCK; i++) {
        blocks[contents.blocks_count] =
            (struct vault_block){.key = m->people[m->follows_count + i], .in_force = true};
        struct vault_contents with = contents;
        with.blocks_count++;
        load(m, &with);
        spread_add(ms, page_ms(m, query));
    }
    print_pages(m, "50 right after a block", ms);
    free(ms);
    free(blocks);
}

void bench_timeline(struct bench *bench)
{
    struct million *m = million_of(bench);
    struct view_query query = {
        .what = VIEW_TIMELINE, .reach = VIEW_WEB, .limit = PAGE_LEN, .now_s = m->now_s};
    measure_pages(m, "50", &query);
    struct view_query newest = query;
    newest.limit = NEWEST_LEN;
    measure_pages(m, "newest 500", &newest);
    struct view_query flood = query;
    flood.what = VIEW_TAG;
    flood.tag = octets_of_text("flood");
    measure_pages(m, "50 under a tag with 99.9 % invisible", &flood);
    measure_after_block(m, &query);
    load(m, vault_contents(m->vault));
}

/* What the same posts cost when they are only unsealed and hashed. */
static double raw_rebuild_s(const struct million *m)
{
    uint8_t plain[512] = {0};
    uint8_t sealed[512 + crypto_aead_chacha20poly1305_ietf_ABYTES];
    uint8_t hash[32];
    static const uint8_t key[32] = {1};
    static const uint8_t nonce[12] = {1};
    unsigned long long len = 0;
    const size_t plain_len = 430;
    (void)crypto_aead_chacha20poly1305_ietf_encrypt(sealed, &len, plain, plain_len, NULL, 0, NULL,
                                                    nonce, key);
    double begun = clock_wall();
    for (size_t i = 0; i < m->posts_count; i++) {
        must(crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, len, NULL, 0,
                                                       nonce, key) == 0,
             "opening a record");
        (void)crypto_generichash(hash, sizeof hash, plain, plain_len, NULL, 0);
    }
    return clock_wall() - begun;
}

void bench_rebuild(struct bench *bench)
{
    struct million *m = million_of(bench);
    struct spread *whole_s = must_get(1, sizeof *whole_s);
    struct spread *store_s = must_get(1, sizeof *store_s);
    struct spread *raw_s = must_get(1, sizeof *raw_s);
    for (size_t i = 0; i < REBUILD_RUNS; i++) {
        million_close(m);
        double begun = clock_wall();
        million_open_store(m);
        spread_add(store_s, clock_wall() - begun);
        million_open_view(m);
        spread_add(whole_s, clock_wall() - begun);
        spread_add(raw_s, raw_rebuild_s(m));
    }
    struct result result = {.bench = "rebuild",
                            .unit = "s",
                            .better = BETTER_NONE,
                            .reference = "unsealing and hashing as many posts, one core"};
    result_spread(&result, whole_s);
    result_print(&result, ",\"store_s\":%.2f,\"reference_s\":%.2f,\"posts\":%zu",
                 spread_at(store_s, 0.5), spread_at(raw_s, 0.5), m->posts_count);
    free(whole_s);
    free(store_s);
    free(raw_s);
}
