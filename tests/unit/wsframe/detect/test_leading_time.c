#include "cmd/wsframe/detect/leading_time.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static bool timed(const char *text)
{
    return leading_time((const uint8_t *)text, strlen(text));
}

static void times_and_dates(void **state)
{
    (void)state;
    assert_true(timed("10:11:12 81 05 48"));
    assert_true(timed("  23:59 8105\n"));
    assert_true(timed("10:11:12,345 81 05"));
    assert_true(timed("2026-01-31 10:11:12 81"));
    assert_true(timed("1700000000 81 05"));
    assert_true(timed("1700000000123 81 05"));
    assert_true(timed("10:11:12 81:05:48:65:6c:6c:6f"));
}

static void bytes_are_none(void **state)
{
    (void)state;
    /* Nothing follows on the line. */
    assert_false(timed("10:11:12"));
    assert_false(timed("10:11:12\n81 05"));
    assert_false(timed("2026-01-31\n"));
    assert_false(timed(""));
    /* No time of day, no date. */
    assert_false(timed("24:11:12 81"));
    assert_false(timed("10:60 81"));
    assert_false(timed("10:11:6c 81"));
    assert_false(timed("81:05:48 65"));
    assert_false(timed("2026-21-31 81"));
    assert_false(timed("8105486500 81"));
    assert_false(timed("81 05 48 65"));
    /* Groups of bytes. */
    assert_false(timed("01:05 48:65 6c:6c"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_and_dates),
        cmocka_unit_test(bytes_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
