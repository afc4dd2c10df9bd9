#include "node/addresses.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#include "node/log.h"
#include "node/memory.h"
#include "proto/canon.h"

#define VERSION  1
#define FIELDS   3
#define HEAD_MAX 16

struct addresses {
    struct job job; /* first */
    struct files *files;
    const uint8_t *key;
    struct address_book *book;
    struct peer_scores *scores;
    uint64_t save_at_ms;
    uint8_t *octets; /* being written; NULL: no job is under way */
    size_t len;
    enum err_code failed;
    struct err_note note;
};

/* ---- Reading ------------------------------------------------------------------------------ */

static enum err_code parts_of(struct octets *book, struct octets *scores, struct octets plain)
{
    struct canon_reader r = canon_reader_of(plain);
    uint32_t fields = 0;
    uint64_t version = 0;
    enum err_code rc = canon_read_array(&r, &fields, FIELDS);
    if (rc == ERR_OK && fields != FIELDS) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        rc = canon_read_uint(&r, &version, VERSION);
    }
    if (rc == ERR_OK) {
        rc = canon_read_bin(&r, book, ADDRESSES_FILE_MAX);
    }
    if (rc == ERR_OK) {
        rc = canon_read_bin(&r, scores, PEER_SCORE_ENCODED_MAX);
    }
    return rc == ERR_OK ? canon_end(&r) : rc;
}

static enum err_code decode(struct addresses *addresses, struct octets plain)
{
    struct octets book = octets_of(NULL, 0);
    struct octets scores = octets_of(NULL, 0);
    enum err_code rc = parts_of(&book, &scores, plain);
    if (rc == ERR_OK) {
        rc = address_book_decode(&addresses->book, book);
    }
    if (rc == ERR_OK) {
        rc = peer_scores_decode(&addresses->scores, scores, (uint64_t)time(NULL));
    }
    return rc;
}

static void load(struct addresses *addresses)
{
    uint8_t *plain = NULL;
    size_t len = 0;
    struct err_note note = {{0}};
    enum err_code rc = seal_read(addresses->files, &plain, &len, ADDRESSES_FILE, SEAL_ADDRESSES,
                                 addresses->key, ADDRESSES_FILE_MAX, &note);
    if (rc == ERR_OK) {
        rc = decode(addresses, octets_of(plain, len));
        sodium_free(plain);
    }
    if (rc != ERR_OK && rc != ERR_NOT_FOUND) {
        log_line(LOG_WARN, "the addresses kept in this home cannot be read; the list begins anew");
    }
}

struct addresses *addresses_open(struct files *files, const uint8_t key[SEAL_KEY_LEN])
{
    struct addresses *addresses = memory_get(sizeof *addresses);
    uint8_t secret[ADDRESS_BOOK_KEY_LEN];
    addresses->files = files;
    addresses->key = key;
    load(addresses);
    randombytes_buf(secret, sizeof secret);
    if (addresses->book == NULL && address_book_new(&addresses->book, secret) != ERR_OK) {
        addresses->book = NULL;
    }
    if (addresses->scores == NULL && peer_scores_new(&addresses->scores) != ERR_OK) {
        addresses->scores = NULL;
    }
    return addresses;
}

void addresses_free(struct addresses *addresses)
{
    if (addresses == NULL) {
        return;
    }
    assert(addresses->octets == NULL);
    address_book_free(addresses->book);
    peer_scores_free(addresses->scores);
    free(addresses);
}

struct address_book *addresses_book(struct addresses *addresses)
{
    return addresses->book;
}

struct peer_scores *addresses_scores(struct addresses *addresses)
{
    return addresses->scores;
}

/* ---- Writing ------------------------------------------------------------------------------ */

static void encode(struct addresses *addresses)
{
    size_t book_cap = address_book_encoded_cap(addresses->book);
    size_t cap = HEAD_MAX + book_cap + PEER_SCORE_ENCODED_MAX;
    uint8_t *book = memory_get(book_cap);
    uint8_t *scores = memory_get(PEER_SCORE_ENCODED_MAX);
    size_t book_len = address_book_encode(addresses->book, book, book_cap);
    size_t scores_len = peer_scores_encode(addresses->scores, scores, (uint64_t)time(NULL));
    addresses->octets = memory_get(cap);
    struct canon_writer w = canon_writer_of(addresses->octets, cap);
    canon_write_array(&w, FIELDS);
    canon_write_uint(&w, VERSION);
    canon_write_bin(&w, octets_of(book, book_len));
    canon_write_bin(&w, octets_of(scores, scores_len));
    addresses->len = canon_written(&w).len;
    free(book);
    free(scores);
}

static void on_work(struct job *job)
{
    struct addresses *addresses = (struct addresses *)(void *)job;
    bool replaced = false;
    addresses->note = (struct err_note){{0}};
    addresses->failed =
        seal_replace(addresses->files, &replaced, ADDRESSES_FILE, SEAL_ADDRESSES, addresses->key,
                     octets_of(addresses->octets, addresses->len), &addresses->note);
}

static void on_done(struct job *job)
{
    struct addresses *addresses = (struct addresses *)(void *)job;
    sodium_memzero(addresses->octets, addresses->len);
    free(addresses->octets);
    addresses->octets = NULL;
    if (addresses->failed != ERR_OK) {
        log_line(LOG_WARN, "the addresses known here cannot be written: %s", addresses->note.text);
    }
}

static bool is_whole(const struct addresses *addresses)
{
    return addresses->book != NULL && addresses->scores != NULL;
}

bool addresses_are_due(const struct addresses *addresses, uint64_t now_ms)
{
    return addresses->octets == NULL && now_ms >= addresses->save_at_ms;
}

void addresses_save_later(struct addresses *addresses, struct crew *workers, uint64_t now_ms)
{
    bool first = addresses->save_at_ms == 0;
    addresses->save_at_ms = now_ms + ADDRESSES_SAVE_MS;
    if (first || addresses->octets != NULL || !is_whole(addresses)) {
        return; /* at first nothing has been learnt yet */
    }
    encode(addresses);
    addresses->job = (struct job){.work = on_work, .done = on_done};
    crew_push(workers, &addresses->job, CREW_PATIENT);
}

void addresses_save(struct addresses *addresses)
{
    assert(addresses->octets == NULL);
    if (!is_whole(addresses)) {
        return;
    }
    encode(addresses);
    on_work(&addresses->job);
    on_done(&addresses->job);
}
