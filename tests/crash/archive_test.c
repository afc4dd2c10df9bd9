/* archive_test.c - the machine stops at every file call of a home that ages: what was kept is
 * shown, once, whatever is left of the files; the list of blocks is the one acknowledged; and what
 * was interrupted goes on where it was (SPEC 7.6, 10.15).
 *
 *     crash.archive [ROUNDS] [SEED] */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/crash/archive_life.h"
#include "tests/support/file_memory.h"

#define ROUNDS       34
#define AGE_ON_EVERY 7   /* points */
#define AGAIN_EVERY  307 /* points */

static struct {
    uint64_t points, opened, second, aged;
} seen;

static const enum file_memory_outcome outcomes[] = {FILE_MEMORY_DROP, FILE_MEMORY_KEEP,
                                                    FILE_MEMORY_PAGES, FILE_MEMORY_SECTOR};

static void before_call(void *context, enum file_memory_call call, const char *path);

static void visit(const struct book *book, struct files *left, bool on, bool again)
{
    uint64_t random = house_random_at();
    static struct book copies[2];
    struct book *after = &copies[book->again ? 1 : 0];
    struct err_note note = {{0}};
    *after = *book;
    after->place = (struct bare_home){.files = left};
    after->again = true;
    if (again) {
        file_memory_hook(left, &(struct file_memory_hook){.context = after, .before = before_call});
    }
    if (place_open(&after->place, &note) != ERR_OK) {
        book_failed("the home does not open", 0, note.text);
    }
    book_check(after);
    if (on) {
        book_check_aged(after);
        seen.aged++;
    }
    file_memory_hook(left, NULL);
    bare_home_close(&after->place);
    file_memory_free(left);
    house_random_back(random);
    seen.opened++;
}

static void before_call(void *context, enum file_memory_call call, const char *path)
{
    const struct book *book = context;
    uint64_t digests[4];
    uint64_t point = seen.points++;
    seen.second += book->again ? 1 : 0;
    char *told = book_where[book->again ? 1 : 0];
    size_t len = strlen(told);
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(told + len, sizeof book_where[0] - len,
                       " point %" PRIu64 " (call %d of %s), outcome %zu", point, (int)call, path,
                       i);
        struct files *left = file_memory_after_crash(book->place.files, outcomes[i], point * 4 + i);
        digests[i] = file_memory_digest(left);
        size_t same = 0;
        while (digests[same] != digests[i]) {
            same++;
        }
        if (same < i) {
            file_memory_free(left);
            continue;
        }
        bool again = !book->again && point % AGAIN_EVERY == i;
        visit(book, left, again || point % AGE_ON_EVERY == i, again);
    }
    told[len] = '\0';
}

int main(int argc, char **argv)
{
    uint64_t rounds = argc > 1 ? strtoull(argv[1], NULL, 10) : ROUNDS;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 7;
    static struct book book;
    house_random_from(seed);
    book_begin(&book, seed);
    struct files *files = book.place.files;
    file_memory_hook(files, &(struct file_memory_hook){.context = &book, .before = before_call});
    for (uint64_t round = 0; round < rounds && book.posts_count + 32 < LIFE_POSTS_MAX; round++) {
        (void)snprintf(book_where[0], sizeof book_where[0], "round %" PRIu64 ",", round);
        book_live_on(&book, round);
    }
    file_memory_hook(files, NULL);
    book_check_aged(&book);
    (void)printf(
        "%" PRIu64 " rounds, %zu posts, %" PRIu64 " kept in the archive; %" PRIu64
        " calls, of them %" PRIu64 " of recoveries; %" PRIu64 " homes opened, %" PRIu64
        " went on to the end; %" PRIu64 " blocks, %" PRIu64 " taken back, %" PRIu64 " errors\n",
        rounds, book.posts_count, store_stats(archive_store(book.place.archive)).posts_count,
        seen.points, seen.second, seen.opened, seen.aged, book.blocks, book.retracts, book.errors);
    bool enough = seen.opened > 1000 && seen.aged > 200 && seen.second > 50 && book.errors > 5 &&
                  book.retracts > 5 && book.blocks > 5;
    book_end(&book);
    return enough || rounds < ROUNDS ? 0 : 1;
}
