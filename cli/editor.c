#include "cli/editor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/home.h"

#define PATH_LEN_MAX (CLI_HOME_MAX + 512)

static const char *editor_of(struct cli *cli)
{
    const char *visual = cli->environment(cli->context, "VISUAL");
    const char *editor = cli->environment(cli->context, "EDITOR");
    if (visual != NULL && visual[0] != '\0') {
        return visual;
    }
    return editor != NULL && editor[0] != '\0' ? editor : "vi";
}

/* The setting may hold arguments ("code --wait"), so the shell reads it; the file's name is never
 * part of what it reads. */
static bool editor_run(const char *editor, const char *path)
{
    char command[1024];
    int len = snprintf(command, sizeof command, "%s \"$1\"", editor);
    if (len < 0 || (size_t)len >= sizeof command) {
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        (void)umask(077);
        (void)execl("/bin/sh", "sh", "-c", command, "kith", path, (char *)NULL);
        _exit(127);
    }
    int state = 0;
    while (child > 0 && waitpid(child, &state, 0) < 0 && errno == EINTR) {
    }
    return child > 0 && WIFEXITED(state) && WEXITSTATUS(state) == 0;
}

static char *file_read(const char *path, size_t *len)
{
    /* What the editor left there may be anything. */
    struct stat found;
    FILE *file = lstat(path, &found) == 0 && S_ISREG(found.st_mode) ? fopen(path, "rb") : NULL;
    char *text = calloc(1, ASK_TEXT_MAX + 2);
    if (file == NULL || text == NULL) {
        if (file != NULL) {
            (void)fclose(file);
        }
        free(text);
        return NULL;
    }
    *len = fread(text, 1, ASK_TEXT_MAX + 1, file);
    (void)fclose(file);
    while (*len > 0 && (text[*len - 1] == '\n' || text[*len - 1] == '\r')) {
        text[--*len] = '\0';
    }
    return text;
}

/* Editors leave copies beside the file. */
static void folder_remove(const char *folder)
{
    DIR *entries = opendir(folder);
    struct dirent *entry = NULL;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            (void)unlinkat(dirfd(entries), entry->d_name, 0);
        }
    }
    if (entries != NULL) {
        (void)closedir(entries);
    }
    (void)rmdir(folder);
}

int editor_write(struct cli *cli, char **text, size_t *text_len)
{
    char folder[PATH_LEN_MAX];
    char path[PATH_LEN_MAX + 16];
    int status = home_check(cli);
    if (status != CLI_DONE) {
        return status;
    }
    if (!home_path(cli, folder, sizeof folder, "writing.XXXXXX") || mkdtemp(folder) == NULL) {
        return cli_fail(cli, CLI_REFUSED, "No private file could be made in %s. Nothing was sent.",
                        cli->home);
    }
    (void)snprintf(path, sizeof path, "%s/text.txt", folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd >= 0) {
        (void)close(fd);
    }
    (void)fflush(cli->out);
    char *written = fd >= 0 && editor_run(editor_of(cli), path) ? file_read(path, text_len) : NULL;
    folder_remove(folder);
    if (written == NULL) {
        return cli_fail(
            cli, CLI_REFUSED,
            "The editor did not finish well, so nothing was sent and the file is gone.");
    }
    if (*text_len > ASK_TEXT_MAX) {
        free(written);
        return cli_fail(cli, CLI_REFUSED, "That is longer than a post can be. Nothing was sent.");
    }
    *text = written;
    return CLI_DONE;
}
