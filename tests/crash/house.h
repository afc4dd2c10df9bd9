/* house.h - a person's home in memory, opened the way a node opens it: journal, vault, store, and
 * then whatever she wrote that the store lacks. */
#ifndef KITH_TESTS_CRASH_HOUSE_H
#define KITH_TESTS_CRASH_HOUSE_H

#include "store/home_key.h"
#include "store/journal.h"
#include "store/store.h"
#include "store/trimming.h"
#include "store/vault.h"

/* Which of her passphrases; 0 for none. */
struct house_words {
    unsigned now;
    unsigned next; /* while it is being changed, else as now */
};

struct house {
    struct files *files; /* borrowed */
    uint8_t key[HOME_KEY_LEN];
    unsigned words; /* that it was opened with */
    struct journal *journal;
    struct vault *vault;
    struct store *store;
    struct trimming trimming;
};

/* Always with the same keys, and without a passphrase. */
MUST_USE enum err_code house_make(struct files *files, struct err_note *note);
/* On an error nothing is open; the key may be. */
MUST_USE enum err_code house_open(struct house *house, struct files *files,
                                  const struct house_words *words, uint64_t now_s,
                                  struct err_note *note);
/* Read everything, as a view does when it is opened, and then store what of hers turned out to be
 * damaged. */
MUST_USE enum err_code house_read_all(struct house *house, uint64_t now_s, struct err_note *note);
/* As the number says; 0: none. */
MUST_USE enum err_code house_change_words(const struct house *house, unsigned words,
                                          struct err_note *note);
/* Nothing open is fine. */
void house_close(struct house *house);

/* Randomness from a seed, so that a run can be repeated: before anything else of libsodium. */
void house_random_from(uint64_t seed);
/* Where it stands: what tries things out puts it back afterwards. */
uint64_t house_random_at(void);
void house_random_back(uint64_t at);

#endif
