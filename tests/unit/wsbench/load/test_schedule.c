#include "cmd/wsbench/load/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void even_places_are_at_even_times(void **state)
{
    struct schedule schedule = {.rate = 4};
    (void)state;
    assert_int_equal(schedule_time(&schedule, 0), 0);
    assert_int_equal(schedule_time(&schedule, 1), 250000000);
    assert_int_equal(schedule_time(&schedule, 40), 10000000000);
    schedule.rate = 0.001; /* and what is never due does not overflow */
    assert_true(schedule_time(&schedule, 1e300) > INT64_C(1) << 60);
}

/* 100 a second after 10 s: 500 places in the ramp, the second quarter of them after 5 s. */
static void a_ramp(void **state)
{
    struct schedule schedule = {.rate = 100, .ramp_s = 10};
    (void)state;
    assert_int_equal(schedule_time(&schedule, 0), 0);
    assert_int_equal(schedule_time(&schedule, 125), 5000000000);
    assert_int_equal(schedule_time(&schedule, 500), 10000000000);
    assert_int_equal(schedule_time(&schedule, 600), 11000000000);
    for (int i = 1; i < 1000; i++)
        assert_true(schedule_time(&schedule, i) > schedule_time(&schedule, i - 1));
}

static void bursts(void **state)
{
    struct schedule schedule = {.rate = 5, .burst = 10, .burst_s = 2};
    (void)state;
    assert_int_equal(schedule_time(&schedule, 9), 0);
    assert_int_equal(schedule_time(&schedule, 10), 2000000000);
    assert_int_equal(schedule_time(&schedule, 25), 4000000000);
}

/* Of an exponential distribution with the mean 1, exp(-1) is above 1 and exp(-3) above 3. */
static void exponential_distances(void **state)
{
    enum { N = 100000 };
    uint64_t random = 5, above_one = 0, above_three = 0;
    double sum = 0;
    (void)state;
    for (int i = 0; i < N; i++) {
        double x = schedule_exponential(&random);
        assert_true(x >= 0 && x < 40);
        sum += x;
        above_one += x > 1;
        above_three += x > 3;
    }
    assert_true(sum > N * 0.98 && sum < N * 1.02);
    assert_in_range(above_one, N * 0.358, N * 0.378);
    assert_in_range(above_three, N * 0.047, N * 0.053);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(even_places_are_at_even_times),
        cmocka_unit_test(a_ramp),
        cmocka_unit_test(bursts),
        cmocka_unit_test(exponential_distances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
