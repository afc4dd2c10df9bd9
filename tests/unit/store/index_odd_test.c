/* Something else than a file where a file of the index was: it is put away, and made again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/store.h"
#include "tests/support/posts.h"

#define TABLE       16
#define POSTS_COUNT 70
#define NOW_S       5000

enum oddity { FIFO, FOLDER, DANGLING, LOOP, DEVICE, UNREADABLE, ODDITIES_COUNT };

static const uint8_t key[32] = {9};
static struct posts posts;
static char root[64];
static struct files *files;
static struct err_note note;

static void path_of(char out[128], const char *name)
{
    (void)snprintf(out, 128, "%s/%s", root, name);
}

static void open_and_look(void)
{
    struct store *store = NULL;
    note = (struct err_note){{0}};
    enum err_code rc = store_open_with(
        &store, files, key, &(struct store_options){.kind = STORE_READ, .table_max = TABLE}, &note);
    if (rc != ERR_OK) {
        print_error("%s\n", note.text);
    }
    assert_int_equal(rc, ERR_OK);
    uint8_t *room = malloc(POST_WIRE_MAX);
    struct octets_room wire = {.at = room, .cap = POST_WIRE_MAX};
    for (size_t i = 0; i < POSTS_COUNT; i++) {
        assert_int_equal(store_body(store, &wire, &posts.ids[i], &note), ERR_OK);
    }
    free(room);
    bool more = true;
    while (more) {
        assert_int_equal(store_tend(store, &more, NOW_S, &note), ERR_OK);
    }
    store_close(store);
}

static void fill(void)
{
    struct store *store = NULL;
    assert_int_equal(
        store_open_with(&store, files, key,
                        &(struct store_options){.kind = STORE_READ, .table_max = TABLE}, &note),
        ERR_OK);
    for (size_t i = 0; i < POSTS_COUNT; i++) {
        struct post post = posts_decoded(&posts, i);
        enum store_put_result result;
        bool more;
        assert_int_equal(store_put(store, &result, &post, &posts.wires[i], 1, NOW_S, &note),
                         ERR_OK);
        assert_int_equal(store_tend(store, &more, NOW_S, &note), ERR_OK);
    }
    store_close(store);
}

static void put_there(enum oddity oddity, const char *path)
{
    char inside[160];
    switch (oddity) {
    case FIFO:
        assert_int_equal(mkfifo(path, 0600), 0);
        break;
    case FOLDER:
        assert_int_equal(mkdir(path, 0700), 0);
        (void)snprintf(inside, sizeof inside, "%s/theirs", path);
        assert_int_equal(mkdir(inside, 0700), 0);
        break;
    case DANGLING:
        assert_int_equal(symlink("/nonexistent/kith", path), 0);
        break;
    case LOOP:
        assert_int_equal(symlink(path, path), 0);
        break;
    case DEVICE:
        assert_int_equal(symlink("/dev/zero", path), 0);
        break;
    case UNREADABLE: /* to anybody but root, to whom it is a file cut short */
    case ODDITIES_COUNT: {
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        (void)fclose(file);
        assert_int_equal(chmod(path, 0), 0);
    }
    }
}

static void remove_tree(const char *path)
{
    char command[160];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", path);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a folder of this test's own */
}

static void each_oddity_in_the_place_of(const char *name)
{
    for (unsigned oddity = 0; oddity < ODDITIES_COUNT; oddity++) {
        char path[128];
        path_of(path, name);
        remove_tree(path);
        put_there((enum oddity)oddity, path);
        open_and_look();
        open_and_look();
    }
}

static void the_manifest_is_made_again(void **state)
{
    (void)state;
    each_oddity_in_the_place_of("index/runs");
}

static void a_run_is_made_again(void **state)
{
    (void)state;
    each_oddity_in_the_place_of("index/00000003.run");
    each_oddity_in_the_place_of("index/0000000a.run");
}

static void what_stands_where_a_file_is_to_be_made_is_put_away(void **state)
{
    (void)state;
    each_oddity_in_the_place_of("index/runs.new");
    each_oddity_in_the_place_of("index/000000ff.run");
}

static void the_folder_itself_is_made_again(void **state)
{
    (void)state;
    char path[128];
    path_of(path, "index");
    for (unsigned oddity = 0; oddity < ODDITIES_COUNT; oddity++) {
        if (oddity != FOLDER) {
            remove_tree(path);
            put_there((enum oddity)oddity, path);
            open_and_look();
        }
    }
}

/* Whose folder it is, kith does not know. */
static void a_folder_is_not_emptied(void **state)
{
    (void)state;
    char path[128];
    path_of(path, "index/runs");
    remove_tree(path);
    put_there(FOLDER, path);
    open_and_look();
    struct stat found;
    path_of(path, "index/runs.aside/theirs");
    assert_int_equal(stat(path, &found), 0);
}

static int make_home(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "/tmp/kith-odd-XXXXXX");
    assert_non_null(mkdtemp(root));
    assert_int_equal(file_posix_new(&files, root, &note), ERR_OK);
    fill();
    return 0;
}

static int drop_home(void **state)
{
    (void)state;
    file_posix_free(files);
    remove_tree(root);
    return 0;
}

int main(void)
{
    struct person ana = person_of("ana");
    for (size_t i = 0; i < POSTS_COUNT; i++) {
        (void)person_text(&posts, &ana, 1000 + i, "me too", "metoo");
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_manifest_is_made_again, make_home, drop_home),
        cmocka_unit_test_setup_teardown(a_run_is_made_again, make_home, drop_home),
        cmocka_unit_test_setup_teardown(what_stands_where_a_file_is_to_be_made_is_put_away,
                                        make_home, drop_home),
        cmocka_unit_test_setup_teardown(the_folder_itself_is_made_again, make_home, drop_home),
        cmocka_unit_test_setup_teardown(a_folder_is_not_emptied, make_home, drop_home),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    posts_free(&posts);
    return failed;
}
