#include "store/view_mentions.h"

#include "proto/name32.h"

static size_t mention(struct key *mentions, size_t count, const struct key *key)
{
    for (size_t i = 0; i < count; i++) {
        if (key_equal(&mentions[i], key)) {
            return count;
        }
    }
    assert(count < VIEW_MENTIONS_MAX);
    mentions[count] = *key;
    return count + 1;
}

static size_t written_out(struct key *mentions, size_t count, struct octets text)
{
    struct octets found;
    struct key key;
    while (name32_find_bech(&found, key.octets, text)) {
        count = mention(mentions, count, &key);
        const uint8_t *after = found.at + found.len;
        text = octets_of(after, (size_t)(text.at + text.len - after));
    }
    return count;
}

size_t view_mentions_of(struct key mentions[VIEW_MENTIONS_MAX], const struct post *post)
{
    size_t count = 0;
    switch (post->kind) {
    case POST_TEXT:
        for (size_t i = 0; i < post->as.text.mentions_count; i++) {
            count = mention(mentions, count, &post->as.text.mentions[i]);
        }
        return written_out(mentions, count, post->as.text.note);
    case POST_PROFILE:
        count = written_out(mentions, count, post->as.profile.name);
        return written_out(mentions, count, post->as.profile.bio);
    case POST_VOUCH:
        mentions[0] = post->as.vouch.subject;
        mentions[1] = post->as.vouch.inviter;
        return post->as.vouch.has_inviter ? 2 : 1;
    default:
        return 0;
    }
}
