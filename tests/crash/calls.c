#include "tests/crash/calls.h"

#include <stdlib.h>

static const char *const names[FILE_MEMORY_CHANGES_COUNT] = {
    "append", "write_at", "sync", "truncate", "create", "rename", "remove", "make_dir", "sync_dir"};

struct calls calls_of(const char *argument)
{
    struct calls calls = CALLS_ALL;
    char *slash = NULL;
    if (argument != NULL && argument[0] == '=') {
        calls.only = strtoull(argument + 1, NULL, 10);
    } else if (argument != NULL) {
        calls.shard = strtoull(argument, &slash, 10);
        calls.shards_count = *slash == '/' ? strtoull(slash + 1, NULL, 10) : 1;
    }
    return calls;
}

bool calls_next(struct calls *calls, uint64_t *number)
{
    *number = calls->count++;
    bool tried = calls->only != UINT64_MAX
                     ? *number == calls->only
                     : *number / CALLS_STRETCH % calls->shards_count == calls->shard;
    calls->tried_count += tried ? 1 : 0;
    return tried;
}

const char *calls_name(enum file_memory_call call)
{
    return names[call];
}
