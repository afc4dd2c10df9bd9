/* book_scene.h - a book of addresses, and addresses by number: host i of group g. */
#ifndef KITH_TESTS_UNIT_PROTO_BOOK_SCENE_H
#define KITH_TESTS_UNIT_PROTO_BOOK_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "proto/address_book.h"
#include "proto/address_group.h"

#define NOW_S UINT64_C(1800000000)
#define DAY_S 86400

extern const uint8_t book_secret[ADDRESS_BOOK_KEY_LEN];
/* A new one for each test, checked when it ends. */
extern struct address_book *book;
int book_set_up(void **state);
int book_tear_down(void **state);

struct address at(const char *host);
struct address in_group(unsigned g, unsigned i);
uint64_t group_number(unsigned g);
struct address_book_stats stats(void);

/* The book is told of an address now, by somebody of group source; whether it takes it in. */
bool is_told(unsigned g, unsigned i, unsigned source);
bool is_told_host(const char *host, uint64_t source);
/* It was dialled, and answers. */
void answers(unsigned g, unsigned i);

#endif
