#include "store/home_key.h"

#include "store/seal.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define KEY_PATH      "key"
#define SLOT_PATH     "keyslot"
#define KEY_NEW_PATH  "key.new"
#define SLOT_NEW_PATH "keyslot.new"
#define FOLDER        "."

#define CONTEXT_HOME "kithhome"

/* key = "kithkey" 2 mode(1) ops(4) mem_kib(4) salt(16) nonce(24) held(48) slot check(16)
 * digest(16); one length for both modes, so that one overwrites the other wholly. */
#define MAGIC_LEN  8
#define SALT_LEN   crypto_pwhash_argon2id_SALTBYTES
#define NONCE_LEN  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define HELD_LEN   (HOME_KEY_LEN + crypto_aead_xchacha20poly1305_ietf_ABYTES)
#define CHECK_LEN  16
#define AT_MODE    MAGIC_LEN
#define AT_OPS     (AT_MODE + 1)
#define AT_MEM     (AT_OPS + 4)
#define AT_SALT    (AT_MEM + 4)
#define AT_NONCE   (AT_SALT + SALT_LEN)
#define AT_HELD    (AT_NONCE + NONCE_LEN)
#define AT_CHECK   (AT_HELD + HELD_LEN)
#define AT_DIGEST  (AT_CHECK + CHECK_LEN)
#define FILE_LEN   (AT_DIGEST + CHECK_LEN)
#define SLOT_LEN   32
#define DESTROY_AT 256 /* at least as long as either file ever is */

_Static_assert(SALT_LEN == 16 && NONCE_LEN == 24 && HELD_LEN == 48, "SPEC 10.2");
_Static_assert(HOME_KEY_LEN == SEAL_KEY_LEN, "one kind of key");

enum mode { MODE_PLAIN = 1, MODE_WRAPPED = 2 };

static const uint8_t magic[MAGIC_LEN] = {'k', 'i', 't', 'h', 'k', 'e', 'y', 2};

