#include "cmd/wsbench/count/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct result result;

static bool met(const char *text)
{
    struct condition condition;
    double value;
    bool measured;
    assert_null(condition_read(&condition, text));
    return condition_met(&condition, &result, &value, &measured);
}

static void above_below_and_equal(void **state)
{
    (void)state;
    result.totals.failed = 3;
    assert_true(met("errors>2") && met("errors >= 3") && met("errors<=3") && met("errors<4"));
    assert_false(met("errors>3") || met("errors>=4") || met("errors<3") || met("errors<=2"));
}

static void limits_in_the_unit_of_the_metric(void **state)
{
    (void)state;
    for (int i = 1; i <= 1000; i++)
        histogram_add(&result.totals.rtt, i * INT64_C(1000000));
    result.totals.received = 999;
    result.totals.lost = 1;
    result.load_s = 10;
    result.rate_per_s = 20000;
    assert_true(met("rtt.p99>0.98s") && met("rtt.p99<991ms") && met("rtt.p99.9>995ms"));
    assert_true(met("rtt.min<=1ms") && met("rtt.max>=1s") && met("rtt.count>=1k"));
    assert_true(met("loss>0.09%") && met("loss<0.11%"));
    assert_true(met("rate<20.1k/s") && met("rate>19k"));
}

static void what_was_not_measured(void **state)
{
    struct condition condition;
    double value;
    bool measured = true;
    (void)state;
    assert_null(condition_read(&condition, "tls.p50>=0ms"));
    assert_false(condition_met(&condition, &result, &value, &measured));
    assert_false(measured);
}

static void what_cannot_be_read(void **state)
{
    static const char *const texts[] = {
        "",         "rtt.p99",   ">5",         "rtt>5ms",   "rtt.p101>1ms",
        "rtt.p>1s", "rtt.px>1s", "errors>",    "loss>1",    "loss>x%",
        "rate>1q",  "nope>1",    "rtt.p9x>1s", "rtt.p99>5", "rtt.p99>=0.5"};
    struct condition condition;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_non_null(condition_read(&condition, texts[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(above_below_and_equal),
        cmocka_unit_test(limits_in_the_unit_of_the_metric),
        cmocka_unit_test(what_was_not_measured),
        cmocka_unit_test(what_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
