/* Everything a view answers as one text, and the same with somebody's posts never written. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/name32.h"
#include "tests/support/scenario.h"

struct trace {
    char *text;
    size_t len;
    size_t cap;
    size_t reaches_count; /* of reaches[]: how far is asked */
};

/* Those that leave her shields up come first. */
static const enum view_reach reaches[] = {VIEW_WEB, VIEW_STRANGERS, VIEW_SHIELDED_TOO, VIEW_ALL};
#define REACHES_COUNT    (sizeof reaches / sizeof reaches[0])
#define REACHES_SHIELDED 2

static void put(struct trace *t, const char *format, ...) PRINTF_LIKE(2, 3);

static void put(struct trace *t, const char *format, ...)
{
    va_list arguments;
    if (t->cap - t->len < 8192) {
        t->cap = 2 * t->cap + 16384;
        t->text = realloc(t->text, t->cap);
        if (t->text == NULL) {
            abort();
        }
    }
    va_start(arguments, format);
    int len = vsnprintf(t->text + t->len, t->cap - t->len, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= t->cap - t->len) {
        abort();
    }
    t->len += (size_t)len;
}

static void put_hex(struct trace *t, const char *label, const uint8_t octets[32])
{
    char hex[NAME32_HEX_LEN + 1];
    name32_hex(hex, octets);
    put(t, " %s=%.16s", label, hex);
}

static void put_text(struct trace *t, const char *label, struct octets text)
{
    put(t, " %s='%.*s'", label, (int)text.len, text.len == 0 ? "" : (const char *)text.at);
}

static void put_post(struct trace *t, const struct view_post *post)
{
    put(t, "  %d", (int)post->kind);
    put_hex(t, "id", post->id.octets);
    put_hex(t, "by", post->author.octets);
    put_text(t, post->name_is_petname ? "petname" : "name", post->name);
    put_text(t, "text", post->text);
    put_text(t, "note", post->note);
    for (size_t i = 0; i < post->tags_count; i++) {
        put_text(t, "tag", post->tags[i]);
    }
    put_hex(t, "root", post->root.octets);
    put_hex(t, "parent", post->parent.octets);
    put_hex(t, "echo", post->echo.octets);
    put_hex(t, "subject", post->subject.octets);
    put_hex(t, "vouched", post->vouched.octets);
    put(t, " short=%d far=%d at=%llu replies=%u reactions=%u,%u,%u,%u own=%d\n", post->short_len,
        post->distance, (unsigned long long)post->created_s, post->replies_count,
        post->reactions[0], post->reactions[1], post->reactions[2], post->reactions[3], post->own);
}

static void put_query(struct trace *t, struct scenario *s, const char *label,
                      struct view_query query)
{
    query.now_s = s->now_s;
    for (size_t r = 0; r < t->reaches_count; r++) {
        struct view_page page = {.posts = NULL};
        query.reach = reaches[r];
        enum err_code rc = view_query(s->view, &page, &query, NULL);
        put(t, "%s %zu: %s\n", label, r, err_name(rc));
        for (size_t i = 0; i < page.count; i++) {
            put_post(t, &page.posts[i]);
        }
    }
}

static void put_lists(struct trace *t, struct scenario *s, enum view_reach reach)
{
    const struct view_tag *tags;
    const struct view_person *people;
    size_t count;
    if (view_tags(s->view, &tags, &count, 100, reach, s->now_s, NULL) != ERR_OK) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        put_text(t, "tags", tags[i].tag);
        put(t, " %u %u %d\n", tags[i].posts_count, tags[i].people_count, tags[i].followed);
    }
    if (view_people(s->view, &people, &count, 100, reach, s->now_s, NULL) != ERR_OK) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        put_hex(t, "person", people[i].key.octets);
        put_text(t, "name", people[i].name);
        put_text(t, "petname", people[i].petname);
        put(t, " %d %d\n", people[i].distance, people[i].follow);
    }
    struct view_stats stats;
    if (view_stats(s->view, &stats, reach, s->now_s, NULL) != ERR_OK) {
        abort();
    }
    put(t, "stats %llu %llu\n", (unsigned long long)stats.posts_count,
        (unsigned long long)stats.people_count);
    struct view_export walk = {.reach = reach};
    struct octets wire;
    while (view_export_next(s->view, &wire, &walk, s->now_s, NULL) == ERR_OK) {
        put_hex(t, "export", walk.id.octets);
        put(t, " %zu\n", wire.len);
    }
}

