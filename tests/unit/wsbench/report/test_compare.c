#include "cmd/wsbench/report/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/wsbench/report/printed.h"

static struct settings settings_before, settings;
static struct result before, now;

static int set_up(void **state)
{
    (void)state;
    memset(&settings_before, 0, sizeof settings_before);
    memset(&settings, 0, sizeof settings);
    memset(&before, 0, sizeof before);
    memset(&now, 0, sizeof now);
    return 0;
}

/* What is printed; the caller frees it. */
static char *printed(void)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    compare_print(&settings_before, &before, &settings, &now, out);
    fclose(out);
    return text;
}

static void the_change_in_percent(void **state)
{
    (void)state;
    before.rate_per_s = 1000;
    now.rate_per_s = 750;
    has("-25.0%");
    now.rate_per_s = 1500;
    has("+50.0%");
    before.rate_per_s = 0; /* of nothing there is no share */
    lacks("50.0%");
}

static void only_what_both_have(void **state)
{
    (void)state;
    histogram_add(&now.totals.rtt, 1000);
    lacks("rtt.p50");
    histogram_add(&before.totals.rtt, 2000);
    has("rtt.p50");
    has("-50.0%");
}

static void another_load_is_said(void **state)
{
    (void)state;
    lacks("another load");
    settings.rate = 5;
    has("another load");
    settings.rate = 0;
    settings.size.most = 5;
    has("another load");
    settings_before.size.most = 5;
    lacks("another load");
}

/* Times around `typical_ns`, the same in every call. */
static void add_times(struct result *r, unsigned count, int64_t typical_ns)
{
    memset(&r->totals.rtt, 0, sizeof r->totals.rtt);
    for (unsigned i = 0; i < count; i++)
        histogram_add(&r->totals.rtt, typical_ns + typical_ns * (i * 7919 % 1000) / 1000);
}

/* Is this at the end of the line of `name`? */
static bool line_ends(const char *name, const char *end)
{
    char *all = printed(), *line = strstr(all, name);
    assert_non_null(line);
    line[strcspn(line, "\n")] = '\0';
    bool does = strlen(line) > strlen(end) && strcmp(line + strlen(line) - strlen(end), end) == 0;
    free(all);
    return does;
}

/* The same change is noise among few samples and a difference among many. */
static void noise_and_difference(void **state)
{
    (void)state;
    add_times(&before, 500, 100000);
    add_times(&now, 500, 102000);
    assert_true(line_ends("rtt.p50", "noise"));
    has("Two runs of the same differ by more");
    add_times(&before, 1000000, 100000);
    add_times(&now, 1000000, 102000);
    assert_true(line_ends("rtt.p50", "%"));
    assert_true(line_ends("rtt.p99.9", "%"));
    assert_true(line_ends("rtt.max", "one sample"));
    lacks("noise"); /* nor is it explained */
}

static void too_few_samples_for_a_high_percentile(void **state)
{
    (void)state;
    add_times(&before, 100000, 100000);
    add_times(&now, 1000, 200000);
    assert_true(line_ends("rtt.p99.9", "too few samples"));
    assert_true(line_ends("rtt.p50", "%"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_change_in_percent, set_up),
        cmocka_unit_test_setup(only_what_both_have, set_up),
        cmocka_unit_test_setup(another_load_is_said, set_up),
        cmocka_unit_test_setup(noise_and_difference, set_up),
        cmocka_unit_test_setup(too_few_samples_for_a_high_percentile, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
