/* Reading: the stream of what comes in, and everything into a file. */
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/item.h"
#include "cli/request.h"

#define PATH_LEN_MAX 4096

int cmd_watch(struct cli *cli, struct invocation *invocation)
{
    if (cli->in_is_terminal && !cli->json) {
        cli_tell(cli, "Waiting for what comes in. Ctrl-C ends it.");
    }
    return command_carry_out(cli, invocation);
}

struct export
{
    FILE *file;
    size_t posts_count;
    bool failed;
};

static bool on_wire(void *context, struct octets item)
{
    struct export *export = context;
    struct octets wire = {0};
    if (control_get_bin(&wire, item, "wire") != ERR_OK) {
        return true;
    }
    export->failed = fwrite(wire.at, 1, wire.len, export->file) != wire.len;
    export->posts_count++;
    return !export->failed;
}

static int export_run(struct cli *cli, struct invocation *invocation, struct export *export)
{
    struct request request = {
        .command = CONTROL_EXPORT, .invocation = invocation, .on_item = on_wire, .context = export};
    int status = request_run(cli, &request);
    if (export->failed) {
        return cli_fail(cli, CLI_REFUSED, "The file could not be written: %s.", strerror(errno));
    }
    return status;
}

/* Under another name until it is whole, so that a broken export cannot be taken for one. */
static FILE *part_open(struct cli *cli, const char *path, const char *part)
{
    if (access(path, F_OK) == 0) {
        (void)cli_fail(cli, CLI_REFUSED, "%s exists already, and was left as it is.", path);
        return NULL;
    }
    struct stat found;
    int fd = open(part, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd >= 0 && (fstat(fd, &found) != 0 || !S_ISREG(found.st_mode))) {
        (void)close(fd);
        (void)cli_fail(cli, CLI_REFUSED, "%s is in the way, and was left as it is.", part);
        return NULL;
    }
    if (fd < 0 || ftruncate(fd, 0) != 0 || fchmod(fd, 0600) != 0) {
        (void)cli_fail(cli, CLI_REFUSED, "%s cannot be written: %s.", part, strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return NULL;
    }
    return fdopen(fd, "wb");
}

static int part_close(struct cli *cli, struct export *export, const char *path, const char *part)
{
    bool kept = fflush(export->file) == 0 && fsync(fileno(export->file)) == 0;
    kept = fclose(export->file) == 0 && kept;
    kept = kept && access(path, F_OK) != 0 && rename(part, path) == 0;
    int reason = errno;
    if (!kept) {
        (void)unlink(part);
        return cli_fail(cli, CLI_REFUSED, "%s could not be written: %s.", path, strerror(reason));
    }
    return CLI_DONE;
}

int cmd_export(struct cli *cli, struct invocation *invocation)
{
    char part[PATH_LEN_MAX];
    int status = ask_complete(cli, invocation);
    if (status != CLI_DONE) {
        return status;
    }
    const char *path = invocation_find(invocation, ARGUMENT_FILE)->text;
    struct export export = {.file = cli->out};
    if (strcmp(path, "-") == 0) {
        return export_run(cli, invocation, &export);
    }
    int len = snprintf(part, sizeof part, "%s.part", path);
    if (len < 0 || (size_t)len >= sizeof part) {
        return cli_fail(cli, CLI_REFUSED, "That file name is too long.");
    }
    export.file = part_open(cli, path, part);
    if (export.file == NULL) {
        return CLI_REFUSED;
    }
    status = export_run(cli, invocation, &export);
    if (status != CLI_DONE) {
        (void)fclose(export.file);
        (void)unlink(part);
        return status;
    }
    status = part_close(cli, &export, path, part);
    if (status == CLI_DONE && !cli->json) {
        (void)fprintf(cli->out, "%zu posts are in ", export.posts_count);
        (void)fprintf(cli->out, "%s, which only your user can read.\n", path);
    }
    return status;
}
