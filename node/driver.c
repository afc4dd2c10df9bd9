#include "node/driver.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "node/log.h"
#include "node/memory.h"
#include "node/reads.h"
#include "node/verify.h"

struct driver {
    struct driver_config config;
    struct engine *engine;
    struct engine_output out;
    struct reads reads;
    uv_timer_t timer;
    bool stepping;
    bool stopped;
    bool paused; /* the engine did not take the frame just given */
    uint32_t frame_peer;
    uint32_t *filled; /* peers whose queue this step filled, as many as there may be peers */
    size_t filled_count;
    size_t peers_count;
    uint32_t *peer_addresses; /* by peer: the address dialled, or ENGINE_NO_ADDRESS */
    bool *connected;          /* by address */
    void (*closed)(void *context);
    void *closed_context;
};

static void step(struct driver *driver, struct engine_input *in);

static void on_verified(void *context, uint64_t token, const bool *ok)
{
    struct engine_input in = {.type = ENGINE_VERIFIED};
    in.as.verified = (struct engine_verified){.token = token, .ok = ok};
    step(context, &in);
}

static enum engine_put put_of(enum store_put_result result)
{
    switch (result) {
    case STORE_NEW:
        return ENGINE_PUT_NEW;
    case STORE_THERE:
        return ENGINE_PUT_THERE;
    case STORE_REFUSED:
        break;
    }
    return ENGINE_PUT_REFUSED;
}

/* How many posts a request had is not told back: the results are as many as were asked for. */
struct put_context {
    struct driver *driver;
    size_t count;
};

static void on_stored(void *context, uint64_t token, enum err_code status,
                      const enum store_put_result *results)
{
    struct put_context *put = context;
    struct driver *driver = put->driver;
    enum engine_put puts[ENGINE_STORE_MAX];
    for (size_t i = 0; status == ERR_OK && i < put->count; i++) {
        puts[i] = put_of(results[i]);
    }
    free(put);
    struct engine_input in = {.type = ENGINE_STORED};
    in.as.stored = (struct engine_stored){.token = token, .status = status, .results = puts};
    step(driver, &in);
}

static void on_read(void *context, const struct engine_read_done *answer)
{
    struct engine_input in = {.type = ENGINE_READ_DONE};
    in.as.read = *answer;
    step(context, &in);
}

static void do_verify(struct driver *driver, const struct engine_posts *posts)
{
    struct verify_request request = {.token = posts->token,
                                     .wires = posts->wires,
                                     .ids = posts->ids,
                                     .count = posts->count,
                                     .done = on_verified,
                                     .context = driver};
    verify_start(driver->config.workers, &request);
}

static void do_store(struct driver *driver, const struct engine_posts *posts)
{
    struct put_context *put = memory_get(sizeof *put);
    put->driver = driver;
    put->count = posts->count;
    struct writer_request request = {.token = posts->token,
                                     .wires = posts->wires,
                                     .ids = posts->ids,
                                     .count = posts->count,
                                     .done = on_stored,
                                     .context = put};
    writer_put(driver->config.writer, &request);
}

static void do_send(struct driver *driver, const struct engine_send *send)
{
    for (size_t i = 0; i < send->peers_count; i++) {
        network_send(driver->config.network, send->peers[i], send->type, send->payload);
        if (network_has_filled(driver->config.network, send->peers[i])) {
            driver->filled[driver->filled_count++] = send->peers[i];
        }
    }
}

static void do_dial(struct driver *driver, const struct engine_dial *dial)
{
    if (dial->contact == NULL) {
        network_dial(driver->config.network, dial->address);
    } else {
        network_dial_contact(driver->config.network, dial->address, dial->contact);
    }
}

