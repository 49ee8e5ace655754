#include "libws/conn/conn_private.h"

#include "tests/unit/support_conn_fixture.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

static bool got_text(const char *text)
{
    static char all[4096];
    static size_t len;
    static int of = -1;
    if (of != fx.far.fd)
        len = 0;
    of = fx.far.fd;
    ssize_t n = recv(fx.far.fd, all + len, sizeof all - 1 - len, 0);
    if (n > 0)
        len += (size_t)n;
    all[len] = '\0';
    if (!strstr(all, text))
        return false;
    of = -1;
    return true;
}

static void handshake_deadline(void **state)
{
    (void)state;
    fx.config.handshake_ms = 20;
    fx.config.close_ms = 20;
    for (int variant = 0; variant < 3; variant++) {
        fx.pending = variant == 2;
        connect_ends();
        int64_t begun = ws_loop_now(fx.loop);
        if (variant == 1)
            assert_int_equal(send(fx.far.fd, "GET / HTTP/1.1\r\n", 16, 0), 16);
        if (variant == 2)
            far_connect(&fx.far);
        TURN_UNTIL(fx.loop, got_text("HTTP/1.1 408 "));
        assert_true(ws_loop_now(fx.loop) - begun >= 20);
        TURN_UNTIL(fx.loop, fx.record.ends == 1);
        assert_int_equal(fx.record.end.error, WS_E_HANDSHAKE_TIMEOUT);
        assert_int_equal(fx.record.end.http_status, 408);
        disconnect_pair();
    }
}

/* The loop stands still until this deadline and the next have passed: the answer is still sent. */
static void handshake_deadline_after_a_stall(void **state)
{
    (void)state;
    fx.config.handshake_ms = 5;
    fx.config.close_ms = 5;
    connect_ends();
    usleep(40000);
    TURN_UNTIL(fx.loop, got_text("HTTP/1.1 408 "));
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    disconnect_pair();
}

/* A client sends no status to anyone. */
static void handshake_deadline_of_a_client(void **state)
{
    (void)state;
    ws_conn_config_init(&fx.config, WS_ROLE_CLIENT);
    fx.config.handshake_ms = 20;
    fx.config.close_ms = 20;
    connect_ends();
    struct ws_request_options options = {.target = "/", .host = "test"};
    assert_int_equal(ws_conn_connect(fx.conn, &options), WS_OK);
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_int_equal(fx.record.end.error, WS_E_HANDSHAKE_TIMEOUT);
    assert_int_equal(fx.record.end.http_status, 0);
    disconnect_pair();
}

static void close_deadline(void **state)
{
    (void)state;
    fx.config.close_ms = 30;
    /* A peer that never answers our close frame. */
    connect_and_open();
    int64_t begun = ws_loop_now(fx.loop);
    assert_int_equal(ws_conn_close(fx.conn, 1000, NULL), WS_OK);
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_true(ws_loop_now(fx.loop) - begun >= 30);
    assert_int_equal(fx.record.end.error, WS_E_CLOSE_TIMEOUT);
    assert_false(fx.record.end.clean);
    disconnect_pair();
    /* One that answers, and then keeps its end open: not worth a word. */
    connect_and_open();
    assert_int_equal(ws_conn_close(fx.conn, 1000, NULL), WS_OK);
    PUMP_UNTIL(fx.loop, &fx.far, fx.record.ends == 1);
    assert_int_equal(fx.record.end.error, WS_OK);
    assert_true(fx.record.end.clean);
    assert_false(fx.record.end.by_peer);
    disconnect_pair();
}

/* Closes, and sends `piece` to the client every 10 ms until it has ended: how long that took. */
static int64_t talk_to_a_closing_client(const char *begin, const char *piece)
{
    fx.echo = false;
    connect_and_open();
    int64_t begun = ws_loop_now(fx.loop);
    assert_int_equal(ws_conn_close(fx.conn, 1000, NULL), WS_OK);
    fixture_turn(1);
    far_raw(&fx.far, begin, strlen(begin));
    while (fx.record.ends == 0) {
        int64_t until = ws_loop_now(fx.loop) + 10;
        send(fx.far.fd, piece, strlen(piece), MSG_NOSIGNAL);
        TURN_UNTIL(fx.loop, ws_loop_now(fx.loop) >= until || fx.record.ends == 1);
    }
    assert_int_equal(fx.record.end.error, WS_E_CLOSE_TIMEOUT);
    int64_t took = ws_loop_now(fx.loop) - begun;
    disconnect_pair();
    return took;
}

/* What a server goes on sending after our close frame prolongs nothing; for a message that is under
 * way the time is doubled, once. */
