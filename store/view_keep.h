/* view_keep.h - before posts leave the store by age, what she is to keep of them is copied into
 * the archive (SPEC 7.6, 10.15).
 *
 * Slice by slice, on the view's thread, between whatever else it does.  What a crash interrupts
 * begins again; what was copied by then is there once. */
#ifndef KITH_STORE_VIEW_KEEP_H
#define KITH_STORE_VIEW_KEEP_H

#include "store/archive.h"
#include "store/view.h"

struct view_keep;

/* Begin for the store's floor at floor_s, the beginning of a day above archive_floor().  view
 * and archive are borrowed; the archive is the view's shelf.  now_s is when expiry is judged by, as
 * far as store_settle() lets it.
 *   ERR_DAMAGED, ERR_ROLLBACK  the view shows nothing now: later
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_keep_begin(struct view_keep **keep, struct view *view,
                                       struct archive *archive, uint64_t floor_s, uint64_t now_s,
                                       struct err_note *note);
/* Copy some.  *done: all of it is in the archive, archive_floor() is floor_s, and the view shows
 * nothing any more that left; store_release() may be told.
 *   ERR_DAMAGED, ERR_ROLLBACK, ERR_NO_MEMORY  as above
 *   ERR_NO_SPACE, ERR_IO, ERR_PERMISSION      begin again later */
MUST_USE enum err_code view_keep_step(struct view_keep *keep, bool *done, uint64_t now_s,
                                      struct err_note *note);
void view_keep_free(struct view_keep *keep);

/* An own post that stands in the journal and came to no store, if it is too old for the store by
 * now: *kept, and the archive has it, unless she took it back.  wire is its octets.
 *   errors as store_put() */
MUST_USE enum err_code view_keep_own(struct view *view, struct archive *archive, bool *kept,
                                     struct octets wire, struct err_note *note);

/* Tell the archive what authors took back since; some of it at a time.  *more: there is more.
 *   errors as store_put(): ask again later */
MUST_USE enum err_code view_keep_retracts(struct view *view, struct archive *archive, bool *more,
                                          uint64_t now_s, struct err_note *note);

#endif
