#include "tests/support/run_model.h"

#include "store/run_postings.h"
#include "store/run_set.h"

#include <stdio.h>
#include <stdlib.h>

static _Thread_local struct err_note note;

/* What a run covers, and a list of its posts that some question is about. */
struct look {
    struct run_model *model;
    const struct run *run;
    struct run_set_entry *entries;
    size_t entries_count;
    size_t looks;
};

static void must(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "a run answers otherwise than its posts: %s (%s)\n", what, note.text);
        abort();
    }
}

static const struct run_model_post *post_at(const struct look *look, uint32_t position)
{
    return &look->model->posts[position - look->model->first];
}

static void check_records(const struct look *look)
{
    for (uint32_t position = run_first(look->run); position < run_end(look->run); position++) {
        const struct run_record *wanted = &post_at(look, position)->record;
        struct run_record got = {.flags = 0xff};
        must(run_record(look->run, &got, position, &note) == ERR_OK, "a record");
        must(got.state == wanted->state && got.flags == wanted->flags &&
                 got.created_s == wanted->created_s && post_id_equal(&got.id, &wanted->id),
             "what a record holds");
        if (wanted->state == RUN_HOLE) {
            continue;
        }
        uint32_t found = 0;
        uint64_t hash = run_hash_id(&look->model->hash, &wanted->id);
        must(run_find(look->run, &found, &got, &wanted->id, hash, &note) == ERR_OK, "an id");
        must(found == position && got.state == wanted->state, "where an id lies");
    }
}

static void check_absent(const struct look *look)
{
    for (size_t i = 0; i < look->looks; i++) {
        struct post_id id = {{0}};
        octets_put_u64be(id.octets, run_model_random(look->model, UINT64_MAX));
        octets_put_u64be(id.octets + 8, run_model_random(look->model, UINT64_MAX));
        uint32_t position;
        struct run_record record;
        uint64_t hash = run_hash_id(&look->model->hash, &id);
        must(run_find(look->run, &position, &record, &id, hash, &note) == ERR_NOT_FOUND,
             "an id that nobody has");
    }
}

static int compare_entries(const void *a, const void *b)
{
    const struct run_set_entry *left = a;
    const struct run_set_entry *right = b;
    return negentropy_item_compare(&left->item, &right->item);
}

/* The entries of a set, the slow way; author or tag 0: any. */
static void gather(struct look *look, uint32_t author, uint32_t tag)
{
    look->entries_count = 0;
    for (uint32_t position = run_first(look->run); position < run_end(look->run); position++) {
        const struct run_model_post *post = post_at(look, position);
        if (post->record.state == RUN_KEPT && (author == 0 || post->author == author) &&
            (tag == 0 || post->tag == tag)) {
            look->entries[look->entries_count++] = (struct run_set_entry){
                .item = {.created_s = post->record.created_s, .id = post->record.id},
                .position = position,
            };
        }
    }
    qsort(look->entries, look->entries_count, sizeof *look->entries, compare_entries);
}

static struct negentropy_bound some_bound(struct look *look)
{
    struct run_model *model = look->model;
    uint64_t kind = run_model_random(model, 20);
    if (kind == 0 || look->entries_count == 0) {
        return kind % 2 == 0 ? negentropy_bound_infinity() : negentropy_bound_zero();
    }
    const struct run_set_entry *near = &look->entries[run_model_random(model, look->entries_count)];
    struct negentropy_bound bound = negentropy_bound_at(&near->item);
    if (kind < 8) {
        bound.prefix_len = (uint8_t)run_model_random(model, 3);
        memset(bound.id.octets + bound.prefix_len, 0, POST_ID_LEN - bound.prefix_len);
        bound.created_s += run_model_random(model, 3) - 1;
    }
    return bound;
}

static struct fold slow_fold(const struct look *look, size_t count)
{
    struct fold fold = {0};
    for (size_t i = 0; i < count; i++) {
        fold_add_id(&fold, &look->entries[i].item.id);
    }
    return fold;
}

static bool folds_equal(const struct fold *a, const struct fold *b)
{
    return a->count == b->count && memcmp(a->sum, b->sum, sizeof a->sum) == 0;
}

static size_t slow_rank(const struct look *look, const struct negentropy_bound *bound)
{
    size_t rank = 0;
    while (rank < look->entries_count &&
           negentropy_item_compare_bound(&look->entries[rank].item, bound) < 0) {
        rank++;
    }
    return rank;
}

