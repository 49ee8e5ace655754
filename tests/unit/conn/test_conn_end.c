#include "libws/conn/conn_private.h"

#include "tests/unit/support_conn_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

enum { DO_CLOSE, DO_ABORT, DO_FAIL, DO_CLOSE_AND_ABORT, DO_EVERYTHING, DEEDS };

static void act_once(struct conn_fixture *f, enum where where, const struct ws_event *event)
{
    struct ws_conn *conn = f->conn;
    if (where != f->at || f->acted || (where == AT_EVENT && event->type != f->at_event))
        return;
    f->acted = 1;
    switch (f->what) {
    case DO_CLOSE:
        ws_conn_close(conn, 3001, "enough");
        assert_true(ws_conn_close(conn, 3002, "again") != WS_OK);
        break;
    case DO_ABORT:
        ws_conn_abort(conn, WS_E_SHED);
        break;
    case DO_FAIL:
        ws_conn_fail(conn, WS_E_SHED);
        break;
    case DO_CLOSE_AND_ABORT:
        ws_conn_close(conn, 3001, NULL);
        ws_conn_abort(conn, WS_E_SHED);
        ws_conn_abort(conn, WS_E_RATE); /* the first cause counts */
        break;
    default:
        ws_conn_pause(conn);
        ws_conn_send(conn, WS_OP_TEXT, 0, (char[]){"x"}, 1);
        ws_conn_ping(conn, NULL, 0);
        ws_conn_close(conn, 3001, NULL);
        ws_conn_send(conn, WS_OP_TEXT, 0, (char[]){"y"}, 1);
        ws_conn_resume(conn);
        ws_conn_fail(conn, WS_E_SHED);
        ws_conn_pause(conn);
        ws_conn_fail(conn, WS_E_RATE);
        ws_conn_resume(conn);
        ws_conn_abort(conn, WS_E_RATE);
        ws_conn_send(conn, WS_OP_TEXT, 0, (char[]){"z"}, 1);
    }
}

/* A conversation that has every event in it; with small buffers, so that drained happens. */
static void converse(void)
{
    static uint8_t data[20000];
    int fds[2];
    socket_pair(fds);
    shrink_buffers(fds[0]);
    connect_pair(fds);
    far_connect(&fx.far);
    int part = 0;
    for (int step = 0; step < 400 && fx.conn && !fx.far.eof; step++) {
        far_pump(&fx.far);
        ws_loop_turn(fx.loop, 0);
        if (ws_session_state(&fx.far.session) != WS_STATE_OPEN)
            continue;
        if (part == 0) {
            ws_session_send(&fx.far.session, &fx.far.out, WS_OP_TEXT, 0, (char[]){"hello"}, 5);
            ws_session_ping(&fx.far.session, &fx.far.out, "ping", 4);
            ws_session_pong(&fx.far.session, &fx.far.out, "pong", 4);
            ws_session_send(&fx.far.session, &fx.far.out, WS_OP_BINARY, 0, data, sizeof data);
            far_flush(&fx.far);
            part = 1;
        } else if (part == 1 && fx.far.record.data.len >= 5 + sizeof data) {
            ws_session_send(&fx.far.session, &fx.far.out, WS_OP_BINARY, WS_SEND_MORE, data, 10);
            ws_session_send(&fx.far.session, &fx.far.out, WS_OP_BINARY, 0, data, 10);
            ws_session_send(&fx.far.session, &fx.far.out, WS_OP_TEXT, 0, (char[]){"bye"}, 3);
            if (fx.at_event == WS_EVENT_ERROR)
                far_raw(&fx.far, "\xFF\xFF\xFF", 3);
            else
                ws_session_close(&fx.far.session, &fx.far.out, 1000, NULL, 0);
            far_flush(&fx.far);
            part = 2;
        }
    }
}

