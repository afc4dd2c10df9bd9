#include <sodium.h>
#include <stdlib.h>

#include "proto/engine_state.h"

static struct lacked *place_of(const struct engine *e, uint32_t p, const struct post_id *id,
                               uint32_t *tag)
{
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, id->octets, POST_ID_LEN, e->seed);
    *tag = octets_get_u32be(hash + 4);
    return &e->peers[p].lacks[octets_get_u32be(hash) % LACKS_MAX];
}

bool none_holds(const struct engine *e, uint32_t p, const struct post_id *id)
{
    uint32_t tag;
    if (e->peers[p].lacks == NULL) {
        return false;
    }
    const struct lacked *lacked = place_of(e, p, id, &tag);
    return lacked->tag == tag && e->now_ms < lacked->until_ms;
}

/* A read that failed there is answered the same, so that once is no reason yet.  Without memory it
 * is asked again. */
void none_note(struct engine *e, uint32_t p, const struct post_id *id)
{
    uint32_t tag;
    if (e->peers[p].lacks == NULL) {
        e->peers[p].lacks = calloc(LACKS_MAX, sizeof *e->peers[p].lacks);
    }
    if (e->peers[p].lacks == NULL) {
        return;
    }
    struct lacked *lacked = place_of(e, p, id, &tag);
    if (lacked->tag != tag && e->now_ms < lacked->until_ms) {
        return; /* of another id, which is waited for */
    }
    if (lacked->tag != tag) {
        *lacked = (struct lacked){.tag = tag};
    }
    lacked->count += lacked->count < LACKS_LAST;
    uint64_t hold_ms = lacked->count < 2 ? 0 : (uint64_t)LACKS_FIRST_MS << (lacked->count - 2);
    lacked->until_ms = e->now_ms + hold_ms;
}

void none_forget(struct engine *e, uint32_t p)
{
    free(e->peers[p].lacks);
    e->peers[p].lacks = NULL;
}