static void a_client_closes_in_time(void **state)
{
    (void)state;
    ws_conn_config_init(&fx.config, WS_ROLE_CLIENT);
    fx.config.close_ms = 200;
    assert_in_range(talk_to_a_closing_client("", "\x81\x01x"), 200, 390);
    assert_in_range(talk_to_a_closing_client("\x81\x7e\x10", "xx"), 400, 4000);
    assert_in_range(talk_to_a_closing_client("\x01\x01x", "\x89\x01x"), 400, 4000);
}

/* An idle server had its time: the answer to our close is not waited for as long as another's. */
static void a_client_leaves_an_idle_server_soon(void **state)
{
    (void)state;
    ws_conn_config_init(&fx.config, WS_ROLE_CLIENT);
    fx.config.idle_ms = 20;
    fx.config.close_ms = 60000;
    connect_and_open();
    int64_t begun = ws_loop_now(fx.loop);
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_int_equal(fx.record.end.error, WS_E_IDLE_TIMEOUT);
    assert_true(ws_loop_now(fx.loop) - begun >= 20 + WS_LINGER_MS);
    disconnect_pair();
}

/* Its own messages, which the kernel takes little by little, are not cut off. */
static void a_client_that_closes_sends_all(void **state)
{
    (void)state;
    static uint8_t data[3000000];
    ws_conn_config_init(&fx.config, WS_ROLE_CLIENT);
    fx.config.close_ms = 400;
    fx.config.write_ms = 0;
    connect_and_open();
    assert_int_equal(ws_conn_send(fx.conn, WS_OP_BINARY, WS_SEND_COPY, data, sizeof data), WS_OK);
    assert_int_equal(ws_conn_close(fx.conn, 1000, NULL), WS_OK);
    fixture_turn(1);
    for (int i = 0; i < 8; i++) {
        int64_t until = ws_loop_now(fx.loop) + 100;
        size_t before = ws_conn_queued(fx.conn);
        while (ws_conn_queued(fx.conn) == before) {
            assert_true(recv(fx.far.fd, fx.far.buffer, 10000, 0) > 0);
            fixture_turn(1);
        }
        TURN_UNTIL(fx.loop, ws_loop_now(fx.loop) >= until);
        assert_int_equal(fx.record.ends, 0);
    }
    while (ws_conn_queued(fx.conn) > 0) {
        recv(fx.far.fd, fx.far.buffer, 10000, 0);
        fixture_turn(1);
    }
    int64_t begun = ws_loop_now(fx.loop);
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_in_range(ws_loop_now(fx.loop) - begun, 390, 5000);
    disconnect_pair();
}

/* The time in which the handler had it paused does not count. */
static void a_paused_client_does_not_close(void **state)
{
    (void)state;
    ws_conn_config_init(&fx.config, WS_ROLE_CLIENT);
    fx.config.close_ms = 100;
    connect_and_open();
    assert_int_equal(ws_conn_close(fx.conn, 1000, NULL), WS_OK);
    fixture_turn(1);
    ws_conn_pause(fx.conn);
    int64_t until = ws_loop_now(fx.loop) + 300;
    TURN_UNTIL(fx.loop, ws_loop_now(fx.loop) >= until);
    assert_int_equal(fx.record.ends, 0);
    ws_conn_resume(fx.conn);
    fixture_turn(2);
    assert_int_equal(fx.record.ends, 0);
    PUMP_UNTIL(fx.loop, &fx.far, fx.record.ends == 1);
    assert_int_equal(fx.record.end.error, WS_OK);
    disconnect_pair();
}

/* Connecting took a part of the time. */
static void less_time_for_the_handshake(void **state)
{
    (void)state;
    ws_conn_config_init(&fx.config, WS_ROLE_CLIENT);
    fx.config.handshake_ms = 60000;
    connect_ends();
    int64_t begun = ws_loop_now(fx.loop);
    ws_conn_limit_handshake(fx.conn, begun + 50);
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_in_range(ws_loop_now(fx.loop) - begun, 50, 5000);
    assert_int_equal(fx.record.end.error, WS_E_HANDSHAKE_TIMEOUT);
    disconnect_pair();
}

