#include "libws/conn/conn_private.h"

#include "tests/unit/support_net.h"

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

/* A connection on a loop, what its handler heard, and the far end of its socket. */
enum where { AT_REQUEST, AT_OPEN, AT_EVENT, AT_DRAINED, AT_CLOSE, PLACES };

struct bench {
    struct ws_loop *loop;
    struct ws_conn_config config;
    struct ws_handler handler;
    struct ws_conn_env env;
    struct ws_conn *conn; /* NULL once its close was called */
    struct record record;
    struct peer far;
    bool echo;
    bool pending; /* requests are answered later */
    unsigned requests, inside;
    void (*act)(struct bench *bench, enum where where, const struct ws_event *event);
    /* What a test wants to be done where. */
    enum where at;
    enum ws_event_type at_event;
    unsigned acted, events_after;
    int what;
};

static struct bench b;

static void enter(enum where where, const struct ws_event *event)
{
    assert_int_equal(b.inside, 0); /* never from inside one of the handler's own calls */
    b.inside++;
    if (b.acted)
        b.events_after += where != AT_CLOSE;
    if (b.act)
        b.act(&b, where, event);
    b.inside--;
}

static void on_request(struct ws_conn *conn, const struct ws_request *request)
{
    b.requests++;
    enter(AT_REQUEST, NULL);
    if (b.pending)
        return;
    if (request->fault != WS_OK)
        ws_conn_refuse_error(conn, request->fault);
    else
        ws_conn_accept(conn, NULL);
}

static void on_open(struct ws_conn *conn, const struct ws_event *event)
{
    assert_ptr_equal(conn, b.conn);
    record_event(&b.record, event);
    enter(AT_OPEN, event);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    record_event(&b.record, event);
    if (b.echo && (event->type == WS_EVENT_MESSAGE || event->type == WS_EVENT_CHUNK)) {
        enum ws_error error = ws_conn_reply(conn, event);
        assert_true(error == WS_OK || error == WS_E_CLOSING);
    }
    enter(AT_EVENT, event);
}

static void on_drained(struct ws_conn *conn)
{
    (void)conn;
    b.record.drained++;
    enter(AT_DRAINED, NULL);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    assert_ptr_equal(conn, b.conn);
    b.record.ends++;
    b.record.end = *end;
    enter(AT_CLOSE, NULL);
    b.conn = NULL;
}

static int start(void **state)
{
    (void)state;
    memset(&b, 0, sizeof b);
    ws_conn_config_init(&b.config, WS_ROLE_SERVER);
    b.handler = (struct ws_handler){on_request, on_open, on_event, on_drained, on_close};
    b.echo = true;
    b.far.fd = -1;
    return ws_loop_new(&b.loop) == WS_OK ? 0 : -1;
}

static void connect_pair(int fds[2])
{
    enum ws_role role = b.config.session.role;
    assert_int_equal(ws_conn_env_init(&b.env, b.loop, &b.config, &b.handler, NULL), WS_OK);
    far_init(&b.far, fds[1], role == WS_ROLE_SERVER ? WS_ROLE_CLIENT : WS_ROLE_SERVER);
    b.conn = ws_conn_new(&b.env, fds[0], NULL);
    assert_non_null(b.conn);
}

static void connect_ends(void)
{
    int fds[2];
    socket_pair(fds);
    connect_pair(fds);
}

static void disconnect_pair(void)
{
    far_free(&b.far);
    if (b.conn) {
        b.act = NULL;
        ws_conn_abort(b.conn, WS_E_SHUTDOWN);
        ws_loop_turn(b.loop, 0);
    }
    assert_null(b.conn);
    assert_int_equal(b.record.ends, 1);
    assert_null(b.env.scratch->writer);
    record_free(&b.record);
    b.requests = b.acted = b.events_after = 0;
}

static int stop(void **state)
{
    (void)state;
    ws_loop_turn(b.loop, 0);
    ws_loop_free(b.loop);
    return 0;
}

static void open_it(void)
{
    if (b.config.session.role == WS_ROLE_CLIENT) {
        struct ws_request_options options = {.target = "/", .host = "test"};
        assert_int_equal(ws_conn_connect(b.conn, &options), WS_OK);
    } else {
        far_connect(&b.far);
    }
    PUMP_UNTIL(b.loop, &b.far, b.far.record.opens == 1 && b.record.opens == 1);
}

static void connect_and_open(void)
{
    connect_ends();
    open_it();
}

/* The closing handshake from the far end, and both ends gone. */
static void close_and_unplug(void)
{
    far_close(&b.far, 1000);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.closes == 1 && (b.far.eof || !b.conn));
    if (b.far.fd >= 0)
        close(b.far.fd);
    b.far.fd = -1;
    TURN_UNTIL(b.loop, b.record.ends == 1);
    assert_int_equal(b.record.end.error, WS_OK);
    assert_true(b.record.end.clean && b.record.end.opened && b.record.end.by_peer);
    assert_int_equal(b.record.end.code, 1000);
    disconnect_pair();
}

static void turn(int times)
{
    while (times-- > 0)
        ws_loop_turn(b.loop, 0);
}

/* --- the walk of a message --- */

static void echo_of_every_size(void **state)
{
    (void)state;
    static const size_t sizes[] = {0,     1,     2,     125,   126,   127,    4096,
                                   16384, 16385, 65535, 65536, 70000, 200000, 1000000};
    static uint8_t data[1000000];
    fill(data, sizeof data, 1);
    for (int variant = 0; variant < 4; variant++) {
        ws_conn_config_init(&b.config, variant & 1 ? WS_ROLE_CLIENT : WS_ROLE_SERVER);
        b.config.session.chunks = (variant & 2) != 0;
        connect_and_open();
        size_t total = 0;
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            far_send(&b.far, WS_OP_BINARY, 0, data, sizes[i]);
            total += sizes[i];
            PUMP_UNTIL(b.loop, &b.far,
                       b.far.record.messages == i + 1 && b.far.record.data.len == total);
            assert_memory_equal(b.far.record.data.data + total - sizes[i], data, sizes[i]);
        }
        assert_int_equal(b.conn->counters.messages_in, sizeof sizes / sizeof sizes[0]);
        assert_int_equal(b.conn->counters.messages_out, sizeof sizes / sizeof sizes[0]);
        /* An idle connection owns nothing. */
        assert_null(b.conn->cold->queue.head);
        assert_null(b.conn->cold->unread);
        assert_null(b.conn->cold->pong);
        assert_null(b.conn->session.held);
        if (variant & 1)
            disconnect_pair();
        else
            close_and_unplug();
    }
}

/* On sockets that keep the borders of what was sent: a receive is a send of the other end's. */
static void one_send_however_many_frames(void **state)
{
    (void)state;
    int fds[2];
    uint8_t data[40];
    fill(data, sizeof data, 2);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    connect_pair(fds);
    open_it();
    unsigned before = b.far.receives;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(ws_session_send(&b.far.session, &b.far.out, WS_OP_BINARY, 0, data,
                                         (size_t)i % sizeof data),
                         WS_OK);
    assert_int_equal(ws_session_ping(&b.far.session, &b.far.out, "x", 1), WS_OK);
    far_flush(&b.far);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == 1000 && b.far.record.pongs == 1);
    assert_int_equal(b.far.receives, before + 1);
    /* And those that a handler sends outside of its own turn leave together too. */
    for (int i = 0; i < 100; i++)
        assert_int_equal(ws_conn_send(b.conn, WS_OP_TEXT, WS_SEND_COPY, data, 0), WS_OK);
    assert_true(ws_conn_queued(b.conn) > 0);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == 1100);
    assert_int_equal(b.far.receives, before + 2);
    close_and_unplug();
}

