/* The archive goes into a backup and comes back: the view of the home that is made of it shows what
 * the former one showed, whoever is blocked then (SPEC 7.6, 10.10). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "store/vault_backup.h"
#include "store/view_check.h"
#include "store/view_keep.h"
#include "tests/support/backup_trip.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define DAY_S         86400
#define TODAY         UINT64_C(19000)
#define NOW_S         (TODAY * DAY_S + 3600)
#define KEEP_S        (90 * (uint64_t)DAY_S)
#define OLD_S         (NOW_S - KEEP_S - (uint64_t)10 * DAY_S)
#define FRIENDS_POSTS 200

static struct err_note note;

static struct bare_home home;
static struct bare_home back;
static struct files *outside;
static struct posts posts;
static struct person her, ana, cem, dana, eli;
static uint64_t now_s;
static size_t put_count;

static void open_place(struct bare_home *place)
{
    assert_int_equal(bare_home_open(place, &note), ERR_OK);
    assert_int_equal(bare_home_open_store(place, STORE_READ, &note), ERR_OK);
    assert_int_equal(bare_home_open_archive(place, &note), ERR_OK);
}

static void show_place(struct bare_home *place)
{
    struct key own = vault_identity(place->vault);
    assert_int_equal(bare_home_show(place, &own, vault_contents(place->vault), KEEP_S, &note),
                     ERR_OK);
}

static void make_place(struct bare_home *place)
{
    bare_home_make(place, bare_home_seed);
    open_place(place);
}

static void reload(struct bare_home *place)
{
    vault_clock(place->vault, now_s);
    assert_int_equal(vault_commit(place->vault, &note), ERR_OK);
    assert_int_equal(view_load(place->view, vault_contents(place->vault), &note), ERR_OK);
}

static void follow(struct bare_home *place, const struct person *person)
{
    bool changed = false;
    assert_int_equal(vault_follow(place->vault, &changed, &person->key), ERR_OK);
    reload(place);
}

static void block(struct bare_home *place, const struct person *person)
{
    bool changed = false;
    assert_int_equal(
        vault_block(place->vault, &changed, &person->key, "", now_s, store_end(place->store)),
        ERR_OK);
    reload(place);
}

static void unblock(struct bare_home *place, const struct person *person)
{
    bool changed = false;
    assert_int_equal(
        vault_unblock(place->vault, &changed, &person->key, now_s, store_end(place->store)),
        ERR_OK);
    reload(place);
}

static void put_new(struct bare_home *place)
{
    for (; put_count < posts.count; put_count++) {
        struct post post = posts_decoded(&posts, put_count);
        enum store_put_result result;
        assert_int_equal(
            store_put(place->store, &result, &post, &posts.wires[put_count], 1, now_s, &note),
            ERR_OK);
    }
    assert_int_equal(view_catch_up(place->view, NULL, &note), ERR_OK);
}

static void age(struct bare_home *place)
{
    assert_int_equal(bare_home_age(place, now_s, &note), ERR_OK);
}

/* Ana is followed from the beginning, Dana later; both lead to what Cem said long ago, and Ana
 * alone to what Eli said; much else is of no concern. */
static struct post_id by_cem, by_eli, answer, own_old, taken_back;

