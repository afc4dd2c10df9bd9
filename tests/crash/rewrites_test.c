/* rewrites_test.c - the machine stops at every file call while a log is appended to, rewritten and
 * reopened after errors (SPEC 10.6): what was committed and not purged is there with its number, a
 * purge that was reported holds, and nothing else is ever read.
 *
 *     crash.rewrites [ACTS] [SEED] */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/log_rewrite.h"
#include "tests/crash/house.h"
#include "tests/support/file_memory.h"

#define ACTS        600
#define RECORDS_MAX 4096
#define BATCH_MAX   12
#define AGAIN_EVERY 61

static const uint8_t key[32] = {4};

enum fate { NONE, KEPT, FLYING, TO_GO, GONE };

struct book {
    struct files *files;
    struct log *log;
    enum fate fates[RECORDS_MAX]; /* by number */
    uint64_t end;                 /* behind what was committed */
    uint64_t flying_end;          /* behind the batch in flight */
    uint64_t random;
    bool again;
};

static struct {
    uint64_t points;
    uint64_t opened;
    uint64_t second;
    uint64_t rewrites;
    uint64_t purged;
    uint64_t errors;
} seen;
static char where[160];

static const enum file_memory_outcome outcomes[] = {FILE_MEMORY_DROP, FILE_MEMORY_KEEP,
                                                    FILE_MEMORY_PAGES, FILE_MEMORY_SECTOR};

static void failed(const char *what, uint64_t number, const char *note)
{
    (void)fprintf(stderr, "crash.rewrites: %s: record %" PRIu64 "\n  %s\n  %s\n", what, number,
                  where, note);
    exit(1);
}

static uint64_t draw(struct book *book, uint64_t below)
{
    book->random = book->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (book->random >> 33) % below;
}

/* What stands under a number: told by the number alone. */
static struct octets plain_of(uint64_t number)
{
    static uint8_t octets[9000];
    size_t len = number % 50 == 49 ? 8000 : 20 + (size_t)(number * 37 % 300);
    memset(octets, (int)(number % 251), len);
    octets_put_u64be(octets, number);
    return octets_of(octets, len);
}

static enum err_code nothing_to_replay(void *context, const struct segment_record *record)
{
    (void)context;
    (void)record;
    return ERR_OK;
}

static enum err_code open_log(struct book *book, uint64_t *damaged_count, struct err_note *note)
{
    return log_open(&book->log, damaged_count, book->files, "log", key,
                    &(struct log_replay){.on_record = nothing_to_replay}, note);
}

static void check_record(const struct book *book, uint64_t number)
{
    uint8_t octets[SEGMENT_FRAME_LEN];
    struct octets_room plain = {.at = octets, .cap = sizeof octets};
    struct err_note note = {{0}};
    enum err_code rc = log_read(book->log, &plain, number, &note);
    enum fate fate = number < book->flying_end ? book->fates[number] : NONE;
    if (rc == ERR_OK && !octets_equal(octets_of(plain.at, plain.len), plain_of(number))) {
        failed("other octets than were added", number, "");
    }
    if (rc == ERR_OK && (fate == GONE || fate == NONE)) {
        failed("read, although purged or never added", number, "");
    }
    if (rc != ERR_OK && fate == KEPT) {
        failed("lost", number, note.text);
    }
    if (rc != ERR_OK && rc != ERR_NOT_FOUND && fate != FLYING) {
        failed("an error where nothing was damaged", number, note.text);
    }
}

static void check_all(const struct book *book)
{
    for (uint64_t number = 0; number < book->flying_end + 3; number++) {
        check_record(book, number);
    }
}

static void before_call(void *context, enum file_memory_call call, const char *path);

