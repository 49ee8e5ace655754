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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_long_timeline_becomes_coarser)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
