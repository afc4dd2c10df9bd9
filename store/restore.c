#include "store/restore.h"

#include <sodium.h>
#include <stdlib.h>

#include "store/backup_kept.h"
#include "store/vault_backup.h"

#define OWN_FIXED_LEN (POST_ID_LEN + 4)
#define USE_LEN       (2 * (size_t)KEY_LEN)
#define BATCH_MAX     256
#define DAY_S         86400
#define PROGRESS_STEP 256 /* items */
/* Posts whose proofs are checked together. */
#define PROOFS_MAX    2048
#define PROOFS_OCTETS ((size_t)2 * 1024 * 1024)

static enum err_code open_file(struct backup_reader **reader, const struct restore_source *source,
                               struct err_note *note)
{
    uint8_t key[BACKUP_KEY_LEN];
    vault_backup_key(key, source->seed);
    enum err_code rc = backup_file_open(reader, source->files, source->path, key, note);
    sodium_memzero(key, sizeof key);
    return rc;
}

static void tell(const struct restore_source *source, const struct backup_reader *reader,
                 uint64_t items_count)
{
    if (source->progress != NULL && items_count % PROGRESS_STEP == 0) {
        source->progress(source->context, backup_file_permille(reader));
    }
}

/* ---- Checking ---- */

struct proofs {
    struct post posts[PROOFS_MAX]; /* borrow from octets */
    size_t count;
    size_t len;
    uint8_t octets[PROOFS_OCTETS];
};

struct check {
    const struct restore_source *source;
    struct proofs *proofs;
    struct restore_found found;
    uint8_t latest_kind;
    struct shelf_since latest_since;
    uint8_t *vault; /* the parts so far, from sodium_malloc() */
    size_t vault_len;
    size_t vault_cap;
    bool ended;
};

static enum err_code check_vault_part(struct check *check, struct octets part)
{
    if (part.len == 0 || part.len > BACKUP_VAULT_PART) {
        return ERR_DAMAGED;
    }
    if (check->vault_len + part.len > check->vault_cap) {
        size_t cap = (check->vault_len + part.len) * 2;
        uint8_t *grown = sodium_malloc(cap);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        if (check->vault_len > 0) {
            memcpy(grown, check->vault, check->vault_len);
        }
        sodium_free(check->vault);
        check->vault = grown;
        check->vault_cap = cap;
    }
    memcpy(check->vault + check->vault_len, part.at, part.len);
    check->vault_len += part.len;
    return ERR_OK;
}

/* Once the last part is there: whatever follows is judged by whose it is. */
static enum err_code check_vault(struct check *check, const uint8_t seed[32])
{
    if (check->found.copy != NULL) {
        return ERR_OK;
    }
    if (check->vault_len == 0) {
        return ERR_DAMAGED;
    }
    enum err_code rc = vault_unpack(&check->found.copy, octets_of(check->vault, check->vault_len));
    if (rc == ERR_OK && sodium_memcmp(vault_seed(check->found.copy), seed, 32) != 0) {
        rc = ERR_DAMAGED;
    }
    return rc;
}

static bool all_hold(const struct restore_source *source, const struct proofs *proofs)
{
    bool hold = true;
    if (source->verify != NULL) {
        return source->verify(source->context, proofs->posts, proofs->count);
    }
    for (size_t i = 0; i < proofs->count && hold; i++) {
        hold = post_verify(&proofs->posts[i]) == ERR_OK;
    }
    return hold;
}

static enum err_code check_proofs(struct check *check)
{
    bool hold = check->proofs->count == 0 || all_hold(check->source, check->proofs);
    check->proofs->count = 0;
    check->proofs->len = 0;
    return hold ? ERR_OK : ERR_DAMAGED;
}

/* Its proof is checked soon; *post is good until the next one. */
static enum err_code check_post(struct check *check, struct post *post, struct octets wire)
{
    struct proofs *proofs = check->proofs;
    enum err_code rc = ERR_OK;
    if (wire.len == 0 || wire.len > POST_WIRE_MAX) {
        return ERR_DAMAGED;
    }
    if (proofs->count == PROOFS_MAX || proofs->len + wire.len > PROOFS_OCTETS) {
        rc = check_proofs(check);
    }
    uint8_t *kept = proofs->octets + proofs->len;
    memcpy(kept, wire.at, wire.len);
    if (rc == ERR_OK && post_decode(post, octets_of(kept, wire.len)) != ERR_OK) {
        rc = ERR_DAMAGED;
    }
    if (rc == ERR_OK) {
        proofs->len += wire.len;
        proofs->posts[proofs->count++] = *post;
    }
    return rc;
}

