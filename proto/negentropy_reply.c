#include "proto/negentropy_reply.h"

#include <assert.h>
#include <string.h>

#include "proto/negentropy.h"
#include "proto/negentropy_wire.h"

/* The reference keeps so many octets for the end of a list and for the rest; peers whose limits
 * are equal then cut at the same places. */
#define RESERVE_LEN 200

#define SKIP_MAX      (NEGENTROPY_BOUND_MAX + 1)
#define LIST_HEAD_MAX (SKIP_MAX + NEGENTROPY_BOUND_MAX + 1 + NEGENTROPY_VARINT_MAX)
#define PRINTS_MAX    (NEGENTROPY_BUCKETS * (NEGENTROPY_BOUND_MAX + 1 + FINGERPRINT_LEN))
#define IDS_MAX       (LIST_HEAD_MAX + (NEGENTROPY_SPLIT_MIN - 1) * POST_ID_LEN)
#define PART_MAX      (SKIP_MAX + (PRINTS_MAX > IDS_MAX ? PRINTS_MAX : IDS_MAX))

static_assert(LIST_HEAD_MAX + POST_ID_LEN + NEGENTROPY_BOUND_MAX + 1 + FINGERPRINT_LEN <=
                  RESERVE_LEN,
              "a list and the rest end within the reserve");

static void put(struct negentropy_reply *reply, const uint8_t *octets, size_t len)
{
    struct octets_room *room = reply->room;
    assert(len <= room->cap - room->len);
    memcpy(room->at + room->len, octets, len);
    room->len += len;
}

static bool exceeds(const struct negentropy_reply *reply, size_t len)
{
    return len > reply->frame_max - RESERVE_LEN;
}

static size_t put_skip(struct negentropy_reply *reply, uint8_t *out)
{
    if (!reply->skipping) {
        return 0;
    }
    reply->skipping = false;
    size_t len = negentropy_put_bound(out, &reply->last_s, &reply->skipped);
    out[len++] = NEGENTROPY_MODE_SKIP;
    return len;
}

static size_t put_print(struct negentropy_reply *reply, uint8_t *out,
                        const struct negentropy_bound *upper, const struct fold *fold)
{
    struct fingerprint print;
    fingerprint_of(&print, fold);
    size_t len = negentropy_put_bound(out, &reply->last_s, upper);
    out[len++] = NEGENTROPY_MODE_FINGERPRINT;
    memcpy(out + len, print.octets, FINGERPRINT_LEN);
    return len + FINGERPRINT_LEN;
}

static size_t put_list_head(struct negentropy_reply *reply, uint8_t *out,
                            const struct negentropy_bound *upper, size_t ids_count)
{
    size_t len = negentropy_put_bound(out, &reply->last_s, upper);
    out[len++] = NEGENTROPY_MODE_IDS;
    return len + negentropy_put_varint(out + len, ids_count);
}

void negentropy_reply_begin(struct negentropy_reply *reply, struct octets_room *room,
                            size_t frame_max)
{
    assert(room->cap >= frame_max && frame_max >= NEGENTROPY_FRAME_MIN);
    *reply = (struct negentropy_reply){.room = room, .frame_max = frame_max};
    room->len = 0;
    const uint8_t version = NEGENTROPY_VERSION;
    put(reply, &version, 1);
}

void negentropy_reply_skip(struct negentropy_reply *reply, const struct negentropy_bound *upper)
{
    reply->skipping = true;
    reply->skipped = *upper;
}

bool negentropy_reply_split(struct negentropy_reply *reply, const struct negentropy_bound *upper,
                            const struct negentropy_answer *answer)
{
    uint8_t part[PART_MAX];
    size_t len = put_skip(reply, part);
    if (answer->shape == NEGENTROPY_BUCKETED) {
        assert(answer->buckets_count <= NEGENTROPY_BUCKETS);
        for (size_t i = 0; i < answer->buckets_count; i++) {
            const struct negentropy_bucket *bucket = &answer->buckets[i];
            len += put_print(reply, part + len, &bucket->upper, &bucket->fold);
        }
    } else {
        assert(answer->items_count < NEGENTROPY_SPLIT_MIN);
        len += put_list_head(reply, part + len, upper, answer->items_count);
        for (size_t i = 0; i < answer->items_count; i++, len += POST_ID_LEN) {
            memcpy(part + len, answer->items[i].id.octets, POST_ID_LEN);
        }
    }
    if (exceeds(reply, reply->room->len + len)) {
        return false;
    }
    put(reply, part, len);
    reply->spoken = *upper;
    return true;
}

/* The head holds the count and the end, known last; ids wait behind the longest head. */
static uint8_t *waiting_ids(const struct negentropy_reply *reply)
{
    return reply->room->at + reply->room->len + LIST_HEAD_MAX;
}

void negentropy_reply_list(struct negentropy_reply *reply)
{
    assert(!negentropy_reply_full(reply));
    reply->ids_count = 0;
}

bool negentropy_reply_list_add(struct negentropy_reply *reply, const struct post_id *id)
{
    size_t ids_len = reply->ids_count * POST_ID_LEN;
    if (exceeds(reply, reply->room->len + ids_len)) {
        return false;
    }
    memcpy(waiting_ids(reply) + ids_len, id->octets, POST_ID_LEN);
    reply->ids_count++;
    return true;
}

void negentropy_reply_list_end(struct negentropy_reply *reply, const struct negentropy_bound *upper)
{
    const uint8_t *ids = waiting_ids(reply);
    uint8_t head[LIST_HEAD_MAX];
    size_t len = put_skip(reply, head);
    len += put_list_head(reply, head + len, upper, reply->ids_count);
    put(reply, head, len);

    size_t ids_len = reply->ids_count * POST_ID_LEN;
    memmove(reply->room->at + reply->room->len, ids, ids_len);
    reply->room->len += ids_len;
    reply->spoken = *upper;
}

bool negentropy_reply_full(const struct negentropy_reply *reply)
{
    return exceeds(reply, reply->room->len);
}

void negentropy_reply_rest(struct negentropy_reply *reply, const struct fold *fold)
{
    uint8_t part[NEGENTROPY_BOUND_MAX + 1 + FINGERPRINT_LEN];
    const struct negentropy_bound infinity = negentropy_bound_infinity();
    size_t len = put_print(reply, part, &infinity, fold);
    put(reply, part, len);
    reply->spoken = infinity;
}
