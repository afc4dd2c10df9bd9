/* What the journal's records say. */
#include "store/journal_inner.h"

#include <stdlib.h>

#define BLOCK_FIXED_LEN (KEY_LEN + 3 * 8)
#define PAST_FIXED_LEN  (KEY_LEN + 5 * 8)

uint64_t journal_record_len(size_t plain_len)
{
    return SEGMENT_OVERHEAD + plain_len;
}

/* ---- Own posts ---- */

enum err_code journal_reserve_bodies(struct journal *journal, size_t count)
{
    struct journal_dead *dead = &journal->dead;
    if (dead->bodies_cap - dead->bodies_count >= count) {
        return ERR_OK;
    }
    size_t cap = dead->bodies_cap == 0 ? 16 : dead->bodies_cap * 2;
    cap = cap < dead->bodies_count + count ? dead->bodies_count + count : cap;
    uint64_t *grown = realloc(dead->bodies, cap * sizeof *grown);
    if (grown == NULL) {
        return ERR_NO_MEMORY;
    }
    dead->bodies = grown;
    dead->bodies_cap = cap;
    return ERR_OK;
}

enum err_code journal_take_own(struct journal *journal, uint64_t number, const struct post_id *id,
                               struct octets wire)
{
    struct journal_own own = {.id = *id, .number = number, .has_wire = wire.len > 0};
    struct post post;
    if (journal_table_find(&journal->table, id) != NULL) {
        journal->dead.len += journal_record_len(1 + POST_ID_LEN + wire.len);
        return ERR_OK;
    }
    bool decodes = wire.len > 0 && post_decode(&post, wire) == ERR_OK;
    if (decodes) {
        own.expires_s = post.expires_s;
    }
    enum err_code rc = journal_table_own(&journal->table, &own);
    if (rc == ERR_OK && decodes && post.created_s > journal->created_latest_s) {
        journal->created_latest_s = post.created_s;
    }
    return rc;
}

enum err_code journal_take_id(struct journal *journal, uint64_t number, const struct post_id *id)
{
    struct journal_own *own = journal_table_find(&journal->table, id);
    if (own == NULL) {
        return journal_table_own(&journal->table,
                                 &(struct journal_own){.id = *id, .number = number});
    }
    if (own->has_wire) {
        enum err_code rc = journal_reserve_bodies(journal, 1);
        if (rc != ERR_OK) {
            return rc;
        }
        journal->dead.bodies[journal->dead.bodies_count++] = own->number;
    }
    own->has_wire = false;
    own->number = number;
    return ERR_OK;
}

static struct post_id id_at(struct octets fields)
{
    struct post_id id;
    memcpy(id.octets, fields.at, POST_ID_LEN);
    return id;
}

static enum err_code on_own_post(struct journal *journal, uint64_t number, struct octets fields)
{
    if (fields.len < POST_ID_LEN || fields.len - POST_ID_LEN > POST_WIRE_MAX) {
        return ERR_DAMAGED;
    }
    struct post_id id = id_at(fields);
    return journal_take_own(journal, number, &id,
                            octets_of(fields.at + POST_ID_LEN, fields.len - POST_ID_LEN));
}

static enum err_code on_own_id(struct journal *journal, uint64_t number, struct octets fields)
{
    if (fields.len != POST_ID_LEN + 8) {
        return ERR_DAMAGED;
    }
    struct post_id id = id_at(fields);
    uint64_t created_s = octets_get_u64be(fields.at + POST_ID_LEN);
    enum err_code rc = journal_take_id(journal, number, &id);
    if (rc == ERR_OK && created_s > journal->created_latest_s) {
        journal->created_latest_s = created_s;
    }
    return rc;
}

static enum err_code on_sent(struct journal *journal, struct octets fields)
{
    if (fields.len != POST_ID_LEN + 4) {
        return ERR_DAMAGED;
    }
    struct post_id id = id_at(fields);
    struct journal_own *own = journal_table_find(&journal->table, &id);
    if (own == NULL) {
        return ERR_OK; /* of a batch whose first part a crash tore; else the log counts damage */
    }
    uint32_t count = octets_get_u32be(fields.at + POST_ID_LEN);
    journal->dead.len += own->sent_count > 0 ? journal_record_len(1 + fields.len) : 0;
    own->sent_count = (uint8_t)(count < JOURNAL_SENT_MAX ? count : JOURNAL_SENT_MAX);
    return ERR_OK;
}

/* ---- The vault ---- */

void journal_take_generation(struct journal *journal, uint64_t number, uint64_t generation)
{
    journal->dead.len += journal->generation > 0 ? journal_record_len(1 + 8) : 0;
    if (generation > journal->generation) {
        journal->generation = generation;
        journal->generation_number = number;
    }
}

