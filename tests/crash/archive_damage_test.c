/* archive_damage_test.c - a disk lies about the archive: octets of its files are flipped, files are
 * cut off, taken away, exchanged and set back.  Then nothing wrong is shown, nothing that is hers
 * to keep is missing without being counted, and what refuses does so in words (SPEC 10.7, 10.15).
 *
 *     crash.archive_damage [STRIDE] [ROUNDS] [SEED]      STRIDE 1: every octet of every file */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/crash/archive_life.h"
#include "tests/support/file_memory.h"

#define ROUNDS    16
#define STRIDE    61
#define SMALL_LEN 700
#define FILES_MAX 64
#define FOLDER    "archive"

static struct book book; /* closed */
static char paths[FILES_MAX][64];
static size_t paths_count;
static struct {
    uint64_t tried, refused, whole, counted;
} seen;

static struct files *copy_of_home(void)
{
    return file_memory_after_crash(book.place.files, FILE_MEMORY_KEEP, seen.tried + 1);
}

static void look(struct files *files)
{
    static struct book after;
    struct err_note note = {{0}};
    uint64_t missing_count = 0;
    after = book;
    after.place = (struct bare_home){.files = files};
    after.missing_count = &missing_count;
    enum err_code rc = place_open(&after.place, &note);
    seen.tried++;
    if (rc != ERR_OK) {
        if (note.text[0] == '\0') {
            book_failed("it refuses without words", rc, err_name(rc));
        }
        seen.refused++;
    } else {
        book_check(&after);
        uint64_t counted = archive_missing(after.place.archive);
        if (missing_count > 0 && counted == 0) {
            book_failed("posts are missing and nothing says so", missing_count, "");
        }
        seen.whole += missing_count == 0 ? 1 : 0;
        seen.counted += missing_count > 0 ? 1 : 0;
    }
    bare_home_close(&after.place);
    file_memory_free(files);
}

static void tell(const char *what, const char *path, size_t at)
{
    (void)snprintf(book_where[0], sizeof book_where[0], "%s: %s %zu", path, what, at);
}

static void flip_octets(const char *path, size_t stride)
{
    size_t len = file_memory_len(book.place.files, path);
    for (size_t at = 0; at < len; at += len <= SMALL_LEN ? 1 : 1 + at * 7 % (2 * stride - 1)) {
        struct files *files = copy_of_home();
        tell("flipped", path, at);
        file_memory_flip(files, path, at, (uint8_t)(1u << (at % 8)));
        look(files);
    }
}

static void cut_off(const char *path)
{
    size_t len = file_memory_len(book.place.files, path);
    for (size_t cut = 0; cut < len;
         cut += cut + len / 16 + 1 < len ? len / 16 + 1 : len - cut - 1) {
        struct files *files = copy_of_home();
        tell("cut off at", path, cut);
        file_memory_cut(files, path, cut);
        look(files);
        if (cut + 1 == len) {
            break;
        }
    }
}

static void take_away(const char *path)
{
    struct files *files = copy_of_home();
    tell("taken away", path, 0);
    file_memory_take_away(files, path);
    look(files);
}

static void exchange(const char *path, const char *other)
{
    struct files *files = copy_of_home();
    (void)snprintf(book_where[0], sizeof book_where[0], "%s has become %s", path, other);
    file_memory_put(files, path, file_memory_octets(book.place.files, other));
    look(files);
}

static void set_back(const char *path, struct files *old)
{
    if (file_exists(old, path)) {
        struct files *files = copy_of_home();
        tell("as it was some time ago", path, 0);
        file_memory_put(files, path, file_memory_octets(old, path));
        look(files);
    }
}

static void note_path(void *context, const char *path)
{
    (void)context;
    if (strncmp(path, FOLDER, strlen(FOLDER)) == 0 && paths_count < FILES_MAX) {
        (void)snprintf(paths[paths_count++], sizeof paths[0], "%s", path);
    }
}

int main(int argc, char **argv)
{
    size_t stride = argc > 1 ? strtoull(argv[1], NULL, 10) : STRIDE;
    uint64_t rounds = argc > 2 ? strtoull(argv[2], NULL, 10) : ROUNDS;
    uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 11;
    struct files *old = NULL;
    house_random_from(seed);
    book_begin(&book, seed);
    for (uint64_t round = 0; round < rounds; round++) {
        book_live_on(&book, round);
        if (round == rounds / 2) {
            old = file_memory_copy(book.place.files);
        }
    }
    book_check_aged(&book);
    bare_home_close(&book.place);
    file_memory_each(book.place.files, note_path, NULL);
    look(copy_of_home());
    if (seen.whole != 1) {
        book_failed("the whole home is not whole", 0, "");
    }
    for (size_t i = 0; i < paths_count; i++) {
        take_away(paths[i]);
        cut_off(paths[i]);
        set_back(paths[i], old);
        for (size_t j = 0; j < paths_count; j++) {
            exchange(paths[i], paths[j]);
        }
        flip_octets(paths[i], stride);
    }
    (void)printf("%zu files of the archive, %" PRIu64 " damages: %" PRIu64 " refused, %" PRIu64
                 " without loss, %" PRIu64 " with what is missing counted\n",
                 paths_count, seen.tried, seen.refused, seen.whole, seen.counted);
    file_memory_free(old);
    book_end(&book);
    return seen.tried < 1000 && stride <= STRIDE ? 1 : 0;
}