/* Cut into every two pieces, and byte by byte. */
static void cut_anywhere(void **state)
{
    (void)state;
    struct peer scratch;
    struct grown bytes = {0};
    far_init(&scratch, -1, WS_ROLE_CLIENT);
    far_connect(&scratch);
    ws_session_free(&scratch.session);
    ws_session_init_open(&scratch.session, &scratch.config);
    far_send(&scratch, WS_OP_TEXT, 0, "hello", 5);
    far_send(&scratch, WS_OP_TEXT, WS_SEND_MORE, "wor", 3);
    ws_session_ping(&scratch.session, &scratch.out, "p", 1);
    far_send(&scratch, WS_OP_TEXT, 0, "ld", 2);
    far_close(&scratch, 1000);
    grown_add(&bytes, scratch.pending.data, scratch.pending.len);
    far_free(&scratch);

    for (size_t cut = 0; cut <= bytes.len; cut++) {
        connect_ends();
        size_t step = cut == 0 ? 1 : cut;
        for (size_t at = 0; at < bytes.len; at += step, step = cut == 0 ? 1 : bytes.len) {
            size_t len = bytes.len - at < step ? bytes.len - at : step;
            assert_int_equal(send(b.far.fd, bytes.data + at, len, 0), len);
            turn(2);
        }
        TURN_UNTIL(b.loop, b.record.closes == 1);
        assert_int_equal(b.record.messages, 2);
        assert_int_equal(b.record.pings, 1);
        assert_int_equal(b.record.data.len, 10);
        assert_memory_equal(b.record.data.data, "helloworld", 10);
        close(b.far.fd);
        b.far.fd = -1;
        TURN_UNTIL(b.loop, b.record.ends == 1);
        assert_true(b.record.end.clean);
        disconnect_pair();
    }
    grown_free(&bytes);
}

static void without_a_handler(void **state)
{
    (void)state;
    int fds[2];
    static const struct ws_handler none;
    struct ws_conn_env env;
    assert_int_equal(ws_conn_env_init(&env, b.loop, &b.config, &none, NULL), WS_OK);
    socket_pair(fds);
    far_init(&b.far, fds[1], WS_ROLE_CLIENT);
    unsigned before = open_descriptors();
    assert_non_null(ws_conn_new(&env, fds[0], NULL));
    far_connect(&b.far);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.opens == 1);
    far_send(&b.far, WS_OP_TEXT, 0, "x", 1);
    far_close(&b.far, 3000);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.closes == 1 && b.far.eof);
    assert_int_equal(b.far.record.code, 3000);
    far_free(&b.far);
    TURN_UNTIL(b.loop, open_descriptors() == before - 2);
}

/* --- pausing --- */

static void pause_after_every_event(struct bench *bench, enum where where,
                                    const struct ws_event *event)
{
    (void)event;
    if (where != AT_CLOSE) {
        ws_conn_pause(bench->conn);
        bench->acted++;
    }
}

/* Lets one event through, and sees that no other follows it. */
static void one_more(void)
{
    unsigned before = b.acted;
    ws_conn_resume(b.conn);
    PUMP_UNTIL(b.loop, &b.far, b.acted > before);
    for (int i = 0; i < 3; i++) {
        far_pump(&b.far);
        turn(1);
    }
    assert_int_equal(b.acted, before + 1);
}

static void paused_in_every_callback(void **state)
{
    (void)state;
    enum { MANY = 200 };
    char all[MANY * 5], *at = all;
    b.act = pause_after_every_event;
    connect_ends();
    far_connect(&b.far);
    PUMP_UNTIL(b.loop, &b.far, b.acted == 1);
    assert_int_equal(b.requests, 1);
    one_more();
    assert_int_equal(b.record.opens, 1);
    assert_int_equal(b.far.record.opens, 1);
    /* Many frames in one read. */
    for (int i = 0; i < MANY; i++) {
        int len = sprintf(at, "%d,", i);
        ws_session_send(&b.far.session, &b.far.out, WS_OP_TEXT, 0, at, (size_t)len);
        at += len;
    }
    ws_session_ping(&b.far.session, &b.far.out, "last", 4);
    ws_session_close(&b.far.session, &b.far.out, 1000, NULL, 0);
    far_flush(&b.far);
    turn(3);
    assert_int_equal(b.acted, 2);
    for (unsigned i = 0; i < MANY; i++) {
        one_more();
        assert_int_equal(b.record.messages, i + 1);
        assert_int_equal(b.far.record.messages, i + 1); /* what was answered has gone */
    }
    one_more();
    assert_int_equal(b.record.pings, 1);
    assert_int_equal(b.far.record.pongs, 1);
    one_more();
    assert_int_equal(b.record.closes, 1);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.closes == 1);
    assert_int_equal(b.record.data.len, at - all);
    assert_memory_equal(b.record.data.data, all, (size_t)(at - all));
    assert_int_equal(b.far.record.data.len, at - all);
    assert_memory_equal(b.far.record.data.data, all, (size_t)(at - all));
    disconnect_pair();
}

static void to_and_fro(struct bench *bench, enum where where, const struct ws_event *event)
{
    (void)event;
    if (where == AT_CLOSE)
        return;
    ws_conn_pause(bench->conn);
    ws_conn_resume(bench->conn);
    ws_conn_resume(bench->conn);
    if (++bench->acted % 2) {
        ws_conn_pause(bench->conn);
        ws_conn_pause(bench->conn);
        ws_conn_resume(bench->conn);
    }
}

static void resumed_inside(void **state)
{
    (void)state;
    b.act = to_and_fro;
    connect_and_open();
    for (int i = 0; i < 500; i++)
        far_send(&b.far, WS_OP_TEXT, 0, "abc", 3);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == 500);
    close_and_unplug();
}

/* Parked, fed again, parked again: with fragments of frames at the end. */
static void pause_now_and_then(struct bench *bench, enum where where, const struct ws_event *event)
{
    (void)event;
    if (where == AT_EVENT && ++bench->acted % 3 == 0)
        ws_conn_pause(bench->conn);
}

static void parked_and_fed_again(void **state)
{
    (void)state;
    static uint8_t data[30000];
    struct grown sent = {0};
    fill(data, sizeof data, 7);
    for (int chunks = 0; chunks < 2; chunks++) {
        b.config.session.chunks = chunks;
        b.act = pause_now_and_then;
        connect_and_open();
        unsigned messages = 0;
        uint32_t x = 1;
        for (int round = 0; round < 60; round++) {
            for (int i = 0; i < 8; i++, messages++) {
                x = x * 1103515245 + 12345;
                size_t len = (x >> 8) % (i == 0 ? sizeof data : 300);
                ws_session_send(&b.far.session, &b.far.out, WS_OP_BINARY, 0, data, len);
                grown_add(&sent, data, len);
            }
            far_flush(&b.far);
            turn(1);
            far_pump(&b.far);
            if (round % 3 == 0)
                ws_conn_resume(b.conn);
        }
        b.act = NULL;
        ws_conn_resume(b.conn);
        PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == messages);
        assert_int_equal(b.far.record.data.len, sent.len);
        assert_memory_equal(b.far.record.data.data, sent.data, sent.len);
        close_and_unplug();
        grown_free(&sent);
    }
}

/* --- high water --- */

