#include "node/entrance.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "proto/peer_score.h"

#define GROUP_OF_LOOPBACK UINT64_C(1)
#define USEFUL_PART       8 /* one in so many places is kept for those who bring most */
#define OLD_PART          4 /* and one in so many for those who came first */

/* ---- Addresses ---- */

static bool ipv4_of(uint32_t *four, const struct sockaddr_storage *from)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    uint8_t octets[4];
    if (from->ss_family == AF_INET) {
        struct sockaddr_in address;
        memcpy(&address, from, sizeof address);
        memcpy(octets, &address.sin_addr, sizeof octets);
    } else if (from->ss_family == AF_INET6) {
        struct sockaddr_in6 address;
        memcpy(&address, from, sizeof address);
        if (memcmp(&address.sin6_addr, mapped, sizeof mapped) != 0) {
            return false;
        }
        memcpy(octets, (const uint8_t *)&address.sin6_addr + sizeof mapped, sizeof octets);
    } else {
        return false;
    }
    *four = octets_get_u32be(octets);
    return true;
}

/* The first octets of an IPv6 address; 0 of what is neither. */
static uint64_t ipv6_start(const struct sockaddr_storage *from)
{
    struct sockaddr_in6 address;
    if (from->ss_family != AF_INET6) {
        return 0;
    }
    memcpy(&address, from, sizeof address);
    return octets_get_u64be((const uint8_t *)&address.sin6_addr);
}

static bool is_loopback(const struct sockaddr_storage *from)
{
    uint32_t four = 0;
    if (ipv4_of(&four, from)) {
        return four >> 24 == 127;
    }
    struct sockaddr_in6 address;
    memcpy(&address, from, sizeof address);
    return from->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&address.sin6_addr);
}

/* IPv6 in use begins with 001, so that nothing of it meets what IPv4 and loopback have. */
uint64_t entrance_group(const struct sockaddr_storage *from)
{
    uint32_t four = 0;
    if (is_loopback(from)) {
        return GROUP_OF_LOOPBACK;
    }
    return ipv4_of(&four, from) ? four & 0xffff0000U : ipv6_start(from) & ~UINT64_C(0xffffffff);
}

uint64_t entrance_household(const struct sockaddr_storage *from)
{
    uint32_t four = 0;
    return ipv4_of(&four, from) ? four : ipv6_start(from);
}

/* ---- Those who shake hands ---- */

static bool counts(const struct conn *conn)
{
    return conn->inbound && !conn->closing;
}

static bool is_newcomer(const struct conn *conn)
{
    return counts(conn) && !conn->established;
}

/* ---- Groups that have most ---- */

/* Connections of one kind, each by what it is counted by. */
struct census {
    uint64_t keys[ENTRANCE_PLACES_MAX];
    uint32_t count;
};

static void census_add(struct census *census, uint64_t key)
{
    if (census->count < ENTRANCE_PLACES_MAX) {
        census->keys[census->count++] = key;
    }
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t one;
    uint64_t other;
    memcpy(&one, a, sizeof one);
    memcpy(&other, b, sizeof other);
    return (one > other) - (one < other);
}

/* Which key most connections have, and how many; and how many have a given one. */
struct census_result {
    uint64_t largest;
    uint32_t largest_count;
    uint32_t own_count;
};

static struct census_result census_take(struct census *census, uint64_t own)
{
    struct census_result result = {.largest_count = 0};
    uint32_t run = 0;
    qsort(census->keys, census->count, sizeof census->keys[0], compare_keys);
    for (uint32_t i = 0; i < census->count; i++) {
        run = i > 0 && census->keys[i] == census->keys[i - 1] ? run + 1 : 1;
        result.own_count = census->keys[i] == own ? run : result.own_count;
        if (run > result.largest_count) {
            result.largest_count = run;
            result.largest = census->keys[i];
        }
    }
    return result;
}

/* Conns begin with the newest, so the last that is found has been at it longest. */
static struct conn *oldest_newcomer(struct conn *conns, const struct conn *but,
                                    const uint64_t *group, const uint64_t *household)
{
    struct conn *oldest = NULL;
    for (struct conn *conn = conns; conn != NULL; conn = conn->next) {
        if (is_newcomer(conn) && conn != but && (group == NULL || conn->group == *group) &&
            (household == NULL || conn->household == *household)) {
            oldest = conn;
        }
    }
    return oldest;
}

