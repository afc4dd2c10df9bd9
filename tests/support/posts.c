#include "tests/support/posts.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "proto/canon.h"
#include "proto/sign.h"
#include "proto/tag.h"

static void must(enum err_code rc, const char *what)
{
    if (rc != ERR_OK) {
        (void)fprintf(stderr, "tests/support/posts: %s: %s\n", what, err_name(rc));
        abort();
    }
}

static void *must_have(void *memory)
{
    must(memory == NULL ? ERR_NO_MEMORY : ERR_OK, "memory");
    return memory;
}

struct person person_of(const char *name)
{
    struct person person = {.name = ""};
    (void)snprintf(person.name, sizeof person.name, "%s", name);
    (void)crypto_generichash(person.seed, sizeof person.seed, (const unsigned char *)name,
                             strlen(name), NULL, 0);
    sign_public_key(&person.key, person.seed);
    return person;
}

void posts_free(struct posts *posts)
{
    for (size_t i = 0; i < posts->count; i++) {
        free((void *)(uintptr_t)posts->wires[i].at);
    }
    free(posts->wires);
    free(posts->ids);
    *posts = (struct posts){0};
}

void posts_add(struct posts *posts, struct octets wire, struct post_id id)
{
    if (posts->count == posts->cap) {
        posts->cap = posts->cap == 0 ? 16 : 2 * posts->cap;
        posts->wires = must_have(realloc(posts->wires, posts->cap * sizeof *posts->wires));
        posts->ids = must_have(realloc(posts->ids, posts->cap * sizeof *posts->ids));
    }
    uint8_t *copy = must_have(malloc(wire.len));
    memcpy(copy, wire.at, wire.len);
    posts->wires[posts->count] = octets_of(copy, wire.len);
    posts->ids[posts->count] = id;
    posts->count++;
}

struct post posts_decoded(const struct posts *posts, size_t index)
{
    must(index < posts->count ? ERR_OK : ERR_NOT_FOUND, "a post of that index");
    struct post post;
    must(post_decode(&post, posts->wires[index]), "post_decode");
    return post;
}

struct post_id person_draft(struct posts *posts, const struct person *person,
                            const struct post_draft *draft)
{
    uint8_t wire[POST_WIRE_MAX];
    size_t wire_len;
    struct post_id id;
    must(post_sign(wire, &wire_len, &id, draft, person->seed), "post_sign");
    posts_add(posts, octets_of(wire, wire_len), id);
    return id;
}

struct post_id person_text(struct posts *posts, const struct person *person, uint64_t created_s,
                           const char *text, const char *tag)
{
    uint8_t tag_octets[TAG_MAX];
    size_t tag_len = 0;
    if (tag != NULL) {
        must(tag_normalise(tag_octets, &tag_len, octets_of_text(tag)), "tag_normalise");
    }
    struct octets tags[1] = {octets_of(tag_octets, tag_len)};
    return person_draft(posts, person,
                        &(struct post_draft){.kind = POST_TEXT,
                                             .created_s = created_s,
                                             .tags = tags,
                                             .tags_count = tag != NULL ? 1 : 0,
                                             .text = octets_of_text(text)});
}

struct post_id person_reply(struct posts *posts, const struct person *person, uint64_t created_s,
                            struct post_id root, struct post_id parent, const char *text)
{
    struct post_ref refs[2] = {{POST_ROOT, root}, {POST_PARENT, parent}};
    return person_draft(posts, person,
                        &(struct post_draft){.kind = POST_TEXT,
                                             .created_s = created_s,
                                             .refs = refs,
                                             .refs_count = 2,
                                             .text = octets_of_text(text)});
}

struct post_id person_echo(struct posts *posts, const struct person *person, uint64_t created_s,
                           struct post_id echoed, const char *text)
{
    struct post_ref refs[1] = {{POST_ECHO, echoed}};
    return person_draft(posts, person,
                        &(struct post_draft){.kind = POST_TEXT,
                                             .created_s = created_s,
                                             .refs = refs,
                                             .refs_count = 1,
                                             .text = octets_of_text(text)});
}

