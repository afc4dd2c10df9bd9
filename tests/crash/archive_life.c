#include "tests/crash/archive_life.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/view_check.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define DAY_S     86400
#define BEGIN_S   (UINT64_C(19000) * DAY_S + 7200)
#define ROUND_S   (3 * (uint64_t)DAY_S)
#define KEEP_S    (12 * (uint64_t)DAY_S)
#define ARCHIVE_S (30 * (uint64_t)DAY_S)
#define BATCH_MAX 8

static struct posts posts;
static struct person her, ana, cem, dana, eli, fay;
char book_where[2][160];

void book_failed(const char *what, uint64_t number, const char *note)
{
    (void)fprintf(stderr, "crash of an archive: %s: %" PRIu64 "\n  %s\n  %s\n  %s\n", what, number,
                  book_where[0], book_where[1], note);
    exit(1);
}

static uint64_t draw(struct book *book, uint64_t below)
{
    book->random = book->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (book->random >> 33) % below;
}

/* ---- The home ----------------------------------------------------------------------------- */

static enum err_code open_archive(struct bare_home *place, const uint8_t home_key[HOME_KEY_LEN],
                                  struct err_note *note)
{
    uint8_t part[HOME_KEY_LEN];
    uint8_t key[ARCHIVE_KEY_LEN];
    home_key_derive(part, home_key, HOME_KEY_ARCHIVE);
    archive_key(key, part, vault_seed(place->vault));
    struct key own = vault_identity(place->vault);
    return archive_open(&place->archive, place->files, key, &own, note);
}