static void fragment_deadline(void **state)
{
    (void)state;
    fx.config.fragment_ms = 400;
    fx.config.close_ms = 20;
    connect_and_open();
    /* Finished in time, again and again: no harm. */
    for (unsigned i = 0; i < 5; i++) {
        far_send(&fx.far, WS_OP_TEXT, WS_SEND_MORE, "a", 1);
        int64_t until = ws_loop_now(fx.loop) + 100;
        TURN_UNTIL(fx.loop, ws_loop_now(fx.loop) >= until);
        far_send(&fx.far, WS_OP_TEXT, 0, "b", 1);
        PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == i + 1);
    }
    far_send(&fx.far, WS_OP_TEXT, WS_SEND_MORE, "a", 1);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.closes == 1);
    assert_int_equal(fx.far.record.code, 1008);
    PUMP_UNTIL(fx.loop, &fx.far, fx.record.ends == 1);
    assert_int_equal(fx.record.end.error, WS_E_FRAGMENT_TIMEOUT);
    disconnect_pair();
}

static void write_deadline(void **state)
{
    (void)state;
    static uint8_t data[3000000];
    fx.config.write_ms = 500;
    connect_and_open();
    assert_int_equal(ws_conn_send(fx.conn, WS_OP_BINARY, WS_SEND_COPY, data, sizeof data), WS_OK);
    fixture_turn(2);
    assert_true(ws_conn_queued(fx.conn) > 0);
    /* As long as a byte goes now and then it goes on. */
    size_t taken = 0;
    int64_t started = ws_loop_now(fx.loop);
    while (ws_loop_now(fx.loop) < started + 1200) {
        int64_t until = ws_loop_now(fx.loop) + 100;
        TURN_UNTIL(fx.loop, ws_loop_now(fx.loop) >= until);
        size_t before = ws_conn_queued(fx.conn);
        while (fx.record.ends == 0 && ws_conn_queued(fx.conn) == before) {
            ssize_t n = recv(fx.far.fd, fx.far.buffer, 10000, 0);
            assert_true(n > 0);
            taken += (size_t)n;
            fixture_turn(1);
        }
    }
    assert_int_equal(fx.record.ends, 0);
    assert_true(taken < sizeof data);
    int64_t begun = ws_loop_now(fx.loop);
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_true(ws_loop_now(fx.loop) - begun >= 450);
    assert_int_equal(fx.record.end.error, WS_E_WRITE_TIMEOUT);
    disconnect_pair();
}

/* The kernel takes more only once much of what it holds has been read: long before that the peer is
 * seen to read. The same holds for what lies in the kernel at the end, with the close frame. */
static void slow_readers(void **state)
{
    (void)state;
    enum { ALL = 500000, PIECE = 110000 };
    static uint8_t data[ALL], piece[PIECE];
    fx.config.write_ms = fx.config.close_ms = 400;
    connect_and_open();
    assert_int_equal(ws_conn_send(fx.conn, WS_OP_BINARY, WS_SEND_COPY, data, sizeof data), WS_OK);
    assert_int_equal(ws_conn_close(fx.conn, 1000, NULL), WS_OK);
    for (size_t taken = 0; taken < sizeof data;) {
        int64_t until = ws_loop_now(fx.loop) + 300;
        TURN_UNTIL(fx.loop, ws_loop_now(fx.loop) >= until || fx.record.ends);
        assert_int_equal(fx.record.ends, 0);
        ssize_t n = recv(fx.far.fd, piece, sizeof piece, 0);
        assert_true(n > 0);
        taken += (size_t)n;
    }
    int64_t begun = ws_loop_now(fx.loop);
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_in_range(ws_loop_now(fx.loop) - begun, 0, 4000);
    assert_int_equal(fx.record.end.error, WS_E_CLOSE_TIMEOUT);
    disconnect_pair();
}

/* The kernel has taken all, pings too, which the peer has yet to come to. */
static void no_heartbeat_death_of_slow_readers(void **state)
{
    (void)state;
    enum { ALL = 180000, PIECE = 40000 };
    static uint8_t data[ALL], piece[PIECE];
    fx.config.heartbeat = (struct ws_heartbeat_config){100, 100, 2};
    connect_and_open();
    assert_int_equal(ws_conn_send(fx.conn, WS_OP_BINARY, WS_SEND_COPY, data, sizeof data), WS_OK);
    fixture_turn(2);
    assert_int_equal(ws_conn_queued(fx.conn), 0);
    for (size_t taken = 0; taken < sizeof data;) {
        int64_t until = ws_loop_now(fx.loop) + 90;
        TURN_UNTIL(fx.loop, ws_loop_now(fx.loop) >= until || fx.record.ends);
        assert_int_equal(fx.record.ends, 0);
        ssize_t n = recv(fx.far.fd, piece, sizeof piece, 0);
        assert_true(n > 0);
        taken += (size_t)n;
    }
    /* Now it does not read any more. */
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_int_equal(fx.record.end.error, WS_E_HEARTBEAT_TIMEOUT);
    disconnect_pair();
}

