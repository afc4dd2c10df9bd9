/* command_sealed.h - what the commands about sealed files share: evidence, verify, lists of blocks.
 */
#ifndef KITH_NODE_COMMAND_SEALED_H
#define KITH_NODE_COMMAND_SEALED_H

#include "node/command_run.h"
#include "store/sealed_file.h"

/* To whom the arguments `for` and `passphrase` seal: a key or a petname, else a passphrase, else
 * the person's own key. ERR_USAGE  both, or a passphrase that is too long;  as command_resolve()
 * for the key */
MUST_USE enum err_code command_recipient(struct commands *commands,
                                         struct sealed_recipient *recipient, struct octets args,
                                         struct err_note *note);
/* Seal plain into the file that the argument `file_name` names.  Errors with their words. */
MUST_USE enum err_code command_seal(struct octets args, const char *file_name,
                                    enum sealed_purpose purpose,
                                    const struct sealed_recipient *recipient, struct octets plain,
                                    struct err_note *note);
/* Open the file that the argument `file` names with the argument `passphrase` or the person's key,
 * into memory for sodium_free().
 *   ERR_LOCKED  it needs a passphrase, and none was given; the note stays empty
 *   others with their words */
MUST_USE enum err_code command_open_sealed(struct commands *commands, uint8_t **plain,
                                           size_t *plain_len, struct octets args,
                                           enum sealed_purpose purpose, struct err_note *note);

/* Write what target has said that she may see into the file of the argument `evidence`.
 * *kept_count is how many posts that is. */
MUST_USE enum err_code command_keep_evidence(struct commands *commands, uint64_t *kept_count,
                                             const struct view_target *target, struct octets args,
                                             struct err_note *note);

#endif
