/* vault_backup.h - the vault as a whole, leaving the home and coming back (SPEC 10.10). */
#ifndef KITH_STORE_VAULT_BACKUP_H
#define KITH_STORE_VAULT_BACKUP_H

#include "proto/err.h"
#include "proto/octets.h"
#include "store/vault.h"

#define VAULT_BACKUP_KEY_LEN 32

/* The key that a home's backups are sealed under, from its seed of 32 octets. */
void vault_backup_key(uint8_t out[VAULT_BACKUP_KEY_LEN], const uint8_t seed[32]);

/* What is committed, with the seed, as canonical msgpack (SPEC 10.4), in memory from
 * sodium_malloc() that the caller frees with sodium_free().
 *   ERR_NO_MEMORY, ERR_TOO_LARGE */
MUST_USE enum err_code vault_pack(uint8_t **plain, size_t *plain_len, struct vault *vault);

/* Read it again, into a vault without a home: for its contents, its seed and vault_close() alone.
 *   ERR_DAMAGED    no vault, or of a later version
 *   ERR_NO_MEMORY */
MUST_USE enum err_code vault_unpack(struct vault **vault, struct octets plain);

/* Stage what a copy of the same vault holds beside what is here:
 *   blocks: whoever is blocked in either is blocked.  Of copied stretches, everything dated before
 *   their end stays hidden, since the positions they name are another store's.
 *   petnames: of both; where they differ, those of whichever was saved later.
 *   follows, tags, shields, peers, claims: of both.
 *   the rest: of whichever was saved later; what one of them has confirmed is confirmed.
 *   An import made before cannot be undone any more.
 *
 *   ERR_REFUSED    the two have different kinds or seeds, or together exceed a bound
 *   ERR_NO_MEMORY  after an error: vault_discard() */
MUST_USE enum err_code vault_merge(struct vault *vault, const struct vault *copy);

#endif
