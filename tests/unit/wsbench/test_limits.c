#include "cmd/wsbench/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

static char problem[400];
static char host[] = "192.0.2.1";

static bool check(uint64_t connections)
{
    struct settings settings = {.connections = connections, .threads = 1};
    settings.target.url.port = 9;
    settings.target.url.host = host;
    return limits_check(&settings, problem, sizeof problem);
}

static void more_ports_than_there_are(void **state)
{
    (void)state;
    assert_false(check(65000));
    assert_non_null(strstr(problem, "need as many local ports"));
    assert_non_null(strstr(problem, "sysctl -w net.ipv4.ip_local_port_range='1024 65535'"));
}

static void addresses_of_loopback(void **state)
{
    static char loopback[] = "127.0.0.1";
    struct settings settings = {.connections = 10, .threads = 1};
    (void)state;
    settings.target.url.host = loopback;
    assert_int_equal(limits_loopback_sources(&settings), 1);
    settings.connections = 200000;
    assert_in_range(limits_loopback_sources(&settings), 6, 100);
    settings.streams = 100; /* which share 2,000 sockets */
    assert_int_equal(limits_loopback_sources(&settings), 1);
    settings.streams = 0;
    settings.sources.count = 1;
    assert_int_equal(limits_loopback_sources(&settings), 1);
    settings.sources.count = 0;
    settings.target.url.host = host;
    assert_int_equal(limits_loopback_sources(&settings), 1);
}

/* The soft limit is raised to what is needed, and no further. */
static void files(void **state)
{
    struct rlimit limit;
    (void)state;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 100;
    if (limit.rlim_max > 1000)
        limit.rlim_max = 1000;
    setrlimit(RLIMIT_NOFILE, &limit);
    assert_true(check(10));
    getrlimit(RLIMIT_NOFILE, &limit);
    assert_int_equal(limit.rlim_cur, 100);
    assert_true(check(300));
    getrlimit(RLIMIT_NOFILE, &limit);
    assert_in_range(limit.rlim_cur, 301, 400);
    assert_false(check(1000));
    assert_non_null(strstr(problem, "as root: ulimit -n 10"));
}

static void sockets_that_are_shared(void **state)
{
    struct settings settings = {.connections = 65000, .threads = 2, .streams = 100};
    (void)state;
    settings.target.url.port = 9;
    settings.target.url.host = host;
    assert_true(limits_check(&settings, problem, sizeof problem));
    assert_int_equal(settings_sockets(&settings), 652);
    settings.streams = 0;
    assert_int_equal(settings_sockets(&settings), 65000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_ports_than_there_are),
        cmocka_unit_test(addresses_of_loopback),
        cmocka_unit_test(sockets_that_are_shared),
        cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
