/*
 * Connections through TLS: a server's and a client's, joined by a pair of sockets on one loop; or
 * the server's alone, with a bare socket at the other end. What the bytes say is test_tls.c's.
 */
#include "libws/conn/conn_private.h"
#include <ws/tls_context.h>

#include <ws/handler.h>

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

struct side {
    struct ws_conn_config config;
    struct ws_handler handler;
    struct ws_conn_env env;
    struct ws_conn *conn; /* NULL once its close was called */
    struct record record;
    enum ws_error refused; /* what a request was refused with */
    char failure[200];
    bool echo, pause_at_message, pause_at_open;
};

static struct ws_loop *loop;
static struct side server, client;
static struct ws_tls_context *server_tls, *client_tls;
static int stranger = -1; /* a descriptor */

static struct side *side_of(const struct ws_conn *conn)
{
    return ws_conn_user(conn);
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    record_event(&side_of(conn)->record, event);
    if (side_of(conn)->pause_at_open)
        ws_conn_pause(conn);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct side *side = side_of(conn);
    record_event(&side->record, event);
    bool data = event->type == WS_EVENT_MESSAGE || event->type == WS_EVENT_CHUNK;
    if (data && side->echo) {
        enum ws_error error = ws_conn_reply(conn, event);
        assert_true(error == WS_OK || error == WS_E_CLOSING);
    }
    if (data && side->pause_at_message)
        ws_conn_pause(conn);
}

static void on_drained(struct ws_conn *conn)
{
    side_of(conn)->record.drained++;
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    struct side *side = side_of(conn);
    const struct ws_tls *tls = ws_conn_tls(conn);
    side->record.end = *end;
    side->record.ends++;
    if (tls)
        snprintf(side->failure, sizeof side->failure, "%s", ws_tls_failure(tls));
    side->conn = NULL;
}

static void init_side(struct side *side, enum ws_role role)
{
    memset(side, 0, sizeof *side);
    ws_conn_config_init(&side->config, role);
    side->config.session.chunks = true;
    side->config.session.max_message = 64 << 20;
    side->handler = (struct ws_handler){
        .open = on_open, .event = on_event, .drained = on_drained, .close = on_close};
}

static struct ws_conn *new_conn(struct side *side, int fd)
{
    assert_int_equal(ws_conn_env_init(&side->env, loop, &side->config, &side->handler, NULL),
                     WS_OK);
    struct ws_conn *conn = ws_conn_new(&side->env, fd, side);
    assert_non_null(conn);
    side->conn = conn;
    return conn;
}

/* The server's connection, whose other end is `stranger`. */
static void set_up_stranger(void)
{
    int fds[2];
    socket_pair(fds);
    stranger = fds[1];
    assert_int_equal(ws_conn_secure(new_conn(&server, fds[0]), server_tls, NULL), WS_OK);
}

/* Both; the handshakes are before them. */
static void set_up_both(bool small)
{
    int fds[2];
    const struct ws_request_options request = {.target = "/", .host = "localhost"};
    socket_pair(fds);
    if (small) {
        shrink_buffers(fds[0]);
        shrink_buffers(fds[1]);
    }
    assert_int_equal(ws_conn_secure(new_conn(&server, fds[0]), server_tls, NULL), WS_OK);
    assert_int_equal(ws_conn_secure(new_conn(&client, fds[1]), client_tls, "localhost"), WS_OK);
    assert_int_equal(ws_conn_connect(client.conn, &request), WS_OK);
}

static void set_up_open(bool small)
{
    set_up_both(small);
    TURN_UNTIL(loop, client.record.opens && server.record.opens);
}

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(ws_loop_new(&loop), WS_OK);
    init_side(&server, WS_ROLE_SERVER);
    init_side(&client, WS_ROLE_CLIENT);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    if (stranger >= 0)
        close(stranger);
    stranger = -1;
    if (server.conn)
        ws_conn_abort(server.conn, WS_E_SHUTDOWN);
    if (client.conn)
        ws_conn_abort(client.conn, WS_E_SHUTDOWN);
    ws_loop_turn(loop, 0);
    record_free(&server.record);
    record_free(&client.record);
    ws_loop_free(loop);
    return 0;
}

