#include <string.h>

#include "node/command_run.h"
#include "proto/tag.h"

enum err_code command_arg_str(struct octets *text, struct octets args, const char *name,
                              struct err_note *note)
{
    enum err_code rc = control_get_str(text, args, name);
    if (rc == ERR_OK || rc == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    return err_note(note, ERR_USAGE, "'%s' must be text", name);
}

enum err_code command_arg_str_required(struct octets *text, struct octets args, const char *name,
                                       struct err_note *note)
{
    struct octets found = {0};
    enum err_code rc = command_arg_str(&found, args, name, note);
    if (rc != ERR_OK) {
        return rc;
    }
    if (found.len == 0) {
        return err_note(note, ERR_USAGE, "'%s' is missing", name);
    }
    *text = found;
    return ERR_OK;
}

enum err_code command_arg_uint(uint64_t *value, struct octets args, const char *name, uint64_t max,
                               struct err_note *note)
{
    uint64_t found = 0;
    enum err_code rc = control_get_uint(&found, args, name);
    if (rc == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    if (rc != ERR_OK || found > max) {
        return err_note(note, ERR_USAGE, "'%s' must be a number up to %llu", name,
                        (unsigned long long)max);
    }
    *value = found;
    return ERR_OK;
}

enum err_code command_arg_seconds(uint64_t *value_s, struct octets args, const char *name,
                                  uint64_t max_s, struct err_note *note)
{
    static const uint64_t day_s = 86400;
    struct err_note ignored = {{0}};
    enum err_code rc = command_arg_uint(value_s, args, name, max_s, &ignored);
    bool in_weeks = max_s % (7 * day_s) == 0;
    return rc == ERR_OK
               ? rc
               : err_note(note, rc, "'%s' is at most %llu%c, and written as 30m, 12h, 7d or 4w",
                          name, (unsigned long long)(max_s / (in_weeks ? 7 * day_s : day_s)),
                          in_weeks ? 'w' : 'd');
}

enum err_code command_arg_bool(bool *value, struct octets args, const char *name,
                               struct err_note *note)
{
    enum err_code rc = control_get_bool(value, args, name);
    if (rc == ERR_OK || rc == ERR_NOT_FOUND) {
        return ERR_OK;
    }
    return err_note(note, ERR_USAGE, "'%s' must be true or false", name);
}

enum err_code command_arg_reach(enum view_reach *reach, struct octets args, struct err_note *note)
{
    bool strangers = false;
    bool shielded = false;
    enum err_code rc = command_arg_bool(&strangers, args, "strangers", note);
    if (rc == ERR_OK) {
        rc = command_arg_bool(&shielded, args, "shielded", note);
    }
    if (rc == ERR_OK) {
        *reach = (enum view_reach)((strangers ? VIEW_STRANGERS : VIEW_WEB) |
                                   (shielded ? VIEW_SHIELDED_TOO : VIEW_WEB));
    }
    return rc;
}

enum err_code command_tag(uint8_t out[POST_TAG_MAX], size_t *len, struct octets typed,
                          struct err_note *note)
{
    enum err_code rc = tag_normalise(out, len, typed);
    if (rc == ERR_OK) {
        return ERR_OK;
    }
    int shown = typed.len > TAG_MAX ? TAG_MAX : (int)typed.len;
    if (rc == ERR_TOO_LARGE) {
        return err_note(note, ERR_USAGE, "this tag is too long: at most %d octets", TAG_MAX);
    }
    return err_note(note, ERR_USAGE,
                    "'%.*s' cannot be a tag: letters, digits and _ make one, without spaces", shown,
                    (const char *)typed.at);
}

void command_put_str(struct canon_writer *w, const char *name, struct octets text)
{
    canon_write_str(w, octets_of_text(name));
    canon_write_str(w, text);
}

void command_put_text(struct canon_writer *w, const char *name, const char *text)
{
    command_put_str(w, name, octets_of_text(text));
}

void command_put_bin(struct canon_writer *w, const char *name, const uint8_t octets[32])
{
    canon_write_str(w, octets_of_text(name));
    canon_write_bin(w, octets_of(octets, 32));
}

void command_put_uint(struct canon_writer *w, const char *name, uint64_t value)
{
    canon_write_str(w, octets_of_text(name));
    canon_write_uint(w, value);
}

void command_put_bool(struct canon_writer *w, const char *name, bool value)
{
    canon_write_str(w, octets_of_text(name));
    canon_write_bool(w, value);
}
