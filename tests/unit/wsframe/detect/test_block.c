#include "cmd/wsframe/detect/block.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void expect(const char *text, enum form whole, enum form form, const char *expected)
{
    struct line block;
    assert_int_equal(block_find((const uint8_t *)text, strlen(text), whole, &block), form);
    if (form == FORM_UNKNOWN)
        return;
    assert_int_equal(block.len, strlen(expected));
    assert_memory_equal(block.p, expected, block.len);
}

static void between_words(void **state)
{
    (void)state;
    expect("$ xxd -p f\n81054865\n6c6c6f\n$ ", FORM_UNKNOWN, FORM_HEX, "81054865\n6c6c6f");
    expect("Hi,\n\ngQVIZWxsbw==\nBob\n", FORM_LETTERS, FORM_BASE64, "gQVIZWxsbw==");
    expect("one:\n0x81\n0x05\n0x48\n0x65\n0x6c\n0x6c\n0x6f\nbye", FORM_UNKNOWN, FORM_HEX,
           "0x81\n0x05\n0x48\n0x65\n0x6c\n0x6c\n0x6f");
    expect("rx:\n10000001 00000010 01001000 01101001\n", FORM_UNKNOWN, FORM_BITS,
           "10000001 00000010 01001000 01101001");
    expect("see\n812841207061727469616c2074657874\n", FORM_UNKNOWN, FORM_HEX,
           "812841207061727469616c2074657874");
    expect("$ od\n 201 005 110 145 154 154 157\n", FORM_NUMBERS, FORM_LIST,
           " 201 005 110 145 154 154 157");
}

static void after_a_label(void **state)
{
    (void)state;
    expect("data: 81054865\n6c6c6f\n", FORM_LOG, FORM_HEX, " 81054865\n6c6c6f");
    expect("data = gQVIZWxs\nbw==\n", FORM_UNKNOWN, FORM_BASE64, " gQVIZWxs\nbw==");
    expect("rx: 0x81, 0x05, 0x48, 0x65, 0x6c,\n0x6c, 0x6f\n", FORM_LOG, FORM_HEX,
           " 0x81, 0x05, 0x48, 0x65, 0x6c,\n0x6c, 0x6f");
}

static void refused(void **state)
{
    (void)state;
    /* Numbers, dates, and what is a frame only by chance. */
    expect("1 2 3 4\nare numbers", FORM_UNKNOWN, FORM_UNKNOWN, NULL);
    expect("on\n2026-11-30\nit broke", FORM_UNKNOWN, FORM_UNKNOWN, NULL);
    expect("code\n8900\n", FORM_UNKNOWN, FORM_UNKNOWN, NULL);
    /* A part of a frame, but for text of some length. */
    expect("see\n81054865\n", FORM_UNKNOWN, FORM_UNKNOWN, NULL);
    /* Two blocks: which one is meant? */
    expect("8105486500\n8105 48656c6c6f\nor\n8102 4869\n", FORM_UNKNOWN, FORM_HEX, "8102 4869");
    expect("8105 48656c6c6f\nor\n8102 4869\n", FORM_UNKNOWN, FORM_UNKNOWN, NULL);
    /* A log has its own reader, and other forms are known. */
    expect("a\n81 05 48 65\n6c 6c 6f\n", FORM_LOG, FORM_UNKNOWN, NULL);
    expect("81054865\n6c6c6f\n", FORM_HEX, FORM_UNKNOWN, NULL);
    expect("", FORM_UNKNOWN, FORM_UNKNOWN, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(between_words),
        cmocka_unit_test(after_a_label),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
