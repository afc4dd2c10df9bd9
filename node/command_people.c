/* Whom a person knows: names, follows, vouches, her own profile; and what may complete a word. */
#include <string.h>

#include "node/command_labels.h"
#include "node/command_run.h"
#include "store/view.h"

#define PEOPLE_MAX VIEW_LIMIT_MAX

static void put_person(struct commands *c, struct run *run, const struct view_person *person)
{
    uint32_t pairs = 2; /* key, follow */
    pairs += person->name.len > 0;
    pairs += person->petname.len > 0;
    pairs += person->distance != VIEW_STRANGER;
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, pairs);
    command_put_bin(w, "key", person->key.octets);
    if (person->name.len > 0) {
        command_put_str(w, "name", person->name);
    }
    if (person->petname.len > 0) {
        command_put_str(w, "petname", person->petname);
    }
    if (person->distance != VIEW_STRANGER) {
        command_put_uint(w, "distance", person->distance);
    }
    command_put_bool(w, "follow", person->follow);
    command_item_send(c, run);
}

enum err_code command_on_people(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note)
{
    enum view_reach reach = VIEW_WEB;
    enum err_code rc = command_arg_reach(&reach, args, note);
    const struct view_person *people = NULL;
    size_t count = 0;
    if (rc == ERR_OK) {
        rc =
            view_people(c->view, &people, &count, PEOPLE_MAX, reach, c->host->now_s(c->host), note);
    }
    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        put_person(c, run, &people[i]);
    }
    return rc;
}

/* A petname as typed, with or without its '@'. */
static enum err_code read_petname(char out[VAULT_LABEL_MAX + 1], struct octets args,
                                  struct err_note *note)
{
    struct octets typed = {0};
    enum err_code rc = command_arg_str_required(&typed, args, "petname", note);
    if (rc != ERR_OK) {
        return rc;
    }
    if (typed.at[0] == '@') {
        typed.at++;
        typed.len--;
    }
    bool plain = typed.len > 0 && typed.len <= VAULT_LABEL_MAX;
    for (size_t i = 0; plain && i < typed.len; i++) {
        plain = typed.at[i] > ' ' && typed.at[i] != 0x7f && typed.at[i] != '@';
    }
    if (!plain) {
        return err_note(note, ERR_USAGE,
                        "a petname is one word of at most %d octets, for example @carl",
                        VAULT_LABEL_MAX);
    }
    memcpy(out, typed.at, typed.len);
    out[typed.len] = '\0';
    return ERR_OK;
}

