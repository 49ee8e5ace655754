#include "libws/conn/conn_private.h"

#include "tests/unit/support_conn_fixture.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

static void pause_after_every_event(struct conn_fixture *f, enum where where,
                                    const struct ws_event *event)
{
    (void)event;
    if (where != AT_CLOSE) {
        ws_conn_pause(f->conn);
        f->acted++;
    }
}

/* Lets one event through, and sees that no other follows it. */
static void one_more(void)
{
    unsigned before = fx.acted;
    ws_conn_resume(fx.conn);
    PUMP_UNTIL(fx.loop, &fx.far, fx.acted > before);
    for (int i = 0; i < 3; i++) {
        far_pump(&fx.far);
        fixture_turn(1);
    }
    assert_int_equal(fx.acted, before + 1);
}

static void paused_in_every_callback(void **state)
{
    (void)state;
    enum { MANY = 200 };
    char all[MANY * 5], *at = all;
    fx.act = pause_after_every_event;
    connect_ends();
    far_connect(&fx.far);
    PUMP_UNTIL(fx.loop, &fx.far, fx.acted == 1);
    assert_int_equal(fx.requests, 1);
    one_more();
    assert_int_equal(fx.record.opens, 1);
    assert_int_equal(fx.far.record.opens, 1);
    /* Many frames in one read. */
    for (int i = 0; i < MANY; i++) {
        int len = sprintf(at, "%d,", i);
        ws_session_send(&fx.far.session, &fx.far.out, WS_OP_TEXT, 0, at, (size_t)len);
        at += len;
    }
    ws_session_ping(&fx.far.session, &fx.far.out, "last", 4);
    ws_session_close(&fx.far.session, &fx.far.out, 1000, NULL, 0);
    far_flush(&fx.far);
    fixture_turn(3);
    assert_int_equal(fx.acted, 2);
    for (unsigned i = 0; i < MANY; i++) {
        one_more();
        assert_int_equal(fx.record.messages, i + 1);
        assert_int_equal(fx.far.record.messages, i + 1); /* what was answered has gone */
    }
    one_more();
    assert_int_equal(fx.record.pings, 1);
    assert_int_equal(fx.far.record.pongs, 1);
    one_more();
    assert_int_equal(fx.record.closes, 1);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.closes == 1);
    assert_int_equal(fx.record.data.len, at - all);
    assert_memory_equal(fx.record.data.data, all, (size_t)(at - all));
    assert_int_equal(fx.far.record.data.len, at - all);
    assert_memory_equal(fx.far.record.data.data, all, (size_t)(at - all));
    disconnect_pair();
}

static void to_and_fro(struct conn_fixture *f, enum where where, const struct ws_event *event)
{
    (void)event;
    if (where == AT_CLOSE)
        return;
    ws_conn_pause(f->conn);
    ws_conn_resume(f->conn);
    ws_conn_resume(f->conn);
    if (++f->acted % 2) {
        ws_conn_pause(f->conn);
        ws_conn_pause(f->conn);
        ws_conn_resume(f->conn);
    }
}

static void resumed_inside(void **state)
{
    (void)state;
    fx.act = to_and_fro;
    connect_and_open();
    for (int i = 0; i < 500; i++)
        far_send(&fx.far, WS_OP_TEXT, 0, "abc", 3);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == 500);
    close_and_disconnect();
}

/* Parked, fed again, parked again: with fragments of frames at the end. */
static void pause_now_and_then(struct conn_fixture *f, enum where where,
                               const struct ws_event *event)
{
    (void)event;
    if (where == AT_EVENT && ++f->acted % 3 == 0)
        ws_conn_pause(f->conn);
}