static void live(void)
{
    static char text[600];
    memset(text, 'w', sizeof text - 1);
    memcpy(her.seed, vault_identity_seed(home.vault), 32);
    her.key = vault_identity(home.vault);
    follow(&home, &ana);
    own_old = person_text(&posts, &her, OLD_S, "mine", NULL);
    assert_int_equal(journal_own_post(home.journal, &own_old, posts.wires[0], &note), ERR_OK);
    by_cem = person_text(&posts, &cem, OLD_S + 1, "said long ago", NULL);
    by_eli = person_text(&posts, &eli, OLD_S + 2, "said by eli", NULL);
    (void)person_text(&posts, &eli, OLD_S + 3, "of no concern", "cats");
    (void)person_echo(&posts, &ana, OLD_S + 4, by_cem, "look");
    (void)person_echo(&posts, &ana, OLD_S + 5, by_eli, "and here");
    struct post_id thread = person_text(&posts, &ana, OLD_S + 6, "a thread", NULL);
    answer = person_reply(&posts, &eli, OLD_S + 7, thread, thread, "an answer");
    taken_back = person_text(&posts, &ana, OLD_S + 8, "regretted", NULL);
    for (uint64_t i = 0; i < FRIENDS_POSTS; i++) {
        (void)person_text(&posts, &ana, OLD_S + 100 + i, text, "metoo");
    }
    struct post_id later = person_echo(&posts, &dana, NOW_S - 40 * (uint64_t)DAY_S, by_cem, "too");
    (void)person_react(&posts, &eli, NOW_S - 40 * (uint64_t)DAY_S, later, POST_HEART);
    (void)person_text(&posts, &dana, NOW_S - 5, "of today", NULL);
    put_new(&home);
    age(&home);
    follow(&home, &dana);
    (void)person_retract(&posts, &ana, NOW_S, taken_back);
    put_new(&home);
    now_s += 60 * (uint64_t)DAY_S;
    age(&home);
    (void)person_text(&posts, &ana, now_s - 3, "of this morning", NULL);
    put_new(&home);
    assert_int_equal(view_check(home.view, now_s, &note), ERR_OK);
}

static int set_up(void **state)
{
    (void)state;
    note = (struct err_note){{0}};
    now_s = NOW_S;
    put_count = 0;
    ana = person_of("ana");
    cem = person_of("cem");
    dana = person_of("dana");
    eli = person_of("eli");
    make_place(&home);
    show_place(&home);
    outside = file_memory_new(9);
    live();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bare_home_free(&home);
    bare_home_free(&back);
    file_memory_free(outside);
    posts_free(&posts);
    posts = (struct posts){.count = 0};
    return 0;
}

static enum err_code backs_up(bool all)
{
    struct backup_head head = {.made_s = now_s, .all = all};
    return trip_leaves(outside, &home, &head, true, &note);
}

static enum err_code checks(struct restore_found *found)
{
    return trip_checks(found, outside, bare_home_seed, &note);
}

static enum err_code comes_back(void)
{
    return trip_returns(&back, outside, now_s, &note);
}

/* Of everything that is exported, in order. */
static void digest_all(uint8_t digest[32], struct view *view, enum view_reach reach)
{
    crypto_generichash_state state;
    struct view_export walk = {.reach = reach};
    struct octets wire;
    assert_int_equal(crypto_generichash_init(&state, NULL, 0, 32), 0);
    while (view_export_next(view, &wire, &walk, now_s, &note) == ERR_OK) {
        assert_int_equal(crypto_generichash_update(&state, wire.at, wire.len), 0);
    }
    assert_int_equal(crypto_generichash_final(&state, digest, 32), 0);
}

static size_t found_count(struct view *view, const char *words, enum view_reach reach)
{
    struct view_query query = {.what = VIEW_SEARCH,
                               .reach = reach,
                               .words = octets_of_text(words),
                               .limit = 100,
                               .now_s = now_s};
    struct view_page page;
    assert_int_equal(view_query(view, &page, &query, &note), ERR_OK);
    return page.count;
}

/* Post by post, to every reach, and by search. */
static void expect_alike(void)
{
    static const enum view_reach reaches[] = {VIEW_ALL, VIEW_STRANGERS};
    uint8_t was_all[32];
    uint8_t is_all[32];
    for (size_t r = 0; r < sizeof reaches / sizeof reaches[0]; r++) {
        for (size_t i = 0; i < posts.count; i++) {
            bool was = view_visible(home.view, &posts.ids[i], reaches[r], now_s);
            bool is = view_visible(back.view, &posts.ids[i], reaches[r], now_s);
            if (was != is) {
                fail_msg("post %zu was %s, is %s", i, was ? "shown" : "hidden",
                         is ? "shown" : "hidden");
            }
        }
        static const char *const words[] = {"said", "look", "answer", "regretted", "mine", "of"};
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            assert_int_equal(found_count(back.view, words[i], reaches[r]),
                             found_count(home.view, words[i], reaches[r]));
        }
        digest_all(was_all, home.view, reaches[r]);
        digest_all(is_all, back.view, reaches[r]);
        assert_memory_equal(was_all, is_all, 32);
    }
    assert_int_equal(view_check(back.view, now_s, &note), ERR_OK);
}

