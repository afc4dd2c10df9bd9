/* Promises 1 and 2 as they are stated: random histories, with and without what the blocked wrote;
 * every output of every command compared, and what is shown compared with an oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/interference/oracle.h"
#include "tests/interference/surfaces.h"

#define HISTORIES_DEFAULT   500
#define DECIDED_MIN         100 /* cases that each rule must decide alone */
#define VISIBLE_PERCENT_MIN 20
#define SHIELDED_OF         6 /* one history of so many is also tried without the shielded */
#define PROGRESS_EVERY      1000
#define TURNS               3  /* over so many histories each command has its turn everywhere */
#define RESTARTED_OF        40 /* one history of so many is also tried with restarts */

static unsigned histories_count = HISTORIES_DEFAULT;
static uint64_t first_seed = 1;
static unsigned turns_at_end = 1;

/* What all histories together have shown. */
static struct {
    uint64_t decided[RULES_COUNT];
    uint64_t facts_count;
    uint64_t visible_count;
    uint64_t asked_count;
    uint64_t shielded_count;
} seen;

/* --- against the oracle -------------------------------------------------------------------------
 */

static const struct history *sorting;

static int by_date(const void *a, const void *b)
{
    const struct fact *x = &sorting->facts[*(const int *)a];
    const struct fact *y = &sorting->facts[*(const int *)b];
    if (x->created_s != y->created_s) {
        return x->created_s < y->created_s ? -1 : 1;
    }
    return post_id_compare(&sorting->posts.ids[*(const int *)a],
                           &sorting->posts.ids[*(const int *)b]);
}

/* The ids that --json lines begin with, against the facts expected, in order. */
static void expect_ids(const struct oracle *o, const struct answer *answer, int *facts,
                       size_t count, const char *what)
{
    sorting = o->history;
    qsort(facts, count, sizeof *facts, by_date);
    const char *at = answer->out;
    for (size_t i = 0; i < count; i++) {
        char hex[65];
        (void)sodium_bin2hex(hex, sizeof hex, o->history->posts.ids[facts[i]].octets, 32);
        at = strstr(at, "{\"id\":\"");
        if (at == NULL || strncmp(at + 7, hex, 64) != 0) {
            (void)fprintf(stderr, "seed %llu: %s: fact %d (%s by %d) expected at %zu of %zu in\n%s",
                          (unsigned long long)o->history->seed, what, facts[i],
                          o->history->facts[facts[i]].text, o->history->facts[facts[i]].author, i,
                          count, answer->out);
            fail();
        }
        at += 7;
    }
    at = strstr(at, "{\"id\":\"");
    if (at != NULL) {
        (void)fprintf(stderr, "seed %llu: %s: more than the %zu expected: %.80s\n",
                      (unsigned long long)o->history->seed, what, count, at);
        fail();
    }
}

enum expected { EXPECT_TIMELINE, EXPECT_TAG };

/* How a command asks for a reach, and how many words that takes. */
static size_t reach_words(const char **words, int reach)
{
    size_t count = 0;
    if ((reach & ORACLE_STRANGERS) != 0) {
        words[count++] = "--strangers";
    }
    if ((reach & ORACLE_SHIELDED) != 0) {
        words[count++] = "--show-shielded";
    }
    return count;
}

