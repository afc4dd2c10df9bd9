/* Any octets as a line typed in a session: an invocation whose texts are UTF-8, or a reason that is
 * safe to show. */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/parse.h"
#include "cli/session.h"
#include "proto/canon.h"

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void invocation_check(const struct invocation *invocation)
{
    must(invocation->values_count <= COMMAND_VALUES_MAX);
    for (size_t i = 0; i < invocation->values_count; i++) {
        const struct value *value = &invocation->values[i];
        must(value->text == NULL || canon_utf8_valid(octets_of(value->text, value->text_len)));
        must(value->text == NULL || strlen(value->text) == value->text_len);
    }
}

static void parse_check(struct cli *cli, char *line)
{
    char *words[SESSION_WORDS_MAX];
    size_t count = session_split(words, line);
    struct invocation invocation;
    if (count > SESSION_WORDS_MAX) {
        return;
    }
    if (parse_words(cli, &invocation, words, count) == CLI_DONE) {
        invocation_check(&invocation);
        invocation_free(&invocation);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    char *said = NULL;
    size_t said_len = 0;
    char *line = malloc(len + 1);
    struct cli cli = {.in_session = true};
    must(line != NULL);
    memcpy(line, octets, len);
    line[len] = '\0';
    cli.err = open_memstream(&said, &said_len);
    cli.out = cli.err;
    must(cli.err != NULL && numbers_add(&cli.numbers, NUMBERS_POSTS, "3f2a") == 1);
    parse_check(&cli, line);
    (void)fclose(cli.err);
    must(canon_utf8_valid(octets_of(said, said_len)) && memchr(said, 0x1b, said_len) == NULL);
    cli_close(&cli);
    free(said);
    free(line);
    return 0;
}
