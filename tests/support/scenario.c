#include "tests/support/scenario.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/tag.h"
#include "store/view_check.h"

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "tests/support/scenario: %s\n", what);
        abort();
    }
}

static struct key key_of(const char *who)
{
    return person_of(who).key;
}

struct scenario *scenario_new(const char *her)
{
    struct scenario *s = calloc(1, sizeof *s);
    must(s != NULL, "memory");
    s->her = person_of(her);
    s->now_s = 1000000;
    s->store = scenario_store_new();
    s->vault = (struct vault_contents){.kind = VAULT_PERSONAL,
                                       .petnames = s->petnames,
                                       .follows = s->follows,
                                       .tags = s->tags,
                                       .blocks = s->blocks,
                                       .shields = s->shields};
    must(view_new(&s->view, s->store, &s->her.key, NULL) == ERR_OK, "view_new");
    reloads(s);
    return s;
}

void scenario_free(struct scenario *s)
{
    view_free(s->view);
    scenario_store_free(s->store);
    posts_free(&s->posts);
    free(s);
}

void judged_as_anew(struct scenario *s)
{
    struct err_note note = {.text = ""};
    if (view_check(s->view, s->now_s, &note) != ERR_OK) {
        (void)fprintf(stderr, "%s\n", note.text);
        must(false, "step by step as anew");
    }
}

void reloads(struct scenario *s)
{
    must(view_load(s->view, &s->vault, NULL) == ERR_OK, "view_load");
    judged_as_anew(s);
}

void follows(struct scenario *s, const char *who)
{
    must(s->vault.follows_count < SCENARIO_LIST_MAX, "fewer follows");
    s->follows[s->vault.follows_count++] = key_of(who);
    reloads(s);
}

void unfollows(struct scenario *s, const char *who)
{
    struct key key = key_of(who);
    for (size_t i = 0; i < s->vault.follows_count; i++) {
        if (key_equal(&s->follows[i], &key)) {
            s->follows[i] = s->follows[--s->vault.follows_count];
        }
    }
    reloads(s);
}

void follows_tag(struct scenario *s, const char *tag)
{
    must(s->vault.tags_count < SCENARIO_LIST_MAX, "fewer tags");
    struct vault_followed_tag *followed = &s->tags[s->vault.tags_count++];
    size_t len = strlen(tag);
    memcpy(followed->tag, tag, len);
    followed->tag_len = (uint8_t)len;
    reloads(s);
}

void calls(struct scenario *s, const char *who, const char *petname)
{
    must(s->vault.petnames_count < SCENARIO_LIST_MAX, "fewer petnames");
    struct vault_petname *given = &s->petnames[s->vault.petnames_count++];
    given->key = key_of(who);
    (void)snprintf(given->name, sizeof given->name, "%s", petname);
    reloads(s);
}

void blocks(struct scenario *s, const char *who)
{
    must(s->vault.blocks_count < SCENARIO_LIST_MAX, "fewer blocks");
    s->blocks[s->vault.blocks_count++] = (struct vault_block){.key = key_of(who),
                                                              .since_s = s->now_s,
                                                              .since_position = store_end(s->store),
                                                              .in_force = true};
    reloads(s);
}

void unblocks(struct scenario *s, const char *who)
{
    struct key key = key_of(who);
    for (size_t i = 0; i < s->vault.blocks_count; i++) {
        if (s->blocks[i].in_force && key_equal(&s->blocks[i].key, &key)) {
            s->blocks[i].in_force = false;
            s->blocks[i].until_s = s->now_s;
            s->blocks[i].until_position = store_end(s->store);
        }
    }
    reloads(s);
}

static struct vault_shield *shield_new(struct scenario *s, enum vault_shield_kind kind)
{
    must(s->vault.shields_count < SCENARIO_LIST_MAX, "fewer shields");
    struct vault_shield *shield = &s->shields[s->vault.shields_count++];
    *shield = (struct vault_shield){.kind = kind};
    return shield;
}

void shields(struct scenario *s, const char *tag)
{
    struct vault_shield *shield = shield_new(s, VAULT_SHIELD_TAG);
    shield->text_len = (uint8_t)strlen(tag);
    memcpy(shield->text, tag, shield->text_len);
    reloads(s);
}

void shields_word(struct scenario *s, const char *word)
{
    struct vault_shield *shield = shield_new(s, VAULT_SHIELD_WORD);
    size_t len = 0;
    must(view_word(shield->text, &len, octets_of_text(word)) == ERR_OK, "a word to shield");
    shield->text_len = (uint8_t)len;
    reloads(s);
}

void unshields(struct scenario *s)
{
    must(s->vault.shields_count > 0, "a shield");
    s->vault.shields_count--;
    reloads(s);
}

static size_t index_of(const struct scenario *s, struct post_id id)
{
    for (size_t i = 0; i < s->posts.count; i++) {
        if (post_id_equal(&s->posts.ids[i], &id)) {
            return i;
        }
    }
    must(false, "a post of this story");
    return 0;
}

