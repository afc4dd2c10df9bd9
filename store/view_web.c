#include "store/view_web.h"

#include <stdlib.h>

#include "store/view_fate.h"

static uint32_t subject_of(const struct view_columns *columns, uint32_t vouch)
{
    return view_columns_row_keys(columns, vouch)[0];
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* out_at[key + 1] counts, then sums up to where the next key begins. */
static void edges_count(struct view_web *web, const struct view_columns *columns,
                        const uint8_t *fates)
{
    for (uint32_t i = 0; i < columns->vouches.count; i++) {
        uint32_t vouch = columns->vouches.at[i];
        if ((fates[vouch] & VIEW_REASONS) == 0) {
            web->out_at[columns->rows[vouch].author + 1]++;
        }
    }
    for (uint32_t key = 0; key < web->keys_count; key++) {
        web->out_at[key + 1] += web->out_at[key];
    }
}

static void edges_fill(struct view_web *web, uint32_t *next, const struct view_columns *columns,
                       const uint8_t *fates)
{
    memcpy(next, web->out_at, web->keys_count * sizeof *next);
    for (uint32_t i = 0; i < columns->vouches.count; i++) {
        uint32_t vouch = columns->vouches.at[i];
        if ((fates[vouch] & VIEW_REASONS) == 0) {
            web->out[next[columns->rows[vouch].author]++] = subject_of(columns, vouch);
        }
    }
    for (uint32_t key = 0; key < web->keys_count; key++) {
        uint32_t count = web->out_at[key + 1] - web->out_at[key];
        if (count > 1) {
            qsort(web->out + web->out_at[key], count, sizeof *web->out, by_number);
        }
    }
}

/* A key that is not blocked and was not met nearer. */
static bool reach(struct view_web *web, const struct view_private *priv, uint32_t key,
                  uint8_t distance)
{
    if (web->distance[key] != VIEW_STRANGER ||
        (view_private_key(priv, key) & VIEW_KEY_BLOCKED) != 0) {
        return false;
    }
    web->distance[key] = distance;
    return true;
}

/* Outward from her, nearest first; queue has room for every key. */
static void distances(struct view_web *web, uint32_t *queue, const struct view_private *priv,
                      uint32_t own)
{
    uint32_t count = 0;
    memset(web->distance, VIEW_STRANGER, web->keys_count);
    web->distance[own] = 0;
    queue[count++] = own;
    for (uint32_t key = 0; key < priv->key_flags_count; key++) {
        if ((priv->key_flags[key] & VIEW_KEY_FOLLOWED) != 0 && reach(web, priv, key, 1)) {
            queue[count++] = key;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        uint8_t next = (uint8_t)(web->distance[queue[i]] + 1);
        /* Follows stand at distance 1 already while her own vouches are still being walked. */
        for (uint32_t e = web->out_at[queue[i]];
             next <= VIEW_WEB_STEPS && e < web->out_at[queue[i] + 1]; e++) {
            if (reach(web, priv, web->out[e], next)) {
                queue[count++] = web->out[e];
            }
        }
    }
}

enum err_code view_web_make(struct view_web *made, const struct view_columns *columns,
                            const struct view_private *priv, const uint8_t *fates, uint32_t own)
{
    size_t keys = columns->keys.count;
    struct view_web web = {.keys_count = columns->keys.count,
                           .distance = malloc(keys),
                           .out_at = calloc(keys + 1, sizeof *web.out_at),
                           .out = malloc(((size_t)columns->vouches.count + 1) * sizeof *web.out)};
    uint32_t *spare = malloc(keys * sizeof *spare);
    if (web.distance == NULL || web.out_at == NULL || web.out == NULL || spare == NULL) {
        free(spare);
        view_web_close(&web);
        return ERR_NO_MEMORY;
    }
    edges_count(&web, columns, fates);
    edges_fill(&web, spare, columns, fates);
    distances(&web, spare, priv, own);
    free(spare);
    *made = web;
    return ERR_OK;
}

void view_web_close(struct view_web *web)
{
    free(web->distance);
    free(web->out_at);
    free(web->out);
    *web = (struct view_web){.distance = NULL};
}

static bool vouches_directly(const struct view_web *web, uint32_t of, uint32_t key)
{
    uint32_t count = web->out_at[of + 1] - web->out_at[of];
    return count > 0 &&
           bsearch(&key, web->out + web->out_at[of], count, sizeof *web->out, by_number) != NULL;
}

bool view_web_vouches(const struct view_web *web, uint32_t of, uint32_t key)
{
    if (of >= web->keys_count) {
        return false;
    }
    if (vouches_directly(web, of, key)) {
        return true;
    }
    for (uint32_t e = web->out_at[of]; e < web->out_at[of + 1]; e++) {
        if (vouches_directly(web, web->out[e], key)) {
            return true;
        }
    }
    return false;
}
