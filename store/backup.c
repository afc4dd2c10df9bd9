#include "store/backup.h"

#include <sodium.h>
#include <stdlib.h>

#include "proto/canon.h"
#include "store/backup_kept.h"
#include "store/trimming.h"
#include "store/vault_backup.h"

#define VERSION          1
#define VERSION_ARCHIVED 2 /* older programs would bring back less than there is */
#define FIELDS_COUNT     3
#define FIELDS_ARCHIVED  5
#define STEP_ITEMS       256

enum stage { STAGE_OWN, STAGE_USES, STAGE_KEPT, STAGE_POSTS, STAGE_END, STAGE_DONE };

struct backup {
    struct backup_source source;
    struct backup_writer *writer;
    enum stage stage;
    size_t own_at;
    size_t own_end;
    size_t use_at;
    size_t use_end;
    uint64_t position;
    uint64_t end; /* of the store, when this began */
    uint64_t posts_count;
    struct backup_kept kept;
    size_t kept_at;
    uint64_t kept_count;
    uint8_t *wire; /* POST_WIRE_MAX */
};

size_t backup_head_encode(uint8_t out[BACKUP_HEAD_MAX], const struct backup_head *head)
{
    struct canon_writer w = canon_writer_of(out, BACKUP_HEAD_MAX);
    canon_write_array(&w, head->archived ? FIELDS_ARCHIVED : FIELDS_COUNT);
    canon_write_uint(&w, head->archived ? VERSION_ARCHIVED : VERSION);
    canon_write_uint(&w, head->made_s);
    canon_write_bool(&w, head->all);
    if (head->archived) {
        canon_write_uint(&w, head->floor_s);
        canon_write_uint(&w, head->store_floor_s);
    }
    return canon_written(&w).len;
}

enum err_code backup_head_decode(struct backup_head *head, struct octets octets)
{
    struct canon_reader r = canon_reader_of(octets);
    struct backup_head found = {.made_s = 0};
    uint32_t count = 0;
    uint64_t version = 0;
    enum err_code rc = canon_read_array(&r, &count, UINT32_MAX);
    rc = rc == ERR_OK ? canon_read_uint(&r, &version, UINT64_MAX) : rc;
    if (rc == ERR_OK && version > VERSION_ARCHIVED) {
        return ERR_VERSION;
    }
    found.archived = version == VERSION_ARCHIVED;
    rc = rc == ERR_OK ? canon_read_uint(&r, &found.made_s, UINT64_MAX) : rc;
    rc = rc == ERR_OK ? canon_read_bool(&r, &found.all) : rc;
    if (rc == ERR_OK && found.archived) {
        rc = canon_read_uint(&r, &found.floor_s, UINT64_MAX);
        rc = rc == ERR_OK ? canon_read_uint(&r, &found.store_floor_s, UINT64_MAX) : rc;
    }
    rc = rc == ERR_OK ? canon_end(&r) : rc;
    if (rc != ERR_OK || version < VERSION ||
        count != (found.archived ? FIELDS_ARCHIVED : FIELDS_COUNT) ||
        (found.archived && !found.all)) {
        return ERR_MALFORMED;
    }
    *head = found;
    return ERR_OK;
}

static struct octets nothing(void)
{
    return octets_of(NULL, 0);
}

static enum err_code add_vault(struct backup *backup, struct err_note *note)
{
    uint8_t *plain = NULL;
    size_t len = 0;
    enum err_code rc = vault_pack(&plain, &len, backup->source.vault);
    if (rc != ERR_OK) {
        return err_note(note, rc, "preparing the vault");
    }
    for (size_t at = 0; rc == ERR_OK && at < len; at += BACKUP_VAULT_PART) {
        size_t part = len - at < BACKUP_VAULT_PART ? len - at : BACKUP_VAULT_PART;
        rc = backup_file_add(backup->writer, BACKUP_VAULT, octets_of(plain + at, part), nothing(),
                             note);
    }
    sodium_free(plain);
    return rc;
}

