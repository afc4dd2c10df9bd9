/* Locking the node, its passphrase, and destroying the home at once. */
#include "node/command_run.h"
#include "store/home_key.h"

static enum err_code lock_after(struct commands *c, struct octets args, struct err_note *note)
{
    uint64_t after_s = 0;
    bool changed = false;
    bool has = false;
    enum err_code rc = command_arg_seconds(&after_s, args, "after", VAULT_LOCK_AFTER_MAX, note);
    if (rc == ERR_OK) {
        rc = c->host->has_passphrase(c->host, &has, note);
    }
    if (rc == ERR_OK && !has && after_s > 0) {
        rc = err_note(note, ERR_REFUSED,
                      "this home has no passphrase, so it cannot be locked; `kith passphrase` sets "
                      "one");
    }
    if (rc == ERR_OK) {
        rc = vault_lock_after_set(c->vault, &changed, after_s);
    }
    return rc == ERR_OK && changed ? command_commit(c, note) : rc;
}

enum err_code command_on_lock(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note)
{
    struct canon_reader value;
    if (control_get(&value, args, "after") != ERR_NOT_FOUND) {
        return lock_after(c, args, note);
    }
    enum err_code rc = c->host->lock(c->host, note);
    if (rc == ERR_OK) {
        command_end_others(c, run);
    }
    return rc;
}

/* The passphrase is not looked at: whoever asks this may do anything already. */
enum err_code command_on_unlock(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note)
{
    (void)args;
    (void)note;
    command_tell(c, run, "Your node is unlocked already.");
    return ERR_OK;
}

static enum err_code read_passphrase(struct octets *passphrase, struct octets args,
                                     const char *name, struct err_note *note)
{
    enum err_code rc = command_arg_str(passphrase, args, name, note);
    return rc == ERR_OK && passphrase->len > HOME_KEY_PASSPHRASE_MAX
               ? err_note(note, ERR_USAGE, "a passphrase holds at most %d octets",
                          HOME_KEY_PASSPHRASE_MAX)
               : rc;
}

static enum err_code say_whether_set(struct commands *c, struct run *run, struct err_note *note)
{
    bool has = false;
    enum err_code rc = c->host->has_passphrase(c->host, &has, note);
    if (rc == ERR_OK) {
        struct canon_writer *w = command_item_begin(c, run);
        canon_write_map(w, 1);
        command_put_bool(w, "passphrase", has);
        command_item_send(c, run);
    }
    return rc;
}

enum err_code command_on_passphrase(struct commands *c, struct run *run, struct octets args,
                                    struct err_note *note)
{
    struct octets before = {0};
    struct octets fresh = {0};
    bool remove = false;
    enum err_code rc = read_passphrase(&before, args, "passphrase", note);
    rc = rc == ERR_OK ? read_passphrase(&fresh, args, "new", note) : rc;
    rc = rc == ERR_OK ? command_arg_bool(&remove, args, "remove", note) : rc;
    if (rc != ERR_OK) {
        return rc;
    }
    if (remove && fresh.len > 0) {
        return err_note(note, ERR_USAGE, "either a new passphrase or none");
    }
    if (!remove && fresh.len == 0) {
        return say_whether_set(c, run, note);
    }
    return c->host->passphrase(c->host, before, fresh, note);
}

enum err_code command_on_panic(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note)
{
    (void)run;
    (void)args;
    (void)note;
    c->host->panic(c->host);
    return ERR_OK;
}
