#include "cmd/wsframe/detect/typography.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void expect(const char *text, bool changed, const char *plain)
{
    struct ws_bytes *out = NULL;
    assert_true(typography_undo((const uint8_t *)text, strlen(text), &out) == changed);
    assert_int_equal(ws_bytes_len(out), strlen(plain));
    assert_memory_equal(ws_bytes_data(out), plain, strlen(plain));
    ws_bytes_free(&out);
}

static void characters(void **state)
{
    (void)state;
    expect("81\xC2\xA0"
           "05",
           true, "81 05\n");
    expect("81\xE2\x80\x8B 05", true, "81 05\n");
    expect("81\xE2\x80\x93"
           "05",
           true, "81-05\n");
    expect("\\x81&quot;&amp;&lt;", true, "\\x81\"&<\n");
    expect("```\n81 05\n```", true, " \n81 05\n \n");
    /* What only begins like one of them stays as it is, at the end of the text too. */
    expect("81 & 05 &am", false, "81 & 05 &am\n");
    expect("81 \xE2\x80", false, "81 \xE2\x80\n");
    expect("81 05", false, "81 05\n");
}

static void armor(void **state)
{
    (void)state;
    expect("-----BEGIN DATA-----\ngQVIZWxsbw==\n-----END DATA-----\n", true, "gQVIZWxsbw==\n");
    expect("----\ngQVIZWxsbw==\n", false, "----\ngQVIZWxsbw==\n");
}

static void quotes(void **state)
{
    (void)state;
    expect("'8105'", true, "8105");
    expect("  b\"8105\";\n", true, "8105");
    /* Not around the whole, or not the same at both ends, or with nothing inside. */
    expect("'81' '05'", false, "'81' '05'\n");
    expect("'8105\"", false, "'8105\"\n");
    expect("''", false, "''\n");
    expect("'", false, "'\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters),
        cmocka_unit_test(armor),
        cmocka_unit_test(quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
