/* again.h - become this program anew: the one way to be sure that nothing readable is left in
 * memory, whatever part of it held a copy, and that no thread goes on.
 *
 * The process keeps its number and its log, and holds the home throughout (--held). */
#ifndef KITH_NODE_AGAIN_H
#define KITH_NODE_AGAIN_H

#include "node/home.h"
#include "node/options.h"

/* Start again with the same options, but without a passphrase: locked.  Everything is closed.
 * Returns only where the system refuses. */
void again_locked(const struct home *home, const struct options *options);
/* Start again as --panic.  From any thread, with everything open.  Returns as above. */
void again_panic(const struct home *home);

#endif