/* Open what is left, check it, go on with it for a little. */
static void visit(const struct book *book, struct files *left, bool again)
{
    uint64_t random = house_random_at();
    struct book *after = malloc(sizeof *after);
    if (after == NULL) {
        abort();
    }
    *after = *book;
    after->files = left;
    after->log = NULL;
    after->again = true;
    if (again) {
        file_memory_hook(left, &(struct file_memory_hook){.context = after, .before = before_call});
    }
    uint64_t damaged_count = 0;
    struct err_note note = {{0}};
    if (open_log(after, &damaged_count, &note) != ERR_OK) {
        failed("the log does not open", 0, note.text);
    }
    if (damaged_count > 0) {
        failed("a crash was taken for damage", damaged_count, "");
    }
    check_all(after);
    if (file_memory_broken_rules(left) > 0) {
        failed("a file was used after its sync failed, or named before it was synced", 0, "");
    }
    file_memory_hook(left, NULL);
    seen.opened++;
    log_close(after->log);
    if (open_log(after, &damaged_count, &note) != ERR_OK || damaged_count > 0) {
        failed("opened once more, a crash was taken for damage", damaged_count, note.text);
    }
    log_close(after->log);
    free(after);
    file_memory_free(left);
    house_random_back(random);
}

static void before_call(void *context, enum file_memory_call call, const char *path)
{
    const struct book *book = context;
    uint64_t digests[4];
    uint64_t point = seen.points++;
    size_t len = strlen(where);
    (void)snprintf(where + len, sizeof where - len, " call %" PRIu64 " (%d %s)", point, (int)call,
                   path);
    for (size_t i = 0; i < 4; i++) {
        struct files *left = file_memory_after_crash(book->files, outcomes[i], point * 4 + i);
        digests[i] = file_memory_digest(left);
        size_t same = 0;
        while (digests[same] != digests[i]) {
            same++;
        }
        if (same < i) {
            file_memory_free(left);
            continue;
        }
        visit(book, left, !book->again && point % AGAIN_EVERY == i);
    }
    if (!book->again && point % AGAIN_EVERY == 30) {
        visit(book, file_memory_after_kill(book->files, point), true);
    }
    seen.second += book->again ? 1 : 0;
    where[len] = '\0';
}

/* A batch; with fails set one call of a file fails, and the log goes on behind it. */
static void append(struct book *book, bool fails)
{
    struct err_note note = {{0}};
    uint64_t count = 1 + draw(book, BATCH_MAX);
    uint64_t first = book->end;
    uint64_t end = first;
    if (fails) {
        file_memory_fail(book->files, FILE_MEMORY_ANY, 1 + draw(book, 3),
                         draw(book, 2) == 0 ? ERR_IO : ERR_NO_SPACE);
    }
    for (uint64_t i = 0; i < count; i++) {
        book->fates[first + i] = FLYING;
    }
    book->flying_end = first + count;
    enum err_code rc = log_begin(book->log, (size_t)count * 9000, &note);
    for (uint64_t i = 0; i < count && rc == ERR_OK; i++) {
        rc = log_add(book->log, &end, plain_of(first + i), &note);
        if (rc == ERR_OK && end != first + i) {
            failed("a record got another number", end, "");
        }
    }
    rc = rc == ERR_OK ? log_commit(book->log, &note) : rc;
    file_memory_fail(book->files, FILE_MEMORY_ANY, 0, ERR_OK);
    for (uint64_t i = 0; i < count; i++) {
        book->fates[first + i] = rc == ERR_OK ? KEPT : NONE;
    }
    book->end = rc == ERR_OK ? first + count : first;
    uint64_t damaged_count = 0;
    if (rc != ERR_OK) {
        seen.errors++;
        /* Until it is reopened, a crash may leave what failed. */
        for (uint64_t i = 0; i < count; i++) {
            book->fates[first + i] = FLYING;
        }
        if (log_reopen(book->log, &damaged_count, &note) != ERR_OK || damaged_count > 0) {
            failed("the log does not go on after an error", first, note.text);
        }
        for (uint64_t i = 0; i < count; i++) {
            book->fates[first + i] = NONE;
        }
    }
    book->flying_end = book->end;
}

static bool purges(void *context, uint64_t number)
{
    const struct book *book = context;
    return book->fates[number] == TO_GO || book->fates[number] == GONE;
}

