#include "cmd/common/units.h"

#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void test_duration(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } good[] = {
        {"0", 0},
        {"5", 5000000},
        {"0.5s", 500000},
        {"1.5", 1500000},
        {".5", 500000},
        {"200us", 200},
        {"0.5ms", 500},
        {"2m", 120000000},
        {"1h", 3600000000},
        {"1.5h", 5400000000},
        {"0.0000001s", 1},
        {"0.4us", 1},
        {"1.4us", 1},
        {"1.5us", 2},
        {"0.00000000000001", 1},
        {"0.3333333333333333s", 333333},
        {"9223372036854775807us", INT64_MAX},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t us = -7;
        assert_int_equal(units_duration(good[i].text, &us), UNITS_OK);
        assert_int_equal(us, good[i].us);
    }
    static const struct {
        const char *text;
        enum units_result result;
    } bad[] = {
        {"", UNITS_SYNTAX},
        {" 1", UNITS_SYNTAX},
        {"1 s", UNITS_SYNTAX},
        {"-1", UNITS_SYNTAX},
        {"+1", UNITS_SYNTAX},
        {"1.", UNITS_SYNTAX},
        {".", UNITS_SYNTAX},
        {"s", UNITS_SYNTAX},
        {"1x", UNITS_SUFFIX},
        {"1min", UNITS_SUFFIX},
        {"1S", UNITS_SUFFIX},
        {"1e3", UNITS_SYNTAX},
        {"0x10", UNITS_SYNTAX},
        {"1,5", UNITS_SYNTAX},
        {"9223372036854775808us", UNITS_RANGE},
        {"3000000000h", UNITS_RANGE},
        {"99999999999999999999999", UNITS_RANGE},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t us = -7;
        assert_int_equal(units_duration(bad[i].text, &us), bad[i].result);
        assert_int_equal(us, -7);
    }
}

static void test_never(void **state)
{
    (void)state;
    int64_t us = 0;
    assert_int_equal(units_duration_or_never("-1", &us), UNITS_OK);
    assert_int_equal(us, UNITS_NEVER);
    assert_int_equal(units_duration_or_never("2s", &us), UNITS_OK);
    assert_int_equal(us, 2000000);
    assert_int_equal(units_duration_or_never("-2", &us), UNITS_SYNTAX);
    assert_int_equal(units_duration_or_never("-1s", &us), UNITS_SYNTAX);
}

static void test_size(void **state)
{
    (void)state;
    uint64_t n = 7;
    assert_int_equal(units_size("0", &n), UNITS_OK);
    assert_int_equal(n, 0);
    assert_int_equal(units_size("64k", &n), UNITS_OK);
    assert_int_equal(n, 65536);
    assert_int_equal(units_size("64K", &n), UNITS_OK);
    assert_int_equal(n, 65536);
    assert_int_equal(units_size("1.5M", &n), UNITS_OK);
    assert_int_equal(n, 1572864);
    assert_int_equal(units_size("2G", &n), UNITS_OK);
    assert_int_equal(n, 2147483648);
    assert_int_equal(units_size("18446744073709551615", &n), UNITS_OK);
    assert_true(n == UINT64_MAX);
    assert_int_equal(units_size("18446744073709551616", &n), UNITS_RANGE);
    assert_int_equal(units_size("17179869184G", &n), UNITS_RANGE);
    assert_int_equal(units_size("0.3K", &n), UNITS_EXACT);
    assert_int_equal(units_size("1.5", &n), UNITS_EXACT);
    assert_int_equal(units_size("1g", &n), UNITS_SUFFIX);
    assert_int_equal(units_size("1m", &n), UNITS_SUFFIX);
    assert_int_equal(units_size("1KiB", &n), UNITS_SUFFIX);
    assert_int_equal(units_size("-1", &n), UNITS_SYNTAX);
    assert_true(n == UINT64_MAX);
}

static void test_count(void **state)
{
    (void)state;
    uint64_t n = 7;
    assert_int_equal(units_count("10k", &n), UNITS_OK);
    assert_int_equal(n, 10000);
    assert_int_equal(units_count("1.5m", &n), UNITS_OK);
    assert_int_equal(n, 1500000);
    assert_int_equal(units_count("1K", &n), UNITS_SUFFIX);
    assert_int_equal(units_count("0.5", &n), UNITS_EXACT);
    assert_int_equal(n, 1500000);
}

