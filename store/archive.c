#include "store/archive.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "store/archive_kept.h"
#include "store/seal.h"

#define LOG_FOLDER   "archive"
#define INDEX_FOLDER "archive.index"
#define KEPT_PATH    "archive/kept"
#define PLAIN_MAX    ((size_t)32 << 20)

struct archive {
    struct files *files; /* borrowed */
    struct store *store;
    struct key own;
    uint8_t *key; /* of the file kept, from sodium_malloc() */
    struct archive_kept kept;
    uint64_t missing_count;
    bool doubtful; /* what the file says may be something else: it is written before a post comes */
};

void archive_key(uint8_t out[ARCHIVE_KEY_LEN], const uint8_t home_part[32], const uint8_t seed[32])
{
    uint8_t part[SEAL_KEY_LEN];
    seal_derive(part, seed, "kithseed", 5);
    int rc = crypto_generichash(out, ARCHIVE_KEY_LEN, part, sizeof part, home_part, 32);
    assert(rc == 0);
    (void)rc;
    sodium_memzero(part, sizeof part);
}

/* ---- Why each post is here ---------------------------------------------------------------- */

static enum err_code kept_read(struct archive *archive, struct err_note *note)
{
    uint8_t *plain = NULL;
    size_t len = 0;
    enum err_code rc = seal_read(archive->files, &plain, &len, KEPT_PATH, SEAL_KEPT, archive->key,
                                 PLAIN_MAX, note);
    if (rc == ERR_NOT_FOUND) {
        /* It is written before the first post is. */
        return store_end(archive->store) == 0 ? ERR_OK : ERR_DAMAGED;
    }
    if (rc == ERR_OK) {
        rc = archive_kept_decode(&archive->kept, octets_of(plain, len));
        sodium_free(plain);
    }
    if (rc == ERR_OK) { /* it may have been put in place just before a crash */
        rc = archive->files->sync_dir(archive->files, LOG_FOLDER, note);
    }
    uint64_t end = store_end(archive->store);
    if (rc == ERR_OK && end < archive->kept.end) {
        archive->missing_count = archive->kept.end - end;
    }
    if (rc == ERR_OK) { /* or the file would speak of what comes there next */
        archive->doubtful = archive_kept_cut(&archive->kept, end);
    }
    return rc;
}

