#include "tests/bench/million.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/bench/data.h"
#include "tests/bench/measure.h"

#define POSTS_COUNT    1000000
#define PEOPLE_COUNT   100000
#define STRANGERS_PART 10 /* one stranger for so many people */
#define BLOCKS_COUNT   10000
#define SPAN_S         (UINT64_C(80) * 86400)
#define RECENT_COUNT   65536 /* texts that are answered */
#define TAGS_COUNT     1000
#define FIRST_COUNT    200 /* texts before all others */
#define FLOOD_VISIBLE  125 /* texts in the flood by people of her web, about: more than a page */

struct recent {
    struct post_id id;
    struct post_id root; /* the text's own where it begins a thread */
};

struct maker {
    struct million *million;
    uint64_t state;
    size_t made_count;
    struct recent recent[RECENT_COUNT];
    size_t recent_count;
    struct post posts[STORE_BATCH_MAX];
    struct octets wires[STORE_BATCH_MAX];
    enum store_put_result results[STORE_BATCH_MAX];
    uint8_t *room; /* STORE_BATCH_MAX times WIRE_ROOM */
    size_t batch_count;
};

#define WIRE_ROOM 640

static size_t below(struct maker *maker, size_t limit)
{
    return (size_t)data_random(&maker->state, limit);
}

static void flush(struct maker *maker)
{
    struct err_note note = {{0}};
    must_ok(store_put(maker->million->store, maker->results, maker->posts, maker->wires,
                      maker->batch_count, maker->million->now_s, &note),
            &note, "storing");
    maker->batch_count = 0;
    bool more = true;
    while (more) {
        must_ok(store_tend(maker->million->store, &more, maker->million->now_s, &note), &note,
                "tending");
    }
}

/* Add a post; gives its id. */
static struct post_id add(struct maker *maker, struct post_draft *draft, const struct key *author)
{
    static uint8_t wire[POST_WIRE_MAX];
    size_t number = maker->batch_count;
    /* In order of time, as posts come, with a little disorder. */
    uint64_t age_s = SPAN_S - SPAN_S * maker->made_count / maker->million->posts_count;
    draft->created_s = maker->million->now_s - 3600 - age_s - below(maker, 3600);
    size_t len = data_unsigned(wire, draft, author, &maker->state);
    must(len <= WIRE_ROOM, "a post is longer than expected");
    uint8_t *at = maker->room + number * WIRE_ROOM;
    memcpy(at, wire, len);
    maker->wires[number] = octets_of(at, len);
    must_ok(post_decode(&maker->posts[number], maker->wires[number]), NULL, "decoding");
    struct post_id id = maker->posts[number].id;
    maker->batch_count++;
    maker->made_count++;
    if (maker->batch_count == STORE_BATCH_MAX) {
        flush(maker);
    }
    return id;
}

/* Every other person says who they are. */
static void make_profiles(struct maker *maker)
{
    const struct million *m = maker->million;
    for (size_t i = 0; i < m->people_count; i += 2) {
        char name[32];
        (void)snprintf(name, sizeof name, "Somebody the %zuth", i);
        struct post_draft draft = {.kind = POST_PROFILE,
                                   .text = octets_of_text(name),
                                   .note = octets_of_text("speaking up")};
        (void)add(maker, &draft, &m->people[i]);
    }
}

static void vouch(struct maker *maker, size_t by, size_t subject)
{
    struct post_draft draft = {.kind = POST_VOUCH, .subject = maker->million->people[subject]};
    (void)add(maker, &draft, &maker->million->people[by]);
}

/* Everybody beyond the people she follows is vouched for by somebody of the step before: the steps
 * grow alike, to reach everybody in VAULT_STEPS. */
static void make_web(struct maker *maker)
{
    const struct million *m = maker->million;
    size_t growth = 1;
    while (m->follows_count * (1 + growth + growth * growth + growth * growth * growth) <
           m->people_count) {
        growth++;
    }
    for (size_t i = 0; i < m->follows_count; i++) {
        struct post_draft draft = {.kind = POST_VOUCH, .subject = m->people[i]};
        (void)add(maker, &draft, &m->own);
    }
    size_t nearer = 0;               /* the first of the step before */
    size_t begin = m->follows_count; /* the first of this step */
    size_t end = begin + m->follows_count * growth;
    for (size_t i = begin; i < m->people_count; i++) {
        if (i == end) {
            nearer = begin;
            begin = i;
            end = begin + (begin - nearer) * growth;
        }
        vouch(maker, nearer + below(maker, begin - nearer), i);
        vouch(maker, below(maker, m->people_count), i);
    }
}

