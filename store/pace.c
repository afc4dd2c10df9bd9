#include "store/pace.h"

bool pace_allows(struct pace *pace, uint64_t now_s)
{
    uint64_t passed_s = now_s > pace->at_s ? now_s - pace->at_s : 0;
    uint64_t enough_s = pace->spent_len / PACE_S_LEN + 1;
    uint64_t back_len = passed_s < enough_s ? passed_s * PACE_S_LEN : pace->spent_len;
    pace->spent_len -= back_len < pace->spent_len ? back_len : pace->spent_len;
    pace->at_s = now_s;
    return pace->spent_len < PACE_BURST_LEN;
}

void pace_spend(struct pace *pace, uint64_t len)
{
    pace->spent_len += len;
}
