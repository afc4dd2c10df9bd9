#include "store/vault_state.h"

#include "proto/canon.h"
#include "proto/post.h"

#include <sodium.h>

/* vault = [5, kind, generation, saved_s, seed, petnames, follows, tags, blocks, shields, peers,
 *          claims, imported, steps, unconfirmed, elsewhere, confirmed_s,
 *          lock_after_s, log_id]
 *   petname = [key, name]                    follow = key         tag = bin
 *   block   = [key, label, since_s, since_position, until_s, until_position, in_force]
 *   shield  = [1, tag] or [2, word], both str
 *   peer    = [host, port, static_key, relay_identity, joined]
 *   claim   = [host, port, static_key, claim]     imported = key */
#define VERSION      5
#define FIELDS_COUNT 19
/* More than any item of its list takes. */
#define ITEM_LEN_MAX 1024
#define KEY_ITEM_LEN 40

static void write_key(struct canon_writer *w, const struct key *key)
{
    canon_write_bin(w, octets_of(key->octets, KEY_LEN));
}

static enum err_code read_key(struct canon_reader *r, struct key *key)
{
    return canon_read_bin_exact(r, key->octets, KEY_LEN);
}

static enum err_code read_text(struct canon_reader *r, char *out, size_t len_max)
{
    struct octets text;
    enum err_code rc = canon_read_str(r, &text, len_max);
    if (rc != ERR_OK) {
        return rc;
    }
    if (memchr(text.at, 0, text.len) != NULL) {
        return ERR_MALFORMED;
    }
    memcpy(out, text.at, text.len);
    out[text.len] = '\0';
    return ERR_OK;
}

static enum err_code read_fields(struct canon_reader *r, uint32_t expected)
{
    uint32_t count;
    enum err_code rc = canon_read_array(r, &count, expected);
    return rc == ERR_OK && count != expected ? ERR_MALFORMED : rc;
}

static void write_petname(struct canon_writer *w, const void *item)
{
    const struct vault_petname *petname = item;
    canon_write_array(w, 2);
    write_key(w, &petname->key);
    canon_write_str(w, octets_of_text(petname->name));
}

static enum err_code read_petname(struct canon_reader *r, void *item)
{
    struct vault_petname *petname = item;
    enum err_code rc = read_fields(r, 2);
    rc = rc == ERR_OK ? read_key(r, &petname->key) : rc;
    return rc == ERR_OK ? read_text(r, petname->name, VAULT_LABEL_MAX) : rc;
}

static void write_follow(struct canon_writer *w, const void *item)
{
    write_key(w, item);
}

static enum err_code read_follow(struct canon_reader *r, void *item)
{
    return read_key(r, item);
}

static void write_tag(struct canon_writer *w, const void *item)
{
    const struct vault_followed_tag *tag = item;
    canon_write_bin(w, octets_of(tag->tag, tag->tag_len));
}

static enum err_code read_tag(struct canon_reader *r, void *item)
{
    struct vault_followed_tag *tag = item;
    struct octets octets;
    enum err_code rc = canon_read_bin(r, &octets, sizeof tag->tag);
    if (rc == ERR_OK) {
        memcpy(tag->tag, octets.at, octets.len);
        tag->tag_len = (uint8_t)octets.len;
    }
    return rc;
}

static void write_block(struct canon_writer *w, const void *item)
{
    const struct vault_block *block = item;
    canon_write_array(w, 7);
    write_key(w, &block->key);
    canon_write_str(w, octets_of_text(block->label));
    canon_write_uint(w, block->since_s);
    canon_write_uint(w, block->since_position);
    canon_write_uint(w, block->until_s);
    canon_write_uint(w, block->until_position);
    canon_write_bool(w, block->in_force);
}

static enum err_code read_block(struct canon_reader *r, void *item)
{
    struct vault_block *block = item;
    enum err_code rc = read_fields(r, 7);
    rc = rc == ERR_OK ? read_key(r, &block->key) : rc;
    rc = rc == ERR_OK ? read_text(r, block->label, VAULT_LABEL_MAX) : rc;
    rc = rc == ERR_OK ? canon_read_uint(r, &block->since_s, UINT64_MAX) : rc;
    rc = rc == ERR_OK ? canon_read_uint(r, &block->since_position, UINT64_MAX) : rc;
    rc = rc == ERR_OK ? canon_read_uint(r, &block->until_s, UINT64_MAX) : rc;
    rc = rc == ERR_OK ? canon_read_uint(r, &block->until_position, UINT64_MAX) : rc;
    return rc == ERR_OK ? canon_read_bool(r, &block->in_force) : rc;
}

static void write_shield(struct canon_writer *w, const void *item)
{
    const struct vault_shield *shield = item;
    canon_write_array(w, 2);
    canon_write_uint(w, (uint64_t)shield->kind);
    canon_write_str(w, octets_of(shield->text, shield->text_len));
}

