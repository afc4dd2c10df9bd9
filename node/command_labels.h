/* command_labels.h - what `blocks` calls each of the people on the list: her own label, else the
 * petname, never a name they give themselves. */
#ifndef KITH_NODE_COMMAND_LABELS_H
#define KITH_NODE_COMMAND_LABELS_H

#include "store/vault.h"

/* Petnames in order of their keys: both lists may hold a hundred thousand. */
struct command_labels {
    const struct vault_petname **petnames;
    size_t petnames_count;
};

/* contents is borrowed as long as the labels live.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code command_labels_open(struct command_labels *labels,
                                           const struct vault_contents *contents);
void command_labels_close(struct command_labels *labels);
/* "" where there is none; borrowed from contents. */
const char *command_label_of(const struct command_labels *labels, const struct vault_block *block);

#endif
