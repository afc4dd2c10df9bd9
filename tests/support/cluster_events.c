#include "tests/support/cluster_events.h"

#include <stdlib.h>

static bool before(const struct event *a, const struct event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->number < b->number;
}

static void swap(struct event *a, struct event *b)
{
    struct event kept = *a;
    *a = *b;
    *b = kept;
}

struct payload *payload_new(struct octets octets)
{
    struct payload *payload = malloc(sizeof *payload + octets.len);
    if (payload == NULL) {
        abort();
    }
    *payload = (struct payload){.refs_count = 1, .len = octets.len};
    if (octets.len > 0) {
        memcpy(payload->octets, octets.at, octets.len);
    }
    return payload;
}

struct payload *payload_keep(struct payload *payload)
{
    payload->refs_count++;
    return payload;
}

void payload_release(struct payload *payload)
{
    if (payload != NULL && --payload->refs_count == 0) {
        free(payload);
    }
}

void events_add(struct events *events, const struct event *event)
{
    struct event numbered = *event;
    numbered.number = events->next_number++;
    events_put_back(events, &numbered);
}

void events_put_back(struct events *events, const struct event *event)
{
    if (events->count == events->cap) {
        events->cap = events->cap == 0 ? 256 : 2 * events->cap;
        events->heap = realloc(events->heap, events->cap * sizeof *events->heap);
        if (events->heap == NULL) {
            abort();
        }
    }
    size_t at = events->count++;
    events->heap[at] = *event;
    while (at > 0 && before(&events->heap[at], &events->heap[(at - 1) / 2])) {
        swap(&events->heap[at], &events->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

bool events_take(struct events *events, struct event *event, uint64_t by_ms)
{
    if (events->count == 0 || events->heap[0].at_ms > by_ms) {
        return false;
    }
    *event = events->heap[0];
    events->heap[0] = events->heap[--events->count];
    size_t at = 0;
    for (size_t child = 1; child < events->count; child = 2 * at + 1) {
        if (child + 1 < events->count && before(&events->heap[child + 1], &events->heap[child])) {
            child++;
        }
        if (!before(&events->heap[child], &events->heap[at])) {
            break;
        }
        swap(&events->heap[child], &events->heap[at]);
        at = child;
    }
    return true;
}

void events_free(struct events *events)
{
    for (size_t i = 0; i < events->count; i++) {
        payload_release(events->heap[i].frame);
    }
    free(events->heap);
}
