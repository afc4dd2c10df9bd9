/* What a person says: posts, replies, reactions, echoes, and taking back. */
#include <string.h>

#include "node/command_run.h"
#include "proto/tag.h"
#include "store/view.h"

#define LIFETIME_MAX_S (UINT64_C(100) * 366 * 86400)

/* What `post` and its kin take, and where it lives while the draft borrows it. */
struct words {
    uint8_t tag_room[POST_TAGS_MAX][POST_TAG_MAX];
    struct octets tags[POST_TAGS_MAX];
    struct post_ref refs[POST_REFS_MAX];
    struct post_draft draft;
};

static const struct {
    const char *word;
    enum post_replies replies;
} replies_words[] = {
    {"everyone", POST_REPLIES_EVERYONE},
    {"vouched", POST_REPLIES_VOUCHED},
    {"nobody", POST_REPLIES_NOBODY},
};

static const char *const reaction_words[POST_REACTIONS_COUNT] = {
    [POST_HEART] = "heart",
    [POST_SAD] = "sad",
    [POST_ANGRY] = "angry",
    [POST_WITH] = "with",
};

const char *command_reaction_name(enum post_reaction reaction)
{
    return reaction_words[reaction];
}

static enum err_code read_tags(struct words *words, struct octets args, struct err_note *note)
{
    struct canon_reader list;
    enum err_code rc = control_get(&list, args, "tags");
    if (rc == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    uint32_t count = 0;
    if (rc != ERR_OK || canon_read_array(&list, &count, POST_TAGS_MAX) != ERR_OK) {
        return err_note(note, ERR_USAGE, "a post has at most %d tags", POST_TAGS_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct octets typed;
        if (canon_read_str(&list, &typed, CONTROL_TEXT_MAX) != ERR_OK) {
            return err_note(note, ERR_USAGE, "a tag must be text");
        }
        size_t len = 0;
        rc = command_tag(words->tag_room[words->draft.tags_count], &len, typed, note);
        if (rc != ERR_OK) {
            return rc;
        }
        struct octets tag = octets_of(words->tag_room[words->draft.tags_count], len);
        bool there = false;
        for (size_t j = 0; j < words->draft.tags_count; j++) {
            there = there || octets_equal(words->tags[j], tag);
        }
        if (!there) {
            words->tags[words->draft.tags_count++] = tag;
        }
    }
    words->draft.tags = words->tags;
    return ERR_OK;
}

static enum err_code read_replies(struct words *words, struct octets args, struct err_note *note)
{
    struct octets word = {0};
    enum err_code rc = command_arg_str(&word, args, "replies", note);
    if (rc != ERR_OK || word.len == 0) {
        return rc;
    }
    for (size_t i = 0; i < sizeof replies_words / sizeof replies_words[0]; i++) {
        if (octets_equal(word, octets_of_text(replies_words[i].word))) {
            words->draft.replies = replies_words[i].replies;
            return ERR_OK;
        }
    }
    return err_note(note, ERR_USAGE, "who may reply is one of: everyone, vouched, nobody");
}

static enum err_code read_words(struct words *words, struct octets args, struct err_note *note)
{
    memset(words, 0, sizeof *words);
    words->draft.kind = POST_TEXT;
    words->draft.refs = words->refs;
    enum err_code rc = command_arg_str(&words->draft.text, args, "text", note);
    if (rc == ERR_OK) {
        rc = command_arg_str(&words->draft.note, args, "note", note);
    }
    if (rc == ERR_OK && words->draft.note.len > POST_NOTE_MAX) {
        rc = err_note(note, ERR_USAGE, "a content note holds at most %d octets", POST_NOTE_MAX);
    }
    if (rc == ERR_OK) {
        rc = command_arg_seconds(&words->draft.expires_s, args, "expires", LIFETIME_MAX_S, note);
    }
    if (rc == ERR_OK) {
        rc = read_tags(words, args, note);
    }
    return rc == ERR_OK ? read_replies(words, args, note) : rc;
}

static void add_ref(struct words *words, enum post_relation relation, const struct post_id *id)
{
    words->refs[words->draft.refs_count++] = (struct post_ref){.relation = relation, .id = *id};
}

enum err_code command_resolve(struct commands *c, struct view_target *target, struct octets typed,
                              enum view_want what, enum view_reach reach, struct err_note *note)
{
    int shown = typed.len > 80 ? 80 : (int)typed.len;
    const char *word = (const char *)typed.at;
    size_t matches_count = 0;
    struct view_wanted wanted = {.what = what, .reach = reach, .now_s = c->host->now_s(c->host)};
    enum err_code rc = view_resolve(c->view, target, &matches_count, typed, &wanted);
    if (rc == ERR_NOT_FOUND) {
        return err_note(note, rc, "there is no '%.*s' here", shown, word);
    }
    if (rc == ERR_REFUSED) {
        return err_note(note, ERR_USAGE, "'%.*s' fits %zu posts; a few more digits will do", shown,
                        word, matches_count);
    }
    if (rc == ERR_MALFORMED) {
        return err_note(note, ERR_USAGE, "'%.*s' is not %s", shown, word,
                        what == VIEW_WANT_POST  ? "the id of a post"
                        : what == VIEW_WANT_KEY ? "a key (kith1...) or an @petname"
                                                : "a key (kith1...), an @petname or the id of a "
                                                  "post");
    }
    return rc;
}

enum err_code command_resolve_arg(struct commands *c, struct view_target *target,
                                  struct octets args, const char *name, enum view_want what,
                                  struct err_note *note)
{
    struct octets typed = {0};
    enum err_code rc = command_arg_str_required(&typed, args, name, note);
    return rc == ERR_OK ? command_resolve(c, target, typed, what, VIEW_ALL, note) : rc;
}

/* The one post with this id, as she may see it; her own ones also where something hides them. */
static enum err_code show(struct commands *c, const struct view_post **post,
                          const struct post_id *id, struct err_note *note)
{
    struct view_query query = {.what = VIEW_SHOW,
                               .reach = VIEW_ALL,
                               .id = *id,
                               .limit = 1,
                               .now_s = c->host->now_s(c->host)};
    struct view_page page;
    enum err_code rc = view_query(c->view, &page, &query, note);
    if (rc == ERR_OK && page.count == 0) {
        rc = ERR_NOT_FOUND;
    }
    if (rc == ERR_OK) {
        *post = page.posts;
    }
    return rc;
}

/* The text that "id" names; any other kind is refused in these words. */
static enum err_code find_text(struct commands *c, const struct view_post **post,
                               struct octets args, const char *refusal, struct err_note *note)
{
    struct view_target target;
    const struct view_post *found = NULL;
    enum err_code rc = command_resolve_arg(c, &target, args, "id", VIEW_WANT_POST, note);
    if (rc == ERR_OK) {
        rc = show(c, &found, &target.id, note);
    }
    if (rc == ERR_OK && found->kind != POST_TEXT) {
        rc = err_note(note, ERR_REFUSED, "%s; nothing was sent", refusal);
    }
    if (rc == ERR_OK) {
        *post = found;
    }
    return rc;
}

enum err_code command_on_post(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note)
{
    struct words words;
    enum err_code rc = read_words(&words, args, note);
    if (rc == ERR_OK && words.draft.text.len == 0 && words.draft.tags_count == 0) {
        rc = err_note(note, ERR_USAGE,
                      "a post needs words or a tag; a tag alone says enough, for example: `kith "
                      "post --tag metoo`");
    }
    run->says_posted = true;
    return rc == ERR_OK ? command_publish(c, run, &words.draft, note) : rc;
}

enum err_code command_on_reply(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note)
{
    struct words words;
    const struct view_post *parent = NULL;
    enum err_code rc = read_words(&words, args, note);
    if (rc == ERR_OK && words.draft.text.len == 0) {
        rc = err_note(note, ERR_USAGE, "a reply needs words; `kith react ID with` needs none");
    }
    if (rc == ERR_OK) {
        rc = find_text(c, &parent, args, "only posts with words can be answered", note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    struct post_id root = parent->has_root ? parent->root : parent->id;
    words.draft.created_s = parent->created_s + 1;
    add_ref(&words, POST_ROOT, &root);
    add_ref(&words, POST_PARENT, &parent->id);
    rc = show(c, &parent, &root, note);
    if (rc == ERR_OK && parent->replies_policy == POST_REPLIES_NOBODY && !parent->own) {
        return err_note(note, ERR_REFUSED,
                        "whoever began this thread asked for no replies; nothing was sent. `kith "
                        "react ID with` needs no words");
    }
    run->says_posted = true;
    return rc == ERR_OK ? command_publish(c, run, &words.draft, note) : rc;
}

enum err_code command_on_echo(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note)
{
    struct words words;
    const struct view_post *echoed = NULL;
    enum err_code rc = read_words(&words, args, note);
    if (rc == ERR_OK) {
        rc = find_text(c, &echoed, args, "only posts with words can be echoed", note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    add_ref(&words, POST_ECHO, &echoed->id);
    words.draft.created_s = echoed->created_s + 1;
    run->says_posted = true;
    return command_publish(c, run, &words.draft, note);
}

enum err_code command_on_react(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note)
{
    struct words words = {0};
    struct octets typed = {0};
    enum err_code rc = command_arg_str_required(&typed, args, "reaction", note);
    bool found = false;
    for (int i = 0; rc == ERR_OK && i < POST_REACTIONS_COUNT; i++) {
        if (octets_equal(typed, octets_of_text(reaction_words[i]))) {
            words.draft.reaction = (enum post_reaction)i;
            found = true;
        }
    }
    if (rc == ERR_OK && !found) {
        rc = err_note(note, ERR_USAGE, "a reaction is one of: heart, sad, angry, with");
    }
    const struct view_post *subject = NULL;
    if (rc == ERR_OK) {
        rc = find_text(c, &subject, args, "only posts with words take reactions", note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    words.draft.kind = POST_REACT;
    words.draft.refs = words.refs;
    add_ref(&words, POST_SUBJECT, &subject->id);
    run->says_posted = true;
    return command_publish(c, run, &words.draft, note);
}

enum err_code command_retract(struct commands *c, struct run *run, const struct post_id *id,
                              struct err_note *note)
{
    struct words words = {0};
    words.draft.kind = POST_RETRACT;
    words.draft.refs = words.refs;
    add_ref(&words, POST_SUBJECT, id);
    return command_publish(c, run, &words.draft, note);
}

enum err_code command_on_retract(struct commands *c, struct run *run, struct octets args,
                                 struct err_note *note)
{
    struct view_target target;
    enum err_code rc = command_resolve_arg(c, &target, args, "id", VIEW_WANT_POST, note);
    if (rc == ERR_OK && !target.own) {
        rc = err_note(note, ERR_REFUSED,
                      "only its author can take a post back; nothing was sent. `kith block` keeps "
                      "its author away from you");
    }
    return rc == ERR_OK ? command_retract(c, run, &target.id, note) : rc;
}