static enum err_code check_own(struct check *check, struct octets item)
{
    if (item.len < OWN_FIXED_LEN) {
        return ERR_DAMAGED;
    }
    check->found.own_count++;
    if (item.len == OWN_FIXED_LEN) {
        return ERR_OK;
    }
    struct post post;
    struct post_id id;
    struct key own = vault_identity(check->found.copy);
    memcpy(id.octets, item.at, POST_ID_LEN);
    enum err_code rc =
        check_post(check, &post, octets_of(item.at + OWN_FIXED_LEN, item.len - OWN_FIXED_LEN));
    return rc == ERR_OK && (!post_id_equal(&post.id, &id) || !key_equal(&post.author, &own))
               ? ERR_DAMAGED
               : rc;
}

static enum err_code check_end(struct check *check, struct octets item)
{
    bool archived = check->found.head.archived;
    check->ended = item.len == (archived ? BACKUP_END_KEPT_LEN : BACKUP_END_LEN) &&
                   octets_get_u64be(item.at) == check->found.own_count &&
                   octets_get_u64be(item.at + 8) == check->found.posts_count &&
                   (!archived || octets_get_u64be(item.at + 16) == check->found.kept_count);
    return check->ended ? ERR_OK : ERR_DAMAGED;
}

static enum err_code check_other_post(struct check *check, struct octets item)
{
    struct post post;
    check->found.posts_count++;
    return check->found.head.all ? check_post(check, &post, item) : ERR_DAMAGED;
}

static enum err_code check_kept(struct check *check, struct octets item)
{
    struct post post;
    struct shelf_since since;
    check->found.kept_count++;
    if (!check->found.head.archived || !backup_kept_decode(&since, item) ||
        (check->found.kept_count > 1 && backup_kept_before(&since, &check->latest_since))) {
        return ERR_DAMAGED;
    }
    check->latest_since = since;
    struct octets wire = octets_of(item.at + BACKUP_KEPT_FIXED, item.len - BACKUP_KEPT_FIXED);
    enum err_code rc = check_post(check, &post, wire);
    return rc == ERR_OK && !backup_kept_goes_in(wire, NULL) ? ERR_DAMAGED : rc;
}

/* What comes before what; 0: no kind of this version. */
static unsigned rank_of(uint8_t kind)
{
    static const uint8_t kinds[] = {
        0,           BACKUP_HEAD, BACKUP_VAULT, BACKUP_OWN_POST, BACKUP_INVITE_USED,
        BACKUP_KEPT, BACKUP_POST, BACKUP_END};
    unsigned rank = sizeof kinds - 1;
    while (rank > 0 && kinds[rank] != kind) {
        rank--;
    }
    return rank;
}

