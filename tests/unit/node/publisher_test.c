#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "node/memory.h"
#include "node/publisher.h"

/* A driver that only writes down what it is given: the functions of driver.h that publisher.c
 * calls are defined here, and the real ones stay unlinked. */
static uint64_t given[32];
static size_t given_count;

void driver_publish(struct driver *driver, uint64_t token, struct octets wire)
{
    (void)driver;
    (void)wire;
    assert_true(given_count < sizeof given / sizeof given[0]);
    given[given_count++] = token;
}

struct scene {
    uv_loop_t loop;
    struct publisher *publisher;
    bool closed;
};

static int begin(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    given_count = 0;
    assert_int_equal(uv_loop_init(&scene->loop), 0);
    scene->publisher = publisher_new(&scene->loop, NULL);
    *state = scene;
    return 0;
}

static void on_closed(void *context)
{
    ((struct scene *)context)->closed = true;
}

static int end(void **state)
{
    struct scene *scene = *state;
    publisher_stop(scene->publisher, on_closed, scene);
    (void)uv_run(&scene->loop, UV_RUN_DEFAULT);
    assert_true(scene->closed);
    publisher_free(scene->publisher);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
    free(scene);
    return 0;
}

static void add(struct scene *scene, uint64_t command_token)
{
    struct publisher_cause cause = {.command_token = command_token};
    publisher_add(scene->publisher, &cause, memory_get(8), 8);
}

/* The driver's answer to what it was given at place. */
static bool answer(struct scene *scene, size_t place, enum err_code status, uint64_t *command_token)
{
    struct engine_published published = {.token = given[place], .status = status};
    struct publisher_cause cause = {0};
    struct post_id id;
    bool told = publisher_on_published(scene->publisher, &cause, &id, &published);
    *command_token = cause.command_token;
    return told;
}

static void posts_go_in_order_and_only_a_few_at_a_time(void **state)
{
    struct scene *scene = *state;
    for (uint64_t i = 0; i < PUBLISHER_UNDER_WAY_MAX + 2; i++) {
        add(scene, 100 + i);
    }
    assert_int_equal(given_count, PUBLISHER_UNDER_WAY_MAX);
    uint64_t token = 0;
    assert_true(answer(scene, 0, ERR_OK, &token));
    assert_int_equal(token, 100);
    assert_int_equal(given_count, PUBLISHER_UNDER_WAY_MAX);
    publisher_next(scene->publisher);
    assert_int_equal(given_count, PUBLISHER_UNDER_WAY_MAX + 1);
    assert_true(answer(scene, PUBLISHER_UNDER_WAY_MAX, ERR_OK, &token));
    assert_int_equal(token, 100 + PUBLISHER_UNDER_WAY_MAX);
}

static void an_answer_comes_once(void **state)
{
    struct scene *scene = *state;
    uint64_t token = 0;
    add(scene, 7);
    assert_true(answer(scene, 0, ERR_NO_SPACE, &token));
    assert_false(answer(scene, 0, ERR_OK, &token));
}

static void a_busy_engine_delays_a_post_and_keeps_its_place(void **state)
{
    struct scene *scene = *state;
    uint64_t token = 0;
    add(scene, 7);
    assert_false(answer(scene, 0, ERR_FLOOD, &token));
    add(scene, 8);
    assert_int_equal(given_count, 1);
    while (given_count < 3) {
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
    assert_true(answer(scene, 1, ERR_OK, &token));
    assert_int_equal(token, 7);
    assert_true(answer(scene, 2, ERR_OK, &token));
    assert_int_equal(token, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(posts_go_in_order_and_only_a_few_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(an_answer_comes_once, begin, end),
        cmocka_unit_test_setup_teardown(a_busy_engine_delays_a_post_and_keeps_its_place, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
