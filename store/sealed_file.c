#include "store/sealed_file.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC     "kith/sealed/"
#define MAGIC_LEN 12
#define VERSION   '1'
#define AT_LEN    (MAGIC_LEN + 3)
#define COMMON_LEN                                                                                 \
    (AT_LEN + 8) /* magic, version, purpose, mode, u64 length of the plain octets                  \
                  */
#define DIGEST_LEN  16
#define FILE_KEY    crypto_secretstream_xchacha20poly1305_KEYBYTES
#define STREAM_HEAD crypto_secretstream_xchacha20poly1305_HEADERBYTES
#define CHUNK_EXTRA crypto_secretstream_xchacha20poly1305_ABYTES
#define CHUNK_MAX   65536

/* passphrase: common, u32 ops, u32 memory in KiB, salt(16), nonce(24), file key(32) and tag(16) */
#define SALT_LEN  crypto_pwhash_argon2id_SALTBYTES
#define NONCE_LEN crypto_secretbox_xchacha20poly1305_NONCEBYTES
#define BOXED_LEN (FILE_KEY + crypto_secretbox_xchacha20poly1305_MACBYTES)
#define AT_OPS    COMMON_LEN
#define AT_MEM    (AT_OPS + 4)
#define AT_SALT   (AT_MEM + 4)
#define AT_NONCE  (AT_SALT + SALT_LEN)
#define AT_BOXED  (AT_NONCE + NONCE_LEN)
#define PASS_LEN  (AT_BOXED + BOXED_LEN)
/* key: common, crypto_box_seal() of the file key */
#define AT_SEALED COMMON_LEN
#define KEY_HEAD  (AT_SEALED + FILE_KEY + crypto_box_SEALBYTES)

#define HEADER_MAX PASS_LEN

_Static_assert(SALT_LEN == 16 && NONCE_LEN == 24 && BOXED_LEN == 48, "SPEC 10.8");
_Static_assert(KEY_HEAD <= HEADER_MAX, "one room for both");

/* Secrets of one sealing or opening, in memory from sodium_malloc(). */
struct secrets {
    uint8_t file_key[FILE_KEY];
    uint8_t wrapping[crypto_secretbox_xchacha20poly1305_KEYBYTES];
    uint8_t x25519[crypto_box_SECRETKEYBYTES];
    uint8_t ed25519[crypto_sign_SECRETKEYBYTES];
    crypto_secretstream_xchacha20poly1305_state stream;
};

static size_t header_len_of(enum sealed_mode mode)
{
    return mode == SEALED_TO_PASSPHRASE ? PASS_LEN : KEY_HEAD;
}

static void digest_of(uint8_t out[DIGEST_LEN], const uint8_t *header, size_t header_len)
{
    int rc = crypto_generichash(out, DIGEST_LEN, header, header_len, NULL, 0);
    assert(rc == 0);
    (void)rc;
}

static enum err_code wrapping_key(struct secrets *s, const uint8_t *header,
                                  struct octets passphrase)
{
    unsigned long long ops = octets_get_u32be(header + AT_OPS);
    size_t mem = (size_t)octets_get_u32be(header + AT_MEM) * 1024;
    int rc =
        crypto_pwhash(s->wrapping, sizeof s->wrapping, (const char *)passphrase.at, passphrase.len,
                      header + AT_SALT, ops, mem, crypto_pwhash_ALG_ARGON2ID13);
    return rc == 0 ? ERR_OK : ERR_NO_MEMORY;
}

