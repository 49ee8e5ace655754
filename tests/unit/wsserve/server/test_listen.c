#include "cmd/wsserve/server/listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static int inherited(const char *pid, const char *fds)
{
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    if (pid)
        setenv("LISTEN_PID", pid, 1);
    if (fds)
        setenv("LISTEN_FDS", fds, 1);
    setenv("LISTEN_FDNAMES", "a:b", 1);
    int count = listen_inherited_count();
    /* No child of ours may take them for its own. */
    assert_null(getenv("LISTEN_PID"));
    assert_null(getenv("LISTEN_FDS"));
    assert_null(getenv("LISTEN_FDNAMES"));
    return count;
}

static void test_inherited(void **state)
{
    (void)state;
    char self[16];
    snprintf(self, sizeof self, "%d", (int)getpid());
    assert_int_equal(inherited(NULL, NULL), 0);
    assert_int_equal(inherited(self, "2"), 2);
    assert_int_equal(inherited(self, "0"), 0);
    assert_int_equal(inherited(self, NULL), 0);
    assert_int_equal(inherited(NULL, "2"), 0);
    assert_int_equal(inherited("1", "2"), 0);
    assert_int_equal(inherited(self, "-1"), 0);
    assert_int_equal(inherited(self, "2x"), 0);
    assert_int_equal(inherited(self, "99999999999"), 0);
    assert_int_equal(inherited("x", "2"), 0);
    assert_int_equal(inherited("", ""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inherited),
    };
    return cmocka_run_group_tests_name("wsserve_listen", tests, NULL, NULL);
}
