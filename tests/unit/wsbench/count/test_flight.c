#include "cmd/wsbench/count/flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { LIMIT_NS = 1000 };

static struct totals totals;
static struct flight flight;

static int set_up(void **state)
{
    (void)state;
    memset(&totals, 0, sizeof totals);
    flight = (struct flight){.limit_ns = LIMIT_NS};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    flight_free(&flight);
    return 0;
}

static void send_at(int64_t now_ns, unsigned count)
{
    while (count-- > 0) {
        assert_true(flight_prepare(&flight, 1, 4, &totals));
        flight_sent(&flight, 1, now_ns, now_ns, true);
        counter_add(&totals.sent, 1);
    }
}

static void answer(uint64_t sequence, int64_t now_ns)
{
    assert_true(flight_answered(&flight, sequence, 0, now_ns, &totals));
}

static void counted(uint64_t received, uint64_t lost, uint64_t duplicated, uint64_t reordered)
{
    assert_int_equal(totals.received, received);
    assert_int_equal(totals.lost, lost);
    assert_int_equal(totals.duplicated, duplicated);
    assert_int_equal(totals.reordered, reordered);
    assert_int_equal(totals.received + totals.lost + flight.waiting, totals.sent);
}

static void out_of_order_and_again(void **state)
{
    (void)state;
    send_at(0, 4);
    answer(1, 10);
    answer(0, 20);
    answer(1, 30);
    answer(3, 40);
    counted(3, 0, 1, 1);
    flight_end(&flight, 50, &totals);
    counted(3, 1, 1, 1);
    assert_false(flight_answered(&flight, 4, 0, 60, &totals)); /* never sent */
}

/* Sent is received and lost; its answer is neither a second one nor received, and the time that was
 * waited for it counts once. */
static void a_late_answer_leaves_its_message_lost(void **state)
{
    (void)state;
    send_at(0, 1);
    assert_int_equal(flight_expire(&flight, 999, &totals), LIMIT_NS);
    counted(0, 0, 0, 0);
    assert_int_equal(flight_expire(&flight, LIMIT_NS, &totals), 0);
    counted(0, 1, 0, 0);
    send_at(1500, 1);
    answer(1, 1600);
    answer(0, 2000);
    counted(1, 1, 0, 0);
    assert_int_equal(totals.late, 1);
    answer(0, 2001);
    counted(1, 1, 1, 0);
    flight_end(&flight, 3000, &totals);
    assert_int_equal(totals.late, 1);
    assert_int_equal(totals.rtt.count, 2);
    assert_int_equal(totals.rtt.most, LIMIT_NS);
}

/* Also where no timer has fired between: the client itself stood still. */
static void an_answer_that_comes_before_it_was_given_up(void **state)
{
    (void)state;
    send_at(0, 2);
    assert_int_equal(flight_alike(&flight, 2, LIMIT_NS - 1), 1);
    assert_int_equal(flight_alike(&flight, 2, LIMIT_NS), 0);
    answer(0, LIMIT_NS - 1);
    answer(1, LIMIT_NS);
    counted(1, 1, 0, 0);
    assert_int_equal(totals.late, 1);
    assert_int_equal(flight.waiting, 0);
}

