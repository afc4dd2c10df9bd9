/* kith: the person's command line.  All of it is in cli_run(); here is only the real world. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif

#include "cli/cli.h"
#include "cli/socket.h"

#define COLUMNS_MAX 1000

/* Where a standard descriptor is closed, the socket to the node would get its number, and a listing
 * would be written into it.  Each is opened the wrong way round, so that using it still fails. */
static void keep_standard_descriptors(void)
{
    int fd = 0;
    while (fd >= 0 && fd <= STDERR_FILENO) {
        fd = open("/dev/null", fcntl(STDIN_FILENO, F_GETFD) < 0 ? O_WRONLY : O_RDONLY);
    }
    (void)close(fd);
}

static uint64_t clock_s(void *context)
{
    (void)context;
    time_t now = time(NULL);
    return now > 0 ? (uint64_t)now : 0;
}

static const char *environment(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

/* A pipe is not wrapped unless COLUMNS asks for it. */
static size_t width(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize window = {0};
    long asked = columns != NULL ? strtol(columns, NULL, 10) : 0;
    if (asked > 0 && asked <= COLUMNS_MAX) {
        return (size_t)asked;
    }
    if (isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0) {
        return window.ws_col;
    }
    return 0;
}

/* A passphrase may pass through here: nobody else reads this process's memory or its remains. */
static void harden(void)
{
    struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#if defined(__linux__)
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

int main(int argc, char **argv)
{
    keep_standard_descriptors();
    harden();
    struct socket_transport transport;
    struct cli cli = {
        .in = stdin,
        .out = stdout,
        .err = stderr,
        .in_is_terminal = isatty(STDIN_FILENO) == 1,
        .out_is_terminal = isatty(STDOUT_FILENO) == 1,
        .width = width(),
        .now_s = clock_s,
        .environment = environment,
        .transport = &transport.transport,
    };
    if (cli.in_is_terminal) {
        /* What is typed may be a passphrase: no copy of it stays behind in a buffer. */
        (void)setvbuf(stdin, NULL, _IONBF, 0);
    }
    socket_init(&transport);
    int status = cli_run(&cli, argc, argv);
    cli_close(&cli);
    socket_close(&transport);
    return status;
}
