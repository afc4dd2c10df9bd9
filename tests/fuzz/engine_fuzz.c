/* Any octets as things that happen to an engine, one after another, each `what, who, length u16,
 * octets`: it must keep its invariants, which it checks itself, and its bounds.  Where the highest
 * bit of the first octet is set it is a relay with a book of addresses, else a person's node. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "tests/support/rig.h"

#define PEERS 6
#define ITEMS 40 /* in its store, so that it has something to list */
#define DAY_S 86400

enum what {
    WHAT_UP,
    WHAT_DOWN,
    WHAT_HELLO,
    WHAT_FRAME, /* the first octet is its type */
    WHAT_WAIT,  /* the length in 16 ms */
    WHAT_FULL,
    WHAT_DRAINED,
    WHAT_ANSWER,
    WHAT_ANSWER_ALL,
    WHAT_FAIL, /* the oldest question */
    WHAT_PUBLISH,
    WHAT_DIAL,
    WHAT_JOIN,
    WHAT_CONTACT, /* that was dialled: comes up, or does not */
    WHAT_MINUTES, /* the length in them */
    WHATS_COUNT
};

struct script {
    const uint8_t *at;
    size_t left;
};

struct line {
    enum what what;
    uint32_t peer;
    struct octets octets;
};

static bool next_line(struct line *line, struct script *script)
{
    if (script->left < 4) {
        return false;
    }
    size_t len = octets_get_u16be(script->at + 2);
    len = len < script->left - 4 ? len : script->left - 4;
    *line = (struct line){.what = (enum what)(script->at[0] % WHATS_COUNT),
                          .peer = script->at[1] % PEERS,
                          .octets = octets_of(script->at + 4, len)};
    script->at += 4 + len;
    script->left -= 4 + len;
    return true;
}

static void fail_oldest(struct rig *rig)
{
    struct engine_effect asked = rig->asked[0];
    rig->asked_count--;
    memmove(&rig->asked[0], &rig->asked[1], rig->asked_count * sizeof asked);
    if (asked.type == ENGINE_VERIFY) {
        rig_says_verified(rig, asked.as.posts.token, false);
    } else if (asked.type == ENGINE_STORE) {
        rig_says_stored(rig, asked.as.posts.token, ERR_IO, ENGINE_PUT_NEW);
    } else {
        rig_says_read_failed(rig, asked.as.read.token);
    }
}

static void answer_oldest(struct rig *rig)
{
    struct engine_effect asked = rig->asked[0];
    rig->asked_count--;
    memmove(&rig->asked[0], &rig->asked[1], rig->asked_count * sizeof asked);
    rig_answers_one(rig, &asked, NULL);
}

static void happen(struct rig *rig, bool up[PEERS], const struct line *line)
{
    struct engine_input in = {.as.peer = line->peer};
    switch (line->what) {
    case WHAT_UP:
        if (!up[line->peer]) {
            rig_up(rig, line->peer, line->octets.len % 2 == 0 ? ENGINE_NO_ADDRESS : line->peer);
            up[line->peer] = true;
        }
        break;
    case WHAT_DOWN:
        up[line->peer] = false;
        rig_down(rig, line->peer);
        break;
    case WHAT_HELLO:
        (line->octets.len % 2 == 0 ? rig_hello : rig_hello_relay)(rig, line->peer);
        break;
    case WHAT_FRAME:
        if (line->octets.len > 0) {
            rig_frame(rig, line->peer, (enum frame_type)line->octets.at[0], line->octets.at + 1,
                      line->octets.len - 1);
        }
        break;
    case WHAT_WAIT:
        rig_waits(rig, line->octets.len * 16 + 1);
        break;
    case WHAT_FULL:
    case WHAT_DRAINED:
        in.type = line->what == WHAT_FULL ? ENGINE_PEER_FULL : ENGINE_PEER_DRAINED;
        rig_step(rig, in);
        break;
    case WHAT_ANSWER:
    case WHAT_FAIL:
        if (rig->asked_count > 0) {
            (line->what == WHAT_FAIL ? fail_oldest : answer_oldest)(rig);
        }
        break;
    case WHAT_ANSWER_ALL:
        rig_answers_all(rig);
        break;
    case WHAT_PUBLISH:
        rig_publishes(rig, line->peer, line->octets);
        break;
    case WHAT_DIAL:
        in.type = line->octets.len % 2 == 0 ? ENGINE_ADDRESS_ADD : ENGINE_ADDRESS_REMOVE;
        rig_step(rig, in);
        break;
    case WHAT_JOIN:
        in.type = ENGINE_JOIN_SEND;
        in.as.join_send =
            (struct engine_join_send){.address = line->peer, .claim = octets_of_text("claim")};
        rig_step(rig, in);
        break;
    case WHAT_CONTACT:
        if (up[line->peer] || line->octets.len % 2 == 1) {
            (void)rig_contact_fails(rig);
        } else {
            up[line->peer] = rig_contact_answers(rig, line->peer);
        }
        break;
    case WHAT_MINUTES:
        rig_waits(rig, (line->octets.len % 64) * 60000);
        break;
    case WHATS_COUNT:
        break;
    }
}

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What is remembered beside it. */
struct memory {
    struct address_book *book;
    struct peer_scores *scores;
};

static struct rig *rig_for(struct memory *memory, bool relay)
{
    if (!relay) {
        return rig_new(RIG_PERSONAL);
    }
    must(address_book_new(&memory->book, (const uint8_t *)"sixteen octets.!") == ERR_OK);
    must(peer_scores_new(&memory->scores) == ERR_OK);
    return rig_new_booked(memory->book, memory->scores);
}

static void fill(struct sorted_set *set)
{
    sorted_set_init(set);
    for (uint8_t i = 0; i < ITEMS; i++) {
        struct post_id id = {.octets = {i, 1}};
        sorted_set_add(set, RIG_NOW_S - i, &id);
    }
    sorted_set_seal(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct memory memory = {.book = NULL};
    bool relay = len > 0 && (octets[0] & 0x80) != 0;
    struct rig *rig = rig_for(&memory, relay);
    struct engine_limits limits = relay ? engine_limits_relay() : engine_limits_personal();
    struct sorted_set set;
    fill(&set);
    rig->set = &set;
    rig->floor_s = (uint64_t)RIG_NOW_S / DAY_S * DAY_S; /* what stands is reconciled too */
    struct script script = {.at = octets, .left = len};
    bool up[PEERS] = {false};
    struct line line;
    while (next_line(&line, &script)) {
        happen(rig, up, &line);
    }
    rig_answers_all(rig);
    must(engine_stats(rig->engine).octets_count <= limits.octets_max);
    rig_free(rig);
    if (relay) {
        address_book_check(memory.book);
        address_book_free(memory.book);
        peer_scores_free(memory.scores);
    }
    sorted_set_close(&set);
    return 0;
}
