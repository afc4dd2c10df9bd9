#include "proto/name32.h"
#include "proto/post_parts.h"

#define CARD_FIELDS 7

/* What a known kind demands of the envelope.  Relations are bits of 1 << enum post_relation. */
struct kind_rule {
    uint32_t content_fields;
    bool tags_allowed;
    bool expiry_allowed;
    unsigned relations_needed;
    unsigned relations_allowed;
};

#define BIT(relation) (1U << (relation))

static const struct kind_rule kind_rules[] = {
    [POST_PROFILE] = {3, false, true, 0, 0},
    [POST_TEXT] = {4, true, true, 0, BIT(POST_ROOT) | BIT(POST_PARENT) | BIT(POST_ECHO)},
    [POST_REACT] = {1, false, true, BIT(POST_SUBJECT), BIT(POST_SUBJECT)},
    [POST_VOUCH] = {2, false, true, 0, 0},
    [POST_RETRACT] = {0, false, false, BIT(POST_SUBJECT), BIT(POST_SUBJECT)},
};

static enum err_code refs_check(const struct post *post, const struct kind_rule *rule)
{
    unsigned seen = 0;
    for (size_t i = 0; i < post->refs_count; i++) {
        uint64_t relation = post->refs[i].relation;
        if (relation > POST_SUBJECT || (seen & BIT(relation)) != 0) {
            return ERR_MALFORMED;
        }
        seen |= BIT(relation);
    }
    /* A reply names both its thread and what it answers. */
    bool half_a_reply = ((seen & BIT(POST_ROOT)) != 0) != ((seen & BIT(POST_PARENT)) != 0);
    bool missing = (seen & rule->relations_needed) != rule->relations_needed;
    bool excess = (seen & ~rule->relations_allowed) != 0;
    return half_a_reply || missing || excess ? ERR_MALFORMED : ERR_OK;
}

static enum err_code envelope_check(const struct post *post, const struct kind_rule *rule)
{
    if (!rule->tags_allowed && post->tags_count > 0) {
        return ERR_MALFORMED;
    }
    if (!rule->expiry_allowed && post->expires_s != 0) {
        return ERR_MALFORMED;
    }
    return refs_check(post, rule);
}

static enum err_code card_check(struct octets card, const struct key *author)
{
    struct canon_reader r = canon_reader_of(card);
    uint32_t fields;
    if (canon_read_array(&r, &fields, CARD_FIELDS) != ERR_OK) {
        return ERR_MALFORMED;
    }
    if (fields == 0) {
        return ERR_OK;
    }
    struct key identity = {{0}};
    uint8_t point_or_scalar[32];
    uint8_t sig[SIGN_LEN];
    uint64_t day;
    if (fields != CARD_FIELDS || canon_read_bin_exact(&r, identity.octets, KEY_LEN) != ERR_OK ||
        canon_read_bin_exact(&r, point_or_scalar, sizeof point_or_scalar) != ERR_OK ||
        canon_read_uint(&r, &day, UINT32_MAX) != ERR_OK ||
        canon_read_uint(&r, &day, UINT32_MAX) != ERR_OK ||
        canon_read_bin_exact(&r, point_or_scalar, sizeof point_or_scalar) != ERR_OK ||
        canon_read_bin_exact(&r, point_or_scalar, sizeof point_or_scalar) != ERR_OK ||
        canon_read_bin_exact(&r, sig, sizeof sig) != ERR_OK) {
        return ERR_MALFORMED;
    }
    return key_equal(&identity, author) ? ERR_OK : ERR_MALFORMED;
}

static enum err_code profile_read(struct canon_reader *r, struct post *post)
{
    struct post_profile *profile = &post->as.profile;
    if (canon_read_str(r, &profile->name, POST_NAME_MAX) != ERR_OK ||
        canon_read_str(r, &profile->bio, POST_BIO_MAX) != ERR_OK ||
        canon_skip_mapless(r, &profile->card) != ERR_OK) {
        return ERR_MALFORMED;
    }
    return card_check(profile->card, &post->author);
}

static bool mentions_hold(const struct post_text *text, const struct key *key)
{
    for (size_t i = 0; i < text->mentions_count; i++) {
        if (key_equal(&text->mentions[i], key)) {
            return true;
        }
    }
    return false;
}

