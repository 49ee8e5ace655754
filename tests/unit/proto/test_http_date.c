#include <ws/http.h>

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void same(int64_t seconds, int year, int month, int day, int hour, int minute, int second,
                 int weekday)
{
    struct tm tm;
    ws_utc_split(seconds, &tm);
    assert_int_equal(tm.tm_year + 1900, year);
    assert_int_equal(tm.tm_mon + 1, month);
    assert_int_equal(tm.tm_mday, day);
    assert_int_equal(tm.tm_hour, hour);
    assert_int_equal(tm.tm_min, minute);
    assert_int_equal(tm.tm_sec, second);
    assert_int_equal(tm.tm_wday, weekday);
    assert_int_equal(ws_utc_seconds(&tm), seconds);
}

/* Before 1970, leap days, and what 32 bits do not hold. */
static void known_dates(void **state)
{
    (void)state;
    same(0, 1970, 1, 1, 0, 0, 0, 4);
    same(-1, 1969, 12, 31, 23, 59, 59, 3);
    same(951782400, 2000, 2, 29, 0, 0, 0, 2);
    same(951868800, 2000, 3, 1, 0, 0, 0, 3);
    same(INT64_C(2147483648), 2038, 1, 19, 3, 14, 8, 2);
    same(INT64_C(4107542400), 2100, 3, 1, 0, 0, 0, 1);
    same(INT64_C(32503680000), 3000, 1, 1, 0, 0, 0, 3);
    same(INT64_C(-62135596800), 1, 1, 1, 0, 0, 0, 1);
}

/* As the C library has it, as far as its time_t goes. */
static void as_the_library(void **state)
{
    (void)state;
    for (int64_t seconds = INT32_MIN; seconds < INT32_MAX; seconds += 86400 * 13 + 7919) {
        const time_t time = (time_t)seconds;
        struct tm tm;
        assert_non_null(gmtime_r(&time, &tm));
        same(seconds, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
             tm.tm_sec, tm.tm_wday);
    }
}

static void written(void **state)
{
    char text[WS_HTTP_DATE];
    (void)state;
    assert_string_equal(ws_http_date_format(784111777, text), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_string_equal(ws_http_date_format(0, text), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_string_equal(ws_http_date_format(951782400, text), "Tue, 29 Feb 2000 00:00:00 GMT");
    assert_string_equal(ws_http_date_format(3939353367, text), "Sun, 31 Oct 2094 08:49:27 GMT");
    /* Years that the form does not have. */
    assert_int_equal(strlen(ws_http_date_format(INT64_MAX, text)), WS_HTTP_DATE - 1);
    assert_int_equal(strlen(ws_http_date_format(INT64_MIN, text)), WS_HTTP_DATE - 1);
}

static void read_again(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds; /* -1: it is no date */
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Tue, 29 Feb 2000 00:00:00 GMT", 951782400},
        {"Saturday, 01-Jan-00 00:00:00 GMT", 946684800},
        {"Sun, 31 Oct 2094 08:49:27 GMT", 3939353367},
        {"", -1},
        {"now", -1},
        {"Sun, 06 Nov 1994 08:49:37", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT+1", -1},
        {"Sun, 06 Abc 1994 08:49:37 GMT", -1},
        {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800}, /* a leap second */
        {"Sun, 00 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 31 Nov 1994 08:49:37 GMT", -1},
        {"Mon, 29 Feb 2100 08:49:37 GMT", -1},
        {"Sun, -6 Nov 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov -994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 24:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:60:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:61 GMT", -1},
        {"Sun, 06 Nov 1994 08:-9:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:37 GMT Sun, 06 Nov 1994 08:49:37 GMT", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t seconds = -1;
        bool read =
            ws_http_date_parse((struct ws_str){rows[i].text, strlen(rows[i].text)}, &seconds);
        if (read != (rows[i].seconds >= 0) || seconds != rows[i].seconds)
            fail_msg("%s: %lld", rows[i].text, (long long)seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_dates),
        cmocka_unit_test(as_the_library),
        cmocka_unit_test(written),
        cmocka_unit_test(read_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
