#include "tests/support/overlay_inner.h"

#include <stdlib.h>

static bool before(const struct event *a, const struct event *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

void overlay_schedule(struct overlay *o, struct event event)
{
    if (o->heap_count == o->heap_cap) {
        o->heap_cap = o->heap_cap == 0 ? 1024 : 2 * o->heap_cap;
        o->heap = realloc(o->heap, o->heap_cap * sizeof *o->heap);
        overlay_must(o->heap != NULL, "no memory");
    }
    event.order = o->order++;
    size_t at = o->heap_count++;
    while (at > 0 && before(&event, &o->heap[(at - 1) / 2])) {
        o->heap[at] = o->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    o->heap[at] = event;
}

struct event overlay_take_first(struct overlay *o)
{
    struct event first = o->heap[0];
    struct event last = o->heap[--o->heap_count];
    size_t at = 0;
    for (size_t child = 1; child < o->heap_count; child = 2 * at + 1) {
        if (child + 1 < o->heap_count && before(&o->heap[child + 1], &o->heap[child])) {
            child++;
        }
        if (!before(&o->heap[child], &last)) {
            break;
        }
        o->heap[at] = o->heap[child];
        at = child;
    }
    o->heap[at] = last;
    return first;
}