static void rewrite(struct book *book)
{
    struct log_span span;
    struct log_rewrite *work = NULL;
    struct log_rewritten result;
    struct err_note note = {{0}};
    bool done = false;
    if (book->end == 0) {
        return;
    }
    if (draw(book, 4) == 0 && log_roll(book->log, &note) != ERR_OK) {
        failed("a segment is not closed", book->end, note.text);
    }
    bool brings_together = draw(book, 3) == 0 && log_span_short(book->log, &span) == ERR_OK;
    if (!brings_together && log_span_of(book->log, &span, draw(book, book->end)) != ERR_OK) {
        return;
    }
    struct log_purge purge = {.context = book, .purges = purges};
    if (log_rewrite_begin(&work, book->log, &span, &purge, &note) != ERR_OK) {
        failed("a rewrite does not begin", span.first, note.text);
    }
    /* What is in the span may go from now on. */
    uint64_t end = book->end;
    for (size_t i = 0;; i++) {
        struct log_segment segment;
        if (log_segment_at(book->log, &segment, i) != ERR_OK) {
            break;
        }
        if (segment.first == span.first) {
            struct log_segment behind;
            end = log_segment_at(book->log, &behind, i + span.segments_count) == ERR_OK
                      ? behind.first
                      : book->end;
        }
    }
    for (uint64_t number = span.first; number < end; number++) {
        if (book->fates[number] == KEPT && draw(book, 4) == 0) {
            book->fates[number] = TO_GO;
        }
    }
    while (!done) {
        if (log_rewrite_step(work, &done, &result, 1 + draw(book, 20000), &note) != ERR_OK) {
            failed("a rewrite does not go on", span.first, note.text);
        }
    }
    log_rewrite_free(work);
    for (uint64_t number = span.first; number < end; number++) {
        seen.purged += book->fates[number] == TO_GO ? 1 : 0;
        book->fates[number] = book->fates[number] == TO_GO ? GONE : book->fates[number];
    }
    seen.rewrites++;
}

static void reopen(struct book *book)
{
    uint64_t damaged_count = 0;
    struct err_note note = {{0}};
    log_close(book->log);
    book->log = NULL;
    if (open_log(book, &damaged_count, &note) != ERR_OK || damaged_count > 0) {
        failed("the log does not open again", damaged_count, note.text);
    }
}

int main(int argc, char **argv)
{
    uint64_t acts = argc > 1 ? strtoull(argv[1], NULL, 10) : ACTS;
    static struct book book;
    book.random = argc > 2 ? strtoull(argv[2], NULL, 10) : 5;
    house_random_from(book.random);
    book.files = file_memory_new(book.random);
    uint64_t damaged_count = 0;
    struct err_note note = {{0}};
    if (open_log(&book, &damaged_count, &note) != ERR_OK) {
        failed("a new log does not open", 0, note.text);
    }
    file_memory_hook(book.files,
                     &(struct file_memory_hook){.context = &book, .before = before_call});
    for (uint64_t act = 0; act < acts && book.end + BATCH_MAX < RECORDS_MAX; act++) {
        uint64_t kind = draw(&book, 20);
        (void)snprintf(where, sizeof where, "act %" PRIu64 ",", act);
        if (kind < 3) {
            reopen(&book);
        } else if (kind < 7) {
            rewrite(&book);
        } else {
            append(&book, kind < 9);
        }
        check_all(&book);
    }
    file_memory_hook(book.files, NULL);
    log_close(book.log);
    (void)printf("%" PRIu64 " acts, %" PRIu64 " records, %" PRIu64 " rewrites that purged %" PRIu64
                 ", %" PRIu64 " errors; %" PRIu64 " calls, of them %" PRIu64
                 " of recoveries; %" PRIu64 " logs opened again\n",
                 acts, book.end, seen.rewrites, seen.purged, seen.errors, seen.points, seen.second,
                 seen.opened);
    bool enough = seen.rewrites > 10 && seen.purged > 20 && seen.errors > 5 && seen.opened > 500;
    file_memory_free(book.files);
    return enough || acts < ACTS ? 0 : 1;
}