static enum err_code wrap_to_passphrase(struct secrets *s, uint8_t header[HEADER_MAX],
                                        const struct sealed_recipient *to)
{
    assert(to->passphrase.len >= 1 && to->passphrase.len <= SEALED_PASSPHRASE_MAX);
    uint32_t ops = to->ops != 0 ? to->ops : (uint32_t)crypto_pwhash_OPSLIMIT_MODERATE;
    uint32_t mem_kib =
        to->mem_kib != 0 ? to->mem_kib : (uint32_t)(crypto_pwhash_MEMLIMIT_MODERATE / 1024);
    octets_put_u32be(header + AT_OPS, ops);
    octets_put_u32be(header + AT_MEM, mem_kib);
    randombytes_buf(header + AT_SALT, SALT_LEN);
    randombytes_buf(header + AT_NONCE, NONCE_LEN);
    enum err_code rc = wrapping_key(s, header, to->passphrase);
    if (rc == ERR_OK) {
        (void)crypto_secretbox_xchacha20poly1305_easy(header + AT_BOXED, s->file_key, FILE_KEY,
                                                      header + AT_NONCE, s->wrapping);
    }
    return rc;
}

static enum err_code wrap_to_key(struct secrets *s, uint8_t header[HEADER_MAX],
                                 const struct key *identity)
{
    uint8_t x25519[crypto_box_PUBLICKEYBYTES];
    /* Any 32 octets may be named: not all of them are a key. */
    if (crypto_sign_ed25519_pk_to_curve25519(x25519, identity->octets) != 0) {
        return ERR_REFUSED;
    }
    int rc = crypto_box_seal(header + AT_SEALED, s->file_key, FILE_KEY, x25519);
    return rc == 0 ? ERR_OK : ERR_REFUSED;
}

static size_t sealed_len_of(size_t header_len, size_t plain_len)
{
    size_t chunks = plain_len == 0 ? 1 : (plain_len + CHUNK_MAX - 1) / CHUNK_MAX;
    return header_len + DIGEST_LEN + STREAM_HEAD + plain_len + chunks * CHUNK_EXTRA;
}

static void push_all(struct secrets *s, uint8_t *out, const uint8_t *header, size_t header_len,
                     struct octets plain)
{
    (void)crypto_secretstream_xchacha20poly1305_init_push(&s->stream, out, s->file_key);
    out += STREAM_HEAD;
    bool last = false;
    while (!last) {
        size_t len = plain.len < CHUNK_MAX ? plain.len : CHUNK_MAX;
        last = len == plain.len;
        unsigned char tag = last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0;
        (void)crypto_secretstream_xchacha20poly1305_push(&s->stream, out, NULL, plain.at, len,
                                                         header, header_len, tag);
        out += len + CHUNK_EXTRA;
        plain = octets_of(len > 0 ? plain.at + len : plain.at, plain.len - len);
    }
}

enum err_code sealed_encode(uint8_t **sealed, size_t *sealed_len, enum sealed_purpose purpose,
                            const struct sealed_recipient *recipient, struct octets plain)
{
    if (plain.len > SEALED_PLAIN_MAX) {
        return ERR_TOO_LARGE;
    }
    size_t header_len = header_len_of(recipient->mode);
    size_t len = sealed_len_of(header_len, plain.len);
    uint8_t *out = calloc(1, len > HEADER_MAX ? len : HEADER_MAX);
    struct secrets *s = sodium_malloc(sizeof *s);
    enum err_code rc = out != NULL && s != NULL ? ERR_OK : ERR_NO_MEMORY;
    if (rc == ERR_OK) {
        memcpy(out, MAGIC, MAGIC_LEN);
        out[MAGIC_LEN] = VERSION;
        out[MAGIC_LEN + 1] = (uint8_t)purpose;
        out[MAGIC_LEN + 2] = (uint8_t)recipient->mode;
        octets_put_u64be(out + AT_LEN, plain.len);
        crypto_secretstream_xchacha20poly1305_keygen(s->file_key);
        rc = recipient->mode == SEALED_TO_PASSPHRASE ? wrap_to_passphrase(s, out, recipient)
                                                     : wrap_to_key(s, out, &recipient->key);
    }
    if (rc == ERR_OK) {
        digest_of(out + header_len, out, header_len);
        push_all(s, out + header_len + DIGEST_LEN, out, header_len, plain);
        *sealed = out;
        *sealed_len = len;
        out = NULL;
    }
    free(out);
    sodium_free(s);
    return rc;
}