static void ended_from_every_callback(void **state)
{
    (void)state;
    static const struct {
        enum where at;
        enum ws_event_type event;
    } places[] = {
        {AT_REQUEST, WS_EVENT_NONE}, {AT_OPEN, WS_EVENT_NONE},   {AT_EVENT, WS_EVENT_MESSAGE},
        {AT_EVENT, WS_EVENT_CHUNK},  {AT_EVENT, WS_EVENT_PING},  {AT_EVENT, WS_EVENT_PONG},
        {AT_EVENT, WS_EVENT_CLOSE},  {AT_EVENT, WS_EVENT_ERROR}, {AT_DRAINED, WS_EVENT_NONE},
        {AT_CLOSE, WS_EVENT_NONE},
    };
    fx.config.session.chunks = true;
    fx.config.pause_reads_when_full = true;
    fx.config.high_water = 1000;
    fx.config.close_ms = 50;
    fx.act = act_once;
    for (size_t place = 0; place < sizeof places / sizeof places[0]; place++)
        for (int what = 0; what < DEEDS; what++) {
            fx.act = act_once;
            fx.at = places[place].at;
            fx.at_event = places[place].event;
            fx.what = what;
            unsigned before = open_descriptors();
            converse();
            TURN_UNTIL(fx.loop, fx.record.ends == 1 || (far_pump(&fx.far), false));
            if (!fx.acted)
                fail_msg("place %zu was never reached", place);
            if (what == DO_ABORT || what == DO_CLOSE_AND_ABORT || what == DO_EVERYTHING) {
                assert_int_equal(fx.events_after, 0);
                if (fx.at != AT_CLOSE && fx.at_event != WS_EVENT_CLOSE &&
                    fx.at_event != WS_EVENT_ERROR)
                    assert_int_equal(fx.record.end.error, WS_E_SHED);
            }
            if (what == DO_FAIL) {
                assert_int_equal(fx.events_after, 0);
                if (fx.at == AT_REQUEST)
                    assert_int_equal(fx.record.end.http_status, 503);
            }
            if (what == DO_CLOSE && fx.at != AT_REQUEST && fx.at != AT_CLOSE &&
                fx.at_event != WS_EVENT_ERROR) {
                assert_int_equal(fx.far.record.closes, 1);
                assert_int_equal(fx.far.record.code, 3001);
            }
            disconnect_pair();
            ws_loop_turn(fx.loop, 0);
            assert_int_equal(open_descriptors(), before);
        }
}

static void refuse_in_close(struct conn_fixture *f, enum where where, const struct ws_event *event)
{
    (void)event;
    if (where != AT_CLOSE)
        return;
    struct ws_http_answer answer = {.status = 404};
    struct ws_request_options options = {.target = "/", .host = "test"};
    assert_true(ws_conn_accept(f->conn, NULL) != WS_OK);
    assert_true(ws_conn_refuse(f->conn, &answer) != WS_OK);
    assert_true(ws_conn_refuse_error(f->conn, WS_E_SHED) != WS_OK);
    assert_true(ws_conn_connect(f->conn, &options) != WS_OK);
    f->acted = 1;
}

/* Too late for anything: an error, and nothing of the connection is left on the loop. */
static void answers_in_close(void **state)
{
    (void)state;
    for (int open = 0; open < 2; open++) {
        fx.act = refuse_in_close;
        connect_ends();
        if (open)
            open_it();
        close(fx.far.fd);
        fx.far.fd = -1;
        TURN_UNTIL(fx.loop, fx.record.ends == 1);
        assert_int_equal(fx.acted, 1);
        fixture_turn(1);
        assert_null(fx.env.scratch->writer);
        disconnect_pair();
    }
}

/* --- the far end goes --- */

