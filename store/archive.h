/* archive.h - what a person keeps of the posts that leave her store by age (SPEC 10.15).
 *
 * A second store in the folders "archive" and "archive.index" of the home, under a key that takes
 * the vault to make, and the sealed file "archive/kept", which says why each post is there.  Only
 * the view reads it; the network side does not know that there is one.  One thread puts; any may
 * tend its store.
 *
 * What is hers stays.  What others wrote leaves once it is dated before the archive's bound, the
 * floor of its store: that rises by age alone, and never above archive_floor(). */
#ifndef KITH_STORE_ARCHIVE_H
#define KITH_STORE_ARCHIVE_H

#include "store/shelf.h"
#include "store/store.h"

#define ARCHIVE_KEY_LEN 32

struct archive;

/* The key, from what HOME_KEY_ARCHIVE derives and the vault's seed: neither is enough. */
void archive_key(uint8_t out[ARCHIVE_KEY_LEN], const uint8_t home_part[32], const uint8_t seed[32]);

/* Open the archive, or make it; own is whose it is.
 *   ERR_DAMAGED    it does not open under this key, or nobody knows any more why its posts are
 *                  there
 *   ERR_ROLLBACK, ERR_IO, ERR_NO_SPACE, ERR_PERMISSION, ERR_NO_MEMORY  as store_open() */
MUST_USE enum err_code archive_open(struct archive **archive, struct files *files,
                                    const uint8_t key[ARCHIVE_KEY_LEN], const struct key *own,
                                    struct err_note *note);
void archive_close(struct archive *archive);

/* For tending and figures, and to read all of it. */
struct store *archive_store(struct archive *archive);
/* How many of its posts were found damaged or missing, as far as that can be said. */
uint64_t archive_missing(const struct archive *archive);
/* Whether posts left the home's store for another state of the archive than this one: left is what
 * store_left() says.  An empty archive then goes on from there: *anew.
 *   ERR_ROLLBACK  it is an older one
 *   and what archive_floor_set() gives */
MUST_USE enum err_code archive_beside(struct archive *archive, bool *anew,
                                      const struct store_left *left, struct err_note *note);
/* Why the post at this position is there, and where the floor stood when it came, in days since
 * the epoch. */
enum shelf_why archive_why(const struct archive *archive, uint64_t position, uint32_t *day);

/* Copy posts, at most STORE_BATCH_MAX, which are here for this reason and from this day on.  What
 * is here already stays for its old reason, but that SHELF_ITSELF outranks the others; what is
 * below the bound is left out.  Durable on return.
 *   errors as store_put(): some may be here */
MUST_USE enum err_code archive_put(struct archive *archive, const struct post *posts,
                                   const struct octets *wires, size_t count,
                                   const struct shelf_since *since, uint64_t now_s,
                                   struct err_note *note);
/* Its author took something back: out of the archive too, where it is there. */
MUST_USE enum err_code archive_retract(struct archive *archive, const struct post *retract,
                                       struct octets wire, uint64_t now_s, struct err_note *note);

/* Everything dated before it that is to be kept is here; the beginning of a UTC day, or 0. */
uint64_t archive_floor(const struct archive *archive);
/* What store_release() is to be told: that floor, and a number that grows with whatever the archive
 * says of itself. */
struct store_left archive_state(const struct archive *archive);
/* Durable on return.
 *   ERR_IO, ERR_NO_SPACE, ERR_PERMISSION, ERR_NO_MEMORY  unchanged */
MUST_USE enum err_code archive_floor_set(struct archive *archive, uint64_t floor_s,
                                         struct err_note *note);

/* The bound rises with the next tending to where the capped rules of its store want it, but no
 * further than archive_floor() now.  Now and then. */
void archive_release(struct archive *archive);
/* What others wrote is not here if it is dated before it; the beginning of a UTC day, or 0.  Only
 * rises, also over restarts.  From any thread. */
uint64_t archive_bound(const struct archive *archive);
/* Whether the bound lets a post be here. */
bool archive_admits(const struct archive *archive, const struct post *post);

/* As the view reads it; borrows the archive. */
struct shelf archive_shelf(struct archive *archive);

#endif