static void carry_out(struct driver *driver, const struct engine_effect *effect)
{
    const struct driver_events *events = &driver->config.events;
    switch (effect->type) {
    case ENGINE_SEND:
        do_send(driver, &effect->as.send);
        break;
    case ENGINE_CLOSE:
        network_close_peer(driver->config.network, effect->as.close.peer, effect->as.close.reason);
        break;
    case ENGINE_PAUSE:
        assert(effect->as.peer == driver->frame_peer);
        driver->paused = true;
        break;
    case ENGINE_RESUME:
        network_resume(driver->config.network, effect->as.peer);
        break;
    case ENGINE_DIAL:
        do_dial(driver, &effect->as.dial);
        break;
    case ENGINE_VERIFY:
        do_verify(driver, &effect->as.posts);
        break;
    case ENGINE_STORE:
        do_store(driver, &effect->as.posts);
        break;
    case ENGINE_READ:
        reads_start(&driver->reads, &effect->as.read);
        break;
    case ENGINE_READY:
        events->ready(events->context, &effect->as.ready);
        break;
    case ENGINE_ACCEPTED:
        events->accepted(events->context);
        break;
    case ENGINE_PUBLISHED:
        events->published(events->context, &effect->as.published);
        break;
    case ENGINE_JOIN:
        events->join(events->context, &effect->as.join);
        break;
    case ENGINE_JOINED:
        events->joined(events->context, &effect->as.joined);
        break;
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct engine_input in = {.type = ENGINE_TICK};
    step(timer->data, &in);
}

static void arm_timer(struct driver *driver)
{
    uint64_t now_ms = uv_now(driver->config.loop);
    uint64_t at_ms = driver->out.tick_at_ms;
    if (at_ms == UINT64_MAX) {
        (void)uv_timer_stop(&driver->timer);
    } else {
        (void)uv_timer_start(&driver->timer, on_timer, at_ms > now_ms ? at_ms - now_ms : 0, 0);
    }
}

static void step_once(struct driver *driver, struct engine_input *in)
{
    in->now_ms = uv_now(driver->config.loop);
    in->now_s = (uint64_t)time(NULL);
    in->floor_s = store_floor(driver->config.store);
    engine_step(driver->engine, &driver->out, in);
    for (size_t i = 0; i < driver->out.effects_count; i++) {
        carry_out(driver, &driver->out.effects[i]);
    }
}

static void step(struct driver *driver, struct engine_input *in)
{
    if (driver->stopped) {
        return;
    }
    assert(!driver->stepping);
    driver->stepping = true;
    step_once(driver, in);
    while (driver->filled_count > 0) { /* before anything else: see ENGINE_PEER_FULL */
        struct engine_input full = {.type = ENGINE_PEER_FULL};
        full.as.peer = driver->filled[--driver->filled_count];
        step_once(driver, &full);
    }
    driver->stepping = false;
    arm_timer(driver);
}

enum err_code driver_new(struct driver **driver, const struct driver_config *config)
{
    struct driver *made = memory_get(sizeof *made);
    made->config = *config;
    enum err_code rc = engine_new(&made->engine, &config->engine);
    if (rc != ERR_OK) {
        free(made);
        return rc;
    }
    made->reads = (struct reads){
        .workers = config->workers, .store = config->store, .done = on_read, .context = made};
    const struct engine_limits *limits = &config->engine.limits;
    made->peer_addresses = memory_get(limits->peers_max * sizeof *made->peer_addresses);
    made->filled = memory_get(limits->peers_max * sizeof *made->filled);
    uint32_t numbers_count = limits->addresses_max + ENGINE_CONTACTS_MAX;
    made->connected = memory_get(numbers_count * sizeof *made->connected);
    (void)uv_timer_init(config->loop, &made->timer);
    made->timer.data = made;
    (void)uv_timer_start(&made->timer, on_timer, 0, 0);
    *driver = made;
    return ERR_OK;
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct driver *driver = handle->data;
    driver->closed(driver->closed_context);
}

void driver_stop(struct driver *driver, void (*closed)(void *context), void *context)
{
    driver->stopped = true;
    driver->closed = closed;
    driver->closed_context = context;
    uv_close((uv_handle_t *)&driver->timer, on_timer_closed);
}

void driver_free(struct driver *driver)
{
    if (driver == NULL) {
        return;
    }
    engine_free(driver->engine);
    free(driver->filled);
    free(driver->peer_addresses);
    free(driver->connected);
    free(driver);
}

void driver_on_up(struct driver *driver, uint32_t peer, uint32_t address,
                  const struct key *static_key)
{
    driver->peers_count++;
    driver->peer_addresses[peer] = address;
    if (address != NETWORK_NO_ADDRESS) {
        driver->connected[address] = true;
    }
    struct engine_input in = {.type = ENGINE_PEER_UP};
    in.as.up = (struct engine_peer_up){.peer = peer,
                                       .address = address,
                                       .static_key = *static_key,
                                       .group = network_peer_group(driver->config.network, peer)};
    step(driver, &in);
    driver->config.events.peers_changed(driver->config.events.context);
}

void driver_on_down(struct driver *driver, uint32_t peer)
{
    driver->peers_count--;
    uint32_t address = driver->peer_addresses[peer];
    if (address != NETWORK_NO_ADDRESS) {
        driver->connected[address] = false;
    }
    struct engine_input in = {.type = ENGINE_PEER_DOWN};
    in.as.peer = peer;
    step(driver, &in);
    driver->config.events.peers_changed(driver->config.events.context);
}

bool driver_on_frame(struct driver *driver, uint32_t peer, const struct frame *frame)
{
    driver->paused = false;
    driver->frame_peer = peer;
    struct engine_input in = {.type = ENGINE_FRAME};
    in.as.frame =
        (struct engine_frame_in){.peer = peer, .type = frame->type, .payload = frame->payload};
    step(driver, &in);
    return !driver->paused;
}

void driver_on_pressure(struct driver *driver, uint32_t peer, bool full)
{
    struct engine_input in = {.type = full ? ENGINE_PEER_FULL : ENGINE_PEER_DRAINED};
    in.as.peer = peer;
    step(driver, &in);
}

uint64_t driver_brought_count(const struct driver *driver, uint32_t peer)
{
    return engine_brought_count(driver->engine, peer);
}

int driver_score(const struct driver *driver, uint32_t peer)
{
    return engine_peer_score(driver->engine, peer);
}

void driver_note_anchors(struct driver *driver)
{
    engine_note_anchors(driver->engine);
}

void driver_on_dial_failed(struct driver *driver, uint32_t address)
{
    struct engine_input in = {.type = ENGINE_DIAL_FAILED};
    in.as.address = address;
    step(driver, &in);
}

void driver_publish(struct driver *driver, uint64_t token, struct octets wire)
{
    struct engine_input in = {.type = ENGINE_PUBLISH};
    in.as.publish = (struct engine_publish_in){.token = token, .wire = wire};
    step(driver, &in);
}

void driver_address_add(struct driver *driver, uint32_t address)
{
    struct engine_input in = {.type = ENGINE_ADDRESS_ADD};
    in.as.address = address;
    step(driver, &in);
}

void driver_address_remove(struct driver *driver, uint32_t address)
{
    struct engine_input in = {.type = ENGINE_ADDRESS_REMOVE};
    in.as.address = address;
    step(driver, &in);
}

void driver_join_send(struct driver *driver, uint64_t token, uint32_t address, struct octets claim)
{
    struct engine_input in = {.type = ENGINE_JOIN_SEND};
    in.as.join_send = (struct engine_join_send){.token = token, .address = address, .claim = claim};
    step(driver, &in);
}

void driver_join_result(struct driver *driver, uint64_t token, enum err_code status,
                        struct octets text)
{
    struct engine_input in = {.type = ENGINE_JOIN_RESULT};
    in.as.join_result = (struct engine_join_result){.token = token, .status = status, .text = text};
    step(driver, &in);
}

size_t driver_peers_count(const struct driver *driver)
{
    return driver->peers_count;
}

bool driver_is_connected(const struct driver *driver, uint32_t address)
{
    return driver->connected[address];
}
