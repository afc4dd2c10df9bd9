/* index_row.h - what the index is told of one post, besides where it lies: which sets it is in,
 * what it refers to, which words it holds. */
#ifndef KITH_STORE_INDEX_ROW_H
#define KITH_STORE_INDEX_ROW_H

#include "proto/post.h"
#include "proto/set.h"
#include "store/run_hash.h"
#include "store/set_names.h"

#define INDEX_ROW_SETS_MAX (3 + SET_OF_POST_MAX) /* "all" goes unsaid */
#define INDEX_ROW_REFS_MAX (POST_REFS_MAX + 1)

/* A relation that no post can name: a retract, beside its ref with POST_SUBJECT, has one more under
 * index_row_retract_hash() of its subject, so that what asks for retracts alone passes by all other
 * refs.  What a later version calls 254 or more is kept as 254. */
#define INDEX_RELATION_RETRACT 255
#define INDEX_RELATION_OTHER   254

struct index_ref {
    uint64_t subject_hash;
    uint8_t relation;
};

struct index_row {
    struct post_id id;
    uint64_t created_s;
    uint64_t expires_s; /* 0: never */
    uint8_t flags;      /* INDEX_FIXED */
    struct run_set_name sets[INDEX_ROW_SETS_MAX];
    size_t sets_count;
    struct index_ref refs[INDEX_ROW_REFS_MAX];
    size_t refs_count;
    const uint64_t
        *words; /* borrowed: run_hash_word() of each, distinct; NULL where none is kept */
    size_t words_count;
};

/* Everything but words, which are none.  names saves work where there are many; NULL: none kept. */
void index_row_of(struct index_row *row, const struct run_hash *hash, struct set_names *names,
                  const struct post *post);

/* What a retract names; NULL for every other post. */
const struct post_id *index_row_subject(const struct post *post);
/* Whether it cannot be taken back: were retracts taken back, what is in a set would depend on the
 * order of arrival; for voices see SPEC 4.5. */
bool index_row_fixed(const struct post *post);
/* Under what a subject's retracts are found. */
uint64_t index_row_retract_hash(const struct run_hash *hash, const struct post_id *subject);

#endif
