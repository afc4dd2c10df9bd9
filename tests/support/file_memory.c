#include "tests/support/file_memory_state.h"

#include <stdio.h>
#include <stdlib.h>

struct file {
    struct inode *inode;
    uint64_t epoch;
    char path[MEMORY_PATH_LEN]; /* when it was opened */
};

static void tell(struct memory *m, enum file_memory_call call, const char *path)
{
    if (m->hook.before != NULL && call < FILE_MEMORY_CHANGES_COUNT && !m->hooked) {
        m->hooked = true;
        m->hook.before(m->hook.context, call, path);
        m->hooked = false;
    }
}

/* Count a call; the error it is to fail with. */
static enum err_code fault(struct memory *m, enum file_memory_call call, const char *path,
                           struct err_note *note)
{
    if (m->crashed) {
        return err_note(note, ERR_IO, "the machine crashed");
    }
    tell(m, call, path);
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
    if (m->full && (call == FILE_MEMORY_APPEND || call == FILE_MEMORY_CREATE)) {
        rc = ERR_NO_SPACE;
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
    struct name *there = memory_names_find(&m->now, path);
    if (mode != FILE_CREATE && there == NULL) {
        return err_note(note, ERR_NOT_FOUND, "%s: no such file", path);
    }
    struct inode *inode = there == NULL ? NULL : there->inode;
    if (mode == FILE_CREATE) {
        if (there != NULL) {
            return err_note(note, ERR_IO, "%s: the file is there already", path);
        }
        enum err_code rc = fault(m, FILE_MEMORY_CREATE, path, note);
        if (rc != ERR_OK) {
            return rc;
        }
        inode = memory_take(sizeof *inode);
        memory_change_names(m, "", path, inode);
    }
    *file = memory_take(sizeof **file);
    **file = (struct file){.inode = inode, .epoch = m->epoch};
    (void)snprintf((*file)->path, sizeof(*file)->path, "%s", path);
    inode->links++;
    return ERR_OK;
}

static void memory_close(struct files *self, struct file *file)
{
    (void)self;
    if (file != NULL) {
        memory_unlink(file->inode);
        free(file);
    }
}

static enum err_code memory_read_at(struct files *self, struct file *file, uint8_t *out,
                                    size_t *got, size_t len, uint64_t offset, struct err_note *note)
{
    struct memory *m = memory_of(self);
    enum err_code rc = usable(m, file, note);
    rc = rc == ERR_OK ? fault(m, FILE_MEMORY_READ_AT, file->path, note) : rc;
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

static enum err_code memory_append(struct files *self, struct file *file, struct octets octets,
                                   struct err_note *note)
{
    struct memory *m = memory_of(self);
    enum err_code rc = usable(m, file, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = fault(m, FILE_MEMORY_APPEND, file->path, note);
    m->broken_rules += file->inode->spoiled ? 1 : 0;
    if (rc != ERR_OK) {
        /* A full disk takes what still fits. */
        octets.len = (size_t)(memory_random(m) % (octets.len + 1));
    }
    memory_inode_append(file->inode, octets);
    return rc;
}

static enum err_code memory_write_at(struct files *self, struct file *file, struct octets octets,
                                     uint64_t offset, struct err_note *note)
{
    struct memory *m = memory_of(self);
    enum err_code rc = usable(m, file, note);
    rc = rc == ERR_OK ? fault(m, FILE_MEMORY_WRITE_AT, file->path, note) : rc;
    if (rc != ERR_OK) {
        return rc;
    }
    struct inode *inode = file->inode;
    if (offset == 0 && octets.len >= inode->now_len) {
        inode->spoiled = false; /* all of it is written anew */
    }
    m->broken_rules += inode->spoiled ? 1 : 0;
    memory_inode_own(inode);
    memory_inode_changed(inode);
    size_t end = (size_t)offset + octets.len;
    if (end > inode->now_len) {
        memory_reserve(&inode->now, &inode->now_cap, end);
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

static enum err_code memory_sync(struct files *self, struct file *file, struct err_note *note)
{
    struct memory *m = memory_of(self);
    enum err_code rc = usable(m, file, note);
    rc = rc == ERR_OK ? fault(m, FILE_MEMORY_SYNC, file->path, note) : rc;
    m->broken_rules += file->inode->spoiled ? 1 : 0;
    if (rc == ERR_OK) {
        memory_inode_sync(file->inode);
    } else if (memory_inode_unsynced(file->inode)) {
        file->inode->spoiled = true;
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
    rc = rc == ERR_OK ? fault(m, FILE_MEMORY_TRUNCATE, file->path, note) : rc;
    if (rc == ERR_OK && len < file->inode->now_len) {
        memory_inode_own(file->inode);
        memory_inode_changed(file->inode);
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
    enum err_code rc = fault(m, FILE_MEMORY_RENAME, to, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct name *there = memory_names_find(&m->now, from);
    if (there == NULL) {
        return err_note(note, ERR_NOT_FOUND, "%s: no such file", from);
    }
    m->broken_rules += memory_inode_unsynced(there->inode) ? 1 : 0;
    memory_change_names(m, from, to, there->inode);
    return ERR_OK;
}

static enum err_code memory_remove(struct files *self, const char *path, struct err_note *note)
{
    struct memory *m = memory_of(self);
    if (!m->crashed && memory_names_find(&m->now, path) == NULL) {
        return err_note(note, ERR_NOT_FOUND, "%s: no such file", path);
    }
    enum err_code rc = fault(m, FILE_MEMORY_REMOVE, path, note);
    if (rc == ERR_OK) {
        memory_change_names(m, path, "", memory_names_find(&m->now, path)->inode);
    }
    return rc;
}

/* Folders are there as soon as they are named; only the call can fail. */
static enum err_code memory_make_dir(struct files *self, const char *path, struct err_note *note)
{
    return fault(memory_of(self), FILE_MEMORY_MAKE_DIR, path, note);
}

/* A sync of a folder that failed keeps nothing; the next one keeps it all, since names are written
 * through a journal. */
static enum err_code memory_sync_dir(struct files *self, const char *path, struct err_note *note)
{
    struct memory *m = memory_of(self);
    enum err_code rc = fault(m, FILE_MEMORY_SYNC_DIR, path, note);
    if (rc != ERR_OK) {
        return rc;
    }
    size_t kept = 0;
    for (size_t i = 0; i < m->pending_count; i++) {
        struct rename *change = &m->pending[i];
        if (memory_in_folder(change->to[0] != '\0' ? change->to : change->from, path)) {
            memory_names_apply(&m->synced, change);
            memory_unlink(change->inode);
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
        if (memory_in_folder(m->now.at[i].path, path)) {
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

void file_memory_full(struct files *files, bool full)
{
    memory_of(files)->full = full;
}

struct memory *memory_new(uint64_t seed)
{
    struct memory *m = memory_take(sizeof *m);
    m->calls = memory_calls;
    m->random = seed;
    return m;
}

struct files *file_memory_new(uint64_t seed)
{
    return &memory_new(seed)->calls;
}

void file_memory_free(struct files *files)
{
    if (files == NULL) {
        return;
    }
    struct memory *m = memory_of(files);
    memory_forget_pending(m);
    memory_names_clear(&m->now);
    memory_names_clear(&m->synced);
    free(m->pending);
    free(m->now.at);
    free(m->synced.at);
    free(m);
}
