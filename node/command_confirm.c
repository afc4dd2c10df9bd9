/* blocks confirm: nothing is shown in a home that may lack blocks until she has looked
 * (SPEC 10.11).
 */
#include <stdlib.h>
#include <string.h>

#include "node/command_run.h"
#include "proto/name32.h"
#include "store/view.h"

/* What brought it about. */
struct doubt {
    bool restored;
    uint64_t posts_count;
    uint64_t first_s;
    uint64_t last_s;
};

static struct commands *commands_of(void *context)
{
    return context;
}

static bool guard_knows(void *context, const struct post_id *id)
{
    return journal_is_own(commands_of(context)->journal, id);
}

/* That it cannot be written down just now does not matter: it is met again at the next start. */
static bool guard_accounts(void *context, const struct post *post, struct octets wire)
{
    struct commands *c = context;
    const struct vault_contents *contents = vault_contents(c->vault);
    if (!contents->elsewhere && post->created_s > contents->confirmed_s) {
        return false;
    }
    struct journal_adopted adopted = {.id = post->id, .wire = wire, .sent_count = 1};
    struct err_note ignored = {{0}};
    (void)!journal_adopt(c->journal, &adopted, 1, &ignored);
    return true;
}

enum err_code command_confirm_begin(struct commands *c, struct err_note *note)
{
    struct view_guard guard = {.context = c, .knows = guard_knows, .accounts = guard_accounts};
    if (c->view == NULL) {
        return ERR_OK;
    }
    if (vault_contents(c->vault)->unconfirmed) {
        view_shut(c->view);
    }
    return view_guard_set(c->view, &guard, note);
}

/* The post that gave the copy away may be gone by the next start: expired, or damaged.  Where this
 * cannot be written down, that post is met again as long as it is there. */
void command_confirm_keep(struct commands *c)
{
    struct err_note ignored = {{0}};
    if (command_waits_for_confirm(c) && !vault_contents(c->vault)->unconfirmed) {
        vault_doubt_copy(c->vault);
        vault_clock(c->vault, vault_contents(c->vault)->saved_s); /* the list is as old as it was */
        (void)!vault_commit(c->vault, &ignored);
    }
}

static bool came_back_from_words(const struct commands *c)
{
    const struct vault_contents *contents = vault_contents(c->vault);
    return contents->unconfirmed && contents->confirmed_s == 0;
}

bool command_waits_for_confirm(const struct commands *c)
{
    return c->view != NULL && view_is_shut(c->view);
}

bool command_while_unconfirmed(enum control_command command)
{
    return command == CONTROL_STATUS || command == CONTROL_DOWN || command == CONTROL_PEER_ADD ||
           command == CONTROL_PEER_LIST || command == CONTROL_PEER_REMOVE ||
           command == CONTROL_JOIN || command == CONTROL_LOCK || command == CONTROL_UNLOCK ||
           command == CONTROL_PASSPHRASE || command == CONTROL_PANIC || command == CONTROL_BLOCK ||
           command == CONTROL_BLOCKS || command == CONTROL_BLOCKS_EXPORT ||
           command == CONTROL_BLOCKS_IMPORT || command == CONTROL_BLOCKS_UNDO ||
           command == CONTROL_BLOCKS_CONFIRM || command == CONTROL_RECOVERY_WORDS ||
           command == CONTROL_BACKUP;
}

enum err_code command_unconfirmed(const struct commands *c, struct err_note *note)
{
    if (came_back_from_words(c)) {
        return err_note(note, ERR_ROLLBACK,
                        "nothing is shown yet: your identity came back from its words alone, and "
                        "your list of blocks did not come with them. `kith blocks import` takes in "
                        "a list you saved, `kith block` asks for a key; then `kith blocks "
                        "confirm`");
    }
    return err_note(note, ERR_ROLLBACK,
                    "nothing is shown for now: there are posts signed with your key that this home "
                    "did not write, so it may be an older copy of your home and lack blocks you "
                    "made since. `kith blocks confirm` shows your list and asks");
}

/* With the view shut only what needs nothing of anybody's on the screen: a key, or a petname. */
enum err_code command_resolve_unshown(const struct commands *c, struct view_target *target,
                                      struct octets typed, struct err_note *note)
{
    const struct vault_contents *contents = vault_contents(c->vault);
    struct view_target found = {.is_post = false};
    bool is_key = name32_from_bech(found.key.octets, typed) == ERR_OK ||
                  name32_from_hex(found.key.octets, typed) == ERR_OK;
    for (size_t i = 0;
         !is_key && typed.len > 1 && typed.at[0] == '@' && i < contents->petnames_count; i++) {
        if (octets_equal(octets_of_text(contents->petnames[i].name),
                         octets_of(typed.at + 1, typed.len - 1))) {
            found.key = contents->petnames[i].key;
            is_key = true;
        }
    }
    if (!is_key) {
        return err_note(note, ERR_NOT_FOUND,
                        "until your list of blocks is confirmed, only a whole key or an @petname "
                        "can be named");
    }
    struct key own = vault_identity(c->vault);
    found.own = key_equal(&found.key, &own);
    *target = found;
    return ERR_OK;
}

