/* Linked with --wrap for every allocator that a session uses, so that each can be made to fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "proto/session.h"

void *__real_malloc(size_t len);               /* NOLINT(bugprone-reserved-identifier,cert-*) */
void *__real_calloc(size_t count, size_t len); /* NOLINT(bugprone-reserved-identifier,cert-*) */
void *__real_sodium_malloc(size_t len);        /* NOLINT(bugprone-reserved-identifier,cert-*) */
void *__wrap_malloc(size_t len);               /* NOLINT(bugprone-reserved-identifier,cert-*) */
void *__wrap_calloc(size_t count, size_t len); /* NOLINT(bugprone-reserved-identifier,cert-*) */
void *__wrap_sodium_malloc(size_t len);        /* NOLINT(bugprone-reserved-identifier,cert-*) */

static int allocations_left = -1; /* -1: as many as are asked for */

static bool may_allocate(void)
{
    if (allocations_left > 0) {
        allocations_left--;
        return true;
    }
    return allocations_left < 0;
}

void *__wrap_malloc(size_t len) /* NOLINT(bugprone-reserved-identifier,cert-*) */
{
    return may_allocate() ? __real_malloc(len) : NULL;
}

void *__wrap_calloc(size_t count, size_t len) /* NOLINT(bugprone-reserved-identifier,cert-*) */
{
    return may_allocate() ? __real_calloc(count, len) : NULL;
}

void *__wrap_sodium_malloc(size_t len) /* NOLINT(bugprone-reserved-identifier,cert-*) */
{
    return may_allocate() ? __real_sodium_malloc(len) : NULL;
}

static void a_session_without_memory_is_no_session(void **state)
{
    (void)state;
    static const uint8_t secret[NOISE_KEY_LEN] = {1};
    struct noise_keypair local;
    struct session *s = NULL;
    noise_keypair_from_secret(&local, secret);
    struct session_config config = {
        .role = NOISE_RESPONDER, .local = &local, .ephemeral_secret = secret};
    int needed_count = 0;
    enum err_code rc = ERR_NO_MEMORY;
    for (; rc == ERR_NO_MEMORY && needed_count < 100; needed_count++) {
        allocations_left = needed_count;
        rc = session_new(&s, &config);
        allocations_left = -1;
        assert_true((rc == ERR_OK) == (s != NULL));
    }
    assert_int_equal(rc, ERR_OK);
    assert_int_equal(needed_count - 1, 2); /* the session, its secrets */
    session_free(s);
    session_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_without_memory_is_no_session),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
