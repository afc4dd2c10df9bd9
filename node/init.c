#include "node/init.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "node/home_begun.h"
#include "node/key_watch.h"
#include "node/memory.h"
#include "node/passphrase.h"
#include "node/words.h"
#include "proto/canon.h"
#include "proto/post.h"
#include "proto/tag.h"
#include "store/journal.h"

static enum err_code check_shields(const struct options *options, struct err_note *note)
{
    uint8_t tag[TAG_MAX];
    size_t len = 0;
    for (size_t i = 0; i < options->shields_count; i++) {
        if (tag_normalise(tag, &len, octets_of_text(options->shields[i])) != ERR_OK) {
            return err_note(note, ERR_USAGE,
                            "'%s' cannot be a tag: letters, digits and _ make one, without spaces, "
                            "at most %d octets. Nothing was made",
                            options->shields[i], TAG_MAX);
        }
    }
    return ERR_OK;
}

static enum err_code no_terminal(struct err_note *note)
{
    return err_note(note, ERR_USAGE,
                    "a passphrase protects a home, and there is no terminal to ask for one: please "
                    "say --passphrase-file F, or --no-passphrase. Nothing was made");
}

static enum err_code check(const struct options *options, struct err_note *note)
{
    if (options->passphrase_file == NULL && !options->no_passphrase && !passphrase_can_ask()) {
        return no_terminal(note);
    }
    if (options->name == NULL) {
        return check_shields(options, note);
    }
    struct octets name = octets_of_text(options->name);
    if (name.len > POST_NAME_MAX || !canon_utf8_valid(name)) {
        return err_note(note, ERR_USAGE, "a name is UTF-8 and at most %d octets long",
                        POST_NAME_MAX);
    }
    return check_shields(options, note);
}

/* Only written down: the node sends what the journal has and the store has not. */
static enum err_code write_profile(struct journal *journal, const struct vault *vault,
                                   const char *name, struct err_note *note)
{
    struct post_draft draft = {
        .kind = POST_PROFILE, .created_s = (uint64_t)time(NULL), .text = octets_of_text(name)};
    uint8_t *wire = memory_get(POST_WIRE_MAX);
    size_t len = 0;
    struct post_id id;
    enum err_code rc = post_sign(wire, &len, &id, &draft, vault_identity_seed(vault));
    if (rc == ERR_OK) {
        rc = journal_own_post(journal, &id, octets_of(wire, len), note);
    }
    free(wire);
    return rc == ERR_OK ? rc : err_note(note, rc, "writing the profile");
}

static enum err_code raise_shields(struct vault *vault, const struct options *options,
                                   struct err_note *note)
{
    enum err_code rc = ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < options->shields_count; i++) {
        uint8_t tag[TAG_MAX];
        size_t len = 0;
        bool changed = false;
        rc = tag_normalise(tag, &len, octets_of_text(options->shields[i]));
        if (rc == ERR_OK) {
            rc = vault_shield(vault, &changed, VAULT_SHIELD_TAG, octets_of(tag, len));
        }
    }
    return rc == ERR_OK ? vault_commit(vault, note) : rc;
}

/* What the new home begins with, beyond its keys. */
static enum err_code furnish(struct home *home, const struct options *options,
                             struct err_note *note)
{
    uint8_t *key = memory_get_secret(HOME_KEY_LEN);
    struct journal *journal = NULL;
    struct vault *vault = NULL;
    home_key_derive(key, home->key, HOME_KEY_JOURNAL);
    enum err_code rc = journal_open(&journal, home->files, key, note);
    sodium_free(key);
    if (rc == ERR_OK) {
        rc = vault_open(&vault, home->files, home->key, journal, note);
    }
    if (rc == ERR_OK && options->shields_count > 0) {
        rc = raise_shields(vault, options, note);
    }
    if (rc == ERR_OK && options->name != NULL && options->name[0] != '\0') {
        rc = write_profile(journal, vault, options->name, note);
    }
    if (vault != NULL) {
        vault_keep_copy(vault);
    }
    vault_close(vault);
    journal_close(journal);
    return rc;
}

