#include "proto/control.h"

#include <assert.h>

static const char *const command_names[CONTROL_COMMANDS_COUNT] = {
    [CONTROL_STATUS] = "status",
    [CONTROL_DOWN] = "down",
    [CONTROL_LOCK] = "lock",
    [CONTROL_UNLOCK] = "unlock",
    [CONTROL_PASSPHRASE] = "passphrase",
    [CONTROL_PANIC] = "panic",
    [CONTROL_PEER_ADD] = "peer add",
    [CONTROL_PEER_LIST] = "peer list",
    [CONTROL_PEER_REMOVE] = "peer remove",
    [CONTROL_INVITE] = "invite",
    [CONTROL_JOIN] = "join",
    [CONTROL_POST] = "post",
    [CONTROL_REPLY] = "reply",
    [CONTROL_REACT] = "react",
    [CONTROL_ECHO] = "echo",
    [CONTROL_RETRACT] = "retract",
    [CONTROL_TIMELINE] = "timeline",
    [CONTROL_TAG] = "tag",
    [CONTROL_TAGS] = "tags",
    [CONTROL_THREAD] = "thread",
    [CONTROL_SHOW] = "show",
    [CONTROL_SEARCH] = "search",
    [CONTROL_INBOX] = "inbox",
    [CONTROL_MINE] = "mine",
    [CONTROL_WATCH] = "watch",
    [CONTROL_TALLY] = "tally",
    [CONTROL_PEOPLE] = "people",
    [CONTROL_NAME] = "people name",
    [CONTROL_FOLLOW] = "follow",
    [CONTROL_UNFOLLOW] = "unfollow",
    [CONTROL_WEB] = "web",
    [CONTROL_VOUCH] = "vouch",
    [CONTROL_UNVOUCH] = "unvouch",
    [CONTROL_PROFILE] = "profile",
    [CONTROL_BLOCK] = "block",
    [CONTROL_UNBLOCK] = "unblock",
    [CONTROL_BLOCKS] = "blocks",
    [CONTROL_BLOCKS_EXPORT] = "blocks export",
    [CONTROL_BLOCKS_IMPORT] = "blocks import",
    [CONTROL_BLOCKS_UNDO] = "blocks undo",
    [CONTROL_BLOCKS_CONFIRM] = "blocks confirm",
    [CONTROL_VERIFY] = "verify",
    [CONTROL_SHIELD] = "shield",
    [CONTROL_UNSHIELD] = "unshield",
    [CONTROL_SHIELDS] = "shields",
    [CONTROL_OUTBOX] = "outbox",
    [CONTROL_RECOVERY_WORDS] = "words",
    [CONTROL_BACKUP] = "backup",
    [CONTROL_EXPORT] = "export",
    [CONTROL_COMPLETE] = "complete",
};

const char *control_command_name(enum control_command command)
{
    assert((unsigned)command < CONTROL_COMMANDS_COUNT);
    return command_names[command];
}

