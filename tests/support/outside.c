#include "tests/support/outside.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

bool outside_make(char path[OUTSIDE_PATH_MAX])
{
    static const char memory[] = "/dev/shm";
    (void)snprintf(path, OUTSIDE_PATH_MAX, "%s/kith-outside-XXXXXX",
                   access(memory, W_OK) == 0 ? memory : "/tmp");
    return mkdtemp(path) != NULL;
}
