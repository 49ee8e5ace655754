#include "cmd/common/record/record_read.h"

#include "cmd/common/json.h"
#include <ws/close.h>

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void refused(const char *line, const char *why)
{
    struct record_in in;
    const char *problem = record_read(&in, line, strlen(line));
    if (!problem || !strstr(problem, why))
        fail_msg("%s: %s", line, problem ? problem : "was taken");
    record_in_free(&in);
}

static void taken(struct record_in *in, const char *line)
{
    const char *problem = record_read(in, line, strlen(line));
    if (problem)
        fail_msg("%s: %s", line, problem);
}

static void test_payloads(void **state)
{
    (void)state;
    struct record_in in;
    taken(&in, "{\"data\":\"h\\u00e9llo\"}");
    assert_int_equal(in.type, RECORD_TEXT);
    assert_int_equal(in.len, 6);
    assert_memory_equal(in.data, "h\xc3\xa9llo", 6);
    assert_null(in.conn);
    record_in_free(&in);

    taken(&in, " {\"b64\":\"AAH/\"} \r");
    assert_int_equal(in.type, RECORD_BINARY);
    assert_int_equal(in.len, 3);
    assert_memory_equal(in.data, "\0\1\xff", 3);
    record_in_free(&in);

    taken(&in, "{\"data\":\"a\\u0000b\",\"type\":\"binary\"}");
    assert_int_equal(in.type, RECORD_BINARY);
    assert_int_equal(in.len, 3);
    record_in_free(&in);

    taken(&in, "{\"b64\":\"\",\"type\":\"text\"}");
    assert_int_equal(in.type, RECORD_TEXT);
    assert_int_equal(in.len, 0);
    record_in_free(&in);
}

static int64_t time_of(const char *line)
{
    struct record_in in;
    taken(&in, line);
    int64_t us = in.utc_us;
    record_in_free(&in);
    return us;
}

static void test_times(void **state)
{
    (void)state;
    assert_int_equal(time_of("{\"t\":\"2026-01-31T12:00:00.123456Z\",\"data\":\"\"}"),
                     1769860800123456);
    /* As JavaScript writes it, and others. */
    assert_int_equal(time_of("{\"t\":\"2026-01-31T12:00:00.123Z\",\"data\":\"\"}"),
                     1769860800123000);
    assert_int_equal(time_of("{\"t\":\"2026-01-31T12:00:00Z\",\"data\":\"\"}"), 1769860800000000);
    assert_int_equal(time_of("{\"t\":\"2026-01-31T12:00:00.1234567Z\",\"data\":\"\"}"),
                     1769860800123456);
    assert_int_equal(time_of("{\"t\":\"2026-01-31T12:00:00.12\",\"data\":\"\"}"), 0);
    assert_int_equal(time_of("{\"t\":\"1970-01-01T00:00:00.000000Z\",\"data\":\"\"}"), 0);
    assert_int_equal(time_of("{\"t\":\"yesterday\",\"data\":\"\"}"), 0);
    assert_int_equal(time_of("{\"t\":7,\"data\":\"\"}"), 0);
    assert_int_equal(time_of("{\"data\":\"\"}"), 0);
}

static void test_base64_padding(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        size_t len;
    } rows[] = {{"{\"b64\":\"AA==\"}", 1}, {"{\"b64\":\"AAA=\"}", 2}, {"{\"b64\":\"AAAA\"}", 3}};
    for (size_t i = 0; i < 3; i++) {
        struct record_in in;
        taken(&in, rows[i].line);
        assert_int_equal(in.len, rows[i].len);
        record_in_free(&in);
    }
    refused("{\"b64\":\"A\"}", "base64");
    refused("{\"b64\":\"A===\"}", "base64");
    refused("{\"b64\":\"AA\\n=\"}", "base64");
    refused("{\"b64\":\"AA=A\"}", "base64");
    refused("{\"b64\":\"AA\\u0000=\"}", "base64");
}

static void test_address(void **state)
{
    (void)state;
    struct record_in in;
    taken(&in, "{\"data\":\"\",\"conn\":\"x-1\",\"group\":\"/a\",\"except\":\"x-2\","
               "\"v\":1,\"unknown\":[{}]}");
    assert_string_equal(in.conn, "x-1");
    assert_string_equal(in.group, "/a");
    assert_string_equal(in.except, "x-2");
    record_in_free(&in);
    taken(&in, "{\"data\":\"\",\"conn\":7}");
    assert_string_equal(in.conn, "7");
    record_in_free(&in);
    taken(&in, "{\"data\":\"\",\"conn\":null}");
    assert_null(in.conn);
    record_in_free(&in);
}

