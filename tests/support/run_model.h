/* run_model.h - posts made up from a seed, as rows for runs and as what a slow look at them says.
 *
 * Seconds are few, so that many posts share one; authors, tags, words and subjects follow a steep
 * distribution, so that sets of one and sets of many blocks both come up. */
#ifndef KITH_TESTS_SUPPORT_RUN_MODEL_H
#define KITH_TESTS_SUPPORT_RUN_MODEL_H

#include "store/run.h"
#include "store/run_build.h"

#define RUN_MODEL_WORDS 6 /* of a post, at most */
#define RUN_MODEL_REFS  2

struct run_model_post {
    struct run_record record;
    uint32_t author;
    uint32_t tag; /* 0: none */
    uint32_t words[RUN_MODEL_WORDS];
    size_t words_count;
    uint32_t subjects[RUN_MODEL_REFS];
    uint8_t relations[RUN_MODEL_REFS];
    size_t refs_count;
    uint64_t expires_s; /* 0: never */
};

struct run_model {
    struct run_hash hash;
    uint64_t random;
    uint32_t first;
    uint32_t count;
    uint32_t authors_count; /* names are 1 to these */
    uint32_t tags_count;
    uint32_t words_count;
    uint32_t subjects_count;
    struct run_model_post *posts;
};

/* count posts at positions from first; *model is closed by run_model_close().  Exits without
 * memory. */
void run_model_init(struct run_model *model, uint64_t seed, uint32_t first, uint32_t count);
void run_model_close(struct run_model *model);
uint64_t run_model_random(struct run_model *model, uint64_t below);

struct run_set_name run_model_author(const struct run_model *model, uint32_t author);
struct run_set_name run_model_tag(const struct run_model *model, uint32_t tag);
uint64_t run_model_word(const struct run_model *model, uint32_t word);
uint64_t run_model_subject(const struct run_model *model, uint32_t subject);
struct run_name run_model_name(const char *path, uint64_t number);

/* The rows of count posts from position first on, for run_build(); closed by
 * run_model_rows_close(). */
struct run_model_rows {
    struct run_rows rows;
    struct run_record *records; /* which rows borrow */
};

struct run_model_rows run_model_rows(const struct run_model *model, uint32_t first, uint32_t count);
void run_model_rows_close(struct run_model_rows *made);

/* Build a run of count posts from position first on. */
enum err_code run_model_build(const struct run_model *model, struct files *files,
                              const struct run_name *name, uint32_t first, uint32_t count,
                              struct err_note *note);

/* Ask the run everything it answers, and compare: exits, with what differs, where anything does.
 * `looks` random questions of each kind. */
void run_model_check(struct run_model *model, const struct run *run, size_t looks);

#endif
