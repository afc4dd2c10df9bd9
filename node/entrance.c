#include "node/entrance.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

uint64_t entrance_group(const struct sockaddr_storage *from)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    uint64_t group = 0;
    if (from->ss_family == AF_INET6) {
        struct sockaddr_in6 address;
        memcpy(&address, from, sizeof address);
        if (memcmp(&address.sin6_addr, mapped, sizeof mapped) == 0) {
            memcpy(&group, (const uint8_t *)&address.sin6_addr + sizeof mapped, 4);
        } else {
            memcpy(&group, &address.sin6_addr, sizeof group);
        }
    } else if (from->ss_family == AF_INET) {
        struct sockaddr_in address;
        memcpy(&address, from, sizeof address);
        memcpy(&group, &address.sin_addr, 4);
    }
    return group;
}

static bool counts(const struct conn *conn)
{
    return conn->inbound && !conn->closing;
}

static uint32_t newcomers_of(const struct conn *conns, uint64_t group)
{
    uint32_t count = 0;
    for (const struct conn *conn = conns; conn != NULL; conn = conn->next) {
        count += counts(conn) && !conn->established && conn->group == group;
    }
    return count;
}

static int compare_groups(const void *a, const void *b)
{
    uint64_t one;
    uint64_t other;
    memcpy(&one, a, sizeof one);
    memcpy(&other, b, sizeof other);
    return (one > other) - (one < other);
}

static uint32_t groups_sorted(uint64_t groups[ENTRANCE_PLACES_MAX], const struct conn *conns)
{
    uint32_t count = 0;
    for (const struct conn *conn = conns; conn != NULL && count < ENTRANCE_PLACES_MAX;
         conn = conn->next) {
        if (counts(conn)) {
            groups[count++] = conn->group;
        }
    }
    qsort(groups, count, sizeof *groups, compare_groups);
    return count;
}

/* The group that has most, if that is more than the given one has. */
static bool larger_group(uint64_t *larger, const uint64_t *groups, uint32_t groups_count,
                         uint64_t than)
{
    uint32_t most = 0;
    uint32_t own = 0;
    uint32_t run = 0;
    for (uint32_t i = 0; i < groups_count; i++) {
        run = i > 0 && groups[i] == groups[i - 1] ? run + 1 : 1;
        own = groups[i] == than ? run : own;
        if (run > most) {
            most = run;
            *larger = groups[i];
        }
    }
    return most > own;
}

bool entrance_admits(struct conn **leaves, struct conn *conns, const struct conn *conn,
                     uint32_t inbound_max)
{
    uint64_t groups[ENTRANCE_PLACES_MAX];
    uint64_t larger = 0;
    *leaves = NULL;
    if (newcomers_of(conns, conn->group) > NETWORK_NEWCOMERS_PER_MAX) {
        return false;
    }
    uint32_t count = groups_sorted(groups, conns);
    if (count <= inbound_max) {
        return true;
    }
    if (!larger_group(&larger, groups, count, conn->group)) {
        return false;
    }
    /* Conns begin with the newest. */
    struct conn *newest = conns;
    while (!counts(newest) || newest->group != larger) {
        newest = newest->next;
    }
    *leaves = newest;
    return true;
}
