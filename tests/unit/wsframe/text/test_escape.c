#include "cmd/wsframe/text/escape.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void expect(const char *text, enum notation notation, size_t len, int byte)
{
    int got = -2;
    assert_int_equal(escape_read((const uint8_t *)text, strlen(text), notation, &got), len);
    if (len > 0)
        assert_int_equal(got, byte);
}

static void each_notation(void **state)
{
    (void)state;
    expect("\\x81", NOTATION_BACKSLASH, 4, 0x81);
    expect("\\201", NOTATION_BACKSLASH, 4, 0x81);
    expect("\\u0081", NOTATION_BACKSLASH, 6, 0x81);
    expect("\\u{81}", NOTATION_BACKSLASH, 6, 0x81);
    expect("\\n", NOTATION_BACKSLASH, 2, '\n');
    expect("\\q", NOTATION_BACKSLASH, 2, -1);
    expect("\\x8", NOTATION_BACKSLASH, 4, -1);
    expect("%81", NOTATION_PERCENT, 3, 0x81);
    expect("%8g", NOTATION_PERCENT, 0, 0);
    expect("a", NOTATION_BACKSLASH, 0, 0);
}

static void decimal(void **state)
{
    (void)state;
    expect("\\129", NOTATION_DECIMAL, 4, 129);
    expect("\\SOH", NOTATION_DECIMAL, 4, 1);
    expect("\\SO", NOTATION_DECIMAL, 3, 14);
    expect("\\DEL", NOTATION_DECIMAL, 4, 127);
    expect("\\&7", NOTATION_DECIMAL, 2, ESCAPE_NO_BYTE);
    expect("\\&7", NOTATION_BACKSLASH, 2, '&');
    expect("\\SO", NOTATION_BACKSLASH, 2, -1);
    assert_true(escape_has_decimals((const uint8_t *)"\\129", 4));
    assert_false(escape_has_decimals((const uint8_t *)"\\127", 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_notation),
        cmocka_unit_test(decimal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
