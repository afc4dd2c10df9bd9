/* archive_life.h - a home that ages: posts leave the store, what is hers to keep goes into the
 * archive first, authors take some of it back, she blocks and unblocks (SPEC 7.6, 10.15).  From a
 * seed, always the same; and whether a home that was opened again keeps to what happened. */
#ifndef KITH_TESTS_CRASH_ARCHIVE_LIFE_H
#define KITH_TESTS_CRASH_ARCHIVE_LIFE_H

#include "tests/crash/house.h"
#include "tests/support/bare_home.h"

#define LIFE_POSTS_MAX 1024

enum fate {
    NONE,
    FLYING,     /* being put */
    ANY,        /* of no concern, or by somebody who was blocked */
    OWED,       /* to be shown until the archive's bound, and hers for ever */
    GOING,      /* being taken back */
    TAKEN_BACK, /* not to be shown */
};

struct book {
    struct bare_home place;          /* with files of the test */
    enum fate fates[LIFE_POSTS_MAX]; /* by number */
    bool is_fays[LIFE_POSTS_MAX];
    size_t posts_count;
    bool blocked;
    bool blocked_next; /* another than blocked: in flight */
    uint64_t floor_s;  /* of the archive, as was said */
    uint64_t bound_s;  /* likewise */
    uint64_t random;
    uint64_t now_s;
    bool again; /* a copy */
    /* After damage: posts that are owed may be missing, and are counted here; else NULL. */
    uint64_t *missing_count;
    uint64_t blocks, retracts, errors; /* done, and injected */
};

/* Ends the test with these words, and where it was. */
void book_failed(const char *what, uint64_t number, const char *note);
/* What is told then; the second while a recovery is watched. */
extern char book_where[2][160];

/* Make a home in new files and open it. */
void book_begin(struct book *book, uint64_t seed);
/* Three days: posts come, some are taken back, she may block, and the home grows older; now and
 * then a call fails on the way, or the home is opened again. */
void book_live_on(struct book *book, uint64_t round);
/* Closed, with its files. */
void book_end(struct book *book);

/* On an error something may be open; note has the words. */
MUST_USE enum err_code place_open(struct bare_home *place, struct err_note *note);

/* Of an open home: what is owed is shown, once; nothing that was taken back or never put, nothing
 * by somebody blocked, nor by others below the bound; the block list is the one acknowledged;
 * nothing left before it was kept. */
void book_check(const struct book *book);
/* It grows older as far as it has to, and then holds that, too, with floors where they belong and
 * nothing of others below the bound in the archive. */
void book_check_aged(struct book *book);

#endif
