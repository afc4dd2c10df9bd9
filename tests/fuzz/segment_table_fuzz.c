/* Any octets are no table of lengths, or one that finds every record somewhere in a segment and
 * encodes to octets that find the same. */
#include "tests/fuzz/fuzz.h"

#include "store/segment_table.h"

#include <stdlib.h>

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void compare(const struct segment_table *a, const struct segment_table *b)
{
    must(a->lens_count == b->lens_count);
    for (size_t i = 0; i < a->lens_count; i++) {
        uint64_t offset[2] = {0};
        size_t plain_len[2] = {0};
        enum err_code rc = segment_table_find(a, &offset[0], &plain_len[0], i);
        must(segment_table_find(b, &offset[1], &plain_len[1], i) == rc);
        must(offset[0] == offset[1] && plain_len[0] == plain_len[1]);
        must(rc != ERR_OK || offset[0] + plain_len[0] + SEGMENT_OVERHEAD <= SEGMENT_LEN_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct segment_table table = {0};
    struct segment_table again = {0};
    uint8_t *encoded = NULL;
    size_t encoded_len = 0;
    if (segment_table_decode(&table, octets_of(octets, len)) != ERR_OK) {
        return 0;
    }
    must(segment_table_encode(&table, &encoded, &encoded_len) == ERR_OK);
    must(encoded_len <= len);
    must(segment_table_decode(&again, octets_of(encoded, encoded_len)) == ERR_OK);
    compare(&table, &again);
    free(encoded);
    segment_table_close(&table);
    segment_table_close(&again);
    return 0;
}
