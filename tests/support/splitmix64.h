/* splitmix64.h - numbers for tests, from a seed (Steele, Lea, Flood: Fast splittable pseudorandom
 * number generators, 2014). */
#ifndef KITH_TESTS_SUPPORT_SPLITMIX64_H
#define KITH_TESTS_SUPPORT_SPLITMIX64_H

#include <stdint.h>

static inline uint64_t splitmix64(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

#endif
