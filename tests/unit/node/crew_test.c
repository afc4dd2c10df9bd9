#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/crew.h"
#include "node/mailbox.h"

#define TASKS_COUNT 1000

struct scene {
    uv_loop_t loop;
    struct mailbox mailbox;
    struct crew crew;
    uv_thread_t loop_thread;
    char order[8];
    size_t order_len;
    size_t done_count;
    uv_sem_t gate;
};

struct task {
    struct job job;
    struct scene *scene;
    char mark;
    bool worked_elsewhere;
};

static void work_nothing(struct job *job)
{
    struct task *task = JOB_OWNER(job, struct task, job);
    uv_thread_t self = uv_thread_self();
    task->worked_elsewhere = uv_thread_equal(&self, &task->scene->loop_thread) == 0;
}

static void work_gate(struct job *job)
{
    uv_sem_wait(&JOB_OWNER(job, struct task, job)->scene->gate);
}

static void on_done(struct job *job)
{
    struct task *task = JOB_OWNER(job, struct task, job);
    struct scene *scene = task->scene;
    uv_thread_t self = uv_thread_self();
    assert_true(uv_thread_equal(&self, &scene->loop_thread));
    scene->done_count++;
    if (task->mark != 0) {
        scene->order[scene->order_len++] = task->mark;
    }
}

static struct task task_of(struct scene *scene, char mark, void (*work)(struct job *job))
{
    return (struct task){.job = {.work = work, .done = on_done}, .scene = scene, .mark = mark};
}

static void begin(struct scene *scene, unsigned threads_count)
{
    memset(scene, 0, sizeof *scene);
    assert_int_equal(uv_loop_init(&scene->loop), 0);
    assert_int_equal(uv_sem_init(&scene->gate, 0), 0);
    scene->loop_thread = uv_thread_self();
    assert_int_equal(mailbox_init(&scene->mailbox, &scene->loop), ERR_OK);
    assert_int_equal(crew_start(&scene->crew, threads_count, &scene->mailbox), ERR_OK);
}

static void end(struct scene *scene)
{
    crew_finish(&scene->crew);
    mailbox_close(&scene->mailbox);
    (void)uv_run(&scene->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
    uv_sem_destroy(&scene->gate);
}

static void every_job_is_worked_off_elsewhere_and_comes_back(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, 4);
    struct task *tasks = calloc(TASKS_COUNT, sizeof *tasks);
    for (size_t i = 0; i < TASKS_COUNT; i++) {
        tasks[i] = task_of(&scene, 0, work_nothing);
        crew_push(&scene.crew, &tasks[i].job, CREW_PATIENT);
    }
    while (scene.done_count < TASKS_COUNT) {
        (void)uv_run(&scene.loop, UV_RUN_ONCE);
    }
    for (size_t i = 0; i < TASKS_COUNT; i++) {
        assert_true(tasks[i].worked_elsewhere);
    }
    end(&scene);
    free(tasks);
}

static void what_is_urgent_overtakes_and_the_rest_keeps_its_order(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, 1);
    struct task gate = task_of(&scene, 'g', work_gate);
    struct task a = task_of(&scene, 'a', work_nothing);
    struct task b = task_of(&scene, 'b', work_nothing);
    struct task urgent = task_of(&scene, 'u', work_nothing);
    crew_push(&scene.crew, &gate.job, CREW_URGENT);
    crew_push(&scene.crew, &a.job, CREW_PATIENT);
    crew_push(&scene.crew, &b.job, CREW_PATIENT);
    crew_push(&scene.crew, &urgent.job, CREW_URGENT);
    uv_sem_post(&scene.gate);
    while (scene.order_len < 4) {
        (void)uv_run(&scene.loop, UV_RUN_ONCE);
    }
    assert_string_equal(scene.order, "guab");
    end(&scene);
}

static void what_is_long_takes_turns_with_what_is_patient(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, 1);
    struct task gate = task_of(&scene, 'g', work_gate);
    crew_push(&scene.crew, &gate.job, CREW_URGENT);
    struct task longs[3];
    struct task patients[3];
    for (size_t i = 0; i < 3; i++) {
        longs[i] = task_of(&scene, 'l', work_nothing);
        crew_push(&scene.crew, &longs[i].job, CREW_LONG);
    }
    for (size_t i = 0; i < 3; i++) {
        patients[i] = task_of(&scene, 'p', work_nothing);
        crew_push(&scene.crew, &patients[i].job, CREW_PATIENT);
    }
    uv_sem_post(&scene.gate);
    while (scene.order_len < 7) {
        (void)uv_run(&scene.loop, UV_RUN_ONCE);
    }
    assert_string_equal(scene.order, "glplplp");
    end(&scene);
}

static void awaits(struct scene *scene, size_t done_count)
{
    for (int ms = 0; ms < 5000 && scene->done_count < done_count; ms++) {
        (void)uv_run(&scene->loop, UV_RUN_NOWAIT);
        uv_sleep(1);
    }
}

static void what_is_long_leaves_a_thread_to_the_rest(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, 2);
    struct task longs[3];
    struct task patients[20];
    for (size_t i = 0; i < 3; i++) {
        longs[i] = task_of(&scene, 0, work_gate);
        crew_push(&scene.crew, &longs[i].job, CREW_LONG);
    }
    for (size_t i = 0; i < 20; i++) {
        patients[i] = task_of(&scene, 0, work_nothing);
        crew_push(&scene.crew, &patients[i].job, CREW_PATIENT);
    }
    awaits(&scene, 20);
    size_t done_count = scene.done_count;
    for (size_t i = 0; i < 3; i++) {
        uv_sem_post(&scene.gate);
    }
    awaits(&scene, 23); /* and each long one comes to its turn */
    size_t all_count = scene.done_count;
    end(&scene);
    assert_int_equal(done_count, 20);
    assert_int_equal(all_count, 23);
}

static void finishing_works_off_what_is_queued(void **state)
{
    (void)state;
    struct scene scene;
    begin(&scene, 2);
    struct task tasks[100];
    for (size_t i = 0; i < 100; i++) {
        tasks[i] = task_of(&scene, 0, work_nothing);
        crew_push(&scene.crew, &tasks[i].job, CREW_PATIENT);
    }
    end(&scene);
    assert_int_equal(scene.done_count, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_is_worked_off_elsewhere_and_comes_back),
        cmocka_unit_test(what_is_urgent_overtakes_and_the_rest_keeps_its_order),
        cmocka_unit_test(what_is_long_takes_turns_with_what_is_patient),
        cmocka_unit_test(what_is_long_leaves_a_thread_to_the_rest),
        cmocka_unit_test(finishing_works_off_what_is_queued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
