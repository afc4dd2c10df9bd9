/* disk - what the log takes on disk. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "store/store.h"
#include "tests/bench/data.h"
#include "tests/bench/measure.h"

#define POSTS_COUNT 100000
#define BATCH       512 /* as the engine stores at most; also one by one, below */
#define ALONE_COUNT 1000

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

/* Octets on disk over octets encoded. */
static double fill(const struct bench *bench, const char *name, const struct data *data,
                   size_t count, size_t batch)
{
    struct err_note note = {{0}};
    char path[BENCH_PATH_MAX];
    struct files *files = NULL;
    struct store *store = NULL;
    static const uint8_t key[32] = {1};
    static struct post posts[BATCH];
    static enum store_put_result results[BATCH];
    (void)snprintf(path, sizeof path, "%s/%s", bench->scratch, name);
    must_ok(file_posix_new(&files, path, &note), &note, "a folder");
    must_ok(store_open(&store, files, key, STORE_READ, &note), &note, "a store");
    double encoded = 0;
    for (size_t i = 0; i < count; i += batch) {
        size_t some = count - i < batch ? count - i : batch;
        for (size_t k = 0; k < some; k++) {
            must_ok(post_decode(&posts[k], data->wires[i + k]), NULL, "decoding");
            encoded += (double)data->wires[i + k].len;
        }
        must_ok(
            store_put(store, results, posts, data->wires + i, some, (uint64_t)time(NULL), &note),
            &note, "storing");
    }
    must(store_stats(store).posts_count == count, "not every post was stored");
    store_close(store);
    file_posix_free(files);
    (void)snprintf(path, sizeof path, "%s/%s/log", bench->scratch, name);
    return folder_len(path) / encoded;
}

void bench_disk(struct bench *bench)
{
    struct data data;
    data_signed(&data, bench, bench_scaled(bench, POSTS_COUNT));
    double ratio = fill(bench, "disk", &data, data.count, BATCH);
    double alone = fill(bench, "disk-alone", &data, ALONE_COUNT, 1);
    double encoded = (double)data.octets_len / (double)data.count;
    struct result result = {.bench = "disk",
                            .unit = "ratio",
                            .value = ratio,
                            .min = ratio,
                            .max = ratio,
                            .runs = 1,
                            .better = BETTER_LOWER,
                            .target = 1.6,
                            .reference = "octets of the encoded post; the log's part alone, since "
                                         "the index lies in memory so far"};
    result_print(&result,
                 ",\"posts\":%zu,\"encoded_octets_per_post\":%.1f,\"disk_octets_per_post\":%.1f,"
                 "\"ratio_stored_one_by_one\":%.4f",
                 data.count, encoded, ratio * encoded, alone);
    data_free(&data);
}
