/* archive_kept.h - why each post of the archive is there: what the file "archive/kept" says once it
 * is open (SPEC 10.15).
 *
 * Pure: no files. */
#ifndef KITH_STORE_ARCHIVE_KEPT_H
#define KITH_STORE_ARCHIVE_KEPT_H

#include "proto/err.h"
#include "proto/octets.h"
#include "store/shelf.h"

#define ARCHIVE_KEPT_MAX ((uint32_t)1 << 20) /* of stretches, and of the raised */

/* From position first on, up to the next stretch, posts are here for this reason. */
struct archive_stretch {
    uint32_t first;
    struct shelf_since since;
};

/* A post that came for another reason and is kept for itself since. */
struct archive_raised {
    uint32_t position;
    uint32_t day;
};

/* Zeroed, it says nothing. */
struct archive_kept {
    uint64_t floor_s;
    uint64_t generation;               /* one more each time this is written */
    uint32_t end;                      /* of the archive, when this was written */
    struct archive_stretch *stretches; /* ascending */
    uint32_t stretches_count, stretches_cap;
    struct archive_raised *raised; /* ascending */
    uint32_t raised_count, raised_cap;
};

/* Into a zeroed one, which has to be closed in any case.
 *   ERR_DAMAGED, ERR_NO_MEMORY  it says nothing that counts */
MUST_USE enum err_code archive_kept_decode(struct archive_kept *kept, struct octets octets);
size_t archive_kept_len(const struct archive_kept *kept);
void archive_kept_encode(uint8_t *out, const struct archive_kept *kept);
void archive_kept_close(struct archive_kept *kept);

/* SHELF_NOT: before the first stretch. */
enum shelf_why archive_kept_why(const struct archive_kept *kept, uint64_t position, uint32_t *day);
/* Nothing stands at end and above: what was said of it is forgotten.  Whether there was any. */
bool archive_kept_cut(struct archive_kept *kept, uint64_t end);
/* What comes at this position, no lower than any stretch's first, and later comes for this reason.
 *   ERR_NO_MEMORY  or there are too many: unchanged */
MUST_USE enum err_code archive_kept_begin(struct archive_kept *kept, uint64_t first,
                                          const struct shelf_since *since);
/* One that is not raised is kept for itself from now on, or no longer.
 *   ERR_NO_MEMORY  or there are too many: unchanged */
MUST_USE enum err_code archive_kept_raise(struct archive_kept *kept, uint32_t position,
                                          uint32_t day);
void archive_kept_lower(struct archive_kept *kept, uint32_t position);

#endif
