#include "tests/support/bare_home.h"

#include <stdlib.h>

#include "store/view_keep.h"
#include "tests/support/file_memory.h"

const uint8_t bare_home_key[HOME_KEY_LEN] = "the key of the home in a test...";
const uint8_t bare_home_seed[32] = {5, 6, 7};

void bare_home_make(struct bare_home *home, const uint8_t seed[32])
{
    *home = (struct bare_home){.files = file_memory_new(3)};
    if (vault_create(home->files, bare_home_key, VAULT_PERSONAL, seed, NULL) != ERR_OK) {
        abort();
    }
}

void bare_home_close(struct bare_home *home)
{
    view_free(home->view);
    archive_close(home->archive);
    store_close(home->store);
    vault_close(home->vault);
    journal_close(home->journal);
    *home = (struct bare_home){.files = home->files};
}

void bare_home_free(struct bare_home *home)
{
    bare_home_close(home);
    file_memory_free(home->files);
    home->files = NULL;
}

enum err_code bare_home_open(struct bare_home *home, struct err_note *note)
{
    uint8_t key[HOME_KEY_LEN];
    home_key_derive(key, bare_home_key, HOME_KEY_JOURNAL);
    enum err_code rc = journal_open(&home->journal, home->files, key, note);
    if (rc != ERR_OK) {
        return rc;
    }
    return vault_open(&home->vault, home->files, bare_home_key, home->journal, note);
}

enum err_code bare_home_open_store(struct bare_home *home, enum store_kind kind,
                                   struct err_note *note)
{
    uint8_t key[HOME_KEY_LEN];
    home_key_derive(key, bare_home_key, HOME_KEY_STORE);
    return store_open(&home->store, home->files, key, kind, note);
}

enum err_code bare_home_open_archive(struct bare_home *home, struct err_note *note)
{
    uint8_t part[HOME_KEY_LEN];
    uint8_t key[ARCHIVE_KEY_LEN];
    home_key_derive(part, bare_home_key, HOME_KEY_ARCHIVE);
    archive_key(key, part, vault_seed(home->vault));
    struct key own = vault_identity(home->vault);
    return archive_open(&home->archive, home->files, key, &own, note);
}

static void release(struct bare_home *home)
{
    struct store_left kept = archive_state(home->archive);
    store_release(home->store, &kept);
}

enum err_code bare_home_show(struct bare_home *home, const struct key *own,
                             const struct vault_contents *contents, uint64_t keep_s,
                             struct err_note *note)
{
    store_retain(home->store, &(struct store_retention_rules){.keep_s = keep_s, .held = true});
    release(home);
    enum err_code rc = view_new(&home->view, home->store, own, note);
    if (rc == ERR_OK) {
        struct shelf shelf = archive_shelf(home->archive);
        view_shelf_set(home->view, &shelf);
        rc = view_catch_up(home->view, NULL, note);
    }
    return rc == ERR_OK ? view_load(home->view, contents, note) : rc;
}

static enum err_code tend(struct store *store, uint64_t now_s, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    for (bool more = true; more && rc == ERR_OK;) {
        rc = store_tend(store, &more, now_s, note);
    }
    return rc;
}

static enum err_code keep(struct bare_home *home, uint64_t floor_s, uint64_t now_s,
                          struct err_note *note)
{
    struct view_keep *work = NULL;
    enum err_code rc = view_keep_begin(&work, home->view, home->archive, floor_s, now_s, note);
    for (bool done = false; rc == ERR_OK && !done;) {
        rc = view_keep_step(work, &done, now_s, note);
    }
    view_keep_free(work);
    if (rc == ERR_OK) {
        release(home);
    }
    return rc;
}

enum err_code bare_home_age(struct bare_home *home, uint64_t now_s, struct err_note *note)
{
    enum err_code rc = tend(home->store, now_s, note);
    for (bool more = true; rc == ERR_OK && more;) {
        rc = view_keep_retracts(home->view, home->archive, &more, now_s, note);
    }
    uint64_t floor_s = rc == ERR_OK ? store_floor(home->store) : 0;
    if (floor_s > archive_floor(home->archive)) {
        rc = keep(home, floor_s, now_s, note);
    }
    rc = rc == ERR_OK ? tend(home->store, now_s, note) : rc;
    rc = rc == ERR_OK ? tend(archive_store(home->archive), now_s, note) : rc;
    archive_release(home->archive);
    return rc == ERR_OK ? tend(archive_store(home->archive), now_s, note) : rc;
}
