#include "cmd/common/signal_repeat.h"

#include <signal.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void one_that_comes_twice(void **state)
{
    struct signal_repeat last = {0};
    (void)state;
    assert_false(signal_repeat(&last, SIGTERM, 0));
    assert_true(signal_repeat(&last, SIGTERM, 0));
    assert_true(signal_repeat(&last, SIGTERM, SIGNAL_REPEAT_US - 1));
    /* The time runs from the one that counted, not from its copies. */
    assert_false(signal_repeat(&last, SIGTERM, SIGNAL_REPEAT_US));
    assert_true(signal_repeat(&last, SIGTERM, SIGNAL_REPEAT_US + 1));
}

static void others(void **state)
{
    struct signal_repeat last = {0};
    (void)state;
    assert_false(signal_repeat(&last, SIGINT, 0));
    assert_false(signal_repeat(&last, SIGTERM, 1));
    assert_false(signal_repeat(&last, SIGHUP, 2));
    assert_false(signal_repeat(&last, SIGHUP, 3));
    assert_true(signal_repeat(&last, SIGTERM, 4));
    assert_false(signal_repeat(&last, SIGINT, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_comes_twice),
        cmocka_unit_test(others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