/* Killed or out of room before the end, nothing of it counts. */
static enum err_code make_whole(struct home *home, const uint8_t *seed, struct octets passphrase,
                                const struct options *options, struct err_note *note)
{
    struct key_watch watch = {.home = NULL};
    enum err_code rc = home_begin(home, HOME_BEGUN_INIT, note);
    rc = rc == ERR_OK ? key_watch_start(&watch, home, home_begun_mark(HOME_BEGUN_INIT), note) : rc;
    rc = rc == ERR_OK ? home_make_vault_of(home, VAULT_PERSONAL, seed, passphrase, note) : rc;
    rc = rc == ERR_OK ? furnish(home, options, note) : rc;
    key_watch_stop(&watch);
    return rc == ERR_OK ? home_finish(home, HOME_BEGUN_INIT, note) : rc;
}

enum err_code init_passphrase(struct passphrase *passphrase, const struct options *options,
                              struct err_note *note)
{
    if (options->no_passphrase || options->passphrase_file != NULL) {
        return ERR_OK; /* said, or read before anything was made */
    }
    if (!passphrase_can_ask()) {
        return no_terminal(note);
    }
    (void)fputs(
        "A passphrase keeps everything in this home unreadable while your node is locked or "
        "off.\nA few words that nobody would guess are better than one. Nobody can bring it "
        "back for you.\nJust Enter: no passphrase, and whoever gets hold of this computer "
        "or its disk can\nread your home. `kith passphrase` changes this at any time.\n",
        stderr);
    return passphrase_ask_new(passphrase, note);
}

/* The home is whole; a panic meanwhile ends this too. */
static enum err_code offer(const struct home *home, const uint8_t *seed, struct err_note *note)
{
    struct key_watch watch;
    enum err_code rc = key_watch_start(&watch, home, "key", note);
    if (rc == ERR_OK) {
        words_offer(seed);
        key_watch_stop(&watch);
    }
    return rc;
}

static enum err_code tell(enum err_code rc, const struct home *home, struct err_note *note)
{
    return rc == ERR_NO_SPACE || rc == ERR_PERMISSION || rc == ERR_IO
               ? err_note(note, rc,
                          "no home was made in %s; please make room there, or choose another "
                          "folder with --home, and do it again",
                          home->path)
               : rc;
}

static enum err_code make(struct home *home, struct passphrase *passphrase,
                          const struct options *options, struct err_note *note)
{
    if (home_begun(home) == HOME_BEGUN_RESTORE) {
        return home_begun_tell(home, ERR_REFUSED, note);
    }
    if (home_has_vault(home)) {
        return err_note(note, ERR_REFUSED,
                        "there is a home in %s already; nothing was changed. `kith up` starts it",
                        home->path);
    }
    enum err_code rc = home_check_free(home, note);
    rc = rc == ERR_OK ? init_passphrase(passphrase, options, note) : rc;
    if (rc != ERR_OK) {
        return rc;
    }
    uint8_t *seed = memory_get_secret(WORDS_SEED_LEN);
    randombytes_buf(seed, WORDS_SEED_LEN);
    rc = make_whole(home, seed, passphrase_octets(passphrase), options, note);
    rc = rc == ERR_OK ? rc : tell(rc, home, note);
    rc = rc == ERR_OK ? offer(home, seed, note) : rc;
    sodium_free(seed);
    return rc;
}

enum err_code init_run(const char *path, const struct options *options, struct err_note *note)
{
    struct home home;
    struct passphrase passphrase = {0};
    enum err_code rc = check(options, note);
    if (rc == ERR_OK && options->passphrase_file != NULL) {
        rc = passphrase_from_file(&passphrase, options->passphrase_file, note);
    }
    if (rc == ERR_OK) {
        rc = home_open(&home, path, true, note);
    }
    if (rc == ERR_OK) {
        rc = make(&home, &passphrase, options, note);
        home_close(&home);
    }
    passphrase_close(&passphrase);
    return rc;
}
