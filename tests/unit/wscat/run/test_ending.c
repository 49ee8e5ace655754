/* Every way out of wscat. */
#include "cmd/wscat/run/ending.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#define SECOND_US 1000000

static void step(struct ending *ending, enum ending_event event, enum ending_action action,
                 enum ending_state state)
{
    assert_int_equal(ending_next(ending, event), action);
    assert_int_equal(ending->state, state);
}

static void finish(struct ending *ending)
{
    step(ending, ENDING_CONNECTION_ENDED, ENDING_WRITE, ENDING_WRITING);
    step(ending, ENDING_WRITTEN, ENDING_STOP, ENDING_DONE);
    step(ending, ENDING_HURRY, ENDING_NOTHING, ENDING_DONE);
}

static void silence_after_the_end_of_input(void **state)
{
    (void)state;
    struct ending e;
    ending_init(&e, 2 * SECOND_US, false);
    step(&e, ENDING_SILENCE, ENDING_NOTHING, ENDING_TALKING); /* input may still come */
    step(&e, ENDING_WRITTEN, ENDING_NOTHING, ENDING_TALKING);
    step(&e, ENDING_INPUT_ENDED, ENDING_AWAIT_SILENCE, ENDING_WAITING);
    step(&e, ENDING_INPUT_ENDED, ENDING_NOTHING, ENDING_WAITING);
    step(&e, ENDING_SILENCE, ENDING_CLOSE, ENDING_CLOSING);
    step(&e, ENDING_SILENCE, ENDING_NOTHING, ENDING_CLOSING);
    step(&e, ENDING_ENOUGH, ENDING_NOTHING, ENDING_CLOSING);
    step(&e, ENDING_PEER_CLOSES, ENDING_NOTHING, ENDING_CLOSING);
    finish(&e);
}

static void wait_for_ever(void **state)
{
    (void)state;
    struct ending e;
    ending_init(&e, -1, false);
    step(&e, ENDING_INPUT_ENDED, ENDING_NOTHING, ENDING_WAITING);
    step(&e, ENDING_PEER_CLOSES, ENDING_NOTHING, ENDING_CLOSING);
    finish(&e);
}

static void exit_on_eof(void **state)
{
    (void)state;
    struct ending e;
    ending_init(&e, 2 * SECOND_US, true);
    step(&e, ENDING_INPUT_ENDED, ENDING_CLOSE, ENDING_CLOSING);
    finish(&e);
}

static void count_or_expect_is_met(void **state)
{
    (void)state;
    struct ending e;
    ending_init(&e, 0, false);
    step(&e, ENDING_ENOUGH, ENDING_CLOSE, ENDING_CLOSING);
    finish(&e);
    ending_init(&e, 0, false);
    step(&e, ENDING_INPUT_ENDED, ENDING_AWAIT_SILENCE, ENDING_WAITING);
    step(&e, ENDING_ENOUGH, ENDING_CLOSE, ENDING_CLOSING);
    finish(&e);
}

static void the_reader_leaves(void **state)
{
    (void)state;
    struct ending e;
    ending_init(&e, -1, false);
    step(&e, ENDING_READER_LEFT, ENDING_CLOSE, ENDING_CLOSING);
    finish(&e);
    /* While the rest is being written. */
    ending_init(&e, -1, false);
    step(&e, ENDING_CONNECTION_ENDED, ENDING_WRITE, ENDING_WRITING);
    step(&e, ENDING_READER_LEFT, ENDING_STOP, ENDING_DONE);
}

static void the_connection_is_lost(void **state)
{
    (void)state;
    struct ending e;
    ending_init(&e, 0, false);
    finish(&e);
}

static void a_signal_ends_it_from_every_state(void **state)
{
    (void)state;
    for (int at = ENDING_TALKING; at <= ENDING_WRITING; at++) {
        struct ending e;
        ending_init(&e, 0, false);
        e.state = (enum ending_state)at;
        step(&e, ENDING_HURRY, ENDING_STOP, ENDING_DONE);
    }
}

static void another_connection(void **state)
{
    (void)state;
    struct ending e;
    ending_init(&e, -1, false);
    step(&e, ENDING_INPUT_ENDED, ENDING_NOTHING, ENDING_WAITING);
    ending_reopen(&e);
    assert_int_equal(e.state, ENDING_TALKING);
    step(&e, ENDING_ENOUGH, ENDING_CLOSE, ENDING_CLOSING);
    ending_reopen(&e);
    assert_int_equal(e.state, ENDING_CLOSING);
}

static void when_silence_is_long_enough(void **state)
{
    (void)state;
    struct ending e;
    ending_init(&e, 2 * SECOND_US, false);
    assert_int_equal(ending_silent_at_ms(&e, 5000, 4000, false), 6000);
    assert_int_equal(ending_silent_at_ms(&e, 5000, 4000, true), 7000);
    ending_init(&e, 1, false); /* rounded up */
    assert_int_equal(ending_silent_at_ms(&e, 5000, 5000, false), 5001);
    ending_init(&e, 0, false);
    assert_int_equal(ending_silent_at_ms(&e, 5000, 5000, false), 5000);
    assert_true(ending_silent_at_ms(&e, 5000, 5000, true) > 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_after_the_end_of_input),
        cmocka_unit_test(wait_for_ever),
        cmocka_unit_test(exit_on_eof),
        cmocka_unit_test(count_or_expect_is_met),
        cmocka_unit_test(the_reader_leaves),
        cmocka_unit_test(the_connection_is_lost),
        cmocka_unit_test(a_signal_ends_it_from_every_state),
        cmocka_unit_test(another_connection),
        cmocka_unit_test(when_silence_is_long_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
