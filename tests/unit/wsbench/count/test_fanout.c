#include "cmd/wsbench/count/fanout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void new_again_and_late(void **state)
{
    struct fanout f = {0};
    (void)state;
    assert_int_equal(fanout_received(&f, 0), FANOUT_NEW);
    assert_int_equal(fanout_received(&f, 0), FANOUT_DUPLICATE);
    assert_int_equal(fanout_received(&f, 3), FANOUT_NEW);
    assert_int_equal(fanout_received(&f, 1), FANOUT_REORDERED);
    assert_int_equal(fanout_received(&f, 1), FANOUT_DUPLICATE);
    assert_int_equal(fanout_received(&f, 2), FANOUT_REORDERED);
    assert_int_equal(fanout_received(&f, 4), FANOUT_NEW);
}

/* Places are used again after FANOUT_WINDOW messages, and after a gap of any length. */
static void places_are_used_again(void **state)
{
    static const uint64_t gaps[] = {1, 2, 63, 64, 65, FANOUT_WINDOW - 1, FANOUT_WINDOW, 5000};
    (void)state;
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        struct fanout f = {0};
        uint64_t last = 0;
        for (uint64_t k = 0; k < 3 * FANOUT_WINDOW; k++, last = k)
            assert_int_equal(fanout_received(&f, k), FANOUT_NEW);
        uint64_t next = last - 1 + gaps[i];
        assert_int_equal(fanout_received(&f, next), FANOUT_NEW);
        for (uint64_t k = last; k < next; k++)
            assert_int_equal(fanout_received(&f, k), next - k < FANOUT_WINDOW + FANOUT_MISSING
                                                         ? FANOUT_REORDERED
                                                         : FANOUT_DUPLICATE);
        for (uint64_t k = 0; k <= next; k += 7)
            assert_int_equal(fanout_received(&f, k), FANOUT_DUPLICATE);
        fanout_free(&f);
    }
}

/* A message that comes after thousands of others is late, and only once. */
static void very_late(void **state)
{
    enum { ALL = 20 * FANOUT_WINDOW };
    struct fanout f = {0};
    (void)state;
    for (uint64_t k = 0; k < ALL; k++)
        if (k % 100 != 3)
            assert_int_equal(fanout_received(&f, k), FANOUT_NEW);
    for (uint64_t k = ALL; k-- > 0;) {
        assert_int_equal(fanout_received(&f, k),
                         k % 100 == 3 ? FANOUT_REORDERED : FANOUT_DUPLICATE);
        assert_int_equal(fanout_received(&f, k), FANOUT_DUPLICATE);
    }
    assert_int_equal(f.missing_count, 0);
    fanout_free(&f);
}

/* Of a receiver that gets next to nothing a bounded number is remembered: the last ones. */
static void missing_without_end(void **state)
{
    enum { EVERY = 3, ALL = 20 * FANOUT_MISSING };
    struct fanout f = {0};
    (void)state;
    for (uint64_t k = 0; k < ALL; k += EVERY)
        assert_int_equal(fanout_received(&f, k), FANOUT_NEW);
    assert_true(f.missing_size <= FANOUT_MISSING);
    assert_int_equal(fanout_received(&f, 1), FANOUT_DUPLICATE);
    assert_int_equal(fanout_received(&f, ALL - FANOUT_MISSING / 2 - FANOUT_WINDOW),
                     FANOUT_REORDERED);
    fanout_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_again_and_late),
        cmocka_unit_test(places_are_used_again),
        cmocka_unit_test(very_late),
        cmocka_unit_test(missing_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
