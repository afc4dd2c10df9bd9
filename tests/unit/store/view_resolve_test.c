/* What she types, and what it finds. */
#include "tests/unit/store/view_test.h"

static enum err_code resolved(struct scenario *s, struct view_target *target, const char *typed,
                              enum view_want what, enum view_reach reach)
{
    struct view_wanted wanted = {.what = what, .reach = reach, .now_s = s->now_s};
    return view_resolve(s->view, target, NULL, octets_of_text(typed), &wanted);
}

static void a_petname_is_hers_alone(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    struct view_target target;
    struct key ana = person_of("ana").key;
    follows(s, "ana");
    (void)names_self(s, "ana", "ana", "");
    assert_int_equal(resolved(s, &target, "@ana", VIEW_WANT_EITHER, VIEW_STRANGERS), ERR_NOT_FOUND);
    calls(s, "ana", "sister");
    assert_int_equal(resolved(s, &target, "@sister", VIEW_WANT_KEY, VIEW_WEB), ERR_OK);
    assert_false(target.is_post);
    assert_true(key_equal(&target.key, &ana));
    assert_int_equal(resolved(s, &target, "@sister", VIEW_WANT_POST, VIEW_WEB), ERR_MALFORMED);
    blocks(s, "ana");
    assert_int_equal(resolved(s, &target, "@sister", VIEW_WANT_KEY, VIEW_WEB), ERR_OK);
    scenario_free(s);
}

static void sixty_four_digits_are_a_visible_post_or_else_a_key(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    struct view_target target;
    char hex[NAME32_HEX_LEN + 1];
    struct post_id post = says(s, "zoe", "stranger", NULL);
    name32_hex(hex, post.octets);
    assert_int_equal(resolved(s, &target, hex, VIEW_WANT_EITHER, VIEW_STRANGERS), ERR_OK);
    assert_true(target.is_post);
    struct key zoe = person_of("zoe").key;
    assert_true(key_equal(&target.key, &zoe));
    assert_int_equal(resolved(s, &target, hex, VIEW_WANT_EITHER, VIEW_WEB), ERR_OK);
    assert_false(target.is_post);
    assert_int_equal(resolved(s, &target, hex, VIEW_WANT_POST, VIEW_WEB), ERR_NOT_FOUND);
    assert_int_equal(resolved(s, &target, hex, VIEW_WANT_KEY, VIEW_STRANGERS), ERR_OK);
    assert_false(target.is_post);
    blocks(s, "zoe");
    assert_int_equal(resolved(s, &target, hex, VIEW_WANT_POST, VIEW_STRANGERS), ERR_NOT_FOUND);
    scenario_free(s);
}

static void a_written_name_is_a_key_met_or_not(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    struct view_target target;
    char bech[NAME32_BECH_LEN + 1];
    struct key never = person_of("never met").key;
    name32_bech(bech, never.octets);
    assert_int_equal(resolved(s, &target, bech, VIEW_WANT_EITHER, VIEW_WEB), ERR_OK);
    assert_true(key_equal(&target.key, &never));
    assert_false(target.own);
    name32_bech(bech, s->her.key.octets);
    assert_int_equal(resolved(s, &target, bech, VIEW_WANT_KEY, VIEW_WEB), ERR_OK);
    assert_true(target.own);
    bech[10] = bech[10] == 'q' ? 'p' : 'q';
    assert_int_equal(resolved(s, &target, bech, VIEW_WANT_EITHER, VIEW_WEB), ERR_MALFORMED);
    scenario_free(s);
}

static void what_is_no_such_form_is_malformed(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    struct view_target target;
    static const char *const typed[] = {"", "xyz", "12 34", "-", "kith1", "\xff"};
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        assert_int_equal(resolved(s, &target, typed[i], VIEW_WANT_EITHER, VIEW_STRANGERS),
                         ERR_MALFORMED);
    }
    assert_int_equal(resolved(s, &target, "abcd", VIEW_WANT_KEY, VIEW_STRANGERS), ERR_MALFORMED);
    scenario_free(s);
}

/* Says things until two of these people's ids begin with the same count of hex digits; those two
 * arrive, and nothing else. */
