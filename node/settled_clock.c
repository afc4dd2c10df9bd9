#include "node/settled_clock.h"

struct settled_clock settled_clock_begin(uint64_t wall_s, uint64_t steady_s, bool plausible)
{
    return (struct settled_clock){.wall_s = wall_s,
                                  .steady_s = steady_s,
                                  .since_s = steady_s,
                                  .settled_s = plausible ? wall_s : 0,
                                  .settled = plausible};
}

uint64_t settled_clock_s(struct settled_clock *clock, uint64_t wall_s, uint64_t steady_s)
{
    uint64_t passed_s = steady_s > clock->steady_s ? steady_s - clock->steady_s : 0;
    if (wall_s > clock->wall_s + passed_s + SETTLED_JUMP_S) {
        clock->settled = false;
        clock->since_s = steady_s;
    }
    clock->wall_s = wall_s;
    clock->steady_s = steady_s;
    if (!clock->settled && steady_s >= clock->since_s + SETTLED_AFTER_S) {
        clock->settled = true;
    }
    if (clock->settled) {
        clock->settled_s = wall_s;
    }
    return clock->settled_s < wall_s ? clock->settled_s : wall_s;
}
