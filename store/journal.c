#include "store/journal_inner.h"

#include <stdlib.h>

#define FOLDER          "journal"
#define BLOCK_FIXED_LEN (KEY_LEN + 3 * 8)
#define PAST_FIXED_LEN  (KEY_LEN + 5 * 8)

static enum err_code on_record(void *context, const struct segment_record *record)
{
    return journal_read_record(context, record->number, record->plain);
}

enum err_code journal_open(struct journal **journal, struct files *files, const uint8_t key[32],
                           struct err_note *note)
{
    return journal_open_telling(journal, files, key, NULL, note);
}

enum err_code journal_open_telling(struct journal **journal, struct files *files,
                                   const uint8_t key[32], const struct journal_listener *listener,
                                   struct err_note *note)
{
    struct journal *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    opened->listener = listener;
    uint64_t damaged_count = 0;
    enum err_code rc =
        log_open(&opened->log, &damaged_count, files, FOLDER, key,
                 &(struct log_replay){.context = opened, .on_record = on_record}, note);
    if (rc == ERR_OK && damaged_count > 0) {
        rc = err_note(note, ERR_DAMAGED, "the journal: a record does not open");
    }
    if (rc != ERR_OK) {
        journal_close(opened);
        return rc;
    }
    opened->listener = NULL;
    *journal = opened;
    return ERR_OK;
}

void journal_close(struct journal *journal)
{
    if (journal == NULL) {
        return;
    }
    journal_dead_close(&journal->dead);
    log_close(journal->log);
    journal_table_close(&journal->table);
    free(journal);
}

enum err_code journal_recover(struct journal *journal, struct err_note *note)
{
    uint64_t damaged_count = 0;
    enum err_code rc = log_reopen(journal->log, &damaged_count, note);
    journal->damaged = journal->damaged || damaged_count > 0;
    return rc == ERR_OK && journal->damaged
               ? err_note(note, ERR_DAMAGED, "the journal: a record does not open")
               : rc;
}

enum err_code journal_begin(struct journal *journal, size_t len, struct err_note *note)
{
    enum err_code rc = journal_recover(journal, note);
    return rc == ERR_OK ? log_begin(journal->log, len, note) : rc;
}

enum err_code journal_kept(enum err_code rc, struct err_note *note)
{
    return rc == ERR_OK ? ERR_OK : err_note(note, rc, "written, but there is no memory to know it");
}

/* One record of a batch; *number is its own. */
static enum err_code add(struct journal *journal, uint64_t *number, enum journal_kind kind,
                         const struct octets fields[2], struct err_note *note)
{
    uint8_t plain[JOURNAL_PLAIN_MAX];
    size_t len = 1;
    assert(1 + fields[0].len + fields[1].len <= sizeof plain);
    plain[0] = (uint8_t)kind;
    for (size_t i = 0; i < 2; i++) {
        if (fields[i].len > 0) {
            memcpy(plain + len, fields[i].at, fields[i].len);
            len += fields[i].len;
        }
    }
    return log_add(journal->log, number, octets_of(plain, len), note);
}

/* A batch of one record. */
static enum err_code append(struct journal *journal, uint64_t *number, enum journal_kind kind,
                            const struct octets fields[2], struct err_note *note)
{
    enum err_code rc = journal_begin(journal, 1 + fields[0].len + fields[1].len, note);
    if (rc == ERR_OK) {
        rc = add(journal, number, kind, fields, note);
    }
    return rc == ERR_OK ? log_commit(journal->log, note) : rc;
}

/* ---- Own posts ---- */

enum err_code journal_own_post(struct journal *journal, const struct post_id *id,
                               struct octets wire, struct err_note *note)
{
    uint64_t number;
    assert(wire.len <= POST_WIRE_MAX);
    if (journal_is_own(journal, id)) {
        return ERR_OK;
    }
    struct octets fields[2] = {octets_of(id->octets, POST_ID_LEN), wire};
    enum err_code rc = append(journal, &number, JOURNAL_OWN_POST, fields, note);
    return rc == ERR_OK ? journal_kept(journal_take_own(journal, number, id, wire), note) : rc;
}

static uint32_t counted(uint32_t peers_count)
{
    return peers_count < JOURNAL_SENT_MAX ? peers_count : JOURNAL_SENT_MAX;
}