static enum err_code count_post(void *context, const struct post *post, struct octets wire)
{
    struct doubt *doubt = context;
    (void)wire;
    doubt->first_s = doubt->posts_count == 0 || post->created_s < doubt->first_s ? post->created_s
                                                                                 : doubt->first_s;
    doubt->last_s = post->created_s > doubt->last_s ? post->created_s : doubt->last_s;
    doubt->posts_count++;
    return ERR_OK;
}

static size_t in_force_count(const struct vault_contents *contents)
{
    size_t count = 0;
    for (size_t i = 0; i < contents->blocks_count; i++) {
        count += contents->blocks[i].in_force ? 1 : 0;
    }
    return count;
}

static void send_doubt(struct commands *c, struct run *run, const struct doubt *doubt)
{
    const struct vault_contents *contents = vault_contents(c->vault);
    bool has_posts = doubt->posts_count > 0;
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, 5 + (has_posts ? 2 : 0));
    command_put_bool(w, "waits", command_waits_for_confirm(c));
    command_put_bool(w, "restored", doubt->restored);
    command_put_uint(w, "posts", doubt->posts_count);
    if (has_posts) {
        command_put_uint(w, "first_s", doubt->first_s);
        command_put_uint(w, "last_s", doubt->last_s);
    }
    command_put_uint(w, "saved_s", contents->saved_s);
    command_put_uint(w, "blocks", in_force_count(contents));
    command_item_send(c, run);
}

struct adoption {
    struct journal *journal;
    struct journal_adopted posts[JOURNAL_ADOPTED_MAX];
    size_t count;
    uint8_t *wires; /* JOURNAL_ADOPTED_MAX times POST_WIRE_MAX */
    struct err_note *note;
};

static enum err_code adopt_now(struct adoption *adoption)
{
    enum err_code rc =
        journal_adopt(adoption->journal, adoption->posts, adoption->count, adoption->note);
    adoption->count = 0;
    return rc;
}

static enum err_code adopt(void *context, const struct post *post, struct octets wire)
{
    struct adoption *adoption = context;
    uint8_t *at = adoption->wires + adoption->count * POST_WIRE_MAX;
    memcpy(at, wire.at, wire.len);
    adoption->posts[adoption->count++] =
        (struct journal_adopted){.id = post->id, .wire = octets_of(at, wire.len), .sent_count = 1};
    return adoption->count == JOURNAL_ADOPTED_MAX ? adopt_now(adoption) : ERR_OK;
}

static enum err_code adopt_all(struct commands *c, struct err_note *note)
{
    struct adoption *adoption = calloc(1, sizeof *adoption);
    enum err_code rc = ERR_NO_MEMORY;
    if (adoption != NULL) {
        adoption->journal = c->journal;
        adoption->note = note;
        adoption->wires = malloc((size_t)JOURNAL_ADOPTED_MAX * POST_WIRE_MAX);
    }
    if (adoption != NULL && adoption->wires != NULL) {
        rc = view_unknown_own(c->view, adopt, adoption, note);
        rc = rc == ERR_OK ? adopt_now(adoption) : rc;
        free(adoption->wires);
    }
    free(adoption);
    return rc == ERR_OK ? command_own_posts_load(c, note) : rc;
}

/* That she has looked is durable before anything else: were the posts adopted first, a crash would
 * leave a home that shows everything and was never confirmed. */
static enum err_code confirm(struct commands *c, struct run *run, const struct doubt *doubt,
                             bool elsewhere, struct err_note *note)
{
    uint64_t now_s = c->host->now_s(c->host);
    struct err_note lost = {{0}};
    vault_confirm(c->vault, doubt->last_s > now_s ? doubt->last_s : now_s, elsewhere);
    vault_clock(c->vault, now_s);
    enum err_code rc = vault_commit(c->vault, note);
    if (rc != ERR_OK) {
        return err_note(note, rc, "it could not be written down, and nothing is shown yet");
    }
    if (adopt_all(c, &lost) != ERR_OK) {
        command_tell(c, run,
                     "Some of those posts could not be written down; your node tries again "
                     "when it starts.");
    }
    rc = view_load(c->view, vault_contents(c->vault), note);
    if (rc == ERR_OK) {
        view_open_again(c->view);
        run->end_order = COMMAND_SEND_LAST;
    }
    return rc;
}

enum err_code command_on_blocks_confirm(struct commands *c, struct run *run, struct octets args,
                                        struct err_note *note)
{
    struct doubt doubt = {.restored = came_back_from_words(c)};
    bool yes = false;
    bool elsewhere = false;
    enum err_code rc = command_arg_bool(&yes, args, "yes", note);
    rc = rc == ERR_OK ? command_arg_bool(&elsewhere, args, "elsewhere", note) : rc;
    rc = rc == ERR_OK ? view_unknown_own(c->view, count_post, &doubt, note) : rc;
    if (rc != ERR_OK) {
        return rc;
    }
    if (yes) {
        rc = confirm(c, run, &doubt, elsewhere, note);
    }
    if (rc == ERR_OK) {
        send_doubt(c, run, &doubt);
    }
    if (rc == ERR_OK && !yes) {
        rc = command_list_blocks(c, run);
    }
    return rc;
}