static void a_choked_connection_stops_reading(void **state)
{
    (void)state;
    static uint8_t data[10000];
    struct grown sent = {0};
    fill(data, sizeof data, 3);
    b.config.pause_reads_when_full = true;
    b.config.high_water = 100000;
    connect_and_open();
    /* The far end writes and does not read. */
    unsigned messages = 0;
    for (int idle = 0; idle < 50;) {
        if (b.far.pending.len == 0) {
            far_send(&b.far, WS_OP_BINARY, 0, data + messages % 100, 9000);
            grown_add(&sent, data + messages % 100, 9000);
            messages++;
        }
        uint64_t before = b.conn->counters.bytes_in;
        far_flush(&b.far);
        ws_loop_turn(b.loop, 0);
        idle = b.conn->counters.bytes_in == before ? idle + 1 : 0;
        assert_true(messages < 1000); /* it would go on for ever */
    }
    assert_true(ws_conn_full(b.conn));
    assert_true(ws_conn_queued(b.conn) > b.config.high_water);
    assert_true(ws_conn_queued(b.conn) <= b.config.high_water + WS_RECEIVE_SIZE);
    assert_int_equal(b.record.drained, 0);
    assert_int_equal(b.conn->watch.interest & WS_READABLE, 0);
    /* Now it reads: everything comes, whole and in order. */
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == messages);
    assert_memory_equal(b.far.record.data.data, sent.data, sent.len);
    assert_int_equal(b.far.record.data.len, sent.len);
    assert_true(b.record.drained >= 1);
    assert_false(ws_conn_full(b.conn));
    assert_int_equal(ws_conn_queued(b.conn), 0);
    close_and_unplug();
    grown_free(&sent);
}

static void without_choke_reading_goes_on(void **state)
{
    (void)state;
    static uint8_t data[10000];
    b.config.high_water = 50000;
    b.echo = false;
    connect_and_open();
    unsigned sent = 0;
    while (!ws_conn_full(b.conn)) {
        assert_int_equal(ws_conn_send(b.conn, WS_OP_BINARY, WS_SEND_COPY, data, sizeof data),
                         WS_OK);
        sent++;
        turn(1);
        assert_true(sent < 1000);
    }
    for (int i = 0; i < 100; i++)
        far_send(&b.far, WS_OP_TEXT, 0, "still heard", 11);
    TURN_UNTIL(b.loop, b.record.messages == 100);
    assert_true(ws_conn_full(b.conn));
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == sent && b.record.drained == 1);
    close_and_unplug();
}

static void refill(struct bench *bench, enum where where, const struct ws_event *event)
{
    static uint8_t data[1000];
    (void)event;
    if (where != AT_DRAINED && where != AT_OPEN)
        return;
    while (!ws_conn_full(bench->conn) && ws_conn_queued(bench->conn) < 60000 &&
           bench->acted < 2000) {
        assert_int_equal(ws_conn_send(bench->conn, WS_OP_BINARY, WS_SEND_COPY, data, sizeof data),
                         WS_OK);
        bench->acted++;
    }
}

/* A source that sends until it is full and goes on when it is told. */
static void drained_drives_a_source(void **state)
{
    (void)state;
    int fds[2];
    b.config.high_water = 5000;
    b.act = refill;
    socket_pair(fds);
    shrink_buffers(fds[0]);
    connect_pair(fds);
    far_connect(&b.far);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == 2000);
    assert_true(b.record.drained > 10);
    b.act = NULL;
    close_and_unplug();
}

/* --- pings --- */

static void pings_are_answered(void **state)
{
    (void)state;
    char payload[126];
    memset(payload, 'p', sizeof payload);
    connect_and_open();
    for (size_t len = 0; len <= 125; len++) {
        assert_int_equal(ws_session_ping(&b.far.session, &b.far.out, payload, len), WS_OK);
        far_flush(&b.far);
        PUMP_UNTIL(b.loop, &b.far, b.far.record.pongs == len + 1);
        assert_int_equal(b.far.record.pong_len, len);
        assert_memory_equal(b.far.record.pong, payload, len);
    }
    assert_int_equal(ws_conn_ping(b.conn, "ours", 4), WS_OK);
    PUMP_UNTIL(b.loop, &b.far, b.record.pongs == 1);
    assert_memory_equal(b.record.pong, "ours", 4);
    assert_int_equal(ws_conn_ping(b.conn, payload, 126), WS_E_CONTROL_TOO_LONG);
    close_and_unplug();
}

/* A peer that pings and never reads: one pong is kept, the newest, and memory stays as it is. */
static void a_hundred_thousand_pings_unread(void **state)
{
    (void)state;
    int fds[2];
    char payload[20];
    enum { PINGS = 100000 };
    socket_pair(fds);
    shrink_buffers(fds[0]);
    connect_pair(fds);
    open_it();
    size_t most = 0;
    for (int i = 0; i < PINGS;) {
        for (int k = 0; k < 500 && i < PINGS; k++, i++) {
            int len = snprintf(payload, sizeof payload, "%d", i);
            assert_int_equal(ws_session_ping(&b.far.session, &b.far.out, payload, (size_t)len),
                             WS_OK);
        }
        do {
            far_flush(&b.far);
            turn(1);
        } while (b.far.pending.len > 0);
        if (ws_conn_queued(b.conn) > most)
            most = ws_conn_queued(b.conn);
    }
    TURN_UNTIL(b.loop, b.record.pings == PINGS);
    assert_true(most > 0);
    assert_true(most < 64 * 1024);
    assert_non_null(b.conn->cold->pong);
    PUMP_UNTIL(b.loop, &b.far,
               b.far.record.pong_len == 5 && memcmp(b.far.record.pong, "99999", 5) == 0);
    assert_true(b.far.record.pongs < PINGS);
    assert_null(b.conn->cold->pong);
    far_send(&b.far, WS_OP_TEXT, 0, "and on", 6);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == 1);
    close_and_unplug();
}

/* --- ending it from anywhere --- */

enum { DO_CLOSE, DO_ABORT, DO_FAIL, DO_CLOSE_AND_ABORT, DO_EVERYTHING, DEEDS };

