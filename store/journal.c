#include "store/journal.h"

#include "store/journal_table.h"
#include "store/log.h"

#include <stdlib.h>

#define FOLDER "journal"
/* Writing down how many peers have a post ends here: what matters is whether several do. */
#define SENT_WRITTEN_MAX 8

/* plain = kind(1), fields of fixed length; an own post's wire octets come last */
enum kind {
    KIND_OWN_POST = 1,    /* id(32) wire */
    KIND_SENT = 2,        /* id(32) u32 */
    KIND_GENERATION = 3,  /* u64 */
    KIND_INVITE_USED = 4, /* seed_public(32) subject(32) */
    KIND_BLOCK = 5,       /* key(32) u64 generation u64 at_s u64 position label */
    KIND_UNBLOCK = 6,     /* the same */
};

#define PLAIN_MAX       (1 + POST_ID_LEN + POST_WIRE_MAX)
#define BLOCK_FIXED_LEN (KEY_LEN + 3 * 8)
#define BLOCK_LABEL_MAX 64

struct journal {
    struct log *log;
    struct journal_table table;
    uint64_t generation;
    bool damaged;                            /* found after an error: what is kept is not whole */
    const struct journal_listener *listener; /* while opening; or NULL */
};

static enum err_code on_own_post(struct journal *journal, struct octets fields)
{
    if (fields.len < POST_ID_LEN || fields.len - POST_ID_LEN > POST_WIRE_MAX) {
        return ERR_DAMAGED;
    }
    struct post_id id;
    memcpy(id.octets, fields.at, POST_ID_LEN);
    return journal_table_own(&journal->table, &id,
                             octets_of(fields.at + POST_ID_LEN, fields.len - POST_ID_LEN));
}

static enum err_code on_sent(struct journal *journal, struct octets fields)
{
    if (fields.len != POST_ID_LEN + 4) {
        return ERR_DAMAGED;
    }
    struct post_id id;
    memcpy(id.octets, fields.at, POST_ID_LEN);
    struct journal_own *own = journal_table_find(&journal->table, &id);
    if (own == NULL) {
        return ERR_OK; /* of a batch whose first part a crash tore; else the log counts damage */
    }
    own->sent_count = octets_get_u32be(fields.at + POST_ID_LEN);
    return ERR_OK;
}

static enum err_code on_generation(struct journal *journal, struct octets fields)
{
    if (fields.len != 8) {
        return ERR_DAMAGED;
    }
    uint64_t generation = octets_get_u64be(fields.at);
    if (generation > journal->generation) {
        journal->generation = generation;
    }
    return ERR_OK;
}

static enum err_code on_invite_used(struct journal *journal, struct octets fields)
{
    if (fields.len != 2 * (size_t)KEY_LEN) {
        return ERR_DAMAGED;
    }
    struct journal_use use;
    memcpy(use.seed_public.octets, fields.at, KEY_LEN);
    memcpy(use.subject.octets, fields.at + KEY_LEN, KEY_LEN);
    return journal_table_use(&journal->table, &use);
}

static enum err_code on_block(const struct journal *journal, struct octets fields, bool in_force)
{
    if (fields.len < BLOCK_FIXED_LEN || fields.len - BLOCK_FIXED_LEN > BLOCK_LABEL_MAX) {
        return ERR_DAMAGED;
    }
    if (journal->listener == NULL) {
        return ERR_OK;
    }
    struct journal_block block = {
        .in_force = in_force,
        .at_s = octets_get_u64be(fields.at + KEY_LEN + 8),
        .position = octets_get_u64be(fields.at + KEY_LEN + 16),
        .label = octets_of(fields.at + BLOCK_FIXED_LEN, fields.len - BLOCK_FIXED_LEN)};
    memcpy(block.key.octets, fields.at, KEY_LEN);
    return journal->listener->on_block(journal->listener->context, &block,
                                       octets_get_u64be(fields.at + KEY_LEN));
}

