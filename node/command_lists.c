/* blocks export, import, undo: her list of blocks, sealed (SPEC 10.8). */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "node/command_labels.h"
#include "node/command_sealed.h"
#include "store/vault_list.h"
#include "store/view.h"

/* What `blocks` prints: her own label, else her petname. */
static enum err_code labelled_list(struct vault_list *list, const struct vault_contents *contents)
{
    struct vault_block *blocks = calloc(contents->blocks_count + 1, sizeof *blocks);
    if (blocks == NULL) {
        return ERR_NO_MEMORY;
    }
    struct command_labels labels;
    enum err_code rc = command_labels_open(&labels, contents);
    if (rc != ERR_OK) {
        free(blocks);
        return rc;
    }
    for (size_t i = 0; i < contents->blocks_count; i++) {
        blocks[i] = contents->blocks[i];
        const char *label = command_label_of(&labels, &contents->blocks[i]);
        memcpy(blocks[i].label, label, strlen(label) + 1);
    }
    command_labels_close(&labels);
    list->blocks = blocks;
    list->blocks_count = contents->blocks_count;
    return ERR_OK;
}

static uint64_t in_force_count(const struct vault_list *list)
{
    uint64_t count = 0;
    for (size_t i = 0; i < list->blocks_count; i++) {
        count += list->blocks[i].in_force ? 1 : 0;
    }
    return count;
}

static void send_count(struct commands *c, struct run *run, const char *name, uint64_t count)
{
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, 1);
    command_put_uint(w, name, count);
    command_item_send(c, run);
}

enum err_code command_on_blocks_export(struct commands *c, struct run *run, struct octets args,
                                       struct err_note *note)
{
    struct sealed_recipient recipient;
    struct vault_list list = {.exporter = vault_identity(c->vault),
                              .exported_s = c->host->now_s(c->host)};
    uint8_t *plain = NULL;
    size_t plain_len = 0;
    enum err_code rc = command_recipient(c, &recipient, args, note);
    if (rc == ERR_OK) {
        rc = labelled_list(&list, vault_contents(c->vault));
    }
    if (rc == ERR_OK) {
        rc = vault_list_encode(&plain, &plain_len, &list);
    }
    if (rc == ERR_OK) {
        rc = command_seal(args, "file", SEALED_BLOCKS, &recipient, octets_of(plain, plain_len),
                          note);
    }
    if (rc == ERR_OK) {
        send_count(c, run, "exported", in_force_count(&list));
    }
    if (plain != NULL) {
        sodium_memzero(plain, plain_len);
        free(plain);
    }
    vault_list_close(&list);
    return rc;
}

/* --- import -------------------------------------------------------------------------------------
 */

/* Nobody blocks herself, whatever a list says. */
static void leave_out(struct vault_list *list, const struct key *own)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->blocks_count; i++) {
        if (!key_equal(&list->blocks[i].key, own)) {
            list->blocks[kept++] = list->blocks[i];
        }
    }
    list->blocks_count = kept;
}

static enum err_code read_list(struct commands *c, struct vault_list *list, struct octets args,
                               struct err_note *note)
{
    uint8_t *plain = NULL;
    size_t plain_len = 0;
    enum err_code rc = command_open_sealed(c, &plain, &plain_len, args, SEALED_BLOCKS, note);
    if (rc == ERR_LOCKED) {
        return err_note(note, ERR_REFUSED,
                        "this file is sealed to a passphrase; lists of blocks are sealed to a key");
    }
    if (rc != ERR_OK) {
        return rc;
    }
    rc = vault_list_decode(list, octets_of(plain, plain_len));
    sodium_free(plain);
    if (rc == ERR_NO_MEMORY) {
        return err_note(note, rc, "out of memory");
    }
    if (rc != ERR_OK) {
        return err_note(note, ERR_REFUSED,
                        rc == ERR_VERSION ? "a later version of kith sealed this file"
                                          : "what was sealed here is no list of blocks");
    }
    struct key own = vault_identity(c->vault);
    leave_out(list, &own);
    return ERR_OK;
}

static void send_list_head(struct commands *c, struct run *run, const struct vault_list *list,
                           const char *count_name, uint64_t count)
{
    struct key own = vault_identity(c->vault);
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, 5);
    command_put_bin(w, "exporter", list->exporter.octets);
    command_put_bool(w, "own", key_equal(&list->exporter, &own));
    command_put_uint(w, "exported_s", list->exported_s);
    command_put_uint(w, "people", list->blocks_count);
    command_put_uint(w, count_name, count);
    command_item_send(c, run);
}

struct preview {
    struct vault_list list;
    size_t at;
    struct key *blocked; /* whom she has blocked, ascending: both lists may be long */
    size_t blocked_count;
};

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, KEY_LEN);
}