static void parked_and_fed_again(void **state)
{
    (void)state;
    static uint8_t data[30000];
    struct grown sent = {0};
    fill(data, sizeof data, 7);
    for (int chunks = 0; chunks < 2; chunks++) {
        fx.config.session.chunks = chunks;
        fx.act = pause_now_and_then;
        connect_and_open();
        unsigned messages = 0;
        uint32_t x = 1;
        for (int round = 0; round < 60; round++) {
            for (int i = 0; i < 8; i++, messages++) {
                x = x * 1103515245 + 12345;
                size_t len = (x >> 8) % (i == 0 ? sizeof data : 300);
                ws_session_send(&fx.far.session, &fx.far.out, WS_OP_BINARY, 0, data, len);
                grown_add(&sent, data, len);
            }
            far_flush(&fx.far);
            fixture_turn(1);
            far_pump(&fx.far);
            if (round % 3 == 0)
                ws_conn_resume(fx.conn);
        }
        fx.act = NULL;
        ws_conn_resume(fx.conn);
        PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == messages);
        assert_int_equal(fx.far.record.data.len, sent.len);
        assert_memory_equal(fx.far.record.data.data, sent.data, sent.len);
        close_and_disconnect();
        grown_free(&sent);
    }
}

/* --- high water --- */

static void a_full_connection_stops_reading(void **state)
{
    (void)state;
    static uint8_t data[10000];
    struct grown sent = {0};
    fill(data, sizeof data, 3);
    fx.config.pause_reads_when_full = true;
    fx.config.high_water = 100000;
    connect_and_open();
    /* The far end writes and does not read. */
    unsigned messages = 0;
    for (int idle = 0; idle < 50;) {
        if (fx.far.pending.len == 0) {
            far_send(&fx.far, WS_OP_BINARY, 0, data + messages % 100, 9000);
            grown_add(&sent, data + messages % 100, 9000);
            messages++;
        }
        uint64_t before = fx.conn->counters.bytes_in;
        far_flush(&fx.far);
        ws_loop_turn(fx.loop, 0);
        idle = fx.conn->counters.bytes_in == before ? idle + 1 : 0;
        assert_true(messages < 1000); /* it would go on for ever */
    }
    assert_true(ws_conn_full(fx.conn));
    assert_true(ws_conn_queued(fx.conn) > fx.config.high_water);
    assert_true(ws_conn_queued(fx.conn) <= fx.config.high_water + WS_RECEIVE_SIZE);
    assert_int_equal(fx.record.drained, 0);
    assert_int_equal(fx.conn->watch.interest & WS_READABLE, 0);
    /* Now it reads: everything comes, whole and in order. */
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == messages);
    assert_memory_equal(fx.far.record.data.data, sent.data, sent.len);
    assert_int_equal(fx.far.record.data.len, sent.len);
    assert_true(fx.record.drained >= 1);
    assert_false(ws_conn_full(fx.conn));
    assert_int_equal(ws_conn_queued(fx.conn), 0);
    close_and_disconnect();
    grown_free(&sent);
}

static void without_pause_when_full_reading_goes_on(void **state)
{
    (void)state;
    static uint8_t data[10000];
    fx.config.high_water = 50000;
    fx.echo = false;
    connect_and_open();
    unsigned sent = 0;
    while (!ws_conn_full(fx.conn)) {
        assert_int_equal(ws_conn_send(fx.conn, WS_OP_BINARY, WS_SEND_COPY, data, sizeof data),
                         WS_OK);
        sent++;
        fixture_turn(1);
        assert_true(sent < 1000);
    }
    for (int i = 0; i < 100; i++)
        far_send(&fx.far, WS_OP_TEXT, 0, "still heard", 11);
    TURN_UNTIL(fx.loop, fx.record.messages == 100);
    assert_true(ws_conn_full(fx.conn));
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == sent && fx.record.drained == 1);
    close_and_disconnect();
}

static void refill(struct conn_fixture *f, enum where where, const struct ws_event *event)
{
    static uint8_t data[1000];
    (void)event;
    if (where != AT_DRAINED && where != AT_OPEN)
        return;
    while (!ws_conn_full(f->conn) && ws_conn_queued(f->conn) < 60000 && f->acted < 2000) {
        assert_int_equal(ws_conn_send(f->conn, WS_OP_BINARY, WS_SEND_COPY, data, sizeof data),
                         WS_OK);
        f->acted++;
    }
}

