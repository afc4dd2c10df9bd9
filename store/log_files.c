#include "store/log_files.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define PATH_LEN (LOG_FOLDER_MAX + 40)

void log_files_init(struct log_files *files, struct files *below, const char *folder,
                    const uint8_t key[SEAL_KEY_LEN])
{
    assert(strlen(folder) <= LOG_FOLDER_MAX);
    files->files = below;
    memcpy(files->folder, folder, strlen(folder) + 1);
    memcpy(files->key, key, SEAL_KEY_LEN);
}

static void manifest_path(char out[PATH_LEN], const struct log_files *files)
{
    (void)snprintf(out, PATH_LEN, "%s/manifest", files->folder);
}

static void segment_path(char out[PATH_LEN], const struct log_files *files,
                         const struct manifest_segment *segment, const char *suffix)
{
    (void)snprintf(out, PATH_LEN, "%s/%08" PRIx32 ".%" PRIx32 "%s", files->folder, segment->number,
                   segment->generation, suffix);
}

/* A name in the folder that begins as a segment's does. */
struct found {
    uint32_t number;
    uint32_t generation;
    char suffix[24];
};

struct found_list {
    struct found *at;
    size_t count;
    size_t cap;
    bool no_memory;
    bool manifest_new; /* a manifest that was not put in place */
};

static bool parse_name(struct found *found, const char *name)
{
    char *end = NULL;
    unsigned long number = strtoul(name, &end, 16);
    if (end != name + 8 || *end != '.' || number >= UINT32_MAX) {
        return false;
    }
    const char *digits = end + 1;
    unsigned long generation = strtoul(digits, &end, 16);
    if (end == digits || generation > UINT32_MAX || strlen(end) >= sizeof found->suffix) {
        return false;
    }
    found->number = (uint32_t)number;
    found->generation = (uint32_t)generation;
    memcpy(found->suffix, end, strlen(end) + 1);
    return true;
}

static void on_name(void *context, const char *name)
{
    struct found_list *list = context;
    struct found found;
    if (strcmp(name, "manifest.new") == 0) {
        list->manifest_new = true;
    }
    if (list->no_memory || !parse_name(&found, name)) {
        return;
    }
    if (list->count == list->cap) {
        size_t cap = list->cap == 0 ? 16 : list->cap * 2;
        struct found *grown = realloc(list->at, cap * sizeof *grown);
        if (grown == NULL) {
            list->no_memory = true;
            return;
        }
        list->at = grown;
        list->cap = cap;
    }
    list->at[list->count++] = found;
}

