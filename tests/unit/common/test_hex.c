#include "cmd/common/hex.h"

#include <stdbool.h>
#include <stdio.h>
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

/* Pieces of whatever bytes, escaped with much space at once and with little, are the same text:
 * what is copied in words does not differ from what is looked at byte by byte. */
static void test_escape_words(void **state)
{
    (void)state;
    static const char samples[] =
        "plain text with \\ and \t, \n, \x7f, gr\xc3\xbc\xc3\x9f, \x1f\x80"
        "eight by eight characters that need no escaping at all";
    unsigned seed = 1;
    for (int i = 0; i < 4000; i++) {
        char all[512], pieces[512] = "";
        seed = seed * 1103515245u + 12345u;
        size_t from = (seed >> 8) % (sizeof samples - 1), at = 0, used;
        size_t len = (seed >> 16) % (sizeof samples - from);
        unsigned flags = (seed >> 24) & 7;
        size_t n = hex_escape(samples + from, len, flags, all, sizeof all, &used), total = 0;
        assert_int_equal(used, len);
        /* A buffer for no more than one character never holds a word. */
        while (at < len) {
            total += hex_escape(samples + from + at, len - at, flags, pieces + total,
                                HEX_ESCAPE_GROWTH + 1, &used);
            assert_true(used > 0);
            at += used;
        }
        assert_int_equal(total, n);
        assert_memory_equal(all, pieces, n);
        assert_int_equal(all[n], 0);
    }
}

/* Every size of the buffer, with and without a separator, against the pairs one by one. */
static void test_format_sizes(void **state)
{
    (void)state;
    uint8_t bytes[40];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    for (size_t size = 1; size < 3 * sizeof bytes + 4; size++) {
        for (int separated = 0; separated < 2; separated++) {
            char out[3 * sizeof bytes + 4], expected[sizeof out + 4] = "";
            size_t n = 0;
            for (size_t i = 0; i < sizeof bytes; i++) {
                char pair[4];
                int len =
                    snprintf(pair, sizeof pair, separated && i > 0 ? " %02x" : "%02x", bytes[i]);
                if (n + (size_t)len + 1 > size)
                    break;
                memcpy(expected + n, pair, (size_t)len + 1);
                n += (size_t)len;
            }
            memset(out, 'x', sizeof out);
            assert_int_equal(hex_format(bytes, sizeof bytes, separated ? ' ' : 0, out, size), n);
            assert_string_equal(out, expected);
            for (size_t i = size; i < sizeof out; i++)
                assert_int_equal(out[i], 'x');
        }
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        char out[3], expected[3];
        snprintf(expected, sizeof expected, "%02x", byte);
        hex_format(&(uint8_t){(uint8_t)byte}, 1, 0, out, sizeof out);
        assert_string_equal(out, expected);
    }
}

static size_t bytewise(const uint8_t *p, size_t len, char other)
{
    size_t n = 0;
    while (n < len && p[n] >= 0x20 && p[n] <= 0x7E && p[n] != '\\' && p[n] != (uint8_t)other)
        n++;
    return n;
}

/* Every byte, in every place of texts of every length that has to do with a word's. */
static void test_run_places(void **state)
{
    (void)state;
    static const char others[] = {'"', '\\', 'x', ' ', '~'};
    for (size_t len = 0; len < 26; len++) {
        for (size_t at = 0; at < len; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                uint8_t text[26];
                memset(text, 'a', sizeof text);
                text[at] = (uint8_t)byte;
                for (size_t i = 0; i < sizeof others; i++)
                    assert_int_equal(hex_run(text, len, others[i]), bytewise(text, len, others[i]));
            }
        }
    }
}

/* Two bytes of a word do not hide each other. */
static void test_run_neighbours(void **state)
{
    (void)state;
    for (unsigned pair = 0; pair < 65536; pair++) {
        uint8_t text[8] = "aaaaaaaa";
        text[3] = (uint8_t)pair;
        text[4] = (uint8_t)(pair >> 8);
        assert_int_equal(hex_run(text, 8, '"'), bytewise(text, 8, '"'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_parse_in_place),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_escape_small_rooms),
        cmocka_unit_test(test_escape_words),
        cmocka_unit_test(test_format_sizes),
        cmocka_unit_test(test_run_places),
        cmocka_unit_test(test_run_neighbours),
    };
    return cmocka_run_group_tests_name("hex", tests, NULL, NULL);
}
