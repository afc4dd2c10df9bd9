#include "tests/bench/kithd.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/measure.h"

#define TRIES_MAX   400
#define TRY_NS      50000000
#define RUNNING_MAX 16
#define ARGS_MAX    16

static pid_t running[RUNNING_MAX]; /* 0: none */

/* A measurement that fails leaves nothing behind. */
static void end_running(void)
{
    for (size_t i = 0; i < RUNNING_MAX; i++) {
        if (running[i] != 0) {
            (void)kill(running[i], SIGTERM);
            (void)waitpid(running[i], NULL, 0);
        }
    }
}

static void note_running(pid_t was, pid_t is)
{
    static bool registered;
    must(registered || atexit(end_running) == 0, "no more functions at exit");
    registered = true;
    size_t place = 0;
    while (place < RUNNING_MAX && running[place] != was) {
        place++;
    }
    must(place < RUNNING_MAX, "too many processes at a time");
    running[place] = is;
}

/* args end with NULL; what kithd says goes to HOME.log. */
static pid_t start(const char *home, const struct bench *bench, const char *const *args)
{
    pid_t pid = fork();
    must(pid >= 0, "no process for a node");
    if (pid > 0) {
        note_running(0, pid);
        return pid;
    }
    char path[2 * BENCH_PATH_MAX];
    char *words[ARGS_MAX] = {path};
    for (size_t i = 0; args[i] != NULL && i + 2 < ARGS_MAX; i++) {
        words[i + 1] = (char *)(uintptr_t)args[i];
    }
    (void)snprintf(path, sizeof path, "%s.log", home);
    int log = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    (void)snprintf(path, sizeof path, "%s/kithd", bench->bin);
    if (log >= 0 && dup2(log, STDERR_FILENO) >= 0 && dup2(log, STDOUT_FILENO) >= 0) {
        (void)execv(path, words);
    }
    _exit(127);
}

bool kithd_ask(char *line, size_t line_cap, const struct kithd *kithd, const struct bench *bench,
               const char *words)
{
    char command[3 * BENCH_PATH_MAX];
    line[0] = '\0';
    (void)snprintf(command, sizeof command, "'%s/kith' --home '%s' --json %s 2>/dev/null",
                   bench->bin, kithd->home, words);
    FILE *answer = popen(command, "r");
    bool read = answer != NULL && fgets(line, (int)line_cap, answer) != NULL;
    if (answer != NULL) {
        (void)pclose(answer);
    }
    return read;
}

/* From the line that `kith status --json` prints. */
static bool ask_address(struct kithd *kithd, const struct bench *bench)
{
    char line[BENCH_PATH_MAX];
    bool read = kithd_ask(line, sizeof line, kithd, bench, "status");
    const char *begin = read ? strstr(line, "kith://") : NULL;
    const char *end = begin != NULL ? strchr(begin, '"') : NULL;
    return end != NULL &&
           address_parse(&kithd->address, octets_of(begin, (size_t)(end - begin))) == ERR_OK;
}

static void await(struct kithd *kithd, const struct bench *bench)
{
    const struct timespec pause = {.tv_nsec = TRY_NS};
    for (int i = 0; i < TRIES_MAX; i++) {
        if (ask_address(kithd, bench)) {
            return;
        }
        if (waitpid(kithd->pid, NULL, WNOHANG) != 0) {
            note_running(kithd->pid, 0);
            must(false, "a node did not start");
        }
        (void)nanosleep(&pause, NULL);
    }
    must(false, "a node does not answer");
}

void kithd_home(struct kithd *kithd, const struct bench *bench, const char *name)
{
    (void)snprintf(kithd->home, sizeof kithd->home, "%s/%s", bench->scratch, name);
}

static void run(struct kithd *kithd, const struct bench *bench, bool relay,
                const struct address *peer)
{
    char address[ADDRESS_TEXT_MAX + 1] = "";
    const char *args[ARGS_MAX] = {"--home", kithd->home, "--listen", "127.0.0.1:0"};
    size_t count = 4;
    if (peer != NULL) {
        address_print(address, peer);
        args[count++] = "--peer";
        args[count++] = address;
    }
    if (relay) {
        args[count++] = "--relay";
    }
    kithd->pid = start(kithd->home, bench, args);
    await(kithd, bench);
}

void kithd_relay(struct kithd *kithd, const struct bench *bench, const char *name)
{
    kithd_relay_dialling(kithd, bench, name, NULL);
}

void kithd_relay_dialling(struct kithd *kithd, const struct bench *bench, const char *name,
                          const struct address *peer)
{
    kithd_home(kithd, bench, name);
    run(kithd, bench, true, peer);
}

