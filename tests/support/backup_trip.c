#include "tests/support/backup_trip.h"

#include "store/vault_backup.h"

enum err_code trip_leaves(struct files *outside, const struct bare_home *home,
                          const struct backup_head *head, bool replace, struct err_note *note)
{
    struct backup_source source = {.vault = home->vault,
                                   .journal = home->journal,
                                   .store = home->store,
                                   .archive = home->archive,
                                   .head = *head};
    struct backup *backup = NULL;
    bool done = false;
    enum err_code rc = backup_begin(&backup, outside, TRIP_PATH, &source, replace, note);
    while (rc == ERR_OK && !done) {
        rc = backup_step(backup, &done, note);
    }
    backup_close(backup);
    return rc;
}

enum err_code trip_checks(struct restore_found *found, struct files *outside,
                          const uint8_t seed[32], struct err_note *note)
{
    struct restore_source source = {.files = outside, .path = TRIP_PATH, .seed = seed};
    return restore_check(found, &source, note);
}

enum err_code trip_returns(struct bare_home *home, struct files *outside, uint64_t now_s,
                           struct err_note *note)
{
    struct restore_found found;
    struct restore_source source = {.files = outside, .path = TRIP_PATH, .seed = bare_home_seed};
    enum err_code rc = restore_check(&found, &source, note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct restore_target target = {.vault = home->vault,
                                    .journal = home->journal,
                                    .store = home->store,
                                    .archive = home->archive,
                                    .now_s = now_s};
    rc = restore_write(&target, &found, &source, note);
    vault_close(found.copy);
    return rc;
}

enum err_code trip_forges(struct files *outside, const struct trip_item *items, size_t items_max,
                          struct err_note *note)
{
    uint8_t key[BACKUP_KEY_LEN];
    struct backup_writer *writer = NULL;
    vault_backup_key(key, bare_home_seed);
    enum err_code rc = backup_file_create(&writer, outside, TRIP_PATH, key, true, note);
    for (size_t i = 0; rc == ERR_OK && i < items_max && items[i].kind != 0; i++) {
        rc = backup_file_add(writer, items[i].kind, items[i].octets, octets_of(NULL, 0), note);
    }
    rc = rc == ERR_OK ? backup_file_finish(writer, note) : rc;
    backup_file_abandon(writer);
    return rc;
}
