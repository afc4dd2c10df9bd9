/* index_manifest.h - the table of the index's runs and their keys, sealed and replaced atomically
 * (SPEC 10.14).
 *
 * Taking a run's row out erases the run: nothing else knows its key. */
#ifndef KITH_STORE_INDEX_MANIFEST_H
#define KITH_STORE_INDEX_MANIFEST_H

#include "proto/err.h"
#include "proto/key.h"
#include "store/file.h"
#include "store/seal.h"

#define INDEX_MANIFEST_RUNS_MAX      65536
#define INDEX_MANIFEST_POSITIONS_MAX (16u << 20) /* of each list */

struct index_manifest_run {
    uint32_t number; /* names the file; 0: there is none, to be built again from the log */
    uint32_t first;  /* the positions it covers */
    uint32_t end;
    uint8_t key[SEAL_KEY_LEN];
};

enum index_manifest_list {
    INDEX_MANIFEST_GONE,  /* out of the sets, while a run still has it there */
    INDEX_MANIFEST_BARE,  /* expired, while a run still has it as kept */
    INDEX_MANIFEST_LOST,  /* damaged in the log: as if it had never come */
    INDEX_MANIFEST_PURGE, /* gone, bare or lost, and perhaps not yet out of the log */
    INDEX_MANIFEST_LISTS,
};

struct index_manifest_positions {
    uint32_t *at;
    size_t count;
    size_t cap;
};

/* Zeroed, it is empty.  Runs ascend, and their positions do not overlap; runs lives in memory from
 * sodium_malloc(). */
struct index_manifest {
    uint32_t number_next; /* of runs; never 0 once set */
    uint32_t covered;     /* the runs speak for the positions below */
    bool words;           /* the runs hold words */
    /* A kept post below covered, to tell the log that the runs were made from; none where
     * witness_above is 0. */
    uint32_t witness_above; /* its position + 1 */
    struct post_id witness;
    struct index_manifest_run *runs;
    size_t runs_count;
    size_t runs_cap;
    struct index_manifest_positions lists[INDEX_MANIFEST_LISTS];
};

/* From and to what is sealed; *manifest is written only on ERR_OK, plain has room for
 * index_manifest_len().
 *   ERR_DAMAGED, ERR_NO_MEMORY */
MUST_USE enum err_code index_manifest_decode(struct index_manifest *manifest, struct octets plain);
size_t index_manifest_len(const struct index_manifest *manifest);
void index_manifest_encode(uint8_t *plain, const struct index_manifest *manifest);

/*   ERR_NOT_FOUND  there is none
 *   ERR_DAMAGED    it does not open under this key, or contradicts itself */
MUST_USE enum err_code index_manifest_load(struct index_manifest *manifest, struct files *files,
                                           const char *path, const uint8_t key[SEAL_KEY_LEN],
                                           struct err_note *note);
/* *replaced: the new one may stand there although there was an error. */
MUST_USE enum err_code index_manifest_save(const struct index_manifest *manifest, bool *replaced,
                                           struct files *files, const char *path,
                                           const uint8_t key[SEAL_KEY_LEN], struct err_note *note);
/* Behind the last run.
 *   ERR_REFUSED  INDEX_MANIFEST_RUNS_MAX is reached
 *   ERR_NO_MEMORY */
MUST_USE enum err_code index_manifest_add(struct index_manifest *manifest,
                                          const struct index_manifest_run *run);
/*   ERR_REFUSED  INDEX_MANIFEST_POSITIONS_MAX is reached
 *   ERR_NO_MEMORY */
MUST_USE enum err_code index_manifest_position_add(struct index_manifest_positions *list,
                                                   uint32_t position);
/* The row of the run with this number, or NULL. */
const struct index_manifest_run *index_manifest_find(const struct index_manifest *manifest,
                                                     uint32_t number);
void index_manifest_close(struct index_manifest *manifest);

#endif
