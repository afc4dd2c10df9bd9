/* render.h - items for people.  Everything shown stands in the item; everything that came from
 * somebody else passes through safe.h. */
#ifndef KITH_CLI_RENDER_H
#define KITH_CLI_RENDER_H

#include "cli/cli.h"
#include "proto/key.h"
#include "proto/octets.h"

/* What one command's output has shown so far. */
struct render {
    struct cli *cli;
    size_t items_count;
    bool whole;               /* texts are shown whole, also behind a note */
    bool threaded;            /* replies stand indented below what they reply to */
    struct render_seen *seen; /* posts of this listing, for replies to refer to */
    size_t seen_count;
};

struct render_seen {
    struct post_id id;
    size_t number;
    size_t depth;
};

/* Start and end one command's output. */
void render_begin(struct render *render, struct cli *cli);
void render_end(struct render *render);

/* a post, reply, echo or reaction, numbered */
void render_post(struct render *render, struct octets item);
/* the same in a thread, indented */
void render_reply(struct render *render, struct octets item);
/* the same, text and all, without a number */
void render_whole(struct render *render, struct octets item);
/* {"id", "sent_to"} */
void render_sent(struct render *render, struct octets item);
/* people, numbered */
void render_person(struct render *render, struct octets item);
/* the person's own blocks, numbered */
void render_blocked(struct render *render, struct octets item);
/* whom a command meant: {"key", "named_by"} */
void render_target(struct render *render, struct octets item);
/* tags, numbered */
void render_tag(struct render *render, struct octets item);
/* a tag, numbered, or a word */
void render_shield(struct render *render, struct octets item);
/* A tally: sentences, then by distance and by day. */
void render_tally(struct render *render, struct octets item);
/* peers, numbered */
void render_peer(struct render *render, struct octets item);
/* name and value, a line each */
void render_fields(struct render *render, struct octets item);
/* the same, and what to do when nobody is connected */
void render_status(struct render *render, struct octets item);
/* what a report on evidence holds: a post, or the summary */
void render_evidence(struct render *render, struct octets item);
/* what a list of blocks holds: its head, or a person */
void render_blocks_list(struct render *render, struct octets item);
/* render_target(), and how much evidence was kept */
void render_blocked_with_evidence(struct render *render, struct octets item);
/* {"exported"} */
void render_exported(struct render *render, struct octets item);
/* {"unblocked"} */
void render_undone(struct render *render, struct octets item);
/* the first value alone on its line */
void render_plain(struct render *render, struct octets item);

#endif
