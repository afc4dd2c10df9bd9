/* Random histories: what is shown depends on what was said, not on when it came or on who looked in
 * between, and somebody blocked leaves no trace in it. */
#include "tests/unit/store/view_test.h"

#define PEOPLE_COUNT    9
#define ACTIONS_COUNT   90
#define HISTORIES_COUNT 12

static const char *const people[PEOPLE_COUNT] = {"bea", "ana", "fay",  "gil", "hal",
                                                 "ida", "zoe", "carl", "dirk"};
static const char *const tags[] = {"metoo", "work", "carl"};

static uint64_t seed;

static uint32_t random_below(uint32_t bound)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % bound;
}

static const char *somebody(void)
{
    return people[random_below(PEOPLE_COUNT)];
}

static struct post_id some_post(struct scenario *s)
{
    return s->posts.ids[random_below((uint32_t)s->posts.count)];
}

static struct post_id some_text(struct scenario *s)
{
    for (;;) {
        size_t index = random_below((uint32_t)s->posts.count);
        if (posts_decoded(&s->posts, index).kind == POST_TEXT) {
            return s->posts.ids[index];
        }
    }
}

static void retracts_something(struct scenario *s)
{
    struct post_id id = some_post(s);
    const char *author = somebody();
    for (size_t i = 0; i < PEOPLE_COUNT && random_below(4) > 0; i++) {
        struct key key = person_of(people[i]).key;
        for (size_t j = 0; j < s->posts.count; j++) {
            struct post post = posts_decoded(&s->posts, j);
            if (post_id_equal(&post.id, &id) && key_equal(&post.author, &key)) {
                author = people[i];
            }
        }
    }
    (void)retracts(s, author, id);
}

static void speaks(struct scenario *s)
{
    const char *who = somebody();
    struct octets both[2] = {octets_of_text(tags[random_below(3)]), octets_of_text("also")};
    (void)drafts(s, who,
                 (struct post_draft){.kind = POST_TEXT,
                                     .text = octets_of_text(random_below(2) ? "me too" : "support"),
                                     .tags = both,
                                     .tags_count = random_below(3),
                                     .replies = (enum post_replies)(random_below(8) % 3),
                                     .expires_s = random_below(8) == 0 ? s->now_s + 60 : 0});
}

static void acts(struct scenario *s)
{
    switch (random_below(15)) {
    case 0:
    case 1:
        speaks(s);
        break;
    case 2:
    case 3:
    case 4:
        (void)replies(s, somebody(), some_text(s), "support");
        break;
    case 5:
        (void)echoes(s, somebody(), some_text(s), "see this");
        break;
    case 6:
    case 7:
        (void)reacts(s, somebody(), some_text(s), (enum post_reaction)random_below(4));
        break;
    case 8:
    case 9:
    case 10:
        (void)vouches(s, somebody(), somebody());
        break;
    case 14:
        (void)drafts(s, somebody(),
                     (struct post_draft){.kind = POST_VOUCH,
                                         .subject = person_of(somebody()).key,
                                         .expires_s = s->now_s + 1 + random_below(80)});
        break;
    case 11:
        (void)admits(s, somebody(), somebody(), somebody());
        break;
    case 12:
        (void)names_self(s, somebody(), random_below(2) ? "a name" : "another", "");
        break;
    default:
        if (random_below(2) == 0) {
            (void)mentions(s, somebody(), somebody(), "ask them");
        } else {
            retracts_something(s);
        }
        break;
    }
    if (random_below(3) == 0) {
        s->now_s -= random_below(3); /* clocks differ */
    }
}

/* A history nobody has received yet. */
static struct scenario *history(uint64_t number)
{
    seed = number * 7919 + 1;
    struct scenario *s = scenario_new("bea");
    s->holding = true;
    (void)says(s, "bea", "me too", "metoo");
    for (size_t i = 0; i < ACTIONS_COUNT; i++) {
        acts(s);
    }
    follows(s, people[1 + random_below(3)]);
    follows(s, people[1 + random_below(7)]);
    follows_tag(s, "metoo");
    calls(s, "ana", "sister");
    return s;
}

static void shuffle(struct post_id *ids, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = random_below((uint32_t)i);
        struct post_id swap = ids[i - 1];
        ids[i - 1] = ids[j];
        ids[j] = swap;
    }
}

/* All of it comes, in any order; she blocks in the middle and looks now and then. */
static struct scenario *receives(uint64_t number, bool in_order)
{
    struct scenario *s = history(number);
    size_t count = s->posts.count;
    struct post_id ids[ACTIONS_COUNT + 1];
    memcpy(ids, s->posts.ids, count * sizeof ids[0]);
    if (!in_order) {
        shuffle(ids, count);
    }
    for (size_t i = 0; i < count; i++) {
        if (i == (in_order ? 0 : count / 2)) {
            blocks(s, "carl");
            blocks(s, "dirk");
        }
        arrives(s, ids[i]);
        (void)sees(s, ids[i]);
    }
    s->now_s += 30; /* some of it has expired, some has not */
    return s;
}

