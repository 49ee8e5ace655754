#include "libws/io/connector.h"

#include "libws/io/listener.h"

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

static struct ws_loop *loop;
static struct ws_listener *listener;
static struct ws_connector *connector;
static int fd;
static unsigned calls;
static enum ws_error error;
static char detail[200];
static struct ws_connector_times times;

static void on_connected(void *user, int socket)
{
    assert_ptr_equal(user, loop);
    calls++;
    fd = socket;
    times = *ws_connector_times(connector);
}

static void on_failed(void *user, enum ws_error why, const char *text)
{
    assert_ptr_equal(user, loop);
    calls++;
    error = why;
    snprintf(detail, sizeof detail, "%s", text);
    times = *ws_connector_times(connector);
    ws_connector_cancel(connector); /* from inside it does nothing */
}

/* Runs until a callback came; fd is then >= 0 or error is set. */
static void connect_with(struct ws_connector_options options)
{
    options.loop = loop;
    options.user = loop;
    options.connected = on_connected;
    options.failed = on_failed;
    fd = -1;
    calls = 0;
    error = WS_OK;
    connector = ws_connector_start(&options);
    assert_non_null(connector);
    assert_int_equal(calls, 0);
    for (int i = 0; i < 200 && calls == 0; i++)
        ws_loop_turn(loop, 50);
    assert_int_equal(calls, 1);
    ws_loop_turn(loop, 0);
}

static uint16_t port_of(const char *url)
{
    return (uint16_t)atoi(strrchr(url, ':') + 1);
}

static int set_up(void **state)
{
    char why[200];
    (void)state;
    assert_int_equal(ws_loop_new(&loop), WS_OK);
    listener = ws_listener_open("127.0.0.1:0", NULL, 0, -1, false, why, sizeof why);
    return listener ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    ws_listener_free(listener);
    ws_loop_free(loop);
    return 0;
}

static void an_address_is_connected_to(void **state)
{
    int type;
    socklen_t len = sizeof type;
    (void)state;
    connect_with((struct ws_connector_options){
        .host = "127.0.0.1", .port = port_of(listener->url), .timeout_ms = 5000});
    assert_true(fd >= 0);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len), 0);
    assert_true(times.resolve_us > 0 && times.connect_us > 0);
    close(fd);
}

static void a_refusal_is_reported_with_its_address(void **state)
{
    char wanted[100];
    (void)state;
    uint16_t port = port_of(listener->url);
    ws_listener_close(listener);
    connect_with((struct ws_connector_options){.host = "127.0.0.1", .port = port});
    assert_int_equal(error, WS_E_CONNECT);
    snprintf(wanted, sizeof wanted, "connect 127.0.0.1:%u: Connection refused", port);
    assert_string_equal(detail, wanted);
    connect_with(
        (struct ws_connector_options){.host = "127.0.0.1", .port = port, .label = "the proxy"});
    snprintf(wanted, sizeof wanted, "connect to the proxy 127.0.0.1:%u: Connection refused", port);
    assert_string_equal(detail, wanted);
}

static void a_unix_socket_is_connected_to(void **state)
{
    char path[] = "/tmp/test_connector.XXXXXX", where[64], why[200];
    (void)state;
    assert_non_null(mkdtemp(path));
    snprintf(where, sizeof where, "unix:%s/socket", path);
    struct ws_listener *local = ws_listener_open(where, NULL, 0, -1, false, why, sizeof why);
    assert_non_null(local);
    connect_with((struct ws_connector_options){.unix_path = where + 5});
    assert_true(fd >= 0);
    assert_int_equal(times.resolve_us, 0);
    close(fd);
    ws_listener_free(local);
    connect_with((struct ws_connector_options){.unix_path = where + 5});
    assert_int_equal(error, WS_E_CONNECT);
    assert_non_null(strstr(detail, "/socket: No such file or directory"));
    rmdir(path);
}

static void a_name_that_does_not_exist(void **state)
{
    (void)state;
    connect_with((struct ws_connector_options){.host = "no such name", .port = 1});
    assert_int_equal(error, WS_E_RESOLVE);
    assert_int_equal(strncmp(detail, "resolve no such name: ", 22), 0);
}

static void a_cancelled_one_is_silent(void **state)
{
    const struct ws_connector_options options = {.loop = loop,
                                                 .host = "127.0.0.1",
                                                 .port = port_of(listener->url),
                                                 .timeout_ms = 1,
                                                 .user = loop,
                                                 .connected = on_connected,
                                                 .failed = on_failed};
    (void)state;
    for (int turns = 0; turns < 2; turns++) {
        calls = 0;
        connector = ws_connector_start(&options);
        assert_non_null(connector);
        for (int i = 0; i < turns; i++)
            ws_loop_turn(loop, 0); /* the name is known, the socket not yet connected */
        if (calls == 0)
            ws_connector_cancel(connector);
        unsigned before = calls;
        ws_loop_turn(loop, 20);
        assert_int_equal(calls, before);
        if (before && fd >= 0)
            close(fd);
        fd = -1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_address_is_connected_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_refusal_is_reported_with_its_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_unix_socket_is_connected_to, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_name_that_does_not_exist, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_cancelled_one_is_silent, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
