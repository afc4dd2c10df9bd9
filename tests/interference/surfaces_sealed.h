/* surfaces_sealed.h - the surfaces that write and read sealed files.  Two files never have the same
 * octets, since their keys are random: compared are the answers, and what lies in the files once
 * opened. */
#ifndef KITH_TESTS_INTERFERENCE_SURFACES_SEALED_H
#define KITH_TESTS_INTERFERENCE_SURFACES_SEALED_H

#include "store/sealed_file.h"
#include "tests/interference/surfaces.h"

/* Ask both worlds; each time a new file is written at the place that the word "FILE" stands for.
 * *same is whether both files, sealed to the owner, hold the same, or neither is there. */
void sealed_ask(struct surfaces *surfaces, bool *same, struct answer answers[2],
                enum sealed_purpose purpose, size_t words_count, const char *const *words);

/* A file of evidence with posts of the history, or of a list with its people, sealed to the owner.
 * The path is good until the next call; sealed_remove() removes what is there. */
const char *sealed_evidence(const struct surfaces *surfaces);
const char *sealed_list(const struct surfaces *surfaces);
/* The same place, whatever is there. */
const char *sealed_place(void);
void sealed_remove(void);

#endif
