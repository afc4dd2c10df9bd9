/* vault_state.h - an open vault, for the files of store/vault* alone. */
#ifndef KITH_STORE_VAULT_STATE_H
#define KITH_STORE_VAULT_STATE_H

#include "store/seal.h"
#include "store/vault.h"
#include "store/vault_table.h"

#define VAULT_SEED_LEN  32
#define VAULT_PATH      "vault"
#define VAULT_LAST_PATH "vault.last"
/* Every list full, and then some. */
#define VAULT_PLAIN_MAX ((size_t)64 * 1024 * 1024)

/* In memory from sodium_malloc(). */
struct vault_secrets {
    uint8_t key[SEAL_KEY_LEN];
    uint8_t seed[VAULT_SEED_LEN];
    uint8_t identity_seed[32];
    uint8_t node_secret[32];
    uint8_t dial_key[SEAL_KEY_LEN];
};

/* What is no list. */
struct vault_settings {
    uint8_t web_steps;
    bool unconfirmed;
    bool elsewhere;
    uint64_t confirmed_s;
    uint32_t lock_after_s;
};

struct vault {
    struct files *files;     /* borrowed */
    struct journal *journal; /* borrowed */
    struct vault_secrets *secrets;
    struct key identity;
    enum vault_kind kind;
    uint64_t generation;            /* of what is committed */
    uint64_t saved_s;               /* of what is committed */
    uint64_t now_s;                 /* for the next commit */
    bool blocks_touched;            /* since the last commit */
    struct vault_settings settings; /* staged */
    struct vault_settings settings_committed;
    uint8_t log_id[VAULT_LOG_ID_LEN]; /* whose positions stretches have; zeros: none's */
    struct vault_table petnames;
    struct vault_table follows;
    struct vault_table tags;
    struct vault_table blocks;
    struct vault_table shields;
    struct vault_table peers;
    struct vault_table claims;
    struct vault_table imported;
    struct vault_contents contents; /* of what is committed */
    bool copy_due;                  /* the copy is older than what is committed */
    bool in_doubt;                  /* an error left open which vault stands on the disk */
};

/* Fill in what derives from secrets->seed (vault_keys.c). */
void vault_keys_derive(struct vault *vault);

/* The staged lists as canonical msgpack (vault_code.c), in memory from sodium_malloc() that the
 * caller frees with sodium_free().
 *   ERR_NO_MEMORY, ERR_TOO_LARGE */
MUST_USE enum err_code vault_encode(uint8_t **plain, size_t *plain_len, const struct vault *vault,
                                    uint64_t generation);
/* Fill kind, generation, seed and staged lists of a vault whose lists are empty.
 *   ERR_DAMAGED, ERR_NO_MEMORY */
MUST_USE enum err_code vault_decode(struct vault *vault, struct octets plain);

/* The stretches that the staged blocks open, close and add beside the committed ones, for the
 * journal; or all of them.  *changes is for the caller to free(), its labels borrow from the vault.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code vault_block_changes(struct journal_block **changes, size_t *changes_count,
                                           const struct vault *vault, bool all);
/* Add a stretch that is over, where it is not there.
 *   ERR_REFUSED, ERR_NO_MEMORY */
MUST_USE enum err_code vault_block_past(struct vault *vault, bool *changed,
                                        const struct vault_block *block);
/* As if the block in force had never been; false where there is none. */
bool vault_block_undo(struct vault *vault, const struct key *key);
/* The stretch as it stands where its positions are another log's: time alone counts, from the
 * beginning, and a post dated ahead may have come before the end (SPEC 9.5). */
struct vault_block vault_block_copied(const struct vault_block *block);
/* An import can no longer be undone. */
void vault_import_forget(struct vault *vault);

/* A vault without contents yet, for files and the home's key (NULL where it lies in no home); and
 * its reading from path. ERR_NO_MEMORY, ERR_IO;  ERR_NOT_FOUND, ERR_DAMAGED */
MUST_USE enum err_code vault_state_new(struct vault **vault, struct files *files,
                                       const uint8_t home_key[32], struct err_note *note);
MUST_USE enum err_code vault_state_read(struct vault *vault, const char *path,
                                        struct err_note *note);
/* Seal what is staged at path as this generation; *replaced as seal_replace(). */
MUST_USE enum err_code vault_state_write(struct vault *vault, bool *replaced, const char *path,
                                         uint64_t generation, struct err_note *note);

void vault_state_init(struct vault *vault, struct files *files);
void vault_state_free_lists(struct vault *vault);
/* Point vault->contents at what is committed. */
void vault_state_lend(struct vault *vault);
void vault_state_commit(struct vault *vault, uint64_t generation);
void vault_state_roll_back(struct vault *vault);

#endif