static bool is_archived(struct bare_home *place, const struct post_id *id)
{
    uint64_t at;
    return store_position(archive_store(place->archive), &at, id, &note) == ERR_OK;
}

static void reopen_back(void)
{
    bare_home_close(&back);
    open_place(&back);
    show_place(&back);
}

static bool seen(struct bare_home *place, const struct post_id *id)
{
    return view_visible(place->view, id, VIEW_ALL, now_s);
}

/* The scene is worth its name: what a backup without reasons would get wrong happens in it. */
static void the_scene_holds(void **state)
{
    (void)state;
    assert_true(is_archived(&home, &by_cem) && is_archived(&home, &by_eli));
    assert_false(is_archived(&home, &taken_back));
    assert_true(seen(&home, &by_cem) && seen(&home, &by_eli) && seen(&home, &answer));
    block(&home, &ana);
    assert_false(seen(&home, &by_eli));
    /* Dana's echo came before it left, and was kept when she was followed: too late. */
    assert_false(seen(&home, &by_cem));
}

static void the_archive_comes_back_with_its_reasons(void **state)
{
    (void)state;
    struct restore_found found;
    assert_int_equal(backs_up(true), ERR_OK);
    assert_int_equal(checks(&found), ERR_OK);
    assert_true(found.head.archived);
    assert_int_equal(found.head.floor_s, archive_floor(home.archive));
    assert_int_equal(found.head.store_floor_s, store_floor(home.store));
    /* A retract stands in the store, too. */
    uint64_t kept_count = store_stats(archive_store(home.archive)).posts_count - 1;
    assert_int_equal(found.kept_count, kept_count);
    vault_close(found.copy);
    make_place(&back);
    assert_int_equal(comes_back(), ERR_OK);
    assert_int_equal(archive_floor(back.archive), archive_floor(home.archive));
    assert_int_equal(store_floor(back.store), store_floor(home.store));
    assert_int_equal(store_stats(archive_store(back.archive)).posts_count, kept_count);
    show_place(&back);
    expect_alike();
    reopen_back();
    expect_alike();
    const struct person *people[] = {&ana, &dana, &cem, &eli};
    for (size_t i = 0; i < 4; i++) {
        block(&home, people[i]);
        block(&back, people[i]);
        expect_alike();
        unblock(&home, people[i]);
        unblock(&back, people[i]);
        expect_alike();
    }
    age(&back);
    expect_alike();
}

static void restoring_twice_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(backs_up(true), ERR_OK);
    make_place(&back);
    assert_int_equal(comes_back(), ERR_OK);
    uint64_t end = store_end(archive_store(back.archive));
    assert_int_equal(comes_back(), ERR_OK);
    assert_int_equal(store_end(archive_store(back.archive)), end);
    show_place(&back);
    expect_alike();
}

/* What the journal knows by its id alone stands in the archive alone. */
static void her_own_old_posts_are_in_every_backup(void **state)
{
    (void)state;
    static uint8_t octets[POST_WIRE_MAX];
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    struct journal_adopted trimmed = {.id = person_text(&posts, &her, OLD_S + 9, "trimmed", NULL)};
    assert_int_equal(journal_adopt(home.journal, &trimmed, 1, &note), ERR_OK);
    struct post post = posts_decoded(&posts, posts.count - 1);
    const struct shelf_since since = {.kept = SHELF_ITSELF, .day = 3};
    assert_int_equal(
        archive_put(home.archive, &post, &posts.wires[posts.count - 1], 1, &since, now_s, &note),
        ERR_OK);
    assert_int_equal(backs_up(false), ERR_OK);
    make_place(&back);
    assert_int_equal(comes_back(), ERR_OK);
    assert_int_equal(journal_own_count(back.journal), 2);
    assert_int_equal(journal_own_wire(back.journal, &wire, 1, &note), ERR_OK);
    assert_true(octets_equal(octets_of(wire.at, wire.len), posts.wires[posts.count - 1]));
    assert_int_equal(store_end(archive_store(back.archive)), 0);
    assert_int_equal(archive_floor(back.archive), 0);
}