/* Also when thousands of other messages were answered between. */
static void a_very_late_answer(void **state)
{
    enum { ROUNDS = 20, OTHERS = 5 * FLIGHT_LEAST };
    uint64_t lost[ROUNDS], number = 0;
    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        lost[i] = flight.next;
        send_at(0, 1);
        flight_set_key(&flight, 1000 + i);
        flight_expire(&flight, LIMIT_NS, &totals);
        for (unsigned k = 0; k < OTHERS; k++) {
            send_at(LIMIT_NS, 1);
            answer(flight.next - 1, LIMIT_NS);
        }
    }
    counted(ROUNDS * OTHERS, ROUNDS, 0, 0);
    assert_int_equal(flight.size, FLIGHT_LEAST);
    answer(lost[1], 5000);
    answer(lost[1], 5001);
    answer(lost[1] + 1, 5002); /* was answered long ago */
    counted(ROUNDS * OTHERS, ROUNDS, 2, 0);
    assert_int_equal(totals.late, 1);
    assert_true(flight_find(&flight, true, 1003, &number));
    assert_int_equal(number, lost[3]);
    /* By its last digits, with more of them than the ring has messages. */
    uint64_t modulus = UINT64_C(1) << 20;
    assert_true(flight_answered(&flight, lost[0] & (modulus - 1), modulus, 6000, &totals));
    assert_int_equal(totals.late, 2);
    flight_end(&flight, 9000, &totals);
    counted(ROUNDS * OTHERS, ROUNDS, 2, 0);
    assert_int_equal(totals.rtt.count, ROUNDS * (OTHERS + 1));
    assert_int_equal(totals.rtt.most, LIMIT_NS);
    assert_false(flight_find(&flight, true, 1003, &number));
}

/* One that leaves the memory after that has its time counted once as well. */
static void what_was_answered_late_leaves_the_memory(void **state)
{
    (void)state;
    send_at(0, 1);
    flight_expire(&flight, LIMIT_NS, &totals);
    answer(0, 2000);
    for (uint64_t i = 1; i <= 2 * FLIGHT_LEAST; i++) {
        send_at(LIMIT_NS, 1);
        answer(i, LIMIT_NS + 1);
    }
    assert_int_equal(flight.overdue_count, 0);
    assert_int_equal(totals.rtt.most, LIMIT_NS);
    flight_end(&flight, 9000, &totals);
    counted(2 * FLIGHT_LEAST, 1, 0, 0);
    assert_int_equal(totals.rtt.count, 2 * FLIGHT_LEAST + 1);
}

static void lost_messages_are_not_kept_without_limit(void **state)
{
    enum { LOST = 3 * FLIGHT_OVERDUE };
    (void)state;
    for (unsigned i = 0; i < LOST; i++) {
        send_at(0, 1);
        flight_expire(&flight, LIMIT_NS, &totals);
    }
    assert_int_equal(flight.overdue_size, FLIGHT_OVERDUE);
    answer(LOST - FLIGHT_OVERDUE, 3000);
    counted(0, LOST, 0, 0);
    assert_int_equal(totals.late, 1);
    flight_end(&flight, 9000, &totals);
    assert_int_equal(totals.rtt.count, LOST);
}

static void what_was_lost_is_in_the_times(void **state)
{
    (void)state;
    send_at(0, 1);
    flight_expire(&flight, LIMIT_NS, &totals);
    send_at(2000, 1);
    flight_end(&flight, 2300, &totals); /* the second one was 300 ns old */
    counted(0, 2, 0, 0);
    assert_int_equal(totals.rtt.count, 2);
    assert_int_equal(totals.rtt.least, 300);
    assert_int_equal(totals.rtt.most, LIMIT_NS);
}

static void damage_frees_a_place_and_is_made_good(void **state)
{
    (void)state;
    send_at(0, 3);
    flight_damaged(&flight, &totals); /* it was the answer to 1 */
    answer(0, 10);
    answer(2, 20);
    flight_expire(&flight, LIMIT_NS, &totals);
    counted(2, 1, 0, 0);
    assert_int_equal(totals.corrupted, 1);
}

static void damage_is_made_good_in_time_only(void **state)
{
    (void)state;
    send_at(0, 2);
    flight_damaged(&flight, &totals);
    answer(1, 20);
    answer(0, LIMIT_NS);
    counted(1, 1, 0, 0);
    assert_int_equal(totals.late, 1);
}

static void the_oldest_waits_while_many_pass(void **state)
{
    (void)state;
    send_at(0, 1);
    for (uint64_t i = 1; i <= 3 * FLIGHT_LEAST; i++) {
        send_at((int64_t)i, 1);
        answer(i, (int64_t)i);
    }
    answer(0, 900);
    answer(0, 901);
    counted(3 * FLIGHT_LEAST + 1, 0, 1, 1);
}

