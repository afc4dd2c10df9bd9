#include "store/quota.h"

#include "proto/post.h"

#include <assert.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S     86400
#define SETS      4096 /* of WAYS tallies each; a tally in a full set replaces another */
#define WAYS      4
#define RECOUNT_S 60 /* somebody refused is counted again after this */
#define BOUNDS    3  /* a day, all days, and what stands */

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
    pthread_mutex_t lock;
    bool taking; /* the source does not count all that was taken, or counts it already */
    struct quota_limits limits;
    struct quota_source source;
    uint8_t key[crypto_shorthash_KEYBYTES]; /* nobody picks authors that share a set */
    uint64_t batch;                         /* counts them */
    uint8_t turn[SETS];                     /* which tally of a set goes next */
    uint32_t tags[SETS][WAYS];              /* of the tallies' hashes: whether to look at them */
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
    if (made == NULL || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
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
    if (quota != NULL) {
        (void)pthread_mutex_destroy(&quota->lock);
    }
    free(quota);
}

static void lock(struct quota *quota)
{
    int rc = pthread_mutex_lock(&quota->lock);
    assert(rc == 0);
    (void)rc;
}

static void unlock(struct quota *quota)
{
    int rc = pthread_mutex_unlock(&quota->lock);
    assert(rc == 0);
    (void)rc;
}

void quota_forget(struct quota *quota)
{
    lock(quota);
    memset(quota->tallies, 0, sizeof quota->tallies);
    quota->taking = false;
    unlock(quota);
}

void quota_kept(struct quota *quota)
{
    lock(quota);
    quota->batch++;
    quota->taking = false;
    unlock(quota);
}

static bool spans_equal(const struct quota_span *a, const struct quota_span *b)
{
    return a->from_s == b->from_s && a->until_s == b->until_s && a->standing == b->standing &&
           key_equal(&a->author, &b->author);
}

/* Where a span's tally may stand. */
struct home {
    size_t set;
    uint32_t tag;
};

static struct home home_of(const struct quota *quota, const struct quota_span *span)
{
    uint8_t octets[KEY_LEN + 17];
    uint8_t hash[crypto_shorthash_BYTES];
    memcpy(octets, span->author.octets, KEY_LEN);
    octets_put_u64be(octets + KEY_LEN, span->from_s);
    octets_put_u64be(octets + KEY_LEN + 8, span->until_s);
    octets[KEY_LEN + 16] = span->standing;
    (void)crypto_shorthash(hash, octets, sizeof octets, quota->key);
    return (struct home){.set = octets_get_u32be(hash) & (SETS - 1),
                         .tag = octets_get_u32be(hash + 4)};
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

/* *tally is NULL where nobody is counted now. */
static enum err_code find(struct quota *quota, struct tally **tally, const struct quota_span *span,
                          const uint64_t *count_s, struct err_note *note)
{
    struct home home = home_of(quota, span);
    struct tally *ways = quota->tallies[home.set];
    *tally = NULL;
    for (size_t i = 0; i < WAYS; i++) {
        if (quota->tags[home.set][i] == home.tag && spans_equal(&ways[i].span, span)) {
            *tally = &ways[i];
            return ERR_OK;
        }
    }
    struct tally fresh = {.span = *span};
    enum err_code rc = count_s == NULL ? ERR_OK : count(quota, &fresh, *count_s, note);
    if (rc == ERR_OK && count_s != NULL) {
        size_t way = quota->turn[home.set]++ % WAYS;
        ways[way] = fresh;
        quota->tags[home.set][way] = home.tag;
        *tally = &ways[way];
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
                           const struct bound *bound, const struct quota_post *post,
                           const uint64_t *count_s, struct err_note *note)
{
    enum err_code rc = exceeds(quota, over, tally, bound, post->wire_len, note);
    bool again = count_s != NULL &&
                 (*count_s < tally->counted_s || *count_s - tally->counted_s >= RECOUNT_S);
    if (rc == ERR_OK && *over && again) {
        rc = count(quota, tally, *count_s, note);
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

/* What binds a post. */
struct binding {
    struct quota_span spans[BOUNDS];
    struct bound bounds[BOUNDS];
    struct tally *tallies[BOUNDS]; /* NULL: no bound, or not counted */
};

static void bind(const struct quota *quota, struct binding *b, const struct quota_post *post)
{
    const struct quota_limits *limits = &quota->limits;
    uint64_t times = post->takes_back ? 2 : 1;
    uint64_t day_s = post->created_s - post->created_s % DAY_S;
    *b = (struct binding){
        .spans =
            {{.author = post->author, .from_s = day_s, .until_s = day_s + DAY_S},
             {.author = post->author, .from_s = 0, .until_s = POST_TIME_MAX + 1},
             {.author = post->author, .from_s = 0, .until_s = POST_TIME_MAX + 1, .standing = true}},
        .bounds = {{.posts = times * limits->day_posts, .octets = times * limits->day_octets},
                   {.posts = times * limits->all_posts, .octets = times * limits->all_octets},
                   {.posts = post->stands ? times * limits->standing_posts : 0}}};
}

/* count_s: the clock for counting whom nobody counted yet, or NULL where it cannot be done. */
static enum err_code judge_all(struct quota *quota, bool *allowed, struct binding *b,
                               const struct quota_post *post, const uint64_t *count_s,
                               struct err_note *note)
{
    enum err_code rc = ERR_OK;
    bool over = false;
    for (size_t i = 0; i < BOUNDS && rc == ERR_OK && !over; i++) {
        if (b->bounds[i].posts == 0 && b->bounds[i].octets == 0) {
            continue;
        }
        rc = find(quota, &b->tallies[i], &b->spans[i], count_s, note);
        if (rc == ERR_OK && b->tallies[i] != NULL) {
            rc = judge(quota, &over, b->tallies[i], &b->bounds[i], post, count_s, note);
        }
    }
    *allowed = rc == ERR_OK && !over;
    return rc;
}

enum err_code quota_take(struct quota *quota, bool *allowed, const struct quota_post *post,
                         uint64_t now_s, struct err_note *note)
{
    struct binding b;
    lock(quota);
    bind(quota, &b, post);
    enum err_code rc = judge_all(quota, allowed, &b, post, &now_s, note);
    quota->taking = quota->taking || *allowed;
    for (size_t i = 0; i < BOUNDS && *allowed; i++) {
        /* A later one may have taken the place of an earlier one. */
        if (b.tallies[i] != NULL && spans_equal(&b.tallies[i]->span, &b.spans[i])) {
            add(quota, b.tallies[i], post);
        }
    }
    unlock(quota);
    return rc;
}

enum err_code quota_allows(struct quota *quota, bool *allowed, const struct quota_post *post,
                           uint64_t now_s, struct err_note *note)
{
    struct binding b;
    lock(quota);
    bind(quota, &b, post);
    enum err_code rc = judge_all(quota, allowed, &b, post, quota->taking ? NULL : &now_s, note);
    unlock(quota);
    return rc;
}
