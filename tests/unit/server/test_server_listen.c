#include <ws/server.h>

#include "tests/unit/support_server_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

/* --- listening --- */

static void what_cannot_be_listened_on(void **state)
{
    (void)state;
    char where[300];
    must_not_listen("127.0.0.1", "ADDRESS:PORT");
    must_not_listen("", "ADDRESS:PORT");
    must_not_listen("256.0.0.1.invalid:1", "");
    must_not_listen("no.such.host.invalid:0", "");
    must_not_listen("127.0.0.1:http!", "not a number from 0 to 65535");
    must_not_listen("127.0.0.1:", "not a number from 0 to 65535");
    must_not_listen("127.0.0.1:65536", "not a number from 0 to 65535");
    must_not_listen("127.0.0.1:70000", "not a number from 0 to 65535");
    must_not_listen("127.0.0.1:-1", "not a number from 0 to 65535");
    must_not_listen("198.51.100.1:0", strerror(EADDRNOTAVAIL));
    snprintf(where, sizeof where, "%0*d:1", 256, 0);
    must_not_listen(where, "");
    must_not_listen("fd:", "not a listening socket");
    must_not_listen("fd:x", "not a listening socket");
    must_not_listen("fd:-1", "not a listening socket");
    must_not_listen("fd:1x", "not a listening socket");
    must_not_listen("fd:99999999999", "not a listening socket");
    must_not_listen("fd:987", "not a listening socket");
    must_not_listen("fd:0", "not a listening socket");
    int fds[2];
    socket_pair(fds);
    snprintf(where, sizeof where, "fd:%d", fds[0]);
    must_not_listen(where, "not a listening socket");
    close(fds[0]);
    close(fds[1]);
    must_not_listen("unix:", "missing or too long");
    snprintf(where, sizeof where, "unix:/%0*d", 107, 0);
    must_not_listen(where, "missing or too long");
    must_not_listen("unix:/tmp/there/is/no/such/directory", "No such file or directory");
    assert_null(ws_server_url(fx.server, 0));
    /* However small the room for the message. */
    char small[5];
    assert_false(ws_server_listen(fx.server, "127.0.0.1", small, sizeof small));
    assert_string_equal(small, "127.");
}

static void a_port_in_use(void **state)
{
    (void)state;
    char where[40];
    must_listen("127.0.0.1:0");
    snprintf(where, sizeof where, "127.0.0.1:%u", port(0));
    must_not_listen(where, strerror(EADDRINUSE));
    /* By a connection of the past it is not in use. */
    struct peer end;
    dial(&end, 0);
    echo_over(&end);
    ws_server_free(fx.server);
    far_free(&end);
    ws_loop_turn(fx.loop, 0);
    make_server(0);
    must_listen(where);
}

static void urls(void **state)
{
    (void)state;
    char expected[300];
    must_listen("127.0.0.1:0");
    assert_true(strncmp(ws_server_url(fx.server, 0), "ws://127.0.0.1:", 15) == 0);
    assert_true(port(0) > 0);
    must_listen(in_directory("s"));
    snprintf(expected, sizeof expected, "ws+unix:%s/s", fx.directory);
    assert_string_equal(ws_server_url(fx.server, 1), expected);
    assert_null(ws_server_url(fx.server, 2));
    if (!listen_on("[::1]:0")) {
        print_message("this machine has no IPv6: %s\n", fx.error_text);
        return;
    }
    assert_true(strncmp(ws_server_url(fx.server, 2), "ws://[::1]:", 11) == 0);
    assert_null(ws_server_url(fx.server, 3));
}

static void several_listeners_and_one_handed_over(void **state)
{
    (void)state;
    char where[40];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 5), 0);
    snprintf(where, sizeof where, "fd:%d", fd);
    must_listen("127.0.0.1:0");
    must_listen(where);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    struct peer ends_of[2];
    for (size_t i = 0; i < 2; i++) {
        dial(&ends_of[i], i);
        echo_over(&ends_of[i]);
    }
    assert_int_equal(ws_server_count(fx.server), 2);
    assert_int_equal(fx.accepted, 2);
    for (size_t i = 0; i < 2; i++)
        far_free(&ends_of[i]);
    TURN_UNTIL(fx.loop, ws_server_count(fx.server) == 0);
    assert_int_equal(fx.last_end, WS_E_LOST);
}

/* --- unix sockets --- */

static void a_stale_socket_is_replaced(void **state)
{
    (void)state;
    const char *where = in_directory("s");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat status;
    strcpy(address.sun_path, where + 5);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&address, sizeof address), 0);
    close(fd); /* its file stays, without a listener */
    assert_int_equal(stat(where + 5, &status), 0);
    must_listen(where);
    /* One that is listened on is not. */
    must_not_listen(where, strerror(EADDRINUSE));
    fd = call_unix(where + 5);
    assert_true(fd >= 0);
    TURN_UNTIL(fx.loop, fx.accepted > 0);
    close(fd);
    ws_server_stop_listening(fx.server);
    assert_true(stat(where + 5, &status) < 0); /* it goes with the server */
    assert_int_equal(call_unix(where + 5), -1);
}

static void no_file_but_a_socket_is_removed(void **state)
{
    (void)state;
    const char *where = in_directory("f");
    struct stat status;
    int fd = open(where + 5, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    must_not_listen(where, "that is no socket");
    assert_int_equal(stat(where + 5, &status), 0);
    assert_true(S_ISREG(status.st_mode));
    unlink(where + 5);
}

/* Another process took the path in the meantime: it stays. */
static void the_socket_of_another_is_left_alone(void **state)
{
    (void)state;
    const char *where = in_directory("s");
    struct stat status;
    must_listen(where);
    unlink(where + 5);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, where + 5);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)(void *)&address, sizeof address), 0);
    ws_server_stop_listening(fx.server);
    assert_int_equal(stat(where + 5, &status), 0);
    unlink(where + 5);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(what_cannot_be_listened_on),
        FIXTURE_TEST(a_port_in_use),
        FIXTURE_TEST(urls),
        FIXTURE_TEST(several_listeners_and_one_handed_over),
        FIXTURE_TEST(a_stale_socket_is_replaced),
        FIXTURE_TEST(no_file_but_a_socket_is_removed),
        FIXTURE_TEST(the_socket_of_another_is_left_alone),
    };
    return cmocka_run_group_tests_name("server_listen", tests, NULL, NULL);
}
