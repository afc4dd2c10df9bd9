/* Octets as what the file "archive/kept" holds: refused, or the same again when written, and every
 * position has a reason that stands there. */
#include "tests/fuzz/fuzz.h"

#include "store/archive_kept.h"

#include <stdlib.h>
#include <string.h>

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void written_again(const struct archive_kept *kept, const uint8_t *octets, size_t len)
{
    uint8_t *again = malloc(len);
    must(again != NULL && archive_kept_len(kept) == len);
    archive_kept_encode(again, kept);
    must(memcmp(again, octets, len) == 0);
    free(again);
}

/* The slow way. */
static enum shelf_why why_of(const struct archive_kept *kept, uint64_t position, uint32_t *day)
{
    enum shelf_why why = SHELF_NOT;
    *day = 0;
    for (uint32_t i = 0; i < kept->stretches_count; i++) {
        if (kept->stretches[i].first <= position) {
            why = kept->stretches[i].since.kept;
            *day = kept->stretches[i].since.day;
        }
    }
    for (uint32_t i = 0; i < kept->raised_count; i++) {
        if (kept->raised[i].position == position) {
            why = SHELF_ITSELF;
            *day = kept->raised[i].day;
        }
    }
    return why;
}

static void look(const struct archive_kept *kept, uint64_t position)
{
    uint32_t day = 0;
    uint32_t slow_day = 0;
    must(archive_kept_why(kept, position, &day) == why_of(kept, position, &slow_day));
    must(day == slow_day);
}

static void grows(struct archive_kept *kept)
{
    const struct shelf_since since = {.kept = SHELF_WITH, .day = 5};
    uint32_t count = kept->stretches_count;
    uint64_t last = count == 0 ? 0 : kept->stretches[count - 1].first;
    uint32_t day = 0;
    must(archive_kept_begin(kept, last, &since) == ERR_OK);
    must(kept->stretches_count == (count == 0 ? 1 : count));
    if (last < UINT32_MAX) {
        must(archive_kept_begin(kept, last + 1, &since) == ERR_OK);
        look(kept, last + 1);
    }
    for (uint32_t i = 0; i < kept->raised_count; i++) {
        if (kept->raised[i].position == 77) {
            return;
        }
    }
    must(archive_kept_raise(kept, 77, 3) == ERR_OK);
    must(archive_kept_why(kept, 77, &day) == SHELF_ITSELF && day == 3);
    look(kept, 78);
    archive_kept_lower(kept, 77);
    look(kept, 77);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct archive_kept kept = {.floor_s = 0};
    enum err_code rc = archive_kept_decode(&kept, octets_of(octets, len));
    must(rc == ERR_OK || rc == ERR_DAMAGED);
    if (rc == ERR_OK) {
        written_again(&kept, octets, len);
        for (uint64_t position = 0; position < 200; position++) {
            look(&kept, position);
        }
        look(&kept, UINT32_MAX);
        grows(&kept);
    }
    archive_kept_close(&kept);
    return 0;
}
