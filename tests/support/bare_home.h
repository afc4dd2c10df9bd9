/* bare_home.h - a person's home without its node, over files in memory and under one key.
 *
 *     static struct bare_home home;
 *     bare_home_make(&home, bare_home_seed);
 *     assert_int_equal(bare_home_open(&home, &note), ERR_OK);
 *     ...
 *     bare_home_close(&home);      what is left is on the disk, to be opened again
 *     bare_home_free(&home);
 *
 * Errors are those of what is opened; whatever opened before one stays open. */
#ifndef KITH_TESTS_SUPPORT_BARE_HOME_H
#define KITH_TESTS_SUPPORT_BARE_HOME_H

#include "store/archive.h"
#include "store/home_key.h"
#include "store/vault.h"
#include "store/view.h"

struct bare_home {
    struct files *files;
    struct journal *journal; /* NULL: not open, and so are */
    struct vault *vault;
    struct store *store;
    struct archive *archive;
    struct view *view;
};

extern const uint8_t bare_home_key[HOME_KEY_LEN];
extern const uint8_t bare_home_seed[32];

/* New files with a vault from this seed; nothing is open. */
void bare_home_make(struct bare_home *home, const uint8_t seed[32]);
/* Closes whatever is open. */
void bare_home_close(struct bare_home *home);
/* And gives the files back. */
void bare_home_free(struct bare_home *home);

/* Journal and vault. */
MUST_USE enum err_code bare_home_open(struct bare_home *home, struct err_note *note);
MUST_USE enum err_code bare_home_open_store(struct bare_home *home, enum store_kind kind,
                                            struct err_note *note);
/* After the vault, under whose seed it lies. */
MUST_USE enum err_code bare_home_open_archive(struct bare_home *home, struct err_note *note);
/* The view over store and archive, for a person who keeps posts for so long. */
MUST_USE enum err_code bare_home_show(struct bare_home *home, const struct key *own,
                                      const struct vault_contents *contents, uint64_t keep_s,
                                      struct err_note *note);

/* All that a node does about the age of posts: what she keeps is copied, and the rest leaves. */
MUST_USE enum err_code bare_home_age(struct bare_home *home, uint64_t now_s, struct err_note *note);

#endif
