/* What is kept of one author, counted in the index and measured in the log (store/quota.h). */
#include "store/store_inner.h"

#include <stdlib.h>

#define ITEMS_MAX 1024

struct asking {
    struct negentropy_batch batch;
    struct negentropy_results results;
    struct negentropy_item items[ITEMS_MAX];
    bool found[ITEMS_MAX];
    struct post_id ids[ITEMS_MAX];
    struct index_place places[ITEMS_MAX];
};

/* About the author's posts of the span, from this item on. */
static enum err_code ask(struct store *store, struct asking *asking,
                         enum negentropy_query_kind kind, const struct negentropy_item *from,
                         const struct quota_span *span, struct err_note *note)
{
    const struct negentropy_item until = {.created_s = span->until_s};
    struct run_set_name author = run_set_author(index_hash(store->index), &span->author);
    asking->batch.queries_count = 1;
    asking->batch.queries[0] = (struct negentropy_query){
        .kind = kind, .lower = negentropy_bound_at(from), .upper = negentropy_bound_at(&until)};
    asking->results.items = asking->items;
    asking->results.items_cap = ITEMS_MAX;
    enum err_code rc;
    do {
        rc = index_answer(store->index, &asking->results, &author, &asking->batch, note);
        if (rc == ERR_DAMAGED) {
            rc = index_repair(store->index, note);
            rc = rc == ERR_OK ? ERR_DAMAGED : rc;
        }
    } while (rc == ERR_DAMAGED);
    return rc;
}

static enum err_code count_posts(void *context, uint64_t *count, const struct quota_span *span,
                                 struct err_note *note)
{
    struct store *store = context;
    struct asking *asking = calloc(1, sizeof *asking);
    if (asking == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    const struct negentropy_item from = {.created_s = span->from_s};
    enum err_code rc = ask(store, asking, NEGENTROPY_FOLD, &from, span, note);
    if (rc == ERR_OK) {
        *count = asking->results.answers[0].fold.count;
    }
    free(asking);
    return rc;
}

/* The smallest item above this one. */
static struct negentropy_item behind(const struct negentropy_item *item)
{
    struct negentropy_item next = *item;
    size_t at = POST_ID_LEN;
    while (at > 0 && ++next.id.octets[at - 1] == 0) {
        at--;
    }
    next.created_s += at == 0 ? 1 : 0;
    return next;
}

/* The octets of what was listed. */
static enum err_code measure(struct store *store, struct asking *asking, uint64_t *len,
                             struct err_note *note)
{
    size_t count = asking->results.items_count;
    for (size_t i = 0; i < count; i++) {
        asking->ids[i] = asking->items[i].id;
    }
    enum err_code rc = store_find(store, asking->found, asking->places, asking->ids, count, note);
    for (size_t i = 0; i < count && rc == ERR_OK; i++) {
        size_t wire_len = 0;
        if (asking->found[i] &&
            log_len(store->log, &wire_len, asking->places[i].position) == ERR_OK) {
            *len += wire_len;
        }
    }
    return rc;
}

static enum err_code count_octets(void *context, uint64_t *len, const struct quota_span *span,
                                  struct err_note *note)
{
    struct store *store = context;
    struct asking *asking = calloc(1, sizeof *asking);
    if (asking == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    struct negentropy_item rest = {.created_s = span->from_s};
    uint64_t sum = 0;
    bool more = true;
    enum err_code rc = ERR_OK;
    while (more && rc == ERR_OK) {
        rc = ask(store, asking, NEGENTROPY_LIST, &rest, span, note);
        if (rc == ERR_OK) {
            rc = measure(store, asking, &sum, note);
        }
        more = rc == ERR_OK && asking->results.answers[0].more;
        if (more) {
            rest = behind(&asking->items[asking->results.items_count - 1]);
        }
    }
    free(asking);
    if (rc == ERR_OK) {
        *len = sum;
    }
    return rc;
}

enum err_code store_limit(struct store *store, const struct quota_limits *limits,
                          const struct key *exempt, struct err_note *note)
{
    struct quota *made = NULL;
    struct quota_source source = {.context = store, .posts = count_posts, .octets = count_octets};
    if (quota_new(&made, limits, &source) != ERR_OK) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    quota_free(store->quota);
    store->quota = made;
    store->quota_exempt = *exempt;
    return ERR_OK;
}

enum err_code store_quota_judge(struct store *store, enum store_put_result *result,
                                const struct post *post, size_t wire_len, uint64_t now_s,
                                struct err_note *note)
{
    if (store->quota == NULL || key_equal(&post->author, &store->quota_exempt)) {
        return ERR_OK;
    }
    struct quota_post taken = {.author = post->author,
                               .created_s = post->created_s,
                               .wire_len = wire_len,
                               .takes_back = post->kind == POST_RETRACT};
    bool allowed = false;
    enum err_code rc = quota_take(store->quota, &allowed, &taken, now_s, note);
    if (rc == ERR_OK && !allowed) {
        *result = STORE_REFUSED;
    }
    return rc;
}