static void a_server_that_never_answers_the_oldest_has_a_limit(void **state)
{
    (void)state;
    send_at(0, 1);
    for (uint64_t i = 1; i <= FLIGHT_MOST; i++) {
        send_at(1, 1);
        answer(i, 1);
    }
    assert_int_equal(flight.size, FLIGHT_MOST);
    counted(FLIGHT_MOST, 1, 0, 0);
}

/* The message that is given up for its age is not taken for the one that has its place now. */
static void last_digits_after_the_oldest_was_given_up(void **state)
{
    (void)state;
    send_at(0, 1);
    for (uint64_t i = 1; i < FLIGHT_MOST; i++) {
        send_at(1, 1);
        answer(i, 1);
    }
    counted(FLIGHT_MOST - 1, 0, 0, 0);
    send_at(2, 1);
    counted(FLIGHT_MOST - 1, 1, 0, 0);
    assert_true(flight_answered(&flight, FLIGHT_MOST % 16, 16, 3, &totals));
    counted(FLIGHT_MOST, 1, 0, 0);
}

/* What is answered in order is counted as by flight_answered(), also after others were overtaken.
 */
static void the_first_that_waits(void **state)
{
    (void)state;
    assert_null(flight_first(&flight));
    send_at(10, 4);
    answer(1, 20);
    answer(3, 20);
    assert_int_equal(flight_first(&flight)->due_ns, 10);
    assert_int_equal(flight.waiting_from, 0);
    flight_first_answered(&flight, 1, 30, &totals);
    counted(3, 0, 0, 1);
    assert_int_equal(flight.waiting_from, 2);
    flight_first_answered(&flight, 1, 40, &totals);
    counted(4, 0, 0, 2);
    assert_null(flight_first(&flight));
    send_at(50, 1);
    assert_int_equal(flight.waiting_from, 4);
    flight_first_answered(&flight, 1, 57, &totals);
    counted(5, 0, 0, 2);
    assert_int_equal(totals.rtt.least, 7);
    assert_int_equal(totals.rtt.most, 30);
    answer(4, 60);
    counted(5, 0, 1, 2);
}

static void many_places_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        assert_true(flight_prepare(&flight, FLIGHT_LEAST / 2, 4, &totals));
        for (int i = 0; i < FLIGHT_LEAST / 2; i++) {
            flight_sent(&flight, 1, round, round, true);
            counter_add(&totals.sent, 1);
        }
        for (int i = 0; i < FLIGHT_LEAST / 2; i++)
            flight_first_answered(&flight, 1, round + 1, &totals);
    }
    assert_int_equal(flight.size, FLIGHT_LEAST);
    counted(20 * FLIGHT_LEAST / 2, 0, 0, 0);
    assert_int_equal(totals.rtt.most, 1);
}

static struct totals others;
static struct flight other;

/* Sent and answered many at once: the same as each by itself, whatever else came out of order or
 * was lost. */
static void many_at_once_are_the_same_as_each(void **state)
{
    uint32_t random = 1;
    (void)state;
    memset(&others, 0, sizeof others);
    other = (struct flight){.limit_ns = 9};
    flight.limit_ns = 9;
    for (int64_t now = 0; now < 3000; now++) {
        random = random * 1664525 + 1013904223;
        unsigned count = 1 + (random >> 8) % 32, choice = random >> 28;
        if (flight.waiting < 64) {
            bool warm = now > 20;
            assert_true(flight_prepare(&flight, count, 32, &totals));
            assert_true(flight_prepare(&other, count, 32, &others));
            flight_sent(&flight, count, now, now, warm);
            for (unsigned i = 0; i < count; i++)
                flight_sent(&other, 1, now, now, warm);
        }
        if (choice < 2) { /* one overtakes, or comes twice */
            uint64_t number = flight.next - 1 -
                              (random >> 16) % (unsigned)(flight.next < 200 ? flight.next : 200);
            flight_answered(&flight, number, 0, now, &totals);
            flight_answered(&other, number, 0, now, &others);
        } else if (choice < 3) {
            flight_damaged(&flight, &totals);
            flight_damaged(&other, &others);
        }
        if (choice > 8)
            assert_int_equal(flight_expire(&flight, now, &totals),
                             flight_expire(&other, now, &others));
        bool in_time = flight.waiting > 0 && now - flight_first(&flight)->sent_ns < 9;
        unsigned alike = flight_alike(&flight, count, now);
        assert_in_range(alike, in_time, in_time ? count : 0);
        if (alike > 0)
            flight_first_answered(&flight, alike, now, &totals);
        for (unsigned i = 0; i < alike; i++)
            assert_true(flight_answered(&other, other.waiting_from, 0, now, &others));
        assert_int_equal(flight.waiting, other.waiting);
        assert_int_equal(flight.waiting_from, other.waiting_from);
        assert_memory_equal(&totals, &others, sizeof totals);
    }
    assert_true(totals.reordered > 0 && totals.duplicated > 0 && totals.lost > 0 &&
                totals.late > 0);
    flight_free(&other);
}

