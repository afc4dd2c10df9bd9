/* tag_assigned.h - the code points of the pinned Unicode version (SPEC 3).
 *
 * The table ships with the protocol, so that all nodes judge a tag alike whatever Unicode version
 * their libraries know.  Surrogates and what was unassigned then are absent. */
#ifndef KITH_PROTO_TAG_ASSIGNED_H
#define KITH_PROTO_TAG_ASSIGNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tag_range {
    uint32_t first;
    uint32_t last; /* inclusive */
    bool stands;   /* may stand in a normalised tag: see tag.h */
};

extern const char tag_unicode_version[];
extern const struct tag_range tag_ranges[]; /* ascending, apart */
extern const size_t tag_ranges_count;

#endif
