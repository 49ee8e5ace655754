#include "cmd/wsbench/report/report.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct result result;
static const struct report report = {.result = &result};

/* What is printed; the caller frees it. */
static char *printed(void)
{
    static char *text; /* not on the stack: GCC 12 takes what is returned for an address of it */
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    report_hgrm(&report, out);
    fclose(out);
    return text;
}

/* Percentiles and counts grow from line to line, and the last one is all of them at the maximum. */
static void lines_grow_to_the_maximum(void **state)
{
    (void)state;
    memset(&result, 0, sizeof result);
    for (int i = 1; i <= 1000; i++)
        histogram_add(&result.totals.rtt, i * INT64_C(1000000));
    char *text = printed(), *line;
    double value = 0, percentile = -1, last_value = 0, last = -1;
    uint64_t count = 0, last_count = 0;
    unsigned lines = 0;
    for (line = strchr(text, '\n'); line; line = strchr(line + 1, '\n')) {
        if (line[1] == '\n' || sscanf(line, "%lf %lf %" SCNu64, &value, &percentile, &count) != 3)
            continue;
        assert_true(value >= last_value && percentile > last && count >= last_count);
        /* Values are whole milliseconds: as many as that are no larger, but for the rounding. */
        assert_true(value > (double)count * 0.998 && value < (double)count * 1.002);
        last_value = value;
        last = percentile;
        last_count = count;
        lines++;
    }
    assert_true(lines > 20);
    assert_true(percentile == 1 && count == 1000 && value == 1000);
    assert_non_null(strstr(text, "Total count    =         1000]"));
    assert_non_null(strstr(text, "#[Mean    =      500.500"));
    free(text);
}

static void of_nothing(void **state)
{
    (void)state;
    memset(&result, 0, sizeof result);
    char *text = printed();
    assert_non_null(strstr(text, "Total count    =            0]"));
    assert_null(strstr(text, "nan"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_grow_to_the_maximum),
        cmocka_unit_test(of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