static void test_number_and_port(void **state)
{
    (void)state;
    uint64_t n = 7;
    uint16_t port = 7;
    assert_int_equal(units_number("3", 1, 5, &n), UNITS_OK);
    assert_int_equal(n, 3);
    assert_int_equal(units_number("0", 1, 5, &n), UNITS_RANGE);
    assert_int_equal(units_number("6", 1, 5, &n), UNITS_RANGE);
    assert_int_equal(units_number("3.0", 1, 5, &n), UNITS_SYNTAX);
    assert_int_equal(units_number("3k", 1, 5, &n), UNITS_SYNTAX);
    assert_int_equal(units_port("65535", &port), UNITS_OK);
    assert_int_equal(port, 65535);
    assert_int_equal(units_port("0", &port), UNITS_OK);
    assert_int_equal(port, 0);
    assert_int_equal(units_port("65536", &port), UNITS_RANGE);
    assert_int_equal(units_port("", &port), UNITS_SYNTAX);
    assert_int_equal(units_port("80x", &port), UNITS_SYNTAX);
}

static void test_expected(void **state)
{
    (void)state;
    assert_non_null(strstr(units_expected(UNITS_DURATION), "duration"));
    assert_non_null(strstr(units_expected(UNITS_SIZE), "1024"));
    assert_non_null(strstr(units_expected(UNITS_COUNT), "1000"));
    assert_non_null(strstr(units_expected(UNITS_PORT), "65535"));
}

static void test_format(void **state)
{
    (void)state;
    char text[UNITS_TEXT_MAX];
    assert_string_equal(units_format_duration(0, text, sizeof text), "0 us");
    assert_string_equal(units_format_duration(999, text, sizeof text), "999 us");
    assert_string_equal(units_format_duration(1500, text, sizeof text), "1.50 ms");
    assert_string_equal(units_format_duration(99949, text, sizeof text), "99.9 ms");
    assert_string_equal(units_format_duration(999499, text, sizeof text), "999 ms");
    assert_string_equal(units_format_duration(999500, text, sizeof text), "1.00 s");
    assert_string_equal(units_format_duration(200000000, text, sizeof text), "3 m 20 s");
    assert_string_equal(units_format_duration(7500000000, text, sizeof text), "2 h 5 m");
    assert_string_equal(units_format_duration(UNITS_NEVER, text, sizeof text), "never");
    assert_string_equal(units_format_size(512, text, sizeof text), "512 B");
    assert_string_equal(units_format_size(1536, text, sizeof text), "1.50 KiB");
    assert_string_equal(units_format_size(1048575, text, sizeof text), "1.00 MiB");
    assert_string_equal(units_format_size(UINT64_MAX, text, sizeof text), "17179869184 GiB");
    assert_string_equal(units_format_bandwidth(1572864, text, sizeof text), "1.50 MiB/s");
    assert_string_equal(units_format_rate(12345.4, "msg", text, sizeof text), "12345 msg/s");
    assert_string_equal(units_format_rate(1250000, "msg", text, sizeof text), "1.25 M msg/s");
    assert_string_equal(units_format_rate(0.5, "conn", text, sizeof text), "0.50 conn/s");
    assert_string_equal(units_format_rate(1 / 0.0, "msg", text, sizeof text), "? msg/s");
}

static void test_utc(void **state)
{
    (void)state;
    char text[UNITS_TEXT_MAX];
    assert_string_equal(units_format_utc(0, text, sizeof text), "1970-01-01T00:00:00.000000Z");
    assert_string_equal(units_format_utc(1769860800123456, text, sizeof text),
                        "2026-01-31T12:00:00.123456Z");
    assert_string_equal(units_format_utc(-1, text, sizeof text), "1969-12-31T23:59:59.999999Z");
    assert_true(units_now_utc() > 1700000000000000);
}

static void milliseconds_round_up(void **state)
{
    (void)state;
    assert_int_equal(units_milliseconds(0), 0);
    assert_int_equal(units_milliseconds(1), 1);
    assert_int_equal(units_milliseconds(1000), 1);
    assert_int_equal(units_milliseconds(1001), 2);
    assert_int_equal(units_milliseconds(INT64_MAX), INT32_MAX);
}

static void close_codes(void **state)
{
    unsigned code = 7;
    (void)state;
    assert_int_equal(units_close_code("1000", &code), UNITS_OK);
    assert_int_equal(code, 1000);
    assert_int_equal(units_close_code("4999", &code), UNITS_OK);
    assert_int_equal(code, 4999);
    assert_int_equal(units_close_code("1005", &code), UNITS_RANGE);
    assert_int_equal(units_close_code("2000", &code), UNITS_RANGE);
    assert_int_equal(units_close_code("70000", &code), UNITS_RANGE);
    assert_int_equal(units_close_code("x", &code), UNITS_SYNTAX);
    assert_int_equal(code, 4999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(milliseconds_round_up),
        cmocka_unit_test(close_codes),
        cmocka_unit_test(test_duration),
        cmocka_unit_test(test_never),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_count),
        cmocka_unit_test(test_number_and_port),
        cmocka_unit_test(test_expected),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_utc),
    };
    return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
