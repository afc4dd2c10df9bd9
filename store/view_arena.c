#include "store/view_arena.h"

#include <stddef.h>
#include <stdlib.h>

#define BLOCK_LEN 16384

struct view_arena_block {
    struct view_arena_block *before;
    size_t used_len;
    size_t len;
    max_align_t octets[];
};

void view_arena_reset(struct view_arena *arena)
{
    while (arena->block != NULL) {
        struct view_arena_block *before = arena->block->before;
        free(arena->block);
        arena->block = before;
    }
}

void *view_arena_take(struct view_arena *arena, size_t len)
{
    size_t unit = sizeof(max_align_t);
    size_t rounded = (len + unit - 1) / unit * unit;
    if (rounded < len) {
        return NULL;
    }
    if (arena->block == NULL || arena->block->len - arena->block->used_len < rounded) {
        size_t block_len = rounded > BLOCK_LEN ? rounded : BLOCK_LEN;
        struct view_arena_block *block = calloc(1, sizeof *block + block_len);
        if (block == NULL) {
            return NULL;
        }
        block->before = arena->block;
        block->len = block_len;
        arena->block = block;
    }
    uint8_t *taken = (uint8_t *)arena->block->octets + arena->block->used_len;
    arena->block->used_len += rounded;
    return taken;
}

bool view_arena_copy(struct view_arena *arena, struct octets *copy, struct octets octets)
{
    uint8_t *at = view_arena_take(arena, octets.len + 1);
    if (at == NULL) {
        return false;
    }
    if (octets.len > 0) {
        memcpy(at, octets.at, octets.len);
    }
    *copy = octets_of(at, octets.len);
    return true;
}