static int make_contexts(void **state)
{
    char error[200];
    (void)state;
    struct ws_tls_identity *pair = ws_tls_identity_self_signed(NULL, 0);
    struct ws_tls_options options = {.role = WS_ROLE_SERVER, .pair = pair};
    server_tls = ws_tls_context_new(&options, error, sizeof error);
    options = (struct ws_tls_options){.role = WS_ROLE_CLIENT, .insecure = true};
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

static bool both_ended(void)
{
    return server.record.ends && client.record.ends;
}

/* --- from the beginning to the end --- */

static void an_echo_and_a_close(void **state)
{
    char text[] = "through TLS";
    (void)state;
    server.echo = true;
    set_up_open(false);
    ws_conn_send(client.conn, WS_OP_TEXT, WS_SEND_COPY, text, strlen(text));
    TURN_UNTIL(loop, client.record.messages);
    assert_memory_equal(client.record.data.data, text, strlen(text));
    assert_int_equal(server.env.scratch->sealed.bytes, 0);
    assert_null(server.env.scratch->sealer);
    /* An idle one has nothing waiting, but for TLS itself. */
    assert_int_equal(ws_conn_queued(client.conn), 0);
    ws_conn_close(client.conn, 1000, "bye");
    TURN_UNTIL(loop, both_ended());
    assert_true(client.record.end.clean && server.record.end.clean);
    assert_int_equal(client.record.end.error, WS_OK);
    assert_int_equal(server.record.end.error, WS_OK);
    assert_string_equal(client.failure, "");
    assert_string_equal(server.failure, "");
}

/* Both ways at once, through sockets that take little: what waits is sealed by and by. */
static void much_of_it_through_little(void **state)
{
    enum { LEN = 3000000 };
    uint8_t *data = malloc(LEN);
    (void)state;
    assert_non_null(data);
    fill(data, LEN, 11);
    set_up_open(true);
    ws_conn_send(client.conn, WS_OP_BINARY, WS_SEND_COPY, data, LEN);
    ws_conn_send(server.conn, WS_OP_BINARY, WS_SEND_COPY, data, LEN);
    ws_loop_turn(loop, 0);
    assert_true(ws_conn_full(server.conn));
    /* Plaintext waits as such: of records no more than what is sealed at a time. */
    assert_true(server.conn->cold->sealed.bytes > 0);
    assert_true(server.conn->cold->sealed.bytes < 300 * 1024);
    assert_in_range(ws_conn_queued(server.conn), LEN - 300 * 1024, LEN + 100000);
    assert_int_equal(ws_conn_holds(server.conn), ws_conn_queued(server.conn));
    TURN_UNTIL(loop, client.record.data.len == LEN && server.record.data.len == LEN);
    assert_memory_equal(client.record.data.data, data, LEN);
    assert_memory_equal(server.record.data.data, data, LEN);
    TURN_UNTIL(loop, server.record.drained && ws_conn_queued(server.conn) == 0);
    assert_false(ws_conn_full(server.conn));
    free(data);
}

/* What shared frames many were sent waits shared, and can still be dropped whole. */
static void what_waits_can_be_dropped(void **state)
{
    enum { EACH = 4 + 5000, FRAMES = 200 };
    (void)state;
    set_up_open(true);
    for (int i = 0; i < FRAMES; i++) {
        struct ws_shared *shared = ws_shared_new(EACH);
        assert_non_null(shared);
        memcpy(ws_shared_data(shared), "\x82\x7e\x13\x88", 4);
        memset(ws_shared_data(shared) + 4, 'a' + i % 26, EACH - 4);
        const struct ws_sharing sharing = {.frames = shared, .len = EACH, .messages = 1};
        assert_int_equal(ws_conn_share(server.conn, &sharing), WS_OK);
        ws_shared_unref(shared);
        ws_conn_flush_now(server.conn);
    }
    size_t dropped = ws_conn_drop_shared(server.conn);
    assert_in_range(dropped, 50, FRAMES - 1);
    ws_conn_close(server.conn, 1008, "too slow");
    TURN_UNTIL(loop, both_ended());
    assert_int_equal(client.record.end.code, 1008);
    assert_int_equal(client.record.data.len, (FRAMES - dropped) * (EACH - 4));
}

/* --- pauses --- */

/* Three messages, close_notify and the end of the stream come at once: each waits for its turn. */
static void close_notify_waits_for_a_pause(void **state)
{
    char text[] = "the last word";
    (void)state;
    server.pause_at_message = true;
    set_up_open(false);
    ws_conn_pause(server.conn);
    for (int i = 0; i < 3; i++)
        ws_conn_send(client.conn, WS_OP_TEXT, WS_SEND_COPY, text, strlen(text));
    ws_conn_flush_now(client.conn);
    ws_conn_abort(client.conn, WS_OK);
    TURN_UNTIL(loop, client.record.ends);
    for (unsigned i = 1; i <= 3; i++) {
        ws_conn_resume(server.conn);
        TURN_UNTIL(loop, server.record.messages == i);
        for (int k = 0; k < 5; k++)
            ws_loop_turn(loop, 1);
        assert_int_equal(server.record.messages, i);
        assert_int_equal(server.record.ends, 0);
    }
    ws_conn_resume(server.conn);
    TURN_UNTIL(loop, server.record.ends);
    assert_int_equal(server.record.end.error, WS_E_LOST);
}

static void a_paused_server_still_sends(void **state)
{
    char text[] = "meanwhile";
    (void)state;
    server.pause_at_open = true;
    set_up_open(false);
    ws_conn_send(server.conn, WS_OP_TEXT, WS_SEND_COPY, text, strlen(text));
    TURN_UNTIL(loop, client.record.messages);
    ws_conn_resume(server.conn);
    ws_conn_close(client.conn, 1000, NULL);
    TURN_UNTIL(loop, both_ended());
    assert_true(server.record.end.clean);
}

/* --- handshakes that come to nothing --- */

static void nobody_shakes_hands_for_ever(void **state)
{
    (void)state;
    server.config.handshake_ms = 30;
    set_up_stranger();
    assert_int_equal(send(stranger, "\x16\x03\x01\x01", 4, 0), 4);
    TURN_UNTIL(loop, server.record.ends);
    assert_int_equal(server.record.end.error, WS_E_HANDSHAKE_TIMEOUT);
    assert_int_equal(server.record.end.http_status, 0); /* nothing could be said */
    char byte;
    assert_true(recv(stranger, &byte, 1, 0) <= 0);
}

static void a_client_waits_no_longer_either(void **state)
{
    int fds[2];
    const struct ws_request_options request = {.target = "/", .host = "localhost"};
    (void)state;
    client.config.handshake_ms = 30;
    socket_pair(fds);
    stranger = fds[0];
    assert_int_equal(ws_conn_secure(new_conn(&client, fds[1]), client_tls, "localhost"), WS_OK);
    assert_int_equal(ws_conn_connect(client.conn, &request), WS_OK);
    TURN_UNTIL(loop, client.record.ends);
    assert_int_equal(client.record.end.error, WS_E_HANDSHAKE_TIMEOUT);
}

static void failing_in_the_handshake_ends_it(void **state)
{
    (void)state;
    set_up_stranger();
    ws_conn_fail(server.conn, WS_E_SHED);
    TURN_UNTIL(loop, server.record.ends);
    assert_int_equal(server.record.end.error, WS_E_SHED);
    assert_int_equal(server.record.end.http_status, 0);
}

static void cut_off_in_the_handshake(void **state)
{
    (void)state;
    set_up_stranger();
    assert_int_equal(send(stranger, "\x16\x03\x01\x01", 4, 0), 4);
    ws_loop_turn(loop, 1);
    close(stranger);
    stranger = -1;
    TURN_UNTIL(loop, server.record.ends);
    assert_int_equal(server.record.end.error, WS_E_TLS);
    assert_string_equal(server.failure, "the client ended the connection during the TLS handshake");
}

static void whoever_says_nothing_is_no_fault_of_tls(void **state)
{
    (void)state;
    set_up_stranger();
    close(stranger);
    stranger = -1;
    TURN_UNTIL(loop, server.record.ends);
    assert_int_equal(server.record.end.error, WS_E_EOF_IN_HANDSHAKE);
}

/* The alert must not be lost in a reset: the server reads on until the other end has gone. */
static void an_alert_arrives(void **state)
{
    char alert[64];
    (void)state;
    set_up_stranger();
    for (int i = 0; i < 3; i++) /* a record that is no ClientHello, and more after it */
        assert_int_equal(send(stranger, "\x16\x03\x01\x00\x04\x55\x00\x00\x00", 9, 0), 9);
    for (int i = 0; i < 5; i++)
        ws_loop_turn(loop, 1);
    assert_int_equal(server.record.ends, 0);
    assert_int_equal(recv(stranger, alert, sizeof alert, 0), 7);
    assert_int_equal(alert[0], 21);
    assert_int_equal(recv(stranger, alert, sizeof alert, 0), 0); /* a FIN */
    assert_int_equal(send(stranger, "more", 4, 0), 4);           /* thrown away */
    close(stranger);
    stranger = -1;
    TURN_UNTIL(loop, server.record.ends);
    assert_int_equal(server.record.end.error, WS_E_TLS);
}

/* --- without TLS where it is expected --- */

static void plain_http_is_answered_in_kind(void **state)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    char answer[1000] = "";
    (void)state;
    set_up_stranger();
    /* In two pieces: what follows the first is plain too. */
    assert_int_equal(send(stranger, request, 10, 0), 10);
    ws_loop_turn(loop, 1);
    assert_null(ws_conn_tls(server.conn));
    size_t rest = strlen(request) - 10;
    assert_int_equal(send(stranger, request + 10, rest, 0), rest);
    TURN_UNTIL(loop, recv(stranger, answer, sizeof answer - 1, MSG_PEEK) > 0);
    assert_true(recv(stranger, answer, sizeof answer - 1, 0) > 0);
    assert_int_equal(strncmp(answer, "HTTP/1.1 400 ", 13), 0);
    assert_non_null(strstr(answer, ws_error_info(WS_E_TLS_EXPECTED)->explanation));
    close(stranger);
    stranger = -1;
    TURN_UNTIL(loop, server.record.ends);
    assert_int_equal(server.record.end.error, WS_E_TLS_EXPECTED);
    assert_int_equal(server.record.end.http_status, 400);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(an_echo_and_a_close),
        TEST(much_of_it_through_little),
        TEST(what_waits_can_be_dropped),
        TEST(close_notify_waits_for_a_pause),
        TEST(a_paused_server_still_sends),
        TEST(nobody_shakes_hands_for_ever),
        TEST(a_client_waits_no_longer_either),
        TEST(failing_in_the_handshake_ends_it),
        TEST(cut_off_in_the_handshake),
        TEST(whoever_says_nothing_is_no_fault_of_tls),
        TEST(an_alert_arrives),
        TEST(plain_http_is_answered_in_kind),
    };
    return cmocka_run_group_tests_name("conn over TLS", tests, make_contexts, free_contexts);
}
