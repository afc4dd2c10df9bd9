#include "tests/unit/cli/fake_node.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json.h"

#define WORDS_MAX 40

static struct fake_node *fake_of(struct cli_transport *transport)
{
    return transport->context;
}

static enum err_code on_open(struct cli_transport *transport, const char *home)
{
    assert(home[0] != '\0');
    return fake_of(transport)->answer;
}

static enum err_code on_send(struct cli_transport *transport, struct octets message)
{
    struct fake_node *fake = fake_of(transport);
    struct control_message m;
    enum err_code rc = control_decode(&m, octets_of(message.at + 4, message.len - 4));
    assert(rc == ERR_OK);
    if (m.type == CONTROL_CANCEL) {
        fake->cancelled = true;
        return ERR_OK;
    }
    FILE *out = fmemopen(fake->request, sizeof fake->request, "w");
    (void)fprintf(out, "%s ", control_command_name(m.command));
    rc = json_print(out, m.body);
    assert(rc == ERR_OK);
    (void)fclose(out);
    fake->request[strcspn(fake->request, "\n")] = '\0';
    if (fake->requests_count++ == 0) {
        memcpy(fake->first_request, fake->request, sizeof fake->request);
    }
    return ERR_OK;
}

static enum err_code on_receive(struct cli_transport *transport, struct octets *message,
                                unsigned timeout_ms)
{
    struct fake_node *fake = fake_of(transport);
    fake->timeout_ms = timeout_ms;
    if (fake->script_at == fake->script_len && fake->after != ERR_OK) {
        return fake->after;
    }
    if (fake->script_at == fake->script_len) {
        fake_end(fake, 0, "");
    }
    size_t len = octets_get_u32be(fake->script + fake->script_at);
    *message = octets_of(fake->script + fake->script_at + 4, len);
    fake->script_at += 4 + len;
    return ERR_OK;
}

static void on_interruptible(struct cli_transport *transport, bool on)
{
    (void)transport;
    (void)on;
}

static void on_close(struct cli_transport *transport)
{
    (void)transport;
}

static uint64_t now_s(void *context)
{
    (void)context;
    return FAKE_NOW_S;
}

static const char *environment(void *context, const char *name)
{
    const struct fake_node *fake = context;
    if (strcmp(name, "KITH_HOME") == 0) {
        return fake->home;
    }
    return strcmp(name, "EDITOR") == 0 ? fake->editor : NULL;
}

void fake_start(struct fake_node *fake, const char *input, bool is_terminal)
{
    *fake = (struct fake_node){.home = "/nowhere/kith"};
    fake->transport = (struct cli_transport){.context = fake,
                                             .open = on_open,
                                             .send = on_send,
                                             .receive = on_receive,
                                             .interruptible = on_interruptible,
                                             .close = on_close};
    fake->cli = (struct cli){.in_is_terminal = is_terminal,
                             .now_s = now_s,
                             .environment = environment,
                             .context = fake,
                             .transport = &fake->transport};
    FILE *in = tmpfile();
    assert(in != NULL);
    (void)fputs(input, in);
    rewind(in);
    fake->cli.in = in;
}

void fake_stop(struct fake_node *fake)
{
    cli_close(&fake->cli);
    (void)fclose(fake->cli.in);
    free(fake->out);
    free(fake->err);
}

static struct canon_writer writer_of(struct fake_node *fake)
{
    return canon_writer_of(fake->script + fake->script_len, sizeof fake->script - fake->script_len);
}

static void queue(struct fake_node *fake, struct canon_writer *w)
{
    struct octets message = {0};
    enum err_code rc = control_close(w, &message);
    assert(rc == ERR_OK);
    fake->script_len += message.len;
}

static void value_write(struct canon_writer *w, char type, va_list *args)
{
    uint8_t octets[32];
    switch (type) {
    case '$':
        canon_write_str(w, octets_of_text(va_arg(*args, const char *)));
        break;
    case '#':
        canon_write_uint(w, (uint64_t)va_arg(*args, int));
        break;
    case '%':
        memset(octets, va_arg(*args, int), sizeof octets);
        canon_write_bin(w, octets_of(octets, sizeof octets));
        break;
    case '?':
        canon_write_bool(w, va_arg(*args, int) != 0);
        break;
    case '*':
        canon_write_array(w, 1);
        canon_write_str(w, octets_of_text(va_arg(*args, const char *)));
        break;
    default:
        canon_write_map(w, 1);
        canon_write_str(w, octets_of_text("heart"));
        canon_write_uint(w, (uint64_t)va_arg(*args, int));
        break;
    }
}

void fake_item(struct fake_node *fake, ...)
{
    uint8_t pairs[8192];
    struct canon_writer body = canon_writer_of(pairs, sizeof pairs);
    uint32_t pairs_count = 0;
    va_list args;
    va_start(args, fake);
    for (const char *name = va_arg(args, const char *); name != NULL;
         name = va_arg(args, const char *)) {
        canon_write_str(&body, octets_of_text(name + 1));
        value_write(&body, name[0], &args);
        pairs_count++;
    }
    va_end(args);
    struct canon_writer w = writer_of(fake);
    control_item_begin(&w, 1);
    canon_write_map(&w, pairs_count);
    canon_write_raw(&w, canon_written(&body));
    queue(fake, &w);
}

void fake_note(struct fake_node *fake, const char *text)
{
    struct canon_writer w = writer_of(fake);
    control_note(&w, 1, text);
    queue(fake, &w);
}

void fake_end(struct fake_node *fake, int exit_status, const char *text)
{
    struct canon_writer w = writer_of(fake);
    control_end(&w, 1, exit_status, text);
    queue(fake, &w);
}

int fake_run(struct fake_node *fake, ...)
{
    char *words[WORDS_MAX] = {NULL};
    int count = 0;
    va_list args;
    va_start(args, fake);
    words[count++] = strdup("kith");
    for (const char *word = va_arg(args, const char *); word != NULL;
         word = va_arg(args, const char *)) {
        words[count++] = strdup(word);
    }
    va_end(args);
    free(fake->out);
    free(fake->err);
    fake->request[0] = '\0';
    fake->first_request[0] = '\0';
    fake->requests_count = 0;
    fake->cli.out = open_memstream(&fake->out, &fake->out_len);
    fake->cli.err = open_memstream(&fake->err, &fake->err_len);
    int status = cli_run(&fake->cli, count, words);
    (void)fclose(fake->cli.out);
    (void)fclose(fake->cli.err);
    for (int i = 0; i < count; i++) {
        free(words[i]);
    }
    return status;
}
