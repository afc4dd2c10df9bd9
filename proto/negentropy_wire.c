#include "proto/negentropy_wire.h"

#include <string.h>

size_t negentropy_put_varint(uint8_t *out, uint64_t value)
{
    size_t len = 1;
    for (uint64_t rest = value >> 7; rest != 0; rest >>= 7) {
        len++;
    }
    for (size_t i = len; i-- > 0; value >>= 7) {
        out[i] = (uint8_t)((value & 0x7f) | (i + 1 < len ? 0x80 : 0));
    }
    return len;
}

enum err_code negentropy_get_varint(uint64_t *value, size_t *at, struct octets message)
{
    uint64_t sum = 0;
    for (size_t i = *at; i < message.len; i++) {
        uint8_t octet = message.at[i];
        if (i == *at && octet == 0x80) { /* a leading zero digit */
            return ERR_MALFORMED;
        }
        if (sum > UINT64_MAX >> 7) {
            return ERR_MALFORMED;
        }
        sum = (sum << 7) | (octet & 0x7f);
        if ((octet & 0x80) == 0) {
            *value = sum;
            *at = i + 1;
            return ERR_OK;
        }
    }
    return ERR_TRUNCATED;
}

size_t negentropy_put_bound(uint8_t *out, uint64_t *last_s, const struct negentropy_bound *bound)
{
    /* 0 stands for infinity, so every other difference is sent one higher. */
    uint64_t code = bound->created_s == NEGENTROPY_INFINITY_S ? 0 : bound->created_s - *last_s + 1;
    *last_s = bound->created_s;

    size_t len = negentropy_put_varint(out, code);
    out[len++] = bound->prefix_len; /* at most 32: one digit */
    memcpy(out + len, bound->id.octets, bound->prefix_len);
    return len + bound->prefix_len;
}

static enum err_code get_octets(const uint8_t **start, size_t *at, struct octets message,
                                uint64_t len)
{
    if (len > message.len - *at) {
        return ERR_TRUNCATED;
    }
    *start = message.at + *at;
    *at += (size_t)len;
    return ERR_OK;
}

static enum err_code get_created(uint64_t *created_s, size_t *at, struct octets message,
                                 uint64_t last_s)
{
    uint64_t code = 0;
    enum err_code rc = negentropy_get_varint(&code, at, message);
    if (rc != ERR_OK) {
        return rc;
    }
    if (code == 0) {
        *created_s = NEGENTROPY_INFINITY_S;
        return ERR_OK;
    }
    /* Infinity has its own code, and nothing lies beyond it. */
    if (code - 1 >= NEGENTROPY_INFINITY_S - last_s) {
        return ERR_MALFORMED;
    }
    *created_s = last_s + (code - 1);
    return ERR_OK;
}

static enum err_code get_bound(struct negentropy_bound *bound, size_t *at, struct octets message,
                               const struct negentropy_bound *lower)
{
    struct negentropy_bound b = negentropy_bound_zero();
    enum err_code rc = get_created(&b.created_s, at, message, lower->created_s);
    if (rc != ERR_OK) {
        return rc;
    }
    uint64_t len = 0;
    rc = negentropy_get_varint(&len, at, message);
    if (rc != ERR_OK) {
        return rc;
    }
    if (len > POST_ID_LEN || (len > 0 && b.created_s == NEGENTROPY_INFINITY_S)) {
        return ERR_MALFORMED;
    }
    const uint8_t *prefix = NULL;
    rc = get_octets(&prefix, at, message, len);
    if (rc != ERR_OK) {
        return rc;
    }
    memcpy(b.id.octets, prefix, (size_t)len);
    b.prefix_len = (uint8_t)len;
    if (negentropy_bound_compare(&b, lower) < 0) {
        return ERR_MALFORMED;
    }
    *bound = b;
    return ERR_OK;
}

static enum err_code get_print(struct negentropy_range *r, size_t *at, struct octets message)
{
    const uint8_t *print = NULL;
    enum err_code rc = get_octets(&print, at, message, FINGERPRINT_LEN);
    if (rc == ERR_OK) {
        memcpy(r->print.octets, print, FINGERPRINT_LEN);
    }
    return rc;
}

static enum err_code get_ids(struct negentropy_range *r, size_t *at, struct octets message)
{
    uint64_t count = 0;
    enum err_code rc = negentropy_get_varint(&count, at, message);
    if (rc != ERR_OK) {
        return rc;
    }
    if (count > (message.len - *at) / POST_ID_LEN) {
        return ERR_TRUNCATED;
    }
    r->ids_count = (size_t)count;
    return get_octets(&r->ids, at, message, count * POST_ID_LEN);
}

enum err_code negentropy_get_range(struct negentropy_range *range, size_t *at,
                                   struct octets message, const struct negentropy_bound *lower)
{
    struct negentropy_range r = {.mode = NEGENTROPY_MODE_SKIP};
    size_t end = *at;
    enum err_code rc = get_bound(&r.upper, &end, message, lower);
    if (rc != ERR_OK) {
        return rc;
    }
    uint64_t mode = 0;
    rc = negentropy_get_varint(&mode, &end, message);
    if (rc != ERR_OK) {
        return rc;
    }
    switch (mode) {
    case NEGENTROPY_MODE_SKIP:
        break;
    case NEGENTROPY_MODE_FINGERPRINT:
        r.mode = NEGENTROPY_MODE_FINGERPRINT;
        rc = get_print(&r, &end, message);
        break;
    case NEGENTROPY_MODE_IDS:
        r.mode = NEGENTROPY_MODE_IDS;
        rc = get_ids(&r, &end, message);
        break;
    default:
        rc = ERR_MALFORMED;
        break;
    }
    if (rc == ERR_OK) {
        *range = r;
        *at = end;
    }
    return rc;
}