enum err_code place_open(struct bare_home *place, struct err_note *note)
{
    uint8_t home_key[HOME_KEY_LEN];
    uint8_t key[HOME_KEY_LEN];
    struct store_options options = {.kind = STORE_READ, .table_max = 64};
    enum err_code rc = home_key_open(home_key, place->files, octets_of(NULL, 0), note);
    if (rc == ERR_OK) {
        home_key_derive(key, home_key, HOME_KEY_JOURNAL);
        rc = journal_open(&place->journal, place->files, key, note);
    }
    rc =
        rc == ERR_OK ? vault_open(&place->vault, place->files, home_key, place->journal, note) : rc;
    if (rc == ERR_OK) {
        home_key_derive(key, home_key, HOME_KEY_STORE);
        rc = store_open_with(&place->store, place->files, key, &options, note);
    }
    rc = rc == ERR_OK ? open_archive(place, home_key, note) : rc;
    if (rc == ERR_OK) {
        struct store_left left = store_left(place->store);
        bool anew = false;
        rc = archive_beside(place->archive, &anew, &left, note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    store_retain(archive_store(place->archive),
                 &(struct store_retention_rules){.keep_s = ARCHIVE_S, .capped = true});
    struct key own = vault_identity(place->vault);
    return bare_home_show(place, &own, vault_contents(place->vault), KEEP_S, note);
}

/* ---- What has to hold --------------------------------------------------------------------- */

/* Posts of a batch are of one day: what they refer to lies on the same side. */
static bool is_below(const struct post *post, uint64_t bound_s)
{
    return post->created_s < bound_s;
}

static bool is_owed(const struct book *book, size_t i)
{
    uint64_t now_s = archive_bound(book->place.archive);
    struct post post = posts_decoded(&posts, i);
    return book->fates[i] == OWED &&
           !is_below(&post, now_s > book->bound_s ? now_s : book->bound_s);
}

static bool is_listed_as_hers(const struct book *book, size_t i)
{
    struct err_note note = {{0}};
    struct view_page page;
    struct view_query query = {
        .what = VIEW_OWN, .reach = VIEW_ALL, .id = posts.ids[i], .limit = 1, .now_s = book->now_s};
    return view_query(book->place.view, &page, &query, &note) == ERR_OK;
}

static void check_bound(const struct book *book, size_t i, bool shown)
{
    struct post post = posts_decoded(&posts, i);
    bool hers = key_equal(&post.author, &her.key);
    if (!is_below(&post, archive_bound(book->place.archive))) {
        return;
    }
    if (shown) { /* of hers there are echoes alone */
        book_failed("shown, although below the bound, or what it repeats is", i, "");
    }
    if (hers && book->missing_count == NULL && !is_listed_as_hers(book, i)) {
        book_failed("hers, and left the archive", i, "");
    }
}

static void check_post(const struct book *book, size_t i)
{
    struct err_note note = {{0}};
    struct view_page page;
    struct view_query query = {
        .what = VIEW_SHOW, .reach = VIEW_ALL, .id = posts.ids[i], .limit = 1, .now_s = book->now_s};
    bool shown = view_visible(book->place.view, &posts.ids[i], VIEW_ALL, book->now_s);
    if (is_owed(book, i) && !shown && book->missing_count == NULL) {
        book_failed("what is hers to keep is not shown", i, "");
    }
    check_bound(book, i, shown);
    if ((book->fates[i] == TAKEN_BACK || book->fates[i] == NONE) && shown) {
        book_failed("shown, although taken back or never put", i, "");
    }
    if (book->is_fays[i] && shown && book->blocked && book->blocked_next) {
        book_failed("a post of somebody blocked is shown", i, "");
    }
    if (shown && i % 3 == 0 && book->missing_count == NULL &&
        view_query(book->place.view, &page, &query, &note) != ERR_OK) {
        book_failed("shown, and cannot be read", i, note.text);
    }
}

/* Nothing twice, and all of it something that was put. */
static void check_export(const struct book *book)
{
    struct err_note note = {{0}};
    struct view_export walk = {.reach = VIEW_ALL};
    static bool met[LIFE_POSTS_MAX];
    struct octets wire;
    memset(met, 0, sizeof met);
    enum err_code rc;
    while ((rc = view_export_next(book->place.view, &wire, &walk, book->now_s, &note)) == ERR_OK) {
        size_t i = 0;
        while (i < posts.count && !octets_equal(posts.wires[i], wire)) {
            i++;
        }
        if (i == posts.count || met[i]) {
            book_failed("a post comes twice, or was never put", i, "");
        }
        met[i] = true;
    }
    if (rc != ERR_NOT_FOUND) {
        book_failed("it cannot be read to its end", 0, note.text);
    }
    for (size_t i = 0; i < posts.count; i++) {
        bool lacks = is_owed(book, i) && !met[i];
        if (lacks && book->missing_count == NULL) {
            book_failed("what is hers to keep is in no list", i, "");
        }
        if (lacks) {
            ++*book->missing_count;
        }
    }
}

static bool is_blocked(const struct vault *vault)
{
    const struct vault_contents *c = vault_contents(vault);
    bool in_force = false;
    for (size_t i = 0; i < c->blocks_count; i++) {
        in_force = in_force || (key_equal(&c->blocks[i].key, &fay.key) && c->blocks[i].in_force);
    }
    return in_force;
}

void book_check(const struct book *book)
{
    bool blocked = is_blocked(book->place.vault);
    if (blocked != book->blocked && blocked != book->blocked_next) {
        book_failed("the list of blocks is another one", blocked, "");
    }
    uint64_t floor_s = archive_floor(book->place.archive);
    if (floor_s < book->floor_s) {
        book_failed("the archive's floor has sunk", floor_s, "");
    }
    if (archive_bound(book->place.archive) < book->bound_s && book->missing_count == NULL) {
        book_failed("the archive's bound has sunk", archive_bound(book->place.archive), "");
    }
    if (store_left(book->place.store).floor_s > floor_s) {
        book_failed("posts left before they were kept", store_left(book->place.store).floor_s, "");
    }
    if (book->missing_count == NULL && archive_missing(book->place.archive) > 0) {
        book_failed("a crash was taken for damage", 0, "of the archive");
    }
    for (size_t i = 0; i < posts.count; i++) {
        check_post(book, i);
    }
    check_export(book);
    if (file_memory_broken_rules(book->place.files) > 0) {
        book_failed("a file was used after its sync failed, or named before it was synced", 0, "");
    }
}

static void check_gone(const struct book *book)
{
    struct err_note note = {{0}};
    uint64_t bound_s = book->now_s - ARCHIVE_S;
    bound_s -= bound_s % DAY_S;
    if (archive_bound(book->place.archive) != bound_s) {
        book_failed("the bound is not where it belongs", archive_bound(book->place.archive), "");
    }
    for (size_t i = 0; i < posts.count; i++) {
        struct post post = posts_decoded(&posts, i);
        uint64_t at;
        bool there =
            store_position(archive_store(book->place.archive), &at, &posts.ids[i], &note) == ERR_OK;
        if (there && is_below(&post, bound_s) && !key_equal(&post.author, &her.key)) {
            book_failed("below the bound and in the archive", i, "");
        }
    }
}

/* Once all is copied: the floors are where they belong, and the views agree with a slow one. */
void book_check_aged(struct book *book)
{
    struct err_note note = {{0}};
    if (bare_home_age(&book->place, book->now_s, &note) != ERR_OK) {
        book_failed("what was interrupted does not go on", 0, note.text);
    }
    uint64_t due_s = book->now_s - KEEP_S;
    due_s -= due_s % DAY_S;
    if (store_floor(book->place.store) != due_s || store_left(book->place.store).floor_s != due_s ||
        archive_floor(book->place.archive) != due_s) {
        book_failed("a floor is not where it belongs", store_floor(book->place.store), "");
    }
    check_gone(book);
    if (view_check(book->place.view, book->now_s, &note) != ERR_OK) {
        book_failed("the view is another than one made anew", 0, note.text);
    }
    book_check(book);
}

/* ---- What happens ------------------------------------------------------------------------- */

struct batch {
    size_t first; /* up to the end of posts */
    enum fate fates[BATCH_MAX];
};

static void put(struct book *book, const struct batch *batch)
{
    struct post decoded[BATCH_MAX];
    enum store_put_result results[BATCH_MAX];
    struct err_note note = {{0}};
    size_t count = posts.count - batch->first;
    assert(count > 0 && count <= BATCH_MAX && posts.count <= LIFE_POSTS_MAX);
    book->posts_count = posts.count;
    for (size_t i = 0; i < count; i++) {
        decoded[i] = posts_decoded(&posts, batch->first + i);
        book->fates[batch->first + i] = FLYING;
    }
    if (store_put(book->place.store, results, decoded, posts.wires + batch->first, count,
                  book->now_s, &note) != ERR_OK) {
        book_failed("posts are not stored", batch->first, note.text);
    }
    for (size_t i = 0; i < count; i++) {
        book->fates[batch->first + i] = batch->fates[i];
    }
    if (view_catch_up(book->place.view, NULL, &note) != ERR_OK) {
        book_failed("the view does not catch up", 0, note.text);
    }
}

static size_t add(struct batch *batch, enum fate fate)
{
    batch->fates[posts.count - 1 - batch->first] = fate;
    return posts.count - 1;
}

/* Ana and Fay are followed: Ana says, repeats and is answered, and so is Fay; others speak too. */
static void put_some(struct book *book)
{
    struct batch batch = {.first = posts.count};
    uint64_t at_s = book->now_s - 60;
    char text[64];
    (void)snprintf(text, sizeof text, "number%zu of a long life", posts.count);
    struct post_id said = person_text(&posts, &ana, at_s, text, NULL);
    (void)add(&batch, OWED);
    (void)person_reply(&posts, &dana, at_s + 1, said, said, "an answer");
    (void)add(&batch, OWED);
    struct post_id root = person_text(&posts, &cem, at_s + 2, text, "cats");
    (void)add(&batch, OWED);
    (void)person_echo(&posts, draw(book, 3) == 0 ? &her : &ana, at_s + 3, root, "look");
    (void)add(&batch, OWED);
    struct post_id by_eli = person_text(&posts, &eli, at_s + 4, text, "cats");
    (void)add(&batch, ANY);
    (void)person_echo(&posts, &fay, at_s + 5, by_eli, "look at this");
    book->is_fays[add(&batch, ANY)] = true;
    (void)person_reply(&posts, &fay, at_s + 6, said, said, "and mine");
    book->is_fays[add(&batch, ANY)] = true;
    put(book, &batch);
}

/* An answer, new or old: nothing hangs on it. */
static void take_back(struct book *book)
{
    size_t i = (size_t)draw(book, posts.count);
    struct post subject = posts_decoded(&posts, i);
    if (book->fates[i] != OWED || !key_equal(&subject.author, &dana.key)) {
        return;
    }
    struct batch batch = {.first = posts.count};
    struct post_id id = posts.ids[i];
    (void)person_retract(&posts, &dana, book->now_s, id);
    (void)add(&batch, ANY);
    book->fates[i] = GOING;
    put(book, &batch);
    book->fates[i] = TAKEN_BACK;
    book->retracts++;
}

static void block_or_not(struct book *book)
{
    struct vault *vault = book->place.vault;
    struct err_note note = {{0}};
    uint64_t position = store_end(book->place.store);
    bool changed = false;
    book->blocked_next = !book->blocked;
    enum err_code rc = book->blocked_next
                           ? vault_block(vault, &changed, &fay.key, "", book->now_s, position)
                           : vault_unblock(vault, &changed, &fay.key, book->now_s, position);
    vault_clock(vault, book->now_s);
    rc = rc == ERR_OK ? vault_commit(vault, &note) : rc;
    if (rc != ERR_OK || view_load(book->place.view, vault_contents(vault), &note) != ERR_OK) {
        book_failed("the list of blocks is not changed", 0, note.text);
    }
    book->blocked = book->blocked_next;
    book->blocks++;
}

/* Now and then a call fails, and it is tried again later. */
static void grow_old(struct book *book, bool fails)
{
    struct err_note note = {{0}};
    if (fails) {
        file_memory_fail(book->place.files, FILE_MEMORY_ANY, 1 + draw(book, 9),
                         draw(book, 2) == 0 ? ERR_IO : ERR_NO_SPACE);
    }
    enum err_code rc = bare_home_age(&book->place, book->now_s, &note);
    file_memory_fail(book->place.files, FILE_MEMORY_ANY, 0, ERR_OK);
    if (rc != ERR_OK) {
        if (!fails) {
            book_failed("ageing failed without a fault", 0, note.text);
        }
        book_check(book);
        book->errors++;
        book->now_s += STORE_RETRY_S + 1;
        rc = bare_home_age(&book->place, book->now_s, &note);
    }
    if (rc != ERR_OK) {
        book_failed("after an error it does not go on", 0, note.text);
    }
    book->floor_s = archive_floor(book->place.archive);
    book->bound_s = archive_bound(book->place.archive);
}

void book_begin(struct book *book, uint64_t seed)
{
    struct err_note note = {{0}};
    struct bare_home *place = &book->place;
    bool changed = false;
    ana = person_of("ana");
    cem = person_of("cem");
    dana = person_of("dana");
    eli = person_of("eli");
    fay = person_of("fay");
    book->random = seed;
    book->now_s = BEGIN_S;
    place->files = file_memory_new(seed);
    enum err_code rc = house_make(place->files, &note);
    rc = rc == ERR_OK ? place_open(place, &note) : rc;
    rc = rc == ERR_OK ? vault_follow(place->vault, &changed, &ana.key) : rc;
    rc = rc == ERR_OK ? vault_follow(place->vault, &changed, &fay.key) : rc;
    rc = rc == ERR_OK ? vault_commit(place->vault, &note) : rc;
    rc = rc == ERR_OK ? view_load(place->view, vault_contents(place->vault), &note) : rc;
    if (rc != ERR_OK) {
        book_failed("making a home", 0, note.text);
    }
    memcpy(her.seed, vault_identity_seed(place->vault), 32);
    her.key = vault_identity(place->vault);
}

void book_live_on(struct book *book, uint64_t round)
{
    struct err_note note = {{0}};
    book->now_s += ROUND_S;
    put_some(book);
    if (round % 3 == 1) {
        block_or_not(book);
    }
    for (size_t i = 0; i < 6; i++) {
        take_back(book);
    }
    if (round % 5 == 4) {
        put_some(book);
    }
    grow_old(book, round % 3 == 2);
    if (round % 7 == 6) {
        bare_home_close(&book->place);
        if (place_open(&book->place, &note) != ERR_OK) {
            book_failed("the home does not open again", round, note.text);
        }
    }
    book_check(book);
}

void book_end(struct book *book)
{
    bare_home_close(&book->place);
    file_memory_free(book->place.files);
    posts_free(&posts);
}
