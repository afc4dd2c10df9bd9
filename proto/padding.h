/* padding.h - how long what is written to a peer is made, so that lengths tell little (SPEC 6.2).
 *
 * PADME: Nikitin, Barman, Lueks, Underwood, Hubaux, Ford, "Reducing Metadata Leakage from Encrypted
 * Files and Communication with PURBs", 2019, section 4.  Pure. */
#ifndef KITH_PROTO_PADDING_H
#define KITH_PROTO_PADDING_H

#include <stddef.h>

#define PADDING_FLOOR 512
#define PADDING_STEP  32768 /* PADME's own step at 1 MiB; no step is longer */

/* PADME as published, for len above 1: never below len, at most 12 % above. */
size_t padding_padme(size_t len);

/* The length a flush of len octets is made: at least PADDING_FLOOR; then PADME's; from 1 MiB on the
 * next multiple of PADDING_STEP, since what is written to a peer has no end. */
size_t padding_flush_len(size_t len);

#endif
