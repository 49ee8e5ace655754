#include "cmd/wsbench/report/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t SECOND_NS = 1000000000;

static struct settings settings;
static struct progress progress;
static int stderr_before;
static FILE *shown; /* what standard error is meanwhile */

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND_NS + t.tv_nsec;
}

static int set_up(void **state)
{
    (void)state;
    settings = (struct settings){.interval_us = 1000000};
    shown = tmpfile();
    fflush(stderr);
    stderr_before = dup(STDERR_FILENO);
    return !shown || stderr_before < 0 || dup2(fileno(shown), STDERR_FILENO) < 0;
}

static int tear_down(void **state)
{
    (void)state;
    fflush(stderr);
    dup2(stderr_before, STDERR_FILENO);
    close(stderr_before);
    return fclose(shown);
}

/* All that was shown so far. */
static const char *all(void)
{
    static char text[4096];
    fflush(stderr);
    ssize_t len = pread(fileno(shown), text, sizeof text - 1, 0);
    assert_true(len >= 0);
    text[len] = '\0';
    return text;
}

static void shows(int64_t at_ns, uint64_t sent, const char *end)
{
    progress_show(&progress, at_ns,
                  &(struct progress_counts){.opened = 3, .sent = sent, .received = sent / 2});
    const char *text = all();
    size_t len = strlen(text), end_len = strlen(end);
    if (len < end_len || strcmp(text + len - end_len, end) != 0)
        fail_msg("'%s' does not end with '%s'", text, end);
}

/* Rates are those since the line before, and a line comes once an interval. */
static void a_line_an_interval(void **state)
{
    (void)state;
    int64_t begun = now_ns();
    progress_start(&progress, &settings, begun);
    progress_phase(&progress, NULL, 10000000);
    shows(begun + SECOND_NS / 2, 100, "");
    assert_string_equal(all(), "");
    shows(begun + SECOND_NS, 1000,
          "left of 10.0 s  3 opened  1000 msg/s sent  500 msg/s received\n");
    size_t len = strlen(all());
    shows(begun + SECOND_NS * 3 / 2, 1500, "");
    assert_int_equal(strlen(all()), len);
    shows(begun + 3 * SECOND_NS, 4000, "3 opened  1500 msg/s sent  750 msg/s received\n");
    progress_end(&progress);
    assert_null(strchr(all(), '\r'));
}

static void where_in_the_phase(void **state)
{
    (void)state;
    progress_start(&progress, &settings, now_ns());
    progress_phase(&progress, "warm-up", 4000000);
    int64_t begun = progress.phase_begun_ns;
    shows(begun + 3 * SECOND_NS, 0, "msg/s received\n");
    assert_non_null(strstr(all(), "warm-up  75%, 1.00 s left of 4.00 s"));
    progress_phase(&progress, "closing", 0); /* of no known duration */
    shows(progress.phase_begun_ns + 5 * SECOND_NS, 0, "msg/s received\n");
    assert_non_null(strstr(all(), "\nclosing "));
    assert_null(strstr(all(), "closing  "));
    progress_phase(&progress, "short", 500000); /* in tenths, and never more than there is */
    progress.phase_begun_ns = begun + 10 * SECOND_NS;
    shows(progress.phase_begun_ns + SECOND_NS / 4, 0, "msg/s received\n");
    assert_non_null(strstr(all(), "short  50%, 300 ms left of 500 ms"));
}

/* On a terminal a line is written over the one before, and removed at the end. */
static void one_live_line(void **state)
{
    (void)state;
    int64_t begun = now_ns();
    progress_start(&progress, &settings, begun);
    progress.terminal = true;
    progress_phase(&progress, "connecting", 0);
    shows(begun + SECOND_NS, 10, "\033[K");
    assert_int_equal(all()[0], '\r');
    assert_null(strchr(all(), '\n'));
    progress_end(&progress);
    shows(begun, 10, "\r\033[K");
}

static void quiet(void **state)
{
    (void)state;
    settings.common.quiet = 1;
    progress_start(&progress, &settings, now_ns());
    progress_phase(&progress, NULL, 10000000);
    shows(now_ns() + 5 * SECOND_NS, 10, "");
    progress_end(&progress);
    assert_string_equal(all(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_line_an_interval, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_in_the_phase, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_live_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(quiet, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
