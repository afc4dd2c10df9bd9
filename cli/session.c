#include "cli/session.h"

#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/home.h"

#define BLANKS " \t\r\n"

static char *quote_end(char *at)
{
    char *end = strchr(at + 1, '"');
    return end != NULL && (end[1] == '\0' || strchr(BLANKS, end[1]) != NULL) ? end : NULL;
}

size_t session_split(char *words[SESSION_WORDS_MAX], char *line)
{
    size_t count = 0;
    char *at = line + strspn(line, BLANKS);
    while (*at != '\0') {
        bool after_option =
            count > 0 && strncmp(words[count - 1], "--", 2) == 0 && words[count - 1][2] != '\0';
        char *end = at[0] == '"' && after_option ? quote_end(at) : NULL;
        if (count == SESSION_WORDS_MAX) {
            return SESSION_WORDS_MAX + 1;
        }
        words[count] = end != NULL ? at + 1 : at;
        end = end != NULL ? end : at + strcspn(at, BLANKS);
        bool is_last = *end == '\0';
        *end = '\0';
        at = is_last ? end : end + 1 + strspn(end + 1, BLANKS);
        if (count > 0 || strcmp(words[0], "kith") != 0) {
            count++;
        }
    }
    return count;
}

/* What the first command would meet. */
static void home_tell(struct cli *cli)
{
    if (home_find(cli) != CLI_DONE) {
        return;
    }
    if (!home_made(cli)) {
        cli_tell(cli, "You have no home here yet. `init` makes it, then `up` starts your node.");
    } else if (!home_in_use(cli)) {
        cli_tell(cli, "Your node is not running. `up` starts it.");
    }
}

static void too_long(struct cli *cli)
{
    cli_tell(cli, "That line is too long. `post --editor` takes a text of any length.");
}

/* One line; true when it ends the session. */
static bool line_run(struct cli *cli, char *line)
{
    char *words[SESSION_WORDS_MAX + 1];
    static char program[] = "kith";
    words[0] = program;
    size_t count = session_split(words + 1, line);
    if (count > SESSION_WORDS_MAX) {
        too_long(cli);
        return false;
    }
    if (count == 0) {
        return false;
    }
    if (count == 1 && (strcmp(words[1], "quit") == 0 || strcmp(words[1], "exit") == 0)) {
        return true;
    }
    char home[CLI_HOME_MAX]; /* --home holds for one line */
    memcpy(home, cli->home, sizeof home);
    (void)cli_run(cli, (int)count + 1, words);
    memcpy(cli->home, home, sizeof home);
    return false;
}

int session_run(struct cli *cli)
{
    char *line = NULL;
    size_t room = 0;
    bool over = false;
    cli->in_session = true;
    cli->said_named = false;
    cli_tell(cli, "A session: the same commands, with nothing kept in a history. Numbers stand for "
                  "the lines of the last listing (reply 3). help lists the commands, quit leaves.");
    home_tell(cli);
    while (!over) {
        (void)fflush(cli->out);
        (void)fputs("kith> ", cli->err);
        (void)fflush(cli->err);
        if (getline(&line, &room, cli->in) < 0) {
            (void)fputc('\n', cli->err);
            break;
        }
        if (cli->in_is_terminal && strlen(line) > ASK_TERMINAL_LINE_MAX) {
            too_long(cli);
            continue;
        }
        over = line_run(cli, line);
    }
    free(line);
    cli->in_session = false;
    return CLI_DONE;
}