/* The two files and what opens them, in memory from sodium_malloc(). */
struct parts {
    uint8_t file[FILE_LEN];
    uint8_t slot[SLOT_LEN];
    uint8_t hashed[SLOT_LEN]; /* Argon2id of the passphrase */
    uint8_t wrapping[crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
    bool from_key_new; /* where they were found */
    bool from_slot_new;
};

/* NULL where there is no memory for it. */
static struct parts *parts_new(void)
{
    struct parts *made = sodium_init() >= 0 ? sodium_malloc(sizeof *made) : NULL;
    if (made != NULL) {
        memset(made, 0, sizeof *made);
    }
    return made;
}

static enum err_code no_memory(struct err_note *note)
{
    return err_note(note, ERR_NO_MEMORY, "out of memory");
}

void home_key_derive(uint8_t out[HOME_KEY_LEN], const uint8_t key[HOME_KEY_LEN],
                     enum home_key_use use)
{
    seal_derive(out, key, CONTEXT_HOME, (uint64_t)use);
}

static void check_of(uint8_t out[CHECK_LEN], const uint8_t *octets, size_t len)
{
    int rc = crypto_generichash(out, CHECK_LEN, octets, len, NULL, 0);
    assert(rc == 0);
    (void)rc;
}

static enum mode mode_of(const struct parts *parts)
{
    return (enum mode)parts->file[AT_MODE];
}

/* ---- Reading ---- */

static enum err_code damaged(struct err_note *note, const char *path)
{
    return err_note(note, ERR_DAMAGED, "the file %s is damaged, or of another version of kith",
                    path);
}

static enum err_code read_exactly(uint8_t *out, size_t len, struct files *files, const char *path,
                                  struct err_note *note)
{
    uint8_t *octets = NULL;
    size_t got = 0;
    enum err_code rc = file_read_all(files, &octets, &got, path, len, note);
    if (rc != ERR_OK) {
        return rc == ERR_TOO_LARGE ? damaged(note, path) : rc;
    }
    assert(octets != NULL);
    if (got == len) {
        memcpy(out, octets, len);
    } else {
        rc = damaged(note, path);
    }
    sodium_memzero(octets, got);
    free(octets);
    return rc;
}

static bool file_valid(const uint8_t file[FILE_LEN])
{
    uint8_t digest[CHECK_LEN];
    check_of(digest, file, AT_DIGEST);
    if (memcmp(file, magic, MAGIC_LEN) != 0 || memcmp(digest, file + AT_DIGEST, CHECK_LEN) != 0) {
        return false;
    }
    uint32_t ops = octets_get_u32be(file + AT_OPS);
    uint32_t mem_kib = octets_get_u32be(file + AT_MEM);
    return file[AT_MODE] == MODE_PLAIN ||
           (file[AT_MODE] == MODE_WRAPPED && ops >= 1 && ops <= HOME_KEY_OPS_MAX &&
            mem_kib >= HOME_KEY_MEM_KIB_MIN && mem_kib <= HOME_KEY_MEM_KIB_MAX);
}

static enum err_code read_file(struct parts *parts, struct files *files, const char *path,
                               struct err_note *note)
{
    enum err_code rc = read_exactly(parts->file, FILE_LEN, files, path, note);
    return rc == ERR_OK && !file_valid(parts->file) ? damaged(note, path) : rc;
}

/* The keyslot at path, if it is the one that the key file was wrapped with. */
static enum err_code read_slot(struct parts *parts, struct files *files, const char *path,
                               struct err_note *note)
{
    uint8_t check[CHECK_LEN];
    enum err_code rc = read_exactly(parts->slot, SLOT_LEN, files, path, note);
    if (rc == ERR_NOT_FOUND) {
        return err_note(note, ERR_DAMAGED, "the file %s is missing, and the key needs it", path);
    }
    if (rc == ERR_OK) {
        check_of(check, parts->slot, SLOT_LEN);
        if (memcmp(check, parts->file + AT_CHECK, CHECK_LEN) != 0) {
            return err_note(note, ERR_DAMAGED, "the file %s is not the one that the key needs",
                            path);
        }
    }
    return rc;
}

static enum err_code find_slot(struct parts *parts, struct files *files, struct err_note *note)
{
    if (mode_of(parts) == MODE_PLAIN) {
        return ERR_OK;
    }
    enum err_code rc = read_slot(parts, files, SLOT_PATH, note);
    struct err_note ignored = {{0}};
    if (rc == ERR_DAMAGED && read_slot(parts, files, SLOT_NEW_PATH, &ignored) == ERR_OK) {
        parts->from_slot_new = true;
        return ERR_OK;
    }
    return rc;
}

/* The key file and keyslot in force.  A change writes both ahead, then over the old ones, the key
 * file first: so whatever a crash left, the first of these that fit together are in force.  A key
 * file torn while a change is settled once more may have lost keyslot.new already. */
static enum err_code find(struct parts *parts, struct files *files, struct err_note *note)
{
    enum err_code rc = read_file(parts, files, KEY_PATH, note);
    if (rc == ERR_DAMAGED) {
        struct err_note ignored = {{0}};
        parts->from_key_new = read_file(parts, files, KEY_NEW_PATH, &ignored) == ERR_OK;
        rc = parts->from_key_new ? ERR_OK : rc;
    }
    return rc == ERR_OK ? find_slot(parts, files, note) : rc;
}

enum err_code home_key_is_locked(bool *locked, struct files *files, struct err_note *note)
{
    struct parts *parts = parts_new();
    if (parts == NULL) {
        return no_memory(note);
    }
    enum err_code rc = find(parts, files, note);
    if (rc == ERR_OK) {
        *locked = mode_of(parts) == MODE_WRAPPED;
    }
    sodium_free(parts);
    return rc;
}

/* ---- Wrapping ---- */

static enum err_code wrapping_key(struct parts *parts, struct octets passphrase,
                                  struct err_note *note)
{
    unsigned long long ops = octets_get_u32be(parts->file + AT_OPS);
    size_t mem = (size_t)octets_get_u32be(parts->file + AT_MEM) * 1024;
    int failed = crypto_pwhash(parts->hashed, sizeof parts->hashed, (const char *)passphrase.at,
                               passphrase.len, parts->file + AT_SALT, ops, mem,
                               crypto_pwhash_ALG_ARGON2ID13);
    if (failed != 0) {
        return err_note(note, ERR_NO_MEMORY,
                        "a passphrase takes %zu MiB of memory for a moment, and the system has "
                        "none to give",
                        mem / (1024 * 1024));
    }
    int rc = crypto_generichash(parts->wrapping, sizeof parts->wrapping, parts->hashed,
                                sizeof parts->hashed, parts->slot, SLOT_LEN);
    assert(rc == 0);
    (void)rc;
    return ERR_OK;
}

/* Fill in the key file, and a fresh keyslot. */
static enum err_code wrap(struct parts *parts, const uint8_t key[HOME_KEY_LEN],
                          const struct home_key_lock *lock, struct err_note *note)
{
    uint8_t *file = parts->file;
    enum err_code rc = ERR_OK;
    memset(file, 0, FILE_LEN);
    memcpy(file, magic, MAGIC_LEN);
    file[AT_MODE] = lock != NULL ? MODE_WRAPPED : MODE_PLAIN;
    if (lock == NULL) {
        memcpy(file + AT_HELD, key, HOME_KEY_LEN);
    } else {
        assert(lock->passphrase.len >= 1 && lock->passphrase.len <= HOME_KEY_PASSPHRASE_MAX);
        uint32_t ops = lock->ops != 0 ? lock->ops : (uint32_t)crypto_pwhash_OPSLIMIT_MODERATE;
        uint32_t mem_kib =
            lock->mem_kib != 0 ? lock->mem_kib : (uint32_t)(crypto_pwhash_MEMLIMIT_MODERATE / 1024);
        octets_put_u32be(file + AT_OPS, ops);
        octets_put_u32be(file + AT_MEM, mem_kib);
        randombytes_buf(file + AT_SALT, SALT_LEN);
        randombytes_buf(file + AT_NONCE, NONCE_LEN);
        randombytes_buf(parts->slot, SLOT_LEN);
        check_of(file + AT_CHECK, parts->slot, SLOT_LEN);
        rc = wrapping_key(parts, lock->passphrase, note);
    }
    if (rc == ERR_OK && lock != NULL) {
        (void)crypto_aead_xchacha20poly1305_ietf_encrypt(file + AT_HELD, NULL, key, HOME_KEY_LEN,
                                                         file, AT_NONCE, NULL, file + AT_NONCE,
                                                         parts->wrapping);
    }
    check_of(file + AT_DIGEST, file, AT_DIGEST);
    return rc;
}

static enum err_code unwrap(uint8_t key[HOME_KEY_LEN], struct parts *parts,
                            struct octets passphrase, struct err_note *note)
{
    const uint8_t *file = parts->file;
    if (mode_of(parts) == MODE_PLAIN) {
        memcpy(key, file + AT_HELD, HOME_KEY_LEN);
        return ERR_OK;
    }
    if (passphrase.len == 0) {
        return err_note(note, ERR_LOCKED, "this home opens with a passphrase");
    }
    enum err_code rc = wrapping_key(parts, passphrase, note);
    if (rc != ERR_OK) {
        return rc;
    }
    bool opened =
        crypto_aead_xchacha20poly1305_ietf_decrypt(key, NULL, NULL, file + AT_HELD, HELD_LEN, file,
                                                   AT_NONCE, file + AT_NONCE, parts->wrapping) == 0;
    return opened ? ERR_OK
                  : err_note(note, ERR_DECRYPT,
                             "this passphrase does not open the home; nothing "
                             "was changed");
}

/* ---- Writing ---- */

static enum err_code write_fresh(struct files *files, const char *path, struct octets octets,
                                 struct err_note *note)
{
    struct file *file = NULL;
    enum err_code rc = files->open(files, &file, path, FILE_CREATE, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = files->append(files, file, octets, note);
    rc = rc == ERR_OK ? files->sync(files, file, note) : rc;
    files->close(files, file);
    return rc;
}

static enum err_code write_over(struct files *files, const char *path, struct octets octets,
                                struct err_note *note)
{
    struct file *file = NULL;
    enum err_code rc = files->open(files, &file, path, FILE_UPDATE, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = files->write_at(files, file, octets, 0, note);
    rc = rc == ERR_OK ? files->truncate(files, file, octets.len, note) : rc;
    rc = rc == ERR_OK ? files->sync(files, file, note) : rc;
    files->close(files, file);
    return rc;
}

static enum err_code place(struct files *files, const char *path, struct octets octets,
                           struct err_note *note)
{
    struct err_note why = {{0}}; /* that it is not there is no trouble */
    enum err_code rc = write_over(files, path, octets, &why);
    if (rc == ERR_NOT_FOUND) {
        rc = write_fresh(files, path, octets, note);
        return rc == ERR_OK ? files->sync_dir(files, FOLDER, note) : rc;
    }
    return rc == ERR_OK ? rc : err_note(note, rc, "%s", why.text);
}

/* Whether these octets, and nothing else, stand there. */
static bool stands(struct files *files, const char *path, struct octets octets)
{
    struct err_note ignored = {{0}};
    uint8_t *found = NULL;
    size_t len = 0;
    if (file_read_all(files, &found, &len, path, octets.len, &ignored) != ERR_OK) {
        return false;
    }
    bool same = octets_equal(octets_of(found, len), octets);
    sodium_memzero(found, len);
    free(found);
    return same;
}

/* As place(), but what stands there and nowhere else is not written again: torn by a crash, it
 * could not be had back.  It was synced before its copy was taken away. */
static enum err_code keep(struct files *files, const char *path, const char *copy,
                          struct octets octets, struct err_note *note)
{
    bool alone = stands(files, path, octets) && !stands(files, copy, octets);
    return alone ? ERR_OK : place(files, path, octets, note);
}

/* Longer than the file is: its blocks are overwritten whatever it held. */
static enum err_code scramble(struct files *files, const char *path, struct err_note *note)
{
    uint8_t noise[DESTROY_AT];
    randombytes_buf(noise, sizeof noise);
    return write_over(files, path, octets_of(noise, sizeof noise), note);
}

/* No error when it is not there. */
static enum err_code destroy(struct files *files, const char *path, struct err_note *note)
{
    struct err_note why = {{0}};
    enum err_code rc = scramble(files, path, &why);
    if (rc == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    return rc == ERR_OK ? files->remove(files, path, note) : err_note(note, rc, "%s", why.text);
}

/* Make what was found, or is to be from now on, the only one there is. */
static enum err_code settle(const struct parts *parts, struct files *files, struct err_note *note)
{
    enum err_code rc = keep(files, KEY_PATH, KEY_NEW_PATH, octets_of(parts->file, FILE_LEN), note);
    if (rc == ERR_OK && mode_of(parts) == MODE_WRAPPED) {
        rc = keep(files, SLOT_PATH, SLOT_NEW_PATH, octets_of(parts->slot, SLOT_LEN), note);
    } else if (rc == ERR_OK) {
        rc = destroy(files, SLOT_PATH, note);
    }
    rc = rc == ERR_OK ? destroy(files, SLOT_NEW_PATH, note) : rc;
    rc = rc == ERR_OK ? destroy(files, KEY_NEW_PATH, note) : rc;
    return rc == ERR_OK ? files->sync_dir(files, FOLDER, note) : rc;
}

static bool is_settled(const struct parts *parts, struct files *files)
{
    return !parts->from_key_new && !parts->from_slot_new && !file_exists(files, KEY_NEW_PATH) &&
           !file_exists(files, SLOT_NEW_PATH) &&
           (mode_of(parts) == MODE_WRAPPED || !file_exists(files, SLOT_PATH));
}

enum err_code home_key_open(uint8_t key[HOME_KEY_LEN], struct files *files,
                            struct octets passphrase, struct err_note *note)
{
    struct parts *parts = parts_new();
    if (parts == NULL) {
        return no_memory(note);
    }
    enum err_code rc = find(parts, files, note);
    if (rc == ERR_OK) {
        rc = unwrap(key, parts, passphrase, note);
    }
    if (rc == ERR_OK && !is_settled(parts, files)) {
        struct err_note ignored = {{0}};
        (void)!settle(parts, files, &ignored); /* the next opening tries again */
    }
    sodium_free(parts);
    return rc;
}

enum err_code home_key_make(uint8_t key[HOME_KEY_LEN], struct files *files,
                            const struct home_key_lock *lock, struct err_note *note)
{
    struct parts *parts = parts_new();
    if (parts == NULL) {
        return no_memory(note);
    }
    randombytes_buf(key, HOME_KEY_LEN);
    enum err_code rc = wrap(parts, key, lock, note);
    /* The keyslot first: a key file alone says that the home can be opened. */
    if (rc == ERR_OK && lock != NULL) {
        rc = place(files, SLOT_PATH, octets_of(parts->slot, SLOT_LEN), note);
    }
    rc = rc == ERR_OK ? settle(parts, files, note) : rc;
    sodium_free(parts);
    return rc == ERR_OK ? ERR_OK : err_note(note, rc, "writing the key of the home");
}

static enum err_code write_ahead(const struct parts *parts, struct files *files,
                                 struct err_note *note)
{
    enum err_code rc = destroy(files, KEY_NEW_PATH, note);
    rc = rc == ERR_OK ? destroy(files, SLOT_NEW_PATH, note) : rc;
    if (rc == ERR_OK && mode_of(parts) == MODE_WRAPPED) {
        rc = write_fresh(files, SLOT_NEW_PATH, octets_of(parts->slot, SLOT_LEN), note);
    }
    rc = rc == ERR_OK ? write_fresh(files, KEY_NEW_PATH, octets_of(parts->file, FILE_LEN), note)
                      : rc;
    rc = rc == ERR_OK ? files->sync_dir(files, FOLDER, note) : rc;
    if (rc != ERR_OK) {
        struct err_note ignored = {{0}};
        (void)!destroy(files, SLOT_NEW_PATH, &ignored);
        (void)!destroy(files, KEY_NEW_PATH, &ignored);
    }
    return rc;
}

/* Which of the two is in force after an error, as the next opening will find it. */
static bool is_in_force(const struct parts *parts, struct files *files)
{
    struct parts *found = parts_new();
    struct err_note ignored = {{0}};
    if (found == NULL) {
        return true;
    }
    bool same =
        find(found, files, &ignored) == ERR_OK && memcmp(found->file, parts->file, FILE_LEN) == 0;
    sodium_free(found);
    return same;
}

enum err_code home_key_change(bool *changed, struct files *files, const uint8_t key[HOME_KEY_LEN],
                              const struct home_key_lock *lock, struct err_note *note)
{
    struct parts *parts = parts_new();
    *changed = false;
    if (parts == NULL) {
        return no_memory(note);
    }
    /* What an earlier change left half done is settled before its copies are written over. */
    enum err_code rc = find(parts, files, note);
    if (rc == ERR_OK && !is_settled(parts, files)) {
        rc = settle(parts, files, note);
    }
    rc = rc == ERR_OK ? wrap(parts, key, lock, note) : rc;
    rc = rc == ERR_OK ? write_ahead(parts, files, note) : rc;
    if (rc == ERR_OK) {
        rc = settle(parts, files, note);
        *changed = rc == ERR_OK || is_in_force(parts, files);
    }
    sodium_free(parts);
    return rc == ERR_OK ? ERR_OK : err_note(note, rc, "writing the key of the home");
}

enum err_code home_key_destroy(struct files *files, struct err_note *note)
{
    static const char *const paths[] = {SLOT_PATH, KEY_PATH, SLOT_NEW_PATH, KEY_NEW_PATH};
    enum err_code first = ERR_NOT_FOUND;
    struct err_note ignored = {{0}};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        enum err_code rc = scramble(files, paths[i], &ignored);
        if (rc != ERR_NOT_FOUND && (first == ERR_NOT_FOUND || first == ERR_OK)) {
            first = rc == ERR_OK ? ERR_OK : err_note(note, rc, "overwriting %s", paths[i]);
        }
    }
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        (void)!files->remove(files, paths[i], &ignored);
    }
    (void)!files->sync_dir(files, FOLDER, &ignored);
    return first;
}