static enum err_code on_record(void *context, const struct segment_record *record)
{
    struct journal *journal = context;
    if (record->plain.len < 1) {
        return ERR_DAMAGED;
    }
    struct octets fields = octets_of(record->plain.at + 1, record->plain.len - 1);
    switch (record->plain.at[0]) {
    case KIND_OWN_POST:
        return on_own_post(journal, fields);
    case KIND_SENT:
        return on_sent(journal, fields);
    case KIND_GENERATION:
        return on_generation(journal, fields);
    case KIND_INVITE_USED:
        return on_invite_used(journal, fields);
    case KIND_BLOCK:
        return on_block(journal, fields, true);
    case KIND_UNBLOCK:
        return on_block(journal, fields, false);
    default:
        return ERR_DAMAGED; /* a later version wrote it: this one cannot keep its promises */
    }
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

static enum err_code begin(struct journal *journal, size_t len, struct err_note *note)
{
    enum err_code rc = journal_recover(journal, note);
    return rc == ERR_OK ? log_begin(journal->log, len, note) : rc;
}

static enum err_code append(struct journal *journal, enum kind kind, struct octets first,
                            struct octets second, struct err_note *note)
{
    uint8_t plain[PLAIN_MAX];
    size_t len = 1 + first.len + second.len;
    assert(len <= sizeof plain);
    plain[0] = (uint8_t)kind;
    memcpy(plain + 1, first.at, first.len);
    if (second.len > 0) {
        memcpy(plain + 1 + first.len, second.at, second.len);
    }
    uint64_t number;
    enum err_code rc = begin(journal, len, note);
    if (rc == ERR_OK) {
        rc = log_add(journal->log, &number, octets_of(plain, len), note);
    }
    return rc == ERR_OK ? log_commit(journal->log, note) : rc;
}

/* What was written is found again when the journal is opened; here there is no room for it. */
static enum err_code kept(enum err_code rc, struct err_note *note)
{
    return rc == ERR_OK ? ERR_OK : err_note(note, rc, "written, but there is no memory to know it");
}

enum err_code journal_own_post(struct journal *journal, const struct post_id *id,
                               struct octets wire, struct err_note *note)
{
    assert(wire.len <= POST_WIRE_MAX);
    if (journal_is_own(journal, id)) {
        return ERR_OK;
    }
    enum err_code rc =
        append(journal, KIND_OWN_POST, octets_of(id->octets, POST_ID_LEN), wire, note);
    return rc == ERR_OK ? kept(journal_table_own(&journal->table, id, wire), note) : rc;
}

static enum err_code add_adopted(struct journal *journal, const struct journal_adopted *post,
                                 struct err_note *note)
{
    uint8_t plain[PLAIN_MAX];
    uint64_t number;
    plain[0] = KIND_OWN_POST;
    memcpy(plain + 1, post->id.octets, POST_ID_LEN);
    if (post->wire.len > 0) {
        memcpy(plain + 1 + POST_ID_LEN, post->wire.at, post->wire.len);
    }
    enum err_code rc =
        log_add(journal->log, &number, octets_of(plain, 1 + POST_ID_LEN + post->wire.len), note);
    if (rc == ERR_OK && post->sent_count > 0) {
        plain[0] = KIND_SENT;
        octets_put_u32be(plain + 1 + POST_ID_LEN, post->sent_count);
        rc = log_add(journal->log, &number, octets_of(plain, 1 + POST_ID_LEN + 4), note);
    }
    return rc;
}

/* What the batch wrote, into the table; a post that stands in it twice is one. */
static enum err_code take_adopted(struct journal *journal, const struct journal_adopted *post)
{
    enum err_code rc = journal_table_own(&journal->table, &post->id, post->wire);
    struct journal_own *own = journal_table_find(&journal->table, &post->id);
    if (rc == ERR_OK && own != NULL && post->sent_count > own->sent_count) {
        own->sent_count = post->sent_count;
    }
    return rc;
}

enum err_code journal_adopt(struct journal *journal, const struct journal_adopted *posts,
                            size_t posts_count, struct err_note *note)
{
    bool there[JOURNAL_ADOPTED_MAX];
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
    enum err_code rc = begin(journal, len, note);
    for (size_t i = 0; rc == ERR_OK && i < posts_count; i++) {
        rc = there[i] ? ERR_OK : add_adopted(journal, &posts[i], note);
    }
    rc = rc == ERR_OK ? log_commit(journal->log, note) : rc;
    for (size_t i = 0; rc == ERR_OK && i < posts_count; i++) {
        rc = there[i] ? ERR_OK : kept(take_adopted(journal, &posts[i]), note);
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
    if (peers_count <= own->sent_count) {
        return ERR_OK;
    }
    if (own->sent_count < SENT_WRITTEN_MAX) {
        uint8_t count[4];
        octets_put_u32be(count, peers_count);
        enum err_code rc = append(journal, KIND_SENT, octets_of(id->octets, POST_ID_LEN),
                                  octets_of(count, sizeof count), note);
        if (rc != ERR_OK) {
            return rc;
        }
    }
    own->sent_count = peers_count;
    return ERR_OK;
}

enum err_code journal_generation(struct journal *journal, uint64_t generation,
                                 struct err_note *note)
{
    return generation <= journal->generation ? ERR_OK
                                             : journal_vault(journal, generation, NULL, 0, note);
}

static enum err_code add_block(struct journal *journal, const struct journal_block *block,
                               uint64_t generation, struct err_note *note)
{
    uint8_t plain[1 + BLOCK_FIXED_LEN + BLOCK_LABEL_MAX];
    uint64_t number;
    assert(block->label.len <= BLOCK_LABEL_MAX);
    plain[0] = block->in_force ? KIND_BLOCK : KIND_UNBLOCK;
    memcpy(plain + 1, block->key.octets, KEY_LEN);
    octets_put_u64be(plain + 1 + KEY_LEN, generation);
    octets_put_u64be(plain + 1 + KEY_LEN + 8, block->at_s);
    octets_put_u64be(plain + 1 + KEY_LEN + 16, block->position);
    if (block->label.len > 0) {
        memcpy(plain + 1 + BLOCK_FIXED_LEN, block->label.at, block->label.len);
    }
    return log_add(journal->log, &number, octets_of(plain, 1 + BLOCK_FIXED_LEN + block->label.len),
                   note);
}

enum err_code journal_vault(struct journal *journal, uint64_t generation,
                            const struct journal_block *changes, size_t changes_count,
                            struct err_note *note)
{
    uint8_t plain[1 + 8] = {KIND_GENERATION};
    uint64_t number;
    octets_put_u64be(plain + 1, generation);
    size_t len = sizeof plain;
    for (size_t i = 0; i < changes_count; i++) {
        len += 1 + BLOCK_FIXED_LEN + changes[i].label.len;
    }
    enum err_code rc = begin(journal, len, note);
    for (size_t i = 0; rc == ERR_OK && i < changes_count; i++) {
        rc = add_block(journal, &changes[i], generation, note);
    }
    if (rc == ERR_OK) {
        rc = log_add(journal->log, &number, octets_of(plain, sizeof plain), note);
    }
    if (rc == ERR_OK) {
        rc = log_commit(journal->log, note);
    }
    if (rc == ERR_OK && generation > journal->generation) {
        journal->generation = generation;
    }
    return rc;
}

enum err_code journal_invite_used(struct journal *journal, const struct key *seed_public,
                                  const struct key *subject, struct err_note *note)
{
    bool by_subject = false;
    (void)journal_invite_uses(journal, &by_subject, seed_public, subject);
    if (by_subject) {
        return ERR_OK;
    }
    struct journal_use use = {.seed_public = *seed_public, .subject = *subject};
    enum err_code rc = append(journal, KIND_INVITE_USED, octets_of(seed_public->octets, KEY_LEN),
                              octets_of(subject->octets, KEY_LEN), note);
    return rc == ERR_OK ? kept(journal_table_use(&journal->table, &use), note) : rc;
}

uint64_t journal_generation_latest(const struct journal *journal)
{
    return journal->generation;
}

size_t journal_own_count(const struct journal *journal)
{
    return journal->table.own_count;
}

void journal_own_at(const struct journal *journal, struct post_id *id, struct octets *wire,
                    uint32_t *sent_count, size_t index)
{
    assert(index < journal->table.own_count);
    const struct journal_own *own = &journal->table.own[index];
    *id = own->id;
    *wire = octets_of(own->wire, own->wire_len);
    *sent_count = own->sent_count;
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
    uint32_t uses_count = 0;
    *by_subject = false;
    for (size_t i = 0; i < journal->table.uses_count; i++) {
        const struct journal_use *use = &journal->table.uses[i];
        if (key_equal(&use->seed_public, seed_public)) {
            uses_count++;
            *by_subject = *by_subject || key_equal(&use->subject, subject);
        }
    }
    return uses_count;
}
