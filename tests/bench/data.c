#include "tests/bench/data.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "proto/canon.h"
#include "tests/bench/measure.h"
#include "tests/support/sorted_set.h"

#define PEOPLE_COUNT 1000
#define WIRE_ROOM    512 /* for one of these posts */

uint64_t data_random(uint64_t *state, uint64_t below)
{
    /* splitmix64 */
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

size_t data_word(char word[DATA_WORD_ROOM], uint32_t rank)
{
    static const char consonants[] = "bdfghklmnprstvwz";
    static const char vowels[] = "aeio";
    size_t len = 0;
    for (uint32_t left = rank; len == 0 || left > 0; left /= 64) {
        word[len++] = consonants[left % 64 / 4];
        word[len++] = vowels[left % 4];
    }
    word[len] = '\0';
    return len;
}

/* Each doubling of the rank is as often met as the one before: Zipf's law. */
static uint32_t some_rank(uint64_t *state)
{
    uint32_t begin = UINT32_C(1) << data_random(state, DATA_WORDS_BITS);
    return begin - 1 + (uint32_t)data_random(state, begin);
}

void data_text(uint8_t text[DATA_TEXT_LEN], uint64_t *state)
{
    size_t len = 0;
    while (len < DATA_TEXT_LEN) {
        char word[DATA_WORD_ROOM];
        size_t word_len = data_word(word, some_rank(state));
        word[word_len++] = ' ';
        size_t fits = DATA_TEXT_LEN - len < word_len ? DATA_TEXT_LEN - len : word_len;
        memcpy(text + len, word, fits);
        len += fits;
    }
}

static void start(struct data *data, size_t count, size_t octets_cap)
{
    *data = (struct data){.octets_cap = octets_cap};
    data->octets = must_get(data->octets_cap, 1);
    data->wires = must_get(count, sizeof *data->wires);
    data->ids = must_get(count, sizeof *data->ids);
}

void data_free(struct data *data)
{
    free(data->octets);
    free(data->wires);
    free(data->ids);
    *data = (struct data){.count = 0};
}

static void make(struct data *data, size_t count)
{
    static uint8_t seeds[PEOPLE_COUNT][32];
    uint64_t state = 1;
    uint64_t now_s = (uint64_t)time(NULL);
    randombytes_buf(seeds, sizeof seeds);
    struct octets tag = octets_of_text("metoo");
    while (data->count < count) {
        uint8_t text[DATA_TEXT_LEN];
        static uint8_t wire[POST_WIRE_MAX];
        size_t len = 0;
        data_text(text, &state);
        struct post_draft draft = {.kind = POST_TEXT,
                                   .created_s = now_s - 86400 + data_random(&state, 86400),
                                   .tags = &tag,
                                   .tags_count = 1,
                                   .text = octets_of(text, sizeof text)};
        must_ok(post_sign(wire, &len, &data->ids[data->count], &draft,
                          seeds[data_random(&state, PEOPLE_COUNT)]),
                NULL, "signing a post");
        must(data->octets_cap - data->octets_len >= len, "posts are longer than expected");
        memcpy(data->octets + data->octets_len, wire, len);
        data->octets_len += len;
        data->count++;
    }
}

/* Where each post lies; false if they are not count whole posts. */
static bool find_posts(struct data *data, size_t count)
{
    size_t at = 0;
    for (data->count = 0; data->count < count && at < data->octets_len; data->count++) {
        struct post post;
        size_t len = 0;
        if (post_decode_prefix(&post, &len, octets_of(data->octets + at, data->octets_len - at)) !=
            ERR_OK) {
            return false;
        }
        data->wires[data->count] = octets_of(data->octets + at, len);
        data->ids[data->count] = post.id;
        at += len;
    }
    return data->count == count && at == data->octets_len;
}

bool data_read(struct data *data, const char *path, size_t count)
{
    struct stat found;
    FILE *file = fopen(path, "rb");
    if (file == NULL || fstat(fileno(file), &found) != 0) {
        return false;
    }
    start(data, count, (size_t)found.st_size);
    data->octets_len = fread(data->octets, 1, data->octets_cap, file);
    (void)fclose(file);
    if (!find_posts(data, count)) {
        data_free(data);
        return false;
    }
    return true;
}

void data_file(char path[BENCH_PATH_MAX], const struct bench *bench, size_t count)
{
    (void)snprintf(path, BENCH_PATH_MAX, "%s/signed-words-%zu", bench->cache, count);
}

void data_signed(struct data *data, const struct bench *bench, size_t count)
{
    char path[BENCH_PATH_MAX];
    data_file(path, bench, count);
    if (data_read(data, path, count)) {
        return;
    }
    start(data, count, count * WIRE_ROOM);
    make(data, count);
    must(find_posts(data, count), "the posts made do not decode");
    FILE *file = fopen(path, "wb");
    must(file != NULL && fwrite(data->octets, 1, data->octets_len, file) == data->octets_len &&
             fclose(file) == 0,
         "the posts made cannot be kept");
}

static void write_refs(struct canon_writer *w, const struct post_draft *draft)
{
    canon_write_array(w, (uint32_t)draft->refs_count);
    for (size_t i = 0; i < draft->refs_count; i++) {
        canon_write_array(w, 2);
        canon_write_uint(w, draft->refs[i].relation);
        canon_write_bin(w, octets_of(draft->refs[i].id.octets, POST_ID_LEN));
    }
}

/* Texts, reactions and vouches. */
static void write_content(struct canon_writer *w, const struct post_draft *draft)
{
    if (draft->kind == POST_REACT) {
        canon_write_array(w, 1);
        canon_write_uint(w, draft->reaction);
    } else if (draft->kind == POST_VOUCH) {
        canon_write_array(w, 2);
        canon_write_bin(w, octets_of(draft->subject.octets, KEY_LEN));
        canon_write_bin(w, octets_of(NULL, 0));
    } else {
        canon_write_array(w, 4);
        canon_write_str(w, draft->text);
        canon_write_str(w, octets_of(NULL, 0));
        canon_write_uint(w, draft->replies);
        canon_write_array(w, 0);
    }
}

size_t data_unsigned(uint8_t *wire, const struct post_draft *draft, const struct key *author,
                     uint64_t *state)
{
    static _Thread_local uint8_t octets[POST_BODY_MAX];
    struct canon_writer body = canon_writer_of(octets, sizeof octets);
    canon_write_array(&body, 8);
    canon_write_uint(&body, 1);
    canon_write_uint(&body, draft->kind);
    canon_write_bin(&body, octets_of(author->octets, KEY_LEN));
    canon_write_uint(&body, draft->created_s);
    canon_write_uint(&body, draft->expires_s);
    canon_write_array(&body, (uint32_t)draft->tags_count);
    for (size_t i = 0; i < draft->tags_count; i++) {
        canon_write_str(&body, draft->tags[i]);
    }
    write_refs(&body, draft);
    write_content(&body, draft);

    uint8_t proof[64];
    for (size_t i = 0; i < sizeof proof; i++) {
        proof[i] = (uint8_t)data_random(state, 256);
    }
    struct canon_writer w = canon_writer_of(wire, POST_WIRE_MAX);
    canon_write_array(&w, 2);
    canon_write_bin(&w, canon_written(&body));
    canon_write_bin(&w, octets_of(proof, sizeof proof));
    return canon_written(&w).len;
}

void data_set(struct sorted_set *set, const struct data *data)
{
    sorted_set_init(set);
    for (size_t i = 0; i < data->count; i++) {
        struct post post;
        must_ok(post_decode(&post, data->wires[i]), NULL, "decoding");
        sorted_set_add(set, post.created_s, &post.id);
    }
    sorted_set_seal(set);
}
