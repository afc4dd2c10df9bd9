/* One post as one item (SPEC 11.3): the fixed names first, what is for people only behind. */
#include <string.h>

#include "node/command_run.h"
#include "proto/given_name.h"
#include "proto/name32.h"
#include "store/view.h"

const char *command_kind_name(uint64_t kind)
{
    static const char *const names[] = {
        [POST_PROFILE] = "profile", [POST_TEXT] = "text",       [POST_REACT] = "react",
        [POST_VOUCH] = "vouch",     [POST_RETRACT] = "retract",
    };
    if (kind < sizeof names / sizeof names[0] && names[kind] != NULL) {
        return names[kind];
    }
    return "unknown";
}

static struct octets name_shown(const struct view_post *post)
{
    return post->name_is_petname ? post->name : given_name(post->name);
}

/* A map's size goes before its pairs: count what is there first. */
static uint32_t pairs_count(const struct view_post *post)
{
    uint32_t count = 7; /* id kind author created_s tags reactions _short */
    count += post->voice;
    count += name_shown(post).len > 0;
    count += post->text.len > 0;
    count += post->note.len > 0;
    count += post->has_root;
    count += post->has_parent;
    count += post->has_echo;
    count += post->distance != VIEW_STRANGER;
    count += post->has_subject;
    count += post->kind == POST_REACT;
    count += post->kind == POST_VOUCH;
    count += post->has_inviter;
    count += post->replies_count > 0;
    count += post->own;
    count += post->name_is_petname;
    return count;
}

static void put_name(struct canon_writer *w, const struct view_post *post)
{
    char room[POST_NAME_MAX + VAULT_LABEL_MAX + 2];
    struct octets name = name_shown(post);
    size_t len = 0;
    if (post->name_is_petname) {
        room[len++] = '@';
    }
    memcpy(room + len, name.at, name.len);
    command_put_str(w, "name", octets_of(room, len + name.len));
}

static void put_reactions(struct canon_writer *w, const struct view_post *post)
{
    uint32_t kinds = 0;
    for (int i = 0; i < POST_REACTIONS_COUNT; i++) {
        kinds += post->reactions[i] > 0;
    }
    canon_write_str(w, octets_of_text("reactions"));
    canon_write_map(w, kinds);
    for (int i = 0; i < POST_REACTIONS_COUNT; i++) {
        if (post->reactions[i] > 0) {
            command_put_uint(w, command_reaction_name((enum post_reaction)i), post->reactions[i]);
        }
    }
}

static void put_what_it_says(struct canon_writer *w, const struct view_post *post)
{
    canon_write_str(w, octets_of_text("tags"));
    canon_write_array(w, (uint32_t)post->tags_count);
    for (size_t i = 0; i < post->tags_count; i++) {
        canon_write_str(w, post->tags[i]);
    }
    if (post->text.len > 0) {
        command_put_str(w, "text", post->text);
    }
    if (post->note.len > 0) {
        command_put_str(w, "note", post->note);
    }
    if (post->has_root) {
        command_put_bin(w, "root", post->root.octets);
    }
    if (post->has_parent) {
        command_put_bin(w, "parent", post->parent.octets);
    }
    if (post->has_echo) {
        command_put_bin(w, "echo", post->echo.octets);
    }
}

static void put_what_other_kinds_say(struct canon_writer *w, const struct view_post *post)
{
    if (post->has_subject) {
        command_put_bin(w, "subject", post->subject.octets);
    }
    if (post->kind == POST_REACT) {
        command_put_text(w, "reaction", command_reaction_name(post->reaction));
    }
    if (post->kind == POST_VOUCH) {
        command_put_bin(w, "vouched", post->vouched.octets);
    }
    if (post->has_inviter) {
        command_put_bin(w, "inviter", post->inviter.octets);
    }
}

void command_item_post(struct commands *c, struct run *run, const struct view_post *post)
{
    char hex[NAME32_HEX_LEN + 1];
    name32_hex(hex, post->id.octets);

    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, pairs_count(post));
    command_put_bin(w, "id", post->id.octets);
    command_put_text(w, "kind", command_kind_name(post->kind));
    command_put_bin(w, "author", post->author.octets);
    if (name_shown(post).len > 0) {
        put_name(w, post);
    }
    command_put_uint(w, "created_s", post->created_s);
    put_what_it_says(w, post);
    if (post->voice) {
        command_put_bool(w, "voice", true);
    }
    put_reactions(w, post);
    if (post->distance != VIEW_STRANGER) {
        command_put_uint(w, "distance", post->distance);
    }
    put_what_other_kinds_say(w, post);
    command_put_str(w, "_short", octets_of(hex, post->short_len));
    if (post->replies_count > 0) {
        command_put_uint(w, "_replies", post->replies_count);
    }
    if (post->own) {
        command_put_bool(w, "_own", true);
    }
    if (post->name_is_petname) {
        command_put_bool(w, "_petname", true);
    }
    command_item_send(c, run);
}
