#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <sodium.h>

#include "node/keeper.h"
#include "node/reads.h"
#include "node/verify.h"
#include "node/writer.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define POSTS_COUNT 100

/* A store over files in memory, workers, a writer, and some posts. */
struct scene {
    uv_loop_t loop;
    struct mailbox mailbox;
    struct crew workers;
    struct writer *writer;
    struct files *files;
    struct store *store;
    struct posts posts;
    bool ok[POSTS_COUNT];
    unsigned answers_count;
    enum err_code status_last;
    enum store_put_result first_last; /* of the latest put, its first result */
    size_t bodies_count;
    size_t body_len;
    bool known[2];
};

static int begin(void **state)
{
    assert_true(sodium_init() >= 0);
    struct scene *scene = calloc(1, sizeof *scene);
    struct err_note note = {{0}};
    uint8_t key[32] = {7};
    assert_int_equal(uv_loop_init(&scene->loop), 0);
    assert_int_equal(mailbox_init(&scene->mailbox, &scene->loop), ERR_OK);
    assert_int_equal(crew_start(&scene->workers, 2, &scene->mailbox), ERR_OK);
    scene->files = file_memory_new(1);
    assert_int_equal(store_open(&scene->store, scene->files, key, STORE_READ, &note), ERR_OK);
    assert_int_equal(writer_new(&scene->writer, scene->store, NULL, &scene->mailbox), ERR_OK);
    struct person ana = person_of("ana");
    for (size_t i = 0; i < POSTS_COUNT; i++) {
        (void)person_text(&scene->posts, &ana, 1000 + i, "me too", "metoo");
    }
    *state = scene;
    return 0;
}