static void put_tally(struct trace *t, struct scenario *s, const char *tag, enum view_reach reach)
{
    struct view_tally tally;
    if (view_tally(s->view, &tally, octets_of_text(tag), reach, s->now_s, NULL) != ERR_OK) {
        abort();
    }
    put(t, "tally %s %u %u %u %u %u %u %u", tag, tally.identities, tally.people_min, tally.posts,
        tally.reactions, tally.friends, tally.following, tally.strangers);
    for (size_t i = 0; i <= VIEW_STEPS_MAX; i++) {
        put(t, " %u", tally.by_distance[i]);
    }
    for (size_t i = 0; i < tally.by_day_count; i++) {
        put(t, " day %llu %u %u", (unsigned long long)tally.by_day[i].day,
            tally.by_day[i].posts_count, tally.by_day[i].people_count);
    }
    put(t, "\n");
}

static void put_resolved(struct trace *t, struct scenario *s, const char *typed, size_t len)
{
    for (size_t i = 0; i < 3 * t->reaches_count; i++) {
        struct view_wanted wanted = {
            .what = (enum view_want)(i % 3), .reach = reaches[i / 3], .now_s = s->now_s};
        struct view_target target = {.is_post = false};
        size_t matches = 0;
        enum err_code rc = view_resolve(s->view, &target, &matches, octets_of(typed, len), &wanted);
        put(t, "resolve %.*s %zu: %s %d %d %zu", (int)len, typed, i, err_name(rc), target.is_post,
            target.own, matches);
        put_hex(t, "id", target.id.octets);
        put_hex(t, "key", target.key.octets);
        put(t, "\n");
    }
}

/* Every way to ask for one post by its id, whether she may see it or not. */
static void put_asked(struct trace *t, struct scenario *s, struct post_id id)
{
    char hex[NAME32_HEX_LEN + 1];
    name32_hex(hex, id.octets);
    put_query(t, s, "show", (struct view_query){.what = VIEW_SHOW, .id = id, .limit = 1});
    put_query(t, s, "thread", (struct view_query){.what = VIEW_THREAD, .id = id, .limit = 100});
    put_query(
        t, s, "before",
        (struct view_query){.what = VIEW_TIMELINE, .has_before = true, .before = id, .limit = 2});
    put_resolved(t, s, hex, NAME32_HEX_LEN);
    put_resolved(t, s, hex, 8);
    put_resolved(t, s, hex, 2);
}

/* ids: what to ask for; not only what is in this scenario's store. */
static char *traced(struct scenario *s, const struct posts *asked, size_t reaches_count)
{
    static const char *const tags[] = {"metoo", "work", "carl", "nothing"};
    static const char *const words[] = {"support", "me too", "nobody-wrote-this"};
    struct trace t = {.reaches_count = reaches_count};
    put_query(&t, s, "timeline", (struct view_query){.what = VIEW_TIMELINE, .limit = 1000});
    put_query(&t, s, "short", (struct view_query){.what = VIEW_TIMELINE, .limit = 3});
    put_query(&t, s, "inbox", (struct view_query){.what = VIEW_INBOX, .limit = 1000});
    put_query(&t, s, "mine", (struct view_query){.what = VIEW_MINE, .limit = 1000});
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        put_query(
            &t, s, tags[i],
            (struct view_query){.what = VIEW_TAG, .tag = octets_of_text(tags[i]), .limit = 1000});
        for (size_t r = 0; r < reaches_count; r++) {
            put_tally(&t, s, tags[i], reaches[r]);
        }
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        put_query(&t, s, words[i],
                  (struct view_query){
                      .what = VIEW_SEARCH, .words = octets_of_text(words[i]), .limit = 1000});
    }
    for (size_t r = 0; r < reaches_count; r++) {
        put_lists(&t, s, reaches[r]);
    }
    for (size_t i = 0; i < asked->count; i++) {
        struct view_person person;
        struct key author = posts_decoded(asked, i).author;
        put_asked(&t, s, asked->ids[i]);
        if (view_person(s->view, &person, &author, s->now_s, NULL) != ERR_OK) {
            abort();
        }
        put_text(&t, "called", person.name);
        put(&t, " %d\n", view_distance(s->view, &author, s->now_s));
    }
    return t.text;
}

char *everything_shown(struct scenario *s)
{
    return traced(s, &s->posts, REACHES_COUNT);
}

/* Whose posts never arrived: one person's, or all by others that carry what she shields. */
struct removal {
    const struct scenario *s;
    const struct key *who; /* NULL: what she shields */
};

/* Whether a word stands in a text, both of lower-case letters, digits and signs. */
static bool holds_word(struct octets text, struct octets word)
{
    for (size_t i = 0; i + word.len <= text.len; i++) {
        bool begins = i == 0 || text.at[i - 1] == ' ';
        bool ends = i + word.len == text.len || text.at[i + word.len] == ' ';
        if (begins && ends && memcmp(text.at + i, word.at, word.len) == 0) {
            return true;
        }
    }
    return false;
}

