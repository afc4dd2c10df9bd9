#include "store/set_names.h"

#include <assert.h>

_Static_assert(POST_TAG_MAX <= UINT8_MAX, "a tag's length is an octet");
_Static_assert(SET_ALL == 0, "no author's set has this number");

struct run_set_name set_names_of(struct set_names *names, const struct run_hash *hash, uint32_t set)
{
    assert(set < SETS_END);
    if (!names->is_kept[set]) {
        names->shared[set] = run_set_of(hash, set);
        names->is_kept[set] = true;
    }
    return names->shared[set];
}

struct set_names_author set_names_author(struct set_names *names, const struct run_hash *hash,
                                         const struct key *author)
{
    struct set_names_author *kept =
        &names->authors[octets_get_u16be(author->octets) % SET_NAMES_AUTHORS];
    if (kept->set == 0 || !key_equal(&kept->key, author)) {
        *kept = (struct set_names_author){
            .key = *author, .set = set_of_author(author), .name = run_set_author(hash, author)};
    }
    return *kept;
}

uint32_t set_names_tag(struct set_names *names, struct octets tag)
{
    assert(tag.len > 0 && tag.len <= POST_TAG_MAX);
    size_t at = (tag.at[0] + 5u * tag.at[tag.len - 1] + 13u * tag.len) % SET_NAMES_TAGS;
    struct set_names_tag *kept = &names->tags[at];
    if (kept->set == 0 || !octets_equal(octets_of(kept->octets, kept->len), tag)) {
        kept->set = set_of_tag(tag);
        kept->len = (uint8_t)tag.len;
        memcpy(kept->octets, tag.at, tag.len);
    }
    return kept->set;
}
