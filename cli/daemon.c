#include "cli/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM      "kithd"
#define PATH_LEN_MAX 4096
#define LOG_MAX      (1024 * 1024) /* a longer log is begun anew */
#define NOT_STARTED  127

/* Beside this program, so that a build folder works without being installed. */
static void program_exec(char **argv)
{
    char path[PATH_LEN_MAX + sizeof PROGRAM];
    char name[] = PROGRAM;
    ssize_t len = readlink("/proc/self/exe", path, PATH_LEN_MAX);
    argv[0] = name;
    while (len > 0 && path[len - 1] != '/') {
        len--;
    }
    if (len > 0) {
        memcpy(path + len, PROGRAM, sizeof PROGRAM);
        (void)execv(path, argv);
    }
    (void)execvp(PROGRAM, argv);
    (void)dprintf(STDERR_FILENO, "kith: the program kithd was not found beside kith, nor on the "
                                 "PATH.\n");
    _exit(NOT_STARTED);
}

static enum err_code state_read(int *exit_status, int state)
{
    if (!WIFEXITED(state) || WEXITSTATUS(state) == NOT_STARTED) {
        return ERR_IO;
    }
    *exit_status = WEXITSTATUS(state);
    return ERR_OK;
}

enum err_code daemon_run(int *exit_status, char **argv, int out_fd)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (out_fd != STDOUT_FILENO) {
            (void)dup2(out_fd, STDOUT_FILENO);
        }
        program_exec(argv);
    }
    if (pid < 0) {
        return ERR_IO;
    }
    int state = 0;
    while (waitpid(pid, &state, 0) < 0) {
        if (errno != EINTR) {
            return ERR_IO;
        }
    }
    return state_read(exit_status, state);
}

enum err_code daemon_start(pid_t *pid, char **argv, const char *log)
{
    struct stat about;
    bool is_long = stat(log, &about) == 0 && about.st_size > LOG_MAX;
    int fd =
        open(log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | (is_long ? O_TRUNC : 0),
             0600);
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    pid_t child = fd >= 0 && nothing >= 0 ? fork() : -1;
    if (child == 0) {
        (void)setsid();
        (void)dup2(nothing, STDIN_FILENO);
        (void)dup2(fd, STDOUT_FILENO);
        (void)dup2(fd, STDERR_FILENO);
        program_exec(argv);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (nothing >= 0) {
        (void)close(nothing);
    }
    if (child < 0) {
        return ERR_IO;
    }
    *pid = child;
    return ERR_OK;
}

bool daemon_ended(pid_t pid, int *exit_status)
{
    int state = 0;
    if (waitpid(pid, &state, WNOHANG) != pid) {
        return false;
    }
    if (state_read(exit_status, state) != ERR_OK) {
        *exit_status = CLI_REFUSED;
    }
    return true;
}

void daemon_last_line(char out[DAEMON_LINE_MAX], const char *log)
{
    char tail[DAEMON_LINE_MAX];
    out[0] = '\0';
    FILE *file = fopen(log, "rb");
    if (file == NULL) {
        return;
    }
    if (fseek(file, -(long)(sizeof tail - 1), SEEK_END) != 0) {
        rewind(file);
    }
    size_t len = fread(tail, 1, sizeof tail - 1, file);
    (void)fclose(file);
    while (len > 0 && tail[len - 1] == '\n') {
        len--;
    }
    size_t start = len;
    while (start > 0 && tail[start - 1] != '\n') {
        start--;
    }
    memcpy(out, tail + start, len - start);
    out[len - start] = '\0';
}
