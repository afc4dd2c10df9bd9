#include "proto/negentropy_ids.h"

#include <assert.h>
#include <string.h>

static const uint8_t *id_at(const struct negentropy_ids *ids, size_t place)
{
    return ids->wire + (size_t)ids->order[place] * POST_ID_LEN;
}

static int compare_places(const struct negentropy_ids *ids, size_t a, size_t b)
{
    return memcmp(id_at(ids, a), id_at(ids, b), POST_ID_LEN);
}

static void swap_places(struct negentropy_ids *ids, size_t a, size_t b)
{
    uint16_t kept = ids->order[a];
    ids->order[a] = ids->order[b];
    ids->order[b] = kept;
}

static void sift_down(struct negentropy_ids *ids, size_t root, size_t count)
{
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && compare_places(ids, child, child + 1) < 0) {
            child++;
        }
        if (compare_places(ids, root, child) >= 0) {
            return;
        }
        swap_places(ids, root, child);
        root = child;
    }
}

/* A heap sort, since the peer chooses the ids: no order of theirs makes it slow, and it needs no
 * memory. */
static void sort(struct negentropy_ids *ids)
{
    for (size_t root = ids->count / 2; root-- > 0;) {
        sift_down(ids, root, ids->count);
    }
    for (size_t end = ids->count; end > 1; end--) {
        swap_places(ids, 0, end - 1);
        sift_down(ids, 0, end - 1);
    }
}

void negentropy_ids_init(struct negentropy_ids *ids, const uint8_t *wire, size_t count)
{
    assert(count <= NEGENTROPY_IDS_MAX);
    ids->wire = wire;
    ids->count = count;
    for (size_t i = 0; i < count; i++) {
        ids->order[i] = (uint16_t)i;
    }
    memset(ids->struck, 0, (count + 7) / 8);
    sort(ids);
}

bool negentropy_ids_strike(struct negentropy_ids *ids, const struct post_id *id)
{
    size_t low = 0;
    size_t high = ids->count;
    while (low < high) { /* the first place that is not below id; of twins, that one is struck */
        size_t middle = low + (high - low) / 2;
        if (memcmp(id_at(ids, middle), id->octets, POST_ID_LEN) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == ids->count || memcmp(id_at(ids, low), id->octets, POST_ID_LEN) != 0) {
        return false;
    }
    ids->struck[low / 8] |= (uint8_t)(1U << (low % 8));
    return true;
}

size_t negentropy_ids_left(const struct negentropy_ids *ids, struct post_id *out, uint16_t *places)
{
    size_t left_count = 0;
    for (size_t i = 0; i < ids->count; i++) {
        bool twin = i > 0 && compare_places(ids, i - 1, i) == 0;
        bool struck = (ids->struck[i / 8] >> (i % 8)) & 1;
        if (twin || struck) {
            continue;
        }
        memcpy(out[left_count].octets, id_at(ids, i), POST_ID_LEN);
        if (places != NULL) {
            places[left_count] = ids->order[i];
        }
        left_count++;
    }
    return left_count;
}