static void test_close(void **state)
{
    (void)state;
    struct record_in in;
    taken(&in, "{\"type\":\"close\",\"code\":4000,\"reason\":\"bye\"}");
    assert_int_equal(in.type, RECORD_CLOSE);
    assert_int_equal(in.code, 4000);
    assert_string_equal(in.reason, "bye");
    record_in_free(&in);
    taken(&in, "{\"type\":\"close\"}");
    assert_int_equal(in.code, 0);
    assert_null(in.reason);
    record_in_free(&in);
    refused("{\"type\":\"close\",\"code\":70000}", "code");
    refused("{\"type\":\"close\",\"code\":\"1000\"}", "code");
}

static void closes_that_may_be_sent(void **state)
{
    static const struct {
        const char *line;
        unsigned code;
        const char *problem;
    } rows[] = {
        {"{\"type\":\"close\"}", WS_CLOSE_NO_CODE, NULL},
        {"{\"type\":\"close\",\"code\":1005,\"reason\":\"\"}", WS_CLOSE_NO_CODE, NULL},
        {"{\"type\":\"close\",\"code\":1000}", 1000, NULL},
        {"{\"type\":\"close\",\"reason\":\"bye\"}", 1000, NULL},
        {"{\"type\":\"close\",\"code\":1005,\"reason\":\"bye\"}", WS_CLOSE_NO_CODE,
         "has no reason"},
        {"{\"type\":\"close\",\"code\":1006}", 1006, "may be sent"},
        {"{\"type\":\"close\",\"code\":1015}", 1015, "may be sent"},
        {"{\"type\":\"close\",\"code\":999}", 999, "may be sent"},
        {"{\"type\":\"close\",\"code\":2999}", 2999, "may be sent"},
        {"{\"type\":\"close\",\"code\":5000}", 5000, "may be sent"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct record_in in;
        taken(&in, rows[i].line);
        const char *problem = record_close_problem(&in);
        assert_int_equal(record_close_code(&in), rows[i].code);
        if (!problem != !rows[i].problem || (problem && !strstr(problem, rows[i].problem)))
            fail_msg("%s: %s", rows[i].line, problem);
        record_in_free(&in);
    }
    for (int len = WS_CLOSE_REASON_MAX; len <= WS_CLOSE_REASON_MAX + 1; len++) {
        char line[256];
        struct record_in in;
        snprintf(line, sizeof line, "{\"type\":\"close\",\"reason\":\"%0*d\"}", len, 0);
        taken(&in, line);
        assert_int_equal(record_close_problem(&in) != NULL, len > WS_CLOSE_REASON_MAX);
        record_in_free(&in);
    }
}

static void test_faults(void **state)
{
    (void)state;
    refused("", "JSON");
    refused("hello", "JSON");
    refused("[1]", "object");
    refused("{\"data\":\"a\"", "JSON");
    refused("{\"data\":\"a\"} {}", "JSON");
    refused("{\"data\":\"\xff\"}", "not UTF-8");
    refused("{\"data\":\"a\",\"data\":\"b\"}", "there twice");
    refused("{\"data\":\"\\ud800\"}", "a surrogate");
    refused("{\"data\":1e999}", "too large");
    refused("null", "not a JSON object");
    refused("{\"data\":1}", "data");
    refused("{\"b64\":1}", "b64");
    refused("{\"data\":\"a\",\"b64\":\"\"}", "both");
    refused("{}", "neither");
    refused("{\"type\":\"text\"}", "neither");
    refused("{\"type\":\"shout\",\"data\":\"\"}", "type");
    refused("{\"type\":7,\"data\":\"\"}", "type");
    refused("{\"data\":\"\",\"conn\":true}", "conn");
    refused("{\"b64\":\"/w==\",\"type\":\"text\"}", "UTF-8");
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    static char line[200000];
    memset(line, '[', sizeof line - 1);
    refused(line, "JSON");
}

/* The output of record_write() can be read. */
static void test_round_trip(void **state)
{
    (void)state;
    struct json json = {0};
    struct record record = {.type = RECORD_BINARY, .data = "\0\xff", .len = 2};
    record_write(&json, &record);
    struct record_in in;
    assert_null(record_read(&in, json.data, json.len));
    assert_int_equal(in.type, RECORD_BINARY);
    assert_int_equal(in.len, 2);
    assert_memory_equal(in.data, "\0\xff", 2);
    record_in_free(&in);
    json_free(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_payloads),       cmocka_unit_test(test_times),
        cmocka_unit_test(test_base64_padding), cmocka_unit_test(test_address),
        cmocka_unit_test(test_close),          cmocka_unit_test(closes_that_may_be_sent),
        cmocka_unit_test(test_faults),         cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
