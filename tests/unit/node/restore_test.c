/* What a backup of items alone, without others' posts, brings into a home that is there: own posts
 * that the journal knows by their ids alone, once the log that had them is lost (SPEC 10.10). */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <sodium.h>

#include "node/home.h"
#include "node/restore.h"
#include "proto/bip39.h"
#include "store/backup.h"

#define DAY_S       UINT64_C(86400)
#define FOLDERS_MAX 8 /* open at a time */
#define PATH_ROOM   128
#define BACKUP_NAME "items.backup"
#define WORDS_NAME  "words"

struct scene {
    char folder[64];
    struct home home;
    struct vault *vault;
    struct journal *journal;
    struct store *store;
    struct archive *archive;
    struct post_id young, old;
    struct err_note note;
};

static void opens(struct scene *s)
{
    if (s->home.files == NULL) {
        assert_int_equal(home_open(&s->home, s->folder, false, &s->note), ERR_OK);
        assert_int_equal(home_unlock(&s->home, octets_of(NULL, 0), &s->note), ERR_OK);
    }
    assert_int_equal(home_open_vault(&s->vault, &s->journal, &s->home, &s->note), ERR_OK);
    assert_int_equal(home_open_store(&s->store, &s->home, s->vault, STORE_READ, &s->note), ERR_OK);
    assert_int_equal(home_open_archive(&s->archive, &s->home, s->vault, s->store, &s->note),
                     ERR_OK);
}

static void closes(struct scene *s)
{
    archive_close(s->archive);
    store_close(s->store);
    vault_close(s->vault);
    journal_close(s->journal);
    home_close(&s->home);
    s->archive = NULL;
    s->store = NULL;
    s->vault = NULL;
    s->journal = NULL;
    s->home = (struct home){.lock_fd = -1};
}

/* Of hers, in the journal by its id alone, since the store has it. */
static struct post_id lets_go_of(struct scene *s, uint64_t created_s)
{
    static uint8_t wire[POST_WIRE_MAX];
    struct post_draft draft = {
        .kind = POST_TEXT, .created_s = created_s, .text = octets_of_text("what she said")};
    struct post_id id;
    struct post post;
    size_t len = 0;
    enum store_put_result result;
    assert_int_equal(post_sign(wire, &len, &id, &draft, vault_identity_seed(s->vault)), ERR_OK);
    struct octets octets = octets_of(wire, len);
    assert_int_equal(post_decode(&post, octets), ERR_OK);
    assert_int_equal(journal_own_post(s->journal, &id, octets, &s->note), ERR_OK);
    assert_int_equal(store_put(s->store, &result, &post, &octets, 1, created_s, &s->note), ERR_OK);
    const struct journal_trimmed trimmed = {.index = journal_own_count(s->journal) - 1,
                                            .created_s = created_s};
    assert_int_equal(journal_trim(s->journal, &trimmed, 1, &s->note), ERR_OK);
    return id;
}

static void backs_up(struct scene *s)
{
    struct backup_source source = {.vault = s->vault,
                                   .journal = s->journal,
                                   .store = s->store,
                                   .archive = s->archive,
                                   .head = {.made_s = (uint64_t)time(NULL)}};
    struct backup *backup = NULL;
    bool done = false;
    assert_int_equal(backup_begin(&backup, s->home.files, BACKUP_NAME, &source, false, &s->note),
                     ERR_OK);
    while (!done) {
        assert_int_equal(backup_step(backup, &done, &s->note), ERR_OK);
    }
    backup_close(backup);
}

static void below(char path[PATH_ROOM], const struct scene *s, const char *name)
{
    (void)snprintf(path, PATH_ROOM, "%s/%s", s->folder, name);
}

static void writes_words(struct scene *s)
{
    char path[PATH_ROOM];
    char text[BIP39_TEXT_MAX];
    bip39_encode(text, vault_seed(s->vault));
    below(path, s, WORDS_NAME);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fprintf(file, "%s\n", text) > 0);
    assert_int_equal(fclose(file), 0);
}

static int take_away(const char *path, const struct stat *stat, int kind, struct FTW *at)
{
    (void)stat, (void)kind, (void)at;
    return remove(path);
}

static void takes_away(const struct scene *s, const char *name)
{
    char path[PATH_ROOM];
    below(path, s, name);
    assert_int_equal(nftw(path, take_away, FOLDERS_MAX, FTW_DEPTH | FTW_PHYS), 0);
}

static int set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    uint64_t now_s = (uint64_t)time(NULL);
    assert_true(s != NULL && sodium_init() >= 0);
    (void)snprintf(s->folder, sizeof s->folder, "/tmp/kith-restore-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    assert_int_equal(home_open(&s->home, s->folder, true, &s->note), ERR_OK);
    assert_int_equal(home_make_vault(&s->home, VAULT_PERSONAL, octets_of(NULL, 0), &s->note),
                     ERR_OK);
    opens(s);
    writes_words(s);
    s->young = lets_go_of(s, now_s - DAY_S);
    s->old = lets_go_of(s, now_s - 100 * DAY_S);
    backs_up(s);
    closes(s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;
    closes(s);
    takes_away(s, "");
    free(s);
    return 0;
}

static void restores(struct scene *s)
{
    char backup[PATH_ROOM];
    char words[PATH_ROOM];
    below(backup, s, BACKUP_NAME);
    below(words, s, WORDS_NAME);
    struct options options = {
        .mode = OPTIONS_RESTORE, .restore_path = backup, .words_file = words, .held_fd = -1};
    assert_int_equal(restore_run(s->folder, &options, &s->note), ERR_OK);
}

static bool holds(struct store *store, const struct post_id *id)
{
    uint64_t at;
    return store_position(store, &at, id, NULL) == ERR_OK;
}

static void what_a_lost_log_took_of_hers_comes_back(void **state)
{
    struct scene *s = *state;
    takes_away(s, "log");
    takes_away(s, "index");
    opens(s);
    assert_false(holds(s->store, &s->young) || holds(s->store, &s->old));
    closes(s);
    restores(s);
    opens(s);
    assert_true(holds(s->store, &s->young) && holds(s->store, &s->old));
}

/* Where what is so old had left it for the archive, and both are lost. */
static void what_is_below_the_floor_goes_into_the_archive(void **state)
{
    struct scene *s = *state;
    takes_away(s, "log");
    takes_away(s, "index");
    takes_away(s, "archive");
    takes_away(s, "archive.index");
    opens(s);
    uint64_t now_s = (uint64_t)time(NULL);
    assert_int_equal(store_raise(s->store, now_s - 90 * DAY_S, &s->note), ERR_OK);
    closes(s);
    restores(s);
    opens(s);
    assert_true(holds(s->store, &s->young));
    assert_false(holds(s->store, &s->old));
    assert_true(holds(archive_store(s->archive), &s->old));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_a_lost_log_took_of_hers_comes_back),
        TEST(what_is_below_the_floor_goes_into_the_archive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