static void lost_at_every_byte(void **state)
{
    (void)state;
    struct peer scratch;
    struct grown bytes = {0};
    size_t head, message[3];
    far_init(&scratch, -1, WS_ROLE_CLIENT);
    far_connect(&scratch);
    head = scratch.pending.len;
    ws_session_free(&scratch.session);
    ws_session_init_open(&scratch.session, &scratch.config);
    far_send(&scratch, WS_OP_TEXT, 0, "hello", 5);
    message[0] = scratch.pending.len;
    far_send(&scratch, WS_OP_TEXT, WS_SEND_MORE, "wor", 3);
    ws_session_ping(&scratch.session, &scratch.out, "p", 1);
    far_send(&scratch, WS_OP_TEXT, 0, "ld", 2);
    message[1] = scratch.pending.len;
    uint8_t longer[300] = {0};
    far_send(&scratch, WS_OP_BINARY, 0, longer, sizeof longer);
    message[2] = scratch.pending.len;
    grown_add(&bytes, scratch.pending.data, scratch.pending.len);
    far_free(&scratch);

    for (int reset = 0; reset < 3; reset++)
        for (size_t at = 0; at <= bytes.len; at++) {
            fx.config.session.chunks = at % 2;
            connect_ends();
            if (at > 0)
                assert_int_equal(send(fx.far.fd, bytes.data, at, 0), at);
            /* Closing with something unread makes it a reset; at once, or with time to answer. */
            if (reset == 1)
                fixture_turn(3);
            if (reset == 2) {
                fixture_turn(3);
                while (far_pump(&fx.far))
                    ;
            }
            close(fx.far.fd);
            fx.far.fd = -1;
            TURN_UNTIL(fx.loop, fx.record.ends == 1);
            assert_false(fx.record.end.clean);
            assert_int_equal(fx.record.end.code, WS_CLOSE_ABNORMAL);
            if (reset != 0 || at == 0) {
                assert_int_equal(fx.record.end.opened, at >= head);
                unsigned whole = 0;
                while (whole < 3 && message[whole] <= at)
                    whole++;
                assert_int_equal(fx.record.messages, whole);
            }
            enum ws_error error = fx.record.end.error;
            if (reset == 2)
                assert_int_equal(error, at < head ? WS_E_EOF_IN_HANDSHAKE : WS_E_LOST);
            else
                assert_true(error == WS_E_LOST || error == WS_E_RESET ||
                            error == WS_E_EOF_IN_HANDSHAKE);
            disconnect_pair();
        }
    grown_free(&bytes);
}

/* What came before a fault is answered first, and nothing of what comes after it. */
static void a_fault_after_good_messages(void **state)
{
    (void)state;
    connect_and_open();
    for (int i = 0; i < 10; i++)
        ws_session_send(&fx.far.session, &fx.far.out, WS_OP_TEXT, 0, (char[]){"good"}, 4);
    far_raw(&fx.far, "\x83\x80\0\0\0\0\x81\x80\0\0\0\0", 12);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.closes == 1 && fx.far.eof);
    assert_int_equal(fx.far.record.messages, 10);
    assert_int_equal(fx.far.record.code, 1002);
    assert_int_equal(fx.record.messages, 10);
    assert_int_equal(fx.record.error, WS_E_OPCODE);
    close(fx.far.fd);
    fx.far.fd = -1;
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_int_equal(fx.record.end.error, WS_E_OPCODE);
    disconnect_pair();
}

/* --- the request --- */

static void answered_later(void **state)
{
    (void)state;
    for (int deed = 0; deed < 3; deed++) {
        fx.pending = true;
        connect_ends();
        far_connect(&fx.far);
        PUMP_UNTIL(fx.loop, &fx.far, fx.requests == 1);
        fixture_turn(2);
        assert_int_equal(fx.record.opens, 0);
        if (deed == 0) {
            /* What comes after the head waits with it. */
            uint8_t early[] = {0x81, 0x81, 0, 0, 0, 0, 'e'};
            far_raw(&fx.far, early, sizeof early);
            fixture_turn(3);
            assert_int_equal(fx.record.messages, 0);
            assert_int_equal(ws_conn_accept(fx.conn, NULL), WS_OK);
            PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == 1);
            assert_int_equal(fx.requests, 1);
            close_and_disconnect();
            continue;
        }
        struct ws_http_answer answer = {.status = 403, .body = "no\n", .body_len = 3};
        if (deed == 1)
            assert_int_equal(ws_conn_refuse(fx.conn, &answer), WS_OK);
        else
            assert_int_equal(ws_conn_refuse_error(fx.conn, WS_E_SHED), WS_OK);
        assert_int_equal(ws_conn_accept(fx.conn, NULL), WS_E_STATE);
        PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.errors == 1 && fx.far.eof);
        assert_int_equal(fx.far.record.error, WS_E_STATUS);
        close(fx.far.fd);
        fx.far.fd = -1;
        TURN_UNTIL(fx.loop, fx.record.ends == 1);
        assert_int_equal(fx.record.end.http_status, deed == 1 ? 403 : 503);
        assert_int_equal(fx.record.end.error, deed == 1 ? WS_OK : WS_E_SHED);
        assert_false(fx.record.end.opened);
        disconnect_pair();
    }
}

