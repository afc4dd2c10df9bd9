/* log_files.h - the files of a log: "manifest" and the segments' names, inside one folder. */
#ifndef KITH_STORE_LOG_FILES_H
#define KITH_STORE_LOG_FILES_H

#include "proto/err.h"
#include "store/file.h"
#include "store/manifest.h"

#define LOG_FOLDER_MAX 31

struct log_files {
    struct files *files; /* borrowed */
    char folder[LOG_FOLDER_MAX + 1];
    uint8_t key[SEAL_KEY_LEN]; /* of the manifest */
};

void log_files_init(struct log_files *files, struct files *below, const char *folder,
                    const uint8_t key[SEAL_KEY_LEN]);
/* Load the manifest, or make folder and manifest where there is no log.  *number_next is above
 * every segment there is a file of.
 *   ERR_DAMAGED  see log_open() */
MUST_USE enum err_code log_files_load(struct log_files *files, struct manifest *manifest,
                                      uint32_t *number_next, struct err_note *note);
MUST_USE enum err_code log_files_save(struct log_files *files, const struct manifest *manifest,
                                      struct err_note *note);
MUST_USE enum err_code log_files_open(struct log_files *files, struct file **file,
                                      const struct manifest_segment *segment, enum file_mode mode,
                                      struct err_note *note);
/* Make an empty segment that is there for good when this returns. */
MUST_USE enum err_code log_files_create(struct log_files *files, struct file **file,
                                        const struct manifest_segment *segment,
                                        struct err_note *note);

#endif