static void expect_page(struct world *world, const struct oracle *o, enum expected what, int tag,
                        int reach)
{
    const struct history *h = o->history;
    int facts[HISTORY_FACTS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < h->facts_count; i++) {
        const struct fact *f = &h->facts[i];
        bool wanted = what == EXPECT_TIMELINE
                          ? f->author == HISTORY_OWNER || o->follows[f->author] ||
                                (f->tag != HISTORY_NONE && o->follows_tag[f->tag]) ||
                                (f->hard && o->follows_tag[HISTORY_HARD_TAG])
                          : f->tag == tag || (f->hard && tag == HISTORY_HARD_TAG);
        if (f->kind == POST_TEXT && o->shown[reach][i] && wanted) {
            facts[count++] = (int)i;
        }
    }
    const char *words[8] = {"timeline"};
    size_t words_count = 1;
    if (what == EXPECT_TAG) {
        words[0] = "tag";
        words[words_count++] = history_tags[tag];
    }
    words[words_count++] = "--limit";
    words[words_count++] = "1000";
    words[words_count++] = "--json";
    words_count += reach_words(words + words_count, reach);
    struct answer answer = world_ask(world, words_count, words);
    assert_int_equal(answer.status, 0);
    expect_ids(o, &answer, facts, count, words[0]);
    answer_free(&answer);
}

/* `show` finds exactly what may be seen; the reactions it names are the oracle's. */
static void expect_shows(struct world *world, const struct oracle *o, size_t every, int reaches)
{
    static const char *const names[POST_REACTIONS_COUNT] = {"heart", "sad", "angry", "with"};
    const struct history *h = o->history;
    for (size_t i = 0; i < h->facts_count; i++) {
        const struct fact *f = &h->facts[i];
        if ((i + h->seed) % every != 0 || f->kind == POST_RETRACT || f->author == HISTORY_OWNER) {
            continue; /* her own resolve always, so that she can take them back */
        }
        char hex[65];
        (void)sodium_bin2hex(hex, sizeof hex, h->posts.ids[i].octets, 32);
        const char *words[5] = {"show", hex, "--json"};
        for (int reach = 0; reach < reaches; reach++) {
            struct answer answer = world_ask(world, 3 + reach_words(words + 3, reach), words);
            bool shown = o->shown[reach][i];
            if ((answer.status == 0) != shown) {
                (void)fprintf(
                    stderr,
                    "seed %llu: show of fact %zu (kind %d by %d): %d, rules %x, reach %d\n%s%s",
                    (unsigned long long)h->seed, i, (int)f->kind, f->author, answer.status,
                    o->why[i], reach, answer.out, answer.err);
                fail();
            }
            uint32_t counts[POST_REACTIONS_COUNT];
            oracle_reactions(o, counts, (int)i, reach);
            for (int r = 0; shown && f->kind == POST_TEXT && r < POST_REACTIONS_COUNT; r++) {
                char expected[32];
                (void)snprintf(expected, sizeof expected, "\"%s\":%u", names[r], counts[r]);
                if ((strstr(answer.out, expected) != NULL) != (counts[r] > 0)) {
                    (void)fprintf(stderr, "seed %llu: reactions of fact %zu: %s\n%s",
                                  (unsigned long long)h->seed, i, expected, answer.out);
                    fail();
                }
            }
            answer_free(&answer);
        }
    }
}

static void expect_tally(struct world *world, const struct oracle *o, int tag, int reach)
{
    reach |= ORACLE_STRANGERS;
    const struct history *h = o->history;
    bool people[HISTORY_PEOPLE] = {false};
    unsigned posts = 0;
    unsigned identities = 0;
    unsigned strangers = 0;
    unsigned reactions = 0;
    for (size_t i = 0; i < h->facts_count; i++) {
        const struct fact *f = &h->facts[i];
        bool under = f->tag == tag || (f->hard && tag == HISTORY_HARD_TAG);
        if (f->kind != POST_TEXT || !under || !o->shown[reach][i]) {
            continue;
        }
        uint32_t counts[POST_REACTIONS_COUNT];
        oracle_reactions(o, counts, (int)i, reach);
        posts++;
        reactions += counts[0] + counts[1] + counts[2] + counts[3];
        people[f->author] = true;
    }
    for (int i = 0; i < HISTORY_PEOPLE; i++) {
        identities += people[i];
        strangers += people[i] && o->distance[i] == ORACLE_FAR;
    }
    char expected[256];
    (void)snprintf(expected, sizeof expected,
                   "{\"tag\":\"%s\",\"identities\":%u,\"voices\":0,\"people_min\":%u,"
                   "\"people_max\":%u,\"posts\":%u,\"reactions\":%u,",
                   history_tags[tag], identities, identities, identities, posts, reactions);
    const char *words[] = {"tally", history_tags[tag], "--json", "--show-shielded"};
    struct answer answer = world_ask(world, (reach & ORACLE_SHIELDED) != 0 ? 4 : 3, words);
    char far[32];
    (void)snprintf(far, sizeof far, "\"strangers\":%u,", strangers);
    if (strncmp(answer.out, expected, strlen(expected)) != 0 || strstr(answer.out, far) == NULL) {
        (void)fprintf(stderr, "seed %llu: tally: expected %s...%s got %s",
                      (unsigned long long)h->seed, expected, far, answer.out);
        fail();
    }
    answer_free(&answer);
}

