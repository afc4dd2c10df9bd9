/* file_memory.h - files in memory that forget, tear and fail like a machine (see store/file.h).
 *
 * What was synced is kept apart from what was only written.  A crash makes every later call fail
 * until the files are restarted, and the restart decides, from the seed, what of the unsynced
 * survives.  Deterministic: the same calls and seed give the same octets.  Not thread-safe. */
#ifndef KITH_TESTS_SUPPORT_FILE_MEMORY_H
#define KITH_TESTS_SUPPORT_FILE_MEMORY_H

#include "store/file.h"

enum file_memory_call {
    FILE_MEMORY_APPEND,
    FILE_MEMORY_WRITE_AT,
    FILE_MEMORY_SYNC,
    FILE_MEMORY_TRUNCATE,
    FILE_MEMORY_CREATE, /* an open that makes a file */
    FILE_MEMORY_RENAME,
    FILE_MEMORY_REMOVE,
    FILE_MEMORY_MAKE_DIR,
    FILE_MEMORY_SYNC_DIR,
    FILE_MEMORY_CHANGES_COUNT,
    FILE_MEMORY_ANY = FILE_MEMORY_CHANGES_COUNT, /* any of the above */
    FILE_MEMORY_READ_AT,
};

/* What of the unsynced a restart finds. */
enum file_memory_outcome {
    FILE_MEMORY_DROP, /* nothing */
    FILE_MEMORY_KEEP, /* everything */
    FILE_MEMORY_TEAR, /* a random part: prefixes of appends, some sectors zero or garbage, the first
                       * few of the changes of names */
    FILE_MEMORY_PAGES,  /* of each file some of the pages that were not synced, of the changes of
                         * names  some, each with all that it stands on */
    FILE_MEMORY_SECTOR, /* each file as far as one sector, which is garbage from some octet on; of
                         * the changes of names as with PAGES */
    FILE_MEMORY_OUTCOMES_COUNT,
};

struct files *file_memory_new(uint64_t seed);
/* Every file must be closed. */
void file_memory_free(struct files *files);

/* Fail the nth (from 1) call of this kind from now on with code, once; an append that fails may
 * leave a part behind.  What a failed sync of a file was to keep is never kept by a later one: it
 * is lost with the next crash, or not. */
void file_memory_fail(struct files *files, enum file_memory_call call, uint64_t nth,
                      enum err_code code);
/* From now on, or no longer: nothing is appended and no file is made (ERR_NO_SPACE). */
void file_memory_full(struct files *files, bool full);
/* Crash at the nth (from 1) changing call from now on: that call and all after it give ERR_IO. */
void file_memory_crash_at(struct files *files, uint64_t nth);
void file_memory_crash(struct files *files);
bool file_memory_crashed(const struct files *files);
/* Come back.  Files still open stay unusable and have to be closed. */
void file_memory_restart(struct files *files, enum file_memory_outcome outcome);

/* Call before each changing call, before it has any effect; never twice at a time. */
struct file_memory_hook {
    void *context;
    void (*before)(void *context, enum file_memory_call call, const char *path);
};
/* hook is copied; NULL ends it. */
void file_memory_hook(struct files *files, const struct file_memory_hook *hook);

/* Whether a crash now could lose anything. */
bool file_memory_unsynced(const struct files *files);
/* What a restart after a crash now would find, as other files with this seed of their own.  They
 * borrow: while they are there, files and what is open in it must not be used. */
struct files *file_memory_after_crash(const struct files *files, enum file_memory_outcome outcome,
                                      uint64_t seed);
/* Equal for two such copies of files, of one machine at any time or of copies of it, only where
 * both are the same.  (Not the other way round: octets that were torn and came out whole count as
 * others.) */
uint64_t file_memory_digest(const struct files *files);
/* What another process finds after this one was killed: everything as written, and as little
 * synced as before.  Borrows as file_memory_after_crash() does. */
struct files *file_memory_after_kill(const struct files *files, uint64_t seed);

/* How often a promise of store/file.h was broken: a file written or synced again after a sync of
 * it failed, or one given its name before what it holds was synced. */
uint64_t file_memory_broken_rules(const struct files *files);

/* Whether these files allocate memory just now: for tests in which allocations fail. */
bool file_memory_allocating(void);

/* How many calls of this kind were made. */
uint64_t file_memory_calls(const struct files *files, enum file_memory_call call);

/* For tests that damage: the file's octets as they stand; exits where there is no such file. */
size_t file_memory_len(const struct files *files, const char *path);
void file_memory_flip(struct files *files, const char *path, size_t offset, uint8_t mask);
/* The octets of a file; borrowed until it is written to. */
struct octets file_memory_octets(const struct files *files, const char *path);
/* Put these octets there, as synced, whatever stood there; or take the file away. */
void file_memory_put(struct files *files, const char *path, struct octets octets);
void file_memory_take_away(struct files *files, const char *path);
/* Cut the file off, as synced. */
void file_memory_cut(struct files *files, const char *path, size_t len);
/* Whether what, of len octets, stands anywhere in any file. */
bool file_memory_contains(const struct files *files, const void *what, size_t len);
/* Call each with the path of every file, in order. */
void file_memory_each(const struct files *files, void (*each)(void *context, const char *path),
                      void *context);
/* A copy of everything, as synced and not crashed. */
struct files *file_memory_copy(const struct files *files);

#endif
