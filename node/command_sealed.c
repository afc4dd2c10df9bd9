#include "node/command_sealed.h"

#include <sodium.h>
#include <stdlib.h>

#include "node/outside.h"

enum err_code command_recipient(struct commands *c, struct sealed_recipient *recipient,
                                struct octets args, struct err_note *note)
{
    struct octets passphrase = {0};
    struct octets who = {0};
    enum err_code rc = command_arg_str(&passphrase, args, "passphrase", note);
    if (rc == ERR_OK) {
        rc = command_arg_str(&who, args, "for", note);
    }
    if (rc == ERR_OK && passphrase.len > SEALED_PASSPHRASE_MAX) {
        rc = err_note(note, ERR_USAGE, "a passphrase holds at most %d octets",
                      SEALED_PASSPHRASE_MAX);
    }
    if (rc == ERR_OK && passphrase.len > 0 && who.len > 0) {
        rc = err_note(note, ERR_USAGE, "a file is sealed to a passphrase or to a key, not to both");
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (passphrase.len > 0) {
        *recipient =
            (struct sealed_recipient){.mode = SEALED_TO_PASSPHRASE, .passphrase = passphrase};
        return ERR_OK;
    }
    struct view_target target = {.key = vault_identity(c->vault)};
    if (who.len > 0 && command_waits_for_confirm(c)) {
        rc = command_resolve_unshown(c, &target, who, note);
    } else if (who.len > 0) {
        rc = command_resolve(c, &target, who, VIEW_WANT_KEY, VIEW_WEB, note);
    }
    if (rc == ERR_OK) {
        *recipient = (struct sealed_recipient){.mode = SEALED_TO_KEY, .key = target.key};
    }
    return rc;
}

static enum err_code seal_words(enum err_code rc, struct err_note *note)
{
    if (rc == ERR_REFUSED) {
        return err_note(note, rc, "nothing can be sealed to that key");
    }
    if (rc == ERR_TOO_LARGE) {
        return err_note(note, ERR_REFUSED, "it is more than one sealed file holds");
    }
    return err_note(note, rc, "sealing: %s", err_text(rc));
}

enum err_code command_seal(struct octets args, const char *file_name, enum sealed_purpose purpose,
                           const struct sealed_recipient *recipient, struct octets plain,
                           struct err_note *note)
{
    struct octets path = {0};
    uint8_t *sealed = NULL;
    size_t sealed_len = 0;
    enum err_code rc = command_arg_str_required(&path, args, file_name, note);
    if (rc != ERR_OK) {
        return rc;
    }
    rc = sealed_encode(&sealed, &sealed_len, purpose, recipient, plain);
    if (rc != ERR_OK) {
        return seal_words(rc, note);
    }
    rc = outside_put(path, octets_of(sealed, sealed_len), note);
    free(sealed);
    return rc;
}

static enum err_code open_words(enum err_code rc, enum sealed_mode mode, struct err_note *note)
{
    switch ((int)rc) {
    case ERR_MALFORMED:
        return err_note(note, ERR_REFUSED, "this is no file that kith sealed");
    case ERR_VERSION:
        return err_note(note, ERR_REFUSED, "a later version of kith sealed this file");
    case ERR_UNEXPECTED:
        return err_note(note, ERR_REFUSED,
                        "this file was sealed for something else: `kith verify` reads evidence, "
                        "`kith blocks import` lists of blocks");
    case ERR_TRUNCATED:
        return err_note(note, ERR_REFUSED, "the end of this file is missing; please copy it again");
    case ERR_DAMAGED:
        return err_note(note, ERR_REFUSED,
                        "this file was altered or damaged, and nothing in it can be relied on; "
                        "please copy it again");
    case ERR_DECRYPT:
        return mode == SEALED_TO_PASSPHRASE
                   ? err_note(note, ERR_REFUSED, "this passphrase does not open the file")
                   : err_note(note, ERR_REFUSED,
                              "this file is sealed to somebody else's key, and yours does not open "
                              "it");
    case ERR_TOO_LARGE:
        return err_note(note, ERR_REFUSED, "opening this file asks for more work than kith does");
    default:
        return err_note(note, rc, "opening the file: %s", err_text(rc));
    }
}

enum err_code command_open_sealed(struct commands *c, uint8_t **plain, size_t *plain_len,
                                  struct octets args, enum sealed_purpose purpose,
                                  struct err_note *note)
{
    struct octets path = {0};
    struct sealed_opener opener = {.identity_seed = vault_identity_seed(c->vault)};
    uint8_t *sealed = NULL;
    size_t sealed_len = 0;
    enum err_code rc = command_arg_str_required(&path, args, "file", note);
    if (rc == ERR_OK) {
        rc = command_arg_str(&opener.passphrase, args, "passphrase", note);
    }
    if (rc == ERR_OK && opener.passphrase.len > SEALED_PASSPHRASE_MAX) {
        rc = err_note(note, ERR_USAGE, "a passphrase holds at most %d octets",
                      SEALED_PASSPHRASE_MAX);
    }
    if (rc == ERR_OK) {
        rc = outside_read(&sealed, &sealed_len, path, note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    enum sealed_mode mode = SEALED_TO_KEY;
    rc = sealed_mode_of(&mode, purpose, octets_of(sealed, sealed_len));
    if (rc == ERR_OK) {
        rc = sealed_decode(plain, plain_len, purpose, octets_of(sealed, sealed_len), &opener);
    }
    free(sealed);
    return rc == ERR_OK || rc == ERR_LOCKED ? rc : open_words(rc, mode, note);
}