static enum err_code add_adopted(struct journal *journal, uint64_t *number,
                                 const struct journal_adopted *post, struct err_note *note)
{
    uint8_t count[4];
    uint64_t sent_number;
    struct octets fields[2] = {octets_of(post->id.octets, POST_ID_LEN), post->wire};
    enum err_code rc = add(journal, number, JOURNAL_OWN_POST, fields, note);
    if (rc == ERR_OK && post->sent_count > 0) {
        octets_put_u32be(count, counted(post->sent_count));
        fields[1] = octets_of(count, sizeof count);
        rc = add(journal, &sent_number, JOURNAL_SENT, fields, note);
    }
    return rc;
}

/* What the batch wrote, into the table; a post that stands in it twice is one. */
static enum err_code take_adopted(struct journal *journal, uint64_t number,
                                  const struct journal_adopted *post)
{
    enum err_code rc = journal_take_own(journal, number, &post->id, post->wire);
    struct journal_own *own = journal_table_find(&journal->table, &post->id);
    if (rc == ERR_OK && own != NULL && counted(post->sent_count) > own->sent_count) {
        own->sent_count = (uint8_t)counted(post->sent_count);
    }
    return rc;
}

enum err_code journal_adopt(struct journal *journal, const struct journal_adopted *posts,
                            size_t posts_count, struct err_note *note)
{
    bool there[JOURNAL_ADOPTED_MAX];
    uint64_t numbers[JOURNAL_ADOPTED_MAX];
    size_t len = 0;
    assert(posts_count <= JOURNAL_ADOPTED_MAX);
    for (size_t i = 0; i < posts_count; i++) {
        assert(posts[i].wire.len <= POST_WIRE_MAX);
        there[i] = journal_is_own(journal, &posts[i].id);
        len += there[i] ? 0 : 2 * (1 + POST_ID_LEN) + 4 + posts[i].wire.len;
    }
    if (len == 0) {
        return ERR_OK;
    }
    enum err_code rc = journal_begin(journal, len, note);
    for (size_t i = 0; rc == ERR_OK && i < posts_count; i++) {
        rc = there[i] ? ERR_OK : add_adopted(journal, &numbers[i], &posts[i], note);
    }
    rc = rc == ERR_OK ? log_commit(journal->log, note) : rc;
    for (size_t i = 0; rc == ERR_OK && i < posts_count; i++) {
        rc = there[i] ? ERR_OK : journal_kept(take_adopted(journal, numbers[i], &posts[i]), note);
    }
    return rc;
}

enum err_code journal_sent(struct journal *journal, const struct post_id *id, uint32_t peers_count,
                           struct err_note *note)
{
    struct journal_own *own = journal_table_find(&journal->table, id);
    if (own == NULL) {
        return err_note(note, ERR_NOT_FOUND, "not one of the person's own posts");
    }
    if (counted(peers_count) <= own->sent_count || !own->has_wire) {
        return ERR_OK;
    }
    uint8_t count[4];
    uint64_t number;
    octets_put_u32be(count, counted(peers_count));
    struct octets fields[2] = {octets_of(id->octets, POST_ID_LEN), octets_of(count, sizeof count)};
    enum err_code rc = append(journal, &number, JOURNAL_SENT, fields, note);
    if (rc == ERR_OK) {
        journal->dead.len +=
            own->sent_count > 0 ? journal_record_len(1 + POST_ID_LEN + sizeof count) : 0;
        own->sent_count = (uint8_t)counted(peers_count);
    }
    return rc;
}

enum err_code journal_trim(struct journal *journal, const struct journal_trimmed *posts,
                           size_t posts_count, struct err_note *note)
{
    uint64_t numbers[JOURNAL_TRIMMED_MAX];
    assert(posts_count <= JOURNAL_TRIMMED_MAX);
    if (posts_count == 0) {
        return ERR_OK;
    }
    enum err_code rc = journal_reserve_bodies(journal, posts_count);
    if (rc != ERR_OK) {
        return err_note(note, rc, "out of memory");
    }
    rc = journal_begin(journal, posts_count * ((size_t)1 + POST_ID_LEN + 8), note);
    for (size_t i = 0; rc == ERR_OK && i < posts_count; i++) {
        uint8_t created[8];
        assert(posts[i].index < journal->table.own_count);
        const struct journal_own *own = &journal->table.own[posts[i].index];
        assert(own->has_wire);
        octets_put_u64be(created, posts[i].created_s);
        struct octets fields[2] = {octets_of(own->id.octets, POST_ID_LEN),
                                   octets_of(created, sizeof created)};
        rc = add(journal, &numbers[i], JOURNAL_OWN_ID, fields, note);
    }
    rc = rc == ERR_OK ? log_commit(journal->log, note) : rc;
    for (size_t i = 0; rc == ERR_OK && i < posts_count; i++) {
        rc = journal_take_id(journal, numbers[i], &journal->table.own[posts[i].index].id);
    }
    return rc;
}

