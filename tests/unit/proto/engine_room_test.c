#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/rig.h"

#define IDLE_MAX  ((size_t)64 * 1024)
#define POSTS_MAX 300

void *__real_malloc(size_t len);
void *__real_calloc(size_t count, size_t len);
void *__real_realloc(void *at, size_t len);
void __real_free(void *at);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t count, size_t len);
void *__wrap_realloc(void *at, size_t len);
void __wrap_free(void *at);

static size_t in_use; /* octets, as the allocator counts them */
static bool in_engine;
static uint64_t allocations; /* while in_engine */
static uint64_t fails_at = UINT64_MAX;

static bool fails(void)
{
    return in_engine && allocations++ == fails_at;
}

static void *counted(void *at)
{
    in_use += at == NULL ? 0 : malloc_usable_size(at);
    return at;
}

void *__wrap_malloc(size_t len)
{
    return fails() ? NULL : counted(__real_malloc(len));
}

void *__wrap_calloc(size_t count, size_t len)
{
    return fails() ? NULL : counted(__real_calloc(count, len));
}

void *__wrap_realloc(void *at, size_t len)
{
    if (fails()) {
        return NULL;
    }
    in_use -= at == NULL ? 0 : malloc_usable_size(at);
    return counted(__real_realloc(at, len));
}

void __wrap_free(void *at)
{
    in_use -= at == NULL ? 0 : malloc_usable_size(at);
    __real_free(at);
}

/* ---- Small when idle ---------------------------------------------------------------------- */

static void an_idle_engine_with_a_relays_limits_is_small(void **state)
{
    (void)state;
    struct engine_config config = {.limits = engine_limits_relay()};
    assert_int_equal(engine_scratch_new(&config.scratch, &config.limits), ERR_OK);
    size_t before = in_use;
    struct engine *engine;
    assert_int_equal(engine_new(&engine, &config), ERR_OK);
    assert_in_range(in_use - before, 1, IDLE_MAX);
    engine_free(engine);
    assert_int_equal(in_use, before);
    engine_scratch_free(config.scratch);
}

static struct posts said(size_t count)
{
    return posts_said("ana", count, RIG_NOW_S, 0);
}

static void what_grew_shrinks_when_it_is_over(void **state)
{
    (void)state;
    struct posts posts = said(POSTS_MAX);
    struct rig *rig = rig_new(RIG_PERSONAL);
    rig_dialled(rig, 0);
    rig_waits(rig, 1000);
    rig_forget(rig);
    size_t before = in_use;
    rig_gives(rig, 0, &posts, 0, POSTS_MAX);
    assert_true(in_use > before + (size_t)POSTS_MAX * 400);
    rig_answers_all(rig);
    assert_int_equal(engine_stats(rig->engine).posts_count, 0);
    rig_waits(rig, 61000); /* the reconciliation begun on meeting gets no answer either */
    rig_down(rig, 0);
    rig_waits(rig, 30000);
    rig_forget(rig);
    assert_true(in_use < before);
    rig_free(rig);
    posts_free(&posts);
}

/* ---- No memory ---------------------------------------------------------------------------- */

static void step(struct engine *engine, struct engine_output *out, struct engine_input in)
{
    in.now_s = RIG_NOW_S;
    in_engine = true;
    engine_step(engine, out, &in);
    in_engine = false;
}

/* posts[0 .. count) as one frame. */
static size_t frame_of(uint8_t *frame, const struct posts *posts, size_t count)
{
    size_t len = message_posts_head(frame, (uint32_t)count);
    for (size_t i = 0; i < count; i++) {
        memcpy(frame + len, posts->wires[i].at, posts->wires[i].len);
        len += posts->wires[i].len;
    }
    return len;
}