static char lost[16][64];
static size_t lost_count;

static void note_archive(void *context, const char *path)
{
    (void)context;
    if (strncmp(path, "archive", 7) == 0) {
        assert_true(lost_count < sizeof lost / sizeof lost[0]);
        (void)snprintf(lost[lost_count++], sizeof lost[0], "%s", path);
    }
}

/* Her floor rose, and nothing has been put into her archive yet. */
static void what_waits_for_the_archive_comes_back(void **state)
{
    (void)state;
    now_s += 80 * (uint64_t)DAY_S;
    (void)person_text(&posts, &ana, now_s - 3, "of this noon", NULL);
    put_new(&home);
    assert_int_equal(store_age(home.store, now_s, &note), ERR_OK);
    assert_true(store_floor(home.store) >= archive_floor(home.archive) + 70 * (uint64_t)DAY_S);
    assert_int_equal(backs_up(true), ERR_OK);
    make_place(&back);
    assert_int_equal(comes_back(), ERR_OK);
    assert_int_equal(store_floor(back.store), store_floor(home.store));
    assert_int_equal(archive_floor(back.archive), archive_floor(home.archive));
    show_place(&back);
    expect_alike();
    uint64_t archived_count = store_stats(archive_store(back.archive)).posts_count;
    age(&home);
    age(&back);
    expect_alike();
    assert_true(store_stats(archive_store(back.archive)).posts_count > archived_count);
}

/* As a person is told to do where it is damaged: it is moved away, and another begun. */
static void lose_archive(struct bare_home *place)
{
    bare_home_close(place);
    lost_count = 0;
    file_memory_each(place->files, note_archive, NULL);
    assert_true(lost_count > 0);
    for (size_t i = 0; i < lost_count; i++) {
        file_memory_take_away(place->files, lost[i]);
    }
    open_place(place);
    struct store_left left = store_left(place->store);
    bool anew = false;
    assert_int_equal(archive_beside(place->archive, &anew, &left, &note), ERR_OK);
    assert_true(anew);
    show_place(place);
}

/* Two peers have it, so the journal lets go of it. */
static struct post_id writes(const char *text)
{
    struct post_id id = person_text(&posts, &her, now_s - 5, text, NULL);
    assert_int_equal(journal_own_post(home.journal, &id, posts.wires[posts.count - 1], &note),
                     ERR_OK);
    put_new(&home);
    const struct journal_trimmed trimmed = {.index = journal_own_count(home.journal) - 1,
                                            .created_s = now_s - 5};
    assert_int_equal(journal_trim(home.journal, &trimmed, 1, &note), ERR_OK);
    return id;
}

/* The backup is from before they left: it has them among her own alone. */
static void her_own_posts_come_back_into_the_home_that_lost_its_archive(void **state)
{
    (void)state;
    struct post_id mine = writes("only here");
    struct post_id regretted = writes("better not");
    assert_int_equal(backs_up(true), ERR_OK);
    (void)person_retract(&posts, &her, now_s, regretted);
    put_new(&home);
    now_s += 2 * KEEP_S;
    age(&home);
    assert_true(is_archived(&home, &mine));
    lose_archive(&home);
    assert_false(seen(&home, &mine));
    for (unsigned i = 0; i < 2; i++) { /* and done again it changes nothing */
        assert_int_equal(trip_returns(&home, outside, now_s, &note), ERR_OK);
        assert_int_equal(view_catch_up(home.view, NULL, &note), ERR_OK);
        assert_true(is_archived(&home, &mine));
        assert_true(seen(&home, &mine));
        assert_false(is_archived(&home, &regretted));
        assert_int_equal(view_check(home.view, now_s, &note), ERR_OK);
    }
}

