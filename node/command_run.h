/* command_run.h - what the files of the command layer share: the requests under way. */
#ifndef KITH_NODE_COMMAND_RUN_H
#define KITH_NODE_COMMAND_RUN_H

#include "node/command.h"
#include "node/members.h"
#include "store/view.h"

/* Where a request stands.  Handlers leave it at RUN_READY when they are done at once. */
enum run_state {
    RUN_FREE,
    RUN_READY,      /* nothing further to wait for: its end is sent when the handler returns */
    RUN_PUBLISHING, /* until commands_on_published() with its token */
    RUN_LISTING,    /* items are produced as the client takes them */
    RUN_WATCHING,   /* the same, and it never ends by itself */
    RUN_WORKING,    /* a slice at each commands_on_work(), until it is RUN_READY */
    RUN_JOINING,    /* until commands_on_joined() for its address, or its deadline */
};

struct run;

/* Produce the next item of a listing with command_item_begin() .. command_item_send().
 *   ERR_NOT_FOUND  there is none: the request is done */
typedef enum err_code (*run_next)(struct commands *commands, struct run *run,
                                  struct err_note *note);

struct run {
    enum run_state state;
    struct command_client client;
    uint32_t request_id;
    enum control_command command;
    enum command_order end_order; /* how its end leaves */

    uint64_t token;        /* RUN_PUBLISHING */
    struct post_id posted; /* what was published */
    bool says_posted;      /* answer with {"id","sent_to"} */

    run_next next;       /* RUN_LISTING, RUN_WATCHING */
    struct post_id *ids; /* a listing's posts, oldest first; owned, freed with the run */
    size_t ids_count;
    size_t ids_at;
    enum view_reach reach;   /* of the listing or stream */
    uint64_t cursor;         /* watch: view_mark() */
    struct view_export walk; /* export */

    void *report; /* what a listing holds besides; owned, freed with the run by report_free() */
    void (*report_free)(void *report);

    struct address joining; /* RUN_JOINING */
    uint64_t deadline_s;
};

struct commands {
    struct command_host *host;
    struct store *store;
    struct vault *vault;
    struct journal *journal;
    struct view *view;       /* NULL on a relay */
    struct archive *archive; /* or NULL */
    struct run runs[COMMAND_RUNS_MAX];
    uint64_t token_latest;
    uint64_t created_latest_s; /* of own posts: each is dated after the one before */
    uint64_t asked_s;          /* when the person last asked for something */
    struct canon_writer item;  /* the item being written, in out */
    uint8_t *out;              /* CONTROL_MESSAGE_MAX + 4 */
    uint8_t *wire;             /* POST_WIRE_MAX: the post being signed */
    struct members members;    /* on a relay: whom it vouches for */
    struct members_limits members_limits;
    uint8_t *profile; /* on a relay: its latest profile post; owned */
    size_t profile_len;
};

/* What one command does.  args is the encoded map of arguments.  Any error ends the request with
 * the error's exit status and the note's text, or the error's own text where the note is empty. */
typedef enum err_code (*command_handler)(struct commands *commands, struct run *run,
                                         struct octets args, struct err_note *note);

/* An item of this run: begin, canon_write_map() and its pairs into &commands->item, send. */
struct canon_writer *command_item_begin(struct commands *commands, struct run *run);
void command_item_send(struct commands *commands, struct run *run);
/* A line for the person, on stderr. */
void command_tell(struct commands *commands, struct run *run, const char *text);

/* Sign a draft as this person, write it to the journal and hand it to the host; the run waits in
 * RUN_PUBLISHING.  created_s is filled in: now, and later than the person's post before.
 *   ERR_TOO_LARGE, ERR_MALFORMED  as post_sign()
 *   ERR_IO, ERR_NO_SPACE          nothing was written or sent */
MUST_USE enum err_code command_publish(struct commands *commands, struct run *run,
                                       struct post_draft *draft, struct err_note *note);

/* Now, or later: not below the store's floor, after every own post before, and not before
 * not_before_s; the latter two never so far ahead of the clock that others would refuse it. */
