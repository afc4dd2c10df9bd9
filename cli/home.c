#include "cli/home.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/control.h"

static bool set(struct cli *cli, const char *base, const char *below)
{
    if (base == NULL || base[0] == '\0') {
        return false;
    }
    int len = snprintf(cli->home, sizeof cli->home, "%s%s", base, below);
    return len > 0 && (size_t)len < sizeof cli->home;
}

int home_find(struct cli *cli)
{
    if (cli->home[0] != '\0' || set(cli, cli->environment(cli->context, "KITH_HOME"), "") ||
        set(cli, cli->environment(cli->context, "XDG_DATA_HOME"), "/kith") ||
        set(cli, cli->environment(cli->context, "HOME"), "/.local/share/kith")) {
        return CLI_DONE;
    }
    cli->home[0] = '\0';
    return cli_fail(cli, CLI_NO_NODE,
                    "It is not clear where your home is: please say --home DIR, or set KITH_HOME. "
                    "Nothing was sent.");
}

int home_check(struct cli *cli)
{
    struct stat about;
    if (stat(cli->home, &about) == 0 && S_ISDIR(about.st_mode)) {
        return CLI_DONE;
    }
    return cli_fail(cli, CLI_NO_NODE,
                    "You have no home yet, the folder for your keys and posts; it would be %s. "
                    "Nothing was sent. `kith init` makes it.",
                    cli->home);
}

bool home_path(const struct cli *cli, char *out, size_t out_len, const char *name)
{
    int len = snprintf(out, out_len, "%s/%s", cli->home, name);
    return len > 0 && (size_t)len < out_len;
}

static bool has(const struct cli *cli, const char *name)
{
    char path[CLI_HOME_MAX + 16];
    return home_path(cli, path, sizeof path, name) && access(path, F_OK) == 0;
}

bool home_made(const struct cli *cli)
{
    return (has(cli, "key") || has(cli, "vault")) && !has(cli, CONTROL_MAKING_NAME);
}

static bool is_locked(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool held = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (fd >= 0) {
        (void)close(fd); /* which gives the lock back */
    }
    return held;
}

bool home_in_use(const struct cli *cli)
{
    char path[CLI_HOME_MAX + 16];
    return is_locked(cli->home) ||
           (home_path(cli, path, sizeof path, CONTROL_LOCK_NAME) && is_locked(path));
}
