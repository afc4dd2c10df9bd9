/* Any octets as an address: what is accepted has one printed form, which reads back the same. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "proto/address.h"

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct octets text = octets_of(octets, len);
    struct address address;
    if (address_parse(&address, text) == ERR_OK) {
        char once[ADDRESS_TEXT_MAX + 1];
        char twice[ADDRESS_TEXT_MAX + 1];
        struct address again;
        address_print(once, &address);
        require(address_parse(&again, octets_of_text(once)) == ERR_OK);
        address_print(twice, &again);
        require(address_equal(&address, &again) && strcmp(once, twice) == 0);
    }
    char host[ADDRESS_HOST_MAX + 1];
    uint16_t port;
    if (address_parse_listen(host, &port, text) == ERR_OK) {
        require(strlen(host) > 0 && strlen(host) <= ADDRESS_HOST_MAX);
    }
    return 0;
}