uint64_t command_next_created_s(struct commands *commands, uint64_t not_before_s);

/* End every other request, saying that the node was locked. */
void command_end_others(struct commands *commands, const struct run *but);
/* The run goes on in slices: step is called again and again, until it fails or sets RUN_READY. */
void command_work(struct commands *commands, struct run *run, run_next step);

/* SPEC 10.11: watch for own posts that this home did not write.  Once, when all is open.
 *   ERR_IO, ERR_NO_MEMORY */
MUST_USE enum err_code command_confirm_begin(struct commands *commands, struct err_note *note);
/* Write down that she has to confirm, if she does. */
void command_confirm_keep(struct commands *commands);
/* Whether nothing is shown until she confirms her list of blocks; what is answered all the same;
 * and ERR_ROLLBACK with the words for it. */
bool command_waits_for_confirm(const struct commands *commands);
bool command_while_unconfirmed(enum control_command command);
MUST_USE enum err_code command_unconfirmed(const struct commands *commands, struct err_note *note);
/* A key or a petname, without the view.
 *   ERR_NOT_FOUND  it is neither */
MUST_USE enum err_code command_resolve_unshown(const struct commands *commands,
                                               struct view_target *target, struct octets typed,
                                               struct err_note *note);
/* What `blocks` prints, sent.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code command_list_blocks(struct commands *commands, struct run *run);

/* Read from the journal when own posts were last dated and, on a relay, who its members are and
 * what its profile says.
 *   ERR_NO_MEMORY, and what reading gives */
MUST_USE enum err_code command_own_posts_load(struct commands *commands, struct err_note *note);
/* On a relay: this own post may be a profile.
 *   ERR_NO_MEMORY */
MUST_USE enum err_code command_profile_keep(struct commands *commands, struct octets wire);

/* Find what was typed, with the words for when it is not there.
 *   ERR_NOT_FOUND, ERR_USAGE  the note says it; what is hidden answers as what does not exist */
MUST_USE enum err_code command_resolve(struct commands *commands, struct view_target *target,
                                       struct octets typed, enum view_want what,
                                       enum view_reach reach, struct err_note *note);
/* The same for an argument of a command that acts: what --strangers and --show-shielded show counts
 * as seen. */
MUST_USE enum err_code command_resolve_arg(struct commands *commands, struct view_target *target,
                                           struct octets args, const char *name,
                                           enum view_want what, struct err_note *note);
/* Take an own post back: command_publish() of a retract. */
MUST_USE enum err_code command_retract(struct commands *commands, struct run *run,
                                       const struct post_id *id, struct err_note *note);
/* List these posts as the client takes them, each judged again just before.  Takes ids. */
void command_list_posts(struct run *run, struct post_id *ids, size_t ids_count);
/* One post as one item, sent. */
void command_item_post(struct commands *commands, struct run *run, const struct view_post *post);
/* "heart", "sad", "angry", "with". */
const char *command_reaction_name(enum post_reaction reaction);

/* "text", "react"; "unknown" for kinds of later versions.  Static storage. */
const char *command_kind_name(uint64_t kind);

/* Make the vault's staged changes durable and put them in force in the view. */
MUST_USE enum err_code command_commit(struct commands *commands, struct err_note *note);

/* Arguments.  Absent ones leave the output as it was and answer ERR_OK, unless it says required.
 *   ERR_USAGE  required and absent, another type, or out of range */
MUST_USE enum err_code command_arg_str(struct octets *text, struct octets args, const char *name,
                                       struct err_note *note);
MUST_USE enum err_code command_arg_str_required(struct octets *text, struct octets args,
                                                const char *name, struct err_note *note);
MUST_USE enum err_code command_arg_uint(uint64_t *value, struct octets args, const char *name,
                                        uint64_t max, struct err_note *note);
/* The same, of seconds: a duration longer than max_s is answered in the words it is typed in. */
MUST_USE enum err_code command_arg_seconds(uint64_t *value_s, struct octets args, const char *name,
                                           uint64_t max_s, struct err_note *note);
MUST_USE enum err_code command_arg_bool(bool *value, struct octets args, const char *name,
                                        struct err_note *note);