static void last_digits(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        send_at((int64_t)i, 1);
        if (i % 10 != 5)
            assert_true(flight_answered(&flight, i % 16, 16, (int64_t)i, &totals));
        else
            flight_expire(&flight, (int64_t)i + LIMIT_NS, &totals);
    }
    counted(90, 10, 0, 0);
    /* All with this digit were answered. */
    assert_true(flight_answered(&flight, 98 % 16, 16, 100, &totals));
    counted(90, 10, 1, 0);
}

/* With more messages in flight than there are numbers, an answer is that of the one in order; its
 * second copy, or a late one, is near too. */
static void last_digits_of_more_messages_than_numbers(void **state)
{
    enum { IN_FLIGHT = 200, NUMBERS = 32 };
    (void)state;
    send_at(0, IN_FLIGHT);
    for (uint64_t i = 0; i < IN_FLIGHT; i++) {
        if (i % 10 == 3) /* lost */
            continue;
        if (i % 10 == 5) { /* overtaken by the next */
            assert_true(flight_answered(&flight, (i + 1) % NUMBERS, NUMBERS, 10, &totals));
            assert_true(flight_answered(&flight, i % NUMBERS, NUMBERS, 10, &totals));
            i++;
            continue;
        }
        assert_true(flight_answered(&flight, i % NUMBERS, NUMBERS, 10, &totals));
        if (i % 10 == 8) /* twice */
            assert_true(flight_answered(&flight, i % NUMBERS, NUMBERS, 10, &totals));
    }
    flight_give_up(&flight, &totals);
    counted(IN_FLIGHT * 9 / 10, IN_FLIGHT / 10, IN_FLIGHT / 10, IN_FLIGHT / 10);
}

static void messages_that_are_all_alike(void **state)
{
    (void)state;
    assert_false(flight_answered(&flight, 0, 1, 10, &totals));
    send_at(0, 3);
    assert_true(flight_answered(&flight, 0, 1, 10, &totals));
    assert_true(flight_answered(&flight, 0, 1, 10, &totals));
    counted(2, 0, 0, 0);
    assert_true(flight_answered(&flight, 0, 1, 10, &totals));
    assert_true(flight_answered(&flight, 0, 1, 10, &totals));
    counted(3, 0, 1, 0);
    send_at(20, 2);
    flight_expire(&flight, 20 + LIMIT_NS, &totals);
    send_at(2000, 1);
    assert_true(flight_answered(&flight, 0, 1, 2010, &totals));
    assert_true(flight_answered(&flight, 0, 1, 2011, &totals));
    assert_true(flight_answered(&flight, 0, 1, 2012, &totals));
    counted(4, 2, 1, 0);
    assert_int_equal(totals.late, 2);
}

