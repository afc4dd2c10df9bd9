/* tag.h - the normal form of hashtags (SPEC 3): NFKC_Casefold, default-ignorable code points
 * removed, 1 to 60 octets.
 *
 * What may stand in a tag: letters (L*), marks (M*), numbers (N*), connector punctuation (Pc,
 * such as '_') and, outside ASCII, symbols (S*, which holds emoji).  Not: white space, controls,
 * other punctuation, private use, and whatever the pinned Unicode version (tag_assigned.h) has
 * not assigned. */
#ifndef KITH_PROTO_TAG_H
#define KITH_PROTO_TAG_H

#include "proto/err.h"
#include "proto/octets.h"

#define TAG_MAX 60

/* Whether text is a tag in normal form, as it must stand in a post. */
bool tag_valid(struct octets text);

/* What a person typed ("#MeToo") to its normal form ("metoo"), without a leading '#'.
 *
 *   ERR_MALFORMED  not UTF-8, empty after normalisation, or a code point that may not stand there
 *   ERR_TOO_LARGE  more than TAG_MAX octets */
MUST_USE enum err_code tag_normalise(uint8_t out[TAG_MAX], size_t *out_len, struct octets text);

#endif