/* Beside posts of its own nobody can say what would have kept context. */
static void a_home_that_lived_on_gets_no_context(void **state)
{
    (void)state;
    assert_int_equal(backs_up(true), ERR_OK);
    make_place(&back);
    show_place(&back);
    struct post_id middle = person_echo(&posts, &eli, now_s - 20, by_eli, "between");
    put_count = posts.count - 1;
    put_new(&back);
    assert_int_equal(comes_back(), ERR_OK);
    assert_int_equal(archive_floor(back.archive), 0);
    assert_false(is_archived(&back, &by_eli));
    assert_true(is_archived(&back, &answer));
    assert_true(is_archived(&back, &own_old));
    reopen_back();
    assert_true(seen(&back, &answer));
    assert_false(seen(&back, &middle)); /* it repeats what is not there */
    assert_false(seen(&back, &by_eli));
}

static void a_file_cut_short_or_altered_changes_nothing(void **state)
{
    (void)state;
    struct restore_found found;
    assert_int_equal(backs_up(true), ERR_OK);
    make_place(&back);
    size_t len = file_memory_len(outside, TRIP_PATH);
    assert_true(len > 2 * TRIP_CHUNK);
    for (size_t at = 85; at < len; at += 4001) {
        file_memory_flip(outside, TRIP_PATH, at, 0x10);
        assert_int_equal(comes_back(), ERR_DAMAGED);
        file_memory_flip(outside, TRIP_PATH, at, 0x10);
    }
    struct files *whole = outside;
    for (size_t cut = 85; cut < len; cut += 7919) {
        outside = file_memory_copy(whole);
        file_memory_cut(outside, TRIP_PATH, cut);
        assert_int_equal(comes_back(), ERR_TRUNCATED);
        file_memory_free(outside);
    }
    outside = whole;
    assert_int_equal(store_end(archive_store(back.archive)), 0);
    assert_int_equal(archive_floor(back.archive), 0);
    assert_int_equal(checks(&found), ERR_OK);
    vault_close(found.copy);
}

/* Stopped at any call while it comes back: done again, everything is there as it was. */
static void a_restore_cut_off_is_done_again(void **state)
{
    (void)state;
    assert_int_equal(backs_up(true), ERR_OK);
    bool crashed = true;
    unsigned tried = 0;
    for (uint64_t at = 1; crashed; at += at < 9 ? 1 : 5) {
        make_place(&back);
        file_memory_crash_at(back.files, at);
        enum err_code rc = comes_back();
        crashed = file_memory_crashed(back.files);
        assert_int_equal(rc == ERR_OK, !crashed);
        bare_home_close(&back);
        file_memory_restart(back.files, (enum file_memory_outcome)(at % (FILE_MEMORY_TEAR + 1)));
        open_place(&back);
        assert_int_equal(comes_back(), ERR_OK);
        assert_int_equal(archive_floor(back.archive), archive_floor(home.archive));
        show_place(&back);
        expect_alike();
        bare_home_free(&back);
        tried++;
    }
    assert_true(tried > 20);
}

