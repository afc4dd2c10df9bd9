/* view.h - the one door through which posts, names and counts reach a person (SPEC 9).
 *
 * What it hands out obeys non-interference (SPEC 9.1): with somebody blocked, every answer is the
 * one that would be given had none of their posts ever arrived.  So nothing here depends on order
 * of arrival, on counts, names or ids of what is hidden, and a hidden id answers as one that does
 * not exist.
 *
 * One thread owns a view.  Until view_load() has succeeded, and after one that failed, every query
 * answers ERR_DAMAGED: without a block list nothing is shown.
 *
 * What the functions hand out is borrowed from the view and lives until the next call that takes
 * this view, unless it is copied into the caller's struct; view_visible(), view_distance(),
 * view_own_vouch() and view_resolve() leave it alone, so that a stream may ask once more before it
 * writes.  Names and texts are as their authors
 * wrote them: making them safe for a terminal is the reader's work.
 *
 * now_s is the person's clock: a post past its expires_s is hidden from that second on, and with it
 * whatever depends on it.
 *
 * Common errors of all that return one, not repeated below:
 *   ERR_DAMAGED    nothing is loaded: show nothing and say so
 *   ERR_ROLLBACK   it is shut (see view_guard)
 *   ERR_NO_MEMORY, ERR_IO */
#ifndef KITH_STORE_VIEW_H
#define KITH_STORE_VIEW_H

#include "proto/err.h"
#include "proto/key.h"
#include "proto/octets.h"
#include "proto/post.h"
#include "store/shelf.h"
#include "store/store.h"
#include "store/vault.h"

#define VIEW_LIMIT_MAX    1000
#define VIEW_SHORT_ID_MIN 4 /* hex digits */
#define VIEW_STEPS_MAX    VAULT_STEPS_MAX
#define VIEW_STRANGER     UINT8_MAX /* as a distance: outside the web */
#define VIEW_DAYS_MAX     400

struct view;

/* What a person asks to see beyond the usual: flags. */
enum view_reach {
    VIEW_WEB = 0,          /* herself and the people in her web */
    VIEW_STRANGERS = 1,    /* those outside it too */
    VIEW_SHIELDED_TOO = 2, /* what her shields keep away too */
    VIEW_ALL = 3,          /* both */
};

/* store is borrowed for the view's life.  own is the person's identity.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code view_new(struct view **view, struct store *store, const struct key *own,
                                struct err_note *note);
void view_free(struct view *view);

/* Before anything else is asked of it: what left the store by age is on this shelf (SPEC 7.6),
 * borrowed for the view's life. */
void view_shelf_set(struct view *view, const struct shelf *shelf);

/* Take petnames, follows, followed tags, blocks and shields (copied) and judge everything anew.
 * Call it at start and after each change of the vault, before answering the command that made the
 * change: what it loads is in force in every later call.  On an error nothing is shown any more.
 * A word that joins or leaves the shields has the posts read again that hold it, once.
 *   ERR_DAMAGED  also for contents no vault can hold */
MUST_USE enum err_code view_load(struct view *view, const struct vault_contents *contents,
                                 struct err_note *note);

/* Take in what the store has accepted since the last call.  Allowed before view_load().
 * *taken_count (may be NULL) is how many posts were taken in. */
MUST_USE enum err_code view_catch_up(struct view *view, size_t *taken_count, struct err_note *note);

/* Asked of each of her own posts that is signed by her key itself, not by a device, as it is taken
 * in: whether her home wrote it, or accounts for it otherwise.  If not, the view is shut: every
 * query answers ERR_ROLLBACK until view_open_again() (SPEC 10.11). */
struct view_guard {
    void *context;
    bool (*knows)(void *context, const struct post_id *id); /* a quick yes */
    bool (*accounts)(void *context, const struct post *post, struct octets wire);
};

/* From now on, and of what was taken in already.
 *   ERR_IO, ERR_NO_MEMORY  it is shut */
MUST_USE enum err_code view_guard_set(struct view *view, const struct view_guard *guard,
                                      struct err_note *note);
void view_shut(struct view *view);
void view_open_again(struct view *view);
bool view_is_shut(const struct view *view);
/* Call each with every post of hers that the guard is asked of and does not know, shut or not; what
 * it is given borrows for the call.  Ends with the error that each gives. */
MUST_USE enum err_code
view_unknown_own(struct view *view,
                 enum err_code (*each)(void *context, const struct post *post, struct octets wire),
                 void *context, struct err_note *note);

