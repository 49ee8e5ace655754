#include <ws/client.h>

#include "tests/unit/support_net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

/* A client, and a proxy that is played by hand: `far` is the server, on the same socket.
 */
static struct ws_loop *loop;
static struct ws_conn_config config;
static int listener, fd;
static unsigned port, descriptors;
static struct peer far;
static char asked[512];
static size_t asked_len;

static struct ws_client *client; /* until one of its callbacks comes */
static struct ws_conn *conn;
static struct record record;
static struct ws_client_times times;
static unsigned connections, failures;
static enum ws_error failure;
static char detail[600];

static void on_event(struct ws_conn *c, const struct ws_event *event)
{
    assert_ptr_equal(c, conn);
    record_event(&record, event);
}

static void on_close(struct ws_conn *c, const struct ws_end *end)
{
    assert_ptr_equal(c, conn);
    record.ends++;
    record.end = *end;
    conn = NULL;
}

static const struct ws_handler handler = {.open = on_event, .event = on_event, .close = on_close};
static struct ws_conn_env env;

static void on_connected(void *user, struct ws_conn *c)
{
    (void)user;
    connections++;
    conn = c;
    times = *ws_client_times(client);
    client = NULL;
}

static void on_failed(void *user, enum ws_error error, const char *line)
{
    (void)user;
    failures++;
    failure = error;
    snprintf(detail, sizeof detail, "%s", line);
    client = NULL;
}

static int set_up(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof address;
    descriptors = open_descriptors();
    connections = failures = 0;
    asked_len = 0;
    fd = -1;
    if (ws_loop_new(&loop) != WS_OK)
        return -1;
    ws_conn_config_init(&config, WS_ROLE_CLIENT);
    if (ws_conn_env_init(&env, loop, &config, &handler, NULL) != WS_OK)
        return -1;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 8) < 0)
        return -1;
    getsockname(listener, (struct sockaddr *)&address, &len);
    port = ntohs(address.sin_port);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (client)
        ws_client_cancel(client);
    client = NULL;
    if (conn)
        ws_conn_abort(conn, WS_E_SHUTDOWN);
    ws_loop_turn(loop, 0);
    ws_loop_turn(loop, 0);
    ws_loop_free(loop);
    record_free(&record);
    if (fd >= 0)
        close(fd);
    close(listener);
    for (int i = 0; i < 5000 && open_descriptors() != descriptors; i++)
        usleep(1000); /* a thread that resolves lets go by itself */
    assert_int_equal(open_descriptors(), descriptors);
    return 0;
}

static void begin(const char *proxy_format, const char *target, uint32_t connect_ms)
{
    char text[200];
    struct ws_url url;
    struct ws_proxy proxy;
    snprintf(text, sizeof text, "%s127.0.0.1:%u", proxy_format, port);
    assert_null(ws_proxy_parse(text, &proxy));
    assert_int_equal(ws_url_parse(target, &url), WS_URL_OK);
    struct ws_client_options options = {
        .url = &url,
        .proxy = &proxy,
        .connect_ms = connect_ms,
        .env = &env,
        .connected = on_connected,
        .failed = on_failed,
    };
    client = ws_client_connect(&options);
    assert_non_null(client);
    ws_url_free(&url); /* it has its own copies */
    ws_proxy_free(&proxy);
}

static bool accepted(void)
{
    if (fd < 0)
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return fd >= 0;
}

/* Has the client said this, since the last time? */
static bool heard(const void *bytes, size_t len)
{
    ssize_t n = accepted() ? recv(fd, asked + asked_len, sizeof asked - asked_len, 0) : 0;
    if (n > 0)
        asked_len += (size_t)n;
    if (asked_len < len)
        return false;
    assert_int_equal(asked_len, len);
    assert_memory_equal(asked, bytes, len);
    asked_len = 0;
    return true;
}

#define HEARS(text) TURN_UNTIL(loop, heard(text, sizeof(text) - 1))

static void say(const char *bytes, size_t len)
{
    assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
}

#define SAYS(text) say(text, sizeof(text) - 1)

/* Behind the proxy is a server, and everything goes on as without. */
static void expect_echo(void)
{
    TURN_UNTIL(loop, connections + failures > 0);
    if (failures)
        fail_msg("%s", detail);
    far_init(&far, fd, WS_ROLE_SERVER);
    far.echo = true;
    PUMP_UNTIL(loop, &far, record.opens == 1);
    assert_int_equal(ws_conn_send(conn, WS_OP_TEXT, WS_SEND_COPY, (char[]){"hello"}, 5), WS_OK);
    PUMP_UNTIL(loop, &far, record.messages == 1);
    assert_memory_equal(record.data.data, "hello", 5);
    assert_true(times.proxy_us > 0);
    fd = -1;
    ws_conn_abort(conn, WS_E_SHUTDOWN);
    far_free(&far);
}

static void expect_failure(enum ws_error error, const char *says)
{
    char whole[400];
    TURN_UNTIL(loop, connections + failures > 0);
    assert_int_equal(failures, 1);
    snprintf(whole, sizeof whole, "proxy 127.0.0.1:%u: %s", port, says);
    assert_string_equal(detail, whole);
    assert_int_equal(failure, error);
}

/* --- */