enum err_code sealed_mode_of(enum sealed_mode *mode, enum sealed_purpose purpose,
                             struct octets sealed)
{
    size_t begun = sealed.len < MAGIC_LEN ? sealed.len : MAGIC_LEN;
    if (begun > 0 && memcmp(sealed.at, MAGIC, begun) != 0) {
        return ERR_MALFORMED;
    }
    if (sealed.len < COMMON_LEN) {
        return ERR_TRUNCATED;
    }
    if (sealed.at[MAGIC_LEN] != VERSION) {
        return ERR_VERSION;
    }
    uint8_t found = sealed.at[MAGIC_LEN + 2];
    if (found != SEALED_TO_PASSPHRASE && found != SEALED_TO_KEY) {
        return ERR_DAMAGED;
    }
    size_t header_len = header_len_of((enum sealed_mode)found);
    if (sealed.len < header_len + DIGEST_LEN) {
        return ERR_TRUNCATED;
    }
    uint8_t digest[DIGEST_LEN];
    digest_of(digest, sealed.at, header_len);
    if (memcmp(digest, sealed.at + header_len, DIGEST_LEN) != 0) {
        return ERR_DAMAGED;
    }
    if (sealed.at[MAGIC_LEN + 1] != (uint8_t)purpose) {
        return ERR_UNEXPECTED;
    }
    *mode = (enum sealed_mode)found;
    return ERR_OK;
}

static enum err_code unwrap_by_passphrase(struct secrets *s, const uint8_t *header,
                                          struct octets passphrase)
{
    if (passphrase.len == 0) {
        return ERR_LOCKED;
    }
    uint32_t ops = octets_get_u32be(header + AT_OPS);
    uint32_t mem_kib = octets_get_u32be(header + AT_MEM);
    if (ops > SEALED_OPS_MAX || mem_kib > SEALED_MEM_KIB_MAX) {
        return ERR_TOO_LARGE;
    }
    if (ops < crypto_pwhash_argon2id_OPSLIMIT_MIN ||
        mem_kib < crypto_pwhash_argon2id_MEMLIMIT_MIN / 1024) {
        return ERR_DAMAGED;
    }
    enum err_code rc = wrapping_key(s, header, passphrase);
    if (rc == ERR_OK &&
        crypto_secretbox_xchacha20poly1305_open_easy(s->file_key, header + AT_BOXED, BOXED_LEN,
                                                     header + AT_NONCE, s->wrapping) != 0) {
        rc = ERR_DECRYPT;
    }
    return rc;
}

static enum err_code unwrap_by_key(struct secrets *s, const uint8_t *header,
                                   const uint8_t *identity_seed)
{
    if (identity_seed == NULL) {
        return ERR_LOCKED;
    }
    uint8_t identity[crypto_sign_PUBLICKEYBYTES];
    uint8_t x25519[crypto_box_PUBLICKEYBYTES];
    (void)crypto_sign_seed_keypair(identity, s->ed25519, identity_seed);
    (void)crypto_sign_ed25519_sk_to_curve25519(s->x25519, s->ed25519);
    (void)crypto_scalarmult_base(x25519, s->x25519);
    int rc = crypto_box_seal_open(s->file_key, header + AT_SEALED, FILE_KEY + crypto_box_SEALBYTES,
                                  x25519, s->x25519);
    return rc == 0 ? ERR_OK : ERR_DECRYPT;
}

/* The stream's length is that of plain_len octets. */
static enum err_code pull_all(struct secrets *s, uint8_t *out, struct octets stream,
                              const uint8_t *header, size_t header_len)
{
    if (crypto_secretstream_xchacha20poly1305_init_pull(&s->stream, stream.at, s->file_key) != 0) {
        return ERR_DAMAGED;
    }
    const uint8_t *at = stream.at + STREAM_HEAD;
    size_t left = stream.len - STREAM_HEAD;
    while (left > 0) {
        size_t len = left < CHUNK_MAX + CHUNK_EXTRA ? left : CHUNK_MAX + CHUNK_EXTRA;
        unsigned long long got = 0;
        unsigned char tag = 0;
        if (crypto_secretstream_xchacha20poly1305_pull(&s->stream, out, &got, &tag, at, len, header,
                                                       header_len) != 0) {
            return ERR_DAMAGED;
        }
        out += got;
        at += len;
        left -= len;
        bool final = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
        if (final != (left == 0)) {
            return ERR_DAMAGED;
        }
    }
    return ERR_OK;
}

