#include "node/publisher.h"

#include <stdlib.h>

#include "node/memory.h"
#include "proto/post.h"

struct publishing {
    struct publishing *next;
    uint64_t token;
    struct publisher_cause cause;
    struct post_id id;
    unsigned again_count;
    uint8_t *octets;
    size_t len;
};

struct publisher {
    struct driver *driver;
    uint64_t token_last;
    struct publishing *waiting_first;
    struct publishing *waiting_last;
    struct publishing *under_way;
    unsigned under_way_count; /* those whose answer is still being worked off included */
    uv_timer_t timer;         /* runs while the engine is too busy */
    void (*closed)(void *context);
    void *closed_context;
};

struct publisher *publisher_new(uv_loop_t *loop, struct driver *driver)
{
    struct publisher *publisher = memory_get(sizeof *publisher);
    publisher->driver = driver;
    (void)uv_timer_init(loop, &publisher->timer);
    publisher->timer.data = publisher;
    return publisher;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct publisher *publisher = handle->data;
    publisher->closed(publisher->closed_context);
}

void publisher_stop(struct publisher *publisher, void (*closed)(void *context), void *context)
{
    publisher->closed = closed;
    publisher->closed_context = context;
    uv_close((uv_handle_t *)&publisher->timer, on_timer_closed);
}

static void free_list(struct publishing *list)
{
    while (list != NULL) {
        struct publishing *next = list->next;
        free(list->octets);
        free(list);
        list = next;
    }
}

void publisher_free(struct publisher *publisher)
{
    if (publisher != NULL) {
        free_list(publisher->waiting_first);
        free_list(publisher->under_way);
        free(publisher);
    }
}

static void pump(struct publisher *publisher)
{
    while (publisher->under_way_count < PUBLISHER_UNDER_WAY_MAX &&
           publisher->waiting_first != NULL && !uv_is_active((uv_handle_t *)&publisher->timer)) {
        struct publishing *publishing = publisher->waiting_first;
        publisher->waiting_first = publishing->next;
        publishing->next = publisher->under_way;
        publisher->under_way = publishing;
        publisher->under_way_count++;
        /* The answer may come before this returns, and frees what was published. */
        driver_publish(publisher->driver, publishing->token,
                       octets_of(publishing->octets, publishing->len));
    }
}

void publisher_add(struct publisher *publisher, const struct publisher_cause *cause,
                   uint8_t *octets, size_t len)
{
    struct publishing *publishing = memory_get(sizeof *publishing);
    publishing->token = ++publisher->token_last;
    publishing->cause = *cause;
    publishing->octets = octets;
    publishing->len = len;
    struct post post;
    if (post_decode(&post, octets_of(octets, len)) == ERR_OK) {
        publishing->id = post.id;
    }
    if (publisher->waiting_first == NULL) {
        publisher->waiting_first = publishing;
    } else {
        publisher->waiting_last->next = publishing;
    }
    publisher->waiting_last = publishing;
    pump(publisher);
}

static void on_again(uv_timer_t *timer)
{
    pump(timer->data);
}

/* Back to the front, where it came from. */
static void wait_again(struct publisher *publisher, struct publishing *publishing)
{
    publishing->again_count++;
    publishing->next = publisher->waiting_first;
    if (publisher->waiting_first == NULL) {
        publisher->waiting_last = publishing;
    }
    publisher->waiting_first = publishing;
    publisher->under_way_count--;
    if (!uv_is_closing((uv_handle_t *)&publisher->timer)) {
        (void)uv_timer_start(&publisher->timer, on_again, PUBLISHER_AGAIN_MS, 0);
    }
}

bool publisher_on_published(struct publisher *publisher, struct publisher_cause *cause,
                            struct post_id *id, const struct engine_published *published)
{
    struct publishing **at = &publisher->under_way;
    while (*at != NULL && (*at)->token != published->token) {
        at = &(*at)->next;
    }
    struct publishing *publishing = *at;
    if (publishing == NULL) {
        return false;
    }
    *at = publishing->next;
    if (published->status == ERR_FLOOD && publishing->again_count < PUBLISHER_AGAIN_MAX) {
        wait_again(publisher, publishing);
        return false;
    }
    *cause = publishing->cause;
    *id = publishing->id;
    free(publishing->octets);
    free(publishing);
    return true;
}

void publisher_next(struct publisher *publisher)
{
    publisher->under_way_count--;
    pump(publisher);
}