static void remember(struct maker *maker, struct post_id id, struct post_id root)
{
    size_t place =
        maker->recent_count < RECENT_COUNT ? maker->recent_count++ : below(maker, RECENT_COUNT);
    maker->recent[place] = (struct recent){.id = id, .root = root};
}

static void make_text(struct maker *maker, const struct key *author, const char *tag)
{
    uint8_t text[DATA_TEXT_LEN];
    data_text(text, &maker->state);
    struct octets tags = octets_of_text(tag);
    struct post_draft draft = {
        .kind = POST_TEXT, .tags = &tags, .tags_count = 1, .text = octets_of(text, sizeof text)};
    struct post_id id = add(maker, &draft, author);
    remember(maker, id, id);
}

static void make_reply(struct maker *maker, const struct key *author)
{
    uint8_t text[DATA_TEXT_LEN];
    data_text(text, &maker->state);
    struct recent to = maker->recent[below(maker, maker->recent_count)];
    struct post_ref refs[2] = {{.relation = POST_ROOT, .id = to.root},
                               {.relation = POST_PARENT, .id = to.id}};
    bool direct = post_id_equal(&to.root, &to.id);
    struct post_draft draft = {
        .kind = POST_TEXT, .refs = refs, .refs_count = 2, .text = octets_of(text, sizeof text)};
    struct post_id id = add(maker, &draft, author);
    if (direct) {
        remember(maker, id, to.root);
    }
}

static void make_reaction(struct maker *maker, const struct key *author)
{
    struct recent to = maker->recent[below(maker, maker->recent_count)];
    struct post_ref ref = {.relation = POST_SUBJECT, .id = to.id};
    struct post_draft draft = {
        .kind = POST_REACT, .refs = &ref, .refs_count = 1, .reaction = POST_WITH};
    (void)add(maker, &draft, author);
}

static void make_posts(struct maker *maker)
{
    const struct million *m = maker->million;
    size_t strangers_count = m->people_count / STRANGERS_PART;
    size_t flood_part = m->posts_count / 8 / FLOOD_VISIBLE; /* of the whole, one in a thousand */
    for (size_t i = 0; i < FIRST_COUNT; i++) {
        make_text(maker, &m->people[below(maker, m->people_count)], MILLION_FIRST_TAG);
    }
    while (maker->made_count < m->posts_count) {
        size_t lot = maker->recent_count == 0 ? 0 : below(maker, 1000);
        const struct key *one = &m->people[below(maker, m->people_count)];
        const struct key *stranger = &m->people[m->people_count + below(maker, strangers_count)];
        char tag[16] = "metoo";
        if (lot < 125) {
            make_text(maker, below(maker, flood_part) == 0 ? one : stranger, "flood");
        } else if (lot < 250) {
            make_reply(maker, one);
        } else if (lot < 375) {
            make_reaction(maker, one);
        } else {
            if (below(maker, 10) > 0) {
                (void)snprintf(tag, sizeof tag, "tag%zu", below(maker, TAGS_COUNT));
            }
            make_text(maker, one, tag);
        }
    }
    flush(maker);
}

static void make_people(struct million *m)
{
    size_t count = m->people_count + m->people_count / STRANGERS_PART;
    m->people = must_get(count, sizeof *m->people);
    uint64_t state = 3;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < KEY_LEN; k++) {
            m->people[i].octets[k] = (uint8_t)data_random(&state, 256);
        }
    }
}

static void make_private(struct million *m)
{
    struct err_note note = {{0}};
    bool changed = false;
    uint64_t state = 4;
    for (size_t i = 0; i < m->follows_count; i++) {
        must_ok(vault_follow(m->vault, &changed, &m->people[i]), NULL, "following");
    }
    vault_confirm(m->vault, m->now_s, true); /* her vouches stand in no journal */
    must_ok(vault_follow_tag(m->vault, &changed, octets_of_text("metoo")), NULL, "following");
    for (size_t i = 0; i < m->blocks_count;) {
        size_t who = m->follows_count + data_random(&state, m->people_count - m->follows_count);
        must_ok(vault_block(m->vault, &changed, &m->people[who], NULL, m->now_s, 0), NULL,
                "blocking");
        i += changed ? 1 : 0;
    }
    must_ok(vault_commit(m->vault, &note), &note, "keeping the vault");
}

