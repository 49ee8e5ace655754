#include "cmd/wsserve/options/kill_sequence.h"

#include <signal.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void test_steps(void **state)
{
    (void)state;
    struct kill_sequence kill;
    assert_true(kill_sequence_parse(KILL_SEQUENCE_DEFAULT, &kill));
    assert_int_equal(kill.count, 2);
    assert_int_equal(kill.step[0].signal, SIGTERM);
    assert_int_equal(kill.step[0].wait_ms, 1000);
    assert_int_equal(kill.step[1].signal, SIGKILL);
    assert_true(kill_sequence_parse("int:250ms,SIGTERM:0.5,15,kill", &kill));
    assert_int_equal(kill.count, 4);
    assert_int_equal(kill.step[0].signal, SIGINT);
    assert_int_equal(kill.step[0].wait_ms, 250);
    assert_int_equal(kill.step[1].wait_ms, 500);
    assert_int_equal(kill.step[2].signal, SIGTERM);
    assert_int_equal(kill.step[2].wait_ms, 1000);
}

static void test_the_last_is_kill(void **state)
{
    (void)state;
    struct kill_sequence kill;
    assert_true(kill_sequence_parse("HUP:2s", &kill));
    assert_int_equal(kill.count, 2);
    assert_int_equal(kill.step[0].wait_ms, 2000);
    assert_int_equal(kill.step[1].signal, SIGKILL);
    assert_true(kill_sequence_parse("1,1,1,1,1,1,1,1", &kill));
    assert_int_equal(kill.count, 9);
    assert_int_equal(kill.step[8].signal, SIGKILL);
    assert_true(kill_sequence_parse("KILL", &kill));
    assert_int_equal(kill.count, 1);
}

static void test_faults(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",  ",",  "TERM,", "TERM:",   "TERM:x",    "NOSUCH",           "TERM:1s,",
        "0", "32", "-1",    "TERM:2h", "TERM KILL", "1,1,1,1,1,1,1,1,1"};
    struct kill_sequence kill = {.count = 77};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (kill_sequence_parse(wrong[i], &kill))
            fail_msg("\"%s\" was taken", wrong[i]);
    assert_int_equal(kill.count, 77);
}

static void test_names(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(kill_signal_name(SIGSEGV, text, sizeof text), "SIGSEGV");
    assert_string_equal(kill_signal_name(99, text, sizeof text), "signal 99");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_the_last_is_kill),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
