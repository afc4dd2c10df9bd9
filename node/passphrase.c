#include "node/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "node/memory.h"
#include "proto/canon.h"

#define ROOM_LEN  (HOME_KEY_PASSPHRASE_MAX + 2)
#define TRIES_MAX 3

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    interrupted = number;
}

/* Octet by octet, so that nothing behind the line is taken and no buffer keeps a copy.  False at
 * the end of input, when it is too long, or interrupted. */
static bool line_read(struct passphrase *line, int fd)
{
    size_t len = 0;
    bool more = true;
    while (more) {
        char octet = '\n';
        ssize_t got = read(fd, &octet, 1);
        if (got < 0 || (got == 0 && len == 0)) {
            return false;
        }
        more = got == 1 && octet != '\n';
        if (more && len + 1 == ROOM_LEN) {
            return false;
        }
        if (more) {
            line->text[len++] = octet;
        }
    }
    if (len > 0 && line->text[len - 1] == '\r') {
        len--;
    }
    line->text[len] = '\0';
    line->len = len;
    return len <= HOME_KEY_PASSPHRASE_MAX && canon_utf8_valid(octets_of(line->text, len));
}

static struct passphrase line_room(void)
{
    return (struct passphrase){.text = memory_get_secret(ROOM_LEN)};
}

int passphrase_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
    if (flags >= 0) {
        (void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    }
    return fd;
}

enum err_code passphrase_from_file(struct passphrase *passphrase, const char *path,
                                   struct err_note *note)
{
    int fd = passphrase_open(path);
    if (fd < 0) {
        return err_note(note, ERR_USAGE, "the file with the passphrase, %s, cannot be read: %s",
                        path, strerror(errno));
    }
    struct passphrase line = line_room();
    bool good = line_read(&line, fd) && line.len > 0;
    (void)close(fd);
    if (!good) {
        passphrase_close(&line);
        return err_note(note, ERR_USAGE,
                        "the first line of %s is no passphrase, which is text of 1 to %d octets",
                        path, HOME_KEY_PASSPHRASE_MAX);
    }
    *passphrase = line;
    return ERR_OK;
}

bool passphrase_can_ask(void)
{
    return isatty(STDIN_FILENO) == 1;
}

/* Ctrl-C must not leave the terminal without echo. */
static bool line_ask(struct passphrase *line, const char *question)
{
    struct termios before;
    struct sigaction catch = {.sa_handler = on_interrupt};
    struct sigaction old;
    if (tcgetattr(STDIN_FILENO, &before) != 0) {
        return false;
    }
    struct termios quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    (void)fprintf(stderr, "%s ", question);
    (void)fflush(stderr);
    interrupted = 0;
    (void)sigemptyset(&catch.sa_mask);
    (void)sigaction(SIGINT, &catch, &old);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    bool got = line_read(line, STDIN_FILENO);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    (void)sigaction(SIGINT, &old, NULL);
    (void)fputc('\n', stderr);
    if (interrupted != 0) {
        (void)raise(SIGINT);
    }
    return got;
}

bool passphrase_ask_line(struct passphrase *line, const char *question)
{
    struct passphrase asked = line_room();
    if (!line_ask(&asked, question)) {
        passphrase_close(&asked);
        return false;
    }
    *line = asked;
    return true;
}

static enum err_code cannot_ask(struct err_note *note)
{
    return err_note(note, ERR_USAGE,
                    "this home opens with a passphrase, and there is no terminal to ask for it; "
                    "--passphrase-file F reads it from a file");
}

static enum err_code none_given(struct err_note *note)
{
    return err_note(note, ERR_USAGE, "no passphrase was given; nothing was changed");
}

enum err_code passphrase_ask(struct passphrase *passphrase, struct err_note *note)
{
    if (!passphrase_can_ask()) {
        return cannot_ask(note);
    }
    struct passphrase line = line_room();
    if (!line_ask(&line, "Passphrase:") || line.len == 0) {
        passphrase_close(&line);
        return none_given(note);
    }
    *passphrase = line;
    return ERR_OK;
}

enum err_code passphrase_ask_new(struct passphrase *passphrase, struct err_note *note)
{
    if (!passphrase_can_ask()) {
        return cannot_ask(note);
    }
    struct passphrase first = line_room();
    struct passphrase again = line_room();
    bool same = false;
    bool got = true;
    for (unsigned i = 0; got && !same && i < TRIES_MAX; i++) {
        got = line_ask(&first, "Passphrase:") &&
              (first.len == 0 || line_ask(&again, "The same passphrase once more:"));
        same = got && (first.len == 0 || (first.len == again.len &&
                                          sodium_memcmp(first.text, again.text, first.len) == 0));
        if (got && !same) {
            (void)fputs("These were two different ones. Please try again.\n", stderr);
        }
    }
    passphrase_close(&again);
    if (!same || first.len == 0) {
        passphrase_close(&first);
    }
    if (!same) {
        return none_given(note);
    }
    *passphrase = first;
    return ERR_OK;
}

struct octets passphrase_octets(const struct passphrase *passphrase)
{
    return octets_of(passphrase->text, passphrase->len);
}

void passphrase_close(struct passphrase *passphrase)
{
    sodium_free(passphrase->text);
    *passphrase = (struct passphrase){0};
}
