#include "store/archive.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#include "store/seal.h"

#define LOG_FOLDER   "archive"
#define INDEX_FOLDER "archive.index"
#define KEPT_PATH    "archive/kept"
#define MAGIC_LEN    5
#define HEAD_LEN     (MAGIC_LEN + 8 + 4 + 4)
#define STRETCH_LEN  9
#define RAISED_LEN   8
#define COUNT_MAX    ((uint32_t)1 << 20)
#define PLAIN_MAX    ((size_t)32 << 20)
#define GROW_MIN     16

static const uint8_t magic[MAGIC_LEN] = {'k', 'e', 'p', 't', 1};

/* From position first on, up to the next stretch, posts are here for this reason. */
struct stretch {
    uint32_t first;
    struct shelf_since since;
};

/* A post that came for another reason and is kept for itself since. */
struct raised {
    uint32_t position;
    uint32_t day;
};

struct kept {
    uint64_t floor_s;
    struct stretch *stretches; /* ascending */
    uint32_t stretches_count, stretches_cap;
    struct raised *raised;
    uint32_t raised_count, raised_cap;
};

struct archive {
    struct files *files; /* borrowed */
    struct store *store;
    uint8_t *key; /* of the file kept, from sodium_malloc() */
    struct kept kept;
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

static enum err_code kept_reserve(struct kept *kept, uint32_t stretches, uint32_t raised)
{
    if (stretches > kept->stretches_cap) {
        uint32_t cap = stretches * 2 + GROW_MIN;
        struct stretch *grown = realloc(kept->stretches, cap * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        kept->stretches = grown;
        kept->stretches_cap = cap;
    }
    if (raised > kept->raised_cap) {
        uint32_t cap = raised * 2 + GROW_MIN;
        struct raised *grown = realloc(kept->raised, cap * sizeof *grown);
        if (grown == NULL) {
            return ERR_NO_MEMORY;
        }
        kept->raised = grown;
        kept->raised_cap = cap;
    }
    return ERR_OK;
}

static enum err_code kept_decode(struct kept *kept, const uint8_t *at, size_t len)
{
    if (len < HEAD_LEN || memcmp(at, magic, MAGIC_LEN) != 0) {
        return ERR_DAMAGED;
    }
    uint32_t stretches = octets_get_u32be(at + MAGIC_LEN + 8);
    uint32_t raised = octets_get_u32be(at + MAGIC_LEN + 12);
    if (stretches > COUNT_MAX || raised > COUNT_MAX ||
        len != HEAD_LEN + (size_t)stretches * STRETCH_LEN + (size_t)raised * RAISED_LEN) {
        return ERR_DAMAGED;
    }
    if (kept_reserve(kept, stretches, raised) != ERR_OK) {
        return ERR_NO_MEMORY;
    }
    kept->floor_s = octets_get_u64be(at + MAGIC_LEN);
    at += HEAD_LEN;
    for (; kept->stretches_count < stretches; at += STRETCH_LEN) {
        struct stretch *stretch = &kept->stretches[kept->stretches_count++];
        *stretch = (struct stretch){
            .first = octets_get_u32be(at),
            .since = {.kept = (enum shelf_why)at[4], .day = octets_get_u32be(at + 5)}};
        bool ascends = kept->stretches_count < 2 || stretch[-1].first < stretch->first;
        if (at[4] < SHELF_ITSELF || at[4] > SHELF_CONTEXT || !ascends) {
            return ERR_DAMAGED;
        }
    }
    for (; kept->raised_count < raised; at += RAISED_LEN) {
        kept->raised[kept->raised_count++] =
            (struct raised){.position = octets_get_u32be(at), .day = octets_get_u32be(at + 4)};
    }
    return ERR_OK;
}

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
        rc = kept_decode(&archive->kept, plain, len);
        sodium_free(plain);
    }
    return rc;
}

