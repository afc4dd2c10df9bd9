#include "store/index_row.h"

#include "store/index_records.h"

const struct post_id *index_row_subject(const struct post *post)
{
    return post->kind == POST_RETRACT && post->known ? post_ref_of(post, POST_SUBJECT) : NULL;
}

bool index_row_fixed(const struct post *post)
{
    return post->kind == POST_RETRACT || post->kind == POST_VOICE;
}

uint64_t index_row_retract_hash(const struct run_hash *hash, const struct post_id *subject)
{
    return ~run_hash_id(hash, subject);
}

static void add_ref(struct index_row *row, uint64_t subject_hash, uint64_t relation)
{
    row->refs[row->refs_count++] =
        (struct index_ref){.subject_hash = subject_hash, .relation = (uint8_t)relation};
}

/* An author's own set tells whose a post is and counts for quotas; no peer can ask for it. */
static void add_sets(struct index_row *row, const struct run_hash *hash, struct set_names *names,
                     const struct post *post)
{
    uint32_t sets[SET_OF_POST_MAX];
    uint32_t tag_sets[POST_TAGS_MAX];
    struct set_names_author author;
    if (names != NULL) {
        author = set_names_author(names, hash, &post->author);
    } else {
        author.set = set_of_author(&post->author);
        author.name = run_set_author(hash, &post->author);
    }
    for (size_t i = 0; i < post->tags_count; i++) {
        tag_sets[i] =
            names != NULL ? set_names_tag(names, post->tags[i]) : set_of_tag(post->tags[i]);
    }
    size_t count = set_of_post_by(sets, post, author.set, tag_sets);
    for (size_t i = 0; i < count; i++) {
        if (sets[i] != SET_ALL) {
            row->sets[row->sets_count++] =
                names != NULL ? set_names_of(names, hash, sets[i]) : run_set_of(hash, sets[i]);
        }
    }
    row->sets[row->sets_count++] = author.name;
    if (post_stands(post)) {
        row->sets[row->sets_count++] = run_set_stands(hash, &post->author);
    }
    if (post->kind == POST_PROFILE) {
        row->sets[row->sets_count++] = run_set_profiles(hash, &post->author);
    }
}

void index_row_of(struct index_row *row, const struct run_hash *hash, struct set_names *names,
                  const struct post *post)
{
    *row = (struct index_row){
        .id = post->id,
        .created_s = post->created_s,
        .expires_s = post->expires_s,
        .flags = index_row_fixed(post) ? INDEX_FIXED : 0,
    };
    add_sets(row, hash, names, post);
    for (size_t i = 0; i < post->refs_count; i++) {
        uint64_t relation = post->refs[i].relation;
        add_ref(row, run_hash_id(hash, &post->refs[i].id),
                relation < INDEX_RELATION_OTHER ? relation : INDEX_RELATION_OTHER);
    }
    const struct post_id *subject = index_row_subject(post);
    if (subject != NULL) {
        add_ref(row, index_row_retract_hash(hash, subject), INDEX_RELATION_RETRACT);
    }
}
