#include "tests/support/file_memory.h"

#include <stdio.h>
#include <stdlib.h>

#define PATH_LEN   128
#define SECTOR_LEN 512

/* A file's octets, as written and as synced. */
struct inode {
    uint8_t *now;
    size_t now_len;
    size_t now_cap;
    uint8_t *synced;
    size_t synced_len;
    size_t synced_cap;
    size_t same_len; /* now and synced agree so far, where both reach */
    size_t links;    /* names, pending names and open files */
};

struct name {
    char path[PATH_LEN];
    struct inode *inode;
};

struct names {
    struct name *at;
    size_t count;
    size_t cap;
};

/* A change of names that no sync of its folder covers yet. */
struct rename {
    char from[PATH_LEN]; /* "": a file made */
    char to[PATH_LEN];   /* "": a file removed */
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
};

struct file {
    struct inode *inode;
    uint64_t epoch;
};

static struct memory *memory_of(struct files *files)
{
    return (struct memory *)(void *)files;
}

static const struct memory *memory_in(const struct files *files)
{
    return (const struct memory *)(const void *)files;
}

static void *must(void *at)
{
    if (at == NULL) {
        (void)fprintf(stderr, "file_memory: out of memory\n");
        exit(1);
    }
    return at;
}

static uint64_t random_next(struct memory *m)
{
    /* splitmix64 */
    m->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = m->random;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void reserve(uint8_t **at, size_t *cap, size_t len)
{
    if (len <= *cap) {
        return;
    }
    size_t grown = *cap == 0 ? 256 : *cap;
    while (grown < len) {
        grown *= 2;
    }
    *at = must(realloc(*at, grown));
    *cap = grown;
}

static void unlink_inode(struct inode *inode)
{
    if (--inode->links > 0) {
        return;
    }
    free(inode->now);
    free(inode->synced);
    free(inode);
}

static struct name *names_find(const struct names *names, const char *path)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->at[i].path, path) == 0) {
            return &names->at[i];
        }
    }
    return NULL;
}

static void names_set(struct names *names, const char *path, struct inode *inode)
{
    inode->links++;
    struct name *there = names_find(names, path);
    if (there != NULL) {
        unlink_inode(there->inode);
        there->inode = inode;
        return;
    }
    if (names->count == names->cap) {
        names->cap = names->cap == 0 ? 8 : names->cap * 2;
        names->at = must(realloc(names->at, names->cap * sizeof *names->at));
    }
    struct name *name = &names->at[names->count++];
    (void)snprintf(name->path, sizeof name->path, "%s", path);
    name->inode = inode;
}

static void names_remove(struct names *names, const char *path)
{
    struct name *there = names_find(names, path);
    if (there != NULL) {
        unlink_inode(there->inode);
        size_t index = (size_t)(there - names->at);
        memmove(there, there + 1, (names->count - index - 1) * sizeof *there);
        names->count--;
    }
}

static void names_clear(struct names *names)
{
    while (names->count > 0) {
        unlink_inode(names->at[--names->count].inode);
    }
}

static void names_copy(struct names *to, const struct names *from)
{
    names_clear(to);
    for (size_t i = 0; i < from->count; i++) {
        names_set(to, from->at[i].path, from->at[i].inode);
    }
}

static void names_apply(struct names *names, const struct rename *change)
{
    if (change->from[0] != '\0') {
        names_remove(names, change->from);
    }
    if (change->to[0] != '\0') {
        names_set(names, change->to, change->inode);
    }
}

static void change_names(struct memory *m, const char *from, const char *to, struct inode *inode)
{
    if (m->pending_count == m->pending_cap) {
        m->pending_cap = m->pending_cap == 0 ? 8 : m->pending_cap * 2;
        m->pending = must(realloc(m->pending, m->pending_cap * sizeof *m->pending));
    }
    struct rename *change = &m->pending[m->pending_count++];
    *change = (struct rename){.inode = inode};
    (void)snprintf(change->from, sizeof change->from, "%s", from);
    (void)snprintf(change->to, sizeof change->to, "%s", to);
    inode->links++;
    names_apply(&m->now, change);
}

