#include "store/found.h"

#include <stdlib.h>
#include <string.h>

static size_t words_of(uint64_t end)
{
    return (size_t)(end / 64 + 1);
}

enum err_code found_clear(struct found *found, uint64_t end)
{
    if (found->bits == NULL || words_of(end) > words_of(found->end)) {
        uint64_t *bits = malloc(words_of(end) * sizeof *bits);
        if (bits == NULL) {
            return ERR_NO_MEMORY;
        }
        free(found->bits);
        found->bits = bits;
    }
    memset(found->bits, 0, words_of(end) * sizeof *found->bits);
    found->end = end;
    found->all = false;
    return ERR_OK;
}

void found_close(struct found *found)
{
    free(found->bits);
    *found = (struct found){.bits = NULL};
}

void found_keep(struct found *found, const struct found *other)
{
    for (uint64_t i = 0; i < found->end; i += 64) {
        found->bits[i / 64] &= i < other->end ? other->bits[i / 64] : 0;
    }
}
