#include "cmd/wsframe/detect/string_values.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void expect(const char *text, const char *expected)
{
    struct ws_bytes *out = NULL;
    assert_int_equal(string_values_find((const uint8_t *)text, strlen(text), &out),
                     *expected ? FORM_RAW : FORM_UNKNOWN);
    assert_int_equal(ws_bytes_len(out), strlen(expected));
    assert_memory_equal(bytes_data(out), expected, strlen(expected));
    ws_bytes_free(&out);
}

static void values(void **state)
{
    static const char *const texts[] = {
        "{\"n\": 1, \"msg\": \"\\u0081\\u0005Hello\"}",
        "data=\"\\x81\\x05Hello\" peer=\"::1\"",
        "{\"msg\":\"recv \\\\x81\\\\x05Hello\"}",
        "{\"msg\":\"it was \\\"\\\\x81\\\\x05Hello\\\"\"}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        expect(texts[i], "\x81\x05Hello");
}

/* The rest of a message stands after the same name. */
static void several(void **state)
{
    (void)state;
    expect("{\"m\":\"\\\\x81\\\\x05Hello\"}\n{\"m\":\"started\"}\n{\"m\": \"\\\\x88\\\\x02\"}\r\n"
           "{\"m\":\"\\\\x03\\\\xe8\"}\n{\"who\":\"\\\\xe9ric\"}\n",
           "\x81\x05Hello\x88\x02\x03\xe8");
    expect("{\"m\":\"\\\\x03\\\\xe8\"}{\"m\":\"\\\\x81\\\\x05Hello\"}", "\x03\xe8\x81\x05Hello");
    expect("{\"in\":\"\\u0081\\u0005Hello\",\"out\":\"\\u0089\\u0002ab\"}", "\x81\x05Hello\x89\x02"
                                                                            "ab");
}

static void none(void **state)
{
    (void)state;
    expect("", "");
    expect("{\"path\":\"C:\\\\x81\\\\x05Hel\"}", "");
    expect("{\"a\":\"\\u0041\\u0042\",\"b\":\"line\\nline\"}", "");
    expect("{\"a\":\"\\u0081\\u0005Hello", "");
    expect("{\"a\":\"\\", "");
    expect("\"", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(several),
        cmocka_unit_test(none),
    };
    return cmocka_run_group_tests_name("string_values", tests, NULL, NULL);
}
