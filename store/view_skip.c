#include "store/view_skip.h"

#include <assert.h>
#include <stdlib.h>

#include "store/view_fate.h"

#define REACHES   4
#define LOOKED_AT 0x8000u

struct view_sieve view_sieve_of(enum view_what what, enum view_reach reach)
{
    uint8_t hiding = view_hiding(reach);
    switch (what) {
    case VIEW_TIMELINE:
        return (struct view_sieve){.mask = hiding | VIEW_LISTED, .wanted = VIEW_LISTED};
    case VIEW_INBOX:
        return (struct view_sieve){.mask = hiding | VIEW_FOR_HER, .wanted = VIEW_FOR_HER};
    case VIEW_MINE:
    case VIEW_OWN:
        return (struct view_sieve){.mask = VIEW_HERS | VIEW_DEAD, .wanted = VIEW_HERS};
    case VIEW_TAG:
    case VIEW_THREAD:
    case VIEW_SHOW:
    case VIEW_SEARCH:
        break;
    }
    return (struct view_sieve){.mask = hiding, .wanted = 0};
}

static const enum view_what in_order[] = {VIEW_TIMELINE, VIEW_INBOX, VIEW_MINE};
#define IN_ORDER_COUNT (sizeof in_order / sizeof in_order[0])

uint16_t view_skips_listing(enum view_what what, enum view_reach reach)
{
    for (unsigned i = 0; i < IN_ORDER_COUNT; i++) {
        if (in_order[i] == what) {
            return (uint16_t)(1u << (i * REACHES + (unsigned)reach));
        }
    }
    return 0;
}

static uint16_t passes(uint8_t fate)
{
    uint16_t all = 0;
    for (unsigned i = 0; i < IN_ORDER_COUNT; i++) {
        for (unsigned reach = 0; reach < REACHES; reach++) {
            struct view_sieve sieve = view_sieve_of(in_order[i], (enum view_reach)reach);
            if ((fate & sieve.mask) == sieve.wanted) {
                all |= view_skips_listing(in_order[i], (enum view_reach)reach);
            }
        }
    }
    return all;
}

void view_skips_init(struct view_skips *skips)
{
    *skips = (struct view_skips){.of = NULL};
    for (unsigned fate = 0; fate < 256; fate++) {
        skips->of_fate[fate] = passes((uint8_t)fate);
    }
}

void view_skips_close(struct view_skips *skips)
{
    free(skips->of);
    *skips = (struct view_skips){.of = NULL};
}

void view_skips_forget(struct view_skips *skips)
{
    skips->count = 0;
}

void view_skips_reserve(struct view_skips *skips, uint32_t posts_count)
{
    uint32_t count = posts_count / VIEW_STRETCH_LEN;
    uint16_t *of = view_grown(skips->of, &skips->cap, count, sizeof *of);
    if (of == NULL) {
        return;
    }
    skips->of = of;
    for (; skips->count < count; skips->count++) {
        of[skips->count] = 0;
    }
}

static uint16_t look_at(const struct view_skips *skips, const uint32_t *posts, const uint8_t *fates)
{
    uint16_t all = LOOKED_AT;
    for (unsigned i = 0; i < VIEW_STRETCH_LEN; i++) {
        all |= skips->of_fate[fates[posts[i]]];
    }
    return all;
}

uint32_t view_skips_back(struct view_skips *skips, const uint32_t *posts, uint32_t end,
                         const uint8_t *fates, uint16_t listing)
{
    assert(end % VIEW_STRETCH_LEN == 0);
    while (end > 0 && end / VIEW_STRETCH_LEN <= skips->count) {
        uint16_t *known = &skips->of[end / VIEW_STRETCH_LEN - 1];
        if ((*known & LOOKED_AT) == 0) {
            *known = look_at(skips, posts + end - VIEW_STRETCH_LEN, fates);
        }
        if ((*known & listing) != 0) {
            break;
        }
        end -= VIEW_STRETCH_LEN;
    }
    return end;
}

bool view_skips_hold(const struct view_skips *skips, const uint32_t *posts, const uint8_t *fates)
{
    for (uint32_t i = 0; i < skips->count; i++) {
        if ((skips->of[i] & LOOKED_AT) != 0 &&
            skips->of[i] != look_at(skips, posts + (size_t)i * VIEW_STRETCH_LEN, fates)) {
            return false;
        }
    }
    return true;
}
