/* editor.h - write a text in the person's own editor, in a private file that is removed. */
#ifndef KITH_CLI_EDITOR_H
#define KITH_CLI_EDITOR_H

#include "cli/cli.h"

/* Open $VISUAL or $EDITOR on an empty file of mode 0600, in a folder of its own inside the home,
 * and read back what was written.  The folder goes with everything the editor left in it.  *text is
 * the caller's to free, without the empty lines at its end.  Returns CLI_DONE, or CLI_REFUSED
 * having said why. */
int editor_write(struct cli *cli, char **text, size_t *text_len);

#endif
