/* Any octets are no manifest of runs, or one that keeps its order and encodes to the same octets.
 */
#include "tests/fuzz/fuzz.h"

#include "store/index_manifest.h"

#include <sodium.h>
#include <stdlib.h>

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct index_manifest manifest = {0};
    must(sodium_init() >= 0);
    if (index_manifest_decode(&manifest, octets_of(octets, len)) != ERR_OK) {
        return 0;
    }
    uint32_t covered = 0;
    for (size_t i = 0; i < manifest.runs_count; i++) {
        const struct index_manifest_run *run = &manifest.runs[i];
        must(run->first >= covered && run->end > run->first && run->end <= manifest.covered);
        must(run->number < manifest.number_next);
        must(run->number == 0 || index_manifest_find(&manifest, run->number) != NULL);
        covered = run->end;
    }
    must(index_manifest_len(&manifest) == len);
    uint8_t *again = malloc(len + 1);
    must(again != NULL);
    index_manifest_encode(again, &manifest);
    must(again[13] == (octets[13] == 1)); /* any other octet means no words */
    again[13] = octets[13];
    /* Without a witness its id is not looked at. */
    must(memcmp(again, octets, len) == 0);
    free(again);
    index_manifest_close(&manifest);
    return 0;
}
