#include "cmd/wsserve/bridge/attempts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static struct attempts attempts;

static void test_limit(void **state)
{
    (void)state;
    struct backoff backoff = {0};
    unsigned attempt;
    bool full = false;
    attempts_init(&attempts, 2);
    assert_int_equal(attempts_begin(&attempts, &backoff, 0, &attempt, &full), 0);
    assert_int_equal(attempts_begin(&attempts, &backoff, 0, &attempt, &full), 0);
    assert_true(attempts_begin(&attempts, &backoff, 0, &attempt, &full) > 0);
    assert_true(full);
    attempts_end(&attempts);
    assert_int_equal(attempts_begin(&attempts, &backoff, 0, &attempt, &full), 0);
    attempts_end(&attempts);
    attempts_end(&attempts);
    assert_int_equal(attempts.running, 0);
    attempts_free(&attempts);
}

/* A target that fails does not hold up others. */
static void test_each_target_has_its_backoff(void **state)
{
    (void)state;
    struct backoff bad = {0}, good = {0};
    unsigned attempt;
    bool full = false;
    attempts_init(&attempts, 0);
    for (int i = 0; i < BACKOFF_FAILURES; i++) {
        assert_int_equal(attempts_begin(&attempts, &bad, 0, &attempt, &full), 0);
        bool closed = attempts_report(&attempts, &bad, attempt, OUTCOME_FAILED, 0);
        assert_int_equal(closed, i == BACKOFF_FAILURES - 1);
        attempts_end(&attempts);
    }
    assert_int_equal(attempts_begin(&attempts, &bad, 0, &attempt, &full), BACKOFF_FIRST_MS);
    assert_false(full);
    assert_int_equal(attempts_begin(&attempts, &good, 0, &attempt, &full), 0);
    attempts_end(&attempts);
    /* The probe works: open again. */
    assert_int_equal(attempts_begin(&attempts, &bad, BACKOFF_FIRST_MS, &attempt, &full), 0);
    assert_false(attempts_report(&attempts, &bad, attempt, OUTCOME_WORKS, BACKOFF_FIRST_MS));
    assert_int_equal(attempts_begin(&attempts, &bad, BACKOFF_FIRST_MS, &attempt, &full), 0);
    assert_false(attempts_report(&attempts, &bad, attempt, OUTCOME_UNKNOWN, BACKOFF_FIRST_MS));
    attempts_end(&attempts);
    attempts_end(&attempts);
    assert_int_equal(attempts.running, 0);
    attempts_free(&attempts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_each_target_has_its_backoff),
    };
    return cmocka_run_group_tests_name("wsserve_attempts", tests, NULL, NULL);
}
