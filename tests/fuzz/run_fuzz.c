/* A run whose blocks hold anything, sealed with its right key, is read to its end or is damaged.
 *
 * input = edits of u16 block, u16 offset, u8 value: put into the opened blocks of a whole run,
 * which are then sealed again. */
#include "tests/fuzz/fuzz.h"

#include "store/run_inner.h"
#include "store/run_merge.h"
#include "store/run_postings.h"
#include "store/run_set.h"
#include "tests/support/file_memory.h"
#include "tests/support/run_model.h"

#include <sodium.h>
#include <stdlib.h>

#define POSTS_COUNT 900
#define FIRST       70
#define BLOCKS_MAX  64
#define EDIT_LEN    5

static struct run_model model;
static struct run_name name;
static struct block_cache *cache;
static uint8_t plains[BLOCKS_MAX][RUN_PLAIN_LEN];
static uint8_t edited[BLOCKS_MAX][RUN_PLAIN_LEN];
static uint8_t families[BLOCKS_MAX];
static size_t blocks_count;
static struct err_note note;

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static bool unseal(uint8_t *plain, const uint8_t *sealed, uint32_t block, unsigned family)
{
    uint8_t nonce[RUN_NONCE_LEN];
    uint8_t ad[RUN_AD_LEN];
    run_nonce(nonce, block);
    run_ad(ad, name.number, (uint8_t)family);
    return crypto_aead_chacha20poly1305_ietf_decrypt(plain, NULL, NULL, sealed, RUN_BLOCK_LEN, ad,
                                                     sizeof ad, nonce, name.key) == 0;
}

static void seal(uint8_t *sealed, const uint8_t *plain, uint32_t block, unsigned family)
{
    uint8_t nonce[RUN_NONCE_LEN];
    uint8_t ad[RUN_AD_LEN];
    run_nonce(nonce, block);
    run_ad(ad, name.number, (uint8_t)family);
    must(crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, plain, RUN_PLAIN_LEN, ad,
                                                   sizeof ad, NULL, nonce, name.key) == 0);
}

static void make_whole(void)
{
    struct files *files = file_memory_new(1);
    uint8_t *octets = NULL;
    size_t len = 0;
    run_model_init(&model, 1, FIRST, POSTS_COUNT);
    name = run_model_name("run", 1);
    must(block_cache_new(&cache, 16) == ERR_OK);
    must(run_model_build(&model, files, &name, FIRST, POSTS_COUNT, &note) == ERR_OK);
    must(file_read_all(files, &octets, &len, "run", SIZE_MAX / 2, &note) == ERR_OK);
    blocks_count = len / RUN_BLOCK_LEN;
    must(blocks_count <= BLOCKS_MAX);
    for (uint32_t i = 0; i < blocks_count; i++) {
        unsigned family = 0;
        while (!unseal(plains[i], octets + (size_t)i * RUN_BLOCK_LEN, i, family)) {
            family++;
            must(family <= RUN_TAIL);
        }
        families[i] = (uint8_t)family;
    }
    free(octets);
    file_memory_free(files);
}

static struct files *write_edited(void)
{
    struct files *files = file_memory_new(1);
    struct file *file = NULL;
    uint8_t sealed[RUN_BLOCK_LEN];
    must(files->open(files, &file, "run", FILE_CREATE, &note) == ERR_OK);
    for (uint32_t i = 0; i < blocks_count; i++) {
        seal(sealed, edited[i], i, families[i]);
        must(files->append(files, file, octets_of(sealed, sizeof sealed), &note) == ERR_OK);
    }
    files->close(files, file);
    return files;
}

static bool may(enum err_code rc)
{
    must(rc == ERR_OK || rc == ERR_DAMAGED || rc == ERR_NOT_FOUND);
    return rc == ERR_OK;
}

static void read_set(const struct run *run, const struct run_set_name *set)
{
    struct run_set_cursor cursor;
    struct run_set_entry entry;
    struct fold fold;
    struct negentropy_bound bound = negentropy_bound_zero();
    bool goes_on = may(run_set_seek(&cursor, run, set, &bound, &note));
    while (goes_on && may(run_set_next(&cursor, &entry, &note))) {
        goes_on = entry.position % 16 != 0;
        bound = negentropy_bound_at(&entry.item);
        (void)may(run_set_fold_below(run, &fold, set, &bound, &note));
        (void)may(run_set_fold(run, &fold, set, entry.position - FIRST, &note));
        (void)may(run_set_at(run, &entry, set, fold.count, &note));
        uint64_t created_s;
        struct run_set_bracket bracket = run_set_bracket(run, set, &bound);
        (void)run_set_middle(run, &created_s, set, bracket.low, bracket.high);
    }
}

static void read_postings(const struct run *run)
{
    struct run_postings cursor;
    uint32_t position = 0;
    uint8_t relation;
    for (uint32_t i = 1; i < 20; i++) {
        run_refs_begin(&cursor, run, run_model_subject(&model, i));
        while (may(run_refs_next(&cursor, &position, &relation, &note))) {
        }
        run_words_begin(&cursor, run, run_model_word(&model, i));
        while (may(run_words_seek(&cursor, &position, position + i, &note))) {
        }
    }
}

static void read_rows(const struct run *run)
{
    struct run_record record;
    for (uint32_t position = run_first(run); position < run_end(run); position += 50) {
        (void)may(run_record(run, &record, position, &note));
    }
    for (uint32_t i = 0; i < POSTS_COUNT; i += 50) {
        const struct post_id *id = &model.posts[i].record.id;
        uint32_t position;
        (void)may(run_find(run, &position, &record, id, run_hash_id(&model.hash, id), &note));
    }
    struct run_expiry at = {0, 0};
    struct run_expiry got;
    for (int i = 0; i < 20 && may(run_expiry_next(run, &got, &at, &note)); i++) {
        at = (struct run_expiry){got.expires_s, got.position + 1};
    }
}

static void merge(struct files *files, struct run *run)
{
    struct run_merge *merge = NULL;
    struct run_filter filter = {0};
    struct run_name into = run_model_name("into", 2);
    must(run_merge_new(&merge, files, &into, &run, 1, &filter, &note) == ERR_OK);
    bool done = false;
    while (!done && may(run_merge_step(merge, &done, 1000, &note))) {
    }
    run_merge_free(merge);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    if (blocks_count == 0) {
        make_whole();
    }
    memcpy(edited, plains, sizeof edited);
    for (size_t at = 0; at + EDIT_LEN <= len && at < 40 * EDIT_LEN; at += EDIT_LEN) {
        size_t block = octets_get_u16be(octets + at) % blocks_count;
        size_t offset = octets_get_u16be(octets + at + 2) % RUN_PLAIN_LEN;
        edited[block][offset] = octets[at + 4];
    }
    struct files *files = write_edited();
    struct run *run = NULL;
    if (may(run_open(&run, files, cache, &name, &note))) {
        struct run_set_name all = run_set_of(&model.hash, SET_ALL);
        struct run_set_name tag = run_model_tag(&model, 1);
        read_rows(run);
        read_set(run, &all);
        read_set(run, &tag);
        read_postings(run);
        merge(files, run);
        run_free(run);
    }
    file_memory_free(files);
    return 0;
}
