#include "cmd/wsbench/count/metric.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Every name that a report or a message lists is found again. */
static void every_name_is_found(void **state)
{
    static struct result empty;
    struct metric metric;
    double value;
    const char *name;
    (void)state;
    for (size_t i = 0; (name = metric_number_name(i)); i++) {
        assert_true(metric_find(&metric, name, strlen(name)));
        assert_non_null(strstr(metric_names(), name));
        metric_value(&metric, &empty, &value);
        assert_true(value == 0);
    }
    for (size_t i = 0; (name = metric_histogram_name(i)); i++) {
        char part[64];
        assert_non_null(strstr(metric_names(), name));
        snprintf(part, sizeof part, "%s.p99.99", name);
        assert_true(metric_find(&metric, part, strlen(part)));
        assert_ptr_equal(metric_histogram(&empty, i), metric_histogram_mutable(&empty, i));
    }
    assert_false(metric_find(&metric, "sentx", 5));
    assert_true(metric_find(&metric, "sentx", 4));
}

static void formatted_with_their_units(void **state)
{
    char text[48];
    (void)state;
    assert_string_equal(metric_format(METRIC_TIME, 850, text, sizeof text), "850 ns");
    assert_string_equal(metric_format(METRIC_TIME, 1.5e6, text, sizeof text), "1.50 ms");
    assert_string_equal(metric_format(METRIC_SHARE, 0.125, text, sizeof text), "0.125%");
    assert_string_equal(metric_format(METRIC_COUNT, 1e6, text, sizeof text), "1000000");
    assert_string_equal(metric_format(METRIC_RATE, 2500, text, sizeof text), "2500/s");
    assert_string_equal(metric_format(METRIC_RATE, 2.5e6, text, sizeof text), "2.5 M/s");
}

/* Around the median of 1 to 10000: three standard errors are 150 ranks. */
static void the_range_of_a_percentile(void **state)
{
    static struct result result;
    struct metric m;
    double low = 0, high = 0;
    (void)state;
    for (int i = 1; i <= 10000; i++)
        histogram_add(&result.totals.rtt, i);
    assert_true(metric_find(&m, "rtt.p50", 7) && metric_range(&m, &result, &low, &high));
    assert_true(low > 4840 && low < 4860 && high > 5140 && high < 5160);
    assert_true(metric_find(&m, "rtt.p99.99", 10) && metric_range(&m, &result, &low, &high));
    assert_true(low > 9900 && isinf(high));
    assert_true(metric_find(&m, "rtt.max", 7) && !metric_range(&m, &result, &low, &high));
    assert_true(metric_find(&m, "rate", 4) && !metric_range(&m, &result, &low, &high));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_is_found),
        cmocka_unit_test(formatted_with_their_units),
        cmocka_unit_test(the_range_of_a_percentile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
