/* keep_scene.h - Bea's home, where posts leave the store by age and what she keeps goes into her
 * archive first (SPEC 7.6); and four others.  With keep_set_up() and keep_tear_down():
 *
 *     struct keep_scene *s = *state;
 *     follow(s, &s->ana);
 *     struct post_id kept = person_text(&s->posts, &s->ana, OLD_S, "from ana", NULL);
 *     aged(s);
 *     expect(s, &kept, true);
 *
 * Posts reach the store with put_new(), which aged() calls first.  Whatever fails fails the test.
 */
#ifndef KITH_TESTS_UNIT_STORE_KEEP_SCENE_H
#define KITH_TESTS_UNIT_STORE_KEEP_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/view_check.h"
#include "store/view_keep.h"
#include "tests/support/bare_home.h"
#include "tests/support/file_memory.h"
#include "tests/support/posts.h"

#define DAY_S          86400
#define TODAY          1000
#define NOW_S          ((uint64_t)TODAY * DAY_S + 3600)
#define OLD_S          (NOW_S - 100 * (uint64_t)DAY_S)
#define KEEP_DAYS      90
#define KEEP_SCENE_MAX 8

struct keep_scene {
    struct bare_home home; /* without journal and vault: what she set stands here */
    struct posts posts;
    size_t put_count;
    uint64_t now_s;
    uint64_t archive_days; /* that others' posts stay in the archive, from when it is opened next */
    struct err_note note;
    struct person bea, ana, cem, dana, eli;
    struct key follows[KEEP_SCENE_MAX];
    struct vault_followed_tag tags[KEEP_SCENE_MAX];
    struct vault_block blocks[KEEP_SCENE_MAX];
    struct vault_contents contents;
};

extern const uint8_t keep_archive_key[ARCHIVE_KEY_LEN];
/* Each test has a scene of its own, in *state. */
int keep_set_up(void **state);
int keep_tear_down(void **state);

MUST_USE enum err_code keep_open(struct keep_scene *s);
void reopen(struct keep_scene *s);
/* The view learns what contents say; the four below see to it themselves. */
void load(struct keep_scene *s);
void follow(struct keep_scene *s, const struct person *person);
void follow_tag(struct keep_scene *s, const char *tag);
void block(struct keep_scene *s, const struct person *person);
/* Whom she blocked last. */
void unblock(struct keep_scene *s);

enum store_put_result put(struct keep_scene *s, size_t index);
void put_new(struct keep_scene *s);
/* All that a node does about age; the second with what was not put yet, and the floor rises. */
enum err_code age(struct keep_scene *s);
void aged(struct keep_scene *s);

bool in_store(struct keep_scene *s, const struct post_id *id);
bool in_archive(struct keep_scene *s, const struct post_id *id);
/* Visible now, and then with its text. */
bool seen(struct keep_scene *s, const struct post_id *id);
/* Whether it is seen, and the same after the home was opened again. */
void expect(struct keep_scene *s, const struct post_id *id, bool visible);
size_t found_count(struct keep_scene *s, const char *words);

#endif
