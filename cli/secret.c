#include "cli/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "proto/canon.h"

#define LINE_ROOM (SECRET_MAX + 8)

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
    interrupted = number;
}

/* Without the system's buffering, which would keep a copy.  False at the end of input, when it is
 * too long, or interrupted. */
static bool line_read(FILE *in, char line[LINE_ROOM], size_t *len)
{
    size_t used = 0;
    int octet = 0;
    while ((octet = fgetc(in)) != EOF && octet != '\n') {
        if (used == SECRET_MAX + 1) {
            return false;
        }
        line[used++] = (char)octet;
    }
    if (octet == EOF && (used == 0 || ferror(in) != 0)) {
        clearerr(in);
        return false;
    }
    if (used > 0 && line[used - 1] == '\r') {
        used--;
    }
    line[used] = '\0';
    *len = used;
    return used <= SECRET_MAX;
}

/* Ctrl-C must not leave the terminal without echo. */
static bool line_ask(struct cli *cli, const char *question, char line[LINE_ROOM], size_t *len)
{
    struct termios before;
    struct sigaction catch = {.sa_handler = on_interrupt};
    struct sigaction old;
    int fd = fileno(cli->in);
    bool is_quiet = fd >= 0 && tcgetattr(fd, &before) == 0;
    (void)fflush(cli->out);
    (void)fprintf(cli->err, "%s ", question);
    (void)fflush(cli->err);
    if (is_quiet) {
        struct termios quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        interrupted = 0;
        (void)sigemptyset(&catch.sa_mask);
        (void)sigaction(SIGINT, &catch, &old);
        (void)tcsetattr(fd, TCSAFLUSH, &quiet);
    }
    bool got = line_read(cli->in, line, len);
    if (is_quiet) {
        (void)tcsetattr(fd, TCSAFLUSH, &before);
        (void)sigaction(SIGINT, &old, NULL);
        (void)fputc('\n', cli->err);
        if (interrupted != 0) {
            (void)raise(SIGINT);
        }
    }
    return got;
}

/* A pipe may be read, as from `<(pass show kith)`, but one without anybody at its other end is not
 * waited for. */
static FILE *file_open(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);
    if (flags >= 0) {
        (void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    }
    return fd < 0 ? NULL : fdopen(fd, "rb");
}

static int file_take(struct cli *cli, const char *path, char line[LINE_ROOM], size_t *len)
{
    FILE *file = file_open(path);
    if (file == NULL) {
        return cli_fail(cli, CLI_WRONG_USAGE, "%s cannot be read: %s. Nothing was sent.", path,
                        strerror(errno));
    }
    (void)setvbuf(file, NULL, _IONBF, 0);
    bool got = line_read(file, line, len);
    (void)fclose(file);
    return got && *len > 0 ? CLI_DONE
                           : cli_fail(cli, CLI_WRONG_USAGE,
                                      "The first line of %s is no passphrase of 1 to %d octets. "
                                      "Nothing was sent.",
                                      path, SECRET_MAX);
}

static int terminal_take(struct cli *cli, const struct secret *secret, char line[LINE_ROOM],
                         char again[LINE_ROOM], size_t *len)
{
    size_t again_len = 0;
    if (!line_ask(cli, secret->question, line, len) || *len == 0) {
        return cli_fail(cli, CLI_WRONG_USAGE, "No passphrase was given. Nothing was sent.");
    }
    if (secret->again == NULL) {
        return CLI_DONE;
    }
    bool same = line_ask(cli, secret->again, again, &again_len) && again_len == *len &&
                sodium_memcmp(again, line, *len) == 0;
    return same ? CLI_DONE
                : cli_fail(cli, CLI_WRONG_USAGE,
                           "These were two different passphrases. Nothing was sent.");
}

static int take(struct cli *cli, struct invocation *invocation, const struct secret *secret,
                char lines[2][LINE_ROOM])
{
    size_t len = 0;
    const struct value *file = invocation_find(invocation, secret->file);
    int status = file != NULL ? file_take(cli, file->text, lines[0], &len)
                              : terminal_take(cli, secret, lines[0], lines[1], &len);
    if (status == CLI_DONE && !canon_utf8_valid(octets_of(lines[0], len))) {
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "The passphrase is not UTF-8 text. Nothing was sent.");
    }
    if (status == CLI_DONE &&
        !invocation_add_secret(invocation, secret->parameter, lines[0], len)) {
        return cli_fail(cli, CLI_WRONG_USAGE, "That is more than one command takes.");
    }
    return status;
}

int secret_take(struct cli *cli, struct invocation *invocation, const struct secret *secret)
{
    char(*lines)[LINE_ROOM] = sodium_init() >= 0 ? sodium_malloc(2 * sizeof *lines) : NULL;
    if (lines == NULL) {
        return cli_fail(cli, CLI_REFUSED, "There is not enough memory.");
    }
    int status = take(cli, invocation, secret, lines);
    sodium_free(lines);
    return status;
}

int secret_add(struct cli *cli, struct invocation *invocation, enum secret_asking asking)
{
    struct secret secret = {.parameter = ARGUMENT_PASSPHRASE,
                            .file = OPTION_PASSPHRASE_FILE,
                            .question = "Passphrase:",
                            .again =
                                asking == SECRET_TWICE ? "The same passphrase once more:" : NULL};
    return secret_take(cli, invocation, &secret);
}