static const char request[] = "CONNECT h.invalid:80 HTTP/1.1\r\nHost: h.invalid:80\r\n\r\n";

/* The name is no name that we could resolve: that is the proxy's business. */
static void through_http(void **state)
{
    (void)state;
    begin("http://", "ws://h.invalid/path", 5000);
    TURN_UNTIL(loop, heard(request, strlen(request)));
    for (const char *c = "HTTP/1.1 200 OK\r\n\r\n"; *c; c++) {
        say(c, 1);
        ws_loop_turn(loop, 0);
    }
    expect_echo();
}

static void through_socks(void **state)
{
    (void)state;
    begin("socks5://joe:pass@", "ws://h.invalid/path", 5000);
    HEARS("\x05\x02\x00\x02");
    SAYS("\x05\x02");
    HEARS("\x01\x03joe\x04pass");
    SAYS("\x01\x00");
    HEARS("\x05\x01\x00\x03\x09h.invalid\x00\x50");
    SAYS("\x05\x00\x00\x01\x7F\x00\x00\x01\x04\x38");
    expect_echo();
}

static void refusals(void **state)
{
    (void)state;
    begin("http://", "ws://h.invalid/", 5000);
    TURN_UNTIL(loop, heard(request, strlen(request)));
    SAYS("HTTP/1.1 403 No\r\n\r\n");
    expect_failure(WS_E_PROXY, "the proxy refused: 403 No");
}

static void bytes_behind(void **state)
{
    (void)state;
    begin("http://", "ws://h.invalid/", 5000);
    TURN_UNTIL(loop, heard(request, strlen(request)));
    SAYS("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 101 x\r\n\r\n");
    expect_failure(WS_E_PROXY, "the proxy sent bytes after its answer");
}

static void peer_hup(void **state)
{
    (void)state;
    begin("socks5://", "ws://h.invalid/", 5000);
    HEARS("\x05\x01\x00");
    SAYS("\x05\x00");
    HEARS("\x05\x01\x00\x03\x09h.invalid\x00\x50");
    shutdown(fd, SHUT_WR);
    expect_failure(WS_E_PROXY, "the proxy hung up before it was done");
}

static void reset(void **state)
{
    (void)state;
    struct linger linger = {.l_onoff = 1};
    begin("http://", "ws://h.invalid/", 5000);
    TURN_UNTIL(loop, heard(request, strlen(request)));
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(fd);
    fd = -1;
    expect_failure(WS_E_PROXY, "the connection was reset");
}

static void silence(void **state)
{
    (void)state;
    begin("http://", "ws://h.invalid/", 50);
    expect_failure(WS_E_CONNECT_TIMEOUT, "no answer within 0.05 s");
}

static void nobody_there(void **state)
{
    (void)state;
    char whole[100];
    close(listener);
    listener = dup(0);
    begin("http://", "ws://h.invalid/", 5000);
    TURN_UNTIL(loop, connections + failures > 0);
    snprintf(whole, sizeof whole, "connect to the proxy 127.0.0.1:%u: Connection refused", port);
    assert_string_equal(detail, whole);
    assert_int_equal(failure, WS_E_CONNECT);
}

static void a_host_that_is_none(void **state)
{
    (void)state;
    begin("http://", "ws://h@x/", 5000);
    ws_client_cancel(client);
    client = NULL;
    ws_loop_turn(loop, 0);
    begin("http://", "ws://h,x|y/", 5000);
    ws_client_cancel(client);
    client = NULL;
    struct ws_url url = {.host = (char[]){"a\r\nb"},
                         .port = 80,
                         .target = (char[]){"/"},
                         .authority = (char[]){"a"}};
    struct ws_proxy proxy = {.host = (char[]){"127.0.0.1"}, .port = 1};
    struct ws_client_options options = {
        .url = &url, .proxy = &proxy, .env = &env, .connected = on_connected, .failed = on_failed};
    client = ws_client_connect(&options);
    TURN_UNTIL(loop, failures == 1);
    assert_int_equal(failure, WS_E_ARGUMENT);
}

static void cancelled_at_every_step(void **state)
{
    (void)state;
    for (int step = 0; step < 3; step++)
        for (int turns = 0; turns < 4; turns++) {
            begin("socks5://", "ws://h.invalid/", 5000);
            if (step > 0)
                HEARS("\x05\x01\x00");
            if (step > 1) {
                SAYS("\x05\x00");
                HEARS("\x05\x01\x00\x03\x09h.invalid\x00\x50");
            }
            for (int i = 0; i < turns; i++)
                ws_loop_turn(loop, 0);
            ws_client_cancel(client);
            client = NULL;
            for (int i = 0; i < 3; i++)
                ws_loop_turn(loop, 0);
            assert_int_equal(connections + failures, 0);
            if (accepted())
                close(fd);
            fd = -1;
            asked_len = 0;
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(through_http),
        TEST(through_socks),
        TEST(refusals),
        TEST(bytes_behind),
        TEST(peer_hup),
        TEST(reset),
        TEST(silence),
        TEST(nobody_there),
        TEST(a_host_that_is_none),
        TEST(cancelled_at_every_step),
    };
    return cmocka_run_group_tests_name("client_proxy", tests, NULL, NULL);
}
