/* log_files.h - the files of a log inside one folder (SPEC 10.6): "manifest", a file for each
 * segment, and beside the larger ones the lengths of their records.
 *
 *     NNNNNNNN.G           segment, by number (8 hex digits) and generation (hex)
 *     NNNNNNNN.G.lengths   see store/segment_table.h; sealed under a key that derives from the
 *                          segment's, and only ever a help: without it the segment is scanned */
#ifndef KITH_STORE_LOG_FILES_H
#define KITH_STORE_LOG_FILES_H

#include "proto/err.h"
#include "store/file.h"
#include "store/manifest.h"
#include "store/segment_table.h"

#define LOG_FOLDER_MAX 31

struct log_files {
    struct files *files; /* borrowed */
    char folder[LOG_FOLDER_MAX + 1];
    uint8_t key[SEAL_KEY_LEN]; /* of the manifest */
};

void log_files_init(struct log_files *files, struct files *below, const char *folder,
                    const uint8_t key[SEAL_KEY_LEN]);
/* Load the manifest, or make folder and manifest where there is no log.
 *   ERR_DAMAGED   see log_open()
 *   ERR_ROLLBACK  a segment holds something that a later manifest named */
MUST_USE enum err_code log_files_load(struct log_files *files, struct manifest *manifest,
                                      struct err_note *note);
MUST_USE enum err_code log_files_save(struct log_files *files, const struct manifest *manifest,
                                      struct err_note *note);
/* Remove what the manifest does not name: segments begun just before a crash, and generations that
 * were replaced or not finished.  What cannot be removed stays until the next time. */
void log_files_tidy(struct log_files *files, const struct manifest *manifest);

MUST_USE enum err_code log_files_open(struct log_files *files, struct file **file,
                                      const struct manifest_segment *segment, enum file_mode mode,
                                      struct err_note *note);
/* Make an empty segment that is there for good when this returns. */
MUST_USE enum err_code log_files_create(struct log_files *files, struct file **file,
                                        const struct manifest_segment *segment,
                                        struct err_note *note);
/* False only when it is certain that there is no file of this name. */
bool log_files_has(struct log_files *files, const struct manifest_segment *segment);
/* The segment's file and its lengths, as far as they can be removed; nothing is synced. */
void log_files_remove(struct log_files *files, const struct manifest_segment *segment);

/* The lengths of a closed segment's records.
 *   ERR_NOT_FOUND  there are none
 *   ERR_DAMAGED    they do not open, or do not fit the segment's row
 *   and what reading gives */
MUST_USE enum err_code log_files_load_table(struct log_files *files, struct segment_table *table,
                                            const struct manifest_segment *segment,
                                            struct err_note *note);
bool log_files_has_table(struct log_files *files, const struct manifest_segment *segment);
/* Write them; that it cannot be costs a scan at the next opening. */
void log_files_save_table(struct log_files *files, const struct segment_table *table,
                          const struct manifest_segment *segment);

#endif
