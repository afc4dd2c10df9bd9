/* block, unblock, blocks (promises 1 to 4): in force in the vault and in every open view before
 * the answer leaves. */
#include <string.h>

#include "node/command_labels.h"
#include "node/command_sealed.h"
#include "store/view.h"

/* What she has done herself that others can see and that a block does not undo. */
struct ties {
    bool vouched;                    /* her vouch for them is live */
    char peer[ADDRESS_TEXT_MAX + 1]; /* she connects to the relay they are; "" if not */
};

/* Of her own posts and her vault alone.  A personal node proves no identity to its peers: whether
 * one of them is theirs cannot be known (SPEC 11.3).  What cannot be found out is not pointed out:
 * the block is in force. */
static struct ties ties_to(struct commands *c, const struct key *key)
{
    const struct vault_contents *contents = vault_contents(c->vault);
    struct post_id vouch;
    struct err_note lost = {{0}};
    struct ties ties = {0};
    ties.vouched = view_own_vouch(c->view, &vouch, key, c->host->now_s(c->host), &lost) == ERR_OK;
    for (size_t i = 0; i < contents->peers_count; i++) {
        if (key_equal(&contents->peers[i].relay_identity, key)) {
            address_print(ties.peer, &contents->peers[i].address);
        }
    }
    return ties;
}

/* What was named, so that the answer can say which it was; never anything about the person. */
static void answer(struct commands *c, struct run *run, const struct view_target *target,
                   const uint64_t *kept_count, const struct ties *ties)
{
    bool connected = ties->peer[0] != '\0';
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, 2 + (uint32_t)(kept_count != NULL) + (uint32_t)ties->vouched +
                           (uint32_t)connected);
    command_put_bin(w, "key", target->key.octets);
    command_put_text(w, "named_by", target->is_post ? "post" : "key");
    if (kept_count != NULL) {
        command_put_uint(w, "kept", *kept_count);
    }
    if (ties->vouched) {
        command_put_bool(w, "_vouched", true);
    }
    if (connected) {
        command_put_text(w, "_peer", ties->peer);
    }
    command_item_send(c, run);
}

/* Everybody's next item is judged with the new list: streams that are waiting are judged when they
 * move on, and this answer leaves behind all that was on its way (promise 4). */
static enum err_code put_in_force(struct commands *c, struct run *run,
                                  const struct view_target *target, const uint64_t *kept_count,
                                  bool changed, struct err_note *note)
{
    struct ties ties = {0};
    enum err_code rc = changed ? command_commit(c, note) : ERR_OK;
    if (rc != ERR_OK && kept_count != NULL) {
        return err_note(note, rc, "the evidence was kept, but the block is not in force");
    }
    if (rc == ERR_OK && run->command == CONTROL_BLOCK) {
        ties = ties_to(c, &target->key);
    }
    if (rc == ERR_OK) {
        run->end_order = COMMAND_SEND_LAST;
        answer(c, run, target, kept_count, &ties);
    }
    return rc;
}

/* Before the block takes effect: afterwards no view opens their posts any more. */
static enum err_code keep_if_asked(struct commands *c, bool *asked, uint64_t *kept_count,
                                   const struct view_target *target, struct octets args,
                                   struct err_note *note)
{
    struct octets path = {0};
    enum err_code rc = command_arg_str(&path, args, "evidence", note);
    *asked = path.len > 0;
    return rc == ERR_OK && *asked ? command_keep_evidence(c, kept_count, target, args, note) : rc;
}

static enum err_code resolve_whom(struct commands *c, struct view_target *target,
                                  struct octets args, struct err_note *note)
{
    struct octets typed = {0};
    if (!command_waits_for_confirm(c)) {
        return command_resolve_arg(c, target, args, "who", VIEW_WANT_EITHER, note);
    }
    enum err_code rc = command_arg_str_required(&typed, args, "who", note);
    return rc == ERR_OK ? command_resolve_unshown(c, target, typed, note) : rc;
}

