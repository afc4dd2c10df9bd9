/* home_holds HOME TEXT...: which of these texts stand in a record of the posts or of the journal of
 * a home without a passphrase, opened with its key: what whoever has that would read.  One line for
 * each that does.  HOME is a copy of a home: opening repairs, and a node may hold the home itself.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/home_key.h"
#include "store/log.h"

struct search {
    char **texts;
    size_t count;
    bool *found;
};

static bool contains(struct octets plain, const char *text)
{
    size_t len = strlen(text);
    bool found = false;
    for (size_t i = 0; i + len <= plain.len && !found; i++) {
        found = memcmp(plain.at + i, text, len) == 0;
    }
    return found;
}

static enum err_code look(void *context, const struct segment_record *record)
{
    struct search *search = context;
    for (size_t i = 0; i < search->count; i++) {
        search->found[i] = search->found[i] || contains(record->plain, search->texts[i]);
    }
    return ERR_OK;
}

static enum err_code search_log(struct search *search, struct files *files, const char *folder,
                                const uint8_t key[HOME_KEY_LEN], struct err_note *note)
{
    struct log *log = NULL;
    uint64_t damaged_count = 0;
    struct log_replay replay = {.context = search, .on_record = look};
    enum err_code rc = log_open(&log, &damaged_count, files, folder, key, &replay, note);
    log_close(log);
    return rc == ERR_OK && damaged_count > 0 ? ERR_DAMAGED : rc;
}

static enum err_code search_home(struct search *search, struct files *files, struct err_note *note)
{
    uint8_t home_key[HOME_KEY_LEN];
    uint8_t key[HOME_KEY_LEN];
    enum err_code rc = home_key_open(home_key, files, octets_of(NULL, 0), note);
    if (rc == ERR_OK) {
        home_key_derive(key, home_key, HOME_KEY_STORE);
        rc = search_log(search, files, "log", key, note);
    }
    if (rc == ERR_OK) {
        home_key_derive(key, home_key, HOME_KEY_JOURNAL);
        rc = search_log(search, files, "journal", key, note);
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct files *files = NULL;
    struct err_note note = {{0}};
    if (argc < 3 || sodium_init() < 0) {
        return 2;
    }
    struct search search = {.texts = argv + 2, .count = (size_t)argc - 2};
    search.found = calloc(search.count, sizeof *search.found);
    enum err_code rc =
        search.found == NULL ? ERR_NO_MEMORY : file_posix_new(&files, argv[1], &note);
    rc = rc == ERR_OK ? search_home(&search, files, &note) : rc;
    file_posix_free(files);
    if (rc != ERR_OK) {
        (void)fprintf(stderr, "home_holds: %s: %s\n", err_name(rc), note.text);
        free(search.found);
        return 1;
    }
    for (size_t i = 0; i < search.count; i++) {
        if (search.found[i]) {
            (void)printf("%s\n", search.texts[i]);
        }
    }
    free(search.found);
    return 0;
}
