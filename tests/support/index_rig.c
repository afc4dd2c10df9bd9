#include "tests/support/index_rig.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

static void must(enum err_code rc, const struct err_note *note)
{
    if (rc != ERR_OK) {
        (void)fprintf(stderr, "the index: %s (%s)\n", note->text, err_text(rc));
        abort();
    }
}

static enum err_code read_nothing(void *context, struct octets_room *wire, uint64_t position,
                                  struct err_note *note)
{
    (void)context;
    (void)wire;
    (void)position;
    (void)note;
    return ERR_NOT_FOUND;
}

struct index *index_rig_open(struct files *files, uint32_t table_max)
{
    static const uint8_t key[32] = {5};
    struct index *index = NULL;
    struct err_note note = {{0}};
    struct index_config config = {.files = files,
                                  .folder = "index",
                                  .key = key,
                                  .table_max = table_max,
                                  .read = read_nothing};
    if (sodium_init() < 0) {
        abort();
    }
    must(index_open(&index, &config, &note), &note);
    return index;
}

void index_rig_add(struct index *index, const struct post *post, uint64_t position)
{
    static struct set_names names; /* every index here has one key */
    struct err_note note = {{0}};
    struct index_row row;
    index_row_of(&row, index_hash(index), &names, post);
    must(index_add(index, &row, &position, 1, NULL, &note), &note);
}

bool index_rig_find(struct index *index, struct index_place *place, const struct post_id *id)
{
    struct err_note note = {{0}};
    bool found = false;
    must(index_find(index, &found, place, id, 1, &note), &note);
    return found;
}

void index_rig_tend(struct index *index, uint64_t now_s, bool idle)
{
    struct err_note note = {{0}};
    for (bool more = true; more;) {
        must(index_tend(index, &more, now_s, idle, &note), &note);
    }
}

void index_rig_answer(struct index *index, struct negentropy_results *results,
                      const struct negentropy_batch *batch)
{
    struct err_note note = {{0}};
    struct run_set_name all = run_set_of(index_hash(index), SET_ALL);
    must(index_answer(index, results, &all, batch, &note), &note);
}
