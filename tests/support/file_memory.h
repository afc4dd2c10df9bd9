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
};

struct files *file_memory_new(uint64_t seed);
/* Every file must be closed. */
void file_memory_free(struct files *files);

/* Fail the nth (from 1) call of this kind from now on with code, once; an append that fails may
 * leave a part behind. */
void file_memory_fail(struct files *files, enum file_memory_call call, uint64_t nth,
                      enum err_code code);
/* Crash at the nth (from 1) changing call from now on: that call and all after it give ERR_IO. */
void file_memory_crash_at(struct files *files, uint64_t nth);
void file_memory_crash(struct files *files);
bool file_memory_crashed(const struct files *files);
/* Come back.  Files still open stay unusable and have to be closed. */
void file_memory_restart(struct files *files, enum file_memory_outcome outcome);

/* How many calls of this kind were made. */
uint64_t file_memory_calls(const struct files *files, enum file_memory_call call);

/* For tests that damage: the file's octets as they stand; exits where there is no such file. */
size_t file_memory_len(const struct files *files, const char *path);
void file_memory_flip(struct files *files, const char *path, size_t offset, uint8_t mask);
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
