#include "proto/address.h"

#include <assert.h>
#include <stdio.h>

#include "proto/host.h"
#include "proto/name32.h"

#define SCHEME     "kith://"
#define SCHEME_LEN 7

_Static_assert(ADDRESS_HOST_MAX == HOST_MAX, "an address holds any host");

/* Decimal without leading zeros. */
static enum err_code port_parse(uint16_t *port, struct octets text)
{
    if (text.len == 0 || text.len > 5 || (text.len > 1 && text.at[0] == '0')) {
        return ERR_MALFORMED;
    }
    uint32_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return ERR_MALFORMED;
        }
        value = 10 * value + (uint32_t)(text.at[i] - '0');
    }
    if (value > UINT16_MAX) {
        return ERR_MALFORMED;
    }
    *port = (uint16_t)value;
    return ERR_OK;
}

static enum err_code host_parse(char host[ADDRESS_HOST_MAX + 1], struct octets text)
{
    if (text.len >= 2 && text.at[0] == '[' && text.at[text.len - 1] == ']') {
        return host_normalise_ip6(host, octets_of(text.at + 1, text.len - 2));
    }
    return host_normalise(host, text);
}

enum err_code address_parse_listen(char host[ADDRESS_HOST_MAX + 1], uint16_t *port,
                                   struct octets text)
{
    size_t colon = text.len;
    while (colon > 0 && text.at[colon - 1] != ':') {
        colon--;
    }
    if (colon == 0) {
        return ERR_MALFORMED;
    }
    uint16_t number;
    enum err_code rc = port_parse(&number, octets_of(text.at + colon, text.len - colon));
    if (rc != ERR_OK) {
        return rc;
    }
    rc = host_parse(host, octets_of(text.at, colon - 1));
    if (rc == ERR_OK) {
        *port = number;
    }
    return rc;
}

enum err_code address_parse(struct address *address, struct octets text)
{
    if (text.len < SCHEME_LEN || memcmp(text.at, SCHEME, SCHEME_LEN) != 0) {
        return ERR_MALFORMED;
    }
    text = octets_of(text.at + SCHEME_LEN, text.len - SCHEME_LEN);
    if (text.len <= NAME32_BASE32_LEN || text.at[text.len - NAME32_BASE32_LEN - 1] != '/') {
        return ERR_MALFORMED;
    }
    size_t where_len = text.len - NAME32_BASE32_LEN - 1;
    struct address parsed = {.port = 0};
    enum err_code rc = name32_from_base32(parsed.static_key.octets,
                                          octets_of(text.at + where_len + 1, NAME32_BASE32_LEN));
    if (rc != ERR_OK) {
        return rc;
    }
    rc = address_parse_listen(parsed.host, &parsed.port, octets_of(text.at, where_len));
    if (rc != ERR_OK || parsed.port == 0) {
        return ERR_MALFORMED;
    }
    *address = parsed;
    return ERR_OK;
}

void address_print(char out[ADDRESS_TEXT_MAX + 1], const struct address *address)
{
    char key[NAME32_BASE32_LEN + 1];
    name32_base32(key, address->static_key.octets);
    bool brackets = strchr(address->host, ':') != NULL;
    int len = snprintf(out, ADDRESS_TEXT_MAX + 1, SCHEME "%s%s%s:%u/%s", brackets ? "[" : "",
                       address->host, brackets ? "]" : "", (unsigned)address->port, key);
    assert(len > 0 && len <= ADDRESS_TEXT_MAX);
    (void)len;
}

bool address_equal(const struct address *a, const struct address *b)
{
    return strcmp(a->host, b->host) == 0 && a->port == b->port &&
           key_equal(&a->static_key, &b->static_key);
}
