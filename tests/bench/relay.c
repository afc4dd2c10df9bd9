#include "tests/bench/relay.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/measure.h"

#define TRIES_MAX 200
#define TRY_NS    50000000

static pid_t running; /* 0: none */

/* A measurement that fails leaves nothing behind. */
static void end_running(void)
{
    if (running != 0) {
        (void)kill(running, SIGTERM);
        (void)waitpid(running, NULL, 0);
    }
}

static void become_kithd(const struct relay *relay, const struct bench *bench)
{
    char path[BENCH_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s.log", relay->home);
    int log = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)snprintf(path, sizeof path, "%s/kithd", bench->bin);
    if (log >= 0 && dup2(log, STDERR_FILENO) >= 0) {
        (void)execl(path, path, "--relay", "--home", relay->home, "--listen", "127.0.0.1:0",
                    (char *)NULL);
    }
    _exit(127);
}

/* From the line that `kith status --json` prints. */
static bool ask_address(struct relay *relay, const struct bench *bench)
{
    char command[3 * BENCH_PATH_MAX];
    char line[BENCH_PATH_MAX] = "";
    (void)snprintf(command, sizeof command, "'%s/kith' --home '%s' --json status 2>/dev/null",
                   bench->bin, relay->home);
    FILE *answer = popen(command, "r");
    bool read = answer != NULL && fgets(line, sizeof line, answer) != NULL;
    if (answer != NULL) {
        (void)pclose(answer);
    }
    const char *begin = read ? strstr(line, "kith://") : NULL;
    const char *end = begin != NULL ? strchr(begin, '"') : NULL;
    return end != NULL &&
           address_parse(&relay->address, octets_of(begin, (size_t)(end - begin))) == ERR_OK;
}

void relay_start(struct relay *relay, const struct bench *bench, const char *name)
{
    (void)snprintf(relay->home, sizeof relay->home, "%s/%s", bench->scratch, name);
    static bool registered;
    must(registered || atexit(end_running) == 0, "no more functions at exit");
    registered = true;
    relay->pid = fork();
    must(relay->pid >= 0, "no process for a relay");
    if (relay->pid == 0) {
        become_kithd(relay, bench);
    }
    running = relay->pid;
    const struct timespec pause = {.tv_nsec = TRY_NS};
    for (int i = 0; i < TRIES_MAX; i++) {
        if (ask_address(relay, bench)) {
            return;
        }
        if (waitpid(relay->pid, NULL, WNOHANG) != 0) {
            running = 0;
            must(false, "the relay did not start");
        }
        (void)nanosleep(&pause, NULL);
    }
    must(false, "the relay does not answer");
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void relay_stop(struct relay *relay, struct relay_usage *usage)
{
    struct rusage before;
    struct rusage after;
    int status = 0;
    (void)getrusage(RUSAGE_CHILDREN, &before);
    running = 0;
    must(kill(relay->pid, SIGTERM) == 0 && waitpid(relay->pid, &status, 0) == relay->pid,
         "the relay cannot be stopped");
    (void)getrusage(RUSAGE_CHILDREN, &after);
    must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the relay did not stop cleanly");
    usage->cpu_s = seconds(after.ru_utime) - seconds(before.ru_utime) + seconds(after.ru_stime) -
                   seconds(before.ru_stime);
    usage->memory_mib = (double)after.ru_maxrss / 1024;
}