static bool closes(const struct engine_output *out, uint32_t peer)
{
    for (size_t i = 0; i < out->effects_count; i++) {
        const struct engine_effect *effect = &out->effects[i];
        if (effect->type == ENGINE_CLOSE && effect->as.close.peer == peer) {
            assert_int_equal(effect->as.close.reason, ERR_NO_MEMORY);
            return true;
        }
    }
    return false;
}

/* Posts of a peer and of the person, and a peer with a high number.  What fails closes the peer, or
 * is told to the person, or waits. */
static void tell(struct engine *engine, struct engine_output *out, const struct posts *posts)
{
    static uint8_t payload[FRAME_MAX];
    size_t len = frame_of(payload, posts, POSTS_MAX - 1);
    uint8_t hello[MESSAGE_HELLO_CAP];
    size_t hello_len =
        message_hello_encode(hello, &(struct message_hello){.role = MESSAGE_PERSONAL});
    struct engine_input in = {.type = ENGINE_PEER_UP};
    in.as.up = (struct engine_peer_up){.peer = 30, .address = 3};
    step(engine, out, (struct engine_input){.type = ENGINE_ADDRESS_ADD, .as.address = 3});
    step(engine, out, in);
    bool up = !closes(out, 30);
    in.type = ENGINE_FRAME;
    in.as.frame = (struct engine_frame_in){
        .peer = 30, .type = FRAME_HELLO, .payload = octets_of(hello, hello_len)};
    step(engine, out, in);
    up = up && !closes(out, 30);
    in.as.frame = (struct engine_frame_in){
        .peer = 30, .type = FRAME_POSTS, .payload = octets_of(payload, len)};
    step(engine, out, in);
    up = up && !closes(out, 30);
    assert_int_equal(engine_stats(engine).posts_count, up ? POSTS_MAX - 1 : 0);
    step(engine, out, (struct engine_input){.type = ENGINE_PEER_DOWN, .as.peer = 30});
    in.type = ENGINE_PUBLISH;
    in.as.publish = (struct engine_publish_in){.token = 1, .wire = posts->wires[POSTS_MAX - 1]};
    step(engine, out, in);
}

static void without_memory_a_peer_is_closed_or_work_waits(void **state)
{
    (void)state;
    struct posts posts = said(POSTS_MAX);
    static struct engine_output out;
    uint64_t count = UINT64_MAX;
    for (uint64_t k = 0; k < count; k++) {
        struct engine_config config = {.limits = engine_limits_personal()};
        struct engine *engine;
        assert_int_equal(engine_new(&engine, &config), ERR_OK);
        allocations = 0;
        fails_at = k;
        tell(engine, &out, &posts);
        fails_at = UINT64_MAX;
        count = allocations < k ? 0 : allocations; /* until none is left to fail */
        /* Whatever waited goes on once there is memory. */
        step(engine, &out, (struct engine_input){.type = ENGINE_TICK, .now_ms = 2000});
        engine_free(engine);
    }
    assert_true(count > 8);
    posts_free(&posts);
}

static void an_engine_that_cannot_be_made_says_so_and_leaves_nothing(void **state)
{
    (void)state;
    struct engine_config config = {.limits = engine_limits_personal()};
    enum err_code rc = ERR_NO_MEMORY;
    size_t before = in_use;
    for (fails_at = 0; rc != ERR_OK; fails_at++) {
        struct engine *engine;
        allocations = 0;
        in_engine = true;
        rc = engine_new(&engine, &config);
        in_engine = false;
        if (rc == ERR_OK) {
            engine_free(engine);
        } else {
            assert_int_equal(rc, ERR_NO_MEMORY);
        }
        assert_int_equal(in_use, before);
    }
    assert_true(fails_at > 10);
    fails_at = UINT64_MAX;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_engine_with_a_relays_limits_is_small),
        cmocka_unit_test(what_grew_shrinks_when_it_is_over),
        cmocka_unit_test(without_memory_a_peer_is_closed_or_work_waits),
        cmocka_unit_test(an_engine_that_cannot_be_made_says_so_and_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
