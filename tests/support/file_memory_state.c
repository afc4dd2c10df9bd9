#include "tests/support/file_memory_state.h"

#include <stdio.h>
#include <stdlib.h>

struct memory *memory_of(struct files *files)
{
    return (struct memory *)(void *)files;
}

const struct memory *memory_in(const struct files *files)
{
    return (const struct memory *)(const void *)files;
}

static unsigned allocating;

bool file_memory_allocating(void)
{
    return allocating > 0;
}

static void *must(void *at)
{
    if (at == NULL) {
        (void)fprintf(stderr, "file_memory: out of memory\n");
        exit(1);
    }
    return at;
}

void *memory_take(size_t len)
{
    allocating++;
    void *at = must(calloc(1, len));
    allocating--;
    return at;
}

void *memory_grow(void *at, size_t len)
{
    allocating++;
    void *grown = must(realloc(at, len));
    allocating--;
    return grown;
}

uint64_t memory_random(struct memory *m)
{
    /* splitmix64 */
    m->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = m->random;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void memory_reserve(uint8_t **at, size_t *cap, size_t len)
{
    if (len <= *cap) {
        return;
    }
    size_t grown = *cap == 0 ? 256 : *cap;
    while (grown < len) {
        grown *= 2;
    }
    *at = memory_grow(*at, grown);
    *cap = grown;
}

void memory_unlink(struct inode *inode)
{
    if (--inode->links > 0) {
        return;
    }
    if (!inode->borrowed) {
        free(inode->now);
        free(inode->synced);
    }
    free(inode);
}

struct name *memory_names_find(const struct names *names, const char *path)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->at[i].path, path) == 0) {
            return &names->at[i];
        }
    }
    return NULL;
}

void memory_names_set(struct names *names, const char *path, struct inode *inode)
{
    struct name *there = memory_names_find(names, path);
    if (there == NULL) {
        memory_names_add(names, path, inode);
        return;
    }
    inode->links++;
    memory_unlink(there->inode);
    there->inode = inode;
}

void memory_names_add(struct names *names, const char *path, struct inode *inode)
{
    inode->links++;
    if (names->count == names->cap) {
        names->cap = names->cap == 0 ? 8 : names->cap * 2;
        names->at = memory_grow(names->at, names->cap * sizeof *names->at);
    }
    struct name *name = &names->at[names->count++];
    (void)snprintf(name->path, sizeof name->path, "%s", path);
    name->inode = inode;
}

static void names_remove(struct names *names, const char *path)
{
    struct name *there = memory_names_find(names, path);
    if (there != NULL) {
        memory_unlink(there->inode);
        size_t index = (size_t)(there - names->at);
        memmove(there, there + 1, (names->count - index - 1) * sizeof *there);
        names->count--;
    }
}

void memory_names_clear(struct names *names)
{
    while (names->count > 0) {
        memory_unlink(names->at[--names->count].inode);
    }
}

void memory_names_copy(struct names *to, const struct names *from)
{
    memory_names_clear(to);
    for (size_t i = 0; i < from->count; i++) {
        memory_names_add(to, from->at[i].path, from->at[i].inode);
    }
}

void memory_names_apply(struct names *names, const struct rename *change)
{
    if (change->from[0] != '\0') {
        names_remove(names, change->from);
    }
    if (change->to[0] != '\0') {
        memory_names_set(names, change->to, change->inode);
    }
}

void memory_change_names(struct memory *m, const char *from, const char *to, struct inode *inode)
{
    if (m->pending_count == m->pending_cap) {
        m->pending_cap = m->pending_cap == 0 ? 8 : m->pending_cap * 2;
        m->pending = memory_grow(m->pending, m->pending_cap * sizeof *m->pending);
    }
    struct rename *change = &m->pending[m->pending_count++];
    *change = (struct rename){.inode = inode};
    (void)snprintf(change->from, sizeof change->from, "%s", from);
    (void)snprintf(change->to, sizeof change->to, "%s", to);
    inode->links++;
    memory_names_apply(&m->now, change);
}

bool memory_in_folder(const char *path, const char *folder)
{
    const char *slash = strrchr(path, '/');
    if (strcmp(folder, ".") == 0) {
        return slash == NULL;
    }
    size_t len = strlen(folder);
    return slash == path + len && memcmp(path, folder, len) == 0;
}

static uint8_t *copied(const uint8_t *at, size_t len)
{
    uint8_t *copy = memory_take(len + 1);
    if (len > 0) {
        memcpy(copy, at, len);
    }
    return copy;
}

void memory_inode_own(struct inode *inode)
{
    if (inode->borrowed) {
        inode->now = copied(inode->now, inode->now_len);
        inode->now_cap = inode->now_len + 1;
        inode->synced = copied(inode->synced, inode->synced_len);
        inode->synced_cap = inode->synced_len + 1;
        inode->borrowed = false;
    }
}

void memory_inode_changed(struct inode *inode)
{
    static uint64_t latest;
    inode->now_is = ++latest;
}

bool memory_inode_unsynced(const struct inode *inode)
{
    return inode->same_len != inode->now_len || inode->same_len != inode->synced_len;
}

void memory_inode_append(struct inode *inode, struct octets octets)
{
    memory_inode_own(inode);
    memory_reserve(&inode->now, &inode->now_cap, inode->now_len + octets.len);
    if (octets.len > 0) {
        memcpy(inode->now + inode->now_len, octets.at, octets.len);
        memory_inode_changed(inode);
    }
    inode->now_len += octets.len;
}

void memory_inode_sync(struct inode *inode)
{
    if (inode->spoiled || !memory_inode_unsynced(inode)) {
        return;
    }
    memory_inode_own(inode);
    memory_reserve(&inode->synced, &inode->synced_cap, inode->now_len);
    if (inode->now_len > inode->same_len) {
        memcpy(inode->synced + inode->same_len, inode->now + inode->same_len,
               inode->now_len - inode->same_len);
    }
    inode->synced_len = inode->now_len;
    inode->synced_is = inode->now_is;
    inode->same_len = inode->now_len;
}

void memory_forget_pending(struct memory *m)
{
    while (m->pending_count > 0) {
        memory_unlink(m->pending[--m->pending_count].inode);
    }
}