/* ---- The vault ---- */

enum err_code journal_generation(struct journal *journal, uint64_t generation,
                                 struct err_note *note)
{
    return generation <= journal->generation ? ERR_OK
                                             : journal_vault(journal, generation, NULL, 0, note);
}

static size_t block_len(const struct journal_block *block)
{
    return 1 + (size_t)(block->change == JOURNAL_PAST ? PAST_FIXED_LEN : BLOCK_FIXED_LEN) +
           block->label.len;
}

static enum err_code add_block(struct journal *journal, const struct journal_block *block,
                               uint64_t generation, struct err_note *note)
{
    static const enum journal_kind kinds[] = {[JOURNAL_BLOCKED] = JOURNAL_BLOCK,
                                              [JOURNAL_UNBLOCKED] = JOURNAL_UNBLOCK,
                                              [JOURNAL_PAST] = JOURNAL_PAST_BLOCK};
    uint8_t fixed[PAST_FIXED_LEN];
    uint8_t *at = fixed + KEY_LEN;
    uint64_t number;
    assert(block->label.len <= JOURNAL_LABEL_MAX);
    memcpy(fixed, block->key.octets, KEY_LEN);
    octets_put_u64be(at, generation);
    at += 8;
    if (block->change == JOURNAL_PAST) {
        octets_put_u64be(at, block->since_s);
        octets_put_u64be(at + 8, block->since_position);
        at += 16;
    }
    octets_put_u64be(at, block->at_s);
    octets_put_u64be(at + 8, block->position);
    at += 16;
    struct octets fields[2] = {octets_of(fixed, (size_t)(at - fixed)), block->label};
    return add(journal, &number, kinds[block->change], fields, note);
}

static enum err_code add_blocks(struct journal *journal, uint64_t generation,
                                const struct journal_block *blocks, size_t blocks_count,
                                struct err_note *note)
{
    enum err_code rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < blocks_count; i++) {
        rc = add_block(journal, &blocks[i], generation, note);
    }
    return rc;
}

static size_t blocks_len(const struct journal_block *blocks, size_t blocks_count)
{
    size_t len = 0;
    for (size_t i = 0; i < blocks_count; i++) {
        len += block_len(&blocks[i]);
    }
    return len;
}

enum err_code journal_vault(struct journal *journal, uint64_t generation,
                            const struct journal_block *changes, size_t changes_count,
                            struct err_note *note)
{
    uint8_t plain[8];
    uint64_t number;
    size_t len = blocks_len(changes, changes_count);
    octets_put_u64be(plain, generation);
    struct octets fields[2] = {octets_of(plain, sizeof plain), octets_of(NULL, 0)};
    enum err_code rc = journal_begin(journal, len + 1 + sizeof plain, note);
    rc = rc == ERR_OK ? add_blocks(journal, generation, changes, changes_count, note) : rc;
    rc = rc == ERR_OK ? add(journal, &number, JOURNAL_GENERATION, fields, note) : rc;
    rc = rc == ERR_OK ? log_commit(journal->log, note) : rc;
    if (rc == ERR_OK) {
        journal->blocks.records_count += changes_count;
        journal->blocks_len += len + changes_count * SEGMENT_OVERHEAD;
        journal_take_generation(journal, number, generation);
    }
    return rc;
}

/* Where they begin is said in a batch of its own: so whoever reads that finds all of them whole, or
 * knows of damage. */
