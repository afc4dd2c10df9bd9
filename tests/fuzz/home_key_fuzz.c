/* Any octets as the files of a home's key: refused, or read the same way twice; and a change of
 * what was found leaves one form of it.  No passphrase is given, since Argon2id is slow by intent.
 *
 *     input = for each of key, keyslot, key.new, keyslot.new: u8 length (255: not there), octets */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "store/home_key.h"
#include "tests/support/file_memory.h"

#define ABSENT 255

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void write_all(struct files *files, const uint8_t *octets, size_t len)
{
    static const char *const paths[] = {"key", "keyslot", "key.new", "keyslot.new"};
    for (size_t i = 0; i < 4 && len > 0; i++) {
        size_t file_len = octets[0];
        octets++;
        len--;
        if (file_len == ABSENT) {
            continue;
        }
        struct file *file = NULL;
        file_len = file_len < len ? file_len : len;
        must(files->open(files, &file, paths[i], FILE_CREATE, NULL) == ERR_OK);
        must(files->append(files, file, octets_of(octets, file_len), NULL) == ERR_OK);
        files->close(files, file);
        octets += file_len;
        len -= file_len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct files *files = file_memory_new(1);
    uint8_t key[HOME_KEY_LEN] = {0};
    uint8_t again[HOME_KEY_LEN] = {0};
    bool locked = false;
    bool changed = false;
    write_all(files, octets, len);
    enum err_code looked = home_key_is_locked(&locked, files, NULL);
    must(looked == ERR_OK || looked == ERR_NOT_FOUND || looked == ERR_DAMAGED);
    enum err_code rc = home_key_open(key, files, octets_of(NULL, 0), NULL);
    must(rc == (looked != ERR_OK ? looked : locked ? ERR_LOCKED : ERR_OK));
    if (rc == ERR_OK) {
        must(!file_exists(files, "key.new") && !file_exists(files, "keyslot"));
        must(home_key_change(&changed, files, key, NULL, NULL) == ERR_OK && changed);
        must(home_key_open(again, files, octets_of(NULL, 0), NULL) == ERR_OK);
        must(memcmp(key, again, sizeof key) == 0);
    }
    rc = home_key_destroy(files, NULL);
    must(rc == ERR_OK || rc == ERR_NOT_FOUND);
    must(home_key_open(key, files, octets_of(NULL, 0), NULL) == ERR_NOT_FOUND);
    file_memory_free(files);
    return 0;
}
