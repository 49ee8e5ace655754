#include "cmd/wsserve/faults/fault_conn.h"

#include "tests/unit/support_net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

/* An echo with faults, and a client that is driven by hand. */
static struct {
    struct ws_loop *loop;
    struct ws_conn_config config;
    struct ws_handler handler;
    struct ws_conn_env env;
    struct ws_conn *conn;
    struct faults faults;
    struct fault_conn *fault;
    struct peer far;
    bool ended, full;
    struct ws_end end;
} b;

static void on_output(const struct ws_output_filter *self, struct ws_conn *conn, struct ws_out *out)
{
    if (!b.fault)
        b.fault = fault_conn_new(conn, &b.faults, self);
    fault_conn_filter(b.fault, out);
}

static void on_event(struct ws_conn *conn, const struct ws_event *event)
{
    if (event->type == WS_EVENT_MESSAGE)
        ws_conn_reply(conn, event);
}

static void on_close(struct ws_conn *conn, const struct ws_end *end)
{
    (void)conn;
    b.ended = true;
    b.end = *end;
    fault_conn_free(b.fault);
    b.fault = NULL;
}

static int start(void **state)
{
    static const struct ws_output_filter filter = {.filter = on_output};
    (void)state;
    memset(&b, 0, sizeof b);
    ws_conn_config_init(&b.config, WS_ROLE_SERVER);
    b.config.heartbeat.interval_ms = 0;
    b.config.output_filters = &filter;
    b.config.pause_reads_when_full = true;
    b.handler = (struct ws_handler){.event = on_event, .close = on_close};
    b.far.fd = -1;
    return ws_loop_new(&b.loop) == WS_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    if (!b.ended) {
        ws_conn_abort(b.conn, WS_E_LOST);
        ws_loop_turn(b.loop, 0);
        ws_loop_turn(b.loop, 0);
    }
    far_free(&b.far);
    ws_loop_free(b.loop);
    return 0;
}

static void add_fault(const char *text)
{
    assert_null(fault_parse(text, &b.faults.list[b.faults.count++]));
}

/* The upgrade is done; pumps until its answer has come. */
static void open_it(void)
{
    int fds[2];
    socket_pair(fds);
    assert_int_equal(ws_conn_env_init(&b.env, b.loop, &b.config, &b.handler, NULL), WS_OK);
    b.conn = ws_conn_new(&b.env, fds[0], NULL);
    assert_non_null(b.conn);
    far_init(&b.far, fds[1], WS_ROLE_CLIENT);
    far_connect(&b.far);
    PUMP_UNTIL(b.loop, &b.far, b.far.record.opens == 1);
}

static void say(const char *text)
{
    far_send(&b.far, WS_OP_TEXT, 0, text, strlen(text));
}

static void expect_heard(const char *text)
{
    assert_int_equal(b.far.record.data.len, strlen(text));
    assert_memory_equal(b.far.record.data.data, text, strlen(text));
}

static void test_delay(void **state)
{
    (void)state;
    add_fault("delay:60ms");
    int64_t begun = ws_clock_us();
    open_it(); /* late too */
    assert_true(ws_clock_us() - begun >= 55000);
    begun = ws_clock_us();
    say("one");
    say("two");
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == 2);
    assert_true(ws_clock_us() - begun >= 55000);
    expect_heard("onetwo");
}

/* What is not late itself waits for what is. */
static void test_order(void **state)
{
    (void)state;
    add_fault("delay:30ms@0.5");
    b.faults.seed = 3;
    char expected[512] = "";
    open_it();
    for (int i = 0; i < 40; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d,", i);
        say(text);
        strcat(expected, text);
    }
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == 40);
    expect_heard(expected);
}

static void test_split(void **state)
{
    (void)state;
    add_fault("split-writes:1");
    open_it();
    unsigned receives = b.far.receives;
    say("hello");
    say("world");
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == 2);
    expect_heard("helloworld");
    assert_true(b.far.receives - receives >=
                4); /* of 14 bytes; a busy machine reads several at once */
}

