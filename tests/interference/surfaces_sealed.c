#include "tests/interference/surfaces_sealed.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/evidence.h"
#include "store/vault_list.h"
#include "tests/support/outside.h"

#define WORDS_MAX       12
#define FILE_OCTETS_MAX (1024 * 1024)
#define POSTS_COUNT     5

static char folder[OUTSIDE_PATH_MAX];
static char path[96];

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "sealed files: %s\n", what);
        exit(1);
    }
}

static void remove_folder(void)
{
    (void)unlink(path);
    (void)rmdir(folder);
}

static const char *place(void)
{
    if (folder[0] == '\0') {
        must(outside_make(folder), "a folder");
        (void)snprintf(path, sizeof path, "%s/file", folder);
        (void)atexit(remove_folder);
    }
    return path;
}

const char *sealed_place(void)
{
    return place();
}

void sealed_remove(void)
{
    (void)unlink(place());
}

/* What the file holds, opened; NULL when there is none. */
static uint8_t *opened(size_t *len, const struct surfaces *s, enum sealed_purpose purpose)
{
    static uint8_t octets[FILE_OCTETS_MAX];
    FILE *file = fopen(place(), "rb");
    if (file == NULL) {
        return NULL;
    }
    size_t got = fread(octets, 1, sizeof octets, file);
    (void)fclose(file);
    struct person owner = world_owner(s->all);
    struct sealed_opener opener = {.identity_seed = owner.seed};
    uint8_t *plain = NULL;
    must(sealed_decode(&plain, len, purpose, octets_of(octets, got), &opener) == ERR_OK,
         "what was sealed to the owner opens");
    return plain;
}

void sealed_ask(struct surfaces *s, bool *same, struct answer answers[2],
                enum sealed_purpose purpose, size_t words_count, const char *const *words)
{
    struct world *worlds[2] = {s->all, s->without};
    const char *with_path[WORDS_MAX];
    uint8_t *plain[2];
    size_t len[2] = {0, 0};
    must(words_count <= WORDS_MAX, "so many words");
    for (size_t i = 0; i < words_count; i++) {
        with_path[i] = strcmp(words[i], "FILE") == 0 ? place() : words[i];
    }
    for (size_t i = 0; i < 2; i++) {
        sealed_remove();
        answers[i] = world_ask(worlds[i], words_count, with_path);
        plain[i] = opened(&len[i], s, purpose);
    }
    *same = (plain[0] == NULL) == (plain[1] == NULL) && len[0] == len[1] &&
            (plain[0] == NULL || memcmp(plain[0], plain[1], len[0]) == 0);
    sodium_free(plain[0]);
    sodium_free(plain[1]);
    sealed_remove();
}

static void seal(const struct surfaces *s, enum sealed_purpose purpose, struct octets plain)
{
    struct sealed_recipient owner = {.mode = SEALED_TO_KEY, .key = world_owner(s->all).key};
    uint8_t *sealed = NULL;
    size_t len = 0;
    must(sealed_encode(&sealed, &len, purpose, &owner, plain) == ERR_OK, "sealing");
    FILE *file = fopen(place(), "wb");
    must(file != NULL && fwrite(sealed, 1, len, file) == len && fclose(file) == 0, "writing");
    free(sealed);
}

const char *sealed_evidence(const struct surfaces *s)
{
    uint8_t posts[POSTS_COUNT * POST_WIRE_MAX];
    size_t posts_len = 0;
    struct person owner = world_owner(s->all);
    for (size_t i = 0; i < POSTS_COUNT && i < s->history->posts.count; i++) {
        struct octets wire = s->history->posts.wires[i];
        memcpy(posts + posts_len, wire.at, wire.len);
        posts_len += wire.len;
    }
    struct evidence evidence = {.sealer = owner.key,
                                .about = s->history->people[1].key,
                                .sealed_s = HISTORY_START_S,
                                .posts = octets_of(posts, posts_len)};
    uint8_t *plain = NULL;
    size_t len = 0;
    must(evidence_encode(&plain, &len, &evidence, owner.seed) == ERR_OK, "evidence");
    seal(s, SEALED_EVIDENCE, octets_of(plain, len));
    free(plain);
    return path;
}

const char *sealed_list(const struct surfaces *s)
{
    struct vault_block blocks[HISTORY_PEOPLE];
    memset(blocks, 0, sizeof blocks);
    for (size_t i = 0; i < HISTORY_PEOPLE; i++) {
        blocks[i].key = s->history->people[i].key;
        blocks[i].in_force = i % 2 == 1;
        (void)snprintf(blocks[i].label, sizeof blocks[i].label, "listed %zu", i);
    }
    struct vault_list list = {.exporter = s->history->people[1].key,
                              .exported_s = HISTORY_START_S,
                              .blocks = blocks,
                              .blocks_count = HISTORY_PEOPLE};
    uint8_t *plain = NULL;
    size_t len = 0;
    must(vault_list_encode(&plain, &len, &list) == ERR_OK, "a list");
    seal(s, SEALED_BLOCKS, octets_of(plain, len));
    free(plain);
    return path;
}
