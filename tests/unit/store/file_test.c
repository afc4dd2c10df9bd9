#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/file.h"
#include "tests/support/file_memory.h"

static struct err_note note;
static char root[64];

static void make_root(void)
{
    (void)snprintf(root, sizeof root, "/tmp/kith-file-test-XXXXXX");
    assert_non_null(mkdtemp(root));
}

static void remove_root(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    assert_int_equal(system(command), 0);
}

static void on_name(void *context, const char *name)
{
    *(size_t *)context += strcmp(name, "one") == 0 ? 1 : 100;
}

/* What both kinds of files promise. */
static void check_files(struct files *files)
{
    struct file *file = NULL;
    uint8_t octets[16];
    size_t got = 0;
    uint64_t len = 0;
    assert_int_equal(files->make_dir(files, "d", &note), ERR_OK);
    assert_int_equal(files->make_dir(files, "d", &note), ERR_OK);
    assert_int_equal(files->open(files, &file, "d/one", FILE_READ, &note), ERR_NOT_FOUND);
    assert_int_equal(files->open(files, &file, "d/one", FILE_APPEND, &note), ERR_NOT_FOUND);
    assert_int_equal(files->open(files, &file, "d/one", FILE_CREATE, &note), ERR_OK);
    assert_int_equal(files->append(files, file, octets_of_text("hello"), &note), ERR_OK);
    assert_int_equal(files->sync(files, file, &note), ERR_OK);
    files->close(files, file);
    assert_int_not_equal(files->open(files, &file, "d/one", FILE_CREATE, &note), ERR_OK);

    assert_int_equal(files->open(files, &file, "d/one", FILE_APPEND, &note), ERR_OK);
    assert_int_equal(files->append(files, file, octets_of_text(" you"), &note), ERR_OK);
    assert_int_equal(files->size(files, file, &len, &note), ERR_OK);
    assert_int_equal(len, 9);
    assert_int_equal(files->truncate(files, file, 7, &note), ERR_OK);
    assert_int_equal(files->read_at(files, file, octets, &got, sizeof octets, 4, &note), ERR_OK);
    assert_int_equal(got, 3);
    assert_memory_equal(octets, "o y", 3);
    assert_int_equal(files->read_at(files, file, octets, &got, sizeof octets, 50, &note), ERR_OK);
    assert_int_equal(got, 0);
    files->close(files, file);

    assert_int_equal(files->open(files, &file, "d/one", FILE_UPDATE, &note), ERR_OK);
    assert_int_equal(files->write_at(files, file, octets_of_text("J"), 0, &note), ERR_OK);
    files->close(files, file);
    size_t seen = 0;
    assert_int_equal(files->list(files, "d", on_name, &seen, &note), ERR_OK);
    assert_int_equal(seen, 1);
    assert_int_equal(files->rename(files, "d/one", "d/two", &note), ERR_OK);
    assert_int_equal(files->sync_dir(files, "d", &note), ERR_OK);
    assert_false(file_exists(files, "d/one"));
    assert_true(file_exists(files, "d/two"));
    assert_int_equal(files->remove(files, "d/two", &note), ERR_OK);
    assert_int_equal(files->remove(files, "d/two", &note), ERR_NOT_FOUND);
}

static void check_replacing(struct files *files)
{
    uint8_t *octets = NULL;
    size_t len = 0;
    assert_int_equal(file_read_all(files, &octets, &len, "f", 100, &note), ERR_NOT_FOUND);
    assert_int_equal(file_replace(files, "f", octets_of_text("first"), &note), ERR_OK);
    assert_int_equal(file_replace(files, "f", octets_of_text("second"), &note), ERR_OK);
    assert_int_equal(file_read_all(files, &octets, &len, "f", 100, &note), ERR_OK);
    assert_true(octets_equal(octets_of(octets, len), octets_of_text("second")));
    free(octets);
    assert_int_equal(file_read_all(files, &octets, &len, "f", 5, &note), ERR_TOO_LARGE);
    assert_false(file_exists(files, "f.new"));
}

static void real_files_and_memory_files_behave_alike(void **state)
{
    (void)state;
    struct files *memory = file_memory_new(1);
    check_files(memory);
    check_replacing(memory);
    file_memory_free(memory);

    make_root();
    struct files *posix = NULL;
    assert_int_equal(file_posix_new(&posix, root, &note), ERR_OK);
    check_files(posix);
    check_replacing(posix);
    file_posix_free(posix);
    remove_root();
}

static void files_are_for_their_owner_alone(void **state)
{
    (void)state;
    make_root();
    char path[96];
    struct stat st;
    struct files *files = NULL;
    (void)snprintf(path, sizeof path, "%s/deep/home", root);
    assert_int_equal(file_posix_new(&files, path, &note), ERR_OK);
    assert_int_equal(file_replace(files, "f", octets_of_text("x"), &note), ERR_OK);
    assert_int_equal(files->make_dir(files, "d", &note), ERR_OK);
    file_posix_free(files);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    (void)snprintf(path, sizeof path, "%s/deep/home/f", root);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    (void)snprintf(path, sizeof path, "%s/deep/home/d", root);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    remove_root();
}

