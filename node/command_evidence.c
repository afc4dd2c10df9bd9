/* Keeping evidence before a block, and verifying it (SPEC 10.8).  No text and no name is shown. */
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "node/command_sealed.h"
#include "proto/post.h"
#include "store/evidence.h"
#include "store/view.h"

/* Also what strangers write and what her shields keep away: she does not have to look at it. */
#define EVIDENCE_REACH VIEW_ALL
#define POSTS_LEN_MAX  (SEALED_PLAIN_MAX - 1024)
#define AUTHORS_MAX    16

struct gathered {
    uint8_t *at;
    size_t len;
    size_t cap;
    uint64_t count;
};

static enum err_code gather(struct gathered *g, struct octets wire, struct err_note *note)
{
    assert(wire.len > 0);
    if (wire.len > POSTS_LEN_MAX - g->len) {
        return err_note(note, ERR_REFUSED, "it is more than one sealed file holds");
    }
    if (g->cap - g->len < wire.len) {
        size_t cap = g->cap < POST_WIRE_MAX ? 2 * POST_WIRE_MAX : g->cap * 2;
        uint8_t *grown = realloc(g->at, cap);
        if (grown == NULL) {
            return err_note(note, ERR_NO_MEMORY, "out of memory");
        }
        g->at = grown;
        g->cap = cap;
    }
    memcpy(g->at + g->len, wire.at, wire.len);
    g->len += wire.len;
    g->count++;
    return ERR_OK;
}

static enum err_code gather_all(struct commands *c, struct gathered *g, const struct key *author,
                                struct err_note *note)
{
    struct view_export walk = {.reach = EVIDENCE_REACH, .by_one = true, .author = *author};
    enum err_code rc = ERR_OK;
    while (rc == ERR_OK) {
        struct octets wire;
        rc = view_export_next(c->view, &wire, &walk, c->host->now_s(c->host), note);
        if (rc == ERR_OK) {
            rc = gather(g, wire, note);
        }
    }
    return rc == ERR_NOT_FOUND ? ERR_OK : rc;
}

static enum err_code seal_gathered(struct commands *c, const struct gathered *g,
                                   const struct key *about, struct octets args,
                                   const struct sealed_recipient *recipient, struct err_note *note)
{
    struct evidence evidence = {.sealer = vault_identity(c->vault),
                                .about = *about,
                                .sealed_s = c->host->now_s(c->host),
                                .posts = octets_of(g->at, g->len)};
    uint8_t *plain = NULL;
    size_t plain_len = 0;
    enum err_code rc =
        evidence_encode(&plain, &plain_len, &evidence, vault_identity_seed(c->vault));
    if (rc != ERR_OK) {
        return err_note(note, rc, "out of memory");
    }
    rc = command_seal(args, "evidence", SEALED_EVIDENCE, recipient, octets_of(plain, plain_len),
                      note);
    sodium_memzero(plain, plain_len);
    free(plain);
    return rc;
}

enum err_code command_keep_evidence(struct commands *c, uint64_t *kept_count,
                                    const struct view_target *target, struct octets args,
                                    struct err_note *note)
{
    struct sealed_recipient recipient;
    struct gathered g = {.at = NULL};
    enum err_code rc = command_recipient(c, &recipient, args, note);
    if (rc == ERR_OK && recipient.mode == SEALED_TO_KEY &&
        key_equal(&recipient.key, &target->key)) {
        rc = err_note(note, ERR_REFUSED, "it would be sealed to the person you block");
    }
    if (rc == ERR_OK) {
        rc = gather_all(c, &g, &target->key, note);
    }
    if (rc == ERR_OK) {
        rc = seal_gathered(c, &g, &target->key, args, &recipient, note);
    }
    if (g.at != NULL) {
        sodium_memzero(g.at, g.len);
        free(g.at);
    }
    if (rc != ERR_OK) {
        /* Never a silent block without what she wanted kept. */
        return err_note(note, rc == ERR_USAGE ? ERR_USAGE : ERR_REFUSED,
                        "the evidence could not be kept, so nothing was kept and nobody was "
                        "blocked; without --keep-evidence `kith block` blocks at once");
    }
    *kept_count = g.count;
    return ERR_OK;
}

/* --- verify -------------------------------------------------------------------------------------
 */

struct report {
    uint8_t *plain; /* sodium_malloc() */
    struct evidence evidence;
    size_t at;
    uint64_t posts_count;
    uint64_t valid_count;
    uint64_t by_kind[POST_RETRACT + 2]; /* the last: unknown kinds */
    uint64_t first_s, last_s;
    struct key authors[AUTHORS_MAX];
    size_t authors_count;
    bool is_whole; /* posts to the end, and nothing else */
    bool ended;
};

static void report_free(void *context)
{
    struct report *report = context;
    sodium_free(report->plain);
    free(report);
}