static enum err_code check_item(struct check *check, uint8_t kind, struct octets item,
                                const uint8_t seed[32])
{
    enum err_code rc = ERR_OK;
    bool once = kind == BACKUP_HEAD || kind == BACKUP_END;
    if (rank_of(kind) < rank_of(check->latest_kind) || (once && kind == check->latest_kind) ||
        (check->latest_kind == 0 && kind != BACKUP_HEAD)) {
        return ERR_DAMAGED;
    }
    check->latest_kind = kind;
    if (rank_of(kind) > rank_of(BACKUP_VAULT)) {
        rc = check_vault(check, seed);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    switch (kind) {
    case BACKUP_HEAD:
        rc = backup_head_decode(&check->found.head, item);
        return rc == ERR_VERSION ? rc : rc == ERR_OK ? ERR_OK : ERR_DAMAGED;
    case BACKUP_VAULT:
        return check_vault_part(check, item);
    case BACKUP_OWN_POST:
        return check_own(check, item);
    case BACKUP_INVITE_USED:
        return item.len == USE_LEN ? ERR_OK : ERR_DAMAGED;
    case BACKUP_KEPT:
        return check_kept(check, item);
    case BACKUP_POST:
        return check_other_post(check, item);
    case BACKUP_END:
        return check_end(check, item);
    default:
        return ERR_DAMAGED;
    }
}

static enum err_code check_items(struct check *check, struct backup_reader *reader,
                                 struct err_note *note)
{
    uint64_t items_count = 0;
    enum err_code rc = ERR_OK;
    while (rc == ERR_OK) {
        uint8_t kind = 0;
        struct octets item = {0};
        rc = backup_file_next(reader, &kind, &item, note);
        rc = rc == ERR_OK ? check_item(check, kind, item, check->source->seed) : rc;
        tell(check->source, reader, items_count++);
    }
    if (rc == ERR_NOT_FOUND) {
        rc = check->ended ? check_proofs(check) : ERR_DAMAGED;
    }
    return rc;
}

enum err_code restore_check(struct restore_found *found, const struct restore_source *source,
                            struct err_note *note)
{
    struct backup_reader *reader = NULL;
    struct check check = {.source = source, .proofs = malloc(sizeof *check.proofs)};
    enum err_code rc = check.proofs == NULL ? err_note(note, ERR_NO_MEMORY, "out of memory")
                                            : open_file(&reader, source, note);
    if (rc == ERR_OK) {
        assert(check.proofs != NULL);
        check.proofs->count = 0;
        check.proofs->len = 0;
        rc = check_items(&check, reader, note);
        backup_file_close(reader);
    }
    free(check.proofs);
    sodium_free(check.vault);
    if (rc != ERR_OK) {
        vault_close(check.found.copy);
        return rc;
    }
    *found = check.found;
    return ERR_OK;
}

/* ---- Writing ---- */

struct item {
    uint32_t len;
    uint8_t octets[BACKUP_ITEM_MAX];
};

/* A batch of items of one kind, copied out of the reader. */
struct batch {
    uint8_t kind;
    struct shelf_since since; /* of all in it, where they are for the archive */
    bool whole;               /* the archive is to be as it was, context too */
    size_t count;
    struct item *items; /* BATCH_MAX */
    struct post posts[BATCH_MAX];
    struct octets wires[BATCH_MAX];
    enum store_put_result results[BATCH_MAX];
};

/* What left the log by age is lost with the archive, and the journal may know its id alone. */
static enum err_code shelve_own(const struct restore_target *target,
                                const struct journal_adopted *posts, size_t posts_count,
                                struct err_note *note)
{
    const struct shelf_since since = {.kept = SHELF_ITSELF,
                                      .day = (uint32_t)(archive_floor(target->archive) / DAY_S)};
    struct key own = vault_identity(target->vault);
    uint64_t floor_s = store_floor(target->store);
    enum err_code rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < posts_count; i++) {
        struct post post;
        enum store_fate fate = STORE_ABSENT;
        if (posts[i].wire.len == 0 || post_decode(&post, posts[i].wire) != ERR_OK ||
            post.created_s >= floor_s || post_stands(&post)) {
            continue;
        }
        rc = store_fate(target->store, &fate, &post.id, &own, note);
        if (rc == ERR_OK && (fate == STORE_LEFT || fate == STORE_ABSENT)) {
            rc =
                archive_put(target->archive, &post, &posts[i].wire, 1, &since, target->now_s, note);
        }
    }
    return rc;
}

/* What the journal let go because the log had it: that may be another log by now.  The store takes
 * what it lacks, and nothing that was taken back or has expired. */
struct let_go {
    size_t count;
    struct post posts[JOURNAL_ADOPTED_MAX];
    struct octets wires[JOURNAL_ADOPTED_MAX];
    enum store_put_result results[JOURNAL_ADOPTED_MAX];
};

