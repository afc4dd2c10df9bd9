/* fault.h - something fails inside a history: the process is doubled there, and in the double it
 * fails.  What must hold then is checked, the double ends, and the history goes on as if nothing
 * had been. */
#ifndef KITH_TESTS_CRASH_FAULT_H
#define KITH_TESTS_CRASH_FAULT_H

#include "tests/crash/life.h"

/* True in the double.  Else waits for it, and ends the program where it did not hold; told says
 * what failed there. */
bool fault_double(const char *told);
/* Whether this process is a double. */
bool fault_is_double(void);
/* In the double, once the act has returned rc: an error comes with words, nothing acknowledged is
 * lost or changed before and after opening again and after a crash of the machine, and the home
 * works on.  Does not return. */
_Noreturn void fault_finish(struct life *life, enum err_code rc);

uint64_t fault_count(void);

#endif
