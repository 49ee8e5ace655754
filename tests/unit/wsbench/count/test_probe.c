#include "cmd/wsbench/count/probe.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static void this_process(void **state)
{
    struct probe probe;
    (void)state;
    assert_true(probe_start(&probe, (unsigned)getpid()));
    assert_true(probe.before.rss > 100000 && probe.before.files > 3);
    int fd = open("/dev/null", O_RDONLY);
    struct probe_sample sample;
    probe_look(&probe, &sample);
    assert_int_equal(sample.files, probe.before.files + 1);
    assert_int_equal(probe.files_most, sample.files);
    assert_true(sample.cpu_s >= probe.before.cpu_s);
    close(fd);
}

static void no_process(void **state)
{
    struct probe probe;
    struct probe_sample sample = {.files = 7};
    (void)state;
    assert_false(probe_start(&probe, 0x7ffffff0));
    probe_look(&probe, &sample);
    assert_int_equal(sample.files, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(this_process),
                                       cmocka_unit_test(no_process)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
