/* Other files made from these as they stand: what a crash leaves, and what a kill leaves.  Octets
 * are borrowed until they are written to, so that a crash at every call of a long history costs
 * little.
 */
#include "tests/support/file_memory_state.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGE_LEN   4096
#define SECTOR_LEN 512

static struct inode *inode_borrowing(uint8_t *at, size_t len, uint64_t is)
{
    struct inode *inode = memory_take(sizeof *inode);
    *inode = (struct inode){.now = at,
                            .now_len = len,
                            .synced = at,
                            .synced_len = len,
                            .same_len = len,
                            .now_is = is,
                            .synced_is = is,
                            .borrowed = true};
    return inode;
}

/* The octet that stands there where nothing of the unsynced was kept. */
static uint8_t before(const struct inode *from, size_t at)
{
    return at < from->synced_len ? from->synced[at] : 0;
}

static struct inode *inode_of(const uint8_t *at, size_t len)
{
    struct inode *inode = memory_take(sizeof *inode);
    memory_inode_append(inode, octets_of(at, len));
    memory_inode_sync(inode);
    return inode;
}

/* Each page as written or as before. */
static struct inode *some_pages(struct memory *m, const struct inode *from)
{
    size_t len = memory_random(m) % 4 == 0 ? from->synced_len : from->now_len;
    uint8_t *octets = memory_take(len + 1);
    for (size_t page = 0; page < len; page += PAGE_LEN) {
        bool kept = page + PAGE_LEN <= from->same_len || memory_random(m) % 2 == 0;
        for (size_t i = page; i < len && i < page + PAGE_LEN; i++) {
            octets[i] = kept && i < from->now_len ? from->now[i] : before(from, i);
        }
    }
    struct inode *inode = inode_of(octets, len);
    free(octets);
    return inode;
}

/* As written up to somewhere in one sector, garbage to its end, as before behind it. */
static struct inode *torn_sector(struct memory *m, const struct inode *from)
{
    size_t high = from->now_len > from->synced_len ? from->now_len : from->synced_len;
    size_t torn = from->same_len + (size_t)(memory_random(m) % (high - from->same_len));
    size_t end = (torn / SECTOR_LEN + 1) * SECTOR_LEN;
    size_t len = memory_random(m) % 2 == 0 || end > high ? high : end;
    uint8_t *octets = memory_take(len + 1);
    for (size_t i = 0; i < len; i++) {
        octets[i] = i < torn && i < from->now_len ? from->now[i] : before(from, i);
        if (i >= torn && i < end) {
            octets[i] = (uint8_t)memory_random(m);
        }
    }
    struct inode *inode = inode_of(octets, len);
    free(octets);
    return inode;
}

static struct inode *survivor(struct memory *m, const struct inode *from,
                              enum file_memory_outcome outcome)
{
    if (outcome == FILE_MEMORY_KEEP || !memory_inode_unsynced(from)) {
        return inode_borrowing(from->now, from->now_len, from->now_is);
    }
    if (outcome == FILE_MEMORY_DROP) {
        return inode_borrowing(from->synced, from->synced_len, from->synced_is);
    }
    return outcome == FILE_MEMORY_PAGES ? some_pages(m, from) : torn_sector(m, from);
}

static bool same_name(const char *a, const char *b)
{
    return a[0] != '\0' && strcmp(a, b) == 0;
}

/* Whether later can only have happened where earlier has. */
static bool stands_on(const struct rename *later, const struct rename *earlier)
{
    return later->inode == earlier->inode || same_name(later->from, earlier->from) ||
           same_name(later->from, earlier->to) || same_name(later->to, earlier->from) ||
           same_name(later->to, earlier->to);
}

/* Which changes of names happened: a random part, each with all it stands on. */
static void draw_changes(bool *happened, struct memory *c, const struct memory *m,
                         enum file_memory_outcome outcome)
{
    for (size_t i = 0; i < m->pending_count; i++) {
        happened[i] = outcome == FILE_MEMORY_KEEP ||
                      (outcome != FILE_MEMORY_DROP && memory_random(c) % 2 == 0);
        for (size_t j = 0; j < i && happened[i]; j++) {
            happened[i] = happened[j] || !stands_on(&m->pending[i], &m->pending[j]);
        }
    }
}

