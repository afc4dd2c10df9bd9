/* keeper.h - the thread that tends the store behind the scenes: store_tend(), slice after slice
 * while there is something to do, after puts and every few seconds.  It yields to every other
 * thread. */
#ifndef KITH_NODE_KEEPER_H
#define KITH_NODE_KEEPER_H

#include "proto/err.h"
#include "store/store.h"

struct keeper;

/* store is borrowed until keeper_free(), and so is archive, which is tended too; or NULL.  On
 * return the store's floor is where the date wants it, as far as the clock is settled.
 *   ERR_NO_MEMORY  no thread could be started */
MUST_USE enum err_code keeper_new(struct keeper **keeper, struct store *store,
                                  struct store *archive);
/* Something was put; from any thread. */
void keeper_wake(struct keeper *keeper);
/* Ends after the slice under way. */
void keeper_free(struct keeper *keeper);

#endif