static enum err_code write_begin(struct backup *backup, struct files *files, const char *path,
                                 bool replace, struct err_note *note)
{
    uint8_t head[BACKUP_HEAD_MAX];
    uint8_t key[BACKUP_KEY_LEN];
    size_t head_len = backup_head_encode(head, &backup->source.head);
    vault_backup_key(key, vault_seed(backup->source.vault));
    enum err_code rc = backup_file_create(&backup->writer, files, path, key, replace, note);
    sodium_memzero(key, sizeof key);
    if (rc == ERR_OK) {
        rc = backup_file_add(backup->writer, BACKUP_HEAD, octets_of(head, head_len), nothing(),
                             note);
    }
    return rc == ERR_OK ? add_vault(backup, note) : rc;
}

enum err_code backup_begin(struct backup **backup, struct files *files, const char *path,
                           const struct backup_source *source, bool replace, struct err_note *note)
{
    assert(source->store != NULL || !source->head.all);
    struct backup *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    made->source = *source;
    made->own_end = journal_own_count(source->journal);
    made->use_end = journal_uses_count(source->journal);
    made->end = source->head.all ? store_end(source->store) : 0;
    made->source.head.archived = source->head.all && source->archive != NULL;
    enum err_code rc = ERR_OK;
    if (made->source.head.archived) {
        made->source.head.floor_s = archive_floor(source->archive);
        made->source.head.store_floor_s = store_floor(source->store);
        rc = backup_kept_list(&made->kept, source->archive);
    }
    made->wire = malloc(POST_WIRE_MAX);
    rc = rc == ERR_OK && made->wire != NULL ? write_begin(made, files, path, replace, note)
                                            : err_note(note, ERR_NO_MEMORY, "out of memory");
    if (rc != ERR_OK) {
        backup_close(made);
        return rc;
    }
    *backup = made;
    return ERR_OK;
}

/* From the journal, or where that has the id alone from the store or the archive; of what is
 * nowhere the id. */
static enum err_code own_wire(struct backup *backup, struct octets_room *wire,
                              const struct post_id *id, struct err_note *note)
{
    struct err_note why = {{0}};
    enum err_code rc = journal_own_wire(backup->source.journal, wire, backup->own_at, &why);
    if (rc == ERR_NOT_FOUND && backup->source.store != NULL) {
        rc = store_body(backup->source.store, wire, id, &why);
        rc = rc == ERR_DAMAGED ? ERR_NOT_FOUND : rc;
    }
    if (rc == ERR_NOT_FOUND && backup->source.archive != NULL) {
        rc = store_body(archive_store(backup->source.archive), wire, id, &why);
        rc = rc == ERR_DAMAGED ? ERR_NOT_FOUND : rc;
    }
    if (rc == ERR_NOT_FOUND) {
        wire->len = 0;
        return ERR_OK;
    }
    return rc == ERR_OK ? rc : err_note(note, rc, "%s", why.text);
}

static enum err_code add_own(struct backup *backup, struct err_note *note)
{
    uint8_t fixed[POST_ID_LEN + 4];
    struct octets_room wire = {.at = backup->wire, .cap = POST_WIRE_MAX};
    if (backup->own_at == backup->own_end) {
        backup->stage = STAGE_USES;
        return ERR_OK;
    }
    struct journal_post post = journal_own_at(backup->source.journal, backup->own_at);
    enum err_code rc = own_wire(backup, &wire, &post.id, note);
    if (rc != ERR_OK) {
        return rc;
    }
    backup->own_at++;
    /* What is kept and the journal lets go was handed to as many. */
    uint32_t sent_count = post.has_wire || wire.len == 0 ? post.sent_count : TRIMMING_PEERS;
    memcpy(fixed, post.id.octets, POST_ID_LEN);
    octets_put_u32be(fixed + POST_ID_LEN, sent_count);
    return backup_file_add(backup->writer, BACKUP_OWN_POST, octets_of(fixed, sizeof fixed),
                           octets_of(wire.at, wire.len), note);
}

static enum err_code add_use(struct backup *backup, struct err_note *note)
{
    struct key seed_public;
    struct key subject;
    if (backup->use_at == backup->use_end) {
        backup->stage = backup->source.head.all ? STAGE_KEPT : STAGE_END;
        return ERR_OK;
    }
    journal_use_at(backup->source.journal, &seed_public, &subject, backup->use_at++);
    return backup_file_add(backup->writer, BACKUP_INVITE_USED,
                           octets_of(seed_public.octets, KEY_LEN),
                           octets_of(subject.octets, KEY_LEN), note);
}

