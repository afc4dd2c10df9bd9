/* Any octets as an item: JSON of one line without control characters, or a refusal; what the node
 * could send is printed for people too. */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"
#include "cli/render.h"
#include "proto/canon.h"

static uint64_t now_s(void *context)
{
    (void)context;
    return 1700000000;
}

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static void json_check(struct octets item)
{
    char *printed = NULL;
    size_t printed_len = 0;
    FILE *out = open_memstream(&printed, &printed_len);
    must(out != NULL);
    (void)!json_print(out, item);
    (void)fclose(out);
    must(printed_len > 0 && memchr(printed, '\n', printed_len) == printed + printed_len - 1);
    for (size_t i = 0; i + 1 < printed_len; i++) {
        must((uint8_t)printed[i] >= 0x20 && printed[i] != 0x7f);
    }
    free(printed);
}

static void render_check(struct octets item)
{
    static void (*const renders[])(struct render *, struct octets) = {
        render_post, render_reply,  render_whole, render_sent,   render_person, render_blocked,
        render_tag,  render_fields, render_peer,  render_status, render_plain,
    };
    char *printed = NULL;
    size_t printed_len = 0;
    struct cli cli = {.now_s = now_s, .width = 40};
    struct render render;
    cli.out = open_memstream(&printed, &printed_len);
    must(cli.out != NULL);
    render_begin(&render, &cli);
    for (size_t i = 0; i < sizeof renders / sizeof renders[0]; i++) {
        renders[i](&render, item);
    }
    render_end(&render);
    cli_close(&cli);
    (void)fclose(cli.out);
    must(canon_utf8_valid(octets_of(printed, printed_len)));
    must(memchr(printed, 0x1b, printed_len) == NULL);
    free(printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct octets item = octets_of(octets, len);
    json_check(item);
    render_check(item);
    return 0;
}
