#include "store/vault_list.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/canon.h"

#define VERSION      1
#define FIELDS_COUNT 4
#define HEAD_MAX     64
#define ITEM_MAX     (8 + KEY_LEN + VAULT_LABEL_MAX)

enum err_code vault_list_encode(uint8_t **plain, size_t *plain_len, const struct vault_list *list)
{
    uint32_t count = 0;
    for (size_t i = 0; i < list->blocks_count; i++) {
        count += list->blocks[i].in_force ? 1 : 0;
    }
    size_t cap = HEAD_MAX + count * (size_t)ITEM_MAX;
    uint8_t *out = malloc(cap);
    if (out == NULL) {
        return ERR_NO_MEMORY;
    }
    struct canon_writer w = canon_writer_of(out, cap);
    canon_write_array(&w, FIELDS_COUNT);
    canon_write_uint(&w, VERSION);
    canon_write_bin(&w, octets_of(list->exporter.octets, KEY_LEN));
    canon_write_uint(&w, list->exported_s);
    canon_write_array(&w, count);
    for (size_t i = 0; i < list->blocks_count; i++) {
        if (list->blocks[i].in_force) {
            canon_write_array(&w, 2);
            canon_write_bin(&w, octets_of(list->blocks[i].key.octets, KEY_LEN));
            canon_write_str(&w, octets_of_text(list->blocks[i].label));
        }
    }
    *plain_len = canon_written(&w).len;
    *plain = out;
    return ERR_OK;
}

static enum err_code read_item(struct canon_reader *r, struct vault_block *block)
{
    uint32_t count = 0;
    struct octets label = {0};
    enum err_code rc = canon_read_array(r, &count, 2);
    rc = rc == ERR_OK ? canon_read_bin_exact(r, block->key.octets, KEY_LEN) : rc;
    rc = rc == ERR_OK ? canon_read_str(r, &label, VAULT_LABEL_MAX) : rc;
    if (rc != ERR_OK || count != 2 || (label.len > 0 && memchr(label.at, 0, label.len) != NULL)) {
        return ERR_MALFORMED;
    }
    if (label.len > 0) {
        memcpy(block->label, label.at, label.len);
    }
    block->in_force = true;
    return ERR_OK;
}

static int compare_blocks(const void *a, const void *b)
{
    return memcmp(((const struct vault_block *)a)->key.octets,
                  ((const struct vault_block *)b)->key.octets, KEY_LEN);
}

static bool are_distinct(const struct vault_list *list)
{
    size_t len = list->blocks_count * sizeof *list->blocks;
    struct vault_block *sorted = malloc(len + 1);
    if (sorted == NULL) {
        return false;
    }
    if (list->blocks_count > 0) {
        memcpy(sorted, list->blocks, len);
        qsort(sorted, list->blocks_count, sizeof *sorted, compare_blocks);
    }
    bool distinct = true;
    for (size_t i = 1; i < list->blocks_count; i++) {
        distinct = distinct && compare_blocks(&sorted[i - 1], &sorted[i]) != 0;
    }
    sodium_memzero(sorted, len);
    free(sorted);
    return distinct;
}

static enum err_code read_blocks(struct canon_reader *r, struct vault_list *list)
{
    uint32_t count = 0;
    /* A count above the octets that are left is refused there. */
    enum err_code rc = canon_read_array(r, &count, VAULT_BLOCKS_MAX);
    if (rc != ERR_OK) {
        return ERR_MALFORMED;
    }
    list->blocks = calloc((size_t)count + 1, sizeof *list->blocks);
    if (list->blocks == NULL) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; rc == ERR_OK && i < count; i++) {
        rc = read_item(r, &list->blocks[i]);
        list->blocks_count++;
    }
    rc = rc == ERR_OK ? canon_end(r) : rc;
    return rc == ERR_OK && !are_distinct(list) ? ERR_MALFORMED : rc;
}

enum err_code vault_list_decode(struct vault_list *list, struct octets plain)
{
    struct vault_list found = {.blocks = NULL};
    struct canon_reader r = canon_reader_of(plain);
    uint32_t count = 0;
    uint64_t version = 0;
    enum err_code rc = canon_read_array(&r, &count, FIELDS_COUNT);
    rc = rc == ERR_OK ? canon_read_uint(&r, &version, UINT64_MAX) : rc;
    if (rc == ERR_OK && version > VERSION) {
        return ERR_VERSION;
    }
    if (rc == ERR_OK && (count != FIELDS_COUNT || version != VERSION)) {
        return ERR_MALFORMED;
    }
    rc = rc == ERR_OK ? canon_read_bin_exact(&r, found.exporter.octets, KEY_LEN) : rc;
    rc = rc == ERR_OK ? canon_read_uint(&r, &found.exported_s, UINT64_MAX) : rc;
    rc = rc == ERR_OK ? read_blocks(&r, &found) : rc;
    if (rc != ERR_OK) {
        vault_list_close(&found);
        return rc == ERR_NO_MEMORY ? rc : ERR_MALFORMED;
    }
    *list = found;
    return ERR_OK;
}

void vault_list_close(struct vault_list *list)
{
    if (list->blocks != NULL) {
        sodium_memzero(list->blocks, list->blocks_count * sizeof *list->blocks);
    }
    free(list->blocks);
    *list = (struct vault_list){.blocks = NULL};
}
