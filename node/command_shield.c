/* shield, unshield, shields: tags and words she does not want to meet, in force in every open view
 * before the answer leaves. */
#include "node/command_run.h"
#include "store/view.h"

/* What was typed, in the form in which the vault keeps it. */
struct named {
    enum vault_shield_kind kind;
    uint8_t text[VAULT_SHIELD_LEN_MAX];
    size_t text_len;
};

static enum err_code read_word(struct named *named, struct octets typed, struct err_note *note)
{
    named->kind = VAULT_SHIELD_WORD;
    enum err_code rc = view_word(named->text, &named->text_len, typed);
    if (rc == ERR_MALFORMED) {
        return err_note(note, ERR_USAGE,
                        "a shield holds one word, letters and digits without spaces or signs; "
                        "several words are several shields. Nothing was changed");
    }
    if (rc == ERR_TOO_LARGE) {
        return err_note(note, ERR_USAGE,
                        "this word is too long: at most %d octets. Nothing was changed",
                        VAULT_SHIELD_LEN_MAX);
    }
    return rc;
}

static enum err_code read_tag(struct named *named, struct octets typed, struct err_note *note)
{
    named->kind = VAULT_SHIELD_TAG;
    return command_tag(named->text, &named->text_len, typed, note);
}

static enum err_code read_named(struct named *named, struct octets args, struct err_note *note)
{
    struct octets tag = {0};
    struct octets word = {0};
    enum err_code rc = command_arg_str(&tag, args, "tag", note);
    if (rc == ERR_OK) {
        rc = command_arg_str(&word, args, "word", note);
    }
    if (rc == ERR_OK && (tag.len == 0) == (word.len == 0)) {
        rc = err_note(note, ERR_USAGE, "name one tag, or one word with --word");
    }
    if (rc != ERR_OK) {
        return rc;
    }
    return tag.len > 0 ? read_tag(named, tag, note) : read_word(named, word, note);
}

static enum err_code change(struct commands *c, bool *changed, const struct named *named,
                            bool raise, struct err_note *note)
{
    struct octets text = octets_of(named->text, named->text_len);
    if (!raise) {
        enum err_code rc = vault_unshield(c->vault, changed, named->kind, text);
        return rc == ERR_OK && !*changed
                   ? err_note(note, ERR_NOT_FOUND,
                              "this is not among your shields; `kith shields` lists them")
                   : rc;
    }
    enum err_code rc = vault_shield(c->vault, changed, named->kind, text);
    return rc == ERR_REFUSED
               ? err_note(note, rc, "the list of shields is full at %d; nothing was changed",
                          VAULT_SHIELDS_MAX)
               : rc;
}

enum err_code command_on_shield(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note)
{
    struct named named;
    bool changed = false;
    enum err_code rc = read_named(&named, args, note);
    if (rc == ERR_OK) {
        rc = change(c, &changed, &named, run->command == CONTROL_SHIELD, note);
    }
    if (rc == ERR_OK && changed) {
        rc = command_commit(c, note);
    }
    if (rc == ERR_OK) {
        run->end_order = COMMAND_SEND_LAST; /* behind all that was on its way to a screen */
    }
    return rc;
}

void command_tell_if_shielded(struct commands *commands, struct run *run, struct octets tag,
                              enum view_reach reach)
{
    const struct vault_contents *contents = vault_contents(commands->vault);
    for (size_t i = 0; (reach & VIEW_SHIELDED_TOO) == 0 && i < contents->shields_count; i++) {
        const struct vault_shield *shield = &contents->shields[i];
        if (shield->kind == VAULT_SHIELD_TAG &&
            octets_equal(octets_of(shield->text, shield->text_len), tag)) {
            command_tell(commands, run,
                         "You keep this tag away from you. `--show-shielded` shows it, this once.");
        }
    }
}

enum err_code command_on_shields(struct commands *c, struct run *run, struct octets args,
                                 struct err_note *note)
{
    (void)args;
    (void)note;
    const struct vault_contents *contents = vault_contents(c->vault);
    for (size_t i = 0; i < contents->shields_count; i++) {
        const struct vault_shield *shield = &contents->shields[i];
        struct canon_writer *w = command_item_begin(c, run);
        canon_write_map(w, 1);
        command_put_str(w, shield->kind == VAULT_SHIELD_TAG ? "tag" : "word",
                        octets_of(shield->text, shield->text_len));
        command_item_send(c, run);
    }
    return ERR_OK;
}