static enum err_code kept_write(struct archive *archive, struct err_note *note)
{
    const struct kept *kept = &archive->kept;
    size_t len = HEAD_LEN + (size_t)kept->stretches_count * STRETCH_LEN +
                 (size_t)kept->raised_count * RAISED_LEN;
    uint8_t *plain = malloc(len);
    if (plain == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    memcpy(plain, magic, MAGIC_LEN);
    octets_put_u64be(plain + MAGIC_LEN, kept->floor_s);
    octets_put_u32be(plain + MAGIC_LEN + 8, kept->stretches_count);
    octets_put_u32be(plain + MAGIC_LEN + 12, kept->raised_count);
    uint8_t *at = plain + HEAD_LEN;
    for (uint32_t i = 0; i < kept->stretches_count; i++, at += STRETCH_LEN) {
        octets_put_u32be(at, kept->stretches[i].first);
        at[4] = (uint8_t)kept->stretches[i].since.kept;
        octets_put_u32be(at + 5, kept->stretches[i].since.day);
    }
    for (uint32_t i = 0; i < kept->raised_count; i++, at += RAISED_LEN) {
        octets_put_u32be(at, kept->raised[i].position);
        octets_put_u32be(at + 4, kept->raised[i].day);
    }
    bool replaced;
    enum err_code rc = seal_replace(archive->files, &replaced, KEPT_PATH, SEAL_KEPT, archive->key,
                                    octets_of(plain, len), note);
    sodium_memzero(plain, len);
    free(plain);
    return rc;
}

static const struct stretch *stretch_of(const struct kept *kept, uint64_t position)
{
    uint32_t low = 0;
    uint32_t high = kept->stretches_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (kept->stretches[middle].first <= position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? NULL : &kept->stretches[low - 1];
}

enum shelf_why archive_why(const struct archive *archive, uint64_t position, uint32_t *day)
{
    const struct kept *kept = &archive->kept;
    for (uint32_t i = 0; i < kept->raised_count; i++) {
        if (kept->raised[i].position == position) {
            *day = kept->raised[i].day;
            return SHELF_ITSELF;
        }
    }
    const struct stretch *stretch = stretch_of(kept, position);
    *day = stretch == NULL ? 0 : stretch->since.day;
    return stretch == NULL ? SHELF_NOT : stretch->since.kept;
}

/* What comes from here on comes for this reason; said before anything comes. */
static enum err_code kept_begin(struct archive *archive, const struct shelf_since *since,
                                struct err_note *note)
{
    struct kept *kept = &archive->kept;
    uint64_t first = store_end(archive->store);
    const struct stretch *last =
        kept->stretches_count == 0 ? NULL : &kept->stretches[kept->stretches_count - 1];
    if (last != NULL && last->since.kept == since->kept && last->since.day == since->day) {
        return ERR_OK;
    }
    if (first > UINT32_MAX || kept->stretches_count >= COUNT_MAX ||
        kept_reserve(kept, kept->stretches_count + 1, 0) != ERR_OK) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    struct stretch before = {0};
    bool anew =
        kept->stretches_count == 0 || kept->stretches[kept->stretches_count - 1].first < first;
    kept->stretches_count += anew ? 1 : 0;
    struct stretch *stretch = &kept->stretches[kept->stretches_count - 1];
    before = *stretch;
    *stretch = (struct stretch){.first = (uint32_t)first, .since = *since};
    enum err_code rc = kept_write(archive, note);
    if (rc != ERR_OK) { /* it may be on the disk: nothing stands in that stretch */
        *stretch = before;
        kept->stretches_count -= anew ? 1 : 0;
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

/* ---- Opening ------------------------------------------------------------------------------ */

enum err_code archive_open(struct archive **archive, struct files *files,
                           const uint8_t key[ARCHIVE_KEY_LEN], struct err_note *note)
{
    const struct store_options options = {
        .kind = STORE_READ, .log_folder = LOG_FOLDER, .index_folder = INDEX_FOLDER};
    struct archive *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    opened->files = files;
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
    free(archive->kept.stretches);
    free(archive->kept.raised);
    free(archive);
}

struct store *archive_store(struct archive *archive)
{
    return archive->store;
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
    struct kept *kept = &archive->kept;
    if (kept->raised_count >= COUNT_MAX ||
        kept_reserve(kept, 0, kept->raised_count + 1) != ERR_OK) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    kept->raised[kept->raised_count++] =
        (struct raised){.position = (uint32_t)position, .day = day};
    rc = kept_write(archive, note);
    kept->raised_count -= rc == ERR_OK ? 0 : 1;
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
    return store_put(archive->store, &result, retract, &wire, 1, now_s, note);
}

/* ---- As the view reads it ----------------------------------------------------------------- */

static uint64_t shelf_floor(void *context)
{
    return archive_floor(context);
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
                          .since = shelf_since,
                          .next = shelf_next,
                          .at = shelf_at,
                          .body = shelf_body,
                          .search = shelf_search};
}
