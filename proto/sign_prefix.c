#include <assert.h>

#include "proto/sign.h"

struct sign_row {
    const char *text;
    size_t fields_len;
};

static const struct sign_row sign_rows[SIGN_PREFIXES_COUNT] = {
    [SIGN_POST] = {"kith/post/1", POST_ID_LEN},
    [SIGN_DEVICE] = {"kith/device/1", KEY_LEN + 8 + 8},
    [SIGN_INVITE] = {"kith/invite/1", KEY_LEN + KEY_LEN + 4 + 8},
    [SIGN_CLAIM] = {"kith/claim/1", KEY_LEN + KEY_LEN},
    [SIGN_JOIN] = {"kith/join/1", KEY_LEN + KEY_LEN},
    [SIGN_RELAY] = {"kith/relay/1", KEY_LEN},
    [SIGN_EVIDENCE] = {"kith/evidence/1", KEY_LEN + 8 + 32},
    [SIGN_CROWD] = {"kith/crowd/2", KEY_LEN + 32 + 4 + 4 + 32 + 32},
    [SIGN_INNER] = {"kith/inner/1", 32 + POST_ID_LEN},
};

static const struct sign_row *row_of(enum sign_prefix prefix)
{
    assert((unsigned)prefix < SIGN_PREFIXES_COUNT);
    return &sign_rows[prefix];
}

const char *sign_prefix_text(enum sign_prefix prefix)
{
    return row_of(prefix)->text;
}

size_t sign_fields_len(enum sign_prefix prefix)
{
    return row_of(prefix)->fields_len;
}
