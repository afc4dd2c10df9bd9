/* index_inner.h - what the files of the index share: its parts, and the list of them that readers
 * count. */
#ifndef KITH_STORE_INDEX_INNER_H
#define KITH_STORE_INDEX_INNER_H

#include <pthread.h>

#include "store/index.h"
#include "store/index_digests.h"
#include "store/index_gone.h"
#include "store/index_manifest.h"
#include "store/index_table.h"
#include "store/pace.h"
#include "store/run_build.h"
#include "store/run_merge.h"

#define INDEX_FOLDER_MAX 31
#define INDEX_PATH_MAX   (INDEX_FOLDER_MAX + 16)
#define DAY_S            86400
#define INDEX_HELD_MAX   8 /* tables in memory while no run can be written */

/* One stretch of positions: a table, a run, or (neither) a run that is to be built again. */
struct index_part {
    unsigned refs_count; /* lists it is in; guarded by the index's lock */
    struct index_table *table;
    struct run *run;
    struct index_gone *gone; /* what left the run; NULL: nothing.  Guarded by the lock */
    struct index_gone *bare; /* the same of what became bare, though it may be gone since */
    bool damaged;            /* the run does not read.  Guarded by the lock */
    uint32_t number;         /* of the run's file; 0: none */
    uint32_t first;
    uint32_t end; /* a table's: index_part_end() */
};

/* Ascending, not overlapping; what lies between two parts is a hole.  Never changed once it is the
 * index's. */
struct index_list {
    unsigned refs_count; /* guarded by the lock */
    uint64_t generation; /* grows when runs change */
    size_t count;
    struct index_part *parts[];
};

/* A position that left a run. */
struct index_left {
    uint32_t position;
    enum index_state state;
};

/* What is under way between two calls of index_tend(); the tender's. */
struct index_work {
    struct run_merge *merge; /* NULL: nothing */
    struct index_list *list; /* counted: holds the sources */
    size_t first;            /* in list */
    size_t count;
    struct run_name name;
    char path[INDEX_PATH_MAX + 1];
    uint32_t told_counts[RUN_MERGE_RUNS_MAX]; /* what left each source and the new run knows of */
    uint32_t bare_counts[RUN_MERGE_RUNS_MAX]; /* what became bare */
    struct index_left *left;                  /* what had left when it began, ascending */
    size_t left_count;
    size_t left_at;
};

/* A walk along what expires. */
struct index_expiring {
    uint64_t done_s;        /* whoever expired before has been dealt with */
    uint64_t until_s;       /* of the walk under way; 0: none is */
    uint32_t part;          /* where it goes on: the first position of a run */
    struct run_expiry next; /* and what of it comes next */
};

struct index {
    struct files *files;
    char folder[INDEX_FOLDER_MAX + 1];
    uint8_t *key;          /* of the manifest; from sodium_malloc() */
    struct run_hash *hash; /* from sodium_malloc() */
    struct run_set_name all;
    struct index_config config;
    struct block_cache *cache;

    pthread_mutex_t lock; /* what follows, and what is in tables; never held over a file call */
    struct index_list *list;
    struct index_digests refused;
    struct index_digests refused_before;
    struct index_manifest_positions purge; /* gone or lost, perhaps not out of the log */

    pthread_mutex_t tending;        /* what follows; held over file calls */
    struct index_manifest manifest; /* the runs' keys; its lists are made for each writing */
    struct index_work work;
    size_t waiting_tried; /* tables that waited when replaying last found no room for a run */
    struct index_expiring midnight; /* what expired before leaves the sets */
    struct index_expiring bare;     /* what expired before becomes bare */
    struct pace pace;               /* of rewriting runs when idle */
};

void index_lock(struct index *index);
void index_unlock(struct index *index);

uint32_t index_part_end(const struct index_part *part);
/* A part in no list yet.
 *   ERR_NO_MEMORY  what it was to hold is still the caller's */
MUST_USE enum err_code index_part_new(struct index_part **part);

/* The list as it is, counted; give it up with index_list_release().  _hold is for who has the lock
 * already. */
struct index_list *index_list_hold(struct index *index);
struct index_list *index_list_take(struct index *index);
void index_list_release(struct index *index, struct index_list *list);
/* With the lock: the same, *old is to be released without it. */
MUST_USE enum err_code index_list_swap(struct index *index, struct index_list **old,
                                       const struct index_part *first, size_t count,
                                       struct index_part *const *added, size_t added_count);
