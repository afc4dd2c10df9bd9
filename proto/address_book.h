/* address_book.h - the addresses of relays that a node knows, kept so that no single network can
 * fill the book or be all that is drawn from it (SPEC 8.5).
 *
 * After the ideas of Heilman, Kendler, Zohar, Goldberg: Eclipse Attacks on Bitcoin's Peer-to-Peer
 * Network, 2015.  Addresses that others told are *new*, in buckets chosen by the group of the
 * address and the group of who told it; those that this node itself connected to are *tried*, in
 * buckets chosen by their group.  A place that is taken is given up only by an address that does
 * not answer any more.  Addresses are drawn by group, each group as likely as any other.
 *
 * Pure: a key comes in, and each drawing takes a random number.  Times are seconds of the wall
 * clock, which may jump.  All of it is bounded; entries are allocated as they come. */
#ifndef KITH_PROTO_ADDRESS_BOOK_H
#define KITH_PROTO_ADDRESS_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/address.h"
#include "proto/err.h"

#define ADDRESS_BOOK_KEY_LEN        16
#define ADDRESS_BOOK_NEW_BUCKETS    128
#define ADDRESS_BOOK_NEW_SLOTS      16
#define ADDRESS_BOOK_SOURCE_BUCKETS 8 /* new ones that tellers of one group can reach */
#define ADDRESS_BOOK_TRIED_BUCKETS  64
#define ADDRESS_BOOK_TRIED_SLOTS    8
#define ADDRESS_BOOK_GROUP_BUCKETS  4 /* tried ones that addresses of one group can reach */
#define ADDRESS_BOOK_GROUP_KEPT     4 /* places of a group that it need not give up to others' */
#define ADDRESS_BOOK_TESTS_MAX      8 /* tried ones being asked whether they still answer */
#define ADDRESS_BOOK_ANCHORS_MAX    2
#define ADDRESS_BOOK_SAMPLE_MAX     32

#define ADDRESS_BOOK_FRESH_S  14400   /* answered so lately: not tested to make room */
#define ADDRESS_BOOK_FORGET_S 2592000 /* 30 days: heard of so long ago, and never reached */
#define ADDRESS_BOOK_FAILS    3       /* never reached, and failed so often: gives way */
#define ADDRESS_BOOK_LOST     8       /* reached once, and failed so often since: likewise */
#define ADDRESS_BOOK_AGAIN_S  600     /* after a failure, doubling up to a day */

struct address_book;

/* key: secret and random; the same over restarts.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code address_book_new(struct address_book **book,
                                        const uint8_t key[ADDRESS_BOOK_KEY_LEN]);
void address_book_free(struct address_book *book);

/* Somebody in source_group told of it.  False: it is known already, its place is taken by one that
 * may still answer, or there is no memory. */
bool address_book_add(struct address_book *book, const struct address *address,
                      uint64_t source_group, uint64_t now_s);
/* This node connected to it, and a relay was there.  An address that is not known is taken in. */
void address_book_good(struct address_book *book, const struct address *address, uint64_t now_s);
/* It could not be reached, or no relay was there. */
void address_book_failed(struct address_book *book, const struct address *address, uint64_t now_s);

/* Draw an address to connect to, of none of the groups taken: with even chances a tried one, or one
 * of all; those that failed lately are left out.  Each group is as likely as any other, however
 * many addresses it has.  False: there is none. */
bool address_book_choose(const struct address_book *book, struct address *address,
                         const uint64_t *taken, size_t taken_count, uint64_t random,
                         uint64_t now_s);
/* Draw an address to try and hang up again: a tried one whose place another waits for, else a new
 * one, likewise by group.  False: there is none. */
bool address_book_feel(const struct address_book *book, struct address *address, uint64_t random,
                       uint64_t now_s);

/* The connections that served longest, to begin with after one restart.  One that was dialled as an
 * anchor is not to be made one again: else an attacker who never leaves would collect them all. */
void address_book_set_anchors(struct address_book *book, const struct address *anchors,
                              size_t count);
size_t address_book_anchors(const struct address_book *book,
                            struct address anchors[ADDRESS_BOOK_ANCHORS_MAX]);

/* What to answer when asked for addresses, in the same words to everybody all day long: a sixteenth
 * of the book, SAMPLE_MAX at most and at least 1.  How many; they stay until the next call. */
size_t address_book_sample(struct address_book *book, const struct address **sample,
                           uint64_t now_s);

struct address_book_stats {
    uint32_t new_count;
    uint32_t tried_count;
    uint32_t tests_count;
};

struct address_book_stats address_book_stats(const struct address_book *book);
/* For tests and measuring: each address, in no order. */
void address_book_each(const struct address_book *book,
                       void (*each)(void *context, const struct address *address, bool tried),
                       void *context);
/* What must hold between calls. */
void address_book_check(const struct address_book *book);

/* ---- On the disk -------------------------------------------------------------------------- */

/*     [1, key (bin 16), anchors, new, tried]        anchors an array of 0 to 2 contacts
 *     new, tried = array of [contact, source_group, heard_h, good_h, fails]
 *
 * Times are in hours.  contact: see proto/contact.h. */

/* Octets that address_book_encode() may need at most, now. */
size_t address_book_encoded_cap(const struct address_book *book);
/* How many it wrote; asserts that out has the cap. */
size_t address_book_encode(const struct address_book *book, uint8_t *out, size_t cap);
/*   ERR_TRUNCATED, ERR_MALFORMED  not the one valid form, or out of range
 *   ERR_NO_MEMORY */
MUST_USE enum err_code address_book_decode(struct address_book **book, struct octets encoded);

#endif
