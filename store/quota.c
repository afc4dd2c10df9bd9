#include "store/quota.h"

#include "proto/post.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S     86400
#define SETS      1024 /* of WAYS tallies each; a tally in a full set replaces another */
#define WAYS      4
#define RECOUNT_S 60 /* somebody refused is counted again after this */

_Static_assert((SETS & (SETS - 1)) == 0, "a mask picks the set");

/* One author's posts of a day, or of all days. */
struct tally {
    struct quota_span span; /* until_s 0: free */
    uint64_t posts;
    uint64_t octets;
    bool octets_known;
    uint64_t counted_s;
    uint64_t batch; /* in which these were taken, that the source does not count yet */
    uint64_t batch_posts;
    uint64_t batch_octets;
};

struct quota {
    struct quota_limits limits;
    struct quota_source source;
    uint8_t key[crypto_shorthash_KEYBYTES]; /* nobody picks authors that share a set */
    uint64_t batch;                         /* counts them */
    uint8_t turn[SETS];                     /* which tally of a set goes next */
    struct tally tallies[SETS][WAYS];
};

/* What binds one span. */
struct bound {
    uint64_t posts;
    uint64_t octets;
};

enum err_code quota_new(struct quota **quota, const struct quota_limits *limits,
                        const struct quota_source *source)
{
    struct quota *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return ERR_NO_MEMORY;
    }
    made->limits = *limits;
    made->source = *source;
    randombytes_buf(made->key, sizeof made->key);
    *quota = made;
    return ERR_OK;
}

void quota_free(struct quota *quota)
{
    free(quota);
}

void quota_forget(struct quota *quota)
{
    memset(quota->tallies, 0, sizeof quota->tallies);
}

void quota_kept(struct quota *quota)
{
    quota->batch++;
}

static bool spans_equal(const struct quota_span *a, const struct quota_span *b)
{
    return a->from_s == b->from_s && a->until_s == b->until_s && key_equal(&a->author, &b->author);
}

static size_t set_of(const struct quota *quota, const struct quota_span *span)
{
    uint8_t octets[KEY_LEN + 16];
    uint8_t hash[crypto_shorthash_BYTES];
    memcpy(octets, span->author.octets, KEY_LEN);
    octets_put_u64be(octets + KEY_LEN, span->from_s);
    octets_put_u64be(octets + KEY_LEN + 8, span->until_s);
    (void)crypto_shorthash(hash, octets, sizeof octets, quota->key);
    return octets_get_u32be(hash) & (SETS - 1);
}

static enum err_code count(struct quota *quota, struct tally *tally, uint64_t now_s,
                           struct err_note *note)
{
    uint64_t posts = 0;
    enum err_code rc = quota->source.posts(quota->source.context, &posts, &tally->span, note);
    if (rc == ERR_OK) {
        bool pending = tally->batch == quota->batch;
        tally->posts = posts + (pending ? tally->batch_posts : 0);
        tally->octets_known = posts == 0;
        tally->octets = pending ? tally->batch_octets : 0;
        tally->counted_s = now_s;
    }
    return rc;
}

static enum err_code find(struct quota *quota, struct tally **tally, const struct quota_span *span,
                          uint64_t now_s, struct err_note *note)
{
    size_t set = set_of(quota, span);
    struct tally *ways = quota->tallies[set];
    for (size_t i = 0; i < WAYS; i++) {
        if (spans_equal(&ways[i].span, span)) {
            *tally = &ways[i];
            return ERR_OK;
        }
    }
    struct tally fresh = {.span = *span};
    enum err_code rc = count(quota, &fresh, now_s, note);
    if (rc == ERR_OK) {
        struct tally *place = &ways[quota->turn[set]++ % WAYS];
        *place = fresh;
        *tally = place;
    }
    return rc;
}

/* Octets are added up only where they may come to matter. */
static enum err_code exceeds(struct quota *quota, bool *over, struct tally *tally,
                             const struct bound *bound, size_t wire_len, struct err_note *note)
{
    enum err_code rc = ERR_OK;
    *over = bound->posts != 0 && tally->posts >= bound->posts;
    if (*over || bound->octets == 0) {
        return ERR_OK;
    }
    if (!tally->octets_known && (tally->posts + 1) * POST_WIRE_MAX > bound->octets) {
        rc = quota->source.octets(quota->source.context, &tally->octets, &tally->span, note);
        tally->octets += tally->batch == quota->batch ? tally->batch_octets : 0;
        tally->octets_known = rc == ERR_OK;
    }
    *over = tally->octets_known && tally->octets + wire_len > bound->octets;
    return rc;
}

static enum err_code judge(struct quota *quota, bool *over, struct tally *tally,
                           const struct bound *bound, const struct quota_post *post, uint64_t now_s,
                           struct err_note *note)
{
    enum err_code rc = exceeds(quota, over, tally, bound, post->wire_len, note);
    bool again = now_s < tally->counted_s || now_s - tally->counted_s >= RECOUNT_S;
    if (rc == ERR_OK && *over && again) {
        rc = count(quota, tally, now_s, note);
        if (rc == ERR_OK) {
            rc = exceeds(quota, over, tally, bound, post->wire_len, note);
        }
    }
    return rc;
}

static void add(const struct quota *quota, struct tally *tally, const struct quota_post *post)
{
    if (tally->batch != quota->batch) {
        tally->batch = quota->batch;
        tally->batch_posts = 0;
        tally->batch_octets = 0;
    }
    tally->batch_posts++;
    tally->batch_octets += post->wire_len;
    tally->posts++;
    tally->octets += post->wire_len;
}

enum err_code quota_take(struct quota *quota, bool *allowed, const struct quota_post *post,
                         uint64_t now_s, struct err_note *note)
{
    const struct quota_limits *limits = &quota->limits;
    uint64_t times = post->takes_back ? 2 : 1;
    uint64_t day_s = post->created_s - post->created_s % DAY_S;
    const struct quota_span spans[2] = {
        {.author = post->author, .from_s = day_s, .until_s = day_s + DAY_S},
        {.author = post->author, .from_s = 0, .until_s = POST_TIME_MAX + 1},
    };
    const struct bound bounds[2] = {
        {.posts = times * limits->day_posts, .octets = times * limits->day_octets},
        {.posts = times * limits->all_posts, .octets = times * limits->all_octets},
    };
    struct tally *tallies[2] = {NULL, NULL};
    for (size_t i = 0; i < 2; i++) {
        bool over = false;
        if (bounds[i].posts == 0 && bounds[i].octets == 0) {
            continue;
        }
        enum err_code rc = find(quota, &tallies[i], &spans[i], now_s, note);
        if (rc == ERR_OK) {
            rc = judge(quota, &over, tallies[i], &bounds[i], post, now_s, note);
        }
        if (rc != ERR_OK || over) {
            *allowed = false;
            return rc;
        }
        /* The second may have taken the place of the first. */
        if (i == 1 && tallies[0] != NULL && !spans_equal(&tallies[0]->span, &spans[0])) {
            tallies[0] = NULL;
        }
    }
    for (size_t i = 0; i < 2; i++) {
        if (tallies[i] != NULL) {
            add(quota, tallies[i], post);
        }
    }
    *allowed = true;
    return ERR_OK;
}