enum err_code command_on_name(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note)
{
    (void)run;
    struct view_target target;
    char petname[VAULT_LABEL_MAX + 1];
    bool changed = false;
    enum err_code rc = command_resolve_arg(c, &target, args, "key", VIEW_WANT_KEY, note);
    if (rc == ERR_OK) {
        rc = read_petname(petname, args, note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    rc = vault_petname_set(c->vault, &changed, &target.key, petname);
    if (rc != ERR_OK) {
        return err_note(note, rc, "'@%s' is somebody else's name in your list already", petname);
    }
    return changed ? command_commit(c, note) : ERR_OK;
}

static enum err_code follow_tag(struct commands *c, const struct run *run, struct octets typed,
                                bool *changed, struct err_note *note)
{
    uint8_t tag[POST_TAG_MAX];
    size_t len = 0;
    enum err_code rc = command_tag(tag, &len, typed, note);
    if (rc != ERR_OK) {
        return rc;
    }
    return run->command == CONTROL_FOLLOW
               ? vault_follow_tag(c->vault, changed, octets_of(tag, len))
               : vault_unfollow_tag(c->vault, changed, octets_of(tag, len));
}

static enum err_code follow_key(struct commands *c, const struct run *run, struct octets args,
                                bool *changed, struct err_note *note)
{
    struct view_target target;
    enum err_code rc = command_resolve_arg(c, &target, args, "key", VIEW_WANT_EITHER, note);
    if (rc == ERR_OK && target.own) {
        return err_note(note, ERR_REFUSED, "this is your own key; your posts are always shown");
    }
    if (rc != ERR_OK) {
        return rc;
    }
    return run->command == CONTROL_FOLLOW ? vault_follow(c->vault, changed, &target.key)
                                          : vault_unfollow(c->vault, changed, &target.key);
}

enum err_code command_on_follow(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note)
{
    struct octets tag = {0};
    struct octets key = {0};
    bool changed = false;
    enum err_code rc = command_arg_str(&tag, args, "tag", note);
    if (rc == ERR_OK) {
        rc = command_arg_str(&key, args, "key", note);
    }
    if (rc == ERR_OK && (tag.len == 0) == (key.len == 0)) {
        rc = err_note(note, ERR_USAGE, "name one person, or one tag with --tag");
    }
    if (rc == ERR_OK) {
        rc = tag.len > 0 ? follow_tag(c, run, tag, &changed, note)
                         : follow_key(c, run, args, &changed, note);
    }
    if (rc == ERR_REFUSED && note->text[0] == '\0') {
        return err_note(note, rc, "the list of what you follow is full");
    }
    return rc == ERR_OK && changed ? command_commit(c, note) : rc;
}

enum err_code command_on_web(struct commands *c, struct run *run, struct octets args,
                             struct err_note *note)
{
    uint64_t steps = 0;
    bool changed = false;
    enum err_code rc = command_arg_uint(&steps, args, "steps", VAULT_STEPS_MAX, note);
    if (rc == ERR_OK && steps > 0) {
        rc = vault_web_steps_set(c->vault, &changed, steps);
    }
    if (rc == ERR_OK && changed) {
        rc = command_commit(c, note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, 1);
    command_put_uint(w, "steps", vault_contents(c->vault)->web_steps);
    command_item_send(c, run);
    return ERR_OK;
}

static bool is_blocked(const struct commands *c, const struct key *key)
{
    const struct vault_contents *contents = vault_contents(c->vault);
    for (size_t i = 0; i < contents->blocks_count; i++) {
        if (contents->blocks[i].in_force && key_equal(&contents->blocks[i].key, key)) {
            return true;
        }
    }
    return false;
}

enum err_code command_on_vouch(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note)
{
    struct view_target target;
    enum err_code rc = command_resolve_arg(c, &target, args, "key", VIEW_WANT_EITHER, note);
    if (rc == ERR_OK && target.own) {
        rc = err_note(note, ERR_REFUSED, "nobody can vouch for themselves; nothing was sent");
    }
    if (rc == ERR_OK && is_blocked(c, &target.key)) {
        rc = err_note(note, ERR_REFUSED,
                      "you have blocked this person, and a vouch is read by everyone; nothing was "
                      "sent. `kith unblock` comes first");
    }
    struct post_id there;
    if (rc == ERR_OK &&
        view_own_vouch(c->view, &there, &target.key, c->host->now_s(c->host), note) == ERR_OK) {
        return ERR_OK; /* said already */
    }
    if (rc != ERR_OK) {
        return rc;
    }
    struct post_draft draft = {.kind = POST_VOUCH, .subject = target.key};
    return command_publish(c, run, &draft, note);
}

enum err_code command_on_unvouch(struct commands *c, struct run *run, struct octets args,
                                 struct err_note *note)
{
    struct view_target target;
    struct post_id vouch;
    enum err_code rc = command_resolve_arg(c, &target, args, "key", VIEW_WANT_EITHER, note);
    if (rc == ERR_OK) {
        rc = view_own_vouch(c->view, &vouch, &target.key, c->host->now_s(c->host), note);
        if (rc == ERR_NOT_FOUND) {
            return err_note(note, rc, "you have not vouched for this person");
        }
    }
    return rc == ERR_OK ? command_retract(c, run, &vouch, note) : rc;
}

/* --- her own profile ----------------------------------------------------------------------------
 */

static enum err_code show_profile(struct commands *c, struct run *run,
                                  const struct view_profile *profile)
{
    struct key own = vault_identity(c->vault);
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, 1 + (uint32_t)(profile->name.len > 0) + (profile->bio.len > 0));
    command_put_bin(w, "key", own.octets);
    if (profile->name.len > 0) {
        command_put_str(w, "name", profile->name);
    }
    if (profile->bio.len > 0) {
        command_put_str(w, "bio", profile->bio);
    }
    command_item_send(c, run);
    return ERR_OK;
}

/* A relay has no view. */
static void relay_profile(const struct commands *c, struct view_profile *profile)
{
    struct post post;
    if (c->profile != NULL && post_decode(&post, octets_of(c->profile, c->profile_len)) == ERR_OK) {
        profile->id = post.id;
        profile->name = post.as.profile.name;
        profile->bio = post.as.profile.bio;
    }
}

static enum err_code own_profile(struct commands *c, struct view_profile *profile,
                                 struct err_note *note)
{
    *profile = (struct view_profile){.name = octets_of(NULL, 0)};
    if (c->view == NULL) {
        relay_profile(c, profile);
        return ERR_OK;
    }
    enum err_code rc = view_own_profile(c->view, profile, c->host->now_s(c->host), note);
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

enum err_code command_on_profile(struct commands *c, struct run *run, struct octets args,
                                 struct err_note *note)
{
    struct view_profile profile;
    struct octets name;
    struct octets bio;
    enum err_code rc = own_profile(c, &profile, note);
    if (rc != ERR_OK) {
        return rc;
    }
    bool has_name = control_get_str(&name, args, "name") == ERR_OK;
    bool has_bio = control_get_str(&bio, args, "bio") == ERR_OK;
    if (!has_name && !has_bio) {
        return show_profile(c, run, &profile);
    }
    struct post_draft draft = {.kind = POST_PROFILE,
                               .text = has_name ? name : profile.name,
                               .note = has_bio ? bio : profile.bio};
    if (draft.text.len > POST_NAME_MAX || draft.note.len > POST_BIO_MAX) {
        return err_note(note, ERR_USAGE,
                        "a name holds at most %d octets and a bio at most %d; nothing was sent",
                        POST_NAME_MAX, POST_BIO_MAX);
    }
    return command_publish(c, run, &draft, note);
}

/* --- completions --------------------------------------------------------------------------------
 */

static bool begins(struct octets text, struct octets prefix)
{
    return text.len >= prefix.len &&
           (prefix.len == 0 || memcmp(text.at, prefix.at, prefix.len) == 0);
}

static void put_completion(struct commands *c, struct run *run, const char *mark,
                           struct octets text)
{
    char room[VAULT_LABEL_MAX + POST_TAG_MAX + 2];
    size_t len = strlen(mark);
    memcpy(room, mark, len);
    memcpy(room + len, text.at, text.len);
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, 1);
    command_put_str(w, "completion", octets_of(room, len + text.len));
    command_item_send(c, run);
}

static enum err_code complete_key(struct commands *c, struct run *run, struct octets prefix,
                                  struct err_note *note)
{
    const struct view_person *people = NULL;
    size_t count = 0;
    if (prefix.len > 0 && prefix.at[0] == '@') {
        prefix = octets_of(prefix.at + 1, prefix.len - 1);
    }
    enum err_code rc =
        view_people(c->view, &people, &count, PEOPLE_MAX, VIEW_WEB, c->host->now_s(c->host), note);
    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        if (people[i].petname.len > 0 && begins(people[i].petname, prefix)) {
            put_completion(c, run, "@", people[i].petname);
        }
    }
    return rc;
}

static enum err_code complete_tag(struct commands *c, struct run *run, struct octets prefix,
                                  struct err_note *note)
{
    const struct view_tag *tags = NULL;
    size_t count = 0;
    enum err_code rc =
        view_tags(c->view, &tags, &count, VIEW_LIMIT_MAX, VIEW_WEB, c->host->now_s(c->host), note);
    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        if (begins(tags[i].tag, prefix)) {
            put_completion(c, run, "", tags[i].tag);
        }
    }
    return rc;
}

