/* Any records under the journal's key make a journal or are damage; what it holds is consistent.
 *
 * input = records of u8 length and that many octets */
#include "tests/fuzz/fuzz.h"

#include "store/journal.h"
#include "store/log.h"
#include "tests/support/file_memory.h"

#include <stdlib.h>

static const uint8_t key[32] = {2};
static uint8_t room[POST_WIRE_MAX];

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static enum err_code ignore(void *context, const struct segment_record *record)
{
    (void)context;
    (void)record;
    return ERR_OK;
}

static void write_records(struct files *files, const uint8_t *octets, size_t len)
{
    struct log *log = NULL;
    struct err_note note = {{0}};
    struct log_replay replay = {.on_record = ignore};
    uint64_t damaged_count;
    uint64_t number;
    must(log_open(&log, &damaged_count, files, "journal", key, &replay, &note) == ERR_OK);
    must(log_begin(log, len, &note) == ERR_OK);
    while (len > 0) {
        size_t record_len = octets[0] < len - 1 ? octets[0] : len - 1;
        must(log_add(log, &number, octets_of(octets + 1, record_len), &note) == ERR_OK);
        octets += record_len + 1;
        len -= record_len + 1;
    }
    must(log_commit(log, &note) == ERR_OK);
    log_close(log);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    if (len > 4096) {
        return 0;
    }
    struct files *files = file_memory_new(1);
    struct journal *journal = NULL;
    struct err_note note = {{0}};
    write_records(files, octets, len);
    enum err_code rc = journal_open(&journal, files, key, &note);
    must(rc == ERR_OK || rc == ERR_DAMAGED);
    if (rc == ERR_OK) {
        for (size_t i = 0; i < journal_own_count(journal); i++) {
            struct journal_post post = journal_own_at(journal, i);
            must(journal_is_own(journal, &post.id));
            struct octets_room wire = {.at = room, .cap = sizeof room};
            rc = journal_own_wire(journal, &wire, i, &note);
            must(rc == (post.has_wire ? ERR_OK : ERR_NOT_FOUND));
        }
        for (bool more = true; more;) {
            must(journal_tend(journal, &more, &note) == ERR_OK);
        }
        journal_close(journal);
    }
    file_memory_free(files);
    return 0;
}
