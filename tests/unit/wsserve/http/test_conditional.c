#include "cmd/wsserve/http/conditional.h"

#include <stdio.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

/* Of ten bytes, changed on 1994-11-06 08:49:37. */
static enum conditional ask(const char *method, const char *headers, uint64_t *first, uint64_t *len)
{
    static const struct conditional_file file = {"\"a\"", 784111777, 10};
    char buffer[512];
    struct ws_http_head head;
    struct ws_request request;
    int n = snprintf(buffer, sizeof buffer, "%s / HTTP/1.1\r\nHost: x\r\n%s\r\n", method, headers);
    ws_http_init(&head, false, sizeof buffer);
    assert_int_equal(ws_http_parse(&head, buffer, (size_t)n), WS_OK);
    ws_handshake_read_request(&head, buffer, &request);
    return conditional_of(&request, &file, first, len);
}

static void versions(void **state)
{
    static const struct {
        const char *headers;
        enum conditional wanted;
    } rows[] = {
        {"", CONDITIONAL_WHOLE},
        {"If-None-Match: \"a\"\r\n", CONDITIONAL_UNCHANGED},
        {"If-None-Match: \"b\", W/\"a\"\r\n", CONDITIONAL_UNCHANGED},
        {"If-None-Match: \"b\"\r\nIf-None-Match: \"a\"\r\n", CONDITIONAL_UNCHANGED},
        {"If-None-Match: *\r\n", CONDITIONAL_UNCHANGED},
        {"If-None-Match: a\r\n", CONDITIONAL_WHOLE},
        {"If-None-Match: \"ab\"\r\n", CONDITIONAL_WHOLE},
        {"If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", CONDITIONAL_UNCHANGED},
        {"If-Modified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n", CONDITIONAL_UNCHANGED},
        {"If-Modified-Since: Sun Nov  6 08:49:37 1994\r\n", CONDITIONAL_UNCHANGED},
        {"If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", CONDITIONAL_WHOLE},
        {"If-Modified-Since: Sun, 06 Nov 1994 08:49:38 GMT\r\n", CONDITIONAL_UNCHANGED},
        {"If-Modified-Since: yesterday\r\n", CONDITIONAL_WHOLE},
        {"If-None-Match: \"b\"\r\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
         CONDITIONAL_WHOLE},
        {"If-Match: \"a\"\r\n", CONDITIONAL_WHOLE},
        {"If-Match: \"b\", \"a\"\r\n", CONDITIONAL_WHOLE},
        {"If-Match: *\r\n", CONDITIONAL_WHOLE},
        {"If-Match: \"b\"\r\n", CONDITIONAL_CHANGED},
        {"If-Match: W/\"a\"\r\n", CONDITIONAL_CHANGED},
        {"If-Match: \"b\"\r\nIf-None-Match: \"a\"\r\n", CONDITIONAL_CHANGED},
        {"If-Match: \"b\"\r\nRange: bytes=0-1\r\n", CONDITIONAL_CHANGED},
        {"If-Match: \"a\"\r\nIf-None-Match: \"a\"\r\n", CONDITIONAL_UNCHANGED},
        {"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n", CONDITIONAL_WHOLE},
        {"If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n", CONDITIONAL_CHANGED},
        {"If-Unmodified-Since: yesterday\r\n", CONDITIONAL_WHOLE},
        {"If-Match: \"a\"\r\nIf-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT\r\n",
         CONDITIONAL_WHOLE},
    };
    uint64_t first, len;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (ask("GET", rows[i].headers, &first, &len) != rows[i].wanted)
            fail_msg("%s", rows[i].headers);
        assert_int_equal(len, rows[i].wanted == CONDITIONAL_WHOLE ? 10 : 0);
    }
}

static void ranges(void **state)
{
    static const struct {
        const char *headers;
        enum conditional wanted;
        uint64_t first, len;
    } rows[] = {
        {"Range: bytes=0-0\r\n", CONDITIONAL_PART, 0, 1},
        {"Range: bytes=2-5\r\n", CONDITIONAL_PART, 2, 4},
        {"Range: bytes=2-\r\n", CONDITIONAL_PART, 2, 8},
        {"Range: bytes=9-99\r\n", CONDITIONAL_PART, 9, 1},
        {"Range: BYTES=-3\r\n", CONDITIONAL_PART, 7, 3},
        {"Range: bytes=-99\r\n", CONDITIONAL_PART, 0, 10},
        {"Range: bytes=10-\r\n", CONDITIONAL_OUTSIDE, 10, 0},
        {"Range: bytes=999999999999999999-\r\n", CONDITIONAL_OUTSIDE, 999999999999999999, 0},
        {"Range: bytes=-0\r\n", CONDITIONAL_OUTSIDE, 10, 0},
        {"Range: bytes=5-2\r\n", CONDITIONAL_WHOLE, 0, 10},
        {"Range: bytes=1-2,4-5\r\n", CONDITIONAL_WHOLE, 0, 10},
        {"Range: bytes=a-\r\n", CONDITIONAL_WHOLE, 0, 10},
        {"Range: bytes=\r\n", CONDITIONAL_WHOLE, 0, 10},
        {"Range: bytes=-\r\n", CONDITIONAL_WHOLE, 0, 10},
        {"Range: bytes=1\r\n", CONDITIONAL_WHOLE, 0, 10},
        {"Range: bytes=99999999999999999999-\r\n", CONDITIONAL_OUTSIDE, UINT64_MAX, 0},
        {"Range: bytes=18446744073709551617-\r\n", CONDITIONAL_OUTSIDE, UINT64_MAX, 0},
        {"Range: bytes=1-99999999999999999999\r\n", CONDITIONAL_PART, 1, 9},
        {"Range: bytes=-99999999999999999999\r\n", CONDITIONAL_PART, 0, 10},
        {"Range: bytes=99999999999999999999-5\r\n", CONDITIONAL_WHOLE, 0, 10},
        {"Range: bytes=1-2\r\nRange: bytes=4-5\r\n", CONDITIONAL_WHOLE, 0, 10},
        {"Range: bytes=1-2\r\nRange: bytes=1-2\r\n", CONDITIONAL_WHOLE, 0, 10},
        {"Range: lines=1-2\r\n", CONDITIONAL_WHOLE, 0, 10},
        {"Range: bytes=1-2\r\nIf-Range: \"a\"\r\n", CONDITIONAL_PART, 1, 2},
        {"Range: bytes=1-2\r\nIf-Range: W/\"a\"\r\n", CONDITIONAL_WHOLE, 0, 10},
        {"Range: bytes=1-2\r\nIf-Range: Sun, 06 Nov 1994 08:49:37 GMT\r\n", CONDITIONAL_PART, 1, 2},
        {"Range: bytes=1-2\r\nIf-Range: Sun, 06 Nov 1994 08:49:38 GMT\r\n", CONDITIONAL_WHOLE, 0,
         10},
        {"Range: bytes=1-2\r\nIf-None-Match: \"a\"\r\n", CONDITIONAL_UNCHANGED, 0, 0},
    };
    uint64_t first, len;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum conditional got = ask("GET", rows[i].headers, &first, &len);
        if (got != rows[i].wanted || first != rows[i].first || len != rows[i].len)
            fail_msg("%s%d %u %u", rows[i].headers, got, (unsigned)first, (unsigned)len);
    }
    assert_int_equal(ask("HEAD", "Range: bytes=1-2\r\n", &first, &len), CONDITIONAL_WHOLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions),
        cmocka_unit_test(ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
