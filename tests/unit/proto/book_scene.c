#include "tests/unit/proto/book_scene.h"

#include <sodium.h>
#include <string.h>

const uint8_t book_secret[ADDRESS_BOOK_KEY_LEN] = "sixteen octets..";
struct address_book *book;

int book_set_up(void **state)
{
    (void)state;
    return address_book_new(&book, book_secret) == ERR_OK ? 0 : -1;
}

int book_tear_down(void **state)
{
    (void)state;
    address_book_check(book);
    address_book_free(book);
    book = NULL;
    return 0;
}

struct address at(const char *host)
{
    struct address address = {.port = 7117};
    (void)snprintf(address.host, sizeof address.host, "%s", host);
    (void)crypto_generichash(address.static_key.octets, KEY_LEN, (const uint8_t *)host,
                             strlen(host), NULL, 0);
    return address;
}

struct address in_group(unsigned g, unsigned i)
{
    char host[32];
    (void)snprintf(host, sizeof host, "%u.%u.%u.%u", 20 + g / 200, g % 200, i / 250, 1 + i % 250);
    return at(host);
}

uint64_t group_number(unsigned g)
{
    return address_group(in_group(g, 0).host);
}

struct address_book_stats stats(void)
{
    return address_book_stats(book);
}

bool is_told(unsigned g, unsigned i, unsigned source)
{
    struct address address = in_group(g, i);
    return address_book_add(book, &address, group_number(source), NOW_S);
}

bool is_told_host(const char *host, uint64_t source)
{
    struct address address = at(host);
    return address_book_add(book, &address, source, NOW_S);
}

void answers(unsigned g, unsigned i)
{
    struct address address = in_group(g, i);
    address_book_good(book, &address, NOW_S);
}
