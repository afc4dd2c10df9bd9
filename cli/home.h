/* home.h - which folder is the person's home, and whether it is there. */
#ifndef KITH_CLI_HOME_H
#define KITH_CLI_HOME_H

#include "cli/cli.h"

/* Fill cli->home unless --home did: $KITH_HOME, else $XDG_DATA_HOME/kith, else
 * ~/.local/share/kith.  Returns CLI_DONE, or CLI_NO_NODE having said that no folder is known. */
int home_find(struct cli *cli);
/* CLI_DONE, or CLI_NO_NODE having said that there is no home yet and how to make one. */
int home_check(struct cli *cli);
/* Whether a home was made there, whole, not just a folder. */
bool home_made(const struct cli *cli);
/* HOME/name into out.  False when it does not fit. */
bool home_path(const struct cli *cli, char *out, size_t out_len, const char *name);
/* Whether some process, most likely the node, uses the home at this moment. */
bool home_in_use(const struct cli *cli);

#endif
