/*
 * Connections on streams of HTTP/2: a server's and a client's, whose carriers are joined by a pair
 * of sockets on one loop, through TLS or by prior knowledge; or the server's, with a bare socket at
 * the other end. The frames of HTTP/2 are http2/test_http2.c's.
 */
#include "libws/conn/conn_private.h"
#include <ws/tls_context.h>

#include "tests/unit/support_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

/* What one connection heard. */
struct heard {
    struct ws_conn *conn; /* NULL once its close was called */
    struct record record;
    char cut_by[WS_CUT_BY_MAX];
};

struct side {
    struct ws_conn_config config;
    struct ws_handler handler;
    struct ws_conn_env env;
    struct heard stream;
    bool pause_at_message;
};

static struct ws_loop *loop;
static struct side server, client;
static struct heard carrier; /* the server's; its end only */
static struct ws_tls_context *server_tls, *client_tls;
static unsigned carried;
static int stranger = -1;

static struct side *side_of(const struct ws_conn *conn)
{
    return ws_conn_env(conn)->user;
}

/* Null of a second stream, and of carriers. */
static struct heard *heard_by(const struct ws_conn *conn)
{
    return ws_conn_user(conn);
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    record_event(&heard_by(conn)->record, event);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct side *side = side_of(conn);
    record_event(&heard_by(conn)->record, event);
    bool data = event->type == WS_EVENT_MESSAGE || event->type == WS_EVENT_CHUNK;
    if (data && side == &server) {
        enum ws_error error = ws_conn_reply(conn, event);
        assert_true(error == WS_OK || error == WS_E_CLOSING);
    }
    if (data && side->pause_at_message)
        ws_conn_pause(conn);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    struct heard *heard = heard_by(conn);
    ws_conn_cut_by(conn, heard->cut_by);
    heard->record.end = *end;
    heard->record.ends++;
    heard->conn = NULL;
}

static void on_carried(struct ws_conn *conn)
{
    carried++;
    assert_null(server.stream.conn);
    server.stream.conn = conn;
    ws_conn_set_user(conn, &server.stream);
}

static void init_side(struct side *side, enum ws_role role)
{
    memset(side, 0, sizeof *side);
    ws_conn_config_init(&side->config, role);
    side->config.session.chunks = true;
    side->config.session.max_message = 64 << 20;
    side->config.pause_reads_when_full = role == WS_ROLE_SERVER;
    side->config.max_streams = 10;
    side->config.http2_prior = true;
    side->handler = (struct ws_handler){.open = on_open, .event = on_event, .close = on_close};
}

static struct ws_conn *new_conn(struct side *side, int fd, struct heard *heard)
{
    assert_int_equal(ws_conn_env_init(&side->env, loop, &side->config, &side->handler, side),
                     WS_OK);
    side->env.hooks.carried = side == &server ? on_carried : NULL;
    heard->conn = ws_conn_new(&side->env, fd, heard);
    assert_non_null(heard->conn);
    return heard->conn;
}

static void set_up_both(bool tls, bool small)
{
    int fds[2];
    const struct ws_request_options request = {.target = "/chat", .host = "localhost"};
    socket_pair(fds);
    if (small) {
        shrink_buffers(fds[0]);
        shrink_buffers(fds[1]);
    }
    new_conn(&server, fds[0], &carrier);
    new_conn(&client, fds[1], &client.stream);
    if (tls) {
        assert_int_equal(ws_conn_secure(carrier.conn, server_tls, NULL), WS_OK);
        assert_int_equal(ws_conn_secure(client.stream.conn, client_tls, "localhost"), WS_OK);
    } else {
        ws_conn_use_http2(client.stream.conn);
    }
    assert_int_equal(ws_conn_connect(client.stream.conn, &request), WS_OK);
}

static void set_up_open(bool tls, bool small)
{
    set_up_both(tls, small);
    TURN_UNTIL(loop, client.stream.record.opens && server.stream.record.opens);
    assert_true(ws_conn_is_carrier(carrier.conn));
}

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(ws_loop_new(&loop), WS_OK);
    init_side(&server, WS_ROLE_SERVER);
    init_side(&client, WS_ROLE_CLIENT);
    memset(&carrier, 0, sizeof carrier);
    carried = 0;
    return 0;
}

static int tear_down(void **state)
{
    struct heard *all[] = {&client.stream, &server.stream, &carrier};
    (void)state;
    if (stranger >= 0)
        close(stranger);
    stranger = -1;
    for (size_t i = 0; i < 3; i++) {
        if (all[i]->conn)
            ws_conn_abort(all[i]->conn, WS_E_SHUTDOWN);
        ws_loop_turn(loop, 0);
        record_free(&all[i]->record);
    }
    for (int i = 0; i < 5; i++)
        ws_loop_turn(loop, 0);
    ws_loop_free(loop);
    return 0;
}