static void check_walk(const struct look *look, struct run_set_cursor *cursor, size_t rank)
{
    struct run_set_entry entry;
    size_t end = rank + 150 < look->entries_count ? rank + 150 : look->entries_count;
    for (size_t i = rank; i < end; i++) {
        must(run_set_next(cursor, &entry, &note) == ERR_OK, "a cursor of a set");
        must(entry.position == look->entries[i].position &&
                 compare_entries(&entry, &look->entries[i]) == 0,
             "what a cursor of a set gives");
    }
    if (end == look->entries_count) {
        must(run_set_next(cursor, &entry, &note) == ERR_NOT_FOUND, "the end of a set");
        must(run_set_next(cursor, &entry, &note) == ERR_NOT_FOUND, "the end of a set, again");
    }
}

static void check_bound(struct look *look, const struct run_set_name *set)
{
    struct negentropy_bound bound = some_bound(look);
    size_t wanted = slow_rank(look, &bound);
    uint64_t rank = UINT64_MAX;
    must(run_set_rank(look->run, &rank, set, &bound, &note) == ERR_OK && rank == wanted, "a rank");
    struct fold fold;
    struct fold slow = slow_fold(look, wanted);
    must(run_set_fold_below(look->run, &fold, set, &bound, &note) == ERR_OK, "a fold");
    must(folds_equal(&fold, &slow), "the fold below a bound");
    struct run_set_bracket bracket = run_set_bracket(look->run, set, &bound);
    must(bracket.low <= wanted && wanted <= bracket.high, "what memory knows of a rank");
    struct run_set_cursor cursor;
    must(run_set_seek(&cursor, look->run, set, &bound, &note) == ERR_OK, "going to a bound");
    check_walk(look, &cursor, wanted);
}

static void check_rank(struct look *look, const struct run_set_name *set)
{
    uint64_t rank = run_model_random(look->model, look->entries_count + 1);
    struct fold fold;
    struct fold slow = slow_fold(look, rank);
    must(run_set_fold(look->run, &fold, set, rank, &note) == ERR_OK, "a fold by rank");
    must(folds_equal(&fold, &slow), "the fold below a rank");
    must(run_set_fold(look->run, &fold, set, look->entries_count + 1, &note) == ERR_NOT_FOUND,
         "a fold behind the end");
    struct run_set_entry entry;
    enum err_code rc = run_set_at(look->run, &entry, set, rank, &note);
    if (rank == look->entries_count) {
        must(rc == ERR_NOT_FOUND, "the entry behind the last");
    } else {
        must(rc == ERR_OK && entry.position == look->entries[rank].position &&
                 compare_entries(&entry, &look->entries[rank]) == 0,
             "the entry at a rank");
    }
    must(run_set_at(look->run, &entry, set, UINT64_MAX, &note) == ERR_NOT_FOUND,
         "the entry at no rank");
    struct run_set_cursor cursor;
    must(run_set_seek_rank(&cursor, look->run, set, rank, &note) == ERR_OK, "going to a rank");
    check_walk(look, &cursor, rank);
    uint64_t high = rank + run_model_random(look->model, look->entries_count - rank + 1);
    uint64_t created_s;
    if (run_set_middle(look->run, &created_s, set, rank, high)) {
        bool any = false;
        for (uint64_t i = rank; i < high; i++) {
            any = any || look->entries[i].item.created_s == created_s;
        }
        must(any, "the second of an entry between two ranks");
    }
}

static void check_set(struct look *look, const struct run_set_name *set)
{
    uint64_t count = UINT64_MAX;
    must(run_set_count(look->run, &count, set, &note) == ERR_OK, "the count of a set");
    must(count == look->entries_count, "how many a set has");
    for (size_t i = 0; i < look->looks; i++) {
        check_bound(look, set);
        check_rank(look, set);
    }
}

static void check_sets(struct look *look)
{
    struct run_model *model = look->model;
    struct run_set_name set = run_set_of(&model->hash, SET_ALL);
    gather(look, 0, 0);
    check_set(look, &set);
    for (size_t i = 0; i < 10; i++) {
        uint32_t author =
            (uint32_t)(1 + run_model_random(model, 1 + i * model->authors_count / 10));
        set = run_model_author(model, author);
        gather(look, author, 0);
        check_set(look, &set);
        uint32_t tag = (uint32_t)(1 + run_model_random(model, model->tags_count + 1));
        set = run_model_tag(model, tag);
        gather(look, 0, tag);
        check_set(look, &set);
    }
}

