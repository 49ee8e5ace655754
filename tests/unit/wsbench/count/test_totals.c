#include "cmd/wsbench/count/totals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Every counter of the struct is added up: none was forgotten in totals_merge(). */
static void everything_is_added(void **state)
{
    static struct totals a, sum;
    (void)state;
    a.tried = a.opened = a.failed = a.unfinished = a.dropped = a.given_up = a.closed_by_server = 1;
    a.returned = a.not_returned = a.renewed = 1;
    a.sent = a.received = a.sent_bytes = a.received_bytes = a.own = 1;
    a.lost = a.duplicated = a.reordered = a.corrupted = a.retyped = a.late = a.unasked = a.resumed =
        a.streams = 1;
    a.causes[WS_E_LOST] = 1;
    a.cpu_s = 1;
    a.busiest = 0.5;
    a.first_error = WS_E_LOST;
    strcpy(a.first_detail, "why");
    for (int i = 0; i < UNSENT_CAUSES; i++)
        a.unsent[i] = 1;
    struct histogram *times[] = {&a.rtt,     &a.rtt_sent, &a.lag,     &a.resolve,
                                 &a.connect, &a.tls,      &a.upgrade, &a.back};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        histogram_add(times[i], 5);
    tally_add(&a.refusals, 404, 1);
    totals_merge(&sum, &a);
    assert_memory_equal(&sum, &a, sizeof a);
    totals_merge(&sum, &a);
    assert_int_equal(sum.received_bytes, 2);
    assert_int_equal(totals_unsent(&sum), 2 * UNSENT_CAUSES);
    assert_int_equal(sum.upgrade.count, 2);
    assert_true(sum.cpu_s == 2 && sum.busiest == 0.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(everything_is_added)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
