/* memory.h - small allocations of the daemon, which has nothing sensible to do without them. */
#ifndef KITH_NODE_MEMORY_H
#define KITH_NODE_MEMORY_H

#include <stddef.h>

#include "proto/octets.h"

/* Zeroed memory, freed with free().  Where there is none the process says so and ends with status
 * 5: everything acknowledged is durable.  Callers bound what they ask for. */
void *memory_get(size_t len);

/* Once, before anything is allocated: what is large lies apart, grows without a second copy and
 * goes back to the system when it is freed, so that a node which has grown quiet is small again. */
void memory_tune(void);
/* Give back what was freed and is still held: after much has come and gone. */
void memory_trim(void);

/* A copy of octets in memory of its own; never NULL, even when empty. */
uint8_t *memory_copy(struct octets octets);

/* Guarded memory for a secret, freed with sodium_free(), which wipes it. */
void *memory_get_secret(size_t len);

#endif
