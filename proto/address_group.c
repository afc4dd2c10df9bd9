#include "proto/address_group.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/octets.h"

/* No IPv6 address in use begins so. */
#define NAME_MARK UINT64_C(0xff00000000000000)

static bool is_ip4(const char *host)
{
    size_t digits_len = strspn(host, "0123456789.");
    return digits_len > 0 && host[digits_len] == '\0';
}

static uint64_t group_of_ip4(const char *host)
{
    char *rest = NULL;
    uint64_t first = strtoul(host, &rest, 10);
    uint64_t second = *rest == '.' ? strtoul(rest + 1, NULL, 10) : 0;
    return first == 127 ? ADDRESS_GROUP_LOOPBACK : (first << 24) | (second << 16);
}

/* The second part is 0 where it is left out: "2a00::1". */
static uint64_t group_of_ip6(const char *host)
{
    char *rest = NULL;
    uint64_t first = strtoul(host, &rest, 16);
    uint64_t second = rest[0] == ':' && rest[1] != ':' ? strtoul(rest + 1, NULL, 16) : 0;
    return strcmp(host, "::1") == 0 ? ADDRESS_GROUP_LOOPBACK : (first << 48) | (second << 32);
}

static const char *last_two_labels(const char *host)
{
    unsigned dots = 0;
    for (const char *at = host + strlen(host); at > host; at--) {
        dots += at[-1] == '.';
        if (dots == 2) {
            return at;
        }
    }
    return host;
}

static uint64_t group_of_name(const char *host)
{
    static const char what[] = "kith/group/1";
    uint8_t hash[8];
    const char *owner = last_two_labels(host);
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, crypto_generichash_BYTES_MIN);
    (void)crypto_generichash_update(&state, (const uint8_t *)what, sizeof what - 1);
    (void)crypto_generichash_update(&state, (const uint8_t *)owner, strlen(owner));
    uint8_t all[crypto_generichash_BYTES_MIN];
    (void)crypto_generichash_final(&state, all, sizeof all);
    memcpy(hash, all, sizeof hash);
    return NAME_MARK | (octets_get_u64be(hash) % ADDRESS_GROUP_NAMES);
}

uint64_t address_group(const char *host)
{
    if (strchr(host, ':') != NULL) {
        return group_of_ip6(host);
    }
    return is_ip4(host) ? group_of_ip4(host) : group_of_name(host);
}