/* A close waits for what is held back, and so does the end of the connection. */
static void test_close_waits(void **state)
{
    (void)state;
    add_fault("delay:50ms");
    open_it();
    say("last");
    far_close(&b.far, 1000);
    PUMP_UNTIL(b.loop, &b.far, b.far.eof);
    expect_heard("last");
    assert_int_equal(b.far.record.code, 1000);
    close(b.far.fd);
    b.far.fd = -1;
    TURN_UNTIL(b.loop, b.ended);
    assert_true(b.end.clean);
}

static void test_no_close_reply(void **state)
{
    (void)state;
    add_fault("no-close-reply");
    b.config.close_ms = 100;
    open_it();
    far_close(&b.far, 1000);
    int64_t begun = ws_clock_us();
    PUMP_UNTIL(b.loop, &b.far, b.far.eof);
    assert_true(ws_clock_us() - begun >= 90000);
    assert_int_equal(b.far.record.closes, 1); /* the end of the stream, and no frame */
    assert_int_equal(b.far.record.code, WS_CLOSE_ABNORMAL);
}

static void test_ends(void **state)
{
    (void)state;
    add_fault("close-after:2");
    open_it();
    say("one");
    say("two");
    say("three");
    PUMP_UNTIL(b.loop, &b.far, b.far.record.closes == 1);
    expect_heard("onetwo");
    assert_int_equal(b.far.record.code, WS_CLOSE_INTERNAL);
}

static void test_abort(void **state)
{
    (void)state;
    add_fault("abort-after:1");
    open_it();
    say("one");
    PUMP_UNTIL(b.loop, &b.far, b.far.eof && b.ended);
    assert_int_equal(b.end.error, WS_E_INJECTED);
}

/* Reading stops while much is held back, and goes on. */
static void test_full(void **state)
{
    (void)state;
    static char large[5000];
    memset(large, 'x', sizeof large);
    add_fault("delay:100ms");
    b.config.high_water = 20000;
    open_it();
    for (int i = 0; i < 20; i++)
        far_send(&b.far, WS_OP_BINARY, 0, large, sizeof large);
    PUMP_UNTIL(b.loop, &b.far, ws_conn_full(b.conn));
    PUMP_UNTIL(b.loop, &b.far, b.far.record.messages == 20);
    assert_int_equal(b.far.record.data.len, 20 * sizeof large);
    assert_false(ws_conn_full(b.conn));
}

/* Whatever is held goes with the connection. */
static void test_freed(void **state)
{
    (void)state;
    add_fault("reorder");
    add_fault("delay:10s@0.5");
    b.faults.seed = 1;
    while (fault_happens(&b.faults, FAULT_DELAY, 0, FAULT_OF_HEAD, 0))
        b.faults.seed++;
    open_it();
    for (int i = 0; i < 9; i++)
        say("x");
    for (int i = 0; i < 20; i++) {
        far_pump(&b.far);
        ws_loop_turn(b.loop, 1);
    }
    assert_false(b.ended);
}

static void test_reject(void **state)
{
    (void)state;
    add_fault("reject:418@0.5");
    unsigned refused = 0;
    for (uint64_t conn = 1; conn <= 1000; conn++) {
        unsigned status = fault_reject(&b.faults, conn);
        assert_true(status == 0 || status == 418);
        refused += status > 0;
    }
    assert_true(refused > 400 && refused < 600);
    b.ended = true; /* there was no connection */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_delay, start, stop),
        cmocka_unit_test_setup_teardown(test_order, start, stop),
        cmocka_unit_test_setup_teardown(test_split, start, stop),
        cmocka_unit_test_setup_teardown(test_close_waits, start, stop),
        cmocka_unit_test_setup_teardown(test_no_close_reply, start, stop),
        cmocka_unit_test_setup_teardown(test_ends, start, stop),
        cmocka_unit_test_setup_teardown(test_abort, start, stop),
        cmocka_unit_test_setup_teardown(test_full, start, stop),
        cmocka_unit_test_setup_teardown(test_freed, start, stop),
        cmocka_unit_test_setup_teardown(test_reject, start, stop),
    };
    return cmocka_run_group_tests_name("wsserve_fault_conn", tests, NULL, NULL);
}
