#include "store/vault.h"

#include "store/home_key.h"
#include "store/vault_state.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#define JOURNAL_PATH  "journal/manifest"
#define SPARE_CHANGES 256 /* of blocks, that the journal may hold beside what is needed */

void vault_state_init(struct vault *vault, struct files *files)
{
    *vault = (struct vault){.files = files,
                            .settings.web_steps = VAULT_STEPS,
                            .settings_committed.web_steps = VAULT_STEPS};
    vault_table_init(&vault->petnames, sizeof(struct vault_petname), VAULT_PETNAMES_MAX);
    vault_table_init(&vault->follows, sizeof(struct key), VAULT_FOLLOWS_MAX);
    vault_table_init(&vault->tags, sizeof(struct vault_followed_tag), VAULT_TAGS_MAX);
    vault_table_init(&vault->blocks, sizeof(struct vault_block), VAULT_BLOCKS_MAX);
    vault_table_init(&vault->shields, sizeof(struct vault_shield), VAULT_SHIELDS_MAX);
    vault_table_init(&vault->peers, sizeof(struct vault_peer), VAULT_PEERS_MAX);
    vault_table_init(&vault->claims, sizeof(struct vault_claim), VAULT_PEERS_MAX);
    vault_table_init(&vault->imported, sizeof(struct key), VAULT_BLOCKS_MAX);
}

void vault_state_lend(struct vault *vault)
{
    vault->contents = (struct vault_contents){
        .kind = vault->kind,
        .generation = vault->generation,
        .saved_s = vault->saved_s,
        .web_steps = vault->settings_committed.web_steps,
        .lock_after_s = vault->settings_committed.lock_after_s,
        .unconfirmed = vault->settings_committed.unconfirmed,
        .elsewhere = vault->settings_committed.elsewhere,
        .confirmed_s = vault->settings_committed.confirmed_s,
        .petnames = vault->petnames.committed,
        .petnames_count = vault->petnames.committed_count,
        .follows = vault->follows.committed,
        .follows_count = vault->follows.committed_count,
        .tags = vault->tags.committed,
        .tags_count = vault->tags.committed_count,
        .blocks = vault->blocks.committed,
        .blocks_count = vault->blocks.committed_count,
        .shields = vault->shields.committed,
        .shields_count = vault->shields.committed_count,
        .peers = vault->peers.committed,
        .peers_count = vault->peers.committed_count,
        .claims = vault->claims.committed,
        .claims_count = vault->claims.committed_count,
        .imported = vault->imported.committed,
        .imported_count = vault->imported.committed_count,
    };
}

void vault_state_commit(struct vault *vault, uint64_t generation)
{
    vault->generation = generation;
    vault->settings_committed = vault->settings;
    vault_table_commit(&vault->petnames);
    vault_table_commit(&vault->follows);
    vault_table_commit(&vault->tags);
    vault_table_commit(&vault->blocks);
    vault_table_commit(&vault->shields);
    vault_table_commit(&vault->peers);
    vault_table_commit(&vault->claims);
    vault_table_commit(&vault->imported);
    vault->blocks_touched = false;
    vault_state_lend(vault);
}

void vault_state_roll_back(struct vault *vault)
{
    vault->settings = vault->settings_committed;
    vault_table_roll_back(&vault->petnames);
    vault_table_roll_back(&vault->follows);
    vault_table_roll_back(&vault->tags);
    vault_table_roll_back(&vault->blocks);
    vault_table_roll_back(&vault->shields);
    vault_table_roll_back(&vault->peers);
    vault_table_roll_back(&vault->claims);
    vault_table_roll_back(&vault->imported);
    vault->blocks_touched = false;
}

void vault_state_free_lists(struct vault *vault)
{
    vault_table_close(&vault->petnames);
    vault_table_close(&vault->follows);
    vault_table_close(&vault->tags);
    vault_table_close(&vault->blocks);
    vault_table_close(&vault->shields);
    vault_table_close(&vault->peers);
    vault_table_close(&vault->claims);
    vault_table_close(&vault->imported);
}