static void expect_people(struct world *world, const struct oracle *o)
{
    const char *words[] = {"people", "--json"};
    struct answer answer = world_ask(world, 2, words);
    for (int i = 1; i < HISTORY_PEOPLE; i++) {
        char hex[65];
        (void)sodium_bin2hex(hex, sizeof hex, o->history->people[i].key.octets, KEY_LEN);
        const char *line = strstr(answer.out, hex);
        bool expected = !o->blocked[i] && (o->distance[i] != ORACLE_FAR || o->named[i]);
        if ((line != NULL) != expected) {
            (void)fprintf(stderr, "seed %llu: people: person %d, distance %d\n%s",
                          (unsigned long long)o->history->seed, i, o->distance[i], answer.out);
            fail();
        }
        char distance[24];
        (void)snprintf(distance, sizeof distance, "\"distance\":%d", o->distance[i]);
        if (line != NULL && o->distance[i] != ORACLE_FAR) {
            const char *found = strstr(line, distance);
            assert_true(found != NULL && found < strchr(line, '\n'));
        }
    }
    answer_free(&answer);
}

/* All she wrote and did not take back, hidden elsewhere or not. */
static void expect_mine(struct world *world, const struct oracle *o)
{
    const struct history *h = o->history;
    const uint32_t gone = 1U << RULE_MISSING | 1U << RULE_RETRACTED | 1U << RULE_EXPIRED;
    int facts[HISTORY_FACTS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < h->facts_count; i++) {
        const struct fact *f = &h->facts[i];
        if (f->author == HISTORY_OWNER && f->kind != POST_RETRACT && (o->why[i] & gone) == 0) {
            facts[count++] = (int)i;
        }
    }
    const char *words[] = {"mine", "--limit", "1000", "--json"};
    struct answer answer = world_ask(world, 4, words);
    assert_int_equal(answer.status, 0);
    expect_ids(o, &answer, facts, count, "mine");
    answer_free(&answer);
}

/* With in_part, `show` is asked of every third post: over three histories every place has its
 * turn.  A world without the shielded is not asked for them. */
static void expect_what_the_oracle_says(struct world *world, const struct oracle *o, bool in_part,
                                        bool has_shielded)
{
    int reaches = has_shielded ? ORACLE_REACHES : ORACLE_SHIELDED;
    for (int reach = 0; reach < reaches; reach++) {
        expect_page(world, o, EXPECT_TIMELINE, HISTORY_NONE, reach);
        for (int tag = 0; tag < HISTORY_TAGS; tag++) {
            expect_page(world, o, EXPECT_TAG, tag, reach);
        }
    }
    for (int tag = 0; tag < HISTORY_TAGS; tag++) {
        expect_tally(world, o, tag, ORACLE_WEB);
        if (has_shielded) {
            expect_tally(world, o, tag, ORACLE_SHIELDED);
        }
    }
    expect_shows(world, o, in_part ? 3 : 1, reaches);
    expect_people(world, o);
    expect_mine(world, o);
}

