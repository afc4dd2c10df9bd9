/* Any octets as canonical values: what canon_skip() accepts is what the writer writes. */
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#include "proto/canon.h"

#define LEN_MAX 65536

static void require(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* Copy one value, of an array or a map the header alone. */
static void copy_one(struct canon_writer *w, struct canon_reader *r)
{
    enum canon_type type;
    uint64_t value;
    bool truth;
    uint32_t count;
    struct octets run;
    require(canon_peek(r, &type) == ERR_OK);
    switch (type) {
    case CANON_UINT:
        require(canon_read_uint(r, &value, UINT64_MAX) == ERR_OK);
        canon_write_uint(w, value);
        break;
    case CANON_BOOL:
        require(canon_read_bool(r, &truth) == ERR_OK);
        canon_write_bool(w, truth);
        break;
    case CANON_STR:
        require(canon_read_str(r, &run, SIZE_MAX) == ERR_OK);
        canon_write_str(w, run);
        break;
    case CANON_BIN:
        require(canon_read_bin(r, &run, SIZE_MAX) == ERR_OK);
        canon_write_bin(w, run);
        break;
    case CANON_ARRAY:
        require(canon_read_array(r, &count, UINT32_MAX) == ERR_OK);
        canon_write_array(w, count);
        break;
    case CANON_MAP:
        require(canon_read_map(r, &count, UINT32_MAX) == ERR_OK);
        canon_write_map(w, count);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    static uint8_t again[LEN_MAX];
    struct canon_reader r = canon_reader_of(octets_of(octets, len < LEN_MAX ? len : LEN_MAX));
    struct canon_reader mapless = r;
    struct octets whole;
    if (canon_skip(&r, &whole) != ERR_OK) {
        require(r.at == octets && canon_skip_mapless(&mapless, NULL) != ERR_OK);
        return 0;
    }
    struct canon_writer w = canon_writer_of(again, sizeof again);
    struct canon_reader inside = canon_reader_of(whole);
    while (inside.left > 0) {
        copy_one(&w, &inside);
    }
    require(octets_equal(canon_written(&w), whole));
    return 0;
}
