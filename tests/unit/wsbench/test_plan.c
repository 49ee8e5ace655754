#include "cmd/wsbench/plan.h"

#include "cmd/common/exit.h"
#include "cmd/wsbench/bench.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* --- a model of a server, in place of the measurements --- */

static struct {
    double capacity;       /* messages a second; above it, times grow without limit */
    int64_t time_ns;       /* of an answer */
    unsigned gone_after;   /* measurements; then no connection can be opened. 0: never */
    unsigned signal_after; /* measurements; the next is interrupted. 0: never */
    double lossy_from;     /* at this rate and above a message is lost; 0: never */
    unsigned count;
    double rates[64];
    uint64_t connections[64];
} model;

void __wrap_bench_run(const struct settings *settings, struct result *result);

void __wrap_bench_run(const struct settings *s, struct result *r)
{
    struct totals *t = &r->totals;
    assert_true(model.count < 64);
    model.rates[model.count] = s->rate;
    model.connections[model.count++] = s->connections;
    if (model.gone_after && model.count > model.gone_after) {
        t->first_error = WS_E_CONNECT;
        snprintf(t->first_detail, sizeof t->first_detail, "connect: refused");
        return;
    }
    if (model.signal_after && model.count > model.signal_after) {
        r->signal_number = SIGINT;
        return;
    }
    r->load_s = 1;
    t->tried = t->opened = s->connections;
    r->rate_per_s = s->rate < model.capacity ? s->rate : model.capacity;
    t->sent = t->received = 1 + (uint64_t)r->rate_per_s;
    t->lost = model.lossy_from > 0 && s->rate >= model.lossy_from;
    t->unsent[UNSENT_WINDOW] = (uint64_t)(s->rate - r->rate_per_s);
    for (unsigned i = 0; i < 100; i++)
        histogram_add(&t->rtt, s->rate > model.capacity ? INT64_C(1000000000) : model.time_ns);
}

/* --- --find-rate --- */

static struct settings settings;
static struct plan plan;

static int set_up(void **state)
{
    (void)state;
    memset(&model, 0, sizeof model);
    model.capacity = 5000;
    model.time_ns = 1000000;
    settings = (struct settings){
        .common.quiet = 1,
        .connections = 10,
        .window = 100,
        .size = {20, 20},
        .goal = {10000, 99},
    };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    plan_free(&plan);
    return 0;
}

/* The search for a server of any capacity: what it finds is kept, within a twentieth of what is
 * not, and in few tries. */
static void capacity_is_found(void **state)
{
    static const double capacities[] = {1.5, 40, 999, 1000, 1001, 5000, 123456, 3e6};
    (void)state;
    for (size_t i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
        model.count = 0;
        model.capacity = capacities[i];
        plan_run(&settings, &plan);
        assert_int_equal(plan.count, 1);
        const struct measurement *m = plan.measurements[0];
        double kept = m->result.found_rate, failed = m->result.failed_rate;
        assert_true(kept <= model.capacity && failed > model.capacity);
        assert_true(failed - kept <= kept / 20 + 1);
        assert_true(m->settings.rate == kept && m->result.rate_per_s == kept);
        assert_true(model.count <= 24);
        assert_int_equal(m->verdict.status, WS_EXIT_OK);
        assert_non_null(strstr(m->verdict.lines[0], "the highest rate that keeps p99"));
        plan_free(&plan);
    }
}

static void the_search_begins_at_rate(void **state)
{
    (void)state;
    settings.rate = 4000;
    plan_run(&settings, &plan);
    assert_true(model.rates[0] == 4000 && model.rates[1] == 8000 && model.rates[2] == 6000);
}

static void a_time_that_no_rate_keeps(void **state)
{
    (void)state;
    model.time_ns = 20000000;
    plan_run(&settings, &plan);
    const struct measurement *m = plan.measurements[0];
    assert_true(m->result.found_rate == 0 && m->result.failed_rate <= 1);
    assert_int_equal(m->verdict.status, WS_EXIT_ASSERTION);
    assert_non_null(strstr(m->verdict.lines[0], "no rate keeps p99"));
}

/* The time alone is not enough: a rate with losses is not kept. */
static void losses_are_no_success(void **state)
{
    (void)state;
    model.lossy_from = 3000;
    plan_run(&settings, &plan);
    const struct measurement *m = plan.measurements[0];
    assert_true(m->result.found_rate < 3000 && m->result.found_rate > 2700);
}

/* A server that is gone says nothing about rates: what was found until then is reported with why
 * the search ended, and with its exit code. */
static void a_server_that_is_gone_is_no_limit(void **state)
{
    (void)state;
    model.gone_after = 2;
    plan_run(&settings, &plan);
    const struct measurement *m = plan.measurements[0];
    assert_int_equal(model.count, 3);
    assert_true(m->result.found_rate == 2000 && m->result.failed_rate == 0);
    assert_int_equal(m->verdict.status, WS_EXIT_CONNECT);
    assert_non_null(strstr(m->verdict.lines[0],
                           "at 2000/s; the search ended there: no connection could be opened"));
    plan_free(&plan);
    model.count = 0;
    model.gone_after = 0;
    model.signal_after = 2;
    plan_run(&settings, &plan);
    m = plan.measurements[0];
    assert_int_equal(m->verdict.status, WS_EXIT_SIGINT);
    assert_true(m->result.totals.received == 2001);
    assert_non_null(strstr(m->verdict.lines[0], "ended there: interrupted by SIGINT"));
}

static void a_server_that_was_never_there(void **state)
{
    (void)state;
    model.capacity = 500;
    model.gone_after = 1; /* after the first try, which is too high */
    plan_run(&settings, &plan);
    assert_int_equal(plan.count, 1);
    assert_int_equal(plan.measurements[0]->verdict.status, WS_EXIT_CONNECT);
    assert_int_equal(model.count, 2);
}

/* --- --stages --- */

static void stages_one_after_the_other(void **state)
{
    (void)state;
    settings.goal.limit_us = 0;
    settings.stages = (struct stages){.values = {5, 50, 500}, .count = 3};
    plan_run(&settings, &plan);
    assert_int_equal(plan.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(model.connections[i], settings.stages.values[i]);
        assert_int_equal(plan.measurements[i]->settings.connections, settings.stages.values[i]);
    }
    plan_free(&plan);
    model.count = 0;
    settings.stages.rates = true;
    model.signal_after = 1;
    plan_run(&settings, &plan); /* the interrupted one is the last */
    assert_int_equal(plan.count, 2);
    assert_true(model.rates[0] == 5 && model.rates[1] == 50);
    assert_int_equal(plan.measurements[1]->verdict.status, WS_EXIT_SIGINT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(capacity_is_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_search_begins_at_rate, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_time_that_no_rate_keeps, set_up, tear_down),
        cmocka_unit_test_setup_teardown(losses_are_no_success, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_server_that_is_gone_is_no_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_server_that_was_never_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stages_one_after_the_other, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