static void act_once(struct bench *bench, enum where where, const struct ws_event *event)
{
    struct ws_conn *conn = bench->conn;
    if (where != bench->at || bench->acted || (where == AT_EVENT && event->type != bench->at_event))
        return;
    bench->acted = 1;
    switch (bench->what) {
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
    far_connect(&b.far);
    int part = 0;
    for (int step = 0; step < 400 && b.conn && !b.far.eof; step++) {
        far_pump(&b.far);
        ws_loop_turn(b.loop, 0);
        if (ws_session_state(&b.far.session) != WS_STATE_OPEN)
            continue;
        if (part == 0) {
            ws_session_send(&b.far.session, &b.far.out, WS_OP_TEXT, 0, (char[]){"hello"}, 5);
            ws_session_ping(&b.far.session, &b.far.out, "ping", 4);
            ws_session_pong(&b.far.session, &b.far.out, "pong", 4);
            ws_session_send(&b.far.session, &b.far.out, WS_OP_BINARY, 0, data, sizeof data);
            far_flush(&b.far);
            part = 1;
        } else if (part == 1 && b.far.record.data.len >= 5 + sizeof data) {
            ws_session_send(&b.far.session, &b.far.out, WS_OP_BINARY, WS_SEND_MORE, data, 10);
            ws_session_send(&b.far.session, &b.far.out, WS_OP_BINARY, 0, data, 10);
            ws_session_send(&b.far.session, &b.far.out, WS_OP_TEXT, 0, (char[]){"bye"}, 3);
            if (b.at_event == WS_EVENT_ERROR)
                far_raw(&b.far, "\xFF\xFF\xFF", 3);
            else
                ws_session_close(&b.far.session, &b.far.out, 1000, NULL, 0);
            far_flush(&b.far);
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
    b.config.session.chunks = true;
    b.config.pause_reads_when_full = true;
    b.config.high_water = 1000;
    b.config.close_ms = 50;
    b.act = act_once;
    for (size_t place = 0; place < sizeof places / sizeof places[0]; place++)
        for (int what = 0; what < DEEDS; what++) {
            b.act = act_once;
            b.at = places[place].at;
            b.at_event = places[place].event;
            b.what = what;
            unsigned before = open_descriptors();
            converse();
            TURN_UNTIL(b.loop, b.record.ends == 1 || (far_pump(&b.far), false));
            if (!b.acted)
                fail_msg("place %zu was never reached", place);
            if (what == DO_ABORT || what == DO_CLOSE_AND_ABORT || what == DO_EVERYTHING) {
                assert_int_equal(b.events_after, 0);
                if (b.at != AT_CLOSE && b.at_event != WS_EVENT_CLOSE &&
                    b.at_event != WS_EVENT_ERROR)
                    assert_int_equal(b.record.end.error, WS_E_SHED);
            }
            if (what == DO_FAIL) {
                assert_int_equal(b.events_after, 0);
                if (b.at == AT_REQUEST)
                    assert_int_equal(b.record.end.http_status, 503);
            }
            if (what == DO_CLOSE && b.at != AT_REQUEST && b.at != AT_CLOSE &&
                b.at_event != WS_EVENT_ERROR) {
                assert_int_equal(b.far.record.closes, 1);
                assert_int_equal(b.far.record.code, 3001);
            }
            disconnect_pair();
            ws_loop_turn(b.loop, 0);
            assert_int_equal(open_descriptors(), before);
        }
}

static void refuse_in_close(struct bench *bench, enum where where, const struct ws_event *event)
{
    (void)event;
    if (where != AT_CLOSE)
        return;
    struct ws_http_answer answer = {.status = 404};
    struct ws_request_options options = {.target = "/", .host = "test"};
    assert_true(ws_conn_accept(bench->conn, NULL) != WS_OK);
    assert_true(ws_conn_refuse(bench->conn, &answer) != WS_OK);
    assert_true(ws_conn_refuse_error(bench->conn, WS_E_SHED) != WS_OK);
    assert_true(ws_conn_connect(bench->conn, &options) != WS_OK);
    bench->acted = 1;
}

/* Too late for anything: an error, and nothing of the connection is left on the loop. */
static void answers_in_close(void **state)
{
    (void)state;
    for (int open = 0; open < 2; open++) {
        b.act = refuse_in_close;
        connect_ends();
        if (open)
            open_it();
        close(b.far.fd);
        b.far.fd = -1;
        TURN_UNTIL(b.loop, b.record.ends == 1);
        assert_int_equal(b.acted, 1);
        turn(1);
        assert_null(b.env.scratch->writer);
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
            b.config.session.chunks = at % 2;
            connect_ends();
            if (at > 0)
                assert_int_equal(send(b.far.fd, bytes.data, at, 0), at);
            /* Closing with something unread makes it a reset; at once, or with time to answer. */
            if (reset == 1)
                turn(3);
            if (reset == 2) {
                turn(3);
                while (far_pump(&b.far))
                    ;
            }
            close(b.far.fd);
            b.far.fd = -1;
            TURN_UNTIL(b.loop, b.record.ends == 1);
            assert_false(b.record.end.clean);
            assert_int_equal(b.record.end.code, WS_CLOSE_ABNORMAL);
            if (reset != 0 || at == 0) {
                assert_int_equal(b.record.end.opened, at >= head);
                unsigned whole = 0;
                while (whole < 3 && message[whole] <= at)
                    whole++;
                assert_int_equal(b.record.messages, whole);
            }
            enum ws_error error = b.record.end.error;
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
        ws_session_send(&b.far.session, &b.far.out, WS_OP_TEXT, 0, (char[]){"good"}, 4);
    far_raw(&b.far, "\x83\x80\0\0\0\0\x81\x80\0\0\0\0", 12);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.closes == 1 && b.far.eof);
    assert_int_equal(b.far.record.messages, 10);
    assert_int_equal(b.far.record.code, 1002);
    assert_int_equal(b.record.messages, 10);
    assert_int_equal(b.record.error, WS_E_OPCODE);
    close(b.far.fd);
    b.far.fd = -1;
    TURN_UNTIL(b.loop, b.record.ends == 1);
    assert_int_equal(b.record.end.error, WS_E_OPCODE);
    disconnect_pair();
}

/* --- the request --- */

static void answered_later(void **state)
{
    (void)state;
    for (int deed = 0; deed < 3; deed++) {
        b.pending = true;
        connect_ends();
        far_connect(&b.far);
        PUMP_UNTIL(b.loop, &b.far, b.requests == 1);
        turn(2);
        assert_int_equal(b.record.opens, 0);
        if (deed == 0) {
            /* What comes behind the head waits with it. */
            uint8_t early[] = {0x81, 0x81, 0, 0, 0, 0, 'e'};
            far_raw(&b.far, early, sizeof early);
            turn(3);
            assert_int_equal(b.record.messages, 0);
            assert_int_equal(ws_conn_accept(b.conn, NULL), WS_OK);
            PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == 1);
            assert_int_equal(b.requests, 1);
            close_and_unplug();
            continue;
        }
        struct ws_http_answer answer = {.status = 403, .body = "no\n", .body_len = 3};
        if (deed == 1)
            assert_int_equal(ws_conn_refuse(b.conn, &answer), WS_OK);
        else
            assert_int_equal(ws_conn_refuse_error(b.conn, WS_E_SHED), WS_OK);
        assert_int_equal(ws_conn_accept(b.conn, NULL), WS_E_STATE);
        PUMP_UNTIL(b.loop, &b.far, b.far.record.errors == 1 && b.far.eof);
        assert_int_equal(b.far.record.error, WS_E_STATUS);
        close(b.far.fd);
        b.far.fd = -1;
        TURN_UNTIL(b.loop, b.record.ends == 1);
        assert_int_equal(b.record.end.http_status, deed == 1 ? 403 : 503);
        assert_int_equal(b.record.end.error, deed == 1 ? WS_OK : WS_E_SHED);
        assert_false(b.record.end.opened);
        disconnect_pair();
    }
}

static void calls_before_the_upgrade(void **state)
{
    (void)state;
    connect_ends();
    assert_int_equal(ws_conn_send(b.conn, WS_OP_TEXT, 0, (char[]){"x"}, 1), WS_E_STATE);
    assert_int_equal(ws_conn_ping(b.conn, "x", 1), WS_E_STATE);
    assert_int_equal(ws_conn_close(b.conn, 1000, NULL), WS_E_STATE);
    assert_int_equal(ws_conn_accept(b.conn, NULL), WS_E_STATE);
    turn(2);
    open_it();
    assert_int_equal(ws_conn_close(b.conn, 1006, NULL), WS_E_CLOSE_CODE);
    close_and_unplug();
}

/* --- deadlines --- */

static bool got_text(const char *text)
{
    static char all[4096];
    static size_t len;
    static int of = -1;
    if (of != b.far.fd)
        len = 0;
    of = b.far.fd;
    ssize_t n = recv(b.far.fd, all + len, sizeof all - 1 - len, 0);
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
    b.config.handshake_ms = 20;
    b.config.close_ms = 20;
    for (int variant = 0; variant < 3; variant++) {
        b.pending = variant == 2;
        connect_ends();
        int64_t begun = ws_loop_now(b.loop);
        if (variant == 1)
            assert_int_equal(send(b.far.fd, "GET / HTTP/1.1\r\n", 16, 0), 16);
        if (variant == 2)
            far_connect(&b.far);
        TURN_UNTIL(b.loop, got_text("HTTP/1.1 408 "));
        assert_true(ws_loop_now(b.loop) - begun >= 20);
        TURN_UNTIL(b.loop, b.record.ends == 1);
        assert_int_equal(b.record.end.error, WS_E_HANDSHAKE_TIMEOUT);
        assert_int_equal(b.record.end.http_status, 408);
        disconnect_pair();
    }
}

/* The loop stands still until this deadline and the next have passed: the answer is still sent. */
static void handshake_deadline_after_a_stall(void **state)
{
    (void)state;
    b.config.handshake_ms = 5;
    b.config.close_ms = 5;
    connect_ends();
    usleep(40000);
    TURN_UNTIL(b.loop, got_text("HTTP/1.1 408 "));
    TURN_UNTIL(b.loop, b.record.ends == 1);
    disconnect_pair();
}

/* A client sends no status to anyone. */
static void handshake_deadline_of_a_client(void **state)
{
    (void)state;
    ws_conn_config_init(&b.config, WS_ROLE_CLIENT);
    b.config.handshake_ms = 20;
    b.config.close_ms = 20;
    connect_ends();
    struct ws_request_options options = {.target = "/", .host = "test"};
    assert_int_equal(ws_conn_connect(b.conn, &options), WS_OK);
    TURN_UNTIL(b.loop, b.record.ends == 1);
    assert_int_equal(b.record.end.error, WS_E_HANDSHAKE_TIMEOUT);
    assert_int_equal(b.record.end.http_status, 0);
    disconnect_pair();
}

static void close_deadline(void **state)
{
    (void)state;
    b.config.close_ms = 30;
    /* A peer that never answers our close frame. */
    connect_and_open();
    int64_t begun = ws_loop_now(b.loop);
    assert_int_equal(ws_conn_close(b.conn, 1000, NULL), WS_OK);
    TURN_UNTIL(b.loop, b.record.ends == 1);
    assert_true(ws_loop_now(b.loop) - begun >= 30);
    assert_int_equal(b.record.end.error, WS_E_CLOSE_TIMEOUT);
    assert_false(b.record.end.clean);
    disconnect_pair();
    /* One that answers, and then keeps its end open: not worth a word. */
    connect_and_open();
    assert_int_equal(ws_conn_close(b.conn, 1000, NULL), WS_OK);
    PUMP_UNTIL(b.loop, &b.far, b.record.ends == 1);
    assert_int_equal(b.record.end.error, WS_OK);
    assert_true(b.record.end.clean);
    assert_false(b.record.end.by_peer);
    disconnect_pair();
}

/* A client waits for as long as something moves. */
static void a_client_waits_for_the_rest(void **state)
{
    (void)state;
    ws_conn_config_init(&b.config, WS_ROLE_CLIENT);
    b.config.close_ms = 60;
    b.echo = false;
    connect_and_open();
    assert_int_equal(ws_conn_close(b.conn, 1000, NULL), WS_OK);
    turn(1);
    for (unsigned i = 1; i <= 10; i++) {
        uint8_t frame[] = {0x81, 1, 'x'};
        assert_int_equal(send(b.far.fd, frame, sizeof frame, 0), sizeof frame);
        int64_t until = ws_loop_now(b.loop) + 20;
        TURN_UNTIL(b.loop, ws_loop_now(b.loop) >= until);
        assert_int_equal(b.record.messages, i);
    }
    assert_int_equal(b.record.ends, 0);
    TURN_UNTIL(b.loop, b.record.ends == 1);
    assert_int_equal(b.record.end.error, WS_E_CLOSE_TIMEOUT);
    disconnect_pair();
}

static void fragment_deadline(void **state)
{
    (void)state;
    b.config.fragment_ms = 400;
    b.config.close_ms = 20;
    connect_and_open();
    /* Finished in time, again and again: no harm. */
    for (unsigned i = 0; i < 5; i++) {
        far_send(&b.far, WS_OP_TEXT, WS_SEND_MORE, "a", 1);
        int64_t until = ws_loop_now(b.loop) + 100;
        TURN_UNTIL(b.loop, ws_loop_now(b.loop) >= until);
        far_send(&b.far, WS_OP_TEXT, 0, "b", 1);
        PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == i + 1);
    }
    far_send(&b.far, WS_OP_TEXT, WS_SEND_MORE, "a", 1);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.closes == 1);
    assert_int_equal(b.far.record.code, 1008);
    PUMP_UNTIL(b.loop, &b.far, b.record.ends == 1);
    assert_int_equal(b.record.end.error, WS_E_FRAGMENT_TIMEOUT);
    disconnect_pair();
}

