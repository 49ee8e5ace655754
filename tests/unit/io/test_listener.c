#include "libws/io/listener.h"

#include "tests/unit/support_net.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static char error[200];

static struct ws_listener *must_open(const char *where)
{
    struct ws_listener *listener = ws_listener_open(where, NULL, 0, -1, false, error, sizeof error);
    if (!listener)
        fail_msg("%s", error);
    return listener;
}

static void opened_named_and_closed(void **state)
{
    (void)state;
    unsigned before = open_descriptors();
    struct ws_listener *listener = must_open("127.0.0.1:0");
    assert_memory_equal(listener->url, "ws://127.0.0.1:", 15);
    assert_true(atoi(listener->url + 15) > 0);
    int listening = 0;
    socklen_t len = sizeof listening;
    getsockopt(listener->watch.fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len);
    assert_int_equal(listening, 1);
    ws_listener_close(listener);
    assert_int_equal(listener->watch.fd, -1);
    assert_non_null(listener->url); /* it stays */
    ws_listener_close(listener);
    ws_listener_free(listener);
    ws_listener_free(NULL);
    assert_int_equal(open_descriptors(), before);
}

/* Small replies must not wait for others, and accepting costs no system call for that. */
static void what_is_accepted_has_no_delay(void **state)
{
    (void)state;
    struct ws_listener *listener = must_open("127.0.0.1:0");
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    assert_int_equal(getsockname(listener->watch.fd, (struct sockaddr *)&address, &len), 0);
    int client = socket(AF_INET, SOCK_STREAM, 0), no_delay = 0;
    assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
    int server = accept(listener->watch.fd, NULL, NULL);
    len = sizeof no_delay;
    assert_int_equal(getsockopt(server, IPPROTO_TCP, TCP_NODELAY, &no_delay, &len), 0);
    assert_true(no_delay);
    close(client);
    close(server);
    ws_listener_free(listener);
}

/* Without an address it listens on loopback only. */
static void no_address_is_loopback(void **state)
{
    (void)state;
    struct ws_listener *listener = must_open(":0");
    assert_memory_equal(listener->url, "ws://127.0.0.1:", 15);
    ws_listener_free(listener);
}

static void a_unix_path_goes_with_its_owner_only(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_listener.XXXXXX", path[64], where[80];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s", folder);
    snprintf(where, sizeof where, "unix:%s", path);
    struct ws_listener *first = must_open(where);
    assert_null(ws_listener_open(where, NULL, 0, -1, false, error, sizeof error)); /* in use */
    assert_non_null(strstr(error, "in use"));
    unlink(path);
    struct ws_listener *second = must_open(where);
    ws_listener_free(first);
    assert_int_equal(access(path, F_OK), 0);
    ws_listener_free(second);
    assert_int_not_equal(access(path, F_OK), 0);
    rmdir(folder);
}

static void what_can_be_read(void **state)
{
    static const struct {
        const char *where, *wrong; /* NULL: nothing */
    } rows[] = {
        {"127.0.0.1:80", NULL},
        {"name.example:0", NULL},
        {":8080", NULL},
        {"[::]:65535", NULL},
        {"unix:/a", NULL},
        {"fd:3", NULL},
        {"127.0.0.1", "expected ADDRESS:PORT"},
        {"", "expected ADDRESS:PORT"},
        {"[::1", "brackets"},
        {"::1:80", "brackets"},
        {"127.0.0.1:65536", "the port"},
        {"127.0.0.1:x", "the port"},
        {"unix:", "the path"},
        {"fd:", "not a descriptor"},
        {"fd:-1", "not a descriptor"},
        {"fd:3x", "not a descriptor"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool read = ws_listener_check(rows[i].where, error, sizeof error);
        if (read != !rows[i].wrong || (!read && !strstr(error, rows[i].wrong)))
            fail_msg("%s: %s", rows[i].where, read ? "read" : error);
    }
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *where, *what;
    } bad[] = {
        {"127.0.0.1", "expected ADDRESS:PORT"},
        {"127.0.0.1:65536", "not a number from 0 to 65535"},
        {"127.0.0.1:x", "not a number"},
        {"fd:99999", "not a listening socket"},
        {"fd:0x", "not a listening socket"},
        {"unix:", "missing or too long"},
        {"unix:/nonexistent/s", "No such file"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(ws_listener_open(bad[i].where, NULL, 0, -1, false, error, sizeof error));
        assert_memory_equal(error, bad[i].where, strlen(bad[i].where));
        if (!strstr(error, bad[i].what))
            fail_msg("'%s' does not say '%s'", error, bad[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opened_named_and_closed),
        cmocka_unit_test(what_is_accepted_has_no_delay),
        cmocka_unit_test(no_address_is_loopback),
        cmocka_unit_test(a_unix_path_goes_with_its_owner_only),
        cmocka_unit_test(what_can_be_read),
        cmocka_unit_test(what_is_wrong_is_said),
    };
    return cmocka_run_group_tests_name("listener", tests, NULL, NULL);
}