static void calls_before_the_upgrade(void **state)
{
    (void)state;
    connect_ends();
    assert_int_equal(ws_conn_send(fx.conn, WS_OP_TEXT, 0, (char[]){"x"}, 1), WS_E_STATE);
    assert_int_equal(ws_conn_ping(fx.conn, "x", 1), WS_E_STATE);
    assert_int_equal(ws_conn_close(fx.conn, 1000, NULL), WS_E_STATE);
    assert_int_equal(ws_conn_accept(fx.conn, NULL), WS_E_STATE);
    fixture_turn(2);
    open_it();
    assert_int_equal(ws_conn_close(fx.conn, 1006, NULL), WS_E_CLOSE_CODE);
    close_and_disconnect();
}

static void defer_close_reply(struct conn_fixture *f, enum where where,
                              const struct ws_event *event)
{
    if (where == AT_EVENT && event->type == WS_EVENT_CLOSE && event->clean)
        ws_conn_defer_close_reply(f->conn);
}

static void a_close_may_be_answered_late(void **state)
{
    (void)state;
    char last[] = "last words";
    fx.act = defer_close_reply;
    fx.config.close_ms = 20;
    connect_and_open();
    far_close(&fx.far, 1000);
    PUMP_UNTIL(fx.loop, &fx.far, fx.record.closes == 1);
    /* No deadline runs, and a ping is not answered any more (5.5.2). */
    int64_t later = ws_clock_us() + 60000;
    PUMP_UNTIL(fx.loop, &fx.far, ws_clock_us() > later);
    assert_int_equal(fx.far.record.closes, 0);
    assert_non_null(fx.conn);
    assert_int_equal(ws_conn_send(fx.conn, WS_OP_TEXT, WS_SEND_COPY, last, 10), WS_OK);
    assert_int_equal(ws_conn_close(fx.conn, 1011, "so"), WS_OK);
    assert_int_equal(ws_conn_send(fx.conn, WS_OP_TEXT, WS_SEND_COPY, last, 10), WS_E_CLOSING);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.closes == 1 && fx.far.eof);
    assert_int_equal(fx.far.record.messages, 1);
    assert_memory_equal(fx.far.record.data.data, last, 10);
    assert_int_equal(fx.far.record.code, 1011);
    close(fx.far.fd);
    fx.far.fd = -1;
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_true(fx.record.end.clean && fx.record.end.by_peer);
    disconnect_pair();
}

/* The peer is gone before the answer. */
static void a_late_answer_to_nobody(void **state)
{
    (void)state;
    char last[] = "last words";
    fx.act = defer_close_reply;
    connect_and_open();
    far_close(&fx.far, 1000);
    PUMP_UNTIL(fx.loop, &fx.far, fx.record.closes == 1);
    close(fx.far.fd);
    fx.far.fd = -1;
    fixture_turn(3);
    ws_conn_send(fx.conn, WS_OP_TEXT, WS_SEND_COPY, last, 10);
    ws_conn_close(fx.conn, 1000, NULL);
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    disconnect_pair();
}

static char states[64];

static void note_state(struct ws_conn *conn, enum ws_state from, enum ws_state to)
{
    char step[8];
    assert_ptr_equal(conn, fx.conn);
    snprintf(step, sizeof step, "%d%d ", (int)from, (int)to);
    strcat(states, step);
}

