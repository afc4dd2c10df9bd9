/* fuzz.h - what every harness defines. */
#ifndef KITH_TESTS_FUZZ_FUZZ_H
#define KITH_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Try octets[0 .. len) on the code under test; whatever goes wrong aborts.  Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len);

#endif
