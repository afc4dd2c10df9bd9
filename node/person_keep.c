#include <uv.h>

#include "node/log.h"
#include "node/person_state.h"

#define TURN_NS    (UINT64_C(50) * 1000000) /* at each tick: commands wait no longer for it */
#define REST_TICKS 30                       /* after an error: a full disk, say */

static void failed(struct person *person, enum err_code rc, const struct err_note *note)
{
    view_keep_free(person->keep);
    person->keep = NULL;
    person->keep_rests = REST_TICKS;
    if (!person->keep_failed) {
        person->keep_failed = true;
        log_line(LOG_WARN,
                 "older posts cannot be put into the archive (%s). They stay where they are, and "
                 "it is tried again now and then",
                 note->text[0] != '\0' ? note->text : err_text(rc));
    }
}

/* False when there is nothing to do. */
static bool begin(struct person *person, uint64_t now_s)
{
    struct err_note note = {{0}};
    uint64_t floor_s = store_floor(person->store);
    if (floor_s <= archive_floor(person->archive)) {
        return false;
    }
    enum err_code rc =
        view_keep_begin(&person->keep, person->view, person->archive, floor_s, now_s, &note);
    /* Where nothing is shown, nothing can be chosen: it stays until it is. */
    person->keep_rests = rc == ERR_OK ? 0 : REST_TICKS;
    if (rc != ERR_OK && rc != ERR_DAMAGED && rc != ERR_ROLLBACK) {
        failed(person, rc, &note);
    }
    return rc == ERR_OK;
}

static void step(struct person *person, uint64_t now_s)
{
    struct err_note note = {{0}};
    bool done = false;
    enum err_code rc = view_keep_step(person->keep, &done, now_s, &note);
    if (rc != ERR_OK) {
        failed(person, rc, &note);
    } else if (done) {
        view_keep_free(person->keep);
        person->keep = NULL;
        person->keep_failed = false;
    }
}

static bool tell_retracts(struct person *person, uint64_t now_s)
{
    struct err_note note = {{0}};
    bool more = false;
    enum err_code rc = view_keep_retracts(person->view, person->archive, &more, now_s, &note);
    if (rc != ERR_OK) {
        failed(person, rc, &note);
    }
    return more;
}

void person_keep_tick(struct person *person)
{
    if (person->archive == NULL || commands_backing_up(person->commands)) {
        return;
    }
    if (person->keep_rests > 0) {
        person->keep_rests--;
        return;
    }
    archive_release(person->archive);
    uint64_t now_s = person->host.now_s(&person->host);
    uint64_t until_ns = uv_hrtime() + TURN_NS;
    bool more = true;
    while (more && uv_hrtime() < until_ns) {
        more = tell_retracts(person, now_s);
        if (person->keep != NULL || begin(person, now_s)) {
            step(person, now_s);
            more = more || person->keep != NULL;
        }
    }
    struct store_left kept = archive_state(person->archive);
    store_release(person->store, &kept);
}

bool person_keep_own(struct person *person, struct octets wire)
{
    struct err_note note = {{0}};
    bool kept = false;
    if (person->archive == NULL) {
        return false;
    }
    enum err_code rc = view_keep_own(person->view, person->archive, &kept, wire, &note);
    if (rc != ERR_OK) {
        failed(person, rc, &note);
    }
    return kept;
}
