/* Octets as a backup's file, and as what is sealed in one: refused, or read to its end. */
#include "tests/fuzz/fuzz.h"

#include "store/restore.h"
#include "store/vault_backup.h"
#include "tests/support/file_memory.h"

#include <sodium.h>
#include <stdlib.h>

#define PATH "backup"

static const uint8_t seed[32] = {1};

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void check(struct files *files)
{
    struct restore_source source = {.files = files, .path = PATH, .seed = seed};
    struct restore_found found;
    struct err_note note = {{0}};
    enum err_code rc = restore_check(&found, &source, &note);
    must(rc == ERR_OK || rc == ERR_MALFORMED || rc == ERR_VERSION || rc == ERR_TRUNCATED ||
         rc == ERR_DAMAGED || rc == ERR_DECRYPT);
    if (rc == ERR_OK) {
        must(memcmp(vault_seed(found.copy), seed, 32) == 0);
        vault_close(found.copy);
    }
}

static void as_file(struct octets octets)
{
    struct files *files = file_memory_new(1);
    struct file *file = NULL;
    must(files->open(files, &file, PATH, FILE_CREATE, NULL) == ERR_OK);
    must(files->append(files, file, octets, NULL) == ERR_OK);
    files->close(files, file);
    check(files);
    file_memory_free(files);
}

/* Sealed as kith seals: kind, length, octets, again and again. */
static void as_items(struct octets octets)
{
    struct files *files = file_memory_new(1);
    struct backup_writer *writer = NULL;
    uint8_t key[BACKUP_KEY_LEN];
    vault_backup_key(key, seed);
    must(backup_file_create(&writer, files, PATH, key, false, NULL) == ERR_OK);
    while (octets.len >= 3 && octets.at[0] != 0) {
        size_t len = octets_get_u16be(octets.at + 1);
        len = len < octets.len - 3 ? len : octets.len - 3;
        len = len < BACKUP_ITEM_MAX ? len : BACKUP_ITEM_MAX;
        must(backup_file_add(writer, octets.at[0], octets_of(octets.at + 3, len),
                             octets_of(NULL, 0), NULL) == ERR_OK);
        octets = octets_of(octets.at + 3 + len, octets.len - 3 - len);
    }
    must(backup_file_finish(writer, NULL) == ERR_OK);
    backup_file_abandon(writer);
    check(files);
    file_memory_free(files);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    must(sodium_init() >= 0);
    as_file(octets_of(octets, len));
    as_items(octets_of(octets, len));
    return 0;
}
