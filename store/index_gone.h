/* index_gone.h - what left a run's sets since the run was written: subtracted from what it says;
 * and, in another of the same, what became bare.
 *
 * No I/O and no lock, as index_table.h. */
#ifndef KITH_STORE_INDEX_GONE_H
#define KITH_STORE_INDEX_GONE_H

#include "store/index_ids.h"
#include "store/index_records.h"
#include "store/index_set.h"
#include "store/index_sorted.h"

#define INDEX_GONE_MAX INDEX_RECORDS_MAX /* for one run */

struct index_gone {
    struct index_records records; /* by place, in the order in which they left */
    uint32_t *positions;          /* by place: where it lies in the log */
    size_t positions_cap;
    uint32_t count;
    struct index_ids ids;
    struct index_set all;
    struct index_sorted *copy; /* as it stands; NULL: to be made when asked for */
};

/*   ERR_NO_MEMORY */
MUST_USE enum err_code index_gone_new(struct index_gone **gone);
void index_gone_free(struct index_gone *gone);

/* The post of this record, kept in the run and not here yet, leaves: state INDEX_GONE, its id
 * still known, INDEX_HOLE, as if it had never come, or becomes INDEX_BARE.
 *   ERR_REFUSED  INDEX_GONE_MAX are here
 *   ERR_NO_MEMORY */
MUST_USE enum err_code index_gone_add(struct index_gone *gone, const struct index_record *record,
                                      uint32_t position);
/* INDEX_KEPT where it did not leave. */
enum index_state index_gone_state(const struct index_gone *gone, const struct post_id *id);
/* All of it as it stands, shared until it changes; one reference to give up.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code index_gone_copy(struct index_gone *gone, struct index_sorted **copy);

#endif