static void any_order_of_arrival_shows_the_same(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < HISTORIES_COUNT; i++) {
        struct scenario *s = receives(i, true);
        struct scenario *shuffled = receives(i, false);
        char *straight = everything_shown(s);
        char *mixed = everything_shown(shuffled);
        assert_string_equal(straight, mixed);
        reloads(shuffled);
        char *anew = everything_shown(shuffled);
        assert_string_equal(mixed, anew);
        free(straight);
        free(mixed);
        free(anew);
        scenario_free(s);
        scenario_free(shuffled);
    }
}

static void the_blocked_leave_no_trace_in_any_history(void **state)
{
    (void)state;
    size_t visible = 0;
    size_t all = 0;
    for (uint64_t i = 0; i < HISTORIES_COUNT; i++) {
        struct scenario *s = receives(i, false);
        leaves_no_trace(s, "carl");
        leaves_no_trace(s, "dirk");
        unblocks(s, "dirk");
        leaves_no_trace(s, "carl");
        for (size_t j = 0; j < s->posts.count; j++) {
            visible += sees_strangers(s, s->posts.ids[j]) ? 1 : 0;
            all++;
        }
        scenario_free(s);
    }
    assert_true(visible * 5 >= all); /* else it shows nothing about what is shown */
}

/* What she shields and how far her web reaches. */
static void changes_what_she_looks_at(struct scenario *s)
{
    switch (random_below(4)) {
    case 0:
        s->vault.web_steps = (uint8_t)(1 + random_below(4));
        reloads(s);
        break;
    case 1:
        shields(s, tags[random_below(3)]);
        break;
    case 2:
        shields_word(s, random_below(2) ? "support" : "another");
        break;
    default:
        if (s->vault.shields_count > 0) {
            unshields(s);
        }
        break;
    }
}

/* She changes her mind about somebody, as often as there is room for. */
static void changes_her_mind(struct scenario *s)
{
    const char *who = people[1 + random_below(PEOPLE_COUNT - 1)];
    struct key key = person_of(who).key;
    bool blocked = false;
    for (size_t i = 0; i < s->vault.blocks_count; i++) {
        blocked = blocked || (s->blocks[i].in_force && key_equal(&s->blocks[i].key, &key));
    }
    if (random_below(2) == 0) {
        bool followed = false;
        for (size_t i = 0; i < s->vault.follows_count; i++) {
            followed = followed || key_equal(&s->follows[i], &key);
        }
        followed ? unfollows(s, who) : follows(s, who);
    } else if (blocked) {
        unblocks(s, who);
    } else if (s->vault.blocks_count < SCENARIO_LIST_MAX) {
        blocks(s, who);
    }
}

/* Everything comes in any order, some at a time; the clock goes on, and now and then back. */
static void judging_as_posts_come_is_judging_anew(void **state)
{
    (void)state;
    for (uint64_t number = 0; number < 8 * HISTORIES_COUNT; number++) {
        struct scenario *s = history(number + 1000);
        size_t count = s->posts.count;
        struct post_id ids[ACTIONS_COUNT + 1];
        memcpy(ids, s->posts.ids, count * sizeof ids[0]);
        if (number % 4 != 0) {
            shuffle(ids, count);
        }
        uint64_t last_s = s->now_s;
        for (size_t i = 0; i < count; i++) {
            arrives(s, ids[i]);
            if (random_below(3) == 0) {
                s->now_s = last_s + random_below(90);
                judged_as_anew(s);
            }
            if (random_below(4) == 0) {
                changes_her_mind(s);
            }
            if (random_below(12) == 0 && s->vault.shields_count < SCENARIO_LIST_MAX) {
                changes_what_she_looks_at(s);
            }
        }
        s->now_s = last_s + 90;
        judged_as_anew(s);
        scenario_free(s);
    }
}

/* Raised before anything comes or behind it all: the marks on what holds a word are the same. */
static void the_shielded_leave_no_trace_in_any_history(void **state)
{
    (void)state;
    size_t hidden = 0;
    for (uint64_t i = 0; i < HISTORIES_COUNT; i++) {
        struct scenario *s = receives(i, false);
        shields(s, i % 2 == 0 ? "work" : "nothing");
        shields_word(s, i % 3 == 0 ? "Another" : "SEE");
        shields_leave_no_trace(s);
        leaves_no_trace(s, "carl");
        char *behind = everything_shown(s);
        struct scenario *before = history(i);
        memcpy(before->shields, s->shields, sizeof s->shields);
        before->vault.shields_count = s->vault.shields_count;
        blocks(before, "carl");
        blocks(before, "dirk");
        for (size_t j = 0; j < before->posts.count; j++) {
            arrives(before, before->posts.ids[j]);
            hidden += sees_strangers(before, before->posts.ids[j]) ? 0 : 1;
        }
        before->now_s = s->now_s;
        char *first = everything_shown(before);
        assert_string_equal(behind, first);
        unshields(s);
        unshields(s);
        struct scenario *never = receives(i, false);
        char *lowered = everything_shown(s);
        char *without = everything_shown(never);
        assert_string_equal(lowered, without);
        free(behind);
        free(first);
        free(lowered);
        free(without);
        scenario_free(s);
        scenario_free(before);
        scenario_free(never);
    }
    assert_true(hidden > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judging_as_posts_come_is_judging_anew),
        cmocka_unit_test(any_order_of_arrival_shows_the_same),
        cmocka_unit_test(the_blocked_leave_no_trace_in_any_history),
        cmocka_unit_test(the_shielded_leave_no_trace_in_any_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