static void write_deadline(void **state)
{
    (void)state;
    static uint8_t data[3000000];
    b.config.write_ms = 100;
    connect_and_open();
    assert_int_equal(ws_conn_send(b.conn, WS_OP_BINARY, WS_SEND_COPY, data, sizeof data), WS_OK);
    turn(2);
    assert_true(ws_conn_queued(b.conn) > 0);
    /* As long as a byte goes now and then it goes on. */
    size_t taken = 0;
    int64_t started = ws_loop_now(b.loop);
    while (ws_loop_now(b.loop) < started + 300) {
        int64_t until = ws_loop_now(b.loop) + 50;
        TURN_UNTIL(b.loop, ws_loop_now(b.loop) >= until);
        size_t before = ws_conn_queued(b.conn);
        while (ws_conn_queued(b.conn) == before) {
            ssize_t n = recv(b.far.fd, b.far.buffer, 10000, 0);
            assert_true(n > 0);
            taken += (size_t)n;
            turn(1);
        }
    }
    assert_int_equal(b.record.ends, 0);
    assert_true(taken < sizeof data);
    int64_t begun = ws_loop_now(b.loop);
    TURN_UNTIL(b.loop, b.record.ends == 1);
    assert_true(ws_loop_now(b.loop) - begun >= 90);
    assert_int_equal(b.record.end.error, WS_E_WRITE_TIMEOUT);
    disconnect_pair();
}

static void idle_deadline(void **state)
{
    (void)state;
    b.config.idle_ms = 40;
    connect_and_open();
    for (unsigned i = 0; i < 4; i++) {
        far_send(&b.far, WS_OP_TEXT, 0, "x", 1);
        int64_t until = ws_loop_now(b.loop) + 20;
        TURN_UNTIL(b.loop, ws_loop_now(b.loop) >= until);
        assert_int_equal(b.record.ends, 0);
    }
    PUMP_UNTIL(b.loop, &b.far, b.far.record.closes == 1 && b.far.eof);
    assert_int_equal(b.far.record.code, 1001);
    close(b.far.fd);
    b.far.fd = -1;
    TURN_UNTIL(b.loop, b.record.ends == 1);
    assert_int_equal(b.record.end.error, WS_E_IDLE_TIMEOUT);
    assert_true(b.record.end.clean);
    disconnect_pair();
}

static void heartbeat(void **state)
{
    (void)state;
    b.config.heartbeat = (struct ws_heartbeat_config){20, 15, 2};
    connect_and_open();
    PUMP_UNTIL(b.loop, &b.far, b.far.record.pings >= 5);
    assert_int_equal(b.record.ends, 0);
    assert_true(b.conn->heartbeat.rtt.last_us > 0);
    assert_true(b.conn->heartbeat.rtt.last_us < 5000000);
    /* Now it falls silent: two more pings, and that is it. */
    unsigned before = b.far.record.pings;
    int64_t begun = ws_loop_now(b.loop);
    TURN_UNTIL(b.loop, b.record.ends == 1);
    assert_int_equal(b.record.end.error, WS_E_HEARTBEAT_TIMEOUT);
    assert_true(ws_loop_now(b.loop) - begun <= 2000);
    while (far_pump(&b.far))
        ;
    assert_in_range(b.far.record.pings - before, 2, 3);
    disconnect_pair();
}

