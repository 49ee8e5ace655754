#include "cmd/wsbench/report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct histogram h;

static int set_up(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    return 0;
}

/* What is printed; the caller frees it. */
static char *printed(void)
{
    static char *text; /* not on the stack: GCC 12 takes what is returned for an address of it */
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    report_latency(&h, out);
    fclose(out);
    return text;
}

/* The characters of the bar in `line`, counted by those that begin a character. */
static unsigned bar(const char *line)
{
    unsigned blocks = 0;
    for (const char *c = line; *c && *c != '\n'; c++)
        blocks += strncmp(c, "█", strlen("█")) == 0;
    return blocks;
}

/* The shares of the rows add up, and the longest bar, of the most frequent times, is full. */
static void shares_and_bars(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 9000; i++)
        histogram_add(&h, 100000 + i % 100);
    for (unsigned i = 0; i < 1000; i++)
        histogram_add(&h, 1000000 + i);
    char *text = printed(), *line = strstr(text, "distribution\n");
    assert_non_null(line);
    double sum = 0, share, largest = 0;
    unsigned rows = 0, longest = 0, longest_of_largest = 0;
    while ((line = strchr(line, '\n')) && line[1]) {
        line++;
        const char *percent = strchr(line, '%');
        assert_non_null(percent);
        const char *number = percent;
        while (number > line && strchr("0123456789.", number[-1]))
            number--;
        share = strtod(number, NULL);
        sum += share;
        rows++;
        longest = bar(line) > longest ? bar(line) : longest;
        if (share > largest) {
            largest = share;
            longest_of_largest = bar(line);
        }
    }
    assert_int_equal(rows, 20);
    assert_true(sum > 99.5 && sum < 100.5);
    assert_true(largest == 90);
    assert_int_equal(longest, 40);
    assert_int_equal(longest_of_largest, 40);
    free(text);
}

/* The spectrum begins at the least, ends at the greatest, and halves what is left at each step. */
static void the_spectrum(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 4096; i++)
        histogram_add(&h, i * INT64_C(1000000));
    char *text = printed();
    static const char *const parts[] = {
        "spectrum\n      0.000000%    1.00 ms\n", "     50.000000%     2.0", "     75.000000%",
        "     99.975586%", "    100.000000%     4.10 s   mean 2.05 s\n"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (!strstr(text, parts[i]))
            fail_msg("no '%s' in:\n%s", parts[i], text);
    free(text);
}

static void one_value_is_one_row(void **state)
{
    (void)state;
    histogram_add(&h, 0); /* nothing is less */
    char *text = printed();
    assert_non_null(strstr(text, "100.0%"));
    free(text);
    set_up(NULL);
    for (int i = 0; i < 5; i++)
        histogram_add(&h, 123456);
    text = printed();
    char *rows = strstr(text, "distribution\n");
    assert_non_null(rows);
    assert_int_equal(strchr(strchr(rows, '\n') + 1, '\n')[1], 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(shares_and_bars, set_up),
        cmocka_unit_test_setup(the_spectrum, set_up),
        cmocka_unit_test_setup(one_value_is_one_row, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