/* --- the histories ------------------------------------------------------------------------------
 */

static void count_what_decided(const struct oracle *o)
{
    for (size_t i = 0; i < o->history->facts_count; i++) {
        seen.facts_count++;
        seen.visible_count += o->shown[ORACLE_WEB][i];
        for (int rule = 0; rule < RULES_COUNT; rule++) {
            /* Whoever is blocked is outside the web as well: ask with --strangers. */
            uint32_t why = rule == RULE_STRANGER ? o->why[i] : o->why[i] & ~(1U << RULE_STRANGER);
            seen.decided[rule] += why == 1U << rule;
        }
    }
}

static void run_history(uint64_t seed)
{
    struct history *h = calloc(1, sizeof *h);
    struct oracle *o = calloc(1, sizeof *o);
    assert_true(h != NULL && o != NULL);
    struct surfaces s = {.history = h, .all = world_new(), .without = world_new()};
    struct person owner = world_owner(s.all);
    history_make(h, seed, &owner);

    size_t checkpoint = h->last_block_step + (h->steps_count - h->last_block_step) / 2;
    for (size_t i = 0; i < h->steps_count; i++) {
        world_step(s.all, h, &h->steps[i], false);
        world_step(s.without, h, &h->steps[i], true);
        if (i == h->last_block_step || i == checkpoint) {
            surfaces_read(&s, TURNS); /* the end asks for everything */
            oracle_judge(o, h, i + 1, h->steps[i].now_s);
            expect_what_the_oracle_says(s.all, o, true, true);
        }
    }
    world_set_clock(s.all, h->end_s);
    world_set_clock(s.without, h->end_s);
    oracle_judge(o, h, h->steps_count, h->end_s);
    count_what_decided(o);
    expect_what_the_oracle_says(s.all, o, false, true);
    expect_what_the_oracle_says(s.without, o, true, true);
    surfaces_read(&s, turns_at_end);
    surfaces_write(&s, TURNS);
    seen.asked_count += s.asked_count;
    assert_int_equal(s.differing_count, 0);

    world_free(s.all);
    world_free(s.without);
    history_free(h);
    free(h);
    free(o);
}

static void what_is_shown_is_as_if_the_blocked_had_never_written(void **state)
{
    (void)state;
    for (unsigned i = 0; i < histories_count; i++) {
        run_history(first_seed + i);
        if ((i + 1) % PROGRESS_EVERY == 0) {
            print_message("%u histories, %llu commands compared\n", i + 1,
                          (unsigned long long)seen.asked_count);
        }
    }
    print_message("%u histories from seed %llu: %llu commands compared, %llu of %llu posts shown\n",
                  histories_count, (unsigned long long)first_seed,
                  (unsigned long long)seen.asked_count, (unsigned long long)seen.visible_count,
                  (unsigned long long)seen.facts_count);
}

/* SPEC 9.8: what she shields at the end is hidden as if it had never been written, wherever she
 * does not ask for it. */
static void run_shielded(uint64_t seed)
{
    struct history *h = calloc(1, sizeof *h);
    struct oracle *o = calloc(1, sizeof *o);
    assert_true(h != NULL && o != NULL);
    struct surfaces s = {
        .history = h, .all = world_new(), .without = world_new(), .shields_stay_up = true};
    struct person owner = world_owner(s.all);
    history_make(h, seed, &owner);
    oracle_judge(o, h, h->steps_count, h->end_s);
    for (size_t i = 0; i < h->facts_count; i++) {
        h->left_out[i] = oracle_shields(o, (int)i);
        seen.shielded_count += h->left_out[i];
    }
    for (size_t i = 0; i < h->steps_count; i++) {
        world_step(s.all, h, &h->steps[i], false);
        world_step(s.without, h, &h->steps[i], true);
    }
    world_set_clock(s.all, h->end_s);
    world_set_clock(s.without, h->end_s);
    expect_what_the_oracle_says(s.without, o, true, false);
    surfaces_read(&s, 1);
    assert_int_equal(s.differing_count, 0);
    world_free(s.all);
    world_free(s.without);
    history_free(h);
    free(h);
    free(o);
}

