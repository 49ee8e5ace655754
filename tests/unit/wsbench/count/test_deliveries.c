#include "cmd/wsbench/count/deliveries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

static struct deliveries all, one;
static struct histogram times;

static int set_up(void **state)
{
    (void)state;
    memset(&all, 0, sizeof all);
    memset(&one, 0, sizeof one);
    memset(&times, 0, sizeof times);
    return 0;
}

static void what_did_not_come(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        deliveries_sent(&all, i * 100 * MS);
        deliveries_came(&all, i * 100 * MS); /* the sender */
        for (int receiver = 0; receiver < 2; receiver++)
            if (i != 3 || receiver != 1)
                deliveries_came(&one, i * 100 * MS);
    }
    deliveries_merge(&all, &one);
    deliveries_add_missing(&all, 3, 1000 * MS, &times);
    assert_int_equal(times.count, 1);
    assert_int_equal(times.most, 699 * MS);
}

/* Times without limit, in the same memory; those of threads that saw more and less of them. */
static void a_long_load(void **state)
{
    (void)state;
    deliveries_sent(&one, 1000 * MS);
    deliveries_sent(&all, 5000 * MS);
    deliveries_came(&all, 5000 * MS);
    assert_int_equal(all.doublings, 1);
    deliveries_merge(&all, &one);
    deliveries_add_missing(&all, 1, 6000 * MS, &times);
    assert_int_equal(times.count, 1);
    assert_int_equal(times.least, (5000 - 2) * MS);
    deliveries_merge(&one, &all);
    assert_int_equal(one.doublings, 1);
    deliveries_sent(&one, INT64_C(1) << 60);
    memset(&times, 0, sizeof times);
    deliveries_add_missing(&one, 1, 0, &times);
    assert_int_equal(times.count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_did_not_come, set_up),
        cmocka_unit_test_setup(a_long_load, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
