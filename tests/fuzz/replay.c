/* replay DIR...: feed every file of each directory to the harness once.  A directory without a
 * file fails, so that a lost corpus is noticed. */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define PATH_LEN_MAX 4096

static int replay_file(const char *path, size_t len)
{
    /* Exactly len octets, so that a sanitizer sees a read beyond them. */
    uint8_t *octets = malloc(len > 0 ? len : 1);
    FILE *file = fopen(path, "rb");
    int rc = -1;
    if (octets != NULL && file != NULL && fread(octets, 1, len, file) == len) {
        rc = LLVMFuzzerTestOneInput(octets, len);
    } else {
        perror(path);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    free(octets);
    return rc;
}

/* Returns how many files were fed, or -1. */
static int replay_directory(const char *directory)
{
    struct dirent **entries = NULL;
    int entries_count = scandir(directory, &entries, NULL, alphasort);
    int fed_count = 0;
    for (int i = 0; i < entries_count; i++) {
        char path[PATH_LEN_MAX];
        struct stat about;
        (void)snprintf(path, sizeof path, "%s/%s", directory, entries[i]->d_name);
        if (fed_count >= 0 && stat(path, &about) == 0 && S_ISREG(about.st_mode)) {
            fed_count = replay_file(path, (size_t)about.st_size) == 0 ? fed_count + 1 : -1;
        }
        free(entries[i]);
    }
    free(entries);
    return fed_count;
}

int main(int args_count, char **args)
{
    if (args_count < 2) {
        (void)fprintf(stderr, "usage: %s DIRECTORY...\n", args[0]);
        return EXIT_FAILURE;
    }
    for (int i = 1; i < args_count; i++) {
        int fed_count = replay_directory(args[i]);
        if (fed_count <= 0) {
            (void)fprintf(stderr, "%s: no file could be replayed\n", args[i]);
            return EXIT_FAILURE;
        }
        (void)printf("%s: %d files\n", args[i], fed_count);
    }
    return EXIT_SUCCESS;
}
