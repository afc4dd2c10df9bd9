/* A relay's side of joining: who is a member, and who becomes one (SPEC 8.3). */
#include <stdlib.h>
#include <string.h>

#include "node/command_run.h"

#define DAY_S 86400

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

/* Its date is the day on which it was made, so that a restart counts what was counted before. */
static enum err_code take_own(struct commands *c, struct octets wire)
{
    struct post post;
    bool vouches = post_decode(&post, wire) == ERR_OK && post.known && post.kind == POST_VOUCH;
    enum err_code rc = vouches ? members_reserve(&c->members) : ERR_OK;
    if (rc == ERR_OK && vouches) {
        struct members_newcomer newcomer = {
            .subject = post.as.vouch.subject,
            .inviter = post.as.vouch.has_inviter ? post.as.vouch.inviter : post.author,
            .day = post.created_s / DAY_S};
        members_add(&c->members, &newcomer);
    }
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
                                const struct claim *claim, uint64_t now_s, struct err_note *note)
{
    struct post_draft draft = {.kind = POST_VOUCH,
                               .created_s = now_s,
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

/* Of somebody who is no member yet.  Nothing is counted before all is known to be well. */
static enum err_code take_in(struct commands *c, struct octets_room *wire,
                             const struct claim *claim, uint64_t now_s, struct err_note *note)
{
    struct members_newcomer newcomer = {
        .subject = claim->subject, .inviter = claim->inviter, .day = now_s / DAY_S};
    bool by_subject = false;
    uint32_t uses =
        journal_invite_uses(c->journal, &by_subject, &claim->seed_public, &claim->subject);
    if (!by_subject && uses >= claim->uses) {
        return err_note(note, ERR_REFUSED, "the invite is used up");
    }
    enum err_code rc = members_admits(&c->members, &newcomer, &c->members_limits);
    rc = rc == ERR_OK ? members_reserve(&c->members) : rc;
    if (rc != ERR_OK) {
        return err_note(note, rc, "counting members");
    }
    rc = journal_invite_used(c->journal, &claim->seed_public, &claim->subject, note);
    if (rc != ERR_OK) {
        return err_note(note, rc, "counting the use of an invite");
    }
    rc = sign_vouch(c, wire, claim, now_s, note);
    if (rc == ERR_OK) {
        members_add(&c->members, &newcomer);
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
    uint64_t now_s = c->host->now_s(c->host);
    enum err_code rc = claim_decode(&claim, claim_wire);
    if (rc == ERR_OK) {
        rc = claim_verify(&claim, &self, now_s);
    }
    if (rc != ERR_OK) {
        return err_note(note, rc, "checking a claim");
    }
    if (!key_equal(&claim.inviter, &self) && !members_has(&c->members, &claim.inviter)) {
        return err_note(note, ERR_REFUSED, "the inviter is not a member");
    }
    wire->len = 0;
    return members_has(&c->members, &claim.subject) ? ERR_OK
                                                    : take_in(c, wire, &claim, now_s, note);
}