static void count_post(struct report *report, const struct post *post, bool valid)
{
    bool is_first = report->posts_count++ == 0;
    report->valid_count += valid ? 1 : 0;
    report->by_kind[post->kind <= POST_RETRACT ? post->kind : POST_RETRACT + 1]++;
    if (is_first || post->created_s < report->first_s) {
        report->first_s = post->created_s;
    }
    if (is_first || post->created_s > report->last_s) {
        report->last_s = post->created_s;
    }
    for (size_t i = 0; i < report->authors_count; i++) {
        if (key_equal(&report->authors[i], &post->author)) {
            return;
        }
    }
    if (report->authors_count < AUTHORS_MAX) {
        report->authors[report->authors_count++] = post->author;
    }
}

static void send_post(struct commands *c, struct run *run, const struct post *post, bool valid)
{
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, 5);
    command_put_bin(w, "id", post->id.octets);
    command_put_bin(w, "author", post->author.octets);
    command_put_text(w, "kind", command_kind_name(post->kind));
    command_put_uint(w, "created_s", post->created_s);
    command_put_bool(w, "valid", valid);
    command_item_send(c, run);
}

static void put_kinds(struct canon_writer *w, const struct report *report)
{
    uint32_t kinds_count = 0;
    for (size_t kind = 0; kind < POST_RETRACT + 2; kind++) {
        kinds_count += report->by_kind[kind] > 0 ? 1 : 0;
    }
    canon_write_str(w, octets_of_text("kinds"));
    canon_write_map(w, kinds_count);
    for (size_t kind = 0; kind < POST_RETRACT + 2; kind++) {
        if (report->by_kind[kind] > 0) {
            command_put_uint(w, command_kind_name(kind), report->by_kind[kind]);
        }
    }
}

static void send_summary(struct commands *c, struct run *run, const struct report *report)
{
    bool has_posts = report->posts_count > 0;
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, has_posts ? 11 : 9);
    command_put_bin(w, "sealed_by", report->evidence.sealer.octets);
    command_put_bool(w, "seal_valid", report->evidence.is_signed);
    command_put_uint(w, "sealed_s", report->evidence.sealed_s);
    command_put_bin(w, "about", report->evidence.about.octets);
    command_put_uint(w, "posts", report->posts_count);
    command_put_uint(w, "verified", report->valid_count);
    command_put_bool(w, "whole", report->is_whole);
    put_kinds(w, report);
    canon_write_str(w, octets_of_text("authors"));
    canon_write_array(w, (uint32_t)report->authors_count);
    for (size_t i = 0; i < report->authors_count; i++) {
        canon_write_bin(w, octets_of(report->authors[i].octets, KEY_LEN));
    }
    if (has_posts) {
        command_put_uint(w, "first_s", report->first_s);
        command_put_uint(w, "last_s", report->last_s);
    }
    command_item_send(c, run);
}

static enum err_code report_next(struct commands *c, struct run *run, struct err_note *note)
{
    (void)note;
    struct report *report = run->report;
    struct octets posts = report->evidence.posts;
    struct octets left = octets_of(posts.at + report->at, posts.len - report->at);
    struct post post;
    size_t wire_len = 0;
    if (report->ended) {
        return ERR_NOT_FOUND;
    }
    if (left.len > 0 && post_decode_prefix(&post, &wire_len, left) == ERR_OK) {
        bool valid = post_verify(&post) == ERR_OK;
        report->at += wire_len;
        count_post(report, &post, valid);
        send_post(c, run, &post, valid);
        return ERR_OK;
    }
    report->is_whole = left.len == 0;
    report->ended = true;
    send_summary(c, run, report);
    return ERR_OK;
}

enum err_code command_on_verify(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note)
{
    uint8_t *plain = NULL;
    size_t plain_len = 0;
    enum err_code rc = command_open_sealed(c, &plain, &plain_len, args, SEALED_EVIDENCE, note);
    if (rc == ERR_LOCKED) { /* the asker asks for it, and then once more here */
        struct canon_writer *w = command_item_begin(c, run);
        canon_write_map(w, 1);
        command_put_text(w, "needs", "passphrase");
        command_item_send(c, run);
        return ERR_OK;
    }
    if (rc != ERR_OK) {
        return rc;
    }
    struct report *report = calloc(1, sizeof *report);
    if (report == NULL) {
        sodium_free(plain);
        return err_note(note, ERR_NO_MEMORY, "out of memory");
    }
    report->plain = plain;
    rc = evidence_decode(&report->evidence, octets_of(plain, plain_len));
    if (rc != ERR_OK) {
        report_free(report);
        return err_note(note, ERR_REFUSED,
                        rc == ERR_VERSION ? "a later version of kith sealed this file"
                                          : "what was sealed here is no evidence");
    }
    run->report = report;
    run->report_free = report_free;
    run->next = report_next;
    run->state = RUN_LISTING;
    return ERR_OK;
}
