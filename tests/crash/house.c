#include "tests/crash/house.h"

#include <sodium.h>
#include <stdlib.h>

enum err_code house_make(struct files *files, struct err_note *note)
{
    static const uint8_t seed[32] = "the same person in every crash";
    return vault_create(files, VAULT_PERSONAL, seed, note);
}

/* What she wrote and the store lacks: the machine stopped between the two. */
static enum err_code store_own(struct house *house, uint64_t now_s, struct err_note *note)
{
    for (size_t i = 0; i < journal_own_count(house->journal); i++) {
        struct post_id id;
        struct octets wire;
        uint32_t sent_count;
        bool known = false;
        journal_own_at(house->journal, &id, &wire, &sent_count, i);
        store_known(house->store, &known, &id, 1);
        if (known || wire.len == 0) {
            continue;
        }
        struct post post;
        enum store_put_result result;
        enum err_code rc = post_decode(&post, wire);
        rc = rc == ERR_OK ? store_put(house->store, &result, &post, &wire, 1, now_s, note) : rc;
        if (rc != ERR_OK) {
            return rc;
        }
    }
    return ERR_OK;
}

static enum err_code open_store(struct house *house, uint64_t now_s, struct err_note *note)
{
    uint8_t key[32];
    enum err_code rc = vault_store_key(key, house->files, note);
    if (rc == ERR_OK) {
        rc = store_open(&house->store, house->files, key, note);
    }
    if (rc == ERR_OK) {
        store_midnight(house->store, now_s);
        rc = store_own(house, now_s, note);
    }
    return rc;
}

enum err_code house_open(struct house *house, struct files *files, uint64_t now_s,
                         struct err_note *note)
{
    *house = (struct house){.files = files};
    uint8_t key[32];
    enum err_code rc = vault_journal_key(key, files, note);
    if (rc == ERR_OK) {
        rc = journal_open(&house->journal, files, key, note);
    }
    if (rc == ERR_OK) {
        rc = vault_open(&house->vault, files, house->journal, note);
    }
    if (rc == ERR_OK) {
        rc = open_store(house, now_s, note);
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
    *house = (struct house){.files = house->files};
}

static uint64_t random_state;

static uint64_t draw(void)
{
    /* splitmix64 */
    random_state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
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
