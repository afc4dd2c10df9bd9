/* A session after its handshake.  The input is a list of moves: frames sent, octets carried in
 * uneven parts, time passing, and once in a while octets that nobody sealed.
 *
 * Each move is two octets, what and how much.  As long as nothing was damaged, every frame
 * arrives, in order and whole. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/session_pair.h"

#define QUEUE_MAX 4096 /* frames under way */

struct line {
    struct session_pair pair;
    struct session_seen seen;
    size_t lens[QUEUE_MAX];
    size_t sent_count;
    size_t arrived_count;
    bool damaged;
};

static uint8_t payload[FRAME_MAX];

static void check(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void look(void *context, const struct frame *frame)
{
    struct line *line = context;
    check(line->arrived_count < line->sent_count);
    check(frame->payload.len == line->lens[line->arrived_count % QUEUE_MAX]);
    check(frame->payload.len == 0 || frame->payload.at[0] == (uint8_t)line->arrived_count);
    line->arrived_count++;
}

static void send(struct line *line, size_t len)
{
    if (line->sent_count - line->arrived_count == QUEUE_MAX) {
        return;
    }
    payload[0] = (uint8_t)line->sent_count;
    enum err_code rc = session_send(line->pair.initiator, FRAME_POSTS, octets_of(payload, len));
    check(rc == ERR_OK || rc == ERR_FLOOD);
    if (rc == ERR_OK) {
        line->lens[line->sent_count % QUEUE_MAX] = len;
        line->sent_count++;
    }
}

/* Carry up to len octets in parts of part_max. */
static void carry(struct line *line, size_t len, size_t part_max)
{
    struct octets octets = session_output(line->pair.initiator);
    len = len < octets.len ? len : octets.len;
    enum err_code rc =
        session_give(line->pair.responder, &line->seen, octets_of(octets.at, len), part_max);
    session_written(line->pair.initiator, len);
    check(line->damaged ? err_class(rc) == ERR_CLASS_PEER || rc == ERR_OK : rc == ERR_OK);
}

static void damage(struct line *line, uint8_t octet)
{
    uint8_t forged[2 + 1 + NOISE_TAG_LEN] = {0, 1 + NOISE_TAG_LEN, octet};
    line->damaged = true;
    enum err_code rc =
        session_give(line->pair.responder, &line->seen, octets_of(forged, sizeof forged), SIZE_MAX);
    check(rc == ERR_OK || err_class(rc) == ERR_CLASS_PEER);
}

static void move(struct line *line, uint8_t what, uint8_t how_much)
{
    switch (what % 8) {
    case 0:
    case 1:
        send(line, how_much);
        break;
    case 2:
        send(line, (size_t)how_much * 1028); /* up to FRAME_MAX - 4 */
        break;
    case 3:
        for (int i = 0; i < how_much; i++) {
            send(line, 10);
        }
        break;
    case 4:
        carry(line, (size_t)how_much * 4099, SIZE_MAX);
        break;
    case 5:
        carry(line, how_much, 3);
        break;
    case 6:
        carry(line, (size_t)how_much * 257, 1000);
        break;
    default:
        if (what == 0xff) {
            damage(line, how_much);
        }
        break;
    }
    check(session_output_pending(line->pair.initiator) <= SESSION_OUTPUT_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct line line = {.damaged = false};
    line.seen.look = look;
    line.seen.context = &line;
    session_pair_establish(&line.pair);
    for (size_t i = 0; i + 1 < len && i < 512; i += 2) {
        move(&line, octets[i], octets[i + 1]);
    }
    if (!line.damaged) {
        check(session_carry(line.pair.initiator, line.pair.responder, &line.seen, SIZE_MAX) ==
              ERR_OK);
        check(line.arrived_count == line.sent_count);
    }
    session_pair_close(&line.pair);
    return 0;
}
