#include "tests/surfaces/story.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "tests/interference/surfaces.h"

#define HEX_ROOMS 8
#define PLACES    3 /* surfaces.h asks about every third post: by which seed, in turn */

/* In the places of history.h: she is the first, the blocked are the last two. */
static const char *const everybody[HISTORY_PEOPLE] = {HER,    "ana", "cleo", "dora", "eve",
                                                      FRIEND, OTHER, "yuri", "carl", HIM};

struct story *story_new_alone(void)
{
    struct story *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->with = world_new();
    s->without = world_new();
    s->now_s = HISTORY_START_S;
    s->history.people[HISTORY_OWNER] = world_owner(s->with);
    for (int i = 1; i < HISTORY_PEOPLE; i++) {
        s->history.people[i] = person_of(everybody[i]);
    }
    return s;
}

struct story *story_new(void)
{
    struct story *s = story_new_alone();
    she(s, WORDS("follow", KEY(FRIEND)));
    she(s, WORDS("follow", KEY(OTHER)));
    she(s, WORDS("follow", HIS_KEY));
    return s;
}

void story_free(struct story *s)
{
    world_free(s->with);
    world_free(s->without);
    posts_free(&s->history.posts);
    free(s);
}

void story_end(struct story *s)
{
    struct surfaces surfaces = {.history = &s->history, .all = s->with, .without = s->without};
    s->history.facts_count = s->history.posts.count;
    for (uint64_t place = 0; place < PLACES; place++) {
        s->history.seed = place;
        surfaces_read(&surfaces, 1);
    }
    assert_int_equal(surfaces.differing_count, 0);
    story_free(s);
}

void story_restart(struct story *s)
{
    world_restart(s->with);
    world_restart(s->without);
}

void story_passes(struct story *s, uint64_t seconds)
{
    s->now_s += seconds;
    world_set_clock(s->with, s->now_s);
    world_set_clock(s->without, s->now_s);
}

/* --- names --------------------------------------------------------------------------------------
 */

static const char *hex_of(const uint8_t octets[32])
{
    static char rooms[HEX_ROOMS][65];
    static size_t latest;
    latest = (latest + 1) % HEX_ROOMS;
    return sodium_bin2hex(rooms[latest], sizeof rooms[latest], octets, 32);
}

static const struct person *person_named(const struct story *s, const char *who)
{
    for (int i = 0; i < HISTORY_PEOPLE; i++) {
        if (strcmp(who, everybody[i]) == 0) {
            return &s->history.people[i];
        }
    }
    fail_msg("nobody is called %s", who);
    return NULL;
}

struct key story_key(const struct story *s, const char *who)
{
    return person_named(s, who)->key;
}

const char *story_key_hex(const struct story *s, const char *who)
{
    return hex_of(person_named(s, who)->key.octets);
}

const char *story_id_hex(struct post_id id)
{
    return hex_of(id.octets);
}

/* --- what others say ----------------------------------------------------------------------------
 */

static size_t place_of(const struct story *s, struct post_id id)
{
    size_t i = 0;
    while (i < s->history.posts.count && !post_id_equal(&s->history.posts.ids[i], &id)) {
        i++;
    }
    return i;
}

static bool is_by(const struct story *s, size_t place, const char *who)
{
    struct post post = posts_decoded(&s->history.posts, place);
    struct key key = story_key(s, who);
    return key_equal(&post.author, &key);
}

void arrives(struct story *s, struct post_id id)
{
    size_t place = place_of(s, id);
    assert_true(place < s->history.posts.count);
    if (is_by(s, place, HER)) {
        world_say(s->with, &id, s->history.posts.wires[place]);
        world_say(s->without, &id, s->history.posts.wires[place]);
        return;
    }
    world_arrive(s->with, s->history.posts.wires[place]);
    if (!is_by(s, place, HIM)) {
        world_arrive(s->without, s->history.posts.wires[place]);
    }
}

