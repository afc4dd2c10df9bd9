#include "tests/unit/store/keep_scene.h"

static const uint8_t store_key[32] = {1, 2, 3};
const uint8_t keep_archive_key[ARCHIVE_KEY_LEN] = {4, 5, 6};

static void point(struct keep_scene *s)
{
    s->contents.follows = s->follows;
    s->contents.tags = s->tags;
    s->contents.blocks = s->blocks;
}

void load(struct keep_scene *s)
{
    point(s);
    assert_int_equal(view_load(s->home.view, &s->contents, &s->note), ERR_OK);
}

enum err_code keep_open(struct keep_scene *s)
{
    struct bare_home *home = &s->home;
    enum err_code rc = store_open(&home->store, home->files, store_key, STORE_READ, &s->note);
    if (rc == ERR_OK) {
        rc = archive_open(&home->archive, home->files, keep_archive_key, &s->bea.key, &s->note);
    }
    if (rc == ERR_OK) {
        store_retain(
            archive_store(home->archive),
            &(struct store_retention_rules){.keep_s = s->archive_days * DAY_S, .capped = true});
    }
    point(s);
    return rc == ERR_OK ? bare_home_show(home, &s->bea.key, &s->contents,
                                         KEEP_DAYS * (uint64_t)DAY_S, &s->note)
                        : rc;
}

void reopen(struct keep_scene *s)
{
    bare_home_close(&s->home);
    assert_int_equal(keep_open(s), ERR_OK);
}

int keep_set_up(void **state)
{
    struct keep_scene *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->bea = person_of("bea");
    s->ana = person_of("ana");
    s->cem = person_of("cem");
    s->dana = person_of("dana");
    s->eli = person_of("eli");
    s->contents = (struct vault_contents){.kind = VAULT_PERSONAL};
    s->now_s = NOW_S;
    s->home.files = file_memory_new(1);
    assert_int_equal(keep_open(s), ERR_OK);
    *state = s;
    return 0;
}

int keep_tear_down(void **state)
{
    struct keep_scene *s = *state;
    bare_home_free(&s->home);
    posts_free(&s->posts);
    free(s);
    return 0;
}

void follow(struct keep_scene *s, const struct person *person)
{
    s->follows[s->contents.follows_count++] = person->key;
    load(s);
}

void follow_tag(struct keep_scene *s, const char *tag)
{
    struct vault_followed_tag *followed = &s->tags[s->contents.tags_count++];
    followed->tag_len = (uint8_t)strlen(tag);
    memcpy(followed->tag, tag, followed->tag_len);
    load(s);
}

void block(struct keep_scene *s, const struct person *person)
{
    s->blocks[s->contents.blocks_count++] =
        (struct vault_block){.key = person->key,
                             .since_s = s->now_s,
                             .since_position = store_end(s->home.store),
                             .in_force = true};
    load(s);
}

void unblock(struct keep_scene *s)
{
    struct vault_block *last = &s->blocks[s->contents.blocks_count - 1];
    last->in_force = false;
    last->until_s = s->now_s;
    last->until_position = store_end(s->home.store);
    load(s);
}

enum store_put_result put(struct keep_scene *s, size_t index)
{
    struct post post = posts_decoded(&s->posts, index);
    enum store_put_result result;
    assert_int_equal(
        store_put(s->home.store, &result, &post, &s->posts.wires[index], 1, s->now_s, &s->note),
        ERR_OK);
    assert_int_equal(view_catch_up(s->home.view, NULL, &s->note), ERR_OK);
    return result;
}

void put_new(struct keep_scene *s)
{
    for (; s->put_count < s->posts.count; s->put_count++) {
        assert_int_equal(put(s, s->put_count), STORE_NEW);
    }
}

enum err_code age(struct keep_scene *s)
{
    return bare_home_age(&s->home, s->now_s, &s->note);
}

void aged(struct keep_scene *s)
{
    put_new(s);
    assert_int_equal(age(s), ERR_OK);
    assert_true(store_floor(s->home.store) > 0);
    assert_int_equal(store_floor(s->home.store), archive_floor(s->home.archive));
    assert_int_equal(view_check(s->home.view, s->now_s, &s->note), ERR_OK);
}

bool in_store(struct keep_scene *s, const struct post_id *id)
{
    uint64_t at;
    return store_position(s->home.store, &at, id, &s->note) == ERR_OK;
}

bool in_archive(struct keep_scene *s, const struct post_id *id)
{
    uint64_t at;
    return store_position(archive_store(s->home.archive), &at, id, &s->note) == ERR_OK;
}

bool seen(struct keep_scene *s, const struct post_id *id)
{
    struct view_query query = {
        .what = VIEW_SHOW, .reach = VIEW_ALL, .id = *id, .limit = 1, .now_s = s->now_s};
    struct view_page page;
    bool visible = view_visible(s->home.view, id, VIEW_ALL, s->now_s);
    enum err_code rc = view_query(s->home.view, &page, &query, &s->note);
    assert_int_equal(rc, visible ? ERR_OK : ERR_NOT_FOUND);
    return visible;
}

void expect(struct keep_scene *s, const struct post_id *id, bool visible)
{
    assert_int_equal(seen(s, id), visible);
    reopen(s);
    assert_int_equal(seen(s, id), visible);
}

size_t found_count(struct keep_scene *s, const char *words)
{
    struct view_query query = {.what = VIEW_SEARCH,
                               .reach = VIEW_ALL,
                               .words = octets_of_text(words),
                               .limit = 100,
                               .now_s = s->now_s};
    struct view_page page;
    assert_int_equal(view_query(s->home.view, &page, &query, &s->note), ERR_OK);
    return page.count;
}
