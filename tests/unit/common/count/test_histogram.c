#include "cmd/common/count/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct histogram histogram;

static void clear(void)
{
    histogram = (struct histogram){0};
}

static void empty(void **state)
{
    (void)state;
    clear();
    assert_int_equal(histogram_percentile(&histogram, 50), 0);
    assert_true(histogram_mean(&histogram) == 0);
}

static void small_values_are_exact(void **state)
{
    (void)state;
    clear();
    for (int i = 1; i <= 100; i++)
        histogram_add(&histogram, i);
    assert_int_equal(histogram_percentile(&histogram, 0), 1);
    assert_int_equal(histogram_percentile(&histogram, 50), 50);
    assert_int_equal(histogram_percentile(&histogram, 99), 99);
    assert_int_equal(histogram_percentile(&histogram, 100), 100);
    assert_int_equal(histogram.least, 1);
    assert_int_equal(histogram.most, 100);
    assert_true(histogram_mean(&histogram) == 50.5);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Compared with sorted values: never below, and at most 1/1024 above the exact value. */
static void matches_sorted_values(void **state)
{
    enum { N = 20000 };
    static int64_t values[N];
    (void)state;
    clear();
    srandom(7);
    for (int i = 0; i < N; i++) {
        values[i] = random() >> (random() % 31);
        values[i] *= 1 + random() % 1000;
        histogram_add(&histogram, values[i]);
    }
    qsort(values, N, sizeof values[0], compare);
    for (int tenths = 1; tenths <= 1000; tenths++) {
        int64_t truth = values[(tenths * (int64_t)N + 999) / 1000 - 1];
        int64_t got = histogram_percentile(&histogram, tenths / 10.0);
        assert_true(got >= truth);
        assert_true(got <= truth + truth / 1024 + 1);
    }
}

static void merged_is_the_same_as_one(void **state)
{
    static struct histogram a, b;
    (void)state;
    clear();
    a = b = histogram;
    for (int i = 0; i < 10000; i++) {
        int64_t value = (int64_t)i * i * 37;
        histogram_add(i % 3 ? &a : &b, value);
        histogram_add(&histogram, value);
    }
    histogram_merge(&a, &b);
    assert_memory_equal(a.buckets, histogram.buckets, sizeof a.buckets);
    assert_int_equal(a.count, histogram.count);
    assert_int_equal(a.least, histogram.least);
    assert_int_equal(a.most, histogram.most);
}

/* A report has the tops of the buckets: read back, the histogram is the same. */
static void buckets_go_through_a_report(void **state)
{
    static struct histogram read;
    (void)state;
    clear();
    read = histogram;
    for (int i = 0; i < 10000; i++)
        histogram_add(&histogram, (int64_t)i * i * 37);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (histogram.buckets[i])
            histogram_add_bucket(&read, histogram_bucket_top(i), histogram.buckets[i]);
    assert_memory_equal(read.buckets, histogram.buckets, sizeof read.buckets);
    assert_int_equal(read.count, histogram.count);
}

static void many_at_once_are_the_same(void **state)
{
    static struct histogram many;
    static const int64_t values[] = {0, 1, 1500, -3, 7000000, 1024, INT64_C(1) << 50};
    (void)state;
    clear();
    memset(&many, 0, sizeof many);
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
        histogram_add_many(&many, values[i], i);
        for (unsigned j = 0; j < i; j++)
            histogram_add(&histogram, values[i]);
    }
    assert_memory_equal(&many, &histogram, sizeof many);
}

static void the_ends_of_the_scale(void **state)
{
    (void)state;
    clear();
    histogram_add(&histogram, -5);
    histogram_add(&histogram, INT64_MAX);
    assert_int_equal(histogram.least, 0);
    assert_int_equal(histogram_percentile(&histogram, 50), 0);
    assert_true(histogram_percentile(&histogram, 100) > INT64_C(3600000000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(matches_sorted_values),
        cmocka_unit_test(merged_is_the_same_as_one),
        cmocka_unit_test(buckets_go_through_a_report),
        cmocka_unit_test(many_at_once_are_the_same),
        cmocka_unit_test(the_ends_of_the_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