static struct post_id said(struct story *s, struct post_id id)
{
    if (!s->holding) {
        arrives(s, id);
    }
    return id;
}

struct post_id says_at(struct story *s, const char *who, uint64_t created_s, const char *text,
                       const char *tag)
{
    return said(s, person_text(&s->history.posts, person_named(s, who), created_s, text, tag));
}

static uint64_t tick(struct story *s)
{
    story_passes(s, 1);
    return s->now_s;
}

struct post_id says(struct story *s, const char *who, const char *text, const char *tag)
{
    return says_at(s, who, tick(s), text, tag);
}

/* A parent that is no reply, or one of hers that posts does not hold, is its own root. */
static struct post_id root_of(const struct story *s, struct post_id parent)
{
    size_t place = place_of(s, parent);
    if (place == s->history.posts.count) {
        return parent;
    }
    struct post post = posts_decoded(&s->history.posts, place);
    for (size_t i = 0; i < post.refs_count; i++) {
        if (post.refs[i].relation == POST_ROOT) {
            return post.refs[i].id;
        }
    }
    return parent;
}

struct post_id replies(struct story *s, const char *who, struct post_id parent, const char *text)
{
    return said(s, person_reply(&s->history.posts, person_named(s, who), tick(s),
                                root_of(s, parent), parent, text));
}

struct post_id echoes(struct story *s, const char *who, struct post_id echoed, const char *text)
{
    return said(s, person_echo(&s->history.posts, person_named(s, who), tick(s), echoed, text));
}

struct post_id reacts(struct story *s, const char *who, struct post_id subject,
                      enum post_reaction reaction)
{
    return said(s,
                person_react(&s->history.posts, person_named(s, who), tick(s), subject, reaction));
}

struct post_id vouches(struct story *s, const char *who, const char *subject)
{
    struct key key = story_key(s, subject);
    return said(s, person_vouch(&s->history.posts, person_named(s, who), tick(s), &key, NULL));
}

struct post_id admits(struct story *s, const char *relay, const char *subject, const char *inviter)
{
    struct key key = story_key(s, subject);
    struct key by = story_key(s, inviter);
    return said(s, person_vouch(&s->history.posts, person_named(s, relay), tick(s), &key, &by));
}

struct post_id names_self(struct story *s, const char *who, const char *name, const char *bio)
{
    return said(s, person_profile(&s->history.posts, person_named(s, who), tick(s), name, bio));
}

struct post_id mentions(struct story *s, const char *who, const char *mentioned, const char *text)
{
    struct key key = story_key(s, mentioned);
    struct post_draft draft = {.kind = POST_TEXT,
                               .created_s = tick(s),
                               .text = octets_of_text(text),
                               .mentions = &key,
                               .mentions_count = 1};
    return said(s, person_draft(&s->history.posts, person_named(s, who), &draft));
}

/* --- what she does ------------------------------------------------------------------------------
 */

bool holds(const struct answer *answer, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= answer->out_len; i++) {
        if (memcmp(answer->out + i, text, len) == 0) {
            return true;
        }
    }
    return strstr(answer->err != NULL ? answer->err : "", text) != NULL;
}

static void expect_same(const struct answer *a, const struct answer *b, const char *asked)
{
    if (a->status == b->status && a->out_len == b->out_len && a->err_len == b->err_len &&
        memcmp(a->out, b->out, a->out_len) == 0 && memcmp(a->err, b->err, a->err_len) == 0) {
        return;
    }
    fail_msg("%s: with what he wrote (%d)\n%s%s\nand without (%d)\n%s%s", asked, a->status, a->out,
             a->err, b->status, b->out, b->err);
}

static struct answer ask_both(struct story *s, size_t words_count, const char *const *words)
{
    struct answer a = world_ask(s->with, words_count, words);
    struct answer b = world_ask(s->without, words_count, words);
    expect_same(&a, &b, words[0]);
    answer_free(&b);
    return a;
}