static int make_contexts(void **state)
{
    char error[200];
    (void)state;
    struct ws_tls_identity *pair = ws_tls_identity_self_signed(NULL, 0);
    struct ws_tls_options options = {.role = WS_ROLE_SERVER, .pair = pair, .http2 = true};
    server_tls = ws_tls_context_new(&options, error, sizeof error);
    options = (struct ws_tls_options){.role = WS_ROLE_CLIENT, .insecure = true, .http2 = true};
    client_tls = ws_tls_context_new(&options, error, sizeof error);
    ws_tls_identity_free(pair);
    return server_tls && client_tls ? 0 : 1;
}

static int free_contexts(void **state)
{
    (void)state;
    ws_tls_context_free(server_tls);
    ws_tls_context_free(client_tls);
    return 0;
}

/* --- from the beginning to the end --- */

static void echo_and_close(bool tls)
{
    char text[] = "over a stream";
    uint64_t id;
    uint32_t stream;
    set_up_open(tls, false);
    assert_true(ws_conn_stream(server.stream.conn, &id, &stream));
    assert_int_equal(stream, 1);
    assert_int_equal(ws_conn_tls(server.stream.conn) != NULL, tls);
    assert_int_equal(ws_conn_fd(server.stream.conn), ws_conn_fd(carrier.conn));
    ws_conn_send(client.stream.conn, WS_OP_TEXT, WS_SEND_COPY, text, strlen(text));
    TURN_UNTIL(loop, client.stream.record.messages);
    assert_memory_equal(client.stream.record.data.data, text, strlen(text));
    ws_conn_close(client.stream.conn, 1000, "bye");
    TURN_UNTIL(loop, carrier.record.ends);
    assert_true(client.stream.record.end.clean && server.stream.record.end.clean);
    assert_int_equal(client.stream.record.end.error, WS_OK);
    assert_int_equal(server.stream.record.end.error, WS_OK);
    assert_string_equal(client.stream.cut_by, "");
    assert_string_equal(server.stream.cut_by, "");
    /* The client's last stream was all that its connection was for. */
    assert_int_equal(carrier.record.end.error, WS_OK);
}

static void an_echo_and_a_close(void **state)
{
    (void)state;
    echo_and_close(false);
}

static void the_same_through_tls(void **state)
{
    (void)state;
    echo_and_close(true);
}

/* 8 MiB there and back, larger than any window, queue and buffer. */
static void much(bool tls, bool small)
{
    enum { LEN = 8 << 20 };
    uint8_t *data = malloc(LEN);
    assert_non_null(data);
    fill(data, LEN, 7);
    set_up_open(tls, small);
    assert_int_equal(ws_conn_send(client.stream.conn, WS_OP_BINARY, WS_SEND_COPY, data, LEN),
                     WS_OK);
    TURN_UNTIL(loop, client.stream.record.data.len == LEN);
    assert_memory_equal(client.stream.record.data.data, data, LEN);
    free(data);
}

static void much_goes_both_ways(void **state)
{
    (void)state;
    much(false, false);
}

static void much_goes_through_small_buffers(void **state)
{
    (void)state;
    much(false, true);
}

static void much_goes_through_tls(void **state)
{
    (void)state;
    much(true, true);
}

static void one_recv_and_one_send_a_wake_up(void **state)
{
    char text[] = "small";
    (void)state;
    set_up_open(false, false);
    uint64_t before = ws_conn_counters(carrier.conn)->bytes_out;
    for (int i = 0; i < 20; i++)
        ws_conn_send(client.stream.conn, WS_OP_TEXT, WS_SEND_COPY, text, strlen(text));
    TURN_UNTIL(loop, client.stream.record.messages == 20);
    /* One DATA frame with all 20 replies. */
    assert_int_equal(ws_conn_counters(carrier.conn)->bytes_out - before, 9 + 20 * 7);
    assert_null(ws_http2_out(carrier.conn->cold->http2)->scratch);
}

static void a_paused_stream_holds_what_its_window_allows(void **state)
{
    enum { LEN = 4 << 20 };
    uint8_t *data = calloc(1, LEN);
    assert_non_null(data);
    (void)state;
    server.pause_at_message = true;
    set_up_open(false, false);
    ws_conn_send(client.stream.conn, WS_OP_BINARY, WS_SEND_COPY, data, LEN);
    for (int i = 0; i < 100; i++)
        ws_loop_turn(loop, 0);
    assert_true(ws_conn_paused(server.stream.conn));
    size_t held = ws_conn_holds(carrier.conn) + ws_conn_holds(server.stream.conn);
    assert_in_range(held, 64 * 1024, 2 * server.config.high_water);
    assert_true(ws_conn_queued(client.stream.conn) > LEN / 2);
    server.pause_at_message = false;
    ws_conn_resume(server.stream.conn);
    TURN_UNTIL(loop, client.stream.record.data.len == LEN);
    assert_int_equal(ws_conn_holds(carrier.conn), 0);
    free(data);
}

/* --- ends --- */

static void an_aborted_connection_resets_its_stream(void **state)
{
    (void)state;
    set_up_open(false, false);
    ws_conn_abort(client.stream.conn, WS_E_SHUTDOWN);
    TURN_UNTIL(loop, server.stream.record.ends);
    assert_int_equal(server.stream.record.end.error, WS_E_STREAM_RESET);
    assert_string_equal(server.stream.cut_by, "RST_STREAM CANCEL");
    TURN_UNTIL(loop, carrier.record.ends);
}

