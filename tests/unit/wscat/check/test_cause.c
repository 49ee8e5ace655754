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
        assert_true(strlen(check_cause((enum check_step)step, 0, CHECK_FOUND_NOTHING)) > 20);
        for (int other = 0; other < step; other++)
            assert_string_not_equal(check_step_name((enum check_step)other), name);
    }
}

static void a_status_says_more_than_the_step(void **state)
{
    (void)state;
    assert_non_null(strstr(check_cause(CHECK_UPGRADE, 401, CHECK_FOUND_NOTHING), "--auth"));
    assert_non_null(strstr(check_cause(CHECK_UPGRADE, 404, CHECK_FOUND_NOTHING), "path"));
    assert_non_null(strstr(check_cause(CHECK_UPGRADE, 502, CHECK_FOUND_NOTHING), "proxy"));
    /* 400 is what servers answer when the proxy has dropped the upgrade; so is a status that is
     * not in the table. */
    assert_string_equal(check_cause(CHECK_UPGRADE, 400, CHECK_FOUND_NOTHING),
                        check_cause(CHECK_UPGRADE, 0, CHECK_FOUND_NOTHING));
    assert_string_equal(check_cause(CHECK_UPGRADE, 599, CHECK_FOUND_NOTHING),
                        check_cause(CHECK_UPGRADE, 0, CHECK_FOUND_NOTHING));
    assert_string_not_equal(check_cause(CHECK_IDLE, 0, CHECK_FOUND_NOTHING),
                            check_cause(CHECK_UPGRADE, 0, CHECK_FOUND_NOTHING));
}

static void what_was_found_says_most(void **state)
{
    static const struct {
        enum check_finding finding;
        const char *text;
    } rows[] = {
        {CHECK_FOUND_VIOLATION, "the rule"},
        {CHECK_FOUND_OTHER_ECHO, "changes or cuts messages"},
        {CHECK_FOUND_SUBPROTOCOL, "--subprotocol"},
        {CHECK_FOUND_EXTENSION, "Sec-WebSocket-Extensions"},
        {CHECK_FOUND_CERTIFICATE, "--cert and --key"},
        {CHECK_FOUND_UNREACHABLE, "a connection of its own"},
    };
    (void)state;
    assert_int_equal(sizeof rows / sizeof rows[0], CHECK_FINDINGS - 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_non_null(strstr(check_cause(CHECK_UPGRADE, 404, rows[i].finding), rows[i].text));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_has_a_name_and_a_cause),
        cmocka_unit_test(a_status_says_more_than_the_step),
        cmocka_unit_test(what_was_found_says_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
