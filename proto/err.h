/* err.h - every error kith knows: one enum, one table of code, class and text (SPEC 12).
 *
 * Three kinds (see CONTRIBUTING.md): a bug asserts and never gets a code; a peer's fault is a
 * bare code; the environment adds a message, to which each layer adds what it was doing. */
#ifndef KITH_PROTO_ERR_H
#define KITH_PROTO_ERR_H

#include <stddef.h>

#if defined(__GNUC__)
#define MUST_USE                __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define MUST_USE
#define PRINTF_LIKE(fmt, first)
#endif

enum err_code {
    ERR_OK = 0,

    /* What was received is wrong: the sender's fault, be it a peer, a file or a terminal. */
    ERR_TRUNCATED,   /* the octets stop early; more may help */
    ERR_MALFORMED,   /* not the one valid encoding, or a field out of range */
    ERR_TOO_LARGE,   /* larger than SPEC.md's limit for it */
    ERR_PROOF,       /* a signature or certificate does not verify */
    ERR_FUTURE,      /* dated more than 10 minutes ahead of this clock */
    ERR_EXPIRED,     /* past its expires_s or until_s */
    ERR_RETRACTED,   /* its author took it back */
    ERR_VERSION,     /* a protocol version this node does not speak */
    ERR_HANDSHAKE,   /* the Noise handshake failed */
    ERR_DECRYPT,     /* an authentication tag does not match */
    ERR_UNEXPECTED,  /* a valid frame in a state that does not allow it */
    ERR_TIMEOUT,     /* a deadline passed */
    ERR_FLOOD,       /* more than a bound of this node allows */
    ERR_UNDELIVERED, /* promised and never delivered */

    /* The request cannot be met. */
    ERR_NOT_FOUND, /* the named thing does not exist (exit status 1) */
    ERR_USAGE,     /* wrong usage (2) */
    ERR_NO_NODE,   /* no node answers, or no home (3) */
    ERR_LOCKED,    /* the home is locked (4) */
    ERR_REFUSED,   /* understood and refused (5) */
    ERR_TOMORROW,  /* as many as a day may have were there today (5) */
    ERR_FULL,      /* as many as may be are there (5) */
    ERR_CANCELLED, /* the asker went away or asked to stop */

    /* The machine fails. */
    ERR_IO,         /* a read, write or sync failed */
    ERR_NO_SPACE,   /* the disk is full */
    ERR_PERMISSION, /* the system denies access */
    ERR_IN_USE,     /* another process holds the home or the port */
    ERR_NO_MEMORY,  /* an allocation failed */
    ERR_NETWORK,    /* a connection could not be made or broke */

    /* What this node wrote earlier is not as it left it. */
    ERR_DAMAGED,  /* sealed octets do not open, or are inconsistent */
    ERR_ROLLBACK, /* an older copy stands where a newer one was */

    ERR_CODES_COUNT
};

enum err_class {
    ERR_CLASS_NONE,
    ERR_CLASS_PEER,        /* what was received is wrong */
    ERR_CLASS_REQUEST,     /* the request cannot be met */
    ERR_CLASS_ENVIRONMENT, /* the machine fails */
    ERR_CLASS_DAMAGE       /* stored octets are not what was stored */
};

/* The code's name in lower case, "malformed"; static storage.  Asserts a known code. */
const char *err_name(enum err_code code);
/* A short plain sentence part, "not a valid encoding"; static storage. */
const char *err_text(enum err_code code);
enum err_class err_class(enum err_code code);
/* The exit status of SPEC 11.4: 0 to 5.  Environment and damage are 5. */
int err_exit_status(enum err_code code);

#define ERR_NOTE_MAX 512

/* A message that grows outward: each layer puts what it was doing in front,
 * "opening the store in ~/.local/share/kith: index: permission denied".  Start it zeroed.  It
 * never holds a post's text, a name, or another person's key. */
struct err_note {
    char text[ERR_NOTE_MAX]; /* always terminated; cut short rather than overflowing */
};

/* Put "what: " in front of what the note says (or just what, if it is empty).  A NULL note is
 * allowed and ignored.  Returns code, so that `return err_note(note, rc, "reading %s", path);`
 * reads well. */
enum err_code err_note(struct err_note *note, enum err_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* The code for errno's value e, and its text into the note. */
enum err_code err_from_errno(struct err_note *note, int e);

#endif