static enum err_code read_shield(struct canon_reader *r, void *item)
{
    struct vault_shield *shield = item;
    struct octets text = {0};
    uint64_t kind = 0;
    enum err_code rc = read_fields(r, 2);
    rc = rc == ERR_OK ? canon_read_uint(r, &kind, VAULT_SHIELD_WORD) : rc;
    size_t len_max = kind == VAULT_SHIELD_TAG ? POST_TAG_MAX : sizeof shield->text;
    rc = rc == ERR_OK ? canon_read_str(r, &text, len_max) : rc;
    if (rc != ERR_OK || kind < VAULT_SHIELD_TAG || text.len == 0) {
        return rc == ERR_OK ? ERR_MALFORMED : rc;
    }
    shield->kind = (enum vault_shield_kind)kind;
    memcpy(shield->text, text.at, text.len);
    shield->text_len = (uint8_t)text.len;
    return ERR_OK;
}

static void write_address(struct canon_writer *w, const struct address *address)
{
    canon_write_str(w, octets_of_text(address->host));
    canon_write_uint(w, address->port);
    write_key(w, &address->static_key);
}

static enum err_code read_address(struct canon_reader *r, struct address *address)
{
    uint64_t port = 0;
    enum err_code rc = read_text(r, address->host, ADDRESS_HOST_MAX);
    rc = rc == ERR_OK ? canon_read_uint(r, &port, UINT16_MAX) : rc;
    address->port = (uint16_t)port;
    return rc == ERR_OK ? read_key(r, &address->static_key) : rc;
}

static void write_peer(struct canon_writer *w, const void *item)
{
    const struct vault_peer *peer = item;
    canon_write_array(w, 5);
    write_address(w, &peer->address);
    write_key(w, &peer->relay_identity);
    canon_write_bool(w, peer->joined);
}

static enum err_code read_peer(struct canon_reader *r, void *item)
{
    struct vault_peer *peer = item;
    enum err_code rc = read_fields(r, 5);
    rc = rc == ERR_OK ? read_address(r, &peer->address) : rc;
    rc = rc == ERR_OK ? read_key(r, &peer->relay_identity) : rc;
    return rc == ERR_OK ? canon_read_bool(r, &peer->joined) : rc;
}

static void write_claim(struct canon_writer *w, const void *item)
{
    const struct vault_claim *claim = item;
    canon_write_array(w, 4);
    write_address(w, &claim->address);
    canon_write_bin(w, octets_of(claim->claim, claim->claim_len));
}

static enum err_code read_claim(struct canon_reader *r, void *item)
{
    struct vault_claim *claim = item;
    struct octets octets = {0};
    enum err_code rc = read_fields(r, 4);
    rc = rc == ERR_OK ? read_address(r, &claim->address) : rc;
    rc = rc == ERR_OK ? canon_read_bin(r, &octets, sizeof claim->claim) : rc;
    if (rc == ERR_OK) {
        memcpy(claim->claim, octets.at, octets.len);
        claim->claim_len = octets.len;
    }
    return rc;
}

/* One row for each list, in the order of the file. */
struct list {
    size_t offset; /* of its table in struct vault */
    size_t len_max;
    void (*write)(struct canon_writer *w, const void *item);
    enum err_code (*read)(struct canon_reader *r, void *item);
};

static const struct list lists[] = {
    {offsetof(struct vault, petnames), 128, write_petname, read_petname},
    {offsetof(struct vault, follows), KEY_ITEM_LEN, write_follow, read_follow},
    {offsetof(struct vault, tags), 64, write_tag, read_tag},
    {offsetof(struct vault, blocks), 192, write_block, read_block},
    {offsetof(struct vault, shields), 128, write_shield, read_shield},
    {offsetof(struct vault, peers), ITEM_LEN_MAX, write_peer, read_peer},
    {offsetof(struct vault, claims), ITEM_LEN_MAX, write_claim, read_claim},
    {offsetof(struct vault, imported), KEY_ITEM_LEN, write_follow, read_follow},
};
#define LISTS_COUNT (sizeof lists / sizeof lists[0])

static struct vault_table *table_of(struct vault *vault, const struct list *list)
{
    return (struct vault_table *)(void *)((uint8_t *)vault + list->offset);
}

static const struct vault_table *table_in(const struct vault *vault, const struct list *list)
{
    return (const struct vault_table *)(const void *)((const uint8_t *)vault + list->offset);
}

static void write_list(struct canon_writer *w, const struct vault_table *table,
                       const struct list *list)
{
    canon_write_array(w, (uint32_t)table->staged_count);
    for (size_t i = 0; i < table->staged_count; i++) {
        list->write(w, vault_table_at(table, i));
    }
}