/* The caller frees list->at. */
static enum err_code list_names(struct log_files *files, struct found_list *list,
                                struct err_note *note)
{
    struct files *below = files->files;
    enum err_code rc = below->list(below, files->folder, on_name, list, note);
    if (rc == ERR_OK && list->no_memory) {
        rc = err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    return rc;
}

static enum err_code make_log(struct log_files *files, struct manifest *manifest,
                              struct err_note *note)
{
    *manifest = (struct manifest){0};
    randombytes_buf(manifest->id, sizeof manifest->id);
    enum err_code rc = files->files->sync_dir(files->files, ".", note);
    return rc == ERR_OK ? log_files_save(files, manifest, note) : rc;
}

static enum err_code holds_something(struct log_files *files, bool *holds, const char *path,
                                     struct err_note *note)
{
    struct files *below = files->files;
    struct file *file = NULL;
    enum err_code rc = below->open(below, &file, path, FILE_READ, note);
    if (rc != ERR_OK) {
        return rc;
    }
    uint64_t len = 0;
    rc = below->size(below, file, &len, note);
    below->close(below, file);
    *holds = len > 0;
    return rc;
}

/* A segment is named before anything is appended to it: one that no manifest ever named is empty,
 * unless this manifest is older than the segment. */
static enum err_code look_for_later(struct log_files *files, struct manifest *manifest,
                                    const struct found_list *list, struct err_note *note)
{
    uint32_t number_next = manifest->number_next;
    for (size_t i = 0; i < list->count; i++) {
        const struct found *found = &list->at[i];
        if (found->number < number_next) {
            continue;
        }
        if (found->number >= manifest->number_next) {
            manifest->number_next = found->number + 1;
        }
        char path[PATH_LEN];
        struct manifest_segment segment = {.number = found->number,
                                           .generation = found->generation};
        segment_path(path, files, &segment, found->suffix);
        bool holds = false;
        enum err_code rc = holds_something(files, &holds, path, note);
        if (rc != ERR_OK) {
            return rc;
        }
        if (holds) {
            return err_note(note, ERR_ROLLBACK, "the manifest of the %s is older than its segments",
                            files->folder);
        }
    }
    return ERR_OK;
}

static enum err_code load(struct log_files *files, struct manifest *manifest,
                          const struct found_list *list, struct err_note *note)
{
    char path[PATH_LEN];
    manifest_path(path, files);
    struct err_note load_note = {{0}};
    enum err_code rc = manifest_load(manifest, files->files, path, files->key, &load_note);
    if (rc == ERR_NOT_FOUND && list->count > 0) {
        /* The manifest stands before the first segment is made, and is only ever replaced. */
        return err_note(note, ERR_DAMAGED, "the manifest is missing");
    }
    if (rc == ERR_NOT_FOUND) {
        return make_log(files, manifest, note);
    }
    if (rc != ERR_OK) {
        return err_note(note, rc, "%s", load_note.text);
    }
    return look_for_later(files, manifest, list, note);
}

enum err_code log_files_load(struct log_files *files, struct manifest *manifest,
                             struct err_note *note)
{
    struct files *below = files->files;
    struct found_list list = {0};
    enum err_code rc = below->make_dir(below, files->folder, note);
    if (rc == ERR_OK) {
        rc = list_names(files, &list, note);
    }
    if (rc == ERR_OK) {
        rc = load(files, manifest, &list, note);
    }
    free(list.at);
    return rc;
}

enum err_code log_files_save(struct log_files *files, const struct manifest *manifest,
                             struct err_note *note)
{
    char path[PATH_LEN];
    manifest_path(path, files);
    return manifest_save(manifest, files->files, path, files->key, note);
}

static bool is_named(const struct manifest *manifest, const struct found *found)
{
    if (strcmp(found->suffix, "") != 0 && strcmp(found->suffix, ".lengths") != 0) {
        return false;
    }
    size_t low = 0;
    size_t high = manifest->segments_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (manifest->segments[middle].number < found->number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < manifest->segments_count && manifest->segments[low].number == found->number &&
           manifest->segments[low].generation == found->generation;
}

void log_files_tidy(struct log_files *files, const struct manifest *manifest)
{
    struct files *below = files->files;
    struct err_note ignored = {{0}};
    struct found_list list = {0};
    enum err_code rc = list_names(files, &list, &ignored);
    bool synced = false;
    if (rc == ERR_OK && list.manifest_new) {
        char path[PATH_LEN];
        (void)snprintf(path, sizeof path, "%s/manifest.new", files->folder);
        rc = below->remove(below, path, &ignored);
    }
    for (size_t i = 0; i < list.count && rc == ERR_OK; i++) {
        const struct found *found = &list.at[i];
        if (is_named(manifest, found)) {
            continue;
        }
        /* The manifest that stands here may have been put in place just before a crash. */
        if (!synced) {
            rc = below->sync_dir(below, files->folder, &ignored);
            synced = true;
        }
        if (rc == ERR_OK) {
            char path[PATH_LEN];
            struct manifest_segment segment = {.number = found->number,
                                               .generation = found->generation};
            segment_path(path, files, &segment, found->suffix);
            rc = below->remove(below, path, &ignored);
        }
    }
    free(list.at);
}

enum err_code log_files_open(struct log_files *files, struct file **file,
                             const struct manifest_segment *segment, enum file_mode mode,
                             struct err_note *note)
{
    char path[PATH_LEN];
    segment_path(path, files, segment, "");
    return files->files->open(files->files, file, path, mode, note);
}

enum err_code log_files_create(struct log_files *files, struct file **file,
                               const struct manifest_segment *segment, struct err_note *note)
{
    struct files *below = files->files;
    struct file *made = NULL;
    enum err_code rc = log_files_open(files, &made, segment, FILE_CREATE, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = below->sync(below, made, note);
    if (rc == ERR_OK) {
        rc = below->sync_dir(below, files->folder, note);
    }
    if (rc != ERR_OK) {
        below->close(below, made);
        return rc;
    }
    *file = made;
    return ERR_OK;
}

bool log_files_has(struct log_files *files, const struct manifest_segment *segment)
{
    char path[PATH_LEN];
    segment_path(path, files, segment, "");
    return file_exists(files->files, path);
}

void log_files_remove(struct log_files *files, const struct manifest_segment *segment)
{
    static const char *const suffixes[] = {"", ".lengths", ".lengths.new"};
    struct err_note ignored = {{0}};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char path[PATH_LEN];
        segment_path(path, files, segment, suffixes[i]);
        (void)files->files->remove(files->files, path, &ignored);
    }
}

static void table_key(uint8_t out[SEAL_KEY_LEN], const struct manifest_segment *segment)
{
    seal_derive(out, segment->key, "kithlens", 1);
}

enum err_code log_files_load_table(struct log_files *files, struct segment_table *table,
                                   const struct manifest_segment *segment, struct err_note *note)
{
    char path[PATH_LEN];
    uint8_t key[SEAL_KEY_LEN];
    segment_path(path, files, segment, ".lengths");
    table_key(key, segment);
    uint8_t *plain = NULL;
    size_t len = 0;
    enum err_code rc = seal_read(files->files, &plain, &len, path, SEAL_LENGTHS, key,
                                 SEGMENT_TABLE_ENCODED_MAX, note);
    sodium_memzero(key, sizeof key);
    if (rc != ERR_OK) {
        return rc;
    }
    struct segment_table loaded = {0};
    rc = segment_table_decode(&loaded, octets_of(plain, len));
    sodium_free(plain);
    if (rc == ERR_OK && loaded.lens_count != segment->records_count) {
        segment_table_close(&loaded);
        rc = ERR_MALFORMED;
    }
    if (rc != ERR_OK) {
        return rc == ERR_MALFORMED ? err_note(note, ERR_DAMAGED, "%s does not fit", path) : rc;
    }
    *table = loaded;
    return ERR_OK;
}

bool log_files_has_table(struct log_files *files, const struct manifest_segment *segment)
{
    char path[PATH_LEN];
    segment_path(path, files, segment, ".lengths");
    return file_exists(files->files, path);
}

void log_files_save_table(struct log_files *files, const struct segment_table *table,
                          const struct manifest_segment *segment)
{
    uint8_t *plain = NULL;
    size_t len = 0;
    if (segment_table_encode(table, &plain, &len) != ERR_OK) {
        return;
    }
    char path[PATH_LEN];
    uint8_t key[SEAL_KEY_LEN];
    segment_path(path, files, segment, ".lengths");
    table_key(key, segment);
    struct err_note ignored = {{0}};
    bool replaced;
    enum err_code rc = seal_replace(files->files, &replaced, path, SEAL_LENGTHS, key,
                                    octets_of(plain, len), &ignored);
    (void)rc;
    sodium_memzero(key, sizeof key);
    free(plain);
}