/* What `blocks` calls people, for `unblock`. */
static enum err_code complete_label(struct commands *c, struct run *run, struct octets prefix)
{
    const struct vault_contents *contents = vault_contents(c->vault);
    struct command_labels labels;
    enum err_code rc = command_labels_open(&labels, contents);
    if (rc != ERR_OK) {
        return rc;
    }
    for (size_t i = 0; i < contents->blocks_count; i++) {
        struct octets label = octets_of_text(command_label_of(&labels, &contents->blocks[i]));
        if (contents->blocks[i].in_force && label.len > 0 && begins(label, prefix)) {
            put_completion(c, run, "", label);
        }
    }
    command_labels_close(&labels);
    return ERR_OK;
}

enum err_code command_on_complete(struct commands *c, struct run *run, struct octets args,
                                  struct err_note *note)
{
    struct octets kind = {0};
    struct octets prefix = {0};
    enum err_code rc = command_arg_str_required(&kind, args, "kind", note);
    if (rc == ERR_OK) {
        rc = command_arg_str(&prefix, args, "prefix", note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (octets_equal(kind, octets_of_text("key"))) {
        return complete_key(c, run, prefix, note);
    }
    if (octets_equal(kind, octets_of_text("tag"))) {
        return complete_tag(c, run, prefix, note);
    }
    if (octets_equal(kind, octets_of_text("label"))) {
        return complete_label(c, run, prefix);
    }
    return err_note(note, ERR_USAGE, "what can be completed is a key, a tag or a label");
}