enum err_code vault_encode(uint8_t **plain, size_t *plain_len, const struct vault *vault,
                           uint64_t generation)
{
    size_t cap = 256;
    for (size_t i = 0; i < LISTS_COUNT; i++) {
        cap += 8 + table_in(vault, &lists[i])->staged_count * lists[i].len_max;
    }
    uint8_t *room = sodium_malloc(cap);
    if (room == NULL) {
        return ERR_NO_MEMORY;
    }
    struct canon_writer w = canon_writer_of(room, cap);
    canon_write_array(&w, FIELDS_COUNT);
    canon_write_uint(&w, VERSION);
    canon_write_uint(&w, (uint64_t)vault->kind);
    canon_write_uint(&w, generation);
    canon_write_uint(&w, vault->now_s);
    canon_write_bin(&w, octets_of(vault->secrets->seed, VAULT_SEED_LEN));
    for (size_t i = 0; i < LISTS_COUNT; i++) {
        write_list(&w, table_in(vault, &lists[i]), &lists[i]);
    }
    canon_write_uint(&w, vault->settings.web_steps);
    canon_write_bool(&w, vault->settings.unconfirmed);
    canon_write_bool(&w, vault->settings.elsewhere);
    canon_write_uint(&w, vault->settings.confirmed_s);
    canon_write_uint(&w, vault->settings.lock_after_s);
    canon_write_bin(&w, octets_of(vault->log_id, VAULT_LOG_ID_LEN));
    if (w.overflow || w.room.len > VAULT_PLAIN_MAX) {
        sodium_free(room);
        return ERR_TOO_LARGE;
    }
    *plain = room;
    *plain_len = w.room.len;
    return ERR_OK;
}

static enum err_code read_list(struct canon_reader *r, struct vault_table *table,
                               const struct list *list)
{
    uint32_t count;
    enum err_code rc = canon_read_array(r, &count, (uint32_t)table->count_max);
    union {
        struct vault_petname petname;
        struct vault_followed_tag tag;
        struct vault_block block;
        struct vault_shield shield;
        struct vault_peer peer;
        struct vault_claim claim;
    } item;
    for (uint32_t i = 0; i < count && rc == ERR_OK; i++) {
        memset(&item, 0, sizeof item);
        rc = list->read(r, &item);
        rc = rc == ERR_OK ? vault_table_add(table, &item) : rc;
    }
    return rc;
}

static enum err_code read_settings(struct canon_reader *r, struct vault_settings *settings)
{
    uint64_t steps = VAULT_STEPS;
    uint64_t lock_after_s = 0;
    enum err_code rc = canon_read_uint(r, &steps, VAULT_STEPS_MAX);
    rc = rc == ERR_OK ? canon_read_bool(r, &settings->unconfirmed) : rc;
    rc = rc == ERR_OK ? canon_read_bool(r, &settings->elsewhere) : rc;
    rc = rc == ERR_OK ? canon_read_uint(r, &settings->confirmed_s, UINT64_MAX) : rc;
    rc = rc == ERR_OK ? canon_read_uint(r, &lock_after_s, VAULT_LOCK_AFTER_MAX) : rc;
    settings->web_steps = (uint8_t)steps;
    settings->lock_after_s = (uint32_t)lock_after_s;
    return rc == ERR_OK && steps == 0 ? ERR_MALFORMED : rc;
}

static enum err_code read_vault(struct canon_reader *r, struct vault *vault)
{
    uint64_t version = 0;
    uint64_t kind = 0;
    uint32_t fields_count;
    enum err_code rc = canon_read_array(r, &fields_count, FIELDS_COUNT);
    rc = rc == ERR_OK ? canon_read_uint(r, &version, VERSION) : rc;
    if (rc == ERR_OK && (version != VERSION || fields_count != FIELDS_COUNT)) {
        return ERR_MALFORMED;
    }
    rc = rc == ERR_OK ? canon_read_uint(r, &kind, VAULT_RELAY) : rc;
    rc = rc == ERR_OK ? canon_read_uint(r, &vault->generation, UINT64_MAX) : rc;
    rc = rc == ERR_OK ? canon_read_uint(r, &vault->saved_s, UINT64_MAX) : rc;
    vault->now_s = vault->saved_s;
    rc = rc == ERR_OK ? canon_read_bin_exact(r, vault->secrets->seed, VAULT_SEED_LEN) : rc;
    for (size_t i = 0; i < LISTS_COUNT && rc == ERR_OK; i++) {
        rc = read_list(r, table_of(vault, &lists[i]), &lists[i]);
    }
    rc = rc == ERR_OK ? read_settings(r, &vault->settings) : rc;
    rc = rc == ERR_OK ? canon_read_bin_exact(r, vault->log_id, VAULT_LOG_ID_LEN) : rc;
    if (rc == ERR_OK && kind < VAULT_PERSONAL) {
        rc = ERR_MALFORMED;
    }
    vault->kind = (enum vault_kind)kind;
    return rc == ERR_OK ? canon_end(r) : rc;
}

enum err_code vault_decode(struct vault *vault, struct octets plain)
{
    struct canon_reader r = canon_reader_of(plain);
    enum err_code rc = read_vault(&r, vault);
    return rc == ERR_OK || rc == ERR_NO_MEMORY ? rc : ERR_DAMAGED;
}
