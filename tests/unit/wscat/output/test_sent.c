#include "cmd/wscat/output/sent.h"

#include "cmd/common/exit.h"
#include "tests/unit/support_capture.h"
#include "tests/unit/support_conn.h"

#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void where_it_is_wanted(void **state)
{
    (void)state;
    assert_false(sent_wanted(&(struct settings){0}));
    assert_true(sent_wanted(&(struct settings){.jsonl = true}));
    assert_true(sent_wanted(&(struct settings){.common = {.verbose = 1}}));
    assert_true(sent_wanted(&(struct settings){.show_ping_pong = true}));
}

/* Gives the filter these bytes, as a connection does. */
static void send_bytes(struct sent *sent, struct ws_conn *conn, const char *bytes, size_t len)
{
    struct ws_out out = {0};
    assert_int_equal(ws_out_copy(&out, bytes, len), WS_OK);
    sent->filter.filter(&sent->filter, conn, &out);
    ws_out_free(&out);
}

/* The head of the request, then frames: each once, whatever they are cut into. */
static void a_request_and_frames(void **state)
{
    static const char head[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    struct settings settings = {.common = {.verbose = 2}, .show_ping_pong = true};
    struct show show = {.settings = &settings};
    struct sent sent;
    struct ws_loop *loop;
    (void)state;
    assert_int_equal(ws_loop_new(&loop), WS_OK);
    struct ws_conn *conn = idle_conn(loop, 7);
    sent_init(&sent, &show);
    capture_begin(STDERR_FILENO);
    send_bytes(&sent, conn, head, sizeof head - 1);
    assert_string_equal(capture_end(), "wscat: > GET / HTTP/1.1\nwscat: > Host: h\n");
    sent_opened(&sent, conn);
    assert_true(sent.opened_us > 0);
    assert_int_equal(show.records.opened_us, sent.opened_us);
    capture_begin(STDERR_FILENO);
    send_bytes(&sent, conn, "\x89\x01", 2); /* the connection is a server's: nothing is masked */
    send_bytes(&sent, conn, "x", 1);
    assert_string_equal(capture_end(), "wscat: > ping, 1 bytes\nwscat: > ping: x\n");
    sent_ended(&sent);
    assert_false(sent.upgraded || sent.head_seen); /* ready for the next connection */
    ws_conn_abort(conn, WS_E_SHUTDOWN);
    ws_loop_turn(loop, 0);
    ws_loop_free(loop);
}

static void one_a_client(void **state)
{
    struct settings settings = {0};
    struct show show = {.settings = &settings};
    struct ws_loop *loop;
    (void)state;
    assert_int_equal(ws_loop_new(&loop), WS_OK);
    struct ws_conn *conn = idle_conn(loop, 7);
    sent_about(&show, conn); /* before its request */
    assert_int_equal(show.records.conn, 7);
    assert_int_equal(show.records.opened_us, 0);
    struct sent *sent = sent_new(&show);
    ws_conn_set_user(conn, sent);
    sent_opened(sent, conn);
    sent->closing = 4000;
    show.records.opened_us = 0; /* another client was shown */
    sent_about(&show, conn);
    assert_int_equal(show.records.opened_us, sent->opened_us);
    assert_int_equal(show.closing, 4000);
    ws_conn_set_user(conn, NULL);
    sent_free(sent);
    sent_free(NULL);
    ws_conn_abort(conn, WS_E_SHUTDOWN);
    ws_loop_turn(loop, 0);
    ws_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_it_is_wanted),
        cmocka_unit_test(a_request_and_frames),
        cmocka_unit_test(one_a_client),
    };
    exit_set_tool("wscat");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
