/* What kith does with files and sockets: export, the editor, the control socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/daemon.h"
#include "cli/socket.h"
#include "tests/unit/cli/fake_node.h"

static struct fake_node fake;
static char folder[] = "/tmp/kith-cli-XXXXXX";
static char path[128];

static const char *in_folder(const char *name)
{
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int start(void **state)
{
    (void)state;
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    assert_non_null(mkdtemp(folder));
    fake_start(&fake, "", false);
    fake.home = folder;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    static const char *const names[] = {"out", "out.part", "control.sock", "log"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)unlink(in_folder(names[i]));
    }
    assert_int_equal(rmdir(folder), 0); /* nothing else was left behind */
    fake_stop(&fake);
    return 0;
}

static void expect_content(const char *file_name, const void *content, size_t len)
{
    char read[256];
    FILE *file = fopen(file_name, "rb");
    assert_non_null(file);
    assert_int_equal(fread(read, 1, sizeof read, file), len);
    assert_memory_equal(read, content, len);
    (void)fclose(file);
}

static void an_export_is_the_posts_one_after_another(void **state)
{
    (void)state;
    uint8_t both[64];
    struct stat about;
    memset(both, 1, 32);
    memset(both + 32, 2, 32);
    fake_item(&fake, "%wire", 1, NULL);
    fake_item(&fake, "%wire", 2, NULL);
    assert_int_equal(fake_run(&fake, "export", in_folder("out"), NULL), CLI_DONE);
    expect_content(in_folder("out"), both, sizeof both);
    assert_int_equal(stat(in_folder("out"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_not_equal(access(in_folder("out.part"), F_OK), 0);
}

static void an_export_never_replaces_a_file(void **state)
{
    (void)state;
    FILE *file = fopen(in_folder("out"), "wb");
    (void)fputs("mine", file);
    (void)fclose(file);
    assert_int_equal(fake_run(&fake, "export", in_folder("out"), NULL), CLI_REFUSED);
    assert_int_equal(fake.requests_count, 0);
    expect_content(in_folder("out"), "mine", 4);
}

static void a_broken_export_leaves_no_file(void **state)
{
    (void)state;
    fake_item(&fake, "%wire", 1, NULL);
    fake.after = ERR_NETWORK;
    assert_int_equal(fake_run(&fake, "export", in_folder("out"), NULL), CLI_NO_NODE);
    assert_int_not_equal(access(in_folder("out"), F_OK), 0);
    assert_int_not_equal(access(in_folder("out.part"), F_OK), 0);
    assert_int_equal(fake_run(&fake, "export", "/nowhere/at/all", NULL), CLI_REFUSED);
}

static void an_export_to_a_dash_goes_to_standard_output(void **state)
{
    (void)state;
    uint8_t one[32];
    memset(one, 7, sizeof one);
    fake_item(&fake, "%wire", 7, NULL);
    assert_int_equal(fake_run(&fake, "export", "-", NULL), CLI_DONE);
    assert_int_equal(fake.out_len, sizeof one);
    assert_memory_equal(fake.out, one, sizeof one);
}

static void what_the_editor_wrote_is_posted_and_removed(void **state)
{
    (void)state;
    fake.editor = "printf 'me too\\n\\nand more\\n\\n' | tee \"$1~\" >";
    assert_int_equal(fake_run(&fake, "post", "--editor", NULL), CLI_DONE);
    assert_string_equal(fake.request, "post {\"text\":\"me too\\n\\nand more\"}");
}

static void an_editor_that_fails_sends_nothing(void **state)
{
    (void)state;
    fake.editor = "false";
    assert_int_equal(fake_run(&fake, "post", "--editor", NULL), CLI_REFUSED);
    assert_int_equal(fake.requests_count, 0);
    assert_int_equal(fake_run(&fake, "post", "words", "--editor", NULL), CLI_WRONG_USAGE);
}

static int listen_at(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", name);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

static void messages_arrive_whole_however_they_are_cut(void **state)
{
    (void)state;
    struct socket_transport self;
    static const uint8_t stream[] = {0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 1, 'd', 0, 0};
    socket_init(&self);
    struct cli_transport *transport = &self.transport;
    int listener = listen_at(in_folder("control.sock"));
    assert_int_equal(transport->open(transport, folder), ERR_OK);
    int node = accept(listener, NULL, NULL);
    assert_int_equal(transport->send(transport, octets_of_text("request")), ERR_OK);
    char got[16];
    assert_int_equal(recv(node, got, sizeof got, 0), 7);

    struct octets message = {0};
    assert_int_equal(send(node, stream, 2, 0), 2);
    assert_int_equal(transport->receive(transport, &message, 20), ERR_TIMEOUT);
    assert_int_equal(send(node, stream + 2, sizeof stream - 2, 0), sizeof stream - 2);
    assert_int_equal(transport->receive(transport, &message, 1000), ERR_OK);
    assert_true(octets_equal(message, octets_of_text("abc")));
    assert_int_equal(transport->receive(transport, &message, 1000), ERR_OK);
    assert_true(octets_equal(message, octets_of_text("d")));
    (void)close(node);
    assert_int_equal(transport->receive(transport, &message, 1000), ERR_NETWORK);
    socket_close(&self);
    (void)close(listener);
}

static void a_message_that_is_too_large_is_not_waited_for(void **state)
{
    (void)state;
    struct socket_transport self;
    static const uint8_t large[] = {0, 4, 0, 1};
    socket_init(&self);
    struct cli_transport *transport = &self.transport;
    int listener = listen_at(in_folder("control.sock"));
    assert_int_equal(transport->open(transport, folder), ERR_OK);
    int node = accept(listener, NULL, NULL);
    assert_int_equal(send(node, large, sizeof large, 0), sizeof large);
    struct octets message = {0};
    assert_int_equal(transport->receive(transport, &message, 1000), ERR_TOO_LARGE);
    socket_close(&self);
    (void)close(node);
    (void)close(listener);
}

static void a_home_without_a_node_is_told_from_no_home(void **state)
{
    (void)state;
    struct socket_transport self;
    char long_home[200];
    memset(long_home, 'a', sizeof long_home);
    long_home[sizeof long_home - 1] = '\0';
    socket_init(&self);
    struct cli_transport *transport = &self.transport;
    assert_int_equal(transport->open(transport, "/nowhere/kith"), ERR_NOT_FOUND);
    assert_int_equal(transport->open(transport, folder), ERR_NO_NODE);
    assert_int_equal(transport->open(transport, long_home), ERR_TOO_LARGE);

    int listener = listen_at(in_folder("control.sock"));
    (void)close(listener); /* the node is gone, its socket stayed */
    assert_int_equal(transport->open(transport, folder), ERR_NO_NODE);
    (void)unlink(in_folder("control.sock"));

    FILE *file = fopen(in_folder("control.sock"), "wb");
    (void)fclose(file);
    assert_int_equal(transport->open(transport, folder), ERR_PERMISSION);
    socket_close(&self);
}

static void the_last_line_of_a_log_is_found(void **state)
{
    (void)state;
    char line[DAEMON_LINE_MAX];
    daemon_last_line(line, in_folder("log"));
    assert_string_equal(line, "");
    FILE *file = fopen(in_folder("log"), "wb");
    for (int i = 0; i < 100; i++) {
        (void)fprintf(file, "line %d\n", i);
    }
    (void)fclose(file);
    daemon_last_line(line, in_folder("log"));
    assert_string_equal(line, "line 99");
}

int main(void)
{
#define A_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        A_TEST(an_export_is_the_posts_one_after_another),
        A_TEST(an_export_never_replaces_a_file),
        A_TEST(a_broken_export_leaves_no_file),
        A_TEST(an_export_to_a_dash_goes_to_standard_output),
        A_TEST(what_the_editor_wrote_is_posted_and_removed),
        A_TEST(an_editor_that_fails_sends_nothing),
        A_TEST(messages_arrive_whole_however_they_are_cut),
        A_TEST(a_message_that_is_too_large_is_not_waited_for),
        A_TEST(a_home_without_a_node_is_told_from_no_home),
        A_TEST(the_last_line_of_a_log_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
