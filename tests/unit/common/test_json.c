#include "cmd/common/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

static void expect(struct json *json, const char *text)
{
    assert_false(json->failed);
    assert_int_equal(json->depth, 0);
    assert_int_equal(json->len, strlen(text));
    assert_memory_equal(json->data, text, json->len);
    json_free(json);
}

static void test_nesting(void **state)
{
    (void)state;
    struct json json = {0};
    json_begin_object(&json);
    json_member_int(&json, "a", -1);
    json_key(&json, "b");
    json_begin_array(&json);
    json_begin_array(&json);
    json_end_array(&json);
    json_begin_object(&json);
    json_end_object(&json);
    jw_null(&json);
    json_bool(&json, true);
    json_end_array(&json);
    json_member_bool(&json, "c", false);
    json_member_uint(&json, "d", UINT64_MAX);
    json_member_string(&json, "e", NULL);
    json_end_object(&json);
    json_newline(&json);
    json_uint(&json, 2);
    expect(&json, "{\"a\":-1,\"b\":[[],{},null,true],\"c\":false,"
                  "\"d\":18446744073709551615,\"e\":null}\n2");
}

static void test_strings(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        const char *json;
    } cases[] = {
        {"", 0, "\"\""},
        {"a\"b\\c/", 6, "\"a\\\"b\\\\c/\""},
        {"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
        {"\0\x1f", 2, "\"\\u0000\\u001f\""},
        {"\x7f", 1, "\"\\u007f\""},
        {"\xc2\x9b", 2, "\"\\u009b\""},
        {"\xc3\xbc\xf0\x9f\x98\x80", 6, "\"\xc3\xbc\xf0\x9f\x98\x80\""},
        {"a\xff"
         "b",
         3,
         "\"a\xef\xbf\xbd"
         "b\""},
        {"\xe2\x82", 2, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json json = {0};
        json_text(&json, cases[i].text, cases[i].len);
        expect(&json, cases[i].json);
    }
}

/* A string byte by byte, as JSON has it. */
static size_t escape_slowly(const char *text, size_t len, char *out)
{
    size_t n = 0;
    out[n++] = '"';
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"' || text[i] == '\\')
            n += (size_t)sprintf(out + n, "\\%c", text[i]);
        else if (text[i] == '\n')
            n += (size_t)sprintf(out + n, "\\n");
        else if (text[i] < 0x20 || text[i] == 0x7F)
            n += (size_t)sprintf(out + n, "\\u%04x", (unsigned)text[i]);
        else
            out[n++] = text[i];
    }
    out[n++] = '"';
    out[n] = '\0';
    return n;
}

/* Parts of a text, which begin and end anywhere in a word. */
static void test_string_parts(void **state)
{
    (void)state;
    static const char text[] =
        "{\"key\":\"a value without anything\",\"path\":\"a\\b\"}\n\x01\x7f ~";
    for (size_t from = 0; from < sizeof text; from++) {
        for (size_t len = 0; from + len < sizeof text; len++) {
            char expected[8 * sizeof text];
            struct json json = {0};
            escape_slowly(text + from, len, expected);
            json_text(&json, text + from, len);
            expect(&json, expected);
        }
    }
}

static void test_doubles(void **state)
{
    (void)state;
    struct json json = {0};
    json_begin_array(&json);
    json_double(&json, 0.1);
    json_double(&json, 1.5);
    json_double(&json, -2);
    json_double(&json, 1e300);
    json_double(&json, 1 / 3.0);
    json_double(&json, (double)NAN);
    json_double(&json, (double)INFINITY);
    json_end_array(&json);
    expect(&json, "[0.1,1.5,-2,1e+300,0.3333333333333333,null,null]");
}

/* RFC 4648 section 10. */
static void test_base64(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "\"\""},
        {"f", "\"Zg==\""},
        {"fo", "\"Zm8=\""},
        {"foo", "\"Zm9v\""},
        {"foob", "\"Zm9vYg==\""},
        {"fooba", "\"Zm9vYmE=\""},
        {"foobar", "\"Zm9vYmFy\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json json = {0};
        json_base64(&json, cases[i][0], strlen(cases[i][0]));
        expect(&json, cases[i][1]);
    }
}

/* Larger than the pieces passed to OpenSSL: there must be no padding between them. */
static void test_large_base64(void **state)
{
    (void)state;
    size_t len = (3 << 20) + 1;
    uint8_t *data = calloc(1, len);
    struct json json = {0};
    json_base64(&json, data, len);
    assert_int_equal(json.len, 2 + 4 * (1 << 20) + 4);
    for (size_t i = 1; i < json.len - 3; i++)
        assert_int_equal(json.data[i], 'A');
    assert_memory_equal(json.data + json.len - 3, "==\"", 3);
    json_free(&json);
    free(data);
}

static void test_payload(void **state)
{
    (void)state;
    struct json json = {0};
    json_begin_object(&json);
    json_payload(&json, NULL, 0);
    json_payload(&json, "gr\xc3\xbc", 4);
    json_payload(&json, "\xff", 1);
    json_end_object(&json);
    expect(&json, "{\"data\":\"\",\"data\":\"gr\xc3\xbc\",\"b64\":\"/w==\"}");
}

static void test_clear(void **state)
{
    (void)state;
    struct json json = {0};
    json_begin_array(&json);
    json_int(&json, 1);
    json_clear(&json);
    json_int(&json, INT64_MIN);
    expect(&json, "-9223372036854775808");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nesting),      cmocka_unit_test(test_strings),
        cmocka_unit_test(test_string_parts), cmocka_unit_test(test_doubles),
        cmocka_unit_test(test_base64),       cmocka_unit_test(test_large_base64),
        cmocka_unit_test(test_payload),      cmocka_unit_test(test_clear),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
