#include "cli/path.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_LEN_MAX 4096

int path_complete(struct cli *cli, struct invocation *invocation, enum parameter_name name)
{
    char whole[PATH_LEN_MAX];
    for (size_t i = 0; i < invocation->values_count; i++) {
        struct value *value = &invocation->values[i];
        if (value->parameter != name) {
            continue;
        }
        if (value->text_len == 0 || strcmp(value->text, "-") == 0) {
            return cli_fail(cli, CLI_WRONG_USAGE, "FILE is the name of a file. Nothing was sent.");
        }
        if (value->text[0] == '/') {
            return CLI_DONE;
        }
        size_t used = getcwd(whole, sizeof whole) != NULL ? strlen(whole) : sizeof whole;
        if (used + 1 + value->text_len >= sizeof whole) {
            return cli_fail(cli, CLI_REFUSED, "That file name is too long. Nothing was sent.");
        }
        whole[used++] = '/';
        memcpy(whole + used, value->text, value->text_len + 1);
        char *copy = strdup(whole);
        if (copy == NULL) {
            return cli_fail(cli, CLI_REFUSED, "There is not enough memory.");
        }
        free(value->text);
        value->text = copy;
        value->text_len = strlen(copy);
    }
    return CLI_DONE;
}