static bool carries(const struct post *post, const struct vault_shield *shield)
{
    struct octets wanted = octets_of(shield->text, shield->text_len);
    if (post->kind == POST_PROFILE) {
        return shield->kind == VAULT_SHIELD_WORD && (holds_word(post->as.profile.name, wanted) ||
                                                     holds_word(post->as.profile.bio, wanted));
    }
    bool found = false;
    if (post->kind == POST_TEXT && shield->kind == VAULT_SHIELD_WORD) {
        found = holds_word(post->as.text.text, wanted) || holds_word(post->as.text.note, wanted);
    }
    for (size_t i = 0; i < post->tags_count; i++) {
        found = found || octets_equal(post->tags[i], wanted);
    }
    return found;
}

static bool is_removed(const struct removal *removal, const struct post *post)
{
    const struct scenario *s = removal->s;
    if (removal->who != NULL) {
        return key_equal(&post->author, removal->who);
    }
    bool carried = false;
    for (size_t i = 0; i < s->vault.shields_count; i++) {
        carried = carried || carries(post, &s->shields[i]);
    }
    return carried && !key_equal(&post->author, &s->her.key);
}

/* The position that a block was made at, had what is removed never arrived. */
static uint64_t position_without(struct store *store, uint64_t position,
                                 const struct removal *removal)
{
    static uint8_t octets[POST_WIRE_MAX];
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    uint64_t kept = 0;
    for (uint64_t next = 0, at = 0; next < position;) {
        struct post post;
        if (store_next(store, &wire, &at, &next, NULL) != ERR_OK || at >= position) {
            break;
        }
        if (post_decode(&post, octets_of(wire.at, wire.len)) != ERR_OK) {
            abort();
        }
        kept += is_removed(removal, &post) ? 0 : 1;
    }
    return kept;
}

static struct scenario *without(struct scenario *s, const struct removal *removal)
{
    static uint8_t octets[POST_WIRE_MAX];
    struct scenario *copy = scenario_new(s->her.name);
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    uint64_t at;
    uint64_t next = 0;
    while (store_next(s->store, &wire, &at, &next, NULL) == ERR_OK) {
        struct post post;
        if (post_decode(&post, octets_of(wire.at, wire.len)) != ERR_OK) {
            abort();
        }
        if (!is_removed(removal, &post)) {
            scenario_store_add(copy->store, octets_of(wire.at, wire.len));
        }
    }
    copy->now_s = s->now_s;
    memcpy(copy->petnames, s->petnames, sizeof s->petnames);
    memcpy(copy->follows, s->follows, sizeof s->follows);
    memcpy(copy->tags, s->tags, sizeof s->tags);
    memcpy(copy->blocks, s->blocks, sizeof s->blocks);
    memcpy(copy->shields, s->shields, sizeof s->shields);
    copy->vault.petnames_count = s->vault.petnames_count;
    copy->vault.follows_count = s->vault.follows_count;
    copy->vault.tags_count = s->vault.tags_count;
    copy->vault.blocks_count = s->vault.blocks_count;
    copy->vault.shields_count = s->vault.shields_count;
    for (size_t i = 0; i < s->vault.blocks_count; i++) {
        struct vault_block *block = &copy->blocks[i];
        block->since_position = position_without(s->store, block->since_position, removal);
        block->until_position = position_without(s->store, block->until_position, removal);
    }
    if (view_catch_up(copy->view, NULL, NULL) != ERR_OK) {
        abort();
    }
    reloads(copy);
    return copy;
}

/* The first line in which two texts differ. */
static void print_difference(const char *a, const char *b)
{
    size_t line = 0;
    for (size_t i = 0; a[i] != '\0' && a[i] == b[i]; i++) {
        line = a[i] == '\n' ? i + 1 : line;
    }
    (void)fprintf(stderr, "with:    %.*s\nwithout: %.*s\n", (int)strcspn(a + line, "\n"), a + line,
                  (int)strcspn(b + line, "\n"), b + line);
}

static void compare_without(struct scenario *s, const struct removal *removal, size_t reaches_count,
                            const char *what)
{
    struct scenario *copy = without(s, removal);
    char *with = traced(s, &s->posts, reaches_count);
    char *clean = traced(copy, &s->posts, reaches_count);
    bool same = strcmp(with, clean) == 0;
    if (!same) {
        print_difference(with, clean);
    }
    free(with);
    free(clean);
    scenario_free(copy);
    if (!same) {
        (void)fprintf(stderr, "tests/support/scenario: %s left a trace\n", what);
        abort();
    }
}

void leaves_no_trace(struct scenario *s, const char *who)
{
    struct key key = person_of(who).key;
    compare_without(s, &(struct removal){.s = s, .who = &key}, REACHES_COUNT, who);
}

void shields_leave_no_trace(struct scenario *s)
{
    compare_without(s, &(struct removal){.s = s}, REACHES_SHIELDED, "what she shields");
}