void index_part_free(struct index_part *part);
/* Put added[0 .. added_count) in the place of count parts from the first on, which are still there:
 * for who tends or adds, without the lock.
 *   ERR_NO_MEMORY  nothing changed */
MUST_USE enum err_code index_list_change(struct index *index, const struct index_part *first,
                                         size_t count, struct index_part *const *added,
                                         size_t added_count);
/* How many tables there are, in any place. */
size_t index_tables_count(struct index *index);
/* The place of a part in a list; count where it is not there. */
size_t index_list_place(const struct index_list *list, const struct index_part *part);
/* The part a position lies in, or NULL. */
struct index_part *index_list_part(const struct index_list *list, uint64_t position);

/* With the lock: the state of a post whose state in the part's run, or lately, was this. */
enum index_state index_part_state(const struct index_part *part, const struct post_id *id,
                                  enum index_state before);
/* With the lock: note what left a part's run, or became bare.
 *   ERR_NO_MEMORY, ERR_REFUSED as index_gone_add() */
MUST_USE enum err_code index_part_add(struct index_part *part, const struct index_record *record,
                                      uint32_t position);

/* An error with its note; for a full disk with what to do. */
enum err_code index_no_room(struct err_note *note, enum err_code rc, const struct err_note *why);

/* A run gave an error: remember that it is damaged. */
enum err_code index_blame(struct index *index, struct index_part *part, enum err_code rc);

/* With the lock: whether what was looked up before still tells what the run says that it lies in.
 */
bool index_is_fresh(const struct index *index, const struct index_place *place);
/* With the lock: a post leaves the part it lies in; the place is fresh.
 *   ERR_NO_MEMORY, ERR_REFUSED as index_drop() */
MUST_USE enum err_code index_leave(struct index *index, const struct index_place *place,
                                   enum index_state state);

/* ---- For who tends, with the tending lock ---- */

/* Where a run lies; path has room for INDEX_PATH_MAX + 1. */
void index_run_path(const struct index *index, char *path, uint32_t number);
/* A fresh name for a run, to be wiped. */
void index_run_name(struct index *index, struct run_name *name, char *path);
/* Wipe a name; remove its file unless it was installed. */
void index_run_name_close(struct index *index, struct run_name *name, bool installed);

/* The place of count parts from first on is taken by others. */
struct index_change {
    const struct index_part *first; /* NULL: nothing is replaced, and nothing added */
    size_t count;
    struct index_part *added[2]; /* theirs from then on, also after an error */
    size_t added_count;
    const struct run_name *name;       /* of added[0]'s run; NULL: none has one */
    const struct index_place *witness; /* a kept post of it, or NULL */
    /* With the index's lock: let those leave added[0] that left what it was made from.  Called
     * again where more may have left. */
    enum err_code (*transfer)(void *context, struct index_part *added);
    void *context;
};

/* Write the manifest as it is to be, then change the list, then remove the files of runs that are
 * out of it.  After an error everything is as it was; *named tells whether the manifest may name
 * the new run all the same, whose file has to stay then. */
MUST_USE enum err_code index_install(struct index *index, bool *named,
                                     const struct index_change *change, struct err_note *note);

/* Write a table that nothing is added to any more as a run. */
MUST_USE enum err_code index_write_table(struct index *index, struct index_part *part,
                                         struct err_note *note);
/* Build a piece of a run again, from the log; on a full disk it stands in memory as a table, up to
 * INDEX_HELD_MAX of them. */
MUST_USE enum err_code index_rebuild(struct index *index, struct index_part *part,
                                     struct err_note *note);

/* Begin to make one run of count parts of the list as it is, which are runs, from first on. */
MUST_USE enum err_code index_merge_begin(struct index *index, const struct index_list *list,
                                         size_t first, size_t count, struct err_note *note);
/* Go on with it. */
MUST_USE enum err_code index_merge_step(struct index *index, struct err_note *note);
void index_merge_drop(struct index *index);

/* What has expired becomes bare, what expired before midnight leaves; *did: some did, and there may
 * be more. */
MUST_USE enum err_code index_expire(struct index *index, bool *did, uint64_t now_s,
                                    struct err_note *note);
/* Begin a new table if something in the newest one is to leave the log. */
MUST_USE enum err_code index_roll(struct index *index);

/* The steps of index_tend() that need neither the log nor the clock; *did: there was one. */
MUST_USE enum err_code index_tend_runs(struct index *index, bool *did, struct err_note *note);

#endif
