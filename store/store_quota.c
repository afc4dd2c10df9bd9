/* What is kept of one author, counted in the index and measured in the log (store/quota.h). */
#include "store/store_inner.h"

#include <stdlib.h>

#define ITEMS_MAX 1024
#define TRIES_MAX 3

/* Small, since it is asked for every author and day. */
struct question {
    struct negentropy_batch batch;
    struct negentropy_results results;
    struct negentropy_item item;
};

struct asking {
    struct question question;
    struct negentropy_item items[ITEMS_MAX];
    bool found[ITEMS_MAX];
    struct post_id ids[ITEMS_MAX];
    struct index_place places[ITEMS_MAX];
};

/* About the author's posts of the span, from this item on. */
static enum err_code ask(struct store *store, struct question *question,
                         enum negentropy_query_kind kind, const struct negentropy_item *from,
                         const struct quota_span *span, struct err_note *note)
{
    const struct negentropy_item until = {.created_s = span->until_s};
    struct run_set_name author = span->standing
                                     ? run_set_stands(index_hash(store->index), &span->author)
                                     : run_set_author(index_hash(store->index), &span->author);
    question->batch.queries_count = 1;
    question->batch.queries[0] = (struct negentropy_query){
        .kind = kind, .lower = negentropy_bound_at(from), .upper = negentropy_bound_at(&until)};
    enum err_code rc = ERR_DAMAGED;
    for (unsigned tries = 0; tries < TRIES_MAX && rc == ERR_DAMAGED; tries++) {
        rc = tries == 0 ? ERR_OK : index_repair(store->index, note);
        if (rc == ERR_OK) {
            rc = index_answer(store->index, &question->results, &author, &question->batch, note);
        }
    }
    return rc == ERR_DAMAGED ? err_note(note, ERR_IO, "the index cannot be built again") : rc;
}

static enum err_code count_posts(void *context, uint64_t *count, const struct quota_span *span,
                                 struct err_note *note)
{
    struct store *store = context;
    struct question *question = calloc(1, sizeof *question);
    if (question == NULL) {
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    question->results.items = &question->item;
    question->results.items_cap = 1;
    const struct negentropy_item from = {.created_s = span->from_s};
    enum err_code rc = ask(store, question, NEGENTROPY_FOLD, &from, span, note);
    if (rc == ERR_OK) {
        *count = question->results.answers[0].fold.count;
    }
    free(question);
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
    size_t count = asking->question.results.items_count;
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
    asking->question.results.items = asking->items;
    asking->question.results.items_cap = ITEMS_MAX;
    struct negentropy_item rest = {.created_s = span->from_s};
    uint64_t sum = 0;
    bool more = true;
    enum err_code rc = ERR_OK;
    while (more && rc == ERR_OK) {
        rc = ask(store, &asking->question, NEGENTROPY_LIST, &rest, span, note);
        if (rc == ERR_OK) {
            rc = measure(store, asking, &sum, note);
        }
        more = rc == ERR_OK && asking->question.results.answers[0].more;
        if (more) {
            rest = behind(&asking->items[asking->question.results.items_count - 1]);
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

static struct quota_post quota_post_of(const struct post *post, size_t wire_len)
{
    return (struct quota_post){.author = post->author,
                               .created_s = post->created_s,
                               .wire_len = wire_len,
                               .takes_back = post->kind == POST_RETRACT,
                               .stands = post_stands(post)};
}

enum err_code store_refuses(struct store *store, bool *refused, struct octets wire,
                            const struct post_id *id, uint64_t now_s, struct err_note *note)
{
    struct post post;
    bool allowed = true;
    enum err_code rc = ERR_OK;
    if (store->quota != NULL && wire.len > 0 && post_decode_again(&post, wire, id) == ERR_OK &&
        !key_equal(&post.author, &store->quota_exempt)) {
        struct quota_post asked = quota_post_of(&post, wire.len);
        rc = quota_allows(store->quota, &allowed, &asked, now_s, note);
        if (rc == ERR_OK && !allowed) {
            rc = index_refused_add(store->index, &post.id);
        }
    }
    if (rc == ERR_OK) {
        *refused = !allowed;
    }
    return rc;
}

enum err_code store_quota_judge(struct store *store, enum store_put_result *result,
                                const struct post *post, size_t wire_len, uint64_t now_s,
                                struct err_note *note)
{
    if (store->quota == NULL || key_equal(&post->author, &store->quota_exempt)) {
        return ERR_OK;
    }
    struct quota_post taken = quota_post_of(post, wire_len);
    bool allowed = false;
    enum err_code rc = quota_take(store->quota, &allowed, &taken, now_s, note);
    if (rc == ERR_OK && !allowed) {
        *result = STORE_REFUSED;
    }
    return rc;
}