static void a_pipe_in_the_place_of_a_file_is_not_waited_for(void **state)
{
    (void)state;
    char path[96];
    struct files *files = NULL;
    struct file *file = NULL;
    make_root();
    assert_int_equal(file_posix_new(&files, root, &note), ERR_OK);
    (void)snprintf(path, sizeof path, "%s/pipe", root);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(files->open(files, &file, "pipe", FILE_READ, NULL), ERR_IO);
    assert_int_equal(files->open(files, &file, "pipe", FILE_APPEND, NULL), ERR_IO);
    file_posix_free(files);
    remove_root();
}

static void a_home_is_held_by_one_process(void **state)
{
    (void)state;
    make_root();
    int lock_fd = -1;
    assert_int_equal(file_posix_lock(&lock_fd, root, &note), ERR_OK);
    char path[300];
    (void)snprintf(path, sizeof path, "%s/lock", root);
    assert_int_equal(unlink(path), 0); /* some take it for one that was left behind */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int other_fd = -1;
        _exit(file_posix_lock(&other_fd, root, &note) == ERR_IN_USE ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    file_posix_unlock(lock_fd);
    assert_int_equal(file_posix_lock(&lock_fd, root, &note), ERR_OK);
    file_posix_unlock(lock_fd);
    remove_root();
}

static void a_root_that_cannot_be_is_an_error(void **state)
{
    (void)state;
    struct files *files = NULL;
    assert_int_equal(file_posix_new(&files, "", &note), ERR_USAGE);
    assert_int_not_equal(file_posix_new(&files, "/dev/null/home", &note), ERR_OK);
    assert_null(files);
}

static void replacing_is_all_or_nothing_at_any_crash(void **state)
{
    (void)state;
    bool crashed = true;
    for (uint64_t nth = 1; crashed; nth++) {
        for (unsigned outcome = FILE_MEMORY_DROP; outcome <= FILE_MEMORY_TEAR + 4; outcome++) {
            struct files *files = file_memory_new(nth * 10 + outcome);
            assert_int_equal(file_replace(files, "f", octets_of_text("old"), &note), ERR_OK);
            file_memory_crash_at(files, nth);
            enum err_code rc = file_replace(files, "f", octets_of_text("newer"), &note);
            crashed = file_memory_crashed(files);
            file_memory_restart(files, outcome > FILE_MEMORY_TEAR
                                           ? FILE_MEMORY_TEAR
                                           : (enum file_memory_outcome)outcome);
            uint8_t *octets = NULL;
            size_t len = 0;
            assert_int_equal(file_read_all(files, &octets, &len, "f", 100, &note), ERR_OK);
            bool is_new = octets_equal(octets_of(octets, len), octets_of_text("newer"));
            bool is_old = octets_equal(octets_of(octets, len), octets_of_text("old"));
            free(octets);
            assert_true(is_new || (is_old && rc != ERR_OK));
            file_memory_free(files);
        }
    }
}

static void memory_files_forget_what_was_not_synced(void **state)
{
    (void)state;
    struct files *files = file_memory_new(1);
    struct file *file = NULL;
    assert_int_equal(files->open(files, &file, "f", FILE_CREATE, &note), ERR_OK);
    assert_int_equal(files->append(files, file, octets_of_text("kept"), &note), ERR_OK);
    assert_int_equal(files->sync(files, file, &note), ERR_OK);
    assert_int_equal(files->sync_dir(files, ".", &note), ERR_OK);
    assert_int_equal(files->append(files, file, octets_of_text("lost"), &note), ERR_OK);
    file_memory_crash(files);
    assert_int_equal(files->sync(files, file, &note), ERR_IO);
    file_memory_restart(files, FILE_MEMORY_DROP);
    assert_int_equal(files->sync(files, file, &note), ERR_IO);
    files->close(files, file);
    assert_int_equal(file_memory_len(files, "f"), 4);
    assert_int_equal(files->open(files, &file, "g", FILE_CREATE, &note), ERR_OK);
    assert_int_equal(files->sync(files, file, &note), ERR_OK);
    files->close(files, file);
    file_memory_crash(files);
    file_memory_restart(files, FILE_MEMORY_DROP);
    assert_false(file_exists(files, "g"));
    file_memory_free(files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_files_and_memory_files_behave_alike),
        cmocka_unit_test(files_are_for_their_owner_alone),
        cmocka_unit_test(a_pipe_in_the_place_of_a_file_is_not_waited_for),
        cmocka_unit_test(a_home_is_held_by_one_process),
        cmocka_unit_test(a_root_that_cannot_be_is_an_error),
        cmocka_unit_test(replacing_is_all_or_nothing_at_any_crash),
        cmocka_unit_test(memory_files_forget_what_was_not_synced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