/* "strangers" and "shielded".  *reach is written even where both are absent. */
MUST_USE enum err_code command_arg_reach(enum view_reach *reach, struct octets args,
                                         struct err_note *note);
/* Asked for a tag that she keeps away, say so: it depends on her own list and on nothing else. */
void command_tell_if_shielded(struct commands *commands, struct run *run, struct octets tag,
                              enum view_reach reach);
/* A tag as typed, to its normal form in out. */
MUST_USE enum err_code command_tag(uint8_t out[POST_TAG_MAX], size_t *len, struct octets typed,
                                   struct err_note *note);

/* Short forms for writing a pair of a map. */
void command_put_str(struct canon_writer *w, const char *name, struct octets text);
void command_put_text(struct canon_writer *w, const char *name, const char *text);
void command_put_bin(struct canon_writer *w, const char *name, const uint8_t octets[32]);
void command_put_uint(struct canon_writer *w, const char *name, uint64_t value);
void command_put_bool(struct canon_writer *w, const char *name, bool value);

/* The handlers, by family. */
enum err_code command_on_status(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note);
enum err_code command_on_down(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note);
enum err_code command_on_lock(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note);
enum err_code command_on_unlock(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note);
enum err_code command_on_passphrase(struct commands *c, struct run *run, struct octets args,
                                    struct err_note *note);
enum err_code command_on_panic(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note);
enum err_code command_on_peer_add(struct commands *c, struct run *run, struct octets args,
                                  struct err_note *note);
enum err_code command_on_peer_list(struct commands *c, struct run *run, struct octets args,
                                   struct err_note *note);
enum err_code command_on_peer_remove(struct commands *c, struct run *run, struct octets args,
                                     struct err_note *note);
enum err_code command_on_invite(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note);
enum err_code command_on_join(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note);
enum err_code command_on_post(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note);
enum err_code command_on_reply(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note);
enum err_code command_on_react(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note);
enum err_code command_on_echo(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note);
enum err_code command_on_retract(struct commands *c, struct run *run, struct octets args,
                                 struct err_note *note);
enum err_code command_on_profile(struct commands *c, struct run *run, struct octets args,
                                 struct err_note *note);
enum err_code command_on_vouch(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note);
enum err_code command_on_unvouch(struct commands *c, struct run *run, struct octets args,
                                 struct err_note *note);
enum err_code command_on_page(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note); /* timeline, tag, thread, show, ... */
enum err_code command_on_tags(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note);
enum err_code command_on_watch(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note);
enum err_code command_on_tally(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note);
enum err_code command_on_people(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note);
enum err_code command_on_name(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note);
enum err_code command_on_follow(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note);
enum err_code command_on_web(struct commands *c, struct run *run, struct octets args,
                             struct err_note *note);
enum err_code command_on_block(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note);
enum err_code command_on_unblock(struct commands *c, struct run *run, struct octets args,
                                 struct err_note *note);
enum err_code command_on_blocks(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note);
enum err_code command_on_blocks_export(struct commands *c, struct run *run, struct octets args,
                                       struct err_note *note);
enum err_code command_on_blocks_import(struct commands *c, struct run *run, struct octets args,
                                       struct err_note *note);
enum err_code command_on_blocks_undo(struct commands *c, struct run *run, struct octets args,
                                     struct err_note *note);
enum err_code command_on_blocks_confirm(struct commands *c, struct run *run, struct octets args,
                                        struct err_note *note);
enum err_code command_on_words(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note);
enum err_code command_on_backup(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note);
enum err_code command_on_verify(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note);
enum err_code command_on_shield(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note); /* shield, unshield */
enum err_code command_on_shields(struct commands *c, struct run *run, struct octets args,
                                 struct err_note *note);
enum err_code command_on_outbox(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note);
enum err_code command_on_export(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note);
enum err_code command_on_complete(struct commands *c, struct run *run, struct octets args,
                                  struct err_note *note);

/* The watch that a new arrival or a wider socket may move on; RUN_LISTING the same. */
void command_pump(struct commands *commands, struct run *run);

#endif
