/* What a person reads: pages, tags, tallies, a live stream, an export.  All of it is the view's. */
#include <stdlib.h>
#include <string.h>

#include "node/command_run.h"
#include "store/view.h"

#define LIMIT_DEFAULT 50

/* Which page a command asks for, and what it must name. */
static const struct page_row {
    enum view_what what;
    const char *subject; /* the argument it needs, or NULL */
} page_rows[CONTROL_COMMANDS_COUNT] = {
    [CONTROL_TIMELINE] = {VIEW_TIMELINE, NULL}, [CONTROL_TAG] = {VIEW_TAG, "tag"},
    [CONTROL_THREAD] = {VIEW_THREAD, "id"},     [CONTROL_SHOW] = {VIEW_SHOW, "id"},
    [CONTROL_SEARCH] = {VIEW_SEARCH, "words"},  [CONTROL_INBOX] = {VIEW_INBOX, NULL},
    [CONTROL_MINE] = {VIEW_MINE, NULL},
};

static enum err_code read_limit(size_t *limit, struct octets args, struct err_note *note)
{
    uint64_t value = LIMIT_DEFAULT;
    enum err_code rc = command_arg_uint(&value, args, "limit", VIEW_LIMIT_MAX, note);
    if (rc == ERR_OK && value == 0) {
        rc = err_note(note, ERR_USAGE, "'limit' is a number from 1 to %d", VIEW_LIMIT_MAX);
    }
    if (rc == ERR_OK) {
        *limit = (size_t)value;
    }
    return rc;
}

static enum err_code read_before(struct commands *c, struct view_query *query, struct octets args,
                                 struct err_note *note)
{
    struct octets typed = {0};
    enum err_code rc = command_arg_str(&typed, args, "before", note);
    if (rc != ERR_OK || typed.len == 0) {
        return rc;
    }
    struct view_target target;
    rc = command_resolve(c, &target, typed, VIEW_WANT_POST, query->reach, note);
    if (rc == ERR_OK) {
        query->has_before = true;
        query->before = target.id;
    }
    return rc;
}

/* tag_room (POST_TAG_MAX) holds what the query borrows. */
static enum err_code read_query(struct commands *c, struct view_query *query, uint8_t *tag_room,
                                struct run *run, struct octets args, struct err_note *note)
{
    const struct page_row *row = &page_rows[run->command];
    *query = (struct view_query){.what = row->what, .now_s = c->host->now_s(c->host)};
    enum err_code rc = read_limit(&query->limit, args, note);
    if (rc == ERR_OK) {
        rc = command_arg_reach(&query->reach, args, note);
    }
    if (rc == ERR_OK) {
        rc = read_before(c, query, args, note);
    }
    struct octets typed = {0};
    if (rc == ERR_OK && row->subject != NULL) {
        rc = command_arg_str_required(&typed, args, row->subject, note);
    }
    if (rc != ERR_OK || row->subject == NULL) {
        return rc;
    }
    if (query->what == VIEW_TAG) {
        rc = command_tag(tag_room, &query->tag.len, typed, note);
        query->tag.at = tag_room;
    } else if (query->what == VIEW_SEARCH) {
        query->words = typed;
    } else {
        struct view_target target;
        rc = command_resolve(c, &target, typed, VIEW_WANT_POST, query->reach, note);
        if (rc == ERR_OK) {
            query->id = target.id;
        }
    }
    return rc;
}

/* One post of a page that is being taken slowly, judged again now.  Her own posts stand in `mine`
 * and `outbox` whatever hides them elsewhere. */
