/* Any octets as a control message: what is accepted must encode to the same octets, and every
 * value of its body can be walked. */
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/control.h"

static uint8_t room[CONTROL_MESSAGE_MAX + CONTROL_PREFIX_LEN];

static void text_of(char out[CONTROL_TEXT_MAX + 1], struct octets text)
{
    memcpy(out, text.at, text.len);
    out[text.len] = '\0';
}

static void write_again(struct canon_writer *w, const struct control_message *m)
{
    char text[CONTROL_TEXT_MAX + 1];
    switch (m->type) {
    case CONTROL_REQUEST:
        control_request_begin(w, m->request_id, m->command);
        canon_write_raw(w, m->body);
        break;
    case CONTROL_CANCEL:
        control_cancel(w, m->request_id);
        break;
    case CONTROL_ITEM:
        control_item_begin(w, m->request_id);
        canon_write_raw(w, m->body);
        break;
    case CONTROL_END:
        text_of(text, m->text);
        control_end(w, m->request_id, m->exit_status, text);
        break;
    case CONTROL_NOTE:
        text_of(text, m->text);
        control_note(w, m->request_id, text);
        break;
    }
}

static void walk(struct octets body)
{
    struct canon_reader pairs = {0};
    uint32_t pairs_count = 0;
    if (control_map_begin(&pairs, &pairs_count, body) != ERR_OK) {
        abort();
    }
    for (uint32_t i = 0; i < pairs_count; i++) {
        struct octets name = {0};
        struct canon_reader value = {0};
        if (control_map_next(&pairs, &name, &value) != ERR_OK) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t len)
{
    struct control_message m;
    struct octets again = {0};
    if (len > CONTROL_MESSAGE_MAX || control_decode(&m, octets_of(octets, len)) != ERR_OK) {
        return 0;
    }
    /* A zero inside a text ends it for the writer, which takes C strings. */
    if (m.text.len > 0 && memchr(m.text.at, 0, m.text.len) != NULL) {
        return 0;
    }
    struct canon_writer w = canon_writer_of(room, sizeof room);
    write_again(&w, &m);
    if (control_close(&w, &again) != ERR_OK || again.len != len + CONTROL_PREFIX_LEN ||
        memcmp(again.at + CONTROL_PREFIX_LEN, octets, len) != 0) {
        abort();
    }
    if (m.type == CONTROL_REQUEST || m.type == CONTROL_ITEM) {
        walk(m.body);
    }
    return 0;
}