static enum err_code store_own(const struct restore_target *target,
                               const struct journal_adopted *posts, const bool *known,
                               size_t posts_count, struct err_note *note)
{
    struct let_go *let_go = calloc(1, sizeof *let_go);
    if (let_go == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    uint64_t floor_s = store_floor(target->store);
    for (size_t i = 0; i < posts_count; i++) {
        struct post *post = &let_go->posts[let_go->count];
        if (known[i] && posts[i].wire.len > 0 && post_decode(post, posts[i].wire) == ERR_OK &&
            (post->created_s >= floor_s || post_stands(post))) {
            let_go->wires[let_go->count++] = posts[i].wire;
        }
    }
    enum err_code rc = ERR_OK;
    if (let_go->count > 0) {
        rc = store_put(target->store, let_go->results, let_go->posts, let_go->wires, let_go->count,
                       target->now_s, note);
    }
    free(let_go);
    return rc;
}

static enum err_code write_own(const struct restore_target *target, const struct batch *batch,
                               struct err_note *note)
{
    struct journal_adopted posts[JOURNAL_ADOPTED_MAX];
    bool known[JOURNAL_ADOPTED_MAX];
    enum err_code rc = ERR_OK;
    for (size_t at = 0; rc == ERR_OK && at < batch->count; at += JOURNAL_ADOPTED_MAX) {
        size_t count = 0;
        for (; count < JOURNAL_ADOPTED_MAX && at + count < batch->count; count++) {
            const struct item *item = &batch->items[at + count];
            struct journal_adopted *post = &posts[count];
            memcpy(post->id.octets, item->octets, POST_ID_LEN);
            post->sent_count = octets_get_u32be(item->octets + POST_ID_LEN);
            post->wire = octets_of(item->octets + OWN_FIXED_LEN, item->len - OWN_FIXED_LEN);
            known[count] = journal_is_own(target->journal, &post->id);
        }
        rc = journal_adopt(target->journal, posts, count, note);
        if (rc == ERR_OK && target->store != NULL && target->archive != NULL) {
            rc = shelve_own(target, posts, count, note);
        }
        if (rc == ERR_OK && target->store != NULL) {
            rc = store_own(target, posts, known, count, note);
        }
    }
    return rc;
}

static enum err_code write_uses(const struct restore_target *target, const struct batch *batch,
                                struct err_note *note)
{
    enum err_code rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < batch->count; i++) {
        struct key seed_public;
        struct key subject;
        memcpy(seed_public.octets, batch->items[i].octets, KEY_LEN);
        memcpy(subject.octets, batch->items[i].octets + KEY_LEN, KEY_LEN);
        rc = journal_invite_used(target->journal, &seed_public, &subject, note);
    }
    return rc;
}

static enum err_code decode_posts(struct batch *batch, size_t fixed_len)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct item *item = &batch->items[i];
        batch->wires[i] = octets_of(item->octets + fixed_len, item->len - fixed_len);
        if (post_decode(&batch->posts[i], batch->wires[i]) != ERR_OK) {
            return ERR_DAMAGED; /* it was checked: somebody changed the file meanwhile */
        }
    }
    return ERR_OK;
}

static enum err_code write_posts(const struct restore_target *target, struct batch *batch,
                                 struct err_note *note)
{
    enum err_code rc = decode_posts(batch, 0);
    return rc == ERR_OK ? store_put(target->store, batch->results, batch->posts, batch->wires,
                                    batch->count, target->now_s, note)
                        : rc;
}

static enum err_code write_kept(const struct restore_target *target, struct batch *batch,
                                struct err_note *note)
{
    if (batch->since.kept == SHELF_CONTEXT && !batch->whole) {
        return ERR_OK;
    }
    enum err_code rc = decode_posts(batch, BACKUP_KEPT_FIXED);
    return rc == ERR_OK ? archive_put(target->archive, batch->posts, batch->wires, batch->count,
                                      &batch->since, target->now_s, note)
                        : rc;
}

static enum err_code write_batch(const struct restore_target *target, struct batch *batch,
                                 struct err_note *note)
{
    enum err_code rc = ERR_OK;
    if (batch->count > 0 && batch->kind == BACKUP_OWN_POST) {
        rc = write_own(target, batch, note);
    } else if (batch->count > 0 && batch->kind == BACKUP_INVITE_USED) {
        rc = write_uses(target, batch, note);
    } else if (batch->count > 0 && batch->kind == BACKUP_KEPT) {
        rc = write_kept(target, batch, note);
    } else if (batch->count > 0 && batch->kind == BACKUP_POST) {
        rc = write_posts(target, batch, note);
    }
    batch->count = 0;
    return rc;
}

