#include "cmd/common/color.h"

#include <pty.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void test_color(void **state)
{
    (void)state;
    int person, terminal, pipe_ends[2];
    assert_int_equal(openpty(&person, &terminal, NULL, NULL, NULL), 0);
    assert_int_equal(pipe(pipe_ends), 0);
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm", 1);
    assert_true(color_wanted(COLOR_AUTO, terminal));
    assert_false(color_wanted(COLOR_AUTO, pipe_ends[1]));
    assert_true(color_wanted(COLOR_ALWAYS, pipe_ends[1]));
    assert_false(color_wanted(COLOR_NEVER, terminal));
    setenv("NO_COLOR", "", 1);
    assert_true(color_wanted(COLOR_AUTO, terminal));
    setenv("NO_COLOR", "1", 1);
    assert_false(color_wanted(COLOR_AUTO, terminal));
    assert_true(color_wanted(COLOR_ALWAYS, terminal));
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    assert_false(color_wanted(COLOR_AUTO, terminal));
    unsetenv("TERM");
    assert_false(color_wanted(COLOR_AUTO, terminal));
    close(person);
    close(terminal);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_color)};
    return cmocka_run_group_tests_name("color", tests, NULL, NULL);
}