/* Whoever is paused by us cannot be heard: that is no death. */
static void no_heartbeat_death_of_whom_we_do_not_read(void **state)
{
    (void)state;
    b.config.heartbeat = (struct ws_heartbeat_config){10, 5, 1};
    connect_and_open();
    ws_conn_pause(b.conn);
    int64_t until = ws_loop_now(b.loop) + 100;
    TURN_UNTIL(b.loop, ws_loop_now(b.loop) >= until);
    assert_int_equal(b.record.ends, 0);
    ws_conn_resume(b.conn);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.pings > 5);
    assert_int_equal(b.record.ends, 0);
    close_and_unplug();
}

/* Without any limit nothing ever happens by itself. */
static void limits_switched_off(void **state)
{
    (void)state;
    b.config.handshake_ms = b.config.close_ms = b.config.fragment_ms = 0;
    b.config.write_ms = b.config.idle_ms = b.config.heartbeat.interval_ms = 0;
    connect_and_open();
    assert_int_equal(ws_loop_timer_count(b.loop) == 0 || b.record.ends == 0, true);
    int64_t until = ws_loop_now(b.loop) + 30;
    TURN_UNTIL(b.loop, ws_loop_now(b.loop) >= until);
    assert_int_equal(b.record.ends, 0);
    assert_int_equal(b.far.received, b.conn->counters.bytes_out);
    close_and_unplug();
}

/* --- two connections on one loop --- */

struct relay {
    struct relay *partner;
    struct ws_conn *conn, *other;
    unsigned messages;
};

static void relay_event(struct ws_conn *conn, const struct ws_event *event)
{
    struct relay *relay = ws_conn_user(conn);
    char text[40];
    if (event->type != WS_EVENT_MESSAGE)
        return;
    relay->messages++;
    /* To the other, to itself, to the other again: each keeps its order. */
    if (relay->other)
        ws_conn_send(relay->other, WS_OP_TEXT, WS_SEND_COPY, event->data, event->len);
    int len = snprintf(text, sizeof text, "echo %.*s", (int)event->len, (char *)event->data);
    if (relay->messages % 2)
        ws_conn_reply(conn, event);
    else
        ws_conn_send(conn, WS_OP_TEXT, WS_SEND_COPY, text, (size_t)len);
    if (relay->other)
        ws_conn_send(relay->other, WS_OP_TEXT, WS_SEND_COPY, text, (size_t)len);
}

static void relay_close(struct ws_conn *conn, const struct ws_end *end)
{
    struct relay *relay = ws_conn_user(conn);
    (void)end;
    relay->conn = relay->partner->other = NULL;
    b.record.ends++;
}

/* Takes the messages that begin with `prefix` out of what an end got, in order from 0. */
static void in_order(struct grown *got, char who, unsigned count)
{
    unsigned plain = 0, echoed = 0;
    grown_add(got, "", 1);
    for (char *at = (char *)got->data; *at;) {
        char from;
        unsigned number;
        int used = 0;
        if (sscanf(at, "echo %c%u;%n", &from, &number, &used) == 2 && used > 0) {
            if (from == who)
                assert_int_equal(number, echoed++);
        } else if (sscanf(at, "%c%u;%n", &from, &number, &used) == 2 && used > 0) {
            if (from == who)
                assert_int_equal(number, plain++);
        } else {
            fail_msg("'%.20s' is no message", at);
        }
        at += used;
    }
    got->len--;
    assert_int_equal(plain, count);
    assert_int_equal(echoed, count);
}

static void two_connections_keep_their_order(void **state)
{
    (void)state;
    static const struct ws_handler handler = {.event = relay_event, .close = relay_close};
    struct ws_conn_env env;
    assert_int_equal(ws_conn_env_init(&env, b.loop, &b.config, &handler, NULL), WS_OK);
    struct relay relays[2] = {{0}, {0}};
    struct peer ends[2];
    enum { MANY = 3000 };
    for (int i = 0; i < 2; i++) {
        int fds[2];
        socket_pair(fds);
        far_init(&ends[i], fds[1], WS_ROLE_CLIENT);
        relays[i].conn = ws_conn_new(&env, fds[0], &relays[i]);
        assert_non_null(relays[i].conn);
        far_connect(&ends[i]);
        PUMP_UNTIL(b.loop, &ends[i], ends[i].record.opens == 1);
    }
    relays[0].partner = &relays[1];
    relays[1].partner = &relays[0];
    relays[0].other = relays[1].conn;
    relays[1].other = relays[0].conn;
    for (int i = 0; i < MANY; i++)
        for (int e = 0; e < 2; e++) {
            char text[20];
            int len = snprintf(text, sizeof text, "%c%d;", 'a' + e, i);
            far_send(&ends[e], WS_OP_TEXT, 0, text, (size_t)len);
            if (i % 50 == 0)
                turn(1);
        }
    for (int e = 0; e < 2; e++)
        PUMP_UNTIL(b.loop, &ends[e], (far_pump(&ends[1 - e]), ends[e].record.messages == 3 * MANY));
    /* Of its own messages each end got the reply, of the other's both forms. */
    in_order(&ends[0].record.data, 'b', MANY);
    in_order(&ends[1].record.data, 'a', MANY);

    /* One ends while the other goes on sending to it within the same batch. */
    ws_conn_abort(relays[1].conn, WS_E_SHED);
    far_send(&ends[0], WS_OP_TEXT, 0, "a0;", 3);
    relays[0].messages = 0;
    TURN_UNTIL(b.loop, b.record.ends == 1);
    ws_conn_abort(relays[0].conn, WS_E_SHED);
    TURN_UNTIL(b.loop, b.record.ends == 2);
    for (int e = 0; e < 2; e++)
        far_free(&ends[e]);
}

/* --- the rest --- */

