#include "cmd/wsbench/count/result.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* However long a run is, its moments are evenly spread over all of it. */
static void a_long_timeline_becomes_coarser(void **state)
{
    static struct timeline timeline;
    (void)state;
    for (int i = 0; i < 100000; i++) {
        timeline_add(&timeline, &(struct moment){.at_s = i + 1});
        assert_true(timeline.count <= TIMELINE_MAX);
    }
    assert_true(timeline.count > TIMELINE_MAX / 2);
    double step = timeline.moments[0].at_s;
    for (unsigned i = 0; i < timeline.count; i++)
        assert_true(timeline.moments[i].at_s == step * (i + 1));
    assert_true(step * (timeline.count + 1) > 100000);
}

static void handshakes_a_second(void **state)
{
    static struct result r = {.connect_s = 2, .load_s = 10};
    (void)state;
    assert_true(result_handshakes(&r, 100) == 50);
    r.opening = true;
    assert_true(result_handshakes(&r, 100) == 10);
    r.load_s = 0;
    assert_true(result_handshakes(&r, 100) == 0);
}

static void the_rate_of_what_the_load_is(void **state)
{
    static struct result r = {.connect_s = 2, .load_s = 10, .load_sent = 100, .totals.opened = 40};
    (void)state;
    result_set_rate(&r, false);
    assert_true(r.rate_per_s == 10);
    result_set_rate(&r, true);
    assert_true(r.rate_per_s == 20);
    r.opening = true;
    result_set_rate(&r, false);
    assert_true(r.rate_per_s == 4);
    r.load_s = 0;
    result_set_rate(&r, false);
    assert_true(r.rate_per_s == 0);
}

static void memory_of_a_connection(void **state)
{
    static struct result r = {.loaded_opened = 1000};
    (void)state;
    assert_true(result_server_memory(&r) == 0); /* no --server-pid */
    r.probe.ok = true;
    r.probe.before.rss = 5000;
    r.probe.loaded.rss = 2005000;
    assert_true(result_server_memory(&r) == 2000);
    r.loaded_opened = 10;
    assert_true(result_server_memory(&r) == 0);
    r.loaded_opened = 1000;
    r.probe.loaded.rss = 4000;
    assert_true(result_server_memory(&r) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_timeline_becomes_coarser),
        cmocka_unit_test(handshakes_a_second),
        cmocka_unit_test(the_rate_of_what_the_load_is),
        cmocka_unit_test(memory_of_a_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