static bool note_blocked(struct preview *preview, const struct vault_contents *contents)
{
    preview->blocked = malloc((contents->blocks_count + 1) * sizeof *preview->blocked);
    if (preview->blocked == NULL) {
        return false;
    }
    for (size_t i = 0; i < contents->blocks_count; i++) {
        if (contents->blocks[i].in_force) {
            preview->blocked[preview->blocked_count++] = contents->blocks[i].key;
        }
    }
    qsort(preview->blocked, preview->blocked_count, sizeof *preview->blocked, compare_keys);
    return true;
}

static bool is_new(const struct preview *preview, const struct key *key)
{
    return bsearch(key, preview->blocked, preview->blocked_count, sizeof *preview->blocked,
                   compare_keys) == NULL;
}

static void preview_free(void *context)
{
    struct preview *preview = context;
    vault_list_close(&preview->list);
    free(preview->blocked);
    free(preview);
}

static enum err_code preview_next(struct commands *c, struct run *run, struct err_note *note)
{
    (void)note;
    struct preview *preview = run->report;
    if (preview->at == preview->list.blocks_count) {
        return ERR_NOT_FOUND;
    }
    const struct vault_block *block = &preview->list.blocks[preview->at++];
    bool has_label = block->label[0] != '\0';
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, has_label ? 3 : 2);
    command_put_bin(w, "key", block->key.octets);
    if (has_label) {
        command_put_text(w, "label", block->label);
    }
    command_put_bool(w, "new", is_new(preview, &block->key));
    command_item_send(c, run);
    return ERR_OK;
}

/* Staged only to be counted, then dropped. */
static enum err_code count_new(struct commands *c, size_t *new_count, const struct vault_list *list,
                               struct err_note *note)
{
    enum err_code rc = vault_import(c->vault, new_count, list->blocks, list->blocks_count,
                                    c->host->now_s(c->host), store_end(c->store));
    if (rc == ERR_REFUSED) {
        return err_note(note, rc,
                        "your list of blocks would pass its bound of %d; nothing was "
                        "changed",
                        VAULT_BLOCKS_MAX);
    }
    return rc == ERR_OK ? rc : err_note(note, rc, "out of memory; nothing was changed");
}

static enum err_code begin_preview(struct commands *c, struct run *run, struct vault_list *list,
                                   struct err_note *note)
{
    size_t new_count = 0;
    struct preview *preview = calloc(1, sizeof *preview);
    bool ready = preview != NULL && note_blocked(preview, vault_contents(c->vault));
    enum err_code rc = ready ? count_new(c, &new_count, list, note)
                             : err_note(note, ERR_NO_MEMORY, "out of memory");
    vault_discard(c->vault);
    if (rc != ERR_OK) {
        if (preview != NULL) {
            preview_free(preview);
        }
        return rc;
    }
    assert(preview != NULL);
    send_list_head(c, run, list, "new", new_count);
    preview->list = *list;
    *list = (struct vault_list){.blocks = NULL};
    run->report = preview;
    run->report_free = preview_free;
    run->next = preview_next;
    run->state = RUN_LISTING;
    return ERR_OK;
}

enum err_code command_on_blocks_import(struct commands *c, struct run *run, struct octets args,
                                       struct err_note *note)
{
    struct vault_list list = {.blocks = NULL};
    bool yes = false;
    size_t added_count = 0;
    enum err_code rc = command_arg_bool(&yes, args, "yes", note);
    if (rc == ERR_OK) {
        rc = read_list(c, &list, args, note);
    }
    if (rc == ERR_OK && !yes) {
        rc = begin_preview(c, run, &list, note);
    } else if (rc == ERR_OK) {
        rc = count_new(c, &added_count, &list, note);
        if (rc == ERR_OK && added_count > 0) {
            rc = command_commit(c, note);
        }
        if (rc == ERR_OK) {
            run->end_order = COMMAND_SEND_LAST; /* as after `block` */
            send_list_head(c, run, &list, "blocked", added_count);
        }
    }
    vault_list_close(&list);
    return rc;
}

enum err_code command_on_blocks_undo(struct commands *c, struct run *run, struct octets args,
                                     struct err_note *note)
{
    (void)args;
    size_t removed_count = 0;
    enum err_code rc = vault_import_undo(c->vault, &removed_count);
    if (rc != ERR_OK) {
        return err_note(note, rc, "out of memory; nothing was changed");
    }
    if (removed_count == 0) {
        return err_note(note, ERR_NOT_FOUND,
                        "there is no import to take back; your list of blocks is as it was");
    }
    rc = command_commit(c, note);
    if (rc == ERR_OK) {
        run->end_order = COMMAND_SEND_LAST;
        send_count(c, run, "unblocked", removed_count);
    }
    return rc;
}