struct post_id person_react(struct posts *posts, const struct person *person, uint64_t created_s,
                            struct post_id subject, enum post_reaction reaction)
{
    struct post_ref refs[1] = {{POST_SUBJECT, subject}};
    return person_draft(posts, person,
                        &(struct post_draft){.kind = POST_REACT,
                                             .created_s = created_s,
                                             .refs = refs,
                                             .refs_count = 1,
                                             .reaction = reaction});
}

struct post_id person_vouch(struct posts *posts, const struct person *person, uint64_t created_s,
                            const struct key *subject, const struct key *inviter)
{
    struct post_draft draft = {.kind = POST_VOUCH, .created_s = created_s, .subject = *subject};
    if (inviter != NULL) {
        draft.inviter = *inviter;
        draft.has_inviter = true;
    }
    return person_draft(posts, person, &draft);
}

struct post_id person_retract(struct posts *posts, const struct person *person, uint64_t created_s,
                              struct post_id subject)
{
    struct post_ref refs[1] = {{POST_SUBJECT, subject}};
    return person_draft(
        posts, person,
        &(struct post_draft){
            .kind = POST_RETRACT, .created_s = created_s, .refs = refs, .refs_count = 1});
}

struct post_id person_profile(struct posts *posts, const struct person *person, uint64_t created_s,
                              const char *name, const char *bio)
{
    return person_draft(posts, person,
                        &(struct post_draft){.kind = POST_PROFILE,
                                             .created_s = created_s,
                                             .text = octets_of_text(name),
                                             .note = octets_of_text(bio)});
}

struct posts posts_said(const char *who, size_t count, uint64_t first_s, uint64_t apart_s)
{
    struct posts posts = {.wires = NULL};
    struct person person = person_of(who);
    for (size_t i = 0; i < count; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "me too %zu", i);
        person_text(&posts, &person, first_s + i * apart_s, text, "metoo");
    }
    return posts;
}

static struct post_id id_of_body(struct octets body)
{
    struct post_id id;
    (void)crypto_generichash(id.octets, POST_ID_LEN, body.at, body.len, NULL, 0);
    return id;
}

size_t person_sign_body(uint8_t *wire, size_t wire_cap, const struct person *person,
                        struct octets body)
{
    struct post_id id = id_of_body(body);
    uint8_t sig[SIGN_LEN];
    sign_detached(sig, SIGN_POST, octets_of(id.octets, POST_ID_LEN), person->seed);
    struct canon_writer w = canon_writer_of(wire, wire_cap);
    canon_write_array(&w, 2);
    canon_write_bin(&w, body);
    canon_write_bin(&w, octets_of(sig, sizeof sig));
    return canon_written(&w).len;
}

struct post_id person_text_by_device(struct posts *posts, const struct person *person,
                                     const struct person *device, uint64_t created_s,
                                     uint64_t from_s, uint64_t until_s, const char *text)
{
    struct posts plain = {0};
    struct post_id id = person_text(&plain, person, created_s, text, NULL);
    struct octets body = posts_decoded(&plain, 0).body;

    uint8_t fields[KEY_LEN + 8 + 8];
    memcpy(fields, device->key.octets, KEY_LEN);
    octets_put_u64be(fields + KEY_LEN, from_s);
    octets_put_u64be(fields + KEY_LEN + 8, until_s);
    uint8_t cert[SIGN_LEN];
    uint8_t sig[SIGN_LEN];
    sign_detached(cert, SIGN_DEVICE, octets_of(fields, sizeof fields), person->seed);
    sign_detached(sig, SIGN_POST, octets_of(id.octets, POST_ID_LEN), device->seed);

    uint8_t wire[POST_WIRE_MAX];
    struct canon_writer w = canon_writer_of(wire, sizeof wire);
    canon_write_array(&w, 2);
    canon_write_bin(&w, body);
    canon_write_array(&w, 5);
    canon_write_bin(&w, octets_of(device->key.octets, KEY_LEN));
    canon_write_uint(&w, from_s);
    canon_write_uint(&w, until_s);
    canon_write_bin(&w, octets_of(cert, sizeof cert));
    canon_write_bin(&w, octets_of(sig, sizeof sig));
    posts_add(posts, canon_written(&w), id);
    posts_free(&plain);
    return id;
}