struct files *file_memory_after_crash(const struct files *files, enum file_memory_outcome outcome,
                                      uint64_t seed)
{
    const struct memory *m = memory_in(files);
    struct memory *c = memory_new(seed);
    struct names names = {0};
    memory_names_copy(&names, &m->synced);
    bool *happened = memory_take((m->pending_count + 1) * sizeof *happened);
    draw_changes(happened, c, m, outcome);
    for (size_t i = 0; i < m->pending_count; i++) {
        if (happened[i]) {
            memory_names_apply(&names, &m->pending[i]);
        }
    }
    free(happened);
    for (size_t i = 0; i < names.count; i++) {
        struct inode *inode = survivor(c, names.at[i].inode, outcome);
        memory_names_add(&c->now, names.at[i].path, inode);
        memory_names_add(&c->synced, names.at[i].path, inode);
    }
    memory_names_clear(&names);
    free(names.at);
    return &c->calls;
}

/* Inodes of one machine, and those that stand for them in another. */
struct pairs {
    const struct inode *from[1024];
    struct inode *to[1024];
    size_t count;
};

static struct inode *stand_in(struct pairs *pairs, struct inode *from)
{
    for (size_t i = 0; i < pairs->count; i++) {
        if (pairs->from[i] == from) {
            return pairs->to[i];
        }
    }
    if (pairs->count == sizeof pairs->to / sizeof pairs->to[0]) {
        (void)fprintf(stderr, "file_memory: too many files\n");
        exit(1);
    }
    struct inode *to = memory_take(sizeof *to);
    *to = *from;
    to->links = 0;
    to->borrowed = true;
    pairs->from[pairs->count] = from;
    pairs->to[pairs->count++] = to;
    return to;
}

static void stand_in_names(struct pairs *pairs, struct names *to, const struct names *from)
{
    for (size_t i = 0; i < from->count; i++) {
        memory_names_add(to, from->at[i].path, stand_in(pairs, from->at[i].inode));
    }
}

struct files *file_memory_after_kill(const struct files *files, uint64_t seed)
{
    const struct memory *m = memory_in(files);
    struct memory *c = memory_new(seed);
    struct pairs *pairs = memory_take(sizeof *pairs);
    stand_in_names(pairs, &c->now, &m->now);
    stand_in_names(pairs, &c->synced, &m->synced);
    c->pending = memory_take((m->pending_count + 1) * sizeof *c->pending);
    c->pending_cap = m->pending_count + 1;
    for (size_t i = 0; i < m->pending_count; i++) {
        struct rename *change = &c->pending[c->pending_count++];
        *change = m->pending[i];
        change->inode = stand_in(pairs, m->pending[i].inode);
        change->inode->links++;
    }
    free(pairs);
    return &c->calls;
}

bool file_memory_unsynced(const struct files *files)
{
    const struct memory *m = memory_in(files);
    bool unsynced = m->pending_count > 0;
    for (size_t i = 0; i < m->now.count && !unsynced; i++) {
        unsynced = memory_inode_unsynced(m->now.at[i].inode);
    }
    return unsynced;
}

static uint64_t mix(uint64_t state, const void *at, size_t len)
{
    /* FNV-1a: these octets are nobody's choice. */
    const uint8_t *octets = at;
    for (size_t i = 0; i < len; i++) {
        state = (state ^ octets[i]) * UINT64_C(0x100000001b3);
    }
    return state;
}

uint64_t file_memory_digest(const struct files *files)
{
    const struct memory *m = memory_in(files);
    uint64_t state = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < m->now.count; i++) {
        const struct inode *inode = m->now.at[i].inode;
        state = mix(state, m->now.at[i].path, strlen(m->now.at[i].path) + 1);
        state = mix(state, &inode->now_len, sizeof inode->now_len);
        /* What is borrowed is known by its number. */
        state = inode->borrowed ? mix(state, &inode->now_is, sizeof inode->now_is)
                                : mix(state, inode->now, inode->now_len);
    }
    return state;
}