static enum err_code mentions_read(struct canon_reader *r, struct post_text *text)
{
    uint32_t count;
    if (canon_read_array(r, &count, POST_MENTIONS_MAX) != ERR_OK) {
        return ERR_MALFORMED;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct key key = {{0}};
        if (canon_read_bin_exact(r, key.octets, KEY_LEN) != ERR_OK || mentions_hold(text, &key)) {
            return ERR_MALFORMED;
        }
        text->mentions[text->mentions_count++] = key;
    }
    return ERR_OK;
}

/* SPEC 4.5: a name written out in the text is a mention like one in the list. */
static enum err_code mentions_find(struct post_text *text)
{
    struct octets rest = text->text;
    struct octets found;
    struct key key;
    while (name32_find_bech(&found, key.octets, rest)) {
        const uint8_t *after = found.at + found.len;
        rest = octets_of(after, (size_t)(rest.at + rest.len - after));
        if (mentions_hold(text, &key)) {
            continue;
        }
        if (text->mentions_count == POST_MENTIONS_MAX) {
            return ERR_MALFORMED;
        }
        text->mentions[text->mentions_count++] = key;
    }
    return ERR_OK;
}

static enum err_code text_read(struct canon_reader *r, struct post_text *text)
{
    uint64_t replies;
    text->mentions_count = 0;
    if (canon_read_str(r, &text->text, POST_BODY_MAX) != ERR_OK ||
        canon_read_str(r, &text->note, POST_NOTE_MAX) != ERR_OK ||
        canon_read_uint(r, &replies, POST_REPLIES_NOBODY) != ERR_OK ||
        mentions_read(r, text) != ERR_OK) {
        return ERR_MALFORMED;
    }
    text->replies = (enum post_replies)replies;
    return mentions_find(text);
}

static enum err_code react_read(struct canon_reader *r, enum post_reaction *reaction)
{
    uint64_t value;
    if (canon_read_uint(r, &value, POST_REACTIONS_COUNT - 1) != ERR_OK) {
        return ERR_MALFORMED;
    }
    *reaction = (enum post_reaction)value;
    return ERR_OK;
}

static enum err_code vouch_read(struct canon_reader *r, struct post_vouch *vouch)
{
    struct octets inviter;
    if (canon_read_bin_exact(r, vouch->subject.octets, KEY_LEN) != ERR_OK ||
        canon_read_bin(r, &inviter, KEY_LEN) != ERR_OK ||
        (inviter.len != 0 && inviter.len != KEY_LEN)) {
        return ERR_MALFORMED;
    }
    vouch->has_inviter = inviter.len == KEY_LEN;
    if (vouch->has_inviter) {
        memcpy(vouch->inviter.octets, inviter.at, KEY_LEN);
    }
    return ERR_OK;
}

static enum err_code fields_read(struct canon_reader *r, struct post *post)
{
    switch (post->kind) {
    case POST_PROFILE:
        return profile_read(r, post);
    case POST_TEXT:
        return text_read(r, &post->as.text);
    case POST_REACT:
        return react_read(r, &post->as.reaction);
    case POST_VOUCH:
        return vouch_read(r, &post->as.vouch);
    default:
        return ERR_OK; /* a retract says everything by its reference */
    }
}

enum err_code post_content_decode(struct post *post)
{
    post->known = false;
    if (post->kind >= sizeof kind_rules / sizeof kind_rules[0]) {
        return ERR_OK;
    }
    const struct kind_rule *rule = &kind_rules[post->kind];
    struct canon_reader r = canon_reader_of(post->content);
    uint32_t fields;
    if (canon_read_array(&r, &fields, UINT32_MAX) != ERR_OK || fields < rule->content_fields) {
        return ERR_MALFORMED;
    }
    if (fields > rule->content_fields) {
        return ERR_OK; /* a later version's: stored and forwarded, not understood */
    }
    if (envelope_check(post, rule) != ERR_OK || fields_read(&r, post) != ERR_OK) {
        return ERR_MALFORMED;
    }
    post->known = true;
    return ERR_OK;
}
