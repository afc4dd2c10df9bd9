#include "cli/request.h"

#include <sodium.h>
#include <stdlib.h>

#include "proto/canon.h"

#define REQUEST_ID       1
#define SHORT_TIMEOUT_MS (10 * 1000) /* for what a node answers from memory */

static size_t times_given(const struct invocation *invocation, size_t at)
{
    size_t times = 0;
    for (size_t i = 0; i < invocation->values_count; i++) {
        times += invocation->values[i].parameter == invocation->values[at].parameter ? 1 : 0;
    }
    return times;
}

/* Whether values[at] starts a pair of the request: it is sent, and the first of its kind. */
static bool starts_pair(const struct invocation *invocation, size_t at)
{
    enum parameter_name name = invocation->values[at].parameter;
    return parameter_of(name)->sent_as != NULL &&
           invocation_find(invocation, name) == &invocation->values[at];
}

static void text_write(struct canon_writer *w, const struct value *value)
{
    canon_write_str(w, octets_of(value->text, value->text_len));
}

static void pair_write(struct canon_writer *w, const struct invocation *invocation, size_t at)
{
    const struct value *value = &invocation->values[at];
    const struct parameter *parameter = parameter_of(value->parameter);
    canon_write_str(w, octets_of_text(parameter->sent_as));
    if (parameter->form == FORM_FLAG) {
        canon_write_bool(w, true);
    } else if (value->text == NULL) {
        canon_write_uint(w, value->number);
    } else if (!parameter->many) {
        text_write(w, value);
    } else {
        canon_write_array(w, (uint32_t)times_given(invocation, at));
        for (size_t i = at; i < invocation->values_count; i++) {
            if (invocation->values[i].parameter == value->parameter) {
                text_write(w, &invocation->values[i]);
            }
        }
    }
}

static void arguments_write(struct canon_writer *w, const struct invocation *invocation)
{
    uint32_t pairs_count = 0;
    size_t values_count = invocation != NULL ? invocation->values_count : 0;
    for (size_t i = 0; i < values_count; i++) {
        pairs_count += starts_pair(invocation, i) ? 1 : 0;
    }
    canon_write_map(w, pairs_count);
    for (size_t i = 0; i < values_count; i++) {
        if (starts_pair(invocation, i)) {
            pair_write(w, invocation, i);
        }
    }
}

static enum err_code request_send(struct cli *cli, const struct request *request)
{
    size_t room_len = CONTROL_PREFIX_LEN + CONTROL_MESSAGE_MAX;
    uint8_t *room = malloc(room_len);
    if (room == NULL) {
        return ERR_NO_MEMORY;
    }
    struct octets message = {0};
    struct canon_writer w = canon_writer_of(room, room_len);
    control_request_begin(&w, REQUEST_ID, request->command);
    arguments_write(&w, request->invocation);
    enum err_code rc = control_close(&w, &message);
    if (rc == ERR_OK) {
        rc = cli->transport->send(cli->transport, message);
    }
    sodium_memzero(room, room_len); /* it may hold a passphrase */
    free(room);
    return rc;
}

static void cancel_send(struct cli *cli)
{
    uint8_t room[64];
    struct octets message = {0};
    struct canon_writer w = canon_writer_of(room, sizeof room);
    control_cancel(&w, REQUEST_ID);
    if (control_close(&w, &message) == ERR_OK) {
        (void)!cli->transport->send(cli->transport, message);
    }
}

static int open_fail(struct cli *cli, enum err_code rc)
{
    switch ((int)rc) {
    case ERR_NOT_FOUND:
        return cli_fail(cli, CLI_NO_NODE,
                        "You have no home yet, the folder for your keys and posts; it would be %s. "
                        "Nothing was sent. `kith init` makes it.",
                        cli->home);
    case ERR_NO_NODE:
        return cli_fail(cli, CLI_NO_NODE,
                        "No node is running in %s. Nothing was sent. `kith up` starts it.",
                        cli->home);
    case ERR_TOO_LARGE:
        return cli_fail(cli, CLI_NO_NODE,
                        "The path %s is too long for a node's socket. Nothing was sent. Please "
                        "choose a shorter --home.",
                        cli->home);
    case ERR_PERMISSION:
        return cli_fail(cli, CLI_NO_NODE,
                        "What listens in %s does not belong to you. Nothing was sent.", cli->home);
    default:
        return cli_fail(cli, CLI_NO_NODE, "Connecting to the node in %s: %s. Nothing was sent.",
                        cli->home, err_text(rc));
    }
}

static bool is_short(enum control_command command)
{
    return command == CONTROL_STATUS || command == CONTROL_LOCK || command == CONTROL_DOWN ||
           command == CONTROL_PEER_LIST || command == CONTROL_SHIELDS;
}

static int timeout_fail(struct cli *cli, const struct request *request)
{
    if (request->command == CONTROL_STATUS) {
        return cli_fail(cli, CLI_NO_NODE,
                        "A node runs in %s, but does not answer: it is stopped, or very busy. "
                        "Please ask again in a moment. If it never answers, end it, its name is "
                        "kithd; `kith up` starts it again, and what you wrote is kept.",
                        cli->home);
    }
    return cli_fail(cli, CLI_NO_NODE,
                    "The node does not answer. It may still carry this out; `kith status` shows "
                    "whether it runs.");
}