enum err_code command_on_block(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note)
{
    struct view_target target;
    struct octets typed = {0};
    char label[VAULT_LABEL_MAX + 1] = "";
    enum err_code rc = command_arg_str(&typed, args, "label", note);
    if (rc == ERR_OK && typed.len > VAULT_LABEL_MAX) {
        rc = err_note(note, ERR_USAGE, "a label holds at most %d octets", VAULT_LABEL_MAX);
    }
    if (rc == ERR_OK && typed.len > 0) {
        memcpy(label, typed.at, typed.len);
        label[typed.len] = '\0';
    }
    if (rc == ERR_OK) {
        rc = resolve_whom(c, &target, args, note);
    }
    if (rc == ERR_OK && target.own) {
        rc = err_note(note, ERR_REFUSED, "this is you; nothing was changed");
    }
    if (rc != ERR_OK) {
        return rc;
    }
    /* Staged first: where the list is full, no evidence is left behind.  Views see it once it is
     * committed. */
    bool changed = false;
    rc = vault_block(c->vault, &changed, &target.key, typed.len > 0 ? label : NULL,
                     c->host->now_s(c->host), store_end(c->store));
    if (rc != ERR_OK) {
        return err_note(note, rc, "the list of blocks is full at %d; nothing was changed",
                        VAULT_BLOCKS_MAX);
    }
    bool kept = false;
    uint64_t kept_count = 0;
    rc = keep_if_asked(c, &kept, &kept_count, &target, args, note);
    if (rc != ERR_OK) {
        return rc;
    }
    return put_in_force(c, run, &target, kept ? &kept_count : NULL, changed, note);
}

/* By what `blocks` prints beside the key, her own label or else her petname: it needs nothing of
 * theirs on the screen.
 *   ERR_NOT_FOUND  neither is so;  ERR_USAGE  several blocks have this label */
static enum err_code find_label(const struct commands *c, struct view_target *target,
                                struct octets typed, struct err_note *note)
{
    const struct vault_contents *contents = vault_contents(c->vault);
    size_t found = 0;
    for (size_t i = 0; i < contents->blocks_count; i++) {
        const struct vault_block *block = &contents->blocks[i];
        if (block->in_force && octets_equal(octets_of_text(block->label), typed)) {
            *target = (struct view_target){.key = block->key};
            found++;
        }
    }
    for (size_t i = 0; found == 0 && i < contents->petnames_count; i++) {
        if (octets_equal(octets_of_text(contents->petnames[i].name), typed)) {
            *target = (struct view_target){.key = contents->petnames[i].key};
            found++;
        }
    }
    if (found > 1) {
        return err_note(note, ERR_USAGE,
                        "%zu of your blocks have this label; `kith blocks` shows their keys",
                        found);
    }
    return found == 1 ? ERR_OK : ERR_NOT_FOUND;
}

enum err_code command_on_unblock(struct commands *c, struct run *run, struct octets args,
                                 struct err_note *note)
{
    struct view_target target;
    struct octets typed = {0};
    enum err_code rc = command_arg_str_required(&typed, args, "who", note);
    if (rc == ERR_OK) {
        rc = find_label(c, &target, typed, note);
        if (rc == ERR_NOT_FOUND) {
            rc = command_resolve(c, &target, typed, VIEW_WANT_EITHER, VIEW_ALL, note);
            if (rc == ERR_NOT_FOUND || rc == ERR_USAGE) {
                rc = err_note(note, rc,
                              "'%.*s' is none of your blocks; `kith blocks` shows your list",
                              typed.len > 80 ? 80 : (int)typed.len, (const char *)typed.at);
            }
        }
    }
    if (rc != ERR_OK) {
        return rc;
    }
    bool changed = false;
    rc = vault_unblock(c->vault, &changed, &target.key, c->host->now_s(c->host),
                       store_end(c->store));
    if (rc == ERR_OK && !changed) {
        return err_note(note, ERR_NOT_FOUND, "you have not blocked this person");
    }
    return rc == ERR_OK ? put_in_force(c, run, &target, NULL, changed, note) : rc;
}

static void send_block(struct commands *c, struct run *run, const struct vault_block *block,
                       const char *label)
{
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, label[0] != '\0' ? 2 : 1);
    command_put_bin(w, "key", block->key.octets);
    if (label[0] != '\0') {
        command_put_text(w, "label", label);
    }
    command_item_send(c, run);
}

enum err_code command_list_blocks(struct commands *c, struct run *run)
{
    const struct vault_contents *contents = vault_contents(c->vault);
    struct command_labels labels;
    enum err_code rc = command_labels_open(&labels, contents);
    if (rc != ERR_OK) {
        return rc;
    }
    for (size_t i = 0; i < contents->blocks_count; i++) {
        if (contents->blocks[i].in_force) {
            send_block(c, run, &contents->blocks[i],
                       command_label_of(&labels, &contents->blocks[i]));
        }
    }
    command_labels_close(&labels);
    return ERR_OK;
}

enum err_code command_on_blocks(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note)
{
    (void)args;
    (void)note;
    return command_list_blocks(c, run);
}
