/* The scenario's store as the real one over files in memory, to see that the view and the store
 * mean the same by each call. */
#include <stdlib.h>

#include "tests/support/file_memory.h"
#include "tests/support/scenario.h"

#define STORES_MAX 8

/* Which files a store stands on; a test has few at a time. */
static struct {
    struct store *store;
    struct files *files;
} opened[STORES_MAX];

static const uint8_t key[32] = {7};

static size_t slot_of(const struct store *store)
{
    for (size_t i = 0; i < STORES_MAX; i++) {
        if (opened[i].store == store) {
            return i;
        }
    }
    abort();
}

struct store *scenario_store_new(void)
{
    size_t slot = slot_of(NULL);
    opened[slot].files = file_memory_new(slot + 1);
    if (store_open(&opened[slot].store, opened[slot].files, key, STORE_READ, NULL) != ERR_OK) {
        abort();
    }
    return opened[slot].store;
}

void scenario_store_free(struct store *store)
{
    size_t slot = slot_of(store);
    store_close(store);
    file_memory_free(opened[slot].files);
    opened[slot].store = NULL;
}

void scenario_store_add(struct store *store, struct octets wire)
{
    struct post post;
    enum store_put_result result;
    if (post_decode(&post, wire) != ERR_OK ||
        store_put(store, &result, &post, &wire, 1, post.created_s, NULL) != ERR_OK) {
        abort();
    }
}
