#include "node/command_labels.h"

#include <stdlib.h>
#include <string.h>

static int by_key(const void *a, const void *b)
{
    const struct vault_petname *x = *(const struct vault_petname *const *)a;
    const struct vault_petname *y = *(const struct vault_petname *const *)b;
    return memcmp(x->key.octets, y->key.octets, KEY_LEN);
}

enum err_code command_labels_open(struct command_labels *labels,
                                  const struct vault_contents *contents)
{
    const struct vault_petname **petnames =
        calloc(contents->petnames_count + 1, sizeof(const struct vault_petname *));
    if (petnames == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < contents->petnames_count; i++) {
        petnames[i] = &contents->petnames[i];
    }
    qsort(petnames, contents->petnames_count, sizeof(const struct vault_petname *), by_key);
    *labels =
        (struct command_labels){.petnames = petnames, .petnames_count = contents->petnames_count};
    return ERR_OK;
}

void command_labels_close(struct command_labels *labels)
{
    free(labels->petnames);
    *labels = (struct command_labels){.petnames = NULL};
}

const char *command_label_of(const struct command_labels *labels, const struct vault_block *block)
{
    if (block->label[0] != '\0' || labels->petnames_count == 0) {
        return block->label;
    }
    const struct vault_petname wanted = {.key = block->key};
    const struct vault_petname *sought = &wanted;
    const struct vault_petname **found = bsearch(&sought, labels->petnames, labels->petnames_count,
                                                 sizeof(const struct vault_petname *), by_key);
    return found == NULL ? "" : (*found)->name;
}
