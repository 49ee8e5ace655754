#include "cmd/common/options/compress.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

struct settings {
    int before;
    struct compress compress;
};

static const struct option_row row = {COMPRESS_OPTION(struct settings, compress, "takeover=none")};

static struct compress read_params(const char *params, bool fine)
{
    struct settings settings = {0};
    const char *problem = compress_option(NULL, &row, &settings, params);
    assert_true(fine == !problem);
    return settings.compress;
}

static void the_defaults_are_the_row_s(void **state)
{
    (void)state;
    struct compress c = read_params("level=6", true);
    assert_true(c.wanted);
    assert_true(c.config.preference.server_no_takeover && c.config.preference.client_no_takeover);
    assert_int_equal(c.config.preference.server_bits, 15);
    assert_int_equal(c.config.preference.client_bits, 15);
    assert_int_equal(c.config.level, 6);
    assert_int_equal(c.config.memory, 0); /* the library's choice */
    assert_int_equal(c.config.threshold, 1024);
    assert_ptr_equal(compress_config(&c), &c.config);
    c.wanted = false;
    assert_null(compress_config(&c));
}

static void every_parameter(void **state)
{
    (void)state;
    struct compress c = read_params("level=9,memory=1,threshold=2K,window=9,takeover=both", true);
    assert_int_equal(c.config.level, 9);
    assert_int_equal(c.config.memory, 1);
    assert_int_equal(c.config.threshold, 2048);
    assert_int_equal(c.config.preference.server_bits, 9);
    assert_int_equal(c.config.preference.client_bits, 9);
    assert_false(c.config.preference.server_no_takeover || c.config.preference.client_no_takeover);
    c = read_params("server-window=8,client-window=12,takeover=server", true);
    assert_int_equal(c.config.preference.server_bits, 8);
    assert_int_equal(c.config.preference.client_bits, 12);
    assert_false(c.config.preference.server_no_takeover);
    assert_true(c.config.preference.client_no_takeover);
    c = read_params("takeover=client", true);
    assert_true(c.config.preference.server_no_takeover);
    assert_false(c.config.preference.client_no_takeover);
}

static void what_is_none(void **state)
{
    static const char *const bad[] = {
        "",
        ",",
        "level",
        "level=",
        "level=0",
        "level=10",
        "level=a",
        "memory=0",
        "memory=10",
        "window=7",
        "window=16",
        "takeover",
        "takeover=",
        "takeover=all",
        "threshold=x",
        "threshold=",
        "speed=1",
        "server-window=",
        "client-window=20",
        "level=1,",
        "level=1,,memory=1",
        "a-name-that-is-longer-than-any-that-there-is-among-the-parameters=1",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        read_params(bad[i], false);
}

static void ratios(void **state)
{
    char text[128];
    (void)state;
    assert_string_equal(compress_ratio(1024, 512, text, sizeof text),
                        "1.00 KiB as 512 B, 2.00 times smaller");
    assert_string_equal(compress_ratio(1000, 10, text, sizeof text),
                        "1000 B as 10 B, 100 times smaller");
    assert_string_equal(compress_ratio(0, 0, text, sizeof text), "0 B as 0 B, 1.00 times smaller");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_defaults_are_the_row_s),
        cmocka_unit_test(every_parameter),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(ratios),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
