#include "proto/post.h"
#include "store/vault_state.h"

struct vault_block vault_block_copied(const struct vault_block *block)
{
    struct vault_block copied = *block;
    bool copied_before =
        block->since_s == 0 && block->since_position == 0 && block->until_position == 0;
    copied.since_s = 0;
    copied.since_position = 0;
    copied.until_position = 0;
    if (!block->in_force && !copied_before && block->until_s <= UINT64_MAX - POST_AHEAD_MAX_S) {
        copied.until_s += POST_AHEAD_MAX_S;
    }
    return copied;
}

/* Whether a log that ends there has less than when a stretch began or ended. */
static bool ends_before(const struct vault_contents *contents, uint64_t end)
{
    for (size_t i = 0; i < contents->blocks_count; i++) {
        const struct vault_block *block = &contents->blocks[i];
        if (block->since_position > end || block->until_position > end) {
            return true;
        }
    }
    return false;
}

static size_t copy_all(struct vault *vault)
{
    struct vault_block *blocks = vault->blocks.staged;
    size_t changed_count = 0;
    for (size_t i = 0; i < vault->blocks.staged_count; i++) {
        struct vault_block copied = vault_block_copied(&blocks[i]);
        if (copied.since_s != blocks[i].since_s ||
            copied.since_position != blocks[i].since_position ||
            copied.until_s != blocks[i].until_s ||
            copied.until_position != blocks[i].until_position) {
            blocks[i] = copied;
            changed_count++;
        }
    }
    return changed_count;
}

/* Where no stretch has a position the log's id waits for the next change: it comes to the disk with
 * the first position of that log, in one step. */
enum err_code vault_log_beside(struct vault *vault, bool *copied,
                               const uint8_t log_id[VAULT_LOG_ID_LEN], uint64_t log_end,
                               struct err_note *note)
{
    bool same = memcmp(vault->log_id, log_id, VAULT_LOG_ID_LEN) == 0;
    if (same && !ends_before(&vault->contents, log_end)) {
        *copied = false;
        return ERR_OK;
    }
    uint8_t before[VAULT_LOG_ID_LEN];
    memcpy(before, vault->log_id, sizeof before);
    memcpy(vault->log_id, log_id, sizeof before);
    if (copy_all(vault) == 0) {
        *copied = false;
        return ERR_OK;
    }
    vault->blocks_touched = true;
    enum err_code rc = vault_commit(vault, note);
    if (rc != ERR_OK) {
        memcpy(vault->log_id, before, sizeof before);
        return err_note(note, rc, "keeping the list of blocks beside another log");
    }
    /* The copy knows the older positions, and would not see it where a log of this id grows. */
    vault_keep_copy(vault);
    *copied = true;
    return ERR_OK;
}
