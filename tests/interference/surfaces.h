/* surfaces.h - every way in which a node answers a person, asked of two worlds at once.
 *
 * One world accepted everything, the other everything but what the blocked people wrote (promise
 * 1), or the same in another way.  Their answers must be the same, octet for octet. */
#ifndef KITH_TESTS_INTERFERENCE_SURFACES_H
#define KITH_TESTS_INTERFERENCE_SURFACES_H

#include "tests/interference/world.h"

struct surfaces {
    const struct history *history;
    struct world *all;     /* accepted everything */
    struct world *without; /* without A(X), or whatever else must answer alike */
    bool shields_stay_up;  /* leave out what asks for the shielded: the other world has none */
    size_t asked_count;
    size_t differing_count;
};

/* Ask both for everything that reads, each in its forms for people and with --json.  With one_of
 * above 1 only each one_of-th command has its turn, by the history's seed. */
void surfaces_read(struct surfaces *surfaces, unsigned one_of);
/* Then what changes something, and what reads once more; the worlds are not to be compared with an
 * oracle afterwards. */
void surfaces_write(struct surfaces *surfaces, unsigned one_of);

#endif
