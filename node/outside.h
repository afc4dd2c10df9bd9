/* outside.h - files outside the home that the person names: sealed ones come and go there. */
#ifndef KITH_NODE_OUTSIDE_H
#define KITH_NODE_OUTSIDE_H

#include "proto/err.h"
#include "proto/octets.h"

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