static void a_lost_carrier_ends_its_streams(void **state)
{
    (void)state;
    set_up_open(false, false);
    shutdown(ws_conn_fd(carrier.conn), SHUT_RDWR);
    TURN_UNTIL(loop, carrier.record.ends && client.stream.record.ends);
    assert_int_equal(server.stream.record.ends, 1);
    assert_int_equal(server.stream.record.end.error, WS_E_LOST);
    assert_int_equal(client.stream.record.end.error, WS_E_LOST);
}

static void an_aborted_carrier_too(void **state)
{
    (void)state;
    set_up_open(true, false);
    ws_conn_abort(carrier.conn, WS_E_SHUTDOWN);
    TURN_UNTIL(loop, carrier.record.ends && client.stream.record.ends);
    assert_int_equal(server.stream.record.end.error, WS_E_SHUTDOWN);
}

static void what_came_before_a_lost_carrier_is_read(void **state)
{
    enum { LEN = 100000 };
    uint8_t *data = calloc(1, LEN);
    assert_non_null(data);
    (void)state;
    set_up_open(false, false);
    client.pause_at_message = true;
    ws_conn_send(server.stream.conn, WS_OP_BINARY, WS_SEND_COPY, data, 100);
    ws_conn_send(server.stream.conn, WS_OP_BINARY, WS_SEND_COPY, data, LEN);
    ws_conn_close(server.stream.conn, 1000, NULL);
    TURN_UNTIL(loop, client.stream.record.messages);
    for (int i = 0; i < 10; i++)
        ws_loop_turn(loop, 0);
    ws_conn_abort(carrier.conn, WS_E_SHUTDOWN);
    for (int i = 0; i < 10; i++)
        ws_loop_turn(loop, 0);
    assert_int_equal(client.stream.record.ends, 0);
    client.pause_at_message = false;
    ws_conn_resume(client.stream.conn);
    TURN_UNTIL(loop, client.stream.record.ends);
    assert_int_equal(client.stream.record.data.len, 100 + LEN);
    assert_int_equal(client.stream.record.closes, 1);
    free(data);
}

static void a_carrier_without_streams_is_closed_in_time(void **state)
{
    (void)state;
    server.config.handshake_ms = 30;
    int fds[2];
    socket_pair(fds);
    stranger = fds[1];
    new_conn(&server, fds[0], &carrier);
    assert_int_equal(send(stranger, ws_http2_magic, 24, 0), 24);
    TURN_UNTIL(loop, carrier.conn && ws_conn_is_carrier(carrier.conn));
    close(stranger);
    stranger = -1;
    TURN_UNTIL(loop, carrier.record.ends);
}

/* --- which HTTP --- */

static void the_magic_may_come_byte_by_byte(void **state)
{
    static const char settings[9] = {0, 0, 0, 4};
    (void)state;
    int fds[2];
    socket_pair(fds);
    stranger = fds[1];
    new_conn(&server, fds[0], &carrier);
    for (int i = 0; i < 24; i++) {
        assert_int_equal(send(stranger, ws_http2_magic + i, 1, 0), 1);
        ws_loop_turn(loop, 0);
        assert_int_equal(ws_conn_is_carrier(carrier.conn), i >= 2);
    }
    assert_int_equal(send(stranger, settings, 9, 0), 9);
    for (int i = 0; i < 5; i++)
        ws_loop_turn(loop, 0);
    assert_non_null(carrier.conn);
    assert_int_equal(carrier.conn->end.error, WS_OK);
}

static void a_request_of_http_1_may_begin_like_it(void **state)
{
    static const char request[] = "PROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n";
    char answer[64] = "";
    (void)state;
    int fds[2];
    socket_pair(fds);
    stranger = fds[1];
    new_conn(&server, fds[0], &carrier);
    assert_int_equal(send(stranger, request, 2, 0), 2);
    ws_loop_turn(loop, 0);
    assert_int_equal(send(stranger, request + 2, strlen(request) - 2, 0), strlen(request) - 2);
    for (int i = 0; i < 5; i++)
        ws_loop_turn(loop, 0);
    assert_true(recv(stranger, answer, sizeof answer - 1, MSG_DONTWAIT) > 0);
    assert_memory_equal(answer, "HTTP/1.1 426", 12);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_echo_and_a_close),
        TEST(the_same_through_tls),
        TEST(much_goes_both_ways),
        TEST(much_goes_through_small_buffers),
        TEST(much_goes_through_tls),
        TEST(one_recv_and_one_send_a_wake_up),
        TEST(a_paused_stream_holds_what_its_window_allows),
        TEST(an_aborted_connection_resets_its_stream),
        TEST(a_lost_carrier_ends_its_streams),
        TEST(an_aborted_carrier_too),
        TEST(what_came_before_a_lost_carrier_is_read),
        TEST(a_carrier_without_streams_is_closed_in_time),
        TEST(the_magic_may_come_byte_by_byte),
        TEST(a_request_of_http_1_may_begin_like_it),
    };
    return cmocka_run_group_tests(tests, make_contexts, free_contexts);
}
