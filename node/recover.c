#include "node/recover.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "node/home.h"
#include "node/home_begun.h"
#include "node/key_watch.h"
#include "store/vault_recover.h"

static void print_date(uint64_t at_s)
{
    char text[32] = "";
    time_t at = (time_t)at_s;
    struct tm parts;
    if (at_s > 0 && gmtime_r(&at, &parts) != NULL &&
        strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts) > 0) {
        (void)printf("The copy is of %s.\n", text);
    } else {
        (void)printf("The copy does not say when it was made.\n");
    }
}

static void say(const struct vault_recovery *recovery)
{
    if (!recovery->needed) {
        (void)printf("Your keys and your list of blocks are in order. Nothing was changed.\n");
        return;
    }
    print_date(recovery->saved_s);
    if (recovery->journal_is_older) {
        (void)printf("The journal, which counts your changes, ends before it. Whatever you changed "
                     "or\n"
                     "blocked after that copy may be missing, and what you wrote since the journal "
                     "ends too:\n"
                     "please look through `kith blocks`.\n");
    } else if (recovery->changes_missing == 0) {
        (void)printf("It was made after your last change: nothing is missing.\n");
    } else {
        (void)printf("It lacks the last %" PRIu64
                     " changes. Your blocks among them were written down "
                     "elsewhere and\n"
                     "are all back. What may be missing: petnames, follows, shields and peers "
                     "you added since,\n"
                     "and what you removed since may be there again.\n",
                     recovery->changes_missing);
    }
    (void)printf(
        "On your list of blocks: %zu. `kith up` starts your node; `kith blocks` shows them.\n",
        recovery->blocks_count);
}

enum err_code recover_run(const char *path, const struct options *options, struct err_note *note)
{
    struct home home;
    struct vault_recovery recovery = {.needed = false};
    struct key_watch watch = {.home = NULL};
    enum err_code rc = home_open(&home, path, false, note);
    if (rc != ERR_OK) {
        return rc;
    }
    if (home_begun(&home) != HOME_BEGUN_NOTHING) {
        rc = home_begun_tell(&home, ERR_NO_NODE, note);
        home_close(&home);
        return rc;
    }
    if (file_exists(home.files, "key")) {
        rc = key_watch_start(&watch, &home, "key", note);
    }
    rc = rc == ERR_OK ? home_unlock_asking(&home, options->passphrase_file, note) : rc;
    if (rc == ERR_OK) {
        rc = vault_recover(&recovery, home.files, home.key, note);
    }
    key_watch_stop(&watch);
    bool has_vault = home_has_vault(&home) || file_exists(home.files, "vault.last");
    home_close(&home);
    if (rc == ERR_NOT_FOUND && has_vault) {
        rc = err_note(note, ERR_DAMAGED, "the key file is missing");
    }
    if (rc == ERR_NOT_FOUND) {
        *note = (struct err_note){{0}};
        return err_note(note, ERR_NO_NODE, "there is no home in %s; `kith init` makes one", path);
    }
    if (rc == ERR_DAMAGED || rc == ERR_ROLLBACK) {
        return err_note(note, rc,
                        "nothing was changed, and nothing is shown until the home is put back from "
                        "a backup");
    }
    if (rc == ERR_OK) {
        say(&recovery);
    }
    return rc;
}