/* The header says how long it is, so that what was cut off is told from what was altered. */
static enum err_code check_len(size_t *plain_len, struct octets sealed, size_t header_len)
{
    uint64_t len = octets_get_u64be(sealed.at + AT_LEN);
    if (len > SEALED_PLAIN_MAX) {
        return ERR_TOO_LARGE;
    }
    size_t whole_len = sealed_len_of(header_len, (size_t)len);
    if (sealed.len != whole_len) {
        return sealed.len < whole_len ? ERR_TRUNCATED : ERR_DAMAGED;
    }
    *plain_len = (size_t)len;
    return ERR_OK;
}

enum err_code sealed_decode(uint8_t **plain, size_t *plain_len, enum sealed_purpose purpose,
                            struct octets sealed, const struct sealed_opener *opener)
{
    enum sealed_mode mode;
    enum err_code rc = sealed_mode_of(&mode, purpose, sealed);
    if (rc != ERR_OK) {
        return rc;
    }
    size_t header_len = header_len_of(mode);
    size_t before = header_len + DIGEST_LEN;
    struct octets stream = octets_of(sealed.at + before, sealed.len - before);
    size_t len = 0;
    rc = check_len(&len, sealed, header_len);
    if (rc != ERR_OK) {
        return rc;
    }
    struct secrets *s = sodium_malloc(sizeof *s);
    uint8_t *out = sodium_malloc(len + 1);
    rc = s != NULL && out != NULL ? ERR_OK : ERR_NO_MEMORY;
    if (rc == ERR_OK) {
        rc = mode == SEALED_TO_PASSPHRASE ? unwrap_by_passphrase(s, sealed.at, opener->passphrase)
                                          : unwrap_by_key(s, sealed.at, opener->identity_seed);
    }
    if (rc == ERR_OK) {
        rc = pull_all(s, out, stream, sealed.at, header_len);
    }
    sodium_free(s);
    if (rc != ERR_OK) {
        sodium_free(out);
        return rc;
    }
    *plain = out;
    *plain_len = len;
    return ERR_OK;
}

#define PATH_MAX_LEN 512

static enum err_code write_part(struct files *files, const char *part, struct octets sealed,
                                struct err_note *note)
{
    struct file *file = NULL;
    enum err_code rc = files->open(files, &file, part, FILE_CREATE, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = files->append(files, file, sealed, note);
    if (rc == ERR_OK) {
        rc = files->sync(files, file, note);
    }
    files->close(files, file);
    return rc;
}

enum err_code sealed_put(struct files *files, const char *path, struct octets sealed,
                         struct err_note *note)
{
    char part[PATH_MAX_LEN];
    if (strlen(path) + sizeof ".part" > sizeof part) {
        return err_note(note, ERR_REFUSED, "that file name is too long");
    }
    (void)snprintf(part, sizeof part, "%s.part", path);
    if (file_exists(files, path)) {
        return err_note(note, ERR_REFUSED, "%s is there already, and was left as it is", path);
    }
    if (file_exists(files, part)) {
        return err_note(note, ERR_REFUSED, "%s is in the way, and was left as it is", part);
    }
    enum err_code rc = write_part(files, part, sealed, note);
    if (rc == ERR_OK && file_exists(files, path)) {
        rc = err_note(note, ERR_REFUSED, "%s is there already, and was left as it is", path);
    }
    if (rc == ERR_OK) {
        rc = files->rename(files, part, path, note);
    }
    struct err_note ignored = {{0}};
    if (rc != ERR_OK) {
        (void)files->remove(files, part, &ignored);
        return rc;
    }
    rc = files->sync_dir(files, ".", note);
    if (rc != ERR_OK) {
        (void)files->remove(files, path, &ignored);
    }
    return rc;
}