/* The items are right one by one and wrong together. */
static void what_kith_never_writes_is_refused(void **state)
{
    (void)state;
    uint8_t head[BACKUP_HEAD_MAX];
    uint8_t plain_head[BACKUP_HEAD_MAX];
    uint8_t kept[3][BACKUP_KEPT_FIXED + POST_WIRE_MAX];
    uint8_t end[BACKUP_END_KEPT_LEN] = {0};
    struct backup_head about = {.made_s = NOW_S, .all = true, .archived = true, .floor_s = 86400};
    struct octets first = octets_of(head, backup_head_encode(head, &about));
    about.archived = false;
    struct octets plain = octets_of(plain_head, backup_head_encode(plain_head, &about));
    uint8_t *vault = NULL;
    size_t vault_len = 0;
    assert_int_equal(vault_pack(&vault, &vault_len, home.vault), ERR_OK);
    struct octets packed = octets_of(vault, vault_len);
    struct octets wire = posts.wires[1];
    struct octets items[3];
    static const enum shelf_why whys[] = {SHELF_CONTEXT, SHELF_ITSELF, (enum shelf_why)9};
    for (size_t i = 0; i < 3; i++) {
        kept[i][0] = (uint8_t)whys[i];
        octets_put_u32be(kept[i] + 1, 7);
        memcpy(kept[i] + BACKUP_KEPT_FIXED, wire.at, wire.len);
        items[i] = octets_of(kept[i], BACKUP_KEPT_FIXED + wire.len);
    }
    struct octets retract =
        octets_of(malloc(BACKUP_KEPT_FIXED + POST_WIRE_MAX), BACKUP_KEPT_FIXED + 0);
    (void)person_retract(&posts, &cem, NOW_S, by_cem);
    uint8_t *retract_at = (uint8_t *)(uintptr_t)retract.at;
    assert_non_null(retract_at);
    memcpy(retract_at, kept[1], BACKUP_KEPT_FIXED);
    memcpy(retract_at + BACKUP_KEPT_FIXED, posts.wires[posts.count - 1].at,
           posts.wires[posts.count - 1].len);
    retract.len += posts.wires[posts.count - 1].len;
    octets_put_u64be(end + 16, 2);
    struct octets two = octets_of(end, sizeof end);
    struct octets short_end = octets_of(end, BACKUP_END_LEN);
    uint8_t one_octets[BACKUP_END_KEPT_LEN] = {0};
    octets_put_u64be(one_octets + 16, 1);
    struct octets one = octets_of(one_octets, sizeof one_octets);
    const struct {
        struct trip_item items[6];
        enum err_code expected;
    } cases[] = {
        {{{1, first}, {2, packed}, {BACKUP_KEPT, items[0]}, {BACKUP_KEPT, items[1]}, {6, two}},
         ERR_OK},
        {{{1, first}, {2, packed}, {BACKUP_KEPT, items[1]}, {6, one}}, ERR_OK},
        {{{1, first}, {2, packed}, {BACKUP_KEPT, items[1]}, {BACKUP_KEPT, items[0]}, {6, two}},
         ERR_DAMAGED},
        {{{1, first}, {2, packed}, {BACKUP_KEPT, items[2]}, {6, one}}, ERR_DAMAGED},
        {{{1, first}, {2, packed}, {BACKUP_KEPT, retract}, {6, one}}, ERR_DAMAGED},
        {{{1, first}, {2, packed}, {BACKUP_KEPT, items[1]}, {6, two}}, ERR_DAMAGED},
        {{{1, first}, {2, packed}, {BACKUP_KEPT, items[1]}, {6, short_end}}, ERR_DAMAGED},
        {{{1, first}, {2, packed}, {BACKUP_POST, wire}, {BACKUP_KEPT, items[1]}, {6, one}},
         ERR_DAMAGED},
        {{{1, plain}, {2, packed}, {BACKUP_KEPT, items[1]}, {6, one}}, ERR_DAMAGED},
        {{{1, first}, {2, packed}, {BACKUP_KEPT, octets_of(kept[1], 3)}, {6, one}}, ERR_DAMAGED},
        {{{1, octets_of("\x94\x02\x00\xc2\x00", 5)}, {2, packed}}, ERR_DAMAGED},
        {{{1, octets_of("\x94\x03\x00\xc3\x00", 5)}, {2, packed}}, ERR_VERSION},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct restore_found found;
        assert_int_equal(trip_forges(outside, cases[i].items, 6, &note), ERR_OK);
        enum err_code rc = checks(&found);
        if (rc != cases[i].expected) {
            fail_msg("case %zu: %s", i, err_name(rc));
        }
        if (rc == ERR_OK) {
            vault_close(found.copy);
        }
    }
    free(retract_at);
    sodium_free(vault);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_scene_holds),
        TEST(the_archive_comes_back_with_its_reasons),
        TEST(what_waits_for_the_archive_comes_back),
        TEST(restoring_twice_changes_nothing),
        TEST(her_own_old_posts_are_in_every_backup),
        TEST(her_own_posts_come_back_into_the_home_that_lost_its_archive),
        TEST(a_home_that_lived_on_gets_no_context),
        TEST(a_file_cut_short_or_altered_changes_nothing),
        TEST(a_restore_cut_off_is_done_again),
        TEST(what_kith_never_writes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
