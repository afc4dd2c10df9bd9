/* outside.h - files outside the home that the person names: sealed ones come and go there. */
#ifndef KITH_NODE_OUTSIDE_H
#define KITH_NODE_OUTSIDE_H

#include "proto/err.h"
#include "proto/octets.h"
#include "store/file.h"

#define OUTSIDE_PATH_MAX 4096

/* A file's folder, opened. */
struct outside {
    char folder[OUTSIDE_PATH_MAX];
    char whole[OUTSIDE_PATH_MAX];
    const char *name; /* of the file, in whole */
    struct files *files;
};

/*   ERR_USAGE, ERR_NOT_FOUND  as outside_put() */
MUST_USE enum err_code outside_open(struct outside *outside, struct octets path,
                                    struct err_note *note);
/* One of zeros is none. */
void outside_close(struct outside *outside);

/* Put these octets into a new file as sealed_put() does.  path is absolute.
 *   ERR_USAGE      not an absolute path, or no name in it
 *   ERR_NOT_FOUND  there is no such folder
 *   and what sealed_put() gives */
MUST_USE enum err_code outside_put(struct octets path, struct octets octets, struct err_note *note);

/* A whole sealed file, for the caller to free().
 *   ERR_USAGE      not an absolute path, or no name in it
 *   ERR_NOT_FOUND  there is no such file
 *   ERR_REFUSED    it is no plain file, or larger than any sealed file
 *   and what files give */
MUST_USE enum err_code outside_read(uint8_t **at, size_t *len, struct octets path,
                                    struct err_note *note);

#endif