/* A post as it is shown. */
struct view_post {
    struct post_id id;
    uint8_t short_len; /* hex digits of the shortest prefix no other post shown to her has */
    enum post_kind kind;
    struct key author;
    struct octets name; /* petname without its '@', else the name they give themselves, or empty */
    bool name_is_petname; /* print it as @name */
    uint64_t created_s;
    struct octets tags[POST_TAGS_MAX];
    size_t tags_count;
    struct octets text; /* text; profile: the name */
    struct octets note; /* text: the note; profile: the bio */
    enum post_replies replies_policy;
    bool has_root, has_parent, has_echo, has_subject;
    struct post_id root, parent, echo;
    struct post_id subject;      /* react */
    enum post_reaction reaction; /* react */
    struct key vouched;          /* vouch: for whom */
    struct key inviter;          /* vouch */
    bool has_inviter;            /* vouch */
    bool voice;                  /* always false in this version */
    bool own;
    uint8_t distance;                         /* 0 own .. her steps, or VIEW_STRANGER */
    uint32_t reactions[POST_REACTIONS_COUNT]; /* of visible reactions, one for each person */
    uint32_t replies_count;                   /* visible posts whose parent this is */
};

enum view_what {
    VIEW_TIMELINE, /* texts by her, by people she follows, under tags she follows */
    VIEW_TAG,      /* texts under tag */
    VIEW_THREAD,   /* texts of the thread that the post id stands in */
    VIEW_SHOW,     /* the post id, of any kind */
    VIEW_SEARCH,   /* texts that have all of words, in the text, the note or the tags */
    VIEW_INBOX,    /* by others: replies and reactions to her posts, mentions of her, and vouches
                      by those she follows that name her as the inviter */
    VIEW_MINE,     /* all her own texts, reactions, vouches and profiles, hidden or not; what she
                      took back or let expire is gone */
    VIEW_OWN,      /* the post id, where VIEW_MINE would list it */
};

struct view_query {
    enum view_what what;
    enum view_reach reach;
    struct octets tag;   /* VIEW_TAG: normal form */
    struct post_id id;   /* VIEW_THREAD, VIEW_SHOW, VIEW_OWN */
    struct octets words; /* VIEW_SEARCH: as typed, UTF-8; compared folded, as whole words */
    size_t limit;        /* 1 .. VIEW_LIMIT_MAX (asserted) */
    bool has_before;
    struct post_id before; /* only posts before this one in the order shown */
    uint64_t now_s;
};

struct view_page {
    const struct view_post *posts; /* oldest first, by (created_s, id) */
    size_t count;
};

/* The newest posts that match, at most limit.  An empty page is not an error.
 *   ERR_NOT_FOUND  id, or before, is no post she may see: hidden or never heard of, alike */
MUST_USE enum err_code view_query(struct view *view, struct view_page *page,
                                  const struct view_query *query, struct err_note *note);

/* Whether this post may be shown right now: live streams ask just before writing each item. */
bool view_visible(struct view *view, const struct post_id *id, enum view_reach reach,
                  uint64_t now_s);

/* A mark for view_news(): "from here on".  Private to this process; never shown. */
uint64_t view_mark(const struct view *view);

/* The posts of the timeline that arrivals since *mark made visible (their own, or that of something
 * they were waiting for), by (created_s, id).  *mark moves on.  Read each with VIEW_SHOW after
 * copying ids. */
MUST_USE enum err_code view_news(struct view *view, const struct post_id **ids, size_t *ids_count,
                                 uint64_t *mark, enum view_reach reach, uint64_t now_s,
                                 struct err_note *note);

struct view_tag {
    struct octets tag;
    uint32_t posts_count; /* visible texts under it */
    uint32_t people_count;
    bool followed;
};

/* The tags of visible texts: most people first, then most posts, then by octets.  At most limit. */
MUST_USE enum err_code view_tags(struct view *view, const struct view_tag **tags,
                                 size_t *tags_count, size_t limit, enum view_reach reach,
                                 uint64_t now_s, struct err_note *note);

struct view_person {
    struct key key;
    struct octets name;    /* the name they give themselves; empty if none is visible */
    struct octets petname; /* without '@'; empty if none */
    uint8_t distance;
    bool follow;
};

/* People of her web and those she gave a petname; with VIEW_STRANGERS also authors of visible
 * posts. Neither herself nor blocked keys.  By distance, then key.  At most limit. */
MUST_USE enum err_code view_people(struct view *view, const struct view_person **people,
                                   size_t *people_count, size_t limit, enum view_reach reach,
                                   uint64_t now_s, struct err_note *note);

/* One key as a person, met or not.  A blocked one has only its petname, and is a stranger. */
MUST_USE enum err_code view_person(struct view *view, struct view_person *person,
                                   const struct key *key, uint64_t now_s, struct err_note *note);