static void who_is_there(void **state)
{
    (void)state;
    char text[64];
    connect_ends();
    assert_string_equal(ws_conn_peer(b.conn, text, sizeof text), "unix");
    assert_string_equal(ws_conn_peer(b.conn, text, 3), "un");
    disconnect_pair();

    for (int family = 0; family < 2; family++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        struct sockaddr *address = family ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
        socklen_t len = family ? sizeof v6 : sizeof v4;
        int listener = socket(family ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
        if (bind(listener, address, len) < 0 || listen(listener, 1) < 0) {
            assert_true(family == 1); /* a machine without IPv6 */
            close(listener);
            continue;
        }
        getsockname(listener, address, &len);
        int fds[2] = {socket(family ? AF_INET6 : AF_INET, SOCK_STREAM, 0), -1};
        assert_int_equal(connect(fds[0], address, len), 0);
        fds[1] = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        close(listener);
        char expected[64];
        if (family)
            snprintf(expected, sizeof expected, "[::1]:%u", ntohs(v6.sin6_port));
        else
            snprintf(expected, sizeof expected, "127.0.0.1:%u", ntohs(v4.sin_port));
        b.record.ends = 0;
        connect_pair(fds);
        assert_string_equal(ws_conn_peer(b.conn, text, sizeof text), expected);
        disconnect_pair();
    }
}

static void fragments_out(void **state)
{
    (void)state;
    connect_and_open();
    assert_int_equal(ws_conn_send(b.conn, WS_OP_TEXT, WS_SEND_MORE, (char[]){"one "}, 4), WS_OK);
    assert_int_equal(ws_conn_ping(b.conn, "in between", 10), WS_OK);
    assert_int_equal(ws_conn_send(b.conn, WS_OP_BINARY, 0, (char[]){"x"}, 1), WS_E_STATE);
    assert_int_equal(ws_conn_send(b.conn, WS_OP_TEXT, 0, (char[]){"two"}, 3), WS_OK);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == 1 && b.far.record.pings == 1);
    assert_memory_equal(b.far.record.data.data, "one two", 7);
    assert_int_equal(b.conn->counters.messages_out, 1);
    close_and_unplug();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

static void defer_close_reply(struct bench *bench, enum where where, const struct ws_event *event)
{
    if (where == AT_EVENT && event->type == WS_EVENT_CLOSE && event->clean)
        ws_conn_defer_close_reply(bench->conn);
}

static void a_close_may_be_answered_late(void **state)
{
    (void)state;
    char last[] = "last words";
    b.act = defer_close_reply;
    b.config.close_ms = 20;
    connect_and_open();
    far_close(&b.far, 1000);
    PUMP_UNTIL(b.loop, &b.far, b.record.closes == 1);
    /* Nobody is in a hurry, and a ping is not answered any more (5.5.2). */
    int64_t later = ws_clock_us() + 60000;
    PUMP_UNTIL(b.loop, &b.far, ws_clock_us() > later);
    assert_int_equal(b.far.record.closes, 0);
    assert_non_null(b.conn);
    assert_int_equal(ws_conn_send(b.conn, WS_OP_TEXT, WS_SEND_COPY, last, 10), WS_OK);
    assert_int_equal(ws_conn_close(b.conn, 1011, "so"), WS_OK);
    assert_int_equal(ws_conn_send(b.conn, WS_OP_TEXT, WS_SEND_COPY, last, 10), WS_E_CLOSING);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.closes == 1 && b.far.eof);
    assert_int_equal(b.far.record.messages, 1);
    assert_memory_equal(b.far.record.data.data, last, 10);
    assert_int_equal(b.far.record.code, 1011);
    close(b.far.fd);
    b.far.fd = -1;
    TURN_UNTIL(b.loop, b.record.ends == 1);
    assert_true(b.record.end.clean && b.record.end.by_peer);
    disconnect_pair();
}

/* The peer is gone before the answer. */
static void a_late_answer_to_nobody(void **state)
{
    (void)state;
    char last[] = "last words";
    b.act = defer_close_reply;
    connect_and_open();
    far_close(&b.far, 1000);
    PUMP_UNTIL(b.loop, &b.far, b.record.closes == 1);
    close(b.far.fd);
    b.far.fd = -1;
    turn(3);
    ws_conn_send(b.conn, WS_OP_TEXT, WS_SEND_COPY, last, 10);
    ws_conn_close(b.conn, 1000, NULL);
    TURN_UNTIL(b.loop, b.record.ends == 1);
    disconnect_pair();
}

/* Paused, so that no reading shows it. */
static void a_reset_is_noticed_while_paused(void **state)
{
    (void)state;
    int fds[2];
    struct linger hard = {1, 0};
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    getsockname(listener, (struct sockaddr *)&address, &len);
    fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fds[1], (struct sockaddr *)&address, sizeof address), 0);
    fcntl(fds[1], F_SETFL, O_NONBLOCK);
    fds[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    close(listener);
    connect_pair(fds);
    open_it();
    ws_conn_pause(b.conn);
    far_send(&b.far, WS_OP_TEXT, 0, "unheard", 7);
    far_flush(&b.far);
    turn(3);
    assert_non_null(b.conn);
    setsockopt(b.far.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(b.far.fd);
    b.far.fd = -1;
    TURN_UNTIL(b.loop, b.record.ends == 1);
    assert_int_equal(b.record.end.error, WS_E_RESET);
    disconnect_pair();
}

/* What was said before the other end was closed is not lost to a pause. */
static void last_words_outlive_a_pause(void **state)
{
    (void)state;
    connect_and_open();
    ws_conn_pause(b.conn);
    far_send(&b.far, WS_OP_TEXT, 0, "last", 4);
    far_flush(&b.far);
    close(b.far.fd);
    b.far.fd = -1;
    turn(5);
    assert_non_null(b.conn);
    ws_conn_resume(b.conn);
    TURN_UNTIL(b.loop, b.record.ends == 1);
    assert_int_equal(b.record.messages, 1);
    disconnect_pair();
}

/* --- those who watch --- */

static char states[64];

static void note_state(struct ws_conn *conn, enum ws_state from, enum ws_state to)
{
    char step[8];
    assert_ptr_equal(conn, b.conn);
    snprintf(step, sizeof step, "%d%d ", (int)from, (int)to);
    strcat(states, step);
}

static void states_are_told(void **state)
{
    (void)state;
    states[0] = '\0';
    b.config.on_state_change = note_state;
    connect_and_open();
    assert_string_equal(states, "01 ");
    close_and_unplug();
    assert_string_equal(states, "01 13 ");

    states[0] = '\0';
    connect_and_open();
    assert_int_equal(ws_conn_close(b.conn, 1001, NULL), WS_OK);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.closes == 1 && b.far.eof);
    close(b.far.fd);
    b.far.fd = -1;
    TURN_UNTIL(b.loop, b.record.ends == 1);
    assert_string_equal(states, "01 12 23 ");
    disconnect_pair();

    /* An end without a word is one too. */
    states[0] = '\0';
    connect_ends();
    disconnect_pair();
    assert_string_equal(states, "03 ");
}

static size_t seen_before, tampered, seen_after, output_deferred;

static void count_before(const struct ws_output_filter *self, struct ws_conn *conn,
                         struct ws_out *out)
{
    (void)self;
    (void)conn;
    assert_true(out->bytes > 0);
    seen_before++;
}

static void count_after(const struct ws_output_filter *self, struct ws_conn *conn,
                        struct ws_out *out)
{
    (void)self;
    (void)conn;
    assert_true(out->bytes > 0);
    seen_after++;
}

/* Keeps what has a "k" in it. */
static void keep_some(const struct ws_output_filter *self, struct ws_conn *conn, struct ws_out *out)
{
    (void)self;
    uint8_t bytes[512] = {0};
    size_t len = 0;
    for (size_t i = 0; i < out->count; i++) {
        memcpy(bytes + len, ws_out_span_data(out, i), out->spans[i].len);
        len += out->spans[i].len;
    }
    tampered++;
    if (memcmp(bytes, "HTTP", 4) == 0)
        return;
    ws_out_clear(out);
    if (memchr(bytes, 'k', len)) {
        output_deferred += len;
        ws_conn_defer_output(conn, output_deferred);
        return;
    }
    assert_int_equal(ws_out_copy(out, bytes, len), WS_OK);
}

