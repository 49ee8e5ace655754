#include "cmd/common/conn_name.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void numbers_until_a_run_begins(void **state)
{
    (void)state;
    char text[CONN_NAME_MAX];
    assert_false(conn_name_is_text());
    assert_string_equal(conn_name(17, text), "17");
    assert_int_equal(conn_name_parse("17", 2), 17);
}

static void there_and_back(void **state)
{
    (void)state;
    static const uint64_t ids[] = {1, 9, 10, 17, 4096, UINT64_C(9999999999999999999) / 10};
    char text[CONN_NAME_MAX];
    conn_name_start(36 * 36 + 35);
    assert_true(conn_name_is_text());
    assert_string_equal(conn_name(17, text), "10z-17");
    conn_name_start(UINT64_MAX);
    assert_int_equal(strlen(conn_name(UINT64_MAX, text)), 13 + 1 + 20);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        conn_name(ids[i], text);
        assert_int_equal(conn_name_parse(text, strlen(text)), ids[i]);
    }
}

static void another_run_has_other_names(void **state)
{
    (void)state;
    char one[CONN_NAME_MAX], other[CONN_NAME_MAX];
    conn_name_start(1700000000000);
    conn_name(1, one);
    conn_name_start(1700000000001);
    conn_name(1, other);
    assert_string_not_equal(one, other);
    assert_int_equal(conn_name_parse(one, strlen(one)), 0);
    assert_int_equal(conn_name_parse(other, strlen(other)), 1);
}

static void what_is_no_name(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     "1",    "0-",   "-1",
                                      "0-0",  "0-01", "0-1x", "0- 1",
                                      "0-+1", "0--1", "1-1",  "0-18446744073709551616",
                                      "0-1\n"};
    conn_name_start(0);
    assert_int_equal(conn_name_parse("0-1", 3), 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(conn_name_parse(bad[i], strlen(bad[i])), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_until_a_run_begins),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(another_run_has_other_names),
        cmocka_unit_test(what_is_no_name),
    };
    return cmocka_run_group_tests_name("conn_name", tests, NULL, NULL);
}
