/* The table of commands: whole, consistent, and explained. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/command.h"
#include "tests/unit/cli/fake_node.h"

#define COLUMNS_MAX 92

static struct fake_node fake;

static int start(void **state)
{
    (void)state;
    fake_start(&fake, "", false);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fake_stop(&fake);
    return 0;
}

static void every_command_of_a_node_can_be_typed(void **state)
{
    (void)state;
    size_t count = 0;
    const struct command *table = command_table(&count);
    for (int control = 0; control < CONTROL_COMMANDS_COUNT; control++) {
        bool found = false;
        for (size_t i = 0; i < count; i++) {
            found |= (int)table[i].control == control;
        }
        assert_true(found);
    }
}

static void help_of_each_command_has_its_form_and_an_example(void **state)
{
    (void)state;
    size_t count = 0;
    const struct command *table = command_table(&count);
    for (size_t i = 0; i < count; i++) {
        char usage[64];
        char example[128];
        char name[32];
        (void)snprintf(usage, sizeof usage, "kith %s", table[i].name);
        (void)snprintf(example, sizeof example, "Example:  %s", table[i].example);
        (void)snprintf(name, sizeof name, "%s", table[i].name);
        char *space = strchr(name, ' ');
        if (space != NULL) {
            *space = '\0';
        }
        assert_int_equal(
            fake_run(&fake, name, space != NULL ? space + 1 : "--help", "--help", NULL), CLI_DONE);
        assert_ptr_equal(strstr(fake.out, usage), fake.out);
        assert_non_null(strstr(fake.out, example));
        assert_memory_equal(table[i].example, usage, strlen(usage));
        assert_int_equal(fake_run(&fake, "help", table[i].name, NULL), CLI_DONE);
        assert_non_null(strstr(fake.out, example));
        assert_int_equal(fake.requests_count, 0);
    }
}

static void help_lists_every_command_and_the_private_forms(void **state)
{
    (void)state;
    size_t count = 0;
    const struct command *table = command_table(&count);
    assert_int_equal(fake_run(&fake, "help", NULL), CLI_DONE);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(strstr(fake.out, table[i].summary));
    }
    assert_non_null(strstr(fake.out, "shell's history"));
    assert_int_equal(fake_run(&fake, "--help", NULL), CLI_DONE);
    assert_non_null(strstr(fake.out, "shell's history"));
    fake.cli.in_session = true; /* which keeps none */
    assert_int_equal(fake_run(&fake, "help", NULL), CLI_DONE);
    assert_null(strstr(fake.out, "shell's history"));
    fake.cli.in_session = false;
}

static void arguments_and_options_are_fit_to_be_shown_asked_and_sent(void **state)
{
    (void)state;
    for (int i = PARAMETER_NONE + 1; i < PARAMETERS_COUNT; i++) {
        const struct parameter *parameter = parameter_of((enum parameter_name)i);
        assert_non_null(parameter->spelling);
        assert_non_null(parameter->help);
        assert_true(!parameter->is_private || parameter->question != NULL);
        assert_true(parameter->form != FORM_CHOICE || parameter->choices != NULL);
        assert_true(parameter->form != FORM_COUNT || parameter->max > 0);
        bool is_option = strncmp(parameter->spelling, "--", 2) == 0;
        assert_true(!is_option ||
                    (parameter->placeholder != NULL) == (parameter->form != FORM_FLAG));
    }
}

static void required_arguments_can_be_asked_for(void **state)
{
    (void)state;
    size_t count = 0;
    const struct command *table = command_table(&count);
    for (size_t i = 0; i < count; i++) {
        for (size_t a = 0; a < table[i].required_count; a++) {
            assert_int_not_equal(table[i].arguments[a], PARAMETER_NONE);
            assert_non_null(parameter_of(table[i].arguments[a])->question);
        }
    }
}

static void version_says_which(void **state)
{
    (void)state;
    assert_int_equal(fake_run(&fake, "version", NULL), CLI_DONE);
    assert_memory_equal(fake.out, "kith ", 5);
    assert_int_equal(fake_run(&fake, "--version", NULL), CLI_DONE);
    assert_memory_equal(fake.out, "kith ", 5);
}

/* Plain and calm: no raised voice, nobody to blame. */
static void expect_calm(const char *text)
{
    static const char *const harsh[] = {"!",       "invalid",    "illegal",  "fatal", "forbidden",
                                        "failure", "your fault", "you must", "abuse"};
    const char *line = text != NULL ? text : "";
    for (size_t i = 0; i < sizeof harsh / sizeof harsh[0]; i++) {
        assert_null(strstr(line, harsh[i]));
    }
}

/* And nothing wider than a terminal, where it is printed as it stands here. */
static void expect_narrow_and_calm(const char *text)
{
    const char *line = text != NULL ? text : "";
    expect_calm(text);
    while (*line != '\0') {
        size_t len = strcspn(line, "\n");
        assert_true(len <= COLUMNS_MAX);
        line += line[len] == '\n' ? len + 1 : len;
    }
}

static void the_words_are_calm(void **state)
{
    (void)state;
    size_t count = 0;
    const struct command *table = command_table(&count);
    for (size_t i = 0; i < count; i++) {
        expect_narrow_and_calm(table[i].summary);
        expect_narrow_and_calm(table[i].details);
        expect_narrow_and_calm(table[i].example);
        expect_calm(table[i].empty);
        expect_calm(table[i].done);
    }
    for (int name = PARAMETER_NONE + 1; name < PARAMETERS_COUNT; name++) {
        expect_calm(parameter_of((enum parameter_name)name)->question);
        expect_narrow_and_calm(parameter_of((enum parameter_name)name)->help);
    }
    for (int code = 0; code < ERR_CODES_COUNT; code++) {
        expect_calm(err_text((enum err_code)code));
    }
}

/* What others can see, or what cannot be undone, is said before it is done. */
static void what_leaves_the_node_says_so(void **state)
{
    (void)state;
    static const char *const public_ones[] = {"post",  "reply",   "react", "echo",   "retract",
                                              "vouch", "unvouch", "join",  "profile"};
    for (size_t i = 0; i < sizeof public_ones / sizeof public_ones[0]; i++) {
        char *words[] = {(char *)(uintptr_t)public_ones[i]};
        size_t used = 0;
        const struct command *command = command_find(&used, words, 1);
        assert_non_null(command->details);
        assert_true(strstr(command->details, "public") != NULL ||
                    strstr(command->details, "veryone") != NULL ||
                    strstr(command->details, "Who has read it") != NULL ||
                    strstr(command->details, "who has read") != NULL);
    }
}

int main(void)
{
#define A_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        A_TEST(every_command_of_a_node_can_be_typed),
        A_TEST(help_of_each_command_has_its_form_and_an_example),
        A_TEST(help_lists_every_command_and_the_private_forms),
        A_TEST(arguments_and_options_are_fit_to_be_shown_asked_and_sent),
        A_TEST(required_arguments_can_be_asked_for),
        A_TEST(the_words_are_calm),
        A_TEST(what_leaves_the_node_says_so),
        A_TEST(version_says_which),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
