/* settled_clock.h - the time by which posts are destroyed, which a clock that is wrong for a while
 * does not move (SPEC 10.14).
 *
 * The clock that people set may jump; the one that counts from the machine's start does not.  Where
 * the first runs days ahead of the second, or of what the store holds when it is opened, nothing is
 * destroyed by it until it has gone on evenly for an hour.  No clock in here: the caller reads
 * both. */
#ifndef KITH_NODE_SETTLED_CLOCK_H
#define KITH_NODE_SETTLED_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define SETTLED_JUMP_S  (UINT64_C(2) * 86400)
#define SETTLED_AFTER_S UINT64_C(3600)

struct settled_clock {
    uint64_t wall_s;   /* the clock as it was read last */
    uint64_t steady_s; /* and the steady one */
    uint64_t since_s;  /* steady clock of the start, or of the last jump ahead */
    uint64_t settled_s;
    bool settled;
};

/* plausible: something the store holds was written near this time. */
struct settled_clock settled_clock_begin(uint64_t wall_s, uint64_t steady_s, bool plausible);
/* What both read now; gives what is expired by. */
uint64_t settled_clock_s(struct settled_clock *clock, uint64_t wall_s, uint64_t steady_s);

#endif
