#include "cmd/wscat/check/cause.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void every_step_has_a_name_and_a_cause(void **state)
{
    (void)state;
    for (int step = 0; step < CHECK_STEPS; step++) {
        const char *name = check_step_name((enum check_step)step);
        assert_non_null(name);
        assert_true(strlen(name) > 0);
        assert_true(strlen(check_cause((enum check_step)step, 0, false)) > 20);
        for (int other = 0; other < step; other++)
            assert_string_not_equal(check_step_name((enum check_step)other), name);
    }
}

static void a_status_says_more_than_the_step(void **state)
{
    (void)state;
    assert_non_null(strstr(check_cause(CHECK_UPGRADE, 401, false), "--auth"));
    assert_non_null(strstr(check_cause(CHECK_UPGRADE, 404, false), "path"));
    assert_non_null(strstr(check_cause(CHECK_UPGRADE, 502, false), "proxy"));
    /* 400 is what servers answer when the proxy has dropped the upgrade; so is a status that is
     * not in the table. */
    assert_string_equal(check_cause(CHECK_UPGRADE, 400, false),
                        check_cause(CHECK_UPGRADE, 0, false));
    assert_string_equal(check_cause(CHECK_UPGRADE, 599, false),
                        check_cause(CHECK_UPGRADE, 0, false));
    assert_string_not_equal(check_cause(CHECK_IDLE, 0, false),
                            check_cause(CHECK_UPGRADE, 0, false));
    assert_non_null(strstr(check_cause(CHECK_ECHO, 0, true), "the rule"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_has_a_name_and_a_cause),
        cmocka_unit_test(a_status_says_more_than_the_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
