/* index_rig.h - an index over files in memory or on a disk, fed with posts that were never signed.
 *
 * For tests and benches; what fails ends the program with a line on stderr. */
#ifndef KITH_TESTS_SUPPORT_INDEX_RIG_H
#define KITH_TESTS_SUPPORT_INDEX_RIG_H

#include "store/index.h"

/* Open the folder "index" of files; tables of so many posts (0: as a node has them). */
struct index *index_rig_open(struct files *files, uint32_t table_max);
/* A post at a position behind all others. */
void index_rig_add(struct index *index, const struct post *post, uint64_t position);
bool index_rig_find(struct index *index, struct index_place *place, const struct post_id *id);
void index_rig_tend(struct index *index, uint64_t now_s, bool idle);
/* Over the set "all". */
void index_rig_answer(struct index *index, struct negentropy_results *results,
                      const struct negentropy_batch *batch);

#endif
