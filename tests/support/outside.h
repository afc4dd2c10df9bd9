/* outside.h - a folder for files that a person keeps outside the home. */
#ifndef KITH_TESTS_SUPPORT_OUTSIDE_H
#define KITH_TESTS_SUPPORT_OUTSIDE_H

#include <stdbool.h>

#define OUTSIDE_PATH_MAX 40

/* Make an empty folder of its own, in memory where the system has such a place: what is tested with
 * it is what the files say, and a busy disk would take a second for each.  False when it could not
 * be made. */
bool outside_make(char path[OUTSIDE_PATH_MAX]);

#endif
