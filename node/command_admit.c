/* A relay's side of joining: who is a member, and who becomes one (SPEC 8.3). */
#include <stdlib.h>
#include <string.h>

#include "node/command_run.h"

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, KEY_LEN);
}

static bool is_member(const struct commands *c, const struct key *key)
{
    return c->members_count > 0 &&
           bsearch(key, c->members, c->members_count, sizeof *key, compare_keys) != NULL;
}

static enum err_code add_member(struct commands *c, const struct key *key)
{
    if (is_member(c, key)) {
        return ERR_OK;
    }
    struct key *grown = realloc(c->members, (c->members_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    c->members = grown;
    size_t at = c->members_count;
    while (at > 0 && memcmp(grown[at - 1].octets, key->octets, KEY_LEN) > 0) {
        grown[at] = grown[at - 1];
        at--;
    }
    grown[at] = *key;
    c->members_count++;
    return ERR_OK;
}

enum err_code command_profile_keep(struct commands *commands, struct octets wire)
{
    struct post post;
    if (commands->view != NULL || post_decode(&post, wire) != ERR_OK || !post.known ||
        post.kind != POST_PROFILE) {
        return ERR_OK;
    }
    uint8_t *copy = malloc(wire.len);
    if (copy == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(copy, wire.at, wire.len);
    free(commands->profile);
    commands->profile = copy;
    commands->profile_len = wire.len;
    return ERR_OK;
}

static enum err_code take_own(struct commands *c, struct octets wire)
{
    struct post post;
    bool vouches = post_decode(&post, wire) == ERR_OK && post.known && post.kind == POST_VOUCH;
    enum err_code rc = vouches ? add_member(c, &post.as.vouch.subject) : ERR_OK;
    return rc == ERR_OK ? command_profile_keep(c, wire) : rc;
}

/* A relay's own vouches are its list of members: its journal keeps every own post. */
enum err_code command_own_posts_load(struct commands *c, struct err_note *note)
{
    struct octets_room wire = {.at = c->wire, .cap = POST_WIRE_MAX};
    enum err_code rc = ERR_OK;
    uint64_t latest_s = journal_created_latest(c->journal);
    c->created_latest_s = latest_s > c->created_latest_s ? latest_s : c->created_latest_s;
    for (size_t i = 0; rc == ERR_OK && c->view == NULL && i < journal_own_count(c->journal); i++) {
        if (!journal_own_at(c->journal, i).has_wire) {
            continue;
        }
        rc = journal_own_wire(c->journal, &wire, i, note);
        if (rc == ERR_OK) {
            rc = take_own(c, octets_of(wire.at, wire.len));
        }
    }
    return rc;
}

static enum err_code sign_vouch(struct commands *c, struct octets_room *wire,
                                const struct claim *claim, struct err_note *note)
{
    struct post_draft draft = {.kind = POST_VOUCH,
                               .created_s = command_next_created_s(c, 0),
                               .subject = claim->subject,
                               .inviter = claim->inviter,
                               .has_inviter = true};
    struct post_id id;
    size_t len = 0;
    enum err_code rc = post_sign(c->wire, &len, &id, &draft, vault_identity_seed(c->vault));
    if (rc != ERR_OK) {
        return err_note(note, rc, "signing the vouch");
    }
    if (len > wire->cap) {
        return err_note(note, ERR_TOO_LARGE, "signing the vouch");
    }
    rc = journal_own_post(c->journal, &id, octets_of(c->wire, len), note);
    if (rc == ERR_OK) {
        memcpy(wire->at, c->wire, len);
        wire->len = len;
    }
    return rc;
}

enum err_code commands_admit(struct commands *commands, struct octets_room *wire,
                             struct octets claim_wire, struct err_note *note)
{
    struct commands *c = commands;
    if (c->view != NULL) {
        return err_note(note, ERR_REFUSED, "this node is no relay");
    }
    struct claim claim;
    struct key self = vault_identity(c->vault);
    enum err_code rc = claim_decode(&claim, claim_wire);
    if (rc == ERR_OK) {
        rc = claim_verify(&claim, &self, c->host->now_s(c->host));
    }
    if (rc != ERR_OK) {
        return err_note(note, rc, "checking a claim");
    }
    if (!key_equal(&claim.inviter, &self) && !is_member(c, &claim.inviter)) {
        return err_note(note, ERR_REFUSED, "the inviter is not a member");
    }
    bool by_subject = false;
    uint32_t uses =
        journal_invite_uses(c->journal, &by_subject, &claim.seed_public, &claim.subject);
    wire->len = 0;
    if (is_member(c, &claim.subject)) {
        return ERR_OK;
    }
    if (!by_subject) {
        if (uses >= claim.uses) {
            return err_note(note, ERR_REFUSED, "the invite is used up");
        }
        rc = journal_invite_used(c->journal, &claim.seed_public, &claim.subject, note);
        if (rc != ERR_OK) {
            return err_note(note, rc, "counting the use of an invite");
        }
    }
    rc = sign_vouch(c, wire, &claim, note);
    return rc == ERR_OK ? add_member(c, &claim.subject) : rc;
}