/* It went away before it answered. */
static int gone_fail(struct cli *cli, enum control_command command)
{
    if (command == CONTROL_PASSPHRASE) {
        return cli_fail(cli, CLI_NO_NODE,
                        "The node stopped before it answered. One passphrase opens your home, the "
                        "one until now or the new one: after `kith up`, please try both.");
    }
    if (command == CONTROL_BACKUP) {
        return cli_fail(cli, CLI_NO_NODE,
                        "The node stopped before it answered. The backup is there only if its file "
                        "is, and then it is whole; else please make it again after `kith up`.");
    }
    return cli_fail(cli, CLI_NO_NODE,
                    "The node stopped before it answered. What you wrote may have been kept: "
                    "after `kith up`, `kith mine` shows it.");
}

static int receive_fail(struct cli *cli, const struct request *request, enum err_code rc)
{
    if (rc == ERR_NETWORK && request->is_stream) {
        return cli_fail(cli, CLI_NO_NODE,
                        "The node ended this connection: it stopped, or could not wait for what it "
                        "sent to be read. `kith status` shows whether it runs.");
    }
    if (rc == ERR_TIMEOUT) {
        return timeout_fail(cli, request);
    }
    if (rc == ERR_NETWORK) {
        return gone_fail(cli, request->command);
    }
    return cli_fail(cli, CLI_NO_NODE,
                    "The node's answer could not be understood (%s). It may be another version of "
                    "kith.",
                    err_name(rc));
}

struct outcome {
    bool ended;
    int status;
};

static enum err_code message_take(struct cli *cli, const struct request *request,
                                  struct outcome *outcome, struct octets octets)
{
    struct control_message message;
    enum err_code rc = control_decode(&message, octets);
    if (rc != ERR_OK) {
        return rc;
    }
    switch (message.type) {
    case CONTROL_ITEM:
        /* A node that had to block closes on whoever does not read: what lies here is older. */
        if (cli->transport->gone != NULL && cli->transport->gone(cli->transport)) {
            return ERR_NETWORK;
        }
        if (request->on_item != NULL && !request->on_item(request->context, message.body)) {
            *outcome = (struct outcome){true, CLI_REFUSED};
        }
        return ERR_OK;
    case CONTROL_NOTE:
        cli_tell(cli, "%.*s", (int)message.text.len, (const char *)message.text.at);
        return ERR_OK;
    case CONTROL_END:
        *outcome = (struct outcome){true, message.exit_status};
        if (message.text.len > 0 && message.exit_status != CLI_DONE && !request->is_quiet) {
            (void)cli_fail(cli, message.exit_status, "%.*s", (int)message.text.len,
                           (const char *)message.text.at);
        }
        return ERR_OK;
    case CONTROL_REQUEST:
    case CONTROL_CANCEL:
        break;
    }
    return ERR_UNEXPECTED;
}

static enum err_code answers_take(struct cli *cli, const struct request *request,
                                  struct outcome *outcome)
{
    unsigned longest_ms = is_short(request->command) ? SHORT_TIMEOUT_MS : REQUEST_TIMEOUT_MS;
    unsigned timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : longest_ms;
    while (!outcome->ended) {
        struct octets octets = {0};
        enum err_code rc =
            cli->transport->receive(cli->transport, &octets, request->is_stream ? 0 : timeout_ms);
        if (rc == ERR_OK) {
            rc = message_take(cli, request, outcome, octets);
        }
        if (rc == ERR_CANCELLED) {
            cancel_send(cli);
            *outcome = (struct outcome){true, CLI_DONE};
        } else if (rc != ERR_OK) {
            return rc;
        }
    }
    return ERR_OK;
}

int request_run(struct cli *cli, const struct request *request)
{
    enum err_code rc = cli->transport->open(cli->transport, cli->home);
    if (rc != ERR_OK) {
        return request->is_quiet ? CLI_NO_NODE : open_fail(cli, rc);
    }
    struct outcome outcome = {0};
    rc = request_send(cli, request);
    if (rc == ERR_TOO_LARGE) {
        cli->transport->close(cli->transport);
        return cli_fail(cli, CLI_WRONG_USAGE,
                        "That is longer than a node takes. Nothing was sent.");
    }
    if (rc == ERR_OK) {
        cli->transport->interruptible(cli->transport, request->is_stream);
        rc = answers_take(cli, request, &outcome);
        cli->transport->interruptible(cli->transport, false);
    }
    if (rc == ERR_OK && request->until_gone && outcome.status == CLI_DONE) {
        struct octets octets = {0};
        enum err_code last = ERR_OK;
        while (last == ERR_OK) {
            last = cli->transport->receive(cli->transport, &octets, REQUEST_TIMEOUT_MS);
        }
        rc = last == ERR_TIMEOUT ? ERR_TIMEOUT : ERR_OK;
    }
    cli->transport->close(cli->transport);
    if (rc != ERR_OK) {
        return request->is_quiet ? CLI_NO_NODE : receive_fail(cli, request, rc);
    }
    return outcome.status;
}