void kithd_person(struct kithd *kithd, const struct bench *bench, const char *name,
                  const struct address *peer)
{
    kithd_home(kithd, bench, name);
    run(kithd, bench, false, peer);
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* Wait for the end of a process, and say what it used. */
static void reap(pid_t pid, struct kithd_usage *usage)
{
    struct rusage before;
    struct rusage after;
    int status = 0;
    (void)getrusage(RUSAGE_CHILDREN, &before);
    pid_t ended = waitpid(pid, &status, 0);
    note_running(pid, 0);
    must(ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0,
         "a node did not end cleanly");
    (void)getrusage(RUSAGE_CHILDREN, &after);
    usage->cpu_s = seconds(after.ru_utime) - seconds(before.ru_utime) + seconds(after.ru_stime) -
                   seconds(before.ru_stime);
    usage->memory_mib = (double)after.ru_maxrss / 1024;
}

void kithd_stop(struct kithd *kithd, struct kithd_usage *usage)
{
    must(kill(kithd->pid, SIGTERM) == 0, "a node cannot be stopped");
    reap(kithd->pid, usage);
}

void kithd_init(const struct bench *bench, const char *name)
{
    struct kithd kithd;
    struct kithd_usage usage;
    kithd_home(&kithd, bench, name);
    const char *args[] = {"--home", kithd.home, "--init", "--no-passphrase", NULL};
    reap(start(kithd.home, bench, args), &usage);
}

/* From the line "N new, ..." that an import ends with. */
static size_t read_new_count(const struct kithd *kithd)
{
    char path[2 * BENCH_PATH_MAX];
    char line[256];
    size_t count = SIZE_MAX;
    (void)snprintf(path, sizeof path, "%s.log", kithd->home);
    FILE *log = fopen(path, "r");
    must(log != NULL, "what an import said");
    while (fgets(line, sizeof line, log) != NULL) {
        count = strstr(line, " new, ") != NULL ? strtoul(line, NULL, 10) : count;
    }
    (void)fclose(log);
    must(count != SIZE_MAX, "an import did not say what it did");
    return count;
}

static void import_start(struct kithd *kithd, const struct bench *bench, const char *name,
                         const char *file)
{
    kithd_home(kithd, bench, name);
    const char *args[] = {"--home", kithd->home, "--import", file, NULL};
    kithd->pid = start(kithd->home, bench, args);
}

size_t kithd_import(const struct bench *bench, const char *name, const char *file,
                    struct kithd_usage *usage)
{
    struct kithd kithd;
    import_start(&kithd, bench, name, file);
    reap(kithd.pid, usage);
    return read_new_count(&kithd);
}

size_t kithd_import_stopped(const struct bench *bench, const char *name, const char *file,
                            int after_ms)
{
    struct kithd kithd;
    int status = 0;
    import_start(&kithd, bench, name, file);
    (void)poll(NULL, 0, after_ms);
    must(kill(kithd.pid, SIGINT) == 0 && waitpid(kithd.pid, &status, 0) == kithd.pid,
         "an import cannot be stopped");
    note_running(kithd.pid, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT) {
        return 0; /* it had not begun */
    }
    must(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 5),
         "an import did not stop cleanly");
    return read_new_count(&kithd);
}

struct kithd_memory kithd_memory(const struct kithd *kithd)
{
    char path[64];
    char line[256];
    struct kithd_memory memory = {0};
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)kithd->pid);
    FILE *status = fopen(path, "r");
    must(status != NULL, "a node's figures cannot be read");
    while (fgets(line, sizeof line, status) != NULL) {
        double *to = strncmp(line, "VmRSS:", 6) == 0     ? &memory.all_kib
                     : strncmp(line, "RssAnon:", 8) == 0 ? &memory.own_kib
                                                         : NULL;
        if (to != NULL) {
            *to = strtod(strchr(line, ':') + 1, NULL);
        }
    }
    (void)fclose(status);
    must(memory.all_kib > 0 && memory.own_kib > 0, "a node's figures say nothing of its memory");
    return memory;
}

double kithd_cpu_s(const struct kithd *kithd)
{
    char path[64];
    char line[1024];
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)kithd->pid);
    FILE *file = fopen(path, "r");
    bool read = file != NULL && fgets(line, sizeof line, file) != NULL;
    /* Behind the name in parentheses the 12th and 13th field; see proc(5). */
    const char *at = read ? strrchr(line, ')') : NULL;
    for (int field = 0; at != NULL && field < 12; field++) {
        at = strchr(at + 1, ' ');
    }
    must(at != NULL, "the time a node has computed");
    char *end = NULL;
    unsigned long user = strtoul(at, &end, 10);
    unsigned long system = strtoul(end, NULL, 10);
    (void)fclose(file);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

uint64_t kithd_log_len(const struct kithd *kithd)
{
    char path[2 * BENCH_PATH_MAX];
    uint64_t len = 0;
    (void)snprintf(path, sizeof path, "%s/log", kithd->home);
    DIR *folder = opendir(path);
    for (struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL;
         entry = readdir(folder)) {
        char name[3 * BENCH_PATH_MAX];
        struct stat found;
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        len += stat(name, &found) == 0 && S_ISREG(found.st_mode) ? (uint64_t)found.st_size : 0;
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    return len;
}
