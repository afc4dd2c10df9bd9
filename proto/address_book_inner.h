/* address_book_inner.h - what a book of addresses holds, shared by address_book*.c alone. */
#ifndef KITH_PROTO_ADDRESS_BOOK_INNER_H
#define KITH_PROTO_ADDRESS_BOOK_INNER_H

#include "proto/address_book.h"

#define NEW_PLACES   (ADDRESS_BOOK_NEW_BUCKETS * ADDRESS_BOOK_NEW_SLOTS)
#define TRIED_PLACES (ADDRESS_BOOK_TRIED_BUCKETS * ADDRESS_BOOK_TRIED_SLOTS)
#define FAILS_MAX    100 /* not counted further */

struct known {
    struct address address;
    uint64_t id; /* keyed hash of the address */
    uint64_t group;
    uint64_t source_group; /* of who told it first */
    uint64_t heard_s;
    uint64_t good_s;   /* 0: never */
    uint64_t failed_s; /* 0: not since good_s */
    uint32_t fails_count;
};

/* A tried one that is to be asked whether it still answers, and who waits for its place. */
struct test {
    uint64_t incumbent; /* id; 0: free */
    uint64_t waiting;
};

struct address_book {
    uint8_t key[ADDRESS_BOOK_KEY_LEN];
    struct known *fresh[NEW_PLACES];
    uint64_t fresh_ids[NEW_PLACES]; /* of these; 0: free */
    struct known *tried[TRIED_PLACES];
    struct test tests[ADDRESS_BOOK_TESTS_MAX];
    struct address anchors[ADDRESS_BOOK_ANCHORS_MAX];
    size_t anchors_count;
    struct address sample[ADDRESS_BOOK_SAMPLE_MAX];
    size_t sample_count;
    uint64_t sample_day; /* of the sample, from 1; 0: none was drawn */
};

/* NULL: no memory. */
struct known *known_new(const struct address_book *book, const struct address *address);
size_t new_place(const struct address_book *book, const struct known *known);
void new_set(struct address_book *book, size_t place, struct known *known); /* or NULL */
size_t tried_place(const struct address_book *book, const struct known *known);

#endif
