#include "cmd/wsframe/text/line_numbers.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static bool numbered(const char *text)
{
    return line_numbers_are_in((const uint8_t *)text, strlen(text));
}

static size_t length(const char *text)
{
    return line_numbers_length((struct line){text, strlen(text)});
}

static void numbers_of_lines(void **state)
{
    (void)state;
    assert_true(numbered("     1\t81 05 48\n     2\t65 6c 6c\n")); /* cat -n */
    assert_true(numbered("12:81 05 48\n13:65 6c 6c\n"));           /* grep -n */
    assert_true(numbered("L1: 81 05\nL2: 48 65\n"));
    assert_true(numbered("  1 81 05 48\n  2 65 6c 6c\n")); /* vi */
    assert_true(numbered("     1\t81 05 48 65 6c 6c 6f\n"));
    /* With empty lines between. */
    assert_true(numbered("1) 81 05\n\n2) 48 65\n"));
}

static void bytes_are_none(void **state)
{
    (void)state;
    assert_false(numbered("81 05 48 65 6c 6c 6f\n"));
    assert_false(numbered("81 05 48\n65 6c 6c 6f\n"));
    assert_false(numbered("1 2 3 4\n")); /* one line of bytes in one digit each */
    /* Not counted one by one, or with another separator, or not on every line. */
    assert_false(numbered("1: 81 05\n3: 48 65\n"));
    assert_false(numbered("1: 81 05\n2| 48 65\n"));
    assert_false(numbered("1: 81 05\n48 65\n"));
    assert_false(numbered("01: 81 05\n02: 48 65\n")); /* an offset */
    assert_false(numbered("1234567: 81\n1234568: 05\n"));
    assert_false(numbered(""));
    assert_false(numbered("\n\n"));
}

static void how_long(void **state)
{
    (void)state;
    assert_int_equal(length("     1\t81 05"), 7);
    assert_int_equal(length("L12: 81"), 5);
    assert_int_equal(length("12:81"), 3);
    assert_int_equal(length("no number"), 0);
    assert_int_equal(length(""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_lines),
        cmocka_unit_test(bytes_are_none),
        cmocka_unit_test(how_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
