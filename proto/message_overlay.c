#include "proto/message_overlay.h"

#include <assert.h>

static enum err_code read_fields(struct canon_reader *r, uint32_t count)
{
    uint32_t read_count;
    enum err_code rc = canon_read_array(r, &read_count, count);
    return rc == ERR_OK && read_count != count ? ERR_MALFORMED : rc;
}

static enum err_code read_ids(struct canon_reader *r, const struct post_id **ids, size_t *count)
{
    struct octets all;
    enum err_code rc = canon_read_bin(r, &all, MESSAGE_IDS_MAX * POST_ID_LEN);
    if (rc == ERR_OK && all.len % POST_ID_LEN != 0) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        *ids = (const struct post_id *)(const void *)all.at;
        *count = all.len / POST_ID_LEN;
    }
    return rc;
}

static void write_ids(struct canon_writer *w, const struct post_id *ids, size_t count)
{
    assert(count <= MESSAGE_IDS_MAX);
    canon_write_bin(w, octets_of(ids, count * POST_ID_LEN));
}

/* ---- The tree ----------------------------------------------------------------------------- */

size_t message_ihave_encode(uint8_t out[MESSAGE_IHAVE_CAP], const struct message_ihave *ihave)
{
    assert(ihave->count >= 1 && ihave->count <= MESSAGE_IDS_MAX);
    struct canon_writer w = canon_writer_of(out, MESSAGE_IHAVE_CAP);
    canon_write_array(&w, 2);
    canon_write_bin(&w, octets_of(ihave->hops, ihave->count));
    write_ids(&w, ihave->ids, ihave->count);
    return canon_written(&w).len;
}

enum err_code message_ihave_decode(struct message_ihave *ihave, struct octets payload)
{
    struct canon_reader r = canon_reader_of(payload);
    struct message_ihave read = {.count = 0};
    struct octets hops = octets_of(NULL, 0);
    enum err_code rc = read_fields(&r, 2);
    if (rc == ERR_OK) {
        rc = canon_read_bin(&r, &hops, MESSAGE_IDS_MAX);
    }
    if (rc == ERR_OK) {
        rc = read_ids(&r, &read.ids, &read.count);
    }
    if (rc == ERR_OK) {
        rc = canon_end(&r);
    }
    if (rc == ERR_OK && (read.count == 0 || hops.len != read.count)) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        read.hops = hops.at;
        *ihave = read;
    }
    return rc;
}

size_t message_graft_encode(uint8_t out[MESSAGE_GRAFT_CAP], const struct message_graft *graft)
{
    assert(graft->push || graft->count > 0);
    struct canon_writer w = canon_writer_of(out, MESSAGE_GRAFT_CAP);
    canon_write_array(&w, 2);
    canon_write_bool(&w, graft->push);
    write_ids(&w, graft->ids, graft->count);
    return canon_written(&w).len;
}

enum err_code message_graft_decode(struct message_graft *graft, struct octets payload)
{
    struct canon_reader r = canon_reader_of(payload);
    struct message_graft read = {.push = false};
    enum err_code rc = read_fields(&r, 2);
    if (rc == ERR_OK) {
        rc = canon_read_bool(&r, &read.push);
    }
    if (rc == ERR_OK) {
        rc = read_ids(&r, &read.ids, &read.count);
    }
    if (rc == ERR_OK) {
        rc = canon_end(&r);
    }
    if (rc == ERR_OK && !read.push && read.count == 0) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        *graft = read;
    }
    return rc;
}

enum err_code message_prune_decode(struct octets payload)
{
    return payload.len == 0 ? ERR_OK : ERR_MALFORMED;
}

/* ---- Who knows whom ----------------------------------------------------------------------- */

size_t message_neighbour_encode(uint8_t out[MESSAGE_NEIGHBOUR_CAP],
                                const struct message_neighbour *neighbour)
{
    struct canon_writer w = canon_writer_of(out, MESSAGE_NEIGHBOUR_CAP);
    canon_write_array(&w, 2);
    canon_write_uint(&w, (uint64_t)neighbour->ask);
    if (neighbour->contact.port == 0) {
        canon_write_array(&w, 0);
    } else {
        contact_write(&w, &neighbour->contact);
    }
    return canon_written(&w).len;
}

static enum err_code read_contact_or_none(struct canon_reader *r, struct address *contact)
{
    struct canon_reader ahead = *r;
    uint32_t fields;
    enum err_code rc = canon_read_array(&ahead, &fields, 3);
    if (rc == ERR_OK && fields == 0) {
        *contact = (struct address){.port = 0};
        *r = ahead;
        return ERR_OK;
    }
    return rc == ERR_OK ? contact_read(r, contact) : rc;
}

