#include "node/control_listen.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "proto/control.h"

#define BACKLOG 16

_Static_assert(CONTROL_PATH_MAX <= sizeof(((struct sockaddr_un *)NULL)->sun_path),
               "a path that fits here fits a socket's address");

enum err_code control_listen_path(char path[CONTROL_PATH_MAX], const char *home,
                                  struct err_note *note)
{
    size_t need = strlen(home) + 1 + strlen(CONTROL_SOCKET_NAME) + 1;
    if (need > CONTROL_PATH_MAX) {
        return err_note(note, ERR_TOO_LARGE,
                        "the path of the home is %zu characters too long for the socket in it; "
                        "choose a shorter one with --home",
                        need - CONTROL_PATH_MAX);
    }
    (void)snprintf(path, CONTROL_PATH_MAX, "%s/%s", home, CONTROL_SOCKET_NAME);
    return ERR_OK;
}

static bool somebody_answers(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) {
        return true; /* not known: leave the file alone */
    }
    bool answers = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ||
                   (errno != ECONNREFUSED && errno != ENOENT);
    (void)close(fd);
    return answers;
}

static enum err_code remove_stale(const char *path, struct err_note *note)
{
    struct stat found;
    if (lstat(path, &found) != 0) {
        return errno == ENOENT ? ERR_OK : err_note(note, err_from_errno(note, errno), "%s", path);
    }
    if (!S_ISSOCK(found.st_mode)) {
        return err_note(note, ERR_IN_USE, "%s is in the way and is no socket", path);
    }
    if (somebody_answers(path)) {
        return err_note(note, ERR_IN_USE, "somebody answers on %s", path);
    }
    if (unlink(path) != 0 && errno != ENOENT) {
        return err_note(note, err_from_errno(note, errno), "removing %s", path);
    }
    return ERR_OK;
}

enum err_code control_listen(uv_pipe_t *pipe, const char *path, uv_connection_cb on_client,
                             struct err_note *note)
{
    enum err_code rc = remove_stale(path, note);
    if (rc != ERR_OK) {
        return rc;
    }
    mode_t before = umask(0177); /* mode 0600 from the first moment on */
    int failed = uv_pipe_bind(pipe, path);
    (void)umask(before);
    if (failed == 0) {
        failed = uv_listen((uv_stream_t *)pipe, BACKLOG, on_client);
    }
    if (failed != 0) {
        return err_note(note, err_from_errno(note, -failed), "listening on %s", path);
    }
    return ERR_OK;
}
