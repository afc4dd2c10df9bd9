#include "tests/support/file_memory_state.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define SECTOR_LEN 512

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
    uint64_t draw = memory_random(m) % 8;
    for (size_t i = begin; i < end; i++) {
        uint8_t before = i < inode->synced_len ? inode->synced[i] : 0;
        if (draw == 0) {
            inode->now[i] = before;
        } else if (draw == 1 && i >= inode->synced_len) {
            inode->now[i] = (uint8_t)memory_random(m);
        }
    }
}

static void tear(struct memory *m, struct inode *inode)
{
    size_t low = inode->now_len < inode->synced_len ? inode->now_len : inode->synced_len;
    size_t high = inode->now_len < inode->synced_len ? inode->synced_len : inode->now_len;
    size_t len = low + (size_t)(memory_random(m) % (high - low + 1));
    if (len > inode->now_len) {
        memory_reserve(&inode->now, &inode->now_cap, len);
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
    memory_reserve(&inode->now, &inode->now_cap, inode->synced_len);
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
        survive = (size_t)(memory_random(m) % (m->pending_count + 1));
    }
    for (size_t i = 0; i < survive; i++) {
        memory_names_apply(&m->synced, &m->pending[i]);
    }
    memory_names_copy(&m->now, &m->synced);
    memory_forget_pending(m);
}

/* A crash that is not gone through in a copy knows the first three outcomes. */
void file_memory_restart(struct files *files, enum file_memory_outcome outcome)
{
    assert(outcome <= FILE_MEMORY_TEAR);
    struct memory *m = memory_of(files);
    settle_names(m, outcome);
    for (size_t i = 0; i < m->now.count; i++) {
        struct inode *inode = m->now.at[i].inode;
        if (!memory_inode_unsynced(inode)) {
            continue;
        }
        memory_inode_own(inode);
        memory_inode_changed(inode);
        if (outcome == FILE_MEMORY_DROP) {
            drop(inode);
        } else if (outcome == FILE_MEMORY_TEAR) {
            tear(m, inode);
        }
        inode->spoiled = false;
        inode->same_len = 0;
        memory_inode_sync(inode);
    }
    m->epoch++;
    m->crashed = false;
    m->crash_at = 0;
    memset(m->fail_at, 0, sizeof m->fail_at);
}

void file_memory_hook(struct files *files, const struct file_memory_hook *hook)
{
    memory_of(files)->hook = hook == NULL ? (struct file_memory_hook){0} : *hook;
}

uint64_t file_memory_broken_rules(const struct files *files)
{
    return memory_in(files)->broken_rules;
}

uint64_t file_memory_calls(const struct files *files, enum file_memory_call call)
{
    return memory_in(files)->counts[call];
}

static struct inode *inode_at(const struct files *files, const char *path)
{
    const struct name *there = memory_names_find(&memory_in(files)->now, path);
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
    memory_inode_own(inode);
    memory_inode_changed(inode);
    if (offset < inode->now_len) {
        inode->now[offset] ^= mask;
    }
    inode->same_len = 0;
    memory_inode_sync(inode);
}

void file_memory_cut(struct files *files, const char *path, size_t len)
{
    struct inode *inode = inode_at(files, path);
    memory_inode_own(inode);
    memory_inode_changed(inode);
    if (len < inode->now_len) {
        inode->now_len = len;
    }
    inode->same_len = 0;
    memory_inode_sync(inode);
}

struct octets file_memory_octets(const struct files *files, const char *path)
{
    const struct inode *inode = inode_at(files, path);
    return octets_of(inode->now, inode->now_len);
}

void file_memory_put(struct files *files, const char *path, struct octets octets)
{
    struct memory *m = memory_of(files);
    struct inode *inode = memory_take(sizeof *inode);
    memory_inode_append(inode, octets);
    memory_inode_sync(inode);
    memory_names_set(&m->now, path, inode);
    memory_names_set(&m->synced, path, inode);
}

void file_memory_take_away(struct files *files, const char *path)
{
    struct memory *m = memory_of(files);
    struct rename change = {.inode = inode_at(files, path)};
    (void)snprintf(change.from, sizeof change.from, "%s", path);
    change.inode->links++;
    memory_names_apply(&m->now, &change);
    memory_names_apply(&m->synced, &change);
    memory_unlink(change.inode);
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
        struct inode *inode = memory_take(sizeof *inode);
        memory_inode_append(inode, octets_of(m->now.at[i].inode->now, m->now.at[i].inode->now_len));
        memory_inode_sync(inode);
        memory_names_set(&copy->now, m->now.at[i].path, inode);
        memory_names_set(&copy->synced, m->now.at[i].path, inode);
    }
    return copied;
}
