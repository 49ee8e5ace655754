/* Payload that the handler takes from the descriptor itself. */
#include "libws/conn/conn_private.h"

#include "tests/unit/support_conn_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

enum { LARGE = 300000 };

static struct {
    size_t calls, bytes;
    enum { TAKES_ALL, TAKES_SOME, TAKES_NONE, PAUSES, ABORTS } does;
} taker;

/* Puts what it takes where the event handler puts the rest. */
static size_t take(struct ws_conn *conn, int fd, size_t len)
{
    static uint8_t bytes[WS_RECEIVE_SIZE];
    taker.calls++;
    assert_true(len > 0 && len <= sizeof bytes);
    assert_int_equal(fd, conn->watch.fd);
    if (taker.does == TAKES_NONE || (taker.does == TAKES_SOME && taker.calls % 5 == 0))
        return 0;
    if (taker.does == PAUSES && taker.calls % 2 == 1) {
        ws_conn_pause(conn);
        return 0;
    }
    if (taker.does == ABORTS) {
        ws_conn_abort(conn, WS_E_SHUTDOWN);
        return 0;
    }
    if (taker.does == TAKES_SOME && len > 10000)
        len = 10000;
    ssize_t n = recv(fd, bytes, len, MSG_DONTWAIT);
    if (n <= 0)
        return 0;
    grown_add(&fx.record.data, bytes, (size_t)n);
    taker.bytes += (size_t)n;
    return (size_t)n;
}

static int start(void **state)
{
    fixture_start(state);
    memset(&taker, 0, sizeof taker);
    ws_conn_config_init(&fx.config, WS_ROLE_CLIENT);
    fx.echo = false;
    fx.config.session.chunks = true;
    fx.handler.payload = take;
    return 0;
}

/* Eight large messages, each in two frames with a ping between them, and a small one after it. */
static struct grown send_messages(void)
{
    static uint8_t payload[LARGE];
    struct grown sent = {0};
    for (uint32_t i = 0; i < 8; i++) {
        fill(payload, sizeof payload, i);
        far_send(&fx.far, WS_OP_BINARY, WS_SEND_MORE, payload, 100000 + i);
        ws_session_ping(&fx.far.session, &fx.far.out, "?", 1);
        far_send(&fx.far, WS_OP_BINARY, 0, payload + 100000 + i, LARGE - 100000 - i);
        far_send(&fx.far, WS_OP_BINARY, 0, payload, 100 * i);
        grown_add(&sent, payload, LARGE);
        grown_add(&sent, payload, 100 * i);
    }
    return sent;
}

static void taken_or_received_it_is_the_same(void **state)
{
    (void)state;
    for (int does = TAKES_ALL; does <= PAUSES; does++) {
        memset(&taker, 0, sizeof taker);
        memset(&fx.record, 0, sizeof fx.record);
        taker.does = does;
        connect_and_open();
        uint64_t before = ws_conn_counters(fx.conn)->bytes_in;
        struct grown sent = send_messages();
        size_t headers = 8 * (10 + 10 + 3) + 2 * 2 + 6 * 4; /* two frames, a ping; the small ones */
        while (fx.record.data.len < sent.len || fx.far.record.pongs < 8) {
            far_pump(&fx.far);
            ws_loop_turn(fx.loop, 1);
            ws_conn_resume(fx.conn);
        }
        assert_int_equal(fx.record.data.len, sent.len);
        assert_memory_equal(fx.record.data.data, sent.data, sent.len);
        assert_int_equal(fx.record.pings, 8);
        assert_int_equal(ws_conn_counters(fx.conn)->messages_in, 16);
        assert_int_equal(ws_conn_counters(fx.conn)->bytes_in - before, sent.len + headers);
        if (does == TAKES_NONE)
            assert_int_equal(taker.bytes, 0);
        else
            assert_true(taker.bytes > sent.len / 4);
        grown_free(&sent);
        close_and_disconnect();
    }
}

static void a_close_right_after_it(void **state)
{
    static uint8_t payload[LARGE];
    (void)state;
    connect_and_open();
    far_send(&fx.far, WS_OP_BINARY, 0, payload, sizeof payload);
    close_and_disconnect();
    assert_true(taker.bytes > 0);
}

static void ended_while_the_handler_takes(void **state)
{
    static uint8_t payload[LARGE];
    (void)state;
    /* by the handler */
    taker.does = ABORTS;
    connect_and_open();
    far_send(&fx.far, WS_OP_BINARY, 0, payload, sizeof payload);
    PUMP_UNTIL(fx.loop, &fx.far, fx.record.ends == 1);
    assert_int_equal(fx.record.end.error, WS_E_SHUTDOWN);
    disconnect_pair();
    /* by the peer */
    memset(&fx.record, 0, sizeof fx.record);
    taker.does = TAKES_ALL;
    connect_and_open();
    far_send(&fx.far, WS_OP_BINARY, WS_SEND_MORE, payload, sizeof payload);
    PUMP_UNTIL(fx.loop, &fx.far, fx.record.data.len == sizeof payload);
    assert_int_equal(fx.record.messages + fx.record.ends, 0);
    shutdown(fx.far.fd, SHUT_WR);
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_int_equal(fx.record.end.error, WS_E_LOST);
    disconnect_pair();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(taken_or_received_it_is_the_same, start, fixture_stop),
        cmocka_unit_test_setup_teardown(a_close_right_after_it, start, fixture_stop),
        cmocka_unit_test_setup_teardown(ended_while_the_handler_takes, start, fixture_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
