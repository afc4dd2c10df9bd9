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

/* A relay's own vouches are its list of members: the journal keeps every own post. */
enum err_code command_own_posts_load(struct commands *c)
{
    for (size_t i = 0; i < journal_own_count(c->journal); i++) {
        struct post_id id;
        struct octets wire;
        uint32_t sent_count = 0;
        struct post post;
        journal_own_at(c->journal, &id, &wire, &sent_count, i);
        if (wire.len == 0 || post_decode(&post, wire) != ERR_OK) {
            continue;
        }
        if (post.created_s > c->created_latest_s) {
            c->created_latest_s = post.created_s;
        }
        if (c->view == NULL && post.kind == POST_VOUCH && post.known) {
            enum err_code rc = add_member(c, &post.as.vouch.subject);
            if (rc != ERR_OK) {
                return rc;
            }
        }
    }
    return ERR_OK;
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
