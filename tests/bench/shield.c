/* shield - from the change to what it promises, for a tag and for a word: durable, and in force in
 * the view.  A tag costs what a block costs; a word has the posts read that may hold it. */
#include <stdlib.h>

#include "store/view.h"
#include "tests/bench/measure.h"
#include "tests/bench/million.h"

#define TAG_RUNS  15
#define WORD_RUNS 3

static double put_in_force(struct million *m, double begun)
{
    struct err_note note = {{0}};
    must_ok(vault_commit(m->vault, &note), &note, "keeping the vault");
    must_ok(view_load(m->view, vault_contents(m->vault), &note), &note, "judging posts");
    return (clock_wall() - begun) * 1e3;
}

static double raise_ms(struct million *m, enum vault_shield_kind kind, struct octets text)
{
    bool changed = false;
    double begun = clock_wall();
    must_ok(vault_shield(m->vault, &changed, kind, text), NULL, "shielding");
    return put_in_force(m, begun);
}

static double lower_ms(struct million *m, enum vault_shield_kind kind, struct octets text)
{
    bool changed = false;
    double begun = clock_wall();
    must_ok(vault_unshield(m->vault, &changed, kind, text), NULL, "unshielding");
    return put_in_force(m, begun);
}

static size_t visible(struct million *m, enum view_reach reach)
{
    struct view_stats stats;
    must_ok(view_stats(m->view, &stats, reach, m->now_s, NULL), NULL, "figures");
    return (size_t)stats.posts_count;
}

static void measure(struct million *m, struct result *result, enum vault_shield_kind kind,
                    struct octets text, size_t runs)
{
    struct spread *raised_ms = must_get(1, sizeof *raised_ms);
    struct spread *lowered_ms = must_get(1, sizeof *lowered_ms);
    struct spread *cpu_ms = must_get(1, sizeof *cpu_ms);
    size_t hidden = 0;
    for (size_t i = 0; i < runs; i++) {
        double cpu = clock_thread();
        spread_add(raised_ms, raise_ms(m, kind, text));
        spread_add(cpu_ms, (clock_thread() - cpu) * 1e3);
        hidden = visible(m, VIEW_ALL) - visible(m, VIEW_STRANGERS);
        must(hidden > 0, "the shield is not in force");
        spread_add(lowered_ms, lower_ms(m, kind, text));
        must(visible(m, VIEW_ALL) == visible(m, VIEW_STRANGERS), "the shield is still in force");
    }
    result_spread(result, raised_ms);
    result_print(result,
                 ",\"this_thread_ms\":%.2f,\"lowered_ms\":%.2f,\"posts\":%zu,\"hidden_texts\":%zu",
                 spread_at(cpu_ms, 0.5), spread_at(lowered_ms, 0.5), m->posts_count, hidden);
    free(raised_ms);
    free(lowered_ms);
    free(cpu_ms);
}

void bench_shield(struct bench *bench)
{
    struct million *m = million_of(bench);
    struct result tag = {.bench = "shield-tag",
                         .unit = "ms",
                         .better = BETTER_LOWER,
                         .target = 50,
                         .reference = "none; wall time of one tag, with its syncs"};
    measure(m, &tag, VAULT_SHIELD_TAG, octets_of_text("metoo"), TAG_RUNS);
    struct result word = {.bench = "shield-word",
                          .unit = "ms",
                          .better = BETTER_NONE,
                          .reference =
                              "none; wall time of one word, with the posts read that hold it"};
    /* The tag's word, in one post of twenty; it stands behind the text, so that all of each of them
     * is gone through. */
    measure(m, &word, VAULT_SHIELD_WORD, octets_of_text("metoo"), WORD_RUNS);
}