static void what_is_shown_is_as_if_the_shielded_had_never_been_written(void **state)
{
    (void)state;
    for (unsigned i = 0; i < (histories_count + SHIELDED_OF - 1) / SHIELDED_OF; i++) {
        run_shielded(first_seed + i);
    }
    print_message("%llu posts were shielded\n", (unsigned long long)seen.shielded_count);
    assert_true(histories_count < HISTORIES_DEFAULT || seen.shielded_count >= DECIDED_MIN);
}

/* One world is never closed; the other is, now and then, after each change of the blocks, and at
 * the end, a day later, when what expired has left its store. */
static void restart_again_and_again(uint64_t seed)
{
    struct history *h = calloc(1, sizeof *h);
    assert_non_null(h);
    struct surfaces s = {.history = h, .all = world_new(), .without = world_new()};
    struct person owner = world_owner(s.all);
    history_make(h, seed, &owner);
    for (size_t i = 0; i < h->steps_count; i++) {
        const struct step *step = &h->steps[i];
        if (step->kind != STEP_RESTART && step->kind != STEP_LOSE) {
            world_step(s.all, h, step, false);
        }
        world_step(s.without, h, step, false);
        if (step->kind == STEP_BLOCK || step->kind == STEP_UNBLOCK) {
            world_restart(s.without);
        }
    }
    for (uint64_t days = 0; days < 2; days++) {
        world_set_clock(s.all, h->end_s + days * 86400);
        world_set_clock(s.without, h->end_s + days * 86400);
        world_restart(s.without);
        surfaces_read(&s, 1);
    }
    surfaces_write(&s, 1);
    assert_int_equal(s.differing_count, 0);
    world_free(s.all);
    world_free(s.without);
    history_free(h);
    free(h);
}

static void a_restart_changes_no_answer(void **state)
{
    (void)state;
    for (unsigned i = 0; i < (histories_count + RESTARTED_OF - 1) / RESTARTED_OF; i++) {
        restart_again_and_again(first_seed + i);
    }
}

static void every_rule_decided_often_enough_to_matter(void **state)
{
    (void)state;
    for (int rule = 0; rule < RULES_COUNT; rule++) {
        print_message("rule %-10s decided %llu alone\n", oracle_rule_names[rule],
                      (unsigned long long)seen.decided[rule]);
    }
    if (histories_count < HISTORIES_DEFAULT) {
        return; /* a single seed is being looked at */
    }
    for (int rule = 0; rule < RULES_COUNT; rule++) {
        assert_true(seen.decided[rule] >= DECIDED_MIN);
    }
    assert_true(seen.visible_count * 100 >= seen.facts_count * VISIBLE_PERCENT_MIN);
}

/* interference [HISTORIES [FIRST_SEED [TURNS]]]: with TURNS, each history's end asks for every
 * TURNS-th command only, so that a long run sees more histories. */
int main(int argc, char **argv)
{
    if (argc > 1) {
        histories_count = (unsigned)strtoul(argv[1], NULL, 10);
    }
    if (argc > 2) {
        first_seed = strtoull(argv[2], NULL, 10);
    }
    if (argc > 3 && strtoul(argv[3], NULL, 10) > 0) {
        turns_at_end = (unsigned)strtoul(argv[3], NULL, 10);
    }
    if (sodium_init() < 0) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_shown_is_as_if_the_blocked_had_never_written),
        cmocka_unit_test(every_rule_decided_often_enough_to_matter),
        cmocka_unit_test(what_is_shown_is_as_if_the_shielded_had_never_been_written),
        cmocka_unit_test(a_restart_changes_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
