#include "proto/noise.h"

#include <string.h>

#define E  NOISE_E
#define S  NOISE_S
#define EE NOISE_EE
#define ES NOISE_ES
#define SE NOISE_SE
#define SS NOISE_SS

/* Sections 7.4 and 7.5, and appendix 18.1.  Who is known beforehand: KI the initiator, KR the
 * responder. */
#define KI .initiator_known = true
#define KR .responder_known = true

static const struct noise_pattern patterns[] = {
    /* One-way. */
    {.name = "N", KR, .tokens = {{E, ES}}},
    {.name = "K", KI, KR, .tokens = {{E, ES, SS}}},
    {.name = "X", KR, .tokens = {{E, ES, S, SS}}},

    /* Interactive. */
    {.name = "NN", .tokens = {{E}, {E, EE}}},
    {.name = "KN", KI, .tokens = {{E}, {E, EE, SE}}},
    {.name = "NK", KR, .tokens = {{E, ES}, {E, EE}}},
    {.name = "KK", KI, KR, .tokens = {{E, ES, SS}, {E, EE, SE}}},
    {.name = "NX", .tokens = {{E}, {E, EE, S, ES}}},
    {.name = "KX", KI, .tokens = {{E}, {E, EE, SE, S, ES}}},
    {.name = "XN", .tokens = {{E}, {E, EE}, {S, SE}}},
    {.name = "IN", .tokens = {{E, S}, {E, EE, SE}}},
    {.name = "XK", KR, .tokens = {{E, ES}, {E, EE}, {S, SE}}},
    {.name = "IK", KR, .tokens = {{E, ES, S, SS}, {E, EE, SE}}},
    {.name = "XX", .tokens = {{E}, {E, EE, S, ES}, {S, SE}}},
    {.name = "IX", .tokens = {{E, S}, {E, EE, SE, S, ES}}},

    /* Deferred. */
    {.name = "NK1", KR, .tokens = {{E}, {E, EE, ES}}},
    {.name = "NX1", .tokens = {{E}, {E, EE, S}, {ES}}},
    {.name = "X1N", .tokens = {{E}, {E, EE}, {S}, {SE}}},
    {.name = "X1K", KR, .tokens = {{E, ES}, {E, EE}, {S}, {SE}}},
    {.name = "XK1", KR, .tokens = {{E}, {E, EE, ES}, {S, SE}}},
    {.name = "X1K1", KR, .tokens = {{E}, {E, EE, ES}, {S}, {SE}}},
    {.name = "X1X", .tokens = {{E}, {E, EE, S, ES}, {S}, {SE}}},
    {.name = "XX1", .tokens = {{E}, {E, EE, S}, {ES, S, SE}}},
    {.name = "X1X1", .tokens = {{E}, {E, EE, S}, {ES, S}, {SE}}},
    {.name = "K1N", KI, .tokens = {{E}, {E, EE}, {SE}}},
    {.name = "K1K", KI, KR, .tokens = {{E, ES}, {E, EE}, {SE}}},
    {.name = "KK1", KI, KR, .tokens = {{E}, {E, EE, SE, ES}}},
    {.name = "K1K1", KI, KR, .tokens = {{E}, {E, EE, ES}, {SE}}},
    {.name = "K1X", KI, .tokens = {{E}, {E, EE, S, ES}, {SE}}},
    {.name = "KX1", KI, .tokens = {{E}, {E, EE, SE, S}, {ES}}},
    {.name = "K1X1", KI, .tokens = {{E}, {E, EE, S}, {SE, ES}}},
    {.name = "I1N", .tokens = {{E, S}, {E, EE}, {SE}}},
    {.name = "I1K", KR, .tokens = {{E, ES, S}, {E, EE}, {SE}}},
    {.name = "IK1", KR, .tokens = {{E, S}, {E, EE, SE, ES}}},
    {.name = "I1K1", KR, .tokens = {{E, S}, {E, EE, ES}, {SE}}},
    {.name = "I1X", .tokens = {{E, S}, {E, EE, S, ES}, {SE}}},
    {.name = "IX1", .tokens = {{E, S}, {E, EE, SE, S}, {ES}}},
    {.name = "I1X1", .tokens = {{E, S}, {E, EE, S}, {SE, ES}}},
};

static const struct noise_pattern *find_base(const char *name, size_t name_len)
{
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        const char *row = patterns[i].name;
        if (strlen(row) == name_len && memcmp(row, name, name_len) == 0) {
            return &patterns[i];
        }
    }
    return NULL;
}

/* "psk0+psk2", or nothing, up to the next underscore.  Returns where it stopped, NULL if it is
 * not understood. */
static const char *read_modifiers(struct noise_pattern *pattern, const char *at)
{
    while (*at != '_') {
        if (strncmp(at, "psk", 3) != 0 || at[3] < '0' || at[3] > '0' + pattern->messages_count) {
            return NULL;
        }
        uint8_t mark = (uint8_t)(1U << (at[3] - '0'));
        if ((pattern->psk_marks & mark) != 0) {
            return NULL;
        }
        pattern->psk_marks |= mark;
        pattern->has_psk = true;
        at += 4;
        if (at[0] == '+' && at[1] != '_') {
            at++;
        } else if (*at != '_') {
            return NULL;
        }
    }
    return at;
}

enum err_code noise_pattern_find(struct noise_pattern *pattern, const char *protocol_name)
{
    static const char start[] = "Noise_";
    static const char end[] = "_25519_ChaChaPoly_BLAKE2b";
    if (strncmp(protocol_name, start, strlen(start)) != 0) {
        return ERR_NOT_FOUND;
    }
    const char *at = protocol_name + strlen(start);
    size_t name_len = strspn(at, "NKXI1");
    const struct noise_pattern *base = find_base(at, name_len);
    if (base == NULL) {
        return ERR_NOT_FOUND;
    }
    struct noise_pattern found = *base;
    while (found.messages_count < NOISE_MESSAGES_MAX &&
           found.tokens[found.messages_count][0] != NOISE_END) {
        found.messages_count++;
    }
    at = read_modifiers(&found, at + name_len);
    if (at == NULL || strcmp(at, end) != 0) {
        return ERR_NOT_FOUND;
    }
    *pattern = found;
    return ERR_OK;
}
