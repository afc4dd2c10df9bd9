#include "store/archive_kept.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC_LEN   5
#define HEAD_LEN    (MAGIC_LEN + 8 + 8 + 4 + 4 + 4)
#define STRETCH_LEN 9
#define RAISED_LEN  8
#define GROW_MIN    16

static const uint8_t magic[MAGIC_LEN] = {'k', 'e', 'p', 't', 2};

static enum err_code reserve(struct archive_kept *kept, uint32_t stretches, uint32_t raised)
{
    if (stretches > ARCHIVE_KEPT_MAX || raised > ARCHIVE_KEPT_MAX) {
        return ERR_NO_MEMORY;
    }
    if (stretches > kept->stretches_cap) {
        uint32_t cap = stretches * 2 + GROW_MIN;
        struct archive_stretch *grown = realloc(kept->stretches, cap * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        kept->stretches = grown;
        kept->stretches_cap = cap;
    }
    if (raised > kept->raised_cap) {
        uint32_t cap = raised * 2 + GROW_MIN;
        struct archive_raised *grown = realloc(kept->raised, cap * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        kept->raised = grown;
        kept->raised_cap = cap;
    }
    return ERR_OK;
}

static bool decode_stretch(struct archive_kept *kept, const uint8_t *at)
{
    struct archive_stretch *stretch = &kept->stretches[kept->stretches_count++];
    *stretch = (struct archive_stretch){
        .first = octets_get_u32be(at),
        .since = {.kept = (enum shelf_why)at[4], .day = octets_get_u32be(at + 5)}};
    bool ascends = kept->stretches_count < 2 || stretch[-1].first < stretch->first;
    return ascends && at[4] >= SHELF_ITSELF && at[4] <= SHELF_CONTEXT;
}

static bool decode_raised(struct archive_kept *kept, const uint8_t *at)
{
    struct archive_raised *raised = &kept->raised[kept->raised_count++];
    *raised =
        (struct archive_raised){.position = octets_get_u32be(at), .day = octets_get_u32be(at + 4)};
    return kept->raised_count < 2 || raised[-1].position < raised->position;
}

enum err_code archive_kept_decode(struct archive_kept *kept, struct octets octets)
{
    const uint8_t *at = octets.at;
    if (octets.len < HEAD_LEN || memcmp(at, magic, MAGIC_LEN) != 0) {
        return ERR_DAMAGED;
    }
    uint32_t stretches = octets_get_u32be(at + MAGIC_LEN + 20);
    uint32_t raised = octets_get_u32be(at + MAGIC_LEN + 24);
    if (stretches > ARCHIVE_KEPT_MAX || raised > ARCHIVE_KEPT_MAX ||
        octets.len != HEAD_LEN + (size_t)stretches * STRETCH_LEN + (size_t)raised * RAISED_LEN) {
        return ERR_DAMAGED;
    }
    if (reserve(kept, stretches, raised) != ERR_OK) {
        return ERR_NO_MEMORY;
    }
    kept->floor_s = octets_get_u64be(at + MAGIC_LEN);
    kept->generation = octets_get_u64be(at + MAGIC_LEN + 8);
    kept->end = octets_get_u32be(at + MAGIC_LEN + 16);
    bool right = true;
    at += HEAD_LEN;
    for (; right && kept->stretches_count < stretches; at += STRETCH_LEN) {
        right = decode_stretch(kept, at);
    }
    for (; right && kept->raised_count < raised; at += RAISED_LEN) {
        right = decode_raised(kept, at);
    }
    return right ? ERR_OK : ERR_DAMAGED;
}

size_t archive_kept_len(const struct archive_kept *kept)
{
    return HEAD_LEN + (size_t)kept->stretches_count * STRETCH_LEN +
           (size_t)kept->raised_count * RAISED_LEN;
}

void archive_kept_encode(uint8_t *out, const struct archive_kept *kept)
{
    memcpy(out, magic, MAGIC_LEN);
    octets_put_u64be(out + MAGIC_LEN, kept->floor_s);
    octets_put_u64be(out + MAGIC_LEN + 8, kept->generation);
    octets_put_u32be(out + MAGIC_LEN + 16, kept->end);
    octets_put_u32be(out + MAGIC_LEN + 20, kept->stretches_count);
    octets_put_u32be(out + MAGIC_LEN + 24, kept->raised_count);
    uint8_t *at = out + HEAD_LEN;
    for (uint32_t i = 0; i < kept->stretches_count; i++, at += STRETCH_LEN) {
        octets_put_u32be(at, kept->stretches[i].first);
        at[4] = (uint8_t)kept->stretches[i].since.kept;
        octets_put_u32be(at + 5, kept->stretches[i].since.day);
    }
    for (uint32_t i = 0; i < kept->raised_count; i++, at += RAISED_LEN) {
        octets_put_u32be(at, kept->raised[i].position);
        octets_put_u32be(at + 4, kept->raised[i].day);
    }
}

void archive_kept_close(struct archive_kept *kept)
{
    free(kept->stretches);
    free(kept->raised);
    *kept = (struct archive_kept){.floor_s = 0};
}

/* How many of the raised stand at a lower position. */
static uint32_t raised_before(const struct archive_kept *kept, uint64_t position)
{
    uint32_t low = 0;
    uint32_t high = kept->raised_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (kept->raised[middle].position < position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static const struct archive_stretch *stretch_of(const struct archive_kept *kept, uint64_t position)
{
    uint32_t low = 0;
    uint32_t high = kept->stretches_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (kept->stretches[middle].first <= position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? NULL : &kept->stretches[low - 1];
}

enum shelf_why archive_kept_why(const struct archive_kept *kept, uint64_t position, uint32_t *day)
{
    uint32_t at = raised_before(kept, position);
    if (at < kept->raised_count && kept->raised[at].position == position) {
        *day = kept->raised[at].day;
        return SHELF_ITSELF;
    }
    const struct archive_stretch *stretch = stretch_of(kept, position);
    *day = stretch == NULL ? 0 : stretch->since.day;
    return stretch == NULL ? SHELF_NOT : stretch->since.kept;
}

bool archive_kept_cut(struct archive_kept *kept, uint64_t end)
{
    uint32_t said_count = kept->stretches_count + kept->raised_count;
    while (kept->stretches_count > 0 && kept->stretches[kept->stretches_count - 1].first >= end) {
        kept->stretches_count--;
    }
    kept->raised_count = raised_before(kept, end);
    return kept->stretches_count + kept->raised_count < said_count;
}

enum err_code archive_kept_begin(struct archive_kept *kept, uint64_t first,
                                 const struct shelf_since *since)
{
    uint32_t count = kept->stretches_count;
    bool anew = count == 0 || kept->stretches[count - 1].first < first;
    if (first > UINT32_MAX || reserve(kept, count + 1, 0) != ERR_OK) {
        return ERR_NO_MEMORY;
    }
    kept->stretches_count += anew ? 1 : 0;
    kept->stretches[kept->stretches_count - 1] =
        (struct archive_stretch){.first = (uint32_t)first, .since = *since};
    return ERR_OK;
}

enum err_code archive_kept_raise(struct archive_kept *kept, uint32_t position, uint32_t day)
{
    if (reserve(kept, 0, kept->raised_count + 1) != ERR_OK) {
        return ERR_NO_MEMORY;
    }
    uint32_t at = raised_before(kept, position);
    assert(at == kept->raised_count || kept->raised[at].position != position);
    memmove(&kept->raised[at + 1], &kept->raised[at],
            (kept->raised_count - at) * sizeof *kept->raised);
    kept->raised[at] = (struct archive_raised){.position = position, .day = day};
    kept->raised_count++;
    return ERR_OK;
}

void archive_kept_lower(struct archive_kept *kept, uint32_t position)
{
    uint32_t at = raised_before(kept, position);
    assert(at < kept->raised_count && kept->raised[at].position == position);
    kept->raised_count--;
    memmove(&kept->raised[at], &kept->raised[at + 1],
            (kept->raised_count - at) * sizeof *kept->raised);
}
