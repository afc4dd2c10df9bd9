/* million.h - a person's home with 1,000,000 posts, a web of 100,000 people around her, and 10,000
 * of them blocked already; shared by the measurements that stand on it.
 *
 * One in five posts is a vouch: she follows and vouches for 50 people, each further person is
 * vouched for by somebody a step nearer to her and by one other.  One in twenty is a profile, of
 * every other person.  The first texts are under MILLION_FIRST_TAG.  Half are texts of 300 octets
 * by people of the web, a tenth under the tag "metoo", a fifth are replies and reactions to them, a
 * tenth are texts of strangers under "flood", where people of her web wrote one in a thousand.
 * Proofs are random octets, since nothing here checks them. */
#ifndef KITH_TESTS_BENCH_MILLION_H
#define KITH_TESTS_BENCH_MILLION_H

#include "node/home.h"
#include "store/journal.h"
#include "store/store.h"
#include "store/vault.h"
#include "store/view.h"
#include "tests/bench/bench.h"

#define MILLION_FIRST_TAG "first"

struct million {
    struct home home;
    struct journal *journal;
    struct vault *vault;
    struct store *store;
    struct view *view;
    struct key own;
    struct key *people; /* by distance: people_count of her web, then strangers */
    size_t people_count;
    size_t follows_count; /* the first ones */
    size_t posts_count;
    size_t blocks_count;
    uint64_t now_s;
};

/* Made with the first call. */
struct million *million_of(struct bench *bench);
void million_free(struct million *million);

/* The same with nobody blocked: another home, the posts and the view of the first.  The view must
 * be loaded with the vault of whichever is used. */
void million_unblocked(struct million *unblocked, const struct million *million,
                       const struct bench *bench);
void million_unblocked_free(struct million *unblocked);

/* Open the store and the view, taking everything in; and close them. */
void million_open_store(struct million *million);
void million_open_view(struct million *million);
void million_close(struct million *million);

/* With both closed: leave the home to a node, named MILLION_NAME in the scratch folder; and take it
 * back. */
#define MILLION_NAME "million"
void million_leave(struct million *million);
void million_return(struct million *million, const struct bench *bench);

#endif
