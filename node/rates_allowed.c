#include "node/rates.h"

const struct token_rate rates_of_peer[RATE_KINDS] = {
    [RATE_FRAMES] = {.per_s = 20000, .burst = 100000},
    [RATE_OCTETS] = {.per_s = 134217728, .burst = 268435456},
    [RATE_POSTS] = {.per_s = 100000, .burst = 400000},
    [RATE_HANDSHAKES] = {.per_s = 1, .burst = 4},
};

const struct token_rate rates_of_group[RATE_KINDS] = {
    [RATE_FRAMES] = {.per_s = 80000, .burst = 400000},
    [RATE_OCTETS] = {.per_s = 536870912, .burst = 1073741824},
    [RATE_POSTS] = {.per_s = 400000, .burst = 1600000},
    [RATE_HANDSHAKES] = {.per_s = 256, .burst = 1024},
};

const struct token_rate rate_of_all_handshakes = {.per_s = 1024, .burst = 4096};
