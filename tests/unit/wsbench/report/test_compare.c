#include "cmd/wsbench/report/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

static void has(const char *text)
{
    char *all = printed();
    if (!strstr(all, text))
        fail_msg("no '%s' in:\n%s", text, all);
    free(all);
}

static void lacks(const char *text)
{
    char *all = printed();
    if (strstr(all, text))
        fail_msg("'%s' in:\n%s", text, all);
    free(all);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_change_in_percent, set_up),
        cmocka_unit_test_setup(only_what_both_have, set_up),
        cmocka_unit_test_setup(another_load_is_said, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