/* The one that gives way to a newcomer, if there are too many of them. */
static struct conn *newcomer_to_leave(struct conn *conns, const struct conn *conn,
                                      uint32_t inbound_max)
{
    struct census groups = {.count = 0};
    uint32_t household_count = 0;
    uint32_t all_count = 0;
    for (struct conn *at = conns; at != NULL; at = at->next) {
        if (is_newcomer(at)) {
            all_count++;
            household_count += at->household == conn->household;
            census_add(&groups, at->group);
        }
    }
    if (household_count > NETWORK_NEWCOMERS_PER_MAX) {
        return oldest_newcomer(conns, conn, NULL, &conn->household);
    }
    if (all_count > inbound_max / 4 + NETWORK_NEWCOMERS_PER_MAX) {
        struct census_result result = census_take(&groups, conn->group);
        return oldest_newcomer(conns, conn, &result.largest, NULL);
    }
    return NULL;
}

/* ---- Places ---- */

struct places {
    struct conn *at[ENTRANCE_PLACES_MAX]; /* the newest first */
    uint32_t count;
};

static int compare_brought(const void *a, const void *b)
{
    const struct conn *one = *(struct conn *const *)a;
    const struct conn *other = *(struct conn *const *)b;
    return (one->brought_count < other->brought_count) -
           (one->brought_count > other->brought_count);
}

/* Left alone: those who bring most. */
static void protect_useful(const struct places *places)
{
    struct places sorted = *places;
    qsort(sorted.at, sorted.count, sizeof(struct conn *), compare_brought);
    for (uint32_t i = 0; i < sorted.count / USEFUL_PART; i++) {
        sorted.at[i]->is_protected = sorted.at[i]->brought_count > 0;
    }
}

static void protect_old(const struct places *places)
{
    uint32_t left_count = places->count / OLD_PART;
    for (uint32_t i = places->count; i-- > 0 && left_count > 0;) {
        struct conn *conn = places->at[i];
        if (conn->established && !conn->is_protected) {
            conn->is_protected = true;
            left_count--;
        }
    }
}

static struct conn *newest_of(const struct places *places, const struct conn *but,
                              const uint64_t *group, const uint64_t *household)
{
    for (uint32_t i = 0; i < places->count; i++) {
        struct conn *conn = places->at[i];
        if (!conn->is_protected && conn != but && (group == NULL || conn->group == *group) &&
            (household == NULL || conn->household == *household)) {
            return conn;
        }
    }
    return NULL;
}

/* Of the group that has most; where that is conn's own, of the household that has most of it. */
static struct conn *place_to_leave(const struct places *places, const struct conn *conn)
{
    struct census groups = {.count = 0};
    struct census households = {.count = 0};
    for (uint32_t i = 0; i < places->count; i++) {
        census_add(&groups, places->at[i]->group);
        if (places->at[i]->group == conn->group) {
            census_add(&households, places->at[i]->household);
        }
    }
    struct census_result of_groups = census_take(&groups, conn->group);
    if (of_groups.largest_count > of_groups.own_count) {
        return newest_of(places, conn, &of_groups.largest, NULL);
    }
    struct census_result of_households = census_take(&households, conn->household);
    if (of_households.largest_count > of_households.own_count) {
        return newest_of(places, conn, &conn->group, &of_households.largest);
    }
    return NULL;
}

/* SPEC 8.6: who behaved badly is protected by nothing. */
static struct conn *worst_of(const struct places *places, const struct conn *but)
{
    struct conn *worst = NULL;
    for (uint32_t i = 0; i < places->count; i++) {
        struct conn *conn = places->at[i];
        if (conn != but && conn->established && conn->score <= PEER_SCORE_LOW &&
            (worst == NULL || conn->score < worst->score)) {
            worst = conn;
        }
    }
    return worst;
}

bool entrance_admits(struct conn **leaves, struct conn *conns, const struct conn *conn,
                     uint32_t inbound_max)
{
    struct places places = {.count = 0};
    assert(inbound_max < ENTRANCE_PLACES_MAX);
    *leaves = newcomer_to_leave(conns, conn, inbound_max);
    for (struct conn *at = conns; at != NULL && places.count < ENTRANCE_PLACES_MAX; at = at->next) {
        if (counts(at) && at != *leaves) {
            at->is_protected = false;
            places.at[places.count++] = at;
        }
    }
    if (places.count <= inbound_max) {
        return true;
    }
    *leaves = worst_of(&places, conn);
    if (*leaves != NULL) {
        return true;
    }
    protect_useful(&places);
    protect_old(&places);
    *leaves = place_to_leave(&places, conn);
    return *leaves != NULL;
}
