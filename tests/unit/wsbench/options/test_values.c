#include "cmd/wsbench/options/values.h"

#include "cmd/common/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static void rates(void **state)
{
    static const struct {
        const char *text;
        double rate;
    } good[] = {{"1", 1}, {"0.5", 0.5}, {"20k", 20000}, {"1.5m", 1500000}, {".25", 0.25}};
    static const char *const bad[] = {"",    "0",   "-1",  "k",    "1x",    "1kk",
                                      "nan", "inf", "1e3", "0x10", "2000m", "1.2.3"};
    const struct option_row row = {0};
    double rate;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_null(values_rate(NULL, &row, &rate, good[i].text));
        assert_true(rate == good[i].rate);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rate = 7;
        assert_non_null(values_rate(NULL, &row, &rate, bad[i]));
        assert_true(rate == 7);
    }
}

static void lists_of_percentiles(void **state)
{
    static const char *const bad[] = {"",
                                      "0",
                                      "101",
                                      "50,",
                                      "50,50",
                                      "99,50",
                                      "a",
                                      "50 99",
                                      ",50",
                                      "50,,99",
                                      "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"};
    const struct option_row row = {0};
    struct percentiles list = {.count = 0};
    (void)state;
    assert_null(values_percentiles(NULL, &row, &list, "50,99.9,100"));
    assert_int_equal(list.count, 3);
    assert_true(list.values[0] == 50 && list.values[1] == 99.9 && list.values[2] == 100);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_non_null(values_percentiles(NULL, &row, &list, bad[i]));
}

static void times_of_day_and_dates(void **state)
{
    static const char *const bad[] = {
        "", "noon", "@", "@x", "@1x", "25:00:00", "12:00:00Z", "2026-01-31", "2026-13-01T00:00:00"};
    const struct option_row row = {0};
    int64_t us = 0, now = (int64_t)time(NULL) * 1000000;
    (void)state;
    assert_null(values_time(NULL, &row, &us, "2026-01-31T12:00:00Z"));
    assert_true(us == INT64_C(1769860800000000));
    assert_null(values_time(NULL, &row, &us, "@1769860800.5"));
    assert_true(us == INT64_C(1769860800500000));
    assert_null(values_time(NULL, &row, &us, "12:00:00"));
    assert_true(us > now - SECONDS(90000) && us < now + SECONDS(90000));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_non_null(values_time(NULL, &row, &us, bad[i]));
}

/* What a function takes and refuses; the bats tests see what comes of it. */
static void forms(void **state)
{
    static const struct {
        option_call *call;
        const char *good[4], *bad[8];
    } rows[] = {
        {values_size_range,
         {"20", "1K", "100-2K", "0"},
         {"", "-1", "5-", "9-8", "x", "2G", "1-2-3", "1K-"}},
        {values_burst, {"100:1s", "1k:50ms"}, {"", "5", "0:1s", "5:", "5:0", ":1s", "1.5:1s"}},
        {values_slow_readers,
         {"10:50ms", "0.5%:1s", "100:1"},
         {"", "10", "0:1s", "101:1s", "10:", "x:1s", "10:0", "10%%:1s"}},
        {values_sources,
         {"127.0.0.1", "10.0.0.1,10.0.0.2", "::1"},
         {"", "localhost", "127.0.0.1,", ",127.0.0.1", "1.2.3", "127.0.0.1:80"}},
        {values_stages,
         {"1,10,1k", "connections:5", "rate:0.5,2.5k", "3"},
         {"", "1,", "0", "1.5", "rate:", "x", "1;2", "20m"}},
        {values_rate_goal,
         {"10ms@p99", "1s@p99.9", "5@p50"},
         {"", "10ms", "10ms@99", "@p99", "0@p99", "10ms@p0", "10ms@p101", "10ms@p"}},
    };
    const struct option_row row = {0};
    static struct source_list settings; /* the largest of them */
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t k = 0; k < 4 && rows[i].good[k]; k++)
            assert_null(rows[i].call(NULL, &row, &settings, rows[i].good[k]));
        for (size_t k = 0; k < 8 && rows[i].bad[k]; k++)
            assert_non_null(rows[i].call(NULL, &row, &settings, rows[i].bad[k]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates),
        cmocka_unit_test(forms),
        cmocka_unit_test(lists_of_percentiles),
        cmocka_unit_test(times_of_day_and_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
