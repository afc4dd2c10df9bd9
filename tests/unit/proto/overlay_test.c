#include "tests/support/overlay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

static uint32_t somebody(struct overlay *o, uint32_t nodes_count)
{
    uint32_t n = (uint32_t)overlay_random(o, nodes_count);
    while (!overlay_is_alive(o, n)) {
        n = (uint32_t)overlay_random(o, nodes_count);
    }
    return n;
}

struct spread {
    double redundancy; /* whole posts sent beyond the one each needs, for each node */
    uint32_t last_hop;
    uint32_t missed;
    double delivered;
};

/* So many posts by random nodes, apart_ms between them. */
static struct spread spread(struct overlay *o, uint32_t nodes_count, uint32_t posts_count,
                            uint64_t apart_ms)
{
    struct spread found = {.redundancy = 0};
    size_t first = SIZE_MAX;
    uint64_t sent = overlay_posts_sent(o);
    for (uint32_t i = 0; i < posts_count; i++) {
        size_t post = overlay_says(o, somebody(o, nodes_count));
        first = first == SIZE_MAX ? post : first;
        overlay_run(o, apart_ms);
    }
    overlay_run(o, 10000);
    uint32_t alive = overlay_alive_count(o);
    for (uint32_t i = 0; i < posts_count; i++) {
        uint32_t hop = overlay_last_hop(o, first + i);
        found.last_hop = hop > found.last_hop ? hop : found.last_hop;
        found.missed += overlay_missed_count(o, first + i);
    }
    double needed = (double)(alive - 1) * posts_count;
    found.redundancy = (double)(overlay_posts_sent(o) - sent) / needed - 1;
    found.delivered = 1 - found.missed / needed;
    if (getenv("KITH_OVERLAY") != NULL) {
        print_message("redundancy %.4f last hop %u missed %u depth %u\n", found.redundancy,
                      found.last_hop, found.missed, overlay_depth(o, somebody(o, nodes_count)));
    }
    return found;
}

static void a_thousand_relays_get_each_post_once(void **state)
{
    (void)state;
    enum { NODES = 1000 };
    struct overlay *o = overlay_new(1, NODES);
    overlay_joins_all(o, 0, 20);
    overlay_run(o, 60000);
    assert_int_equal(overlay_reach(o), NODES);
    assert_true(overlay_is_symmetric(o));
    (void)spread(o, NODES, 40, 1000); /* while they come to their tree */
    struct spread found = spread(o, NODES, 100, 100);
    assert_int_equal(found.missed, 0);
    assert_true(found.redundancy <= 0.10);
    assert_true(found.last_hop <= 15);
    overlay_free(o);
}

static void what_is_left_of_a_thousand_goes_on(void **state)
{
    (void)state;
    enum { NODES = 1000 };
    static const uint32_t killed[] = {30, 50, 80};
    for (size_t k = 0; k < 3; k++) {
        struct overlay *o = overlay_new(2 + k, NODES);
        overlay_joins_all(o, 0, 20);
        overlay_run(o, 120000);
        (void)spread(o, NODES, 20, 1000);
        overlay_kills(o, killed[k], k == 1);
        overlay_run(o, 30000);
        assert_int_equal(overlay_reach(o), overlay_alive_count(o));
        struct spread found = spread(o, NODES, 40, 200);
        assert_true(found.delivered >= 0.99);
        overlay_free(o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_relays_get_each_post_once),
        cmocka_unit_test(what_is_left_of_a_thousand_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
