#include "cmd/wscat/output/pretty.h"

#include "libws/proto/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void indented(const char *text, const char *expected)
{
    struct ws_bytes *out = NULL;
    assert_true(pretty_json(&out, text, strlen(text)));
    assert_true(ws_bytes_append(&out, "", 1));
    assert_string_equal((char *)ws_bytes_data(out), expected);
    ws_bytes_free(&out);
}

static void values(void **state)
{
    (void)state;
    indented("{\"a\":1,\"b\":[true,{}],\"c\":[]}",
             "{\n  \"a\": 1,\n  \"b\": [\n    true,\n    {}\n  ],\n  \"c\": []\n}");
    indented(" \"a\\\"{,b\" ", "\"a\\\"{,b\"");
    indented("[ ]", "[]");
    /* Numbers stay as they were. */
    indented("[1.10,123456789012345678901234567890]",
             "[\n  1.10,\n  123456789012345678901234567890\n]");
}

static void what_is_no_json_is_left_alone(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{", "[1,]", "{} {}", "hello", "\"\xff\""};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct ws_bytes *out = NULL;
        assert_false(pretty_json(&out, texts[i], strlen(texts[i])));
        assert_int_equal(ws_bytes_len(out), 0);
        ws_bytes_free(&out);
    }
}

/* Depth makes the output larger than the input, within limits. */
static void deep(void **state)
{
    (void)state;
    enum { DEPTH = 1000 };
    char text[2 * DEPTH + 2];
    struct ws_bytes *out = NULL;
    memset(text, '[', DEPTH);
    text[DEPTH] = '1';
    memset(text + DEPTH + 1, ']', DEPTH);
    assert_true(pretty_json(&out, text, 2 * DEPTH + 1));
    assert_true(ws_bytes_len(out) < 100 * DEPTH);
    ws_bytes_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(what_is_no_json_is_left_alone),
        cmocka_unit_test(deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
