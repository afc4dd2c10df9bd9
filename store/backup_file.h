/* backup_file.h - the sealed file that a backup is: items one after another, in chunks of one size
 * (SPEC 10.10).
 *
 * What the items hold is store/backup.h's matter.  Memory is bounded: one chunk and one item. */
#ifndef KITH_STORE_BACKUP_FILE_H
#define KITH_STORE_BACKUP_FILE_H

#include "proto/err.h"
#include "proto/octets.h"
#include "proto/post.h"
#include "store/file.h"

#define BACKUP_KEY_LEN  32
#define BACKUP_ITEM_MAX (POST_WIRE_MAX + 64) /* octets of an item */

struct backup_writer;

/* Begin path.part, mode 0600; one that an earlier backup left behind there is begun anew.  key is
 * borrowed for the call, files for the writer's life.
 *   ERR_REFUSED  path is there and may not be replaced, or path.part is there and no backup's
 *   and what files give */
MUST_USE enum err_code backup_file_create(struct backup_writer **writer, struct files *files,
                                          const char *path, const uint8_t key[BACKUP_KEY_LEN],
                                          bool replace, struct err_note *note);
/* Add an item whose octets are first and then second, together at most BACKUP_ITEM_MAX (asserted).
 */
MUST_USE enum err_code backup_file_add(struct backup_writer *writer, uint8_t kind,
                                       struct octets first, struct octets second,
                                       struct err_note *note);
/* Write what is left, sync, and put the file at path.  The writer has to be closed all the same.
 *   ERR_REFUSED  path came to be there meanwhile, and may not be replaced */
MUST_USE enum err_code backup_file_finish(struct backup_writer *writer, struct err_note *note);
/* Removes path.part if it was not finished.  NULL is none. */
void backup_file_abandon(struct backup_writer *writer);

struct backup_reader;

/* Open a backup and check its header.
 *   ERR_MALFORMED  no backup
 *   ERR_VERSION    of a later version
 *   ERR_TRUNCATED  cut short
 *   ERR_DAMAGED    its header was altered
 *   ERR_DECRYPT    sealed under another key
 *   and what files give */
MUST_USE enum err_code backup_file_open(struct backup_reader **reader, struct files *files,
                                        const char *path, const uint8_t key[BACKUP_KEY_LEN],
                                        struct err_note *note);
/* The next item; octets borrow until the next call.  After an error the reader gives no more.
 *   ERR_NOT_FOUND  that was the last, and the file is whole
 *   ERR_TRUNCATED  cut short
 *   ERR_DAMAGED    altered, or octets that no backup has */
MUST_USE enum err_code backup_file_next(struct backup_reader *reader, uint8_t *kind,
                                        struct octets *octets, struct err_note *note);
/* How much of the file was read, in thousandths. */
unsigned backup_file_permille(const struct backup_reader *reader);
void backup_file_close(struct backup_reader *reader);

#endif