void she_cannot(struct story *s, int status, size_t words_count, const char *const *words)
{
    struct answer answer = ask_both(s, words_count, words);
    if (answer.status != status) {
        fail_msg("%s: %d\n%s%s", words[0], answer.status, answer.out, answer.err);
    }
    answer_free(&answer);
}

void she(struct story *s, size_t words_count, const char *const *words)
{
    she_cannot(s, 0, words_count, words);
}

struct post_id she_says(struct story *s, size_t words_count, const char *const *words)
{
    const char *json[12];
    assert_true(words_count + 1 < sizeof json / sizeof json[0]);
    memcpy(json, words, words_count * sizeof words[0]);
    json[words_count] = "--json";
    (void)tick(s);
    struct answer answer = ask_both(s, words_count + 1, json);
    static const char before[] = "{\"id\":\"";
    struct post_id id;
    assert_int_equal(answer.status, 0);
    assert_memory_equal(answer.out, before, sizeof before - 1);
    assert_int_equal(sodium_hex2bin(id.octets, POST_ID_LEN, answer.out + sizeof before - 1, 64,
                                    NULL, NULL, NULL),
                     0);
    answer_free(&answer);
    return id;
}

void blocks(struct story *s)
{
    she(s, WORDS("block", HIS_KEY));
}

/* --- what she is shown --------------------------------------------------------------------------
 */

void showed(struct story *s, const char *text, size_t words_count, const char *const *words)
{
    struct answer answer = world_ask(s->with, words_count, words);
    if (!holds(&answer, text)) {
        fail_msg("before the block %s did not show \"%s\": (%d)\n%s%s", words[0], text,
                 answer.status, answer.out, answer.err);
    }
    answer_free(&answer);
}

static void expect(struct story *s, const char *text, bool held, size_t words_count,
                   const char *const *words)
{
    struct answer answer = ask_both(s, words_count, words);
    if (holds(&answer, text) != held) {
        fail_msg("%s %s \"%s\": (%d)\n%s%s", words[0], held ? "does not show" : "shows", text,
                 answer.status, answer.out, answer.err);
    }
    answer_free(&answer);
}

void shows(struct story *s, const char *text, size_t words_count, const char *const *words)
{
    expect(s, text, true, words_count, words);
}

void hides(struct story *s, const char *text, size_t words_count, const char *const *words)
{
    expect(s, text, false, words_count, words);
}

/* text with every typed in it replaced by a star; owned by the caller. */
static char *without(const char *text, const char *typed)
{
    char *out = calloc(1, strlen(text) + 1);
    assert_non_null(out);
    size_t used = 0;
    while (*text != '\0') {
        bool here = strncmp(text, typed, strlen(typed)) == 0;
        out[used++] = here ? '*' : *text;
        text += here ? strlen(typed) : 1;
    }
    return out;
}

void answers_alike(struct story *s, const char *command, const char *one, const char *other)
{
    const char *last = strcmp(command, "react") == 0 ? "heart" : "--json";
    struct answer a = ask_both(s, WORDS(command, one, last));
    struct answer b = ask_both(s, WORDS(command, other, last));
    char *a_err = without(a.err, one);
    char *b_err = without(b.err, other);
    assert_int_equal(a.status, b.status);
    assert_string_equal(a.out, b.out);
    assert_string_equal(a_err, b_err);
    free(a_err);
    free(b_err);
    answer_free(&a);
    answer_free(&b);
}

struct answer both_answer(struct story *s, enum control_command command, size_t pairs_count,
                          const char *const *names_and_values)
{
    struct answer a = world_request(s->with, command, pairs_count, names_and_values);
    struct answer b = world_request(s->without, command, pairs_count, names_and_values);
    expect_same(&a, &b, control_command_name(command));
    answer_free(&b);
    return a;
}
