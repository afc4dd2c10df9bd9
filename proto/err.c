#include "proto/err.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct err_row {
    const char *name;
    enum err_class class;
    int exit_status;
    const char *text;
};

static const struct err_row err_rows[ERR_CODES_COUNT] = {
    [ERR_OK] = {"ok", ERR_CLASS_NONE, 0, "done"},
    [ERR_TRUNCATED] = {"truncated", ERR_CLASS_PEER, 5, "the data stops early"},
    [ERR_MALFORMED] = {"malformed", ERR_CLASS_PEER, 5, "the data is not in a valid form"},
    [ERR_TOO_LARGE] = {"too-large", ERR_CLASS_PEER, 5, "larger than allowed"},
    [ERR_PROOF] = {"proof", ERR_CLASS_PEER, 5, "a signature does not verify"},
    [ERR_FUTURE] = {"future", ERR_CLASS_PEER, 5, "dated in the future"},
    [ERR_EXPIRED] = {"expired", ERR_CLASS_PEER, 5, "expired"},
    [ERR_RETRACTED] = {"retracted", ERR_CLASS_PEER, 5, "taken back by its author"},
    [ERR_VERSION] = {"version", ERR_CLASS_PEER, 5, "another protocol version"},
    [ERR_HANDSHAKE] = {"handshake", ERR_CLASS_PEER, 5, "the handshake failed"},
    [ERR_DECRYPT] = {"decrypt", ERR_CLASS_PEER, 5, "the data does not authenticate"},
    [ERR_UNEXPECTED] = {"unexpected", ERR_CLASS_PEER, 5, "not expected at this point"},
    [ERR_TIMEOUT] = {"timeout", ERR_CLASS_PEER, 5, "took too long"},
    [ERR_FLOOD] = {"flood", ERR_CLASS_PEER, 5, "more than this node accepts"},
    [ERR_UNDELIVERED] = {"undelivered", ERR_CLASS_PEER, 5, "promised and not delivered"},
    [ERR_NOT_FOUND] = {"not-found", ERR_CLASS_REQUEST, 1, "there is no such thing"},
    [ERR_USAGE] = {"usage", ERR_CLASS_REQUEST, 2, "wrong usage"},
    [ERR_NO_NODE] = {"no-node", ERR_CLASS_REQUEST, 3, "no node answers"},
    [ERR_LOCKED] = {"locked", ERR_CLASS_REQUEST, 4, "the home is locked"},
    [ERR_REFUSED] = {"refused", ERR_CLASS_REQUEST, 5, "refused"},
    [ERR_TOMORROW] = {"tomorrow", ERR_CLASS_REQUEST, 5, "no more of these today"},
    [ERR_FULL] = {"full", ERR_CLASS_REQUEST, 5, "no room for more of these"},
    [ERR_CANCELLED] = {"cancelled", ERR_CLASS_REQUEST, 5, "cancelled"},
    [ERR_IO] = {"io", ERR_CLASS_ENVIRONMENT, 5, "reading or writing failed"},
    [ERR_NO_SPACE] = {"no-space", ERR_CLASS_ENVIRONMENT, 5, "the disk is full"},
    [ERR_PERMISSION] = {"permission", ERR_CLASS_ENVIRONMENT, 5, "permission denied"},
    [ERR_IN_USE] = {"in-use", ERR_CLASS_ENVIRONMENT, 5, "in use by another process"},
    [ERR_NO_MEMORY] = {"no-memory", ERR_CLASS_ENVIRONMENT, 5, "out of memory"},
    [ERR_NETWORK] = {"network", ERR_CLASS_ENVIRONMENT, 5, "the connection failed"},
    [ERR_DAMAGED] = {"damaged", ERR_CLASS_DAMAGE, 5, "stored data is damaged"},
    [ERR_ROLLBACK] = {"rollback", ERR_CLASS_DAMAGE, 5, "stored data is older than it should be"},
};

static const struct err_row *row_of(enum err_code code)
{
    assert((unsigned)code < ERR_CODES_COUNT);
    return &err_rows[code];
}

const char *err_name(enum err_code code)
{
    return row_of(code)->name;
}

const char *err_text(enum err_code code)
{
    return row_of(code)->text;
}

enum err_class err_class(enum err_code code)
{
    return row_of(code)->class;
}

int err_exit_status(enum err_code code)
{
    return row_of(code)->exit_status;
}

enum err_code err_note(struct err_note *note, enum err_code code, const char *format, ...)
{
    if (note == NULL) {
        return code;
    }
    char what[ERR_NOTE_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);

    char before[ERR_NOTE_MAX];
    memcpy(before, note->text, sizeof before);
    before[sizeof before - 1] = '\0';

    size_t used = strlen(what);
    memcpy(note->text, what, used + 1);
    if (before[0] != '\0') {
        (void)snprintf(note->text + used, sizeof note->text - used, ": %s", before);
    }
    return code;
}

enum err_code err_from_errno(struct err_note *note, int e)
{
    enum err_code code = ERR_IO;
    switch (e) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* a limit on the size of files */
        code = ERR_NO_SPACE;
        break;
    case EACCES:
    case EPERM:
    case EROFS:
        code = ERR_PERMISSION;
        break;
    case ENOENT:
        code = ERR_NOT_FOUND;
        break;
    case ENOMEM:
    case EMFILE: /* no more descriptors: nothing is wrong with the file */
    case ENFILE:
        code = ERR_NO_MEMORY;
        break;
    case EADDRINUSE:
        code = ERR_IN_USE;
        break;
    default:
        break;
    }
    return err_note(note, code, "%s", strerror(e));
}