void arrives(struct scenario *s, struct post_id id)
{
    scenario_store_add(s->store, s->posts.wires[index_of(s, id)]);
    must(view_catch_up(s->view, NULL, NULL) == ERR_OK, "view_catch_up");
}

static struct post_id said(struct scenario *s, struct post_id id)
{
    s->now_s++;
    if (!s->holding) {
        arrives(s, id);
    }
    return id;
}

struct post_id says(struct scenario *s, const char *who, const char *text, const char *tag)
{
    struct person person = person_of(who);
    return said(s, person_text(&s->posts, &person, s->now_s, text, tag));
}

struct post_id replies(struct scenario *s, const char *who, struct post_id parent, const char *text)
{
    struct person person = person_of(who);
    struct post answered = posts_decoded(&s->posts, index_of(s, parent));
    const struct post_id *root = post_ref_of(&answered, POST_ROOT);
    return said(
        s, person_reply(&s->posts, &person, s->now_s, root == NULL ? parent : *root, parent, text));
}

struct post_id echoes(struct scenario *s, const char *who, struct post_id echoed, const char *text)
{
    struct person person = person_of(who);
    return said(s, person_echo(&s->posts, &person, s->now_s, echoed, text));
}

struct post_id reacts(struct scenario *s, const char *who, struct post_id subject,
                      enum post_reaction reaction)
{
    struct person person = person_of(who);
    return said(s, person_react(&s->posts, &person, s->now_s, subject, reaction));
}

struct post_id vouches(struct scenario *s, const char *who, const char *subject)
{
    struct person person = person_of(who);
    struct key key = key_of(subject);
    return said(s, person_vouch(&s->posts, &person, s->now_s, &key, NULL));
}

struct post_id admits(struct scenario *s, const char *relay, const char *subject,
                      const char *inviter)
{
    struct person person = person_of(relay);
    struct key key = key_of(subject);
    struct key by = key_of(inviter);
    return said(s, person_vouch(&s->posts, &person, s->now_s, &key, &by));
}

struct post_id retracts(struct scenario *s, const char *who, struct post_id subject)
{
    struct person person = person_of(who);
    return said(s, person_retract(&s->posts, &person, s->now_s, subject));
}

struct post_id names_self(struct scenario *s, const char *who, const char *name, const char *bio)
{
    struct person person = person_of(who);
    return said(s, person_profile(&s->posts, &person, s->now_s, name, bio));
}

struct post_id mentions(struct scenario *s, const char *who, const char *mentioned,
                        const char *text)
{
    struct key key = key_of(mentioned);
    return drafts(s, who,
                  (struct post_draft){.kind = POST_TEXT,
                                      .text = octets_of_text(text),
                                      .mentions = &key,
                                      .mentions_count = 1});
}

struct post_id drafts(struct scenario *s, const char *who, struct post_draft draft)
{
    struct person person = person_of(who);
    draft.created_s = s->now_s;
    return said(s, person_draft(&s->posts, &person, &draft));
}

bool sees(struct scenario *s, struct post_id id)
{
    judged_as_anew(s);
    return view_visible(s->view, &id, VIEW_WEB, s->now_s);
}

bool sees_strangers(struct scenario *s, struct post_id id)
{
    return view_visible(s->view, &id, VIEW_STRANGERS, s->now_s);
}

bool sees_shielded(struct scenario *s, struct post_id id)
{
    return view_visible(s->view, &id, VIEW_SHIELDED_TOO, s->now_s);
}

static const struct view_post *on_page(struct scenario *s, const struct view_query *query,
                                       struct post_id id)
{
    struct view_page page;
    if (view_query(s->view, &page, query, NULL) != ERR_OK) {
        return NULL;
    }
    for (size_t i = 0; i < page.count; i++) {
        if (post_id_equal(&page.posts[i].id, &id)) {
            return page.posts + i;
        }
    }
    return NULL;
}

bool shows(struct scenario *s, enum view_what what, struct post_id id)
{
    return on_page(s,
                   &(struct view_query){
                       .what = what, .id = id, .limit = VIEW_LIMIT_MAX, .now_s = s->now_s},
                   id) != NULL;
}

bool finds(struct scenario *s, const char *words, struct post_id id)
{
    return on_page(s,
                   &(struct view_query){.what = VIEW_SEARCH,
                                        .words = octets_of_text(words),
                                        .limit = VIEW_LIMIT_MAX,
                                        .now_s = s->now_s},
                   id) != NULL;
}

const struct view_post *shown(struct scenario *s, struct post_id id)
{
    const struct view_post *post = on_page(
        s, &(struct view_query){.what = VIEW_SHOW, .id = id, .limit = 1, .now_s = s->now_s}, id);
    must(post != NULL, "a post that is shown");
    return post;
}

uint8_t distance_of(struct scenario *s, const char *who)
{
    struct key key = key_of(who);
    return view_distance(s->view, &key, s->now_s);
}
