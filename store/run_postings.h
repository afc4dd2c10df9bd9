/* run_postings.h - the refs and words of a run: under a hash, ascending positions.
 *
 * Hashes are keyed and have 64 bits: that two of one store are the same by chance is neglected
 * for words; who needs to be sure of a ref reads the post. */
#ifndef KITH_STORE_RUN_POSTINGS_H
#define KITH_STORE_RUN_POSTINGS_H

#include "store/run.h"

/* Where a cursor stands.  Caller's storage of about 4 KiB; nothing to close; the run must outlive
 * it. */
struct run_postings {
    const struct run *run; /* all of it the cursor's own */
    uint64_t hash;
    uint32_t block;
    uint32_t position;
    size_t at;
    size_t piece_end;
    uint8_t family;
    bool begun; /* position was given */
    bool fresh; /* the next entry is the first of its piece */
    bool end;
    uint8_t plain[BLOCK_CACHE_PLAIN_LEN];
};

/* Stand before the first post that refers to the id with this run_hash_id(), or that holds the word
 * with this run_hash_word().  Reads nothing yet; for refs the filter is asked first, and where it
 * says no nothing will be read at all. */
void run_refs_begin(struct run_postings *cursor, const struct run *run, uint64_t subject_hash);
void run_words_begin(struct run_postings *cursor, const struct run *run, uint64_t word_hash);

/* The next ref, ascending in (position, relation); the next position that holds the word, ascending
 * without repeats.
 *   ERR_NOT_FOUND  there is none any more; nothing in the note
 *   ERR_DAMAGED, ERR_IO */
MUST_USE enum err_code run_refs_next(struct run_postings *cursor, uint32_t *position,
                                     uint8_t *relation, struct err_note *note);
MUST_USE enum err_code run_words_next(struct run_postings *cursor, uint32_t *position,
                                      struct err_note *note);
/* The first position at or above `least` and behind what was given before; passes over whole
 * blocks without reading them, so that leaping cursors intersect quickly.  Errors as before. */
MUST_USE enum err_code run_words_seek(struct run_postings *cursor, uint32_t *position,
                                      uint32_t least, struct err_note *note);

/* Whether the filter knows this subject; false: nothing in the run refers to it. */
bool run_refs_may_have(const struct run *run, uint64_t subject_hash);
/* About how many octets the word's positions take, from memory alone: to begin with the rarer. */
uint64_t run_words_weight(const struct run *run, uint64_t word_hash);

#endif
