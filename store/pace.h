/* pace.h - how much may be written when nobody waits for it: much at once, little for long (SPEC
 * 10.7). */
#ifndef KITH_STORE_PACE_H
#define KITH_STORE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_BURST_LEN (UINT64_C(256) * 1024 * 1024)
#define PACE_S_LEN     (UINT64_C(1) * 1024 * 1024) /* octets a second, in the long run */

/* Zeroed, nothing was written yet. */
struct pace {
    uint64_t spent_len;
    uint64_t at_s;
};

/* Whether something may be begun.  A clock that is set back gives nothing. */
bool pace_allows(struct pace *pace, uint64_t now_s);
/* It was begun, and takes so many octets. */
void pace_spend(struct pace *pace, uint64_t len);

#endif
