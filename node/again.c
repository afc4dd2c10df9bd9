#include "node/again.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "node/memory.h"

#define SELF       "/proc/self/exe"
#define NUMBER_LEN 16

static char option_held[] = "--held";

/* Every other descriptor closes by itself. */
static void keep_lock(char number[NUMBER_LEN], const struct home *home)
{
    (void)fcntl(home->lock_fd, F_SETFD, 0);
    (void)snprintf(number, NUMBER_LEN, "%d", home->lock_fd);
}

static bool is_option(const char *word, const char *name)
{
    size_t len = strlen(name);
    return strncmp(word, name, len) == 0 && (word[len] == '\0' || word[len] == '=');
}

void again_locked(const struct home *home, const struct options *options)
{
    char number[NUMBER_LEN];
    char **argv = memory_get(((size_t)options->argc + 3) * sizeof *argv);
    int count = 0;
    keep_lock(number, home);
    for (int i = 0; i < options->argc; i++) {
        char *word = options->argv[i];
        if (!is_option(word, "--passphrase-file") && !is_option(word, option_held)) {
            argv[count++] = word;
        } else if (strchr(word, '=') == NULL) {
            i++; /* its value */
        }
    }
    argv[count++] = option_held;
    argv[count++] = number;
    (void)execv(SELF, argv);
    free(argv);
}

void again_panic(const struct home *home)
{
    static char program[] = "kithd";
    static char option_home[] = "--home";
    static char option_panic[] = "--panic";
    char number[NUMBER_LEN];
    char path[HOME_PATH_MAX];
    memcpy(path, home->path, sizeof path);
    keep_lock(number, home);
    char *argv[] = {program, option_home, path, option_panic, option_held, number, NULL};
    (void)execv(SELF, argv);
}