/* The relations under which a post refers to the subject, as bits. */
static unsigned relations_of(const struct run_model_post *post, uint32_t subject)
{
    unsigned relations = 0;
    for (size_t i = 0; i < post->refs_count && post->record.state == RUN_KEPT; i++) {
        relations |= post->subjects[i] == subject ? 1u << post->relations[i] : 0;
    }
    return relations;
}

static void check_refs(const struct look *look)
{
    struct run_model *model = look->model;
    for (size_t i = 0; i < look->looks * 4; i++) {
        uint32_t subject = (uint32_t)(1 + run_model_random(model, 1 + i));
        struct run_postings cursor;
        uint32_t got = 0;
        uint8_t relation = 0;
        run_refs_begin(&cursor, look->run, run_model_subject(model, subject));
        for (uint32_t position = run_first(look->run); position < run_end(look->run); position++) {
            unsigned relations = relations_of(post_at(look, position), subject);
            for (unsigned bit = 0; bit < 8; bit++) {
                if ((relations & (1u << bit)) != 0) {
                    must(run_refs_next(&cursor, &got, &relation, &note) == ERR_OK, "a ref");
                    must(got == position && relation == bit, "what refers to an id");
                }
            }
        }
        must(run_refs_next(&cursor, &got, &relation, &note) == ERR_NOT_FOUND, "the last ref");
    }
}

static bool has_word(const struct run_model_post *post, uint32_t word)
{
    for (size_t i = 0; i < post->words_count && post->record.state == RUN_KEPT; i++) {
        if (post->words[i] == word) {
            return true;
        }
    }
    return false;
}

static void check_word(const struct look *look, uint32_t word, uint32_t leap)
{
    struct run_model *model = look->model;
    struct run_postings cursor;
    uint32_t least = 0;
    uint32_t got = 0;
    run_words_begin(&cursor, look->run, run_model_word(model, word));
    for (uint32_t position = run_first(look->run); position < run_end(look->run); position++) {
        if (position < least || !has_word(post_at(look, position), word)) {
            continue;
        }
        enum err_code rc = least == 0 ? run_words_next(&cursor, &got, &note)
                                      : run_words_seek(&cursor, &got, least, &note);
        must(rc == ERR_OK && got == position, "where a word stands");
        least = leap == 0 ? 0 : position + 1 + (uint32_t)run_model_random(model, leap);
    }
    must(run_words_seek(&cursor, &got, least, &note) == ERR_NOT_FOUND, "a word's end");
    must(run_words_next(&cursor, &got, &note) == ERR_NOT_FOUND, "a word's end, again");
}

static void check_words(const struct look *look)
{
    for (size_t i = 0; i < look->looks * 2; i++) {
        uint32_t word = (uint32_t)(1 + run_model_random(look->model, 1 + i));
        check_word(look, word, 0);
        check_word(look, word, 1 + (uint32_t)(i * i));
    }
}

static void check_expiries(const struct look *look)
{
    size_t wanted = 0;
    for (uint32_t position = run_first(look->run); position < run_end(look->run); position++) {
        const struct run_model_post *post = post_at(look, position);
        wanted += post->record.state == RUN_KEPT && post->expires_s != 0 ? 1 : 0;
    }
    struct run_expiry at = {0, 0};
    struct run_expiry got;
    size_t count = 0;
    while (run_expiry_next(look->run, &got, &at, &note) == ERR_OK) {
        must(count == 0 || got.expires_s > at.expires_s || got.position >= at.position,
             "the order of expiries");
        must(post_at(look, got.position)->expires_s == got.expires_s, "when a post expires");
        at = (struct run_expiry){got.expires_s, got.position + 1};
        count++;
    }
    must(count == wanted, "how many posts expire");
}

void run_model_check(struct run_model *model, const struct run *run, size_t looks)
{
    struct look look = {.model = model, .run = run, .looks = looks};
    look.entries = calloc(run_end(run) - run_first(run), sizeof *look.entries);
    must(look.entries != NULL, "memory");
    check_records(&look);
    check_absent(&look);
    check_sets(&look);
    check_refs(&look);
    check_words(&look);
    check_expiries(&look);
    free(look.entries);
}
