#include "cmd/wsbench/options/values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void rates(void **state)
{
    static const struct {
        const char *text;
        double rate;
    } good[] = {{"1", 1}, {"0.5", 0.5}, {"20k", 20000}, {"1.5m", 1500000}, {".25", 0.25}};
    static const char *const bad[] = {"",    "0",   "-1",  "k",    "1x",    "1kk",
                                      "nan", "inf", "1e3", "0x10", "2000m", "1.2.3"};
    const struct option_row row = {0};
    double rate;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_null(values_rate(NULL, &row, &rate, good[i].text));
        assert_true(rate == good[i].rate);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rate = 7;
        assert_non_null(values_rate(NULL, &row, &rate, bad[i]));
        assert_true(rate == 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
