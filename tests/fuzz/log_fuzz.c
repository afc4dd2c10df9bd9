/* A store whose files were edited opens or says what is wrong, and hands out only what was put.
 *
 * input = file(1: even the segment, odd the manifest), then edits of u16 offset, u8 mask; a mask of
 * 0 cuts the file off there. */
#include "tests/fuzz/fuzz.h"

#include "store/store.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#include <stdlib.h>

#define POSTS_COUNT 12

static const uint8_t key[32] = {1};
static struct posts posts;
static struct files *whole;

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void make_whole(void)
{
    struct person ana = person_of("ana");
    struct store *store = NULL;
    struct err_note note = {{0}};
    enum store_put_result results[1];
    whole = file_memory_new(1);
    must(store_open(&store, whole, key, STORE_READ, &note) == ERR_OK);
    for (uint64_t i = 0; i < POSTS_COUNT; i++) {
        person_text(&posts, &ana, 1000 + i, "me too", "metoo");
        struct post post = posts_decoded(&posts, (size_t)i);
        must(store_put(store, results, &post, &posts.wires[i], 1, 5000, &note) == ERR_OK);
    }
    store_close(store);
}

static void check(struct store *store)
{
    static uint8_t octets[POST_WIRE_MAX];
    struct octets_room wire = {.at = octets, .cap = sizeof octets};
    struct err_note note = {{0}};
    size_t found = 0;
    for (size_t i = 0; i < POSTS_COUNT; i++) {
        if (store_body(store, &wire, &posts.ids[i], &note) == ERR_OK) {
            must(octets_equal(octets_of(wire.at, wire.len), posts.wires[i]));
            found++;
        }
    }
    must(store_stats(store).posts_count == found);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    if (whole == NULL) {
        make_whole();
    }
    if (len == 0 || len > 300) {
        return 0;
    }
    const char *path = octets[0] % 2 == 0 ? "log/00000000.0" : "log/manifest";
    struct files *files = file_memory_copy(whole);
    for (size_t at = 1; at + 3 <= len; at += 3) {
        size_t offset = octets_get_u16be(octets + at) % (file_memory_len(files, path) + 1);
        if (octets[at + 2] == 0) {
            file_memory_cut(files, path, offset);
        } else {
            file_memory_flip(files, path, offset, octets[at + 2]);
        }
    }
    struct store *store = NULL;
    struct err_note note = {{0}};
    enum err_code rc = store_open(&store, files, key, STORE_READ, &note);
    must(rc == ERR_OK || rc == ERR_DAMAGED);
    if (rc == ERR_OK) {
        check(store);
        store_close(store);
    }
    file_memory_free(files);
    return 0;
}
