/* vault_list.h - a list of blocks as it leaves the home, sealed (SPEC 10.8).
 *
 *     [1, exporter, exported_s, [[key, label], ...]]
 *
 * It is not signed: nobody can prove with it whom its owner blocks. */
#ifndef KITH_STORE_VAULT_LIST_H
#define KITH_STORE_VAULT_LIST_H

#include "proto/err.h"
#include "proto/key.h"
#include "proto/octets.h"
#include "store/vault.h"

struct vault_list {
    struct key exporter; /* whose list it says it is */
    uint64_t exported_s;
    struct vault_block *blocks; /* key and label alone; distinct keys */
    size_t blocks_count;
};

/* Those of blocks that are in force.  *plain is for the caller to wipe and free().
 *   ERR_NO_MEMORY */
MUST_USE enum err_code vault_list_encode(uint8_t **plain, size_t *plain_len,
                                         const struct vault_list *list);
/* *list is for vault_list_close().
 *   ERR_MALFORMED  no such list;  ERR_VERSION  of a later version;  ERR_NO_MEMORY */
MUST_USE enum err_code vault_list_decode(struct vault_list *list, struct octets plain);
/* Wipes what it held; a list of zeros is none. */
void vault_list_close(struct vault_list *list);

#endif
