/* view_arena.h - memory that lives as long as one answer. */
#ifndef KITH_STORE_VIEW_ARENA_H
#define KITH_STORE_VIEW_ARENA_H

#include "proto/octets.h"

struct view_arena_block;

struct view_arena {
    struct view_arena_block *block; /* the newest; each knows the one before */
};

/* Everything taken before is gone. */
void view_arena_reset(struct view_arena *arena);
/* Zeroed and aligned for anything; NULL when there is no memory. */
void *view_arena_take(struct view_arena *arena, size_t len);
/* A copy; false when there is no memory. */
bool view_arena_copy(struct view_arena *arena, struct octets *copy, struct octets octets);

#endif