static void messages_of_the_warm_up_are_in_no_total(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_true(flight_prepare(&flight, 1, 4, &totals));
        flight_sent(&flight, 1, 0, 0, false);
    }
    answer(0, 10); /* answered, again, lost, late after all, and lost at the end */
    answer(0, 20);
    flight_expire(&flight, LIMIT_NS, &totals);
    answer(2, LIMIT_NS + 1);
    counted(0, 0, 0, 0);
    assert_int_equal(totals.late, 0);
    send_at(LIMIT_NS, 1);
    answer(4, LIMIT_NS + 5);
    flight_end(&flight, LIMIT_NS + 10, &totals);
    counted(1, 0, 0, 0);
    assert_int_equal(totals.rtt.count, 1);
}

static void answers_find_messages_by_their_keys(void **state)
{
    uint64_t number = 0;
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        send_at(0, 1);
        if (i < 3)
            flight_set_key(&flight, i % 2 ? 5 : 7); /* 7, 5, 7, and one without */
    }
    assert_true(flight_find(&flight, true, 5, &number));
    assert_int_equal(number, 1);
    answer(number, 10);
    assert_true(flight_find(&flight, true, 7, &number));
    assert_int_equal(number, 0); /* the oldest */
    answer(number, 20);
    assert_true(flight_find(&flight, true, 5, &number)); /* again: it was answered */
    answer(number, 30);
    counted(2, 0, 1, 1);
    assert_false(flight_find(&flight, true, 6, &number));
    assert_true(flight_find(&flight, false, 0, &number)); /* any: the oldest that waits */
    assert_int_equal(number, 2);
    flight_expire(&flight, 2 * LIMIT_NS, &totals);
    assert_true(flight_find(&flight, true, 7, &number)); /* late: the one that was lost */
    assert_int_equal(number, 2);
    assert_true(flight_find(&flight, false, 0, &number)); /* any: the oldest of those lost */
    assert_int_equal(number, 2);
    answer(2, 3 * LIMIT_NS);
    answer(3, 3 * LIMIT_NS);
    assert_int_equal(totals.late, 2);
    assert_false(flight_find(&flight, false, 0, &number));
}

/* An answer may come while the connection is closing: it was given up, and is late. */
static void an_answer_after_it_was_given_up(void **state)
{
    (void)state;
    send_at(0, 3);
    answer(1, 10);
    flight_give_up(&flight, &totals);
    assert_int_equal(flight.waiting, 0);
    counted(1, 2, 0, 0);
    answer(2, 30);
    answer(2, 31);
    counted(1, 2, 1, 0);
    assert_int_equal(totals.late, 1);
    flight_end(&flight, 40, &totals);
    counted(1, 2, 1, 0);
    assert_int_equal(totals.rtt.count, 3);
    assert_int_equal(totals.rtt.most, 40);
}

/* The second copy of the last answer may come when the connection is closing already. */
static void a_double_after_the_end(void **state)
{
    (void)state;
    send_at(0, 3);
    for (uint64_t i = 0; i < 3; i++)
        answer(i, 10);
    flight_end(&flight, 20, &totals);
    assert_true(flight_answered(&flight, 2, 16, 30, &totals));
    assert_true(flight_answered(&flight, 2, 0, 30, &totals));
    counted(3, 0, 2, 0);
    assert_false(flight_answered(&flight, 3, 16, 30, &totals));
    assert_false(flight_answered(&flight, 3, 0, 30, &totals));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(out_of_order_and_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_late_answer_leaves_its_message_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_that_comes_before_it_was_given_up, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_very_late_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_answered_late_leaves_the_memory, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(damage_is_made_good_in_time_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lost_messages_are_not_kept_without_limit, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_was_lost_is_in_the_times, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damage_frees_a_place_and_is_made_good, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_oldest_waits_while_many_pass, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_server_that_never_answers_the_oldest_has_a_limit, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(last_digits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(last_digits_after_the_oldest_was_given_up, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(last_digits_of_more_messages_than_numbers, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(messages_that_are_all_alike, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_first_that_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_places_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_at_once_are_the_same_as_each, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_after_it_was_given_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_double_after_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_find_messages_by_their_keys, set_up, tear_down),
        cmocka_unit_test_setup_teardown(messages_of_the_warm_up_are_in_no_total, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