static void output_can_be_kept_and_sent_later(void **state)
{
    (void)state;
    static const struct ws_output_filter last = {NULL, count_after};
    static const struct ws_output_filter middle = {&last, keep_some};
    static const struct ws_output_filter first = {&middle, count_before};
    seen_before = tampered = seen_after = output_deferred = 0;
    b.config.output_filters = &first;
    b.config.pause_reads_when_full = true;
    b.config.high_water = 8;
    connect_and_open();
    assert_int_equal(tampered, 1);
    far_send(&b.far, WS_OP_TEXT, 0, "one", 3);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == 1);
    far_send(&b.far, WS_OP_TEXT, 0, "keep one", 8);
    PUMP_UNTIL(b.loop, &b.far, output_deferred == 10);
    turn(3);
    assert_int_equal(b.far.record.messages, 1);
    assert_true(ws_conn_full(b.conn)); /* as if it were queued */
    assert_int_equal(seen_before, tampered);
    assert_int_equal(seen_after, tampered - 1);

    /* It passes only the filters after the one that kept it, and the peer is read again. */
    size_t before = tampered;
    assert_int_equal(ws_conn_send_raw(b.conn, &middle, "\x81\x04late", 6), WS_OK);
    ws_conn_defer_output(b.conn, 0);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == 2 && b.record.drained == 1);
    assert_int_equal(tampered, before);
    assert_int_equal(seen_before, before);
    assert_int_equal(seen_after, before);
    assert_memory_equal(b.far.record.data.data, "onelate", 7);
    assert_false(ws_conn_full(b.conn));

    /* While something is kept the connection does not end. */
    ws_conn_defer_output(b.conn, 1);
    far_close(&b.far, 1000);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.closes == 1);
    turn(3);
    assert_false(b.far.eof);
    ws_conn_defer_output(b.conn, 0);
    PUMP_UNTIL(b.loop, &b.far, b.far.eof);
    close(b.far.fd);
    b.far.fd = -1;
    TURN_UNTIL(b.loop, b.record.ends == 1);
    disconnect_pair();
}

/* A limit that was not there when it was opened. */
static void another_config(void **state)
{
    (void)state;
    b.config.heartbeat.interval_ms = 0;
    connect_and_open();
    b.config.idle_ms = 30;
    ws_conn_env_configure(&b.env, &b.config);
    ws_conn_reconsider(b.conn);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.closes == 1);
    assert_int_equal(b.far.record.code, 1001);
    disconnect_pair();
}

/* --- rates, and fairness --- */

/* Half a second's worth of messages and of bytes are no more than each is by itself. */
static void two_rates_are_two(void **state)
{
    (void)state;
    char data[80] = {0};
    b.config.max_rate = 10;
    b.config.max_bandwidth = 1000;
    connect_ends();
    far_connect(&b.far);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.opens == 1);
    for (int i = 0; i < 8; i++) { /* 0.8 s of the one, 0.7 s of the other */
        far_send(&b.far, WS_OP_BINARY, 0, data, sizeof data);
        PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == (unsigned)i + 1);
        assert_false(ws_conn_blocked(b.conn, WS_BLOCK_RATE));
    }
    for (int i = 0; i < 4; i++)
        far_send(&b.far, WS_OP_BINARY, 0, data, 1);
    TURN_UNTIL(b.loop, ws_conn_blocked(b.conn, WS_BLOCK_RATE));
    disconnect_pair();
}

/* However much it owes: our close frame is answered at once. */
static void closing_waits_for_no_rate(void **state)
{
    (void)state;
    static char data[5000];
    b.config.max_bandwidth = 1;
    connect_ends();
    far_connect(&b.far);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.opens == 1);
    far_send(&b.far, WS_OP_BINARY, 0, data, sizeof data);
    TURN_UNTIL(b.loop, ws_conn_blocked(b.conn, WS_BLOCK_RATE));
    ws_conn_close(b.conn, 1001, NULL);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.closes == 1 && !b.conn);
    assert_true(b.record.end.clean);
    disconnect_pair();
}

/* Whoever sends little has the others get less at a time; the end of something large does not. */
static void who_sends_little_is_minded(void **state)
{
    (void)state;
    static uint8_t data[40000];
    connect_ends();
    far_connect(&b.far);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.opens == 1);
    assert_int_equal(b.env.scratch->fair_until_ms,
                     0); /* the handshake was little, and says nothing */
    unsigned sent = 0;
    far_send(&b.far, WS_OP_BINARY, 0, data, sizeof data);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == sent + 1);
    sent++;
    for (int i = 0; i < 7; i++) {
        far_send(&b.far, WS_OP_TEXT, 0, "x", 1);
        sent++;
        PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == sent);
        assert_int_equal(b.env.scratch->fair_until_ms, 0);
    }
    far_send(&b.far, WS_OP_TEXT, 0, "x", 1);
    sent++;
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == sent);
    assert_true(b.env.scratch->fair_until_ms > ws_loop_now(b.loop));
    disconnect_pair();
}

/* Messages that are a thousand times larger than what came of them: a turn deals with a few. */
static void what_grows_does_not_keep_the_others_waiting(void **state)
{
    (void)state;
    enum { COUNT = 300, LEN = 200000 };
    static char zeros[LEN];
    struct ws_deflate_config wishes;
    struct ws_deflate_pool pool = {0};
    ws_deflate_config_init(&wishes);
    b.config.session.deflate = &wishes;
    b.config.session.deflate_pool = &pool;
    b.echo = false;
    connect_ends();
    b.far.config.deflate = &wishes;
    far_connect(&b.far);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.opens == 1);
    assert_non_null(ws_session_deflate(&b.conn->session));
    for (int i = 0; i < COUNT; i++)
        far_send(&b.far, WS_OP_BINARY, 0, zeros, LEN);
    uint64_t wire = ws_session_deflate(&b.far.session)->counts.wire_out;
    assert_true(wire < WS_RECEIVE_FAIR); /* all of them in one receive */
    unsigned turns = 0;
    while (b.record.messages < COUNT) {
        unsigned before = b.record.messages;
        far_flush(&b.far);
        ws_loop_turn(b.loop, 5);
        turns++;
        /* A turn of the loop may begin with a share that is due and end with another. */
        assert_true(b.record.messages - before <= 2 * (WS_TURN_MOST / LEN + 1));
        grown_consume(&b.record.data, b.record.data.len);
    }
    assert_true(turns >= COUNT / 2 / (WS_TURN_MOST / LEN + 1));
    disconnect_pair();
    ws_deflate_pool_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_rates_are_two),
        TEST(closing_waits_for_no_rate),
        TEST(who_sends_little_is_minded),
        TEST(what_grows_does_not_keep_the_others_waiting),
        TEST(states_are_told),
        TEST(output_can_be_kept_and_sent_later),
        TEST(another_config),
        TEST(echo_of_every_size),
        TEST(one_send_however_many_frames),
        TEST(cut_anywhere),
        TEST(without_a_handler),
        TEST(paused_in_every_callback),
        TEST(resumed_inside),
        TEST(parked_and_fed_again),
        TEST(a_choked_connection_stops_reading),
        TEST(without_choke_reading_goes_on),
        TEST(drained_drives_a_source),
        TEST(pings_are_answered),
        TEST(a_hundred_thousand_pings_unread),
        TEST(ended_from_every_callback),
        TEST(answers_in_close),
        TEST(lost_at_every_byte),
        TEST(a_fault_after_good_messages),
        TEST(answered_later),
        TEST(calls_before_the_upgrade),
        TEST(handshake_deadline),
        TEST(handshake_deadline_after_a_stall),
        TEST(handshake_deadline_of_a_client),
        TEST(close_deadline),
        TEST(a_client_waits_for_the_rest),
        TEST(fragment_deadline),
        TEST(write_deadline),
        TEST(idle_deadline),
        TEST(heartbeat),
        TEST(no_heartbeat_death_of_whom_we_do_not_read),
        TEST(limits_switched_off),
        TEST(two_connections_keep_their_order),
        TEST(who_is_there),
        TEST(fragments_out),
        TEST(a_close_may_be_answered_late),
        TEST(a_late_answer_to_nobody),
        TEST(a_reset_is_noticed_while_paused),
        TEST(last_words_outlive_a_pause),
    };
    return cmocka_run_group_tests_name("conn", tests, NULL, NULL);
}
