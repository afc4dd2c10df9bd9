#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "node/command_run.h"
#include "store/view.h"

#define INVITE_DAYS_DEFAULT 7
#define INVITE_DAYS_MAX     366
#define INVITE_USES_MAX     1000
#define JOIN_WAIT_S         15
#define DURATION_ROOM       24

/* As it is typed: 10m, 2h. */
static void duration_print(char out[DURATION_ROOM], uint64_t duration_s)
{
    static const struct {
        char name;
        uint32_t len_s;
    } units[] = {{'w', 7 * 86400}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
    size_t unit = 0;
    while (duration_s % units[unit].len_s != 0) {
        unit++;
    }
    (void)snprintf(out, DURATION_ROOM, "%llu%c",
                   (unsigned long long)(duration_s / units[unit].len_s), units[unit].name);
}

enum err_code command_on_status(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note)
{
    (void)args;
    (void)note;
    struct command_status status = {0};
    c->host->status(c->host, &status);
    struct key identity = vault_identity(c->vault);
    struct canon_writer *w = command_item_begin(c, run);
    uint64_t lock_after_s = vault_contents(c->vault)->lock_after_s;
    char duration[DURATION_ROOM];
    duration_print(duration, lock_after_s);
    canon_write_map(w, lock_after_s > 0 ? 6 : 5);
    command_put_text(w, "state", command_waits_for_confirm(c) ? "unconfirmed" : "running");
    command_put_bin(w, "identity", identity.octets);
    command_put_text(w, "address", status.address);
    command_put_uint(w, "peers", status.peers_connected);
    command_put_text(w, "kind", c->view == NULL ? "relay" : "personal");
    if (lock_after_s > 0) {
        command_put_text(w, "locks_after", duration);
    }
    command_item_send(c, run);
    return ERR_OK;
}

enum err_code command_on_down(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note)
{
    (void)run;
    (void)args;
    (void)note;
    c->host->down(c->host);
    return ERR_OK;
}

static enum err_code read_address(struct address *address, struct octets args,
                                  struct err_note *note)
{
    struct octets typed = {0};
    enum err_code rc = command_arg_str_required(&typed, args, "address", note);
    if (rc != ERR_OK) {
        return rc;
    }
    if (address_parse(address, typed) != ERR_OK) {
        return err_note(note, ERR_USAGE,
                        "this is not an address; one looks like kith://HOST:PORT/KEY, as `kith "
                        "status` prints it there");
    }
    return ERR_OK;
}

enum err_code command_on_peer_add(struct commands *c, struct run *run, struct octets args,
                                  struct err_note *note)
{
    (void)run;
    struct vault_peer peer = {0};
    enum err_code rc = read_address(&peer.address, args, note);
    if (rc != ERR_OK) {
        return rc;
    }
    bool changed = false;
    rc = vault_peer_add(c->vault, &changed, &peer);
    if (rc != ERR_OK) {
        return err_note(note, rc, "there are %d addresses already; remove one first",
                        VAULT_PEERS_MAX);
    }
    rc = changed ? command_commit(c, note) : ERR_OK;
    if (rc == ERR_OK) {
        c->host->peers_changed(c->host);
    }
    return rc;
}

enum err_code command_on_peer_list(struct commands *c, struct run *run, struct octets args,
                                   struct err_note *note)
{
    (void)args;
    (void)note;
    struct command_status status = {0};
    c->host->status(c->host, &status);
    for (size_t i = 0; i < status.dialled_count; i++) {
        char text[ADDRESS_TEXT_MAX + 1];
        address_print(text, &status.dialled[i].address);
        struct canon_writer *w = command_item_begin(c, run);
        canon_write_map(w, 2);
        command_put_text(w, "address", text);
        command_put_bool(w, "connected", status.dialled[i].connected);
        command_item_send(c, run);
    }
    return ERR_OK;
}

enum err_code command_on_peer_remove(struct commands *c, struct run *run, struct octets args,
                                     struct err_note *note)
{
    (void)run;
    struct address address;
    enum err_code rc = read_address(&address, args, note);
    if (rc != ERR_OK) {
        return rc;
    }
    bool changed = false;
    rc = vault_peer_remove(c->vault, &changed, &address);
    if (rc == ERR_OK && !changed) {
        return err_note(note, ERR_NOT_FOUND, "your node has no such address to dial");
    }
    rc = rc == ERR_OK ? command_commit(c, note) : rc;
    if (rc == ERR_OK) {
        c->host->peers_changed(c->host);
    }
    return rc;
}

/* --- invites ------------------------------------------------------------------------------------
 */

/* The relay that an invite is for: itself on a relay, else the first one the person joined. */
static enum err_code invite_relay(struct invite *invite, struct commands *c, struct err_note *note)
{
    const struct vault_contents *contents = vault_contents(c->vault);
    if (c->view == NULL) {
        struct command_status status = {0};
        c->host->status(c->host, &status);
        if (address_parse(&invite->address, octets_of_text(status.address)) != ERR_OK) {
            return err_note(note, ERR_REFUSED, "this relay has no address that others could dial");
        }
        invite->relay = vault_identity(c->vault);
        return ERR_OK;
    }
    for (size_t i = 0; i < contents->peers_count; i++) {
        if (contents->peers[i].joined) {
            invite->address = contents->peers[i].address;
            invite->relay = contents->peers[i].relay_identity;
            return ERR_OK;
        }
    }
    return err_note(note, ERR_REFUSED,
                    "you have not joined a relay yet, and an invite is to a relay; `kith join` "
                    "takes one that somebody gave you");
}

enum err_code command_on_invite(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note)
{
    uint64_t uses = 1;
    uint64_t expires_s = INVITE_DAYS_DEFAULT * UINT64_C(86400);
    enum err_code rc = command_arg_uint(&uses, args, "uses", INVITE_USES_MAX, note);
    if (rc == ERR_OK) {
        rc = command_arg_seconds(&expires_s, args, "expires", INVITE_DAYS_MAX * UINT64_C(86400),
                                 note);
    }
    if (rc == ERR_OK && (uses == 0 || expires_s == 0)) {
        rc = err_note(note, ERR_USAGE, "an invite has at least one use and some time to live");
    }
    struct invite invite = {0};
    if (rc == ERR_OK) {
        rc = invite_relay(&invite, c, note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    invite.inviter = vault_identity(c->vault);
    invite.uses = (uint32_t)uses;
    invite.until_s = c->host->now_s(c->host) + expires_s;
    randombytes_buf(invite.seed, sizeof invite.seed);
    char text[INVITE_TEXT_MAX];
    rc = invite_sign(&invite, vault_identity_seed(c->vault));
    if (rc == ERR_OK) {
        rc = invite_print(text, &invite);
    }
    sodium_memzero(invite.seed, sizeof invite.seed);
    if (rc != ERR_OK) {
        return err_note(note, rc, "making the invite failed");
    }
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, 3);
    command_put_text(w, "invite", text);
    command_put_uint(w, "uses", uses);
    command_put_uint(w, "until_s", invite.until_s);
    command_item_send(c, run);
    sodium_memzero(text, sizeof text);
    return ERR_OK;
}

static enum err_code stage_join(struct commands *c, const struct invite *invite,
                                const struct claim *claim, struct err_note *note)
{
    struct vault_peer peer = {.address = invite->address, .relay_identity = invite->relay};
    struct vault_claim pending = {.address = invite->address};
    bool changed = false;
    enum err_code rc = claim_encode(pending.claim, &pending.claim_len, claim);
    if (rc == ERR_OK) {
        rc = vault_peer_add(c->vault, &changed, &peer);
    }
    if (rc == ERR_OK) {
        rc = vault_claim_add(c->vault, &pending);
    }
    /* Whom one meets first: the relay, whose vouches lead on to its members, and the friend. */
    if (rc == ERR_OK) {
        rc = vault_follow(c->vault, &changed, &invite->relay);
    }
    if (rc == ERR_OK && !key_equal(&invite->inviter, &invite->relay)) {
        rc = vault_follow(c->vault, &changed, &invite->inviter);
    }
    if (rc != ERR_OK) {
        return err_note(note, rc, "keeping the invite failed");
    }
    return command_commit(c, note);
}

enum err_code command_on_join(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note)
{
    struct octets typed = {0};
    enum err_code rc = command_arg_str_required(&typed, args, "invite", note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct invite invite;
    struct claim claim;
    rc = invite_parse(&invite, typed);
    if (rc != ERR_OK) {
        return err_note(note, ERR_USAGE,
                        "this is not a whole invite; copy it again, from its first letter to its "
                        "last");
    }
    if (invite.until_s < c->host->now_s(c->host)) {
        rc = err_note(note, ERR_REFUSED, "this invite is too old; ask for another one");
    }
    if (rc == ERR_OK) {
        rc = claim_sign(&claim, &invite, vault_identity_seed(c->vault));
    }
    if (rc == ERR_OK) {
        rc = stage_join(c, &invite, &claim, note);
    }
    if (rc == ERR_OK) {
        run->state = RUN_JOINING;
        run->joining = invite.address;
        run->deadline_s = c->host->now_s(c->host) + JOIN_WAIT_S;
        c->host->peers_changed(c->host);
    }
    sodium_memzero(invite.seed, sizeof invite.seed);
    return rc;
}

/* --- the outbox ---------------------------------------------------------------------------------
 */

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, POST_ID_LEN);
}

/* The ids of the latest own posts that no peer was handed yet, ascending. */
static size_t unsent_ids(const struct commands *c, struct post_id *ids, size_t ids_max)
{
    size_t count = 0;
    for (size_t i = journal_own_count(c->journal); i > 0 && count < ids_max; i--) {
        struct journal_post post = journal_own_at(c->journal, i - 1);
        if (post.has_wire && post.sent_count == 0) {
            ids[count++] = post.id;
        }
    }
    qsort(ids, count, sizeof *ids, compare_ids);
    return count;
}

enum err_code command_on_outbox(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note)
{
    (void)args;
    struct post_id *ids = malloc(VIEW_LIMIT_MAX * sizeof *ids);
    if (ids == NULL) {
        return ERR_NO_MEMORY;
    }
    size_t unsent_count = unsent_ids(c, ids, VIEW_LIMIT_MAX);
    struct view_query query = {
        .what = VIEW_MINE, .limit = VIEW_LIMIT_MAX, .now_s = c->host->now_s(c->host)};
    struct view_page page = {0};
    enum err_code rc = view_query(c->view, &page, &query, note);
    struct post_id *listed = malloc((page.count + 1) * sizeof *listed);
    size_t count = 0;
    if (rc == ERR_OK && listed == NULL) {
        rc = ERR_NO_MEMORY;
    }
    for (size_t i = 0; rc == ERR_OK && i < page.count; i++) {
        if (bsearch(&page.posts[i].id, ids, unsent_count, sizeof *ids, compare_ids) != NULL) {
            listed[count++] = page.posts[i].id;
        }
    }
    free(ids);
    if (rc != ERR_OK) {
        free(listed);
        return rc;
    }
    command_list_posts(run, listed, count);
    return ERR_OK;
}
