#include "proto/canon.h"

#include <assert.h>
#include <msgpack/pack.h>

/* msgpack-c's packer calls this for each piece.  A piece that does not fit is dropped whole, and
 * so is everything after it. */
static int put(void *writer, const char *piece, size_t len)
{
    struct canon_writer *w = writer;
    if (w->overflow || w->room.cap - w->room.len < len) {
        w->overflow = true;
        return -1;
    }
    if (len > 0) {
        memcpy(w->room.at + w->room.len, piece, len);
        w->room.len += len;
    }
    return 0;
}

static msgpack_packer packer_of(struct canon_writer *w)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, w, put);
    return packer;
}

struct canon_writer canon_writer_of(uint8_t *at, size_t cap)
{
    return (struct canon_writer){.room = {.at = at, .len = 0, .cap = cap}, .overflow = false};
}

void canon_write_uint(struct canon_writer *w, uint64_t value)
{
    msgpack_packer packer = packer_of(w);
    (void)msgpack_pack_uint64(&packer, value);
}

void canon_write_bool(struct canon_writer *w, bool value)
{
    msgpack_packer packer = packer_of(w);
    (void)(value ? msgpack_pack_true(&packer) : msgpack_pack_false(&packer));
}

void canon_write_str(struct canon_writer *w, struct octets text)
{
    assert(canon_utf8_valid(text));
    msgpack_packer packer = packer_of(w);
    (void)msgpack_pack_str(&packer, text.len);
    (void)msgpack_pack_str_body(&packer, text.at, text.len);
}

void canon_write_bin(struct canon_writer *w, struct octets octets)
{
    msgpack_packer packer = packer_of(w);
    (void)msgpack_pack_bin(&packer, octets.len);
    (void)msgpack_pack_bin_body(&packer, octets.at, octets.len);
}

void canon_write_bin_head(struct canon_writer *w, uint32_t len)
{
    msgpack_packer packer = packer_of(w);
    (void)msgpack_pack_bin(&packer, len);
}

void canon_write_array(struct canon_writer *w, uint32_t count)
{
    msgpack_packer packer = packer_of(w);
    (void)msgpack_pack_array(&packer, count);
}

void canon_write_map(struct canon_writer *w, uint32_t pairs_count)
{
    msgpack_packer packer = packer_of(w);
    (void)msgpack_pack_map(&packer, pairs_count);
}

void canon_write_raw(struct canon_writer *w, struct octets octets)
{
    (void)put(w, (const char *)octets.at, octets.len);
}

struct octets canon_written(const struct canon_writer *w)
{
    assert(!w->overflow);
    return octets_of(w->room.at, w->room.len);
}