static void twins(struct scenario *s, const char *one, const char *two, size_t octets,
                  struct post_id twin[2])
{
    s->holding = true;
    for (size_t i = 0;; i++) {
        char text[24];
        (void)snprintf(text, sizeof text, "%zu", i);
        struct post_id a = says(s, one, text, NULL);
        struct post_id b = says(s, two, text, NULL);
        for (size_t j = 0; j < s->posts.count; j++) {
            struct post_id mine = s->posts.ids[j];
            bool theirs = (j % 2 == 0);
            struct post_id other = theirs ? b : a;
            if (memcmp(mine.octets, other.octets, octets) == 0 && !post_id_equal(&mine, &other)) {
                twin[0] = theirs ? mine : other;
                twin[1] = theirs ? other : mine;
                s->holding = false;
                arrives(s, twin[0]);
                arrives(s, twin[1]);
                return;
            }
        }
    }
}

static void a_prefix_is_found_when_one_post_she_may_see_has_it(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    struct view_target target;
    struct view_wanted wanted = {.what = VIEW_WANT_EITHER, .now_s = s->now_s};
    struct post_id twin[2];
    size_t matches;
    char hex[NAME32_HEX_LEN + 1];
    follows(s, "ana");
    follows(s, "carl");
    twins(s, "ana", "carl", 2, twin);
    name32_hex(hex, twin[0].octets);
    assert_int_equal(view_resolve(s->view, &target, &matches, octets_of(hex, 4), &wanted),
                     ERR_REFUSED);
    assert_int_equal(matches, 2);
    assert_true(shown(s, twin[0])->short_len > 4);
    uint8_t short_len = shown(s, twin[0])->short_len;
    assert_int_equal(view_resolve(s->view, &target, &matches, octets_of(hex, short_len), &wanted),
                     ERR_OK);
    assert_true(post_id_equal(&target.id, &twin[0]));

    blocks(s, "carl");
    assert_int_equal(shown(s, twin[0])->short_len, 4);
    assert_int_equal(view_resolve(s->view, &target, &matches, octets_of(hex, 4), &wanted), ERR_OK);
    assert_true(post_id_equal(&target.id, &twin[0]));
    name32_hex(hex, twin[1].octets);
    assert_int_equal(
        view_resolve(s->view, &target, &matches, octets_of(hex, NAME32_HEX_LEN - 1), &wanted),
        ERR_NOT_FOUND);
    leaves_no_trace(s, "carl");
    scenario_free(s);
}

static void a_stranger_does_not_spoil_the_prefix_the_timeline_printed(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    struct view_target target;
    struct post_id twin[2];
    char hex[NAME32_HEX_LEN + 1];
    follows(s, "ana");
    twins(s, "ana", "zoe", 2, twin);
    assert_int_equal(shown(s, twin[0])->short_len, 4);
    name32_hex(hex, twin[0].octets);
    hex[4] = '\0';
    assert_int_equal(resolved(s, &target, hex, VIEW_WANT_POST, VIEW_STRANGERS), ERR_OK);
    assert_true(post_id_equal(&target.id, &twin[0]));
    scenario_free(s);
}

static void her_own_posts_are_found_whatever_hides_them(void **state)
{
    (void)state;
    struct scenario *s = scenario_new("bea");
    struct view_target target;
    char hex[NAME32_HEX_LEN + 1];
    follows(s, "carl");
    struct post_id his = says(s, "carl", "root", NULL);
    struct post_id own = replies(s, "bea", his, "no");
    blocks(s, "carl");
    name32_hex(hex, own.octets);
    hex[8] = '\0';
    assert_int_equal(resolved(s, &target, hex, VIEW_WANT_POST, VIEW_WEB), ERR_OK);
    assert_true(target.own);
    leaves_no_trace(s, "carl");
    scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_petname_is_hers_alone),
        cmocka_unit_test(sixty_four_digits_are_a_visible_post_or_else_a_key),
        cmocka_unit_test(a_written_name_is_a_key_met_or_not),
        cmocka_unit_test(what_is_no_such_form_is_malformed),
        cmocka_unit_test(a_prefix_is_found_when_one_post_she_may_see_has_it),
        cmocka_unit_test(a_stranger_does_not_spoil_the_prefix_the_timeline_printed),
        cmocka_unit_test(her_own_posts_are_found_whatever_hides_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