struct view_profile {
    struct post_id id;
    struct octets name;
    struct octets bio;
};

/* The latest live profile of her own.
 *   ERR_NOT_FOUND  she has none */
MUST_USE enum err_code view_own_profile(struct view *view, struct view_profile *profile,
                                        uint64_t now_s, struct err_note *note);

/* Her own latest vouch for subject that is neither taken back nor expired, also when subject is
 * blocked: what `unvouch` retracts.  There may be an earlier one behind it.
 *   ERR_NOT_FOUND  there is none */
MUST_USE enum err_code view_own_vouch(struct view *view, struct post_id *id,
                                      const struct key *subject, uint64_t now_s,
                                      struct err_note *note);

/* 0 for herself, 1 .. her steps, VIEW_STRANGER for anybody else and before view_load(). */
uint8_t view_distance(struct view *view, const struct key *key, uint64_t now_s);

/* The normal form of one word (SPEC 9.8): folded as search folds.
 *   ERR_MALFORMED  no word, or several
 *   ERR_TOO_LARGE  above VAULT_SHIELD_LEN_MAX when folded */
MUST_USE enum err_code view_word(uint8_t out[VAULT_SHIELD_LEN_MAX], size_t *len,
                                 struct octets typed);

struct view_day {
    uint64_t day; /* since the epoch, UTC */
    uint32_t posts_count;
    uint32_t people_count;
};

/* SPEC 9.6.  Strangers count in everything, whatever reach says; hidden posts in nothing. */
struct view_tally {
    uint32_t identities; /* people who wrote a text under the tag */
    uint32_t voices;     /* 0 in this version */
    uint32_t people_min;
    uint32_t people_max;
    uint32_t posts;
    uint32_t reactions;                       /* to those posts, one for each person and post */
    uint32_t friends;                         /* identities at distance 1 */
    uint32_t following;                       /* identities she follows */
    uint32_t strangers;                       /* identities outside the web */
    uint32_t by_distance[VIEW_STEPS_MAX + 1]; /* 0 .. steps */
    uint8_t steps;                            /* how far her web reaches */
    const struct view_day *by_day; /* the latest VIEW_DAYS_MAX days that have posts, oldest first */
    size_t by_day_count;
};

MUST_USE enum err_code view_tally(struct view *view, struct view_tally *tally, struct octets tag,
                                  enum view_reach reach, uint64_t now_s, struct err_note *note);

/* What `status` may say, from visible posts alone. */
struct view_stats {
    uint64_t posts_count;  /* visible texts */
    uint64_t people_count; /* people in the web, herself included */
};

MUST_USE enum err_code view_stats(struct view *view, struct view_stats *stats,
                                  enum view_reach reach, uint64_t now_s, struct err_note *note);

enum view_want { VIEW_WANT_KEY, VIEW_WANT_POST, VIEW_WANT_EITHER };

struct view_wanted {
    enum view_want what;
    enum view_reach reach;
    uint64_t now_s;
};

struct view_target {
    bool is_post;
    struct post_id id; /* when is_post */
    struct key key;    /* the key, or the post's author */
    bool own;          /* her own key or post */
};

/* Find what typed names: @petname (hers alone, never a name somebody gave themselves); kith1... or
 * 64 hex digits, which are an id if a post she may see has it, else a key, met or not; fewer hex
 * digits, a prefix of an id.  Ids are looked for among what reach makes visible and all her own
 * posts; a prefix first among what is visible by itself, so that what `timeline` printed stays
 * good.  Commands that act (reply, react, echo, block) ask with VIEW_ALL, since she must be able to
 * block or answer whom `--strangers` or `--show-shielded` showed her; commands that read ask with
 * their own reach.
 *
 *   ERR_NOT_FOUND  no such petname, or no post she may see begins so: hidden or never heard of
 *   ERR_REFUSED    the prefix fits several posts she may see; *matches_count says how many
 *   ERR_MALFORMED  none of these forms, or not one that names what is wanted */
MUST_USE enum err_code view_resolve(struct view *view, struct view_target *target,
                                    size_t *matches_count, struct octets typed,
                                    const struct view_wanted *wanted);

/* A walk over every post of every kind she may see, and all her own, by (created_s, id).  Start it
 * zeroed; what arrives behind the walk is left out. */
struct view_export {
    bool started;
    uint64_t created_s;
    struct post_id id;
    enum view_reach reach;
    bool by_one; /* only what author signed */
    struct key author;
};

/* *wire is the next [body, proof].
 *   ERR_NOT_FOUND  that was the last */
MUST_USE enum err_code view_export_next(struct view *view, struct octets *wire,
                                        struct view_export *walk, uint64_t now_s,
                                        struct err_note *note);

#endif