static int end(void **state)
{
    struct scene *scene = *state;
    writer_finish(scene->writer);
    crew_finish(&scene->workers);
    mailbox_close(&scene->mailbox);
    (void)uv_run(&scene->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
    writer_free(scene->writer);
    store_close(scene->store);
    file_memory_free(scene->files);
    posts_free(&scene->posts);
    free(scene);
    return 0;
}

static void wait_for(struct scene *scene, unsigned answers_count)
{
    while (scene->answers_count < answers_count) {
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
}

static void on_verified(void *context, uint64_t token, const bool *ok)
{
    struct scene *scene = context;
    assert_int_equal(token, 5);
    memcpy(scene->ok, ok, sizeof scene->ok);
    scene->answers_count++;
}

static void on_put(void *context, uint64_t token, enum err_code status,
                   const enum store_put_result *results)
{
    (void)token;
    struct scene *scene = context;
    scene->status_last = status;
    scene->first_last = results[0];
    scene->answers_count++;
}

static void on_read(void *context, const struct engine_read_done *answer)
{
    struct scene *scene = context;
    scene->answers_count++;
    if (answer->token == 1) {
        memcpy(scene->known, answer->as.known, sizeof scene->known);
    } else {
        scene->bodies_count = answer->as.bodies.wires_count;
        scene->body_len = answer->as.bodies.wires[0].len;
    }
}

static void put(struct scene *scene, size_t first, size_t count)
{
    struct writer_request request = {.wires = &scene->posts.wires[first],
                                     .ids = &scene->posts.ids[first],
                                     .count = count,
                                     .done = on_put,
                                     .context = scene};
    writer_put(scene->writer, &request);
}

static void exactly_the_proofs_that_hold_are_found_in_every_part(void **state)
{
    struct scene *scene = *state;
    for (size_t i = 0; i < POSTS_COUNT; i += 10) {
        size_t last = scene->posts.wires[i].len - 1;
        uint8_t *wire = malloc(last + 1);
        memcpy(wire, scene->posts.wires[i].at, last + 1);
        wire[last] ^= 1;
        posts_add(&scene->posts, octets_of(wire, last + 1), scene->posts.ids[i]);
        struct octets swap = scene->posts.wires[i];
        scene->posts.wires[i] = scene->posts.wires[scene->posts.count - 1];
        scene->posts.wires[scene->posts.count - 1] = swap;
        free(wire);
    }
    struct verify_request request = {.token = 5,
                                     .wires = scene->posts.wires,
                                     .ids = scene->posts.ids,
                                     .count = POSTS_COUNT,
                                     .done = on_verified,
                                     .context = scene};
    verify_start(&scene->workers, &request);
    wait_for(scene, 1);
    for (size_t i = 0; i < POSTS_COUNT; i++) {
        assert_int_equal(scene->ok[i], i % 10 != 0);
    }
}

/* The next sync waits at a gate. */
static uv_sem_t gate;
static enum err_code (*sync_behind_gate)(struct files *self, struct file *file,
                                         struct err_note *note);

static enum err_code sync_at_gate(struct files *self, struct file *file, struct err_note *note)
{
    uv_sem_wait(&gate);
    self->sync = sync_behind_gate;
    return self->sync(self, file, note);
}

static void what_queues_meanwhile_shares_a_sync(void **state)
{
    struct scene *scene = *state;
    put(scene, 0, 1); /* makes the segment */
    wait_for(scene, 1);
    assert_int_equal(uv_sem_init(&gate, 0), 0);
    sync_behind_gate = scene->files->sync;
    scene->files->sync = sync_at_gate;
    uint64_t before = file_memory_calls(scene->files, FILE_MEMORY_SYNC);
    for (size_t i = 1; i < POSTS_COUNT; i++) {
        put(scene, i, 1);
    }
    uv_sem_post(&gate);
    wait_for(scene, POSTS_COUNT);
    uv_sem_destroy(&gate);
    assert_int_equal(scene->status_last, ERR_OK);
    assert_int_equal(scene->first_last, STORE_NEW);
    assert_int_equal(store_stats(scene->store).posts_count, POSTS_COUNT);
    /* What the writer took before it came to the gate, and all the rest. */
    assert_in_range(file_memory_calls(scene->files, FILE_MEMORY_SYNC) - before, 1, 2);
    put(scene, 0, 1);
    wait_for(scene, POSTS_COUNT + 1);
    assert_int_equal(scene->first_last, STORE_THERE);
}

static void a_failed_sync_is_told_to_everybody(void **state)
{
    struct scene *scene = *state;
    put(scene, 0, 1);
    wait_for(scene, 1);
    file_memory_fail(scene->files, FILE_MEMORY_SYNC, 1, ERR_NO_SPACE);
    put(scene, 1, 1);
    wait_for(scene, 2);
    assert_int_equal(scene->status_last, ERR_NO_SPACE);
    put(scene, 2, 1);
    wait_for(scene, 3);
    assert_int_equal(scene->status_last, ERR_NO_SPACE);
}

static void reads_answer_what_is_here_and_no_more_than_asked(void **state)
{
    struct scene *scene = *state;
    put(scene, 0, 10);
    wait_for(scene, 1);
    struct reads reads = {
        .workers = &scene->workers, .store = scene->store, .done = on_read, .context = scene};
    struct post_id ids[2] = {scene->posts.ids[0], scene->posts.ids[50]};
    struct engine_read read = {.token = 1, .query = ENGINE_READ_KNOWN, .ids = ids, .ids_count = 2};
    reads_start(&reads, &read);
    wait_for(scene, 2);
    assert_true(scene->known[0]);
    assert_false(scene->known[1]);

    /* Room for two and a half posts; the first id is not here, which takes none. */
    size_t len = scene->posts.wires[0].len;
    struct post_id wanted[5] = {scene->posts.ids[50], scene->posts.ids[0], scene->posts.ids[1],
                                scene->posts.ids[2], scene->posts.ids[3]};
    read = (struct engine_read){.token = 2,
                                .query = ENGINE_READ_BODIES,
                                .ids = wanted,
                                .ids_count = 5,
                                .octets_max = 2 * len + len / 2};
    reads_start(&reads, &read);
    wait_for(scene, 3);
    assert_int_equal(scene->bodies_count, 3);
    assert_int_equal(scene->body_len, 0);

    /* The first is given however long it is. */
    read.ids = &wanted[1];
    read.ids_count = 4;
    read.octets_max = 1;
    reads_start(&reads, &read);
    wait_for(scene, 4);
    assert_int_equal(scene->bodies_count, 1);
    assert_int_equal(scene->body_len, len);
}

/* The floor was told of: what the files hold still is nobody's business. */
static void what_is_below_the_floor_is_read_for_nobody(void **state)
{
    struct scene *scene = *state;
    struct err_note note = {{0}};
    struct reads reads = {
        .workers = &scene->workers, .store = scene->store, .done = on_read, .context = scene};
    struct engine_read read = {.token = 2,
                               .query = ENGINE_READ_BODIES,
                               .ids = scene->posts.ids,
                               .ids_count = 1,
                               .octets_max = POST_WIRE_MAX};
    put(scene, 0, 10);
    wait_for(scene, 1);
    for (unsigned times = 0; times < 2; times++) {
        reads_start(&reads, &read);
        wait_for(scene, 2 + times);
        assert_int_equal(scene->body_len, times == 0 ? scene->posts.wires[0].len : 0);
        assert_int_equal(store_raise(scene->store, 86400, &note), ERR_OK);
    }
    assert_int_equal(store_stats(scene->store).posts_count, 10);
}

static uv_thread_t floor_writer;
static bool floor_written; /* and by whom first */

static void note_writer(void *context, enum file_memory_call call, const char *path)
{
    (void)context;
    bool is_first = call == FILE_MEMORY_RENAME && strstr(path, "floor") != NULL && !floor_written;
    floor_writer = is_first ? uv_thread_self() : floor_writer;
    floor_written = floor_written || is_first;
}

/* Before there is a thread that tends, and so before there is anybody to tell. */
static void a_keeper_begins_with_the_floor_where_it_belongs(void **state)
{
    (void)state;
    const uint8_t key[32] = {7};
    const struct file_memory_hook hook = {.before = note_writer};
    const struct store_retention_rules rules = {.keep_s = 2 * UINT64_C(86400), .held = true};
    uint64_t now_s = (uint64_t)time(NULL);
    struct err_note note = {{0}};
    struct person ana = person_of("ana");
    struct posts posts = {0};
    struct files *files = file_memory_new(1);
    struct store *store = NULL;
    struct keeper *keeper = NULL;
    enum store_put_result result;
    (void)person_text(&posts, &ana, now_s - 60, "just now", NULL); /* the clock is right */
    struct post post = posts_decoded(&posts, 0);
    assert_int_equal(store_open(&store, files, key, STORE_READ, &note), ERR_OK);
    assert_int_equal(store_put(store, &result, &post, posts.wires, 1, now_s, &note), ERR_OK);
    store_retain(store, &rules);
    file_memory_hook(files, &hook);
    assert_int_equal(keeper_new(&keeper, store, NULL), ERR_OK);
    uint64_t floor_s = store_floor(store);
    keeper_free(keeper);
    uv_thread_t self = uv_thread_self();
    assert_in_range(floor_s, now_s - 3 * UINT64_C(86400), now_s - 2 * UINT64_C(86400) + 60);
    assert_true(floor_written);
    assert_int_not_equal(uv_thread_equal(&floor_writer, &self), 0);
    store_close(store);
    file_memory_free(files);
    posts_free(&posts);
}

#define SCENE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(exactly_the_proofs_that_hold_are_found_in_every_part),
        SCENE(what_queues_meanwhile_shares_a_sync),
        SCENE(a_failed_sync_is_told_to_everybody),
        SCENE(reads_answer_what_is_here_and_no_more_than_asked),
        SCENE(what_is_below_the_floor_is_read_for_nobody),
        cmocka_unit_test(a_keeper_begins_with_the_floor_where_it_belongs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