static void open_vault(struct million *m)
{
    struct err_note note = {{0}};
    uint8_t key[32];
    home_key_derive(key, m->home.key, HOME_KEY_JOURNAL);
    must_ok(journal_open(&m->journal, m->home.files, key, &note), &note, "the journal");
    must_ok(vault_open(&m->vault, m->home.files, m->home.key, m->journal, &note), &note,
            "the vault");
    m->own = vault_identity(m->vault);
}

void million_unblocked(struct million *unblocked, const struct million *million,
                       const struct bench *bench)
{
    struct err_note note = {{0}};
    char path[BENCH_PATH_MAX];
    *unblocked = *million;
    unblocked->blocks_count = 0;
    (void)snprintf(path, sizeof path, "%s/unblocked", bench->scratch);
    must_ok(home_open(&unblocked->home, path, true, &note), &note, "a home");
    must_ok(home_make_vault(&unblocked->home, VAULT_PERSONAL, octets_of(NULL, 0), &note), &note,
            "a vault");
    open_vault(unblocked);
    unblocked->own = million->own;
    make_private(unblocked);
}

void million_unblocked_free(struct million *unblocked)
{
    vault_close(unblocked->vault);
    journal_close(unblocked->journal);
    home_close(&unblocked->home);
}

void million_open_store(struct million *m)
{
    struct err_note note = {{0}};
    must_ok(home_open_store(&m->store, &m->home, m->vault, STORE_READ, &note), &note, "the store");
}

void million_open_view(struct million *m)
{
    struct err_note note = {{0}};
    must_ok(view_new(&m->view, m->store, &m->own, &note), &note, "a view");
    must_ok(view_catch_up(m->view, NULL, &note), &note, "taking posts in");
    must_ok(view_load(m->view, vault_contents(m->vault), &note), &note, "judging posts");
}

void million_close(struct million *m)
{
    view_free(m->view);
    store_close(m->store);
    m->view = NULL;
    m->store = NULL;
}

static void open_home(struct million *m, const struct bench *bench)
{
    struct err_note note = {{0}};
    char path[BENCH_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/" MILLION_NAME, bench->scratch);
    must_ok(home_open(&m->home, path, true, &note), &note, "a home");
}

void million_leave(struct million *m)
{
    vault_close(m->vault);
    journal_close(m->journal);
    home_close(&m->home);
}

void million_return(struct million *m, const struct bench *bench)
{
    struct err_note note = {{0}};
    open_home(m, bench);
    must_ok(home_unlock(&m->home, octets_of(NULL, 0), &note), &note, "the home's key");
    open_vault(m);
}

struct million *million_of(struct bench *bench)
{
    if (bench->million != NULL) {
        return bench->million;
    }
    struct million *m = must_get(1, sizeof *m);
    struct err_note note = {{0}};
    m->posts_count = bench_scaled(bench, POSTS_COUNT);
    m->people_count = bench_scaled(bench, PEOPLE_COUNT);
    m->blocks_count = bench_scaled(bench, BLOCKS_COUNT);
    m->follows_count = 50;
    m->now_s = (uint64_t)time(NULL);
    open_home(m, bench);
    must_ok(home_make_vault(&m->home, VAULT_PERSONAL, octets_of(NULL, 0), &note), &note, "a vault");
    open_vault(m);
    million_open_store(m);
    make_people(m);
    struct maker *maker = must_get(1, sizeof *maker);
    maker->million = m;
    maker->state = 2;
    maker->room = must_get(STORE_BATCH_MAX, WIRE_ROOM);
    make_web(maker);
    make_profiles(maker);
    make_posts(maker);
    free(maker->room);
    free(maker);
    make_private(m);
    million_open_view(m);
    bench->million = m;
    return m;
}

void million_free(struct million *m)
{
    if (m == NULL) {
        return;
    }
    million_close(m);
    million_leave(m);
    free(m->people);
    free(m);
}
