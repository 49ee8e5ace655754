#include "cmd/wscat/output/failure.h"

#include "cmd/common/exit.h"
#include "cmd/common/units.h"
#include "tests/unit/support_capture.h"
#include "tests/unit/support_conn.h"

#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static const struct settings settings = {
    .target = {.connect_timeout_us = SECONDS(10), .url = {.port = 80, .has_port = true}},
    .close_timeout_us = SECONDS(5),
    .idle_timeout_us = 1500000,
    .ping_timeout_us = 200000,
    .timeout_us = SECONDS(60),
};

static void timeouts_name_their_option(void **state)
{
    static const struct {
        enum ws_error error;
        const char *text;
    } cases[] = {
        {WS_E_HANDSHAKE_TIMEOUT,
         "timeout: the upgrade was not finished within 10.0 s (--connect-timeout)"},
        {WS_E_CLOSE_TIMEOUT, "timeout: no close frame came within 5.00 s (--close-timeout)"},
        {WS_E_IDLE_TIMEOUT, "timeout: no message came within 1.50 s (--idle-timeout)"},
        {WS_E_HEARTBEAT_TIMEOUT,
         "timeout: no answer to our ping came within 200 ms (--ping-timeout)"},
        {WS_E_LOST, "the connection ended without a close frame (1006)"},
        {WS_E_RESET, "the connection was reset (1006)"},
    };
    struct ws_loop *loop;
    char text[FAILURE_TEXT_MAX];
    (void)state;
    assert_int_equal(ws_loop_new(&loop), WS_OK);
    struct ws_conn *conn = idle_conn(loop, 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(failure_text(&settings, conn, cases[i].error, text), cases[i].text);
    ws_conn_abort(conn, WS_E_SHUTDOWN);
    ws_loop_turn(loop, 0);
    ws_loop_free(loop);
}

static void before_there_is_a_connection(void **state)
{
    char text[FAILURE_TEXT_MAX];
    (void)state;
    assert_string_equal(failure_to_connect(&settings, WS_E_CONNECT, "connect h: refused", text),
                        "connect h: refused");
    struct settings without_port = settings;
    without_port.target.url = (struct ws_url){.port = 80};
    assert_string_equal(failure_to_connect(&without_port, WS_E_CONNECT, "connect h: refused", text),
                        "connect h: refused (port 80 is the default; the URL names none)");
    assert_string_equal(failure_to_connect(&settings, WS_E_CONNECT_TIMEOUT,
                                           "connect h: no answer within 1 s", text),
                        "timeout: connect h: no answer within 1 s (--connect-timeout)");
}

static void the_whole_run(void **state)
{
    (void)state;
    capture_begin(STDERR_FILENO);
    failure_say_timeout(&settings, ", in step ping");
    assert_string_equal(capture_end(),
                        "wscat: timeout: not done within 1 m 0 s (--timeout), in step ping\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timeouts_name_their_option),
        cmocka_unit_test(before_there_is_a_connection),
        cmocka_unit_test(the_whole_run),
    };
    exit_set_tool("wscat");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
