#include "cmd/wsserve/observe/trace.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#define GOOD "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

static struct ws_str str(const char *text)
{
    return (struct ws_str){text, strlen(text)};
}

static void test_parent(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "00",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
        GOOD "0",
        GOOD "-more", /* not in version 00 */
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7_01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
        "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
    };
    assert_true(trace_is_parent(str(GOOD)));
    assert_true(trace_is_parent(str("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")));
    assert_true(
        trace_is_parent(str("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-later")));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (trace_is_parent(str(bad[i])))
            fail_msg("'%s' was taken", bad[i]);
}

/* The trace of a request with these header lines, or NULL. */
static const char *trace(const char *headers)
{
    static char text[TRACE_MAX];
    char buffer[2048];
    struct ws_http_head head;
    struct ws_request request;
    int len = snprintf(buffer, sizeof buffer, "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n", headers);
    ws_http_init(&head, false, sizeof buffer);
    assert_int_equal(ws_http_parse(&head, buffer, (size_t)len), WS_OK);
    ws_handshake_read_request(&head, buffer, &request);
    return trace_of(&request, text) ? text : NULL;
}

static void test_of_request(void **state)
{
    (void)state;
    char longest[200], too_long[200], id[130];
    memset(id, 'a', sizeof id);
    id[128] = '\0';
    snprintf(longest, sizeof longest, "X-Request-Id: %s\r\n", id);
    snprintf(too_long, sizeof too_long, "X-Request-Id: %sa\r\n", id);

    assert_null(trace(""));
    assert_string_equal(trace("Traceparent: " GOOD "\r\n"), GOOD);
    assert_string_equal(trace("x-request-ID:  a-b_c.d:e/f+g=@9 \r\n"), "a-b_c.d:e/f+g=@9");
    assert_string_equal(trace("X-Request-Id: r\r\ntraceparent: " GOOD "\r\n"), GOOD);
    assert_string_equal(trace("X-Request-Id: r\r\ntraceparent: nonsense\r\n"), "r");
    assert_string_equal(trace(longest), id);
    assert_null(trace(too_long));
    assert_null(trace("X-Request-Id: \r\n"));
    assert_null(trace("X-Request-Id: a b\r\n"));
    assert_null(trace("X-Request-Id: a\"b\r\n"));
    assert_null(trace("X-Request-Id: a\xc3\xa9\r\n"));
    assert_null(trace("X-Request-Id: a\r\nX-Request-Id: b\r\n"));
    assert_null(trace("traceparent: " GOOD "\r\ntraceparent: " GOOD "\r\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parent),
        cmocka_unit_test(test_of_request),
    };
    return cmocka_run_group_tests_name("wsserve_trace", tests, NULL, NULL);
}