static bool in_folder(const char *path, const char *folder)
{
    const char *slash = strrchr(path, '/');
    if (strcmp(folder, ".") == 0) {
        return slash == NULL;
    }
    size_t len = strlen(folder);
    return slash == path + len && memcmp(path, folder, len) == 0;
}

/* Count a call; the error it is to fail with. */
static enum err_code fault(struct memory *m, enum file_memory_call call, struct err_note *note)
{
    if (m->crashed) {
        return err_note(note, ERR_IO, "the machine crashed");
    }
    enum err_code rc = ERR_OK;
    enum file_memory_call kinds[2] = {call, FILE_MEMORY_ANY};
    size_t kinds_count = call < FILE_MEMORY_CHANGES_COUNT ? 2 : 1;
    for (size_t i = 0; i < kinds_count; i++) {
        enum file_memory_call kind = kinds[i];
        m->counts[kind]++;
        if (m->fail_at[kind] != 0 && m->counts[kind] == m->fail_at[kind]) {
            m->fail_at[kind] = 0;
            rc = m->fail_with[kind];
        }
    }
    if (kinds_count == 2 && m->crash_at != 0 && m->counts[FILE_MEMORY_ANY] == m->crash_at) {
        m->crashed = true;
        rc = ERR_IO;
    }
    return rc == ERR_OK ? ERR_OK : err_note(note, rc, "a fault was injected");
}

static enum err_code usable(struct memory *m, const struct file *file, struct err_note *note)
{
    if (m->crashed || file->epoch != m->epoch) {
        return err_note(note, ERR_IO, "the machine crashed");
    }
    return ERR_OK;
}

static enum err_code memory_open(struct files *self, struct file **file, const char *path,
                                 enum file_mode mode, struct err_note *note)
{
    struct memory *m = memory_of(self);
    if (m->crashed) {
        return err_note(note, ERR_IO, "the machine crashed");
    }
    struct name *there = names_find(&m->now, path);
    if (mode != FILE_CREATE && there == NULL) {
        return err_note(note, ERR_NOT_FOUND, "%s: no such file", path);
    }
    struct inode *inode = there == NULL ? NULL : there->inode;
    if (mode == FILE_CREATE) {
        if (there != NULL) {
            return err_note(note, ERR_IO, "%s: the file is there already", path);
        }
        enum err_code rc = fault(m, FILE_MEMORY_CREATE, note);
        if (rc != ERR_OK) {
            return rc;
        }
        inode = must(calloc(1, sizeof *inode));
        change_names(m, "", path, inode);
    }
    *file = must(malloc(sizeof **file));
    **file = (struct file){.inode = inode, .epoch = m->epoch};
    inode->links++;
    return ERR_OK;
}

static void memory_close(struct files *self, struct file *file)
{
    (void)self;
    if (file != NULL) {
        unlink_inode(file->inode);
        free(file);
    }
}

static enum err_code memory_read_at(struct files *self, struct file *file, uint8_t *out,
                                    size_t *got, size_t len, uint64_t offset, struct err_note *note)
{
    struct memory *m = memory_of(self);
    enum err_code rc = usable(m, file, note);
    rc = rc == ERR_OK ? fault(m, FILE_MEMORY_READ_AT, note) : rc;
    if (rc != ERR_OK) {
        return rc;
    }
    const struct inode *inode = file->inode;
    size_t left = offset < inode->now_len ? inode->now_len - (size_t)offset : 0;
    *got = len < left ? len : left;
    if (*got > 0) {
        memcpy(out, inode->now + offset, *got);
    }
    return ERR_OK;
}

static void append(struct inode *inode, struct octets octets)
{
    reserve(&inode->now, &inode->now_cap, inode->now_len + octets.len);
    if (octets.len > 0) {
        memcpy(inode->now + inode->now_len, octets.at, octets.len);
    }
    inode->now_len += octets.len;
}

