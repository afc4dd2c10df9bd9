/* view_columns.h - what the view keeps in memory of every post: no text, no judgement.
 *
 * A post has a number from the moment it is first heard of, by arriving or by being referred to;
 * until it arrives its row is not present. */
#ifndef KITH_STORE_VIEW_COLUMNS_H
#define KITH_STORE_VIEW_COLUMNS_H

#include "proto/post.h"
#include "store/view_edges.h"
#include "store/view_intern.h"
#include "store/view_list.h"
#include "store/view_reactions.h"

#define VIEW_TAG_ITEM_LEN (1 + POST_TAG_MAX) /* length, octets, zeros */
#define VIEW_BUCKETS      65536              /* by the first two octets of an id */
#define VIEW_KIND_UNKNOWN 0                  /* a kind this version does not know */

enum {
    VIEW_ROW_PRESENT = 1,  /* it arrived */
    VIEW_ROW_LOST = 2,     /* the store no longer gives its octets */
    VIEW_ROW_INVITER = 4,  /* a vouch whose second key is the inviter */
    VIEW_ROW_WORD = 8,     /* it holds a word she shields (view_shield.h) */
    VIEW_ROW_SHELF = 16,   /* it left the store: position is the shelf's (shelf.h) */
    VIEW_ROW_CONTEXT = 32, /* and it is there as SHELF_CONTEXT alone */
};

/* What others ask about a post they refer to, in one octet, so that judging a million posts seldom
 * leaves the cache: 0 until a text arrives, then these and its reply policy. */
enum {
    VIEW_BRIEF_POLICY = 3,
    VIEW_BRIEF_TEXT = 4,
    VIEW_BRIEF_ROOTED = 8, /* it has a root */
    VIEW_BRIEF_AGAIN = 16, /* a reaction beside which there may be another of the same two */
};

struct view_row {
    uint32_t created_low_s; /* see view_row_created_s(): times lie below 2^40 (SPEC 4.2) */
    uint32_t position;      /* in the store */
    uint32_t refs;          /* first of refs_count in columns.refs */
    uint32_t lists;         /* in columns.lists: tags, then keys it mentions or vouches for */
    uint32_t dependents;    /* head of the chain of refs to this post */
    uint32_t bucket_next;   /* next post whose id begins alike */
    uint32_t author_next;   /* next post by the same author */
    uint8_t kind;
    uint8_t flags;
    uint8_t detail; /* text: reply policy; react: the reaction */
    uint8_t refs_count;
    uint8_t tags_count;
    uint8_t keys_count;
    uint8_t created_high_s;
};

struct view_ref {
    uint32_t from;
    uint32_t to;
    uint32_t next; /* next ref to the same post */
    uint8_t relation;
};

static inline uint64_t view_row_created_s(const struct view_row *row)
{
    return (uint64_t)row->created_high_s << 32 | row->created_low_s;
}

struct view_expiry {
    uint64_t expires_s;
    uint32_t post;
};

/* A post on the shelf, whether it is still in the store or not. */
struct view_shelved {
    uint32_t post;
    uint32_t position; /* on the shelf */
    uint32_t day;      /* see shelf.h, like kept */
    uint8_t kept;
};

/* A post that names a key: mentions it, vouches for it. */
struct view_naming {
    uint32_t post;
    uint32_t next; /* next naming of the same key */
};

/* What a key wrote, and where it is named. */
struct view_author {
    uint32_t posts;         /* head of the chain of its posts, or VIEW_NONE */
    uint32_t namings;       /* head of the chain of its namings, or VIEW_NONE */
    bool lets_vouched_only; /* some text of its has POST_REPLIES_VOUCHED */
    bool reacts_much;       /* all its reactions have VIEW_BRIEF_AGAIN */
};

/* A plain growing array of numbers. */
struct view_numbers {
    uint32_t *at;
    uint32_t count;
    uint32_t cap;
};

/* False without memory: then nothing was changed. */
MUST_USE bool view_numbers_add(struct view_numbers *numbers, uint32_t number);

