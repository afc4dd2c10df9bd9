/* disk - what the log and the index take on disk, of a home with a reader: words included. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "store/index_table.h"
#include "store/store.h"
#include "tests/bench/data.h"
#include "tests/bench/measure.h"

#define TABLES_COUNT 8   /* so many tables become one run */
#define BATCH        512 /* as the engine stores at most; also one by one, below */
#define ALONE_COUNT  1000

/* Octets of all files in the folder. */
static double folder_len(const char *path)
{
    DIR *folder = opendir(path);
    must(folder != NULL, "the log's folder");
    double len = 0;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char name[2 * BENCH_PATH_MAX];
        struct stat found;
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        must(stat(name, &found) == 0, "a file of the log");
        len += S_ISREG(found.st_mode) ? (double)found.st_size : 0;
    }
    (void)closedir(folder);
    return len;
}

/* A store that is filled, and what it takes. */
struct filled {
    struct files *files;
    struct store *store;
    char path[BENCH_PATH_MAX];
    size_t count;
    double encoded_len;
};

static void begin(struct filled *filled, const struct bench *bench, const char *name)
{
    struct err_note note = {{0}};
    static const uint8_t key[32] = {1};
    *filled = (struct filled){.count = 0};
    (void)snprintf(filled->path, sizeof filled->path, "%s/%s", bench->scratch, name);
    must_ok(file_posix_new(&filled->files, filled->path, &note), &note, "a folder");
    must_ok(store_open(&filled->store, filled->files, key, STORE_READ, &note), &note, "a store");
}

static void fill(struct filled *filled, const struct data *data, size_t end, size_t batch)
{
    struct err_note note = {{0}};
    static struct post posts[BATCH];
    static enum store_put_result results[BATCH];
    uint64_t now_s = (uint64_t)time(NULL);
    while (filled->count < end) {
        const struct octets *wires = data->wires + filled->count;
        size_t some = end - filled->count < batch ? end - filled->count : batch;
        for (size_t k = 0; k < some; k++) {
            must_ok(post_decode(&posts[k], wires[k]), NULL, "decoding");
            filled->encoded_len += (double)wires[k].len;
        }
        must_ok(store_put(filled->store, results, posts, wires, some, now_s, &note), &note,
                "storing");
        filled->count += some;
    }
    must(store_stats(filled->store).posts_count == end, "not every post was stored");
    for (bool more = true; more;) {
        must_ok(store_tend(filled->store, &more, now_s, &note), &note, "tending");
    }
}

static double part_len(const struct filled *filled, const char *part)
{
    char path[BENCH_PATH_MAX + 16];
    (void)snprintf(path, sizeof path, "%s/%s", filled->path, part);
    return folder_len(path);
}

static void end(struct filled *filled)
{
    store_close(filled->store);
    file_posix_free(filled->files);
}

/* Octets of log and index over octets encoded. */
static double ratio_of(const struct filled *filled)
{
    return (part_len(filled, "log") + part_len(filled, "index")) / filled->encoded_len;
}

void bench_disk(struct bench *bench)
{
    struct data data;
    size_t tables_count = bench_is_scaled(bench) ? 1 : TABLES_COUNT;
    struct filled many;
    struct filled alone;
    /* A table is written when it is full and one more post comes. */
    data_signed(&data, bench, tables_count * INDEX_TABLE_MAX + 1);
    begin(&many, bench, "disk");
    fill(&many, &data, data.count - (tables_count > 1 ? INDEX_TABLE_MAX : 0), BATCH);
    double before_merging = ratio_of(&many);
    fill(&many, &data, data.count, BATCH);
    begin(&alone, bench, "disk-alone");
    fill(&alone, &data, ALONE_COUNT, 1);
    double ratio = ratio_of(&many);
    double count = (double)data.count;
    struct result result = {.bench = "disk",
                            .unit = "ratio",
                            .value = before_merging > ratio ? before_merging : ratio,
                            .min = ratio,
                            .max = before_merging,
                            .runs = 1,
                            .better = BETTER_LOWER,
                            .target = 1.6,
                            .reference = "octets of the encoded post; log, index and words, before "
                                         "the newest runs are merged"};
    result_print(&result,
                 ",\"merged\":%.4f,\"posts\":%zu,\"encoded_octets_per_post\":%.1f,"
                 "\"log_octets_per_post\":%.1f,\"index_octets_per_post\":%.1f,"
                 "\"log_ratio_stored_one_by_one\":%.4f",
                 ratio, data.count, many.encoded_len / count, part_len(&many, "log") / count,
                 part_len(&many, "index") / count, part_len(&alone, "log") / alone.encoded_len);
    end(&many);
    end(&alone);
    data_free(&data);
}