static enum err_code memory_append(struct files *self, struct file *file, struct octets octets,
                                   struct err_note *note)
{
    struct memory *m = memory_of(self);
    enum err_code rc = usable(m, file, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = fault(m, FILE_MEMORY_APPEND, note);
    if (rc != ERR_OK) {
        /* A full disk takes what still fits. */
        octets.len = (size_t)(random_next(m) % (octets.len + 1));
    }
    append(file->inode, octets);
    return rc;
}

static enum err_code memory_write_at(struct files *self, struct file *file, struct octets octets,
                                     uint64_t offset, struct err_note *note)
{
    struct memory *m = memory_of(self);
    enum err_code rc = usable(m, file, note);
    rc = rc == ERR_OK ? fault(m, FILE_MEMORY_WRITE_AT, note) : rc;
    if (rc != ERR_OK) {
        return rc;
    }
    struct inode *inode = file->inode;
    size_t end = (size_t)offset + octets.len;
    if (end > inode->now_len) {
        reserve(&inode->now, &inode->now_cap, end);
        memset(inode->now + inode->now_len, 0, end - inode->now_len);
        inode->now_len = end;
    }
    if (octets.len > 0) {
        memcpy(inode->now + offset, octets.at, octets.len);
    }
    if (inode->same_len > offset) {
        inode->same_len = (size_t)offset;
    }
    return ERR_OK;
}

static void sync_inode(struct inode *inode)
{
    reserve(&inode->synced, &inode->synced_cap, inode->now_len);
    if (inode->now_len > inode->same_len) {
        memcpy(inode->synced + inode->same_len, inode->now + inode->same_len,
               inode->now_len - inode->same_len);
    }
    inode->synced_len = inode->now_len;
    inode->same_len = inode->now_len;
}

static enum err_code memory_sync(struct files *self, struct file *file, struct err_note *note)
{
    struct memory *m = memory_of(self);
    enum err_code rc = usable(m, file, note);
    rc = rc == ERR_OK ? fault(m, FILE_MEMORY_SYNC, note) : rc;
    if (rc == ERR_OK) {
        sync_inode(file->inode);
    }
    return rc;
}

static enum err_code memory_size(struct files *self, struct file *file, uint64_t *len,
                                 struct err_note *note)
{
    enum err_code rc = usable(memory_of(self), file, note);
    if (rc == ERR_OK) {
        *len = file->inode->now_len;
    }
    return rc;
}

static enum err_code memory_truncate(struct files *self, struct file *file, uint64_t len,
                                     struct err_note *note)
{
    struct memory *m = memory_of(self);
    enum err_code rc = usable(m, file, note);
    rc = rc == ERR_OK ? fault(m, FILE_MEMORY_TRUNCATE, note) : rc;
    if (rc == ERR_OK && len < file->inode->now_len) {
        file->inode->now_len = (size_t)len;
        if (file->inode->same_len > len) {
            file->inode->same_len = (size_t)len;
        }
    }
    return rc;
}

static enum err_code memory_rename(struct files *self, const char *from, const char *to,
                                   struct err_note *note)
{
    struct memory *m = memory_of(self);
    enum err_code rc = fault(m, FILE_MEMORY_RENAME, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct name *there = names_find(&m->now, from);
    if (there == NULL) {
        return err_note(note, ERR_NOT_FOUND, "%s: no such file", from);
    }
    change_names(m, from, to, there->inode);
    return ERR_OK;
}

static enum err_code memory_remove(struct files *self, const char *path, struct err_note *note)
{
    struct memory *m = memory_of(self);
    if (!m->crashed && names_find(&m->now, path) == NULL) {
        return err_note(note, ERR_NOT_FOUND, "%s: no such file", path);
    }
    enum err_code rc = fault(m, FILE_MEMORY_REMOVE, note);
    if (rc == ERR_OK) {
        change_names(m, path, "", names_find(&m->now, path)->inode);
    }
    return rc;
}

/* Folders are there as soon as they are named; only the call can fail. */
static enum err_code memory_make_dir(struct files *self, const char *path, struct err_note *note)
{
    (void)path;
    return fault(memory_of(self), FILE_MEMORY_MAKE_DIR, note);
}

static enum err_code memory_sync_dir(struct files *self, const char *path, struct err_note *note)
{
    struct memory *m = memory_of(self);
    enum err_code rc = fault(m, FILE_MEMORY_SYNC_DIR, note);
    if (rc != ERR_OK) {
        return rc;
    }
    size_t kept = 0;
    for (size_t i = 0; i < m->pending_count; i++) {
        struct rename *change = &m->pending[i];
        if (in_folder(change->to[0] != '\0' ? change->to : change->from, path)) {
            names_apply(&m->synced, change);
            unlink_inode(change->inode);
        } else {
            m->pending[kept++] = *change;
        }
    }
    m->pending_count = kept;
    return ERR_OK;
}

static enum err_code memory_list(struct files *self, const char *path,
                                 void (*each)(void *context, const char *name), void *context,
                                 struct err_note *note)
{
    const struct memory *m = memory_of(self);
    if (m->crashed) {
        return err_note(note, ERR_IO, "the machine crashed");
    }
    for (size_t i = 0; i < m->now.count; i++) {
        if (in_folder(m->now.at[i].path, path)) {
            const char *slash = strrchr(m->now.at[i].path, '/');
            each(context, slash == NULL ? m->now.at[i].path : slash + 1);
        }
    }
    return ERR_OK;
}

static const struct files memory_calls = {
    .open = memory_open,
    .close = memory_close,
    .read_at = memory_read_at,
    .append = memory_append,
    .write_at = memory_write_at,
    .sync = memory_sync,
    .size = memory_size,
    .truncate = memory_truncate,
    .rename = memory_rename,
    .remove = memory_remove,
    .make_dir = memory_make_dir,
    .sync_dir = memory_sync_dir,
    .list = memory_list,
};

struct files *file_memory_new(uint64_t seed)
{
    struct memory *m = must(calloc(1, sizeof *m));
    m->calls = memory_calls;
    m->random = seed;
    return &m->calls;
}

static void forget_pending(struct memory *m)
{
    while (m->pending_count > 0) {
        unlink_inode(m->pending[--m->pending_count].inode);
    }
}

void file_memory_free(struct files *files)
{
    if (files == NULL) {
        return;
    }
    struct memory *m = memory_of(files);
    forget_pending(m);
    names_clear(&m->now);
    names_clear(&m->synced);
    free(m->pending);
    free(m->now.at);
    free(m->synced.at);
    free(m);
}

void file_memory_fail(struct files *files, enum file_memory_call call, uint64_t nth,
                      enum err_code code)
{
    struct memory *m = memory_of(files);
    m->fail_at[call] = nth == 0 ? 0 : m->counts[call] + nth;
    m->fail_with[call] = code;
}

void file_memory_crash_at(struct files *files, uint64_t nth)
{
    struct memory *m = memory_of(files);
    m->crash_at = nth == 0 ? 0 : m->counts[FILE_MEMORY_ANY] + nth;
}

void file_memory_crash(struct files *files)
{
    memory_of(files)->crashed = true;
}

bool file_memory_crashed(const struct files *files)
{
    return memory_in(files)->crashed;
}

/* A sector that was written and not synced: as written, as it was, zero, or garbage. */
static void tear_sector(struct memory *m, struct inode *inode, size_t begin, size_t end)
{
    uint64_t draw = random_next(m) % 8;
    for (size_t i = begin; i < end; i++) {
        uint8_t before = i < inode->synced_len ? inode->synced[i] : 0;
        if (draw == 0) {
            inode->now[i] = before;
        } else if (draw == 1 && i >= inode->synced_len) {
            inode->now[i] = (uint8_t)random_next(m);
        }
    }
}

static void tear(struct memory *m, struct inode *inode)
{
    size_t low = inode->now_len < inode->synced_len ? inode->now_len : inode->synced_len;
    size_t high = inode->now_len < inode->synced_len ? inode->synced_len : inode->now_len;
    size_t len = low + (size_t)(random_next(m) % (high - low + 1));
    if (len > inode->now_len) {
        reserve(&inode->now, &inode->now_cap, len);
        memcpy(inode->now + inode->now_len, inode->synced + inode->now_len, len - inode->now_len);
    }
    inode->now_len = len;
    for (size_t begin = inode->same_len; begin < len;) {
        size_t end = (begin / SECTOR_LEN + 1) * SECTOR_LEN;
        end = end < len ? end : len;
        tear_sector(m, inode, begin, end);
        begin = end;
    }
}

static void drop(struct inode *inode)
{
    reserve(&inode->now, &inode->now_cap, inode->synced_len);
    if (inode->synced_len > 0) {
        memcpy(inode->now, inode->synced, inode->synced_len);
    }
    inode->now_len = inode->synced_len;
}

static void settle_names(struct memory *m, enum file_memory_outcome outcome)
{
    size_t survive = 0;
    if (outcome == FILE_MEMORY_KEEP) {
        survive = m->pending_count;
    } else if (outcome == FILE_MEMORY_TEAR) {
        survive = (size_t)(random_next(m) % (m->pending_count + 1));
    }
    for (size_t i = 0; i < survive; i++) {
        names_apply(&m->synced, &m->pending[i]);
    }
    names_copy(&m->now, &m->synced);
    forget_pending(m);
}

void file_memory_restart(struct files *files, enum file_memory_outcome outcome)
{
    struct memory *m = memory_of(files);
    settle_names(m, outcome);
    for (size_t i = 0; i < m->now.count; i++) {
        struct inode *inode = m->now.at[i].inode;
        if (outcome == FILE_MEMORY_DROP) {
            drop(inode);
        } else if (outcome == FILE_MEMORY_TEAR) {
            tear(m, inode);
        }
        inode->same_len = 0;
        sync_inode(inode);
    }
    m->epoch++;
    m->crashed = false;
    m->crash_at = 0;
    memset(m->fail_at, 0, sizeof m->fail_at);
}

uint64_t file_memory_calls(const struct files *files, enum file_memory_call call)
{
    return memory_in(files)->counts[call];
}

static struct inode *inode_at(const struct files *files, const char *path)
{
    const struct name *there = names_find(&memory_in(files)->now, path);
    if (there == NULL) {
        (void)fprintf(stderr, "file_memory: no file %s\n", path);
        exit(1);
    }
    return there->inode;
}

size_t file_memory_len(const struct files *files, const char *path)
{
    return inode_at(files, path)->now_len;
}

void file_memory_flip(struct files *files, const char *path, size_t offset, uint8_t mask)
{
    struct inode *inode = inode_at(files, path);
    if (offset < inode->now_len) {
        inode->now[offset] ^= mask;
    }
    inode->same_len = 0;
    sync_inode(inode);
}

void file_memory_cut(struct files *files, const char *path, size_t len)
{
    struct inode *inode = inode_at(files, path);
    if (len < inode->now_len) {
        inode->now_len = len;
    }
    inode->same_len = 0;
    sync_inode(inode);
}

bool file_memory_contains(const struct files *files, const void *what, size_t len)
{
    const struct memory *m = memory_in(files);
    for (size_t i = 0; i < m->now.count; i++) {
        const struct inode *inode = m->now.at[i].inode;
        for (size_t at = 0; at + len <= inode->now_len; at++) {
            if (memcmp(inode->now + at, what, len) == 0) {
                return true;
            }
        }
    }
    return false;
}

void file_memory_each(const struct files *files, void (*each)(void *context, const char *path),
                      void *context)
{
    const struct memory *m = memory_in(files);
    for (size_t i = 0; i < m->now.count; i++) {
        each(context, m->now.at[i].path);
    }
}

struct files *file_memory_copy(const struct files *files)
{
    const struct memory *m = memory_in(files);
    struct files *copied = file_memory_new(m->random);
    struct memory *copy = memory_of(copied);
    for (size_t i = 0; i < m->now.count; i++) {
        struct inode *inode = must(calloc(1, sizeof *inode));
        append(inode, octets_of(m->now.at[i].inode->now, m->now.at[i].inode->now_len));
        sync_inode(inode);
        names_set(&copy->now, m->now.at[i].path, inode);
        names_set(&copy->synced, m->now.at[i].path, inode);
    }
    return copied;
}
