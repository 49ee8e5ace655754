#include "cmd/wsframe/text/read_escaped.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void expect(const char *text, const char *expected)
{
    struct pieces pieces = {0};
    struct read_error error;
    assert_true(read_escaped((const uint8_t *)text, strlen(text), &pieces, &error));
    assert_int_equal(ws_bytes_len(pieces.bytes), strlen(expected));
    assert_memory_equal(bytes_data(pieces.bytes), expected, strlen(expected));
    pieces_free(&pieces);
}

static void percent_encoding(void **state)
{
    (void)state;
    expect("%81%05Hello\n", "\x81\5Hello");
    expect("we get %81%05Hello then", "\x81\5Hello");
    expect("http://x/?frame=%81%05Hello&x=1", "\x81\5Hello");
    expect("%81%05Hel\n%6c%6f", "\x81\5Hello");
}

static void bytea(void **state)
{
    (void)state;
    expect("  1 | \\x810548656c6c6f\n(1 row)\n", "\x81\5Hello");
    expect("  1 | \\x810548656c6c6f  \n", "\x81\5Hello");
    expect("\"\\x810548656c6c6f\"", "\x81\5Hello");
    /* An escape of two digits, and characters after it. */
    expect("rx: \\x81\\x05Hello\n", "\x81\5Hello");
    expect("rx: \\x81\\x03abc\n", "\x81\3abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percent_encoding),
        cmocka_unit_test(bytea),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
