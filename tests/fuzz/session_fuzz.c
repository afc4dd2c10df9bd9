/* A responder that is given any octets, in splits that the input decides.
 *
 * The first octet says where to start: at the handshake with nothing but the input (0), after an
 * honest initiator's message 1 (1), or with both of its messages and one flipped octet of them (2).
 */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/session_pair.h"

/* Octets of the honest initiator's messages 1 and 3, each behind its length. */
#define FIRST_LEN  50
#define SECOND_LEN 66

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Parts of 1 to 256 octets: each begins with its length. */
static void give_in_parts(struct session *s, struct octets octets)
{
    struct session_seen seen = {0};
    enum err_code rc = ERR_OK;
    while (rc == ERR_OK && octets.len > 1) {
        size_t len = (size_t)octets.at[0] + 1;
        len = len < octets.len - 1 ? len : octets.len - 1;
        rc = session_give(s, &seen, octets_of(octets.at + 1, len), SIZE_MAX);
        octets = octets_of(octets.at + 1 + len, octets.len - 1 - len);
    }
    check(rc == ERR_OK || err_class(rc) == ERR_CLASS_PEER);
    enum session_event event;
    struct frame frame;
    check(rc == ERR_OK || session_next(s, &event, &frame) == rc);
    check(seen.frames_count == 0); /* nobody without the keys gets a frame through */
    check(session_output_pending(s) <= SESSION_OUTPUT_MAX);
}

/* An honest initiator's octets with one of them changed end the session, whichever it is. */
static void give_flipped(struct session_pair *pair, size_t at, uint8_t mask)
{
    struct session_seen seen = {0};
    uint8_t wire[FIRST_LEN > SECOND_LEN ? FIRST_LEN : SECOND_LEN];
    size_t skipped_len = 0;
    enum err_code rc = session_steps(pair->initiator);
    while (rc == ERR_OK && skipped_len < FIRST_LEN + SECOND_LEN) {
        struct octets octets = session_output(pair->initiator);
        check(octets.len == FIRST_LEN || octets.len == SECOND_LEN);
        memcpy(wire, octets.at, octets.len);
        if (at >= skipped_len && at - skipped_len < octets.len) {
            wire[at - skipped_len] ^= mask;
        }
        session_written(pair->initiator, octets.len);
        skipped_len += octets.len;
        rc = session_give(pair->responder, &seen, octets_of(wire, octets.len), 7);
        if (rc == ERR_OK && skipped_len == FIRST_LEN) {
            rc = session_carry(pair->responder, pair->initiator, &seen, SIZE_MAX);
        }
    }
    /* A length made larger leaves the session waiting or ends it; nothing establishes it. */
    check(rc == ERR_HANDSHAKE && !session_is_established(pair->responder));
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    if (len < 3) {
        return 0;
    }
    struct session_pair pair;
    struct session_seen seen = {0};
    session_pair_open(&pair);
    if (octets[0] % 3 == 2) {
        uint8_t mask = octets[2] != 0 ? octets[2] : 1;
        give_flipped(&pair, octets[1] % (FIRST_LEN + SECOND_LEN), mask);
    } else {
        if (octets[0] % 3 == 1) {
            check(session_steps(pair.initiator) == ERR_OK);
            check(session_carry(pair.initiator, pair.responder, &seen, SIZE_MAX) == ERR_OK);
        }
        give_in_parts(pair.responder, octets_of(octets + 1, len - 1));
    }
    session_pair_close(&pair);
    return 0;
}
