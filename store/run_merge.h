/* run_merge.h - several neighbouring runs become one, in slices, with bounded memory.
 *
 * Also rewrites a single run, to drop what is gone.  The result depends on the runs, the fates and
 * the key alone, not on the slices.  Takes at most 2 MiB, and 2 octets for each position while it
 * lasts, 34 until its sets are written: runs of the index have at most 2^20. */
#ifndef KITH_STORE_RUN_MERGE_H
#define KITH_STORE_RUN_MERGE_H

#include "store/run.h"

#define RUN_MERGE_RUNS_MAX 64

/* What becomes of a position.  What was gone stays gone, a hole stays a hole. */
enum run_fate {
    RUN_FATE_KEEP,  /* as it is */
    RUN_FATE_GONE,  /* its record and id stay, state RUN_GONE; nothing else of it */
    RUN_FATE_BARE,  /* what was RUN_KEPT loses its words and refs */
    RUN_FATE_ERASE, /* becomes a hole */
};

/* Asked once for each position that is no hole, ascending, while the merge steps.  What changes
 * after it was asked stays the caller's to remember: the new run's run_record() says what the merge
 * was told. */
struct run_filter {
    enum run_fate (*fate)(void *context, uint32_t position); /* NULL: all are kept */
    void *context;
};

struct run_merge;

/* Begin to write name->path, which must not be there.  runs (1 to RUN_MERGE_RUNS_MAX, each ending
 * where the next one begins, asserted) are borrowed until run_merge_free(); others may go on
 * reading them.
 *   ERR_NO_MEMORY, and what making a file gives */
MUST_USE enum err_code run_merge_new(struct run_merge **merge, struct files *files,
                                     const struct run_name *name, struct run *const *runs,
                                     size_t runs_count, const struct run_filter *filter,
                                     struct err_note *note);
/* Go on for about as much work as writing `budget` octets is, and at least a little; *done once the
 * file is whole and synced.  The caller syncs the folder before naming it anywhere.  After an error
 * the merge can only be freed. ERR_DAMAGED  one of the runs does not read; run_merge_culprit() says
 * which ERR_NO_SPACE, ERR_IO, ERR_PERMISSION, ERR_NO_MEMORY */
MUST_USE enum err_code run_merge_step(struct run_merge *merge, bool *done, size_t budget,
                                      struct err_note *note);
/* After ERR_DAMAGED: the index of the run in runs. */
size_t run_merge_culprit(const struct run_merge *merge);
/* Removes the file where the merge was not done. */
void run_merge_free(struct run_merge *merge);

#endif
