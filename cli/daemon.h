/* daemon.h - run kithd, found beside kith itself or else on the PATH. */
#ifndef KITH_CLI_DAEMON_H
#define KITH_CLI_DAEMON_H

#include <sys/types.h>

#include "cli/cli.h"

#define DAEMON_LOG_NAME "kithd.log"
#define DAEMON_LINE_MAX 256

/* Run kithd with these arguments (argv[0] is filled in, the list ends with NULL), in front of the
 * person, and wait.  What it prints goes to out_fd.  *exit_status is what it exited with.
 *   ERR_IO  it could not be started, or was killed */
MUST_USE enum err_code daemon_run(int *exit_status, char **argv, int out_fd);
/* Start it in the background, in a session of its own, its messages at the end of the file log.
 *   ERR_IO  the log could not be opened, or no process made */
MUST_USE enum err_code daemon_start(pid_t *pid, char **argv, const char *log);
/* Whether it has ended, and how. */
bool daemon_ended(pid_t pid, int *exit_status);
/* The last line of a log, terminated; empty when there is none. */
void daemon_last_line(char out[DAEMON_LINE_MAX], const char *log);

#endif
