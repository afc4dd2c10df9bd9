#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "proto/err.h"

static void every_code_has_a_name_a_text_and_an_exit_status(void **state)
{
    (void)state;
    for (int code = 0; code < ERR_CODES_COUNT; code++) {
        assert_non_null(err_name((enum err_code)code));
        assert_true(strlen(err_text((enum err_code)code)) > 0);
        assert_in_range(err_exit_status((enum err_code)code), 0, 5);
    }
    assert_int_equal(err_exit_status(ERR_NOT_FOUND), 1);
    assert_int_equal(err_class(ERR_MALFORMED), ERR_CLASS_PEER);
}

static void a_note_grows_outward(void **state)
{
    (void)state;
    struct err_note note = {{0}};
    assert_int_equal(err_note(&note, ERR_IO, "index"), ERR_IO);
    (void)err_note(&note, ERR_IO, "opening the store in %s", "/home/ana");
    assert_string_equal(note.text, "opening the store in /home/ana: index");
}

static void a_note_is_cut_short_not_overflowed(void **state)
{
    (void)state;
    struct err_note note = {{0}};
    for (int i = 0; i < 200; i++) {
        (void)err_note(&note, ERR_IO, "layer %d", i);
    }
    assert_int_equal(strlen(note.text), ERR_NOTE_MAX - 1);
}

/* Whoever meets damage or another thing in a file's place puts it away. */
static void too_many_open_files_are_no_fault_of_a_file(void **state)
{
    (void)state;
    assert_int_equal(err_from_errno(NULL, EMFILE), ERR_NO_MEMORY);
    assert_int_equal(err_from_errno(NULL, ENFILE), ERR_NO_MEMORY);
    assert_int_equal(err_from_errno(NULL, EIO), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_a_name_a_text_and_an_exit_status),
        cmocka_unit_test(a_note_grows_outward),
        cmocka_unit_test(a_note_is_cut_short_not_overflowed),
        cmocka_unit_test(too_many_open_files_are_no_fault_of_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