enum err_code journal_blocks_whole(struct journal *journal, uint64_t generation,
                                   const struct journal_block *blocks, size_t blocks_count,
                                   struct err_note *note)
{
    uint8_t plain[16];
    uint64_t number;
    enum err_code rc = journal_recover(journal, note);
    if (rc != ERR_OK) {
        return rc;
    }
    uint64_t first = log_end(journal->log);
    if (blocks_count > 0) {
        rc = journal_begin(journal, blocks_len(blocks, blocks_count), note);
        rc = rc == ERR_OK ? add_blocks(journal, generation, blocks, blocks_count, note) : rc;
        rc = rc == ERR_OK ? log_commit(journal->log, note) : rc;
    }
    octets_put_u64be(plain, generation);
    octets_put_u64be(plain + 8, first);
    struct octets fields[2] = {octets_of(plain, sizeof plain), octets_of(NULL, 0)};
    rc = rc == ERR_OK ? append(journal, &number, JOURNAL_BLOCKS_FROM, fields, note) : rc;
    if (rc == ERR_OK) {
        journal_take_blocks(journal, number, generation, first);
    }
    return rc;
}

/* ---- A relay ---- */

enum err_code journal_invite_used(struct journal *journal, const struct key *seed_public,
                                  const struct key *subject, struct err_note *note)
{
    bool by_subject = false;
    (void)journal_invite_uses(journal, &by_subject, seed_public, subject);
    if (by_subject) {
        return ERR_OK;
    }
    uint64_t number;
    struct octets fields[2] = {octets_of(seed_public->octets, KEY_LEN),
                               octets_of(subject->octets, KEY_LEN)};
    enum err_code rc = append(journal, &number, JOURNAL_INVITE_USED, fields, note);
    return rc == ERR_OK
               ? journal_kept(journal_table_use(&journal->table, seed_public, subject), note)
               : rc;
}

/* ---- What it holds ---- */

uint64_t journal_generation_latest(const struct journal *journal)
{
    return journal->generation;
}

size_t journal_own_count(const struct journal *journal)
{
    return journal->table.own_count;
}

struct journal_post journal_own_at(const struct journal *journal, size_t index)
{
    assert(index < journal->table.own_count);
    const struct journal_own *own = &journal->table.own[index];
    return (struct journal_post){.id = own->id,
                                 .expires_s = own->expires_s,
                                 .sent_count = own->sent_count,
                                 .has_wire = own->has_wire};
}

enum err_code journal_own_wire(struct journal *journal, struct octets_room *wire, size_t index,
                               struct err_note *note)
{
    uint8_t octets[JOURNAL_PLAIN_MAX];
    struct octets_room plain = {.at = octets, .cap = sizeof octets};
    assert(index < journal->table.own_count && wire->cap >= POST_WIRE_MAX);
    const struct journal_own *own = &journal->table.own[index];
    if (!own->has_wire) {
        return ERR_NOT_FOUND;
    }
    enum err_code rc = log_read(journal->log, &plain, own->number, note);
    if (rc == ERR_OK && (plain.len <= 1 + POST_ID_LEN || plain.at[0] != JOURNAL_OWN_POST ||
                         memcmp(plain.at + 1, own->id.octets, POST_ID_LEN) != 0)) {
        rc = ERR_DAMAGED;
    }
    if (rc != ERR_OK) {
        return rc == ERR_NOT_FOUND || rc == ERR_TOO_LARGE
                   ? err_note(note, ERR_DAMAGED, "the journal: a record does not open")
                   : rc;
    }
    wire->len = plain.len - 1 - POST_ID_LEN;
    memcpy(wire->at, plain.at + 1 + POST_ID_LEN, wire->len);
    return ERR_OK;
}

uint64_t journal_created_latest(const struct journal *journal)
{
    return journal->created_latest_s;
}

struct journal_blocks journal_blocks(const struct journal *journal)
{
    return journal->blocks;
}

uint64_t journal_disk_len(const struct journal *journal)
{
    return log_disk_len(journal->log);
}

size_t journal_uses_count(const struct journal *journal)
{
    return journal->table.uses_count;
}

void journal_use_at(const struct journal *journal, struct key *seed_public, struct key *subject,
                    size_t index)
{
    assert(index < journal->table.uses_count);
    *seed_public = journal->table.uses[index].seed_public;
    *subject = journal->table.uses[index].subject;
}

bool journal_is_own(const struct journal *journal, const struct post_id *id)
{
    return journal_table_find(&journal->table, id) != NULL;
}

uint32_t journal_invite_uses(const struct journal *journal, bool *by_subject,
                             const struct key *seed_public, const struct key *subject)
{
    return journal_table_uses(&journal->table, by_subject, seed_public, subject);
}
