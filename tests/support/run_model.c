#include "tests/support/run_model.h"

#include "store/run_build.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define CREATED_S 1000000
#define TAGS      40
#define WORDS     300

uint64_t run_model_random(struct run_model *model, uint64_t below)
{
    uint64_t x = model->random += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (x ^ (x >> 31)) % below;
}

/* 1 to count, small ones far more often. */
static uint32_t steep(struct run_model *model, uint32_t count)
{
    uint64_t range = 1 + run_model_random(model, count);
    range = 1 + run_model_random(model, range);
    return (uint32_t)(1 + run_model_random(model, range));
}

static void make_id(struct run_model *model, struct post_id *id)
{
    for (size_t i = 0; i < POST_ID_LEN; i++) {
        id->octets[i] = (uint8_t)run_model_random(model, 256);
    }
}

static void make_post(struct run_model *model, struct run_model_post *post)
{
    uint64_t kind = run_model_random(model, 50);
    if (kind == 0) {
        return; /* a hole */
    }
    make_id(model, &post->record.id);
    post->record.state = kind == 1 ? RUN_GONE : RUN_KEPT;
    post->record.flags = (uint8_t)run_model_random(model, RUN_FLAGS_MAX + 1);
    post->record.created_s = CREATED_S + run_model_random(model, 1 + model->count / 8);
    post->author = steep(model, model->authors_count);
    post->tag = run_model_random(model, 4) == 0 ? 0 : steep(model, model->tags_count);
    post->words_count = run_model_random(model, RUN_MODEL_WORDS + 1);
    for (size_t i = 0; i < post->words_count; i++) {
        post->words[i] = steep(model, model->words_count);
    }
    post->refs_count = run_model_random(model, RUN_MODEL_REFS + 1);
    for (size_t i = 0; i < post->refs_count; i++) {
        post->subjects[i] = steep(model, model->subjects_count);
        post->relations[i] = (uint8_t)(1 + run_model_random(model, 4));
    }
    if (run_model_random(model, 5) == 0) {
        post->expires_s = CREATED_S + run_model_random(model, 1000);
    }
}

void run_model_init(struct run_model *model, uint64_t seed, uint32_t first, uint32_t count)
{
    static const uint8_t key[SEAL_KEY_LEN] = {7};
    *model = (struct run_model){
        .random = seed,
        .first = first,
        .count = count,
        .authors_count = 1 + count / 4,
        .tags_count = TAGS,
        .words_count = WORDS,
        .subjects_count = 1 + count / 3,
    };
    run_hash_init(&model->hash, key);
    model->posts = calloc(count, sizeof *model->posts);
    if (model->posts == NULL || sodium_init() < 0) {
        exit(1);
    }
    for (uint32_t i = 0; i < count; i++) {
        make_post(model, &model->posts[i]);
    }
}

void run_model_close(struct run_model *model)
{
    free(model->posts);
    *model = (struct run_model){0};
}

struct run_set_name run_model_author(const struct run_model *model, uint32_t author)
{
    struct key key = {{0}};
    octets_put_u32be(key.octets, author);
    return run_set_author(&model->hash, &key);
}

struct run_set_name run_model_tag(const struct run_model *model, uint32_t tag)
{
    return run_set_of(&model->hash, SET_TAGS + tag);
}

uint64_t run_model_word(const struct run_model *model, uint32_t word)
{
    char text[16];
    (void)snprintf(text, sizeof text, "word%u", (unsigned)word);
    return run_hash_word(&model->hash, octets_of_text(text));
}

uint64_t run_model_subject(const struct run_model *model, uint32_t subject)
{
    struct post_id id = {{0}};
    octets_put_u32be(id.octets, subject);
    return run_hash_id(&model->hash, &id);
}

struct run_name run_model_name(const char *path, uint64_t number)
{
    struct run_name name = {.path = path, .number = number};
    octets_put_u64be(name.key, number);
    return name;
}

static void fill(const struct run_model *model, struct run_rows *rows)
{
    for (uint32_t i = 0; i < rows->records_count; i++) {
        uint32_t position = rows->first + i;
        const struct run_model_post *post = &model->posts[position - model->first];
        if (post->record.state == RUN_HOLE) {
            continue;
        }
        rows->sets[rows->sets_count++] =
            (struct run_set_row){run_set_of(&model->hash, SET_ALL), position};
        rows->sets[rows->sets_count++] =
            (struct run_set_row){run_model_author(model, post->author), position};
        if (post->tag != 0) {
            rows->sets[rows->sets_count++] =
                (struct run_set_row){run_model_tag(model, post->tag), position};
        }
        for (size_t j = 0; j < post->refs_count; j++) {
            rows->refs[rows->refs_count++] = (struct run_ref_row){
                run_model_subject(model, post->subjects[j]), position, post->relations[j]};
        }
        for (size_t j = 0; j < post->words_count; j++) {
            rows->words[rows->words_count++] =
                run_word_row(run_model_word(model, post->words[j]), position);
        }
        if (post->expires_s != 0) {
            rows->expiries[rows->expiries_count++] = (struct run_expiry){post->expires_s, position};
        }
    }
}

static void *rows_of(size_t count, size_t len)
{
    void *rows = calloc(count, len);
    if (rows == NULL) {
        exit(1);
    }
    return rows;
}

struct run_model_rows run_model_rows(const struct run_model *model, uint32_t first, uint32_t count)
{
    struct run_record *records = rows_of(count, sizeof *records);
    for (uint32_t i = 0; i < count; i++) {
        records[i] = model->posts[first - model->first + i].record;
    }
    struct run_rows rows = {
        .first = first,
        .records_count = count,
        .records = records,
        .sets = rows_of(count, 3 * sizeof *rows.sets),
        .refs = rows_of(count, RUN_MODEL_REFS * sizeof *rows.refs),
        .words = rows_of(count, RUN_MODEL_WORDS * sizeof *rows.words),
        .expiries = rows_of(count, sizeof *rows.expiries),
    };
    fill(model, &rows);
    return (struct run_model_rows){.rows = rows, .records = records};
}

void run_model_rows_close(struct run_model_rows *made)
{
    free(made->records);
    free(made->rows.sets);
    free(made->rows.refs);
    free(made->rows.words);
    free(made->rows.expiries);
}

enum err_code run_model_build(const struct run_model *model, struct files *files,
                              const struct run_name *name, uint32_t first, uint32_t count,
                              struct err_note *note)
{
    struct run_model_rows made = run_model_rows(model, first, count);
    enum err_code rc = run_build(files, name, &model->hash, &made.rows, note);
    run_model_rows_close(&made);
    return rc;
}
