#include "tests/crash/house.h"

#include "tests/crash/pool.h"
#include "tests/support/splitmix64.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define FLOOR_S (2 * UINT64_C(86400))

enum err_code house_make(struct files *files, struct err_note *note)
{
    static const uint8_t seed[32] = "the same person in every crash";
    uint8_t key[HOME_KEY_LEN];
    enum err_code rc = vault_check_absent(files, note);
    rc = rc == ERR_OK ? home_key_make(key, files, NULL, note) : rc;
    return rc == ERR_OK ? vault_create(files, key, VAULT_PERSONAL, seed, note) : rc;
}

/* Quick to try: what is tested is files, not guessing. */
static struct home_key_lock lock_of(char text[32], unsigned words)
{
    (void)snprintf(text, 32, "passphrase %u", words);
    return (struct home_key_lock){
        .passphrase = octets_of_text(text), .ops = 1, .mem_kib = HOME_KEY_MEM_KIB_MIN};
}

enum err_code house_change_words(const struct house *house, unsigned words, struct err_note *note)
{
    char text[32];
    bool changed = false;
    struct home_key_lock lock = lock_of(text, words);
    return home_key_change(&changed, house->files, house->key, words == 0 ? NULL : &lock, note);
}

static enum err_code try_words(struct house *house, unsigned words, struct err_note *note)
{
    char text[32];
    struct home_key_lock lock = lock_of(text, words);
    struct octets passphrase = words == 0 ? octets_of(NULL, 0) : lock.passphrase;
    house->words = words;
    return home_key_open(house->key, house->files, passphrase, note);
}

static enum err_code open_key(struct house *house, const struct house_words *words,
                              struct err_note *note)
{
    enum err_code rc = try_words(house, words->next, note);
    if ((rc == ERR_DECRYPT || rc == ERR_LOCKED) && words->now != words->next) {
        *note = (struct err_note){{0}};
        rc = try_words(house, words->now, note);
    }
    bool locked = true;
    struct err_note ignored = {{0}};
    if (rc == ERR_OK && home_key_is_locked(&locked, house->files, &ignored) == ERR_OK && !locked) {
        house->words = 0; /* any passphrase opens a home that has none */
    }
    return rc;
}

/* What she wrote and the store lacks: the machine stopped between the two. */
static enum err_code store_own(struct house *house, uint64_t now_s, struct err_note *note)
{
    static uint8_t octets[POST_WIRE_MAX];
    for (size_t i = 0; i < journal_own_count(house->journal); i++) {
        struct journal_post own = journal_own_at(house->journal, i);
        struct octets_room room = {.at = octets, .cap = sizeof octets};
        bool known = false;
        enum err_code rc = store_known(house->store, &known, &own.id, 1, note);
        if (rc != ERR_OK) {
            return rc;
        }
        if (known || !own.has_wire) {
            continue;
        }
        struct post post;
        enum store_put_result result;
        rc = journal_own_wire(house->journal, &room, i, note);
        if (rc != ERR_OK) {
            return rc;
        }
        struct octets wire = octets_of(room.at, room.len);
        rc = post_decode(&post, wire);
        rc = rc == ERR_OK ? store_put(house->store, &result, &post, &wire, 1, now_s, note) : rc;
        if (rc != ERR_OK) {
            return rc;
        }
    }
    return ERR_OK;
}

enum err_code house_read_all(struct house *house, uint64_t now_s, struct err_note *note)
{
    uint8_t octets[POST_WIRE_MAX];
    struct octets_room room = {.at = octets, .cap = sizeof octets};
    uint64_t at = 0;
    uint64_t position = 0;
    enum err_code rc;
    do {
        rc = store_next(house->store, &room, &at, &position, note);
    } while (rc == ERR_OK);
    return rc == ERR_NOT_FOUND ? store_own(house, now_s, note) : rc;
}

static enum err_code open_store(struct house *house, uint64_t now_s, struct err_note *note)
{
    uint8_t key[HOME_KEY_LEN];
    home_key_derive(key, house->key, HOME_KEY_STORE);
    struct store_options options = {
        .kind = STORE_READ,
        .always_reads = true,
        .table_max = 64, /* so that runs are written and merged often */
    };
    enum err_code rc = store_open_with(&house->store, house->files, key, &options, note);
    if (rc == ERR_OK) {
        uint8_t log_id[STORE_LOG_ID_LEN];
        bool copied = false;
        store_log_id(house->store, log_id);
        rc = vault_log_beside(house->vault, &copied, log_id, store_end(house->store), note);
    }
    if (rc == ERR_OK) {
        /* A floor below everything: so its file is among those that break. */
        store_retain(house->store, &(struct store_retention_rules){
                                       .keep_s = now_s > FLOOR_S ? now_s - FLOOR_S : 0});
    }
    for (bool more = true; more && rc == ERR_OK;) {
        rc = store_tend(house->store, &more, now_s, note);
    }
    if (rc == ERR_OK) {
        rc = store_own(house, now_s, note);
    }
    return rc;
}

enum err_code house_open(struct house *house, struct files *files, const struct house_words *words,
                         uint64_t now_s, struct err_note *note)
{
    *house = (struct house){.files = files};
    uint8_t key[HOME_KEY_LEN];
    enum err_code rc = open_key(house, words, note);
    if (rc != ERR_OK) {
        return rc;
    }
    home_key_derive(key, house->key, HOME_KEY_JOURNAL);
    rc = journal_open(&house->journal, files, key, note);
    if (rc == ERR_OK) {
        rc = vault_open(&house->vault, files, house->key, house->journal, note);
    }
    if (rc == ERR_OK) {
        rc = open_store(house, now_s, note);
    }
    if (rc == ERR_OK) {
        house->trimming = (struct trimming){
            .journal = house->journal, .store = house->store, .own = *pool_person(0)};
    }
    if (rc != ERR_OK) {
        house_close(house);
    }
    return rc;
}

void house_close(struct house *house)
{
    store_close(house->store);
    vault_close(house->vault);
    journal_close(house->journal);
    house->journal = NULL;
    house->vault = NULL;
    house->store = NULL;
}

static uint64_t random_state;

static uint64_t draw(void)
{
    return splitmix64(&random_state);
}

static const char *name_of(void)
{
    return "from a seed";
}

static uint32_t draw_u32(void)
{
    return (uint32_t)draw();
}

static void draw_octets(void *const at, const size_t len)
{
    uint8_t *out = at;
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)draw();
    }
}

void house_random_from(uint64_t seed)
{
    static struct randombytes_implementation seeded = {
        .implementation_name = name_of, .random = draw_u32, .buf = draw_octets};
    random_state = seed;
    if (randombytes_set_implementation(&seeded) != 0 || sodium_init() < 0) {
        abort();
    }
}

uint64_t house_random_at(void)
{
    return random_state;
}

void house_random_back(uint64_t at)
{
    random_state = at;
}