static enum err_code on_generation(struct journal *journal, uint64_t number, struct octets fields)
{
    if (fields.len != 8) {
        return ERR_DAMAGED;
    }
    journal_take_generation(journal, number, octets_get_u64be(fields.at));
    return ERR_OK;
}

static enum err_code tell(struct journal *journal, uint64_t number, struct octets fields,
                          const struct journal_block *block)
{
    journal->blocks.records_count++;
    journal->blocks_len += journal_record_len(1 + fields.len);
    if (journal->listener == NULL) {
        return ERR_OK;
    }
    struct journal_block told = *block;
    told.number = number;
    memcpy(told.key.octets, fields.at, KEY_LEN);
    return journal->listener->on_block(journal->listener->context, &told,
                                       octets_get_u64be(fields.at + KEY_LEN));
}

static enum err_code on_block(struct journal *journal, uint64_t number, struct octets fields,
                              bool in_force)
{
    if (fields.len < BLOCK_FIXED_LEN || fields.len - BLOCK_FIXED_LEN > JOURNAL_LABEL_MAX) {
        return ERR_DAMAGED;
    }
    struct journal_block block = {
        .change = in_force ? JOURNAL_BLOCKED : JOURNAL_UNBLOCKED,
        .at_s = octets_get_u64be(fields.at + KEY_LEN + 8),
        .position = octets_get_u64be(fields.at + KEY_LEN + 16),
        .label = octets_of(fields.at + BLOCK_FIXED_LEN, fields.len - BLOCK_FIXED_LEN)};
    return tell(journal, number, fields, &block);
}

static enum err_code on_past_block(struct journal *journal, uint64_t number, struct octets fields)
{
    if (fields.len < PAST_FIXED_LEN || fields.len - PAST_FIXED_LEN > JOURNAL_LABEL_MAX) {
        return ERR_DAMAGED;
    }
    struct journal_block block = {
        .change = JOURNAL_PAST,
        .since_s = octets_get_u64be(fields.at + KEY_LEN + 8),
        .since_position = octets_get_u64be(fields.at + KEY_LEN + 16),
        .at_s = octets_get_u64be(fields.at + KEY_LEN + 24),
        .position = octets_get_u64be(fields.at + KEY_LEN + 32),
        .label = octets_of(fields.at + PAST_FIXED_LEN, fields.len - PAST_FIXED_LEN)};
    return tell(journal, number, fields, &block);
}

void journal_take_blocks(struct journal *journal, uint64_t number, uint64_t generation,
                         uint64_t first)
{
    uint64_t count = number - first;
    uint64_t len = count * journal_record_len(1 + BLOCK_FIXED_LEN);
    journal->dead.len += journal->blocks_len > len ? journal->blocks_len - len : 0;
    journal->blocks =
        (struct journal_blocks){.generation = generation, .first = first, .records_count = count};
    journal->blocks_len = len;
    journal->blocks_number = number;
}

static enum err_code on_blocks_from(struct journal *journal, uint64_t number, struct octets fields)
{
    if (fields.len != 16 || octets_get_u64be(fields.at + 8) > number) {
        return ERR_DAMAGED;
    }
    journal_take_blocks(journal, number, octets_get_u64be(fields.at),
                        octets_get_u64be(fields.at + 8));
    return ERR_OK;
}

/* ---- A relay ---- */

static enum err_code on_invite_used(struct journal *journal, struct octets fields)
{
    if (fields.len != 2 * (size_t)KEY_LEN) {
        return ERR_DAMAGED;
    }
    struct key seed_public;
    struct key subject;
    memcpy(seed_public.octets, fields.at, KEY_LEN);
    memcpy(subject.octets, fields.at + KEY_LEN, KEY_LEN);
    return journal_table_use(&journal->table, &seed_public, &subject);
}

enum err_code journal_read_record(struct journal *journal, uint64_t number, struct octets plain)
{
    if (plain.len < 1) {
        return ERR_DAMAGED;
    }
    struct octets fields = octets_of(plain.at + 1, plain.len - 1);
    switch (plain.at[0]) {
    case JOURNAL_OWN_POST:
        return on_own_post(journal, number, fields);
    case JOURNAL_SENT:
        return on_sent(journal, fields);
    case JOURNAL_GENERATION:
        return on_generation(journal, number, fields);
    case JOURNAL_INVITE_USED:
        return on_invite_used(journal, fields);
    case JOURNAL_BLOCK:
        return on_block(journal, number, fields, true);
    case JOURNAL_UNBLOCK:
        return on_block(journal, number, fields, false);
    case JOURNAL_OWN_ID:
        return on_own_id(journal, number, fields);
    case JOURNAL_PAST_BLOCK:
        return on_past_block(journal, number, fields);
    case JOURNAL_BLOCKS_FROM:
        return on_blocks_from(journal, number, fields);
    default:
        return ERR_DAMAGED; /* a later version wrote it: this one cannot keep its promises */
    }
}
