#include "store/log_files.h"

#include <inttypes.h>
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
                         const struct manifest_segment *segment)
{
    (void)snprintf(out, PATH_LEN, "%s/%08" PRIx32 ".%" PRIx32, files->folder, segment->number,
                   segment->generation);
}

/* Segments found in the folder. */
struct found {
    uint32_t number_next;
    bool any;
};

static void on_name(void *context, const char *name)
{
    struct found *found = context;
    char *end = NULL;
    unsigned long number = strtoul(name, &end, 16);
    if (end != name + 8 || *end != '.' || number >= UINT32_MAX) {
        return;
    }
    found->any = true;
    if ((uint32_t)number >= found->number_next) {
        found->number_next = (uint32_t)number + 1;
    }
}

static enum err_code make_log(struct log_files *files, struct manifest *manifest,
                              struct err_note *note)
{
    *manifest = (struct manifest){0};
    enum err_code rc = files->files->sync_dir(files->files, ".", note);
    return rc == ERR_OK ? log_files_save(files, manifest, note) : rc;
}

enum err_code log_files_load(struct log_files *files, struct manifest *manifest,
                             uint32_t *number_next, struct err_note *note)
{
    struct files *below = files->files;
    enum err_code rc = below->make_dir(below, files->folder, note);
    struct found found = {0};
    if (rc == ERR_OK) {
        rc = below->list(below, files->folder, on_name, &found, note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    char path[PATH_LEN];
    manifest_path(path, files);
    struct err_note load_note = {{0}};
    rc = manifest_load(manifest, below, path, files->key, &load_note);
    if (rc == ERR_NOT_FOUND && found.any) {
        /* The manifest stands before the first segment is made, and is only ever replaced. */
        return err_note(note, ERR_DAMAGED, "the manifest is missing");
    }
    if (rc == ERR_NOT_FOUND) {
        rc = make_log(files, manifest, note);
    } else if (rc != ERR_OK) {
        return err_note(note, rc, "%s", load_note.text);
    }
    /* A segment no manifest names was made just before a crash and is empty; its number is left
     * unused. */
    *number_next = found.number_next;
    return rc;
}

enum err_code log_files_save(struct log_files *files, const struct manifest *manifest,
                             struct err_note *note)
{
    char path[PATH_LEN];
    manifest_path(path, files);
    return manifest_save(manifest, files->files, path, files->key, note);
}

enum err_code log_files_open(struct log_files *files, struct file **file,
                             const struct manifest_segment *segment, enum file_mode mode,
                             struct err_note *note)
{
    char path[PATH_LEN];
    segment_path(path, files, segment);
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
