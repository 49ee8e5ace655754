#include "cmd/wsbench/load/worker.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct settings settings;
static struct bench bench;
static struct worker worker;

static int set_up(void **state)
{
    (void)state;
    memset(&settings, 0, sizeof settings);
    memset(&bench, 0, sizeof bench);
    memset(&worker, 0, sizeof worker);
    worker.bench = &bench;
    worker.settings = &settings;
    pthread_mutex_init(&worker.publish_lock, NULL);
    signal(SIGUSR1, SIG_IGN); /* the main thread's wake-up */
    return 0;
}

static void says_once_when_all_is_answered(void **state)
{
    (void)state;
    worker.phase = PHASE_LOAD;
    worker.quota = 1;
    worker.can_send = 1;
    worker.outstanding = 1;
    worker_check_drained(&worker);
    assert_int_equal(bench.drained, 0);
    worker.quota = 0; /* all is sent, one waits */
    worker_check_drained(&worker);
    assert_int_equal(bench.drained, 0);
    worker.outstanding = 0;
    worker_check_drained(&worker);
    worker_check_drained(&worker);
    assert_int_equal(bench.drained, 1);
}

static void waits_for_connections_that_come_back(void **state)
{
    (void)state;
    worker.phase = PHASE_LOAD;
    worker.quota = 5;
    worker.coming_back = 1;
    worker_check_drained(&worker);
    assert_int_equal(bench.drained, 0);
    worker.coming_back = 0; /* none is left that could send */
    worker_check_drained(&worker);
    assert_int_equal(bench.drained, 1);
}

static void churn_waits_for_its_connections(void **state)
{
    (void)state;
    settings.mode = MODE_CHURN;
    worker.phase = PHASE_DRAIN;
    worker.alive = 1;
    worker_check_drained(&worker);
    assert_int_equal(bench.drained, 0);
    worker.alive = 0;
    worker_check_drained(&worker);
    assert_int_equal(bench.drained, 1);
}

/* The copy is that of when it was asked for, once a request. */
static void publishes_when_asked(void **state)
{
    static struct totals sum;
    (void)state;
    memset(&sum, 0, sizeof sum);
    counter_add(&worker.totals.sent, 3);
    worker_publish(&worker);
    worker_add_published(&worker, &sum);
    assert_int_equal(sum.sent, 0);
    bench.published = 1;
    worker_publish(&worker);
    counter_add(&worker.totals.sent, 4);
    worker_publish(&worker);
    worker_add_published(&worker, &sum);
    assert_int_equal(sum.sent, 3);
    free(worker.published);
}

static void broadcasts_have_fewer_senders(void **state)
{
    (void)state;
    worker.count = 9;
    worker.publishers = 2;
    assert_int_equal(worker_senders(&worker), 9);
    settings.mode = MODE_BROADCAST;
    assert_int_equal(worker_senders(&worker), 2);
    settings.burst.count = 10;
    worker_set_schedule(&worker, 1000, 0.25);
    assert_true(worker.schedule.rate == 250 && worker.schedule.burst == 2.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(says_once_when_all_is_answered, set_up),
        cmocka_unit_test_setup(waits_for_connections_that_come_back, set_up),
        cmocka_unit_test_setup(churn_waits_for_its_connections, set_up),
        cmocka_unit_test_setup(publishes_when_asked, set_up),
        cmocka_unit_test_setup(broadcasts_have_fewer_senders, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
