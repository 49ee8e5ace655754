#include "cmd/wsserve/bridge/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static unsigned let_through(struct backoff *b, int64_t now)
{
    unsigned attempt = ~0u;
    assert_int_equal(backoff_ask(b, now, &attempt), 0);
    return attempt;
}

static void fail_often(struct backoff *b, int64_t now)
{
    for (int i = 0; i < BACKOFF_FAILURES; i++)
        assert_int_equal(backoff_failure(b, let_through(b, now), now), i == BACKOFF_FAILURES - 1);
}

static void test_a_few_failures_are_nothing(void **state)
{
    (void)state;
    struct backoff b = {0};
    for (int i = 0; i < 10; i++) {
        for (int j = 0; j < BACKOFF_FAILURES - 1; j++)
            assert_false(backoff_failure(&b, let_through(&b, 0), 0));
        backoff_success(&b, let_through(&b, 0));
    }
}

static void test_then_nobody_for_a_while(void **state)
{
    (void)state;
    struct backoff b = {0};
    unsigned attempt;
    fail_often(&b, 100);
    assert_int_equal(backoff_ask(&b, 100, &attempt), BACKOFF_FIRST_MS);
    assert_int_equal(backoff_ask(&b, 100 + BACKOFF_FIRST_MS - 1, &attempt), 1);
}

static void test_one_probe_at_a_time(void **state)
{
    (void)state;
    struct backoff b = {0};
    unsigned attempt;
    int64_t now = BACKOFF_FIRST_MS;
    fail_often(&b, 0);
    unsigned probe = let_through(&b, now);
    assert_true(backoff_ask(&b, now, &attempt) > 0);
    backoff_success(&b, probe);
    let_through(&b, now);
    let_through(&b, now);
}

static void test_a_failing_probe_doubles_the_wait(void **state)
{
    (void)state;
    struct backoff b = {0};
    unsigned attempt;
    int64_t now = 0;
    uint32_t wait = BACKOFF_FIRST_MS;
    fail_often(&b, now);
    for (int i = 0; i < 10; i++) {
        now += wait;
        assert_true(backoff_failure(&b, let_through(&b, now), now));
        wait = wait * 2 < BACKOFF_LONGEST_MS ? wait * 2 : BACKOFF_LONGEST_MS;
        assert_int_equal(backoff_ask(&b, now, &attempt), wait);
    }
}

static void test_late_news_do_not_count(void **state)
{
    (void)state;
    struct backoff b = {0};
    unsigned attempt, old = let_through(&b, 0);
    fail_often(&b, 0);
    /* Many that were begun before fail too: that is still the same failure. */
    assert_false(backoff_failure(&b, old, 500));
    backoff_success(&b, old);
    assert_int_equal(backoff_ask(&b, 500, &attempt), BACKOFF_FIRST_MS - 500);
    unsigned probe = let_through(&b, BACKOFF_FIRST_MS);
    assert_false(backoff_failure(&b, old, BACKOFF_FIRST_MS));
    backoff_success(&b, probe);
    let_through(&b, BACKOFF_FIRST_MS);
}

static void test_a_probe_without_an_outcome(void **state)
{
    (void)state;
    struct backoff b = {0};
    unsigned attempt;
    fail_often(&b, 0);
    backoff_unknown(&b, let_through(&b, BACKOFF_FIRST_MS));
    /* The next may try, */
    let_through(&b, BACKOFF_FIRST_MS);
    assert_true(backoff_ask(&b, BACKOFF_FIRST_MS + 1, &attempt) > 0);
    /* and one that lives on is a success. */
    let_through(&b, BACKOFF_FIRST_MS + BACKOFF_PROBE_MS);
    let_through(&b, BACKOFF_FIRST_MS + BACKOFF_PROBE_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_few_failures_are_nothing),
        cmocka_unit_test(test_then_nobody_for_a_while),
        cmocka_unit_test(test_one_probe_at_a_time),
        cmocka_unit_test(test_a_failing_probe_doubles_the_wait),
        cmocka_unit_test(test_late_news_do_not_count),
        cmocka_unit_test(test_a_probe_without_an_outcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
