#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/command.h"
#include "cli/home.h"
#include "cli/json.h"
#include "cli/layout.h"
#include "cli/parse.h"
#include "cli/request.h"
#include "cli/safe.h"
#include "cli/session.h"

#define MESSAGE_MAX 8192

static void say(struct cli *cli, const char *before, const char *format, va_list args)
{
    char message[MESSAGE_MAX];
    size_t before_len = strlen(before);
    memcpy(message, before, before_len + 1);
    (void)vsnprintf(message + before_len, sizeof message - before_len, format, args);
    char *safe = safe_text(octets_of_text(message), SAFE_LINE);
    (void)fflush(cli->out);
    layout_sentence(cli->err, cli->width, safe != NULL ? safe : "(no memory)");
    (void)fputc('\n', cli->err);
    free(safe);
}

int cli_fail(struct cli *cli, int status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(cli, "kith: ", format, args);
    va_end(args);
    return status;
}

void cli_tell(struct cli *cli, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(cli, "", format, args);
    va_end(args);
}

struct output {
    struct cli *cli;
    const struct command *command;
    struct render render;
    uint8_t *last; /* the last item, where something may be offered next; owned */
    size_t last_len;
};

static bool keep_last(struct output *output, struct octets item)
{
    free(output->last);
    output->last = malloc(item.len);
    output->last_len = output->last != NULL ? item.len : 0;
    if (output->last != NULL) {
        memcpy(output->last, item.at, item.len);
    }
    return output->last != NULL;
}

static bool on_item(void *context, struct octets item)
{
    struct output *output = context;
    FILE *out = output->cli->out;
    bool good = output->command->after == NULL || keep_last(output, item);
    output->render.items_count++;
    if (output->cli->json) {
        good = json_print(out, item) == ERR_OK && good;
    } else if (output->command->render != NULL) {
        output->command->render(&output->render, item);
    }
    if (output->command->is_stream) {
        (void)fflush(out);
    }
    return good && ferror(out) == 0;
}

static void say_done(struct cli *cli, const struct command *command, size_t items_count)
{
    if (items_count == 0 && command->empty != NULL) {
        layout_sentence(cli->out, cli->width, command->empty);
        (void)fputc('\n', cli->out);
    }
    if (command->done != NULL) {
        layout_sentence(cli->out, cli->width, command->done);
        (void)fputc('\n', cli->out);
    }
}

int command_carry_out(struct cli *cli, struct invocation *invocation)
{
    const struct command *command = invocation->command;
    int status = ask_complete(cli, invocation);
    if (status != CLI_DONE) {
        return status;
    }
    struct output output = {.cli = cli, .command = command};
    struct request request = {.command = command->control,
                              .invocation = invocation,
                              .on_item = on_item,
                              .context = &output,
                              .is_stream = command->is_stream};
    if (command->is_listing) {
        numbers_clear(&cli->numbers);
    }
    render_begin(&output.render, cli);
    status = request_run(cli, &request);
    render_end(&output.render);
    if (status == CLI_DONE && !cli->json) {
        say_done(cli, command, output.render.items_count);
    }
    if (status == CLI_DONE && output.last != NULL) {
        status = command->after(cli, octets_of(output.last, output.last_len));
    }
    free(output.last);
    return status;
}

static int invocation_run(struct cli *cli, struct invocation *invocation)
{
    if (invocation->help) {
        return cmd_help(cli, invocation);
    }
    if (invocation->command == NULL) {
        if (cli->in_session || !cli->in_is_terminal) {
            (void)cmd_help(cli, invocation);
            return CLI_WRONG_USAGE;
        }
        return session_run(cli);
    }
    bool is_local = invocation->command->run == cmd_help || invocation->command->run == cmd_version;
    int status = is_local ? CLI_DONE : home_find(cli);
    if (status != CLI_DONE) {
        return status;
    }
    return invocation->command->run != NULL ? invocation->command->run(cli, invocation)
                                            : command_carry_out(cli, invocation);
}

int cli_run(struct cli *cli, int argc, char **argv)
{
    struct invocation invocation;
    bool json = cli->json;
    cli->interrupted = false;
    size_t words_count = argc > 1 ? (size_t)argc - 1 : 0;
    cli->json = json && cli->in_session;
    int status = parse_words(cli, &invocation, argv + 1, words_count);
    if (status == CLI_DONE) {
        status = invocation_run(cli, &invocation);
        invocation_free(&invocation);
    }
    if (cli->in_session) {
        cli->json = json;
    }
    if (fflush(cli->out) != 0 || ferror(cli->out) != 0) {
        clearerr(cli->out);
        return cli_fail(cli, CLI_REFUSED, "The output could not be written: %s.", strerror(errno));
    }
    (void)fflush(cli->err);
    return status;
}

void cli_close(struct cli *cli)
{
    numbers_clear(&cli->numbers);
}
