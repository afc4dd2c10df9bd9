/* addresses.h - the book of addresses and the scores of peers over restarts: the file "addresses"
 * of a home (SPEC 8.5, 8.6, 10.16).
 *
 * It is written now and then and when the node stops.  What it held can be learnt again, so that a
 * file that is damaged or cannot be written never keeps a node from running.  On the loop thread.
 */
#ifndef KITH_NODE_ADDRESSES_H
#define KITH_NODE_ADDRESSES_H

#include "node/crew.h"
#include "proto/address_book.h"
#include "proto/peer_score.h"
#include "store/file.h"
#include "store/seal.h"

#define ADDRESSES_FILE     "addresses"
#define ADDRESSES_SAVE_MS  3600000
#define ADDRESSES_FILE_MAX (1024 * 1024)

struct addresses;

/* Read what is there, or begin anew.  files and key are borrowed. */
struct addresses *addresses_open(struct files *files, const uint8_t key[SEAL_KEY_LEN]);
void addresses_free(struct addresses *addresses);

/* NULL: there was no memory. */
struct address_book *addresses_book(struct addresses *addresses);
struct peer_scores *addresses_scores(struct addresses *addresses);

/* Whether addresses_save_later() is due. */
bool addresses_are_due(const struct addresses *addresses, uint64_t now_ms);
/* As it is now, by a worker; not while the last one is still at work. */
void addresses_save_later(struct addresses *addresses, struct crew *workers, uint64_t now_ms);
/* The same, now, once no worker runs any more. */
void addresses_save(struct addresses *addresses);

#endif
