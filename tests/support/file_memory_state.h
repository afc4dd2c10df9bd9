/* file_memory_state.h - the files, names and pending changes behind file_memory.h, for its own
 * files alone. */
#ifndef KITH_TESTS_SUPPORT_FILE_MEMORY_STATE_H
#define KITH_TESTS_SUPPORT_FILE_MEMORY_STATE_H

#include "tests/support/file_memory.h"

#define MEMORY_PATH_LEN 128

/* A file's octets, as written and as synced. */
struct inode {
    uint8_t *now;
    size_t now_len;
    size_t now_cap;
    uint8_t *synced;
    size_t synced_len;
    size_t synced_cap;
    size_t same_len; /* now and synced agree so far, where both reach */
    uint64_t now_is; /* a number that only these octets have, whatever copies there are; empty: 0 */
    uint64_t synced_is;
    size_t links;  /* names, pending names and open files */
    bool borrowed; /* now and synced are another's octets */
    bool spoiled;  /* a sync failed: what is not synced never will be */
};

struct name {
    char path[MEMORY_PATH_LEN];
    struct inode *inode;
};

struct names {
    struct name *at;
    size_t count;
    size_t cap;
};

/* A change of names that no sync of its folder covers yet. */
struct rename {
    char from[MEMORY_PATH_LEN]; /* "": a file made */
    char to[MEMORY_PATH_LEN];   /* "": a file removed */
    struct inode *inode;
};

struct memory {
    struct files calls; /* first: a struct files * is a struct memory * */
    struct names now;
    struct names synced;
    struct rename *pending;
    size_t pending_count;
    size_t pending_cap;
    uint64_t random;
    uint64_t epoch; /* of restarts */
    uint64_t counts[FILE_MEMORY_READ_AT + 1];
    uint64_t fail_at[FILE_MEMORY_READ_AT + 1]; /* 0: never */
    enum err_code fail_with[FILE_MEMORY_READ_AT + 1];
    uint64_t crash_at;
    bool crashed;
    bool full; /* what takes room fails */
    struct file_memory_hook hook;
    bool hooked; /* inside of it */
    uint64_t broken_rules;
};

/* A machine without files, for file_memory_new() and its like. */
struct memory *memory_new(uint64_t seed);
struct memory *memory_of(struct files *files);
const struct memory *memory_in(const struct files *files);
/* Zeroed memory; the test program ends where there is none. */
void *memory_take(size_t len);
void *memory_grow(void *at, size_t len);
/* The next number drawn from the seed. */
uint64_t memory_random(struct memory *m);
/* Its octets are others than before. */
void memory_inode_changed(struct inode *inode);
/* What inode borrows it has for itself from now on: before anything is written. */
void memory_inode_own(struct inode *inode);
/* Whether a crash could lose something of it. */
bool memory_inode_unsynced(const struct inode *inode);
/* Room for len octets. */
void memory_reserve(uint8_t **at, size_t *cap, size_t len);
/* One link less; the last one frees. */
void memory_unlink(struct inode *inode);
struct name *memory_names_find(const struct names *names, const char *path);
void memory_names_set(struct names *names, const char *path, struct inode *inode);
/* The same for a path that is not there. */
void memory_names_add(struct names *names, const char *path, struct inode *inode);
void memory_names_clear(struct names *names);
/* to = from */
void memory_names_copy(struct names *to, const struct names *from);
void memory_names_apply(struct names *names, const struct rename *change);
/* Make, rename or remove a name, for now unsynced; see struct rename. */
void memory_change_names(struct memory *m, const char *from, const char *to, struct inode *inode);
/* Whether path lies directly in folder. */
bool memory_in_folder(const char *path, const char *folder);
void memory_inode_append(struct inode *inode, struct octets octets);
/* What is written is synced. */
void memory_inode_sync(struct inode *inode);
/* No change of names is unsynced any more. */
void memory_forget_pending(struct memory *m);

#endif