enum err_code control_command_of(enum control_command *command, struct octets name)
{
    for (unsigned i = 0; i < CONTROL_COMMANDS_COUNT; i++) {
        if (octets_equal(octets_of_text(command_names[i]), name)) {
            *command = (enum control_command)i;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

/* Names must differ, or two readers of one message could take different values from it. */
static enum err_code map_check(struct octets map)
{
    struct octets names[CONTROL_PAIRS_MAX];
    struct canon_reader r = canon_reader_of(map);
    uint32_t pairs_count = 0;
    enum err_code rc = canon_read_map(&r, &pairs_count, CONTROL_PAIRS_MAX);
    for (uint32_t i = 0; rc == ERR_OK && i < pairs_count; i++) {
        rc = canon_read_str(&r, &names[i], CONTROL_NAME_MAX);
        for (uint32_t before = 0; rc == ERR_OK && before < i; before++) {
            rc = octets_equal(names[before], names[i]) ? ERR_MALFORMED : ERR_OK;
        }
        if (rc == ERR_OK) {
            rc = canon_skip(&r, NULL);
        }
    }
    return rc;
}

static enum err_code body_read(struct canon_reader *r, struct octets *body)
{
    enum canon_type type = CANON_UINT;
    enum err_code rc = canon_peek(r, &type);
    if (rc != ERR_OK) {
        return rc;
    }
    if (type != CANON_MAP) {
        return ERR_MALFORMED;
    }
    rc = canon_skip(r, body);
    return rc == ERR_OK ? map_check(*body) : rc;
}

static enum err_code request_read(struct canon_reader *r, struct control_message *m)
{
    struct octets name = {0};
    enum err_code rc = canon_read_str(r, &name, CONTROL_NAME_MAX);
    if (rc == ERR_OK) {
        rc = body_read(r, &m->body);
    }
    return rc == ERR_OK ? control_command_of(&m->command, name) : rc;
}

static enum err_code end_read(struct canon_reader *r, struct control_message *m)
{
    uint64_t exit_status = 0;
    enum err_code rc = canon_read_uint(r, &exit_status, CONTROL_EXIT_STATUS_MAX);
    if (rc == ERR_OK) {
        m->exit_status = (int)exit_status;
        rc = canon_read_str(r, &m->text, CONTROL_TEXT_MAX);
    }
    return rc;
}

/* How many values a message of this type is. */
static uint32_t parts_of(enum control_type type)
{
    switch (type) {
    case CONTROL_REQUEST:
    case CONTROL_END:
        return 4;
    case CONTROL_ITEM:
    case CONTROL_NOTE:
        return 3;
    case CONTROL_CANCEL:
        return 2;
    }
    return 0;
}

static enum err_code head_read(struct canon_reader *r, struct control_message *m)
{
    uint32_t parts_count = 0;
    uint64_t type = 0;
    uint64_t request_id = 0;
    enum err_code rc = canon_read_array(r, &parts_count, 4);
    if (rc == ERR_OK) {
        rc = canon_read_uint(r, &type, CONTROL_NOTE);
    }
    if (rc == ERR_OK) {
        rc = canon_read_uint(r, &request_id, UINT32_MAX);
    }
    if (rc == ERR_OK && (type == 0 || parts_of((enum control_type)type) != parts_count)) {
        rc = ERR_MALFORMED;
    }
    m->type = (enum control_type)type;
    m->request_id = (uint32_t)request_id;
    return rc;
}

static enum err_code rest_read(struct canon_reader *r, struct control_message *m)
{
    switch (m->type) {
    case CONTROL_REQUEST:
        return request_read(r, m);
    case CONTROL_CANCEL:
        return ERR_OK;
    case CONTROL_ITEM:
        return body_read(r, &m->body);
    case CONTROL_END:
        return end_read(r, m);
    case CONTROL_NOTE:
        return canon_read_str(r, &m->text, CONTROL_TEXT_MAX);
    }
    return ERR_MALFORMED;
}

enum err_code control_decode(struct control_message *message, struct octets octets)
{
    struct canon_reader r = canon_reader_of(octets);
    struct control_message m = {.command = CONTROL_COMMANDS_COUNT};
    enum err_code rc = head_read(&r, &m);
    if (rc == ERR_OK) {
        rc = rest_read(&r, &m);
    }
    if ((rc == ERR_OK || rc == ERR_NOT_FOUND) && canon_end(&r) != ERR_OK) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK || rc == ERR_NOT_FOUND) {
        *message = m;
    }
    return rc;
}

enum err_code control_length(size_t *message_len, struct octets octets)
{
    if (octets.len < CONTROL_PREFIX_LEN) {
        return ERR_TRUNCATED;
    }
    uint32_t len = octets_get_u32be(octets.at);
    if (len > CONTROL_MESSAGE_MAX) {
        return ERR_TOO_LARGE;
    }
    *message_len = len;
    return ERR_OK;
}

static void message_begin(struct canon_writer *w, enum control_type type, uint32_t request_id)
{
    static const uint8_t prefix[CONTROL_PREFIX_LEN] = {0};
    w->room.len = 0;
    w->overflow = false;
    canon_write_raw(w, octets_of(prefix, sizeof prefix));
    canon_write_array(w, parts_of(type));
    canon_write_uint(w, type);
    canon_write_uint(w, request_id);
}

void control_request_begin(struct canon_writer *w, uint32_t request_id,
                           enum control_command command)
{
    message_begin(w, CONTROL_REQUEST, request_id);
    canon_write_str(w, octets_of_text(control_command_name(command)));
}

void control_item_begin(struct canon_writer *w, uint32_t request_id)
{
    message_begin(w, CONTROL_ITEM, request_id);
}

void control_cancel(struct canon_writer *w, uint32_t request_id)
{
    message_begin(w, CONTROL_CANCEL, request_id);
}

/* The text may quote a path or a system's message: neither has to be UTF-8, and neither may reach
 * the writer's assertion. */
static void text_write(struct canon_writer *w, const char *text)
{
    char clean[CONTROL_TEXT_MAX];
    size_t len = strnlen(text, sizeof clean);
    while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80) {
        len--; /* never cut inside a character */
    }
    memcpy(clean, text, len);
    if (!canon_utf8_valid(octets_of(clean, len))) {
        for (size_t i = 0; i < len; i++) {
            if ((uint8_t)clean[i] >= 0x80) {
                clean[i] = '?';
            }
        }
    }
    canon_write_str(w, octets_of(clean, len));
}

void control_end(struct canon_writer *w, uint32_t request_id, int exit_status, const char *text)
{
    assert(exit_status >= 0 && exit_status <= CONTROL_EXIT_STATUS_MAX);
    message_begin(w, CONTROL_END, request_id);
    canon_write_uint(w, (uint64_t)exit_status);
    text_write(w, text);
}

void control_note(struct canon_writer *w, uint32_t request_id, const char *text)
{
    message_begin(w, CONTROL_NOTE, request_id);
    text_write(w, text);
}

enum err_code control_close(struct canon_writer *w, struct octets *message)
{
    if (w->overflow || w->room.len - CONTROL_PREFIX_LEN > CONTROL_MESSAGE_MAX) {
        return ERR_TOO_LARGE;
    }
    assert(w->room.len > CONTROL_PREFIX_LEN);
    octets_put_u32be(w->room.at, (uint32_t)(w->room.len - CONTROL_PREFIX_LEN));
    *message = octets_of(w->room.at, w->room.len);
    return ERR_OK;
}

enum err_code control_map_begin(struct canon_reader *pairs, uint32_t *pairs_count,
                                struct octets map)
{
    struct canon_reader r = canon_reader_of(map);
    enum err_code rc = canon_read_map(&r, pairs_count, CONTROL_PAIRS_MAX);
    if (rc == ERR_OK) {
        *pairs = r;
    }
    return rc;
}

enum err_code control_map_next(struct canon_reader *pairs, struct octets *name,
                               struct canon_reader *value)
{
    struct canon_reader r = *pairs;
    struct octets key = {0};
    struct octets whole = {0};
    enum err_code rc = canon_read_str(&r, &key, CONTROL_NAME_MAX);
    if (rc == ERR_OK) {
        rc = canon_skip(&r, &whole);
    }
    if (rc == ERR_OK) {
        *pairs = r;
        *name = key;
        *value = canon_reader_of(whole);
    }
    return rc;
}

enum err_code control_get(struct canon_reader *value, struct octets map, const char *name)
{
    struct canon_reader pairs = {0};
    uint32_t pairs_count = 0;
    enum err_code rc = control_map_begin(&pairs, &pairs_count, map);
    for (uint32_t i = 0; rc == ERR_OK && i < pairs_count; i++) {
        struct octets key = {0};
        struct canon_reader found = {0};
        rc = control_map_next(&pairs, &key, &found);
        if (rc == ERR_OK && octets_equal(key, octets_of_text(name))) {
            *value = found;
            return ERR_OK;
        }
    }
    return rc == ERR_OK ? ERR_NOT_FOUND : ERR_MALFORMED;
}

enum err_code control_get_str(struct octets *text, struct octets map, const char *name)
{
    struct canon_reader value = {0};
    enum err_code rc = control_get(&value, map, name);
    return rc == ERR_OK ? canon_read_str(&value, text, CONTROL_MESSAGE_MAX) : rc;
}

enum err_code control_get_bin(struct octets *bin, struct octets map, const char *name)
{
    struct canon_reader value = {0};
    enum err_code rc = control_get(&value, map, name);
    return rc == ERR_OK ? canon_read_bin(&value, bin, CONTROL_MESSAGE_MAX) : rc;
}

enum err_code control_get_uint(uint64_t *value, struct octets map, const char *name)
{
    struct canon_reader found = {0};
    enum err_code rc = control_get(&found, map, name);
    return rc == ERR_OK ? canon_read_uint(&found, value, UINT64_MAX) : rc;
}

enum err_code control_get_bool(bool *value, struct octets map, const char *name)
{
    struct canon_reader found = {0};
    enum err_code rc = control_get(&found, map, name);
    return rc == ERR_OK ? canon_read_bool(&found, value) : rc;
}