static enum err_code add_kept(struct backup *backup, struct err_note *note)
{
    struct octets_room wire = {.at = backup->wire, .cap = POST_WIRE_MAX};
    uint8_t fixed[BACKUP_KEPT_FIXED];
    if (backup->kept_at == backup->kept.count) {
        backup->stage = STAGE_POSTS;
        return ERR_OK;
    }
    const struct backup_kept_entry *entry = &backup->kept.entries[backup->kept_at];
    struct err_note why = {{0}};
    enum err_code rc =
        store_at(archive_store(backup->source.archive), &wire, entry->position, &why);
    if (rc == ERR_NOT_FOUND || rc == ERR_DAMAGED) {
        backup->kept_at++; /* taken back, expired, or damaged, which the log of the node says */
        return ERR_OK;
    }
    if (rc != ERR_OK) {
        return err_note(note, rc, "%s", why.text);
    }
    backup->kept_at++;
    struct octets octets = octets_of(wire.at, wire.len);
    if (!backup_kept_goes_in(octets, backup->source.archive)) {
        return ERR_OK;
    }
    backup->kept_count++;
    fixed[0] = (uint8_t)entry->since.kept;
    octets_put_u32be(fixed + 1, entry->since.day);
    return backup_file_add(backup->writer, BACKUP_KEPT, octets_of(fixed, sizeof fixed), octets,
                           note);
}

static enum err_code add_post(struct backup *backup, struct err_note *note)
{
    struct octets_room wire = {.at = backup->wire, .cap = POST_WIRE_MAX};
    uint64_t at = 0;
    enum err_code rc = store_next(backup->source.store, &wire, &at, &backup->position, note);
    if (rc == ERR_NOT_FOUND || (rc == ERR_OK && at >= backup->end)) {
        backup->stage = STAGE_END;
        return ERR_OK;
    }
    if (rc == ERR_OK) {
        backup->posts_count++;
        rc = backup_file_add(backup->writer, BACKUP_POST, octets_of(wire.at, wire.len), nothing(),
                             note);
    }
    return rc;
}

static enum err_code add_end(struct backup *backup, struct err_note *note)
{
    uint8_t counts[BACKUP_END_KEPT_LEN];
    octets_put_u64be(counts, backup->own_end);
    octets_put_u64be(counts + 8, backup->posts_count);
    octets_put_u64be(counts + 16, backup->kept_count);
    size_t len = backup->source.head.archived ? BACKUP_END_KEPT_LEN : BACKUP_END_LEN;
    enum err_code rc =
        backup_file_add(backup->writer, BACKUP_END, octets_of(counts, len), nothing(), note);
    backup->stage = STAGE_DONE;
    return rc == ERR_OK ? backup_file_finish(backup->writer, note) : rc;
}

enum err_code backup_step(struct backup *backup, bool *done, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < STEP_ITEMS && backup->stage != STAGE_DONE; i++) {
        switch (backup->stage) {
        case STAGE_OWN:
            rc = add_own(backup, note);
            break;
        case STAGE_USES:
            rc = add_use(backup, note);
            break;
        case STAGE_KEPT:
            rc = add_kept(backup, note);
            break;
        case STAGE_POSTS:
            rc = add_post(backup, note);
            break;
        case STAGE_END:
            rc = add_end(backup, note);
            break;
        case STAGE_DONE:
            break;
        }
    }
    *done = rc == ERR_OK && backup->stage == STAGE_DONE;
    return rc;
}

struct backup_counts backup_counts(const struct backup *backup)
{
    uint64_t done = backup->own_at + backup->kept_at + backup->position;
    uint64_t all = backup->own_end + backup->kept.count + backup->end;
    return (struct backup_counts){.own_count = backup->own_at,
                                  .posts_count = backup->posts_count,
                                  .kept_count = backup->kept_count,
                                  .percent = done < all ? (unsigned)(done * 100 / all) : 100};
}

void backup_close(struct backup *backup)
{
    if (backup == NULL) {
        return;
    }
    backup_file_abandon(backup->writer);
    backup_kept_close(&backup->kept);
    free(backup->wire);
    free(backup);
}