static void states_are_told(void **state)
{
    (void)state;
    states[0] = '\0';
    fx.config.on_state_change = note_state;
    connect_and_open();
    assert_string_equal(states, "01 ");
    close_and_disconnect();
    assert_string_equal(states, "01 12 23 ");

    states[0] = '\0';
    connect_and_open();
    assert_int_equal(ws_conn_close(fx.conn, 1001, NULL), WS_OK);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.closes == 1 && fx.far.eof);
    close(fx.far.fd);
    fx.far.fd = -1;
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_string_equal(states, "01 12 23 ");
    disconnect_pair();

    /* An end without a word is one too. */
    states[0] = '\0';
    connect_ends();
    disconnect_pair();
    assert_string_equal(states, "03 ");
}

static void refuse_twice(struct conn_fixture *f, enum where where, const struct ws_event *event)
{
    static const struct ws_header bad = {"No good", "x"};
    (void)event;
    if (where != AT_REQUEST)
        return;
    /* A refusal that cannot be written changes nothing: the request still waits for its answer. */
    assert_int_equal(ws_conn_refuse_with(f->conn, WS_E_REFUSED, &bad, 1), WS_E_ARGUMENT);
    assert_int_equal(ws_conn_end(f->conn)->http_status, 0);
    assert_int_equal(ws_conn_end(f->conn)->error, WS_OK);
    assert_int_equal(ws_conn_refuse(f->conn, &(struct ws_http_answer){.status = 99}),
                     WS_E_ARGUMENT);
    assert_int_equal(ws_conn_end(f->conn)->http_status, 0);
    assert_int_equal(ws_conn_refuse_error(f->conn, WS_E_ORIGIN_REFUSED), WS_OK);
    assert_int_equal(ws_conn_end(f->conn)->http_status, 403);
    assert_int_equal(ws_conn_refuse_error(f->conn, WS_E_KEY_MISSING), WS_E_STATE);
    assert_int_equal(ws_conn_end(f->conn)->http_status, 403);
}

static void a_refusal_that_fails_changes_nothing(void **state)
{
    (void)state;
    fx.pending = true;
    fx.act = refuse_twice;
    connect_ends();
    far_connect(&fx.far);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.eof);
    fx.act = NULL;
    close(fx.far.fd);
    fx.far.fd = -1;
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_int_equal(fx.record.end.http_status, 403);
    assert_int_equal(fx.record.end.error, WS_E_ORIGIN_REFUSED);
    disconnect_pair();
}

static void note_whether_left(struct conn_fixture *f, enum where where,
                              const struct ws_event *event)
{
    (void)event;
    if (where == AT_REQUEST)
        f->what = ws_conn_peer_left(f->conn);
}

/* Sends a request, and `more`, and leaves, before either is read. */
static bool seen_as_left(bool leaves, const char *more)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    fx.what = -1;
    fx.act = note_whether_left;
    connect_pair(fds);
    assert_int_equal(write(fds[1], request, sizeof request - 1), sizeof request - 1);
    assert_int_equal(write(fds[1], more, strlen(more)), strlen(more));
    if (leaves)
        shutdown(fds[1], SHUT_WR);
    while (fx.what < 0)
        ws_loop_turn(fx.loop, 10);
    disconnect_pair();
    return fx.what;
}

static void a_peer_that_left_after_its_request(void **state)
{
    (void)state;
    assert_false(seen_as_left(false, ""));
    assert_true(seen_as_left(true, ""));
    assert_false(seen_as_left(true, "\x81\x80mask")); /* a message is still to be delivered */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(ended_from_every_callback),
        FIXTURE_TEST(answers_in_close),
        FIXTURE_TEST(lost_at_every_byte),
        FIXTURE_TEST(a_fault_after_good_messages),
        FIXTURE_TEST(answered_later),
        FIXTURE_TEST(calls_before_the_upgrade),
        FIXTURE_TEST(a_close_may_be_answered_late),
        FIXTURE_TEST(a_late_answer_to_nobody),
        FIXTURE_TEST(states_are_told),
        FIXTURE_TEST(a_refusal_that_fails_changes_nothing),
        FIXTURE_TEST(a_peer_that_left_after_its_request),
    };
    return cmocka_run_group_tests_name("conn_end", tests, NULL, NULL);
}