static enum err_code page_again(struct commands *c, struct run *run, struct err_note *note)
{
    bool own = run->command == CONTROL_MINE || run->command == CONTROL_OUTBOX;
    struct view_query query = {.what = own ? VIEW_OWN : VIEW_SHOW,
                               .reach = run->reach,
                               .limit = 1,
                               .now_s = c->host->now_s(c->host)};
    while (run->ids_at < run->ids_count) {
        query.id = run->ids[run->ids_at++];
        struct view_page page;
        enum err_code rc = view_query(c->view, &page, &query, note);
        if (rc == ERR_NOT_FOUND || (rc == ERR_OK && page.count == 0)) {
            continue;
        }
        if (rc != ERR_OK) {
            return rc;
        }
        command_item_post(c, run, &page.posts[0]);
        return ERR_OK;
    }
    return ERR_NOT_FOUND;
}

void command_list_posts(struct run *run, struct post_id *ids, size_t ids_count)
{
    run->ids = ids;
    run->ids_count = ids_count;
    run->next = page_again;
    run->state = RUN_LISTING;
}

enum err_code command_on_page(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note)
{
    struct view_query query;
    struct view_page page;
    uint8_t tag_room[POST_TAG_MAX];
    enum err_code rc = read_query(c, &query, tag_room, run, args, note);
    if (rc == ERR_OK) {
        rc = view_query(c->view, &page, &query, note);
    }
    if (rc == ERR_NOT_FOUND && note->text[0] == '\0') {
        return err_note(note, rc, "there is no such post here");
    }
    if (rc != ERR_OK) {
        return rc;
    }
    if (query.what == VIEW_TAG) {
        command_tell_if_shielded(c, run, query.tag, query.reach);
    }
    size_t sent = 0;
    while (sent < page.count && c->host->writable(c->host, run->client)) {
        command_item_post(c, run, &page.posts[sent++]);
    }
    if (sent == page.count) {
        return ERR_OK;
    }
    struct post_id *ids = malloc((page.count - sent) * sizeof *ids);
    if (ids == NULL) {
        return ERR_NO_MEMORY;
    }
    for (size_t i = sent; i < page.count; i++) {
        ids[i - sent] = page.posts[i].id;
    }
    run->reach = query.reach;
    command_list_posts(run, ids, page.count - sent);
    return ERR_OK;
}

/* --- a live stream ------------------------------------------------------------------------------
 */

static enum err_code watch_news(struct commands *c, struct run *run, struct err_note *note)
{
    const struct post_id *ids = NULL;
    size_t count = 0;
    enum err_code rc =
        view_news(c->view, &ids, &count, &run->cursor, run->reach, c->host->now_s(c->host), note);
    if (rc != ERR_OK) {
        return rc;
    }
    free(run->ids);
    run->ids = NULL;
    run->ids_at = 0;
    run->ids_count = 0;
    if (count == 0) {
        return ERR_NOT_FOUND;
    }
    run->ids = malloc(count * sizeof *run->ids);
    if (run->ids == NULL) {
        return ERR_NO_MEMORY;
    }
    memcpy(run->ids, ids, count * sizeof *run->ids);
    run->ids_count = count;
    return ERR_OK;
}

static enum err_code watch_next(struct commands *c, struct run *run, struct err_note *note)
{
    enum err_code rc = page_again(c, run, note);
    while (rc == ERR_NOT_FOUND) { /* all were sent, or hidden in the meantime */
        rc = watch_news(c, run, note);
        if (rc != ERR_OK) {
            return rc;
        }
        rc = page_again(c, run, note);
    }
    return rc;
}

enum err_code command_on_watch(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note)
{
    enum err_code rc = command_arg_reach(&run->reach, args, note);
    if (rc != ERR_OK) {
        return rc;
    }
    run->cursor = view_mark(c->view);
    run->next = watch_next;
    run->state = RUN_WATCHING;
    return ERR_OK;
}

/* --- tags, tallies, export ----------------------------------------------------------------------
 */

