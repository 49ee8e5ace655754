#include "cmd/wsframe/detect/excerpt.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void expect(const char *text, enum form whole, enum form form, const char *expected)
{
    struct ws_bytes *out = NULL;
    assert_int_equal(excerpt_find((const uint8_t *)text, strlen(text), whole, &out), form);
    assert_int_equal(ws_bytes_len(out), strlen(expected));
    assert_memory_equal(bytes_data(out), expected, strlen(expected));
    ws_bytes_free(&out);
}

static void after_a_prefix(void **state)
{
    (void)state;
    expect("rx: gQVIZWxsbw==\n", FORM_UNKNOWN, FORM_BASE64, "gQVIZWxsbw==\n");
    expect("> 81 | 05 | 48 | 65 | 6C | 6C | 6F\n", FORM_UNKNOWN, FORM_HEX,
           "81 | 05 | 48 | 65 | 6C | 6C | 6F\n");
    /* The numbers of a logger differ, and blanks at the end of a line may be missing. */
    expect("09:59:59.9 [3] rx: gQVI\n10:00:00.123 [12] rx: ZWxs\n10:00:01.2 [3] rx:\n"
           "10:00:02.5 [3] rx: bw==\n",
           FORM_UNKNOWN, FORM_BASE64, "gQVI\nZWxs\n\nbw==\n");
    expect("1 rx: 81054865\n2 rx: 6c6c6f\n", FORM_LOG, FORM_HEX, "81054865\n6c6c6f\n");
}

static void a_span(void **state)
{
    (void)state;
    expect("it sends `129 5 72 101 108 108 111` here\n", FORM_UNKNOWN, FORM_LIST,
           "129 5 72 101 108 108 111");
    expect("see `x`: `gQVIZWxsbw==`.\n", FORM_UNKNOWN, FORM_BASE64, "gQVIZWxsbw==");
    expect("we get gQVIZWxsbw== then\n", FORM_UNKNOWN, FORM_BASE64, "gQVIZWxsbw==");
    expect("level=debug data=gQVIZWxsbw== len=7\n", FORM_UNKNOWN, FORM_BASE64, "gQVIZWxsbw==");
    expect("it said (\"gQVIZWxsbw==\")\n", FORM_UNKNOWN, FORM_BASE64, "gQVIZWxsbw==");
}

static void refused(void **state)
{
    (void)state;
    /* Lines of different loggers, other words, no frames, two of them. */
    expect("rx: gQVIZWxs\ntx: bw==\n", FORM_UNKNOWN, FORM_UNKNOWN, "");
    expect("note: something happened\n", FORM_UNKNOWN, FORM_UNKNOWN, "");
    expect("sha: 5f9c4ab08cac7457e9111a30e4664920607ea2c1\n", FORM_UNKNOWN, FORM_UNKNOWN, "");
    expect("`gQVIZWxsbw==` or `gQVIZWxsbw==`\n", FORM_UNKNOWN, FORM_UNKNOWN, "");
    expect("the token AgpyPrN+01KgDxaH\n", FORM_UNKNOWN, FORM_UNKNOWN, ""); /* a fragment */
    expect("an unterminated `gQVIZWxs\n", FORM_UNKNOWN, FORM_UNKNOWN, "");
    /* Each line is a message, or the text is known. */
    expect("rx: 81 05 48\nrx: 65 6c 6c 6f\n", FORM_LOG, FORM_UNKNOWN, "");
    expect("gQVIZWxsbw==\n", FORM_BASE64, FORM_UNKNOWN, "");
    expect("", FORM_UNKNOWN, FORM_UNKNOWN, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_prefix),
        cmocka_unit_test(a_span),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