/* A source that sends until the queue is full and goes on when it has drained. */
static void drained_drives_a_source(void **state)
{
    (void)state;
    int fds[2];
    fx.config.high_water = 5000;
    fx.act = refill;
    socket_pair(fds);
    shrink_buffers(fds[0]);
    connect_pair(fds);
    far_connect(&fx.far);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == 2000);
    assert_true(fx.record.drained > 10);
    fx.act = NULL;
    close_and_disconnect();
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
    ws_conn_pause(fx.conn);
    far_send(&fx.far, WS_OP_TEXT, 0, "unheard", 7);
    far_flush(&fx.far);
    fixture_turn(3);
    assert_non_null(fx.conn);
    setsockopt(fx.far.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fx.far.fd);
    fx.far.fd = -1;
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_int_equal(fx.record.end.error, WS_E_RESET);
    disconnect_pair();
}

/* What was said before the other end was closed is not lost to a pause. */
static void last_words_outlive_a_pause(void **state)
{
    (void)state;
    connect_and_open();
    ws_conn_pause(fx.conn);
    far_send(&fx.far, WS_OP_TEXT, 0, "last", 4);
    far_flush(&fx.far);
    close(fx.far.fd);
    fx.far.fd = -1;
    fixture_turn(5);
    assert_non_null(fx.conn);
    ws_conn_resume(fx.conn);
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    assert_int_equal(fx.record.messages, 1);
    disconnect_pair();
}

/* Half a second's worth of messages and of bytes are no more than each is by itself. */
static void two_rates_are_two(void **state)
{
    (void)state;
    char data[80] = {0};
    fx.config.max_rate = 10;
    fx.config.max_bandwidth = 1000;
    connect_ends();
    far_connect(&fx.far);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.opens == 1);
    for (int i = 0; i < 8; i++) { /* 0.8 s of the one, 0.7 s of the other */
        far_send(&fx.far, WS_OP_BINARY, 0, data, sizeof data);
        PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == (unsigned)i + 1);
        assert_false(ws_conn_blocked(fx.conn, WS_BLOCK_RATE));
    }
    for (int i = 0; i < 4; i++)
        far_send(&fx.far, WS_OP_BINARY, 0, data, 1);
    TURN_UNTIL(fx.loop, ws_conn_blocked(fx.conn, WS_BLOCK_RATE));
    disconnect_pair();
}

/* However much it owes: our close frame is answered at once. */
static void closing_waits_for_no_rate(void **state)
{
    (void)state;
    static char data[5000];
    fx.config.max_bandwidth = 1;
    connect_ends();
    far_connect(&fx.far);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.opens == 1);
    far_send(&fx.far, WS_OP_BINARY, 0, data, sizeof data);
    TURN_UNTIL(fx.loop, ws_conn_blocked(fx.conn, WS_BLOCK_RATE));
    ws_conn_close(fx.conn, 1001, NULL);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.closes == 1 && !fx.conn);
    assert_true(fx.record.end.clean);
    disconnect_pair();
}

/* After an interactive connection the others get less at a time; after the end of a large message
 * they do not. */
static void who_sends_little_is_minded(void **state)
{
    (void)state;
    static uint8_t data[40000];
    connect_ends();
    far_connect(&fx.far);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.opens == 1);
    assert_int_equal(fx.env.scratch->fair_until_ms,
                     0); /* the handshake was little, and says nothing */
    unsigned sent = 0;
    far_send(&fx.far, WS_OP_BINARY, 0, data, sizeof data);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == sent + 1);
    sent++;
    for (int i = 0; i < 7; i++) {
        far_send(&fx.far, WS_OP_TEXT, 0, "x", 1);
        sent++;
        PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == sent);
        assert_int_equal(fx.env.scratch->fair_until_ms, 0);
    }
    far_send(&fx.far, WS_OP_TEXT, 0, "x", 1);
    sent++;
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == sent);
    assert_true(fx.env.scratch->fair_until_ms > ws_loop_now(fx.loop));
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
    wishes.level = 6; /* zlib: what compresses faster makes more than one receive of it */
    fx.config.session.deflate = &wishes;
    fx.config.session.deflate_pool = &pool;
    fx.echo = false;
    connect_ends();
    fx.far.config.deflate = &wishes;
    far_connect(&fx.far);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.opens == 1);
    assert_non_null(ws_session_deflate(&fx.conn->session));
    for (int i = 0; i < COUNT; i++)
        far_send(&fx.far, WS_OP_BINARY, 0, zeros, LEN);
    uint64_t wire = ws_session_deflate(&fx.far.session)->counts.wire_out;
    assert_true(wire < WS_RECEIVE_FAIR); /* all of them in one receive */
    unsigned turns = 0;
    while (fx.record.messages < COUNT) {
        unsigned before = fx.record.messages;
        far_flush(&fx.far);
        ws_loop_turn(fx.loop, 5);
        turns++;
        /* A turn of the loop may begin with a share that is due and end with another. */
        assert_true(fx.record.messages - before <= 2 * (WS_TURN_MOST / LEN + 1));
        grown_consume(&fx.record.data, fx.record.data.len);
    }
    assert_true(turns >= COUNT / 2 / (WS_TURN_MOST / LEN + 1));
    disconnect_pair();
    ws_deflate_pool_free(&pool);
}