enum err_code command_on_tags(struct commands *c, struct run *run, struct octets args,
                              struct err_note *note)
{
    size_t limit = 0;
    enum view_reach reach = VIEW_WEB;
    const struct view_tag *tags = NULL;
    size_t count = 0;
    enum err_code rc = read_limit(&limit, args, note);
    if (rc == ERR_OK) {
        rc = command_arg_reach(&reach, args, note);
    }
    if (rc == ERR_OK) {
        rc = view_tags(c->view, &tags, &count, limit, reach, c->host->now_s(c->host), note);
    }
    for (size_t i = 0; rc == ERR_OK && i < count; i++) {
        struct canon_writer *w = command_item_begin(c, run);
        canon_write_map(w, 4);
        command_put_str(w, "tag", tags[i].tag);
        command_put_uint(w, "posts", tags[i].posts_count);
        command_put_uint(w, "people", tags[i].people_count);
        command_put_bool(w, "follow", tags[i].followed);
        command_item_send(c, run);
    }
    return rc;
}

static void put_days(struct canon_writer *w, const struct view_tally *tally)
{
    canon_write_str(w, octets_of_text("by_day"));
    canon_write_array(w, (uint32_t)tally->by_day_count);
    for (size_t i = 0; i < tally->by_day_count; i++) {
        canon_write_map(w, 3);
        command_put_uint(w, "day_s", tally->by_day[i].day * 86400);
        command_put_uint(w, "posts", tally->by_day[i].posts_count);
        command_put_uint(w, "people", tally->by_day[i].people_count);
    }
}

enum err_code command_on_tally(struct commands *c, struct run *run, struct octets args,
                               struct err_note *note)
{
    struct octets typed = {0};
    uint8_t tag[POST_TAG_MAX];
    size_t tag_len = 0;
    struct view_tally tally;
    enum view_reach reach = VIEW_WEB;
    enum err_code rc = command_arg_str_required(&typed, args, "tag", note);
    if (rc == ERR_OK) {
        rc = command_arg_reach(&reach, args, note);
    }
    if (rc == ERR_OK) {
        rc = command_tag(tag, &tag_len, typed, note);
    }
    if (rc == ERR_OK) {
        rc = view_tally(c->view, &tally, octets_of(tag, tag_len), reach, c->host->now_s(c->host),
                        note);
    }
    if (rc != ERR_OK) {
        return rc;
    }
    command_tell_if_shielded(c, run, octets_of(tag, tag_len), reach);
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, 12);
    command_put_str(w, "tag", octets_of(tag, tag_len));
    command_put_uint(w, "identities", tally.identities);
    command_put_uint(w, "voices", tally.voices);
    command_put_uint(w, "people_min", tally.people_min);
    command_put_uint(w, "people_max", tally.people_max);
    command_put_uint(w, "posts", tally.posts);
    command_put_uint(w, "reactions", tally.reactions);
    command_put_uint(w, "friends", tally.friends);
    command_put_uint(w, "following", tally.following);
    command_put_uint(w, "strangers", tally.strangers);
    canon_write_str(w, octets_of_text("by_distance"));
    canon_write_array(w, (uint32_t)tally.steps + 1);
    for (int i = 0; i <= tally.steps; i++) {
        canon_write_uint(w, tally.by_distance[i]);
    }
    put_days(w, &tally);
    command_item_send(c, run);
    return ERR_OK;
}

static enum err_code export_next(struct commands *c, struct run *run, struct err_note *note)
{
    struct octets wire;
    enum err_code rc = view_export_next(c->view, &wire, &run->walk, c->host->now_s(c->host), note);
    if (rc != ERR_OK) {
        return rc;
    }
    struct canon_writer *w = command_item_begin(c, run);
    canon_write_map(w, 1);
    canon_write_str(w, octets_of_text("wire"));
    canon_write_bin(w, wire);
    command_item_send(c, run);
    return ERR_OK;
}

enum err_code command_on_export(struct commands *c, struct run *run, struct octets args,
                                struct err_note *note)
{
    (void)c;
    enum err_code rc = command_arg_reach(&run->walk.reach, args, note);
    if (rc == ERR_OK) {
        run->next = export_next;
        run->state = RUN_LISTING;
    }
    return rc;
}
