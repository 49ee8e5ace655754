#include "libws/conn/conn_private.h"

#include "tests/unit/support_conn_fixture.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
/* cmocka.h needs those and stddef.h, stdint.h before it. */
#include <cmocka.h>

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
    fx.config.output_filters = &first;
    fx.config.pause_reads_when_full = true;
    fx.config.high_water = 8;
    connect_and_open();
    assert_int_equal(tampered, 1);
    far_send(&fx.far, WS_OP_TEXT, 0, "one", 3);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == 1);
    far_send(&fx.far, WS_OP_TEXT, 0, "keep one", 8);
    PUMP_UNTIL(fx.loop, &fx.far, output_deferred == 10);
    fixture_turn(3);
    assert_int_equal(fx.far.record.messages, 1);
    assert_true(ws_conn_full(fx.conn)); /* as if it were queued */
    assert_int_equal(seen_before, tampered);
    assert_int_equal(seen_after, tampered - 1);

    /* It passes only the filters after the one that kept it, and the peer is read again. */
    size_t before = tampered;
    assert_int_equal(ws_conn_send_raw(fx.conn, &middle, "\x81\x04late", 6), WS_OK);
    ws_conn_defer_output(fx.conn, 0);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.messages == 2 && fx.record.drained == 1);
    assert_int_equal(tampered, before);
    assert_int_equal(seen_before, before);
    assert_int_equal(seen_after, before);
    assert_memory_equal(fx.far.record.data.data, "onelate", 7);
    assert_false(ws_conn_full(fx.conn));

    /* While something is kept the connection does not end. */
    ws_conn_defer_output(fx.conn, 1);
    far_close(&fx.far, 1000);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.record.closes == 1);
    fixture_turn(3);
    assert_false(fx.far.eof);
    ws_conn_defer_output(fx.conn, 0);
    PUMP_UNTIL(fx.loop, &fx.far, fx.far.eof);
    close(fx.far.fd);
    fx.far.fd = -1;
    TURN_UNTIL(fx.loop, fx.record.ends == 1);
    disconnect_pair();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        FIXTURE_TEST(output_can_be_kept_and_sent_later),
    };
    return cmocka_run_group_tests_name("conn_filter", tests, NULL, NULL);
}
