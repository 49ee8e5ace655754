#include "cmd/common/hex.h"

#include <stdbool.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void expect_bytes(const char *text, const void *bytes, size_t len)
{
    uint8_t out[64];
    size_t n = 99, at = 99;
    assert_int_equal(hex_parse(text, strlen(text), out, sizeof out, &n, &at), HEX_OK);
    assert_int_equal(n, len);
    assert_memory_equal(out, bytes, len);
    assert_int_equal(at, 99);
}

static void expect_error(const char *text, enum hex_result result, size_t where)
{
    uint8_t out[4];
    size_t n, at = 99;
    assert_int_equal(hex_parse(text, strlen(text), out, sizeof out, &n, &at), result);
    assert_int_equal(at, where);
    assert_true(strlen(hex_problem(result)) > 0);
    assert_int_equal(hex_parse(text, strlen(text), out, sizeof out, &n, NULL), result);
}

static void test_parse(void **state)
{
    (void)state;
    expect_bytes("", "", 0);
    expect_bytes(" \t\r\n", "", 0);
    expect_bytes("8105", "\x81\x05", 2);
    expect_bytes(" 81 05\n48", "\x81\x05\x48", 3);
    expect_bytes("0x8105", "\x81\x05", 2);
    expect_bytes("0x81 0X05", "\x81\x05", 2);
    expect_bytes("aAFf00", "\xaa\xff\x00", 3);
    expect_error("8", HEX_ODD, 0);
    expect_error("81 5", HEX_ODD, 3);
    expect_error("8 1", HEX_ODD, 0);
    expect_error("81g0", HEX_BAD_DIGIT, 2);
    expect_error("810g", HEX_BAD_DIGIT, 3);
    expect_error("810x05", HEX_BAD_DIGIT, 3);
    expect_error("0x", HEX_BAD_DIGIT, 2);
    expect_error("0x 81", HEX_BAD_DIGIT, 2);
    expect_error("81:05", HEX_BAD_DIGIT, 2);
    expect_error("0102030405", HEX_TOO_LONG, 8);
}

static void test_parse_in_place(void **state)
{
    (void)state;
    char text[] = "48 65 6c 6c 6f";
    size_t n;
    assert_int_equal(hex_parse(text, strlen(text), (uint8_t *)text, sizeof text, &n, NULL), HEX_OK);
    assert_int_equal(n, 5);
    assert_memory_equal(text, "Hello", 5);
}

static void test_format(void **state)
{
    (void)state;
    char out[16];
    assert_int_equal(hex_format("\x81\x05", 2, 0, out, sizeof out), 4);
    assert_string_equal(out, "8105");
    assert_int_equal(hex_format("\x81\x05", 2, ' ', out, sizeof out), 5);
    assert_string_equal(out, "81 05");
    assert_int_equal(hex_format("\x81\x05", 2, ' ', out, 6), 5);
    assert_int_equal(hex_format("\x81\x05", 2, ' ', out, 5), 2);
    assert_string_equal(out, "81");
    assert_int_equal(hex_format("", 0, ' ', out, 1), 0);
    assert_string_equal(out, "");
    assert_int_equal(hex_format("a", 1, ' ', out, 0), 0);
}

static void expect_escaped(const char *text, size_t len, unsigned flags, const char *expected)
{
    char out[128];
    size_t used = 0, n = hex_escape(text, len, flags, out, sizeof out, &used);
    assert_string_equal(out, expected);
    assert_int_equal(n, strlen(expected));
    assert_int_equal(used, len);
}

static void test_escape(void **state)
{
    (void)state;
    expect_escaped("plain\ttext", 10, 0, "plain\ttext");
    expect_escaped("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", 15, 0,
                   "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
    expect_escaped("a\nb\r", 4, 0, "a\\nb\\r");
    expect_escaped("a\nb\r", 4, HEX_KEEP_NEWLINE, "a\nb\\r");
    expect_escaped("\0\033[2J\x7f", 6, 0, "\\x00\\x1b[2J\\x7f");
    /* C1 as a character, and as a byte that is not UTF-8. */
    expect_escaped("\xc2\x9b"
                   "1m",
                   4, 0, "\\xc2\\x9b1m");
    expect_escaped("\x9b", 1, 0, "\\x9b");
    expect_escaped("\xe2\x82", 2, 0, "\\xe2\\x82");
    expect_escaped("\xed\xa0\x80", 3, 0, "\\xed\\xa0\\x80");
    expect_escaped("\xe2\x80\xae", 3, 0, "\\xe2\\x80\\xae");
    expect_escaped("\xe2\x80\x8e", 3, 0, "\\xe2\\x80\\x8e");
    expect_escaped("\xe2\x80\x8f", 3, 0, "\\xe2\\x80\\x8f");
    expect_escaped("\xd8\x9c", 2, 0, "\\xd8\\x9c");
    expect_escaped("\xd8\x9b\xe2\x80\x90", 5, 0, "\xd8\x9b\xe2\x80\x90");
    expect_escaped("\\", 1, 0, "\\");
    expect_escaped("\\", 1, HEX_ESCAPE_BACKSLASH, "\\\\");
}

/* No character or escape is cut in two, and the next call continues with the rest. */
static void test_escape_small_rooms(void **state)
{
    (void)state;
    static const char text[] = "a\033\xc3\xbcz\n";
    for (size_t size = HEX_ESCAPE_GROWTH + 1; size < 12; size++) {
        char all[64] = "", piece[16];
        size_t at = 0, len = sizeof text - 1;
        while (at < len) {
            size_t used, n = hex_escape(text + at, len - at, 0, piece, size, &used);
            assert_true(used > 0 && n < size);
            strcat(all, piece);
            at += used;
        }
        assert_string_equal(all, "a\\x1b\xc3\xbcz\\n");
    }
    size_t used = 9;
    assert_int_equal(hex_escape("a", 1, 0, NULL, 0, &used), 0);
    assert_int_equal(used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_in_place),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_escape_small_rooms),
    };
    return cmocka_run_group_tests_name("hex", tests, NULL, NULL);
}