static enum err_code kept_write(struct archive *archive, struct err_note *note)
{
    archive->kept.end = (uint32_t)store_end(archive->store); /* it hands out no more */
    archive->kept.generation++;
    size_t len = archive_kept_len(&archive->kept);
    uint8_t *plain = malloc(len);
    if (plain == NULL) {
        archive->kept.generation--;
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    archive_kept_encode(plain, &archive->kept);
    bool replaced;
    enum err_code rc = seal_replace(archive->files, &replaced, KEPT_PATH, SEAL_KEPT, archive->key,
                                    octets_of(plain, len), note);
    archive->doubtful = rc != ERR_OK;
    archive->kept.generation -= rc == ERR_OK ? 0 : 1;
    sodium_memzero(plain, len);
    free(plain);
    return rc;
}

enum shelf_why archive_why(const struct archive *archive, uint64_t position, uint32_t *day)
{
    return archive_kept_why(&archive->kept, position, day);
}

/* What comes from here on comes for this reason; said before anything comes. */
static enum err_code kept_begin(struct archive *archive, const struct shelf_since *since,
                                struct err_note *note)
{
    struct archive_kept *kept = &archive->kept;
    const struct archive_stretch *last =
        kept->stretches_count == 0 ? NULL : &kept->stretches[kept->stretches_count - 1];
    if (last != NULL && last->since.kept == since->kept && last->since.day == since->day &&
        !archive->doubtful) {
        return ERR_OK;
    }
    struct archive_stretch before = {0};
    uint32_t before_count = kept->stretches_count;
    if (last != NULL) {
        before = *last;
    }
    if (archive_kept_begin(kept, store_end(archive->store), since) != ERR_OK) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    enum err_code rc = kept_write(archive, note);
    if (rc != ERR_OK) { /* it may be on the disk: nothing stands in that stretch */
        kept->stretches_count = before_count;
        if (before_count > 0) {
            kept->stretches[before_count - 1] = before;
        }
    }
    return rc;
}

uint64_t archive_floor(const struct archive *archive)
{
    return archive->kept.floor_s;
}

enum err_code archive_floor_set(struct archive *archive, uint64_t floor_s, struct err_note *note)
{
    uint64_t before_s = archive->kept.floor_s;
    archive->kept.floor_s = floor_s;
    enum err_code rc = kept_write(archive, note);
    if (rc != ERR_OK) {
        archive->kept.floor_s = before_s;
    }
    return rc;
}

struct store_left archive_state(const struct archive *archive)
{
    return (struct store_left){.floor_s = archive->kept.floor_s,
                               .generation = archive->kept.generation};
}

uint64_t archive_missing(const struct archive *archive)
{
    return archive->missing_count + store_stats(archive->store).quarantined_count;
}

enum err_code archive_beside(struct archive *archive, bool *anew, const struct store_left *left,
                             struct err_note *note)
{
    struct archive_kept *kept = &archive->kept;
    *anew = kept->floor_s < left->floor_s || kept->generation < left->generation;
    if (!*anew) {
        return ERR_OK;
    }
    if (store_end(archive->store) > 0) {
        return err_note(note, ERR_ROLLBACK, "the archive is older than the posts beside it");
    }
    uint64_t floor_s = kept->floor_s > left->floor_s ? kept->floor_s : left->floor_s;
    kept->generation = left->generation;
    return archive_floor_set(archive, floor_s, note); /* it was taken away */
}

/* ---- Opening ------------------------------------------------------------------------------ */

enum err_code archive_open(struct archive **archive, struct files *files,
                           const uint8_t key[ARCHIVE_KEY_LEN], const struct key *own,
                           struct err_note *note)
{
    const struct store_options options = {
        .kind = STORE_READ, .log_folder = LOG_FOLDER, .index_folder = INDEX_FOLDER, .lasting = own};
    struct archive *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    opened->files = files;
    opened->own = *own;
    enum err_code rc = store_open_with(&opened->store, files, key, &options, note);
    if (rc == ERR_OK) {
        opened->key = sodium_malloc(SEAL_KEY_LEN);
        rc = opened->key == NULL ? err_note(note, ERR_NO_MEMORY, "out of memory") : ERR_OK;
    }
    if (rc == ERR_OK) {
        seal_derive(opened->key, key, "kithkept", 1);
        rc = kept_read(opened, note);
    }
    if (rc != ERR_OK) {
        archive_close(opened);
        return rc == ERR_DAMAGED ? err_note(note, rc, "the archive is damaged") : rc;
    }
    *archive = opened;
    return ERR_OK;
}

void archive_close(struct archive *archive)
{
    if (archive == NULL) {
        return;
    }
    store_close(archive->store);
    sodium_free(archive->key);
    archive_kept_close(&archive->kept);
    free(archive);
}

struct store *archive_store(struct archive *archive)
{
    return archive->store;
}

/* ---- How long ----------------------------------------------------------------------------- */

/* What the store has still is not gone: a copy that left would be missed where it leads to context.
 */
void archive_release(struct archive *archive)
{
    struct store_left state = archive_state(archive);
    store_release(archive->store, &state);
}

uint64_t archive_bound(const struct archive *archive)
{
    return store_floor(archive->store);
}

bool archive_admits(const struct archive *archive, const struct post *post)
{
    return post->created_s >= archive_bound(archive) || key_equal(&post->author, &archive->own);
}

/* ---- Putting ------------------------------------------------------------------------------ */

static enum err_code raise_one(struct archive *archive, const struct post_id *id, uint32_t day,
                               struct err_note *note)
{
    uint64_t position = 0;
    uint32_t was_day;
    enum err_code rc = store_position(archive->store, &position, id, note);
    if (rc != ERR_OK) {
        return rc == ERR_NOT_FOUND ? ERR_OK : rc;
    }
    if (archive_why(archive, position, &was_day) == SHELF_ITSELF) {
        return ERR_OK;
    }
    if (archive_kept_raise(&archive->kept, (uint32_t)position, day) != ERR_OK) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    rc = kept_write(archive, note);
    if (rc != ERR_OK) {
        archive_kept_lower(&archive->kept, (uint32_t)position);
    }
    return rc;
}

enum err_code archive_put(struct archive *archive, const struct post *posts,
                          const struct octets *wires, size_t count, const struct shelf_since *since,
                          uint64_t now_s, struct err_note *note)
{
    enum store_put_result results[STORE_BATCH_MAX];
    enum err_code rc = kept_begin(archive, since, note);
    if (rc == ERR_OK) {
        rc = store_put(archive->store, results, posts, wires, count, now_s, note);
    }
    for (size_t i = 0; rc == ERR_OK && since->kept == SHELF_ITSELF && i < count; i++) {
        if (results[i] == STORE_THERE) {
            rc = raise_one(archive, &posts[i].id, since->day, note);
        }
    }
    return rc;
}

enum err_code archive_retract(struct archive *archive, const struct post *retract,
                              struct octets wire, uint64_t now_s, struct err_note *note)
{
    const struct post_id *subject = post_ref_of(retract, POST_SUBJECT);
    uint64_t position;
    enum err_code rc =
        subject == NULL ? ERR_NOT_FOUND : store_position(archive->store, &position, subject, note);
    if (rc != ERR_OK) {
        return rc == ERR_NOT_FOUND ? ERR_OK : rc;
    }
    enum store_put_result result;
    rc = archive->doubtful ? kept_write(archive, note) : ERR_OK;
    return rc == ERR_OK ? store_put(archive->store, &result, retract, &wire, 1, now_s, note) : rc;
}

/* ---- As the view reads it ----------------------------------------------------------------- */

static uint64_t shelf_floor(void *context)
{
    return archive_floor(context);
}

static uint64_t shelf_bound(void *context)
{
    return archive_bound(context);
}

static struct shelf_since shelf_since(void *context, uint64_t position)
{
    struct shelf_since since;
    since.kept = archive_why(context, position, &since.day);
    return since;
}

static enum err_code shelf_next(void *context, struct octets_room *wire, uint64_t *at,
                                uint64_t *position, struct err_note *note)
{
    return store_next(((struct archive *)context)->store, wire, at, position, note);
}

static enum err_code shelf_at(void *context, struct octets_room *wire, uint64_t at,
                              struct err_note *note)
{
    return store_at(((struct archive *)context)->store, wire, at, note);
}

static enum err_code shelf_body(void *context, struct octets_room *wire, const struct post_id *id,
                                struct err_note *note)
{
    return store_body(((struct archive *)context)->store, wire, id, note);
}

static enum err_code shelf_search(void *context, struct found *found, enum store_search search,
                                  struct octets folded, struct err_note *note)
{
    return store_search(((struct archive *)context)->store, found, search, folded, note);
}

struct shelf archive_shelf(struct archive *archive)
{
    return (struct shelf){.context = archive,
                          .floor_s = shelf_floor,
                          .bound_s = shelf_bound,
                          .since = shelf_since,
                          .next = shelf_next,
                          .at = shelf_at,
                          .body = shelf_body,
                          .search = shelf_search};
}