static void idle_deadline(void **state)
{
    (void)state;
    fx.config.idle_ms = 40;
    connect_and_open();
    for (unsigned i = 0; i < 4; i++) {
        far_send(&fx.far, WS_OP_TEXT, 0, "x", 1);
        int64_t until = ws_loop_now(fx.loop) + 20;
        TURN_UNTIL(fx.loop, ws_loop_now(fx.loop) >= until);
        assert_int_equal(fx.record.ends, 0);
    }
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.closes == 1 && fx.far.eof);
    assert_int_equal(fx.far.record.code, 1001);
    close(fx.far.fd);
    fx.far.fd = -1;
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_int_equal(fx.record.end.error, WS_E_IDLE_TIMEOUT);
    assert_true(fx.record.end.clean);
    disconnect_pair();
}

static void heartbeat(void **state)
{
    (void)state;
    fx.config.heartbeat = (struct ws_heartbeat_config){20, 15, 2};
    connect_and_open();
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.pings >= 5);
    assert_int_equal(fx.record.ends, 0);
    assert_true(fx.conn->heartbeat.rtt.last_us > 0);
    assert_true(fx.conn->heartbeat.rtt.last_us < 5000000);
    /* Now it falls silent: two more pings, and that is it. */
    unsigned before = fx.far.record.pings;
    int64_t begun = ws_loop_now(fx.loop);
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_int_equal(fx.record.end.error, WS_E_HEARTBEAT_TIMEOUT);
    assert_true(ws_loop_now(fx.loop) - begun <= 2000);
    while (far_pump(&fx.far))
        ;
    assert_in_range(fx.far.record.pings - before, 2, 3);
    disconnect_pair();
}

/* A peer that we do not read is silent for us: that does not make it dead. */
static void no_heartbeat_death_of_whom_we_do_not_read(void **state)
{
    (void)state;
    fx.config.heartbeat = (struct ws_heartbeat_config){10, 5, 1};
    connect_and_open();
    ws_conn_pause(fx.conn);
    int64_t until = ws_loop_now(fx.loop) + 100;
    TURN_UNTIL(fx.loop, ws_loop_now(fx.loop) >= until);
    assert_int_equal(fx.record.ends, 0);
    ws_conn_resume(fx.conn);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.pings > 5);
    assert_int_equal(fx.record.ends, 0);
    close_and_disconnect();
}

/* Without any limit nothing ever happens by itself. */
static void limits_switched_off(void **state)
{
    (void)state;
    fx.config.handshake_ms = fx.config.close_ms = fx.config.fragment_ms = 0;
    fx.config.write_ms = fx.config.idle_ms = fx.config.heartbeat.interval_ms = 0;
    connect_and_open();
    assert_int_equal(ws_loop_timer_count(fx.loop) == 0 || fx.record.ends == 0, true);
    int64_t until = ws_loop_now(fx.loop) + 30;
    TURN_UNTIL(fx.loop, ws_loop_now(fx.loop) >= until);
    assert_int_equal(fx.record.ends, 0);
    assert_int_equal(fx.far.received, fx.conn->counters.bytes_out);
    close_and_disconnect();
}

/* A limit that was not there when it was opened. */
static void another_config(void **state)
{
    (void)state;
    fx.config.heartbeat.interval_ms = 0;
    connect_and_open();
    fx.config.idle_ms = 30;
    ws_conn_env_configure(&fx.env, &fx.config);
    ws_conn_reconsider(fx.conn);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.closes == 1);
    assert_int_equal(fx.far.record.code, 1001);
    disconnect_pair();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(handshake_deadline),
        FIXTURE_TEST(handshake_deadline_after_a_stall),
        FIXTURE_TEST(handshake_deadline_of_a_client),
        FIXTURE_TEST(close_deadline),
        FIXTURE_TEST(a_client_closes_in_time),
        FIXTURE_TEST(a_client_leaves_an_idle_server_soon),
        FIXTURE_TEST(a_client_that_closes_sends_all),
        FIXTURE_TEST(a_paused_client_does_not_close),
        FIXTURE_TEST(less_time_for_the_handshake),
        FIXTURE_TEST(fragment_deadline),
        FIXTURE_TEST(write_deadline),
        FIXTURE_TEST(slow_readers),
        FIXTURE_TEST(no_heartbeat_death_of_slow_readers),
        FIXTURE_TEST(idle_deadline),
        FIXTURE_TEST(heartbeat),
        FIXTURE_TEST(no_heartbeat_death_of_whom_we_do_not_read),
        FIXTURE_TEST(limits_switched_off),
        FIXTURE_TEST(another_config),
    };
    return cmocka_run_group_tests_name("conn_time", tests, NULL, NULL);
}