struct view_columns {
    struct view_intern ids; /* number of an id = number of the post */
    struct view_intern keys;
    struct view_intern tags;
    struct view_row *rows; /* ids.count of them */
    uint32_t rows_cap;
    uint8_t *brief; /* by post */
    uint32_t brief_cap;
    uint32_t *author; /* by post: the number of the key that signed it, VIEW_NONE until it comes */
    uint32_t author_cap;
    struct view_ref *refs;
    uint32_t refs_count, refs_cap;
    struct view_numbers lists;
    struct view_list order;      /* every post that arrived and whose kind is known */
    struct view_list *tag_lists; /* by tag: its texts */
    uint32_t tag_lists_count, tag_lists_cap;
    struct view_numbers arrived; /* in order of arrival */
    struct view_numbers vouches, retracts, profiles;
    struct view_numbers vouch_edges; /* of each of vouches */
    struct view_reactions reactions;
    struct view_edges edges;
    struct view_author *authors; /* by key; keys met later wrote nothing */
    uint32_t authors_count, authors_cap;
    struct view_naming *namings;
    uint32_t namings_count, namings_cap;
    uint32_t vouched_only_count;  /* texts with POST_REPLIES_VOUCHED */
    struct view_shelved *shelved; /* in the order of their positions there */
    uint32_t shelved_count, shelved_cap;
    uint32_t contexts_count; /* rows with VIEW_ROW_CONTEXT */
    struct view_expiry *expiries;
    uint32_t expiries_count, expiries_cap;
    uint32_t *buckets;
};

/*   ERR_NO_MEMORY */
MUST_USE enum err_code view_columns_init(struct view_columns *columns);
void view_columns_close(struct view_columns *columns);

enum view_added {
    VIEW_ADDED_NEW,     /* nobody referred to it before */
    VIEW_ADDED_AWAITED, /* somebody did */
    VIEW_ADDED_FOUND,   /* it was here, the store lost it, and it is back elsewhere */
    VIEW_ADDED_AGAIN,   /* it was here already */
};

/* What a post and what it refers to are found by. */
struct view_hashes {
    uint32_t id;
    uint32_t author;
    uint32_t refs[POST_REFS_MAX];
};

/* A post on its way in. */
struct view_coming {
    const struct post *post;
    struct view_hashes hashes;
    uint64_t position;
};

/* For a post that is taken in soon, and again once others were hashed: what it needs of memory is
 * on its way meanwhile. */
void view_columns_hash(const struct view_columns *columns, struct view_hashes *hashes,
                       const struct post *post);
void view_columns_expect(const struct view_columns *columns, const struct view_coming *coming);

/* Take in a post.  *number is its number.
 *   ERR_NO_MEMORY  nothing was changed */
MUST_USE enum err_code view_columns_add(struct view_columns *columns, uint32_t *number,
                                        enum view_added *added, const struct view_coming *coming);

/*   ERR_NO_MEMORY */
MUST_USE enum err_code view_columns_intern_key(struct view_columns *columns, uint32_t *number,
                                               const struct key *key);
/* tag of at most POST_TAG_MAX octets.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_columns_intern_tag(struct view_columns *columns, uint32_t *number,
                                               struct octets tag);
/* VIEW_NONE when no post has it. */
uint32_t view_columns_find_tag(const struct view_columns *columns, struct octets tag);
struct octets view_columns_tag(const struct view_columns *columns, uint32_t number);
struct key view_columns_key(const struct view_columns *columns, uint32_t number);
struct post_id view_columns_id(const struct view_columns *columns, uint32_t number);

/* The first of the posts by key, whence author_next leads on; VIEW_NONE when there is none. */
static inline uint32_t view_columns_posts_by(const struct view_columns *columns, uint32_t key)
{
    return key < columns->authors_count ? columns->authors[key].posts : VIEW_NONE;
}

static inline uint32_t view_columns_namings_of(const struct view_columns *columns, uint32_t key)
{
    return key < columns->authors_count ? columns->authors[key].namings : VIEW_NONE;
}

/* The post that this one refers to so, or VIEW_NONE. */
static inline uint32_t view_columns_ref(const struct view_columns *columns, uint32_t post,
                                        enum post_relation relation)
{
    const struct view_row *row = &columns->rows[post];
    for (uint32_t i = 0; i < row->refs_count; i++) {
        if (columns->refs[row->refs + i].relation == relation) {
            return columns->refs[row->refs + i].to;
        }
    }
    return VIEW_NONE;
}

static inline const uint32_t *view_columns_row_tags(const struct view_columns *columns,
                                                    uint32_t post)
{
    return columns->lists.at + columns->rows[post].lists;
}

static inline const uint32_t *view_columns_row_keys(const struct view_columns *columns,
                                                    uint32_t post)
{
    return columns->lists.at + columns->rows[post].lists + columns->rows[post].tags_count;
}

/* The order in which posts are shown: by (created_s, id). */
bool view_columns_before(const struct view_columns *columns, uint32_t a, uint32_t b);
/* Below, at or above 0 as the post comes before, is, or comes after (created_s, id). */
int view_columns_compare(const struct view_columns *columns, uint32_t post, uint64_t created_s,
                         const struct post_id *id);

#endif