/* The lengths were checked; but between the two readings the file may have become another. */
static bool fits(uint8_t kind, size_t len)
{
    return kind == BACKUP_OWN_POST ? len >= OWN_FIXED_LEN && len - OWN_FIXED_LEN <= POST_WIRE_MAX
           : kind == BACKUP_INVITE_USED ? len == USE_LEN
           : kind == BACKUP_KEPT        ? len >= BACKUP_KEPT_FIXED
                                        : true;
}

static bool is_wanted(const struct restore_target *target, uint8_t kind)
{
    return kind == BACKUP_OWN_POST || kind == BACKUP_INVITE_USED ||
           (kind == BACKUP_KEPT && target->archive != NULL) ||
           (kind == BACKUP_POST && target->store != NULL);
}

static enum err_code add_item(const struct restore_target *target, struct batch *batch,
                              uint8_t kind, struct octets octets, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    struct shelf_since since = batch->since;
    assert(batch->items != NULL);
    if (!fits(kind, octets.len) || (kind == BACKUP_KEPT && !backup_kept_decode(&since, octets))) {
        return ERR_DAMAGED;
    }
    if (batch->count == BATCH_MAX || batch->kind != kind || since.kept != batch->since.kept ||
        since.day != batch->since.day) {
        rc = write_batch(target, batch, note);
    }
    batch->kind = kind;
    batch->since = since;
    if (rc == ERR_OK && is_wanted(target, kind)) {
        struct item *item = &batch->items[batch->count++];
        item->len = (uint32_t)octets.len;
        memcpy(item->octets, octets.at, octets.len);
    }
    return rc;
}

static enum err_code write_posts_all(const struct restore_target *target,
                                     const struct restore_source *source, struct batch *batch,
                                     struct err_note *note)
{
    struct backup_reader *reader = NULL;
    uint64_t items_count = 0;
    enum err_code rc = open_file(&reader, source, note);
    while (rc == ERR_OK) {
        uint8_t kind = 0;
        struct octets octets = {0};
        rc = backup_file_next(reader, &kind, &octets, note);
        rc = rc == ERR_OK ? add_item(target, batch, kind, octets, note) : rc;
        tell(source, reader, items_count++);
    }
    backup_file_close(reader);
    return rc == ERR_NOT_FOUND ? write_batch(target, batch, note) : rc;
}

static enum err_code merge(const struct restore_target *target, const struct restore_found *found,
                           struct err_note *note)
{
    enum err_code rc = vault_merge(target->vault, found->copy);
    if (rc == ERR_OK) {
        vault_clock(target->vault, target->now_s);
        rc = vault_commit(target->vault, note);
    } else {
        vault_discard(target->vault);
    }
    if (rc == ERR_OK) {
        vault_keep_copy(target->vault);
    }
    return rc;
}

/* Beside posts that came by themselves, nobody could say any more which of hers would have kept
 * what is context alone.  That goes first: so a restore that was cut off finds the same again. */
static enum err_code begin_archive(const struct restore_target *target,
                                   const struct restore_found *found, bool *whole,
                                   struct err_note *note)
{
    struct store *archive = archive_store(target->archive);
    bool alone = target->store == NULL || store_end(target->store) == 0;
    for (uint64_t position = 0; alone && position < store_end(archive); position++) {
        uint32_t day;
        alone = archive_why(target->archive, position, &day) == SHELF_CONTEXT;
    }
    *whole = alone;
    return alone && found->head.floor_s > archive_floor(target->archive)
               ? archive_floor_set(target->archive, found->head.floor_s, note)
               : ERR_OK;
}

enum err_code restore_write(const struct restore_target *target, const struct restore_found *found,
                            const struct restore_source *source, struct err_note *note)
{
    struct batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    batch->items = malloc(BATCH_MAX * sizeof *batch->items);
    enum err_code rc = batch->items != NULL ? merge(target, found, note)
                                            : err_note(note, ERR_NO_MEMORY, "out of memory");
    if (rc == ERR_OK && target->archive != NULL && found->head.archived) {
        rc = begin_archive(target, found, &batch->whole, note);
    }
    rc = rc == ERR_OK ? write_posts_all(target, source, batch, note) : rc;
    if (rc == ERR_OK && batch->whole && target->store != NULL) {
        /* Once all is in it that is above the archive's. */
        rc = store_raise(target->store, found->head.store_floor_s, note);
    }
    free(batch->items);
    free(batch);
    return rc;
}
