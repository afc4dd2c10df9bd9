#include "cli/named.h"

#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/render_parts.h"
#include "cli/request.h"

/* A name as it is printed; owned, NULL while there is none. */
struct spoken {
    char *name;
    const char *key_name;
};

static bool on_item(void *context, struct octets item)
{
    struct spoken *spoken = context;
    size_t len = 0;
    free(spoken->name);
    spoken->name = NULL;
    FILE *out = open_memstream(&spoken->name, &len);
    if (out == NULL) {
        return false;
    }
    render_name(out, item, spoken->key_name);
    return fclose(out) == 0;
}

static char *author_of(struct cli *cli, const struct value *id)
{
    struct spoken author = {.key_name = "author"};
    struct invocation show = {0};
    char none[] = "";
    /* As far as an answer reaches. */
    if (!invocation_add_text(&show, ARGUMENT_ID, id->text, id->text_len) ||
        !invocation_add_text(&show, OPTION_STRANGERS, none, 0) ||
        !invocation_add_text(&show, OPTION_SHIELDED, none, 0)) {
        invocation_free(&show);
        return NULL;
    }
    struct request request = {.command = CONTROL_SHOW,
                              .invocation = &show,
                              .on_item = on_item,
                              .context = &author,
                              .is_quiet = true};
    (void)request_run(cli, &request);
    invocation_free(&show);
    return author.name;
}

static char *own_name(struct cli *cli)
{
    struct spoken own = {.key_name = "key"};
    struct request request = {
        .command = CONTROL_PROFILE, .on_item = on_item, .context = &own, .is_quiet = true};
    (void)request_run(cli, &request);
    return own.name;
}

static bool she_agrees(struct cli *cli, const struct command *command, const char *author,
                       const char *own)
{
    cli_tell(cli, "To %s, as %s. Everyone who can see the post can see that this is from you.",
             author, own);
    if (cli->said_named) {
        return true;
    }
    bool yes = ask_yes(cli, command->control == CONTROL_REPLY ? "Answer? [y/N]" : "React? [y/N]");
    if (!yes) {
        cli_tell(cli, "Nothing was sent.");
    }
    cli->said_named = yes && cli->in_session;
    return yes;
}

bool named_ask(struct cli *cli, const struct invocation *invocation)
{
    const struct value *id = invocation_find(invocation, ARGUMENT_ID);
    if (!cli->in_is_terminal || cli->json || id == NULL ||
        invocation_find(invocation, OPTION_UNASKED) != NULL) {
        return true;
    }
    char *author = author_of(cli, id);
    char *own = author != NULL ? own_name(cli) : NULL;
    bool go = author == NULL || own == NULL || she_agrees(cli, invocation->command, author, own);
    free(author);
    free(own);
    return go;
}
