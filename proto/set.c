#include "proto/set.h"

#include <sodium.h>

#define PREFIX     "kith/set/1"
#define PREFIX_LEN (sizeof PREFIX - 1)
#define WHAT_MAX   (POST_TAG_MAX > KEY_LEN ? POST_TAG_MAX : KEY_LEN)

enum bucket_kind { BUCKET_AUTHOR = 1, BUCKET_TAG = 2 };

bool set_is_known(uint32_t set)
{
    return set == SET_ALL || set == SET_STANDING || (set >= SET_AUTHORS && set < SETS_END);
}

static uint32_t bucket_of(enum bucket_kind kind, struct octets what)
{
    uint8_t hash[crypto_generichash_BYTES];
    uint8_t octets[PREFIX_LEN + 1 + WHAT_MAX];
    assert(what.len <= WHAT_MAX);
    memcpy(octets, PREFIX, PREFIX_LEN);
    octets[PREFIX_LEN] = (uint8_t)kind;
    memcpy(octets + PREFIX_LEN + 1, what.at, what.len);
    (void)crypto_generichash(hash, sizeof hash, octets, PREFIX_LEN + 1 + what.len, NULL, 0);
    return hash[0];
}

uint32_t set_of_author(const struct key *author)
{
    return SET_AUTHORS + bucket_of(BUCKET_AUTHOR, octets_of(author->octets, KEY_LEN));
}

uint32_t set_of_tag(struct octets tag)
{
    return SET_TAGS + bucket_of(BUCKET_TAG, tag);
}

static bool is_among(const uint32_t *sets, size_t count, uint32_t set)
{
    for (size_t i = 0; i < count; i++) {
        if (sets[i] == set) {
            return true;
        }
    }
    return false;
}

size_t set_of_post(uint32_t sets[SET_OF_POST_MAX], const struct post *post)
{
    uint32_t tag_sets[POST_TAGS_MAX];
    for (size_t i = 0; i < post->tags_count; i++) {
        tag_sets[i] = set_of_tag(post->tags[i]);
    }
    return set_of_post_by(sets, post, set_of_author(&post->author), tag_sets);
}

size_t set_of_post_by(uint32_t sets[SET_OF_POST_MAX], const struct post *post, uint32_t author_set,
                      const uint32_t *tag_sets)
{
    size_t count = 0;
    sets[count++] = SET_ALL;
    if (post_stands(post)) {
        sets[count++] = SET_STANDING;
    }
    sets[count++] = author_set;
    for (size_t i = 0; i < post->tags_count; i++) {
        if (!is_among(sets, count, tag_sets[i])) {
            sets[count++] = tag_sets[i];
        }
    }
    return count;
}

static bool has_bit(const uint8_t *bits, uint32_t at)
{
    return ((bits[at / 8] >> (at % 8)) & 1) != 0;
}

void set_choose_author(struct set_choice *choice, const struct key *author)
{
    uint32_t bucket = set_of_author(author) - SET_AUTHORS;
    if (choice->buckets) {
        choice->authors[bucket / 8] |= (uint8_t)(1U << (bucket % 8));
    }
}

bool set_is_chosen(const struct set_choice *choice, uint32_t set)
{
    if (set == SET_STANDING) {
        return true;
    }
    if (!choice->buckets || set < SET_AUTHORS || set >= SETS_END) {
        return !choice->buckets && set == SET_ALL;
    }
    return set >= SET_TAGS ? has_bit(choice->tags, set - SET_TAGS)
                           : has_bit(choice->authors, set - SET_AUTHORS);
}

uint32_t set_next_chosen(const struct set_choice *choice, uint32_t from)
{
    uint32_t set = from;
    while (set < SETS_END && !set_is_chosen(choice, set)) {
        set++;
    }
    return set;
}

bool set_post_is_chosen(const struct set_choice *choice, const struct post *post)
{
    if (!choice->buckets) {
        return true;
    }
    uint32_t sets[SET_OF_POST_MAX];
    return set_any_is_chosen(choice, sets, set_of_post(sets, post));
}

bool set_any_is_chosen(const struct set_choice *choice, const uint32_t *sets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (set_is_chosen(choice, sets[i])) {
            return true;
        }
    }
    return false;
}
