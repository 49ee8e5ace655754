#include "cmd/wsserve/observe/totals.h"

#include "tests/unit/support_conn.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void values_fall_into_their_buckets(void **state)
{
    struct totals_histogram h = {{0}, 0};
    (void)state;
    for (unsigned i = 0; i < TOTALS_BUCKETS - 1; i++) {
        assert_true(i == 0 || totals_time_bounds[i] > totals_time_bounds[i - 1]);
        assert_true(i == 0 || totals_size_bounds[i] > totals_size_bounds[i - 1]);
        totals_note(&h, TOTALS_TIMES, totals_time_bounds[i]);
        assert_int_equal(h.buckets[i], i == 0 ? 1 : 2);
        totals_note(&h, TOTALS_TIMES, totals_time_bounds[i] + 1);
        assert_int_equal(h.buckets[i + 1], 1);
    }
    assert_int_equal(totals_count(&h), 2 * (TOTALS_BUCKETS - 1));
    memset(&h, 0, sizeof h);
    totals_note(&h, TOTALS_SIZES, 0);
    totals_note(&h, TOTALS_SIZES, UINT32_MAX);
    assert_int_equal(h.buckets[0], 1);
    assert_int_equal(h.buckets[TOTALS_BUCKETS - 1], 1);
    assert_int_equal(h.sum, UINT32_MAX);
}

static void every_code_has_a_slot(void **state)
{
    char name[16];
    (void)state;
    for (unsigned code = 0; code < 70000; code++)
        assert_true(totals_code_slot(code) < TOTALS_CODES);
    assert_string_equal(totals_code_name(totals_code_slot(1000), name), "1000");
    assert_string_equal(totals_code_name(totals_code_slot(1006), name), "none");
    assert_string_equal(totals_code_name(totals_code_slot(1015), name), "1015");
    assert_string_equal(totals_code_name(totals_code_slot(3000), name), "3000-4999");
    assert_string_equal(totals_code_name(totals_code_slot(4999), name), "3000-4999");
    assert_string_equal(totals_code_name(totals_code_slot(5000), name), "other");
    assert_string_equal(totals_code_name(totals_code_slot(0), name), "other");
}

static void let_go(struct ws_conn *conn, struct ws_loop *loop)
{
    ws_conn_abort(conn, WS_E_SHUTDOWN);
    ws_loop_turn(loop, 0);
    ws_loop_free(loop);
}

/* Who ended it, and the slots of the codes that were sent and received. */
static uint64_t closed(const struct totals *t, unsigned by_peer, unsigned sent, unsigned received)
{
    return t->closed[by_peer][totals_code_slot(sent)][totals_code_slot(received)];
}

static void only_what_the_peer_ends_is_its_doing(void **state)
{
    static const enum ws_error ours[] = {WS_OK, WS_E_WRITE_TIMEOUT, WS_E_NO_MEMORY,
                                         WS_E_NO_DESCRIPTORS, WS_E_INJECTED};
    struct totals t = {0};
    struct ws_loop *loop;
    (void)state;
    assert_int_equal(ws_loop_new(&loop), WS_OK);
    struct ws_conn *conn = idle_conn(loop, 1);
    struct ws_end end = {.opened = true, .code = 1006, .sent_code = 1006, .error = WS_E_LOST};
    totals_ended(&t, conn, &end);
    end.error = WS_E_RESET;
    totals_ended(&t, conn, &end);
    assert_int_equal(closed(&t, 1, 1006, 1006), 2);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        end.error = ours[i];
        totals_ended(&t, conn, &end);
    }
    assert_int_equal(closed(&t, 0, 1006, 1006), sizeof ours / sizeof *ours);
    /* It leaves without an answer to our close frame; its own comes first. */
    end = (struct ws_end){.opened = true, .code = 1006, .sent_code = 1001, .error = WS_E_RESET};
    totals_ended(&t, conn, &end);
    assert_int_equal(closed(&t, 0, 1001, 1006), 1);
    end = (struct ws_end){.opened = true, .by_peer = true, .code = 1000, .sent_code = 1000};
    totals_ended(&t, conn, &end);
    assert_int_equal(closed(&t, 1, 1000, 1000), 1);
    let_go(conn, loop);
}

static void ends_are_counted_by_what_they_were(void **state)
{
    struct totals t = {0};
    struct ws_loop *loop;
    (void)state;
    assert_int_equal(ws_loop_new(&loop), WS_OK);
    struct ws_conn *conn = idle_conn(loop, 1);
    *(struct ws_counters *)(uintptr_t)ws_conn_counters(conn) = (struct ws_counters){1, 2, 30, 40};
    totals_ended(&t, conn, &(struct ws_end){.opened = true, .code = 1000, .sent_code = 1001});
    totals_ended(
        &t, conn,
        &(struct ws_end){.opened = true, .code = 1006, .sent_code = 1002, .error = WS_E_RSV});
    totals_ended(&t, conn, &(struct ws_end){.error = WS_E_KEY_MISSING, .http_status = 400});
    totals_ended(&t, conn, &(struct ws_end){.error = WS_E_NOT_AN_UPGRADE, .http_status = 426});
    totals_ended(&t, conn, &(struct ws_end){.http_status = 200});
    totals_ended(&t, conn, &(struct ws_end){.http_status = 60000});
    totals_ended(&t, conn, &(struct ws_end){.error = WS_OK});
    assert_int_equal(t.closed[0][totals_code_slot(1001)][totals_code_slot(1000)], 1);
    assert_int_equal(t.closed[0][totals_code_slot(1002)][totals_code_slot(1006)], 1);
    assert_int_equal(t.errors[WS_E_RSV], 1);
    assert_int_equal(t.errors[WS_OK], 0);
    assert_int_equal(t.handshakes[WS_E_KEY_MISSING], 1);
    assert_int_equal(t.plain[426], 1);
    assert_int_equal(t.plain[200], 1);
    assert_int_equal(t.plain[0], 1);
    assert_int_equal(t.messages_in, 7);
    assert_int_equal(t.bytes_out, 280);
    let_go(conn, loop);
}

/* Every number of the struct takes part in the sum: with all of them one, twice is two. */
static void everything_is_added_up(void **state)
{
    static struct totals one, sum;
    uint64_t *words = (uint64_t *)(void *)&one, *sums = (uint64_t *)(void *)&sum;
    size_t count = sizeof one / sizeof *words;
    (void)state;
    assert_int_equal(sizeof one % sizeof *words, 0);
    for (size_t i = 0; i < count; i++)
        words[i] = i + 1;
    totals_add(&sum, &one);
    totals_add(&sum, &one);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sums[i], 2 * (i + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_fall_into_their_buckets),
        cmocka_unit_test(every_code_has_a_slot),
        cmocka_unit_test(only_what_the_peer_ends_is_its_doing),
        cmocka_unit_test(ends_are_counted_by_what_they_were),
        cmocka_unit_test(everything_is_added_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