enum err_code vault_state_new(struct vault **vault, struct files *files, const uint8_t home_key[32],
                              struct err_note *note)
{
    if (sodium_init() < 0) {
        return err_note(note, ERR_IO, "libsodium did not start");
    }
    struct vault *made = malloc(sizeof *made);
    struct vault_secrets *secrets = sodium_malloc(sizeof *secrets);
    if (made == NULL || secrets == NULL) {
        free(made);
        sodium_free(secrets);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    vault_state_init(made, files);
    made->secrets = secrets;
    memset(secrets->key, 0, sizeof secrets->key);
    if (home_key != NULL) {
        home_key_derive(secrets->key, home_key, HOME_KEY_VAULT);
    }
    *vault = made;
    return ERR_OK;
}

void vault_close(struct vault *vault)
{
    if (vault == NULL) {
        return;
    }
    vault_state_free_lists(vault);
    sodium_free(vault->secrets);
    free(vault);
}

enum err_code vault_state_write(struct vault *vault, bool *replaced, const char *path,
                                uint64_t generation, struct err_note *note)
{
    uint8_t *plain = NULL;
    size_t plain_len = 0;
    *replaced = false;
    enum err_code rc = vault_encode(&plain, &plain_len, vault, generation);
    if (rc != ERR_OK) {
        return err_note(note, rc, "preparing the vault");
    }
    rc = seal_replace(vault->files, replaced, path, SEAL_VAULT, vault->secrets->key,
                      octets_of(plain, plain_len), note);
    sodium_free(plain);
    return rc;
}

/* A second copy, for vault_recover().  Without it everything works and an older copy stays, so a
 * full disk is no error here. */
static void keep_copy(struct vault *vault, uint64_t generation)
{
    bool replaced;
    struct err_note ignored = {{0}};
    (void)!vault_state_write(vault, &replaced, VAULT_LAST_PATH, generation, &ignored);
}

enum err_code vault_check_absent(struct files *files, struct err_note *note)
{
    if (file_exists(files, VAULT_PATH)) {
        return err_note(note, ERR_REFUSED, "there is a home here already");
    }
    if (file_exists(files, VAULT_LAST_PATH)) {
        return err_note(note, ERR_REFUSED, "there is a copy of a vault here, which is missing");
    }
    if (file_exists(files, JOURNAL_PATH)) {
        return err_note(note, ERR_REFUSED, "there is a journal here whose vault is missing");
    }
    return ERR_OK;
}

enum err_code vault_create(struct files *files, const uint8_t home_key[32], enum vault_kind kind,
                           const uint8_t seed[32], struct err_note *note)
{
    struct vault *vault = NULL;
    enum err_code rc = vault_check_absent(files, note);
    rc = rc == ERR_OK ? vault_state_new(&vault, files, home_key, note) : rc;
    if (rc != ERR_OK) {
        return rc;
    }
    assert(vault != NULL);
    vault->kind = kind;
    memcpy(vault->secrets->seed, seed, VAULT_SEED_LEN);
    bool replaced;
    rc = vault_state_write(vault, &replaced, VAULT_PATH, 1, note);
    if (rc == ERR_OK) {
        keep_copy(vault, 1);
    }
    vault_close(vault);
    return rc == ERR_OK ? ERR_OK : err_note(note, rc, "making the vault");
}

enum err_code vault_state_read(struct vault *vault, const char *path, struct err_note *note)
{
    uint8_t *plain = NULL;
    size_t plain_len = 0;
    enum err_code rc = seal_read(vault->files, &plain, &plain_len, path, SEAL_VAULT,
                                 vault->secrets->key, VAULT_PLAIN_MAX, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = vault_decode(vault, octets_of(plain, plain_len));
    sodium_free(plain);
    return rc == ERR_OK ? ERR_OK : err_note(note, rc, "reading the vault");
}

/* The vault is written first and its generation journaled second.  So a crash between the two, or
 * an error whose outcome is not known, leaves a vault one ahead of the journal: that vault is whole
 * and the latest, and only has to be journaled.  Further apart, one of the two is an old copy. */
static enum err_code check_generation(struct vault *vault, struct err_note *note)
{
    uint64_t journaled = journal_generation_latest(vault->journal);
    if (vault->generation < journaled) {
        return err_note(note, ERR_ROLLBACK, "the vault is older than the journal");
    }
    if (vault->generation - journaled > 1) {
        return err_note(note, ERR_ROLLBACK, "the journal is older than the vault");
    }
    if (vault->generation == journaled) {
        return ERR_OK;
    }
    /* Which of its blocks are new is not known any more: all of them are journaled. */
    struct journal_block *changes = NULL;
    size_t changes_count = 0;
    bool replaced;
    enum err_code rc = vault_block_changes(&changes, &changes_count, vault, true);
    if (rc == ERR_OK) {
        /* Where the process ended and the machine went on, it may not have been synced yet. */
        rc = vault_state_write(vault, &replaced, VAULT_PATH, vault->generation, note);
    }
    if (rc == ERR_OK) {
        rc = journal_vault(vault->journal, vault->generation, changes, changes_count, note);
    }
    free(changes);
    return rc;
}

/* *generation is 0 where there is no whole copy. */
static enum err_code copy_generation(uint64_t *generation, struct files *files,
                                     const uint8_t home_key[32], struct err_note *note)
{
    struct vault *copy = NULL;
    enum err_code rc = vault_state_new(&copy, files, home_key, note);
    if (rc != ERR_OK) {
        return rc;
    }
    assert(copy != NULL);
    struct err_note why = {{0}};
    rc = vault_state_read(copy, VAULT_LAST_PATH, &why);
    bool is_whole = rc == ERR_OK;
    if (rc == ERR_NOT_FOUND || rc == ERR_DAMAGED) {
        rc = ERR_OK;
    }
    if (rc == ERR_OK) {
        *generation = is_whole ? copy->generation : 0;
    }
    vault_close(copy);
    return rc == ERR_OK ? ERR_OK : err_note(note, rc, "%s", why.text);
}

enum err_code vault_open(struct vault **vault, struct files *files, const uint8_t home_key[32],
                         struct journal *journal, struct err_note *note)
{
    struct vault *opened = NULL;
    enum err_code rc = vault_state_new(&opened, files, home_key, note);
    if (rc != ERR_OK) {
        return rc;
    }
    assert(opened != NULL);
    opened->journal = journal;
    uint64_t copied = 0;
    rc = vault_state_read(opened, VAULT_PATH, note);
    if (rc == ERR_NOT_FOUND && journal_generation_latest(journal) > 0) {
        rc = err_note(note, ERR_ROLLBACK, "the vault is missing, and the journal knows of one");
    } else if (rc == ERR_OK) {
        rc = copy_generation(&copied, files, home_key, note);
    }
    if (rc == ERR_OK && copied > opened->generation) {
        /* A copy is of what is durable in both: it is the vault and the journal that were set
         * back, and it may be the only one that has the latest blocks. */
        rc = err_note(note, ERR_ROLLBACK, "the vault is older than its copy vault.last");
    }
    if (rc == ERR_OK) {
        rc = check_generation(opened, note);
    }
    if (rc != ERR_OK) {
        vault_close(opened);
        return err_note(note, rc, "opening the vault");
    }
    vault_keys_derive(opened);
    if (copied != opened->generation) {
        keep_copy(opened, opened->generation);
    }
    vault_state_commit(opened, opened->generation);
    *vault = opened;
    return ERR_OK;
}

enum vault_kind vault_kind_of(const struct vault *vault)
{
    return vault->contents.kind;
}

const struct vault_contents *vault_contents(const struct vault *vault)
{
    return &vault->contents;
}

void vault_discard(struct vault *vault)
{
    vault_state_roll_back(vault);
}

void vault_clock(struct vault *vault, uint64_t now_s)
{
    vault->now_s = now_s;
}

/* Read what was just written through a file opened anew. */
static enum err_code verify(const struct vault *vault, uint64_t generation, struct err_note *note)
{
    struct vault *read = NULL;
    enum err_code rc = vault_state_new(&read, vault->files, NULL, note);
    if (rc != ERR_OK) {
        return rc;
    }
    assert(read != NULL);
    memcpy(read->secrets->key, vault->secrets->key, sizeof read->secrets->key);
    rc = vault_state_read(read, VAULT_PATH, note);
    if (rc == ERR_OK && read->generation != generation) {
        rc = err_note(note, ERR_IO, "what was written is not what is read");
    }
    vault_close(read);
    return rc;
}

/* The vault first: a change stands in the journal only once the vault has it.  A full disk is met
 * before anything was journaled, and then nothing has happened. */
static enum err_code write_both(struct vault *vault, bool *replaced, uint64_t generation,
                                struct err_note *note)
{
    struct journal_block *changes = NULL;
    size_t changes_count = 0;
    enum err_code rc = ERR_OK;
    if (vault->blocks_touched) {
        rc = vault_block_changes(&changes, &changes_count, vault, false);
    }
    if (rc == ERR_OK) {
        rc = vault_state_write(vault, replaced, VAULT_PATH, generation, note);
    }
    if (rc == ERR_OK && vault->in_doubt) {
        rc = verify(vault, generation, note);
    }
    if (rc == ERR_OK) {
        rc = journal_vault(vault->journal, generation, changes, changes_count, note);
    }
    free(changes);
    return rc;
}

/* After an error another vault of this generation may stand on the disk, which nobody was told is
 * there.  The one that is written now takes its place; it counts once it was read again, and the
 * journal, read again too, has its generation. */
enum err_code vault_commit(struct vault *vault, struct err_note *note)
{
    /* A generation that could not be journaled must not be written. */
    enum err_code rc = journal_recover(vault->journal, note);
    if (rc != ERR_OK) {
        vault_state_roll_back(vault);
        return err_note(note, rc, "the vault refuses changes since an error");
    }
    uint64_t generation = vault->generation + 1;
    bool replaced = false;
    rc = write_both(vault, &replaced, generation, note);
    if (rc != ERR_OK) {
        vault->in_doubt = vault->in_doubt || replaced;
        vault_state_roll_back(vault);
        return err_note(note, rc, "keeping the vault");
    }
    vault->in_doubt = false;
    vault->saved_s = vault->now_s;
    vault_state_commit(vault, generation);
    vault->copy_due = true;
    return ERR_OK;
}

bool vault_is_unsure(const struct vault *vault)
{
    return vault->in_doubt;
}

/* The journal has each change ever made until all blocks stand there anew. */
static void compact_journal(struct vault *vault)
{
    struct journal_block *all = NULL;
    size_t all_count = 0;
    struct err_note ignored = {{0}};
    uint64_t needed_count = vault->blocks.committed_count;
    if (journal_blocks(vault->journal).records_count < 2 * needed_count + SPARE_CHANGES ||
        vault_block_changes(&all, &all_count, vault, true) != ERR_OK) {
        return;
    }
    (void)!journal_blocks_whole(vault->journal, vault->generation, all, all_count, &ignored);
    free(all);
}

void vault_keep_copy(struct vault *vault)
{
    struct err_note ignored = {{0}};
    if (vault->in_doubt) {
        (void)!vault_commit(vault, &ignored);
    }
    if (vault->copy_due && !vault->in_doubt) {
        vault->copy_due = false;
        keep_copy(vault, vault->generation);
        compact_journal(vault);
    }
}
