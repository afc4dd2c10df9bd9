/* manifest.h - the table of a log's segments and their keys, sealed and replaced atomically.
 *
 *     plain = "manifest" 3 id(16), u32 number_next, u64 end, u32 count, count * (u32 number, u32
 * generation, u64 first, u64 records, u64 len, u32 torn, u8 closed, key(32)), all big-endian
 *
 * Taking a segment's row out erases the segment: nothing else knows its key. */
#ifndef KITH_STORE_MANIFEST_H
#define KITH_STORE_MANIFEST_H

#include "proto/err.h"
#include "store/file.h"
#include "store/seal.h"

#define MANIFEST_SEGMENTS_MAX 65536
#define MANIFEST_ID_LEN       16

struct manifest_segment {
    uint32_t number;        /* names the file, together with the generation */
    uint32_t generation;    /* grows when the segment is rewritten */
    uint64_t first;         /* record number of its first record */
    uint64_t records_count; /* closed: how many numbers it covers; what is missing was damaged */
    uint64_t len;           /* closed: octets up to the end of the last whole record */
    uint32_t torn_count;    /* closed: numbers missing because a crash tore the last batch */
    bool closed;
    uint8_t key[SEAL_KEY_LEN];
};

/* Rows ascend in number and first, with gaps where segments were taken out.  segments lives in
 * memory from sodium_malloc(). */
struct manifest {
    uint8_t id[MANIFEST_ID_LEN]; /* drawn when the log was begun */
    uint32_t number_next;        /* above every segment there ever was */
    uint64_t end;                /* no record was ever numbered from here on but in the last row */
    struct manifest_segment *segments;
    size_t segments_count;
    size_t segments_cap;
};

/*   ERR_NOT_FOUND  there is none
 *   ERR_DAMAGED    it does not open under this key */
MUST_USE enum err_code manifest_load(struct manifest *manifest, struct files *files,
                                     const char *path, const uint8_t key[SEAL_KEY_LEN],
                                     struct err_note *note);
MUST_USE enum err_code manifest_save(const struct manifest *manifest, struct files *files,
                                     const char *path, const uint8_t key[SEAL_KEY_LEN],
                                     struct err_note *note);
/*   ERR_REFUSED  MANIFEST_SEGMENTS_MAX is reached
 *   ERR_NO_MEMORY */
MUST_USE enum err_code manifest_add(struct manifest *manifest,
                                    const struct manifest_segment *segment);
/* A copy of it all, with its own segments.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code manifest_copy(struct manifest *manifest, const struct manifest *from);
/* Take out count rows; they are there (asserted). */
void manifest_remove(struct manifest *manifest, size_t index, size_t count);
void manifest_close(struct manifest *manifest);

#endif