/* Each reason not to read is taken back by itself; reading goes on when none is left. */
static void pauses_overlap(void **state)
{
    (void)state;
    connect_and_open();
    ws_conn_pause(fx.conn);
    ws_conn_block(fx.conn, WS_BLOCK_HUB);
    far_send(&fx.far, WS_OP_TEXT, 0, "x", 1);
    far_flush(&fx.far);
    fixture_turn(3);
    assert_int_equal(fx.record.messages, 0);
    ws_conn_resume(fx.conn); /* the handler's does not end the hub's */
    fixture_turn(3);
    assert_int_equal(fx.record.messages, 0);
    assert_true(ws_conn_blocked(fx.conn, WS_BLOCK_HUB));
    assert_false(ws_conn_blocked(fx.conn, WS_BLOCK_HANDLER));
    ws_conn_pause(fx.conn);
    ws_conn_unblock(fx.conn, WS_BLOCK_HUB); /* nor the hub's the handler's */
    fixture_turn(3);
    assert_int_equal(fx.record.messages, 0);
    assert_true(ws_conn_paused(fx.conn));
    ws_conn_resume(fx.conn);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == 1);
    close_and_disconnect();
}

/* A handler that has much to send does so until the connection is full. */
static void send_until_full(struct conn_fixture *f, enum where where, const struct ws_event *event)
{
    static char message[1000];
    struct iovec two[] = {{message, sizeof message}, {message, sizeof message}};
    size_t sent;
    (void)event;
    if (where != AT_OPEN)
        return;
    for (f->acted = 0; !ws_conn_full(f->conn) && f->acted < 100000; f->acted += 3) {
        assert_int_equal(ws_conn_send(f->conn, WS_OP_BINARY, WS_SEND_COPY, message, sizeof message),
                         WS_OK);
        assert_int_equal(ws_conn_send_many(f->conn, WS_OP_BINARY, two, 2, &sent), WS_OK);
    }
}

static void sent_until_it_is_full(void **state)
{
    (void)state;
    fx.config.high_water = 100000;
    fx.act = send_until_full;
    connect_and_open();
    assert_true(fx.acted < 100000);
    PUMP_UNTIL(fx.loop, &fx.far, fx.record.drained == 1 && fx.far.record.messages == fx.acted);
    assert_false(ws_conn_full(fx.conn));
    close_and_disconnect();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(sent_until_it_is_full),
        FIXTURE_TEST(two_rates_are_two),
        FIXTURE_TEST(closing_waits_for_no_rate),
        FIXTURE_TEST(who_sends_little_is_minded),
        FIXTURE_TEST(what_grows_does_not_keep_the_others_waiting),
        FIXTURE_TEST(paused_in_every_callback),
        FIXTURE_TEST(resumed_inside),
        FIXTURE_TEST(pauses_overlap),
        FIXTURE_TEST(parked_and_fed_again),
        FIXTURE_TEST(a_full_connection_stops_reading),
        FIXTURE_TEST(without_pause_when_full_reading_goes_on),
        FIXTURE_TEST(drained_drives_a_source),
        FIXTURE_TEST(a_reset_is_noticed_while_paused),
        FIXTURE_TEST(last_words_outlive_a_pause),
    };
    return cmocka_run_group_tests_name("conn_read", tests, NULL, NULL);
}