enum err_code message_neighbour_decode(struct message_neighbour *neighbour, struct octets payload)
{
    struct canon_reader r = canon_reader_of(payload);
    struct message_neighbour read = {.ask = MESSAGE_ASK_LOW};
    uint64_t ask = 0;
    enum err_code rc = read_fields(&r, 2);
    if (rc == ERR_OK) {
        rc = canon_read_uint(&r, &ask, MESSAGE_ASKS_COUNT - 1);
    }
    if (rc == ERR_OK) {
        rc = read_contact_or_none(&r, &read.contact);
    }
    if (rc == ERR_OK) {
        rc = canon_end(&r);
    }
    if (rc == ERR_OK) {
        read.ask = (enum message_ask)ask;
        *neighbour = read;
    }
    return rc;
}

static void write_contacts(struct canon_writer *w, const struct message_contacts *contacts)
{
    assert(contacts->count <= MESSAGE_CONTACTS_MAX);
    canon_write_array(w, (uint32_t)contacts->count);
    for (size_t i = 0; i < contacts->count; i++) {
        contact_write(w, &contacts->at[i]);
    }
}

static enum err_code read_contacts(struct canon_reader *r, struct message_contacts *contacts)
{
    uint32_t count;
    enum err_code rc = canon_read_array(r, &count, MESSAGE_CONTACTS_MAX);
    for (uint32_t i = 0; rc == ERR_OK && i < count; i++) {
        rc = contact_read(r, &contacts->at[i]);
    }
    if (rc == ERR_OK) {
        contacts->count = count;
    }
    return rc;
}

static uint32_t contacts_fields(enum frame_type type)
{
    return type == FRAME_SHUFFLE ? 3 : type == FRAME_SHUFFLED ? 2 : 1;
}

size_t message_contacts_encode(uint8_t out[MESSAGE_CONTACTS_CAP], enum frame_type type,
                               const struct message_contacts *contacts)
{
    struct canon_writer w = canon_writer_of(out, MESSAGE_CONTACTS_CAP);
    uint32_t fields = contacts_fields(type);
    canon_write_array(&w, fields);
    if (fields >= 2) {
        canon_write_uint(&w, contacts->number);
    }
    if (fields == 3) {
        assert(contacts->ttl >= 1 && contacts->ttl <= MESSAGE_WALK_MAX);
        canon_write_uint(&w, contacts->ttl);
    }
    write_contacts(&w, contacts);
    return canon_written(&w).len;
}

static enum err_code read_ttl(struct canon_reader *r, uint8_t *ttl)
{
    uint64_t value = 0;
    enum err_code rc = canon_read_uint(r, &value, MESSAGE_WALK_MAX);
    if (rc == ERR_OK && value == 0) {
        rc = ERR_MALFORMED;
    }
    if (rc == ERR_OK) {
        *ttl = (uint8_t)value;
    }
    return rc;
}

enum err_code message_contacts_decode(struct message_contacts *contacts, enum frame_type type,
                                      struct octets payload)
{
    struct canon_reader r = canon_reader_of(payload);
    struct message_contacts read = {.count = 0};
    uint32_t fields = contacts_fields(type);
    uint64_t number = 0;
    enum err_code rc = read_fields(&r, fields);
    if (rc == ERR_OK && fields >= 2) {
        rc = canon_read_uint(&r, &number, UINT32_MAX);
    }
    if (rc == ERR_OK && fields == 3) {
        rc = read_ttl(&r, &read.ttl);
    }
    if (rc == ERR_OK) {
        rc = read_contacts(&r, &read);
    }
    if (rc == ERR_OK) {
        rc = canon_end(&r);
    }
    if (rc == ERR_OK) {
        read.number = (uint32_t)number;
        *contacts = read;
    }
    return rc;
}

size_t message_forward_encode(uint8_t out[MESSAGE_NEIGHBOUR_CAP],
                              const struct message_forward *forward)
{
    assert(forward->ttl >= 1 && forward->ttl <= MESSAGE_WALK_MAX);
    struct canon_writer w = canon_writer_of(out, MESSAGE_NEIGHBOUR_CAP);
    canon_write_array(&w, 2);
    canon_write_uint(&w, forward->ttl);
    contact_write(&w, &forward->contact);
    return canon_written(&w).len;
}

enum err_code message_forward_decode(struct message_forward *forward, struct octets payload)
{
    struct canon_reader r = canon_reader_of(payload);
    struct message_forward read = {.ttl = 0};
    enum err_code rc = read_fields(&r, 2);
    if (rc == ERR_OK) {
        rc = read_ttl(&r, &read.ttl);
    }
    if (rc == ERR_OK) {
        rc = contact_read(&r, &read.contact);
    }
    if (rc == ERR_OK) {
        rc = canon_end(&r);
    }
    if (rc == ERR_OK) {
        *forward = read;
    }
    return rc;
}
