/* One side of a reconciliation on standard input and output, in the line protocol of the
 * reference implementation's test harnesses, so that any two of them can be joined:
 *
 *   in   item,CREATED_S,HEXID   seal   initiate   msg,HEX
 *   out  msg,HEX   have,HEXID   need,HEXID   done
 *
 * Whoever is told to initiate is the initiator.  FRAMESIZELIMIT in the environment bounds what
 * this side sends; 0 or nothing stands for NEGENTROPY_MESSAGE_MAX.  Wrong lines exit with 1. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/negentropy_peer.h"

#define LINE_MAX_LEN (2 * NEGENTROPY_MESSAGE_MAX + 64)
#define ITEMS_CAP    1024

struct harness {
    struct sorted_set set;
    struct negentropy_peer *peer;
    size_t frame_max;
    char line[LINE_MAX_LEN];
    uint8_t message[NEGENTROPY_MESSAGE_MAX];
};

static void fail(const char *what)
{
    (void)fprintf(stderr, "negentropy_harness: %s\n", what);
    exit(1);
}

static uint64_t number_of(const char *text, char end)
{
    char *rest = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &rest, 10);
    if (errno != 0 || rest == text || *rest != end) {
        fail("a number is expected");
    }
    return number;
}

static size_t frame_max_of(const char *text)
{
    uint64_t limit = text == NULL ? 0 : number_of(text, '\0');
    if (limit == 0 || limit > NEGENTROPY_MESSAGE_MAX) {
        return NEGENTROPY_MESSAGE_MAX;
    }
    if (limit < NEGENTROPY_FRAME_MIN) {
        fail("FRAMESIZELIMIT is too small");
    }
    return (size_t)limit;
}

static size_t octets_from_hex(uint8_t *out, size_t out_max, const char *hex)
{
    size_t len = 0;
    if (sodium_hex2bin(out, out_max, hex, strlen(hex), NULL, &len, NULL) != 0 ||
        2 * len != strlen(hex)) {
        fail("hex digits are expected, or there are too many");
    }
    return len;
}

static void print_hex(const char *word, struct octets octets)
{
    (void)printf("%s,", word);
    for (size_t i = 0; i < octets.len; i++) {
        (void)printf("%02x", octets.at[i]);
    }
    (void)printf("\n");
}

static void print_ids(const char *word, struct negentropy_found *ids)
{
    for (size_t i = 0; i < ids->count; i++) {
        print_hex(word, octets_of(ids->at[i].octets, POST_ID_LEN));
    }
    ids->count = 0;
}

static void on_item(struct harness *h, const char *fields)
{
    const char *comma = strchr(fields, ',');
    if (comma == NULL || h->set.running != NULL) {
        fail("item,CREATED_S,HEXID is expected, before seal");
    }
    struct post_id id;
    if (octets_from_hex(id.octets, POST_ID_LEN, comma + 1) != POST_ID_LEN) {
        fail("an id of 32 octets is expected");
    }
    uint64_t created_s = number_of(fields, ',');
    if (created_s == NEGENTROPY_INFINITY_S) {
        fail("this time stands for infinity");
    }
    sorted_set_add(&h->set, created_s, &id);
}

static void on_seal(struct harness *h)
{
    if (h->set.running != NULL) {
        fail("sealed already");
    }
    sorted_set_seal(&h->set);
}

static void on_initiate(struct harness *h)
{
    if (h->set.running == NULL || h->peer != NULL) {
        fail("seal first, and initiate once");
    }
    h->peer = negentropy_peer_new(&h->set, NEGENTROPY_INITIATOR, h->frame_max, ITEMS_CAP);
    print_hex("msg", negentropy_peer_initiate(h->peer));
}

static void on_message(struct harness *h, const char *hex)
{
    if (h->set.running == NULL) {
        fail("seal first");
    }
    if (h->peer == NULL) {
        h->peer = negentropy_peer_new(&h->set, NEGENTROPY_RESPONDER, h->frame_max, ITEMS_CAP);
    }
    size_t len = octets_from_hex(h->message, sizeof h->message, hex);
    enum err_code rc = negentropy_peer_receive(h->peer, octets_of(h->message, len));
    if (rc != ERR_OK) {
        fail(err_text(rc));
    }
    print_ids("have", &h->peer->have);
    print_ids("need", &h->peer->need);
    if (h->peer->step.next == NEGENTROPY_DONE) {
        (void)printf("done\n");
    } else {
        print_hex("msg", octets_of(h->peer->reply.at, h->peer->reply.len));
    }
}

/* What follows word in line, or NULL if line begins otherwise. */
static const char *after(const char *line, const char *word)
{
    size_t word_len = strlen(word);
    return strncmp(line, word, word_len) == 0 ? line + word_len : NULL;
}

static void on_line(struct harness *h)
{
    const char *fields = NULL;
    if (h->line[0] == '\0') {
        return;
    }
    if ((fields = after(h->line, "item,")) != NULL) {
        on_item(h, fields);
    } else if (strcmp(h->line, "seal") == 0) {
        on_seal(h);
    } else if (strcmp(h->line, "initiate") == 0) {
        on_initiate(h);
    } else if ((fields = after(h->line, "msg,")) != NULL) {
        on_message(h, fields);
    } else {
        fail("item, seal, initiate or msg is expected");
    }
    (void)fflush(stdout);
}

int main(void)
{
    struct harness *h = calloc(1, sizeof *h);
    if (h == NULL) {
        fail("out of memory");
    }
    sorted_set_init(&h->set);
    h->frame_max = frame_max_of(getenv("FRAMESIZELIMIT"));
    while (fgets(h->line, sizeof h->line, stdin) != NULL) {
        size_t len = strcspn(h->line, "\n");
        if (h->line[len] == '\0' && !feof(stdin)) {
            fail("a line is too long");
        }
        h->line[len] = '\0';
        on_line(h);
    }
    negentropy_peer_free(h->peer);
    sorted_set_close(&h->set);
    free(h);
    return 0;
}
